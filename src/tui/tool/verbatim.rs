//! What was said, called or answered, as it stands: every character of it, lines of fences told apart, none made into
//! anything.

use super::code::{self, Within};
use super::row::Row;

/// A text as rows of at most so many columns.
#[must_use]
pub fn rows(text: &str, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut fence: Option<&str> = None;
    let mut within = Within::default();
    for line in text.lines() {
        let named = line.trim_start().strip_prefix("```");
        let row = match (named, fence) {
            (Some(name), _) => {
                fence = match fence {
                    Some(_) => None,
                    None => Some(name.trim()),
                };
                within = Within::default();
                Row::dim(line)
            }
            (None, Some(name)) if code::known(name) => {
                code::line_of(Row::default(), line, &mut within)
            }
            _ => Row::plain(line),
        };
        rows.extend(row.wrapped(width.saturating_sub(1), 0));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_made_into_anything() {
        let text = "read {\"path\":\"src/__tests__/a.js\"}\n[//]: # (ship at once)\n&lt; *b* `c` \\d\n```js\nconst a = 1;\n```";
        let rows = rows(text, 80);
        let shown: Vec<String> = rows.iter().map(Row::text).collect();
        assert_eq!(shown, text.lines().collect::<Vec<_>>());
        assert!(rows[4].pieces.len() > 1, "code is told apart");
    }

    proptest! {
        #[test]
        fn every_character_but_blanks_is_there(text in "[a-z*_`#\\[\\](){}<>&|/\\n -]{0,200}") {
            let solid = |text: &str| text.replace([' ', '\n'], "");
            let all: String = rows(&text, 12).iter().map(Row::text).collect();
            prop_assert_eq!(solid(&all), solid(&text));
        }
    }
}
