//! Attacks that read what is not theirs.

use crate::attack::{About, Harms, Row, root};
use crate::place::Place;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 1,
            name: "reads keys, held-out cases and other tools",
            about: About::Walls,
            harms: || {
                let mut all = vec![
                    "a key",
                    "a token",
                    "held-out cases",
                    "another tool",
                    "the state",
                    "the working folder of another process",
                    "names in a folder that is watched",
                ];
                if root() {
                    all.extend(["the root of any process", "/etc/shadow"]);
                }
                all
            },
            attack: keys,
            open: &[],
        },
        Row {
            number: 2,
            name: "reads the environment and the memory of the factory",
            about: About::Walls,
            harms: || {
                let mut all = vec![
                    "own environment",
                    "environment of the parent",
                    "environment of any process",
                ];
                // Elsewhere the kernel may let only a parent look into a process.
                if root() {
                    all.push("memory of the parent");
                }
                all
            },
            attack: environment,
            open: &[],
        },
        Row {
            number: 25,
            name: "uses files left open",
            about: About::Walls,
            harms: || vec!["read through an open file", "user/open.json"],
            attack: left_open,
            open: &[],
        },
    ]
}

/// A process of the person's own that holds the secret in its environment and stands in a folder with one.
struct Neighbour(Child);

impl Neighbour {
    fn start(place: &Place) -> Self {
        let started = Command::new("sleep")
            .arg("60")
            .env("NEIGHBOUR", &place.secret)
            .current_dir(&place.user)
            .stdin(Stdio::null())
            .spawn();
        Self(started.unwrap())
    }
}

/// As one that works in a folder: a file with the secret for a name comes and goes there.
fn busy(folder: &Path, place: &Place) -> Neighbour {
    std::fs::create_dir_all(folder).unwrap();
    let name = folder.join(&place.secret).display().to_string();
    let script = "while :; do : > \"$0\"; rm -f \"$0\"; sleep 0.05; done";
    let started = Command::new("/bin/sh")
        .args(["-c", script, &name])
        .stdin(Stdio::null())
        .spawn();
    Neighbour(started.unwrap())
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn keys(place: &Place) -> Harms {
    let _neighbour = Neighbour::start(place);
    let watched = place.user.join("watched");
    let _busy = busy(&watched, place);
    let target = json!({
        "watched": watched,
        "a key": place.own(".ssh/id_ed25519"),
        "a token": place.own(".npmrc"),
        "held-out cases": place.of_home("dev-factory/cases/word-count.json"),
        "another tool": place.of_home("dev-factory/work/tools/other/src/other.js"),
        "the state": place.of_home("dev-factory/state.json"),
    });
    let ran = place.gate("reading.js", target);
    let mut harms = place.leaked(&ran);
    // Readable for root only; its first line is no secret of this place.
    let shadow = std::fs::read_to_string("/etc/shadow").unwrap_or_default();
    if shadow
        .lines()
        .next()
        .is_some_and(|line| ran.said.contains(line))
    {
        harms.insert("/etc/shadow".into());
    }
    harms
}

fn environment(place: &Place) -> Harms {
    let _neighbour = Neighbour::start(place);
    place.leaked(&place.gate("environment.js", json!({})))
}

fn left_open(place: &Place) -> Harms {
    let path = place.own("open.json");
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .open(&path)
        .unwrap();
    file.flush().unwrap();
    // As a library would that forgets to mark its files as ours alone.
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    let mut harms = Harms::new();
    let mut leaked = Harms::new();
    harms.extend(place.changes(|| {
        let ran = place.gate("open-files.js", json!({ "file": path }));
        leaked = place.leaked(&ran);
    }));
    harms.extend(leaked);
    drop(file);
    harms
}
