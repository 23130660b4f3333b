//! The repository port: branches, the worktree, and shipping, with hooks, filters and fsmonitor off.

use super::files::FileError;
use crate::domain::condition::Trouble;
use crate::domain::event::ShipRecord;
use chrono::{DateTime, Utc};
use std::path::{Path, PathBuf};

/// Why git work could not be done; one sentence with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepoError {
    /// Shipping must wait: HEAD is not main, or the index differs from HEAD.
    #[error("{0}")]
    Blocked(String),
    /// The surroundings keep git from it.
    #[error("git: {1}")]
    Trouble(Trouble, String),
    /// The branch holds another tree of the tool than the one to ship.
    #[error("the branch has moved to commit {0}, which no run has measured")]
    Moved(String),
    /// Anything else git said.
    #[error("git: {0}")]
    Git(String),
}

impl RepoError {
    /// What keeps git from it.
    #[must_use]
    pub const fn trouble(&self) -> Trouble {
        match self {
            Self::Trouble(name, _) => *name,
            _ => Trouble::Git,
        }
    }
}

impl From<FileError> for RepoError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { name, .. } => Self::Trouble(name, error.to_string()),
            FileError::Refused(words) => Self::Git(words),
        }
    }
}

/// What to ship.
#[derive(Clone, Debug)]
pub struct ShipOrder {
    pub tool: String,
    pub version: String,
    /// Tree of tools/<name> that passed: nothing else ships.
    pub tree: String,
    /// Papers to add, relative to the home.
    pub papers: Vec<PathBuf>,
    /// First line of the commit.
    pub message: String,
}

/// git in the home. All calls block; the engine wraps them.
pub trait Repo: Send + Sync {
    /// Fresh: prunes dead worktrees, renames an old `tool/<name>` to `kept/<name>/<n>`, branches from main.
    /// Resume: checks the kept branch out again. Returns the worktree's folder (dev-factory/work), sparse to tools/<name>.
    fn open(&self, tool: &str, resume: bool) -> Result<PathBuf, RepoError>;
    /// Keeps in mind what an attempt begins with; one that follows attempts that were cut gets what they began with. What
    /// lay there then is a commit that no branch holds, which is returned.
    fn begin(&self, tool: &str, attempt: u64, cut: &[u64]) -> Result<Option<String>, RepoError>;
    /// Commits everything in tools/<name> on the branch. Returns (tree hash of tools/<name>, commit); no empty commits.
    fn save(&self, tool: &str, message: &str) -> Result<(String, String), RepoError>;
    /// Tree hash of tools/<name> as it lies in the worktree now.
    fn tree(&self, tool: &str) -> Result<String, RepoError>;
    /// Writes the files of tools/<name> as a commit has them into an empty folder, and nothing else.
    fn export(&self, tool: &str, commit: &str, dir: &Path) -> Result<(), RepoError>;
    /// Whether a commit is there.
    fn knows(&self, commit: &str) -> Result<bool, RepoError>;
    /// Puts the branch and worktree to a commit, which attempts cut before then began with; what came after stays under
    /// `kept/<name>/<n>`.
    fn restore(&self, tool: &str, commit: &str) -> Result<(), RepoError>;
    /// Removes the worktree if there is one, keeps the branch.
    fn close(&self) -> Result<(), RepoError>;
    /// None when HEAD is main and the index equals HEAD; else why not.
    fn main_blocked(&self) -> Result<Option<String>, RepoError>;
    /// Merge --no-ff, papers, one commit, annotated tag; idempotent: a tag already there is returned.
    fn ship(&self, order: &ShipOrder) -> Result<ShipRecord, RepoError>;
    /// Versions shipped of a tool, from tags, oldest first.
    fn versions(&self, tool: &str) -> Result<Vec<String>, RepoError>;
    /// All tools with tags.
    fn shipped(&self) -> Result<Vec<(String, String)>, RepoError>;
    /// Pushes main and a tag.
    fn push(&self, remote: &str, tag: &str) -> Result<(), RepoError>;
    /// Unified diff of tools/<name> on the branch against main.
    fn diff(&self, tool: &str) -> Result<String, RepoError>;
    /// Removes branches of finished tools that main holds, and others of theirs untouched for so many days (0 = never);
    /// packs loose objects when there are many. What was done, in words.
    fn sweep(
        &self,
        finished: &[String],
        days: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<String>, RepoError>;
    /// The folder of the worktree.
    fn work(&self) -> &Path;
}
