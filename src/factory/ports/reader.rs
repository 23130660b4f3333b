//! Paged, read-only questions to a home's past.

use crate::domain::screen::LogLine;
use crate::domain::stats::Stats;

/// Where a page of log lines begins on disk: whatever the adapter needs to read on from there, towards the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which file; it keeps this name when it is put aside, and no other ever has it.
    pub file: u64,
    /// Bytes from its start.
    pub at: u64,
}

/// Some log lines, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Where the lines before these end; None = there are none on disk.
    pub before: Option<Mark>,
}

/// A home's past.
pub trait Reader: Send + Sync {
    /// At most `count` lines that end at `mark`, damaged ones left out; None = the newest. A file that is gone
    /// since the mark was made has no lines.
    fn lines(&self, mark: Option<&Mark>, count: usize) -> Result<Page, String>;

    /// Statistics over the whole journal.
    fn stats(&self) -> Result<Stats, String>;

    /// Whether the engine that wrote the newest snapshot still runs.
    fn alive(&self) -> bool;
}
