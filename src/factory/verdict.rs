//! Papers of a decision in review: the bug report of a send-back, the review of a person, a case struck.

use super::attempts::papers;
use super::driver::Driver;
use super::ports::store::Paper;
use crate::domain::actor;
use crate::domain::command::Decision;
use crate::domain::decide::Report;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::ToolFacts;
use crate::domain::phase::{Outcome, Phase};

impl Driver {
    /// Writes what a decision needs on paper before it is recorded; events that say so.
    pub(super) fn review_papers(&self, report: &Report) -> Result<Vec<NewEvent>, String> {
        let factory = &self.ledger.factory;
        let (Phase::Review, Some(tool)) = (factory.phase, factory.current_tool.clone()) else {
            return Ok(Vec::new());
        };
        let facts = factory.tools.get(&tool).cloned().unwrap_or_default();
        let mut events = Vec::new();
        if actor::is_person(&report.actor) {
            events.extend(self.review_of_person(&tool, &facts, report)?);
        }
        match report.outcome {
            Some(Outcome::SendBack) => self.bug_of_review(&tool, &facts, report)?,
            Some(Outcome::TestDefect) => events.extend(self.strike(&tool, &facts, report)?),
            _ => {}
        }
        Ok(events)
    }

    fn bug_of_review(&self, tool: &str, facts: &ToolFacts, report: &Report) -> Result<(), String> {
        let n = facts.bugs + 1;
        let file = report
            .file
            .as_deref()
            .map_or(String::new(), |f| format!("File: {f}\n"));
        let text = format!(
            "BUG-{n}  from review  cycle {}\n{file}Instructions: {}\n",
            self.ledger.factory.cycle_count,
            report.text.as_deref().unwrap_or_default()
        );
        let paper = Paper::Bug {
            tool: tool.to_owned(),
            n,
        };
        self.tools
            .store
            .put(&paper, &text)
            .map_err(|e| e.to_string())
    }

    fn review_of_person(
        &self,
        tool: &str,
        facts: &ToolFacts,
        report: &Report,
    ) -> Result<Option<NewEvent>, String> {
        let decision = Decision::ALL
            .into_iter()
            .find(|d| Some(d.outcome()) == report.outcome);
        let Some(verdict) = decision else {
            return Ok(None);
        };
        let n = facts.reviews + 1;
        let text = format!(
            "# Review {n} of {tool}\n\n- By: {}\n- Verdict: {verdict}\n\n{}\n",
            report.actor,
            report.text.as_deref().unwrap_or_default()
        );
        let paper = Paper::Review {
            tool: tool.to_owned(),
            n,
        };
        self.tools
            .store
            .put(&paper, &text)
            .map_err(|e| e.to_string())?;
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

    /// The held-out set without a case that is wrong.
    fn strike(
        &self,
        tool: &str,
        facts: &ToolFacts,
        report: &Report,
    ) -> Result<Vec<NewEvent>, String> {
        let case = report.case.clone().unwrap_or_default();
        let store = &self.tools.store;
        let old = Paper::Acceptance {
            tool: tool.to_owned(),
            n: facts.case_sets,
        };
        let text = store
            .get(&old)
            .map_err(|e| e.to_string())?
            .unwrap_or_default();
        let mut cases = papers::read_cases(&text, &store.path(&old).display().to_string())?;
        cases.retain(|other| other.id != case);
        let n = facts.case_sets + 1;
        let paper = Paper::Acceptance {
            tool: tool.to_owned(),
            n,
        };
        store
            .put(&paper, &papers::lines(&cases))
            .map_err(|e| e.to_string())?;
        let count = u32::try_from(cases.len()).unwrap_or(u32::MAX);
        let body = EventBody::CasesKept {
            n,
            count,
            dropped: vec![case],
        };
        Ok(vec![NewEvent {
            tool: Some(tool.to_owned()),
            actor: report.actor.clone(),
            body,
        }])
    }
}
