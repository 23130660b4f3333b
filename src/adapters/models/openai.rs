//! The OpenAI-compatible chat API of LM Studio, llama.cpp, vLLM and others: the request, and its server-sent events.

use super::bytes::{Cut, Timed};
use super::errors::{broken, cut, piece, said};
use super::gather::Gather;
use super::host::Server;
use super::ollama::{number, set, small_seed};
use crate::factory::ports::model::{ModelError, TurnRequest};
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use sse_stream::SseByteStream;
use std::io::Cursor;

/// Where turns go, behind the base that ends in `/v1`.
pub const CHAT: &str = "/chat/completions";

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

/// The body of a turn. `bare`: the server was found to refuse the fields OpenAI itself does not know.
pub fn body(request: &TurnRequest, bare: bool) -> Value {
    let mut body = json!({
        "model": request.model,
        "messages": request.messages,
        "stream": true,
        "max_tokens": request.max_tokens,
        "temperature": number(request.temperature),
        "top_p": number(request.top_p),
    });
    if !bare {
        set(&mut body, "stream_options", json!({"include_usage": true}));
        set(&mut body, "top_k", json!(20));
        set(&mut body, "min_p", json!(0.0));
        let template = json!({"enable_thinking": request.think});
        set(&mut body, "chat_template_kwargs", template);
    }
    if request.presence_penalty > 0.0 {
        let penalty = json!(number(request.presence_penalty));
        set(&mut body, "presence_penalty", penalty);
    }
    if let Some(seed) = request.seed {
        set(&mut body, "seed", json!(small_seed(seed)));
    }
    if let Some(schema) = &request.format {
        let schema = json!({"name": "reply", "strict": true, "schema": schema});
        let format = json!({"type": "json_schema", "json_schema": schema});
        set(&mut body, "response_format", format);
    }
    body
}

#[derive(Deserialize)]
struct Chunk {
    error: Option<Value>,
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct Choice {
    /// A stream has `delta`; a server that ignores `stream` sends one whole `message`.
    #[serde(alias = "message")]
    delta: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    content: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Timings {
    predicted_per_second: Option<f64>,
}

/// Reads events until `[DONE]`, or to a proper end behind a finish reason.
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
    let mut finished = false;
    let mut events = SseByteStream::new(bytes.map_ok(Cursor::new));
    while let Some(event) = events.next().await {
        let event = event.map_err(|error| failure(server, error))?;
        match event.data.as_deref().map(str::trim) {
            Some("[DONE]") if finished => return Ok(()),
            Some("[DONE]") => break,
            Some(data) if !data.is_empty() => finished |= take(server, model, data, gather)?,
            _ => {}
        }
    }
    if finished {
        Ok(())
    } else {
        Err(broken(server, "it ended without a finish reason"))
    }
}

/// A reply in one piece, from a server that does not stream.
pub fn whole(
    server: &Server,
    model: &str,
    body: &str,
    gather: &mut Gather<'_>,
) -> Result<(), ModelError> {
    if take(server, model, body, gather)? {
        Ok(())
    } else {
        Err(broken(server, "it has no finish reason"))
    }
}

/// One event; true when it holds the finish reason.
fn take(
    server: &Server,
    model: &str,
    data: &str,
    gather: &mut Gather<'_>,
) -> Result<bool, ModelError> {
    let chunk: Chunk = piece(server, data, "an event of it is not what such servers send")?;
    said(server, model, chunk.error.as_ref())?;
    if let Some(usage) = chunk.usage {
        gather.reply.input_tokens = usage.prompt_tokens;
        gather.reply.output_tokens = usage.completion_tokens;
    }
    if let Some(timings) = chunk.timings {
        gather.reply.tokens_per_second = timings.predicted_per_second;
    }
    gather.reply.context = server.seen_context();
    let Some(choice) = chunk.choices.into_iter().next() else {
        return Ok(false);
    };
    if let Some(delta) = choice.delta {
        gather.thought(
            &delta
                .reasoning_content
                .or(delta.reasoning)
                .unwrap_or_default(),
        );
        gather.content(&delta.content.unwrap_or_default());
    }
    match choice.finish_reason.as_deref() {
        None | Some("") => Ok(false),
        Some("error" | "abort") => Err(broken(server, "the server gave it up")),
        Some(reason) => {
            gather.reply.cut = matches!(reason, "length" | "max_tokens");
            Ok(true)
        }
    }
}

fn failure(server: &Server, error: sse_stream::Error) -> ModelError {
    match error {
        sse_stream::Error::Body(inner) => match inner.downcast_ref::<Cut>() {
            Some(reason) => cut(server, reason),
            None => broken(server, inner.to_string()),
        },
        other => broken(server, other.to_string()),
    }
}
