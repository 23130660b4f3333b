//! A whole engine on a machine with less than usual: what it says at the start, and the tier in its evidence.

use crate::{barred, homes, place::Place, small_script};
use dev_factory::adapters::sandbox::Tier;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An engine until nothing is left to do, with folders of its own for choices and caches.
fn engine(place: &Place, home: &Path, words: &[&str]) -> Command {
    let all = [
        &["--home", home.to_str().unwrap(), "--no-tui", "--until-idle"],
        words,
    ]
    .concat();
    let mut command = homes::program(place.path(), &all);
    command.env("XDG_CACHE_HOME", place.path().join("cache"));
    command
}

fn place() -> Place {
    let place = Place::new(Tier::None);
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    place
}

/// A home whose replies lie in a folder, where anybody could have changed them.
fn from_a_folder() -> (Place, PathBuf) {
    let place = place();
    let home = small_script::make(place.path(), &[small_script::TOOL]);
    (place, home)
}

fn said(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

/// The tier of every piece of evidence of the tool, when it has shipped.
fn tiers(home: &Path, output: &Output) -> Vec<String> {
    let tags = homes::tags(home);
    assert_eq!(tags.len(), 1, "{}", said(output));
    let (tool, _) = tags[0].split_once('@').unwrap();
    let folder = home.join("dev-factory/evidence").join(tool);
    let files = fs::read_dir(&folder).unwrap();
    let tier = |file: fs::DirEntry| {
        let evidence: Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        evidence["sandbox"].as_str().unwrap().to_owned()
    };
    let json = |file: &fs::DirEntry| file.path().extension().is_some_and(|end| end == "json");
    let mut all: Vec<String> = files.map(Result::unwrap).filter(json).map(tier).collect();
    all.dedup();
    all
}

/// What a person reads while tiers are tried.
const LOOKING: &str = "looking for walls";

#[test]
fn an_engine_that_looks_for_walls_says_so_and_one_that_remembers_them_is_silent() {
    let place = place();
    let home = homes::make(place.path(), &[], homes::SCRIPTED);
    for times in [1, 0] {
        let output = engine(&place, &home, &[]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let lines = said(&output);
        let lines = lines.lines().filter(|line| line.starts_with(LOOKING));
        assert_eq!(lines.count(), times, "{}", said(&output));
    }
}

#[test]
fn without_any_walls_compiled_in_tools_ship_and_their_evidence_says_demo() {
    let place = place();
    let home = homes::make(place.path(), &[homes::TOOL], homes::SCRIPTED);
    let output = barred::bar(&mut engine(&place, &home, &[]))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let words = "only code compiled into this program is run";
    assert_eq!(said(&output).matches(words).count(), 1, "{}", said(&output));
    assert_eq!(tiers(&home, &output), ["demo"]);
}

#[test]
fn what_a_person_lets_run_without_walls_has_evidence_that_says_none() {
    let (place, home) = from_a_folder();
    let refused = barred::bar(&mut engine(&place, &home, &[]))
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(78), "{}", said(&refused));
    // Walls there may be: the flag is what counts.
    let words = ["--unsafe-no-sandbox", "--yes-i-accept"];
    let output = engine(&place, &home, &words).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(
        said(&output).contains("WARNING: NO protection"),
        "{}",
        said(&output)
    );
    assert_eq!(tiers(&home, &output), ["none"]);
}

/// Root's runs are somebody else, who comes by the machine's own folders where no namespace is to be had.
#[test]
fn with_landlock_alone_a_closed_way_is_said_at_the_start_and_an_open_one_works_for_root_too() {
    let (place, home) = from_a_folder();
    let root = home.metadata().unwrap().uid() == 0;
    for closed in [place.path(), &home].into_iter().filter(|_| root) {
        fs::set_permissions(closed, fs::Permissions::from_mode(0o700)).unwrap();
        let output = barred::spaces(&mut engine(&place, &home, &[]))
            .output()
            .unwrap();
        let words = said(&output);
        assert_eq!(output.status.code(), Some(78), "{words}");
        let fix = format!("chmod o+x {},", closed.canonicalize().unwrap().display());
        let mut lines = words.lines().filter(|line| !line.starts_with(LOOKING));
        let line = lines.next().unwrap();
        assert!(
            line.starts_with("Refusing to start: ") && line.contains(&fix),
            "{words}"
        );
        assert_eq!(lines.next(), None, "{words}");
        assert!(!home.join("dev-factory/journal.jsonl").exists());
        fs::set_permissions(closed, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = barred::spaces(&mut engine(&place, &home, &[]))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(tiers(&home, &output), ["landlock"]);
    let mode = |name: &str| home.join(name).metadata().unwrap().mode() & 0o777;
    let passable = if root { 0o701 } else { 0o700 };
    assert_eq!(mode("dev-factory"), passable, "passed through, never read");
    assert_eq!(mode("dev-factory/evidence"), 0o700);
    assert_eq!(mode("dev-factory/journal.jsonl"), 0o600);
}
