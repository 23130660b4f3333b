//! Model hosts against a server that speaks the wire byte for byte: requests, recordings, bad streams, timers, queue,
//! scripts and probes.

#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/model_server.rs"]
mod model_server;

#[path = "models/able.rs"]
mod able;
#[path = "models/connections.rs"]
mod connections;
#[path = "models/cost.rs"]
mod cost;
#[path = "models/decode.rs"]
mod decode;
#[path = "models/faults.rs"]
mod faults;
#[path = "models/presence.rs"]
mod presence;
#[path = "models/probes.rs"]
mod probes;
#[path = "models/recordings.rs"]
mod recordings;
#[path = "models/schemas.rs"]
mod schemas;
#[path = "models/scripts.rs"]
mod scripts;
#[path = "models/streams.rs"]
mod streams;
#[path = "models/tools.rs"]
mod tools;
#[path = "models/wire.rs"]
mod wire;

use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::models::{ModelHosts, Queues};
use dev_factory::domain::finding::{Finding, Severity};
use dev_factory::domain::price::Prices;
use dev_factory::factory::ports::model::{
    Delta, Fault, HostStatus, Message, ModelError, Models, Remedy, Reply, Speaker, TurnRequest,
};
use dev_factory::factory::ports::settings::{Host, HostKind};
use dev_factory::text::secret::Secret;
use model_server::{Answer, Gate, ModelServer, Step, chunk, closed_url, head};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const NDJSON: &str = "application/x-ndjson";
const SSE: &str = "text/event-stream";
const LLAMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/llama.cpp");

fn host(kind: HostKind, url: &str) -> Host {
    Host {
        kind,
        url: url.to_owned(),
        num_ctx: 16384,
        keep_alive: "30m".to_owned(),
        local: None,
        key: None,
        key_facts: None,
        bearer: false,
        first_byte: Duration::from_secs(600),
        idle: Duration::from_secs(120),
        whole: Duration::from_secs(1800),
        // Beside a stopped clock a question would fail before it is sent; the tests of it set their own.
        alive: Duration::from_secs(1_000_000),
        max_bytes: 4 * 1024 * 1024,
        retry: Duration::from_secs(1),
        pace: 0,
        replies: None,
    }
}

fn hosts(host: Host) -> ModelHosts {
    ModelHosts::new(
        &BTreeMap::from([("gpu".to_owned(), host)]),
        Prices::default(),
        Arc::new(SystemClock),
        Box::new(|_| None),
    )
}

fn request() -> TurnRequest {
    TurnRequest {
        label: "adder/coding/file/src/cli.js/0".to_owned(),
        host: "gpu".to_owned(),
        model: "qwen3:14b".to_owned(),
        messages: vec![
            Message::text(Speaker::System, "You write code."),
            Message::text(Speaker::User, "Write \"ü\".\n"),
        ],
        think: true,
        max_tokens: 8192,
        sampling: dev_factory::agents::sampling::Sampling {
            temperature: 0.7,
            top_p: 0.95,
            top_k: 20,
            min_p: 0.0,
        },
        presence_penalty: 0.0,
        tools: Vec::new(),
        format: None,
        seed: Some(7),
    }
}

async fn take(
    hosts: &ModelHosts,
    request: &TurnRequest,
) -> (Result<Reply, ModelError>, Vec<Delta>) {
    let (sender, mut pieces) = unbounded_channel();
    let result = hosts.turn(request, sender).await;
    let mut seen = Vec::new();
    while let Ok(piece) = pieces.try_recv() {
        seen.push(piece);
    }
    (result, seen)
}

/// One turn against one answer.
async fn once(kind: HostKind, answer: Answer) -> Result<Reply, ModelError> {
    let server = ModelServer::answering(move |_| answer.clone());
    take(&hosts(host(kind, &server.url())), &request()).await.0
}

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(format!("{LLAMA}/{name}.resp")).unwrap()
}

/// A stream of Ollama's from (thinking, content) pairs and a last line.
fn ollama_body(parts: &[(&str, &str)], last: &str) -> Vec<u8> {
    let mut body = String::new();
    for (thinking, content) in parts {
        let mut message = json!({"role": "assistant", "content": content});
        if !thinking.is_empty() {
            message["thinking"] = json!(thinking);
        }
        body += &json!({"model": "m", "created_at": "2026-11-01T00:00:00Z", "message": message, "done": false}).to_string();
        body.push('\n');
    }
    body += last;
    body.push('\n');
    body.into_bytes()
}

const DONE: &str = r#"{"model":"m","created_at":"2026-11-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1,"prompt_eval_count":26,"eval_count":298,"eval_duration":4709213000}"#;

fn ndjson(body: &[u8]) -> Answer {
    Answer::stream(NDJSON, &[body])
}

fn sse(events: &[&str]) -> Answer {
    let events: Vec<String> = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    Answer::stream(SSE, &events)
}

/// A turn running on the same runtime, and its pieces.
type Running = (
    tokio::task::JoinHandle<Result<Reply, ModelError>>,
    UnboundedReceiver<Delta>,
);

fn start(models: &Arc<ModelHosts>, request: TurnRequest) -> Running {
    let (sender, pieces) = unbounded_channel();
    let models = Arc::clone(models);
    (
        tokio::spawn(async move { models.turn(&request, sender).await }),
        pieces,
    )
}

/// Lets the turns run until the server has seen n requests.
async fn asked(server: &Arc<ModelServer>, n: usize) {
    let server = Arc::clone(server);
    assert!(
        tokio::task::spawn_blocking(move || server.wait_requests(n))
            .await
            .unwrap(),
        "no request came"
    );
}

/// Waits until the server has seen n connections closed on it.
async fn dropped(server: &Arc<ModelServer>, n: usize) {
    let server = Arc::clone(server);
    let seen = tokio::task::spawn_blocking(move || server.wait_dropped(n)).await;
    assert!(seen.unwrap(), "the connection stayed open");
}
