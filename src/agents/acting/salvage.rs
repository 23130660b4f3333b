//! Calls that a server left in the text, where its own parser did not know the model's form: read by a real JSON parser,
//! and only when nothing follows them.

use crate::agents::talk::ToolCall;
use serde_json::{Deserializer, Map, Value};

/// What may stand around calls and says nothing.
const AROUND: [&str; 11] = [
    "<tool_call>",
    "</tool_call>",
    "</function>",
    "[TOOL_REQUEST]",
    "[END_TOOL_REQUEST]",
    "[TOOL_CALLS]",
    "<|python_tag|>",
    "<|tool_call|>",
    "```tool_call",
    "```json",
    "```",
];
/// Places in a text where calls are looked for, first to last.
const PLACES: usize = 200;

/// The calls a text ends with, if it does.
#[must_use]
pub fn salvage(text: &str) -> Option<Vec<ToolCall>> {
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    let starts = std::iter::once(0).chain(lines);
    let marks = ["<tool_call>", "<function=", "[TOOL_"];
    let inline = marks.iter().flat_map(|mark| text.match_indices(mark));
    let mut places: Vec<usize> = starts.chain(inline.map(|(at, _)| at)).collect();
    places.retain(|at| text.get(*at..).is_some_and(begins));
    places.sort_unstable();
    places.dedup();
    let places = places.into_iter().take(PLACES);
    places
        .filter_map(|at| all(text.get(at..)?))
        .find(|calls| !calls.is_empty())
}

fn begins(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with(['{', '[', '`', '<'])
}

/// Calls and nothing else, up to the end.
fn all(mut rest: &str) -> Option<Vec<ToolCall>> {
    let mut calls = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(calls);
        }
        if let Some(after) = AROUND.iter().find_map(|mark| rest.strip_prefix(mark)) {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("<function=") {
            let (name, arguments, after) = tagged(after)?;
            calls.push(called(calls.len(), name, arguments));
            rest = after;
        } else {
            let (value, after) = json(rest)?;
            let values = match value {
                Value::Array(values) => values,
                value => vec![value],
            };
            for value in values {
                let (name, arguments) = shaped(value)?;
                calls.push(called(calls.len(), name, arguments));
            }
            rest = after;
        }
    }
}

fn called(n: usize, name: String, arguments: Value) -> ToolCall {
    ToolCall {
        id: format!("call_{n}"),
        name,
        arguments,
    }
}

/// One JSON value and what follows it: a brace within a text is no end.
fn json(rest: &str) -> Option<(Value, &str)> {
    let mut values = Deserializer::from_str(rest).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, rest.get(values.byte_offset()..)?))
}

/// A call as an object: its name, and its arguments as an object or as the text of one.
fn shaped(mut value: Value) -> Option<(String, Value)> {
    if let Some(inner) = value.get_mut("function").filter(|inner| inner.is_object()) {
        value = inner.take();
    }
    let name = value.get("name")?.as_str()?.to_owned();
    let arguments = ["arguments", "parameters"]
        .iter()
        .find_map(|field| value.get(*field));
    let arguments = match arguments.cloned() {
        None => Value::Object(Map::new()),
        Some(Value::String(text)) => serde_json::from_str(&text).ok()?,
        Some(value) => value,
    };
    arguments.is_object().then_some((name, arguments))
}

/// `NAME>` and its parameters, each in tags of its own; the tag around it may be missing, the one that ends it too.
fn tagged(rest: &str) -> Option<(String, Value, &str)> {
    let (name, mut rest) = rest.split_once('>')?;
    let mut arguments = Map::new();
    while let Some(after) = rest.trim_start().strip_prefix("<parameter=") {
        let (key, after) = after.split_once('>')?;
        let (value, after) = after.split_once("</parameter>")?;
        let value = value.strip_prefix('\n').unwrap_or(value);
        let value = value.strip_suffix('\n').unwrap_or(value);
        arguments.insert(key.trim().to_owned(), Value::String(value.to_owned()));
        rest = after;
    }
    Some((name.trim().to_owned(), Value::Object(arguments), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(text: &str) -> Option<Vec<(String, Value)>> {
        let calls = salvage(text)?;
        Some(calls.into_iter().map(|c| (c.name, c.arguments)).collect())
    }

    #[test]
    fn calls_in_every_form_are_found_at_the_end() {
        let one = Some(vec![("read".to_owned(), json!({"path": "src/a}.js"}))]);
        for text in [
            "<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": \"src/a}.js\"}}\n</tool_call>",
            "I look first.\n<tool_call>{\"name\":\"read\",\"arguments\":\"{\\\"path\\\":\\\"src/a}.js\\\"}\"}",
            "So: [TOOL_REQUEST]{\"name\":\"read\",\"arguments\":{\"path\":\"src/a}.js\"}}[END_TOOL_REQUEST]",
            "[TOOL_CALLS][{\"name\":\"read\",\"arguments\":{\"path\":\"src/a}.js\"}}]",
            "First:\n```json\n{\"name\":\"read\",\"parameters\":{\"path\":\"src/a}.js\"}}\n```\n",
            "{\"type\":\"function\",\"function\":{\"name\":\"read\",\"arguments\":{\"path\":\"src/a}.js\"}}}",
            "<tool_call>\n<function=read>\n<parameter=path>\nsrc/a}.js\n</parameter>\n</function>\n</tool_call>",
            "Text.\n<function=read>\n<parameter=path>\nsrc/a}.js\n</parameter>\n</function>\n</tool_call>",
        ] {
            assert_eq!(found(text), one, "{text}");
        }
        let two =
            "<tool_call>{\"name\":\"a\"}</tool_call>\n<tool_call>{\"name\":\"b\"}</tool_call>";
        assert_eq!(found(two).unwrap().len(), 2);
    }

    #[test]
    fn what_is_cut_or_followed_by_words_is_no_call() {
        for text in [
            "<tool_call>{\"name\":\"read\",\"arguments\":{\"path\":\"sr",
            "<tool_call>{\"name\":\"read\"}</tool_call> would read it, but I will not.",
            "<function=write>\n<parameter=path>\nsrc/a.js\n",
            "{\"total\": 3}",
            "{\"name\": \"x\", \"arguments\": 3}",
            "",
            "Only words.",
            "```js\nmodule.exports = {};\n```\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
