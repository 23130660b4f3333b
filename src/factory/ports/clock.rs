//! The wall clock as a port, so that tests hold it still.

use chrono::{DateTime, Utc};

/// Wall-clock time. Durations use tokio's own clock, which tests pause.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;
}
