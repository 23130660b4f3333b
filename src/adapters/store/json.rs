//! Tolerant reading of JSON that people and other programs write: says line and column, never panics.

use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Deepest nesting read.
const DEPTH: u8 = 64;

/// Reads a document: byte order mark, CRLF and white space are fine; duplicate keys are not.
pub fn value(file: &str, bytes: &[u8]) -> Result<Value, String> {
    let text = text(file, bytes)?;
    let mut de = serde_json::Deserializer::from_str(text);
    let read = Node(0).deserialize(&mut de);
    read.and_then(|v| de.end().map(|()| v))
        .map_err(|e| sentence(file, &e))
}

/// Reads a document into a type, after [`value`] accepted it, so that its mistakes have a place too.
pub fn typed<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, String> {
    serde_json::from_str(text(file, bytes)?).map_err(|e| sentence(file, &e))
}

/// The bytes as text without a byte order mark.
pub fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        format!("{file}, line {line} column {column}: not UTF-8 text; save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A mistake in a key, at the place of that key.
#[must_use]
pub fn placed(file: &str, bytes: &[u8], key: &str, why: &str) -> String {
    format!("{}: {key} {why}", place(file, bytes, key))
}

/// The file, with line and column of the first such word in quotes.
#[must_use]
pub fn place(file: &str, bytes: &[u8], word: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let quoted = Value::String(word.to_owned()).to_string();
    let Some(before) = text.find(&quoted).and_then(|at| text.get(..at)) else {
        return file.to_owned();
    };
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |n| n + 1) + 1;
    format!("{file}, line {line} column {column}")
}

fn sentence(file: &str, error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let whole = error.to_string();
    let what = whole
        .rsplit_once(" at line ")
        .map_or(whole.as_str(), |(w, _)| w);
    if line == 0 {
        return format!("{file}: {what}; correct it");
    }
    format!("{file}, line {line} column {column}: {what}; correct it there")
}

struct Node(u8);

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;
    fn deserialize<D: serde::Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl Node {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        if self.0 >= DEPTH {
            return Err(E::custom(format!("nested deeper than {DEPTH} levels")));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_i64<E: Error>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_u64<E: Error>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_f64<E: Error>(self, v: f64) -> Result<Value, E> {
        Ok(Number::from_f64(v).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E: Error>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(v) = seq.next_element_seed(self.deeper()?)? {
            all.push(v);
        }
        Ok(Value::Array(all))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom(format!(
                    "the key \"{key}\" is there twice"
                )));
            }
            let v = map.next_value_seed(self.deeper()?)?;
            all.insert(key, v);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_editors_leave_are_read() {
        let v = value(
            "f",
            b"\xef\xbb\xbf{\r\n \"a\": [1, -2, 2.5, null, true]\r\n}\r\n",
        )
        .unwrap();
        assert_eq!(v["a"][2], 2.5);
    }

    #[test]
    fn mistakes_name_their_place() {
        let at = |text: &[u8]| value("x.json", text).unwrap_err();
        assert!(at(b"").starts_with("x.json, line 1 column 0: "));
        let twice = at(b"{\n \"a\": 1,\n \"a\": 2}");
        assert!(twice.starts_with("x.json, line 3 column "), "{twice}");
        assert!(twice.contains("\"a\" is there twice"), "{twice}");
        assert!(at(b"{\n // no\n}").starts_with("x.json, line 2 column 2: "));
        assert!(at(b"{}\n\n\xff").starts_with("x.json, line 3 column 1: not UTF-8"));
        let deep = [vec![b'['; 70], vec![b']'; 70]].concat();
        assert!(at(&deep).contains("deeper than 64"));
    }
}
