//! The guest of the probe: our own program inside the walls, which tries to get out and says what it managed.

use super::Answer;
use super::probe::{Attempt, Question};
use rustix::process::{Pid, Signal, getppid, kill_process, setsid};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Hidden subcommand: try everything in a question, answer on standard output.
pub const ASK: &str = "__probe";
/// Hidden subcommand: stay until standard input ends, or for a minute where there is none.
pub const HOLD: &str = "__hold";
/// Hidden subcommand: take too much memory.
pub const TAKE: &str = "__take";
/// Longest that one connection is waited for; a wall answers at once.
const CONNECT: Duration = Duration::from_millis(100);
/// How long a process that should be ended stays.
const STAY: Duration = Duration::from_secs(60);
/// Processor time that nobody else sets as a limit, seconds.
pub const LIMIT: u64 = 7_654_321;
/// How much a guest takes that is to break the limit of memory, bytes.
const TOO_MUCH: usize = 120 << 20;

/// Stays until standard input ends; one without any leaves its session and stays a while.
pub fn hold() -> Answer {
    let mut none = Vec::new();
    if std::io::stdin().read_to_end(&mut none).is_ok() && std::env::args_os().len() > 2 {
        let _ = setsid();
        std::thread::park_timeout(STAY);
    }
    Answer::default()
}

/// Takes more memory than it may, and stays with it for a minute.
pub fn take() -> Answer {
    // Seen through by an optimising compiler, the memory would never be taken.
    let taken = std::hint::black_box(vec![1_u8; TOO_MUCH]);
    std::thread::park_timeout(STAY);
    ended(taken.first().copied().unwrap_or(0), String::new())
}

/// Tries everything.
pub fn ask(text: &str) -> Answer {
    let Ok(question) = serde_json::from_str::<Question>(text) else {
        return ended(2, String::new());
    };
    let attempts = [
        read(&question),
        environment(&question),
        write(&question),
        port(&question),
        socket(&question),
        signal(&question),
        spaces(),
        terminal(),
        loopback(&question),
        daemon(&question),
    ];
    ended(0, serde_json::to_string(&attempts).unwrap_or_default())
}

fn ended(code: u8, out: String) -> Answer {
    Answer {
        code,
        out,
        ..Answer::default()
    }
}

fn attempt(name: &str, leaks: &[String]) -> Attempt {
    Attempt {
        name: name.to_owned(),
        held: leaks.is_empty(),
        words: leaks.join(", "),
    }
}

fn read(question: &Question) -> Attempt {
    let got = fs::read(&question.secret).is_ok();
    attempt("read a file of yours", &leak(got, "it was read"))
}

fn leak(is: bool, words: &str) -> Vec<String> {
    if is {
        vec![words.to_owned()]
    } else {
        Vec::new()
    }
}

fn environment(question: &Question) -> Attempt {
    let own = std::env::vars_os()
        .any(|(name, value)| name == *question.canary || value == *question.canary);
    let mut leaks = leak(own, "in its own environment");
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let bytes = fs::read(entry.path().join("environ")).unwrap_or_default();
        if contains(&bytes, question.canary.as_bytes()) {
            leaks.push(format!("in {}/environ", entry.path().display()));
        }
    }
    attempt("read your environment", &leaks)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn write(question: &Question) -> Attempt {
    let made = |folder: &Path| fs::write(folder.join("made"), "x").is_ok();
    let mut leaks = leak(made(&question.outside), "beside its folders");
    leaks.extend(leak(made(Path::new(".")), "into a folder it may only read"));
    let appended = OpenOptions::new().append(true).open(&question.secret);
    leaks.extend(leak(appended.is_ok(), "into a file of yours"));
    attempt("write where it may not", &leaks)
}

fn port(question: &Question) -> Attempt {
    let address = SocketAddr::from(([127, 0, 0, 1], question.port));
    let got = TcpStream::connect_timeout(&address, CONNECT).is_ok();
    attempt("reach a port of this machine", &leak(got, "connected"))
}

fn socket(question: &Question) -> Attempt {
    let mut leaks = leak(UnixStream::connect(&question.socket).is_ok(), "by its path");
    leaks.extend(leak(
        abstract_socket(&question.canary),
        "by its abstract name",
    ));
    attempt("reach a socket of this machine", &leaks)
}

#[cfg(target_os = "linux")]
fn abstract_socket(name: &str) -> bool {
    use std::os::linux::net::SocketAddrExt;
    std::os::unix::net::SocketAddr::from_abstract_name(name)
        .and_then(|address| UnixStream::connect_addr(&address))
        .is_ok()
}

#[cfg(not(target_os = "linux"))]
fn abstract_socket(_: &str) -> bool {
    false
}

/// Whether it was hit is seen from outside: the same number may be another process in here.
fn signal(question: &Question) -> Attempt {
    let near = [Some(rustix::process::getpid()), getppid()];
    if let Some(pid) = Pid::from_raw(question.victim).filter(|pid| !near.contains(&Some(*pid))) {
        limit(pid);
        let _ = kill_process(pid, Signal::KILL);
    }
    attempt("end a process of yours", &[])
}

/// A limit of processor time can end a process too; this one leaves it alive, to be seen.
#[cfg(target_os = "linux")]
fn limit(pid: Pid) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let limit = Rlimit {
        current: Some(LIMIT),
        maximum: Some(LIMIT),
    };
    let _ = prlimit(Some(pid), Resource::Cpu, limit);
}

#[cfg(not(target_os = "linux"))]
fn limit(_: Pid) {}

#[cfg(target_os = "linux")]
fn spaces() -> Attempt {
    use rustix::mount::{MountFlags, mount};
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    // SAFETY: no open files are unshared.
    let user = unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }.is_ok();
    let mounted = mount("tmpfs", "/tmp", "tmpfs", MountFlags::empty(), None).is_ok();
    let mut leaks = leak(user, "a user namespace");
    leaks.extend(leak(mounted, "a mount"));
    attempt("make namespaces or mounts", &leaks)
}

#[cfg(not(target_os = "linux"))]
fn spaces() -> Attempt {
    attempt("make namespaces or mounts", &[])
}

fn terminal() -> Attempt {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let mut leaks = leak(opened.is_ok(), "/dev/tty opens");
    let letter = b'x';
    // SAFETY: the request reads one byte, which lives through the call.
    let typed = unsafe { libc::ioctl(0, libc::TIOCSTI as _, &raw const letter) };
    leaks.extend(leak(typed == 0, "a letter was typed"));
    attempt("type into your terminal", &leaks)
}

/// What must work: a test that starts a server. Where no sockets are allowed, they must be refused.
fn loopback(question: &Question) -> Attempt {
    let works = served().is_ok();
    let words = match (works, question.loopback) {
        (false, true) => vec!["a server of its own cannot be reached".to_owned()],
        (true, false) => vec!["a server could be started".to_owned()],
        _ => Vec::new(),
    };
    let name = if question.loopback {
        "serve and fetch on a loopback of its own (must work)"
    } else {
        "start a server"
    };
    attempt(name, &words)
}

fn served() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect_timeout(&listener.local_addr()?, CONNECT)?;
    client.write_all(b"x")?;
    let mut letter = [0];
    listener.accept()?.0.read_exact(&mut letter)
}

/// Leaves a process in a session of its own; whether it stays is seen from outside.
fn daemon(question: &Question) -> Attempt {
    let started = Command::new(&question.program)
        .args([HOLD, &question.mark])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let words = started.err().map(|error| format!("not tried: {error}"));
    attempt(
        "leave a process behind",
        &words.into_iter().collect::<Vec<_>>(),
    )
}
