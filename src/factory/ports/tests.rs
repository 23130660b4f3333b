//! The test port: Jest and the case runner over a tool's folder, always through the Sandbox.

use super::files::FileError;
use super::sandbox::SandboxError;
use crate::domain::case::{Case, Received};
use crate::domain::condition::Trouble;
use crate::domain::evidence::{JestRun, ThrowingRun};
use crate::domain::mutation::MutationRun;
use crate::domain::package::Package;
use futures_util::future::BoxFuture;
use std::path::PathBuf;
use std::time::Duration;

/// Where a tool lies and what of it is tested.
#[derive(Clone, Debug)]
pub struct Tree {
    pub tool: String,
    /// tools/<name> inside the worktree, absolute.
    pub dir: PathBuf,
    /// Planned source files in spec order, "src/x.js".
    pub modules: Vec<String>,
    /// Tests promised by the sources: static count plus public cases.
    pub expected_tests: u32,
    /// False for a stub tree: nothing in it comes from a model.
    pub model_written: bool,
    /// Packages it may require.
    pub packages: Vec<Package>,
}

/// Why tests could not be run at all (not: that they failed).
#[derive(Clone, Debug, thiserror::Error)]
pub enum TestError {
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The disk, or what else surrounds it.
    #[error("{1}")]
    Trouble(Trouble, String),
    /// Node, Jest or a folder is missing.
    #[error("{0}")]
    Setup(String),
}

impl TestError {
    /// What keeps tests from being run.
    #[must_use]
    pub const fn trouble(&self) -> Trouble {
        match self {
            Self::Trouble(name, _) => *name,
            Self::Sandbox(_) | Self::Setup(_) => Trouble::Tests,
        }
    }
}

impl From<FileError> for TestError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { name, .. } => Self::Trouble(name, error.to_string()),
            FileError::Refused(words) => Self::Setup(words),
        }
    }
}

/// Where throw-away trees for runs lie below the home.
pub const TREES: &str = "dev-factory/run/trees";

/// Hears how many changes were tested, and of how many.
pub type MutantsTold<'a> = dyn Fn(u32, u32) + Send + Sync + 'a;

/// Jest and the case runner.
pub trait Tests: Send + Sync {
    /// Locked Jest; with coverage for a gate, without for verify-on-edit.
    fn jest<'a>(
        &'a self,
        tree: &'a Tree,
        coverage: bool,
    ) -> BoxFuture<'a, Result<JestRun, TestError>>;
    /// The same run over a copy whose exported functions throw.
    fn throwing<'a>(&'a self, tree: &'a Tree) -> BoxFuture<'a, Result<ThrowingRun, TestError>>;
    /// Changes the sources bit by bit and runs the tests over each change, for at most so long; what was tested until then
    /// counts. `pace` is how long all tests took just now. Dropping the future ends it.
    fn mutants<'a>(
        &'a self,
        tree: &'a Tree,
        pace: Duration,
        wall: Duration,
        told: &'a MutantsTold<'a>,
    ) -> BoxFuture<'a, Result<MutationRun, TestError>>;
    /// Each case in a process of its own; the runner never gets what is expected. Same order as given.
    fn cases<'a>(
        &'a self,
        tree: &'a Tree,
        cases: &'a [Case],
    ) -> BoxFuture<'a, Result<Vec<Received>, TestError>>;
    /// Installs packages a tool may require, unless they are there; the text of their lock file.
    fn packages<'a>(&'a self, packages: &'a [Package]) -> BoxFuture<'a, Result<String, TestError>>;
    /// Cleans what a crash left behind in out folders and of throw-away trees.
    fn sweep(&self);
    /// Removes what makes runs quick: of all tools but these, and packages that nobody asked for in a month.
    fn spare(&self, tools: &[String]);
    /// Sandbox tier for evidence.
    fn tier(&self) -> &'static str;
}
