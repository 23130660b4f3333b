//! The parts of a tool's past that are looked at one at a time.

use crate::domain::tool::Moment;

/// A section.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    #[default]
    Spec,
    Files,
    Diff,
    Tests,
    Bugs,
    Reviews,
    Evidence,
    Turns,
    Cost,
}

impl Section {
    /// All, in order.
    pub const ALL: [Self; 9] = [
        Self::Spec,
        Self::Files,
        Self::Diff,
        Self::Tests,
        Self::Bugs,
        Self::Reviews,
        Self::Evidence,
        Self::Turns,
        Self::Cost,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spec => "Spec",
            Self::Files => "Files",
            Self::Diff => "Diff",
            Self::Tests => "Tests",
            Self::Bugs => "Bugs",
            Self::Reviews => "Reviews",
            Self::Evidence => "Evidence",
            Self::Turns => "Turns",
            Self::Cost => "Cost",
        }
    }

    /// Its name where there is little room.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Reviews => "Rev",
            Self::Evidence => "Evid",
            other => other.name(),
        }
    }

    /// Its place in the order.
    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL
            .iter()
            .position(|other| *other == self)
            .unwrap_or(0)
    }

    /// The next one, or the one before; after the last comes the first.
    #[must_use]
    pub fn beside(self, on: bool) -> Self {
        let count = Self::ALL.len();
        let step = if on { 1 } else { count - 1 };
        let next = (self.index() + step) % count;
        Self::ALL.get(next).copied().unwrap_or(self)
    }

    /// How many there are of what it shows, where that says something.
    #[must_use]
    pub fn count(self, moment: &Moment, turns: usize) -> Option<usize> {
        match self {
            Self::Bugs => Some(moment.bugs.len()),
            Self::Reviews => Some(moment.reviews.len()),
            Self::Evidence => Some(moment.runs.len()),
            Self::Turns => Some(turns),
            _ => None,
        }
    }
}
