//! The Sandbox port: every run goes through our own program, re-executed behind walls that bubblewrap, the kernel's
//! namespaces, Landlock or the operator's wrapper makes. Namespaces are made by a module of ours and not by a crate,
//! because limits, filter and report inside are needed with bubblewrap as well.

mod advice;
mod bwrap;
mod choose;
mod crowd;
mod guest;
#[cfg(not(target_os = "linux"))]
#[path = "sandbox/elsewhere.rs"]
mod inside;
#[cfg(target_os = "linux")]
mod inside;
mod kill;
mod policy;
mod probe;
mod spawner;
mod start;
mod tier;
mod trust;
mod view;
mod watch;

use crate::factory::ports::sandbox::{Ended, Job, Sandbox, SandboxError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kill::Tree;
use policy::{BROKEN, ENDED_BY, Report};
use rustix::fs::OFlags;
use start::Means;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

pub use advice::fixes;
pub use choose::{Choice, Tried, choose, survey};
pub use probe::{Attempt, Findings};
pub use tier::Tier;

/// SHA-256 of texts this binary carries, hexadecimal.
pub type Hashes = BTreeSet<String>;

/// Hash of a text, as the set of compiled-in replies holds it.
#[must_use]
pub fn hash(text: &[u8]) -> String {
    trust::hash(text)
}

/// Does what the hidden subcommands ask for when the arguments of this process name one; the exit code then. Comes
/// before anything else.
#[must_use]
pub fn inside(args: impl IntoIterator<Item = OsString>) -> Option<u8> {
    let mut args = args.into_iter().skip(1);
    let (word, text) = (args.next()?, args.next());
    let text = text.unwrap_or_default();
    let text = text.to_string_lossy();
    match word.to_str()? {
        inside::WORD => Some(inside::run(&text)),
        guest::ASK => Some(guest::ask(&text)),
        guest::HOLD => Some(guest::hold()),
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

    async fn started(&self, job: Job) -> Result<Ended, SandboxError> {
        if self.runner.means.tier == Tier::Demo {
            trust::check(&job.untrusted, &self.known)?;
        }
        let program = job.command.first().cloned().unwrap_or_default();
        let ended = self.runner.run(job).await;
        ended.map_err(|detail| SandboxError::Start { program, detail })
    }
}

impl Sandbox for Walls {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ended, SandboxError>> {
        self.started(job).boxed()
    }

    fn tier(&self) -> &'static str {
        self.runner.means.tier.as_str()
    }
}

/// Starts jobs by one means and waits for their end.
struct Runner {
    means: Means,
}

impl Runner {
    fn of(means: Means) -> Self {
        // Orphans of a run come back to us instead of to init, so they can be found and ended.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        // Without them a run misses names, not walls.
        let _ = etc_files(&means.etc);
        Self { means }
    }

    /// One job; why it was not started otherwise.
    async fn run(&self, job: Job) -> Result<Ended, String> {
        let begun = Instant::now();
        let outcome = self
            .outcome(&job)
            .await
            .map_err(|error| error.to_string())?;
        let mut ended = self.told(outcome)?;
        ended.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(ended)
    }

    async fn outcome(&self, job: &Job) -> io::Result<watch::Outcome> {
        let tier = self.means.tier;
        let scratch = (!tier.own_root()).then(tempfile::tempdir).transpose()?;
        let place = scratch
            .as_ref()
            .map_or(Path::new(view::SCRATCH), |dir| dir.path());
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // Read when all is over: whoever still holds the other end has nothing to say.
        rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK)?;
        let number = rustix::fd::AsRawFd::as_raw_fd(&writer);
        let policy = start::policy(job, &self.means, place, Some(number));
        start::reachable(&policy).map_err(io::Error::other)?;
        start::hand_over(&policy)?;
        let command = start::command(job, &self.means, &policy, &writer)?;
        let (mut child, tree) = spawner::spawn(command, Tree::start).await?;
        drop(writer);
        let alone = tier.own_processes();
        watch::watch(&mut child, job, tree, File::from(reader), alone).await
    }

    /// Joins what was seen outside with what was reported from inside.
    fn told(&self, outcome: watch::Outcome) -> Result<Ended, String> {
        let watch::Outcome { mut ended, report } = outcome;
        match report {
            Some(Report {
                failed: Some(detail),
                ..
            }) => Err(detail),
            Some(report) => {
                ended.exit = report.exit.filter(|_| report.limit.is_none());
                ended.limit = report.limit;
                Ok(ended)
            }
            None if ended.limit.is_some() => Ok(ended),
            None if self.means.tier == Tier::Wrapper && ended.exit != Some(BROKEN.into()) => {
                let by = ENDED_BY
                    .iter()
                    .find(|(_, code)| ended.exit == Some((*code).into()));
                ended.limit = by.map(|(limit, _)| *limit);
                ended.exit = ended.exit.filter(|_| by.is_none());
                Ok(ended)
            }
            None => {
                let said = String::from_utf8_lossy(&ended.stderr);
                let last = said.lines().rfind(|line| !line.trim().is_empty());
                Err(last.unwrap_or("the walls ended without a word").to_owned())
            }
        }
    }
}

/// The few files of /etc that programs look names up in, with nothing of this machine in them.
fn etc_files(folder: &Path) -> io::Result<()> {
    let files = [
        ("passwd", "nobody:x:65534:65534:nobody:/tmp/home:/bin/sh\n"),
        ("group", "nogroup:x:65534:\n"),
        ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
        (
            "nsswitch.conf",
            "passwd: files\ngroup: files\nhosts: files dns\n",
        ),
    ];
    std::fs::create_dir_all(folder)?;
    for (name, text) in files {
        let file = folder.join(name);
        if std::fs::read_to_string(&file).ok().as_deref() != Some(text) {
            std::fs::write(&file, text)?;
        }
    }
    Ok(())
}
