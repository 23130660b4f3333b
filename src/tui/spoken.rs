//! What models said, newest first, and where in it one reads.

use super::book::Row;
use super::model::Model;
use crate::domain::screen::Level;

/// Rows of the log looked through for streamed text.
pub const LOOKED_AT: usize = 4000;

/// The newest rows that are a model's words on the tool under way, newest first.
pub fn words(model: &Model) -> impl Iterator<Item = &Row> {
    let tool = model.snapshot.as_ref().and_then(|s| s.current_tool.clone());
    model
        .book
        .newest()
        .take(LOOKED_AT)
        .filter(|row| matches!(row.level, Level::Stream | Level::Thought))
        .filter(move |row| tool.is_none() || row.tool.as_deref() == tool.as_deref())
}

/// How many of them are out of sight below where they stay; None = they are followed, or that row is gone.
#[must_use]
pub fn held(model: &Model) -> Option<usize> {
    let at = |lowest| words(model).position(|row| row.id == lowest);
    model.live.and_then(at)
}

/// How many of them are out of sight below.
#[must_use]
pub fn below(model: &Model) -> usize {
    held(model).unwrap_or(0)
}
