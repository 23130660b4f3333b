//! The Sandbox port without walls: clean environment, own session, limits, and an end to every process of a run.
//! It keeps nothing from reading files or the network, so it runs only compiled-in replies unless a person accepted that.

mod kill;
mod trust;

use crate::factory::ports::sandbox::{Ended, Job, Limit, Network, Sandbox, SandboxError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use kill::Tree;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Notify;

/// Variables of ours that npm needs to reach its registry as the person set it up.
const REGISTRY: [&str; 4] = [
    "HOME",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
/// How long pipes may stay open after every process was killed.
const DRAIN: Duration = Duration::from_secs(2);

/// SHA-256 of texts this binary carries, hexadecimal.
pub type Hashes = BTreeSet<String>;

/// Hash of a text, as the set of compiled-in replies holds it.
#[must_use]
pub fn hash(text: &[u8]) -> String {
    trust::hash(text)
}

/// A sandbox without walls.
pub struct NoWalls {
    known: Hashes,
    unsafe_accepted: bool,
}

impl NoWalls {
    /// `known`: hashes of every file the compiled-in replies hold; `unsafe_accepted`: both flags were given.
    #[must_use]
    pub fn new(known: Hashes, unsafe_accepted: bool) -> Self {
        // Orphans of a run come back to us instead of to init, so they can be found and ended.
        #[cfg(target_os = "linux")]
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        Self {
            known,
            unsafe_accepted,
        }
    }

    async fn started(&self, job: Job) -> Result<Ended, SandboxError> {
        if !self.unsafe_accepted {
            trust::check(&job.untrusted, &self.known)?;
        }
        let program = job.command.first().cloned().unwrap_or_default();
        let broken = |error: io::Error| SandboxError::Start {
            program: program.clone(),
            detail: error.to_string(),
        };
        let scratch = tempfile::tempdir().map_err(broken)?;
        let begun = Instant::now();
        let mut command = command(&job, scratch.path());
        let (mut child, tree) = Tree::start(|| command.spawn()).map_err(broken)?;
        let mut ended = watch(&mut child, &job, tree).await.map_err(broken)?;
        ended.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(ended)
    }
}

impl Sandbox for NoWalls {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ended, SandboxError>> {
        self.started(job).boxed()
    }

    fn tier(&self) -> &'static str {
        if self.unsafe_accepted { "none" } else { "demo" }
    }
}

/// The command with its environment, session and limits.
fn command(job: &Job, scratch: &std::path::Path) -> Command {
    let mut words = job.command.iter();
    let mut command = Command::new(words.next().map(String::as_str).unwrap_or_default());
    command.args(words).current_dir(&job.cwd).env_clear();
    command
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", scratch)
        .env("TMPDIR", scratch)
        .env("LANG", "C.UTF-8")
        .env("CI", "1")
        .env("NO_COLOR", "1")
        .env("TZ", "UTC")
        .env("NODE_ENV", "test");
    if job.network == Network::Registry {
        command.env_remove("NODE_ENV").envs(registry());
    }
    command
        .envs(job.env.iter().map(|(name, value)| (name, value)))
        .stdin(if job.stdin.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let largest = job.limits.file;
    let highest = kill::highest_open_file();
    // SAFETY: between fork and exec only system calls are made: nothing allocates, locks or reads memory of other threads.
    unsafe {
        command.pre_exec(move || confine(largest, highest));
    }
    command
}

/// What npm gets of the person's environment.
fn registry() -> Vec<(OsString, OsString)> {
    let wanted = |name: &str| {
        let lower = name.to_ascii_lowercase();
        REGISTRY.contains(&name) || lower.ends_with("_proxy") || lower.starts_with("npm_config_")
    };
    let all = std::env::vars_os();
    all.filter(|(name, _)| name.to_str().is_some_and(wanted))
        .collect()
}

/// Runs in the child before exec: own session, ended with us, no core files, no open files beside the first three.
fn confine(largest: u64, highest: i32) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit, setsid};
    setsid()?;
    // An engine that is killed cannot end its run, and the next one would meet it at work in the same folder.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let limit = |most: u64| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::Core, limit(0))?;
    setrlimit(Resource::Fsize, limit(largest))?;
    for number in 3..=highest {
        // SAFETY: a number that is not open only makes the call fail.
        let file = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        let _ = rustix::io::fcntl_setfd(file, rustix::io::FdFlags::CLOEXEC);
    }
    Ok(())
}

/// Waits for the end or a limit, ends the whole tree, and collects what was written.
async fn watch(child: &mut Child, job: &Job, tree: Tree) -> io::Result<Ended> {
    let flood = Arc::new(Notify::new());
    let stdout = tokio::spawn(read(child.stdout.take(), job.limits.output, flood.clone()));
    let stderr = tokio::spawn(read(child.stderr.take(), job.limits.output, flood.clone()));
    let feeding = child.stdin.take().map(|mut pipe| {
        let bytes = job.stdin.clone();
        tokio::spawn(async move {
            let _ = pipe.write_all(&bytes).await;
        })
    });
    let (exit, limit) = tokio::select! {
        status = child.wait() => (status?.code(), None),
        () = flood.notified() => (None, Some(Limit::Output)),
        () = tokio::time::sleep(job.limits.wall) => (None, Some(Limit::Time)),
    };
    let swept = tokio::task::spawn_blocking(move || drop(tree));
    if limit.is_some() {
        let _ = child.wait().await;
    }
    let _ = swept.await;
    if let Some(feeding) = feeding {
        feeding.abort();
    }
    let (stdout, out_full) = finished(stdout).await;
    let (stderr, err_full) = finished(stderr).await;
    let flooded = (out_full || err_full).then_some(Limit::Output);
    let limit = limit.or(flooded);
    Ok(Ended {
        exit: if limit.is_some() { None } else { exit },
        limit,
        stdout,
        stderr,
        millis: 0,
    })
}

/// Reads a pipe up to the limit; says so when there is more.
async fn read<R: AsyncRead + Unpin>(
    pipe: Option<R>,
    limit: usize,
    flood: Arc<Notify>,
) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else {
        return (kept, false);
    };
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let _ = (&mut pipe).take(most).read_to_end(&mut kept).await;
    let mut more = [0_u8; 1];
    let full = kept.len() >= limit && pipe.read(&mut more).await.is_ok_and(|n| n > 0);
    if full {
        flood.notify_one();
    }
    (kept, full)
}

/// What a reader got; a pipe still held by someone we could not end is given up.
async fn finished(reader: tokio::task::JoinHandle<(Vec<u8>, bool)>) -> (Vec<u8>, bool) {
    let read = tokio::time::timeout(DRAIN, reader).await;
    read.ok().and_then(Result::ok).unwrap_or_default()
}
