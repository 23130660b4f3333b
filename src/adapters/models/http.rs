//! One turn over HTTP: the request, its timers, the status, and the stream handed to its dialect.

use super::bytes::{Cut, Timed, innermost};
use super::dialect::{self, Framing};
use super::errors::{Again, Report, cut, fail};
use super::gather::Gather;
use super::host::Server;
use super::reader::Reader;
use super::{alive, anthropic, rival};
use crate::factory::ports::model::{Delta, Fault, ModelError, Reply, TurnRequest};
use crate::factory::ports::settings::HostKind;
use crate::text::sanitise::one_line;
use chrono::DateTime;
use futures_util::{Stream, StreamExt};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes of an error body that are read.
const ERROR_BODY: usize = 64 * 1024;
/// How long a finished stream may take to close, so that its connection can serve the next turn.
const CLOSING: Duration = Duration::from_millis(20);
/// Longest wait a server is believed to ask for, seconds.
const LONGEST_WAIT: f64 = 3600.0;

/// Takes a turn; a model that refuses an optional field is asked once more without. A host that dies meanwhile is named.
pub async fn turn(
    server: &Server,
    request: &TurnRequest,
    pieces: &UnboundedSender<Delta>,
) -> Result<Reply, ModelError> {
    let whole = server.settings.whole;
    let before = rival::before(server, &request.model).await;
    let mut reply = tokio::select! {
        biased;
        reply = timeout(whole, tries(server, request, pieces)) => reply.unwrap_or_else(|_| {
            let words = format!("not finished within {} s", whole.as_secs());
            Err(fail(server, Fault::Broken, words))
        }),
        why = alive::dies(server, &request.model, pieces) => {
            let words = format!("it died beside a turn: {why}");
            Err(fail(server, Fault::Unreachable, words))
        }
    };
    if let Ok(reply) = &mut reply {
        rival::after(server, &request.model, before, reply).await;
    }
    if let Err(error) = &reply
        && error.fault == Fault::Memory
        && server.settings.kind == HostKind::Ollama
    {
        server.halve();
    }
    reply
}

async fn tries(
    server: &Server,
    request: &TurnRequest,
    pieces: &UnboundedSender<Delta>,
) -> Result<Reply, ModelError> {
    let bare = server.lacks(&request.model);
    if let Some(reply) = once(server, request, bare, pieces).await? {
        return Ok(reply);
    }
    server.learn(&request.model);
    let reply = once(server, request, true, pieces).await?;
    reply.ok_or_else(|| {
        let words = "it refuses the request in every form";
        fail(server, Fault::Rejected, words)
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
    let dialect = dialect::of(settings.kind);
    let response = send(server, request, bare, asked).await?;
    let status = response.status();
    let json = is_json(&response);
    let again = again(response.headers());
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
        let report = Report::from_body(server, status.as_u16(), again, &body);
        if !bare && report.refuses(dialect.optional) {
            return Ok(None);
        }
        return Err(report.into_error(server, &request.model));
    }
    let mut gather = Gather::new(pieces);
    let reader = Reader::new(dialect, server, &request.model, &mut gather);
    if json && dialect.framing == Framing::Events {
        let (body, end) = body(&mut bytes).await;
        end.map_err(|reason| cut(server, &reason))?;
        reader.whole(&String::from_utf8_lossy(&body))?;
    } else {
        reader.read(&mut bytes).await?;
    }
    let _ = timeout(CLOSING, async {
        while let Some(Ok(_)) = bytes.next().await {}
    })
    .await;
    let reply = gather.finish().map_err(|name| {
        let words = format!("its call of {name} is no JSON object");
        fail(server, Fault::Garbled, words)
    });
    reply.map(Some)
}

/// Sends the request and waits for the head of the answer; Ollama sends none before its first line.
async fn send(
    server: &Server,
    request: &TurnRequest,
    bare: bool,
    asked: Instant,
) -> Result<Response, ModelError> {
    let unreachable = |detail: String| fail(server, Fault::Unreachable, detail);
    let dialect = dialect::of(server.settings.kind);
    let url = server.address(dialect.chat).map_err(unreachable)?;
    let client = server.clients.turns().map_err(unreachable)?;
    let body = (dialect.body)(server, request, bare);
    let mut builder = client.post(&url).json(&body);
    if let Ok(label) = HeaderValue::from_str(&request.label)
        && server.local
    {
        // For whoever reads the server's log: which piece of work this request belongs to.
        builder = builder.header("x-turn-label", label);
    }
    let builder =
        authorised(server, builder).map_err(|words| fail(server, Fault::Refused, words))?;
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

/// Adds the key as its kind of server takes it, and the version Anthropic asks for.
pub fn authorised(server: &Server, builder: RequestBuilder) -> Result<RequestBuilder, String> {
    let anthropic = server.settings.kind == HostKind::Anthropic;
    let builder = match anthropic {
        true => builder.header("anthropic-version", anthropic::VERSION),
        false => builder,
    };
    let Some(key) = &server.settings.key else {
        return Ok(builder);
    };
    let key = key.reveal().trim();
    let (name, value) = match anthropic && !server.settings.bearer {
        true => (header::HeaderName::from_static("x-api-key"), key.to_owned()),
        false => (header::AUTHORIZATION, format!("Bearer {key}")),
    };
    let mut value = HeaderValue::from_str(&value)
        .map_err(|_| "its key holds characters that cannot be sent".to_owned())?;
    value.set_sensitive(true);
    Ok(builder.header(name, value))
}

/// The body as far as it comes, and why it stopped.
pub async fn body<S, B, E>(bytes: &mut Timed<S>) -> (Vec<u8>, Result<(), Cut>)
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

fn again(headers: &HeaderMap) -> Again {
    let helps = match headers.get("x-should-retry").map(HeaderValue::as_bytes) {
        Some(b"true") => Some(true),
        Some(b"false") => Some(false),
        _ => None,
    };
    Again {
        after: retry_after(headers),
        helps,
    }
}

/// Seconds the server asks us to wait, given in milliseconds, in seconds or as a date by its own clock.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    let seconds = match millis {
        Some(millis) => millis / 1000.0,
        None => {
            let value = text("retry-after")?;
            let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
            match value.parse::<f64>() {
                Ok(seconds) => seconds,
                Err(_) => (date(value)? - date(text("date")?)?).num_seconds() as f64,
            }
        }
    };
    (0.0..=LONGEST_WAIT)
        .contains(&seconds)
        .then(|| seconds.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_all_three_forms() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            retry_after(&headers)
        };
        assert_eq!(of(&[("retry-after", "17")]), Some(17));
        assert_eq!(
            of(&[("retry-after-ms", "1500"), ("retry-after", "9")]),
            Some(2)
        );
        let dated = [
            ("retry-after", "Sun, 01 Nov 2026 12:00:30 GMT"),
            ("date", "Sun, 01 Nov 2026 12:00:00 GMT"),
        ];
        assert_eq!(of(&dated), Some(30));
        assert_eq!(of(&[("retry-after", "86400")]), None);
        assert_eq!(of(&[("retry-after", "soon")]), None);
        assert_eq!(of(&[]), None);
    }
}
