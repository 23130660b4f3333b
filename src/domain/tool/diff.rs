//! What changed between two texts, as numbered lines with some of what stands around them. The raw texts are compared;
//! only what is shown of them is made safe to draw.

use crate::text::reveal::{marked, reveal};
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeSet;
use std::time::Duration;

/// Unchanged lines shown around a change.
const AROUND: usize = 3;
/// Longest the shortest difference is looked for; then any difference will do.
const PATIENCE: Duration = Duration::from_millis(300);
/// Most lines of both texts together.
const LINES: usize = 40_000;

/// A file that two trees do not share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Relative to the tool's folder.
    pub path: String,
    /// Why nothing of it is shown; None = its lines are.
    pub closed: Option<String>,
    /// It is new, or it is gone.
    pub whole: Option<Sign>,
    /// Lines that came and went.
    pub plus: usize,
    pub minus: usize,
    /// Changed lines and those around them.
    pub lines: Vec<DiffLine>,
}

/// How a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Same,
    Plus,
    Minus,
    /// Lines are left out here.
    Gap,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub sign: Sign,
    /// From 1: where it stands in the text that has it, the newer one for lines of both.
    pub number: usize,
    /// Safe to draw; where it would look like the line it takes the place of, with what cannot be seen by number.
    pub text: String,
}

/// The lines that differ.
#[must_use]
pub fn compare(path: &str, old: Option<&str>, new: Option<&str>) -> Changed {
    let mut changed = Changed {
        path: reveal(path).replace('\n', " "),
        whole: match (old, new) {
            (None, _) => Some(Sign::Plus),
            (_, None) => Some(Sign::Minus),
            _ => None,
        },
        ..Changed::default()
    };
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let count = old.lines().count() + new.lines().count();
    if count > LINES {
        changed.closed = Some(format!("{count} lines: too many to be compared here"));
        return changed;
    }
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let groups = diff.grouped_ops(AROUND);
    let all = groups.iter().flatten().flat_map(|op| diff.iter_changes(op));
    let (came, went): (Vec<_>, Vec<_>) = all
        .filter(|change| change.tag() != ChangeTag::Equal)
        .partition(|change| change.tag() == ChangeTag::Insert);
    let looks = |lines: &[similar::Change<&str>]| -> BTreeSet<String> {
        lines.iter().map(|line| seen(line.value())).collect()
    };
    let (came, went) = (looks(&came), looks(&went));
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            changed.lines.push(DiffLine {
                sign: Sign::Gap,
                number: 0,
                text: String::new(),
            });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, index, others) = match change.tag() {
                ChangeTag::Equal => (Sign::Same, change.new_index(), None),
                ChangeTag::Insert => (Sign::Plus, change.new_index(), Some(&went)),
                ChangeTag::Delete => (Sign::Minus, change.old_index(), Some(&came)),
            };
            changed.plus += usize::from(sign == Sign::Plus);
            changed.minus += usize::from(sign == Sign::Minus);
            changed.lines.push(DiffLine {
                sign,
                number: index.map_or(0, |index| index + 1),
                text: drawn(change.value(), others),
            });
        }
    }
    changed
}

/// A line as one sees it: blanks at its end and its line end are not.
fn seen(line: &str) -> String {
    reveal(line).trim_end().to_owned()
}

fn drawn(line: &str, others: Option<&BTreeSet<String>>) -> String {
    let alike = others.is_some_and(|others| others.contains(&seen(line)));
    match (alike, line.strip_suffix('\n')) {
        (true, Some(line)) => marked(line, true),
        // A return ends a line as well.
        (true, None) => marked(line, line.ends_with('\r')),
        (false, _) => reveal(line).trim_end_matches('\n').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(old: &str, new: &str) -> Vec<(Sign, String)> {
        let changed = compare("a.js", Some(old), Some(new));
        let lines = changed.lines.into_iter();
        lines.map(|line| (line.sign, line.text)).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_shown_where_only_that_differs() {
        for (old, new, minus, plus) in [
            ("\ta\n", "    a\n", "<U+0009>a", "    a"),
            ("a\r\n", "a\n", "a<U+000D>", "a"),
            ("a  \n", "a\n", "a<U+0020><U+0020>", "a"),
            ("a\n", "a", "a", "a (no line end)"),
        ] {
            let expected = [
                (Sign::Minus, minus.to_owned()),
                (Sign::Plus, plus.to_owned()),
            ];
            assert_eq!(changes(old, new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn nothing_stands_behind_a_carriage_return_or_the_end_of_a_long_line() {
        let long = "x".repeat(5000);
        let came = changes(&format!("{long}a\n"), &format!("{long}b\n"));
        assert_eq!(came[1].1, format!("{long}b"));
        let came = changes("//ok\n", "evil();\r//ok\n");
        assert_eq!(came[0], (Sign::Plus, "evil();<U+000D>".to_owned()));
    }

    #[test]
    fn texts_that_share_nothing_end_in_time() {
        let text = |from: u32| {
            (from..from + 19_000)
                .map(|n| format!("{n}\n"))
                .collect::<String>()
        };
        let changed = compare("a", Some(&text(0)), Some(&text(100_000)));
        assert_eq!((changed.plus, changed.minus), (19_000, 19_000));
        let changed = compare("a", Some(&text(0)), Some(&(text(0) + &text(0))));
        assert!(changed.closed.is_some());
    }
}
