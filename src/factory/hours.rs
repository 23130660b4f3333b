//! Sleep of the computer, stops of this process and jumps of the clock: told in the journal, and charged to nobody.

use super::driver::Driver;
use super::failed::Failed;
use crate::domain::event::EventBody;
use crate::domain::gap::Gap;
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
struct Between {
    slept: Duration,
    stopped: Duration,
    /// By which the wall clock was put forward; negative = back.
    put: TimeDelta,
}

impl Moment {
    fn until(&self, now: &Self) -> Between {
        let awake = now.awake.saturating_duration_since(self.awake);
        let up = self.uptime.zip(now.uptime);
        let up = up.map(|(then, now)| now.saturating_sub(then));
        let slept = up.map_or(Duration::ZERO, |up| up.saturating_sub(awake));
        let passed = TimeDelta::from_std(awake + slept).unwrap_or_default();
        Between {
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
        let between = self.seen.replace(now).map(|then| then.until(&now));
        let between = between.unwrap_or_default();
        if let Some(running) = &mut self.running {
            running.alive += between.stopped;
        }
        for (gap, time) in between.gaps() {
            // The clocks are looked at one after the other: what they differ by is a little more or less than it was.
            let seconds = time.as_secs_f64().round() as u64;
            self.note(EventBody::Gap { gap, seconds })?;
        }
        Ok(())
    }
}

impl Between {
    /// What of it is worth knowing.
    fn gaps(&self) -> Vec<(Gap, Duration)> {
        let way = match self.put > TimeDelta::zero() {
            true => Gap::PutForward,
            false => Gap::PutBack,
        };
        let all = [
            (Gap::Slept, self.slept, COUNTS),
            (Gap::Stopped, self.stopped, Duration::from_nanos(1)),
            (way, self.put.abs().to_std().unwrap_or_default(), COUNTS),
        ];
        let counts = all.into_iter().filter(|(_, time, least)| time >= least);
        counts.map(|(gap, time, _)| (gap, time)).collect()
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
        let gap = |wall, uptime| at(0, begin, Some(500)).until(&at(wall, later, uptime));
        let is = |slept, put| Between {
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
        let told: Vec<Gap> = is(3600, -3600).gaps().iter().map(|(gap, _)| *gap).collect();
        assert_eq!(told, [Gap::Slept, Gap::PutBack]);
        assert_eq!(is(9, 9).gaps(), [], "a busy machine");
    }
}
