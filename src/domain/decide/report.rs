//! Outcomes as attempts, gates, rules, reviewers and commands report them: the conditions of each row.

use super::{Limits, Refusal, Report, brief, event, no_such_move, onward};
use crate::domain::actor;
use crate::domain::event::{EventBody, Move, NewEvent};
use crate::domain::factory::{Factory, ToolFacts};
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::state::Escalation;
use crate::domain::stuck::{Fired, Means, Rung, clause_id, next, rejection};
use crate::domain::table;

/// Times the linter may refuse before a spec counts as undraftable.
pub(super) const LINT_LIMIT: u32 = 3;

pub(super) fn decide(
    factory: &Factory,
    limits: &Limits,
    report: &Report,
) -> Result<Vec<NewEvent>, Refusal> {
    let Some(outcome) = report.outcome else {
        return Err(Refusal::new(
            "a report without an outcome changes nothing; name one of the table's outcomes",
        ));
    };
    outdated(factory, report)?;
    let escalated = super::escalation(factory);
    let row = table::find(factory.phase, outcome, escalated.is_some())
        .ok_or_else(|| no_such_move(factory, outcome))?;
    if !actor::may(&report.actor, row.by) {
        return Err(Refusal::new(format!(
            "{outcome} from {} is for {} to decide, not for {}",
            row.from,
            actor::decider_words(row.by),
            if report.actor.is_empty() {
                "an unnamed sender"
            } else {
                &report.actor
            },
        )));
    }
    if matches!(
        outcome,
        Outcome::Picked | Outcome::Resumed | Outcome::Unshelved | Outcome::Rewound
    ) {
        return Err(Refusal::new(format!(
            "{outcome} needs an item or an event to go by and cannot be reported"
        )));
    }
    let to = table::destination(
        factory.phase,
        outcome,
        escalated.is_some(),
        escalated.map(|e| e.from),
    )
    .ok_or_else(|| no_such_move(factory, outcome))?;
    let tool = factory.current_tool.clone().ok_or_else(|| {
        Refusal::new(format!(
            "{outcome} was reported in {} but no tool is under way",
            factory.phase
        ))
    })?;
    let none = ToolFacts::default();
    let case = Case {
        factory,
        limits,
        report,
        outcome,
        to,
        facts: factory.facts(&tool).unwrap_or(&none),
        tool: &tool,
    };
    case.events()
}

fn outdated(factory: &Factory, report: &Report) -> Result<(), Refusal> {
    let Some(id) = report.attempt else {
        return Ok(());
    };
    match &factory.attempt {
        Some(current) if current.id == id => Ok(()),
        Some(current) => Err(Refusal::new(format!(
            "attempt {id} is outdated: attempt {} works on {} now, so its result is not used",
            current.id, current.phase
        ))),
        None => Err(Refusal::new(format!(
            "attempt {id} is outdated: no attempt is under way in {}, so its result is not used",
            factory.phase
        ))),
    }
}

/// One report against the row it picks.
pub(super) struct Case<'a> {
    pub factory: &'a Factory,
    pub limits: &'a Limits,
    pub report: &'a Report,
    pub outcome: Outcome,
    pub to: Phase,
    pub facts: &'a ToolFacts,
    pub tool: &'a str,
}

impl Case<'_> {
    pub(super) fn event(&self, body: EventBody) -> NewEvent {
        event(Some(self.tool), &self.report.actor, body)
    }

    pub(super) fn base(&self) -> Move {
        let mut made = onward(self.factory, self.to, self.outcome);
        made.reason.clone_from(&self.report.reason);
        made.attempt = self.report.attempt;
        if self.report.commit.is_some() {
            made.commit.clone_from(&self.report.commit);
        }
        made
    }

    pub(super) fn moved(&self, made: Move) -> Vec<NewEvent> {
        vec![self.event(EventBody::Move(made))]
    }

    pub(super) fn refuse(&self, why: &str) -> Refusal {
        Refusal::new(format!(
            "{} cannot go from {} to {} by {}: {why}; legal from {}: {}",
            self.tool,
            self.factory.phase,
            self.to,
            self.outcome,
            self.factory.phase,
            table::legal_words(
                self.factory.phase,
                super::escalation(self.factory).is_some()
            )
        ))
    }

    pub(super) fn text(&self) -> Option<&str> {
        let text = self
            .report
            .text
            .as_deref()
            .or(self.report.reason.as_deref());
        text.map(str::trim).filter(|text| !text.is_empty())
    }

    fn events(&self) -> Result<Vec<NewEvent>, Refusal> {
        match self.outcome {
            Outcome::Passed if !self.facts.evidence_complete() => {
                Err(self.refuse("the evidence is not complete for exactly this tree"))
            }
            Outcome::Undraftable => self.undraftable(),
            Outcome::Rejected => self.rejected(),
            Outcome::SpecDefect => self.spec_defect(),
            Outcome::Failed => {
                let mut made = self.base();
                made.cycle_count = made.cycle_count.saturating_add(1);
                Ok(self.moved(made))
            }
            Outcome::Escalated => Ok(self.escalate(None)),
            Outcome::Parked => {
                let mut made = self.base();
                made.unit = self.report.unit;
                made.reason
                    .get_or_insert_with(|| "set aside for a person".to_owned());
                Ok(self.moved(made))
            }
            Outcome::Shelved => {
                let mut made = self.base();
                made.reason
                    .get_or_insert_with(|| "waits for a review".to_owned());
                Ok(self.moved(made))
            }
            Outcome::Ship => self.ship(),
            Outcome::SendBack => self.send_back(),
            Outcome::Takeover => self.takeover(),
            Outcome::Respec => Ok(self.respec()),
            Outcome::Hint => self.hint(),
            Outcome::TestDefect => self.test_defect(),
            _ => Ok(self.moved(self.base())),
        }
    }

    /// Into review with an escalation, or aside when every rung was climbed; `why` replaces the report's reason.
    fn escalate(&self, why: Option<String>) -> Vec<NewEvent> {
        let reason = why
            .or_else(|| self.text().map(str::to_owned))
            .unwrap_or_else(|| format!("{} in {}", self.outcome, self.factory.phase));
        let rung = self.report.level.map_or_else(|| self.rung(), Rung::from);
        let mut made = self.base();
        if rung == Rung::Parked {
            made.to = Phase::Idle;
            made.cycle_count = 0;
            made.started_at = None;
            made.outcome = Outcome::Parked;
            made.reason = Some(format!("{reason}; every rung of the ladder was climbed"));
            return self.moved(made);
        }
        made.to = Phase::Review;
        if self.outcome != Outcome::Undraftable {
            made.outcome = Outcome::Escalated;
        }
        made.reason = Some(reason.clone());
        made.escalation = Some(Escalation {
            reason,
            from: self.factory.phase,
            level: rung.into(),
        });
        self.moved(made)
    }

    /// The rung an escalation leads to when the report names none: a diagnosis while there are any left.
    fn rung(&self) -> Rung {
        let least = Rung::Diagnosis;
        let fired = Fired::plain("", least, "");
        next(
            &self.facts.course,
            &fired,
            &Means::default(),
            &self.limits.ladder,
        )
        .rung
    }

    fn undraftable(&self) -> Result<Vec<NewEvent>, Refusal> {
        let refused = self.facts.lint_refusals;
        if refused < LINT_LIMIT {
            return Err(self.refuse(&format!(
                "the linter has refused this spec {refused} of {LINT_LIMIT} times"
            )));
        }
        let why = self.text().map_or_else(
            || {
                format!(
                    "the spec linter refused it {refused} times: {}",
                    brief(&self.facts.spec_notes.join("; "), 300)
                )
            },
            str::to_owned,
        );
        Ok(self.escalate(Some(why)))
    }

    fn rejected(&self) -> Result<Vec<NewEvent>, Refusal> {
        let notes: Vec<String> = self
            .text()
            .map(|text| text.lines().map(str::to_owned).collect())
            .unwrap_or_default();
        let mut clauses: Vec<String> = Vec::new();
        for clause in self.report.clauses.iter().map(|text| clause_id(text)) {
            if !clauses.contains(&clause) {
                clauses.push(clause);
            }
        }
        let patience = &self.limits.ladder;
        let known = &self.facts.rejected_clauses;
        let times = |clause: &String| known.iter().filter(|known| *known == clause).count() + 1;
        // The earliest named of those that came up most.
        let most = clauses.iter().rev().max_by_key(|clause| times(clause));
        let times = most.map_or(0, times);
        let most = most.cloned();
        let again = times >= patience.clause_rejections as usize;
        let count = self.facts.spec_rejections.saturating_add(1);
        let mut rejections = self.facts.rejections.clone();
        rejections.push(rejection(&notes, &clauses));
        let mut events = vec![self.event(EventBody::SpecRefused {
            by: Role::Qa,
            notes,
            clauses,
        })];
        let answered = self.facts.not_stuck.iter().any(|rule| rule == "S16");
        if answered || (count < patience.rejections && !again) {
            events.extend(self.moved(self.base()));
            return Ok(events);
        }
        let words = match most.filter(|_| again) {
            Some(clause) => format!(
                "S16: the spec was rejected {times} times for {}",
                brief(&clause, 120)
            ),
            None => format!("S16: the spec was rejected {count} times"),
        };
        events.push(event(
            Some(self.tool),
            actor::ENGINE,
            EventBody::Stuck {
                rule: "S16".to_owned(),
                words: words.clone(),
                evidence: rejections.iter().map(|text| brief(text, 300)).collect(),
                next: self.rung().words().to_owned(),
            },
        ));
        events.extend(self.escalate(Some(words)).into_iter().map(|mut e| {
            e.actor = actor::ENGINE.to_owned();
            e
        }));
        Ok(events)
    }

    fn spec_defect(&self) -> Result<Vec<NewEvent>, Refusal> {
        if self.facts.spec_defect_used {
            let why = self.text().unwrap_or("the spec does not fit").to_owned();
            return Ok(self.escalate(Some(format!("second spec-defect of this tool: {why}"))));
        }
        let mut events = self.notes_for_spec(Role::Developer);
        events.extend(self.moved(self.base()));
        Ok(events)
    }

    pub(super) fn notes_for_spec(&self, by: Role) -> Vec<NewEvent> {
        let Some(text) = self.text() else {
            return Vec::new();
        };
        vec![self.event(EventBody::SpecRefused {
            by,
            notes: vec![text.to_owned()],
            clauses: Vec::new(),
        })]
    }
}
