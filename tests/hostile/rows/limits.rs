//! Attacks that use up the machine.

use crate::attack::{About, Harms, Row};
use crate::look;
use crate::place::{Place, Ran};
use dev_factory::factory::ports::sandbox::{Limit, Limits};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const MIB: u64 = 1 << 20;

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 6,
            name: "starts processes without end",
            about: About::Walls,
            harms: || vec!["more processes than allowed", "processes left"],
            attack: forks,
            open: &[],
        },
        Row {
            number: 7,
            name: "takes memory without end",
            about: About::Walls,
            harms: || {
                vec![
                    "one process: more memory than allowed",
                    "many processes: more memory than allowed",
                ]
            },
            attack: memory,
            open: &[],
        },
        Row {
            number: 8,
            name: "fills /tmp and the folders it may write",
            about: About::Walls,
            harms: || vec!["more in /tmp than allowed", "more on disk than allowed"],
            attack: disk,
            open: &[],
        },
        Row {
            number: 9,
            name: "loops for ever",
            about: About::Walls,
            harms: || vec!["wall: goes on", "cpu: goes on"],
            attack: time,
            open: &[],
        },
        Row {
            number: 16,
            name: "floods its output",
            about: About::Walls,
            harms: || vec!["more output than allowed", "memory of the factory"],
            attack: output,
            open: &[],
        },
        Row {
            number: 28,
            name: "makes twenty thousand files",
            about: About::Walls,
            harms: || vec!["files"],
            attack: files,
            open: &[],
        },
    ]
}

/// The highest figure seen while a run goes on.
fn highest(look: impl Fn() -> u64 + Send + 'static, run: impl FnOnce() -> Ran) -> (u64, Ran) {
    let peak = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&peak);
    let ran = look::during(move || _ = seen.fetch_max(look(), Ordering::SeqCst), run);
    (peak.load(Ordering::SeqCst), ran)
}

fn limit(ran: &Ran) -> Option<Limit> {
    ran.ended.as_ref().and_then(|ended| ended.limit)
}

/// Bounded to 400 sleepers, which a machine without walls can bear.
fn forks(place: &Place) -> Harms {
    let limits = Limits {
        processes: 60,
        wall: Duration::from_secs(3),
        ..Limits::default()
    };
    let allowed = u64::from(limits.processes);
    let marker = place.marker.clone();
    let started = Arc::new(AtomicU64::new(0));
    let free = Arc::clone(&started);
    let count = move || {
        // Whoever is not in the run can start programs meanwhile.
        assert!(Command::new("/bin/true").status().unwrap().success());
        free.fetch_add(1, Ordering::SeqCst);
        look::marked(&marker).len() as u64
    };
    let (peak, ran) = highest(count, || {
        place.node("forks.js", json!({ "count": 400 }), limits)
    });
    let mut harms = Harms::new();
    // The sandbox's own first processes carry the command line too.
    if peak > allowed + 8 {
        harms.insert("more processes than allowed".into());
    }
    if !look::marked(&place.marker).is_empty() {
        harms.insert("processes left".into());
    }
    assert!(started.load(Ordering::SeqCst) > 0);
    // Others of this user may hold the room the kernel gives us all, so that few or none can be started.
    let tried = !ran.tried.is_empty() || limit(&ran).is_some();
    assert!(tried, "nothing was tried: {ran:?}");
    harms
}

/// Bounded to 600 MiB.
fn memory(place: &Place) -> Harms {
    let mut harms = Harms::new();
    for (name, processes, each) in [("one process", 1, 600), ("many processes", 6, 100)] {
        let limits = Limits {
            memory: 300 * MIB,
            wall: Duration::from_secs(15),
            ..Limits::default()
        };
        let allowed = limits.memory;
        let marker = place.marker.clone();
        let sum = move || {
            look::marked(&marker)
                .iter()
                .map(|process| process.memory)
                .sum()
        };
        let target = json!({ "processes": processes, "each": each });
        let (peak, ran) = highest(sum, || place.node("memory.js", target, limits));
        // It takes a moment to see how much there is, and another to end it.
        if peak > allowed + allowed / 3 {
            harms.insert(format!("{name}: more memory than allowed"));
        } else {
            assert_eq!(
                limit(&ran),
                Some(Limit::Memory),
                "{name}: peak {} MiB, {ran:?}",
                peak / MIB
            );
        }
        look::end(&place.marker);
    }
    harms
}

/// Bounded to 64 MiB in each place.
fn disk(place: &Place) -> Harms {
    let limits = Limits {
        scratch: 16 * MIB,
        written: 16 * MIB,
        wall: Duration::from_secs(15),
        ..Limits::default()
    };
    let allowed = limits.scratch;
    let mut harms = Harms::new();
    let marker = place.marker.clone();
    let fill = |into: Value| json!({ "into": into, "files": 16, "each": 4 });
    let scratch = move || scratch(&marker);
    let (peak, ran) = highest(scratch, || {
        place.node("disk.js", fill(Value::Null), limits.clone())
    });
    assert!(peak > MIB, "nothing was written into /tmp: {ran:?}");
    // Where /tmp is no file system of its own it is looked at a few times a second.
    let most = if ["landlock", "wrapper"].contains(&place.tier.as_str()) {
        allowed * 3
    } else {
        allowed + allowed / 8
    };
    if peak > most {
        harms.insert("more in /tmp than allowed".into());
    }
    for folder in [place.out(), place.cache()] {
        let ran = place.node("disk.js", fill(json!(folder)), limits.clone());
        let (used, _) = look::used(&folder);
        assert!(
            used > 0 || limit(&ran).is_some(),
            "nothing was written: {ran:?}"
        );
        // A watcher looks a few times a second; a disk takes some hundred MiB in one.
        if used > limits.written * 3 {
            harms.insert("more on disk than allowed".into());
        } else if place.control() {
            return harms;
        } else {
            assert_eq!(limit(&ran), Some(Limit::Disk), "{ran:?}");
        }
    }
    harms
}

/// Bytes in the folder for temporary files of a run, as seen through its processes; files there bear the marker.
fn scratch(marker: &str) -> u64 {
    let own = |pid: i32| {
        let folder = temporary(pid).unwrap_or_else(|| "/tmp".into());
        let entries = fs::read_dir(format!("/proc/{pid}/root{folder}"));
        let entries = entries.into_iter().flatten().flatten();
        let ours = entries.filter(|entry| entry.file_name().to_string_lossy().contains(marker));
        ours.map(|entry| look::used(&entry.path()).0).sum()
    };
    let living = look::marked(marker);
    living
        .iter()
        .map(|process| own(process.pid))
        .max()
        .unwrap_or(0)
}

/// What a process was told to use.
fn temporary(pid: i32) -> Option<String> {
    let text = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let found = text
        .split('\0')
        .find_map(|pair| pair.strip_prefix("TMPDIR="));
    found.map(str::to_owned)
}

fn time(place: &Place) -> Harms {
    let mut harms = Harms::new();
    let (short, long) = (Duration::from_secs(1), Duration::from_secs(30));
    // Time on the processor passes as slowly as others let it, so nobody waits for its end without walls.
    let wall = if place.control() { short } else { long };
    for (name, wall, cpu) in [("wall", short, long), ("cpu", wall, short)] {
        let limits = Limits {
            wall,
            cpu,
            ..Limits::default()
        };
        let ran = place.node("loop.js", json!({}), limits);
        let ended = ran.ended.as_ref().unwrap();
        let most = if name == "cpu" {
            wall
        } else {
            wall + Duration::from_secs(2)
        };
        let late = u128::from(ended.millis) >= most.as_millis();
        if late || !look::marked(&place.marker).is_empty() {
            harms.insert(format!("{name}: goes on"));
        } else {
            assert_eq!(ended.limit, Some(Limit::Time), "{name}: {ran:?}");
        }
        look::end(&place.marker);
    }
    harms
}

/// Bounded to 64 MiB on each stream.
fn output(place: &Place) -> Harms {
    let limits = Limits {
        output: 1 << 20,
        ..Limits::default()
    };
    let cap = limits.output;
    let before = own_memory();
    let flood = "head -c 67108864 /dev/zero & head -c 67108864 /dev/zero >&2; wait";
    let command = ["/bin/sh", "-c", flood, &place.marker]
        .map(String::from)
        .to_vec();
    let (peak, ran) = highest(own_memory, || place.command(command, Vec::new(), limits));
    let ended = ran.ended.as_ref().unwrap();
    let mut harms = Harms::new();
    if ended.stdout.len().max(ended.stderr.len()) > cap {
        harms.insert("more output than allowed".into());
    } else {
        assert_eq!(
            ended.limit,
            Some(Limit::Output),
            "{} bytes",
            ended.stdout.len()
        );
    }
    // The run's own text is turned into a string by the suite: twice the cap.
    if peak > before + 16 * MIB + 4 * cap as u64 {
        harms.insert("memory of the factory".into());
    }
    harms
}

/// Resident bytes of this process.
pub fn own_memory() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn files(place: &Place) -> Harms {
    let target = json!({ "count": 20_000, "into": place.out() });
    // A file counts with 4 KiB beside its contents: 4,096 files.
    let limits = Limits {
        written: 16 * MIB,
        wall: Duration::from_secs(20),
        ..Limits::default()
    };
    let ran = place.node("files.js", target, limits);
    let (_, entries) = look::used(&place.out());
    assert!(entries > 100, "nothing was made: {ran:?}");
    let mut harms = Harms::new();
    if entries > 12_000 {
        harms.insert("files".into());
    } else {
        assert_eq!(limit(&ran), Some(Limit::Disk), "{entries} files");
    }
    harms
}
