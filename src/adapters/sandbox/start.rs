//! From a job to a process outside the walls: policy, command line of the tier, environment, own session.

use super::handed::Handed;
use super::inside::WORD;
use super::policy::Policy;
use super::scope::{self, Around, Scopes};
use super::tier::Tier;
use super::{Setup, bwrap, crowd, kill, view, wrapper};
use crate::factory::ports::sandbox::{Job, Network};
use rustix::fd::{AsRawFd, OwnedFd};
use std::ffi::OsString;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// Who runs are when we are root.
const NOBODY: u32 = 65534;
/// Folders of ours, in homes and elsewhere, lie in one of this name.
const OURS_ON_DISK: &str = "dev-factory";
/// Processes of ours that may be counted with those of a run.
const OURS: u64 = 8;
/// What a wrapper may need of the person's environment to find its own settings and service.
const WRAPPER: [&str; 9] = [
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DOCKER_HOST",
    "CONTAINER_HOST",
];

/// What starting runs needs to know beside the job.
#[derive(Clone, Debug)]
pub struct Means {
    /// Who builds the walls.
    pub tier: Tier,
    /// Our own program.
    pub program: PathBuf,
    /// Folder with the files of /etc we write ourselves.
    pub etc: PathBuf,
    /// The operator's command.
    pub wrapper: Vec<String>,
    /// Scopes for runs.
    pub scopes: Option<Arc<Scopes>>,
    /// A variable for whoever makes the walls, which no run may see: the probe's canary.
    pub planted: Option<(String, String)>,
}

impl Means {
    /// Those of a tier.
    #[must_use]
    pub fn of(tier: Tier, setup: &Setup) -> Self {
        Self {
            tier,
            program: setup.program.clone(),
            etc: setup.state.join("etc"),
            wrapper: setup.wrapper.clone(),
            scopes: None,
            planted: None,
        }
    }

    /// Scopes, where runs get one: a wrapper may lead anywhere, and without walls there is nobody to keep in.
    pub fn scopes(&self) -> Option<&Scopes> {
        let scopes = self.scopes.as_deref()?;
        let apart = self.tier.walls() && self.tier != Tier::Wrapper;
        (apart && scopes.there()).then_some(scopes)
    }

    /// Whether somebody else is asked to start a run within its scope.
    fn asked(&self, policy: &Policy) -> bool {
        let around = self.scopes.as_deref().map(Scopes::around);
        policy.scope && around == Some(Around::Scope)
    }
}

/// The policy of a job. `scratch`: a folder of the machine for tiers without a root of their own.
pub fn policy(job: &Job, means: &Means, scratch: &Path, report: Option<i32>) -> Policy {
    let tier = means.tier;
    let seen = view::of(job, &means.program, &means.etc);
    let scratch = if tier.own_root() || tier == Tier::Wrapper {
        PathBuf::from(view::SCRATCH)
    } else {
        scratch.to_path_buf()
    };
    let become_id = (tier.walls() && tier != Tier::Wrapper)
        .then(other_id)
        .flatten();
    Policy {
        tier,
        command: job.command.clone(),
        cwd: job.cwd.clone(),
        env: environment(job, tier, &scratch),
        keep: job.env.iter().map(|(name, _)| name.clone()).collect(),
        view: if tier.own_root() {
            seen.parts
        } else {
            Vec::new()
        },
        read: seen.read,
        write: seen.write,
        links: seen.links,
        scratch,
        network: job.network,
        port: None,
        limits: job.limits.clone(),
        crowd: room(job, tier, become_id),
        become_id,
        scope: means.scopes().is_some(),
        report: report.filter(|_| tier != Tier::Wrapper),
    }
}

/// What the kernel may count up to. Where it counts all processes of the user, there is room for as many again: other
/// runs may start meanwhile, and this run's own number is watched from inside.
fn room(job: &Job, tier: Tier, become_id: Option<u32>) -> u64 {
    let most = u64::from(job.limits.processes);
    if tier.own_processes() && become_id.is_none() && crowd::counted_apart() {
        return most + OURS;
    }
    let user = become_id.unwrap_or_else(|| rustix::process::getuid().as_raw());
    crowd::threads(user) + 2 * most
}

/// Root becomes nobody, wherever there is a nobody beside it.
fn other_id() -> Option<u32> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let maps = std::fs::read_to_string("/proc/self/uid_map").ok()?;
    let covers = |line: &str| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let (Some(Ok(first)), Some(_), Some(Ok(count))) =
            (numbers.next(), numbers.next(), numbers.next())
        else {
            return false;
        };
        (first..first.saturating_add(count)).contains(&u64::from(NOBODY))
    };
    maps.lines().any(covers).then_some(NOBODY)
}

/// The fixed variables of a run.
fn environment(job: &Job, tier: Tier, scratch: &Path) -> Vec<(String, String)> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let own = job
        .command
        .first()
        .and_then(|program| Path::new(program).parent());
    let path = if tier.walls() {
        let own = own
            .filter(|folder| !view::in_system(folder))
            .map(|folder| text(folder) + ":");
        format!("{}/usr/local/bin:/usr/bin:/bin", own.unwrap_or_default())
    } else {
        std::env::var("PATH").unwrap_or_default()
    };
    let mut all = vec![
        ("PATH", path),
        ("HOME", text(&scratch.join("home"))),
        ("TMPDIR", text(scratch)),
        ("LANG", "C.UTF-8".to_owned()),
        ("CI", "1".to_owned()),
        ("NO_COLOR", "1".to_owned()),
        ("TZ", "UTC".to_owned()),
    ];
    if job.network != Network::Registry {
        all.push(("NODE_ENV", "test".to_owned()));
    }
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The process that starts the run. It holds nothing private but what the job itself is given.
pub fn command(job: &Job, means: &Means, policy: &Policy, report: &OwnedFd) -> io::Result<Command> {
    let mut handed = Handed::default();
    let mut words = words(job, means, policy, &mut handed)?.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).env_clear();
    if means.tier == Tier::Wrapper {
        command.envs(
            WRAPPER
                .iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?))),
        );
    }
    command
        .envs(means.planted.clone())
        .envs(job.env.iter().map(|(name, value)| (name, value)))
        .stdin(if job.stdin.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if means.tier != Tier::Wrapper {
        // Nothing of the machine but what the view brings in.
        command.current_dir("/");
    }
    if means.asked(policy) {
        let (name, value) = scope::variable();
        command.env(name, value);
    }
    let highest = kill::highest_open_file();
    let keep = [handed.numbers(), vec![report.as_raw_fd()]].concat();
    let mortal = mortal(policy, means);
    // SAFETY: between fork and exec only system calls are made: nothing allocates, locks or reads memory of other threads.
    unsafe {
        command.pre_exec(move || {
            // Open for as long as somebody may be started by this.
            let _ = &handed;
            apart(highest, &keep, mortal)
        });
    }
    Ok(command)
}

/// Its command line.
fn words(
    job: &Job,
    means: &Means,
    policy: &Policy,
    handed: &mut Handed,
) -> io::Result<Vec<OsString>> {
    let text = serde_json::to_string(policy)?;
    let words: Vec<OsString> = match means.tier {
        Tier::Bwrap => {
            let found = bwrap::find().ok_or_else(|| io::Error::other("bubblewrap is gone"))?;
            let ours = ours(job, &text, handed)?;
            bwrap::words(&found, policy, &ours, handed)?
        }
        // It may lead anywhere, and open files do not.
        Tier::Wrapper => wrapper::words(&means.wrapper, &means.program, policy)
            .into_iter()
            .map(Into::into)
            .chain([means.program.clone().into(), WORD.into(), text.into()])
            .collect(),
        _ => {
            let ours = ours(job, &text, handed)?.map(Into::into);
            let program = [means.program.clone().into()];
            program.into_iter().chain(ours).collect()
        }
    };
    match policy.scope.then(|| means.scopes()).flatten() {
        Some(scopes) => scopes.words(&means.program, &job.limits, &words),
        None => Ok(words),
    }
}

/// The words behind our own program; the last is for people who look at processes.
fn ours(job: &Job, policy: &str, handed: &mut Handed) -> io::Result<[String; 3]> {
    let policy = handed.over(policy.as_bytes())?;
    Ok([WORD.to_owned(), policy, job.cwd.display().to_string()])
}

/// Whether the end of us is, by the kernel, the end of what is started first. Not of bubblewrap, see there; and without a
/// process namespace our program inside has to outlive us, to end what it started. A scope is only asked for.
fn mortal(policy: &Policy, means: &Means) -> bool {
    match policy.tier {
        Tier::Namespaces | Tier::Wrapper => true,
        Tier::Bwrap => means.asked(policy),
        Tier::Landlock | Tier::Demo | Tier::None => false,
    }
}

/// Runs in the child before exec: own session, no core files, no open files beside the first three and those to `keep`,
/// and where it is `mortal` the end of us is the end of it.
fn apart(highest: i32, keep: &[i32], mortal: bool) -> io::Result<()> {
    use rustix::io::{FdFlags, fcntl_setfd};
    rustix::process::setsid()?;
    #[cfg(target_os = "linux")]
    if mortal {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = mortal;
    for number in 3..=keep.iter().fold(highest, |most, number| most.max(*number)) {
        // SAFETY: a number that is not open only makes the call fail.
        let file = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        let flags = if keep.contains(&number) {
            FdFlags::empty()
        } else {
            FdFlags::CLOEXEC
        };
        let _ = fcntl_setfd(file, flags);
    }
    Ok(())
}

/// Whether runs are somebody else than we are and go by the machine's own folders: as root, with Landlock alone.
pub fn strangers(tier: Tier) -> bool {
    tier == Tier::Landlock && other_id().is_some()
}

/// Without a root of its own a run that becomes somebody else needs folders open to others on its way. Those of ours
/// are opened for passing through: what is in them is closed by itself.
pub fn reachable(policy: &Policy) -> Result<(), String> {
    if policy.become_id.is_none() || policy.tier.own_root() {
        return Ok(());
    }
    let ways = policy.write.iter().chain([&policy.cwd]);
    let folders = ways.flat_map(|path| path.ancestors().skip(1));
    folders.into_iter().try_for_each(|folder| {
        let ours = folder.iter().any(|name| name == OURS_ON_DISK);
        let mode = folder.metadata().map_or(0o001, |meta| meta.mode());
        if ours && mode & 0o001 == 0 {
            let _ = std::fs::set_permissions(folder, Permissions::from_mode(mode | 0o001));
        }
        passable(folder)
    })
}

/// Whether others may pass through a folder; what to do where they may not.
pub fn passable(folder: &Path) -> Result<(), String> {
    if folder.metadata().is_ok_and(|meta| meta.mode() & 0o001 == 0) {
        return Err(format!(
            "{0} is closed to other users, and as root under Landlock alone runs become one: chmod o+x {0}, or keep the home elsewhere",
            folder.display()
        ));
    }
    Ok(())
}

/// Makes what a run may write its own, when it is somebody else than we are. What it owns already stays as it is:
/// it may have put links there.
pub fn hand_over(policy: &Policy) -> io::Result<()> {
    let Some(id) = policy.become_id else {
        return Ok(());
    };
    let mut scratch = Vec::new();
    if !policy.tier.own_root() {
        scratch.push(policy.scratch.clone());
    }
    policy
        .write
        .iter()
        .chain(&scratch)
        .try_for_each(|folder| give(folder, id))
}

fn give(path: &Path, id: u32) -> io::Result<()> {
    let meta = path.symlink_metadata()?;
    if meta.uid() == id {
        return Ok(());
    }
    if meta.is_dir() {
        for entry in std::fs::read_dir(path)? {
            give(&entry?.path(), id)?;
        }
    }
    // Last, so that nobody else writes here while we go through it.
    lchown(path, Some(id), Some(id))
}
