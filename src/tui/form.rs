//! Fields to be filled: texts and choices, for a command that lacks them or for something to look for.

use super::effect::About;
use super::key::{Code, Key};
use crate::domain::command::Verb;

/// The option that leaves a choice open.
pub const OPEN: &str = "?";

/// What the fields are for.
#[derive(Clone, Debug, PartialEq)]
pub enum For {
    /// Lines of the log with a text.
    Filter,
    /// Items of the queue with a text.
    Find,
    /// What a command lacks.
    Command(Verb),
    /// The new address of a host.
    Address(String),
}

/// Fields under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What it is for.
    pub purpose: For,
    /// What is asked.
    pub title: String,
    /// What it does.
    pub note: String,
    /// What can be filled.
    pub fields: Vec<Field>,
    /// The field of the cursor.
    pub at: usize,
    /// What the asker saw when asking.
    pub about: About,
    /// Why it does not go on.
    pub problem: Option<String>,
    /// A text was typed or changed.
    pub touched: bool,
    /// The next Esc throws it away.
    pub leaving: bool,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub label: &'static str,
    /// What is in it.
    pub value: Value,
    /// What may be left empty, and what that means.
    pub hint: &'static str,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(Line),
    /// One of these, by its number.
    Choice(Vec<String>, usize),
}

impl Field {
    /// A text that begins like this.
    #[must_use]
    pub fn text(label: &'static str, text: &str, hint: &'static str) -> Self {
        Self {
            label,
            value: Value::Text(Line::of(text)),
            hint,
        }
    }

    /// A choice, with the one that is made already.
    #[must_use]
    pub fn choice(label: &'static str, options: Vec<String>, at: usize) -> Self {
        Self {
            label,
            value: Value::Choice(options, at),
            hint: "",
        }
    }

    /// Whether it is chosen and not typed.
    #[must_use]
    pub const fn is_choice(&self) -> bool {
        matches!(self.value, Value::Choice(..))
    }

    fn key(&mut self, key: Key) -> bool {
        match &mut self.value {
            Value::Text(line) => line.key(key),
            Value::Choice(options, at) => {
                let count = options.len().max(1);
                match key.code {
                    Code::Right | Code::Char(' ') => *at = (*at + 1) % count,
                    Code::Left => *at = (*at + count - 1) % count,
                    _ => return false,
                }
                true
            }
        }
    }
}

impl Form {
    /// One line of text.
    #[must_use]
    pub fn line(purpose: For, title: &str, note: &str, text: &str) -> Self {
        Self {
            purpose,
            title: title.to_owned(),
            note: note.to_owned(),
            fields: vec![Field::text("", text, "")],
            at: 0,
            about: About::default(),
            problem: None,
            touched: false,
            leaving: false,
        }
    }

    /// Takes a key that edits or moves between fields.
    pub fn key(&mut self, key: Key) {
        let count = self.fields.len().max(1);
        self.leaving = false;
        match key.code {
            Code::Tab | Code::Down => self.at = (self.at + 1) % count,
            Code::BackTab | Code::Up => self.at = (self.at + count - 1) % count,
            _ => {
                if let Some(field) = self.fields.get_mut(self.at)
                    && field.key(key)
                {
                    self.problem = None;
                    self.touched |= matches!(field.value, Value::Text(_));
                }
            }
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if let Some(Value::Text(line)) = self.fields.get_mut(self.at).map(|f| &mut f.value) {
            line.insert(text);
            self.problem = None;
            (self.touched, self.leaving) = (true, false);
        }
    }

    /// Esc: whether it may close; text for a command is thrown away only at the second time.
    pub fn closes(&mut self) -> bool {
        let looks = matches!(self.purpose, For::Filter | For::Find);
        if looks || self.leaving || !self.touched {
            return true;
        }
        self.leaving = true;
        self.problem = Some("Esc again throws it away, Enter goes on".to_owned());
        false
    }

    /// Leaves the choice of a field open.
    pub fn unchosen(&mut self, label: &str) {
        let found = self.fields.iter_mut().find(|field| field.label == label);
        if let Some(Value::Choice(options, at)) = found.map(|field| &mut field.value) {
            options.insert(0, OPEN.to_owned());
            *at = 0;
        }
    }

    /// What was typed into the field of a name, without blanks around it.
    #[must_use]
    pub fn text(&self, label: &str) -> String {
        let found = self.fields.iter().find(|field| field.label == label);
        match found.map(|field| &field.value) {
            Some(Value::Text(line)) => line.text.trim().to_owned(),
            _ => String::new(),
        }
    }

    /// The same; None where nothing was typed.
    #[must_use]
    pub fn some(&self, label: &str) -> Option<String> {
        Some(self.text(label)).filter(|text| !text.is_empty())
    }

    /// The number of what was chosen in the field of a name, and its word.
    #[must_use]
    pub fn chosen(&self, label: &str) -> (usize, &str) {
        let found = self.fields.iter().find(|field| field.label == label);
        match found.map(|field| &field.value) {
            Some(Value::Choice(options, at)) => (*at, options.get(*at).map_or("", String::as_str)),
            _ => (0, ""),
        }
    }
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
            // Old terminals send Ctrl-h for Backspace.
            (Code::Backspace, _) | (Code::Char('h'), true) => {
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
