//! A question before something forceful: Cancel has the focus, y or n answers; the worst asks for a name to be typed.

use super::effect::About;
use super::form::Line;
use super::key::{Code, Key};
use crate::domain::command::Verb;

/// What is asked, and what yes does.
#[derive(Clone, Debug, PartialEq)]
pub struct Confirm {
    /// One line.
    pub title: String,
    /// What it means: tool, phase, cost.
    pub lines: Vec<String>,
    /// What yes sends.
    pub verb: Verb,
    /// What the asker saw when asking.
    pub about: About,
    /// Yes has the focus.
    pub yes: bool,
    /// A name that is to be typed instead, and what is typed of it.
    pub name: Option<(String, Line)>,
    /// Why it does not go on.
    pub problem: Option<String>,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// It stays.
    Open(Confirm),
    /// It is closed without anything being done.
    No,
    /// It is closed, and this is to be done, if what it is about is still so.
    Yes(Verb, About),
}

impl Confirm {
    /// A question that y or n answers.
    #[must_use]
    pub fn new(title: &str, lines: Vec<String>, verb: Verb, about: About) -> Self {
        Self {
            title: title.to_owned(),
            lines,
            verb,
            about,
            yes: false,
            name: None,
            problem: None,
        }
    }

    /// The same question, answered only by typing a name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self {
            name: Some((name.to_owned(), Line::default())),
            ..self
        }
    }

    /// Takes a key.
    #[must_use]
    pub fn key(mut self, key: Key) -> Answered {
        if let Some((name, line)) = &mut self.name {
            return match (key.code, key.ctrl) {
                (Code::Esc, _) | (Code::Char('c'), true) => Answered::No,
                (Code::Enter, _) if line.text.trim() == name => self.accept(),
                // Enter before a letter is typed is Cancel, as where no name is asked for.
                (Code::Enter, _) if line.text.is_empty() => Answered::No,
                (Code::Enter, _) => {
                    self.problem = Some(format!("that is not {name}: Ctrl-u empties the line"));
                    Answered::Open(self)
                }
                _ => {
                    line.key(key);
                    self.problem = None;
                    Answered::Open(self)
                }
            };
        }
        match key.code {
            Code::Char('y' | 'Y') if !key.ctrl => self.accept(),
            Code::Char('n' | 'N' | 'q') | Code::Esc => Answered::No,
            Code::Char('c') if key.ctrl => Answered::No,
            Code::Enter if self.yes => self.accept(),
            Code::Enter => Answered::No,
            Code::Tab | Code::BackTab | Code::Left | Code::Right => {
                self.yes = !self.yes;
                Answered::Open(self)
            }
            _ => Answered::Open(self),
        }
    }

    fn accept(self) -> Answered {
        Answered::Yes(self.verb, self.about)
    }
}
