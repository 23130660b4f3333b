//! What a run of the gates says to the stuck rules: how much passes, what fails, and the first error's signature.

use super::digest::{self, digest};
use super::failure::{Ground, short, signature};
use super::scan;
use crate::domain::evidence::{Evidence, JestTest};
use crate::domain::stuck::{Cycle, Failing};
use crate::text::hash::sha256;
use std::collections::BTreeMap;

/// Characters kept of a value: enough to tell two apart.
const VALUE: usize = 160;
/// Characters kept of a name.
const NAME: usize = 120;
/// Failures kept; a tool has some dozens of tests.
const MOST: usize = 100;

/// The cycle of a run.
#[must_use]
pub fn cycle(evidence: &Evidence, ground: &Ground<'_>) -> Cycle {
    let report = evidence.jest.as_ref().and_then(|jest| jest.report.as_ref());
    let held = evidence.held_out.iter().filter(|r| r.passed).count();
    let passed = report.map_or(0, |report| report.passed);
    Cycle {
        run: evidence.run,
        tree: evidence.tree.clone(),
        code: code(ground.sources),
        passed: passed.saturating_add(u32::try_from(held).unwrap_or(u32::MAX)),
        failing: failing(evidence, ground),
        error: error(evidence, ground),
        timed_out: evidence.jest.as_ref().is_some_and(|jest| jest.timed_out),
    }
}

/// Hash of the files of a tool; comments and blanks in code make no difference.
#[must_use]
pub fn code(sources: &BTreeMap<String, String>) -> String {
    let text = |path: &str, text: &str| match path.ends_with(".js") {
        true => scan::bare(text),
        false => text.to_owned(),
    };
    let files = sources.iter();
    let all: Vec<String> = files
        .map(|(path, file)| format!("{path}\n{}\n", text(path, file)))
        .collect();
    sha256(all.concat().as_bytes())
}

fn failing(evidence: &Evidence, ground: &Ground<'_>) -> Vec<Failing> {
    // By name: a case that fails as a test and through the real command is one failure.
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |name: String, received: &str| {
        let received = short(received.trim(), VALUE);
        let known = all.entry(short(&name, NAME)).or_default();
        if known.is_empty() {
            *known = received;
        }
    };
    for result in evidence.public.iter().filter(|r| !r.passed) {
        add(
            format!("case {} {}", result.id, result.rule),
            &result.received,
        );
    }
    for result in evidence.held_out.iter().filter(|r| !r.passed) {
        add(
            format!("held-out {} {}", result.id, result.rule),
            &result.received,
        );
    }
    let report = evidence.jest.as_ref().and_then(|jest| jest.report.as_ref());
    for test in report.iter().flat_map(|r| &r.tests).filter(|t| !t.passed) {
        match ground.case_of(test) {
            Some(case) => add(format!("case {} {}", case.id, case.rule), &received(test)),
            None => add(format!("{} {}", test.file, test.name), ""),
        }
    }
    for (file, _) in report.iter().flat_map(|r| &r.suite_errors) {
        add(format!("{file} does not load"), "");
    }
    if all.is_empty() {
        for gate in evidence.gates.iter().filter(|gate| !gate.passed) {
            all.insert(format!("gate {}", gate.gate), String::new());
        }
    }
    let all = all.into_iter().take(MOST);
    all.map(|(name, received)| Failing { name, received })
        .collect()
}

fn received(test: &JestTest) -> String {
    let text = digest::values(&test.message);
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Received: "));
    line.unwrap_or_default().to_owned()
}

fn error(evidence: &Evidence, ground: &Ground<'_>) -> Option<String> {
    if evidence.green() {
        return None;
    }
    let jest = evidence.jest.as_ref();
    let first = jest.and_then(|run| {
        let failures = digest(run, &evidence.public, None, ground).failures;
        failures.into_iter().next().map(|failure| failure.signature)
    });
    let held = || {
        let failed = evidence.held_out.iter().find(|r| !r.passed)?;
        Some(signature("assertion", "held-out case", &failed.rule))
    };
    let gate = || {
        let gate = evidence.gates.iter().find(|gate| !gate.passed)?;
        Some(signature("gate", &gate.words, &gate.gate))
    };
    first.or_else(held).or_else(gate)
}
