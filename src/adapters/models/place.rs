//! A turn's place at a host: one at a time, others wait in line and see it, and a host that was left in the midst of a
//! reply is given time to notice before the next turn is sent.

use super::ask;
use super::host::Server;
use super::rival::Left;
use super::{llamacpp, ollama};
use crate::domain::screen::{ServerFacts, Waiter};
use crate::factory::ports::clock::Clock;
use crate::factory::ports::model::{Delta, TurnRequest};
use crate::factory::ports::settings::HostKind;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// Turns that wait or are under way, in the order they came.
    present: Mutex<Vec<Turn>>,
    /// Turns that ever came, to tell them apart.
    came: AtomicU64,
    /// How its last turn left its model.
    left: Mutex<Option<Left>>,
    /// What its server told.
    known: Mutex<ServerFacts>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(1)),
            present: Mutex::default(),
            came: AtomicU64::new(0),
            left: Mutex::default(),
            known: Mutex::default(),
        }
    }
}

/// A turn at a host.
struct Turn {
    number: u64,
    who: String,
    since: DateTime<Utc>,
    working: bool,
}

impl Queue {
    fn turns(&self) -> MutexGuard<'_, Vec<Turn>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the last turn that came to its end left its model.
    pub fn left(&self) -> Option<Left> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.clone()
    }

    /// A turn has come to its end.
    pub fn leave(&self, how: Left) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
    }

    /// What its server told so far.
    pub fn known(&self) -> ServerFacts {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Learns what its server told.
    pub fn learn(&self, told: impl FnOnce(&mut ServerFacts)) {
        told(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The turn that is under way and those that wait, each with the time since which it does.
    pub fn line(&self) -> (Option<Waiter>, Vec<Waiter>) {
        let turns = self.turns();
        let of = |turn: &Turn| Waiter {
            who: turn.who.clone(),
            since: turn.since,
        };
        let working = turns.iter().find(|turn| turn.working).map(of);
        let waiting = turns.iter().filter(|turn| !turn.working).map(of).collect();
        (working, waiting)
    }
}

/// The queues of all hosts, kept while settings change: a server has one, under however many names and addresses.
#[derive(Clone, Default)]
pub struct Queues(Arc<Mutex<BTreeMap<String, Arc<Queue>>>>);

impl Queues {
    /// The one queue of the server at an address.
    pub fn of(&self, address: &str) -> Arc<Queue> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(address.to_owned()).or_default())
    }
}

/// Counts a turn that waits or is under way, however it ends.
struct Present<'a> {
    queue: &'a Queue,
    number: u64,
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.queue.turns().retain(|turn| turn.number != self.number);
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
        request: &'a TurnRequest,
        clock: &dyn Clock,
        pieces: &UnboundedSender<Delta>,
    ) -> Self {
        let queue = &server.queue;
        let number = queue.came.fetch_add(1, Ordering::Relaxed);
        let before = {
            let mut turns = queue.turns();
            turns.push(Turn {
                number,
                who: request.label.clone(),
                since: clock.now(),
                working: false,
            });
            turns.len() - 1
        };
        let present = Present { queue, number };
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
        if let Some(turn) = queue.turns().iter_mut().find(|turn| turn.number == number) {
            turn.working = true;
            turn.since = clock.now();
        }
        Self {
            server,
            model: &request.model,
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
