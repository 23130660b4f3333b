//! One call of the git binary: scrubbed environment, everything that could run a foreign program off, 30 s at most.

use super::said::{plain, refused, said, verb};
use super::{locks, traps};
use crate::adapters::again::patiently;
use crate::adapters::steps;
use crate::factory::ports::repo::RepoError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

/// Longest a call may take.
const LIMIT: Duration = Duration::from_secs(30);
/// The same for a push: the first one carries all that ever was.
const PUSH: Duration = Duration::from_secs(600);
/// How long what a call has written is waited for after its end: a program it left behind may hold the pipe for ever.
const LINGER: Duration = Duration::from_secs(5);

/// What git has written is on the disk before it says so, as the journal speaks of it next. By itself git leaves loose
/// objects and refs to the system, and a power cut leaves them empty: a branch that cannot be read, nor written.
const DURABLE: [&str; 2] = ["core.fsync=all", "core.fsyncMethod=batch"];

/// The git binary and what every call of it gets.
pub struct Git {
    program: PathBuf,
    home: PathBuf,
    /// The repository of the home, where its worktrees are kept.
    common: PathBuf,
    /// Object id of the empty tree: attributes are read from it, so the tree's own name no filters.
    empty_tree: String,
    identity: OnceLock<Vec<String>>,
}

/// Where settings of the person may be read.
#[derive(Clone, Copy, PartialEq)]
enum Person {
    Hidden,
    Known,
}

impl Git {
    /// Finds git in PATH and asks the repository for its empty tree.
    pub fn find(home: &Path) -> Result<Self, RepoError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = std::env::split_paths(&path)
            .map(|folder| folder.join("git"))
            .find(|file| file.is_absolute() && file.is_file())
            .ok_or_else(|| RepoError::Git("not found in PATH; install git".into()))?;
        Self::at(home, program)
    }

    /// Uses a given git binary.
    pub fn at(home: &Path, program: PathBuf) -> Result<Self, RepoError> {
        let mut git = Self {
            program,
            home: home.to_path_buf(),
            common: home.join(".git"),
            empty_tree: String::new(),
            identity: OnceLock::new(),
        };
        git.common = home.join(git.text(home, &["rev-parse", "--git-common-dir"])?);
        git.empty_tree = git.text(home, &["hash-object", "-t", "tree", "/dev/null"])?;
        Ok(git)
    }

    /// Object id of the empty tree.
    pub fn empty_tree(&self) -> &str {
        &self.empty_tree
    }

    /// Standard output, trimmed at the end; anything but success is an error.
    pub fn text(&self, folder: &Path, args: &[&str]) -> Result<String, RepoError> {
        self.with(folder, args, &[])
    }

    /// As `text`, with variables beside the usual ones.
    pub fn with(
        &self,
        folder: &Path,
        args: &[&str],
        env: &[(&str, &Path)],
    ) -> Result<String, RepoError> {
        let output = self.unlocked(folder, args, env)?;
        if output.status.success() {
            return Ok(plain(&output.stdout));
        }
        Err(said(args, &output))
    }

    /// Standard output, byte for byte; anything but success is an error.
    pub fn bytes(&self, folder: &Path, args: &[&str]) -> Result<Vec<u8>, RepoError> {
        let output = self.run(folder, args, &[], Person::Hidden)?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(said(args, &output)),
        }
    }

    /// The same for a call that is told on its standard input what to do.
    pub fn fed(&self, folder: &Path, args: &[&str], input: String) -> Result<Vec<u8>, RepoError> {
        let mut command = self.prepared(folder, args, Person::Hidden)?;
        let output = finish(&mut command, args, input)?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(said(args, &output)),
        }
    }

    /// Runs a call, once more where a lock file that nobody holds was in its way.
    fn unlocked(
        &self,
        folder: &Path,
        args: &[&str],
        env: &[(&str, &Path)],
    ) -> Result<Output, RepoError> {
        let output = self.run(folder, args, env, Person::Hidden)?;
        let locked = !output.status.success() && !self.empty_tree.is_empty();
        if locked && locks::cleared(&self.home, &self.common, &output.stderr) {
            return self.run(folder, args, env, Person::Hidden);
        }
        Ok(output)
    }

    /// Exit code and standard output; 0 and 1 are answers, more is an error.
    pub fn code(&self, folder: &Path, args: &[&str]) -> Result<(i32, String), RepoError> {
        let output = self.unlocked(folder, args, &[])?;
        match output.status.code() {
            Some(code @ (0 | 1)) => Ok((code, plain(&output.stdout))),
            _ => Err(said(args, &output)),
        }
    }

    /// A call that needs the person's own settings, keys and credential helpers.
    fn as_person(&self, folder: &Path, args: &[&str]) -> Result<String, RepoError> {
        let output = self.run(folder, args, &[], Person::Known)?;
        if output.status.success() {
            return Ok(plain(&output.stdout));
        }
        Err(said(args, &output))
    }

    /// `-c user.name=… -c user.email=…` of the person, or ours when none is set.
    pub fn identity(&self, folder: &Path) -> &[String] {
        self.identity.get_or_init(|| {
            let ask = |key: &str| {
                let answer = self.as_person(folder, &["config", "--get", key]);
                answer.ok().filter(|value| !value.trim().is_empty())
            };
            let (name, email) = match (ask("user.name"), ask("user.email")) {
                (Some(name), Some(email)) => (name, email),
                _ => ("dev-factory".into(), "dev-factory@localhost".into()),
            };
            vec![
                "-c".into(),
                format!("user.name={name}"),
                "-c".into(),
                format!("user.email={email}"),
            ]
        })
    }

    /// A call that makes a commit or tag.
    pub fn signed(&self, folder: &Path, args: &[&str]) -> Result<String, RepoError> {
        let who = self.identity(folder).iter().map(String::as_str);
        let all: Vec<&str> = who.chain(args.iter().copied()).collect();
        self.text(folder, &all)
    }

    fn run(
        &self,
        folder: &Path,
        args: &[&str],
        env: &[(&str, &Path)],
        person: Person,
    ) -> Result<Output, RepoError> {
        let mut command = self.prepared(folder, args, person)?;
        for (name, value) in env {
            command.env(name, value);
        }
        finish(&mut command, args, String::new())
    }

    fn prepared(&self, folder: &Path, args: &[&str], person: Person) -> Result<Command, RepoError> {
        if folder != self.home {
            traps::leads_home(folder, &self.common)?;
        }
        let mut command = self.command(folder, person);
        if person == Person::Hidden && !self.empty_tree.is_empty() {
            for setting in self.drivers(folder)? {
                command.arg("-c").arg(setting);
            }
        }
        command.args(args);
        Ok(command)
    }

    fn command(&self, folder: &Path, person: Person) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).env_clear().process_group(0);
        let mut keep = vec!["PATH", "HOME"];
        if person == Person::Known {
            keep.extend(["XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_CONFIG_GLOBAL"]);
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        } else {
            command.env("GIT_CONFIG_GLOBAL", "/dev/null");
            // No call of these reaches another repository, not even for an object that is missing.
            command.env("GIT_ALLOW_PROTOCOL", "none");
            command.env("GIT_NO_LAZY_FETCH", "1");
        }
        for name in keep {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if person == Person::Hidden {
            command.env("GIT_CONFIG_NOSYSTEM", "1");
        }
        if !self.empty_tree.is_empty() {
            command.env("GIT_ATTR_SOURCE", &self.empty_tree);
        }
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LITERAL_PATHSPECS", "1")
            .env("GIT_EDITOR", "true")
            .env("LC_ALL", "C")
            .arg("--no-pager");
        for setting in traps::OFF.iter().chain(&DURABLE) {
            command.arg("-c").arg(setting);
        }
        command
    }

    /// Switches the drivers off that the repository names: info/attributes could still ask for them.
    fn drivers(&self, folder: &Path) -> Result<Vec<String>, RepoError> {
        if traps::harmless(&self.common) {
            return Ok(Vec::new());
        }
        let names = self.named(folder, &[], traps::DRIVERS)?;
        let names = names.split('\0').filter(|name| !name.is_empty());
        names.map(traps::off).collect()
    }

    /// Names of settings the pattern finds, each with a NUL behind it.
    fn named(&self, folder: &Path, place: &[&str], pattern: &str) -> Result<String, RepoError> {
        let args = ["config", "--null", "--name-only", "--includes"];
        let mut command = self.command(folder, Person::Hidden);
        command
            .args(args)
            .args(place)
            .args(["--get-regexp", pattern]);
        let output = finish(&mut command, &args, String::new())?;
        match output.status.code() {
            Some(0 | 1) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            _ => Err(said(&args, &output)),
        }
    }

    /// Pushes with the person's own settings; those the repository brings along may run nothing.
    pub fn push(&self, folder: &Path, args: &[&str]) -> Result<String, RepoError> {
        let mut found = self.named(folder, &["--local"], traps::PUSHING)?;
        if self.text(
            folder,
            &[
                "config",
                "--get",
                "--default=false",
                "extensions.worktreeConfig",
            ],
        )? == "true"
        {
            found += &self.named(folder, &["--worktree"], traps::PUSHING)?;
        }
        traps::pushing(&found)?;
        self.as_person(folder, args)
    }
}

/// Runs a command to its end, or kills its group at the limit.
fn finish(command: &mut Command, args: &[&str], input: String) -> Result<Output, RepoError> {
    let what = verb(args);
    let step = |doing| {
        let failed = |error| refused(&error, &format!("{what}: {error}"));
        steps::before(doing, Path::new(what)).map_err(failed)
    };
    step("begin git")?;
    command
        .stdin(match input.is_empty() {
            true => Stdio::null(),
            false => Stdio::piped(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = patiently(|| command.spawn())
        .map_err(|error| refused(&error, &format!("cannot be started: {error}")))?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(mut pipe) = child.stdin.take() {
        // A git that ends early reads no more of it: its exit says why.
        std::thread::spawn(move || drop(pipe.write_all(input.as_bytes())));
    }
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let (sender, receiver) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let status = child.wait();
        let _ = sender.send(());
        status
    });
    let limit = match what {
        "push" => PUSH,
        _ => LIMIT,
    };
    let late = receiver.recv_timeout(limit).is_err();
    if late && let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = waiting.join();
    if late {
        let limit = limit.as_secs();
        return Err(RepoError::Git(format!("{what} took over {limit} s")));
    }
    let Ok(Ok(status)) = status else {
        return Err(RepoError::Git(format!("{what} could not be waited for")));
    };
    step("go on from git")?;
    Ok(Output {
        status,
        stdout: stdout.taken(),
        stderr: stderr.taken(),
    })
}

/// What a pipe has given so far.
struct Drain {
    bytes: Arc<Mutex<Vec<u8>>>,
    ended: mpsc::Receiver<()>,
}

impl Drain {
    /// All of it, or what has come when nobody waits any longer.
    fn taken(self) -> Vec<u8> {
        let _ = self.ended.recv_timeout(LINGER);
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Reads a pipe to its end beside the others.
fn drain<R: Read + Send + 'static>(mut pipe: Option<R>) -> Drain {
    let (sender, ended) = mpsc::channel();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let into = bytes.clone();
    std::thread::spawn(move || {
        let mut piece = [0; 8192];
        while let Some(pipe) = &mut pipe {
            match pipe.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => {
                    let read = piece.get(..n).unwrap_or_default();
                    let mut all = into.lock().unwrap_or_else(PoisonError::into_inner);
                    all.extend_from_slice(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        let _ = sender.send(());
    });
    Drain { bytes, ended }
}
