//! The papers of the tool under way, read back: spec, public cases, held-out cases.

use super::context::{Context, Stop};
use crate::agents::spec::{Spec, parse};
use crate::domain::case::Case;
use crate::domain::event::EventBody;
use crate::domain::evidence::Evidence;
use crate::domain::factory::ToolFacts;
use crate::factory::ports::store::{Paper, Store, StoreError};
use std::collections::BTreeSet;

/// Why a paper cannot be used; the kind decides what follows, never the words.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read or written now: that passes.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is not what it should be: a person has to look.
    #[error("{0}")]
    Content(String),
}

/// The accepted spec in force.
pub fn spec(context: &Context) -> Result<Spec, Stop> {
    let paper = Paper::SpecVersion {
        tool: context.tool.clone(),
        n: context.facts.specs,
    };
    let text = context.tools.store.get(&paper)?.ok_or_else(|| {
        Stop::Incident(format!(
            "{} is gone: put it back, or requeue {} with --fresh",
            context.tools.store.path(&paper).display(),
            context.tool
        ))
    })?;
    Ok(parse(&text))
}

/// Held-out cases in force.
pub fn held_out(context: &Context) -> Result<Vec<Case>, Stop> {
    let store = context.tools.store.as_ref();
    Ok(set(store, &context.tool, context.facts.case_sets)?)
}

/// Public cases: the examples of the spec, then the held-out cases shown since, without those struck as wrong.
pub fn public(context: &Context, spec: &Spec) -> Result<Vec<Case>, Stop> {
    let facts = &context.facts;
    let mut cases = spec.examples.clone();
    let struck = |id: &&String| facts.struck.contains(id);
    for id in facts.revealed.iter().filter(|id| !struck(id)) {
        cases.extend(case(context, id)?);
    }
    Ok(cases)
}

/// A case that is or was held out, from the newest set that has it.
pub fn case(context: &Context, id: &str) -> Result<Option<Case>, Stop> {
    let store = context.tools.store.as_ref();
    for n in (1..=context.facts.case_sets).rev() {
        let held = set(store, &context.tool, n)?;
        let found = held.into_iter().find(|case| case.id == id);
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Ids of cases that can be struck as wrong: those held out and those shown, but for those struck already.
pub fn strikable(
    store: &dyn Store,
    tool: &str,
    facts: &ToolFacts,
) -> Result<Vec<String>, Unusable> {
    let held = set(store, tool, facts.case_sets)?;
    let ids = held.into_iter().map(|case| case.id);
    let mut ids: Vec<String> = ids
        .chain(facts.revealed.iter().cloned())
        .filter(|id| !facts.struck.contains(id))
        .collect();
    ids.dedup();
    Ok(ids)
}

/// One set of held-out cases; empty when there is none.
pub fn set(store: &dyn Store, tool: &str, n: u32) -> Result<Vec<Case>, Unusable> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let paper = Paper::Acceptance {
        tool: tool.to_owned(),
        n,
    };
    let text = store.get(&paper)?;
    let place = store.path(&paper).display().to_string();
    read_cases(&text.unwrap_or_default(), &place).map_err(Unusable::Content)
}

/// Writes a new set of held-out cases; the event that puts it in force, for the caller to record.
pub fn keep_cases(
    context: &mut Context,
    cases: &[Case],
    dropped: Vec<String>,
) -> Result<EventBody, Stop> {
    context.facts.case_sets += 1;
    let n = context.facts.case_sets;
    let paper = Paper::Acceptance {
        tool: context.tool.clone(),
        n,
    };
    context.tools.store.put(&paper, &lines(cases))?;
    let count = u32::try_from(cases.len()).unwrap_or(u32::MAX);
    Ok(EventBody::CasesKept { n, count, dropped })
}

/// Cases of a paper, one JSON object a line; a bad line is named with its place.
pub fn read_cases(text: &str, place: &str) -> Result<Vec<Case>, String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            serde_json::from_str(line)
                .map_err(|e| format!("{place} line {}: {e}: mend the line", i + 1))
        })
        .collect()
}

/// Evidence of the last run that counts.
pub fn evidence(
    store: &dyn Store,
    tool: &str,
    facts: &ToolFacts,
) -> Result<Option<Evidence>, Unusable> {
    let Some(run) = &facts.last_run else {
        return Ok(None);
    };
    let paper = Paper::Evidence {
        tool: tool.to_owned(),
        run: run.run,
    };
    let text = store.get(&paper)?;
    let place = store.path(&paper);
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|e| Unusable::Content(format!("{}: {e}: put the file right", place.display())))
}

/// (file, name) of the tests that must stay: those of the first run of the present line of work that has a report, and
/// those of the run before this one.
pub fn standing_tests(context: &Context) -> Result<Vec<(String, String)>, Stop> {
    let facts = &context.facts;
    let mut names = BTreeSet::new();
    for row in facts.course.here() {
        names.extend(tests_of(context, row.cycle.run)?);
        if !names.is_empty() {
            break;
        }
    }
    let last = facts.last_run.as_ref().map(|run| run.run);
    if let Some(run) =
        last.filter(|run| facts.course.here().iter().any(|row| row.cycle.run == *run))
    {
        names.extend(tests_of(context, run)?);
    }
    // Without any nothing is demanded: the tests of today still have to pass.
    Ok(names.into_iter().collect())
}

/// (file, name) of the tests in a run.
fn tests_of(context: &Context, run: u32) -> Result<Vec<(String, String)>, Stop> {
    let tool = context.tool.clone();
    let text = context.tools.store.get(&Paper::Evidence { tool, run })?;
    let read = |text: String| serde_json::from_str::<Evidence>(&text).ok();
    let report = text.and_then(read).and_then(|it| it.jest?.report);
    let tests = report.map(|report| report.tests).unwrap_or_default();
    let names = tests.into_iter().map(|test| (test.file, test.name));
    Ok(names.collect())
}

/// Says in the evidence of the last run who reviewed it.
pub fn note_reviewer(
    store: &dyn Store,
    tool: &str,
    facts: &ToolFacts,
    words: String,
) -> Result<(), Unusable> {
    let Some(mut evidence) = evidence(store, tool, facts)? else {
        return Ok(());
    };
    evidence.reviewed = Some(words);
    let paper = Paper::Evidence {
        tool: tool.to_owned(),
        run: evidence.run,
    };
    let text = serde_json::to_string_pretty(&evidence);
    let text = text.map_err(|e| Unusable::Content(e.to_string()))?;
    Ok(store.put(&paper, &(text + "\n"))?)
}

/// Cases as a paper: one JSON object a line.
#[must_use]
pub fn lines(cases: &[Case]) -> String {
    cases
        .iter()
        .filter_map(|case| serde_json::to_string(case).ok())
        .fold(String::new(), |text, line| text + &line + "\n")
}
