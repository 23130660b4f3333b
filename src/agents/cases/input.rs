//! What a case puts in, in one spelling: two cases that no program could tell apart have the same.

use crate::domain::case::Case;
use chrono::DateTime;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The clock of a case that names none, as in dev-factory/harness/fakes.js.
const DEFAULT_NOW: i64 = 1_767_225_600_000;
/// What the fakes answer for an address or a name that is not given.
const NO_WEB: &str = "ECONNREFUSED";
const NO_NAME: &str = "ENOTFOUND";

/// Everything a case puts in, as one text: equal for two cases that ask the same.
#[must_use]
pub fn input(case: &Case) -> String {
    let mut all = Spelling::default();
    if let Some(words) = argv(case) {
        all.text("main");
        all.list(&words, |all, word| all.text(word));
        all.text(case.stdin.as_deref().unwrap_or_default());
    } else {
        all.text("call");
        all.text(case.call.as_deref().unwrap_or_default());
        all.list(case.args.as_deref().unwrap_or_default(), Spelling::value);
    }
    if let Some(given) = &case.given {
        all.given(given);
    }
    all.0
}

/// The words of a command, also where main is called with them.
fn argv(case: &Case) -> Option<Vec<&str>> {
    if let Some(words) = &case.cli {
        return Some(words.iter().map(String::as_str).collect());
    }
    let called = case.call.as_deref() == Some("main");
    let [Value::Array(words)] = case.args.as_deref().filter(|_| called)? else {
        return None;
    };
    words.iter().map(Value::as_str).collect()
}

/// Values one behind the other, each so that its end is known: keys in order and numbers as JavaScript has them.
#[derive(Default)]
struct Spelling(String);

impl Spelling {
    fn text(&mut self, text: &str) {
        let _ = write!(self.0, "{}:{text}", text.len());
    }

    fn list<T>(&mut self, all: &[T], each: impl Fn(&mut Self, &T)) {
        let _ = write!(self.0, "[{};", all.len());
        all.iter().for_each(|one| each(self, one));
    }

    fn map<K: AsRef<str>, T>(&mut self, all: &BTreeMap<K, T>, each: impl Fn(&mut Self, &T)) {
        let _ = write!(self.0, "{{{};", all.len());
        for (key, one) in all {
            self.text(key.as_ref());
            each(self, one);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.0.push('n'),
            Value::Bool(true) => self.0.push('t'),
            Value::Bool(false) => self.0.push('f'),
            Value::Number(number) => self.number(number),
            Value::String(text) => self.text(text),
            Value::Array(all) => self.list(all, Self::value),
            Value::Object(all) => self.map(&all.iter().collect(), |out, value| out.value(value)),
        }
    }

    /// 1.0 is 1.
    fn number(&mut self, number: &Number) {
        let _ = match number.as_f64().and_then(whole) {
            Some(whole) => write!(self.0, "#{whole};"),
            None => write!(self.0, "#{number};"),
        };
    }

    /// The world of a case without what the fakes would say anyway.
    fn given(&mut self, given: &Map<String, Value>) {
        for (key, value) in given.iter().collect::<BTreeMap<_, _>>() {
            match (key.as_str(), value) {
                ("now", now) => match milliseconds(now) {
                    Some(DEFAULT_NOW) => {}
                    Some(now) => self.entry(key, |out| out.number(&now.into())),
                    None => self.entry(key, |out| out.value(now)),
                },
                ("files", Value::Object(files)) => {
                    let files = files.iter().map(|(path, text)| (spelling(path), text));
                    self.entries(key, &files.collect(), Self::found);
                }
                ("http", Value::Object(web)) => {
                    let web = web.iter().filter(|(_, answer)| **answer != NO_WEB);
                    self.entries(key, &web.collect(), Self::answered);
                }
                ("dns", Value::Object(names)) => {
                    let names = names.iter().filter(|(_, found)| **found != NO_NAME);
                    self.entries(key, &names.collect(), Self::found);
                }
                (_, Value::Object(all)) => self.entries(key, &all.iter().collect(), Self::found),
                (_, other) => self.entry(key, |out| out.value(other)),
            }
        }
    }

    fn entry(&mut self, key: &str, write: impl FnOnce(&mut Self)) {
        self.text(key);
        write(self);
    }

    /// A map that says something.
    fn entries<K: AsRef<str>>(
        &mut self,
        key: &str,
        all: &BTreeMap<K, &Value>,
        each: fn(&mut Self, &&Value),
    ) {
        if !all.is_empty() {
            self.entry(key, |out| out.map(all, each));
        }
    }

    fn found(&mut self, value: &&Value) {
        self.value(value);
    }

    /// What the fakes hand on of an answer of the web.
    fn answered(&mut self, answer: &&Value) {
        if answer.is_string() {
            return self.value(answer);
        }
        self.0.push('{');
        self.value(answer.get("status").unwrap_or(&Value::Null));
        match answer.get("body") {
            Some(body) => self.value(body),
            None => self.text(""),
        }
    }
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
            // Where one value ends and the next begins.
            (
                r#""call":"f","args":["abnnnnnnnnnn"]"#,
                r#""call":"f","args":["ab",null,null,null,null,null,null,null,null,null,null]"#,
            ),
            (
                r#""call":"f","args":["a1:b"]"#,
                r#""call":"f","args":["a","b"]"#,
            ),
            (
                r#""cli":[],"given":{"http":{"u":"s"}}"#,
                r#""cli":[],"given":{"http":{"u":{"status":"s"}}}"#,
            ),
        ] {
            assert_ne!(of(one), of(other), "{one} {other}");
        }
    }
}
