//! Ends every process of a run: its session, all descendants, and daemons that left both and came back to us as
//! orphans (we are their subreaper). Not caught: on systems without /proc, a process that left its session; and one
//! that a service outside our tree was asked to start.

use super::cgroup::Group;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io};
use tokio::process::Child;

/// First processes of runs under way; they are waited for by whoever started them.
static ROOTS: Mutex<Vec<i32>> = Mutex::new(Vec::new());
/// Longest a tree is chased; each round kills all that is seen.
const CHASE: Duration = Duration::from_secs(5);

/// The processes of one run; dropping it ends them all.
pub struct Tree {
    root: Option<i32>,
    chase: bool,
    group: Option<Group>,
}

/// One line of the process table.
struct Process {
    pid: i32,
    parent: i32,
    session: i32,
    zombie: bool,
}

impl Tree {
    /// Starts the first process of a run, which leads its own session, and remembers it in the same breath:
    /// another run that is ending must not take it for an orphan.
    pub fn start(spawn: &mut dyn FnMut() -> io::Result<Child>) -> io::Result<(Child, Self)> {
        let mut roots = roots();
        let child = spawn()?;
        let root = child.id().and_then(|pid| i32::try_from(pid).ok());
        roots.extend(root);
        let tree = Self {
            root,
            chase: true,
            group: None,
        };
        Ok((child, tree))
    }

    /// All of it is in this group.
    pub fn within(&mut self, group: Option<Group>) {
        self.group = group;
    }

    /// Nothing is left of it: there is no need to look.
    pub fn over(&mut self) {
        self.chase = false;
    }
}

fn roots() -> MutexGuard<'static, Vec<i32>> {
    ROOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Removed when this ends: by then also what a kernel does not end at once is gone.
        let group = self.group.take();
        group.iter().for_each(Group::kill);
        let Some(root) = self.root else {
            return;
        };
        if self.chase {
            chase(root, true);
        }
        roots().retain(|other| *other != root);
    }
}

/// Ends a program that is no run, with its session and all below it. Orphans are left alone: a child of ours in a session
/// of its own may be no orphan, as an engine that the screens have started.
pub fn end(program: u32) {
    if let Ok(root) = i32::try_from(program) {
        chase(root, false);
    }
}

/// Kills until nothing of the run is seen any more.
fn chase(root: i32, orphans: bool) {
    if let Some(group) = Pid::from_raw(root) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    let begun = Instant::now();
    loop {
        let mut alive = false;
        let roots = roots();
        for process in ours(&table(), root, orphans.then_some(&roots)) {
            let Some(pid) = Pid::from_raw(process.pid) else {
                continue;
            };
            alive |= !process.zombie;
            let _ = kill_process(pid, Signal::KILL);
            if process.pid != root {
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
        drop(roots);
        if !alive || begun.elapsed() > CHASE {
            return;
        }
        std::thread::yield_now();
    }
}

/// Processes of the run: in its session, below its root, or, where the roots of all under way are given, orphans of ours
/// in a session none of them has.
fn ours<'t>(table: &'t [Process], root: i32, roots: Option<&Vec<i32>>) -> Vec<&'t Process> {
    let me = getpid().as_raw_nonzero().get();
    // From the table: it is 0 where the session's leader lives outside our process namespace.
    let own = table.iter().find(|process| process.pid == me);
    let my_session = own.map_or(me, |process| process.session);
    let escaped = |process: &Process| {
        let free =
            |roots: &Vec<i32>| !roots.contains(&process.pid) && !roots.contains(&process.session);
        process.parent == me && process.session != my_session && roots.is_some_and(free)
    };
    let mut seen: HashSet<i32> = table
        .iter()
        .filter(|process| process.pid == root || process.session == root || escaped(process))
        .map(|process| process.pid)
        .collect();
    let parents: HashMap<i32, i32> = table.iter().map(|p| (p.pid, p.parent)).collect();
    for process in table {
        let mut chain = vec![process.pid];
        while let Some(parent) = chain.last().and_then(|pid| parents.get(pid)) {
            if seen.contains(parent) {
                seen.extend(chain);
                break;
            }
            if *parent <= 1 || *parent == me || chain.len() > table.len() {
                break;
            }
            chain.push(*parent);
        }
    }
    let mine = |process: &&Process| seen.contains(&process.pid) && process.pid != me;
    table.iter().filter(mine).collect()
}

/// All processes; empty where there is no /proc.
fn table() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let read = |entry: fs::DirEntry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name stands in brackets and may itself hold brackets and spaces.
        let (_, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let zombie = matches!(state, "Z" | "X");
        Some(Process {
            pid,
            parent,
            session,
            zombie,
        })
    };
    entries.flatten().filter_map(read).collect()
}

/// The highest number of an open file of this process, with room for those opened meanwhile.
pub fn highest_open_file() -> i32 {
    const ROOM: i32 = 64;
    let numbers = fs::read_dir("/proc/self/fd").map(|entries| {
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse::<i32>().ok();
        entries.flatten().filter_map(number).max().unwrap_or(0)
    });
    numbers.map_or(1024, |highest| highest.saturating_add(ROOM))
}
