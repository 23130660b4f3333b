//! Papers of a decision in review: the bug report of a send-back, the review of a person, a case struck.

use super::attempts::papers;
use super::driver::Driver;
use super::ports::store::Paper;
use crate::domain::actor;
use crate::domain::case::Case;
use crate::domain::command::{Decision, Verb};
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

    /// Writes what a command's events promise on paper before they are recorded; events that come with it.
    pub(super) fn command_papers(
        &self,
        verb: &Verb,
        events: &[NewEvent],
    ) -> Result<Vec<NewEvent>, String> {
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
                EventBody::CaseStruck { case, .. } => {
                    let facts = self.ledger.factory.tools.get(tool);
                    let report = Report {
                        actor: event.actor.clone(),
                        case: Some(case.clone()),
                        ..Report::default()
                    };
                    more.extend(self.strike(tool, &facts.cloned().unwrap_or_default(), &report)?);
                }
                _ => {}
            }
        }
        Ok(more)
    }

    fn put_bug(
        &self,
        tool: &str,
        n: u32,
        from: &str,
        file: Option<&str>,
        said: &str,
    ) -> Result<(), String> {
        let file = file.map_or(String::new(), |f| format!("File: {f}\n"));
        let text = format!(
            "BUG-{n}  from {from}  cycle {}\n{file}Instructions: {said}\n",
            self.ledger.factory.cycle_count
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

    fn put_review(
        &self,
        tool: &str,
        n: u32,
        by: &str,
        verdict: Decision,
        said: &str,
    ) -> Result<(), String> {
        let none = ToolFacts::default();
        let facts = self.ledger.factory.facts(tool).unwrap_or(&none);
        let store = self.tools.store.as_ref();
        papers::note_reviewer(store, tool, facts, format!("reviewed by {by}"))?;
        let text =
            format!("# Review {n} of {tool}\n\n- By: {by}\n- Verdict: {verdict}\n\n{said}\n");
        let paper = Paper::Review {
            tool: tool.to_owned(),
            n,
        };
        self.tools
            .store
            .put(&paper, &text)
            .map_err(|e| e.to_string())
    }

    fn bug_of_review(&self, tool: &str, facts: &ToolFacts, report: &Report) -> Result<(), String> {
        let said = report.text.as_deref().unwrap_or_default();
        self.put_bug(tool, facts.bugs + 1, "review", report.file.as_deref(), said)
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

    /// Held-out cases in force for a tool.
    fn held_out(&self, tool: &str, facts: &ToolFacts) -> Result<Vec<Case>, String> {
        let paper = Paper::Acceptance {
            tool: tool.to_owned(),
            n: facts.case_sets,
        };
        let store = &self.tools.store;
        let text = store.get(&paper).map_err(|e| e.to_string())?;
        papers::read_cases(
            &text.unwrap_or_default(),
            &store.path(&paper).display().to_string(),
        )
    }

    /// Whether a case may be struck: it is held out, and it is not the last one.
    pub(super) fn strikable(&self, item: Option<&str>, case: &str) -> Result<(), String> {
        let factory = &self.ledger.factory;
        let Some(tool) = item.or(factory.current_tool.as_deref()) else {
            return Ok(());
        };
        let none = ToolFacts::default();
        let cases = self.held_out(tool, factory.facts(tool).unwrap_or(&none))?;
        if !cases.iter().any(|known| known.id == case) {
            let ids: Vec<&str> = cases.iter().map(|known| known.id.as_str()).collect();
            return Err(format!(
                "{tool} has no held-out case {case}; there are {}",
                ids.join(", ")
            ));
        }
        if cases.len() == 1 {
            return Err(format!(
                "{case} is the last held-out case of {tool}: respec it instead, then QA writes new ones"
            ));
        }
        Ok(())
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
        let mut cases = self.held_out(tool, facts)?;
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
