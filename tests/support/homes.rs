//! Factory homes for tests: made by the real `init`, with Jest linked in and a wishlist of demo tools.
#![allow(dead_code)]

#[path = "tested.rs"]
pub mod tested;

use super::jest_home;
use dev_factory::adapters::clock::SystemClock;
use dev_factory::domain::command::{Command as Order, Verb};
use dev_factory::domain::state::StateDoc;
use dev_factory::factory::ports::clock::Clock;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub const TOOL: &str = "session-logger";

/// Settings with which all roles play compiled-in replies.
pub const SCRIPTED: &str = "\
[hosts.script]
kind = \"scripted\"
[roles.developer]
model = \"script/demo\"
[roles.qa]
model = \"script/demo\"
[roles.supervisor]
model = \"script/demo\"
";

/// The program under test, away from the user's files and from model servers of this machine.
pub fn program(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(tested::program());
    command
        .args(words)
        .current_dir(dir)
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env("XDG_STATE_HOME", dir.join("state"))
        // Which sandbox holds is found out once for all tests.
        .env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .env("OLLAMA_HOST", "127.0.0.1:1")
        .env("USER", "tester")
        // Turns and probes go to near hosts directly, whatever proxy is set.
        .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1")))
        .env_remove("DEV_FACTORY_HOME");
    command
}

/// A command that is refused each time, which is an answer too, and changes nothing.
pub fn refused(id: &str) -> Order {
    Order {
        id: id.to_owned(),
        verb: Verb::Unpark {
            item: "no-such-tool".to_owned(),
            reason: None,
            priority: None,
        },
        tool: None,
        phase: None,
        since: None,
        attempt: None,
        by: "operator:tester".to_owned(),
        at: SystemClock.now(),
    }
}

/// A home below `dir` whose wishlist holds these tools of the demo.
pub fn make(dir: &Path, tools: &[&str], settings: &str) -> PathBuf {
    let dir = dir.canonicalize().unwrap();
    let made = program(&dir, &["init", "home", "--yes", "--no-install"])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let home = dir.join("home");
    jest_home::link(&home);
    // Mutation testing takes as long as all other gates together; tests that are about it ask for it.
    let quiet = match settings.contains("[harness]") {
        true => "",
        false => "\n[harness]\nmutation = false\n",
    };
    let settings = format!("{settings}{quiet}");
    fs::write(home.join("dev-factory/factory.toml"), settings).unwrap();
    let wishlist = home.join("dev-factory/wishlist.json");
    let list: Value = serde_json::from_slice(&fs::read(&wishlist).unwrap()).unwrap();
    let named = |name: &str| {
        let all = list["items"].as_array().unwrap();
        let found = all.iter().find(|item| item["name"] == name).unwrap();
        json!({"idea": found["idea"], "name": name})
    };
    let items: Vec<Value> = tools.iter().map(|name| named(name)).collect();
    fs::write(&wishlist, format!("{:#}\n", json!({ "items": items }))).unwrap();
    home
}

pub fn git(home: &Path, words: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(home)
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn tags(home: &Path) -> Vec<String> {
    let said = git(home, &["tag", "--list", "--sort=v:refname"]);
    said.lines().map(str::to_owned).collect()
}

/// state.json, when it can be read now.
pub fn state(home: &Path) -> Option<StateDoc> {
    serde_json::from_slice(&fs::read(home.join("dev-factory/state.json")).ok()?).ok()
}

/// The reply of the demo for a label, the highest n repeating; a fresh start in fixing gets the files of coding.
pub fn reply(label: &str) -> Option<String> {
    // A chat that only shows that the model speaks, or how it counts.
    if label.starts_with("trial/") || label.contains("/count/") {
        return Some("yes".to_owned());
    }
    let coding = label.replacen("/fixing/file/", "/coding/file/", 1);
    said(label).or_else(|| said(&coding))
}

fn said(label: &str) -> Option<String> {
    let (stem, n) = label.rsplit_once('/')?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("dev-factory/demo")
        .join(stem);
    let n: u32 = n.parse().ok()?;
    (0..=n)
        .rev()
        .find_map(|n| fs::read_to_string(folder.join(format!("{n}.md"))).ok())
}

/// First replies below a folder of the demo: path (without the number) and text.
pub fn demo(folder: &str) -> Vec<(String, String)> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("dev-factory/demo")
        .join(folder);
    let mut found = Vec::new();
    let mut open = vec![base.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.ends_with("0.md") {
                let name = dir.strip_prefix(&base).unwrap().display().to_string();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found
}
