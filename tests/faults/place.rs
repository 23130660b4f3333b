//! The folder taken away under the engine, files in masses, locks of git that nobody holds, Jest gone, changes that the
//! kernel does not tell of.

use crate::homes;
use crate::subject::{EVENTFUL, Subject, TOOL};
use dev_factory::domain::condition::Trouble;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::phase::Phase;
use rustix::process::Signal;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Makes a lock file of git that was left behind a minute ago.
fn left_behind(lock: &Path) {
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let file = File::create(lock).unwrap();
    let then = SystemTime::now() - Duration::from_secs(60);
    file.set_modified(then).unwrap();
}

#[test]
fn a_home_that_is_moved_away_is_waited_for() {
    let mut subject = Subject::new(&[TOOL]);
    subject.start(|_| {});
    subject.reaches(Phase::SpecReview);
    let (here, away) = (
        subject.home.join("dev-factory"),
        subject.dir.path().join("away"),
    );
    fs::rename(&here, &away).unwrap();
    // What the engine says where nothing can be written: its own output.
    subject.wait("word of it", || {
        subject.said().contains("folder-gone: ").then_some(())
    });
    // Nothing stays in the place of a home that is gone, also of a git that was under way.
    subject.wait("an empty place", || (!here.exists()).then_some(()));
    fs::rename(&away, &here).unwrap();
    subject.goes_on();
}

#[test]
fn another_home_in_its_place_is_not_written_to() {
    let mut subject = Subject::new(&[TOOL]);
    subject.start(|_| {});
    subject.reaches(Phase::SpecReview);
    let (here, away) = (
        subject.home.join("dev-factory"),
        subject.dir.path().join("away"),
    );
    fs::rename(&here, &away).unwrap();
    fs::create_dir(&here).unwrap();
    fs::write(here.join("engine.lock"), "").unwrap();
    subject.wait("word of it", || {
        subject.said().contains("folder-gone: ").then_some(())
    });
    // A run under way may still have put something into its own folders, and a paper may have been on its way.
    for entry in fs::read_dir(&here).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(
            ["engine.lock", "run", "work", "acceptance"].contains(&name.as_str()),
            "{name}"
        );
    }
    fs::remove_dir_all(&here).unwrap();
    fs::rename(&away, &here).unwrap();
    subject.goes_on();
}

#[test]
fn folders_that_can_be_made_again_are_made_again() {
    let mut subject = Subject::new(&[TOOL]);
    subject.start(|_| {});
    subject.reaches(Phase::Coding);
    fs::remove_dir_all(subject.home.join("dev-factory/work")).unwrap();
    fs::remove_dir_all(subject.home.join("dev-factory/run")).unwrap();
    subject.wait("snapshot", || subject.snapshot());
    assert_eq!(subject.ended(), Some(0), "{}", subject.said());
    subject.shipped_once_and_alone();
}

#[test]
fn locks_of_git_that_nobody_holds_are_no_obstacle() {
    let mut subject = Subject::new(&[TOOL]);
    let git = subject.home.join(".git");
    left_behind(&git.join("index.lock"));
    left_behind(&git.join(format!("refs/heads/tool/{TOOL}.lock")));
    left_behind(&git.join("HEAD.lock"));
    subject.start(|_| {});
    subject.goes_on();
}

#[test]
fn a_lock_of_git_that_somebody_may_hold_is_named_and_waited_for() {
    let mut subject = Subject::new(&[TOOL]);
    let lock = subject
        .home
        .join(format!(".git/refs/heads/tool/{TOOL}.lock"));
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    File::create(&lock).unwrap();
    subject.start(|_| {});
    let why = subject.wait("git-lock", || {
        // Whoever holds it writes into it.
        File::create(&lock).unwrap();
        let all = subject.snapshot()?.conditions;
        all.into_iter()
            .find(|c| c.name == Trouble::GitLock)
            .map(|c| c.why)
    });
    assert!(why.contains(&lock.display().to_string()), "{why}");
    fs::remove_file(&lock).unwrap();
    subject.goes_on();
    let over = subject
        .notes()
        .into_iter()
        .any(|note| note.starts_with("git-lock is over"));
    assert!(over, "{:?}", subject.notes());
}

#[test]
fn without_jest_the_factory_waits_until_it_is_there() {
    let mut subject = Subject::new(&[TOOL]);
    let (modules, away) = (
        subject.home.join("node_modules"),
        subject.dir.path().join("modules"),
    );
    subject.start(|_| {});
    subject.reaches(Phase::Spec);
    fs::rename(&modules, &away).unwrap();
    let why = subject.shows(Trouble::Tests);
    assert!(why.contains("Jest is not installed"), "{why}");
    let json = subject.status(&["--json"]).1;
    assert!(json.contains(r#""name":"tests""#), "{json}");
    fs::rename(&away, &modules).unwrap();
    subject.goes_on();
}

#[test]
fn thousands_of_files_hold_nobody_up() {
    let mut subject = Subject::new(&[TOOL]);
    for folder in ["commands/new", "run", "bugs/other", "logs"] {
        let folder = subject.home.join("dev-factory").join(folder);
        fs::create_dir_all(&folder).unwrap();
        for n in 0..3000 {
            fs::write(folder.join(format!("junk-{n}.txt")), "x").unwrap();
        }
    }
    subject.start(|_| {});
    subject.wait("the engine", || subject.snapshot());
    subject.wait("an answer", || {
        let home = subject.home.to_str().unwrap();
        let mut add = homes::program(
            subject.dir.path(),
            &["--home", home, "add", "--", "a tool to see"],
        );
        add.output().unwrap().status.success().then_some(())
    });
    // What is run, is run beside them.
    subject.reaches(Phase::Qa);
}

/// A hand gives the second idea another priority.
fn prefers(subject: &Subject, priority: i64) {
    let path = subject.home.join("dev-factory/wishlist.json");
    let mut list: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    list["items"][1]["priority"] = priority.into();
    fs::write(&path, format!("{list:#}\n")).unwrap();
}

/// Waits until the engine has taken that over.
fn taken_over(subject: &Subject, wanted: i64) {
    let edited = |event: Event| match event.body {
        EventBody::ItemEdited { priority, .. } => (priority == Some(wanted)).then_some(()),
        _ => None,
    };
    subject.wait("the edit", || subject.events().into_iter().find_map(edited));
}

/// A file system that takes a watch and tells of nothing, made by the engine's not listening.
#[cfg(debug_assertions)]
#[test]
fn a_file_system_without_events_is_named_and_everything_is_found_all_the_same() {
    let mut subject = Subject::new(&[TOOL, EVENTFUL]);
    let deaf = subject.dir.path().join("deaf");
    File::create(&deaf).unwrap();
    let variable = format!("FAULT_DEAF={}", deaf.display());
    subject.start_in(&["env", &variable]);
    let why = subject.shows(Trouble::NoEvents);
    assert!(
        why.contains("once a second") && why.contains("did not tell of a change"),
        "{why}"
    );
    let text = subject.status(&[]).1;
    assert!(text.contains("no-events"), "{text}");
    subject.verb(&["pause", "--reason", "seen"]);
    prefers(&subject, 7);
    taken_over(&subject, 7);
    let named = |subject: &Subject| {
        let all = subject.snapshot().unwrap().conditions;
        all.iter()
            .any(|condition| condition.name == Trouble::NoEvents)
    };
    assert!(named(&subject), "it goes on being said");
    fs::remove_file(&deaf).unwrap();
    // The next change the kernel tells of.
    subject.verb(&["resume"]);
    subject.heals();
    subject.verb(&["down", "--now"]);
    assert_eq!(subject.ended(), Some(0), "{}", subject.said());
}

/// More events than the kernel keeps for somebody who does not read them.
#[test]
fn events_that_were_lost_are_made_up_for_by_looking_at_everything() {
    let mut subject = Subject::new(&[TOOL, EVENTFUL]);
    subject.start_in(&["env"]);
    subject.wait("a snapshot", || subject.snapshot());
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    subject.signal(Signal::STOP);
    let (one, other) = (
        subject.home.join("dev-factory/a-file"),
        subject.home.join("dev-factory/another"),
    );
    File::create(&one).unwrap();
    // Each of the two is told of twice.
    for _ in 0..limit / 2 {
        fs::rename(&one, &other).unwrap();
        fs::rename(&other, &one).unwrap();
    }
    prefers(&subject, 7);
    subject.signal(Signal::CONT);
    // The look once a second would find the edit as well.
    subject.wait("word of lost events", || {
        let log = fs::read_to_string(subject.home.join("dev-factory/logs/engine.log")).ok()?;
        log.contains("the kernel lost events").then_some(())
    });
    taken_over(&subject, 7);
    subject.verb(&["down", "--now"]);
    assert_eq!(subject.ended(), Some(0), "{}", subject.said());
}

#[test]
fn an_engine_that_was_stopped_goes_on_and_says_how_long() {
    let mut subject = Subject::new(&[TOOL]);
    subject.start(|_| {});
    subject.reaches(Phase::Coding);
    subject.signal(Signal::STOP);
    let stopped = Instant::now();
    subject.wait("ten seconds", || {
        (stopped.elapsed() > Duration::from_secs(10)).then_some(())
    });
    subject.signal(Signal::CONT);
    subject.goes_on();
    let notes = subject.notes();
    let told = |note: &&String| note.starts_with("this program was stopped for ");
    assert_eq!(notes.iter().filter(told).count(), 1, "{notes:?}");
}
