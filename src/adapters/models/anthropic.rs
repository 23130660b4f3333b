//! Anthropic's Messages API: cached system text, thinking that can be read, no sampling, and its events block by block.

use super::dialect::{Dialect, Framing, Reading, Step, Without, counted, set, unbounded};
use super::errors::{fail, piece, said};
use super::gather::{Block, Gather};
use super::host::Server;
use crate::domain::price::Cached;
use crate::factory::ports::model::{Fault, Message, ModelError, Speaker, TurnRequest};
use serde::Deserialize;
use serde_json::{Value, json};

/// Ids of models are never looked up: what one refuses is left out and remembered.
pub const DIALECT: Dialect = Dialect {
    chat: "/v1/messages",
    alive: MODELS,
    framing: Framing::Events,
    closes: true,
    body,
    take,
    optional: &[
        "thinking",
        "adaptive",
        "effort",
        "output_config",
        "output_config.format",
        "structured output",
    ],
};

/// Those of its words that name the schema of a reply, without which all else can stay.
const FORM: [&str; 2] = ["output_config.format", "structured output"];

/// What it offers; a free request that shows whether the key is taken.
pub const MODELS: &str = "/v1/models";
/// The version of the API spoken here.
pub const VERSION: &str = "2023-06-01";
/// Our own field of a block of thinking, never sent: whose it is.
const OF: &str = "of";
/// Tokens on top for the thinking of models that cannot be kept from it.
const THINKING: u32 = 4096;

/// Without anything but the schema older models are left, which know neither adaptive thinking nor effort.
fn body(_server: &Server, request: &TurnRequest, without: &Without) -> Value {
    let bare = without.any_but(&FORM);
    let (system, rest): (Vec<&Message>, Vec<&Message>) = request
        .messages
        .iter()
        .partition(|message| message.role == Speaker::System);
    let room = if request.think || bare { 0 } else { THINKING };
    let mut body = json!({
        "model": request.model,
        "max_tokens": request.max_tokens + room,
        "stream": true,
        "messages": talk(&rest, &request.model),
    });
    keep_said(&mut body, request);
    let mut system: Vec<Value> = system
        .iter()
        .map(|message| json!({"type": "text", "text": message.content}))
        .collect();
    if let Some(last) = system.last_mut() {
        set(last, "cache_control", json!({"type": "ephemeral"}));
        set(&mut body, "system", json!(system));
    }
    let tools = request.tools.iter().map(|tool| {
        json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
    });
    let tools: Vec<Value> = tools.collect();
    if !tools.is_empty() {
        set(&mut body, "tools", json!(tools));
    }
    if bare {
        return body;
    }
    set(
        &mut body,
        "thinking",
        json!({"type": "adaptive", "display": "summarized"}),
    );
    let effort = if request.think { "medium" } else { "low" };
    let mut output = json!({"effort": effort});
    let schema = request
        .format
        .as_ref()
        .filter(|_| !FORM.iter().any(|word| without.has(word)));
    if let Some(mut schema) = schema.cloned() {
        unbounded(&mut schema);
        let format = json!({"type": "json_schema", "schema": schema});
        set(&mut output, "format", format);
    }
    set(&mut body, "output_config", output);
    body
}

/// Marks the end of a conversation, to be read from the cache when it comes again with the next message.
fn keep_said(body: &mut Value, request: &TurnRequest) {
    if request
        .messages
        .iter()
        .any(|message| message.role == Speaker::Assistant)
        && let Some(messages) = body.pointer_mut("/messages").and_then(Value::as_array_mut)
        && let Some(message) = messages.last_mut()
        && let Some(block) = message
            .pointer_mut("/content")
            .and_then(Value::as_array_mut)
        && let Some(last) = block.last_mut()
    {
        set(last, "cache_control", json!({"type": "ephemeral"}));
    }
}

/// What was said, message by message; results of tools that follow each other are one message.
fn talk(messages: &[&Message], model: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut open = false;
    for message in messages {
        let Some(answered) = &message.answers else {
            all.push(said_before(message, model));
            open = false;
            continue;
        };
        let mut result =
            json!({"type": "tool_result", "tool_use_id": answered.id, "content": message.content});
        if answered.failed {
            set(&mut result, "is_error", json!(true));
        }
        let last = all.last_mut().filter(|_| open);
        match last.and_then(|last| last.get_mut("content")?.as_array_mut()) {
            Some(results) => results.push(result),
            None => all.push(json!({"role": "user", "content": [result]})),
        }
        open = true;
    }
    all
}

/// A model's own words go back block by block, unchanged: its thinking is signed, and worth nothing to another model.
fn said_before(message: &Message, model: &str) -> Value {
    let own = |block: &&Value| block.get(OF).is_none_or(|of| of == model);
    let mut blocks: Vec<Value> = message.blocks.iter().filter(own).cloned().collect();
    for block in blocks.iter_mut().filter_map(Value::as_object_mut) {
        block.shift_remove(OF);
    }
    if blocks.is_empty() {
        blocks.push(json!({"type": "text", "text": message.content}));
    }
    json!({"role": message.role, "content": blocks})
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    error: Option<Value>,
    message: Option<Begun>,
    index: Option<u64>,
    content_block: Option<Value>,
    delta: Option<Value>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Begun {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<Creation>,
}

#[derive(Deserialize)]
struct Creation {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

/// One event; kinds of events and blocks that are not known are passed over.
fn take(reading: &Reading<'_>, data: &str, gather: &mut Gather<'_>) -> Result<Step, ModelError> {
    let server = reading.server;
    let event: Event = piece(server, data, "an event of it is not what Anthropic sends")?;
    match event.kind.as_str() {
        "error" => said(server, reading.model, event.error.as_ref())?,
        "message_start" => count(gather, event.message.and_then(|begun| begun.usage)),
        "content_block_start" => begin(reading.model, gather, event.index, event.content_block),
        "content_block_delta" => {
            if let (Some(index), Some(delta)) = (event.index, event.delta) {
                add(gather, index, &delta);
            }
        }
        "content_block_stop" => close(gather, event.index),
        "message_delta" => {
            count(gather, event.usage);
            if let Some(delta) = event.delta {
                return stopped(server, gather, &delta);
            }
        }
        "message_stop" => return Ok(Step::Last),
        _ => {}
    }
    Ok(Step::More)
}

fn begin(model: &str, gather: &mut Gather<'_>, index: Option<u64>, block: Option<Value>) {
    let (Some(index), Some(mut value)) = (index, block) else {
        return;
    };
    if text(&value, "type").ends_with("thinking") {
        set(&mut value, OF, json!(model));
    }
    gather.content(text(&value, "text"));
    gather.thought(text(&value, "thinking"));
    let json = String::new();
    gather.blocks.insert(index, Block { value, json });
}

fn add(gather: &mut Gather<'_>, index: u64, delta: &Value) {
    gather.content(text(delta, "text"));
    gather.thought(text(delta, "thinking"));
    let Some(block) = gather.blocks.get_mut(&index) else {
        return;
    };
    block.json.push_str(text(delta, "partial_json"));
    for field in ["text", "thinking", "signature"] {
        let more = text(delta, field);
        if !more.is_empty() {
            let whole = format!("{}{more}", text(&block.value, field));
            set(&mut block.value, field, json!(whole));
        }
    }
}

/// The arguments of a call are a text until its block ends.
fn close(gather: &mut Gather<'_>, index: Option<u64>) {
    let Some(block) = index.and_then(|index| gather.blocks.get_mut(&index)) else {
        return;
    };
    if text(&block.value, "type") != "tool_use" {
        return;
    }
    let input = match block.json.trim() {
        "" => json!({}),
        // A call that the token limit cuts ends here too, so it is judged when the reply has ended.
        json => serde_json::from_str(json).unwrap_or_else(|_| json!(json)),
    };
    set(&mut block.value, "input", input.clone());
    let (id, name) = (text(&block.value, "id"), text(&block.value, "name"));
    gather.calls.whole(id, name, input);
}

fn stopped(server: &Server, gather: &mut Gather<'_>, delta: &Value) -> Result<Step, ModelError> {
    match text(delta, "stop_reason") {
        "" => Ok(Step::More),
        "refusal" => {
            let why = delta.pointer("/stop_details/explanation");
            let why = why.and_then(Value::as_str).unwrap_or("no reason given");
            Err(fail(server, Fault::Declined, why))
        }
        "pause_turn" => Err(fail(server, Fault::Unfinished, "it paused in mid turn")),
        reason => {
            gather.reply.cut = matches!(reason, "max_tokens" | "model_context_window_exceeded");
            Ok(Step::Ended)
        }
    }
}

/// Counts are of the whole reply so far; tokens of the cache are not among `input_tokens`.
fn count(gather: &mut Gather<'_>, usage: Option<Usage>) {
    let Some(usage) = usage else { return };
    let reply = &mut gather.reply;
    let before = reply.cached;
    let of_cache = |cached: Cached| cached.read + cached.write_5m + cached.write_1h;
    let known = reply
        .input_tokens
        .map(|all| all.saturating_sub(of_cache(before)));
    let split = usage.cache_creation.as_ref();
    let hour = split.and_then(|split| split.ephemeral_1h_input_tokens);
    let hour = hour.unwrap_or(before.write_1h);
    let five = split.and_then(|split| split.ephemeral_5m_input_tokens);
    let written = usage.cache_creation_input_tokens;
    let five = five.or(written.map(|written| written.saturating_sub(hour)));
    reply.cached = Cached {
        read: usage.cache_read_input_tokens.unwrap_or(before.read),
        write_5m: five.unwrap_or(before.write_5m),
        write_1h: hour,
    };
    // Each figure holds until it is told anew: the last event need not repeat those of the first.
    if let Some(fresh) = usage.input_tokens.or(known) {
        reply.input_tokens = counted(Some(fresh + of_cache(reply.cached)));
    }
    reply.output_tokens = counted(usage.output_tokens).or(reply.output_tokens);
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
