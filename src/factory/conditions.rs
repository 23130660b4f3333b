//! What a claimed move needs on disk before it counts: a spec the linter takes, cases that test something, a changed tree.

use super::attempts::{Stop, papers, stub};
use super::driver::Driver;
use super::failed::Unmet;
use super::ports::repo::Repo;
use super::ports::store::{Paper, StoreError};
use crate::agents::spec::{self, Spec};
use crate::agents::{cycle, lint, qa, scaffold, scan};
use crate::domain::actor;
use crate::domain::case::Case;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::ToolFacts;
use crate::domain::phase::{Outcome, Role};
use crate::domain::stuck::{Course, repeated};
use crate::text::hash::sha256;
use std::collections::BTreeMap;

impl Driver {
    /// The papers and tree a claimed outcome needs; events that take them over.
    pub(super) async fn conditions(&mut self, outcome: Outcome) -> Result<Vec<NewEvent>, Unmet> {
        let factory = &self.ledger.factory;
        let tool = factory.current_tool.clone().unwrap_or_default();
        let facts = factory.facts(&tool).cloned().unwrap_or_default();
        match outcome {
            Outcome::Drafted => self.claimed_spec(&tool, facts.specs + 1),
            Outcome::Approved => {
                let spec = self.current_spec(&tool)?;
                // One is what may take the place of a set that is used up.
                let least = qa::least(&spec, self.settings.harness.held_out).max(2);
                self.claimed_cases(&tool, &facts, &spec, least).await
            }
            Outcome::Passed | Outcome::Failed => self.claimed_set(&tool, &facts).await,
            Outcome::Built | Outcome::Fixed => self.claimed_tree(&tool, &facts.course).await,
            _ => Ok(Vec::new()),
        }
    }

    fn claimed_spec(&self, tool: &str, n: u32) -> Result<Vec<NewEvent>, Unmet> {
        let text = self.linted_spec(tool)?;
        Ok(vec![external(tool, self.keep_spec(tool, n, &text)?)])
    }

    /// specs/<tool>.md as it lies there, if the linter takes it.
    pub(super) fn linted_spec(&self, tool: &str) -> Result<String, Unmet> {
        let store = &self.tools.store;
        let paper = Paper::Spec {
            tool: tool.to_owned(),
        };
        let path = store.path(&paper);
        let text = store.get(&paper)?;
        let text =
            text.ok_or_else(|| format!("spec-review needs {}: write it first", path.display()))?;
        lint::lint(
            &text,
            tool,
            &self.settings.harness.numbers,
            &self.settings.packages,
        )
        .map_err(|problems| format!("the spec linter refuses it: {}", problems.join("; ")))?;
        Ok(text)
    }

    /// Keeps a spec under its number; the event that says so.
    pub(super) fn keep_spec(
        &self,
        tool: &str,
        n: u32,
        text: &str,
    ) -> Result<EventBody, StoreError> {
        let paper = Paper::SpecVersion {
            tool: tool.to_owned(),
            n,
        };
        self.tools.store.put(&paper, text)?;
        let sha256 = sha256(text.as_bytes());
        Ok(EventBody::SpecKept { n, sha256 })
    }

    /// Held-out cases another program wrote, by the rules ours are kept by: what passes on the stub is dropped.
    async fn claimed_cases(
        &self,
        tool: &str,
        facts: &ToolFacts,
        spec: &Spec,
        least: usize,
    ) -> Result<Vec<NewEvent>, Unmet> {
        let store = &self.tools.store;
        let n = facts.case_sets + 1;
        let paper = Paper::Acceptance {
            tool: tool.to_owned(),
            n,
        };
        let place = store.path(&paper).display().to_string();
        let cases = papers::set(store.as_ref(), tool, n)?;
        if cases.is_empty() {
            let words = format!("held-out cases are needed: write them to {place}, one a line");
            return Err(Unmet::Said(words));
        }
        let taken = [facts.revealed.clone(), facts.struck.clone()].concat();
        let cases = qa::accept_cases(cases, spec, &taken, least)
            .map_err(|malformed| format!("{place}: {}", malformed.problem))?;
        let fails = stub::failing(&self.tools, tool, spec, &cases).await;
        let fails = fails.map_err(|stop| match stop {
            Stop::Trouble(name, words) => Unmet::Trouble(name, words),
            Stop::Incident(words) => Unmet::Said(words),
            other => Unmet::Said(format!("{other:?}")),
        })?;
        let tried: Vec<(Case, bool)> = cases.into_iter().zip(fails).collect();
        let (kept, idle): (Vec<_>, Vec<_>) = tried.into_iter().partition(|(_, fails)| *fails);
        let kept: Vec<Case> = kept.into_iter().map(|(case, _)| case).collect();
        let dropped: Vec<String> = idle.into_iter().map(|(case, _)| case.id).collect();
        let idle = match dropped.as_slice() {
            [] => String::new(),
            ids => format!(
                "{} pass on a stub that does nothing, so they test nothing; ",
                ids.join(", ")
            ),
        };
        let lack = qa::lack(spec, &kept, least);
        // A set that takes the place of another may be smaller.
        if let Some(lack) = lack.filter(|_| kept.is_empty() || least > 1) {
            return Err(Unmet::Said(format!("{place}: {idle}{lack}: write others")));
        }
        if !dropped.is_empty() {
            store.put(&paper, &papers::lines(&kept))?;
        }
        let count = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        let body = EventBody::CasesKept { n, count, dropped };
        Ok(vec![external(tool, body)])
    }

    /// Before another program has the gates run: the cases it must have written in place of those struck or shown.
    async fn claimed_set(&self, tool: &str, facts: &ToolFacts) -> Result<Vec<NewEvent>, Unmet> {
        if !self.readiness.external(Role::Qa) {
            return Ok(Vec::new());
        }
        let store = self.tools.store.as_ref();
        let held = papers::set(store, tool, facts.case_sets)?;
        let left = held.iter().filter(|case| !facts.struck.contains(&case.id));
        let left = left.count();
        let written = !papers::set(store, tool, facts.case_sets + 1)?.is_empty();
        if left > 0 && (left == held.len() || !written) {
            return Ok(Vec::new());
        }
        let spec = self.current_spec(tool)?;
        self.claimed_cases(tool, facts, &spec, 1).await
    }

    async fn claimed_tree(&self, tool: &str, course: &Course) -> Result<Vec<NewEvent>, Unmet> {
        let folder = self.tools.repo.work().join("tools").join(tool);
        let spec = self.current_spec(tool)?;
        let mut sources = BTreeMap::new();
        for path in spec.plan() {
            let text = self.tools.files.read(&folder, &path)?;
            let text =
                text.ok_or_else(|| format!("qa needs every planned file, and {path} is missing"))?;
            if !spec.files.iter().any(|file| file.path == path) {
                sources.insert(path, text);
                continue;
            }
            if scaffold::is_stub(&text) {
                let words = format!("qa needs {path}, which is still a stub");
                return Err(Unmet::Said(words));
            }
            scan::parses(&text).map_err(|why| format!("{path}: {why}"))?;
            sources.insert(path, text);
        }
        let name = tool.to_owned();
        let message = format!("{tool}: written by another program");
        let (tree, commit) = self
            .git(move |repo: &dyn Repo| repo.save(&name, &message))
            .await?;
        if repeated(course, &cycle::code(&sources)).is_some() {
            let words = "the tool's code has not changed since the last run";
            return Err(Unmet::Said(words.to_owned()));
        }
        Ok(vec![external(tool, EventBody::Tree { tree, commit })])
    }

    fn current_spec(&self, tool: &str) -> Result<Spec, Unmet> {
        let n = self.ledger.factory.facts(tool).map_or(0, |f| f.specs);
        let paper = Paper::SpecVersion {
            tool: tool.to_owned(),
            n,
        };
        let text = self.tools.store.get(&paper)?;
        Ok(spec::parse(&text.unwrap_or_default()))
    }
}

fn external(tool: &str, body: EventBody) -> NewEvent {
    NewEvent {
        tool: Some(tool.to_owned()),
        actor: actor::EXTERNAL.to_owned(),
        body,
    }
}
