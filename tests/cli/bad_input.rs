//! Bad input as a person meets it: the exact sentence, what is left as it was, and that nothing already done is lost.

use super::{Down, World, as_a_user, eventually, items, quiet_home};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const START: [&str; 4] = ["--home", "home", "--no-tui", "--until-idle"];

/// A paused home in which something has been done: two ideas are on the list.
fn worked_in(w: &World) -> PathBuf {
    let home = quiet_home(w);
    for words in [
        &["add", "Count words"][..],
        &["pause"],
        &["add", "Sort lines"],
    ] {
        w.run(&[&["--home", "home"], words].concat())
            .assert()
            .success();
    }
    home
}

fn names(home: &Path) -> Vec<Value> {
    items(home)
        .iter()
        .map(|item| item["name"].clone())
        .collect()
}

fn journal(home: &Path) -> String {
    fs::read_to_string(home.join("dev-factory/journal.jsonl")).unwrap()
}

/// What waits for a person.
fn needs(w: &World) -> String {
    let said = w
        .run(&["--home", "home", "status", "--json"])
        .output()
        .unwrap();
    let doc: Value = serde_json::from_slice(&said.stdout).unwrap();
    doc["snapshot"]["needs"].to_string()
}

/// Broken files: path, content, and the sentence.
const BROKEN: [(&str, &str, &str); 6] = [
    (
        "souls/qa.md",
        "---\nname: qa\ntools: [\n---\nYou test.\n",
        "souls/qa.md, line 3: the front matter is not YAML (unclosed bracket '[' at line 2, column 8); correct the line or remove it",
    ),
    (
        "souls/developer.md",
        "---\nname: dev\n---\n",
        "souls/developer.md: the soul has no instructions; write them below the front matter",
    ),
    (
        "dev-factory/factory.toml",
        "[limits]\nday_usdd = 3\n",
        "dev-factory/factory.toml:2:1: limits.day_usdd is not a setting; did you mean limits.day_usd?",
    ),
    (
        "dev-factory/wishlist.json",
        "{\"items\": [\n  {\"idea\": \"x\",}\n]}\n",
        "dev-factory/wishlist.json, line 2 column 16: trailing comma; correct it there; the last good list stays in force",
    ),
    (
        "dev-factory/wishlist.json",
        "{\"items\": [\n  {\"idea\": \"x\", \"priorty\": 3}\n]}\n",
        "dev-factory/wishlist.json, line 2 column 17: priorty is not a key of an idea; did you mean priority?; the last good list stays in force",
    ),
    (
        "dev-factory/wishlist.json",
        "{\"items\": [\n  {\"idea\": \"x\", \"name\": \"../../x\"}\n]}\n",
        "dev-factory/wishlist.json, line 2 column 25: the name \"../../x\" is not kebab-case; use lower-case words joined by hyphens, like cost-tracker; the last good list stays in force",
    ),
];

#[test]
fn what_is_broken_at_the_start_is_said_and_left_as_it_is() {
    for (file, text, sentence) in BROKEN {
        let w = World::new();
        let home = worked_in(&w);
        let before = journal(&home);
        fs::write(home.join(file), text).unwrap();
        let ended = w.run(&START).output().unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr),
        );
        if file.ends_with("wishlist.json") {
            assert_eq!(ended.status.code(), Some(4), "{file}: {ended:?}");
            assert!(
                out.contains(&format!("needs you: {sentence} [files:")),
                "{out}"
            );
            assert!(journal(&home).starts_with(&before));
        } else {
            assert!(
                matches!(ended.status.code(), Some(1 | 2)),
                "{file}: {ended:?}"
            );
            assert_eq!(err, format!("{sentence}\n"));
            assert_eq!(journal(&home), before, "{file}: something was begun");
        }
        assert_eq!(fs::read_to_string(home.join(file)).unwrap(), text);
    }
}

#[test]
fn what_is_broken_while_the_engine_works_waits_for_a_person_and_the_old_stays() {
    let w = World::new();
    let home = worked_in(&w);
    let _down = Down(&w);
    w.run(&["--home", "home", "up"]).assert().success();
    let engine = fs::read_to_string(home.join("dev-factory/engine.lock")).unwrap();
    for (n, (file, text, sentence)) in (1..).zip(BROKEN) {
        let good = fs::read_to_string(home.join(file)).unwrap();
        fs::write(home.join(file), text).unwrap();
        let words = Value::String(sentence.to_owned()).to_string();
        let told = || needs(&w).contains(words.trim_matches('"'));
        eventually(told);
        // Commands are taken all the while.
        w.run(&[
            "--home",
            "home",
            "prioritise",
            "count-words",
            &n.to_string(),
        ])
        .assert()
        .success();
        assert_eq!(fs::read_to_string(home.join(file)).unwrap(), text);
        fs::write(home.join(file), good).unwrap();
        eventually(|| !told());
    }
    eventually(|| names(&home) == ["count-words", "sort-lines"]);
    let still = fs::read_to_string(home.join("dev-factory/engine.lock")).unwrap();
    assert_eq!(still, engine, "the engine has ended in between");
}

#[test]
fn a_soul_that_is_no_text_is_not_replaced_in_silence() {
    let w = World::new();
    let home = worked_in(&w);
    let before = journal(&home);
    let soul = home.join("souls/qa.md");
    let refused = |sentence: &str| {
        let ended = w.run(&START).output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), sentence);
        assert_eq!(journal(&home), before, "something was begun");
    };
    fs::write(&soul, b"You test\xff.\n").unwrap();
    refused("souls/qa.md is not UTF-8 text; save it as UTF-8\n");
    fs::remove_file(&soul).unwrap();
    fs::create_dir(&soul).unwrap();
    let shown = soul.canonicalize().unwrap().display().to_string();
    refused(&format!("{shown} is not a file; move it away\n"));
}

#[test]
fn ideas_in_a_list_that_cannot_be_read_are_not_done() {
    let w = World::new();
    let home = quiet_home(&w);
    let list = home.join("dev-factory/wishlist.json");
    let empty = fs::read(&list).unwrap();
    let done = || contains("engine ended: nothing left to do");
    w.run(&START).assert().success().stdout(done());
    fs::write(&list, r#"{"items": [{"idea": "Count words"},]}"#).unwrap();
    let said = contains("engine ended: what is left waits for a person");
    w.run(&START).assert().code(4).stdout(said);
    fs::write(&list, empty).unwrap();
    w.run(&START).assert().success().stdout(done());
}

#[test]
fn a_broken_state_or_journal_is_mended_and_what_was_done_is_there() {
    let torn = |home: &Path| {
        let text = journal(home) + "{\"seq\":99,\"ts";
        fs::write(home.join("dev-factory/journal.jsonl"), text).unwrap();
    };
    let state = |text: &'static [u8]| {
        move |home: &Path| fs::write(home.join("dev-factory/state.json"), text).unwrap()
    };
    type Harm<'a> = &'a dyn Fn(&Path);
    let cases: [(Harm<'_>, &str); 4] = [
        (
            &state(b"{\n  \"phase\": coding\n}"),
            "dev-factory/state.json, line 2 column 12: expected value",
        ),
        (
            &state(b"\xff\xfe\0\0"),
            "dev-factory/state.json, line 1 column 1: not UTF-8 text",
        ),
        (&state(b""), "dev-factory/state.json"),
        (&torn, "a torn last line (13 bytes after event"),
    ];
    for (harm, sentence) in cases {
        let w = World::new();
        let home = worked_in(&w);
        let before = journal(&home);
        harm(&home);
        w.run(&START)
            .assert()
            .code(4)
            .stdout(contains("repaired: ").and(contains(sentence)));
        assert!(journal(&home).starts_with(&before), "{sentence}");
        assert_eq!(names(&home), ["count-words", "sort-lines"]);
        let state = fs::read(home.join("dev-factory/state.json")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(state["phase"], "idle");
        assert!(needs(&w).contains("asked for"), "the pause is forgotten");
    }
}

#[test]
fn a_damaged_line_of_the_journal_is_counted_and_the_rest_stands() {
    let w = World::new();
    let home = worked_in(&w);
    let text = journal(&home);
    let damaged = text
        .lines()
        .position(|line| line.contains("\"kind\":\"answered\""))
        .unwrap();
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(n, line)| {
            if n == damaged {
                line.replace("kind", "knid")
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(
        home.join("dev-factory/journal.jsonl"),
        lines.join("\n") + "\n",
    )
    .unwrap();
    let sentence = format!(
        "journal.jsonl: 1 line is damaged and skipped (line {})",
        damaged + 1
    );
    w.run(&START).assert().code(4).stdout(contains(sentence));
    assert_eq!(names(&home), ["count-words", "sort-lines"]);
    assert!(journal(&home).starts_with(&(lines.join("\n") + "\n")));
}

#[test]
fn a_home_json_that_is_broken_or_newer_is_said() {
    let w = World::new();
    let home = worked_in(&w);
    let marker = home.join("dev-factory/home.json");
    let shown = home.canonicalize().unwrap().display().to_string();
    for (text, sentence) in [
        (
            "{",
            "not a home.json: EOF while parsing an object at line 1 column 1; restore it with git checkout",
        ),
        (
            r#"{"schema": 7, "id": "x", "createdAt": "2026-01-01T00:00:00Z"}"#,
            "knows 1): update this program; until then it only reads",
        ),
    ] {
        fs::write(&marker, text).unwrap();
        w.run(&START)
            .assert()
            .code(2)
            .stderr(contains(&shown).and(contains(sentence)));
    }
}

#[test]
fn names_that_climb_or_are_not_kebab_case_are_refused_everywhere() {
    let w = World::new();
    let home = worked_in(&w);
    let rest = |name: &str| {
        format!(
            "refused: the name \"{name}\" is not kebab-case; use lower-case words joined by hyphens, like cost-tracker\n"
        )
    };
    for name in ["../x", "Cost_Tracker", "a/b", "über", "-x", "x-"] {
        w.run(&[
            "--home",
            "home",
            "add",
            "An idea",
            &format!("--name={name}"),
        ])
        .assert()
        .code(1)
        .stderr(rest(name));
    }
    for words in [
        &["park"][..],
        &["unpark"],
        &["drop"],
        &["requeue"],
        &["decide", "ship"],
        &["edit"],
        &["prioritise"],
    ] {
        let last: &[&str] = match words[0] {
            "edit" => &["../../etc", "An idea"],
            "prioritise" => &["../../etc", "3"],
            _ => &["../../etc"],
        };
        w.run(&[&["--home", "home"], words, last].concat())
            .assert()
            .code(1)
            .stderr(
                "refused: no item is called \"../../etc\"; `dev-factory list` shows the names\n",
            );
    }
    w.run(&["--home", "home", "reopen", "../../etc", "a bug"])
        .assert()
        .code(1)
        .stderr(contains("\"../../etc\" is not a kebab-case name"));
    assert_eq!(names(&home), ["count-words", "sort-lines"]);
    let beside: Vec<_> = fs::read_dir(w.dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(beside, ["home"]);
}

#[test]
fn a_word_mistyped_gets_the_one_that_was_meant() {
    let w = World::new();
    for (words, meant) in [
        (&["statsu"][..], "'status'"),
        (&["status", "--lin"], "'--line'"),
        (&["pause", "--scope", "qaa"], "'qa'"),
    ] {
        w.run(words)
            .assert()
            .code(2)
            .stderr(contains("similar").and(contains(meant)));
    }
}

#[test]
fn a_home_in_use_without_git_or_node_says_so_before_anything_is_begun() {
    let w = World::new();
    let home = worked_in(&w);
    let before = journal(&home);
    let none = w.path_with(&[]);
    for words in [&START[..], &["--home", "home", "up"]] {
        w.run(words)
            .env("PATH", &none)
            .assert()
            .code(1)
            .stdout("")
            .stderr("git is not on PATH: install it (Debian and Ubuntu: sudo apt install git), then run this again\n");
    }
    let git = w.path_with(&["git"]);
    for words in [&START[..], &["--home", "home", "up"]] {
        w.run(words)
            .env("PATH", &git)
            .assert()
            .code(1)
            .stdout("")
            .stderr("node is not on PATH: install Node.js 20 or newer with npm (https://nodejs.org, or your package manager), then run this again\n");
    }
    assert_eq!(journal(&home), before);
    // An idea can be noted without Node.
    w.run(&["--home", "home", "add", "Rename files"])
        .env("PATH", &git)
        .assert()
        .success();
    // The engine installs Jest before it starts.
    fs::remove_dir_all(home.join("node_modules")).unwrap();
    let node = w.path_with(&["node"]);
    w.run(&START)
        .env("PATH", &node)
        .assert()
        .code(1)
        .stderr(contains("npm is not on PATH: install Node.js 20"));
    assert_eq!(names(&home).len(), 3);
}

#[test]
fn the_real_npm_without_a_network_is_one_sentence_and_the_home_stays() {
    let w = World::new();
    let ended = w
        .run(&["init", "home", "--yes"])
        .env("npm_config_registry", "http://127.0.0.1:9/")
        // What other tests have fetched would do without any network.
        .env("XDG_CACHE_HOME", w.path("cache"))
        .assert()
        .code(1);
    let said = String::from_utf8(ended.get_output().stderr.clone()).unwrap();
    let first = "installing Jest (npm ci) ...\nlooking for walls that hold on this machine...\n";
    let said = said.strip_prefix(first).unwrap();
    let home = w.path("home").canonicalize().unwrap();
    assert!(
        said.starts_with(&format!(
            "npm ci failed in {}: http://127.0.0.1:9 cannot be reached: ",
            home.display()
        )),
        "{said}"
    );
    assert!(
        said.contains("Connection refused")
            && said.ends_with(
                "check the network and the registry (npm ping); the next start tries again\n"
            ),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert_eq!(super::git(&home, &["status", "--porcelain"]), "");
    assert_eq!(items(&home).len(), 5);
}

/// Takes the right to write from its owner; root has it anyway, and asks as somebody else.
fn close(paths: &[PathBuf], writable: u32) {
    for path in paths {
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode | writable)).unwrap();
    }
}

#[test]
fn without_the_right_to_write_each_command_says_what_to_do() {
    let w = World::new();
    let home = worked_in(&w).canonicalize().unwrap();
    let before = journal(&home);
    let program = w.path("dev-factory");
    fs::copy(env!("CARGO_BIN_EXE_dev-factory"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let place = home.join("dev-factory");
    let lock = place.join("engine.lock");
    let shut = [w.dir.path().to_owned(), home.clone(), place.clone(), lock];
    close(&shut, 0);
    // That somebody else's home is not theirs to begin with is another sentence.
    if rustix::process::getuid().is_root() {
        super::give(&home);
    }
    let run = |words: &[&str]| {
        let mut command: Command = as_a_user(&program);
        let output = command
            .args(["--home", "home"])
            .args(words)
            .current_dir(w.dir.path())
            .env("HOME", w.dir.path())
            .env("OLLAMA_HOST", "127.0.0.1:1")
            .env_remove("XDG_CONFIG_HOME")
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let fix = "permission denied; make it writable for the user that runs the factory\n";
    let lock = format!("{}/engine.lock: {fix}", place.display());
    for words in [&["add", "Rename files"][..], &["resume"], &["down"]] {
        assert_eq!(run(words), (Some(1), lock.clone()), "{words:?}");
    }
    // Where this user can make no walls, that is said before.
    let log = format!("{}/logs: {fix}", place.display());
    for (word, sentence) in [("--no-tui", lock), ("up", log)] {
        let (code, said) = run(&[word]);
        assert!(code == Some(1) && said.ends_with(&sentence), "{said}");
    }
    let (code, said) = run(&["init", "new", "--yes", "--no-install"]);
    assert_eq!(code, Some(1));
    assert!(
        said.ends_with("/new: permission denied; choose a folder you may write to\n"),
        "{said}"
    );
    assert_eq!(run(&["list"]), (Some(0), String::new()));
    let kept = place.join("run");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o000)).unwrap();
    let closed = "run: permission denied; ask as the user who runs the factory\n";
    let sentence = format!("{}/{closed}", place.display());
    assert_eq!(run(&["status"]), (Some(1), sentence.clone()));
    assert_eq!(run(&["logs"]), (Some(1), sentence));
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o700)).unwrap();
    close(&shut, 0o200);
    assert_eq!(journal(&home), before);
    assert_eq!(names(&home), ["count-words", "sort-lines"]);
}
