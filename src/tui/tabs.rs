//! The four tabs and where one stands on each.

use crate::factory::ports::reader::Mark;

/// A tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The tool under way.
    #[default]
    Factory,
    /// Roles and hosts.
    Agents,
    /// Figures.
    Stats,
    /// The log.
    Logs,
}

impl Tab {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Factory, Self::Agents, Self::Stats, Self::Logs];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Factory => "Factory",
            Self::Agents => "Agents",
            Self::Stats => "Stats",
            Self::Logs => "Logs",
        }
    }
}

/// A list with a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Row of the cursor, from 0.
    pub cursor: usize,
}

impl List {
    /// Moves by some rows within `count`.
    pub fn step(&mut self, rows: isize, count: usize) {
        let last = count.saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }
}

/// Where one stands in the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogsPane {
    /// Number of the row of the cursor, at the bottom where there are enough above it; None = follows the newest.
    pub end: Option<i64>,
    /// Long lines are wrapped, not cut.
    pub wrap: bool,
    /// Columns of the text to the left of what is shown of cut lines.
    pub left: usize,
    /// Where the rows before those in memory end on disk; None = not asked yet.
    pub before: Option<Option<Mark>>,
    /// Older rows are on their way.
    pub loading: bool,
    /// On the way to the oldest row on disk.
    pub to_top: bool,
}
