//! Ollama's own chat API: the request with every limit spelled out, and its lines of JSON.

use super::bytes::Timed;
use super::errors::{broken, cut, piece, said};
use super::gather::Gather;
use super::host::Server;
use super::lines::Lines;
use crate::factory::ports::model::{ModelError, TurnRequest};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where turns go.
pub const CHAT: &str = "/api/chat";

/// The body of a turn. `bare`: the model was found unable to think.
pub fn body(server: &Server, request: &TurnRequest, bare: bool) -> Value {
    let mut options = json!({
        "num_ctx": server.settings.num_ctx,
        "num_predict": request.max_tokens,
        "temperature": number(request.temperature),
        "top_p": number(request.top_p),
        "top_k": 20,
        "min_p": 0.0,
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
        "messages": request.messages,
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
    body
}

/// Adds a field to an object.
pub fn set(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// gpt-oss knows levels only; everything else takes yes or no.
fn think(request: &TurnRequest, bare: bool) -> Value {
    let wanted = request.think && !bare;
    if request.model.starts_with("gpt-oss") && !bare {
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

/// A setting such as 0.7 as it was written, not as the nearest f32.
pub fn number(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

/// Within what every server's seed can hold.
pub fn small_seed(seed: u64) -> u64 {
    seed & 0x7fff_ffff
}

#[derive(Deserialize)]
struct Line {
    error: Option<Value>,
    message: Option<Content>,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    eval_duration: Option<u64>,
}

#[derive(Deserialize)]
struct Content {
    content: Option<String>,
    thinking: Option<String>,
}

/// Reads lines until the one that says done.
pub async fn read<S, B, E>(
    server: &Server,
    model: &str,
    bytes: &mut Timed<S>,
    gather: &mut Gather<'_>,
) -> Result<(), ModelError>
where
    S: Stream<Item = Result<B, E>>,
    B: AsRef<[u8]>,
    E: std::error::Error,
{
    let mut lines = Lines::default();
    while let Some(chunk) = bytes.next().await {
        lines.push(chunk.map_err(|reason| cut(server, &reason))?.as_ref());
        while let Some(line) = lines.next_line() {
            if take(server, model, &line, gather)? {
                return Ok(());
            }
        }
    }
    match lines.rest() {
        Some(line) if take(server, model, &line, gather)? => Ok(()),
        // Ollama ends like this, without a word, when a model repeats one token more than 30 times.
        _ => Err(broken(server, "it ended without its last line")),
    }
}

/// One line; true when it was the last.
fn take(
    server: &Server,
    model: &str,
    line: &str,
    gather: &mut Gather<'_>,
) -> Result<bool, ModelError> {
    let line: Line = piece(server, line, "a line of it is not what Ollama sends")?;
    said(server, model, line.error.as_ref())?;
    if let Some(message) = line.message {
        gather.thought(&message.thinking.unwrap_or_default());
        gather.content(&message.content.unwrap_or_default());
    }
    if line.done {
        let reply = &mut gather.reply;
        reply.cut = line.done_reason.as_deref() == Some("length");
        reply.input_tokens = line.prompt_eval_count;
        reply.output_tokens = line.eval_count;
        reply.tokens_per_second = match (line.eval_count, line.eval_duration) {
            (Some(count), Some(nanos)) if nanos > 0 => Some(count as f64 * 1e9 / nanos as f64),
            _ => None,
        };
        reply.context = Some(server.settings.num_ctx);
    }
    Ok(line.done)
}
