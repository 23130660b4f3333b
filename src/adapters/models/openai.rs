//! The chat API of OpenAI: the plain request, and the server-sent events that LM Studio, llama.cpp and vLLM send as well.

use super::dialect::{
    Dialect, Framing, Reading, Step, Without, counted, messages, number, set, small_seed,
    unbounded, with_tools,
};
use super::errors::{fail, piece, said};
use super::gather::Gather;
use super::host::Server;
use crate::domain::price::Cached;
use crate::factory::ports::model::{Fault, Message, ModelError, TurnRequest};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// OpenAI itself, and any server that only says it is like it.
pub const DIALECT: Dialect = Dialect {
    chat: CHAT,
    alive: MODELS,
    framing: Framing::Events,
    closes: false,
    body,
    take,
    optional: &[
        "max_tokens",
        "temperature",
        "top_p",
        "presence_penalty",
        "seed",
        "stream_options",
        "response_format",
    ],
};

/// Where turns go, behind the base that ends in `/v1`.
pub const CHAT: &str = "/chat/completions";
/// What it offers.
pub const MODELS: &str = "/models";

/// The base address, ending in its version.
pub fn base(url: &str) -> String {
    let versioned = url.rsplit_once("/v").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    if versioned {
        url.to_owned()
    } else {
        format!("{url}/v1")
    }
}

/// Models that think take no sampling, and all newer ones call the limit by its newer name.
fn body(_server: &Server, request: &TurnRequest, without: &Without) -> Value {
    let mut body = with_format(plain(request), request);
    if let Some(format) = body.get_mut("response_format") {
        unbounded(format);
    }
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|field, _| !without.has(field));
    }
    if without.has("max_tokens") {
        set(
            &mut body,
            "max_completion_tokens",
            json!(request.max_tokens),
        );
    }
    body
}

/// The fields every such server knows.
pub fn plain(request: &TurnRequest) -> Value {
    let mut body = json!({
        "model": request.model,
        "messages": messages(request, tooled),
        "stream": true,
        "stream_options": {"include_usage": true},
        "max_tokens": request.max_tokens,
        "temperature": number(request.sampling.temperature),
        "top_p": number(request.sampling.top_p),
    });
    if request.presence_penalty > 0.0 {
        let penalty = json!(number(request.presence_penalty));
        set(&mut body, "presence_penalty", penalty);
    }
    if let Some(seed) = request.seed {
        set(&mut body, "seed", json!(small_seed(seed)));
    }
    body
}

/// Arguments go back as the text they came as.
fn tooled(message: &Message, said: &mut Value) {
    let calls = message.calls.iter().map(|call| {
        let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
        json!({"id": call.id, "type": "function", "function": function})
    });
    let calls: Vec<Value> = calls.collect();
    if !calls.is_empty() {
        set(said, "tool_calls", json!(calls));
    }
    if let Some(answered) = &message.answers {
        set(said, "tool_call_id", json!(answered.id));
    }
}

/// Offers the tools and holds the reply to the schema, where there are any.
pub fn with_format(mut body: Value, request: &TurnRequest) -> Value {
    with_tools(&mut body, request);
    if let Some(schema) = &request.format {
        let schema = json!({"name": "reply", "strict": true, "schema": schema});
        let format = json!({"type": "json_schema", "json_schema": schema});
        set(&mut body, "response_format", format);
    }
    body
}

/// A text of an event, copied only where it has escapes.
#[derive(Default, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Chunk<'a> {
    error: Option<Value>,
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
    usage: Option<Usage>,
    timings: Option<Timings>,
    prompt_progress: Option<Progress>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    /// A stream has `delta`; a server that ignores `stream` sends one whole `message`.
    #[serde(alias = "message", borrow)]
    delta: Option<Content<'a>>,
    #[serde(borrow)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow)]
    reasoning: Option<Text<'a>>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    index: Option<u64>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u64>,
}

/// llama.cpp's, which come even when nobody asked for usage.
#[derive(Deserialize)]
struct Timings {
    cache_n: Option<u64>,
    prompt_n: Option<u64>,
    predicted_n: Option<u64>,
    predicted_per_second: Option<f64>,
}

#[derive(Deserialize)]
struct Progress {
    total: u64,
    processed: u64,
}

/// One event.
pub fn take(
    reading: &Reading<'_>,
    data: &str,
    gather: &mut Gather<'_>,
) -> Result<Step, ModelError> {
    if data == "[DONE]" {
        return Ok(Step::Last);
    }
    let server = reading.server;
    let chunk: Chunk<'_> = piece(server, data, "an event of it is not what such servers send")?;
    said(server, reading.model, chunk.error.as_ref())?;
    figures(gather, chunk.usage, chunk.timings);
    if let Some(progress) = chunk.prompt_progress.filter(|p| p.processed < p.total) {
        gather.note(format!(
            "{} has read {} of {} tokens",
            server.name, progress.processed, progress.total
        ));
    }
    let Some(choice) = chunk.choices.into_iter().next() else {
        return Ok(Step::More);
    };
    if let Some(delta) = choice.delta {
        let reasoning = delta.reasoning_content.or(delta.reasoning);
        gather.thought(&reasoning.unwrap_or_default().0);
        gather.content(&delta.content.unwrap_or_default().0);
        for call in delta.tool_calls.unwrap_or_default() {
            part(gather, call);
        }
    }
    match choice
        .finish_reason
        .as_ref()
        .map(|reason| reason.0.as_ref())
    {
        None | Some("") => Ok(Step::More),
        Some("error" | "abort") => Err(fail(server, Fault::Server, "the server gave it up")),
        Some("content_filter") => Err(fail(server, Fault::Declined, "its filter stopped it")),
        Some(reason) => {
            gather.reply.context = server.seen_context(reading.model);
            gather.reply.cut = matches!(reason, "length" | "max_tokens");
            Ok(Step::Ended)
        }
    }
}

fn part(gather: &mut Gather<'_>, call: Call) {
    let id = call.id.unwrap_or_default();
    let (name, arguments) = match call.function {
        Some(function) => (function.name.unwrap_or_default(), function.arguments),
        None => (String::new(), None),
    };
    match arguments {
        Some(whole @ Value::Object(_)) => gather.calls.whole(&id, &name, whole),
        Some(Value::String(text)) => gather.calls.part(call.index, &id, &name, &text),
        _ => gather.calls.part(call.index, &id, &name, ""),
    }
}

fn figures(gather: &mut Gather<'_>, usage: Option<Usage>, timings: Option<Timings>) {
    let reply = &mut gather.reply;
    if let Some(timings) = timings {
        // With every token if asked for: the newest counts.
        reply.tokens_per_second = timings.predicted_per_second.filter(|speed| *speed > 0.0);
        let cached = timings.cache_n.unwrap_or(0);
        let read = counted(timings.prompt_n.map(|fresh| fresh + cached));
        reply.input_tokens = read.or(reply.input_tokens);
        reply.output_tokens = counted(timings.predicted_n).or(reply.output_tokens);
        reply.cached.read = cached;
    }
    if let Some(usage) = usage {
        reply.input_tokens = counted(usage.prompt_tokens);
        reply.output_tokens = counted(usage.completion_tokens);
        let details = usage.prompt_tokens_details.and_then(|d| d.cached_tokens);
        reply.cached = Cached {
            read: details.unwrap_or(reply.cached.read),
            ..Cached::default()
        };
    }
}
