//! The Sandbox port: every run goes through our own program, re-executed behind walls that bubblewrap, the kernel's
//! namespaces, Landlock or the operator's wrapper makes. Namespaces are made by a module of ours and not by a crate,
//! because limits, filter and report inside are needed with bubblewrap as well.

mod advice;
mod bwrap;
mod cgroup;
mod choose;
mod crowd;
mod door;
mod guest;
mod handed;
#[cfg(not(target_os = "linux"))]
#[path = "sandbox/elsewhere.rs"]
mod inside;
#[cfg(target_os = "linux")]
mod inside;
pub(in crate::adapters) mod kill;
mod known;
mod policy;
mod probe;
mod runner;
mod scope;
mod spawner;
mod start;
mod tier;
mod trust;
mod view;
mod watch;
mod wrapper;

use crate::adapters::registry::Registry;
use crate::factory::ports::sandbox::{Ended, Job, Sandbox, SandboxError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use runner::Runner;
use scope::Scopes;
use start::Means;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use advice::fixes;
pub use cgroup::{Place, find as given_group};
pub use choose::{Choice, Scoped, Tried, choose, survey};
pub use probe::{Attempt, Findings};
pub use scope::{Around, find as systemd_run};
pub use tier::Tier;

/// SHA-256 of texts this binary carries, hexadecimal.
pub type Hashes = BTreeSet<String>;

/// Hash of a text, as the set of compiled-in replies holds it.
#[must_use]
pub fn hash(text: &[u8]) -> String {
    trust::hash(text)
}

/// How a hidden subcommand ended.
#[derive(Debug, Default)]
pub struct Answer {
    /// Exit code.
    pub code: u8,
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
}

/// Does what the hidden subcommands ask for when the arguments of this process name one. Comes before anything else.
#[must_use]
pub fn inside(args: impl IntoIterator<Item = OsString>) -> Option<Answer> {
    let mut args = args.into_iter().skip(1);
    let (word, text) = (args.next()?, args.next());
    let text = text.unwrap_or_default();
    let text = text.to_string_lossy();
    match word.to_str()? {
        inside::WORD => Some(match handed::text(&text) {
            Ok(policy) => inside::run(&policy),
            Err(error) => Answer {
                code: policy::BROKEN,
                err: format!("what was handed over for this run cannot be read: {error}\n"),
                ..Answer::default()
            },
        }),
        guest::ASK => Some(guest::ask(&text)),
        guest::HOLD => Some(guest::hold()),
        guest::TAKE => Some(guest::take()),
        scope::WORD => Some(scope::enter(&text)),
        _ => None,
    }
}

/// What walls are built with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Our own program, to be re-executed.
    pub program: PathBuf,
    /// Folder of ours outside every home, for small files that runs see and for what the probe found.
    pub state: PathBuf,
    /// The operator's own command; empty = none.
    pub wrapper: Vec<String>,
    /// systemd-run, for a scope around each run; None = there is none.
    pub systemd: Option<PathBuf>,
    /// Where we make a group for each run ourselves, when there is no scope; None = nowhere.
    pub place: Option<Place>,
    /// Hashes of every file the compiled-in replies hold: what may run without walls.
    pub known: Hashes,
}

/// A sandbox of one tier.
pub struct Walls {
    runner: Runner,
    known: Hashes,
}

impl Walls {
    /// Walls of this tier, whether or not they hold here; `choose` finds the tier that does.
    #[must_use]
    pub fn of(tier: Tier, setup: &Setup) -> Self {
        Self {
            runner: Runner::of(Means::of(tier, setup)),
            known: setup.known.clone(),
        }
    }

    /// As they are, with one of these around each run.
    #[must_use]
    fn scoped(mut self, scopes: Option<Scopes>) -> Self {
        self.runner.means.scopes = scopes.map(Arc::new);
        self
    }

    /// As they are, with the one registry that a job which asks for it may reach.
    #[must_use]
    pub fn reaching(&self, registry: Arc<Registry>) -> Self {
        Self {
            runner: Runner {
                means: self.runner.means.clone(),
                registry: Some(registry),
            },
            known: self.known.clone(),
        }
    }

    /// Whether runs can get to the folders of a home; the sentence that says why not.
    pub fn reach(&self, home: &Path) -> Result<(), String> {
        if !self.strangers() {
            return Ok(());
        }
        home.ancestors().try_for_each(start::passable)
    }

    async fn started(&self, job: Job) -> Result<Ended, SandboxError> {
        if self.runner.means.tier == Tier::Demo {
            trust::check(&job.untrusted, &self.known)?;
        }
        self.runner.run(job).await
    }
}

impl Sandbox for Walls {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ended, SandboxError>> {
        self.started(job).boxed()
    }

    fn tier(&self) -> &'static str {
        let means = &self.runner.means;
        match means.scopes() {
            Some(scopes) => means.tier.within(scopes.around()),
            None => means.tier.as_str(),
        }
    }

    fn strangers(&self) -> bool {
        start::strangers(self.runner.means.tier)
    }
}
