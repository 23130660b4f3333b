//! Ollama's own chat API: the request with every limit spelled out, its lines of JSON, and whether it is idle.

use super::dialect::{
    Dialect, Framing, Reading, Step, Without, counted, messages, number, set, small_seed,
    with_tools,
};
use super::errors::{piece, said};
use super::gather::Gather;
use super::host::Server;
use crate::domain::price::Cached;
use crate::factory::ports::model::{Message, ModelError, TurnRequest};
use crate::text::stay::of as keeps;
use chrono::{DateTime, FixedOffset, TimeDelta};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Never `/v1`: it has no way to set the context.
pub const DIALECT: Dialect = Dialect {
    chat: "/api/chat",
    alive: PS,
    framing: Framing::Lines,
    closes: true,
    body,
    take,
    optional: &["does not support thinking", "think value"],
};

/// What a model can do.
pub const SHOW: &str = "/api/show";
/// The models that are loaded.
pub const PS: &str = "/api/ps";

/// Without anything the model was found unable to think.
fn body(server: &Server, request: &TurnRequest, without: &Without) -> Value {
    let bare = without.any();
    let mut options = json!({
        "num_ctx": server.context(&request.model),
        "num_predict": request.max_tokens,
        "temperature": number(request.sampling.temperature),
        "top_p": number(request.sampling.top_p),
        "top_k": request.sampling.top_k,
        "min_p": number(request.sampling.min_p),
    });
    if request.presence_penalty > 0.0 {
        let penalty = json!(number(request.presence_penalty));
        set(&mut options, "presence_penalty", penalty);
    }
    if let Some(seed) = request.seed {
        set(&mut options, "seed", json!(small_seed(seed)));
    }
    let mut body = json!({
        "model": request.model,
        "messages": messages(request, tooled),
        "stream": true,
        "think": think(request, bare),
        "truncate": false,
        "shift": false,
        "keep_alive": keep_alive(&server.settings.keep_alive),
        "options": options,
    });
    if let Some(format) = &request.format {
        set(&mut body, "format", format.clone());
    }
    with_tools(&mut body, request);
    body
}

/// Arguments go back as the object they came as.
fn tooled(message: &Message, said: &mut Value) {
    let calls = message.calls.iter().map(
        |call| json!({"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}),
    );
    let calls: Vec<Value> = calls.collect();
    if !calls.is_empty() {
        set(said, "tool_calls", json!(calls));
    }
    if let Some(answered) = &message.answers {
        set(said, "tool_name", json!(answered.name));
        set(said, "tool_call_id", json!(answered.id));
    }
}

/// gpt-oss knows levels only; everything else takes yes or no.
fn think(request: &TurnRequest, bare: bool) -> Value {
    let wanted = request.think && !bare;
    let name = request.model.rsplit('/').next().unwrap_or_default();
    if name.to_lowercase().starts_with("gpt-oss") && !bare {
        return json!(if wanted { "medium" } else { "low" });
    }
    json!(wanted)
}

/// Seconds go as a number, everything else as a duration.
fn keep_alive(setting: &str) -> Value {
    setting
        .trim()
        .parse::<i64>()
        .map_or_else(|_| json!(setting.trim()), |seconds| json!(seconds))
}

/// Whether `/api/ps` shows the model at all.
pub fn loaded<'a>(ps: &'a Value, model: &str) -> Option<&'a Value> {
    let tagged = format!("{model}:latest");
    ps.get("models")?.as_array()?.iter().find(|entry| {
        let name = entry.get("name").and_then(Value::as_str);
        name.is_some_and(|name| name == model || name == tagged)
    })
}

/// How a model is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Tokens of context it was given; older servers do not say.
    pub context: Option<u32>,
    /// Percent of it on the GPU.
    pub gpu: Option<u8>,
}

/// How `/api/ps` shows the model; None when it is not loaded.
pub fn stay(ps: &Value, model: &str) -> Option<Loaded> {
    let entry = loaded(ps, model)?;
    let number = |field: &str| entry.get(field).and_then(Value::as_u64);
    let share = |size: u64| {
        let on_gpu = u128::from(number("size_vram").unwrap_or(0)) * 100;
        u8::try_from((on_gpu / u128::from(size)).min(100)).ok()
    };
    Some(Loaded {
        context: number("context_length").and_then(|tokens| u32::try_from(tokens).ok()),
        gpu: number("size").filter(|size| *size > 0).and_then(share),
    })
}

/// Whether the model has been let go since a time `ago`: its stay is counted from the end of its last request. `now` is the
/// server's own clock. None: it cannot be told.
pub fn idle(
    ps: &Value,
    model: &str,
    keep: &str,
    now: DateTime<FixedOffset>,
    ago: Duration,
) -> Option<bool> {
    ps.get("models")?;
    let Some(entry) = loaded(ps, model) else {
        return Some(true);
    };
    let keep = TimeDelta::from_std(keeps(keep)?).ok()?;
    let expires = entry.get("expires_at")?.as_str()?;
    let expires = DateTime::parse_from_rfc3339(expires).ok()?;
    let ended = expires.checked_sub_signed(keep)?;
    // The header that tells the server's time has whole seconds.
    let from = now
        .checked_sub_signed(TimeDelta::from_std(ago).ok()?)?
        .checked_sub_signed(TimeDelta::seconds(1))?;
    Some(ended >= from)
}

/// Nanoseconds from which a model was really loaded, not only looked up.
const LOADED: u64 = 1_000_000_000;

#[derive(Deserialize)]
struct Line {
    error: Option<Value>,
    message: Option<Content>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    /// A part of the prompt's count.
    prompt_eval_cached_count: Option<u64>,
    eval_count: Option<u64>,
    eval_duration: Option<u64>,
    /// Nanoseconds; short where the model was there already.
    load_duration: Option<u64>,
}

#[derive(Deserialize)]
struct Content {
    content: Option<String>,
    thinking: Option<String>,
    #[serde(default)]
    tool_calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    id: String,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// One line. Calls stand on a line of their own or on the last one, as the model's template is rendered.
fn take(reading: &Reading<'_>, line: &str, gather: &mut Gather<'_>) -> Result<Step, ModelError> {
    let server = reading.server;
    let line: Line = piece(server, line, "a line of it is not what Ollama sends")?;
    said(server, reading.model, line.error.as_ref())?;
    if let Some(message) = line.message {
        gather.thought(&message.thinking.unwrap_or_default());
        gather.content(&message.content.unwrap_or_default());
        for call in message.tool_calls {
            let function = call.function;
            gather
                .calls
                .whole(&call.id, &function.name, function.arguments);
        }
    }
    if !line.done {
        return Ok(Step::More);
    }
    let reply = &mut gather.reply;
    reply.cut = line.done_reason.as_deref() == Some("length");
    reply.input_tokens = counted(line.prompt_eval_count);
    reply.output_tokens = counted(line.eval_count);
    reply.cached = Cached {
        read: line.prompt_eval_cached_count.unwrap_or(0),
        ..Cached::default()
    };
    reply.tokens_per_second = match (line.eval_count, line.eval_duration) {
        (Some(count), Some(nanos)) if nanos > 0 => Some(count as f64 * 1e9 / nanos as f64),
        _ => None,
    };
    reply.context = Some(server.context(reading.model));
    if let Some(nanos) = line.load_duration.filter(|nanos| *nanos >= LOADED) {
        server
            .queue
            .learn(|known| known.load = Some(nanos / 1_000_000));
    }
    Ok(Step::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_idle_when_its_stay_was_counted_anew() {
        let now = DateTime::parse_from_rfc2822("Sun, 01 Nov 2026 12:00:00 GMT").unwrap();
        let ps = |expires: &str| json!({"models": [{"name": "m:latest", "expires_at": expires}]});
        let look =
            |expires: &str, ago| idle(&ps(expires), "m", "30m", now, Duration::from_secs(ago));
        assert_eq!(look("2026-11-01T12:29:58.5Z", 2), Some(true));
        assert_eq!(look("2026-11-01T13:29:58.5+01:00", 2), Some(true));
        assert_eq!(look("2026-11-01T12:20:00Z", 2), Some(false));
        assert_eq!(look("never", 2), None);
        let gone = json!({"models": []});
        assert_eq!(idle(&gone, "m", "30m", now, Duration::ZERO), Some(true));
        assert_eq!(idle(&json!({}), "m", "30m", now, Duration::ZERO), None);
    }
}
