//! The scan gate: only planned files lie in the tool's folder, all are plain, and none reaches for what it may not have.

use super::GateInput;
use crate::agents::scan::{self, Promised};
use crate::domain::cheat::Cheat;
use crate::domain::evidence::GateResult;
use crate::factory::ports::files::{FILES, FileError, Files, TOTAL};
use std::collections::{BTreeMap, BTreeSet};

/// Violations named; more are counted.
const SHOWN: usize = 5;

/// The gate, and the tests the Developer's files promise, each with its file.
pub fn scan(
    input: &GateInput<'_>,
    files: &dyn Files,
) -> Result<(GateResult, Vec<(String, Promised)>), FileError> {
    let mut found = Vec::new();
    let plain = match listed(input, files, &mut found) {
        Ok(plain) => plain,
        Err(FileError::Refused(words)) => {
            let stray = (Some(Cheat::Stray), words);
            return Ok((gate(vec![stray], String::new()), Vec::new()));
        }
        // The disk's fault, not the tool's.
        Err(error) => return Err(error),
    };
    found.extend(missing_and_strange(input, &plain));
    let mut promised = Vec::new();
    let mut read = 0_u32;
    for path in plain.iter().filter(|path| written(path)) {
        let text = match files.read(&input.dir, path) {
            Ok(Some(text)) => text,
            Err(error @ FileError::Io { .. }) => return Err(error),
            Ok(None) | Err(FileError::Refused(_)) => {
                found.push((None, format!("{path}: cannot be read as text")));
                continue;
            }
        };
        read = read.saturating_add(1);
        for violation in scan::scan(path, &text, &input.packages) {
            let words = format!("{path}:{}: {}", violation.line, violation.words);
            found.push((violation.cheat, words));
        }
        if path.starts_with("test/") {
            let tests = scan::tests(&text).unwrap_or_default().into_iter();
            promised.extend(tests.map(|test| (path.clone(), test)));
        }
    }
    found.extend(gone(input, &promised));
    let fine = format!("{read} files clean, {} tests promised", promised.len());
    Ok((gate(found, fine), promised))
}

/// Something found, with the kind of cheat it could be.
type Found = (Option<Cheat>, String);

fn gate(found: Vec<Found>, fine: String) -> GateResult {
    let mut cheats = BTreeMap::new();
    for cheat in found.iter().filter_map(|(cheat, _)| *cheat) {
        *cheats.entry(cheat).or_insert(0) += 1;
    }
    let (all, passed) = (found.len(), found.is_empty());
    let first: Vec<String> = found
        .into_iter()
        .map(|(_, words)| words)
        .take(SHOWN)
        .collect();
    let rest = all.saturating_sub(SHOWN);
    let words = match (passed, rest) {
        (true, _) => fine,
        (false, 0) => first.join("; "),
        (false, rest) => format!("{}; and {rest} more", first.join("; ")),
    };
    GateResult {
        gate: "scan".into(),
        passed,
        words,
        cheats,
        millis: None,
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
    found: &mut Vec<Found>,
) -> Result<BTreeSet<String>, FileError> {
    let mut plain = BTreeSet::new();
    let mut bytes = 0_u64;
    for entry in files.list(&input.dir)? {
        bytes = bytes.saturating_add(entry.size);
        match entry.odd {
            None => drop(plain.insert(entry.path)),
            Some(what) => {
                let words = format!("{}: is not a plain file but {what}; remove it", entry.path);
                found.push((Some(Cheat::Stray), words));
            }
        }
    }
    if plain.len() > FILES || bytes > TOTAL {
        let words = format!(
            "{} files of {bytes} bytes: at most {FILES} and {TOTAL} may lie here",
            plain.len()
        );
        found.push((Some(Cheat::Stray), words));
    }
    Ok(plain)
}

/// Tests that were there before and are no longer: a red test is mended, not removed.
fn gone(input: &GateInput<'_>, promised: &[(String, Promised)]) -> Vec<Found> {
    let there = |file: &str, name: &str| {
        promised
            .iter()
            .any(|(f, test)| f == file && test.name == name)
    };
    let own = input.before.iter().filter(|(file, _)| written(file));
    own.filter(|(file, name)| !there(file, name))
        .map(|(file, name)| format!("{file}: the test `{name}` was there before and is gone; put it back, mended where it is wrong"))
        .map(|words| (Some(Cheat::Gone), words))
        .collect()
}

/// Files that are planned but not there, or there but not planned.
fn missing_and_strange(input: &GateInput<'_>, files: &BTreeSet<String>) -> Vec<Found> {
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
    let missing = missing.map(|path| (None, format!("{path}: is missing")));
    let mut found: Vec<Found> = missing.collect();
    planned.insert("README.md".into());
    let strange = files.difference(&planned);
    let strange = strange.map(|path| format!("{path}: is not planned; remove it"));
    found.extend(strange.map(|words| (Some(Cheat::Stray), words)));
    found
}
