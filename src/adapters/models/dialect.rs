//! A dialect: how one kind of server is asked, how its stream is read, and what it does not mind missing.

use super::gather::Gather;
use super::host::Server;
use super::{anthropic, llamacpp, lmstudio, ollama, openai, vllm};
use crate::factory::ports::model::{Message, ModelError, TurnRequest};
use crate::factory::ports::settings::HostKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What one kind of server speaks.
pub struct Dialect {
    /// Path of turns, behind the base address.
    pub chat: &'static str,
    /// Path of a GET that costs nothing, asked beside a turn.
    pub alive: &'static str,
    /// How its stream is cut into pieces.
    pub framing: Framing,
    /// The body of a turn, without what the server was found to refuse.
    pub body: fn(&Server, &TurnRequest, &Without) -> Value,
    /// Its stream always says that nothing follows; an end without that is none.
    pub closes: bool,
    /// Reads one piece.
    pub take: fn(&Reading<'_>, &str, &mut Gather<'_>) -> Result<Step, ModelError>,
    /// Words in a refusal that name what can be left out.
    pub optional: &'static [&'static str],
}

/// Words of refusals so far that name what is left out of requests for a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Without(BTreeSet<&'static str>);

impl Without {
    /// Something is left out.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// This one is.
    pub fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }

    /// Something else than these is.
    pub fn any_but(&self, words: &[&str]) -> bool {
        self.0.iter().any(|word| !words.contains(word))
    }

    /// Leaves more out.
    pub fn add(&mut self, words: Vec<&'static str>) {
        self.0.extend(words);
    }
}

/// How a stream is cut into pieces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// A JSON object a line.
    Lines,
    /// Server-sent events.
    Events,
}

/// Whose stream is read.
pub struct Reading<'a> {
    /// The host.
    pub server: &'a Server,
    /// The model asked.
    pub model: &'a str,
}

/// Where a piece leaves a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// In the midst.
    More,
    /// The answer has ended properly; figures may follow.
    Ended,
    /// Nothing follows.
    Last,
    /// The answer has ended properly and nothing follows.
    Whole,
}

/// The dialect of a kind.
pub fn of(kind: HostKind) -> &'static Dialect {
    match kind {
        HostKind::Ollama => &ollama::DIALECT,
        HostKind::LmStudio => &lmstudio::DIALECT,
        HostKind::LlamaCpp => &llamacpp::DIALECT,
        HostKind::Vllm => &vllm::DIALECT,
        HostKind::OpenAi | HostKind::Scripted => &openai::DIALECT,
        HostKind::Anthropic => &anthropic::DIALECT,
    }
}

/// Adds a field to an object.
pub fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// The messages as role and plain text; `tooled` adds calls of tools, and whose answer a message is.
pub fn messages(request: &TurnRequest, tooled: fn(&Message, &mut Value)) -> Value {
    let messages = request.messages.iter();
    messages
        .map(|message| {
            let mut said = json!({"role": message.role, "content": message.content});
            tooled(message, &mut said);
            said
        })
        .collect()
}

/// Adds the tools that may be called, as Ollama and OpenAI take them.
pub fn with_tools(body: &mut Value, request: &TurnRequest) {
    let tools = request.tools.iter().map(|tool| {
        json!({"type": "function", "function": {"name": tool.name, "description": tool.description,
            "parameters": tool.parameters}})
    });
    let tools: Vec<Value> = tools.collect();
    if !tools.is_empty() {
        set(body, "tools", json!(tools));
    }
}

/// Takes bounds of length out of a schema: vendors' own services refuse one that has any.
pub fn unbounded(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|word, _| word != "maxLength");
            fields.values_mut().for_each(unbounded);
        }
        Value::Array(parts) => parts.iter_mut().for_each(unbounded),
        _ => {}
    }
}

/// A setting such as 0.7 as it was written, not as the nearest f32.
pub fn number(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

/// Within what every server's seed can hold.
pub fn small_seed(seed: u64) -> u64 {
    seed & 0x7fff_ffff
}

/// A count that says something: servers that do not count say 0.
pub fn counted(count: Option<u64>) -> Option<u64> {
    count.filter(|count| *count > 0)
}
