//! What happened since a person looked last: a fold over the events after their mark.

use super::actor;
use super::away::Absences;
use super::event::{Event, EventBody, Move, Turn};
use super::phase::{Outcome, Phase};
use super::stats::Usage;
use super::stuck::unanswerable;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names kept of a kind; the rest is counted.
const NAMES: usize = 200;

/// A person's mark in a home's journal: what they have read of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bookmark {
    /// Newest event then.
    pub seq: u64,
    /// When, UTC.
    pub at: Option<DateTime<Utc>>,
}

/// A tool that shipped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipped {
    /// Name.
    pub tool: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A tool that stands parked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParkedTool {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// The figures of a shift.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Where it begins.
    pub mark: Bookmark,
    /// Newest event.
    pub seq: u64,
    /// Events counted.
    pub events: u64,
    /// Newest event counted.
    pub until: Option<DateTime<Utc>>,
    /// Ships, newest last.
    pub shipped: Vec<Shipped>,
    /// Ships beyond these.
    pub more_shipped: u64,
    /// Tools put aside since then that still are.
    pub parked: BTreeMap<String, ParkedTool>,
    /// Items dropped.
    pub dropped: u64,
    /// What turns used.
    pub used: Usage,
    /// Of the tokens, those of the operator's own machines.
    pub local_tokens: u64,
    /// Milliseconds an engine ran and had no tool under way.
    pub idle_millis: u64,
    /// Turns taken in that time.
    pub idle_turns: u64,
    /// Their tokens.
    pub idle_tokens: u64,
    /// When hosts were away.
    pub away: Absences,
    /// Failures of the engine itself.
    pub incidents: u64,
    /// Stuck verdicts that "not stuck" can answer.
    pub stuck: u64,
    /// Of these, answered with "not stuck" by a person.
    pub not_stuck: u64,
    /// Reviews decided by a person.
    pub decided: u64,
    /// An engine runs and has no tool under way, since then.
    idle_since: Option<DateTime<Utc>>,
    /// A tool is under way; None = not known yet.
    busy: Option<bool>,
    /// Since when it is as the first move will tell.
    began: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
}

impl Shift {
    /// From a mark on.
    #[must_use]
    pub fn after(mark: Bookmark) -> Self {
        Self {
            mark,
            seq: mark.seq,
            // A journal begins with a free lane.
            busy: (mark.seq == 0).then_some(false),
            began: mark.at,
            ..Self::default()
        }
    }

    /// Folds one event in; those up to the mark, and those folded already, change nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        self.events += 1;
        self.until = Some(event.ts);
        self.away.apply(event);
        match &event.body {
            EventBody::Move(made) => self.moved(event, made),
            EventBody::Turn(turn) => self.turned(turn),
            EventBody::ItemParked { name, reason } => self.park(name, event, reason),
            EventBody::ItemDropped { name, .. } => {
                self.dropped += 1;
                self.parked.remove(name);
            }
            EventBody::ItemRequeued { name, .. } | EventBody::ItemReopened { name, .. } => {
                self.parked.remove(name);
            }
            EventBody::Incident { .. } => self.incidents += 1,
            // A person can judge only what they can answer.
            EventBody::Stuck { rule, .. } if unanswerable(rule).is_none() => self.stuck += 1,
            EventBody::NotStuck { .. } => self.not_stuck += 1,
            EventBody::Started { .. } => self.ran(event.ts, true),
            EventBody::Stopped { .. } => self.ran(event.ts, false),
            _ => {}
        }
        self.last = Some(event.ts);
    }

    /// Milliseconds without a tool under way; those up to `now` are counted where an engine runs and the lane is free.
    #[must_use]
    pub fn idle(&self, now: Option<DateTime<Utc>>) -> u64 {
        let unknown = self.began.filter(|_| self.busy.is_none());
        let open = self.idle_since.or(unknown).zip(now);
        let open = open.map(|(since, now)| now - since);
        self.idle_millis.saturating_add(millis(open))
    }

    fn turned(&mut self, turn: &Turn) {
        self.used.add(turn);
        let read = turn.input_tokens.unwrap_or(0);
        let tokens = read.saturating_add(turn.output_tokens.unwrap_or(0));
        if turn.local {
            self.local_tokens = self.local_tokens.saturating_add(tokens);
        }
        if self.busy == Some(false) {
            self.idle_turns += 1;
            self.idle_tokens = self.idle_tokens.saturating_add(tokens);
        }
    }

    fn moved(&mut self, event: &Event, made: &Move) {
        if self.busy.is_none() && !made.from.active() {
            self.idle_since = self.began;
        }
        self.idles(event.ts, made.to.active());
        let Some(tool) = &event.tool else { return };
        match made.outcome {
            Outcome::Ship => {
                self.parked.remove(tool);
                if self.shipped.len() < NAMES {
                    self.shipped.push(Shipped {
                        tool: tool.clone(),
                        at: event.ts,
                    });
                } else {
                    self.more_shipped += 1;
                }
            }
            Outcome::Parked => {
                let reason = made.reason.clone().unwrap_or_default();
                self.park(&tool.clone(), event, &reason);
            }
            _ => {}
        }
        if made.from == Phase::Review && made.outcome.verdict() && actor::is_person(&event.actor) {
            self.decided += 1;
        }
        if made.from == Phase::Idle {
            self.parked.remove(tool);
        }
    }

    fn park(&mut self, tool: &str, event: &Event, reason: &str) {
        if self.parked.len() < NAMES || self.parked.contains_key(tool) {
            let parked = ParkedTool {
                at: event.ts,
                reason: reason.to_owned(),
            };
            self.parked.insert(tool.to_owned(), parked);
        }
    }

    /// The lane is taken or free from now on.
    fn idles(&mut self, now: DateTime<Utc>, busy: bool) {
        self.close(now);
        self.busy = Some(busy);
        self.idle_since = (!busy).then_some(now);
    }

    /// An engine began or ended; one that was killed was there until its last event.
    fn ran(&mut self, now: DateTime<Utc>, up: bool) {
        let end = if up { self.last.unwrap_or(now) } else { now };
        self.close(end);
        self.began = up.then_some(now);
        self.idle_since = self.began.filter(|_| self.busy == Some(false));
    }

    fn close(&mut self, end: DateTime<Utc>) {
        let open = self.idle_since.take().map(|since| end - since);
        self.idle_millis = self.idle_millis.saturating_add(millis(open));
    }
}

fn millis(time: Option<TimeDelta>) -> u64 {
    time.map_or(0, |time| {
        u64::try_from(time.num_milliseconds()).unwrap_or(0)
    })
}
