//! The model servers of `demo --trouble`, on loopback inside the engine's process: real HTTP for the real adapters. One
//! is a box that vanishes for a while in the middle of a reply, the other refuses every key but one.

use super::demo;
use super::home;
use super::out::Fail;
use futures_util::stream;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use include_dir::{Dir, include_dir};
use reqwest::Body;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::sync::oneshot::Sender;
use tokio::task::JoinSet;

/// Replies of the tools that run into trouble; where there is none, the demo's own.
pub static REPLIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/dev-factory/trouble");

/// The key the second server takes.
pub const KEY: &str = "open-sesame";
/// The key it is begun with.
pub const WRONG: &str = "a-key-that-was-revoked";
/// The tools of this demo, in the order in which they are built.
pub const TOOLS: [&str; 2] = ["session-logger", "sum-lines"];

/// The reply in the middle of which the box vanishes, once.
const VANISHES: &str = "session-logger/coding/file/src/cli.js";
/// How long it is away.
const AWAY: Duration = Duration::from_secs(12);
/// Characters of a piece of a reply.
const PIECE: usize = 40;
/// Time between two pieces.
const PACE: Duration = Duration::from_millis(8);
/// What a prompt has as a heading where a person gave a hint.
const HINT: &str = "Hint of the reviewer";
/// Turns with one label never come near this.
const MOST: u32 = 99;

/// Where the servers of a home listen; it stands in home.json.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// The box of Developer and QA.
    pub gpu: u16,
    /// The Supervisor's server.
    pub cloud: u16,
}

impl Ports {
    /// Two that are free now.
    pub fn free() -> io::Result<Self> {
        let bind = || std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let (one, two) = (bind()?, bind()?);
        Ok(Self {
            gpu: one.local_addr()?.port(),
            cloud: two.local_addr()?.port(),
        })
    }

    /// The settings of a home whose servers listen there.
    #[must_use]
    pub fn settings(&self) -> String {
        format!(
            "\
# Settings of a home to practise in: both servers are inside the engine itself, and nothing is spent.
[hosts.gpu]
kind = \"openai\"
url = \"http://127.0.0.1:{}/v1\" # goes away in the middle of a reply, and comes back
retry_ms = 500

[hosts.cloud]
kind = \"openai\"
url = \"http://127.0.0.1:{}/v1\" # refuses the key it is given first
retry_ms = 500

[roles.developer]
model = \"gpu/demo\"

[roles.qa]
model = \"gpu/demo\"

[roles.supervisor]
model = \"cloud/demo\"

# It takes as long as all other gates together: off, so that the demo stays short.
[harness]
mutation = false
",
            self.gpu, self.cloud
        )
    }
}

/// Writes the key that is refused, for its owner alone.
pub fn write_key(path: &Path) -> Result<(), Fail> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    file.and_then(|mut file| writeln!(file, "{WRONG}"))
        .map_err(|error| Fail::failed(format!("{}: {error}", path.display())))
}

/// Whether the box has vanished in this process already: an engine that begins anew meets it once.
static VANISHED: AtomicBool = AtomicBool::new(false);

/// The servers of a home, while this lives.
pub struct Servers {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.end.take());
        // Their ports are free again only when the thread has ended.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Starts them for a home that has any.
pub fn open(home: &Path) -> Result<Option<Servers>, Fail> {
    let Some(ports) = home::read(home)?.trouble else {
        return Ok(None);
    };
    let told = |error: io::Error| {
        Fail::failed(format!(
            "the model servers of this demo cannot listen ({error}): name another folder with --dir"
        ))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(told)?;
    let bind = |port| runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
    let (gpu, cloud) = (
        bind(ports.gpu).map_err(told)?,
        bind(ports.cloud).map_err(told)?,
    );
    let (end, ended) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("demo-servers".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = ended => {}
                    () = Arc::new(Server::gpu(ports.gpu)).serve(gpu) => {}
                    () = Arc::new(Server::cloud(ports.cloud)).serve(cloud) => {}
                }
            });
        })
        .map_err(told)?;
    Ok(Some(Servers {
        end: Some(end),
        thread: Some(thread),
    }))
}

/// One server.
struct Server {
    port: u16,
    /// The key it takes; None = it asks for none.
    key: Option<&'static str>,
    gone: Notify,
}

impl Server {
    fn gpu(port: u16) -> Self {
        Self {
            port,
            key: None,
            gone: Notify::new(),
        }
    }

    fn cloud(port: u16) -> Self {
        Self {
            port,
            key: Some(KEY),
            gone: Notify::new(),
        }
    }

    /// Answers whoever connects, with a break when it vanishes.
    async fn serve(self: Arc<Self>, mut listener: TcpListener) {
        loop {
            tokio::select! {
                () = self.gone.notified() => {}
                () = self.clone().answer_all(&listener) => {}
            }
            // Nothing listens there meanwhile: who connects is refused, as by a box without power.
            drop(listener);
            tokio::time::sleep(AWAY).await;
            listener = loop {
                match TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
                }
            };
        }
    }

    /// Dropped, it closes every connection.
    async fn answer_all(self: Arc<Self>, listener: &TcpListener) {
        let mut open = JoinSet::new();
        loop {
            while open.try_join_next().is_some() {}
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, say: some come back.
                tokio::time::sleep(PACE).await;
                continue;
            };
            let server = self.clone();
            open.spawn(async move {
                let answer = service_fn(|request: Request<Incoming>| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.answer(request).await) }
                });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    }

    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            Some(value.to_str().ok()?.to_owned())
        };
        let given = header("authorization");
        let given = given
            .as_deref()
            .and_then(|value| value.strip_prefix("Bearer "));
        if self.key.is_some() && given != self.key {
            let why =
                json!({"error": {"message": "invalid api key", "type": "authentication_error"}});
            return told(StatusCode::UNAUTHORIZED, why.to_string());
        }
        if *request.method() == Method::GET {
            let model = json!({"id": "demo", "object": "model", "max_model_len": 32_768});
            return told(
                StatusCode::OK,
                json!({"object": "list", "data": [model]}).to_string(),
            );
        }
        let label = header("x-turn-label").unwrap_or_default();
        let hinted = body(request.into_body()).await.contains(HINT);
        match reply(&label, hinted) {
            Some(text) => self.say(&label, &text),
            None => {
                let why = json!({"error": {"message": format!("no reply for {label}")}});
                told(StatusCode::BAD_REQUEST, why.to_string())
            }
        }
    }

    /// A reply in pieces, as a model writes it; or half of it.
    fn say(self: &Arc<Self>, label: &str, text: &str) -> Response<Body> {
        let all: Vec<char> = text.chars().collect();
        let mut events: Vec<String> = all
            .chunks(PIECE)
            .map(|piece| {
                let content: String = piece.iter().collect();
                json!({"choices": [{"delta": {"content": content}}]}).to_string()
            })
            .collect();
        let vanishes = label.starts_with(VANISHES) && !VANISHED.swap(true, Ordering::SeqCst);
        if vanishes {
            events.truncate(events.len() / 2);
        } else {
            let last = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
            events.extend([last.to_string(), "[DONE]".to_owned()]);
        }
        let gone = vanishes.then(|| self.clone());
        let pieces = stream::unfold((events.into_iter(), gone), |(mut rest, gone)| async move {
            tokio::time::sleep(PACE).await;
            match (rest.next(), gone) {
                (Some(event), gone) => {
                    let piece = Ok::<_, io::Error>(format!("data: {event}\n\n"));
                    Some((piece, (rest, gone)))
                }
                (None, Some(server)) => {
                    server.gone.notify_one();
                    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
                    Some((Err(broken), (rest, None)))
                }
                (None, None) => None,
            }
        });
        let mut response = Response::new(Body::wrap_stream(pieces));
        let kind = http::HeaderValue::from_static("text/event-stream");
        response.headers_mut().insert("content-type", kind);
        response
    }
}

fn told(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert("content-type", kind);
    response
}

/// What came, as far as it came.
async fn body(mut body: Incoming) -> String {
    let mut all = Vec::new();
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.into_data() {
            all.extend_from_slice(&data);
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// The reply with the label's number, or the one with the highest number below it; after a hint the one for that.
fn reply(label: &str, hinted: bool) -> Option<String> {
    // A host that was away is asked for a word before work goes to it.
    if label.starts_with("trial/") {
        return Some("ready".to_owned());
    }
    let (stem, number) = label.rsplit_once('/')?;
    let number: u32 = number.parse().ok()?;
    let hint = hinted.then(|| format!("{stem}/hint.md"));
    // A fresh start writes every file once more, also those that nothing was wrong with.
    let stems = [stem.to_owned(), stem.replace("/fixing/", "/coding/")];
    let numbered = stems.iter().flat_map(|stem| {
        let numbers = (0..=number.min(MOST)).rev();
        numbers.map(move |n| format!("{stem}/{n}.md"))
    });
    let paths: Vec<String> = hint.into_iter().chain(numbered).collect();
    let own = |path: &String| {
        let file = REPLIES.get_file(path)?;
        file.contents_utf8().map(str::to_owned)
    };
    paths
        .iter()
        .find_map(own)
        .or_else(|| paths.iter().find_map(|path| demo::reply(path)))
}
