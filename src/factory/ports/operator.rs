//! What an operator at a screen asks of a home: commands by value or by the words of the command line.

use crate::domain::command::{Answer, Seen, Verb};
use std::path::PathBuf;

/// A command as the palette shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The word.
    pub name: String,
    /// What may follow it.
    pub arguments: String,
    /// What it does.
    pub about: String,
}

/// The operator's hand.
pub trait Operator: Send + Sync {
    /// Every command.
    fn commands(&self) -> Vec<Usage>;

    /// Reads the words that would follow `dev-factory`; true = it is about the tool under way.
    fn read(&self, line: &str) -> Result<(Verb, bool), String>;

    /// Sends a command and waits for the answer; `seen` guards against hitting something else. Blocks.
    fn send(&self, verb: Verb, seen: Option<Seen>) -> Answer;

    /// Saves a text in a file of this name in the person's own folder; where it lies, or why it does not. Blocks.
    fn save(&self, name: &str, text: &str) -> Result<PathBuf, String>;

    /// Writes the address of a host into the settings file that names it, and leaves all else there as it is. Blocks.
    fn address(&self, host: &str, url: &str) -> Answer;

    /// Looks at a host without taking a turn with it; what was found, as text. Blocks.
    fn doctor(&self, host: &str) -> Result<String, String>;

    /// Starts the engine in the background. Blocks until it is ready; a sentence either way.
    fn start(&self) -> Result<String, String>;
}
