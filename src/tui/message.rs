//! What reaches the model: keys, the engine's news, answers, history, time.

use super::key::Key;
use crate::domain::command::Answer;
use crate::domain::screen::{LogLine, Snapshot};
use crate::domain::stats::Stats;
use crate::factory::ports::reader::Page;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// One piece of news.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size, columns and rows.
    Resize(u16, u16),
    /// The engine's newest snapshot.
    Snapshot(Arc<Snapshot>),
    /// New log lines, in order.
    Lines(Vec<Arc<LogLine>>),
    /// Whether the engine that wrote the snapshot still runs.
    Alive(bool),
    /// What the engine answered.
    Answer(Answer),
    /// Older log lines.
    Older(Page),
    /// The statistics, folded over the whole journal; or why not.
    Stats(Result<Arc<Stats>, String>),
    /// Something went wrong on the screens' side.
    Trouble(String),
    /// A time that was waited for has come.
    Time(DateTime<Utc>),
}
