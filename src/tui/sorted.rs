//! The table of tools on Stats: by which column, in which order, which of them, and over how many days the columns go.

use crate::domain::stats::{Closing, Stands, Stats};
use std::cmp::Ordering;

/// Days a column stands for, and how many columns there are.
pub const WINDOWS: [(usize, usize); 4] = [(1, 14), (1, 30), (3, 30), (12, 30)];

/// A column one can sort by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Since when the tool stands where it stands, newest first.
    #[default]
    Ended,
    Tool,
    Result,
    Cycles,
    Time,
    Money,
    Tests,
    HeldOut,
    Cover,
    Mutation,
    Gap,
}

impl By {
    /// All, in the order `s` goes through them.
    pub const ALL: [Self; 11] = [
        Self::Ended,
        Self::Tool,
        Self::Result,
        Self::Cycles,
        Self::Time,
        Self::Money,
        Self::Tests,
        Self::HeldOut,
        Self::Cover,
        Self::Mutation,
        Self::Gap,
    ];

    /// What the title says.
    #[must_use]
    pub const fn words(self, reversed: bool) -> &'static str {
        match (self, reversed) {
            (Self::Ended, false) => "newest first",
            (Self::Ended, true) => "oldest first",
            (Self::Tool, false) => "by name",
            (Self::Tool, true) => "by name, z first",
            (Self::Result, false) => "by result",
            (Self::Result, true) => "by result, shipped last",
            (Self::Cycles, false) => "most cycles first",
            (Self::Cycles, true) => "fewest cycles first",
            (Self::Time, false) => "longest first",
            (Self::Time, true) => "shortest first",
            (Self::Money, false) => "dearest first",
            (Self::Money, true) => "cheapest first",
            (Self::Tests, false) => "most tests first",
            (Self::Tests, true) => "fewest tests first",
            (Self::HeldOut, false) => "fewest held-out green first",
            (Self::HeldOut, true) => "most held-out green first",
            (Self::Cover, false) => "least covered first",
            (Self::Cover, true) => "most covered first",
            (Self::Mutation, false) => "fewest mutants killed first",
            (Self::Mutation, true) => "most mutants killed first",
            (Self::Gap, false) => "widest gap first",
            (Self::Gap, true) => "narrowest gap first",
        }
    }

    /// Name of the column it sorts.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Ended => "Ended",
            Self::Tool => "Tool",
            Self::Result => "Result",
            Self::Cycles => "Cycles",
            Self::Time => "Time",
            Self::Money => "Money",
            Self::Tests => "Tests",
            Self::HeldOut => "Held-out",
            Self::Cover => "Cover",
            Self::Mutation => "Mutation",
            Self::Gap => "Gap",
        }
    }

    fn compare(self, a: &Closing, b: &Closing) -> Ordering {
        // What has no figure stands last, whichever way.
        let known = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => b.total_cmp(&a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let share = |row: &Closing| {
            let part = f64::from(row.held_passed) / f64::from(row.held_out);
            (row.held_out > 0).then_some(-part)
        };
        match self {
            Self::Ended => newest(a, b),
            Self::Tool => a.tool.cmp(&b.tool),
            Self::Result => rank(a.stands).cmp(&rank(b.stands)),
            Self::Cycles => b.cycles.cmp(&a.cycles),
            Self::Time => b.seconds.total_cmp(&a.seconds),
            Self::Money => b.used.usd.total_cmp(&a.used.usd),
            Self::Tests => b.tests.cmp(&a.tests),
            Self::HeldOut => known(share(a), share(b)),
            Self::Cover => known(a.coverage.map(|c| -c), b.coverage.map(|c| -c)),
            Self::Mutation => {
                let score = |row: &Closing| row.mutation.map(|score| -f64::from(score));
                known(score(a), score(b))
            }
            Self::Gap => known(a.gap, b.gap),
        }
    }
}

/// What is under way first, then by when it came to stand where it stands.
fn newest(a: &Closing, b: &Closing) -> Ordering {
    let active = |row: &Closing| matches!(row.stands, Stands::Active(_));
    active(b).cmp(&active(a)).then(b.since.cmp(&a.since))
}

const fn rank(stands: Stands) -> u8 {
    match stands {
        Stands::Active(_) => 0,
        Stands::Shelved => 1,
        Stands::Queued => 2,
        Stands::Shipped => 3,
        Stands::Parked => 4,
        Stands::Dropped => 5,
    }
}

/// How the table is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolsTable {
    /// The column it is sorted by.
    pub by: By,
    /// The other way round.
    pub reversed: bool,
    /// Only tools with this text in their name or result.
    pub filter: String,
    /// Which of the windows.
    pub window: usize,
    /// Rows as shown; kept, since there may be thousands.
    pub rows: Vec<Closing>,
}

impl ToolsTable {
    /// Days a column stands for, and how many columns there are.
    #[must_use]
    pub fn days(&self) -> (usize, usize) {
        WINDOWS.get(self.window).copied().unwrap_or((1, 14))
    }

    /// Goes on to the next column.
    pub fn next_column(&mut self) {
        let at = By::ALL.iter().position(|by| *by == self.by).unwrap_or(0);
        self.by = By::ALL.get(at + 1).copied().unwrap_or_default();
        self.reversed = false;
    }

    /// Goes on to the next window.
    pub fn next_window(&mut self) {
        self.window = (self.window + 1) % WINDOWS.len();
    }

    /// Picks and sorts the rows anew.
    pub fn fill(&mut self, stats: &Stats) {
        let text = self.filter.to_lowercase();
        let holds = |row: &&Closing| {
            text.is_empty()
                || row.tool.to_lowercase().contains(&text)
                || row.stands.word().contains(&text)
        };
        self.rows = stats.rows().filter(holds).cloned().collect();
        let (by, reversed) = (self.by, self.reversed);
        self.rows.sort_by(|a, b| {
            let order = by.compare(a, b);
            let order = if reversed { order.reverse() } else { order };
            order.then_with(|| newest(a, b))
        });
    }

    /// The rows as a CSV file (RFC 4180): a head, then a line a tool; times in UTC, what is not known left empty.
    #[must_use]
    pub fn csv(&self) -> String {
        const HEAD: &str = "tool,result,ended,version,cycles,runs,seconds,usd,unpriced_turns,tokens_read,tokens_written,local_seconds,tests,tests_passed,held_out,held_out_passed,coverage,mutation,first_gap,rung,scripted";
        let number = |figure: Option<f64>| figure.map_or_else(String::new, |f| format!("{f:.1}"));
        let line = |row: &Closing| {
            let fields = [
                row.tool.clone(),
                row.stands.word(),
                row.ended.map_or_else(String::new, |at| at.to_rfc3339()),
                row.version.clone().unwrap_or_default(),
                row.cycles.to_string(),
                row.runs.to_string(),
                format!("{:.0}", row.seconds),
                format!("{:.6}", row.used.usd),
                row.used.unpriced.to_string(),
                row.used.input.to_string(),
                row.used.output.to_string(),
                (row.used.local_millis / 1000).to_string(),
                row.tests.to_string(),
                row.passed.to_string(),
                row.held_out.to_string(),
                row.held_passed.to_string(),
                number(row.coverage),
                row.mutation.map_or_else(String::new, |m| m.to_string()),
                number(row.gap),
                format!("L{}", row.level),
                row.scripted.to_string(),
            ];
            fields.map(|field| quoted(&field)).join(",")
        };
        let lines = std::iter::once(HEAD.to_owned()).chain(self.rows.iter().map(line));
        lines.map(|line| line + "\r\n").collect()
    }
}

fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
