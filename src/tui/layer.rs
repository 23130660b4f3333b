//! What can lie over a tab.

use super::dialog::Confirm;
use super::editor::Editor;
use super::effect::About;
use super::form::Form;
use super::palette::Palette;
use super::theme::Theme;
use super::tool::End;
use crate::domain::command::Verb;
use crate::domain::screen::Verdict;
use crate::domain::state::Escalation;

/// Something sent to the engine that has not been answered yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sent {
    /// The command, if it is one.
    pub verb: Option<Verb>,
    /// What was written for it; a person gets it back when it is refused.
    pub written: Option<Layer>,
}

/// One layer; the topmost takes the keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// The keys that work here, scrolled by so many lines.
    Help(usize),
    /// What waits for the operator.
    Needs(Card),
    /// Every command.
    Palette(Palette),
    /// A question before something forceful.
    Confirm(Box<Confirm>),
    /// Fields are to be filled.
    Form(Form),
    /// A text of several lines is to be written.
    Editor(Box<Editor>),
    /// Decisions on a tool, with the cursor.
    Verdict(VerdictMenu),
    /// Themes to choose from.
    Themes(ThemeMenu),
    /// The two trees of a diff.
    Ends(EndsMenu),
}

/// Themes, with the cursor; what is under it is shown at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeMenu {
    /// Row of the cursor.
    pub cursor: usize,
    /// Name and styles from before.
    pub before: (String, Theme),
}

impl Layer {
    /// Something has been written in it.
    #[must_use]
    pub fn written(&self) -> bool {
        match self {
            Self::Form(form) => form.touched,
            Self::Editor(editor) => editor.changed(),
            Self::Palette(palette) => !palette.line.text.is_empty(),
            _ => false,
        }
    }
}

/// Trees that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndsMenu {
    /// All of them, oldest first.
    pub all: Vec<End>,
    /// Each in words.
    pub words: Vec<String>,
    /// The older one, once it is chosen.
    pub old: Option<End>,
    /// Row of the cursor.
    pub cursor: usize,
}

/// The entry of what waits that is looked at: by its id, since others come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its id; None = there was none.
    pub id: Option<String>,
    /// Which one it was.
    pub at: usize,
    /// The way out of the cursor.
    pub cursor: usize,
}

/// Decisions on a tool in review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictMenu {
    /// Which tool.
    pub tool: String,
    /// It is under way, not on the shelf.
    pub under_way: bool,
    /// Why it was escalated, if it was.
    pub escalation: Option<Escalation>,
    /// What can be decided, as the engine says.
    pub verdicts: Vec<Verdict>,
    /// What was seen when the menu was opened.
    pub about: About,
    /// Row of the cursor.
    pub cursor: usize,
}

/// One decision of the menu.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its word.
    pub word: &'static str,
    /// What it does.
    pub what: String,
    /// Why it cannot be made; None = it can.
    pub closed: Option<String>,
    /// The command, without its text.
    pub verb: Verb,
}
