//! One turn over HTTP: the request, its timers, the status, and the stream handed to its dialect.

use super::bytes::{Cut, Timed, innermost};
use super::dialect::{self, Framing, Without};
use super::errors::{Again, Report, cut, fail};
use super::flow::flow;
use super::gather::Gather;
use super::host::Server;
use super::reader::Reader;
use super::{alive, anthropic, probe, rival};
use crate::factory::ports::model::{Delta, Fault, ModelError, Reply, TurnRequest};
use crate::factory::ports::settings::HostKind;
use crate::text::sanitise::one_line;
use chrono::DateTime;
use futures_util::{Stream, StreamExt};
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, Response};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, timeout, timeout_at};

/// Bytes of an error body that are read.
const ERROR_BODY: usize = 64 * 1024;
/// How long a finished stream may take to close, so that its connection can serve the next turn.
const CLOSING: Duration = Duration::from_millis(20);
/// Longest wait a server is believed to ask for, seconds.
const LONGEST_WAIT: f64 = 3600.0;

/// Takes a turn; a model that refuses optional fields is asked again without them. A host that dies meanwhile is named.
pub async fn turn(
    server: &Server,
    request: &TurnRequest,
    pieces: &UnboundedSender<Delta>,
) -> Result<Reply, ModelError> {
    let whole = server.settings.whole;
    let before = rival::before(server, &request.model).await;
    let heard = AtomicUsize::new(0);
    let mut reply = tokio::select! {
        biased;
        reply = timeout(whole, tries(server, request, pieces, &heard)) => reply.unwrap_or_else(|_| {
            let words = format!("not finished within {} s", whole.as_secs());
            Err(fail(server, Fault::TooLong, words))
        }),
        why = alive::dies(server, &request.model, pieces, &heard) => {
            let words = format!("it died beside a turn: {why}");
            Err(fail(server, Fault::Lost, words))
        }
    };
    if let Ok(reply) = &mut reply {
        rival::after(server, &request.model, before, reply).await;
        if server.settings.kind == HostKind::LmStudio {
            // It may have been loaded for this turn, or anew, with a context that is not of our choice.
            probe::window(server, &request.model).await;
        }
    }
    if let Err(error) = &mut reply
        && matches!(error.fault, Fault::Server | Fault::Runner)
        && let Some(way) = probe::gone(server, &request.model).await
    {
        // Its model was unloaded or removed: no second try brings it back.
        *error = ModelError {
            spent: std::mem::take(&mut error.spent),
            ..fail(server, Fault::Missing, format!("{}; {way}", request.model))
        };
    }
    if let Err(error) = &reply
        && error.fault == Fault::Memory
        && server.settings.kind == HostKind::Ollama
    {
        server.halve(&request.model);
    }
    reply
}

async fn tries(
    server: &Server,
    request: &TurnRequest,
    pieces: &UnboundedSender<Delta>,
    heard: &AtomicUsize,
) -> Result<Reply, ModelError> {
    let known = server.without(&request.model);
    let mut without = known.clone();
    // Ends: what is refused is always something more.
    loop {
        match once(server, request, &without, pieces, heard).await? {
            Answered::Refused(words) => without.add(words),
            Answered::Reply(reply) => {
                if without != known {
                    server.learn(&request.model, without);
                }
                return Ok(*reply);
            }
        }
    }
}

/// What one request led to.
enum Answered {
    Reply(Box<Reply>),
    /// The server minds what these words name, which can be left out.
    Refused(Vec<&'static str>),
}

/// The longest silence within a reply. Ollama sends a call in one piece and nothing while it is written, which takes as long
/// as a prompt is read.
fn silence(server: &Server, request: &TurnRequest) -> Duration {
    let settings = &server.settings;
    match settings.kind == HostKind::Ollama && !request.tools.is_empty() {
        true => settings.idle.max(settings.first_byte),
        false => settings.idle,
    }
}

async fn once(
    server: &Server,
    request: &TurnRequest,
    without: &Without,
    pieces: &UnboundedSender<Delta>,
    heard: &AtomicUsize,
) -> Result<Answered, ModelError> {
    let asked = Instant::now();
    let settings = &server.settings;
    let dialect = dialect::of(settings.kind);
    let response = send(server, request, without, asked).await?;
    let status = response.status();
    let json = is_json(&response);
    let again = again(response.headers());
    let limit = if status.is_success() {
        settings.max_bytes
    } else {
        ERROR_BODY
    };
    let count = |_: &_| {
        heard.fetch_add(1, Ordering::Relaxed);
    };
    let mut bytes = Timed::new(
        flow(response.bytes_stream()).inspect(count),
        asked,
        settings.first_byte,
        silence(server, request),
        limit,
    );
    if !status.is_success() {
        let body = String::from_utf8_lossy(&body(&mut bytes).await.0).into_owned();
        let report = Report::from_body(server, status.as_u16(), again, &body);
        return refused(server, request, without, report);
    }
    let mut gather = Gather::new(pieces);
    let reader = Reader::new(dialect, server, &request.model, &mut gather);
    let read = if json && dialect.framing == Framing::Events {
        let (body, end) = body(&mut bytes).await;
        let end = end.map_err(|reason| cut(server, &reason));
        end.and_then(|()| reader.whole(&String::from_utf8_lossy(&body)))
    } else {
        reader.read(&mut bytes).await
    };
    let spent = gather.spent();
    let with_spent = |error| ModelError {
        spent: Box::new(spent),
        ..error
    };
    read.map_err(with_spent)?;
    let _ = timeout(CLOSING, async {
        while let Some(Ok(_)) = bytes.next().await {}
    })
    .await;
    let reply = gather.finish().map_err(|name| {
        let words = format!("its call of {name} is no JSON object");
        with_spent(fail(server, Fault::Garbled, words))
    });
    reply.map(|reply| Answered::Reply(Box::new(reply)))
}

/// What an error status leads to.
fn refused(
    server: &Server,
    request: &TurnRequest,
    without: &Without,
    report: Report,
) -> Result<Answered, ModelError> {
    let mut words = report.refuses(dialect::of(server.settings.kind).optional);
    words.retain(|word| !without.has(word));
    match words.is_empty() {
        true => Err(report.into_error(server, &request.model)),
        false => Ok(Answered::Refused(words)),
    }
}

/// Sends the request and waits for the head of the answer; Ollama sends none before its first line.
async fn send(
    server: &Server,
    request: &TurnRequest,
    without: &Without,
    asked: Instant,
) -> Result<Response, ModelError> {
    let unreachable = |detail: String| fail(server, Fault::Unreachable, detail);
    let dialect = dialect::of(server.settings.kind);
    let url = server.address(dialect.chat).map_err(unreachable)?;
    let client = server.clients.turns().map_err(unreachable)?;
    let body = (dialect.body)(server, request, without);
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
        Ok(Err(error)) => {
            // It was there: whatever it did with the request, it did not live to say so.
            let fault = match error.is_connect() {
                true => Fault::Unreachable,
                false => Fault::Broken,
            };
            let words = format!("{url}: {}", one_line(&innermost(&error), 200));
            Err(fail(server, fault, words))
        }
        Err(_) => {
            let words = format!("nothing came for {} s", wait.as_secs());
            Err(fail(server, Fault::Hung, words))
        }
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
