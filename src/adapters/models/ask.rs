//! One question to a server that costs nothing: mostly a GET with its key, little time and a bounded answer.

use super::bytes::{Timed, innermost};
use super::host::Server;
use super::http::{self, authorised};
use crate::text::sanitise::one_line;
use reqwest::{RequestBuilder, header};
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// A whole question and its answer, unless said otherwise.
pub const WHOLE: Duration = Duration::from_secs(2);
/// A list of models is never larger.
const BODY: usize = 4 * 1024 * 1024;

/// What came back.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body, read as text.
    pub body: String,
    /// The server's own time, as its header says it.
    pub date: Option<String>,
}

impl Answer {
    /// The body of a success as JSON.
    pub fn json(&self) -> Option<Value> {
        let fine = (200..300).contains(&self.status);
        serde_json::from_str(&self.body).ok().filter(|_| fine)
    }
}

/// Asks a full address; an error says why nothing came within that time.
pub async fn get(server: &Server, address: &str, within: Duration) -> Result<Answer, String> {
    send(server, server.clients.probes()?.get(address), within).await
}

/// The same over the connections of turns, with all that time to connect.
pub async fn beside_a_turn(
    server: &Server,
    address: &str,
    within: Duration,
) -> Result<Answer, String> {
    send(server, server.clients.turns()?.get(address), within).await
}

/// Whether a full address answers well to somebody without a key.
pub async fn anyone(server: &Server, address: &str) -> bool {
    let Ok(client) = server.clients.probes() else {
        return false;
    };
    let answer = answered(server, client.get(address), WHOLE).await;
    answer.is_ok_and(|answer| answer.json().is_some())
}

/// The same with a body, for what a server tells only then.
pub async fn post(server: &Server, address: &str, body: &Value) -> Result<Answer, String> {
    let builder = server.clients.probes()?.post(address).json(body);
    send(server, builder, WHOLE).await
}

async fn send(
    server: &Server,
    builder: RequestBuilder,
    within: Duration,
) -> Result<Answer, String> {
    answered(server, authorised(server, builder)?, within).await
}

async fn answered(
    server: &Server,
    builder: RequestBuilder,
    within: Duration,
) -> Result<Answer, String> {
    let asked = Instant::now();
    let response = builder.timeout(within).send().await.map_err(|error| {
        if error.is_connect() && error.is_timeout() {
            let patience = server.clients.patience().as_millis();
            format!("no connection within {patience} ms")
        } else if error.is_timeout() {
            format!("no answer within {} s", within.as_secs())
        } else {
            one_line(&innermost(&error), 120)
        }
    })?;
    let status = response.status().as_u16();
    let date = response.headers().get(header::DATE);
    let date = date.and_then(|date| date.to_str().ok()).map(str::to_owned);
    let mut bytes = Timed::new(response.bytes_stream(), asked, within, within, BODY);
    let (body, _) = http::body(&mut bytes).await;
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&body).into_owned(),
        date,
    })
}
