//! What a subcommand says and how it ends: sentences, exit codes, and a reader that went away.

use super::secrets;
use crate::adapters::store::files;
use crate::text::sanitise::sanitise_uncut;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;

/// Exit codes of the contract.
pub mod code {
    /// Failed, or a command was refused.
    pub const FAILED: u8 = 1;
    /// Wrong usage or settings, or no home.
    pub const USAGE: u8 = 2;
    /// Another engine holds this home.
    pub const HELD: u8 = 3;
    /// A person is needed.
    pub const PERSON: u8 = 4;
    /// No sandbox works here.
    pub const NO_SANDBOX: u8 = 78;
    /// SIGINT, state saved.
    pub const INTERRUPTED: u8 = 130;
}

/// How a subcommand ends when it does not simply succeed.
#[derive(Debug)]
pub enum Fail {
    /// A sentence for the person, and the exit code.
    Said(u8, String),
    /// Standard output is closed: nobody reads any more, which is no failure.
    Closed,
    /// Something that cannot happen did; reported with its trail.
    Bug(color_eyre::Report),
}

impl Fail {
    /// Failed, or refused (1).
    pub fn failed(sentence: impl Into<String>) -> Self {
        Self::Said(code::FAILED, sentence.into())
    }

    /// Wrong usage or settings (2).
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::Said(code::USAGE, sentence.into())
    }
}

impl From<io::Error> for Fail {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Bug(error.into())
        }
    }
}

impl From<color_eyre::Report> for Fail {
    fn from(report: color_eyre::Report) -> Self {
        Self::Bug(report)
    }
}

/// Exit code of a subcommand that did its work.
pub type Done = Result<u8, Fail>;

/// Prints a line on standard output.
pub fn say(text: impl fmt::Display) -> Result<(), Fail> {
    put(&format!("{text}\n"))
}

/// Prints text on standard output.
pub fn put(text: &str) -> Result<(), Fail> {
    let mut out = io::stdout().lock();
    let put = out.write_all(shown(text).as_bytes());
    put.and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Fail::Closed,
            _ => Fail::failed(format!("standard output: {}", files::why(&error))),
        })
}

/// Prints a line on standard error; one that is closed is nobody's loss.
pub fn note(text: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{}", shown(&text.to_string()));
}

/// The text without secrets, and without what a terminal would obey.
#[must_use]
pub fn shown(text: &str) -> String {
    secrets::known().redact(&sanitise_uncut(text))
}

/// A place for text where each write is a whole piece of it, as the program's log makes them.
pub struct Shown<W: Write>(pub W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .write_all(shown(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A path as a word of a command line that a person may copy.
#[must_use]
pub fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let tame = |c: char| c.is_alphanumeric() || "/._-+@".contains(c);
    if text.chars().all(tame) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Rows as aligned columns; the last one is not padded.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|n| {
            rows.iter()
                .filter_map(|row| row.get(n))
                .map(|cell| width(cell))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, wide) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(wide.saturating_sub(width(cell)) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns a text takes on a terminal.
fn width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}
