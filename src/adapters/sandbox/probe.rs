//! Tries a tier by what it does, not by what it says: a guest of ours inside attempts about ten escapes, and what it
//! managed is seen from outside as well.

use super::guest::{ASK, HOLD, LIMIT, TAKE};
use super::runner::Runner;
use super::start::Means;
use super::tier::Tier;
use super::trust;
use crate::adapters::registry::{Registry, Route};
use crate::factory::ports::sandbox::{Job, Limit, Limits, Network, SandboxError};
use serde::{Deserialize, Serialize};
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest a guest may take.
const WALL: Duration = Duration::from_secs(10);
/// Memory of the guest that is to be ended for it, bytes.
const MEMORY: u64 = 96 << 20;

/// One thing tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What was tried.
    pub name: String,
    /// Whether the walls held, or, for what must work, it worked.
    pub held: bool,
    /// What went wrong; empty when it held.
    pub words: String,
}

/// What a guest is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct Question {
    /// Our own program, as seen inside.
    pub program: PathBuf,
    /// A file that must not be read.
    pub secret: PathBuf,
    /// A folder that must not be written.
    pub outside: PathBuf,
    /// Value that must not be found in any environment; also the name of an abstract socket.
    pub canary: String,
    /// A port we listen on.
    pub port: u16,
    /// A socket we listen on.
    pub socket: PathBuf,
    /// A process of ours.
    pub victim: i32,
    /// Argument of the process to leave behind.
    pub mark: String,
    /// Whether servers of its own must work.
    pub loopback: bool,
}

/// What a probe found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Everything tried; empty when nothing could be.
    pub attempts: Vec<Attempt>,
    /// Why nothing could be tried.
    pub failed: Option<String>,
    /// Wall time, milliseconds.
    pub millis: u64,
}

impl Findings {
    /// Whether the walls may be trusted.
    #[must_use]
    pub fn held(&self) -> bool {
        self.failed.is_none() && self.attempts.iter().all(|attempt| attempt.held)
    }
}

/// Probes a tier.
pub async fn probe(means: &Means, state: &Path) -> Findings {
    let begun = Instant::now();
    let mut findings = match Bait::lay(means, state) {
        Ok(bait) => tried(means, bait).await,
        Err(error) => failed(format!("{}: {error}", state.display())),
    };
    findings.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    findings
}

fn failed(words: String) -> Findings {
    Findings {
        failed: Some(words),
        ..Findings::default()
    }
}

async fn tried(means: &Means, mut bait: Bait) -> Findings {
    let planted = Means {
        planted: Some(("DEV_FACTORY_CANARY".into(), bait.token.clone())),
        ..means.clone()
    };
    let runner = Runner::of(planted);
    let (asked, taken) = tokio::join!(
        runner.run(bait.job(means, false)),
        runner.run(bait.job(means, true))
    );
    let ended = match asked {
        Ok(ended) => ended,
        Err(SandboxError::Start { detail, .. }) => return failed(detail),
        Err(error) => return failed(error.to_string()),
    };
    let Ok(mut attempts) = serde_json::from_slice::<Vec<Attempt>>(&ended.stdout) else {
        let said = last(&ended.stderr).unwrap_or("it said nothing".to_owned());
        return failed(format!("the guest of the probe ended early: {said}"));
    };
    bait.look(&mut attempts);
    let limit = taken.map_or(None, |ended| ended.limit);
    let held = limit == Some(Limit::Memory);
    attempts.push(Attempt {
        name: "take more memory than allowed".to_owned(),
        held,
        words: if held {
            String::new()
        } else {
            "it was not ended for it".to_owned()
        },
    });
    Findings {
        attempts,
        ..Findings::default()
    }
}

/// Whether npm's way out passes a wrapper; why not. A run that may reach the registry begins only where it does.
pub async fn way_out(means: &Means, state: &Path) -> Result<(), String> {
    // Nobody asks it for anything.
    let route = Route {
        registry: "http://127.0.0.1:1/".to_owned(),
        ..Route::default()
    };
    let runner = Runner {
        registry: Some(Arc::new(Registry::new(&route)?)),
        ..Runner::of(means.clone())
    };
    let folder = tempfile::Builder::new().prefix("probe-").tempdir_in(state);
    let folder = folder.map_err(|error| format!("{}: {error}", state.display()))?;
    let ended = runner.run(npm(means, folder.path())).await;
    let ended = ended.map_err(|error| match error {
        SandboxError::Start { detail, .. } => detail,
        error => error.to_string(),
    })?;
    match ended.exit {
        Some(0) => Ok(()),
        // A wrapper that waits for the end of what goes in is ended for its time.
        _ => Err(last(&ended.stderr).unwrap_or("it did not begin in time".to_owned())),
    }
}

/// The last line a guest or a wrapper said.
fn last(said: &[u8]) -> Option<String> {
    let said = String::from_utf8_lossy(said);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    last.map(str::to_owned)
}

/// A guest in the place of npm, which leaves at once.
fn npm(means: &Means, folder: &Path) -> Job {
    Job {
        command: vec![means.program.display().to_string(), HOLD.into()],
        cwd: folder.to_path_buf(),
        stdin: Vec::new(),
        read: vec![means.program.clone()],
        write: Vec::new(),
        network: Network::Registry,
        limits: Limits {
            wall: WALL,
            ..Limits::default()
        },
        untrusted: Vec::new(),
        env: Vec::new(),
    }
}

/// What is laid out for a guest to find.
struct Bait {
    dir: tempfile::TempDir,
    /// Paths of sockets are short.
    _short: tempfile::TempDir,
    socket: PathBuf,
    token: String,
    port: TcpListener,
    unix: UnixListener,
    named: Option<UnixListener>,
    victim: Child,
}

impl Bait {
    /// Open to everybody: the walls are tried, not the permissions.
    fn lay(means: &Means, state: &Path) -> io::Result<Self> {
        fs::create_dir_all(state)?;
        let builder = || tempfile::Builder::new().prefix("probe-").to_owned();
        // In the person's own folders where the walls make the way there; else where anybody may go.
        let dir = if means.tier.own_root() {
            builder().tempdir_in(state)?
        } else {
            builder().tempdir()?
        };
        let short = tempfile::tempdir()?;
        for (folder, mode) in [
            ("", 0o755),
            ("outside", 0o777),
            ("read", 0o777),
            ("out", 0o777),
        ] {
            let path = dir.path().join(folder);
            fs::create_dir_all(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        }
        let secret = dir.path().join("secret");
        fs::write(&secret, "canary")?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o666))?;
        fs::set_permissions(short.path(), fs::Permissions::from_mode(0o777))?;
        let socket = short.path().join("socket");
        let (port, unix) = (
            TcpListener::bind("127.0.0.1:0")?,
            UnixListener::bind(&socket)?,
        );
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777))?;
        let token = token();
        let named = named(&token)?;
        port.set_nonblocking(true)?;
        unix.set_nonblocking(true)?;
        let victim = Command::new(&means.program)
            .arg(HOLD)
            .env_clear()
            .env("DEV_FACTORY_CANARY", &token)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            dir,
            _short: short,
            socket,
            token,
            port,
            unix,
            named,
            victim,
        })
    }

    fn job(&self, means: &Means, memory: bool) -> Job {
        let at = |name: &str| self.dir.path().join(name);
        let question = Question {
            program: means.program.clone(),
            secret: at("secret"),
            outside: at("outside"),
            canary: self.token.clone(),
            port: self.port.local_addr().map_or(0, |address| address.port()),
            socket: self.socket.clone(),
            victim: i32::try_from(self.victim.id()).unwrap_or(0),
            mark: format!("left-{}", self.token),
            loopback: means.tier != Tier::Landlock,
        };
        let text = serde_json::to_string(&question).unwrap_or_default();
        let program = means.program.display().to_string();
        Job {
            command: match memory {
                true => vec![program, TAKE.into()],
                false => vec![program, ASK.into(), text],
            },
            cwd: at("read"),
            stdin: Vec::new(),
            read: vec![means.program.clone()],
            write: vec![at("out")],
            network: Network::Loopback,
            limits: Limits {
                wall: WALL,
                memory: if memory {
                    MEMORY
                } else {
                    Limits::default().memory
                },
                ..Limits::default()
            },
            untrusted: Vec::new(),
            env: Vec::new(),
        }
    }

    /// What can be seen from outside of what the guest managed.
    fn look(&mut self, attempts: &mut [Attempt]) {
        let mut leaked = |name: &str, is: bool, words: &str| {
            let found = attempts
                .iter_mut()
                .find(|attempt| attempt.name.starts_with(name));
            if let Some(attempt) = found.filter(|_| is) {
                attempt.held = false;
                attempt.words = words.to_owned();
            }
        };
        let made = ["outside/made", "read/made"].map(|name| self.dir.path().join(name));
        leaked(
            "write where",
            made.iter().any(|path| path.exists()),
            "seen from outside",
        );
        let changed = fs::read(self.dir.path().join("secret")).ok().as_deref() != Some(b"canary");
        leaked("write where", changed, "your file was changed");
        leaked(
            "reach a port",
            self.port.accept().is_ok(),
            "seen from outside",
        );
        let named = self
            .named
            .as_ref()
            .is_some_and(|socket| socket.accept().is_ok());
        leaked(
            "reach a socket",
            named || self.unix.accept().is_ok(),
            "seen from outside",
        );
        let hit = !matches!(self.victim.try_wait(), Ok(None));
        let limits = fs::read_to_string(format!("/proc/{}/limits", self.victim.id()));
        let limited = limits.is_ok_and(|all| all.contains(&LIMIT.to_string()));
        leaked("end a process", limited, "its limits were changed");
        leaked("end a process", hit, "it was ended");
        leaked(
            "leave a process",
            running(&format!("left-{}", self.token)),
            "it stayed",
        );
    }
}

impl Drop for Bait {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

#[cfg(target_os = "linux")]
fn named(name: &str) -> io::Result<Option<UnixListener>> {
    use std::os::linux::net::SocketAddrExt;
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
    let listener = UnixListener::bind_addr(&address)?;
    listener.set_nonblocking(true)?;
    Ok(Some(listener))
}

#[cfg(not(target_os = "linux"))]
fn named(_: &str) -> io::Result<Option<UnixListener>> {
    Ok(None)
}

/// Whether a process has this as its last argument.
fn running(mark: &str) -> bool {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let end = format!("{mark}\0");
    lines.into_iter().any(|line| line.ends_with(end.as_bytes()))
}

/// A word nobody has used before; the standard library seeds its hashers from the system.
fn token() -> String {
    let number = RandomState::new().hash_one(std::process::id());
    trust::hash(&number.to_ne_bytes())
        .chars()
        .take(24)
        .collect()
}
