//! The wall clock as a port, so that tests hold it still.

use chrono::{DateTime, Utc};
use std::time::Duration;

/// Wall-clock time. Durations use tokio's own clock, which tests pause.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;
    /// Time since the computer was started, its sleep included; None where that is unknown.
    fn uptime(&self) -> Option<Duration> {
        None
    }
    /// How long this process did not run in all while the computer did: stopped by a signal, or frozen with a container
    /// or virtual machine. Known from the first question on.
    fn stopped(&self) -> Duration {
        Duration::ZERO
    }
}
