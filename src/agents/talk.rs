//! A conversation as plain values: who says what, which tools may be called, which were, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub role: Speaker,
    pub content: String,
    /// What an Anthropic model said before, block by block, to be sent back unchanged instead of `content`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Value>,
    /// Tools the model called beside what it said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// The call it answers, where a tool speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Answered>,
}

impl Message {
    /// A message of plain text.
    #[must_use]
    pub fn text(role: Speaker, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            ..Self::default()
        }
    }

    /// All of it that a model reads, for an estimate of its tokens.
    #[must_use]
    pub fn weight(&self) -> String {
        let calls: String = self.calls.iter().map(ToolCall::weight).collect();
        format!("{}{calls}", self.content)
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    System,
    #[default]
    User,
    Assistant,
    /// A tool that was called.
    Tool,
}

/// A call of a tool that a model wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The server's name for it, or `call_` and its number.
    pub id: String,
    /// Tool.
    pub name: String,
    /// An object, as the model wrote it; never repaired.
    pub arguments: Value,
}

impl ToolCall {
    /// All of it that a model writes, for an estimate of its tokens.
    #[must_use]
    pub fn weight(&self) -> String {
        format!("{}{}", self.name, self.arguments)
    }
}

/// The call a tool's message belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Of the call.
    pub id: String,
    /// Tool.
    pub name: String,
    /// It did not do what was asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// A tool a model may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// What it is called by.
    pub name: &'static str,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments.
    pub parameters: Value,
}

impl Tool {
    /// One whose arguments are texts that must all be given: name and what it is.
    #[must_use]
    pub fn taking(name: &'static str, description: &str, arguments: &[(&str, &str)]) -> Self {
        let properties = arguments.iter().map(|(argument, what)| {
            let schema = json!({"type": "string", "description": what});
            ((*argument).to_owned(), schema)
        });
        let properties: serde_json::Map<String, Value> = properties.collect();
        let required: Vec<&str> = arguments.iter().map(|(argument, _)| *argument).collect();
        Self {
            name,
            description: description.to_owned(),
            parameters: json!({"type": "object", "properties": properties, "required": required}),
        }
    }
}
