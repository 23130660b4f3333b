//! What a reviewer decides about a tool in review, with the conditions of each row.

use super::report::Case;
use super::{Refusal, brief};
use crate::domain::actor;
use crate::domain::command::Decision;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::ToolFacts;
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::stuck::Rung;

impl Case<'_> {
    pub(super) fn ship(&self) -> Result<Vec<NewEvent>, Refusal> {
        if let Some(why) = no_evidence(self.facts) {
            return Err(self.refuse(&why));
        }
        let Some(record) = &self.report.ship else {
            return Ok(vec![self.event(EventBody::Decided {
                item: self.tool.to_owned(),
                decision: Decision::Ship,
                text: self.text().unwrap_or_default().to_owned(),
                case: None,
                file: None,
            })]);
        };
        if self.facts.versions.contains(&record.version) {
            return Err(self.refuse(&format!(
                "version {} is shipped already; the next one is {}",
                record.version,
                self.facts.next_version()
            )));
        }
        let mut made = self.base();
        made.ship = Some(record.clone());
        Ok(self.moved(made))
    }

    pub(super) fn send_back(&self) -> Result<Vec<NewEvent>, Refusal> {
        if self.facts.last_run.is_none() {
            return Err(self.refuse("it has no run yet, so there is nothing to repair"));
        }
        let patience = &self.limits.ladder;
        if self.by_model() && self.facts.send_backs >= patience.send_backs {
            if self.facts.course.takeovers >= patience.takeovers {
                return Ok(self.bounced());
            }
            return Err(self.refuse(&format!(
                "a model has sent it back {} times already (S14); it may ship, respec or take over",
                self.facts.send_backs
            )));
        }
        let title = self.text().unwrap_or("sent back without instructions");
        let mut made = self.base();
        made.cycle_count = made.cycle_count.saturating_add(1);
        let mut events = vec![self.event(EventBody::BugFiled {
            n: self.facts.bugs.saturating_add(1),
            rule: None,
            title: brief(title, 100),
            file: self.report.file.clone(),
        })];
        events.extend(self.moved(made));
        Ok(events)
    }

    pub(super) fn takeover(&self) -> Result<Vec<NewEvent>, Refusal> {
        let escalated = super::escalation(self.factory).is_some();
        let least = self.limits.ladder.send_backs;
        if !escalated && self.facts.sent_back < least {
            return Err(self.refuse(&format!(
                "it was sent back {} of {least} times",
                self.facts.sent_back
            )));
        }
        if !escalated
            && self.by_model()
            && self.facts.course.takeovers >= self.limits.ladder.takeovers
        {
            return Ok(self.bounced());
        }
        Ok(self.moved(self.base()))
    }

    fn by_model(&self) -> bool {
        !actor::is_person(&self.report.actor)
    }

    /// S14: a model that has used up what it may have changed, and does not ship. A person decides.
    fn bounced(&self) -> Vec<NewEvent> {
        let course = &self.facts.course;
        let used = format!(
            "{} send-backs, {} takeovers and {} new specs by a model",
            self.facts.send_backs, course.takeovers, course.respecs
        );
        let words = format!("after {used} it still does not ship the tool");
        let said = brief(self.text().unwrap_or("it says nothing"), 300);
        let mut made = self.base();
        made.to = Phase::Idle;
        made.cycle_count = 0;
        made.started_at = None;
        made.outcome = Outcome::Parked;
        made.reason = Some(format!("S14: {words}: {said}"));
        let stuck = EventBody::Stuck {
            rule: "S14".to_owned(),
            words,
            evidence: vec![used, said],
            next: format!("{}: {}", Rung::Parked, Rung::Parked.words()),
        };
        let bodies = [stuck, EventBody::Move(made)];
        let by_engine = |body| super::event(Some(self.tool), actor::ENGINE, body);
        bodies.into_iter().map(by_engine).collect()
    }

    pub(super) fn respec(&self) -> Vec<NewEvent> {
        if self.by_model() && self.facts.course.respecs >= self.limits.ladder.respecs {
            return self.bounced();
        }
        let mut events = self.notes_for_spec(Role::Supervisor);
        events.extend(self.moved(self.base()));
        events
    }

    pub(super) fn hint(&self) -> Result<Vec<NewEvent>, Refusal> {
        let mut events = Vec::new();
        if let Some(text) = self.text() {
            super::review::hint_fits(text)?;
            events.push(self.event(EventBody::Hinted {
                phase: self.to,
                text: text.to_owned(),
            }));
        }
        events.extend(self.moved(self.base()));
        Ok(events)
    }

    pub(super) fn test_defect(&self) -> Result<Vec<NewEvent>, Refusal> {
        if self.facts.last_run.is_none() {
            return Err(self.refuse("it has no run yet, so no case has failed"));
        }
        let case = self
            .report
            .case
            .as_deref()
            .map(str::trim)
            .unwrap_or_default();
        if case.is_empty() {
            return Err(self.refuse("name the acceptance case that is wrong"));
        }
        let mut events = vec![self.event(EventBody::CaseStruck {
            case: case.to_owned(),
            reason: self.text().unwrap_or("struck in review").to_owned(),
        })];
        events.extend(self.moved(self.base()));
        Ok(events)
    }
}

/// Why a tool may not ship, if it may not.
pub(super) fn no_evidence(facts: &ToolFacts) -> Option<String> {
    if facts.evidence_complete() {
        return None;
    }
    Some(match &facts.last_run {
        None => "no run has measured it".to_owned(),
        Some(run) if !run.green => format!(
            "run {} is red ({})",
            run.run,
            run.failed_gate.as_deref().unwrap_or("a gate failed")
        ),
        Some(run) => format!(
            "run {} measured another tree than the branch has now",
            run.run
        ),
    })
}
