//! What the engine hands to the process that starts a run, and what it hears back: two JSON texts without secrets.

use super::tier::Tier;
use crate::factory::ports::sandbox::{Limit, Limits, Network};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything about one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Policy {
    /// Who builds the walls.
    pub tier: Tier,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Working folder.
    pub cwd: PathBuf,
    /// The whole environment of the run, beside `keep`.
    pub env: Vec<(String, String)>,
    /// Variables taken over from the environment of whoever starts the run: their values may be private.
    pub keep: Vec<String>,
    /// The run's own root, in the order it is put together; empty where it has none.
    pub view: Vec<Part>,
    /// What it may read, for Landlock where there is no root of its own.
    pub read: Vec<PathBuf>,
    /// Folders it may write.
    pub write: Vec<PathBuf>,
    /// Links to what it may read, and to what it may write: for a wrapper's words alone.
    #[serde(skip)]
    pub links: [Vec<PathBuf>; 2],
    /// Its scratch folder, where HOME lies as well.
    pub scratch: PathBuf,
    /// What it may reach.
    pub network: Network,
    /// The only port it may connect to, where its network is that of the machine.
    pub port: Option<u16>,
    /// What it may use up.
    pub limits: Limits,
    /// Processes and threads its user may have at once, those of others included.
    pub crowd: u64,
    /// User and group it becomes; None = stays who it is.
    pub become_id: Option<u32>,
    /// Whether the kernel counts its memory, in a scope around it.
    pub scope: bool,
    /// Number of the open file the report goes to; None = the exit code has to do.
    pub report: Option<i32>,
}

/// One piece of a run's root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// An empty folder.
    Folder(PathBuf),
    /// A file or folder of the machine.
    Bind {
        /// Where it lies on the machine, without symbolic links.
        from: PathBuf,
        /// Where the run sees it.
        at: PathBuf,
        /// Whether the run may write there.
        write: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it lies.
        at: PathBuf,
        /// Where it leads.
        to: PathBuf,
    },
    /// An empty file system in memory that anybody in the run may write.
    Scratch {
        /// Where it lies.
        at: PathBuf,
        /// Most it holds, bytes.
        bytes: u64,
    },
    /// The run's own process table.
    Proc,
    /// null, zero, full, random, urandom; no terminal.
    Dev,
}

/// Exit code of a run that was never started, where there is no report.
pub const BROKEN: u8 = 70;

/// Exit codes of runs that a limit ended, where there is no report. A job may end with one of them itself: that makes
/// it no better than it is.
pub const ENDED_BY: [(Limit, u8); 4] = [
    (Limit::Time, 190),
    (Limit::Memory, 191),
    (Limit::Processes, 192),
    (Limit::Disk, 193),
];

/// How a run ended, as seen from inside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Exit code of the program.
    pub exit: Option<i32>,
    /// Signal that ended it.
    pub signal: Option<i32>,
    /// Limit that ended it, or that made it fail.
    pub limit: Option<Limit>,
    /// Why it was never started.
    pub failed: Option<String>,
}
