//! A scope of systemd around a run, or a group of ours, where there is one: in it the kernel counts all memory of a run,
//! what it holds for the run as well, and allows no swap. Never needed: our own watching goes on inside.

use super::Answer;
use super::cgroup::{self, Group, Place};
use super::guest::TAKE;
use super::policy::BROKEN;
use crate::factory::ports::sandbox::Limits;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Hidden subcommand: become what a list of words names.
pub const WORD: &str = "__scope";
/// System paths only: one found through PATH could be anybody's.
const PLACES: [&str; 2] = ["/usr/bin/systemd-run", "/bin/systemd-run"];
/// What the kernel may hold for a run beside the memory of its processes: files, pipes, sockets, page tables, bytes.
const KERNEL: u64 = 64 << 20;
/// Processes of ours and of bubblewrap in a scope, and some that are just ending.
const OURS: u64 = 16;
/// A scope ends this long after the run should have been ended by us.
const LATER: Duration = Duration::from_secs(10);
/// Longest the check may take.
const CHECK: Duration = Duration::from_secs(5);
/// Memory allowed in the check, bytes: less than the guest takes.
const CHECKED: u64 = 48 << 20;

/// Where systemd-run lies.
#[must_use]
pub fn find() -> Option<PathBuf> {
    PLACES
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file())
}

/// The socket of the service manager scopes are asked of.
#[must_use]
pub fn manager() -> PathBuf {
    let folder = if system() {
        PathBuf::from("/run")
    } else {
        runtime()
    };
    folder.join("systemd/private")
}

/// Root has no service manager of its own beside the system's.
fn system() -> bool {
    rustix::process::getuid().is_root()
}

fn runtime() -> PathBuf {
    let set = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let user = rustix::process::getuid().as_raw();
    set.filter(|path| path.is_absolute())
        .unwrap_or_else(|| format!("/run/user/{user}").into())
}

/// What is around a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Around {
    /// A scope of systemd.
    Scope,
    /// A group (cgroup v2) of ours.
    Cgroup,
}

/// Scopes for runs, until one cannot be had any more.
#[derive(Debug)]
pub struct Scopes {
    by: By,
    lost: AtomicBool,
}

/// Who makes them.
#[derive(Debug)]
enum By {
    /// The service manager, asked by this systemd-run.
    Systemd(PathBuf),
    /// We do, in this group.
    Us(PathBuf),
}

impl Scopes {
    /// By this systemd-run.
    #[must_use]
    pub fn of(systemd: PathBuf) -> Self {
        Self::by(By::Systemd(systemd))
    }

    /// By ourselves, in a place that is made ready for it.
    pub fn in_place(place: &Place) -> Result<Self, String> {
        place.prepare()?;
        Ok(Self::by(By::Us(place.folder.clone())))
    }

    fn by(by: By) -> Self {
        let lost = AtomicBool::new(false);
        Self { by, lost }
    }

    /// What they are.
    pub fn around(&self) -> Around {
        match self.by {
            By::Systemd(_) => Around::Scope,
            By::Us(_) => Around::Cgroup,
        }
    }

    /// Whether runs get one.
    pub fn there(&self) -> bool {
        !self.lost.load(Ordering::Relaxed)
    }

    /// The service manager, or our place, is gone: runs go on without.
    pub fn give_up(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// The group of a run with these limits, where we make it.
    pub fn group(&self, limits: &Limits) -> io::Result<Option<Group>> {
        let (memory, tasks) = most(limits);
        match &self.by {
            By::Systemd(_) => Ok(None),
            By::Us(place) => Group::make(place, memory, tasks).map(Some),
        }
    }

    /// What to call to have `words` called in a scope that fits these limits.
    pub fn words(
        &self,
        program: &Path,
        limits: &Limits,
        words: &[OsString],
    ) -> io::Result<Vec<OsString>> {
        let By::Systemd(systemd) = &self.by else {
            return Ok(words.to_vec());
        };
        let (memory, tasks) = most(limits);
        Self::line(systemd, program, memory, tasks, limits.wall + LATER, words)
    }

    fn line(
        systemd: &Path,
        program: &Path,
        memory: u64,
        tasks: u64,
        wall: Duration,
        words: &[OsString],
    ) -> io::Result<Vec<OsString>> {
        let words: Option<Vec<&str>> = words.iter().map(|word| word.to_str()).collect();
        let words = words.ok_or_else(|| io::Error::other("a path is not UTF-8"))?;
        // systemd-run reads variables into what it calls, where it finds a dollar sign.
        let words = serde_json::to_string(&words)?.replace('$', "\\u0024");
        let mut line: Vec<OsString> = vec![systemd.into()];
        line.extend((!system()).then(|| "--user".into()));
        line.extend(
            [
                "--scope",
                "--quiet",
                "--collect",
                "--no-ask-password",
                "--description=a run of dev-factory",
                &format!("--property=MemoryMax={memory}"),
                "--property=MemorySwapMax=0",
                &format!("--property=TasksMax={tasks}"),
                &format!("--property=RuntimeMaxSec={}", wall.as_secs()),
                "--",
            ]
            .map(OsString::from),
        );
        line.extend([program.into(), WORD.into(), words.into()]);
        Ok(line)
    }

    /// Whether a guest that takes too much memory is ended for it, by nobody but the scope; why not.
    pub async fn check(&self, program: &Path) -> Result<(), String> {
        let (group, words) = self.checked(program).map_err(|error| error.to_string())?;
        let Some((first, rest)) = words.split_first() else {
            return Err("nothing to call".to_owned());
        };
        let mut command = tokio::process::Command::new(first);
        command
            .args(rest)
            .env_clear()
            .env(variable().0, variable().1)
            .current_dir("/")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(group) = &group {
            put(&mut command, group).map_err(|error| error.to_string())?;
        }
        match tokio::time::timeout(CHECK, command.output()).await {
            Ok(Ok(output)) => judged(&output),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("a guest that took too much memory was not ended for it".to_owned()),
        }
    }

    /// What to call to have the guest of the check called, and the group it goes to.
    fn checked(&self, program: &Path) -> io::Result<(Option<Group>, Vec<OsString>)> {
        let guest = [program.into(), TAKE.into()];
        Ok(match &self.by {
            By::Systemd(systemd) => {
                let line = Self::line(systemd, program, CHECKED, OURS, CHECK, &guest)?;
                (None, line)
            }
            By::Us(place) => {
                let group = Group::make(place, CHECKED, OURS)?;
                (Some(group), guest.to_vec())
            }
        })
    }
}

/// The memory, bytes, and the tasks that a run may have in all.
fn most(limits: &Limits) -> (u64, u64) {
    let memory = limits.memory + limits.scratch + KERNEL;
    (memory, u64::from(limits.processes) + OURS)
}

/// Has what is called begin its life in a group.
pub fn put(command: &mut tokio::process::Command, group: &Group) -> io::Result<()> {
    let entrance = group.entrance()?;
    // SAFETY: between fork and exec only system calls are made: nothing allocates, locks or reads memory of other threads.
    unsafe {
        command.pre_exec(move || cgroup::enter(&entrance));
    }
    Ok(())
}

fn judged(output: &Output) -> Result<(), String> {
    if output.status.signal() == Some(libc::SIGKILL) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| output.status.to_string(), str::to_owned))
}

/// How systemd-run finds the service manager.
#[must_use]
pub fn variable() -> (&'static str, PathBuf) {
    ("XDG_RUNTIME_DIR", runtime())
}

/// Becomes what the words say; returns where that fails.
pub fn enter(text: &str) -> Answer {
    let words: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    let err = match words.split_first() {
        Some((program, rest)) => {
            // The scope is there: from here on our program inside sees whether anybody waits for the run.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::set_parent_process_death_signal(None);
            let error = std::process::Command::new(program).args(rest).exec();
            format!("{program}: {error}\n")
        }
        None => "this subcommand is not for people\n".to_owned(),
    };
    Answer {
        code: BROKEN,
        err,
        ..Answer::default()
    }
}

/// Processes the kernel has ended for want of memory, by its count; 0 where it keeps none.
pub fn ended() -> u64 {
    let text = std::fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}
