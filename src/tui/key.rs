//! Keys by name: what the terminal sends, what tests and the key page write.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::fmt;

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which key; letters carry their case.
    pub code: Code,
    /// Held with Ctrl.
    pub ctrl: bool,
}

/// Keys the screens know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A character, as typed.
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// A function key.
    F(u8),
}

/// Names of the keys that are no character.
const NAMED: [(&str, Code); 15] = [
    ("Enter", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("Shift-Tab", Code::BackTab),
    ("Backspace", Code::Backspace),
    ("Delete", Code::Delete),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("PgUp", Code::PageUp),
    ("PgDn", Code::PageDown),
    ("Home", Code::Home),
    ("End", Code::End),
    ("Space", Code::Char(' ')),
];

impl Key {
    /// Reads a name: `E`, `?`, `Enter`, `Ctrl-d`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Some(Self::plain(*code));
        }
        let function = name.strip_prefix('F').and_then(|n| n.parse().ok());
        if let Some(n @ 1..=12) = function {
            return Some(Self::plain(Code::F(n)));
        }
        let (ctrl, rest) = match name.strip_prefix("Ctrl-") {
            Some(rest) => (true, rest),
            None => (false, name),
        };
        let mut chars = rest.chars();
        let c = chars
            .next()
            .filter(|c| !c.is_whitespace() && !c.is_control())?;
        let code = Code::Char(c);
        chars.next().is_none().then_some(Self { code, ctrl })
    }

    /// What crossterm reports, unless it is a release or a key nobody knows.
    #[must_use]
    pub fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let code = match event.code {
            KeyCode::Char(c) => Code::Char(c),
            KeyCode::Enter => Code::Enter,
            KeyCode::Esc => Code::Esc,
            KeyCode::Tab => Code::Tab,
            KeyCode::BackTab => Code::BackTab,
            KeyCode::Backspace => Code::Backspace,
            KeyCode::Delete => Code::Delete,
            KeyCode::Up => Code::Up,
            KeyCode::Down => Code::Down,
            KeyCode::Left => Code::Left,
            KeyCode::Right => Code::Right,
            KeyCode::PageUp => Code::PageUp,
            KeyCode::PageDown => Code::PageDown,
            KeyCode::Home => Code::Home,
            KeyCode::End => Code::End,
            KeyCode::F(n) => Code::F(n),
            _ => return None,
        };
        if event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        Some(Self { code, ctrl })
    }

    /// The key without Ctrl.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false }
    }

    /// The character it types, if it types one.
    #[must_use]
    pub fn types(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl => Some(c),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    /// Its name, as it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            Code::Char(c) if self.ctrl => write!(f, "Ctrl-{c}"),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Names of the keys that are no character.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (name, code) in NAMED {
            assert_eq!(Key::parse(name), Some(Key::plain(code)));
            assert_eq!(Key::plain(code).to_string(), name);
        }
        assert_eq!(
            Key::parse("Ctrl-d"),
            Some(Key {
                code: Code::Char('d'),
                ctrl: true
            })
        );
        assert_eq!(Key::parse("E").and_then(Key::types), Some('E'));
        for name in ["Ctrl-d", "F1", "F12", "E", "-"] {
            assert_eq!(Key::parse(name).unwrap().to_string(), name);
        }
        for name in ["nonsense", "F13", "F0", " ", "Ctrl-"] {
            assert_eq!(Key::parse(name), None, "{name}");
        }
        assert_eq!(Key::parse(""), None);
    }
}
