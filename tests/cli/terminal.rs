//! `init` on a real terminal: its questions, defaults by Enter, keys that stay where they are, and Ctrl-C at any time.

use super::model_server::ModelServer;
use super::terminal::{CTRL_C, Terminal};
use super::{World, eventually, git, script};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const ADDRESS: &str = "such as gpu1=ollama:http://192.168.1.20:11434 (empty: later):";
const MODEL: &str = "Model there for Developer and QA:";
const KEY: &str = "Where is its key?";
const LIMIT: &str = "USD [5.00]:";
const LAB: &str = "lab=openai:https://api.example.com/v1";

fn init(w: &World, env: &[(&str, &str)]) -> Terminal {
    Terminal::run(w.dir.path(), &["init", "home", "--no-install"], env)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Files below a folder that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).contains(text);
    files(folder).into_iter().filter(holds).collect()
}

fn settings(w: &World) -> String {
    let text = fs::read_to_string(w.path("home/dev-factory/factory.toml")).unwrap();
    let own = text.split_once("# Written by init.");
    own.map_or(String::new(), |(_, own)| own.to_owned())
}

#[test]
fn typed_answers_become_settings_and_a_key_stays_where_it_is() {
    let w = World::new();
    fs::write(w.path("key"), "canary-in-file\n").unwrap();
    let mut t = init(&w, &[]);
    t.answer(ADDRESS, "gpu7");
    t.answer("names no server", LAB);
    t.answer(MODEL, "qwen3:14b");
    t.answer(KEY, "canary-pasted");
    t.answer("A key itself is never asked for.", "env canary-pasted");
    t.answer(
        "that is no variable's name",
        &format!("file {}", w.path("key").display()),
    );
    t.answer(LIMIT, "much");
    t.answer("Write an amount", "3.5");
    let (code, text) = t.ended();
    assert_eq!(code, Some(0), "{text}");
    let made = settings(&w);
    for line in [
        "[hosts.lab]",
        "url = \"https://api.example.com/v1\"",
        "[roles.qa]\nmodel = \"lab/qwen3:14b\"",
        "day_usd = 3.5",
    ] {
        assert!(made.contains(line), "{line} is not in\n{made}");
    }
    let own = w.path("config/dev-factory/config.toml");
    let place = format!("file = \"{}\"", w.path("key").display());
    assert!(fs::read_to_string(own).unwrap().contains(&place));
    assert_eq!(holding(w.dir.path(), "canary-in-file"), [w.path("key")]);
    assert!(!text.contains("canary-in-file"), "{text}");
    // What the person typed the terminal has shown, twice; nobody else has repeated or kept it.
    assert_eq!(text.matches("canary-pasted").count(), 2, "{text}");
    assert_eq!(holding(w.dir.path(), "canary-pasted"), [] as [PathBuf; 0]);
    // A person is there, who lets it go when all is well.
    assert!(text.contains("it begins paused; let it go:"), "{text}");
    let doc = fs::read_to_string(w.path("home/dev-factory/home.json")).unwrap();
    let doc: Value = serde_json::from_str(&doc).unwrap();
    assert_eq!(doc["start"], "paused");
    assert_eq!(git(&w.path("home"), &["status", "--porcelain"]), "");
}

#[test]
fn enter_takes_what_was_found_and_the_built_in_limit() {
    let w = World::new();
    let server = ModelServer::serving(|_| String::new());
    let mut t = init(&w, &[("OLLAMA_HOST", &server.url())]);
    t.until(&format!("Found ollama at {} with 1 model", server.url()));
    t.answer("Use that (empty)", "");
    t.answer(LIMIT, "");
    let (code, text) = t.ended();
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains(KEY), "a server of this machine needs no key");
    let made = settings(&w);
    assert!(
        made.contains(&format!("url = \"{}\"", server.url())),
        "{made}"
    );
    assert!(made.contains("model = \"ollama/test:latest\""), "{made}");
    assert!(!made.contains("[limits]"), "{made}");
}

#[test]
fn enter_without_a_server_makes_a_home_that_says_what_is_missing() {
    let w = World::new();
    let mut t = init(&w, &[]);
    t.answer(ADDRESS, "");
    t.answer(LIMIT, "");
    let (code, text) = t.ended();
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("no model server was found: start Ollama"),
        "{text}"
    );
    assert_eq!(settings(&w), "");
}

#[test]
fn ctrl_c_at_any_question_leaves_nothing() {
    let answers = [
        (ADDRESS, LAB),
        (MODEL, "m"),
        (KEY, "env LAB_KEY"),
        (LIMIT, "1"),
    ];
    for asked in 0..answers.len() {
        let w = World::new();
        let mut t = init(&w, &[]);
        for (question, line) in &answers[..asked] {
            t.answer(question, line);
        }
        t.until(answers[asked].0);
        t.press(CTRL_C);
        let (code, text) = t.ended();
        assert_ne!(code, Some(0), "{text}");
        assert_eq!(files(w.dir.path()), [] as [PathBuf; 0], "{text}");
    }
}

#[test]
fn ctrl_c_while_the_home_is_made_leaves_nothing() {
    let w = World::new();
    let bin = w.path_with(&["sh", "touch", "sleep"]);
    let place = w.path("place");
    fs::create_dir(&place).unwrap();
    let real = super::on_path("git");
    let (begun, go) = (w.path("begun"), w.path("go"));
    let text = format!(
        "case \"$*\" in *commit*) touch {}; until [ -e {} ]; do sleep 0.01; done;; esac\nexec {} \"$@\"",
        begun.display(),
        go.display(),
        real.display()
    );
    script(&bin.join("git"), &text);
    let path = [("PATH", bin.to_str().unwrap())];
    let mut t = Terminal::run(&place, &["init", "home", "--no-install"], &path);
    t.answer(ADDRESS, "");
    t.answer(LIMIT, "");
    eventually(|| begun.exists());
    t.press(CTRL_C);
    t.until("^C");
    fs::write(go, "").unwrap();
    let (code, text) = t.ended();
    assert_eq!(code, Some(130), "{text}");
    assert!(
        text.contains("interrupted: ") && text.contains("home was not made"),
        "{text}"
    );
    assert_eq!(files(&place), [] as [PathBuf; 0], "{text}");
}

#[test]
fn ctrl_c_while_npm_works_ends_npm_and_leaves_a_whole_home() {
    let w = World::new();
    let bin = w.path_with(&["git", "node", "sh", "sleep"]);
    // Behind walls it has no way to tell us its number: it is known by how long it sleeps.
    let length = format!("600.{}", std::process::id());
    script(
        &bin.join("npm"),
        &format!("[ \"$1\" = config ] || exec sleep {length}"),
    );
    let path = [("PATH", bin.to_str().unwrap())];
    let mut t = Terminal::run(w.dir.path(), &["init", "home"], &path);
    t.answer(ADDRESS, "");
    t.answer(LIMIT, "");
    let npm = || {
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.map(|entry| entry.path()).find(|path| {
            let words = fs::read(path.join("cmdline")).unwrap_or_default();
            words
                .split(|byte| *byte == 0)
                .any(|word| word == length.as_bytes())
        })
    };
    eventually(|| npm().is_some());
    t.press(CTRL_C);
    let (code, text) = t.ended();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("the next start installs it"), "{text}");
    eventually(|| npm().is_none());
    let run = fs::read_dir(w.path("home/dev-factory/run")).unwrap();
    assert_eq!(run.count(), 0, "npm left something behind");
    assert_eq!(git(&w.path("home"), &["status", "--porcelain"]), "");
    w.run(&["init", "home"])
        .assert()
        .success()
        .stdout(predicates::str::contains("is a factory home already"));
}
