//! Paged, read-only questions to a home's past.

use super::store::Paper;
use crate::domain::event::Event;
use crate::domain::evidence::Evidence;
use crate::domain::figures::Figures;
use crate::domain::screen::LogLine;
use crate::domain::shift::Bookmark;
use crate::domain::tool::Changed;
use std::sync::Arc;

/// Where a page of log lines begins on disk: whatever the adapter needs to read on from there, towards the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which file; it keeps this name when it is put aside, and no other ever has it.
    pub file: u64,
    /// Bytes from its start.
    pub at: u64,
}

/// Some log lines, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Where the lines before these end; None = there are none on disk.
    pub before: Option<Mark>,
}

/// Some events of one tool, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// The events.
    pub events: Vec<Event>,
    /// Where those before these end; None = there are none.
    pub before: Option<Mark>,
    /// The journal's newest event of any tool when it was read; 0 = not looked at.
    pub tip: u64,
}

/// A piece of what a tool left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A paper, from the home or from what git has of it.
    Paper(Paper),
    /// The files of a tree.
    Files(String),
    /// The text of one of them.
    File(String),
    /// What differs between two trees; None = no file at all.
    Diff(Option<String>, Option<String>),
    /// The turn of that label in a transcript, the one after so many others of it.
    Turn(Paper, String, usize),
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    /// A paper with what a run measured.
    Evidence(Box<Evidence>),
    Files(Vec<TreeFile>),
    Diff(Vec<Changed>),
    Turn(Said),
}

/// A file of a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeFile {
    /// Relative to the tool's folder, as git has it.
    pub path: String,
    /// As git has it: 0o100755 may be run, 0o120000 leads elsewhere.
    pub mode: u32,
    pub bytes: u64,
    /// Of its content.
    pub id: String,
}

impl TreeFile {
    /// What it is where it is no plain file.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.mode {
            0o100_755 => "may be run",
            0o120_000 => "a symbolic link",
            0o160_000 => "submodule",
            _ => "",
        }
    }
}

impl Piece {
    /// Bytes it takes, about.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Evidence(evidence) => {
                let report = evidence.jest.as_ref().and_then(|jest| jest.report.as_ref());
                let tests = report.map_or(0, |report| report.tests.len());
                (1 + tests + evidence.held_out.len() + evidence.public.len()) * 1024
            }
            Self::Files(files) => files.iter().map(|file| file.path.len() + 120).sum(),
            Self::Diff(all) => {
                let lines = all.iter().flat_map(|file| &file.lines);
                lines.map(|line| line.text.len() + 48).sum()
            }
            Self::Turn(said) => {
                let asked = said.asked.iter().map(|(_, text)| text.len());
                let calls = said.calls.iter().map(String::len);
                said.thought.len() + said.text.len() + asked.chain(calls).sum::<usize>()
            }
        }
    }
}

/// One turn as its transcript has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Who said what before, as the model was given it.
    pub asked: Vec<(String, String)>,
    /// What it thought.
    pub thought: String,
    /// What it answered.
    pub text: String,
    /// Tools it called, each on a line.
    pub calls: Vec<String>,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// A home's past.
pub trait Reader: Send + Sync {
    /// At most `count` lines that end at `mark`, damaged ones left out; None = the newest. A file that is gone
    /// since the mark was made has no lines.
    fn lines(&self, mark: Option<&Mark>, count: usize) -> Result<Page, String>;

    /// Figures over the whole journal, and since this person's mark. Takes long only where much is new.
    fn figures(&self) -> Result<Arc<Figures>, String>;

    /// Puts this person's mark: what came up to it has been read.
    fn mark_read(&self, mark: Bookmark) -> Result<(), String>;

    /// Events of a tool that end at `mark` (None = the newest) and come after number `after`, from as much of the
    /// journal as is read in a moment.
    fn events(&self, tool: &str, after: u64, mark: Option<&Mark>) -> Result<Events, String>;

    /// A piece of what a tool left behind; None = it is not there, or not any more.
    fn piece(&self, ask: &Ask) -> Result<Option<Piece>, String>;

    /// Whether the engine that wrote the newest snapshot still runs.
    fn alive(&self) -> bool;
}
