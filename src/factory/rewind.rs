//! Rewind: tree, spec, held-out cases and open bug reports as they were at a move; nothing that came after is lost.
//! All of it is recorded together with the move, so a crash leaves either everything as it was or everything as then.

use super::driver::Driver;
use super::ports::repo::{Repo, RepoError};
use super::ports::store::Paper;
use crate::domain::actor;
use crate::domain::event::{EventBody, Move, NewEvent};
use crate::domain::phase::{Outcome, Phase};
use crate::text::hash::sha256;

impl Driver {
    /// The events of a command, those of a rewind with the papers of then before its move, and tree and bug reports
    /// of then behind it. The branch is put back on the way; what came after stays under kept/.
    pub(super) async fn with_then(
        &mut self,
        events: Vec<NewEvent>,
        target: Option<u64>,
    ) -> Result<Vec<NewEvent>, String> {
        let (Some(target), Some((step, tool))) = (target, events.iter().find_map(rewound)) else {
            return Ok(events);
        };
        let mut bodies = self.papers_of_then(&step, &tool)?;
        let papers = bodies.len();
        let saved = self.tree_of_then(&step, &tool).await;
        bodies.extend(saved.map_err(|e| e.to_string())?);
        if step.to == Phase::Fixing {
            bodies.extend(self.bugs_of_then(target, &tool)?);
        }
        let mut then: Vec<NewEvent> = bodies
            .into_iter()
            .map(|body| NewEvent {
                tool: Some(tool.clone()),
                actor: actor::ENGINE.to_owned(),
                body,
            })
            .collect();
        let after = then.split_off(papers);
        then.extend(events);
        then.extend(after);
        Ok(then)
    }

    /// Puts the branch to the commit of a move.
    async fn tree_of_then(
        &mut self,
        step: &Move,
        tool: &str,
    ) -> Result<Option<EventBody>, RepoError> {
        self.worktree.ready(&self.tools.repo).await?;
        let (name, commit) = (tool.to_owned(), step.commit.clone());
        let put_back = move |repo: &dyn Repo| match commit {
            Some(commit) => {
                repo.restore(&name, &commit)?;
                repo.save(&name, "rewound").map(Some)
            }
            None => repo.open(&name, false).map(|_| None),
        };
        let saved = self.git(put_back).await?;
        Ok(saved.map(|(tree, commit)| EventBody::Tree { tree, commit }))
    }

    /// Keeps spec and held-out cases of then as the newest ones.
    fn papers_of_then(&self, step: &Move, tool: &str) -> Result<Vec<EventBody>, String> {
        let newest = self.ledger.factory.facts(tool);
        let (specs, sets) = newest.map_or((0, 0), |f| (f.specs, f.case_sets));
        let tool = || tool.to_owned();
        let mut kept = Vec::new();
        if let Some(old) = step.spec.filter(|n| *n < specs) {
            let [old, new] = [old, specs + 1].map(|n| Paper::SpecVersion { tool: tool(), n });
            let text = self.copy(&old, &[&new, &Paper::Spec { tool: tool() }])?;
            kept.push(EventBody::SpecKept {
                n: specs + 1,
                sha256: sha256(text.as_bytes()),
            });
        }
        if let Some(old) = step.cases.filter(|n| *n < sets) {
            let [old, new] = [old, sets + 1].map(|n| Paper::Acceptance { tool: tool(), n });
            let text = self.copy(&old, &[&new])?;
            let count = text.lines().filter(|line| !line.trim().is_empty()).count();
            kept.push(EventBody::CasesKept {
                n: sets + 1,
                count: u32::try_from(count).unwrap_or(u32::MAX),
                dropped: Vec::new(),
            });
        }
        Ok(kept)
    }

    /// Writes an old paper anew under other names.
    fn copy(&self, old: &Paper, new: &[&Paper]) -> Result<String, String> {
        let store = &self.tools.store;
        let text = store.get(old).map_err(|e| e.to_string())?.ok_or_else(|| {
            let path = store.path(old);
            format!(
                "{} is gone, so nothing was rewound: put it back",
                path.display()
            )
        })?;
        for paper in new {
            store.put(paper, &text).map_err(|e| e.to_string())?;
        }
        Ok(text)
    }

    /// Bug reports that were open at a move: those filed since the run or rewind before it, or by it.
    fn bugs_of_then(&self, target: u64, tool: &str) -> Result<Vec<EventBody>, String> {
        let events = self.tools.store.history(1).map_err(|e| e.to_string())?;
        let mut open = Vec::new();
        for event in events.iter().filter(|e| e.tool.as_deref() == Some(tool)) {
            match &event.body {
                EventBody::Move(_) | EventBody::AttemptStarted(_) if event.seq > target => break,
                EventBody::Run(_) => open.clear(),
                EventBody::Move(step) if step.outcome == Outcome::Rewound => open.clear(),
                EventBody::BugFiled { .. } => open.push(event.body.clone()),
                _ => {}
            }
        }
        Ok(open)
    }
}

fn rewound(event: &NewEvent) -> Option<(Move, String)> {
    match &event.body {
        EventBody::Move(step) if step.outcome == Outcome::Rewound => {
            Some((step.clone(), event.tool.clone()?))
        }
        _ => None,
    }
}
