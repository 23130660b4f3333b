//! One row of the log, and which rows are wanted.

use crate::domain::screen::{Kind, Level};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// One row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Counts upwards without gaps; rows read later from disk count down.
    pub id: i64,
    /// When its first piece came.
    pub at: DateTime<Utc>,
    /// Who spoke.
    pub from: Arc<str>,
    /// What kind.
    pub level: Level,
    /// What it tells of.
    pub kind: Kind,
    /// About which tool.
    pub tool: Option<Arc<str>>,
    /// The event it stands for, if one.
    pub seq: Option<u64>,
    /// One line of text.
    pub text: String,
    /// Where in the text of its first piece it begins.
    pub start: usize,
}

impl Row {
    /// Its kind in four letters.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (self.kind, self.level) {
            (Kind::Turn, Level::Info) => "TURN",
            (Kind::Gate, _) => "GATE",
            (Kind::Fail, _) => "FAIL",
            (Kind::Rule, _) => "RULE",
            (Kind::You, _) => "YOU ",
            (_, Level::Stream) => "text",
            (_, Level::Thought) => "thnk",
            (_, Level::Info) => "INFO",
            (_, Level::Move) => "MOVE",
            (_, Level::Warn) => "WARN",
            (_, Level::Error) => "ALRM",
        }
    }

    /// Whether it only goes on with the row before it.
    #[must_use]
    pub const fn detail(&self) -> bool {
        self.start > 0 && !matches!(self.level, Level::Stream | Level::Thought)
    }
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this speaker; an operator's name does not count.
    pub from: Option<String>,
    /// Only about this tool.
    pub tool: Option<String>,
    /// Only at least this grave; None = all, streamed text included.
    pub level: Option<Level>,
    /// Only with this text, without regard to case; lower case already.
    pub text: String,
}

impl Filter {
    /// Whether a row is wanted.
    #[must_use]
    pub fn takes(&self, row: &Row) -> bool {
        let speaker = row.from.split(':').next();
        (self.from.is_none() || self.from.as_deref() == speaker)
            && (self.tool.is_none() || self.tool.as_deref() == row.tool.as_deref())
            && self.level.is_none_or(|level| row.level >= level)
            && (self.text.is_empty() || self.has_text(row))
    }

    fn has_text(&self, row: &Row) -> bool {
        let named = |tool: &Arc<str>| tool.contains(&self.text);
        row.text.to_lowercase().contains(&self.text) || row.tool.as_ref().is_some_and(named)
    }
}
