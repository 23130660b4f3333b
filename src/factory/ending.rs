//! How an engine ends: by a signal, by command, or when nothing is left to do.

use super::driver::Driver;
use super::engine::{Ended, Signal};
use super::failed::Failed;
use super::wake::{Running, Stopping};
use crate::domain::event::EventBody;
use std::time::Duration;
use tokio::time::Instant;

/// How long SIGTERM waits for the turn under way (contract 5).
const TERM_WAIT: Duration = Duration::from_secs(10);

impl Driver {
    /// Somebody asks for the end; the second signal ends it at once.
    pub(super) fn signalled(&mut self, signal: Signal) {
        let again = std::mem::replace(&mut self.signalled, true);
        let (ended, reason) = match signal {
            Signal::Terminate => (Ended::Stopped, "terminated by a signal"),
            Signal::Interrupt => (Ended::Interrupted, "interrupted"),
        };
        let wait = if again || signal == Signal::Interrupt {
            Duration::ZERO
        } else {
            TERM_WAIT
        };
        let deadline = Instant::now() + wait;
        let asked = self.stopping.take().and_then(|stopping| stopping.deadline);
        self.stopping = Some(Stopping {
            ended,
            reason: reason.to_owned(),
            deadline: Some(asked.map_or(deadline, |asked| asked.min(deadline))),
        });
    }

    /// How the engine ends, once it may.
    pub(super) fn finished(&self) -> Option<Ended> {
        if let Some(stopping) = &self.stopping {
            let free = self.running.as_ref().is_none_or(|r| r.resting);
            return free.then_some(stopping.ended);
        }
        let works = |r: &Running| !r.resting || self.held(r.role).is_none();
        let busy = self.running.as_ref().is_some_and(works)
            || self.suspect.is_some()
            || self.pushing.under_way()
            || self.sweeping.under_way()
            || self.reading.under_way();
        if self.options.until_idle && !busy {
            return self.nothing_left();
        }
        None
    }

    /// How it is to end, where somebody asked for that.
    pub(super) fn asked_to_end(&self) -> Option<Ended> {
        self.stopping.as_ref().map(|stopping| stopping.ended)
    }

    /// Records the end; the attempt under way is dropped and starts again next time.
    pub(super) fn end(&mut self, ended: Ended) -> Result<Ended, Failed> {
        self.cancel();
        self.drop_attempt("the engine ended")?;
        let stopping = self.stopping.as_ref();
        let left = match ended {
            Ended::NeedsPerson => "what is left waits for a person",
            _ => "nothing left to do",
        };
        let reason = stopping.map_or_else(|| left.to_owned(), |s| s.reason.clone());
        self.note(EventBody::Stopped {
            stopped: self.ledger.factory.stopped.clone(),
            reason,
        })?;
        self.doing = "ended".to_owned();
        self.publish();
        if ended == Ended::Restart {
            self.herald.reloading();
        }
        Ok(ended)
    }
}
