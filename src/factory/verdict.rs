//! Papers of a decision in review: the bug report of a send-back, the review of a person, a case struck.

use super::attempts::papers;
use super::driver::Driver;
use super::failed::{Failed, Unmet};
use super::ports::store::{Paper, StoreError};
use crate::domain::actor;
use crate::domain::command::{Decision, Verb};
use crate::domain::decide::{Report, subject};
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::ToolFacts;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;

impl Driver {
    /// Writes what a decision needs on paper before it is recorded; events that say so.
    pub(super) fn review_papers(&self, report: &Report) -> Result<Vec<NewEvent>, Failed> {
        let factory = &self.ledger.factory;
        let (Phase::Review, Some(tool)) = (factory.phase, factory.current_tool.clone()) else {
            return Ok(Vec::new());
        };
        let facts = factory.facts(&tool).cloned().unwrap_or_default();
        let mut events = Vec::new();
        if actor::is_person(&report.actor) {
            events.extend(self.review_of_person(&tool, &facts, report)?);
        }
        match report.outcome {
            Some(Outcome::SendBack) => self.bug_of_review(&tool, &facts, report)?,
            Some(Outcome::Takeover) => events.extend(self.spec_by_hand(&tool, &report.actor)?),
            _ => {}
        }
        Ok(events)
    }

    /// Writes what a command's events promise on paper before they are recorded; events that come with it.
    pub(super) fn command_papers(
        &self,
        verb: &Verb,
        events: &[NewEvent],
    ) -> Result<Vec<NewEvent>, Failed> {
        let (said, from) = match verb {
            Verb::Reopen { text, .. } => (text.as_str(), "a person, after shipping"),
            Verb::Decide { text, .. } => (text.as_deref().unwrap_or_default(), "review"),
            _ => return Ok(Vec::new()),
        };
        let mut more = Vec::new();
        for event in events {
            let Some(tool) = event.tool.as_deref() else {
                continue;
            };
            match &event.body {
                EventBody::BugFiled { n, file, .. } => {
                    self.put_bug(tool, *n, from, file.as_deref(), said)?;
                }
                EventBody::Reviewed { n, verdict, by, .. } => {
                    self.put_review(tool, *n, by, *verdict, said)?;
                }
                EventBody::Move(step) if step.outcome == Outcome::Takeover => {
                    more.extend(self.spec_by_hand(tool, &event.actor)?);
                }
                _ => {}
            }
        }
        Ok(more)
    }

    /// A tool taken over while its spec was at fault: what now lies in specs/<tool>.md is the next version.
    fn spec_by_hand(&self, tool: &str, by: &str) -> Result<Option<NewEvent>, Failed> {
        if !self.spec_at_fault(tool) {
            return Ok(None);
        }
        let text = match self.linted_spec(tool) {
            Ok(text) => text,
            Err(Unmet::Said(why)) => {
                self.ledger.say(Level::Warn, why);
                return Ok(None);
            }
            Err(Unmet::Trouble(name, why)) => return Err(Failed::Trouble(name, why)),
        };
        let n = self.ledger.factory.facts(tool).map_or(0, |f| f.specs) + 1;
        Ok(Some(NewEvent {
            tool: Some(tool.to_owned()),
            actor: by.to_owned(),
            body: self.keep_spec(tool, n, &text)?,
        }))
    }

    /// It was escalated from spec or spec-review.
    fn spec_at_fault(&self, tool: &str) -> bool {
        let factory = &self.ledger.factory;
        let here = factory.current_tool.as_deref() == Some(tool);
        let escalation = match here {
            true => factory.escalation.as_ref(),
            false => factory.item(tool).and_then(|item| item.escalation.as_ref()),
        };
        escalation.is_some_and(|e| matches!(e.from, Phase::Spec | Phase::SpecReview))
    }

    /// What a decision needs on disk or of the cases before it may be accepted.
    pub(super) fn decidable(
        &self,
        item: Option<&str>,
        decision: Decision,
        case: Option<&str>,
    ) -> Result<(), Unmet> {
        // Whatever else is wrong with the decision is said by the domain.
        let Ok(tool) = subject(&self.ledger.factory, item) else {
            return Ok(());
        };
        // Who decided is noted there.
        if let Some(facts) = self.ledger.factory.facts(&tool) {
            papers::evidence(self.tools.store.as_ref(), &tool, facts)?;
        }
        match decision {
            Decision::TestDefect => self.strikable(&tool, case.unwrap_or_default()),
            Decision::Takeover if self.spec_at_fault(&tool) => self.linted_spec(&tool).map(drop),
            _ => Ok(()),
        }
    }

    fn put_bug(
        &self,
        tool: &str,
        n: u32,
        from: &str,
        file: Option<&str>,
        said: &str,
    ) -> Result<(), StoreError> {
        let file = file.map_or(String::new(), |f| format!("File: {f}\n"));
        let text = format!(
            "BUG-{n}  from {from}  cycle {}\n{file}Instructions: {said}\n",
            self.ledger.factory.cycle_count
        );
        let paper = Paper::Bug {
            tool: tool.to_owned(),
            n,
        };
        self.tools.store.put(&paper, &text)
    }

    fn put_review(
        &self,
        tool: &str,
        n: u32,
        by: &str,
        verdict: Decision,
        said: &str,
    ) -> Result<(), Failed> {
        let none = ToolFacts::default();
        let facts = self.ledger.factory.facts(tool).unwrap_or(&none);
        let store = self.tools.store.as_ref();
        papers::note_reviewer(store, tool, facts, format!("reviewed by {by}"))?;
        let text = format!("By: {by}\nVerdict: {verdict}\n\n{said}\n");
        let paper = Paper::Review {
            tool: tool.to_owned(),
            n,
        };
        Ok(self.tools.store.put(&paper, &text)?)
    }

    fn bug_of_review(
        &self,
        tool: &str,
        facts: &ToolFacts,
        report: &Report,
    ) -> Result<(), StoreError> {
        let said = report.text.as_deref().unwrap_or_default();
        self.put_bug(tool, facts.bugs + 1, "review", report.file.as_deref(), said)
    }

    fn review_of_person(
        &self,
        tool: &str,
        facts: &ToolFacts,
        report: &Report,
    ) -> Result<Option<NewEvent>, Failed> {
        let decision = Decision::ALL
            .into_iter()
            .find(|d| Some(d.outcome()) == report.outcome);
        let Some(verdict) = decision else {
            return Ok(None);
        };
        let n = facts.reviews + 1;
        let said = report.text.as_deref().unwrap_or_default();
        self.put_review(tool, n, &report.actor, verdict, said)?;
        let by = report.actor.clone();
        let body = EventBody::Reviewed {
            n,
            verdict,
            by: by.clone(),
            scripted: false,
            local: false,
        };
        Ok(Some(NewEvent {
            tool: Some(tool.to_owned()),
            actor: by,
            body,
        }))
    }

    /// Whether a case may be struck: it is held out or was shown.
    fn strikable(&self, tool: &str, case: &str) -> Result<(), Unmet> {
        let none = ToolFacts::default();
        let facts = self.ledger.factory.facts(tool).unwrap_or(&none);
        let known = papers::strikable(self.tools.store.as_ref(), tool, facts)?;
        if known.iter().any(|id| id == case) {
            return Ok(());
        }
        Err(Unmet::Said(format!(
            "{tool} has no held-out case {case}; there are {}",
            known.join(", ")
        )))
    }
}
