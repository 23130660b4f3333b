//! A question before something forceful: Cancel has the focus, y or n answers.

use super::effect::{Effect, Seen};
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
    pub seen: Option<Seen>,
    /// Yes has the focus.
    pub yes: bool,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// It stays.
    Open(Confirm),
    /// It is closed without anything being done.
    No,
    /// It is closed, and this is to be done.
    Yes(Effect),
}

impl Confirm {
    /// Takes a key.
    #[must_use]
    pub fn key(mut self, key: Key) -> Answered {
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
        Answered::Yes(Effect::Send(self.verb, self.seen))
    }
}
