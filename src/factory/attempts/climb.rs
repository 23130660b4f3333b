//! What follows a stuck verdict: a fresh start in this phase, somebody above, or the shelf; journaled before it is done.

use super::context::{Context, Stop};
use crate::domain::actor;
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::stuck::{self, Course, Fired, Means, Next, Row, Rung};
use crate::factory::ports::settings::ModelRef;

impl Context {
    /// Numbers of ladder and stuck rules.
    #[must_use]
    pub fn patience(&self) -> stuck::Patience {
        self.settings.limits.ladder
    }

    /// The operator has said of a rule that it is wrong about this tool.
    #[must_use]
    pub fn off(&self, rule: &str) -> bool {
        self.facts.not_stuck.iter().any(|one| one == rule)
    }

    /// Other models of the role, in the order of settings, and which of them cannot be asked now.
    pub async fn means(&self) -> Means {
        let others = &self.settings.role(self.role).others;
        let mut means = Means {
            from_spec: matches!(self.phase, Phase::Coding | Phase::Fixing),
            ..Means::default()
        };
        for other in others
            .iter()
            .filter(|other| Some(*other) != self.own.as_ref())
        {
            let why = self.away(other).await;
            means.away.extend(why.map(|why| (other.to_string(), why)));
            means.others.push(other.to_string());
        }
        means
    }

    /// Why another model cannot be asked now: it does not answer, or it costs money and none may be spent.
    async fn away(&self, other: &ModelRef) -> Option<String> {
        let models = &self.tools.models;
        let spent = self.spent.borrow().clone();
        if spent.is_some() && !models.free(&other.host, &other.model) {
            return spent;
        }
        let status = models.probe(&other.host, &other.model).await;
        (!status.live).then(|| self.tools.redactor.redact(&status.words))
    }

    /// Ends the line of work: journals the verdict with what led to it, then begins afresh or asks somebody above.
    pub async fn climb(&mut self, fired: Fired) -> Stop {
        let means = self.means().await;
        let mut next = stuck::next(&self.facts.course, &fired, &means, &self.patience());
        // The table knows no escalation from review: there only a person is left.
        if self.phase == Phase::Review {
            next.rung = Rung::Parked;
            next.words = format!("{}: {}", Rung::Parked, Rung::Parked.words());
        }
        match self.follow(&fired, next).await {
            Ok(stop) | Err(stop) => stop,
        }
    }

    /// How a build or repair ended, for the loop around it: None = it begins afresh. Another model's host that fails
    /// ends its rung; whoever comes next does not wait for it.
    pub async fn ended(&mut self, done: Result<Report, Stop>) -> Option<Result<Report, Stop>> {
        let stop = match done {
            Err(Stop::Host { error, .. }) if self.facts.course.model.is_some() => {
                let words = self.tools.redactor.redact(&error.to_string());
                let fired = Fired {
                    rule: "L3",
                    words: format!("the other model cannot be asked: {words}"),
                    evidence: vec![words],
                    least: Rung::OtherModel,
                };
                self.climb(fired).await
            }
            Err(stop) => stop,
            Ok(report) => return Some(Ok(report)),
        };
        match stop {
            Stop::Afresh => None,
            stop => Some(Err(stop)),
        }
    }

    async fn follow(&mut self, fired: &Fired, next: Next) -> Result<Stop, Stop> {
        let mut events = vec![verdict(fired, &next.words)];
        if next.rung < Rung::Diagnosis {
            let tried = stuck::tried(&self.facts.course);
            self.facts
                .course
                .afresh(next.rung, next.model.as_ref(), &tried);
            let (rung, model) = (next.rung, next.model);
            events.push(EventBody::Afresh { rung, model, tried });
            self.take_model();
            self.record(events).await?;
            return Ok(Stop::Afresh);
        }
        self.record(events).await?;
        self.put_best_back().await?;
        Ok(self.hand_over(fired, next.rung))
    }

    /// Escalates or parks by a rule that no fresh start can help.
    pub async fn stuck(
        &mut self,
        rule: &'static str,
        words: String,
        evidence: Vec<String>,
    ) -> Stop {
        let fired = Fired {
            rule,
            words,
            evidence,
            least: Rung::Diagnosis,
        };
        self.climb(fired).await
    }

    /// The report that hands the tool to somebody above.
    fn hand_over(&self, fired: &Fired, rung: Rung) -> Stop {
        let outcome = match rung {
            Rung::Parked => Outcome::Parked,
            _ => Outcome::Escalated,
        };
        let mut report: Report = self.report(outcome);
        report.actor = actor::ENGINE.to_owned();
        report.reason = Some(format!("{}: {}", fired.rule, fired.words));
        report.level = Some(rung.into());
        Stop::Rule(Box::new(report))
    }

    /// Who works in the present line: the model the ladder chose, else the role's own.
    pub fn take_model(&mut self) {
        let chosen = self.facts.course.model.as_deref().and_then(reference);
        if self.phase == Phase::Coding || self.phase == Phase::Fixing {
            self.model = chosen.or_else(|| self.own.clone());
        }
    }

    /// Another model is asked from now on.
    pub fn switch_to(&mut self, model: &str) {
        self.model = reference(model);
    }

    /// Before somebody above is asked, the best tree of all lines is the present one.
    async fn put_best_back(&mut self) -> Result<(), Stop> {
        if self.phase != Phase::Fixing {
            return Ok(());
        }
        let rows: Vec<&Row> = self.facts.course.rows.iter().collect();
        match Course::best(&rows).cloned() {
            Some(best) => {
                let why = "the best of all lines of work";
                self.put_back(&best, why, None).await
            }
            None => Ok(()),
        }
    }

    /// S6: the last repair made it worse than `best`, whose tree is the present one again.
    pub async fn put_better_back(&mut self, best: &Row) -> Result<(), Stop> {
        let last = self.facts.course.here().last().map(ToString::to_string);
        let fired = Fired {
            rule: "S6",
            words: format!(
                "less passes than in run {}, and something new fails",
                best.cycle.run
            ),
            evidence: std::iter::once(best.to_string()).chain(last).collect(),
            least: Rung::Repair,
        };
        let said = verdict(
            &fired,
            "its tree is put back, and the repair counts as failed",
        );
        let why = "the last repair made it worse";
        self.put_back(best, why, Some(said)).await
    }

    /// Makes the tree of an earlier row the present one again, with its bug reports.
    async fn put_back(
        &mut self,
        row: &Row,
        why: &str,
        said: Option<EventBody>,
    ) -> Result<(), Stop> {
        let (Some(commit), false) = (
            row.commit.clone(),
            self.facts.tree.as_ref() == Some(&row.cycle.tree),
        ) else {
            return Ok(());
        };
        let (tool, to) = (self.tool.clone(), commit.clone());
        self.git(move |repo| repo.restore(&tool, &to)).await?;
        let run = row.cycle.run;
        let tree = row.cycle.tree.clone();
        self.facts.restored(run, &tree, &commit);
        let why = why.to_owned();
        let body = EventBody::Restored {
            run,
            tree,
            commit,
            why,
        };
        self.record(said.into_iter().chain([body]).collect()).await
    }
}

fn verdict(fired: &Fired, next: &str) -> EventBody {
    EventBody::Stuck {
        rule: fired.rule.to_owned(),
        words: fired.words.clone(),
        evidence: fired.evidence.clone(),
        next: next.to_owned(),
    }
}

/// `host/model` as the settings write it.
fn reference(text: &str) -> Option<ModelRef> {
    let (host, model) = text.split_once('/')?;
    Some(ModelRef {
        host: host.to_owned(),
        model: model.to_owned(),
    })
}
