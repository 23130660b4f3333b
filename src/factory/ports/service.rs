//! Whoever started the engine and looks after it, such as systemd: what it is told, and how long it waits.

use std::time::Duration;

/// What a service manager is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// Work has begun, or goes on after `Reloading`.
    Ready,
    /// Settings are read again, or another program takes this process over.
    Reloading,
    /// The loop has turned.
    Alive,
    /// One short line: what is going on.
    Status(&'a str),
    /// The end has begun.
    Stopping,
}

/// The service manager.
pub trait Service: Send + Sync {
    /// Tells it something. Never waits; that nobody listens is no fault.
    fn tell(&self, news: News<'_>);
    /// Time without a sign of life after which it ends and starts the engine anew; None: it does not watch.
    fn patience(&self) -> Option<Duration>;
}
