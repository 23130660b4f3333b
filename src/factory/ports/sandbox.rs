//! The Sandbox port: whatever runs model-written code, or npm, starts through it.

use futures_util::future::BoxFuture;
use std::path::PathBuf;
use std::time::Duration;

/// One command to run behind the walls.
#[derive(Clone, Debug)]
pub struct Job {
    /// Program and arguments; the program is an absolute path chosen by us.
    pub command: Vec<String>,
    /// Working folder.
    pub cwd: PathBuf,
    /// Fed to standard input; empty = /dev/null.
    pub stdin: Vec<u8>,
    /// Folders it may read (beside system paths).
    pub read: Vec<PathBuf>,
    /// Folders it may write.
    pub write: Vec<PathBuf>,
    /// What it may reach.
    pub network: Network,
    /// Wall time before the whole tree of processes is killed.
    pub wall: Duration,
    /// Bytes of standard output and of standard error kept; more ends the run.
    pub output: usize,
    /// Model-written files the run loads: without walls each must equal a compiled-in reply.
    pub untrusted: Vec<PathBuf>,
    /// Variables beside the fixed allow-list (PATH HOME TMPDIR LANG CI NO_COLOR TZ NODE_ENV).
    pub env: Vec<(String, String)>,
}

/// What a job may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    None,
    Loopback,
    Registry,
}

/// How a job ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// None when killed.
    pub exit: Option<i32>,
    /// The limit that ended it: "time", "output", "memory"; None = ended by itself.
    pub limit: Option<&'static str>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub millis: u64,
}

/// Why a job was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// No walls, and the tree holds model-written files that are not compiled in.
    #[error(
        "refusing to run generated code: no sandbox works here, and {file} is not one of the compiled-in replies; see --unsafe-no-sandbox"
    )]
    Refused { file: String },
    /// The command could not be started.
    #[error("cannot start {program}: {detail}")]
    Start { program: String, detail: String },
}

/// Walls around untrusted code. Dropping the future kills the whole tree.
pub trait Sandbox: Send + Sync {
    /// Runs a job to its end or limit.
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ended, SandboxError>>;
    /// "none", "demo" or the tier, for evidence and screens.
    fn tier(&self) -> &'static str;
}
