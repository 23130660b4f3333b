//! The person's desk: their pager, their editor, their clipboard, a file for them, and what calls them.

use std::io::Write;

/// What calls a person to the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    /// Nothing.
    #[default]
    None,
    /// The terminal's bell.
    Bell,
    /// A message of the desktop by OSC 9.
    Osc9,
    /// A message of the desktop by OSC 777.
    Osc777,
}

/// What became of a text for the clipboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clip {
    /// It was handed over, in a sentence. Whether it arrived nobody tells.
    Sent(String),
    /// The terminal is to be sent these bytes; then the sentence holds.
    Terminal(Vec<u8>, String),
}

/// The desk.
pub trait Desktop: Send + Sync {
    /// Shows a text in the pager until it is left. Blocks; the terminal must have been given back.
    fn page(&self, name: &str, text: &str) -> Result<(), String>;

    /// Has a text edited; what was saved. Blocks; the terminal must have been given back.
    fn edit(&self, text: &str) -> Result<String, String>;

    /// Sends a text to the clipboard.
    fn clip(&self, text: &str) -> Result<Clip, String>;

    /// A new file for the person to keep, by name.
    fn file(&self, name: &str) -> Result<Kept, String>;

    /// What the terminal is to be sent to call the person.
    fn ring(&self, bell: Bell, words: &str) -> Vec<u8>;
}

/// A file under way.
pub struct Kept {
    /// Where it is, as shown.
    pub path: String,
    /// Takes its text.
    pub file: Box<dyn Write + Send>,
}
