//! Looks beside a turn whether its host still lives: a model may be silent for minutes, a dead host is named within 30 s.

use super::ask::{self, Answer};
use super::host::Server;
use super::{dialect, ollama};
use crate::factory::ports::model::Delta;
use crate::factory::ports::settings::HostKind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

/// Questions in a row without an answer after which a host counts as dead: one may be lost.
const MISSES: u32 = 2;

/// A host that writes with all its strength may take its time.
const ANSWER: Duration = Duration::from_secs(5);

/// Returns only when the host is dead: why. It is asked every `alive` of the settings, and twice as often after a miss: with
/// 10 s a dead host is named after 25 s at most. What it sends of the turn, counted in `heard`, is an answer as well: some
/// servers do one thing at a time.
pub async fn dies(
    server: &Server,
    model: &str,
    pieces: &UnboundedSender<Delta>,
    heard: &AtomicUsize,
) -> String {
    let every = server.settings.alive;
    let mut wait = every;
    let mut misses = 0;
    let mut loading = false;
    let mut before = 0;
    let Ok(address) = server.address(dialect::of(server.settings.kind).alive) else {
        return std::future::pending().await;
    };
    loop {
        sleep(wait).await;
        let answer = ask::beside_a_turn(server, &address, ANSWER).await;
        let now = heard.load(Ordering::Relaxed);
        let speaks = std::mem::replace(&mut before, now) != now;
        match answer {
            Err(_) if speaks => {
                misses = 0;
                wait = every;
            }
            Ok(answer) => {
                misses = 0;
                wait = every;
                if !loading && loads(server, model, &answer) {
                    loading = true;
                    let words = format!("{} is loading {model}", server.name);
                    let _ = pieces.send(Delta::Note(words));
                }
            }
            Err(why) => {
                misses += 1;
                wait = every / 2;
                if misses >= MISSES {
                    return why;
                }
            }
        }
    }
}

/// Ollama does not show the model among those it has loaded.
fn loads(server: &Server, model: &str, answer: &Answer) -> bool {
    server.settings.kind == HostKind::Ollama
        && answer.json().is_some_and(|ps| {
            ps.get("models").is_some_and(serde_json::Value::is_array)
                && ollama::loaded(&ps, model).is_none()
        })
}
