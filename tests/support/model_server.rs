//! A model server for tests: real TCP, every byte scripted. Plays recordings and made-up answers cut into pieces of any
//! size, or serves replies in both dialects (Ollama and OpenAI) with no delay of its own. Runs on threads, so that
//! tests of whole processes and benches can use it too.
#![allow(dead_code)]

use super::fakes::{Fake, Said, Wire};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for something that must happen.
const DEADLINE: Duration = Duration::from_secs(60);

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// When its last byte had been read.
    pub at: Instant,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// `tool/phase/purpose[/path]/n` of the turn.
    pub fn label(&self) -> &str {
        self.header("x-turn-label").unwrap_or_default()
    }
}

/// One thing the server does.
#[derive(Clone)]
pub enum Step {
    /// Writes raw bytes, status line and framing included.
    Bytes(Vec<u8>),
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Writes nothing for so long: the pace of a server is part of its wire.
    Pause(Duration),
    /// Keeps the connection open and silent until the client closes it.
    Hold,
    /// Closes.
    Close,
}

/// What the server does with one request.
#[derive(Clone)]
pub struct Answer {
    pub steps: Vec<Step>,
    /// Bytes of one write.
    pub piece: usize,
}

impl Answer {
    /// These raw bytes, then the connection is closed.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            steps: vec![Step::Bytes(bytes.into()), Step::Close],
            piece: usize::MAX,
        }
    }

    /// These steps.
    pub fn steps(steps: Vec<Step>) -> Self {
        Self {
            steps,
            piece: usize::MAX,
        }
    }

    /// Chunk by chunk, with a silence before each. Ollama has no head to send before its first line.
    pub fn paced(self, gap: Duration) -> Self {
        let mut steps = Vec::new();
        for step in self.steps {
            let Step::Bytes(raw) = step else {
                steps.push(step);
                continue;
            };
            let mut parts = parts(&raw);
            let lines = String::from_utf8_lossy(&parts[0]).contains("application/x-ndjson");
            if lines && parts.len() > 1 {
                let head = parts.remove(0);
                parts[0] = [head, parts[0].clone()].concat();
            }
            let written = parts.into_iter();
            steps.extend(written.flat_map(|part| [Step::Pause(gap), Step::Bytes(part)]));
        }
        Self { steps, ..self }
    }

    /// With these headers as well.
    pub fn headed(mut self, headers: &[(&str, &str)]) -> Self {
        let Some(Step::Bytes(raw)) = self.steps.first_mut() else {
            return self;
        };
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let behind = find(raw, b"\r\n").unwrap() + 2;
        raw.splice(behind..behind, lines.collect::<String>().into_bytes());
        self
    }

    /// In writes of so many bytes.
    pub fn pieces(mut self, size: usize) -> Self {
        self.piece = size;
        self
    }

    /// A status with a JSON body.
    pub fn status(status: u16, body: &str) -> Self {
        Self::with(status, "application/json", &[], body)
    }

    /// A status with headers and a body, the connection left open.
    pub fn with(status: u16, kind: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let extra: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let raw = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{extra}\r\n{body}",
            body.len()
        );
        Self::steps(vec![Step::Bytes(raw.into_bytes())])
    }

    /// A chunked 200 with these chunks, the connection left open.
    pub fn stream(kind: &str, chunks: &[impl AsRef<[u8]>]) -> Self {
        let mut raw = head(kind);
        for bytes in chunks {
            raw.extend(chunk(bytes.as_ref()));
        }
        raw.extend_from_slice(b"0\r\n\r\n");
        Self::steps(vec![Step::Bytes(raw)])
    }
}

/// The head of a chunked 200.
pub fn head(kind: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n")
        .into_bytes()
}

/// One chunk of a chunked body.
pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}\r\n", bytes.len()).into_bytes();
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
    out
}

/// The head of an answer and its chunks, each with its frame, the last one too; what is not chunked is one part.
pub fn parts(raw: &[u8]) -> Vec<Vec<u8>> {
    let begins = find(raw, b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
    let (head, mut rest) = raw.split_at(begins);
    if !String::from_utf8_lossy(head).contains("Transfer-Encoding: chunked") {
        return vec![raw.to_vec()];
    }
    let mut parts = vec![head.to_vec()];
    while let Some(line) = find(rest, b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        // One that broke off is shorter than it says.
        let (part, after) = rest.split_at((line + size + 4).min(rest.len()));
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|part| part == what)
}

/// Something a test opens once.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let (lock, signal) = &*self.0;
        drop(signal.wait_timeout_while(lock.lock().unwrap(), DEADLINE, |open| !*open));
    }
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    /// When each answer was ready to be written.
    replied: Vec<Option<Instant>>,
    /// Connections the client closed while an answer was held.
    dropped: usize,
    open: usize,
    connections: usize,
    most_open: usize,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
    ended: AtomicBool,
}

type Handler = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// The server; ends when dropped.
pub struct ModelServer {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
}

impl ModelServer {
    /// Answers each request as told.
    pub fn answering(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").unwrap(), handler)
    }

    /// The same at an address of the test's choice.
    pub fn listening(
        listener: TcpListener,
        handler: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let handler: Handler = Arc::new(handler);
        let kept = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if kept.ended.load(Ordering::SeqCst) {
                    return;
                }
                let (handler, shared) = (Arc::clone(&handler), Arc::clone(&kept));
                std::thread::spawn(move || serve(stream, &handler, &shared));
            }
        });
        Self { address, shared }
    }

    /// Serves these replies in both dialects, and the probes of both; the closure gets the whole request as JSON.
    pub fn serving(replies: impl Fn(&Value) -> String + Send + Sync + 'static) -> Self {
        Self::serving_requests(move |request| replies(&request.json()))
    }

    /// The same with path, headers and label at hand.
    pub fn serving_requests(replies: impl Fn(&Request) -> String + Send + Sync + 'static) -> Self {
        Self::answering(move |request| match request.path.as_str() {
            "/api/chat" => ollama_reply(request, &replies(request)),
            "/v1/chat/completions" => openai_reply(request, &replies(request)),
            "/api/version" => Answer::status(200, r#"{"version":"0.12.9"}"#),
            "/api/tags" => Answer::status(
                200,
                r#"{"models":[{"name":"test:latest","model":"test:latest","size":1}]}"#,
            ),
            "/v1/models" => Answer::status(
                200,
                r#"{"object":"list","data":[{"id":"test","object":"model","owned_by":"someone"}]}"#,
            ),
            _ => Answer::status(404, r#"{"error":"not found"}"#),
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().unwrap().requests.clone()
    }

    /// Every request so far, with the time its answer was ready to be written.
    pub fn exchanges(&self) -> Vec<(Request, Option<Instant>)> {
        let log = self.shared.log.lock().unwrap();
        let replied = log.replied.iter().copied();
        log.requests.iter().cloned().zip(replied).collect()
    }

    /// The turns among them, without probes.
    pub fn turns(&self) -> Vec<Request> {
        self.requests()
            .into_iter()
            .filter(|request| request.method == "POST" && request.path != "/api/show")
            .collect()
    }

    /// Waits for the n-th request; false when it does not come.
    pub fn wait_requests(&self, n: usize) -> bool {
        self.wait(|log| log.requests.len() >= n)
    }

    /// Waits for the n-th turn; false when it does not come.
    pub fn wait_turns(&self, n: usize) -> bool {
        let turn = |request: &&Request| request.method == "POST" && request.path != "/api/show";
        self.wait(|log| log.requests.iter().filter(turn).count() >= n)
    }

    /// Waits until the client has closed n connections in mid answer.
    pub fn wait_dropped(&self, n: usize) -> bool {
        self.wait(|log| log.dropped >= n)
    }

    /// Connections taken so far.
    pub fn connections(&self) -> usize {
        self.shared.log.lock().unwrap().connections
    }

    /// Answers that are being written.
    pub fn open(&self) -> usize {
        self.shared.log.lock().unwrap().open
    }

    /// The most answers that were under way at one time.
    pub fn most_open(&self) -> usize {
        self.shared.log.lock().unwrap().most_open
    }

    fn wait(&self, until: impl Fn(&Log) -> bool) -> bool {
        let guard = self.shared.log.lock().unwrap();
        let (guard, _) = self
            .shared
            .changed
            .wait_timeout_while(guard, DEADLINE, |log| !until(log))
            .unwrap();
        until(&guard)
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

/// An address where nobody listens.
pub fn closed_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A reply as Ollama streams it.
pub fn ollama_reply(request: &Request, text: &str) -> Answer {
    Fake::new(Wire::Ollama)
        .saying(Said::text(text))
        .answer(request)
}

/// A reply as an OpenAI-compatible server streams it.
pub fn openai_reply(request: &Request, text: &str) -> Answer {
    Fake::new(Wire::Vllm)
        .saying(Said::text(text))
        .answer(request)
}

fn serve(stream: TcpStream, handler: &Handler, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    shared.log.lock().unwrap().connections += 1;
    let Ok(clone) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(clone);
    let mut writer = stream;
    while let Some(request) = read_request(&mut reader) {
        let number = {
            let mut log = shared.log.lock().unwrap();
            log.requests.push(request.clone());
            log.replied.push(None);
            log.open += 1;
            log.most_open = log.most_open.max(log.open);
            shared.changed.notify_all();
            log.requests.len() - 1
        };
        let answer = handler(&request);
        let done = Instant::now();
        let mut open = true;
        // Before its last bytes: who has them may ask again at once.
        let mut over = || {
            if std::mem::take(&mut open) {
                shared.log.lock().unwrap().open -= 1;
            }
        };
        let goes_on = play(&answer, &mut writer, &mut reader, shared, &mut over);
        over();
        shared.log.lock().unwrap().replied[number] = Some(done);
        shared.changed.notify_all();
        if !goes_on {
            let _ = writer.shutdown(Shutdown::Both);
            return;
        }
    }
}

/// `over` is called before the last bytes of the answer.
fn play(
    answer: &Answer,
    writer: &mut TcpStream,
    reader: &mut impl Read,
    shared: &Shared,
    over: &mut dyn FnMut(),
) -> bool {
    for (nth, step) in answer.steps.iter().enumerate() {
        match step {
            Step::Bytes(bytes) => {
                let mut left = bytes.len();
                for piece in bytes.chunks(answer.piece.max(1)) {
                    left -= piece.len();
                    if left == 0 && nth + 1 == answer.steps.len() {
                        over();
                    }
                    if writer.write_all(piece).is_err() {
                        shared.log.lock().unwrap().dropped += 1;
                        return false;
                    }
                }
            }
            Step::Wait(gate) => gate.wait(),
            Step::Pause(time) => std::thread::sleep(*time),
            Step::Hold => {
                let mut rest = [0; 256];
                while reader.read(&mut rest).is_ok_and(|count| count > 0) {}
                shared.log.lock().unwrap().dropped += 1;
                return false;
            }
            Step::Close => return false,
        }
    }
    true
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![
        0;
        length
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0)
    ];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
        at: Instant::now(),
    })
}
