//! A stand between the factory and a real model server: passes every byte on, and keeps what the server said and when.
#![allow(dead_code)]

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A reply as it went over the wire, whole.
#[derive(Clone, Debug)]
pub struct Told {
    /// When its last event came.
    pub at: Instant,
    /// Its text, joined from the pieces.
    pub text: String,
    /// Pieces of text.
    pub pieces: usize,
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
}

/// What came on one connection, and how much of it was there when.
#[derive(Default)]
struct Heard {
    bytes: Vec<u8>,
    times: Vec<(usize, Instant)>,
}

type Log = Arc<Mutex<Vec<Arc<Mutex<Heard>>>>>;

pub struct Tee {
    address: SocketAddr,
    log: Log,
}

impl Tee {
    /// Listens at an address of its own for the server at `to`.
    pub fn new(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Log::default();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let heard = Arc::default();
                kept.lock().unwrap().push(Arc::clone(&heard));
                std::thread::spawn(move || pass(client, to, &heard));
            }
        });
        Self { address, log }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The streamed replies that came to their end, in the order of their ends.
    pub fn told(&self) -> Vec<Told> {
        let log = self.log.lock().unwrap();
        let mut all: Vec<Told> = log
            .iter()
            .flat_map(|heard| replies(&heard.lock().unwrap()))
            .collect();
        all.sort_by_key(|told| told.at);
        all
    }
}

fn pass(client: TcpStream, to: SocketAddr, heard: &Mutex<Heard>) {
    let Ok(server) = TcpStream::connect(to) else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut asks, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let up = std::thread::spawn(move || {
        let _ = std::io::copy(&mut asks, &mut to_server);
        // The server has to see that its client has gone.
        let _ = to_server.shutdown(Shutdown::Both);
    });
    let (mut says, mut to_client) = (server, client);
    let mut room = [0; 16 * 1024];
    while let Some(count) = says.read(&mut room).ok().filter(|count| *count > 0) {
        {
            let mut heard = heard.lock().unwrap();
            heard.bytes.extend_from_slice(&room[..count]);
            let so_far = heard.bytes.len();
            heard.times.push((so_far, Instant::now()));
        }
        if to_client.write_all(&room[..count]).is_err() {
            break;
        }
    }
    let _ = (
        says.shutdown(Shutdown::Both),
        to_client.shutdown(Shutdown::Both),
    );
    let _ = up.join();
}

/// The server sends each event in a chunk of its own, so an event is a line.
fn replies(heard: &Heard) -> Vec<Told> {
    let (mut found, mut text, mut pieces, mut at) = (Vec::new(), String::new(), 0, 0);
    for line in heard.bytes.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        let line = String::from_utf8_lossy(line);
        if line.starts_with("HTTP/1.1 ") {
            (text, pieces) = (String::new(), 0);
        }
        let event = line.strip_prefix("data: ").map(str::trim);
        let Some(event) = event.and_then(|event| serde_json::from_str::<Value>(event).ok()) else {
            continue;
        };
        if let Some(piece) = event["choices"][0]["delta"]["content"].as_str() {
            text.push_str(piece);
            pieces += 1;
        }
        let counted = |field: &str| event["usage"][field].as_u64();
        if let (Some(prompt_tokens), Some(completion_tokens)) =
            (counted("prompt_tokens"), counted("completion_tokens"))
        {
            let come = heard.times.iter().find(|(so_far, _)| *so_far >= at);
            found.push(Told {
                at: come.unwrap().1,
                text: std::mem::take(&mut text),
                pieces,
                prompt_tokens,
                completion_tokens,
            });
        }
    }
    found
}
