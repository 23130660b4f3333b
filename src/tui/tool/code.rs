//! Code with a little distinction: comments step back, words of the language stand out, strings are told apart.

use super::row::Row;
use crate::tui::theme::Part;

/// Words of the language that open, end or lead something.
const WORDS: [&str; 31] = [
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "default",
    "delete",
    "else",
    "export",
    "extends",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "of",
    "return",
    "switch",
    "throw",
    "try",
    "typeof",
    "var",
    "while",
    "yield",
];

/// What goes on from one line to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Within {
    #[default]
    Nothing,
    /// A comment of several lines.
    Comment,
    /// A text between backticks.
    Template,
}

/// Whether a file or a fence of that name is code of the kind that is told apart here.
#[must_use]
pub fn known(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or(name);
    matches!(
        end,
        "js" | "cjs" | "mjs" | "json" | "jsonl" | "javascript" | "ts"
    )
}

/// Lines of a text, numbered where that is wanted.
#[must_use]
pub fn rows(name: &str, text: &str, numbered: bool) -> Vec<Row> {
    let told = known(name);
    let mut within = Within::default();
    let lines = text.lines().zip(1..);
    lines
        .map(|(line, number): (&str, u32)| {
            let front = if numbered {
                Row::dim(format!("{number:>5}  "))
            } else {
                Row::default()
            };
            if told {
                line_of(front, line, &mut within)
            } else {
                front.and(None, line)
            }
        })
        .collect()
}

/// One line behind what stands in front of it.
#[must_use]
pub fn line_of(mut row: Row, line: &str, within: &mut Within) -> Row {
    let mut rest = line;
    while !rest.is_empty() {
        let (part, end) = next(rest, within);
        let (here, behind) = rest.split_at(end.clamp(1, rest.len()));
        row.pieces.push((part, here.to_owned()));
        rest = behind;
    }
    row
}

/// What comes next in a line, and how many bytes it takes.
fn next(text: &str, within: &mut Within) -> (Option<Part>, usize) {
    match within {
        Within::Comment => return (Some(Part::Dim), closed(text, "*/", within)),
        Within::Template => return (Some(Part::Words), quoted(text, 0, '`', within)),
        Within::Nothing => {}
    }
    let first = text.chars().next().unwrap_or(' ');
    if text.starts_with("//") || text.starts_with("#!") {
        return (Some(Part::Dim), text.len());
    }
    if text.starts_with("/*") {
        *within = Within::Comment;
        let inside = text.get(2..).unwrap_or_default();
        return (Some(Part::Dim), 2 + closed(inside, "*/", within));
    }
    if matches!(first, '"' | '\'' | '`') {
        return (Some(Part::Words), quoted(text, 1, first, within));
    }
    let named = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if named(first) {
        let end = text.find(|c| !named(c)).unwrap_or(text.len());
        let word = text.get(..end).unwrap_or_default();
        return (WORDS.contains(&word).then_some(Part::Title), end);
    }
    let begins = |c: char| named(c) || matches!(c, '"' | '\'' | '`' | '/');
    let end = text.char_indices().skip(1).find(|(_, c)| begins(*c));
    (None, end.map_or(text.len(), |(at, _)| at))
}

/// Bytes up to and with what ends a comment.
fn closed(text: &str, end: &str, within: &mut Within) -> usize {
    match text.find(end) {
        Some(at) => {
            *within = Within::Nothing;
            at + end.len()
        }
        None => text.len(),
    }
}

/// Bytes up to and with a closing quote; one that is not there ends with the line, backticks go on.
fn quoted(text: &str, from: usize, quote: char, within: &mut Within) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip_while(|(at, _)| *at < from) {
        if c == quote && !escaped {
            *within = Within::Nothing;
            return at + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    if quote == '`' {
        *within = Within::Template;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> Vec<String> {
        let rows = rows("a.js", text, false);
        rows.iter()
            .map(|row| {
                let pieces = row.pieces.iter().map(|(part, text)| match part {
                    Some(Part::Title) => format!("<{text}>"),
                    Some(Part::Dim) => format!("({text})"),
                    Some(Part::Words) => format!("[{text}]"),
                    _ => text.clone(),
                });
                pieces.collect()
            })
            .collect()
    }

    #[test]
    fn words_strings_and_comments_are_told_apart() {
        let text = "const a = 'it\\'s'; // why\nreturn b.const + \"x\" / 2; /* one\ntwo */ `t\n${a}` + newer";
        assert_eq!(
            marked(text),
            [
                "<const> a = ['it\\'s']; (// why)",
                "<return> b.<const> + [\"x\"] / 2; (/* one)",
                "(two */) [`t]",
                "[${a}`] + newer"
            ]
        );
        assert_eq!(rows("a.md", "# x", true)[0].text(), "    1  # x");
    }

    #[test]
    fn nothing_is_lost_whatever_is_written() {
        for text in ["", "日本 '語", "a/b/c", "\"", "/*/", "`${`x`}`", "it's"] {
            let row = line_of(Row::default(), text, &mut Within::default());
            assert_eq!(row.text(), text);
        }
    }
}
