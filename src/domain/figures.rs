//! What the Stats tab shows: statistics of all time and of the present shift, folded together.

use super::event::Event;
use super::shift::{Bookmark, Shift};
use super::stats::{Overview, Stats};
use serde::{Deserialize, Serialize};

/// Both, as far as the journal was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// All time.
    pub stats: Stats,
    /// Since a person's mark.
    pub shift: Shift,
    /// Over all tools; made by `settle`.
    #[serde(skip)]
    pub overview: Overview,
}

impl Figures {
    /// Nothing read yet, the shift from a mark on.
    #[must_use]
    pub fn after(mark: Bookmark) -> Self {
        Self {
            shift: Shift::after(mark),
            ..Self::default()
        }
    }

    /// Folds a whole history.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Event>, mark: Bookmark) -> Self {
        let mut figures = Self::after(mark);
        for event in events {
            figures.apply(event);
        }
        figures.settle();
        figures
    }

    /// Folds one event in; one that was folded already changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq > self.stats.seq {
            self.stats.apply(event);
        }
        self.shift.apply(event);
    }

    /// Begins the shift at another mark; None = it begins there already, else the number of the first event it lacks.
    pub fn mark(&mut self, mark: Bookmark) -> Option<u64> {
        if self.shift.mark == mark {
            return None;
        }
        self.shift = Shift::after(mark);
        Some(mark.seq + 1)
    }

    /// Makes what is made of the whole.
    pub fn settle(&mut self) {
        self.overview = Overview::of(&self.stats);
    }
}
