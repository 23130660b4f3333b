//! Signals that end the program, noticed instead of obeyed: work in hand is finished or undone first.

use super::out::code;
use crate::factory::engine;
use futures_util::FutureExt;
use std::io;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C, SIGTERM and a hang-up. From the first `listen` on, none of them ends this process by itself.
pub struct Endings {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    /// Never waited for: while it is listened to, a file that may not grow is an error of a write and no more. Programs
    /// that are started get what the system does by itself.
    _too_large: Signal,
}

impl Endings {
    /// Begins to listen; called within a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            _too_large: signal(SignalKind::from_raw(libc::SIGXFSZ))?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> engine::Signal {
        tokio::select! {
            _ = self.interrupt.recv() => engine::Signal::Interrupt,
            _ = self.terminate.recv() => engine::Signal::Terminate,
            _ = self.hangup.recv() => engine::Signal::Terminate,
        }
    }

    /// One that came already, for work that is done outside of the runtime: it hears of signals only when it is yielded to.
    pub fn came(&mut self, runtime: &Runtime) -> Option<engine::Signal> {
        runtime.block_on(async {
            tokio::task::yield_now().await;
            self.next().now_or_never()
        })
    }
}

/// The exit code of work that was ended by one.
#[must_use]
pub fn code(signal: engine::Signal) -> u8 {
    match signal {
        engine::Signal::Interrupt => code::INTERRUPTED,
        engine::Signal::Terminate => code::FAILED,
    }
}
