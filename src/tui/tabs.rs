//! The four tabs, the Tool view beside them, and where one stands on each.

use crate::factory::ports::reader::Mark;
use chrono::{DateTime, Utc};

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
    /// One tool, opened from a tab; no tab itself.
    Tool,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Self; 4] = [Self::Factory, Self::Agents, Self::Stats, Self::Logs];

    /// The one so many places on.
    #[must_use]
    pub fn step(self, places: usize) -> Self {
        beside(&Self::ALL, self, places)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Factory => "Factory",
            Self::Agents => "Agents",
            Self::Stats => "Stats",
            Self::Logs => "Logs",
            Self::Tool => "Tool view",
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

/// The part of Agents that takes the keys that move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Staff {
    /// All roles.
    #[default]
    Roles,
    /// The one that was chosen.
    Role,
    /// The hosts.
    Hosts,
    /// The last turns.
    Turns,
}

impl Staff {
    /// All, in the order of Tab.
    pub const ALL: [Self; 4] = [Self::Roles, Self::Role, Self::Hosts, Self::Turns];

    /// The one so many places on.
    #[must_use]
    pub fn step(self, places: usize) -> Self {
        beside(&Self::ALL, self, places)
    }
}

/// Where one stands on Agents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentsPane {
    /// Which part takes the keys that move.
    pub focus: Staff,
    /// The role that is chosen.
    pub roles: List,
    /// First row in sight of what is known of it.
    pub top: usize,
    /// Cursor on the hosts, by name.
    pub host: Pick<String>,
    /// Cursor on the last turns, by when they ended.
    pub turn: Pick<DateTime<Utc>>,
    /// Only turns with this text are shown.
    pub find: String,
}

/// How times of lines are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// As a clock on the wall.
    #[default]
    Local,
    /// As the files have them.
    Utc,
    /// Since the tool under way was begun; it stands still, as lines do.
    Since,
}

impl Time {
    /// The next way.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Local => Self::Utc,
            Self::Utc => Self::Since,
            Self::Since => Self::Local,
        }
    }
}

/// A cursor on a list whose rows come, go and change places: it stays on its row, and where that has gone it is on none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick<K> {
    on: Option<K>,
    /// Where its row was last.
    at: usize,
}

impl<K> Default for Pick<K> {
    fn default() -> Self {
        Self { on: None, at: 0 }
    }
}

impl<K: Clone + PartialEq> Pick<K> {
    /// The row it is on; None = nothing was chosen, or what was has gone.
    #[must_use]
    pub fn row(&self, all: &[K]) -> Option<usize> {
        let on = self.on.as_ref()?;
        all.iter().position(|one| one == on)
    }

    /// What it is on, whether that is still there or not.
    #[must_use]
    pub fn on(&self) -> Option<&K> {
        self.on.as_ref()
    }

    /// Puts it on a row.
    pub fn put(&mut self, all: &[K], at: usize) {
        self.at = at.min(all.len().saturating_sub(1));
        self.on = all.get(self.at).cloned();
    }

    /// Moves by some rows; the first move shows it where it is.
    pub fn step(&mut self, rows: isize, all: &[K]) {
        let at = match self.row(all) {
            Some(at) => at.saturating_add_signed(rows),
            None if rows.unsigned_abs() > all.len() => 0_usize.saturating_add_signed(rows),
            None => self.at,
        };
        self.put(all, at);
    }
}

/// The part of Factory that takes the keys that move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// The tool under way.
    #[default]
    Work,
    /// The queue.
    Queue,
    /// The live text.
    Live,
    /// The moves.
    Timeline,
}

impl Focus {
    /// All, in the order of Tab.
    pub const ALL: [Self; 4] = [Self::Work, Self::Queue, Self::Live, Self::Timeline];

    /// The one so many places on.
    #[must_use]
    pub fn step(self, places: usize) -> Self {
        beside(&Self::ALL, self, places)
    }
}

/// The one so many places on, round and round.
fn beside<T: Copy + Default + PartialEq>(all: &[T], one: T, places: usize) -> T {
    let at = all.iter().position(|known| *known == one).unwrap_or(0);
    all.get((at + places) % all.len().max(1))
        .copied()
        .unwrap_or_default()
}

/// How lines of the log and live text are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// Long ones are wrapped, not cut.
    pub wrap: bool,
    /// How times are shown.
    pub time: Time,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            wrap: true,
            time: Time::default(),
        }
    }
}

/// Where one stands in the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogsPane {
    /// Number of the row of the cursor, at the bottom where there are enough above it; None = follows the newest.
    pub end: Option<i64>,
    /// How lines are shown, here and in the live text.
    pub lines: Lines,
    /// Columns of the text to the left of what is shown of cut lines.
    pub left: usize,
    /// Where the rows before those in memory end on disk; None = not asked yet.
    pub before: Option<Option<Mark>>,
    /// Older rows are on their way.
    pub loading: bool,
    /// On the way to the oldest row on disk.
    pub to_top: bool,
}
