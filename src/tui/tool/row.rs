//! A row of text with what its pieces mean; colours come with the theme.

use super::super::theme::Part;
use crate::text::width::{columns, truncate};
use unicode_width::UnicodeWidthChar;

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What it says, piece by piece; a part of None looks like the rest of the terminal.
    pub pieces: Vec<(Option<Part>, String)>,
}

impl Row {
    /// One piece.
    #[must_use]
    pub fn of(part: Option<Part>, text: impl Into<String>) -> Self {
        Self {
            pieces: vec![(part, text.into())],
        }
    }

    /// Plain words.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(None, text)
    }

    /// Words that only guide the eye.
    #[must_use]
    pub fn dim(text: impl Into<String>) -> Self {
        Self::of(Some(Part::Dim), text)
    }

    /// A heading.
    #[must_use]
    pub fn title(text: impl Into<String>) -> Self {
        Self::of(Some(Part::Title), text)
    }

    /// With one more piece.
    #[must_use]
    pub fn and(mut self, part: Option<Part>, text: impl Into<String>) -> Self {
        self.pieces.push((part, text.into()));
        self
    }

    /// All it says.
    #[must_use]
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Columns it takes.
    #[must_use]
    pub fn wide(&self) -> usize {
        self.pieces.iter().map(|(_, text)| columns(text)).sum()
    }

    /// In rows of at most so many columns, broken at blanks where there are any; those after the first are indented.
    #[must_use]
    pub fn wrapped(self, width: usize, indent: usize) -> Vec<Self> {
        if self.wide() <= width {
            return vec![self];
        }
        let indent = indent.min(width / 2);
        let mut rows = Vec::new();
        let mut row = Self::default();
        let mut used = 0;
        for (part, text) in self.pieces {
            for word in words(&text) {
                let mut word = word;
                let wide = columns(word.trim_end());
                if used + wide > width && used > indent {
                    rows.push(std::mem::take(&mut row).ended());
                    row.pieces.push((None, " ".repeat(indent)));
                    used = indent;
                    word = word.trim_start();
                }
                // A word longer than a row is broken.
                while wider(word.trim_end(), width.saturating_sub(used)) {
                    let at = fitting(word, width.saturating_sub(used).max(2));
                    let (here, rest) = word.split_at(at);
                    row.push(part, here);
                    rows.push(std::mem::take(&mut row));
                    row.pieces.push((None, " ".repeat(indent)));
                    used = indent;
                    word = rest;
                }
                row.push(part, word);
                used += columns(word);
            }
        }
        if !row.text().trim().is_empty() {
            rows.push(row);
        }
        rows
    }

    /// Without the blanks at its end.
    fn ended(mut self) -> Self {
        if let Some((_, text)) = self.pieces.last_mut() {
            text.truncate(text.trim_end().len());
        }
        self
    }

    fn push(&mut self, part: Option<Part>, text: &str) {
        match self.pieces.last_mut() {
            Some((last, said)) if *last == part => said.push_str(text),
            _ => self.pieces.push((part, text.to_owned())),
        }
    }

    /// Cut to so many columns.
    #[must_use]
    pub fn cut(&self, width: usize) -> Self {
        let mut left = width;
        let mut row = Self::default();
        for (part, text) in &self.pieces {
            if left == 0 {
                break;
            }
            let text = truncate(text, left);
            left = left.saturating_sub(columns(&text));
            row.pieces.push((*part, text));
        }
        row
    }
}

/// Words with the blanks behind them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let word = rest.find(|c| c != ' ').unwrap_or(rest.len());
        let behind = rest.get(word..).unwrap_or_default();
        let blank = behind.find(' ').map_or(rest.len(), |at| word + at);
        let after = rest.get(blank..).unwrap_or_default();
        let end = after.find(|c| c != ' ').map_or(rest.len(), |at| blank + at);
        let (here, next) = rest.split_at(end);
        rest = next;
        Some(here)
    })
}

/// Whether a text takes more than so many columns; of a long one only its beginning is looked at.
fn wider(text: &str, width: usize) -> bool {
    let mut used = 0;
    text.chars().any(|c| {
        used += c.width().unwrap_or(0);
        used > width
    })
}

/// Bytes of a text that fit into so many columns, one character at least.
fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(row: Row, width: usize, indent: usize) -> Vec<String> {
        let rows = row.wrapped(width, indent);
        let ends = |row: &Row| row.text().trim_end().to_owned();
        rows.iter().map(ends).collect()
    }

    #[test]
    fn rows_break_at_blanks_and_go_on_indented() {
        let row = Row::plain("- one two").and(Some(Part::Title), " three four");
        assert_eq!(
            texts(row, 10, 2),
            ["- one two", "  three", "  four"].map(|t| t.to_owned())
        );
        assert_eq!(texts(Row::plain("abcdefgh"), 4, 0), ["abcd", "efgh"]);
        assert_eq!(
            texts(Row::plain("日本語です"), 5, 0),
            ["日本", "語で", "す"]
        );
        assert_eq!(texts(Row::plain(""), 5, 0), [""]);
    }

    #[test]
    fn a_word_of_half_a_mebibyte_is_broken_in_a_moment() {
        let begun = std::time::Instant::now();
        let rows = Row::plain("x".repeat(512 * 1024)).wrapped(100, 0);
        assert_eq!(rows.len(), 5243);
        // Looked at whole for each row it would be minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10));
    }

    proptest! {
        #[test]
        fn every_row_fits_and_nothing_but_blanks_is_lost(
            text in "[a-z日 é]{0,60}", width in 4usize..20, indent in 0usize..4
        ) {
            let rows = Row::plain(text.clone()).wrapped(width, indent);
            for row in &rows {
                prop_assert!(columns(row.text().trim_end()) <= width, "{row:?}");
            }
            let solid = |text: &str| text.replace(' ', "");
            let all: String = rows.iter().map(Row::text).collect();
            prop_assert_eq!(solid(&all), solid(&text));
        }
    }
}
