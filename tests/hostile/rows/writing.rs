//! Attacks that change what is not theirs, or leave something behind on the disk.

use crate::attack::{About, Harms, Row, root};
use crate::look;
use crate::place::{Place, put};
use dev_factory::factory::ports::sandbox::Limits;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 3,
            name: "writes outside, into node_modules and over the tool",
            about: About::Walls,
            harms: || {
                vec![
                    "home/package.json",
                    "home/node_modules/jest/package.json",
                    "home/dev-factory/work/tools/word-count/src/count.js",
                    "home/dev-factory/state.json",
                    "home/dev-factory/run/gates/other/cache/haste",
                    "user/.bashrc",
                    "user/new",
                ]
            },
            attack: outside,
            open: &[],
        },
        Row {
            number: 5,
            name: "makes hard links to what it may not write",
            about: About::Walls,
            harms: || {
                vec![
                    "home/package.json",
                    "home/dev-factory/work/tools/word-count/src/count.js",
                    "user/.ssh/id_ed25519",
                ]
            },
            attack: links,
            open: &[],
        },
        Row {
            number: 18,
            name: "tampers with settings of Jest, npm and git",
            about: About::Walls,
            harms: || {
                vec![
                    "home/.git/config",
                    "home/.git/hooks/post-checkout",
                    "home/.npmrc",
                    "home/jest.config.js",
                    "home/dev-factory/work/tools/word-count/package.json",
                    "home/dev-factory/work/tools/word-count/jest.config.js",
                    "settings of the run under way",
                ]
            },
            attack: settings,
            open: &[],
        },
        Row {
            number: 38,
            name: "leaves programs that run as their owner, and devices",
            about: About::Walls,
            harms: || {
                let mut all = vec!["setuid", "setgid"];
                if root() {
                    all.push("device");
                }
                all
            },
            attack: left_behind,
            open: &[],
        },
    ]
}

fn outside(place: &Place) -> Harms {
    place.own_modules();
    let home = &place.home.home;
    let of_home = [
        "package.json",
        "dev-factory/state.json",
        "dev-factory/run/gates/other/cache/haste",
    ];
    let mut files: Vec<_> = of_home.map(|name| place.of_home(name)).into();
    files.push(place.own(".bashrc"));
    files.push(home.join("node_modules/jest/package.json"));
    files.push(place.home.tool.join("src/count.js"));
    for file in &files {
        open_file(file);
    }
    let target = json!({ "files": files, "made": place.user.join("new") });
    place.changes(|| drop(place.gate("writing.js", target)))
}

/// Anybody may write it: only walls may keep a run from it.
fn open_file(file: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o666)).unwrap();
}

fn links(place: &Place) -> Harms {
    let files = [
        place.own(".ssh/id_ed25519"),
        place.of_home("package.json"),
        place.home.tool.join("src/count.js"),
    ];
    files.iter().for_each(|file| open_file(file));
    let target = json!({ "files": files, "into": place.cache() });
    place.changes(|| drop(place.gate("links.js", target)))
}

fn settings(place: &Place) -> Harms {
    let home = &place.home.home;
    fs::create_dir_all(home.join(".git/hooks")).unwrap();
    put(&home.join(".git/config"), "[core]\n");
    let tool = &place.home.tool;
    open_file(&tool.join("package.json"));
    let files = [
        home.join(".git/config"),
        home.join(".git/hooks/post-checkout"),
        home.join(".npmrc"),
        home.join("jest.config.js"),
        tool.join("package.json"),
        tool.join("jest.config.js"),
    ];
    let gates = place.cache().parent().unwrap().to_path_buf();
    let seen: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let texts = Arc::clone(&seen);
    // What a run was started with is gone with it, so it is watched while the run goes on.
    let watch = move || {
        for (path, _) in look::snapshot(&[("", &gates)], |path| path.ends_with("cache")) {
            if path.contains(".locked.cjs") {
                let text = fs::read_to_string(gates.join(path.trim_start_matches('/')))
                    .unwrap_or_default();
                if text.contains("planted") {
                    texts
                        .lock()
                        .unwrap()
                        .insert("settings of the run under way".into());
                }
            }
        }
    };
    let mut harms = place.changes(|| {
        let target = json!({ "files": files });
        look::during(watch, || place.gate("settings.js", target));
    });
    harms.extend(seen.lock().unwrap().iter().cloned());
    harms
}

fn left_behind(place: &Place) -> Harms {
    let target = json!({ "into": place.out() });
    place.node("left-behind.js", target, Limits::default());
    let device = place.out().join("device");
    let ran = place.raw(&["device", device.to_str().unwrap()], Limits::default());
    assert!(ran.said.contains("tried"), "{ran:?}");
    let mut harms = Harms::new();
    for folder in [place.out(), place.cache()] {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let meta = entry.path().symlink_metadata().unwrap();
            let named = [(0o4000, "setuid"), (0o2000, "setgid")];
            let set = named
                .iter()
                .filter(|(bit, _)| meta.is_file() && meta.mode() & bit != 0);
            harms.extend(set.map(|(_, name)| (*name).to_owned()));
            let kind = meta.file_type();
            if kind.is_char_device() || kind.is_block_device() {
                harms.insert("device".into());
            }
        }
    }
    harms
}
