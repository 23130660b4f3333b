//! What reaches the model: keys, the engine's news, answers, history, time.

use super::key::Key;
use super::mouse::Mouse;
use crate::domain::command::Answer;
use crate::domain::figures::Figures;
use crate::domain::screen::{LogLine, Snapshot};
use crate::factory::ports::desktop::Clip;
use crate::factory::ports::reader::{Ask, Events, Mark, Page, Piece};
use crate::factory::ports::themes::ThemeFile;
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
    /// What the engine answered to the oldest of the commands that were sent.
    Answer(Answer),
    /// Something else was done, or not.
    Said(Answer),
    /// A text comes back from $EDITOR; or why not.
    Edited(Result<String, String>),
    /// Older log lines.
    Older(Page),
    /// The figures up to the newest event; or why not.
    Figures(Result<Arc<Figures>, String>),
    /// Whether this person's mark was put.
    Marked(Result<(), String>),
    /// Events of a tool after a number, which end at a mark; or why not.
    Events(String, u64, Option<Mark>, Result<Events, String>),
    /// What came of a question about the tool that is shown.
    Piece(Ask, Result<Option<Piece>, String>),
    /// Something went wrong on the screens' side.
    Trouble(String),
    /// The home's theme files, as they are now.
    Themes(Arc<[ThemeFile]>),
    /// The mouse did something.
    Mouse(Mouse),
    /// What became of a text for the clipboard.
    Clip(Result<Clip, String>),
    /// The pager was left.
    Paged(Result<(), String>),
    /// Lines saved so far.
    Saving(u64),
    /// Saved, in a sentence.
    Saved(Result<String, String>),
    /// Bytes for the terminal that call the person.
    Ring(Vec<u8>),
    /// A time that was waited for has come.
    Time(DateTime<Utc>),
}
