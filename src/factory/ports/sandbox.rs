//! The Sandbox port: whatever runs model-written code, or npm, starts through it.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
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
    /// What it may use up; more ends the whole tree of processes.
    pub limits: Limits,
    /// Model-written files the run loads: without walls each must equal a compiled-in reply.
    pub untrusted: Vec<PathBuf>,
    /// Variables beside the fixed allow-list (PATH HOME TMPDIR LANG CI NO_COLOR TZ NODE_ENV).
    pub env: Vec<(String, String)>,
}

/// What one run may use up. The defaults fit a run of Jest with coverage over one small tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time.
    pub wall: Duration,
    /// Processor time of one process.
    pub cpu: Duration,
    /// Bytes of memory of all processes together.
    pub memory: u64,
    /// Processes and threads at once.
    pub processes: u32,
    /// Open files of one process.
    pub open_files: u32,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes in the run's own /tmp.
    pub scratch: u64,
    /// Bytes the run may add to the folders it may write.
    pub written: u64,
    /// Bytes of standard output and of standard error kept.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            wall: Duration::from_secs(60),
            cpu: Duration::from_secs(60),
            memory: 1024 * MIB,
            processes: 256,
            open_files: 4096,
            file: 64 * MIB,
            scratch: 128 * MIB,
            written: 64 * MIB,
            output: 8 * 1024 * 1024,
        }
    }
}

/// The limit that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Wall or processor time.
    Time,
    /// Memory of all processes together.
    Memory,
    /// Processes and threads.
    Processes,
    /// A file, /tmp or the writable folders.
    Disk,
    /// Standard output or standard error.
    Output,
}

impl Limit {
    /// The word for it in evidence and sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Disk => "disk",
            Self::Output => "output",
        }
    }
}

/// What a job may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing: no sockets at all.
    None,
    /// A loopback of its own, shared with nobody.
    Loopback,
    /// The package registry; only npm asks for it.
    Registry,
}

/// How a job ended.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// None when killed.
    pub exit: Option<i32>,
    /// The limit that ended it; None = ended by itself.
    pub limit: Option<Limit>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub millis: u64,
}

/// Why a job was not run to its end.
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
    /// It ran, and somebody ended it together with its walls: a service manager that stops all, a person, the kernel.
    #[error("the run of {program} was ended from outside by a signal")]
    Cut { program: String },
}

/// Walls around untrusted code. Dropping the future kills the whole tree.
pub trait Sandbox: Send + Sync {
    /// Runs a job to its end or limit.
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ended, SandboxError>>;
    /// "none", "demo" or the tier, for evidence and screens.
    fn tier(&self) -> &'static str;
    /// Whether runs are another user and have to come by the machine's own folders.
    fn strangers(&self) -> bool {
        false
    }
}
