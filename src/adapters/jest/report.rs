//! Jest's JSON report as the factory reads it: a plain file of ours, at most 8 MiB, paths relative, messages cleaned.

use crate::adapters::folder::Folder;
use crate::adapters::store;
use crate::domain::evidence::{JestReport, JestRun, JestTest, ThrowingRun};
use crate::text::sanitise::sanitise;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest report read.
const LIMIT: u64 = 8 * 1024 * 1024;
/// Characters kept of the name of a file or test.
const NAME: usize = 1000;
/// Characters kept of one message.
const MESSAGE: usize = 30_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    success: bool,
    num_total_tests: u32,
    num_passed_tests: u32,
    num_failed_tests: u32,
    num_pending_tests: u32,
    #[serde(default)]
    num_todo_tests: u32,
    num_runtime_error_test_suites: u32,
    test_results: Vec<RawSuite>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSuite {
    name: String,
    status: String,
    #[serde(default)]
    message: String,
    assertion_results: Vec<RawTest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawTest {
    full_name: String,
    status: String,
    #[serde(default)]
    failure_messages: Vec<String>,
}

/// Reads a JSON file that a run was to make; None when it is not there, not a plain file, too large, nested too deep
/// or not that.
pub fn json<T: DeserializeOwned>(made: &Folder, path: &str) -> Option<T> {
    let text = made.read(path, LIMIT).ok()??;
    let value = store::json::value(path, &text).ok()?;
    serde_json::from_value(value).ok()
}

/// The report of a run over `root`.
pub fn read(made: &Folder, path: &str, root: &Path) -> Option<JestReport> {
    Some(report(json(made, path)?, &format!("{}/", root.display())))
}

/// A report's text as the factory reads it; None when it is none.
#[must_use]
pub fn parse(text: &[u8], root: &str) -> Option<JestReport> {
    Some(report(serde_json::from_slice(text).ok()?, root))
}

fn report(raw: Raw, root: &str) -> JestReport {
    let mut report = JestReport {
        success: raw.success,
        total: raw.num_total_tests,
        passed: raw.num_passed_tests,
        failed: raw.num_failed_tests,
        skipped: raw.num_pending_tests.saturating_add(raw.num_todo_tests),
        broken_suites: raw.num_runtime_error_test_suites,
        ..JestReport::default()
    };
    for suite in raw.test_results {
        let file = named(&suite.name.replace(root, ""));
        if suite.status == "failed" && suite.assertion_results.is_empty() {
            let words = clean(&suite.message, root);
            report.suite_errors.push((file.clone(), words));
        }
        for test in suite.assertion_results {
            let first = test.failure_messages.first();
            let message = first.map(|text| clean(text, root)).unwrap_or_default();
            report.tests.push(JestTest {
                file: file.clone(),
                name: named(&test.full_name),
                passed: test.status == "passed",
                at: place(&message),
                message,
            });
        }
    }
    report.tests.sort_by(|a, b| a.file.cmp(&b.file));
    report
}

/// The name of a file or test; its blanks stay, because names are compared to those in the sources.
fn named(name: &str) -> String {
    sanitise(name).chars().take(NAME).collect()
}

/// What a run over throwing exports says: every test file must have noticed.
pub fn throwing(run: &JestRun) -> ThrowingRun {
    let Some(report) = &run.report else {
        return ThrowingRun::default();
    };
    let mut noticed: BTreeMap<&str, bool> = BTreeMap::new();
    for test in &report.tests {
        *noticed.entry(&test.file).or_default() |= !test.passed;
    }
    let files_red = !noticed.is_empty() && noticed.values().all(|red| *red);
    let passed = report.tests.iter().filter(|test| test.passed);
    ThrowingRun {
        passing: passed
            .map(|test| (test.file.clone(), test.name.clone()))
            .collect(),
        red: run.exit == Some(1) && report.failed > 0 && files_red,
        still_passing: report.passed,
        total: report.total,
    }
}

/// A message without colours, without frames of Jest and Node, with paths as seen from the tool.
fn clean(message: &str, root: &str) -> String {
    let text = sanitise(message).replace(root, "");
    let foreign = |line: &&str| {
        let line = line.trim_start();
        let frame = line.starts_with("at ");
        !(frame
            && (line.contains("node_modules/")
                || line.contains("node:")
                || line.contains(".locked.cjs")))
    };
    let kept: Vec<&str> = text.lines().filter(foreign).collect();
    kept.join("\n").trim().chars().take(MESSAGE).collect()
}

/// The first place inside the tool that a message names, `src/x.js:18`.
fn place(message: &str) -> Option<String> {
    let frames = message.lines().map(str::trim_start);
    frames
        .filter(|line| line.starts_with("at "))
        .find_map(|line| {
            let inside = line.rsplit('(').next()?.trim_end_matches(')');
            let inside = inside.strip_prefix("at ").unwrap_or(inside);
            let ours = ["src/", "test/", "bin/"];
            ours.iter().find(|part| inside.starts_with(**part))?;
            let mut parts = inside.split(':');
            let (file, line) = (parts.next()?, parts.next()?);
            Some(format!("{file}:{line}"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    #[test]
    fn messages_lose_colours_and_foreign_frames() {
        let text = "\u{1b}[31mError\u{1b}[39m: x\u{7}\n    at f (/t/src/x.js:18:3)\n    at y (/h/node_modules/jest/x.js:1:1)\n    at node:internal/x:1:2";
        let clean = clean(text, "/t/");
        assert_eq!(clean, "Error: x\n    at f (src/x.js:18:3)");
        assert_eq!(place(&clean).as_deref(), Some("src/x.js:18"));
        assert_eq!(
            place("at test/dev/x.test.js:4:1").as_deref(),
            Some("test/dev/x.test.js:4")
        );
        assert_eq!(place("Error: at src/x.js"), None);
    }

    #[test]
    fn only_plain_files_of_bearable_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let place = |name: &str| dir.path().join(name);
        let made = Folder::open(dir.path()).unwrap();
        let read = |name: &str| json::<Value>(&made, name);
        fs::write(place("a.json"), "[1]").unwrap();
        assert_eq!(read("a.json"), Some(serde_json::json!([1])));
        symlink(place("a.json"), place("b.json")).unwrap();
        assert_eq!(read("b.json"), None);
        symlink(dir.path(), place("cov")).unwrap();
        assert_eq!(read("cov/a.json"), None);
        let long = File::create(place("c.json")).unwrap();
        long.set_len(LIMIT + 1).unwrap();
        assert_eq!(read("c.json"), None);
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        fs::write(place("d.json"), nested(64)).unwrap();
        assert!(read("d.json").is_some());
        for depth in [65, 100_000] {
            fs::write(place("d.json"), nested(depth)).unwrap();
            assert_eq!(read("d.json"), None);
        }
        fs::hard_link(place("a.json"), place("e.json")).unwrap();
        assert_eq!(read("a.json"), None);
    }
}
