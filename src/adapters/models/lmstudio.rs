//! LM Studio: OpenAI's API with a time to live for models it loads on demand, and a list that tells their context.

use super::dialect::{Dialect, Framing, Without, number, set};
use super::host::Server;
use super::openai;
use crate::factory::ports::model::TurnRequest;
use crate::text::stay::of as keeps;
use serde_json::{Value, json};

/// Thinking and context are chosen where the model is loaded, not by a request.
pub const DIALECT: Dialect = Dialect {
    chat: openai::CHAT,
    alive: openai::MODELS,
    framing: Framing::Events,
    closes: false,
    body,
    take: openai::take,
    optional: &["ttl", "top_k", "min_p"],
};

/// Its own lists of models, newer and older, beside the base.
pub const LISTS: [&str; 2] = ["/api/v1/models", "/api/v0/models"];

fn body(server: &Server, request: &TurnRequest, without: &Without) -> Value {
    let bare = without.any();
    let mut body = openai::plain(request);
    if !bare {
        set(&mut body, "top_k", json!(request.sampling.top_k));
        set(&mut body, "min_p", json!(number(request.sampling.min_p)));
        if let Some(keep) = keeps(&server.settings.keep_alive) {
            set(&mut body, "ttl", json!(keep.as_secs().max(1)));
        }
    }
    openai::with_format(body, request)
}

/// How a person has it load a model with so much context.
pub fn load(model: &str, context: u32) -> String {
    format!("run `lms load {model} --context-length {context}` there")
}

/// Models of one of its lists, each with the context it is loaded with; None when this is no such list.
pub fn models(list: &Value) -> Option<Vec<(String, Option<u64>)>> {
    if let Some(entries) = list.get("models").and_then(Value::as_array) {
        let keyed = |entry: &Value| {
            let name = entry.get("key")?.as_str()?.to_owned();
            let context = entry.pointer("/loaded_instances/0/config/context_length");
            Some((name, context.and_then(Value::as_u64)))
        };
        return entries.iter().map(keyed).collect();
    }
    let entries = list.get("data")?.as_array()?;
    let stated = |entry: &Value| {
        entry.get("state")?.as_str()?;
        let name = entry.get("id")?.as_str()?.to_owned();
        let context = entry.get("loaded_context_length");
        Some((name, context.and_then(Value::as_u64)))
    };
    entries.iter().map(stated).collect()
}
