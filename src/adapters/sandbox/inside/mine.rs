//! The processes of this run, as we see them from inside.

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait};
use std::fs;
use std::time::{Duration, Instant};

/// Longest that leftovers are chased where no namespace ends them for us.
const CHASE: Duration = Duration::from_secs(5);

/// What one process uses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Used {
    /// Bytes of memory that belong to it alone, swapped ones too.
    pub memory: u64,
    /// Threads.
    pub threads: u64,
}

/// Every process of the run but us.
fn all() -> Vec<i32> {
    let me = getpid().as_raw_nonzero().get();
    if me == 1 {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        return entries.filter_map(number).filter(|pid| *pid != 1).collect();
    }
    // Whoever lost its parent came to us: we are their subreaper.
    let mut found = children(me);
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children(pid));
        next += 1;
    }
    found
}

/// The children of all threads of a process.
fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| {
            text.split(' ')
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What all of them use together.
pub fn used() -> Used {
    all()
        .into_iter()
        .filter_map(of)
        .fold(Used::default(), |sum, one| Used {
            memory: sum.memory + one.memory,
            threads: sum.threads + one.threads,
        })
}

fn of(pid: i32) -> Option<Used> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let mut used = Used::default();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let number = || value.split_whitespace().next()?.parse::<u64>().ok();
        match name {
            // Pages of files are shared with others and given back when memory is short.
            "RssAnon" | "RssShmem" | "VmSwap" => used.memory += number()? * 1024,
            "Threads" => used.threads = number()?,
            _ => {}
        }
    }
    Some(used)
}

/// Ends them all. As the first process of a namespace our own end does that, at once and for good.
pub fn end() {
    let begun = Instant::now();
    while getpid().as_raw_nonzero().get() != 1 && begun.elapsed() < CHASE {
        for pid in all().into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        std::thread::yield_now();
    }
}
