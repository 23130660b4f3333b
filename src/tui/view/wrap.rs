//! Long texts broken into rows of a width, each character whole.

use crate::text::width::{columns, truncate};
use unicode_width::UnicodeWidthChar;

/// Characters of an endless line that are looked at; it begins at a multiple of this, so that rows stay put.
const STEP: usize = 4096;

/// The text in rows of at most `width` columns, broken at blanks where there are any.
pub fn rows(text: &str, width: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    let mut used = 0;
    // Bytes of the row up to and with its last blank.
    let mut blank = None;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > width && !row.is_empty() {
            let rest = match blank {
                Some(at) if c != ' ' => row.split_off(at),
                _ => String::new(),
            };
            rows.push(std::mem::replace(&mut row, rest).trim_end().to_owned());
            used = columns(&row);
            blank = None;
            if c == ' ' {
                continue;
            }
        }
        // What goes on begins at the edge.
        if c == ' ' && row.is_empty() && !rows.is_empty() {
            continue;
        }
        row.push(c);
        used += wide;
        if c == ' ' && !row.trim_start().is_empty() {
            blank = Some(row.len());
        }
    }
    rows.push(row.trim_end().to_owned());
    rows
}

/// The first rows; where there are more, the last one says so with `…`.
pub fn first(text: &str, width: usize, most: usize) -> Vec<String> {
    // A row takes at least half as many characters as it has columns.
    let enough = width.saturating_mul(most).saturating_mul(2).max(1);
    let text: String = text.chars().take(enough).collect();
    let mut all = rows(&text, width);
    if all.len() > most {
        let rest: Vec<String> = all.drain(most.saturating_sub(1)..).collect();
        all.push(truncate(&rest.join(" "), width));
    }
    all
}

/// The last rows of a text that may be endless.
pub fn last(text: &str, width: usize, most: usize) -> Vec<String> {
    let count = text.chars().count();
    let enough = width.saturating_mul(most);
    let from = count.saturating_sub(enough) / STEP * STEP;
    let text: String = text.chars().skip(from).collect();
    let mut all = rows(&text, width);
    all.drain(..all.len().saturating_sub(most));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_break_at_blanks_and_wide_characters_stay_whole() {
        assert_eq!(rows("one two three", 8), ["one two", "three"]);
        assert_eq!(rows("one two", 7), ["one two"]);
        assert_eq!(rows("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(rows("日本語 x", 5), ["日本", "語 x"]);
        assert_eq!(rows("    if (x) y", 9), ["    if", "(x) y"]);
        assert_eq!(rows("one two  three", 7), ["one two", "three"]);
        assert_eq!(rows("", 9), [""]);
        assert_eq!(first("one two three four", 8, 2), ["one two", "three f…"]);
        assert_eq!(first("one two", 8, 2), ["one two"]);
        assert_eq!(last("one two three four", 5, 2), ["three", "four"]);
    }

    proptest! {
        #[test]
        fn rows_fit_and_lose_nothing_but_blanks(text in "[a-z日é ]{0,60}", width in 2usize..12) {
            let rows = rows(&text, width);
            for row in &rows {
                prop_assert!(columns(row) <= width, "{row:?}");
            }
            let solid = |text: &str| text.replace(' ', "");
            prop_assert_eq!(solid(&rows.concat()), solid(&text));
        }
    }
}
