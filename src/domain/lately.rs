//! What roles and hosts did in the last 24 hours, and their last turns: a bounded part of the fold.

use super::away::Absences;
use super::event::{Event, EventBody, Turn};
use super::phase::Role;
use super::screen::TurnLine;
use super::stats::Usage;
use crate::text::sanitise::one_line;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Last turns kept of each role.
const TURNS: usize = 12;
/// Hours of health, one column each.
pub const HOURS: usize = 24;
/// Characters kept of what went wrong.
const WORDS: usize = 80;

/// Use within one minute by one role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Minute {
    at: DateTime<Utc>,
    role: Role,
    used: Usage,
}

/// The recent past.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lately {
    /// The last 24 hours, oldest first.
    minutes: Vec<Minute>,
    /// Newest last.
    turns: BTreeMap<Role, Vec<TurnLine>>,
    /// When hosts were away.
    pub away: Absences,
    /// Hours in which a host was worked with, by host, since the epoch, oldest first.
    hours: BTreeMap<String, Vec<i64>>,
}

impl Lately {
    /// Folds one event in.
    pub(super) fn apply(&mut self, event: &Event) {
        self.away.apply(event);
        if let EventBody::Turn(turn) = &event.body {
            self.used(event.ts, turn);
            self.asked(event.ts, &turn.host);
            let turns = self.turns.entry(turn.role).or_default();
            turns.push(line(event, turn));
            let over = turns.len().saturating_sub(TURNS);
            turns.drain(..over);
        }
    }

    fn used(&mut self, at: DateTime<Utc>, turn: &Turn) {
        let day_ago = at - TimeDelta::hours(24);
        self.minutes.retain(|minute| minute.at > day_ago);
        let minute = at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at);
        let same = |known: &&mut Minute| known.at == minute && known.role == turn.role;
        match self.minutes.iter_mut().rev().take(4).find(same) {
            Some(known) => {
                known.used.add(turn);
                // As in the budget: a sum that survives JSON exactly.
                known.used.usd = (known.used.usd * 1e9).round() / 1e9;
            }
            None => {
                let mut used = Usage::default();
                used.add(turn);
                self.minutes.push(Minute {
                    at: minute,
                    role: turn.role,
                    used,
                });
            }
        }
    }

    fn asked(&mut self, at: DateTime<Utc>, host: &str) {
        let hour = hour(at);
        let oldest = hour - HOURS as i64;
        for hours in self.hours.values_mut() {
            hours.retain(|known| *known > oldest);
        }
        self.hours.retain(|_, hours| !hours.is_empty());
        let hours = self.hours.entry(host.to_owned()).or_default();
        if hours.last() != Some(&hour) {
            hours.push(hour);
        }
    }

    /// What a role used in the 24 hours up to now; the window is that of the budget.
    #[must_use]
    pub fn day(&self, role: Role, now: DateTime<Utc>) -> Usage {
        let day_ago = now - TimeDelta::hours(24);
        let own = |minute: &&Minute| minute.role == role && minute.at > day_ago && minute.at <= now;
        let mut sum = Usage::default();
        for minute in self.minutes.iter().filter(own) {
            sum.join(&minute.used);
        }
        sum
    }

    /// The last turns of a role, newest last.
    #[must_use]
    pub fn turns(&self, role: Role) -> &[TurnLine] {
        self.turns.get(&role).map_or(&[], Vec::as_slice)
    }

    /// How a host did, a character an hour, the present one last: 8 = there all the time, down to 1 = away all the time, `-` =
    /// not worked with.
    #[must_use]
    pub fn health(&self, host: &str, now: DateTime<Utc>) -> String {
        let last = hour(now);
        let known = self.hours.get(host).map_or(&[][..], Vec::as_slice);
        let column = |ago: usize| {
            let hour = last - ago as i64;
            let away = self.away_in(host, hour, now);
            let level = 8 - (away * 7.0).round() as u32;
            match away > 0.0 || known.contains(&hour) {
                true => char::from_digit(level, 10).unwrap_or('-'),
                false => '-',
            }
        };
        (0..HOURS).rev().map(column).collect()
    }

    /// Share of an hour a host was away, of what has passed of it.
    fn away_in(&self, host: &str, hour: i64, now: DateTime<Utc>) -> f64 {
        let (from, end) = (hour * 3600, (hour + 1) * 3600);
        let end = end.min(now.timestamp() + 1);
        let overlap = |from_to: (i64, i64)| (from_to.1.min(end) - from_to.0.max(from)).max(0);
        let away = self.away.of(host).map(|away| {
            let to = away.to.unwrap_or(now);
            overlap((away.from.timestamp(), to.timestamp() + 1))
        });
        let seconds = away.sum::<i64>();
        (seconds as f64 / (end - from).max(1) as f64).min(1.0)
    }
}

fn hour(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3600)
}

fn line(event: &Event, turn: &Turn) -> TurnLine {
    TurnLine {
        seq: event.seq,
        at: event.ts,
        label: turn.label.clone(),
        host: turn.host.clone(),
        sent: turn.estimated,
        read: turn.input_tokens,
        written: turn.output_tokens,
        thought: turn.thought_tokens,
        millis: turn.millis,
        speed: turn.speed,
        ended: match turn {
            turn if !turn.ok => one_line(turn.error.as_deref().unwrap_or("failed"), WORDS),
            turn if turn.exhausted => "length".to_owned(),
            turn if turn.malformed => "no form".to_owned(),
            _ => "stop".to_owned(),
        },
        ok: turn.ok,
    }
}
