//! The wall clock: the only place that asks the system what time it is.

use crate::factory::ports::clock::Clock;
use chrono::{DateTime, SubsecRound, Utc};
use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// The system's own time, to the millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // Nanoseconds would make every time on disk three times as long and no more useful.
        Utc::now().trunc_subsecs(3)
    }
}

/// How long ago a file was last written; zero when that lies in the future or is unknown.
#[must_use]
pub fn age(meta: &Metadata) -> Duration {
    meta.modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .unwrap_or_default()
}
