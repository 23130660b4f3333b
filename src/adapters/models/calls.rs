//! Tool calls put together from their parts: whole or in pieces, numbered well or badly, arguments as object or text.

use crate::factory::ports::model::ToolCall;
use serde_json::{Map, Value};

/// Calls under way.
#[derive(Default)]
pub struct Calls {
    open: Vec<Call>,
}

struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: Arguments,
}

enum Arguments {
    Whole(Value),
    Text(String),
}

impl Calls {
    /// A call in one piece.
    pub fn whole(&mut self, id: &str, name: &str, arguments: Value) {
        self.open.push(Call {
            index: None,
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: Arguments::Whole(arguments),
        });
    }

    /// A piece of a call. A new id is a new call whatever the index says: some servers number all of them 0.
    pub fn part(&mut self, index: Option<u64>, id: &str, name: &str, arguments: &str) {
        let same = |call: &&mut Call| {
            (id.is_empty() || call.id == id) && (index.is_none() || call.index == index)
        };
        if let Some(call) = self.open.iter_mut().rev().find(same) {
            call.name.push_str(name);
            if let Arguments::Text(text) = &mut call.arguments {
                text.push_str(arguments);
            }
            return;
        }
        self.open.push(Call {
            index,
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: Arguments::Text(arguments.to_owned()),
        });
    }

    /// Characters of all that has come.
    pub fn chars(&self) -> usize {
        let of = |call: &Call| {
            let arguments = match &call.arguments {
                Arguments::Whole(value) => value.to_string().chars().count(),
                Arguments::Text(text) => text.chars().count(),
            };
            call.name.chars().count() + arguments
        };
        self.open.iter().map(of).sum()
    }

    /// The calls, or the name of one whose arguments are no object. What was cut off is not repaired.
    pub fn finish(self) -> Result<Vec<ToolCall>, String> {
        let numbered = self.open.into_iter().enumerate();
        numbered
            .map(|(n, call)| {
                let id = match call.id.as_str() {
                    "" => format!("call_{n}"),
                    id => id.to_owned(),
                };
                match object(call.arguments) {
                    Some(arguments) => Ok(ToolCall {
                        id,
                        name: call.name,
                        arguments,
                    }),
                    None => Err(call.name),
                }
            })
            .collect()
    }
}

/// An object as it is, or out of a text, or out of a text within a text.
fn object(arguments: Arguments) -> Option<Value> {
    let mut value = match arguments {
        Arguments::Whole(value) => value,
        Arguments::Text(text) => Value::String(text),
    };
    for _ in 0..2 {
        let Value::String(text) = &value else { break };
        if text.trim().is_empty() {
            return Some(Value::Object(Map::new()));
        }
        value = serde_json::from_str(text).ok()?;
    }
    value.is_object().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn calls_with_one_number_are_told_apart_by_their_ids() {
        let mut calls = Calls::default();
        calls.part(Some(0), "a", "read", "{\"path\":");
        calls.part(Some(0), "", "", "\"x\"}");
        calls.part(Some(0), "b", "list", "");
        calls.part(None, "", "", "{}");
        calls.whole("", "write", json!("\"{\\\"n\\\":1}\""));
        let calls = calls.finish().unwrap();
        let of: Vec<_> = calls
            .iter()
            .map(|c| (c.id.as_str(), c.name.as_str(), c.arguments.clone()))
            .collect();
        assert_eq!(
            of,
            [
                ("a", "read", json!({"path": "x"})),
                ("b", "list", json!({})),
                ("call_2", "write", json!({"n": 1}))
            ]
        );
    }

    #[test]
    fn arguments_that_were_cut_are_not_repaired() {
        for text in ["{\"path\":\"a", "[1]", "7", "\"x\""] {
            let mut calls = Calls::default();
            calls.part(Some(0), "a", "write", text);
            assert_eq!(calls.finish(), Err("write".to_owned()), "{text}");
        }
    }
}
