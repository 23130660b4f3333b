//! One tool's past, from its events: its stays in phases, its turns, and what there was of it at any moment.

mod back;
mod diff;
mod moment;
mod stays;
#[cfg(test)]
mod tests;

pub use self::back::{Back, back};
pub use self::diff::{Changed, DiffLine, Sign, compare};
pub use self::moment::{Bug, Moment, Ran, Review, TreeAt};
pub use self::stays::{Stay, stays};
use super::event::{Event, EventBody, Turn};
use super::lines;
use super::phase::Phase;
use super::state::AttemptRef;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What the journal says of one tool, as far as it has been read: from its newest event backwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    events: BTreeMap<u64, Event>,
}

/// A turn of a model, and where its transcript has it.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnAt<'a> {
    /// The event.
    pub event: &'a Event,
    /// What it says.
    pub turn: &'a Turn,
    /// The attempt it belongs to; None when its beginning is not read yet.
    pub attempt: Option<&'a AttemptRef>,
    /// How many turns of the attempt had the same label before it.
    pub nth: usize,
}

impl Past {
    /// Takes events in; those it has already stay.
    pub fn add(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.events.entry(event.seq).or_insert(event);
        }
    }

    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Number of the newest event; 0 = none.
    #[must_use]
    pub fn newest(&self) -> u64 {
        self.events.keys().next_back().copied().unwrap_or(0)
    }

    /// Events up to and with a number, oldest first; all of them for None.
    pub fn until(&self, at: Option<u64>) -> impl DoubleEndedIterator<Item = &Event> {
        self.events
            .range(..=at.unwrap_or(u64::MAX))
            .map(|(_, event)| event)
    }

    /// The event of a moment: the newest up to and with a number.
    #[must_use]
    pub fn event(&self, at: Option<u64>) -> Option<&Event> {
        self.until(at).next_back()
    }

    /// Number of the newest event at a time.
    #[must_use]
    pub fn at_time(&self, at: DateTime<Utc>) -> Option<u64> {
        let mut newest = self.events.values().rev();
        newest.find(|event| event.ts <= at).map(|event| event.seq)
    }

    /// The next event towards the past or the future that changes what is shown.
    #[must_use]
    pub fn step(&self, at: Option<u64>, on: bool) -> Option<u64> {
        self.next(at, on, shows)
    }

    /// The next move towards the past or the future.
    #[must_use]
    pub fn jump(&self, at: Option<u64>, on: bool) -> Option<u64> {
        self.next(at, on, |event| matches!(event.body, EventBody::Move(_)))
    }

    fn next(&self, at: Option<u64>, on: bool, wanted: fn(&Event) -> bool) -> Option<u64> {
        let here = at.unwrap_or(u64::MAX);
        let found = if on {
            let mut later = self.events.range(here.saturating_add(1)..);
            later.find(|(_, event)| wanted(event))
        } else {
            // The newest moment is the newest event: one step back leaves it.
            let newest = self.event(at).map_or(0, |event| event.seq);
            let mut earlier = self.events.range(..newest).rev();
            earlier.find(|(_, event)| wanted(event))
        };
        found.map(|(seq, _)| *seq)
    }

    /// Turns up to a moment, oldest first.
    #[must_use]
    pub fn turns(&self, at: Option<u64>) -> Vec<TurnAt<'_>> {
        let mut attempt: Option<&AttemptRef> = None;
        let mut before: BTreeMap<&str, usize> = BTreeMap::new();
        let mut turns = Vec::new();
        for event in self.until(at) {
            match &event.body {
                EventBody::AttemptStarted(begun) => {
                    attempt = Some(begun);
                    before.clear();
                }
                EventBody::Turn(turn) => {
                    let nth = before.entry(&turn.label).or_default();
                    turns.push(TurnAt {
                        event,
                        turn,
                        attempt,
                        nth: *nth,
                    });
                    *nth += 1;
                }
                _ => {}
            }
        }
        turns
    }
}

/// Whether an event changes what one sees of a tool; the rest is bookkeeping.
fn shows(event: &Event) -> bool {
    !matches!(
        event.body,
        EventBody::Sent(_)
            | EventBody::Worked { .. }
            | EventBody::Cycle(_)
            | EventBody::Answered { .. }
            | EventBody::Snoozed { .. }
    )
}

/// Whether an event is about a tool: it names it, or its item.
#[must_use]
pub fn concerns(event: &Event, tool: &str) -> bool {
    let item = match &event.body {
        EventBody::ItemAdded { name, .. }
        | EventBody::ItemEdited { name, .. }
        | EventBody::ItemDropped { name, .. }
        | EventBody::ItemParked { name, .. }
        | EventBody::ItemRequeued { name, .. }
        | EventBody::ItemReopened { name, .. } => Some(name),
        EventBody::Decided { item, .. } => Some(item),
        EventBody::Swept(swept) => {
            let mut named = swept.transcripts.iter().chain(&swept.evidence);
            return named.any(|name| name == tool);
        }
        EventBody::Adopted(found) => {
            return found.items.iter().any(|item| item.name == tool)
                || found.shipped.iter().any(|(name, _)| name == tool);
        }
        _ => None,
    };
    event.tool.as_deref() == Some(tool) || item.is_some_and(|name| name == tool)
}

/// Whether nothing of a tool is older than an event: it put the tool on the list.
#[must_use]
pub fn begins(event: &Event, tool: &str) -> bool {
    match &event.body {
        EventBody::ItemAdded { name, .. } => name == tool,
        EventBody::Adopted(_) => true,
        _ => false,
    }
}

/// An event in one sentence.
#[must_use]
pub fn words(event: &Event) -> String {
    if let Some(line) = lines::line(event) {
        return line.text;
    }
    match &event.body {
        EventBody::AttemptStarted(begun) => {
            format!(
                "attempt {} begins: the {} in {}",
                begun.id, begun.role, begun.phase
            )
        }
        EventBody::Tree { commit, .. } => {
            format!("files committed, {}", commit.get(..10).unwrap_or(commit))
        }
        EventBody::Tried { passed, total, .. } => {
            format!("tests run after an edit: {passed} of {total} pass")
        }
        EventBody::Hinted { phase, text } => format!("hint for {phase}: {text}"),
        EventBody::NotStuck { rule } => format!("not stuck, a person says ({rule})"),
        EventBody::ItemEdited { .. } => "the idea or its priority was changed".to_owned(),
        EventBody::ItemRequeued { reason, .. } => format!("wanted again: {reason}"),
        EventBody::BudgetSet { unit, amount, .. } => {
            format!("limit set: {amount} {}", unit.name())
        }
        EventBody::HostBack { host } => format!("{host} answers again"),
        _ => "work went on".to_owned(),
    }
}

/// The phase a move of the tool led to last, up to a moment.
#[must_use]
pub fn phase(past: &Past, at: Option<u64>) -> Phase {
    let moves = past.until(at).rev().find_map(|event| match &event.body {
        EventBody::Move(made) => Some(made.to),
        _ => None,
    });
    moves.unwrap_or(Phase::Idle)
}
