//! Things of a section that are opened one at a time: a file, a report, a turn.

use super::row::Row;
use crate::factory::ports::reader::Ask;

/// Where one stands in a section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Row of the cursor in its list.
    pub cursor: usize,
    /// The key of the thing that is open; it stays the same one whatever moment is shown.
    pub open: Option<String>,
    /// First row in sight of what is open.
    pub top: usize,
    /// Columns to the left of what is shown of cut rows.
    pub left: usize,
}

/// A thing in a list.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its row in the list.
    pub row: Row,
    /// What it is known by within its section: a path, or a number.
    pub key: String,
    /// Its title when it is open.
    pub title: String,
    /// What has to be asked to show it.
    pub ask: Option<Ask>,
    /// Which thing of the section it is.
    pub at: usize,
}
