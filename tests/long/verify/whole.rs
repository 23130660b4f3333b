//! Homes in which nothing is wrong, and what verify does beside an engine and to one that holds the lock.

use super::homes;
use super::place::{PARKED, Place, TOOL};
use super::process::Process;
use dev_factory::adapters::verify::{Checks, Cut, check};
use dev_factory::factory::brief;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Every file below a folder with its time and size.
fn files(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, u64)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            match meta.is_dir() {
                true => open.push(entry.path()),
                false => drop(found.insert(entry.path(), (meta.modified().unwrap(), meta.len()))),
            }
        }
    }
    found
}

#[test]
fn a_home_that_shipped_says_nothing_and_is_not_touched() {
    let place = Place::new();
    let before = files(&place.home);
    place.silent();
    // Its branch is in main, and swept; that of the one that waits is not.
    assert_eq!(
        place.git(&["branch", "--list", "--format=%(refname:short)", "tool/*"]),
        format!("tool/{PARKED}")
    );
    let said = place.verify(&[]);
    assert!(said.json["events"].as_u64().unwrap() > 50, "{}", said.json);
    assert!(said.json["papers"].as_u64().unwrap() >= 8, "{}", said.json);
    assert!(said.json["refs"].as_u64().unwrap() >= 3, "{}", said.json);
    assert_eq!(files(&place.home), before);

    // Nothing to put right: no copies, no event.
    let repaired = place.verify(&["--repair"]);
    assert_eq!(
        (repaired.code, &repaired.json["copies"]),
        (Some(0), &serde_json::Value::Null)
    );
    assert_eq!(
        place.lines().len() as u64,
        said.json["events"].as_u64().unwrap()
    );
    assert!(!place.path("backup").exists());

    let words = ["--home", place.home.to_str().unwrap(), "verify"];
    let plain = homes::program(place.dir.path(), &words).output().unwrap();
    let text = String::from_utf8(plain.stdout).unwrap();
    assert!(text.starts_with("nothing is wrong: "), "{text}");
    assert_eq!((text.lines().count(), plain.stderr.len()), (1, 0));
}

#[test]
fn a_new_home_has_no_journal_and_that_is_fine() {
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], homes::SCRIPTED);
    let place = Place { dir, home };
    place.notes("dev-factory/journal.jsonl: there is no journal");
    assert_eq!(place.verify(&["--repair"]).code, Some(0));
}

#[test]
fn beside_an_engine_it_only_looks_and_repair_waits_for_the_lock() {
    let place = Place::new();
    let mut engine = Process::start(&place.home, &[]);
    engine.until("the engine has begun", || {
        place.text("journal.jsonl").matches("\"started\"").count() == 2
    });
    let said = place.verify(&[]);
    assert_eq!((said.code, said.of("wrong")), (Some(0), vec![]));
    assert_eq!(said.json["engine"], true);

    place.remove(&format!("reviews/{TOOL}/1.md"));
    place.says("it is in the journal and not there");
    let held = place.verify(&["--repair"]);
    assert_eq!(held.code, Some(3));
    let error = held.json["error"].as_str().unwrap();
    assert!(error.contains("dev-factory down"), "{error}");
    assert!(!place.path(&format!("reviews/{TOOL}/1.md")).exists());
    engine.interrupt();
    place.mended("put back from main");
}

#[test]
fn it_ends_when_it_is_told_to() {
    let place = Place::new();
    let asked = Cell::new(0);
    let progress = |_: &str, _: usize, _: usize| {
        asked.set(asked.get() + 1);
        asked.get() < 3
    };
    let work = place.path("work");
    let stopped = check(&Checks {
        home: &place.home,
        brief: &|factory| brief::text(factory, &work, None),
        progress: &progress,
    });
    assert_eq!(stopped.unwrap_err(), Cut::Stopped);
    assert_eq!(asked.get(), 3);
}

#[test]
fn several_things_at_once_are_all_said_and_put_right() {
    let place = Place::new();
    place.remove("state.json");
    place.remove(&format!("specs/{TOOL}.md"));
    place.git(&["tag", "-d", &format!("{TOOL}@1.0.0")]);
    let said = place.verify(&[]);
    assert_eq!(said.of("wrong").len(), 3, "{:#?}", said.of("wrong"));
    place.mended("state.json was missing");
    assert_eq!(place.git(&["tag", "--list"]), format!("{TOOL}@1.0.0"));
}
