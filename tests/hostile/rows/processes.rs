//! Attacks on other processes, and processes that will not end.

use crate::attack::{About, Harms, Row, harms, root};
use crate::place::Place;
use crate::{guest, look};
use dev_factory::factory::ports::sandbox::{Limit, Limits};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 10,
            name: "ignores every signal that can be ignored",
            about: About::Walls,
            harms: || vec!["node lives", "sh lives"],
            attack: deaf,
            open: &[],
        },
        Row {
            number: 11,
            name: "leaves daemons behind",
            about: About::Walls,
            harms: || vec!["detached lives", "double fork lives", "own session lives"],
            attack: daemons,
            open: &[],
        },
        Row {
            number: 15,
            name: "signals the factory and everything else, and limits it",
            about: About::Walls,
            harms: || {
                let limits = [
                    "limited",
                    "served last",
                    "scheduled last",
                    "later at the disk",
                ];
                [&["killed", "signalled with all", "stopped"][..], &limits].concat()
            },
            attack: signals,
            open: &[],
        },
        Row {
            number: 22,
            name: "makes namespaces and mounts of its own",
            about: About::Walls,
            harms: || vec!["a user namespace", "a mount"],
            attack: namespaces,
            open: &[],
        },
        Row {
            number: 39,
            name: "traces, io_uring, keys and other rare system calls",
            about: About::Walls,
            harms: || {
                let mut all = vec![
                    "io_uring",
                    "a program in memory",
                    "userfaultfd",
                    "shared memory",
                ];
                if root() {
                    all.extend(["settings of the kernel", "perf", "bpf", "traced"]);
                }
                all
            },
            attack: rare,
            open: &[],
        },
        Row {
            number: 40,
            name: "signals the process group and session of the factory",
            about: About::Walls,
            harms: || vec!["its group", "a group by number"],
            attack: group,
            open: &[],
        },
    ]
}

fn alive(place: &Place, kinds: &[&str]) -> Harms {
    let living = look::marked(&place.marker);
    let lives = |kind: &&&str| living.iter().any(|process| process.words.contains(**kind));
    harms(
        kinds
            .iter()
            .filter(lives)
            .map(|kind| format!("{kind} lives")),
    )
}

fn deaf(place: &Place) -> Harms {
    let limits = Limits {
        wall: Duration::from_secs(1),
        ..Limits::default()
    };
    let ran = place.node("deaf.js", json!({}), limits);
    let limit = ran.ended.and_then(|ended| ended.limit);
    assert!(place.control() || limit == Some(Limit::Time), "{limit:?}");
    let mut found = alive(place, &["sh"]);
    if look::marked(&place.marker)
        .iter()
        .any(|process| process.words.contains("attack.run.js"))
    {
        found.insert("node lives".into());
    }
    found
}

fn daemons(place: &Place) -> Harms {
    let ran = place.gate("daemons.js", json!({}));
    let kinds = ["detached", "double fork", "own session"];
    for kind in kinds {
        assert!(!ran.tried[kind].starts_with("failed"), "{ran:?}");
    }
    alive(place, &kinds)
}

/// Someone else's process, which tells what it is hit by.
struct Victim(Child);

impl Victim {
    /// URG does nothing by itself: what reaches it could as well have been KILL. It belongs to the user runs belong to, so
    /// that no difference of users keeps it from harm.
    fn start(place: &Place, name: &str, group: Option<i32>) -> Self {
        let file = place.user.join(name);
        let script = format!(
            "trap 'echo hit > {0}' URG; echo ready > {0}; while :; do sleep 1 & wait; done",
            file.display()
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script]).stdin(Stdio::null());
        if let Some(group) = group {
            command.process_group(group);
        }
        if root() {
            command.uid(guest::NOBODY).gid(guest::NOBODY);
        }
        let victim = Self(command.spawn().unwrap());
        wait("the victim is ready", || said(place, name) == "ready\n");
        victim
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn state(&self) -> char {
        self.stat(0).chars().next().unwrap_or('X')
    }

    /// A field of its line in /proc, counted from its state on.
    fn stat(&self, field: usize) -> String {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        fields.split(' ').nth(field).unwrap_or_default().to_owned()
    }

    /// What of its limits, priorities and schedule is as the guest would set it.
    fn limits(&self) -> Harms {
        let limits = fs::read_to_string(format!("/proc/{}/limits", self.0.id()));
        // SAFETY: numbers only.
        let disk = unsafe { libc::syscall(libc::SYS_ioprio_get, 1, self.0.id()) };
        let seen = [
            ("limited", limits.unwrap_or_default().contains(" 7777 ")),
            ("served last", self.stat(16) == "7"),
            ("scheduled last", self.stat(38) == "3"),
            ("later at the disk", disk == guest::IDLE),
        ];
        harms(seen.iter().filter(|(_, is)| *is).map(|(name, _)| *name))
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(place: &Place, name: &str) -> String {
    fs::read_to_string(place.user.join(name)).unwrap_or_default()
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Whether it comes about within a moment.
fn soon(mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_millis(300);
    while Instant::now() < end {
        if done() {
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
    false
}

/// A signal to all reaches victims of other trials too: who sends one without walls does so alone.
fn alone(place: &Place) -> File {
    let path = std::env::temp_dir().join("dev-factory-hostile.lock");
    let file = File::open(&path).unwrap_or_else(|_| {
        let made = File::create(&path).unwrap();
        made.set_permissions(fs::Permissions::from_mode(0o644))
            .unwrap();
        made
    });
    if place.control() {
        file.lock().unwrap();
    } else {
        file.lock_shared().unwrap();
    }
    file
}

/// To all (-1) only URG is sent: it goes the way KILL would go and harms nobody.
fn signals(place: &Place) -> Harms {
    let _alone = alone(place);
    let killed = Victim::start(place, "killed", None);
    let stopped = Victim::start(place, "stopped", None);
    let _all = Victim::start(place, "all", None);
    place.gate(
        "signals.js",
        json!({ "kill": killed.pid(), "stop": stopped.pid() }),
    );
    let limited = Victim::start(place, "limited", None);
    let ran = place.raw(&["limits", &limited.pid()], Limits::default());
    assert!(ran.said.contains("tried"), "{ran:?}");
    let mut found = limited.limits();
    if soon(|| killed.state() == 'Z') {
        found.insert("killed".into());
    }
    if soon(|| stopped.state() == 'T') {
        found.insert("stopped".into());
    }
    if soon(|| said(place, "all") == "hit\n") {
        found.insert("signalled with all".into());
    }
    found
}

fn group(place: &Place) -> Harms {
    let _alone = alone(place);
    let _mine = Victim::start(place, "mine", None);
    let other = Victim::start(place, "other", Some(0));
    // To its own group, as a program does that tidies up after itself; 0 is the group of whoever asks.
    let ran = place.raw(&["group", &other.pid()], Limits::default());
    assert!(ran.said.contains("tried"), "{ran:?}");
    let mut found = Harms::new();
    if soon(|| said(place, "mine") == "hit\n") {
        found.insert("its group".into());
    }
    if soon(|| said(place, "other") == "hit\n") {
        found.insert("a group by number".into());
    }
    found
}

/// What is seen of the guest's processes while it runs.
fn seen(
    place: &Place,
    words: &[&str],
    look: impl Fn(&look::Process, &mut Harms) + Send + 'static,
) -> Harms {
    let found: Arc<Mutex<Harms>> = Arc::default();
    let into = Arc::clone(&found);
    place.watched(words, move |process| {
        look(process, &mut into.lock().unwrap())
    });
    let found = found.lock().unwrap();
    found.clone()
}

fn namespaces(place: &Place) -> Harms {
    let spaces: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let into = Arc::clone(&spaces);
    let marker = place.marker.clone();
    let mut found = seen(place, &["namespaces"], move |process, found| {
        // Only the guest's own lines: the sandbox's first processes live in its outer namespaces.
        if process.words.contains(" guest ") && !process.words.contains("__sandbox") {
            into.lock().unwrap().insert(process.user_ns.clone());
        }
        let mounts =
            fs::read_to_string(format!("/proc/{}/mountinfo", process.pid)).unwrap_or_default();
        if mounts.contains(&format!(" {marker} ")) {
            found.insert("a mount".into());
        }
    });
    let spaces = spaces.lock().unwrap();
    let named = spaces.iter().filter(|space| !space.is_empty()).count();
    if named > 1 {
        found.insert("a user namespace".into());
    }
    let own = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!own.contains(&place.marker), "mounted on the host");
    found
}

/// Handles a process holds, by what they lead to.
const HANDLES: [(&str, &str); 5] = [
    ("anon_inode:[io_uring]", "io_uring"),
    ("anon_inode:[perf_event]", "perf"),
    ("anon_inode:[userfaultfd]", "userfaultfd"),
    ("anon_inode:bpf-map", "bpf"),
    ("/proc/sys/kernel/core_pattern", "settings of the kernel"),
];

fn rare(place: &Place) -> Harms {
    let traced = Victim::start(place, "traced", None);
    let pid = traced.pid();
    let victim = pid.clone();
    let segment = Segment::new();
    let id = segment.id.to_string();
    let mut found = seen(place, &["rare", &victim, &id], move |process, found| {
        let dir = format!("/proc/{}", process.pid);
        for entry in fs::read_dir(format!("{dir}/fd"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let to = fs::read_link(entry.path()).unwrap_or_default();
            let to = to.to_string_lossy();
            let named = HANDLES.iter().filter(|(handle, _)| to.ends_with(handle));
            found.extend(named.map(|(_, name)| (*name).to_owned()));
        }
        let program = fs::read_link(format!("{dir}/exe")).unwrap_or_default();
        if program.to_string_lossy().contains("memfd:") {
            found.insert("a program in memory".into());
        }
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        if status
            .lines()
            .any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        {
            found.insert("traced".into());
        }
    });
    if segment.written() {
        found.insert("shared memory".into());
    }
    found
}

/// Memory another program of the user shares, open to everybody; known by a number.
struct Segment {
    id: i32,
    at: *const u8,
}

impl Segment {
    fn new() -> Self {
        // SAFETY: a new segment, mapped where the kernel likes.
        let (id, at) = unsafe {
            let id = libc::shmget(libc::IPC_PRIVATE, 4096, libc::IPC_CREAT | 0o666);
            (id, libc::shmat(id, std::ptr::null(), 0))
        };
        assert!(id >= 0 && at.addr() != usize::MAX, "no shared memory here");
        let at = at.cast_const().cast();
        Self { id, at }
    }

    fn written(&self) -> bool {
        // SAFETY: mapped until this is dropped.
        unsafe { self.at.read_volatile() == 1 }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: both are this process's own, and used no more.
        unsafe {
            libc::shmdt(self.at.cast());
            libc::shmctl(self.id, libc::IPC_RMID, std::ptr::null_mut());
        }
    }
}
