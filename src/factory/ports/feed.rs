//! The bus between the engine and every front-end: newest snapshot, and log lines.

use crate::domain::screen::{LogLine, Snapshot};
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// Receiving end. Lag is shown ("n lines dropped") and blocks nobody.
pub struct Feed {
    /// Latest only; None until the engine has published once.
    pub snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    /// Every line once.
    pub lines: broadcast::Receiver<Arc<LogLine>>,
}

/// Sending end, held by the engine.
#[derive(Clone)]
pub struct Publisher {
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
    lines: broadcast::Sender<Arc<LogLine>>,
}

/// Lines a slow reader may fall behind before some are dropped for it.
const BACKLOG: usize = 4096;

impl Publisher {
    /// A bus without readers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            snapshot: watch::Sender::new(None),
            lines: broadcast::Sender::new(BACKLOG),
        }
    }

    /// A new reader; it sees the present snapshot and lines from now on.
    #[must_use]
    pub fn feed(&self) -> Feed {
        Feed {
            snapshot: self.snapshot.subscribe(),
            lines: self.lines.subscribe(),
        }
    }

    /// Replaces the snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        self.snapshot.send_replace(Some(Arc::new(snapshot)));
    }

    /// Hands a line to whoever listens.
    pub fn line(&self, line: LogLine) {
        let _ = self.lines.send(Arc::new(line));
    }
}

impl Default for Publisher {
    fn default() -> Self {
        Self::new()
    }
}
