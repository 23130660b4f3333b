//! The program as a process: started, waited for with a deadline, ended by signal.
#![allow(dead_code)]

use super::homes;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for something that must happen.
const DEADLINE: Duration = Duration::from_secs(180);
/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);

/// How a process ended and what it said on both streams.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub said: String,
}

/// A running program; killed when dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// The engine of a home, in the foreground.
    pub fn start(home: &Path, more: &[&str]) -> Self {
        Self::of(home, &[&["--no-tui"], more].concat())
    }

    fn of(home: &Path, words: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::SeqCst);
        let dir = home.parent().unwrap();
        let log = dir.join(format!("process-{n}.log"));
        let file = File::create(&log).unwrap();
        let mut command: Command = homes::program(dir, &["--home", home.to_str().unwrap()]);
        let child = command
            .args(words)
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Waits for its end.
    pub fn ended(self) -> Ended {
        self.ended_within(DEADLINE)
    }

    /// The same where more is to be done than usual.
    pub fn ended_within(mut self, limit: Duration) -> Ended {
        let mut status = None;
        wait_within(limit, "the process ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        Ended {
            code: status.and_then(|s| s.code()),
            said: self.said(),
        }
    }

    /// Waits for a condition while the program runs.
    pub fn until(&mut self, what: &str, done: impl FnMut() -> bool) {
        self.until_within(DEADLINE, what, done);
    }

    /// The same where more is to be done than usual.
    pub fn until_within(&mut self, limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
        let end = Instant::now() + limit;
        while !done() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?} before {what}: {}", self.said());
            assert!(Instant::now() < end, "never: {what}: {}", self.said());
            std::thread::park_timeout(LOOK);
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn interrupt(self) -> Ended {
        self.signal(Signal::INT);
        self.ended()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// As a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A verb of the command line.
pub fn run(home: &Path, words: &[&str]) -> Ended {
    Process::of(home, words).ended()
}

/// The engine until nothing is left to do.
pub fn until_idle(home: &Path) -> Ended {
    Process::start(home, &["--until-idle"]).ended()
}

/// Waits for a condition.
pub fn wait(what: &str, done: impl FnMut() -> bool) {
    wait_within(DEADLINE, what, done);
}

/// Waits so long for a condition.
pub fn wait_within(limit: Duration, what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(LOOK);
    }
}
