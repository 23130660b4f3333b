//! One line of text asked for: a reason, an idea, a filter.

use super::key::{Code, Key};

/// What the text is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum For {
    Escalate,
    Requeue,
    Park,
    Hint,
    Idea,
    Filter,
    /// Text of a decision on a tool, by the decision's word.
    Decision(super::layer::VerdictMenu, &'static str),
}

/// A line under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub purpose: For,
    /// What is asked.
    pub title: String,
    /// What the text does.
    pub note: String,
    /// The text.
    pub line: Line,
}

/// A line with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The text.
    pub text: String,
    /// Characters before the cursor.
    pub at: usize,
}

impl Line {
    /// A line with the cursor behind its text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self {
            at: text.chars().count(),
            text: text.to_owned(),
        }
    }

    /// Inserts what was typed or pasted; line breaks become spaces, control characters are left out.
    pub fn insert(&mut self, text: &str) {
        let safe: String = text
            .chars()
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        let at = self.byte(self.at);
        self.text.insert_str(at, &safe);
        self.at += safe.chars().count();
    }

    /// Takes an editing key; false when it is none.
    pub fn key(&mut self, key: Key) -> bool {
        let count = self.text.chars().count();
        match (key.code, key.ctrl) {
            (Code::Char('u'), true) => *self = Self::default(),
            (Code::Char('a'), true) | (Code::Home, _) => self.at = 0,
            (Code::Char('e'), true) | (Code::End, _) => self.at = count,
            (Code::Char('w'), true) => {
                let before = self.text.get(..self.byte(self.at)).unwrap_or_default();
                let kept = before.trim_end().rfind(' ').map_or(0, |at| at + 1);
                let rest = self.text.get(self.byte(self.at)..).unwrap_or_default();
                let text = format!("{}{rest}", before.get(..kept).unwrap_or_default());
                self.at = text.chars().count() - rest.chars().count();
                self.text = text;
            }
            (Code::Char(c), false) => self.insert(c.encode_utf8(&mut [0; 4])),
            (Code::Backspace, _) => {
                if self.at > 0 {
                    self.at -= 1;
                    let at = self.byte(self.at);
                    self.text.remove(at);
                }
            }
            (Code::Delete, _) => {
                if self.at < count {
                    let at = self.byte(self.at);
                    self.text.remove(at);
                }
            }
            (Code::Left, _) => self.at = self.at.saturating_sub(1),
            (Code::Right, _) => self.at = (self.at + 1).min(count),
            _ => return false,
        }
        true
    }

    /// Where a character begins.
    fn byte(&self, at: usize) -> usize {
        self.text
            .char_indices()
            .nth(at)
            .map_or(self.text.len(), |(byte, _)| byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_by_characters() {
        let mut line = Line::default();
        let type_in = |line: &mut Line, keys: &[&str]| {
            for key in keys {
                assert!(line.key(Key::parse(key).unwrap()), "{key}");
            }
        };
        line.insert("日本\nab\u{7}");
        assert_eq!((line.text.as_str(), line.at), ("日本 ab", 5));
        type_in(&mut line, &["Left", "Left", "Left", "Backspace", "x"]);
        assert_eq!((line.text.as_str(), line.at), ("日x ab", 2));
        type_in(&mut line, &["Delete", "End", "Ctrl-w"]);
        assert_eq!((line.text.as_str(), line.at), ("", 0));
        line = Line::of("one two");
        type_in(&mut line, &["Ctrl-w", "Home", "Right", "Delete"]);
        assert_eq!((line.text.as_str(), line.at), ("oe ", 1));
        type_in(&mut line, &["Ctrl-u"]);
        assert_eq!(line, Line::default());
        assert!(!line.key(Key::parse("Enter").unwrap()));
    }
}
