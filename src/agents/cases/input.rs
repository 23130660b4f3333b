//! What a case puts in, in one spelling: two cases that no program could tell apart have the same.

use crate::domain::case::Case;
use chrono::DateTime;
use serde_json::{Map, Number, Value, json};

/// The clock of a case that names none, as in dev-factory/harness/fakes.js.
const DEFAULT_NOW: i64 = 1_767_225_600_000;
/// What the fakes answer for an address or a name that is not given.
const NO_WEB: &str = "ECONNREFUSED";
const NO_NAME: &str = "ENOTFOUND";

/// Everything a case puts in, as one text: equal for two cases that ask the same.
#[must_use]
pub fn input(case: &Case) -> String {
    let given = case.given.as_ref().map(given).unwrap_or_default();
    let stdin = case.stdin.as_deref().unwrap_or_default();
    let asked = match argv(case) {
        Some(argv) => json!({"main": argv, "stdin": stdin, "given": given}),
        None => {
            let args = case.args.iter().flatten().cloned().map(plain);
            let args: Vec<Value> = args.collect();
            json!({"call": case.call, "args": args, "given": given})
        }
    };
    plain(asked).to_string()
}

/// The words of a command, also where main is called with them.
fn argv(case: &Case) -> Option<Vec<String>> {
    if case.cli.is_some() {
        return case.cli.clone();
    }
    let called = case.call.as_deref() == Some("main");
    let [Value::Array(words)] = case.args.as_deref().filter(|_| called)? else {
        return None;
    };
    let word = |word: &Value| word.as_str().map(ToOwned::to_owned);
    words.iter().map(word).collect()
}

/// The world of a case without what the fakes would say anyway.
fn given(given: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (key, value) in given {
        let value = match key.as_str() {
            "now" => match milliseconds(value) {
                Some(DEFAULT_NOW) => continue,
                Some(now) => json!(now),
                None => value.clone(),
            },
            "files" => entries(value, |path, text| Some((spelling(path), text.clone()))),
            "http" => entries(value, |asked, answer| {
                (answer != NO_WEB).then(|| (asked.to_owned(), answered(answer)))
            }),
            "dns" => entries(value, |host, found| {
                (found != NO_NAME).then(|| (host.to_owned(), found.clone()))
            }),
            _ => value.clone(),
        };
        if value.as_object().is_none_or(|map| !map.is_empty()) {
            kept.insert(key.clone(), value);
        }
    }
    kept
}

/// The entries of a map that say something.
fn entries(value: &Value, keep: impl Fn(&str, &Value) -> Option<(String, Value)>) -> Value {
    let Some(map) = value.as_object() else {
        return value.clone();
    };
    let kept = map.iter().filter_map(|(key, value)| keep(key, value));
    Value::Object(kept.collect())
}

fn milliseconds(now: &Value) -> Option<i64> {
    match now {
        Value::String(text) => {
            let at = DateTime::parse_from_rfc3339(text).ok()?;
            Some(at.timestamp_millis())
        }
        other => whole(other.as_f64()?),
    }
}

/// What the fakes hand on of an answer of the web.
fn answered(answer: &Value) -> Value {
    if answer.is_string() {
        return answer.clone();
    }
    let body = answer.get("body").cloned().unwrap_or_else(|| json!(""));
    json!({"status": answer.get("status"), "body": body})
}

/// A path as the fakes spell it: `./a//b/` is `a/b`.
fn spelling(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    format!("{root}{}", parts.join("/"))
}

/// Keys in order and numbers as JavaScript has them, at every level.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(k, v)| (k, plain(v))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(plain).collect()),
        Value::Number(number) => Value::Number(one_spelling(number)),
        other => other,
    }
}

/// 1.0 is 1.
fn one_spelling(number: Number) -> Number {
    let found = number.as_f64().and_then(whole);
    found.map_or(number, Number::from)
}

/// A number without a fraction that is exact in JavaScript; nought has a sign there.
#[allow(clippy::cast_possible_truncation)]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let signed = number == 0.0 && number.is_sign_negative();
    (number.fract() == 0.0 && number.abs() <= EXACT && !signed).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> String {
        let line = format!(r#"{{"id":"E1","rule":"R1",{line}}}"#);
        input(&serde_json::from_str(&line).unwrap())
    }

    #[test]
    fn what_no_program_can_tell_apart_is_the_same_input() {
        for (one, other) in [
            (r#""cli":["a"]"#, r#""cli":["a"],"stdin":"","given":{}"#),
            (r#""cli":["a"]"#, r#""call":"main","args":[["a"]]"#),
            (
                r#""cli":["a"]"#,
                r#""cli":["a"],"given":{"files":{},"env":{},"http":{},"dns":{}}"#,
            ),
            (
                r#""cli":["a"]"#,
                r#""cli":["a"],"given":{"now":"2026-01-01T00:00:00Z"}"#,
            ),
            (
                r#""cli":["a"]"#,
                r#""cli":["a"],"given":{"dns":{"x.org":"ENOTFOUND"}}"#,
            ),
            (
                r#""cli":["a"]"#,
                r#""cli":["a"],"given":{"http":{"GET u":"ECONNREFUSED"}}"#,
            ),
            (
                r#""cli":["a"],"given":{"http":{"GET u":{"status":200}}}"#,
                r#""cli":["a"],"given":{"http":{"GET u":{"body":"","status":200.0,"more":1}}}"#,
            ),
            (
                r#""cli":["a"],"given":{"now":1000}"#,
                r#""cli":["a"],"given":{"now":"1970-01-01T01:00:01+01:00"}"#,
            ),
            (
                r#""cli":["a"],"given":{"files":{"d/a":"x"}}"#,
                r#""cli":["a"],"given":{"files":{"./d//e/../a/":"x"}}"#,
            ),
            (
                r#""call":"f","args":[1,{"a":1,"b":2}]"#,
                r#""call":"f","args":[1.0,{"b":2e0,"a":1}]"#,
            ),
            (r#""call":"f""#, r#""call":"f","args":[],"given":{}"#),
        ] {
            assert_eq!(of(one), of(other), "{one} {other}");
        }
    }

    #[test]
    fn what_a_program_can_tell_apart_is_not() {
        for (one, other) in [
            (r#""cli":["a"]"#, r#""cli":["a"],"stdin":"\n""#),
            (r#""cli":["a"]"#, r#""cli":["a","b"]"#),
            (r#""cli":["a"]"#, r#""call":"f","args":[["a"]]"#),
            (r#""cli":["1"]"#, r#""call":"main","args":[[1]]"#),
            (
                r#""cli":["a"]"#,
                r#""cli":["a"],"given":{"files":{"a":""}}"#,
            ),
            (r#""cli":["a"]"#, r#""cli":["a"],"given":{"env":{"A":""}}"#),
            (r#""cli":["a"]"#, r#""cli":["a"],"given":{"now":1}"#),
            (
                r#""cli":["a"],"given":{"files":{"/a":"x"}}"#,
                r#""cli":["a"],"given":{"files":{"a":"x"}}"#,
            ),
            (r#""call":"f","args":["1"]"#, r#""call":"f","args":[1]"#),
            (r#""call":"f","args":[0]"#, r#""call":"f","args":[-0.0]"#),
            (r#""call":"f","args":[1.5]"#, r#""call":"f","args":[1]"#),
            (r#""call":"f","args":[]"#, r#""call":"f","args":[null]"#),
        ] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
    }
}
