//! Bug reports, one a bug, generated from what the gates measured (harness 5).

use super::failure::{Failure, Ground, named_file, short};
use super::supervisor::ReviewVerdict;
use crate::domain::case::{Case, CaseResult};
use crate::domain::evidence::GateResult;
use std::fmt::Write as _;

/// Characters of a report.
pub const MOST: usize = 1500;
const VALUE_CHARS: usize = 200;
const GIVEN_CHARS: usize = 300;
/// Source lines shown around the frame, each side.
const AROUND: usize = 5;
const NEIGHBOURS: usize = 4;

/// One bug report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug {
    /// For lists and the journal.
    pub title: String,
    /// Rule it breaks.
    pub rule: Option<String>,
    /// File to repair.
    pub file: Option<String>,
    /// The report, at most 1,500 characters.
    pub text: String,
}

/// What every report of a run says.
#[derive(Clone, Copy, Debug)]
pub struct BugBrief<'a> {
    /// The tool.
    pub ground: Ground<'a>,
    /// n of BUG-n.
    pub number: u32,
    /// Cycle it was found in.
    pub cycle: u32,
    /// Its signature was filed before.
    pub seen: bool,
    /// Public cases of the run.
    pub public: &'a [CaseResult],
    /// Held-out cases of the run; only their count is told.
    pub held_out: &'a [CaseResult],
    /// What was tried, newest last.
    pub tried: &'a [String],
}

/// A failed case, public or just revealed.
#[must_use]
pub fn of_case(case: &Case, result: &CaseResult, brief: &BugBrief<'_>) -> Bug {
    let file = brief.ground.file_of_case(case, result.at.as_deref());
    let mut text = head(Some(&case.rule), brief);
    let _ = writeln!(
        text,
        "Reproduce: {}",
        short(&result.reproduce, 2 * VALUE_CHARS)
    );
    if let Some(given) = &case.given {
        let given = serde_json::to_string(given).unwrap_or_default();
        let _ = writeln!(text, "Given: {}", short(&given, GIVEN_CHARS));
    }
    let _ = writeln!(text, "Expected: {}", short(&result.expected, VALUE_CHARS));
    if let Some(words) = brief.ground.spec.rule(&case.rule) {
        let _ = writeln!(
            text,
            "  because {}: \"{}\"",
            case.rule,
            short(words, VALUE_CHARS)
        );
    }
    let at = result
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!("  at {at}"));
    let _ = writeln!(
        text,
        "Received: {}{at}",
        short(&result.received, VALUE_CHARS)
    );
    let parts = [
        result.at.as_deref().map(|at| source(at, &brief.ground)),
        Some(neighbours(case, brief)),
        Some(tried(brief)),
    ];
    finish(&mut text, parts.into_iter().flatten());
    let what = case.call.clone().unwrap_or_else(|| {
        let word = case.cli.iter().flatten().next();
        word.map_or("the command".into(), |word| {
            format!("`{}`", short(word, 30))
        })
    });
    Bug {
        title: format!("{}: {what} breaks {}", case.id, case.rule),
        rule: Some(case.rule.clone()),
        file,
        text,
    }
}

/// A failure of the digest.
#[must_use]
pub fn of_failure(failure: &Failure, brief: &BugBrief<'_>) -> Bug {
    let mut text = head(failure.rule.as_deref(), brief);
    let _ = writeln!(text, "{}", failure.text.trim_end());
    let rule = failure.rule.as_deref();
    let words = rule.and_then(|id| brief.ground.spec.rule(id).map(|words| (id, words)));
    let words = words.map(|(id, words)| format!("{id}: \"{}\"", short(words, VALUE_CHARS)));
    let at = failure
        .text
        .lines()
        .find_map(|line| line.strip_prefix("At "));
    let parts = [
        words,
        at.map(|at| source(at, &brief.ground)),
        Some(tried(brief)),
    ];
    finish(&mut text, parts.into_iter().flatten());
    Bug {
        title: failure.title.clone(),
        rule: failure.rule.clone(),
        file: failure.file.clone(),
        text,
    }
}

/// A gate that failed otherwise: the scan, tests that pass over broken code, coverage that is unknown.
#[must_use]
pub fn of_gate(gate: &GateResult, brief: &BugBrief<'_>) -> Bug {
    let mut text = head(None, brief);
    let _ = writeln!(text, "Gate {}: {}", gate.gate, short(&gate.words, 900));
    finish(&mut text, [tried(brief)].into_iter());
    Bug {
        title: format!("gate {}", gate.gate),
        rule: None,
        file: named_file(&gate.words),
        text,
    }
}

/// What a reviewer sent back.
#[must_use]
pub fn of_review(verdict: &ReviewVerdict, brief: &BugBrief<'_>) -> Bug {
    let file = super::supervisor::file_of(verdict, brief.ground.spec);
    let mut bug = of_words("sent back by review", &verdict.instructions, brief);
    bug.file = file.or(bug.file);
    bug
}

/// What a person or reviewer wrote.
#[must_use]
pub fn of_words(title: &str, words: &str, brief: &BugBrief<'_>) -> Bug {
    let mut text = head(None, brief);
    let _ = writeln!(text, "{title}:\n{}", short(words.trim(), 1150));
    finish(&mut text, [tried(brief)].into_iter());
    Bug {
        title: title.to_owned(),
        rule: None,
        file: named_file(words),
        text,
    }
}

/// The report with a hypothesis of at most two sentences at its end, where it fits.
#[must_use]
pub fn with_hypothesis(mut bug: Bug, hypothesis: &str) -> Bug {
    let words = hypothesis.split_whitespace().collect::<Vec<_>>().join(" ");
    if !words.is_empty() {
        finish(&mut bug.text, [format!("Hypothesis: {words}")].into_iter());
    }
    bug
}

fn head(rule: Option<&str>, brief: &BugBrief<'_>) -> String {
    let count = |results: &[CaseResult]| {
        let passed = results.iter().filter(|r| r.passed).count();
        format!("{passed}/{}", results.len())
    };
    let rule = rule.map_or_else(String::new, |rule| format!("  rule {rule}"));
    format!(
        "BUG-{}{rule}  cycle {}  (seen before: {})  {} public, {} held-out pass\n",
        brief.number,
        brief.cycle,
        if brief.seen { "yes" } else { "no" },
        count(brief.public),
        count(brief.held_out)
    )
}

/// Adds the parts that still fit, whole.
fn finish(text: &mut String, parts: impl Iterator<Item = String>) {
    for part in parts {
        let part = part.trim_end();
        let longer = text.chars().count() + part.chars().count() + 1;
        if !part.is_empty() && longer <= MOST {
            text.push_str(part);
            text.push('\n');
        }
    }
    *text = short(text, MOST);
}

/// Lines around a frame such as src/x.js:18.
fn source(at: &str, ground: &Ground<'_>) -> String {
    let mut parts = at.split(':');
    let path = parts.next().unwrap_or_default();
    let line = parts.next().and_then(|n| n.trim().parse::<usize>().ok());
    let (Some(text), Some(line)) = (ground.sources.get(path), line) else {
        return String::new();
    };
    let first = line.saturating_sub(AROUND).max(1);
    let shown = text
        .lines()
        .enumerate()
        .skip(first - 1)
        .take(2 * AROUND + 1);
    let mut out = String::new();
    let mut last = first;
    for (at, line) in shown {
        last = at + 1;
        let _ = writeln!(out, "{last}: {}", short(line, 100));
    }
    format!("Source {first}-{last} of {path}:\n{out}")
}

/// Passing public cases close to this one.
fn neighbours(case: &Case, brief: &BugBrief<'_>) -> String {
    let near = |result: &&CaseResult| {
        let known = brief.ground.cases.iter().find(|c| c.id == result.id);
        result.passed
            && result.id != case.id
            && (result.rule == case.rule || known.is_some_and(|c| c.call == case.call))
    };
    let ids: Vec<&str> = brief
        .public
        .iter()
        .filter(near)
        .map(|r| r.id.as_str())
        .take(NEIGHBOURS)
        .collect();
    if ids.is_empty() {
        String::new()
    } else {
        format!("Passing neighbours: {} (must stay green)", ids.join(", "))
    }
}

fn tried(brief: &BugBrief<'_>) -> String {
    match brief.tried.last() {
        Some(last) => format!("Already tried: {}", short(last, 140)),
        None => String::new(),
    }
}
