//! Rewind: tree, spec, held-out cases and open bug reports as they were at a move; nothing that came after is lost.

use super::driver::Driver;
use super::ports::repo::RepoError;
use super::ports::store::Paper;
use crate::domain::actor;
use crate::domain::event::{EventBody, Move, NewEvent};
use crate::domain::phase::{Outcome, Phase};
use crate::text::hash::sha256;

impl Driver {
    /// Puts the branch to the commit of a move; what came after stays under kept/.
    pub(super) async fn tree_of_then(&self, step: &Move, tool: String) -> Result<(), RepoError> {
        match step.commit.clone() {
            Some(commit) => self.git(move |repo| repo.restore(&tool, &commit)).await,
            None => {
                self.git(move |repo| repo.open(&tool, false).map(|_| ()))
                    .await
            }
        }
    }

    /// Keeps the papers of then as the newest ones and opens the bug reports of then again.
    pub(super) async fn papers_of_then(&mut self, step: &Move, tool: &str) -> Result<(), String> {
        let mut bodies = Vec::new();
        if step.commit.is_some() {
            let name = tool.to_owned();
            let saved = self.git(move |repo| repo.save(&name, "rewound")).await;
            let (tree, commit) = saved.map_err(|e| e.to_string())?;
            bodies.push(EventBody::Tree { tree, commit });
        }
        bodies.extend(self.spec_of_then(step.spec, tool)?);
        bodies.extend(self.cases_of_then(step.cases, tool)?);
        if step.to == Phase::Fixing {
            bodies.extend(self.bugs_of_then(tool)?);
        }
        let events = bodies.into_iter().map(|body| NewEvent {
            tool: Some(tool.to_owned()),
            actor: actor::ENGINE.to_owned(),
            body,
        });
        self.commit(events.collect()).map(|_| ())
    }

    fn spec_of_then(&self, then: Option<u32>, tool: &str) -> Result<Option<EventBody>, String> {
        let newest = self.ledger.factory.facts(tool).map_or(0, |f| f.specs);
        let Some(old) = then.filter(|n| *n < newest) else {
            return Ok(None);
        };
        let (store, tool) = (&self.tools.store, tool.to_owned());
        let paper = Paper::SpecVersion {
            tool: tool.clone(),
            n: old,
        };
        let text = store
            .get(&paper)
            .map_err(|e| e.to_string())?
            .unwrap_or_default();
        let n = newest + 1;
        let version = Paper::SpecVersion {
            tool: tool.clone(),
            n,
        };
        store.put(&version, &text).map_err(|e| e.to_string())?;
        store
            .put(&Paper::Spec { tool }, &text)
            .map_err(|e| e.to_string())?;
        Ok(Some(EventBody::SpecKept {
            n,
            sha256: sha256(text.as_bytes()),
        }))
    }

    fn cases_of_then(&self, then: Option<u32>, tool: &str) -> Result<Option<EventBody>, String> {
        let newest = self.ledger.factory.facts(tool).map_or(0, |f| f.case_sets);
        let Some(old) = then.filter(|n| *n < newest) else {
            return Ok(None);
        };
        let (store, tool) = (&self.tools.store, tool.to_owned());
        let paper = Paper::Acceptance {
            tool: tool.clone(),
            n: old,
        };
        let text = store
            .get(&paper)
            .map_err(|e| e.to_string())?
            .unwrap_or_default();
        let n = newest + 1;
        store
            .put(&Paper::Acceptance { tool, n }, &text)
            .map_err(|e| e.to_string())?;
        let count = text.lines().filter(|line| !line.trim().is_empty()).count();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok(Some(EventBody::CasesKept {
            n,
            count,
            dropped: Vec::new(),
        }))
    }

    /// Bug reports that were open when fixing began the last time before the move gone back to.
    fn bugs_of_then(&self, tool: &str) -> Result<Vec<EventBody>, String> {
        let events = self.tools.store.history(1).map_err(|e| e.to_string())?;
        let mut open = Vec::new();
        let mut then = Vec::new();
        for event in events
            .iter()
            .filter(|event| event.tool.as_deref() == Some(tool))
        {
            match &event.body {
                EventBody::Run(_) => open.clear(),
                EventBody::BugFiled { .. } => open.push(event.body.clone()),
                EventBody::Move(step)
                    if step.to == Phase::Fixing && step.outcome != Outcome::Rewound =>
                {
                    then.clone_from(&open);
                }
                _ => {}
            }
        }
        Ok(then)
    }
}
