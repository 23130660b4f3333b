//! The papers of the tool under way, read back: spec, public cases, held-out cases.

use super::context::{Context, Stop};
use crate::agents::spec::{Spec, parse};
use crate::domain::case::Case;
use crate::domain::evidence::Evidence;
use crate::domain::factory::ToolFacts;
use crate::factory::ports::store::{Paper, Store};

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
    set(context, context.facts.case_sets)
}

/// Public cases: the examples of the spec, then the held-out cases shown since.
pub fn public(context: &Context, spec: &Spec) -> Result<Vec<Case>, Stop> {
    let mut cases = spec.examples.clone();
    for id in &context.facts.revealed {
        for n in (1..=context.facts.case_sets).rev() {
            if let Some(case) = set(context, n)?.into_iter().find(|case| case.id == *id) {
                cases.push(case);
                break;
            }
        }
    }
    Ok(cases)
}

/// One set of held-out cases; empty when there is none.
fn set(context: &Context, n: u32) -> Result<Vec<Case>, Stop> {
    if n == 0 {
        return Ok(Vec::new());
    }
    let paper = Paper::Acceptance {
        tool: context.tool.clone(),
        n,
    };
    let text = context.tools.store.get(&paper)?.unwrap_or_default();
    let place = context.tools.store.path(&paper).display().to_string();
    read_cases(&text, &place).map_err(Stop::Incident)
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
) -> Result<Option<Evidence>, String> {
    let Some(run) = &facts.last_run else {
        return Ok(None);
    };
    let paper = Paper::Evidence {
        tool: tool.to_owned(),
        run: run.run,
    };
    let text = store.get(&paper).map_err(|e| e.to_string())?;
    let place = store.path(&paper);
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|e| format!("{}: {e}: put the file right", place.display()))
}

/// Says in the evidence of the last run who reviewed it.
pub fn note_reviewer(
    store: &dyn Store,
    tool: &str,
    facts: &ToolFacts,
    words: String,
) -> Result<(), String> {
    let Some(mut evidence) = evidence(store, tool, facts)? else {
        return Ok(());
    };
    evidence.reviewed = Some(words);
    let paper = Paper::Evidence {
        tool: tool.to_owned(),
        run: evidence.run,
    };
    let text = serde_json::to_string_pretty(&evidence).map_err(|e| e.to_string())?;
    store.put(&paper, &(text + "\n")).map_err(|e| e.to_string())
}

/// Cases as a paper: one JSON object a line.
#[must_use]
pub fn lines(cases: &[Case]) -> String {
    cases
        .iter()
        .filter_map(|case| serde_json::to_string(case).ok())
        .fold(String::new(), |text, line| text + &line + "\n")
}
