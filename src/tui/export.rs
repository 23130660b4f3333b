//! Rows of the log as lines of a text file.

use super::book::Row;
use chrono::{FixedOffset, Local};

/// One row: date and time, kind, who, about what, and the text.
#[must_use]
pub fn row(row: &Row, zone: Option<FixedOffset>) -> String {
    const FORM: &str = "%Y-%m-%d %H:%M:%S";
    let time = match zone {
        Some(zone) => row.at.with_timezone(&zone).format(FORM).to_string(),
        None => row.at.with_timezone(&Local).format(FORM).to_string(),
    };
    let from = row.from.split(':').next().unwrap_or_default();
    let tool = row.tool.as_deref().unwrap_or("-");
    format!("{time} {} {from:<10} {tool} {}", row.word(), row.text)
        .trim_end()
        .to_owned()
}
