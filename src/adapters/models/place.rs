//! A turn's place at a host: one at a time, others wait in line and see it, and a host that was left in the midst of a
//! reply is given time to notice before the next turn is sent.

use super::ask;
use super::host::Server;
use super::{llamacpp, ollama};
use crate::factory::ports::model::Delta;
use crate::factory::ports::settings::HostKind;
use chrono::DateTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for a host that goes on writing for nobody: its token limit ends that.
const SETTLE: Duration = Duration::from_secs(30);
/// How often such a host is asked.
const LOOK: Duration = Duration::from_millis(250);

/// Who waits at a host. Fair: first come, first served.
pub struct Queue {
    free: Arc<Semaphore>,
    /// Turns that wait or are under way.
    present: AtomicUsize,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(1)),
            present: AtomicUsize::new(0),
        }
    }
}

/// Counts a turn that waits or is under way, however it ends.
struct Present<'a>(&'a AtomicUsize);

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The right to send one request. Dropped without `done`, it passes on once the host is idle.
pub struct Place<'a> {
    server: &'a Arc<Server>,
    model: &'a str,
    permit: Option<OwnedSemaphorePermit>,
    _present: Present<'a>,
}

impl<'a> Place<'a> {
    /// Waits in line.
    pub async fn wait(
        server: &'a Arc<Server>,
        model: &'a str,
        pieces: &UnboundedSender<Delta>,
    ) -> Self {
        let queue = &server.queue;
        let before = queue.present.fetch_add(1, Ordering::Relaxed);
        let present = Present(&queue.present);
        let free = Arc::clone(&queue.free);
        let permit = match Arc::clone(&free).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                let words = match before {
                    0 => format!("{} still works on a turn that was given up", server.name),
                    1 => format!("in line at {}: 1 turn comes first", server.name),
                    many => format!("in line at {}: {many} turns come first", server.name),
                };
                let _ = pieces.send(Delta::Note(words));
                free.acquire_owned().await.ok()
            }
        };
        Self {
            server,
            model,
            permit,
            _present: present,
        }
    }

    /// The host has finished with the turn.
    pub fn done(mut self) {
        self.permit = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let (Some(permit), Ok(runtime)) = (self.permit.take(), Handle::try_current()) else {
            return;
        };
        let (server, model) = (Arc::clone(self.server), self.model.to_owned());
        let left = Instant::now();
        runtime.spawn(async move {
            let _ = timeout(SETTLE, settle(&server, &model, left)).await;
            drop(permit);
        });
    }
}

/// Waits until the host works on nothing any more; at once where it cannot be told.
async fn settle(server: &Server, model: &str, left: Instant) {
    loop {
        let idle = match server.settings.kind {
            HostKind::LlamaCpp => slots(server).await,
            HostKind::Ollama => stay(server, model, left).await,
            _ => None,
        };
        if idle != Some(false) {
            return;
        }
        sleep(LOOK).await;
    }
}

async fn slots(server: &Server) -> Option<bool> {
    let address = server.beside(llamacpp::SLOTS).ok()?;
    let found = ask::get(server, &address, ask::WHOLE).await.ok()?;
    llamacpp::idle(&found.json()?)
}

async fn stay(server: &Server, model: &str, left: Instant) -> Option<bool> {
    let address = server.address(ollama::PS).ok()?;
    let found = ask::get(server, &address, ask::WHOLE).await.ok()?;
    let now = DateTime::parse_from_rfc2822(found.date.as_deref()?).ok()?;
    let keep = &server.settings.keep_alive;
    ollama::idle(&found.json()?, model, keep, now, left.elapsed())
}
