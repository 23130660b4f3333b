//! What can lie over a tab.

use super::dialog::Confirm;
use super::form::Form;
use super::palette::Palette;

/// One layer; the topmost takes the keys.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// The keys that work here, scrolled by so many lines.
    Help(usize),
    /// What waits for the operator, the entry of this number.
    Needs(usize),
    /// Every command.
    Palette(Palette),
    /// A question before something forceful.
    Confirm(Box<Confirm>),
    /// A line of text is asked for.
    Form(Form),
    /// Decisions on a tool, with the cursor.
    Verdict(VerdictMenu),
}

/// Decisions on a tool in review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictMenu {
    /// Which tool.
    pub tool: String,
    /// It is under way, not on the shelf.
    pub under_way: bool,
    /// It was escalated.
    pub escalated: bool,
    /// Why shipping is closed; None = it is open.
    pub closed: Option<String>,
    /// Row of the cursor.
    pub cursor: usize,
}
