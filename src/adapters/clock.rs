//! The wall clock: the only place that asks the system what time it is; and what this process has missed of it.

use crate::factory::ports::clock::Clock;
use chrono::{DateTime, SubsecRound, Utc};
use std::fs::{File, Metadata};
use std::io;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How often it is looked whether this process runs.
const LOOK: Duration = Duration::from_secs(1);
/// A gap between two looks that no busy machine explains.
const GAP: Duration = Duration::from_secs(8);

/// The system's own time, to the millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // Nanoseconds would make every time on disk three times as long and no more useful.
        Utc::now().trunc_subsecs(3)
    }

    fn uptime(&self) -> Option<Duration> {
        uptime()
    }

    fn stopped(&self) -> Duration {
        stopped()
    }
}

/// How long the computer has been up, its sleep with it.
#[cfg(target_os = "linux")]
fn uptime() -> Option<Duration> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: it writes into the one place it is given.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut time) };
    let (seconds, nanos) = (time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?);
    (failed == 0).then(|| Duration::new(seconds, nanos))
}

#[cfg(not(target_os = "linux"))]
fn uptime() -> Option<Duration> {
    None
}

/// When it was last looked whether this process runs, and how long it did not.
struct Looks {
    last: Option<Instant>,
    stopped: Duration,
}

static LOOKS: Mutex<Looks> = Mutex::new(Looks {
    last: None,
    stopped: Duration::ZERO,
});

impl Looks {
    fn look(&mut self, now: Instant) -> Duration {
        let gap = self.last.map_or(Duration::ZERO, |last| now - last);
        if gap >= GAP {
            self.stopped += gap.saturating_sub(LOOK);
        }
        self.last = Some(now);
        self.stopped
    }
}

/// How long this process did not run while the computer did, as far as a thread that looks once a second can tell.
#[must_use]
pub fn stopped() -> Duration {
    static BEGUN: Once = Once::new();
    let look = || {
        let mut looks = LOOKS.lock().unwrap_or_else(PoisonError::into_inner);
        looks.look(Instant::now())
    };
    BEGUN.call_once(|| {
        let looking = move || {
            loop {
                std::thread::sleep(LOOK);
                look();
            }
        };
        let thread = std::thread::Builder::new().name("stops".to_owned());
        if let Err(error) = thread.spawn(looking) {
            tracing::warn!("stops of this process are not seen: {error}");
        }
    });
    look()
}

/// How long ago a file was last written; zero when that lies in the future or is unknown.
#[must_use]
pub fn age(meta: &Metadata) -> Duration {
    meta.modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .unwrap_or_default()
}

/// Notes that a file was of use now.
pub fn touch(file: &File) -> io::Result<()> {
    file.set_modified(SystemTime::now())
}

/// Whether a file was written so short a time ago. A time far in the future is that of another clock, or of one that was
/// put back.
#[must_use]
pub fn fresh(meta: &Metadata, within: Duration) -> bool {
    let Ok(at) = meta.modified() else {
        return false;
    };
    let apart = SystemTime::now()
        .duration_since(at)
        .unwrap_or_else(|ahead| ahead.duration());
    apart < within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gap_between_two_looks_is_time_that_was_missed() {
        let begin = Instant::now();
        let mut looks = Looks {
            last: None,
            stopped: Duration::ZERO,
        };
        let mut at = |seconds| looks.look(begin + Duration::from_secs(seconds)).as_secs();
        assert_eq!(at(100), 0, "nothing is known of before");
        assert_eq!(at(101), 0);
        assert_eq!(at(106), 0, "a busy machine");
        assert_eq!(at(407), 300);
        assert_eq!(at(408), 300);
    }
}
