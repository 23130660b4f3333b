//! Rewind: tree, spec, held-out cases and open bug reports as they were at a move; nothing that came after is lost.
//! The journal comes first, with all of it in one write: a crash leaves everything as it was, or the next start puts the
//! tree back.

use super::driver::Driver;
use super::failed::{Failed, Unmet};
use super::ports::store::{Paper, StoreError};
use crate::domain::actor;
use crate::domain::event::{EventBody, Move, NewEvent};
use crate::domain::phase::{Outcome, Phase};
use crate::text::hash::sha256;

impl Driver {
    /// The events of a command, those of a rewind with the papers of then before its move and the bug reports of then
    /// behind it. Nothing counts before the journal has it all; tree and current spec follow it (`put_back`).
    pub(super) async fn with_then(
        &self,
        events: Vec<NewEvent>,
        target: Option<u64>,
    ) -> Result<Vec<NewEvent>, Unmet> {
        let (Some(target), Some((step, tool))) = (target, events.iter().find_map(rewound)) else {
            return Ok(events);
        };
        if let Some(commit) = step.commit.clone() {
            let asked = commit.clone();
            if !self.git(move |repo| repo.knows(&asked)).await? {
                let words = "to go back to, so nothing was rewound";
                return Err(Unmet::Said(format!("there is no commit {commit} {words}")));
            }
        }
        let papers = self.papers_of_then(&step, &tool)?;
        let bugs = match step.to {
            Phase::Fixing => self.bugs_of_then(target, &tool).await?,
            _ => Vec::new(),
        };
        let engine = |body| NewEvent {
            tool: Some(tool.clone()),
            actor: actor::ENGINE.to_owned(),
            body,
        };
        let before = papers.into_iter().map(engine);
        let after = bugs.into_iter().map(engine);
        Ok(before.chain(events).chain(after).collect())
    }

    /// A rewind that the journal has and whose tree is not put back yet: the tool, and the commit of then.
    fn rewinding(&self) -> Option<(String, Option<String>)> {
        let factory = &self.ledger.factory;
        let newest = self.ledger.moves.back()?;
        let facts = factory.facts(factory.current_tool.as_deref()?)?;
        let open = newest.outcome == Outcome::Rewound && facts.tree.is_none();
        open.then(|| (newest.tool.clone(), facts.commit.clone()))
    }

    /// Carries out what a rewind in the journal has left to do; true when there was something. Can be done again and
    /// again, so a crash anywhere in it ends rewound.
    pub(super) async fn put_back(&mut self) -> Result<bool, Failed> {
        let Some((tool, commit)) = self.rewinding() else {
            return Ok(false);
        };
        self.worktree.ready(&self.tools.repo).await?;
        let paper = matches!(self.ledger.factory.phase, Phase::Spec | Phase::SpecReview);
        let counts = commit.is_some() || !paper;
        let name = tool.clone();
        let saved = self.git(move |repo| {
            repo.open(&name, commit.is_some())?;
            if let Some(commit) = commit {
                repo.restore(&name, &commit)?;
            }
            repo.save(&name, "rewound")
        });
        let (tree, commit) = saved.await?;
        self.current_spec_again(&tool)?;
        if counts {
            self.note(EventBody::Tree { tree, commit })?;
        }
        Ok(true)
    }

    /// The newest kept spec is the current one.
    fn current_spec_again(&self, tool: &str) -> Result<(), StoreError> {
        let n = self.ledger.factory.facts(tool).map_or(0, |f| f.specs);
        let tool = || tool.to_owned();
        let store = &self.tools.store;
        let kept = store.get(&Paper::SpecVersion { tool: tool(), n });
        match kept? {
            Some(text) => store.put(&Paper::Spec { tool: tool() }, &text),
            None => Ok(()),
        }
    }

    /// Keeps spec and held-out cases of then as the newest ones.
    fn papers_of_then(&self, step: &Move, tool: &str) -> Result<Vec<EventBody>, Unmet> {
        let newest = self.ledger.factory.facts(tool);
        let (specs, sets) = newest.map_or((0, 0), |f| (f.specs, f.case_sets));
        let tool = || tool.to_owned();
        let mut kept = Vec::new();
        if let Some(old) = step.spec.filter(|n| *n < specs) {
            let [old, new] = [old, specs + 1].map(|n| Paper::SpecVersion { tool: tool(), n });
            let text = self.copy(&old, &new)?;
            kept.push(EventBody::SpecKept {
                n: specs + 1,
                sha256: sha256(text.as_bytes()),
            });
        }
        if let Some(old) = step.cases.filter(|n| *n < sets) {
            let [old, new] = [old, sets + 1].map(|n| Paper::Acceptance { tool: tool(), n });
            let text = self.copy(&old, &new)?;
            let count = text.lines().filter(|line| !line.trim().is_empty()).count();
            kept.push(EventBody::CasesKept {
                n: sets + 1,
                count: u32::try_from(count).unwrap_or(u32::MAX),
                dropped: Vec::new(),
            });
        }
        Ok(kept)
    }

    /// Writes an old paper anew under another name.
    fn copy(&self, old: &Paper, new: &Paper) -> Result<String, Unmet> {
        let store = &self.tools.store;
        let text = store.get(old)?.ok_or_else(|| {
            let path = store.path(old);
            format!(
                "{} is gone, so nothing was rewound: put it back",
                path.display()
            )
        })?;
        store.put(new, &text)?;
        Ok(text)
    }

    /// Bug reports that were open at a move: those filed since the run or rewind before it, or by it.
    async fn bugs_of_then(&self, target: u64, tool: &str) -> Result<Vec<EventBody>, StoreError> {
        let tool = tool.to_owned();
        let read = self.past(move |store| {
            let (mut open, mut over) = (Vec::new(), false);
            store.each(1, &mut |event| {
                if over || event.tool.as_ref() != Some(&tool) {
                    return;
                }
                match event.body {
                    EventBody::Move(_) | EventBody::AttemptStarted(_) if event.seq > target => {
                        over = true;
                    }
                    EventBody::Run(_) => open.clear(),
                    EventBody::Move(step) if step.outcome == Outcome::Rewound => open.clear(),
                    filed @ EventBody::BugFiled { .. } => open.push(filed),
                    _ => {}
                }
            })?;
            Ok(open)
        });
        read.await
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
