//! The part of a digest that speaks of coverage: lines no test runs, and which file is to change.

use super::digest::{FAILURE_CHARS, Ranked};
use super::failure::{Failure, Ground, short, signature};
use super::spec::test_of;
use crate::domain::evidence::{Evidence, FileCoverage, JestRun};
use std::fmt::Write as _;

/// Uncovered lines shown (harness 1.6).
const UNCOVERED: usize = 20;

/// Lines no test runs, one failure a file. The test file is to grow; when the same lines were open in
/// the run before, more tests did not help and the source is to lose them.
pub(super) fn failures(
    run: &JestRun,
    previous: Option<&Evidence>,
    ground: &Ground<'_>,
) -> Vec<Ranked> {
    let files = ground.spec.files.iter().map(|f| f.path.as_str());
    files
        .filter_map(|path| {
            let found = run.coverage.get(path);
            if found.is_some_and(full) {
                return None;
            }
            let before = previous
                .and_then(|p| p.jest.as_ref())
                .and_then(|jest| jest.coverage.get(path));
            let stubborn = found.is_some_and(|now| {
                !now.uncovered.is_empty() && before.is_some_and(|b| b.uncovered == now.uncovered)
            });
            let file = if stubborn {
                path.to_owned()
            } else {
                test_of(path)
            };
            let text = uncovered(path, found, stubborn, ground);
            let failure = Failure {
                signature: signature("coverage", "lines without a test", path),
                title: format!("{path} is not covered"),
                rule: None,
                file: Some(file),
                text: short(&text, FAILURE_CHARS),
            };
            Some((9, failure))
        })
        .collect()
}

fn full(file: &FileCoverage) -> bool {
    [file.statements, file.branches, file.functions, file.lines]
        .iter()
        .all(|figure| figure.is_some_and(|percent| percent >= 100.0))
}

fn uncovered(
    path: &str,
    found: Option<&FileCoverage>,
    stubborn: bool,
    ground: &Ground<'_>,
) -> String {
    let Some(found) = found else {
        return format!("{path} was not loaded by any test.");
    };
    let mut text = format!("All tests pass, but no test runs all of these lines of {path}:\n");
    let source = ground.sources.get(path).map_or("", String::as_str);
    for number in found.uncovered.iter().take(UNCOVERED) {
        let line = source.lines().nth((*number as usize).saturating_sub(1));
        let _ = writeln!(
            text,
            "{number}: {}",
            short(line.unwrap_or_default().trim(), 100)
        );
    }
    text.push_str(if stubborn {
        "More tests did not reach them: remove branches no input can reach, keep the rest as it is.\n"
    } else {
        "Add tests that reach both sides of each.\n"
    });
    text
}
