//! The bus between the engine and every front-end: newest snapshot, and log lines.

use crate::domain::screen::{Level, LogLine, Snapshot};
use crate::text::redact::Redactor;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// Receiving end. Lag is shown ("n lines dropped") and blocks nobody.
pub struct Feed {
    /// Latest only; None until the engine has published once.
    pub snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    /// Every line once.
    pub lines: broadcast::Receiver<Arc<LogLine>>,
}

/// Sending end, held by the engine. What it hands on holds no secrets and nothing a terminal would obey.
#[derive(Clone)]
pub struct Publisher {
    snapshot: watch::Sender<Option<Arc<Snapshot>>>,
    lines: broadcast::Sender<Arc<LogLine>>,
    redactor: Redactor,
}

/// Lines a slow reader may fall behind before some are dropped for it.
const BACKLOG: usize = 4096;

impl Publisher {
    /// A bus without readers.
    #[must_use]
    pub fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
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
        let clean = serde_json::to_value(&snapshot).ok().and_then(|mut value| {
            let changed = self.redactor.clean_value(&mut value);
            changed
                .then(|| serde_json::from_value(value).ok())
                .flatten()
        });
        self.snapshot
            .send_replace(Some(Arc::new(clean.unwrap_or(snapshot))));
    }

    /// Hands a line to whoever listens.
    pub fn line(&self, mut line: LogLine) {
        // Pieces of a stream were cleaned as a stream: alone they do not show what they are part of.
        if !matches!(line.level, Level::Stream | Level::Thought) {
            line.text = self.redactor.clean(&line.text);
        }
        let _ = self.lines.send(Arc::new(line));
    }
}
