//! The scan gate: only planned files lie in the tool's folder, all are plain, and none reaches for what it may not have.

use super::GateInput;
use crate::agents::scan::{self, Promised};
use crate::domain::evidence::GateResult;
use crate::factory::ports::files::{FILES, FileError, Files, TOTAL};
use std::collections::BTreeSet;

/// Violations named; more are counted.
const SHOWN: usize = 5;

/// The gate, and the tests the Developer's files promise, each with its file.
pub fn scan(input: &GateInput<'_>, files: &dyn Files) -> (GateResult, Vec<(String, Promised)>) {
    let mut found = Vec::new();
    let plain = match listed(input, files, &mut found) {
        Ok(plain) => plain,
        Err(error) => return (gate(false, error.to_string()), Vec::new()),
    };
    found.extend(missing_and_strange(input, &plain));
    let mut promised = Vec::new();
    let mut read = 0_u32;
    for path in plain.iter().filter(|path| written(path)) {
        let Ok(Some(text)) = files.read(&input.dir, path) else {
            found.push(format!("{path}: cannot be read as text"));
            continue;
        };
        read = read.saturating_add(1);
        for violation in scan::scan(path, &text, &input.packages) {
            found.push(format!("{path}:{}: {}", violation.line, violation.words));
        }
        if path.starts_with("test/") {
            let tests = scan::tests(&text).unwrap_or_default().into_iter();
            promised.extend(tests.map(|test| (path.clone(), test)));
        }
    }
    found.extend(gone(input, &promised));
    let words = match found.len() {
        0 => format!("{read} files clean, {} tests promised", promised.len()),
        all => {
            let first: Vec<String> = found.into_iter().take(SHOWN).collect();
            let rest = all.saturating_sub(SHOWN);
            let more = if rest > 0 {
                format!("; and {rest} more")
            } else {
                String::new()
            };
            let words = format!("{}{more}", first.join("; "));
            return (gate(false, words), promised);
        }
    };
    (gate(true, words), promised)
}

fn gate(passed: bool, words: String) -> GateResult {
    GateResult {
        gate: "scan".into(),
        passed,
        words,
    }
}

/// Written by a model and run.
fn written(path: &str) -> bool {
    let script = path.starts_with("src/") || path.starts_with("test/dev/");
    script && path.ends_with(".js")
}

/// All files of the tool, relative; anything but plain files and folders, or too much of them, is a finding.
fn listed(
    input: &GateInput<'_>,
    files: &dyn Files,
    found: &mut Vec<String>,
) -> Result<BTreeSet<String>, FileError> {
    let mut plain = BTreeSet::new();
    let mut bytes = 0_u64;
    for entry in files.list(&input.dir)? {
        bytes = bytes.saturating_add(entry.size);
        match entry.odd {
            None => drop(plain.insert(entry.path)),
            Some(what) => found.push(format!(
                "{}: is not a plain file but {what}; remove it",
                entry.path
            )),
        }
    }
    if plain.len() > FILES || bytes > TOTAL {
        found.push(format!(
            "{} files of {bytes} bytes: at most {FILES} and {TOTAL} may lie here",
            plain.len()
        ));
    }
    Ok(plain)
}

/// Tests that were there before and are no longer: a red test is mended, not removed.
fn gone(input: &GateInput<'_>, promised: &[(String, Promised)]) -> Vec<String> {
    let there = |file: &str, name: &str| {
        promised
            .iter()
            .any(|(f, test)| f == file && test.name == name)
    };
    let own = input.before.iter().filter(|(file, _)| written(file));
    own.filter(|(file, name)| !there(file, name))
        .map(|(file, name)| format!("{file}: the test `{name}` was there before and is gone; put it back, mended where it is wrong"))
        .collect()
}

/// Files that are planned but not there, or there but not planned.
fn missing_and_strange(input: &GateInput<'_>, files: &BTreeSet<String>) -> Vec<String> {
    let test_of = |module: &String| {
        let stem = module.strip_prefix("src/")?.strip_suffix(".js")?;
        Some(format!("test/dev/{stem}.test.js"))
    };
    let mut planned: BTreeSet<String> = input.modules.iter().cloned().collect();
    planned.extend(input.modules.iter().filter_map(test_of));
    planned.insert(format!("bin/{}.js", input.tool));
    for fixed in ["package.json", "test/fakes.js", "test/examples.test.js"] {
        planned.insert(fixed.into());
    }
    if !input.packages.is_empty() {
        planned.insert("package-lock.json".into());
    }
    let missing = planned.difference(files);
    let mut words: Vec<String> = missing.map(|path| format!("{path}: is missing")).collect();
    planned.insert("README.md".into());
    let strange = files.difference(&planned);
    words.extend(strange.map(|path| format!("{path}: is not planned; remove it")));
    words
}
