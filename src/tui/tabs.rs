//! The four tabs and where one stands on each.

use super::book::Filter;

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
    /// Number of the row at the bottom; None = follows the newest.
    pub end: Option<i64>,
    /// Which rows are shown.
    pub filter: Filter,
    /// Long lines are wrapped, not cut.
    pub wrap: bool,
    /// Where the rows before those in memory end on disk; None = not asked yet.
    pub before: Option<Option<crate::factory::ports::reader::Mark>>,
    /// Older rows are on their way.
    pub loading: bool,
}
