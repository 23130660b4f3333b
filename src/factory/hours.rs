//! Sleep of the computer, stops of this process and jumps of the clock: told in the journal, and charged to nobody.

use super::driver::Driver;
use super::failed::Failed;
use crate::domain::event::EventBody;
use chrono::{DateTime, TimeDelta, Utc};
use std::time::{Duration, Instant};

/// Differences below this are the clock being set right, or a busy machine.
const COUNTS: Duration = Duration::from_secs(10);

/// Three clocks at one moment: the wall's, the one that stops while the computer sleeps, the one that does not.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    wall: DateTime<Utc>,
    awake: Instant,
    uptime: Option<Duration>,
    /// Of the time awake, what this process missed.
    stopped: Duration,
}

/// What became of the time between two moments.
#[derive(Debug, Default, PartialEq, Eq)]
struct Gap {
    slept: Duration,
    stopped: Duration,
    /// By which the wall clock was put forward; negative = back.
    put: TimeDelta,
}

impl Moment {
    fn gap(&self, now: &Self) -> Gap {
        let awake = now.awake.saturating_duration_since(self.awake);
        let up = self.uptime.zip(now.uptime);
        let up = up.map(|(then, now)| now.saturating_sub(then));
        let slept = up.map_or(Duration::ZERO, |up| up.saturating_sub(awake));
        let passed = TimeDelta::from_std(awake + slept).unwrap_or_default();
        Gap {
            slept,
            stopped: now.stopped.saturating_sub(self.stopped),
            put: now.wall - self.wall - passed,
        }
    }
}

impl Driver {
    /// This moment by all clocks.
    pub(super) fn moment(&self) -> Moment {
        Moment {
            wall: self.tools.clock.now(),
            awake: Instant::now(),
            uptime: self.tools.clock.uptime(),
            stopped: self.tools.clock.stopped(),
        }
    }

    /// Looks what became of the time since the last look; what is worth knowing is journaled.
    pub(super) fn look_at_clocks(&mut self) -> Result<(), Failed> {
        let now = self.moment();
        let gap = self.seen.replace(now).map(|then| then.gap(&now));
        let gap = gap.unwrap_or_default();
        if gap.slept >= COUNTS {
            let sentence = format!("the computer slept for {}", words(gap.slept));
            self.note(EventBody::Noted { sentence })?;
        }
        if !gap.stopped.is_zero() {
            if let Some(running) = &mut self.running {
                running.alive += gap.stopped;
            }
            let sentence = format!("this program was stopped for {}", words(gap.stopped));
            self.note(EventBody::Noted { sentence })?;
        }
        let put = gap.put.abs().to_std().unwrap_or_default();
        if put >= COUNTS {
            let way = if gap.put > TimeDelta::zero() {
                "forward"
            } else {
                "back"
            };
            let sentence = format!("the clock of the computer was put {way} by {}", words(put));
            self.note(EventBody::Noted { sentence })?;
        }
        Ok(())
    }
}

/// "2 h 5 min", "40 s".
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let minutes = (seconds + 30) / 60;
    match minutes {
        _ if seconds < 60 => format!("{seconds} s"),
        0..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: i64, awake: Instant, uptime: Option<u64>) -> Moment {
        Moment {
            wall: DateTime::from_timestamp(1_700_000_000 + wall, 0).unwrap(),
            awake,
            uptime: uptime.map(Duration::from_secs),
            stopped: Duration::ZERO,
        }
    }

    #[test]
    fn sleep_and_a_clock_that_was_put_are_told_apart() {
        let begin = Instant::now();
        let later = begin + Duration::from_secs(60);
        let gap = |wall, uptime| at(0, begin, Some(500)).gap(&at(wall, later, uptime));
        let is = |slept, put| Gap {
            slept: Duration::from_secs(slept),
            stopped: Duration::ZERO,
            put: TimeDelta::seconds(put),
        };
        assert_eq!(gap(60, Some(560)), is(0, 0));
        assert_eq!(gap(3660, Some(4160)), is(3600, 0), "an hour of sleep");
        assert_eq!(gap(3660, Some(560)), is(0, 3600), "put forward");
        assert_eq!(gap(-3540, Some(560)), is(0, -3600), "put back");
        assert_eq!(gap(60, Some(4160)), is(3600, -3600), "both");
        assert_eq!(gap(60, None), is(0, 0), "no other clock");
        assert_eq!(words(Duration::from_secs(7500)), "2 h 5 min");
    }
}
