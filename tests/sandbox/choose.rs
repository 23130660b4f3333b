//! The probe, the choice it leads to, what `doctor` shows of it, and a machine where nothing holds.

use crate::place::{Place, tiers};
use crate::{barred, tool};
use dev_factory::adapters::sandbox::{Choice, Setup, Tier, Tried, choose, survey};
use dev_factory::factory::ports::sandbox::Sandbox;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn setup(place: &Place) -> Setup {
    tool::setup(&place.path().join("state"))
}

fn of(choice: &Choice, tier: Tier) -> &Tried {
    let found = choice.tried.iter().find(|tried| tried.tier == tier);
    found.unwrap_or_else(|| panic!("{tier:?} was not tried"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tier_of_this_machine_holds_in_every_attempt() {
    let place = Place::new(Tier::None);
    let choice = survey(&setup(&place)).await;
    for tier in tiers() {
        let findings = &of(&choice, tier).findings;
        assert!(findings.held(), "{tier:?}: {findings:?}");
        assert!(findings.attempts.len() >= 10, "{tier:?}: {findings:?}");
        println!("{tier:?}: {} ms", findings.millis);
        // A twentieth of it in a release build on an idle machine.
        assert!(findings.millis < 5_000, "{tier:?}: {} ms", findings.millis);
    }
    let left: Vec<_> = fs::read_dir(place.path().join("state")).unwrap().collect();
    assert_eq!(left.len(), 2, "the files of /etc and the choice: {left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_remembered_until_something_changes() {
    let place = Place::new(Tier::None);
    let chosen = async |setup: Setup| {
        let mut looked = false;
        let choice = choose(&setup, || looked = true).await;
        assert_eq!(looked, !choice.tried.is_empty());
        choice
    };
    let first = chosen(setup(&place)).await;
    assert!(first.tier.is_some() && !first.tried.is_empty());
    let again = chosen(setup(&place)).await;
    assert_eq!((again.tier, again.tried.len()), (first.tier, 0));
    assert_eq!(
        again.walls(&setup(&place)).unwrap().tier(),
        first.tier.unwrap().as_str()
    );
    let file = place.path().join("state/sandbox.json");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let other = || Setup {
        wrapper: vec!["/no/such/wrapper".into()],
        ..setup(&place)
    };
    assert!(!chosen(other()).await.tried.is_empty());
    // Each has its own: as screens and an engine under a service manager do, they start by turns.
    for turn in [setup(&place), other(), setup(&place)] {
        assert!(chosen(turn).await.tried.is_empty());
    }
    // Nothing without walls is ever taken from the file.
    let forged = fs::read_to_string(&file).unwrap();
    let tier = format!("\"{}\"", first.tier.unwrap().as_str());
    fs::write(&file, forged.replace(&tier, "\"none\"")).unwrap();
    assert!(!chosen(other()).await.tried.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_that_keeps_nothing_in_is_told_by_what_it_let_through() {
    let place = Place::new(Tier::None);
    let wrapper = place.path().join("wrapper");
    script(&wrapper, "exec \"$@\"");
    let setup = Setup {
        wrapper: vec![wrapper.display().to_string()],
        ..setup(&place)
    };
    let choice = survey(&setup).await;
    let findings = &of(&choice, Tier::Wrapper).findings;
    let leaks: Vec<&str> = findings
        .attempts
        .iter()
        .filter(|attempt| !attempt.held)
        .map(|attempt| attempt.name.as_str())
        .collect();
    for leak in [
        "read a file of yours",
        "write where it may not",
        "reach a port of this machine",
    ] {
        assert!(leaks.contains(&leak), "{findings:?}");
    }
}

#[cfg(feature = "full-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn a_wrapper_that_holds_is_as_good_as_any() {
    let place = Place::new(Tier::None);
    let setup = Setup {
        wrapper: crate::wrapper::command(&place.path().join("bin")),
        ..setup(&place)
    };
    let choice = survey(&setup).await;
    let findings = &of(&choice, Tier::Wrapper).findings;
    assert!(findings.held(), "{findings:?}");
    assert_eq!(of(&choice, Tier::Wrapper).way_out, Some(Ok(())));
}

/// As a container engine does, which has a pipe of its own for what goes in.
#[cfg(feature = "full-tests")]
#[test]
fn doctor_says_of_a_wrapper_whether_npm_reaches_the_registry_through_it() {
    let place = Place::new(Tier::None);
    let whole = crate::wrapper::command(&place.path().join("bin"));
    let piped = ["/bin/sh", "-c", "cat | \"$@\"", "sh"].map(String::from);
    let piped = [piped.to_vec(), whole.clone()].concat();
    let config = place.path().join("config/dev-factory");
    fs::create_dir_all(&config).unwrap();
    for (wrapper, passes) in [(whole, true), (piped, false)] {
        let words: Vec<String> = wrapper.iter().map(|word| format!("'{word}'")).collect();
        let words = serde_json::json!(words.join(" "));
        let text = format!("[sandbox]\ncommand = {words}\n");
        fs::write(config.join("config.toml"), text).unwrap();
        let shown = |words: &[&str]| said(&program(&place, words).output().unwrap()).1;
        let value: Value =
            serde_json::from_str(&shown(&["doctor", "--sandbox", "--json"])).unwrap();
        let tier = &value["sandbox"]["tiers"][3];
        assert_eq!(
            (&tier["held"], &tier["npm"]["passes"]),
            (&true.into(), &passes.into()),
            "{tier}"
        );
        let text = shown(&["doctor", "--sandbox"]);
        let line = text
            .lines()
            .find(|line| line.starts_with("wrapper for npm"));
        let line = line.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(line.contains("does not reach"), !passes, "{line}");
        assert_eq!(line.contains("hand standard input on"), !passes, "{line}");
    }
}

fn script(file: &Path, text: &str) {
    fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The program under test, with the user's folders in `place`.
fn program(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dev-factory"));
    command
        .args(words)
        .current_dir(place.path())
        .env("XDG_CONFIG_HOME", place.path().join("config"))
        .env("XDG_CACHE_HOME", place.path().join("cache"))
        .env("OLLAMA_HOST", "127.0.0.1:1")
        .env_remove("DEV_FACTORY_HOME");
    command
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn doctor_shows_every_attempt_under_every_tier() {
    let place = Place::new(Tier::None);
    let (code, text, _) = said(&program(&place, &["doctor", "--sandbox"]).output().unwrap());
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("used")
            && text.contains("systemd scope")
            && text.contains("take more memory than allowed"),
        "{text}"
    );
    let (code, text, _) = said(
        &program(&place, &["doctor", "--sandbox", "--json"])
            .output()
            .unwrap(),
    );
    assert_eq!(code, Some(0), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    let tiers: Vec<&str> = value["sandbox"]["tiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tier| tier["tier"].as_str().unwrap())
        .collect();
    assert_eq!(tiers, ["bwrap", "namespaces", "landlock", "wrapper"]);
    assert_eq!(value["sandbox"]["tiers"][1]["held"], true, "{text}");
    assert!(value["sandbox"]["scope"]["used"].is_boolean(), "{text}");
}

/// An ordinary user has the same walls as root.
#[test]
fn doctor_finds_the_same_for_an_ordinary_user() {
    if fs::metadata(std::env::temp_dir()).is_err() || !root() {
        // These tests run as one already.
        return;
    }
    let place = Place::new(Tier::None);
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = program(&place, &["doctor", "--sandbox", "--json"]);
    {
        use std::os::unix::process::CommandExt;
        command.uid(1000).gid(1000).env("HOME", place.path());
    }
    let (code, text, err) = said(&command.output().unwrap());
    assert_eq!(code, Some(0), "{text}{err}");
    let value: Value = serde_json::from_str(&text).unwrap();
    for tier in value["sandbox"]["tiers"].as_array().unwrap() {
        let named = tiers().iter().any(|known| tier["tier"] == known.as_str());
        assert!(!named || tier["held"] == true, "{tier}");
    }
}

fn root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn where_nothing_holds_every_home_refuses_and_says_what_to_do() {
    let place = Place::new(Tier::None);
    let (code, text, _) = said(
        barred::bar(&mut program(&place, &["doctor", "--sandbox"]))
            .output()
            .as_ref()
            .unwrap(),
    );
    assert_eq!(code, Some(78), "{text}");
    assert!(text.contains("Fix: "), "{text}");
    let init = program(&place, &["init", "home", "--yes", "--no-install"])
        .output()
        .unwrap();
    assert!(init.status.success(), "{init:?}");
    for words in [
        &["--home", "home", "--no-tui"][..],
        &["--home", "home", "up"],
    ] {
        let (code, _, err) = said(
            barred::bar(&mut program(&place, words))
                .output()
                .as_ref()
                .unwrap(),
        );
        assert_eq!(code, Some(78), "{err}");
        assert!(
            err.contains("\nRefusing to run generated code: no sandbox works on this machine.\n"),
            "{err}"
        );
        for part in [
            "\n  bubblewrap ",
            "\n  namespaces ",
            "\n  landlock ",
            "\n  wrapper ",
            "\nFix: ",
            "doctor --sandbox",
            "--unsafe-no-sandbox --yes-i-accept",
        ] {
            assert!(err.contains(part), "no {part:?} in {err}");
        }
    }
    let alone = ["--home", "home", "--no-tui", "--unsafe-no-sandbox"];
    let (code, _, err) = said(
        barred::bar(&mut program(&place, &alone))
            .output()
            .as_ref()
            .unwrap(),
    );
    assert_eq!(code, Some(78), "{err}");
    assert!(err.contains("--yes-i-accept"), "{err}");
    assert!(!place.path().join("home/dev-factory/journal.jsonl").exists());
}

#[test]
fn what_was_chosen_with_more_rights_is_not_believed() {
    let place = Place::new(Tier::None);
    let words = ["init", "home", "--yes", "--no-install"];
    assert!(program(&place, &words).output().unwrap().status.success());
    let looked = program(&place, &["doctor", "--sandbox"]).output().unwrap();
    assert_eq!(looked.status.code(), Some(0), "{looked:?}");
    assert!(place.path().join("cache/dev-factory/sandbox.json").exists());
    let mut barred = program(&place, &["--home", "home", "--no-tui"]);
    let (code, _, err) = said(&barred::bar(&mut barred).output().unwrap());
    assert_eq!(code, Some(78), "{err}");
    assert!(err.contains("\nRefusing to run generated code"), "{err}");
}

#[test]
fn a_folder_of_ours_that_cannot_be_made_is_the_one_reason_given() {
    let place = Place::new(Tier::None);
    let file = place.path().join("a file");
    fs::write(&file, "").unwrap();
    let init = program(&place, &["init", "home", "--yes", "--no-install"])
        .output()
        .unwrap();
    assert!(init.status.success(), "{init:?}");
    for (words, stream) in [
        (&["--home", "home", "--no-tui"][..], 2),
        (&["doctor", "--sandbox"], 1),
    ] {
        let output = program(&place, words).env("XDG_CACHE_HOME", &file).output();
        let (code, out, err) = said(&output.unwrap());
        let text = if stream == 1 { out } else { err };
        assert_eq!(code, Some(78), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [
            "a file/dev-factory cannot be written (",
            "set XDG_CACHE_HOME",
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
        assert!(!text.contains("no sandbox works"), "{text}");
    }
}
