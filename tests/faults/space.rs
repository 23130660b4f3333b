//! Faults of real file systems, in a mount namespace of the test's own; they need unshare, mount and chattr.

use crate::subject::{EVENTFUL, Subject, TOOL};
use dev_factory::domain::condition::Trouble;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::phase::Phase;
use rustix::process::Signal;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Says that the test runs in its own namespace already.
const INSIDE: &str = "FAULTS_INSIDE";

/// Runs a test of this file again in a mount namespace of its own; true inside.
pub fn own_space(file: &str, name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let user: &[&str] = match root() {
        true => &[],
        false => &["--user", "--map-root-user"],
    };
    let ended = Command::new("unshare")
        .args(user)
        .args(["--mount", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{file}::{name}"), "--nocapture"])
        .args(["--include-ignored"])
        .env(INSIDE, "1")
        .status()
        .expect("these tests need unshare (util-linux)");
    assert!(ended.success(), "{name} failed in its own mount namespace");
    false
}

pub fn root() -> bool {
    let own = fs::metadata("/proc/self").unwrap();
    std::os::unix::fs::MetadataExt::uid(&own) == 0
}

pub fn done(program: &str, words: &[&str]) {
    let output = Command::new(program).args(words).output().unwrap();
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
}

/// Puts a file system of 64 MiB in memory over a folder.
fn small_disk(folder: &Path) {
    let folder = folder.to_str().unwrap();
    let words = ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder];
    done("mount", &words);
}

/// Writes until nothing more fits.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut block = vec![1_u8; 1 << 20];
    while !block.is_empty() {
        if file.write_all(&block).is_err() {
            block.truncate(block.len() / 2);
        }
    }
}

#[test]
fn a_full_disk_is_named_and_the_factory_goes_on_when_there_is_room() {
    if !own_space(
        "space",
        "a_full_disk_is_named_and_the_factory_goes_on_when_there_is_room",
    ) {
        return;
    }
    let base = tempfile::tempdir().unwrap();
    small_disk(base.path());
    let mut subject = Subject::within(base.path(), &[TOOL]);
    subject.start(|_| {});
    subject.reaches(Phase::SpecReview);
    let ballast = base.path().join("ballast");
    fill(&ballast);
    let why = subject.shows(Trouble::DiskFull);
    assert!(why.contains("no space left"), "{why}");
    let (code, line) = subject.status(&["--line"]);
    assert_eq!(code, Some(4));
    assert!(line.starts_with("DISK-FULL "), "{line}");
    let (code, text) = subject.status(&[]);
    assert_eq!(code, Some(4));
    assert!(
        text.contains("condition") && text.contains("free some space there"),
        "{text}"
    );
    let json = subject.status(&["--json"]).1;
    assert!(json.contains(r#""name":"disk-full""#), "{json}");
    // Another engine, which can write nothing from its start on.
    subject.dies();
    assert!(subject.status(&["--line"]).1.starts_with("NO ENGINE "));
    subject.start(|_| {});
    subject.wait("an engine on a full disk", || {
        let line = subject.status(&["--line"]).1;
        line.starts_with("DISK-FULL ").then_some(())
    });
    let text = subject.status(&[]).1;
    assert!(text.contains("running, process "), "{text}");
    fs::remove_file(&ballast).unwrap();
    subject.goes_on();
}

#[test]
fn a_full_disk_is_named_where_no_engine_has_left_a_word() {
    if !own_space(
        "space",
        "a_full_disk_is_named_where_no_engine_has_left_a_word",
    ) {
        return;
    }
    let base = tempfile::tempdir().unwrap();
    small_disk(base.path());
    let mut subject = Subject::within(base.path(), &[TOOL]);
    let ballast = base.path().join("ballast");
    fill(&ballast);
    let named = |subject: &Subject, begin: &str| {
        let (code, text) = subject.status(&[]);
        assert_eq!(code, Some(4), "{text}");
        for words in ["condition", "no space left", "free some space there"] {
            assert!(text.contains(words), "{text}");
        }
        let (code, line) = subject.status(&["--line"]);
        assert_eq!(code, Some(4), "{line}");
        assert!(line.starts_with(begin), "{line}");
        let json = subject.status(&["--json"]).1;
        assert!(json.contains(r#""name":"disk-full""#), "{json}");
        text
    };
    // It cannot even take its lock.
    let (code, said) = subject.tried(&["--no-tui", "--until-idle"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no space left"), "{said}");
    let text = named(&subject, "NO ENGINE DISK-FULL idle ");
    assert!(!text.contains("none has run here yet"), "{text}");
    // One that has a lock, and can write nothing else.
    fs::remove_file(&ballast).unwrap();
    subject.start(|_| {});
    subject.reaches(Phase::SpecReview);
    // Nothing that the next one would clear away, and so find room: no temporary files, no output of this one.
    subject.signal(Signal::INT);
    assert_eq!(subject.ended(), Some(130), "{}", subject.said());
    drop(subject.program(&[]));
    fs::remove_dir_all(subject.home.join("dev-factory/run")).unwrap();
    fill(&ballast);
    subject.start(|_| {});
    subject.wait("an engine on a full disk", || {
        let text = subject.status(&[]).1;
        text.contains("running, and has said nothing yet")
            .then_some(())
    });
    named(&subject, "DISK-FULL spec-review ");
    fs::remove_file(&ballast).unwrap();
    subject.goes_on();
}

#[test]
fn a_file_system_that_became_read_only_is_named_and_waited_for() {
    if !own_space(
        "space",
        "a_file_system_that_became_read_only_is_named_and_waited_for",
    ) {
        return;
    }
    let mut subject = Subject::new(&[TOOL]);
    let told = subject.told();
    subject.start(|_| {});
    subject.reaches(Phase::SpecReview);
    let home = subject.home.to_str().unwrap().to_owned();
    done("mount", &["--bind", &home, &home]);
    // Refused as busy while the engine has a file open for writing there.
    subject.wait("the file system to be read-only", || {
        let words = ["-o", "remount,bind,ro", &home];
        let ended = Command::new("mount").args(words).status().ok()?;
        ended.success().then_some(())
    });
    let why = subject.shows(Trouble::ReadOnly);
    assert!(why.contains("read-only"), "{why}");
    assert_eq!(subject.status(&["--line"]).0, Some(4));
    // Nothing can be kept, and people hear of it all the same.
    subject.wait("a message about it", || {
        let text = fs::read_to_string(&told).ok()?;
        text.contains("read-only").then_some(())
    });
    done("umount", &[&home]);
    subject.goes_on();
}

#[test]
fn a_permission_that_was_lost_is_named_and_waited_for() {
    let mut subject = Subject::new(&[TOOL]);
    let dir = subject.home.join("dev-factory");
    let path = dir.to_str().unwrap().to_owned();
    // Modes do not bind root; what cannot be changed does.
    let (take, give): (Vec<&str>, Vec<&str>) = match root() {
        true => (vec!["chattr", "+i", &path], vec!["chattr", "-i", &path]),
        false => (vec!["chmod", "0500", &path], vec!["chmod", "0700", &path]),
    };
    subject.start(|_| {});
    subject.reaches(Phase::SpecReview);
    done(take[0], &take[1..]);
    let seen = std::panic::catch_unwind(|| {
        let why = subject.shows(Trouble::NoPermission);
        assert!(!why.is_empty());
        assert_eq!(subject.status(&["--line"]).0, Some(4));
    });
    // Whatever came of it: nobody could remove the folder otherwise.
    done(give[0], &give[1..]);
    seen.unwrap();
    subject.goes_on();
}

#[test]
fn without_watches_changes_are_looked_for_and_it_says_so_until_there_are_some() {
    blind("/proc/sys/user/max_inotify_instances", 0);
}

/// The home itself can be watched, and its folder of commands no more.
#[test]
fn with_too_few_watches_changes_are_looked_for_and_it_says_so_until_there_are_more() {
    blind("/proc/sys/user/max_inotify_watches", 1);
}

/// An engine under a limit of the kernel's, which is lifted later.
fn blind(limit: &str, most: u32) {
    let mut subject = Subject::new(&[]);
    let free = subject.dir.path().join("free");
    // The limit is one of the user namespace: nobody outside notices.
    let script = format!(
        "echo {most} > {limit}; \"$@\" & while [ ! -e '{}' ]; do sleep 0.1; done; echo 1000 > {limit}; wait",
        free.display()
    );
    subject.start_in(&[
        "unshare",
        "--user",
        "--map-root-user",
        "sh",
        "-c",
        &script,
        "sh",
    ]);
    let why = subject.shows(Trouble::NoEvents);
    assert!(why.contains("once a second"), "{why}");
    // Commands are found all the same, and nobody is needed.
    let (code, text) = subject.status(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("no-events"), "{text}");
    let added = subject.verb(&["pause", "--reason", "seen"]);
    assert!(added.contains("starts no new turn"), "{added}");
    File::create(&free).unwrap();
    subject.heals();
    subject.verb(&["down", "--now"]);
    subject.ended();
}

#[test]
fn a_command_that_cannot_be_recorded_is_told_why_and_answered_later() {
    // Its journal grows before there is much to show.
    let mut subject = Subject::new(&[EVENTFUL]);
    subject.start_in(&["env"]);
    // Files may not grow beyond what the journal has now; all others are small then.
    let journal = subject.home.join("dev-factory/journal.jsonl");
    let most = subject.wait("a journal of some size", || {
        let length = fs::metadata(&journal).ok()?.len();
        (length > 8_000).then_some(length)
    });
    let free = subject.limit_files(Some(most));
    subject.shows(Trouble::DiskFull);
    let begun = Instant::now();
    let (code, said) = subject.tried(&["hint", "look at it"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("disk-full: ") && said.contains("the command waits in "),
        "{said}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    subject.limit_files(free);
    let hinted = |event: Event| match event.body {
        EventBody::Answered {
            command, accepted, ..
        } => (command.verb.name() == "hint").then_some(accepted),
        _ => None,
    };
    subject.wait("an answer", || {
        subject.events().into_iter().find_map(hinted)
    });
    subject.verb(&["down", "--now"]);
    assert_eq!(subject.ended(), Some(0));
}
