//! Figures by time: kept by quarter hours, so that days of any time zone can be made of them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Seconds of a quarter hour.
const QUARTER: i64 = 900;

/// What happened in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Ships.
    pub shipped: u64,
    /// Times an item was put aside.
    pub parked: u64,
    /// Builds measured for the first time.
    pub measured: u64,
    /// Of these, green at once.
    pub first_pass: u64,
    /// Cycles.
    pub cycles: u64,
    /// Money, USD.
    pub usd: f64,
    /// Tokens read and written.
    pub tokens: u64,
    /// Of these, those of the operator's own machines.
    pub local_tokens: u64,
    /// Milliseconds of turns on the operator's own machines.
    pub local_millis: u64,
}

/// All of time in quarter hours; those in which nothing happened are not kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Days {
    quarters: BTreeMap<i64, Share>,
}

impl Share {
    fn add(&mut self, other: &Self) {
        self.shipped += other.shipped;
        self.parked += other.parked;
        self.measured += other.measured;
        self.first_pass += other.first_pass;
        self.cycles += other.cycles;
        self.usd += other.usd;
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.local_tokens = self.local_tokens.saturating_add(other.local_tokens);
        self.local_millis = self.local_millis.saturating_add(other.local_millis);
    }

    /// Of several stretches together.
    #[must_use]
    pub fn sum<'a>(shares: impl IntoIterator<Item = &'a Self>) -> Self {
        shares.into_iter().fold(Self::default(), |mut sum, share| {
            sum.add(share);
            sum
        })
    }
}

impl Days {
    /// The quarter hour of a time.
    pub(super) fn at(&mut self, time: DateTime<Utc>) -> &mut Share {
        let quarter = time.timestamp().div_euclid(QUARTER);
        self.quarters.entry(quarter).or_default()
    }

    /// What happened from a time on, to the quarter hour.
    #[must_use]
    pub fn since(&self, time: DateTime<Utc>) -> Share {
        let quarter = time.timestamp().div_euclid(QUARTER);
        Share::sum(self.quarters.range(quarter..).map(|(_, share)| share))
    }

    /// All of it.
    #[must_use]
    pub fn whole(&self) -> Share {
        Share::sum(self.quarters.values())
    }

    /// The last `count` days up to that of `now`, oldest first; `date` tells on which day a time is.
    pub fn last(
        &self,
        count: usize,
        now: DateTime<Utc>,
        date: impl Fn(DateTime<Utc>) -> NaiveDate,
    ) -> Vec<Share> {
        let today = date(now);
        let mut days = vec![Share::default(); count];
        // Two days more than asked for, since days of a zone begin at other times than ours.
        let span = TimeDelta::days(i64::try_from(count).unwrap_or(0) + 2);
        let from = now.checked_sub_signed(span).unwrap_or(DateTime::UNIX_EPOCH);
        let first = from.timestamp().div_euclid(QUARTER);
        for (quarter, share) in self.quarters.range(first..) {
            let Some(time) = DateTime::from_timestamp(quarter.saturating_mul(QUARTER), 0) else {
                continue;
            };
            let ago = usize::try_from((today - date(time)).num_days());
            let place = ago.ok().and_then(|ago| count.checked_sub(ago + 1));
            if let Some(day) = place.and_then(|place| days.get_mut(place)) {
                day.add(share);
            }
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{FixedOffset, NaiveDateTime};

    fn at(text: &str) -> DateTime<Utc> {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M")
            .unwrap()
            .and_utc()
    }

    #[test]
    fn days_are_those_of_the_zone_asked_for() {
        let mut days = Days::default();
        for (time, shipped) in [
            ("2026-03-01 23:40", 1),
            ("2026-03-02 00:20", 2),
            ("2026-03-02 18:20", 4),
            ("2026-03-02 18:14", 8),
        ] {
            days.at(at(time)).shipped = shipped;
        }
        let ships = |minutes: i32, now: &str| -> Vec<u64> {
            let zone = FixedOffset::east_opt(minutes * 60).unwrap();
            let date = |time: DateTime<Utc>| time.with_timezone(&zone).date_naive();
            let last = days.last(3, at(now), date);
            last.iter().map(|day| day.shipped).collect()
        };
        assert_eq!(ships(0, "2026-03-02 22:00"), [0, 1, 14]);
        assert_eq!(ships(-60, "2026-03-02 22:00"), [0, 3, 12]);
        assert_eq!(ships(345, "2026-03-02 18:30"), [0, 11, 4], "Nepal");
        assert_eq!(ships(0, "2026-03-04 00:00"), [14, 0, 0]);
        assert_eq!(ships(0, "2026-03-09 00:00"), [0, 0, 0]);
        assert_eq!(days.since(at("2026-03-02 00:00")).shipped, 14);
        assert_eq!(days.whole().shipped, 15);
    }
}
