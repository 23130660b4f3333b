//! The scan gate: only planned files lie in the tool's folder, all are plain, and none reaches for what it may not have.

use super::GateInput;
use crate::agents::scan::{self, Promised};
use crate::domain::evidence::GateResult;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Violations named; more are counted.
const SHOWN: usize = 5;

/// The gate, and the tests the Developer's files promise, each with its file.
pub fn scan(input: &GateInput<'_>) -> (GateResult, Vec<(String, Promised)>) {
    let mut found = Vec::new();
    let mut files = BTreeSet::new();
    walk(&input.dir, "", &mut files, &mut found);
    found.extend(missing_and_strange(input, &files));
    let mut promised = Vec::new();
    let mut read = 0_u32;
    for path in files.iter().filter(|path| written(path)) {
        let Ok(text) = fs::read_to_string(input.dir.join(path)) else {
            found.push(format!("{path}: cannot be read as text"));
            continue;
        };
        read = read.saturating_add(1);
        for violation in scan::scan(path, &text) {
            found.push(format!("{path}:{}: {}", violation.line, violation.words));
        }
        if path.starts_with("test/") {
            let tests = scan::tests(&text).unwrap_or_default().into_iter();
            promised.extend(tests.map(|test| (path.clone(), test)));
        }
    }
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

/// All files below a folder, relative; anything but plain files and folders is a finding.
fn walk(root: &Path, below: &str, files: &mut BTreeSet<String>, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(below)) else {
        found.push(format!("{}: cannot be read", root.join(below).display()));
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name
        } else {
            format!("{below}/{name}")
        };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(root, &path, files, found),
            Ok(kind) if kind.is_file() => drop(files.insert(path)),
            _ => found.push(format!("{path}: is not a plain file; remove it")),
        }
    }
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
    let missing = planned.difference(files);
    let mut words: Vec<String> = missing.map(|path| format!("{path}: is missing")).collect();
    planned.insert("README.md".into());
    let strange = files.difference(&planned);
    words.extend(strange.map(|path| format!("{path}: is not planned; remove it")));
    words
}
