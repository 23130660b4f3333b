//! Comparing what a case received with what it expects, shown in at most 200 characters a field.

use super::case::{Case, CaseResult, Received, Thrown};
use crate::text::redact::Redactor;
use crate::text::sanitise::sanitise_uncut;
use serde_json::Value;

/// Longest field shown to people and models.
const FIELD: usize = 200;
/// Most differences shown of one case.
const SHOWN: usize = 5;
/// Characters kept before the first difference when a field is cut.
const LEAD: usize = 40;

/// Compares a case with what the runner printed for it.
#[must_use]
pub fn compare(case: &Case, received: &Received) -> CaseResult {
    let checks = checks(case, received);
    let failed: Vec<&Check> = checks.iter().filter(|check| !check.passed).collect();
    let passed = failed.is_empty() && !checks.is_empty();
    let mut shown: Vec<&Check> = if passed {
        checks.iter().collect()
    } else {
        failed
    };
    shown.truncate(SHOWN);
    let (expected, received_words) = if checks.is_empty() {
        (
            "nothing: the case names no expected result".to_owned(),
            "not compared".to_owned(),
        )
    } else {
        show(&shown)
    };
    let thrown = received.load.as_ref().or(received.threw.as_ref());
    CaseResult {
        id: case.id.clone(),
        rule: case.rule.clone(),
        passed,
        reproduce: reproduce(case),
        expected,
        received: received_words,
        at: received
            .at
            .clone()
            .or_else(|| thrown.and_then(|t| t.at.clone())),
    }
}

/// One thing compared.
struct Check {
    label: String,
    expected: String,
    received: String,
    passed: bool,
}

impl Check {
    fn new(label: impl Into<String>, expected: String, received: String, passed: bool) -> Self {
        Self {
            label: label.into(),
            expected,
            // What a run put out, before it is cut: a token in it may be anybody's.
            received: Redactor::default().redact(&sanitise_uncut(&received)),
            passed,
        }
    }
}

fn checks(case: &Case, received: &Received) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(wrong) = no_result(received) {
        checks.push(Check::new("", promised(case), wrong, false));
        return checks;
    }
    if case.cli.is_some() {
        command(case, received, &mut checks);
    } else {
        function(case, received, &mut checks);
    }
    for (path, text) in case.files.iter().flatten() {
        let there = received.files.get(path);
        let word =
            |text: Option<&String>| text.map_or_else(|| "no such file".to_owned(), |t| json(t));
        let label = format!("file {path} ");
        let passed = there == text.as_ref();
        checks.push(Check::new(label, word(text.as_ref()), word(there), passed));
    }
    checks
}

/// What kept the runner from a result, in words.
fn no_result(received: &Received) -> Option<String> {
    if let Some(fault) = &received.fault {
        return Some(fault.clone());
    }
    if let Some(thrown) = &received.load {
        return Some(format!("the module does not load: {}", words(thrown)));
    }
    let name = received.missing.as_ref()?;
    Some(format!("no export is called {name}"))
}

fn words(thrown: &Thrown) -> String {
    let name = if thrown.name.is_empty() {
        "Error"
    } else {
        &thrown.name
    };
    format!("{name}: {}", thrown.message)
}

/// The main thing a case expects, for when there is nothing to compare with.
fn promised(case: &Case) -> String {
    match (&case.expect, &case.throws, &case.exit) {
        (Some(value), ..) => value.to_string(),
        (None, Some(text), _) => format!("throws {}", json(text)),
        (None, None, Some(exit)) => format!("exit {exit}"),
        (None, None, None) => "a result".to_owned(),
    }
}

fn function(case: &Case, received: &Received, checks: &mut Vec<Check>) {
    let returned = received.returned.clone().unwrap_or(Value::Null);
    let got = match &received.threw {
        Some(thrown) => format!("throws {}", words(thrown)),
        None => returned.to_string(),
    };
    if let Some(text) = &case.throws {
        let passed = received
            .threw
            .as_ref()
            .is_some_and(|thrown| words(thrown).contains(text));
        checks.push(Check::new(
            "",
            format!("throws {}", json(text)),
            got,
            passed,
        ));
    } else if let Some(value) = &case.expect {
        let passed = received.threw.is_none() && same(value, &returned);
        checks.push(Check::new("", value.to_string(), got, passed));
    } else if received.threw.is_some() {
        checks.push(Check::new("", "a return".to_owned(), got, false));
    }
}

fn command(case: &Case, received: &Received, checks: &mut Vec<Check>) {
    if let Some(thrown) = &received.threw {
        let got = format!("throws {}", words(thrown));
        checks.push(Check::new("", promised(case), got, false));
        return;
    }
    if let Some(exit) = case.exit {
        let got = received
            .exit
            .map_or_else(|| "none".to_owned(), |exit| exit.to_string());
        let passed = received.exit == Some(exit);
        checks.push(Check::new("exit ", exit.to_string(), got, passed));
    }
    let streams = [
        ("stdout ", &case.stdout, &received.stdout),
        ("stderr ", &case.stderr, &received.stderr),
    ];
    for (label, wanted, got) in streams {
        if let Some(wanted) = wanted {
            let got = got.clone().unwrap_or_default();
            let passed = *wanted == got;
            checks.push(Check::new(label, json(wanted), json(&got), passed));
        }
    }
}

/// Equality of JSON as JavaScript sees it: 1 and 1.0 are one number, keys have no order.
#[must_use]
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => {
            x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
        }
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, x)| y.get(key).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

fn json(text: &str) -> String {
    Value::from(text).to_string()
}

/// Both sides of some checks, each within [`FIELD`], cut so that the first difference shows.
fn show(checks: &[&Check]) -> (String, String) {
    let room = FIELD / checks.len().max(1);
    let mut expected = Vec::new();
    let mut received = Vec::new();
    for check in checks {
        let label: String = check.label.chars().take(room / 2).collect();
        // Two for the "; " between fields.
        let left = room.saturating_sub(label.chars().count() + 2);
        let from = start(&check.expected, &check.received, left);
        expected.push(format!("{label}{}", window(&check.expected, from, left)));
        received.push(format!("{label}{}", window(&check.received, from, left)));
    }
    (expected.join("; "), received.join("; "))
}

fn start(a: &str, b: &str, room: usize) -> usize {
    if a.chars().count() <= room && b.chars().count() <= room {
        return 0;
    }
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    if common < room / 2 {
        0
    } else {
        common.saturating_sub(LEAD.min(room / 3))
    }
}

fn window(text: &str, from: usize, room: usize) -> String {
    let count = text.chars().count();
    if from == 0 && count <= room {
        return text.to_owned();
    }
    let lead = if from > 0 { "…" } else { "" };
    let rest = count.saturating_sub(from);
    let mut left = room.saturating_sub(usize::from(from > 0));
    let cut = rest > left;
    left = left.saturating_sub(usize::from(cut));
    let middle: String = text.chars().skip(from).take(left).collect();
    format!("{lead}{middle}{}", if cut { "…" } else { "" })
}

/// One runnable line: `parse("a,,b")`, or `tool --flag <<< 'text'`.
#[must_use]
pub fn reproduce(case: &Case) -> String {
    let line = match &case.cli {
        Some(cli) => {
            let mut line = "tool".to_owned();
            for argument in cli {
                line.push(' ');
                line.push_str(&quoted(argument));
            }
            if let Some(stdin) = case.stdin.as_ref().filter(|stdin| !stdin.is_empty()) {
                line.push_str(" <<< ");
                line.push_str(&quoted(stdin));
            }
            line
        }
        None => {
            let arguments: Vec<String> = case
                .args
                .iter()
                .flatten()
                .map(ToString::to_string)
                .collect();
            format!(
                "{}({})",
                case.call.as_deref().unwrap_or("?"),
                arguments.join(", ")
            )
        }
    };
    window(&line, 0, FIELD)
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
