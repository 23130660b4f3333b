//! A child process seen from outside: start, exit, processor time, memory.
#![allow(dead_code)]

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use std::collections::BTreeMap;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// Where a request handler finds the process it is to look at.
pub type Watched = Arc<AtomicI32>;

/// A running child.
pub struct Process {
    child: Child,
    pub started: Instant,
}

/// How it ended.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    pub at: Instant,
    /// Processor seconds of the process itself, in steps of 10 ms.
    pub own: f64,
    /// Of the processes it started and waited for.
    pub others: f64,
    /// Most memory it held, kB.
    pub peak: u64,
}

impl Process {
    pub fn start(command: &mut Command, watched: &Watched) -> Self {
        let started = Instant::now();
        let child = command.spawn().unwrap();
        watched.store(i32::try_from(child.id()).unwrap(), Ordering::SeqCst);
        Self { child, started }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the end; the zombie still tells what it used.
    pub fn wait(mut self, limit: Duration) -> Exit {
        let (pid, deadline) = (self.pid(), self.started + limit);
        let mut peak = 0;
        let at = loop {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            if waitid(WaitId::Pid(pid), options).unwrap().is_some() {
                break Instant::now();
            }
            peak = status(pid.as_raw_pid(), "VmHWM").unwrap_or(0).max(peak);
            assert!(Instant::now() < deadline, "the process does not end");
            std::thread::sleep(Duration::from_micros(200));
        };
        let ticks = ticks(pid.as_raw_pid());
        self.child.wait().unwrap();
        Exit {
            at,
            own: ticks.0,
            others: ticks.1,
            peak,
        }
    }

    /// Ends it without asking.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of /proc/<pid>/status, in kB.
pub fn status(pid: i32, name: &str) -> Option<u64> {
    field(pid, "status", name)
}

/// Its share of memory, kB: pages that several processes hold are divided among them. None where the kernel does not tell.
pub fn share(pid: i32) -> Option<u64> {
    field(pid, "smaps_rollup", "Pss:")
}

fn field(pid: i32, file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Seconds of the process and of its children.
fn ticks(pid: i32) -> (f64, f64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<f64> = stat[stat.rfind(')').unwrap() + 1..]
        .split_whitespace()
        .skip(11)
        .take(4)
        .map(|field| field.parse::<f64>().unwrap() / 100.0)
        .collect();
    (fields[0] + fields[1], fields[2] + fields[3])
}

/// Nanoseconds each living thread has run.
pub fn threads(pid: i32) -> BTreeMap<String, u64> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    entries
        .flatten()
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path().join("schedstat")).ok()?;
            let ran = text.split_whitespace().next()?.parse().ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), ran))
        })
        .collect()
}
