//! The log's pane: how rows are laid out in its columns, and which of them it shows.

use super::book::{Book, Row};
use super::model::Model;
use super::tabs::Time;
use crate::text::width::columns;
use chrono::{DateTime, Utc};
use std::ops::Range;
use unicode_width::UnicodeWidthChar;

/// Columns from which the tool has a column of its own.
const WIDE: u16 = 100;
/// Columns of the tool.
pub const TOOL: usize = 20;
/// Columns of sign, time, level and speaker, with the blanks between them.
const LABEL: usize = 21;

/// Which wanted rows are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Position of the first.
    pub first: usize,
    /// Position behind the last.
    pub behind: usize,
    /// Lines of the first that are out of sight above.
    pub skip: usize,
}

/// Lines of the pane.
#[must_use]
pub fn height(model: &Model) -> usize {
    usize::from(model.size.1).saturating_sub(6).max(1)
}

/// Whether the tool has a column.
#[must_use]
pub const fn wide(model: &Model) -> bool {
    model.size.0 >= WIDE
}

/// Columns in front of the text.
#[must_use]
pub const fn label(model: &Model) -> usize {
    if wide(model) { LABEL + TOOL + 1 } else { LABEL }
}

/// Columns of the text.
#[must_use]
pub fn width(model: &Model) -> usize {
    usize::from(model.size.0)
        .saturating_sub(label(model))
        .max(1)
}

/// The tool's name in front of the text, where it has no column and is not the one under way.
#[must_use]
pub fn prefix(model: &Model, row: &Row) -> String {
    let current = model
        .snapshot
        .as_ref()
        .and_then(|s| s.current_tool.as_deref());
    match row.tool.as_deref() {
        Some(tool) if !wide(model) && current != Some(tool) && !row.detail() => {
            format!("{tool}: ")
        }
        _ => String::new(),
    }
}

/// Since when a tool is under way.
fn begun(model: &Model) -> Option<DateTime<Utc>> {
    model.snapshot.as_ref().and_then(|s| s.started_at)
}

/// What the times of lines are, in words.
#[must_use]
pub fn times(model: &Model) -> &'static str {
    match (model.logs.lines.time, begun(model)) {
        (Time::Utc, _) => "UTC",
        (Time::Since, Some(_)) => "since the tool was begun",
        (Time::Local | Time::Since, _) => "local time",
    }
}

/// A time in eight columns.
#[must_use]
pub fn clock(model: &Model, at: DateTime<Utc>) -> String {
    const FORM: &str = "%H:%M:%S";
    match (model.logs.lines.time, begun(model)) {
        (Time::Utc, _) => at.format(FORM).to_string(),
        (Time::Since, Some(begun)) => {
            let seconds = (at - begun).num_seconds();
            let (sign, all) = (if seconds < 0 { "-" } else { "" }, seconds.abs());
            let text = format!("{sign}{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
            match columns(&text) {
                0..9 => format!("{text:>8}"),
                // Days away, its minutes say nothing.
                _ => format!("{:>8}", format!("{sign}{} d", all / 86_400)),
            }
        }
        _ => model.local(at).format(FORM).to_string(),
    }
}

/// The rows around the cursor: it stands at the bottom, higher where too few are above it.
#[must_use]
pub fn window(model: &Model) -> Window {
    let (book, height) = (&model.book, height(model));
    let place = book.up_to(model.logs.end).max(1).min(book.count());
    let (first, lines) = back(model, place, height);
    let mut lines = lines;
    let skip = lines.saturating_sub(height);
    let mut behind = place;
    while lines < height && behind < book.count() {
        lines += tall(model, book, behind);
        behind += 1;
    }
    Window {
        first,
        behind,
        skip,
    }
}

/// The first row so that those from it up to a place fill some lines, and how many they take.
fn back(model: &Model, place: usize, height: usize) -> (usize, usize) {
    let (mut first, mut lines) = (place, 0);
    while first > 0 && lines < height {
        first -= 1;
        lines += tall(model, &model.book, first);
    }
    (first, lines)
}

/// By how many rows a page up and a page down go; one row stays in sight.
#[must_use]
pub fn pages(model: &Model) -> (usize, usize) {
    let (count, height) = (model.book.count(), height(model));
    let place = model.book.up_to(model.logs.end);
    let (first, _) = back(model, place, height);
    let (mut behind, mut lines) = (place, 0);
    while lines < height && behind < count {
        lines += tall(model, &model.book, behind);
        behind += 1;
    }
    let page = |rows: usize| rows.saturating_sub(1).max(1);
    let rest = behind - place;
    let down = if lines < height { rest } else { page(rest) };
    (page(place - first), down)
}

/// The rows of one line: the one at a position with the details around it.
#[must_use]
pub fn whole(book: &Book, at: usize) -> Range<usize> {
    let detail = |at: usize| book.wanted(at).is_some_and(Row::detail);
    let mut first = at;
    while first > 0 && detail(first) {
        first -= 1;
    }
    let mut behind = at + 1;
    while detail(behind) {
        behind += 1;
    }
    first..behind
}

/// Lines a row takes.
fn tall(model: &Model, book: &Book, at: usize) -> usize {
    let Some(row) = book.wanted(at).filter(|_| model.logs.lines.wrap) else {
        return 1;
    };
    let before = columns(&prefix(model, row));
    wrapped(&row.text, width(model), before).len()
}

/// A text in lines of at most so many columns, broken between words where it can be; `before` columns of the first
/// line are taken already.
#[must_use]
pub fn wrapped(text: &str, width: usize, before: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, before.min(width.saturating_sub(1)));
    let mut gap = None;
    for (at, c) in text.char_indices() {
        let wide = c.width().unwrap_or(0);
        while used + wide > width && at > start {
            // A blank that does not fit is the break itself.
            let end = if c == ' ' { at } else { gap.unwrap_or(at) };
            lines.push(text.get(start..end).unwrap_or_default());
            let rest = text.get(end..).unwrap_or_default();
            start = end + usize::from(rest.starts_with(' '));
            used = columns(text.get(start..at).unwrap_or_default());
            gap = None;
        }
        if start > at {
            continue;
        }
        let words = text.get(start..at).unwrap_or_default();
        if c == ' ' && !words.trim_start().is_empty() {
            gap = Some(at);
        }
        used += wide;
    }
    if start < text.len() || lines.is_empty() {
        lines.push(text.get(start..).unwrap_or_default());
    }
    lines
}

/// What stands behind so many columns of a text; half a wide character is left out.
#[must_use]
pub fn behind(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        if used >= columns {
            return text.get(at..).unwrap_or_default();
        }
        used += c.width().unwrap_or(0);
    }
    if used > columns || columns > 0 {
        ""
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrapped("one two three", 7, 0), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 7, 4), ["one", "two", "three"]);
        assert_eq!(wrapped("abcdefghij", 4, 0), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("日本語です", 5, 0), ["日本", "語で", "す"]);
        assert_eq!(wrapped("", 5, 0), [""]);
        assert_eq!(wrapped("abcd ", 4, 0), ["abcd"]);
        assert_eq!(behind("abc", 0), "abc");
        assert_eq!(behind("日本", 2), "本");
        assert_eq!(behind("日本", 1), "本");
        assert_eq!(behind("ab", 5), "");
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost_and_every_line_fits(text in "[a日 é]{0,60}", width in 2usize..20, before in 0usize..4) {
            let lines = wrapped(&text, width, before);
            for (n, line) in lines.iter().enumerate() {
                let taken = if n == 0 { before.min(width - 1) } else { 0 };
                // One character always stands, or nothing would ever fit.
                prop_assert!(columns(line) + taken <= width || line.chars().count() == 1, "{line:?}");
            }
            let solid = |text: &str| text.replace(' ', "");
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
            prop_assert!(lines.len() <= 1 + text.chars().count());
        }
    }
}
