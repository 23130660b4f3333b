//! Case lines as models write them: read, checked for form, and shown as the calls they stand for.

mod input;

pub use input::input;

use crate::domain::case::Case;
use serde_json::{Map, Value};
use std::fmt::Write as _;

const KEYS: [&str; 13] = [
    "id", "rule", "call", "args", "cli", "stdin", "given", "expect", "throws", "exit", "stdout",
    "stderr", "files",
];
const GIVEN: [&str; 5] = ["now", "env", "files", "http", "dns"];

/// Every line that should be a case, with its number; a JSON array is taken line for line too.
#[must_use]
pub fn read_all(text: &str) -> Vec<(usize, Result<Case, String>)> {
    if text.trim_start().starts_with('[')
        && let Ok(values) = serde_json::from_str::<Vec<Value>>(text)
    {
        let read = |(at, value)| (at + 1, from_value(value));
        return values.into_iter().enumerate().map(read).collect();
    }
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| (at + 1, read(line)))
        .collect()
}

/// One line as a case.
pub fn read(line: &str) -> Result<Case, String> {
    let line = line.trim();
    if !line.starts_with('{') {
        return Err("is not a JSON object; write one case as one object on one line".into());
    }
    let value = serde_json::from_str(line)
        .map_err(|error| format!("is not valid JSON: {error}; write one object on one line"))?;
    from_value(value)
}

fn from_value(value: Value) -> Result<Case, String> {
    let id = value.get("id").and_then(Value::as_str).unwrap_or("a case");
    let id = id.to_owned();
    if let Value::Object(keys) = &value
        && let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str()))
    {
        return Err(format!(
            "{id}: `{key}` is not a field of a case{}",
            meant(key, &KEYS)
        ));
    }
    let case: Case = serde_json::from_value(value).map_err(|error| format!("{id}: {error}"))?;
    form(&case).map_err(|problem| format!("{id}: {problem}"))?;
    Ok(case)
}

/// ", did you mean ...?" for a word that is close to a known one.
fn meant(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .find(|k| strsim::osa_distance(k, word) <= 2 || word.starts_with(**k));
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// Whether the fields make one of the two forms.
fn form(case: &Case) -> Result<(), String> {
    match (&case.call, &case.cli) {
        (Some(_), Some(_)) => return Err("has both `call` and `cli`; use one".into()),
        (None, None) => return Err("has neither `call` nor `cli`; use one".into()),
        (Some(_), None) => function_form(case)?,
        (None, Some(_)) => command_form(case)?,
    }
    case.given.as_ref().map_or(Ok(()), given)
}

fn function_form(case: &Case) -> Result<(), String> {
    let stray = [
        (case.exit.is_some(), "exit"),
        (case.stdout.is_some(), "stdout"),
        (case.stderr.is_some(), "stderr"),
        (case.stdin.is_some(), "stdin"),
    ];
    if let Some((_, key)) = stray.iter().find(|(there, _)| *there) {
        return Err(format!(
            "`{key}` belongs to a command case, not to a `call`"
        ));
    }
    match (&case.expect, &case.throws) {
        (Some(_), Some(_)) => Err("has both `expect` and `throws`; use one".into()),
        (None, None) => Err("says neither `expect` nor `throws`; use one".into()),
        (None, Some(text)) if text.is_empty() => Err("`throws` must hold text of the error".into()),
        _ => Ok(()),
    }
}

fn command_form(case: &Case) -> Result<(), String> {
    if case.expect.is_some() || case.throws.is_some() || case.args.is_some() {
        return Err(
            "`args`, `expect` and `throws` belong to a `call`, not to a command case".into(),
        );
    }
    if case.exit.is_none() {
        return Err("a command case needs `exit`".into());
    }
    Ok(())
}

fn given(given: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in given {
        let fits = match key.as_str() {
            "now" => value.is_number() || value.is_string(),
            "env" | "files" => texts(value),
            "http" => objects(value, |v| {
                v.is_string() || v.get("status").is_some_and(Value::is_number)
            }),
            "dns" => objects(value, |v| v.is_string() || v.is_array()),
            _ => {
                return Err(format!(
                    "`given.{key}` does not exist{}",
                    meant(key, &GIVEN)
                ));
            }
        };
        if !fits {
            return Err(format!("`given.{key}` has the wrong form; {}", shape(key)));
        }
    }
    Ok(())
}

fn shape(key: &str) -> &'static str {
    match key {
        "now" => "it is milliseconds or an RFC 3339 time",
        "http" => "it is {\"GET url\": {\"status\": 200, \"body\": \"text\"}}",
        "dns" => "it is {\"host\": [\"address\"]} or {\"host\": \"ENOTFOUND\"}",
        _ => "it is an object whose values are texts",
    }
}

fn texts(value: &Value) -> bool {
    objects(value, Value::is_string)
}

fn objects(value: &Value, fits: impl Fn(&Value) -> bool) -> bool {
    value.as_object().is_some_and(|map| map.values().all(fits))
}

/// The case could only be failed by another exit code: it tests next to nothing.
#[must_use]
pub fn says_little(case: &Case) -> bool {
    let texts = [&case.stdout, &case.stderr];
    case.exit == Some(0) && texts.iter().all(|text| text.is_none()) && case.files.is_none()
}

fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The case as test code for a prompt, with its id and rule.
#[must_use]
pub fn as_test(case: &Case) -> String {
    let mut out = format!("// {} {}", case.id, case.rule);
    if let Some(given) = &case.given {
        let _ = write!(out, "  given {}", to_json(given));
    }
    if let Some(stdin) = &case.stdin {
        let _ = write!(out, "  stdin {}", to_json(stdin));
    }
    out.push('\n');
    let deps = if case.given.is_some() { ", deps" } else { "" };
    match (&case.cli, &case.throws) {
        (Some(cli), _) => {
            let exit = case.exit.unwrap_or(0);
            let _ = writeln!(
                out,
                "expect(await main({}, deps)).toBe({exit});",
                to_json(cli)
            );
        }
        (None, Some(text)) => {
            let call = call(case, deps);
            let text = to_json(text);
            let _ = writeln!(
                out,
                "await {call}; // throws, and `${{error.name}}: ${{error.message}}` contains {text}"
            );
        }
        (None, None) => {
            let expect = case.expect.as_ref().unwrap_or(&Value::Null);
            let _ = writeln!(
                out,
                "expect(await {}).toEqual({});",
                call(case, deps),
                to_json(expect)
            );
        }
    }
    for (stream, text) in [("stdout", &case.stdout), ("stderr", &case.stderr)] {
        if let Some(text) = text {
            let _ = writeln!(out, "expect({stream}()).toBe({});", to_json(text));
        }
    }
    if let Some(files) = &case.files {
        let _ = writeln!(out, "// files afterwards (null = gone): {}", to_json(files));
    }
    out
}

fn call(case: &Case, deps: &str) -> String {
    let args: Vec<String> = case.args.iter().flatten().map(to_json).collect();
    let args = args.join(", ");
    let deps = if args.is_empty() {
        deps.trim_start_matches(", ")
    } else {
        deps
    };
    format!("{}({args}{deps})", case.call.as_deref().unwrap_or("main"))
}
