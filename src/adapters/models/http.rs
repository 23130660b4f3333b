//! One turn over HTTP: the request, its timers, the status, and the stream handed to its dialect.

use super::bytes::{Timed, innermost};
use super::errors::{Report, broken, cut};
use super::gather::Gather;
use super::host::Server;
use super::{ollama, openai};
use crate::factory::ports::model::{Delta, ModelError, Reply, TurnRequest};
use crate::factory::ports::settings::HostKind;
use crate::text::sanitise::one_line;
use futures_util::{Stream, StreamExt};
use reqwest::{Response, StatusCode, header};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes of an error body that are read.
const ERROR_BODY: usize = 64 * 1024;
/// How long a finished stream may take to close, so that its connection can serve the next turn.
const CLOSING: Duration = Duration::from_millis(20);

/// Takes a turn; a model that refuses an optional field is asked once more without.
pub async fn turn(
    server: &Server,
    request: &TurnRequest,
    pieces: &UnboundedSender<Delta>,
) -> Result<Reply, ModelError> {
    let whole = server.settings.whole;
    let tries = async {
        let bare = server.lacks(&request.model);
        match once(server, request, bare, pieces).await? {
            Some(reply) => Ok(reply),
            None => {
                server.learn(&request.model);
                let reply = once(server, request, true, pieces).await?;
                reply.ok_or_else(|| broken(server, "it refuses the request in every form"))
            }
        }
    };
    timeout(whole, tries).await.unwrap_or_else(|_| {
        Err(broken(
            server,
            format!("not finished within {} s", whole.as_secs()),
        ))
    })
}

/// One request. None: the server refuses a field that can be left out.
async fn once(
    server: &Server,
    request: &TurnRequest,
    bare: bool,
    pieces: &UnboundedSender<Delta>,
) -> Result<Option<Reply>, ModelError> {
    let asked = Instant::now();
    let settings = &server.settings;
    let response = send(server, request, bare, asked).await?;
    let status = response.status();
    let json = is_json(&response);
    let retry_after = retry_after(&response);
    let limit = if status.is_success() {
        settings.max_bytes
    } else {
        ERROR_BODY
    };
    let mut bytes = Timed::new(
        response.bytes_stream(),
        asked,
        settings.first_byte,
        settings.idle,
        limit,
    );
    if !status.is_success() {
        let body = String::from_utf8_lossy(&body(&mut bytes).await.0).into_owned();
        let report = Report::from_body(server, status.as_u16(), retry_after, &body);
        if !bare && report.refuses_option(settings.kind) {
            return Ok(None);
        }
        return Err(report.into_error(server, &request.model));
    }
    let mut gather = Gather::new(pieces);
    match settings.kind {
        HostKind::OpenAi if json => {
            let (body, end) = body(&mut bytes).await;
            end.map_err(|reason| cut(server, &reason))?;
            openai::whole(
                server,
                &request.model,
                &String::from_utf8_lossy(&body),
                &mut gather,
            )?;
        }
        HostKind::OpenAi => openai::read(server, &request.model, &mut bytes, &mut gather).await?,
        _ => ollama::read(server, &request.model, &mut bytes, &mut gather).await?,
    }
    let _ = timeout(CLOSING, async {
        while let Some(Ok(_)) = bytes.next().await {}
    })
    .await;
    let mut reply = gather.finish();
    reply.local = server.local;
    reply.usd = Some(0.0);
    Ok(Some(reply))
}

/// Sends the request and waits for the head of the answer; Ollama sends none before its first line.
async fn send(
    server: &Server,
    request: &TurnRequest,
    bare: bool,
    asked: Instant,
) -> Result<Response, ModelError> {
    let host = || server.name.clone();
    let unreachable = |detail| ModelError::Unreachable {
        host: host(),
        detail,
    };
    let (path, body) = match server.settings.kind {
        HostKind::OpenAi => (openai::CHAT, openai::body(request, bare)),
        _ => (ollama::CHAT, ollama::body(server, request, bare)),
    };
    let url = server.address(path).map_err(unreachable)?;
    let client = server.clients.turns().map_err(unreachable)?;
    let mut builder = client.post(&url).json(&body);
    if let Ok(label) = header::HeaderValue::from_str(&request.label) {
        // For whoever reads the server's log: which piece of work this request belongs to.
        builder = builder.header("x-turn-label", label);
    }
    if let Some(key) = &server.settings.key {
        let mut value = header::HeaderValue::from_str(&format!("Bearer {}", key.reveal().trim()))
            .map_err(|_| ModelError::Refused {
            host: host(),
            detail: "its key holds characters that cannot be sent".to_owned(),
        })?;
        value.set_sensitive(true);
        builder = builder.header(header::AUTHORIZATION, value);
    }
    let wait = server.settings.first_byte;
    match timeout_at(asked + wait, builder.send()).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(unreachable(format!(
            "{url}: {}",
            one_line(&innermost(&error), 200)
        ))),
        Err(_) => Err(unreachable(format!(
            "{url}: no answer within {} s",
            wait.as_secs()
        ))),
    }
}

/// The body as far as it comes, and why it stopped.
pub async fn body<S, B, E>(bytes: &mut Timed<S>) -> (Vec<u8>, Result<(), super::bytes::Cut>)
where
    S: Stream<Item = Result<B, E>>,
    B: AsRef<[u8]>,
    E: std::error::Error,
{
    let mut all = Vec::new();
    while let Some(chunk) = bytes.next().await {
        match chunk {
            Ok(chunk) => all.extend_from_slice(chunk.as_ref()),
            Err(reason) => return (all, Err(reason)),
        }
    }
    (all, Ok(()))
}

fn is_json(response: &Response) -> bool {
    let value = response.headers().get(header::CONTENT_TYPE);
    value
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"))
}

/// Seconds the server asks us to wait; more than an hour is not believed.
fn retry_after(response: &Response) -> Option<u64> {
    if response.status() == StatusCode::OK {
        return None;
    }
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    value
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|s| (0.0..=3600.0).contains(s))
        .map(|s| s.ceil() as u64)
}
