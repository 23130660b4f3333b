//! Bug reports, one a bug, generated from what the gates measured (harness 5).

use super::digest::{self, digest, title};
use super::failure::{Failure, Ground, named_file, short, signature};
use super::spec::{Spec, test_of};
use crate::domain::case::{Case, CaseResult, reproduce};
use crate::domain::evidence::{Evidence, GateResult, JestTest};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Characters of a report.
pub const MOST: usize = 1500;
/// Reports of one run.
const MOST_BUGS: usize = 3;
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

/// Everything reports are made of.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// The run.
    pub evidence: &'a Evidence,
    /// The run before.
    pub previous: Option<&'a Evidence>,
    /// What the tool must be.
    pub spec: &'a Spec,
    /// The public cases as the run knew them.
    pub public: &'a [Case],
    /// The one held-out case that may now be shown.
    pub revealed: Option<&'a Case>,
    /// The tool's files by path.
    pub sources: &'a BTreeMap<String, String>,
    /// n of the first BUG-n.
    pub first_number: u32,
    /// Cycle the bugs belong to.
    pub cycle: u32,
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
    /// Its signature was there in the run before.
    pub seen: bool,
    /// Public cases of the run.
    pub public: &'a [CaseResult],
    /// Held-out cases of the run; only their count is told.
    pub held_out: &'a [CaseResult],
}

/// At most three reports, worst first: what the scan refuses, then what fails in Jest or the public cases, then the
/// one held-out case that was revealed, then whatever gate failed otherwise. Empty only when nothing failed.
#[must_use]
pub fn bugs(findings: &Findings<'_>) -> Vec<Bug> {
    let evidence = findings.evidence;
    let ground = Ground {
        spec: findings.spec,
        sources: findings.sources,
        cases: findings.public,
    };
    let before = findings
        .previous
        .map(|p| seen_in(p, &ground))
        .unwrap_or_default();
    let public = known(evidence, findings.public);
    let brief = |at: usize, signature: &str| BugBrief {
        ground,
        number: findings.first_number + u32::try_from(at).unwrap_or(0),
        cycle: findings.cycle,
        seen: before.iter().any(|s| s == signature),
        public: &public,
        held_out: &evidence.held_out,
    };
    let mut bugs: Vec<Bug> = Vec::new();
    let failed: Vec<&GateResult> = evidence.gates.iter().filter(|g| !g.passed).collect();
    for gate in failed.iter().filter(|g| g.gate == "scan") {
        bugs.push(of_gate(gate, &brief(bugs.len(), &gate_signature(gate))));
    }
    if let Some(run) = evidence.jest.as_ref().filter(|_| bugs.is_empty()) {
        let digest = digest(run, &evidence.public, findings.previous, &ground);
        for failure in &digest.failures {
            bugs.push(of_failure(failure, &brief(bugs.len(), &failure.signature)));
        }
        if let Some(first) = bugs.first_mut() {
            finish(&mut first.text, [digest.changes].into_iter());
        }
    }
    if let Some(case) = findings.revealed
        && let Some(result) = evidence.held_out.iter().find(|r| r.id == case.id)
    {
        let signature = case_signature(result);
        bugs.push(of_case(case, result, &brief(bugs.len(), &signature)));
    }
    // The held-out gate is never told in its own words: they may name cases that stay hidden.
    if bugs.is_empty() {
        for gate in failed.iter().filter(|g| g.gate != "held-out") {
            bugs.push(of_gate(gate, &brief(bugs.len(), &gate_signature(gate))));
        }
    }
    bugs.truncate(MOST_BUGS);
    bugs
}

/// What came of the public cases: through the real command where a run took them through it, else as a test.
fn known(evidence: &Evidence, cases: &[Case]) -> Vec<CaseResult> {
    let report = evidence.jest.as_ref().and_then(|jest| jest.report.as_ref());
    let tests = report.map_or(&[][..], |report| report.tests.as_slice());
    let tested = |case: &Case| {
        let mut examples = tests.iter().filter(|t| t.file == "test/examples.test.js");
        let of = |test: &&JestTest| test.name.split_whitespace().next() == Some(&case.id);
        let test = examples.find(of)?;
        Some(CaseResult {
            id: case.id.clone(),
            rule: case.rule.clone(),
            passed: test.passed,
            reproduce: reproduce(case),
            expected: String::new(),
            received: String::new(),
            at: test.at.clone(),
        })
    };
    let of = |case: &Case| {
        let measured = evidence.public.iter().find(|result| result.id == case.id);
        measured.cloned().or_else(|| tested(case))
    };
    cases.iter().filter_map(of).collect()
}

/// A case that fails is the same failure in each run, shown or not.
fn case_signature(result: &CaseResult) -> String {
    format!("case|{}|{}", result.id, result.rule)
}

fn gate_signature(gate: &GateResult) -> String {
    signature("gate", &gate.words, &gate.gate)
}

/// Signatures of the run before.
fn seen_in(previous: &Evidence, ground: &Ground<'_>) -> Vec<String> {
    let failed = previous.gates.iter().filter(|g| !g.passed);
    let mut seen: Vec<String> = failed.map(gate_signature).collect();
    let cases = previous.held_out.iter().chain(&previous.public);
    seen.extend(cases.filter(|result| !result.passed).map(case_signature));
    if let Some(run) = &previous.jest {
        let digest = digest(run, &previous.public, None, ground);
        seen.extend(digest.failures.into_iter().map(|f| f.signature));
    }
    seen
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
    ];
    finish(&mut text, parts.into_iter().flatten());
    Bug {
        title: title(case),
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
    let parts = [words, at.map(|at| source(at, &brief.ground))];
    finish(&mut text, parts.into_iter().flatten());
    Bug {
        title: failure.title.clone(),
        rule: failure.rule.clone(),
        file: failure.file.clone(),
        text,
    }
}

/// The file a gate names. Coverage and tests that pass over broken code are the tests' business.
fn file_of_gate(gate: &GateResult, ground: &Ground<'_>) -> Option<String> {
    if gate.gate == "readme" {
        return Some("README.md".into());
    }
    let named = named_file(&gate.words);
    if !matches!(gate.gate.as_str(), "coverage" | "throwing") {
        return named;
    }
    let source = named.or_else(|| ground.spec.files.first().map(|f| f.path.clone()))?;
    if source.starts_with("test/") {
        return Some(source);
    }
    Some(test_of(&source))
}

/// A gate that failed otherwise: the scan, tests that pass over broken code, coverage that is unknown.
#[must_use]
pub fn of_gate(gate: &GateResult, brief: &BugBrief<'_>) -> Bug {
    let mut text = head(None, brief);
    let _ = writeln!(text, "Gate {}: {}", gate.gate, short(&gate.words, 900));
    Bug {
        title: format!("gate {}", gate.gate),
        rule: None,
        file: file_of_gate(gate, &brief.ground),
        text,
    }
}

impl Bug {
    /// Adds a hypothesis of at most two sentences at the end, where it fits.
    pub fn add_hypothesis(&mut self, hypothesis: &str) {
        let words = hypothesis.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            finish(&mut self.text, [format!("Hypothesis: {words}")].into_iter());
        }
    }
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

/// As many whole reports as one repair is told of: those that fit into the size of a digest, and always the first.
#[must_use]
pub fn told(reports: &[String]) -> String {
    let mut text = String::new();
    for report in reports {
        let longer = text.chars().count() + report.chars().count() + 2;
        if !text.is_empty() && longer > digest::MOST {
            break;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(report);
    }
    text
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
