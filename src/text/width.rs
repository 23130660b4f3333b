//! Display width: how many terminal columns a text takes, and cutting it to fit.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns a line takes on a terminal.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The text cut to at most `limit` columns; a cut one ends in `…`, which is counted.
#[must_use]
pub fn truncate(text: &str, limit: usize) -> String {
    if columns(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(1) else {
        return String::new();
    };
    let mut used = 0;
    let mut out = String::new();
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > room {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_count_two_and_are_never_halved() {
        assert_eq!(columns("日本"), 4);
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("日本語", 6), "日本語");
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate("abc", 0), "");
        assert_eq!(truncate("abc", 1), "…");
    }

    proptest! {
        #[test]
        fn a_cut_text_fits(text in "[a-zäöü日本語é ]{0,40}", limit in 0usize..30) {
            prop_assert!(columns(&truncate(&text, limit)) <= limit);
        }
    }
}
