//! Whose home it is, and what lies in it: other owners, other writers, links, second names and pipes.

use crate::support::*;
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::{FileStore, check_for, readers, submit};
use dev_factory::domain::command::Verb;
use dev_factory::domain::phase::Phase;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::{Paper, Store, StoreError};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A file outside of the home that must stay as it is.
struct Outside {
    dir: tempfile::TempDir,
    canary: PathBuf,
}

impl Outside {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let canary = dir.path().join("canary");
        fs::write(&canary, "canary").unwrap();
        Self { dir, canary }
    }

    fn unharmed(&self) {
        assert_eq!(fs::read_to_string(&self.canary).unwrap(), "canary");
        assert_eq!(fs::read_dir(self.dir.path()).unwrap().count(), 1);
    }
}

/// Does something while another thing lies in the place of one of the home's.
fn instead(home: &Home, name: &str, plant: impl Fn(&Path), work: impl Fn()) {
    let (place, kept) = (home.path(name), home.root.join("kept"));
    let there = fs::rename(&place, &kept).is_ok();
    plant(&place);
    work();
    fs::remove_file(&place).unwrap();
    if there {
        fs::rename(&kept, &place).unwrap();
    }
}

#[test]
fn a_home_of_another_user_or_open_to_all_is_refused_in_a_sentence() {
    let home = Home::new();
    drop(home.started());
    let me = fs::metadata(&home.root).unwrap().uid();
    let refused = |user: u32| match check_for(&home.root, user) {
        Err(StoreError::Bad(words)) => words,
        other => panic!("{other:?}"),
    };
    let words = refused(me + 1);
    assert!(words.contains(&format!("belongs to user {me}")), "{words}");
    assert!(words.contains("run dev-factory as its owner"), "{words}");
    let set = |path: &Path, mode: u32| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for open in [home.root.clone(), home.path("")] {
        set(&open, 0o777);
        let words = refused(me);
        let fix = format!("chmod o-w {}", open.display());
        assert!(words.ends_with(&fix), "{words}");
        assert!(FileStore::open(&home.root, &home.clock).is_err());
        // Others may add to such a folder, but not rename what is ours.
        set(&open, 0o1777);
        check_for(&home.root, me).unwrap();
        set(&open, 0o755);
    }
    // As a clone leaves it: closed to everybody else, a group a person let in stays.
    set(&home.path("state.json"), 0o664);
    set(&home.path(""), 0o755);
    drop(home.started());
    assert_eq!(mode(&home.path("")), 0o750);
    assert_eq!(mode(&home.path("state.json")), 0o664);
}

#[test]
fn links_in_place_of_our_files_and_folders_are_refused_before_anything_is_written() {
    let home = Home::new();
    drop(home.started());
    let outside = Outside::new();
    let refused = |name: &str| {
        let opened = FileStore::open(&home.root, &home.clock).map(drop);
        let words = opened.unwrap_err().to_string();
        assert!(words.contains(name), "{name}: {words}");
        assert!(words.contains("is a symbolic link to"), "{words}");
        let pause = command("c1", Verb::Abort {});
        assert!(submit(&home.root, &pause).is_err());
    };
    for name in [
        "state.json",
        "control.json",
        "wishlist.json",
        "journal.jsonl",
        "engine.lock",
        "factory.toml",
        "home.json",
        "BRIEF.md",
    ] {
        for target in [outside.canary.clone(), outside.dir.path().join("new")] {
            let plant = |place: &Path| symlink(&target, place).unwrap();
            instead(&home, name, plant, || refused(name));
        }
    }
    for name in ["run", "journal", "specs", "logs", "work", "commands"] {
        let plant = |place: &Path| symlink(outside.dir.path(), place).unwrap();
        instead(&home, name, plant, || refused(name));
    }
    let plant = |place: &Path| symlink(home.root.join("kept"), place).unwrap();
    instead(&home, "", plant, || refused("dev-factory"));
    home.store();
    outside.unharmed();
}

#[test]
fn papers_and_temporary_files_are_never_reached_through_a_link_or_a_second_name() {
    let home = Home::new();
    let (store, mut f) = home.started();
    let outside = Outside::new();
    let paper = |tool: &str, n| Paper::Review {
        tool: tool.to_owned(),
        n,
    };
    fs::create_dir_all(home.path("reviews/x")).unwrap();
    symlink(&outside.canary, home.path("reviews/x/1.md")).unwrap();
    symlink(outside.dir.path(), home.path("reviews/y")).unwrap();
    for linked in [paper("x", 1), paper("y", 1)] {
        assert!(store.get(&linked).is_err() || linked == paper("y", 1));
        assert!(store.put(&linked, "mine").is_err());
        assert!(store.append(&linked, "mine").is_err());
    }
    fs::hard_link(&outside.canary, home.path("reviews/x/2.md")).unwrap();
    store.append(&paper("x", 2), " and mine").unwrap();
    let text = store.get(&paper("x", 2)).unwrap();
    assert_eq!(text.as_deref(), Some("canary and mine"));
    fs::hard_link(&outside.canary, home.path("reviews/x/3.md")).unwrap();
    store.put(&paper("x", 3), "mine").unwrap();
    for (n, (from, to)) in [
        (Phase::Spec, Phase::SpecReview),
        (Phase::SpecReview, Phase::Spec),
    ]
    .into_iter()
    .enumerate()
    {
        let step = vec![moved(from, to)];
        store.commit(&mut f, step, at(2 + n as i64)).unwrap();
    }
    // What our own exchanges leave under a known name, planted as a second name of something else.
    let mut planted = 0;
    for entry in fs::read_dir(home.path("")).unwrap().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(".df-control")
        {
            fs::remove_file(entry.path()).unwrap();
            fs::hard_link(&outside.canary, entry.path()).unwrap();
            planted += 1;
        }
    }
    assert!(planted > 0);
    let step = vec![moved(Phase::Spec, Phase::SpecReview)];
    store.commit(&mut f, step, at(5)).unwrap();
    assert_eq!(home.json("state.json")["phase"], "spec-review");
    outside.unharmed();
}

#[test]
fn a_pipe_in_place_of_a_file_of_ours_holds_nobody_up() {
    let home = Home::new();
    drop(home.started());
    let plant = |place: &Path| {
        let made = std::process::Command::new("mkfifo").arg(place).status();
        assert!(made.unwrap().success());
    };
    for name in [
        "control.json",
        "state.json",
        "run/snapshot.json",
        "engine.lock",
        "wishlist.json",
    ] {
        instead(&home, name, plant, || {
            let root = home.root.clone();
            let (sender, receiver) = mpsc::channel();
            std::thread::spawn(move || {
                let _ = readers::snapshot(&root);
                let _ = readers::engine(&root);
                let clock: Arc<dyn Clock> = Arc::new(SystemClock);
                let _ = FileStore::open(&root, &clock).map(|store| store.load().map(drop));
                sender.send(())
            });
            let ended = receiver.recv_timeout(Duration::from_secs(20));
            assert!(ended.is_ok(), "{name} is waited for");
        });
    }
}
