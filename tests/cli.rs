//! The real binary: init and its refusals, settings with places, verbs without an engine, missing programs, exit codes.

#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/terminal.rs"]
mod terminal;

// So that it begins among the first: everything else takes as long as it alone.
#[path = "cli/demo.rs"]
mod a_demo;
#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/child.rs"]
mod child;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/terminal.rs"]
mod on_a_terminal;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/upgrade.rs"]
mod upgrade;

use assert_cmd::Command;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;

/// A scratch folder with its own user settings.
struct World {
    dir: TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    /// The binary, away from the user's files and from model servers of this machine.
    fn run(&self, words: &[&str]) -> Command {
        let mut command = Command::cargo_bin("dev-factory").unwrap();
        command
            .args(words)
            .current_dir(self.dir.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            // Which sandbox holds is found out once for all tests.
            .env(
                "XDG_CACHE_HOME",
                concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
            )
            .env("OLLAMA_HOST", "127.0.0.1:1")
            .env("USER", "tester")
            .env_remove("DEV_FACTORY_HOME");
        command
    }
    /// A home without Jest.
    fn home(&self) -> PathBuf {
        let words = ["init", "home", "--yes", "--no-install"];
        self.run(&words).assert().success();
        self.path("home")
    }
    /// A PATH with only these programs of the machine.
    fn path_with(&self, names: &[&str]) -> PathBuf {
        let folder = self.path("bin");
        fs::create_dir_all(&folder).unwrap();
        for name in names {
            symlink(on_path(name), folder.join(name)).unwrap();
        }
        folder
    }
}

/// A program of this machine.
fn on_path(name: &str) -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap()
}

/// A program of our own.
fn script(file: &Path, text: &str) {
    fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(home: &Path, words: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .current_dir(home)
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn items(home: &Path) -> Vec<Value> {
    let text = fs::read_to_string(home.join("dev-factory/wishlist.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["items"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn init_makes_a_home_with_one_commit_on_main() {
    let w = World::new();
    let home = w.home();
    assert_eq!(git(&home, &["branch", "--show-current"]), "main");
    assert_eq!(git(&home, &["rev-list", "--count", "HEAD"]), "1");
    assert_eq!(git(&home, &["status", "--porcelain"]), "");
    let files = git(&home, &["ls-files"]);
    for file in [
        ".gitignore",
        "package.json",
        "package-lock.json",
        "jest.config.cjs",
        "souls/developer.md",
        "souls/qa.md",
        "souls/supervisor.md",
        "dev-factory/home.json",
        "dev-factory/factory.toml",
        "dev-factory/wishlist.json",
    ] {
        assert!(
            files.lines().any(|line| line == file),
            "{file} is not committed:\n{files}"
        );
    }
    let doc: Value =
        serde_json::from_str(&fs::read_to_string(home.join("dev-factory/home.json")).unwrap())
            .unwrap();
    assert_eq!(
        (doc["schema"].as_u64(), doc["start"].as_str()),
        (Some(1), Some("at-once"))
    );
    let lock = fs::read_to_string(home.join("package-lock.json")).unwrap();
    assert!(
        !lock.contains("\"resolved\""),
        "the lock file names a registry"
    );
    let names: Vec<String> = items(&home)
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "dns-uptime-monitor",
            "github-issue-digest",
            "cost-tracker",
            "session-logger",
            "model-usage-analyzer"
        ]
    );
    let leftovers: Vec<_> = fs::read_dir(w.dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(leftovers, ["home"], "something was left beside the home");
}

#[test]
fn init_says_in_json_what_it_did_a_line_a_step() {
    let w = World::new();
    let lines = |words: &[&str]| -> Vec<Value> {
        let out = w.run(words).assert().success();
        let text = String::from_utf8(out.get_output().stdout.clone()).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let words = [
        "--json",
        "init",
        "home",
        "--yes",
        "--no-install",
        "--host",
        "gpu=ollama:http://127.0.0.1:1",
    ];
    let said = lines(&words);
    let steps: Vec<&str> = said
        .iter()
        .map(|line| line["step"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["made", "jest", "next"]);
    assert_eq!(Path::new(said[0]["home"].as_str().unwrap()), w.path("home"));
    assert_eq!(said[1]["installed"], false);
    assert_eq!(said[2]["hosts"][0]["name"], "gpu");
    assert_eq!(said[2]["paused"], false);
    let again = lines(&words);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["step"], "there");
    assert_eq!(again[0]["there"]["settings"], "there");
}

#[test]
fn a_second_init_changes_nothing_and_says_what_is_there() {
    let w = World::new();
    let home = w.home();
    fs::write(home.join("souls/qa.md"), "mine").unwrap();
    fs::write(home.join("dev-factory/factory.toml"), "# mine\n").unwrap();
    for tool in ["begun", "given-up", "shipped-twice"] {
        fs::create_dir_all(home.join("tools").join(tool)).unwrap();
    }
    git(&home, &["tag", "shipped-twice@1.0.0"]);
    git(&home, &["tag", "shipped-twice@1.1.0"]);
    let again = w
        .run(&["init", "home", "--yes", "--no-install"])
        .assert()
        .success();
    again.stdout(
        contains("is a factory home already")
            .and(contains("souls"))
            .and(contains("3 files"))
            .and(contains("1 shipped")),
    );
    assert_eq!(
        fs::read_to_string(home.join("souls/qa.md")).unwrap(),
        "mine"
    );
    assert_eq!(
        fs::read_to_string(home.join("dev-factory/factory.toml")).unwrap(),
        "# mine\n"
    );
    assert_eq!(git(&home, &["rev-list", "--count", "HEAD"]), "1");
}

#[test]
fn what_is_not_empty_and_not_ours_is_refused() {
    let w = World::new();
    fs::create_dir_all(w.path("repo/.git")).unwrap();
    fs::create_dir_all(w.path("full")).unwrap();
    fs::write(w.path("full/notes.txt"), "x").unwrap();
    fs::write(w.path("file"), "x").unwrap();
    fs::create_dir_all(w.path("empty")).unwrap();
    let init = |name: &str| w.run(&["init", name, "--yes", "--no-install"]).assert();
    init("repo")
        .code(2)
        .stderr(contains("is a git repository of something else"));
    init("full")
        .code(2)
        .stderr(contains("is not empty and not a factory home"));
    init("file").code(2).stderr(contains("is not a folder"));
    init("file/below")
        .code(1)
        .stderr(contains("cannot").or(contains("Not a directory")));
    assert_eq!(fs::read_dir(w.path("full")).unwrap().count(), 1);
    init("empty").success();
}

#[test]
fn answers_are_flags_and_the_keys_place_goes_to_the_users_own_file() {
    let w = World::new();
    let words = [
        "init",
        "home",
        "--yes",
        "--no-install",
        "--host",
        "lab=openai:https://api.example.com/v1",
        "--developer",
        "lab/Qwen/Qwen3-14B",
        "--qa",
        "lab/small",
        "--supervisor",
        "lab/big",
        "--key-env",
        "LAB_KEY",
        "--day-limit",
        "3",
    ];
    w.run(&words)
        .env("LAB_KEY", "canary-key")
        .assert()
        .success()
        .stdout(contains("canary").not());
    let text = fs::read_to_string(w.path("home/dev-factory/factory.toml")).unwrap();
    assert!(!text.contains("LAB_KEY"), "{text}");
    let own = w.path("config/dev-factory/config.toml");
    assert!(
        fs::read_to_string(&own)
            .unwrap()
            .contains("env = \"LAB_KEY\"")
    );
    assert_eq!(
        fs::metadata(&own).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let config = w
        .run(&["--home", "home", "config"])
        .env("LAB_KEY", "canary-key")
        .assert()
        .success();
    config.stdout(
        contains("\"lab/Qwen/Qwen3-14B\"")
            .and(contains("= 3.0"))
            .and(contains("dev-factory/factory.toml:"))
            .and(contains("canary").not()),
    );
    w.run(&["--home", "home", "config"])
        .env_remove("LAB_KEY")
        .assert()
        .code(2)
        .stderr(contains("LAB_KEY is not set"));
}

#[test]
fn the_flags_of_the_guide_bring_the_key_to_its_vendor_alone() {
    let w = World::new();
    let page = include_str!("../docs/guide/first-hour.md");
    let (_, flags) = page.split_once("Add what you know:").unwrap();
    let (flags, _) = flags.split_once("Without a Supervisor").unwrap();
    let flags = flags.split('`').filter(|flag| flag.starts_with("--"));
    let words: Vec<&str> = ["init", "home", "--yes", "--no-install"]
        .into_iter()
        .chain(flags.flat_map(|flag| flag.split(' ')))
        .collect();
    assert!(words.contains(&"--key-file") && words.contains(&"--supervisor"));
    // A key in its usual variable as well brings in a vendor, and must not lead the other one astray.
    for set in [None, Some("canary-key")] {
        let mut init = w.run(&words);
        init.env_remove("ANTHROPIC_API_KEY");
        init.envs(set.map(|key| ("ANTHROPIC_API_KEY", key)));
        init.assert().success().stdout(
            contains("developer: gpu1/qwen3:14b\nqa: gpu1/qwen3:14b\n")
                .and(contains("supervisor: anthropic/claude-opus-5-5\n")),
        );
        let own = fs::read_to_string(w.path("config/dev-factory/config.toml")).unwrap();
        let key = "[keys.anthropic]\norigin = \"https://api.anthropic.com:443\"\nfile = \"~/.config/anthropic-key\"\n";
        assert_eq!(own, key);
        fs::remove_dir_all(w.path("home")).unwrap();
        fs::remove_dir_all(w.path("config")).unwrap();
    }
}

#[test]
fn init_names_the_model_of_each_role_or_says_that_there_is_none() {
    let w = World::new();
    let host = "lab=openai:https://api.example.com/v1";
    let words = ["init", "home", "--yes", "--no-install", "--host", host];
    let none = "no model yet, name one under [roles.developer] in dev-factory/factory.toml";
    w.run(&[&words[..], &["--qa", "lab/small"]].concat())
        .assert()
        .success()
        .stdout(
            contains(format!("developer: {none}\nqa: lab/small\n"))
                .and(contains("supervisor: you, finished tools wait for"))
                .and(contains("qwen3").not()),
        );
    // What the user's own file names is there, whatever was found or not.
    let own = w.path("config/dev-factory/config.toml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    let gpu = "[hosts.gpu1]\nkind = \"ollama\"\nurl = \"http://192.168.1.20:11434\"\n[roles.developer]\nmodel = \"gpu1/x\"\n";
    fs::write(own, gpu).unwrap();
    w.run(&["init", "other", "--yes", "--no-install"])
        .assert()
        .success()
        .stdout(contains("developer: gpu1/x\n").and(contains("no model server was found").not()));
}

#[test]
fn a_demo_is_not_changed_by_what_its_user_has_set_for_other_homes() {
    let w = World::new();
    let home = quiet_home(&w);
    let marker = home.join("dev-factory/home.json");
    let mut doc: Value = serde_json::from_slice(&fs::read(&marker).unwrap()).unwrap();
    let own = w.path("config/dev-factory/config.toml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    let paid = "[hosts.api]\nkind = \"anthropic\"\n[roles.developer]\nmodel = \"api/big\"\n";
    fs::write(own, paid).unwrap();
    let config = || {
        let mut config = w.run(&["--home", "home", "config"]);
        config.env("DEV_FACTORY_ROLES_QA_MODEL", "api/big");
        config.assert().success()
    };
    config().stdout(contains("\"api/big\"").and(contains("\"s/x\"").not()));
    doc["demo"] = true.into();
    fs::write(&marker, doc.to_string()).unwrap();
    config().stdout(contains("\"s/x\"").and(contains("api").not()));
}

#[test]
fn an_answer_that_makes_no_sense_leaves_nothing_behind() {
    let w = World::new();
    let words = [
        "init",
        "home",
        "--yes",
        "--no-install",
        "--host",
        "gpu1=ollama:http://h:11434",
        "--qa",
        "gpu2/x",
    ];
    w.run(&words)
        .assert()
        .code(2)
        .stderr(contains("no host is named gpu2"));
    assert!(!w.path("home").exists());
    assert_eq!(fs::read_dir(w.dir.path()).unwrap().count(), 0);
}

#[test]
fn missing_programs_are_named_with_the_fix_before_anything_is_done() {
    let w = World::new();
    let none = w.path_with(&[]);
    for words in [
        &["init", "home", "--yes"][..],
        &["demo", "--dir", "home"][..],
    ] {
        w.run(words)
            .env("PATH", &none)
            .assert()
            .code(1)
            .stderr(contains("git is not on PATH: install it"));
    }
    let only_git = w.path_with(&["git"]);
    for words in [
        &["init", "home", "--yes"][..],
        &["demo", "--dir", "home"][..],
    ] {
        w.run(words)
            .env("PATH", &only_git)
            .assert()
            .code(1)
            .stderr(contains("node is not on PATH: install Node.js 20"));
    }
    let fake = only_git.join("node");
    script(&fake, "echo v16.20.0");
    w.run(&["demo", "--dir", "home"])
        .env("PATH", &only_git)
        .assert()
        .code(1)
        .stderr(contains("node says v16.20.0"));
    script(&fake, "echo v22.1.0");
    w.run(&["demo", "--dir", "home"])
        .env("PATH", &only_git)
        .assert()
        .code(1)
        .stderr(contains("npm is not on PATH"));
    assert!(!w.path("home").exists());
}

#[test]
fn an_old_node_is_refused_before_a_turn_is_spent() {
    let w = World::new();
    let home = quiet_home(&w);
    let bin = w.path_with(&["git"]);
    script(&bin.join("node"), "echo v16.20.0");
    for words in [&["up"][..], &["--no-tui", "--until-idle"]] {
        w.run(&[&["--home", "home"], words].concat())
            .env("PATH", &bin)
            .assert()
            .code(1)
            .stderr(contains("node says v16.20.0: install Node.js 20"));
    }
    assert!(!home.join("dev-factory/journal.jsonl").exists());
    // A start waits for a new one only once.
    let new = "[ \"$1\" = --version ] || exit 1\necho asked >> asked\necho v22.1.0";
    script(&bin.join("node"), new);
    for _ in 0..2 {
        w.run(&["--home", "home", "--no-tui", "--until-idle"])
            .env("PATH", &bin)
            .env("XDG_CACHE_HOME", w.path("cache"))
            .assert()
            .code(0);
    }
    assert_eq!(fs::read_to_string(w.path("asked")).unwrap(), "asked\n");
}

#[test]
fn an_npm_that_fails_leaves_the_home_and_says_what_to_do() {
    let w = World::new();
    let bin = w.path_with(&["git", "node", "sh"]);
    let fail = "echo 'npm error code ENOTFOUND' >&2\nexit 1";
    script(&bin.join("npm"), fail);
    let init = || w.run(&["init", "home", "--yes"]).env("PATH", &bin).assert();
    init().code(1).stderr(
        contains("npm ci failed")
            .and(contains("code ENOTFOUND"))
            .and(contains("the next start tries again")),
    );
    assert!(w.path("home/dev-factory/home.json").is_file());
    // What says that it changes nothing does not call npm either.
    init().success().stdout(
        contains("is a factory home already")
            .and(contains("not installed"))
            .and(contains("npm ci")),
    );
}

#[test]
fn no_home_is_exit_2_with_the_way_out() {
    let w = World::new();
    for words in [
        &["status"][..],
        &["list"],
        &["add", "x"],
        &["up"],
        &["--no-tui"],
        &[],
    ] {
        w.run(words)
            .assert()
            .code(2)
            .stderr(contains("no factory here: dev-factory init DIR"));
    }
    w.run(&["--home", "nowhere", "status"])
        .assert()
        .code(2)
        .stderr(contains("no factory in nowhere (from --home)"));
    w.run(&["status"])
        .env("DEV_FACTORY_HOME", "gone")
        .assert()
        .code(2)
        .stderr(contains("from DEV_FACTORY_HOME"));
    w.run(&["config"])
        .assert()
        .success()
        .stdout(contains("limits.day_usd"));
}

#[test]
fn the_nearest_parent_is_the_home() {
    let w = World::new();
    let home = w.home();
    let below = home.join("tools/deep/down");
    fs::create_dir_all(&below).unwrap();
    w.run(&["list"])
        .current_dir(&below)
        .assert()
        .success()
        .stdout(contains("cost-tracker"));
    w.run(&["list"])
        .env("DEV_FACTORY_HOME", &home)
        .assert()
        .success();
}

#[test]
fn broken_settings_are_listed_with_lines_and_exit_2() {
    let w = World::new();
    let home = w.home();
    fs::write(
        home.join("dev-factory/factory.toml"),
        "[limits]\nday_usdd = 1\ntool_usd = \"x\"\n",
    )
    .unwrap();
    for words in [
        &["--home", "home", "config"][..],
        &["--home", "home", "--no-tui"],
        &["--home", "home", "up"],
    ] {
        let said = w.run(words).assert().code(2);
        said.stderr(
            contains(
                "factory.toml:2:1: limits.day_usdd is not a setting; did you mean limits.day_usd?",
            )
            .and(contains("factory.toml:3:12: limits.tool_usd")),
        );
    }
}

#[test]
fn usage_mistakes_are_exit_2() {
    let w = World::new();
    w.home();
    for words in [
        &["frobnicate"][..],
        &["add"],
        &["--set", "x"],
        &["budget", "factory", "shells", "3"],
    ] {
        w.run(&[&["--home", "home"], words].concat())
            .assert()
            .code(2);
    }
    w.run(&["--home", "home", "pause", "--until", "tomorrow"])
        .assert()
        .code(2)
        .stderr(contains("is no time"));
    w.run(&["--home", "home", "decide", "shipp"])
        .assert()
        .code(2)
        .stderr(contains("holds no decision"));
    w.run(&["--home", "home", "--set", "limits=3", "config"])
        .assert()
        .code(2)
        .stderr(contains("limits is not a setting"));
    // The folder of a demo is its own to choose, and has a flag of its own.
    w.run(&["--home", "home", "demo"])
        .assert()
        .code(2)
        .stderr(contains("name its folder with --dir"));
}

#[test]
fn giving_up_walls_takes_a_second_flag_where_nobody_can_be_asked() {
    let w = World::new();
    let home = w.home();
    for words in [
        &["--home", "home", "--no-tui", "--unsafe-no-sandbox"][..],
        &["--home", "home", "up", "--unsafe-no-sandbox"],
    ] {
        let refused = w.run(words).assert().code(78);
        refused.stderr(contains("--yes-i-accept"));
    }
    assert!(!home.join("dev-factory/journal.jsonl").exists());
}

#[test]
fn verbs_without_an_engine_take_effect_through_the_same_path() {
    let w = World::new();
    let home = w.home();
    w.run(&[
        "--home",
        "home",
        "add",
        "Count the words of a text",
        "--name",
        "word-counter",
        "--priority",
        "70",
    ])
    .assert()
    .success()
    .stdout(contains("word-counter"));
    assert!(
        items(&home)
            .iter()
            .any(|item| item["name"] == "word-counter" && item["priority"] == 70)
    );
    w.run(&["--home", "home", "list"])
        .assert()
        .success()
        .stdout(contains("word-counter"));
    w.run(&["--home", "home", "pause", "--reason", "holiday"])
        .assert()
        .success();
    w.run(&["--home", "home", "status"])
        .assert()
        .code(4)
        .stdout(contains("holiday"));
    let refused = w
        .run(&["--home", "home", "escalate", "no reason"])
        .assert()
        .code(1);
    refused.stderr(contains("refused: "));
    w.run(&["--home", "home", "retry"])
        .assert()
        .code(1)
        .stderr(contains("nothing runs here"));
    let journal = fs::read_to_string(home.join("dev-factory/journal.jsonl")).unwrap();
    assert!(
        journal.contains("operator:tester"),
        "who asked is not journaled"
    );
    let json = w
        .run(&["--home", "home", "--json", "resume"])
        .assert()
        .success();
    let answer: Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(answer["accepted"], true);
}

#[test]
fn a_home_that_cannot_be_written_is_one_sentence() {
    let w = World::new();
    let home = w.home();
    fs::remove_dir_all(home.join("dev-factory/commands")).ok();
    fs::write(home.join("dev-factory/commands"), "in the way").unwrap();
    let said = w.run(&["--home", "home", "add", "x"]).assert().code(1);
    let text = String::from_utf8(said.get_output().stderr.clone()).unwrap();
    assert!(
        text.contains("dev-factory/commands") && text.trim().lines().count() == 1,
        "{text}"
    );
    assert_eq!(items(&home).len(), 5);
}

#[test]
fn a_broken_wishlist_names_line_and_column() {
    let w = World::new();
    let home = w.home();
    fs::write(
        home.join("dev-factory/wishlist.json"),
        "{\"items\": [\n  {\"idea\": 3}\n]}\n",
    )
    .unwrap();
    w.run(&["--home", "home", "list"])
        .assert()
        .code(1)
        .stderr("dev-factory/wishlist.json, line 2 column 12: invalid type: integer `3`, expected a string; correct it there; the engine keeps to the last good list until then\n");
}

#[test]
fn completions_name_the_verbs() {
    let w = World::new();
    for shell in ["bash", "zsh", "fish"] {
        w.run(&["completions", shell])
            .assert()
            .success()
            .stdout(contains("not-stuck").and(contains("prioritise")));
    }
    w.run(&["completions", "tcsh"]).assert().code(2);
}

#[test]
fn a_closed_standard_output_is_no_failure() {
    let w = World::new();
    w.home();
    for words in [
        &["--home", "home", "list"][..],
        &["completions", "bash"],
        &["--home", "home", "config"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("dev-factory"));
        let output = command
            .args(words)
            .current_dir(w.dir.path())
            .env("XDG_CONFIG_HOME", w.path("config"))
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_without_room_is_one_sentence() {
    let w = World::new();
    w.home();
    for words in [&["--home", "home", "list"][..], &["completions", "bash"]] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("dev-factory"));
        let output = command
            .args(words)
            .current_dir(w.dir.path())
            .env("XDG_CONFIG_HOME", w.path("config"))
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        let sentence = "standard output: no space left; free some and try again\n";
        assert_eq!(said, sentence, "{words:?}");
    }
}

#[test]
fn status_of_a_home_nobody_has_run_is_calm() {
    let w = World::new();
    w.home();
    w.run(&["--home", "home", "status"])
        .assert()
        .success()
        .stdout(contains("none has run here yet"));
    w.run(&["--home", "home", "status", "--line"])
        .assert()
        .success()
        .stdout("no engine idle -\n");
    let json = w
        .run(&["--home", "home", "status", "--json"])
        .assert()
        .success();
    let doc: Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(doc["engine"], "none");
    let keys = |doc: &Value| -> Vec<String> { doc.as_object().unwrap().keys().cloned().collect() };
    w.run(&["--home", "home", "pause"]).assert().success();
    let later = status_of_home(&w);
    assert_eq!(keys(&doc), keys(&later));
    // The path in the guide leads to what it says.
    let page = include_str!("../docs/guide/needs-you.md");
    let line = page.lines().find(|line| line.contains("status --json"));
    let (_, told) = line.unwrap().split_once(": .").unwrap();
    let (path, fields) = told.split_once("[] with ").unwrap();
    let needs = later.pointer(&format!("/{}", path.replace('.', "/")));
    let needs = needs.unwrap().as_array().unwrap();
    assert_eq!(needs.len(), 1);
    for field in fields
        .split([',', ' '])
        .filter(|word| !matches!(*word, "" | "and"))
    {
        assert!(needs[0][field] != Value::Null, "{field}: {}", needs[0]);
    }
}

/// `status --json` of the home, whatever its exit code.
fn status_of_home(w: &World) -> Value {
    let output = w.run(&["--home", "home", "--json", "status"]).output();
    serde_json::from_slice(&output.unwrap().stdout).unwrap()
}

#[test]
fn an_engine_that_is_gone_with_work_to_do_needs_a_person() {
    let w = World::new();
    let home = quiet_home(&w);
    let status = |words: &[&str]| {
        w.run(&[&["--home", "home", "status"], words].concat())
            .assert()
    };
    w.run(&["--home", "home", "--no-tui", "--until-idle"])
        .assert()
        .code(0);
    status(&[]).success().stdout(contains("NO ENGINE"));
    // Killed while an idea waited: its last snapshot says so.
    let file = home.join("dev-factory/run/snapshot.json");
    let mut snapshot: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let item = |name: &str, status: &str| serde_json::json!({"idea": "x", "name": name, "priority": 0, "status": status, "addedAt": snapshot["at"]});
    let queue = serde_json::json!([item("a", "wanted"), item("b", "needs-human")]);
    snapshot["queue"] = queue;
    snapshot["totals"]["shipped"] = 2.into();
    snapshot["totals"]["dropped_after_pick"] = 1.into();
    fs::write(&file, snapshot.to_string()).unwrap();
    status(&[])
        .code(4)
        .stdout(contains("50 % of what was begun"));
    status(&["--line"])
        .code(4)
        .stdout(contains("NO ENGINE idle"));
    // Cut off in the middle of a tool, with half a snapshot left.
    let whole = fs::read(&file).unwrap();
    let state = home.join("dev-factory/state.json");
    let calm = fs::read_to_string(&state).unwrap();
    let mut cut: Value = serde_json::from_str(&calm).unwrap();
    (cut["phase"], cut["currentTool"]) = ("coding".into(), "a".into());
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    fs::write(&state, cut.to_string()).unwrap();
    status(&[])
        .code(4)
        .stdout(contains("NO ENGINE, and its last word is lost"));
    status(&["--line"]).code(4).stdout("no engine coding a\n");
    let lost = status_of_home(&w);
    assert_eq!(
        (&lost["phase"], &lost["tool"]),
        (&"coding".into(), &"a".into())
    );
    fs::write(&file, &whole).unwrap();
    fs::write(&state, calm).unwrap();
    // All figures come from there: a year of journal is not read for them.
    assert_eq!(status_of_home(&w)["successRate"], 0.5);
    // Whoever stops it knows that nothing goes on.
    w.run(&["--home", "home", "down"]).assert().success();
    status(&[]).success().stdout(contains("STOPPED"));
    fs::remove_file(file).unwrap();
    status(&[]).success().stdout(contains("STOPPED by tester"));
}

/// A home with nothing to build whose roles play compiled-in replies, and that looks as if Jest were installed.
fn quiet_home(w: &World) -> PathBuf {
    let home = w.home();
    let script = "[hosts.s]\nkind = \"scripted\"\n[roles.developer]\nmodel = \"s/x\"\n[roles.qa]\nmodel = \"s/x\"\n";
    fs::write(home.join("dev-factory/factory.toml"), script).unwrap();
    fs::write(home.join("dev-factory/wishlist.json"), "{\"items\": []}\n").unwrap();
    fs::create_dir_all(home.join("node_modules/jest/bin")).unwrap();
    fs::write(home.join("node_modules/jest/bin/jest.js"), "").unwrap();
    fs::write(home.join("node_modules/.package-lock.json"), "{}").unwrap();
    home
}

/// Waits until something holds, for at most ten minutes.
fn eventually(holds: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed().as_secs() < 600, "it never came about");
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
}

/// Ends the engine whatever a test did.
struct Down<'a>(&'a World);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        let _ = self.0.run(&["--home", "home", "down", "--now"]).output();
    }
}

#[test]
fn one_engine_a_home_from_up_to_down() {
    let w = World::new();
    quiet_home(&w);
    let _down = Down(&w);
    w.run(&["--home", "home", "up"])
        .assert()
        .success()
        .stdout(contains("running: process "));
    w.run(&["--home", "home", "up"])
        .assert()
        .success()
        .stdout(contains("already running"));
    let json = w
        .run(&["--home", "home", "--json", "up"])
        .assert()
        .success();
    let json: Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(json["accepted"], true);
    w.run(&["--home", "home", "--no-tui"])
        .assert()
        .code(3)
        .stderr(contains("another engine holds this home: process"));
    w.run(&["--home", "home", "status"])
        .assert()
        .success()
        .stdout(contains("running, process"));
    w.run(&["--home", "home", "pause"]).assert().success();
    // run/ is written beside the answer, not before it.
    eventually(|| {
        let output = w
            .run(&["--home", "home", "status", "--line"])
            .output()
            .unwrap();
        output.status.code() == Some(4) && output.stdout.starts_with(b"PAUSED idle")
    });
    w.run(&["--home", "home", "status"])
        .assert()
        .stdout(contains("by tester: ").and(contains("operator:").not()));
    w.run(&["--home", "home", "resume"]).assert().success();
    w.run(&["--home", "home", "hint", "x"])
        .assert()
        .code(1)
        .stderr(contains("refused: "));
    w.run(&["--home", "home", "restart"]).assert().success();
    w.run(&["--home", "home", "down", "--reason", "enough"])
        .assert()
        .success()
        .stdout(contains("the engine has ended"));
    w.run(&["--home", "home", "status"])
        .assert()
        .stdout(contains("STOPPED by tester").and(contains("enough")))
        .stdout(contains("stopped by tester: enough").and(contains("operator:").not()));
    w.run(&["--home", "home", "logs"])
        .assert()
        .success()
        .stdout(contains("engine 0.1.0 started"));
}

#[test]
fn logs_show_as_many_lines_as_are_asked_for_and_follow_until_ctrl_c() {
    let w = World::new();
    quiet_home(&w);
    let until_idle = || {
        let words = ["--home", "home", "--no-tui", "--until-idle"];
        w.run(&words).assert().code(0);
    };
    until_idle();
    let logs = |words: &[&str]| {
        let output = w
            .run(&[&["--home", "home", "logs"], words].concat())
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let (all, last) = (logs(&[]), logs(&["-n", "1"]));
    assert!(
        all.lines().count() > 1 && last.lines().count() == 1,
        "{all}"
    );
    assert!(all.ends_with(&last), "{last}");
    let shown = w.path("followed");
    let program = assert_cmd::cargo::cargo_bin("dev-factory");
    let mut follows = Ended(
        std::process::Command::new(program)
            .args(["--home", "home", "logs", "-f", "-n", "1"])
            .current_dir(w.dir.path())
            .stdout(fs::File::create(&shown).unwrap())
            .spawn()
            .unwrap(),
    );
    let said = || fs::read_to_string(&shown).unwrap();
    eventually(|| said() == last);
    until_idle();
    eventually(|| said().contains("started"));
    let id = rustix::process::Pid::from_child(&follows.0);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(follows.0.wait().unwrap().code(), Some(130));
    assert!(said().starts_with(&last), "{}", said());
}

#[test]
fn until_idle_ends_with_0_when_nothing_is_left_and_4_when_paused() {
    let w = World::new();
    quiet_home(&w);
    let until_idle = ["--home", "home", "--no-tui", "--until-idle"];
    w.run(&until_idle)
        .assert()
        .code(0)
        .stdout(contains("0 shipped"));
    w.run(&["--home", "home", "pause"]).assert().success();
    w.run(&["--home", "home", "add", "An idea"])
        .assert()
        .success();
    w.run(&until_idle)
        .assert()
        .code(4)
        .stdout(contains("needs you: "));
    let json = w
        .run(&["--home", "home", "--json", "--no-tui", "--until-idle"])
        .assert()
        .code(4);
    for line in String::from_utf8(json.get_output().stdout.clone())
        .unwrap()
        .lines()
    {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn a_clone_of_a_home_keeps_its_ideas_and_knows_what_has_shipped() {
    let w = World::new();
    let home = quiet_home(&w);
    let wishes = r#"{"items": [
        {"idea": "Count the words of a text", "priority": 7, "name": "count-words", "owner": "me"},
        {"idea": "Sort the lines of a text", "priority": 3}
    ]}"#;
    fs::write(home.join("dev-factory/wishlist.json"), wishes).unwrap();
    git(&home, &["tag", "-a", "-m", "shipped", "count-words@1.2.0"]);
    w.run(&["--home", "home", "pause"]).assert().success();
    let told = |item: &Value| {
        let words = ["idea", "priority", "name", "status", "owner"];
        words.map(|key| item[key].clone())
    };
    let found: Vec<_> = items(&home).iter().map(told).collect();
    let expected = serde_json::json!([
        [
            "Count the words of a text",
            7,
            "count-words",
            "shipped",
            "me"
        ],
        [
            "Sort the lines of a text",
            3,
            "sort-lines-text",
            "wanted",
            null
        ]
    ]);
    assert_eq!(serde_json::to_value(found).unwrap(), expected);
}

#[test]
fn down_without_an_engine_says_that_it_stays_stopped_and_it_does() {
    let w = World::new();
    quiet_home(&w);
    let _down = Down(&w);
    w.run(&["--home", "home", "stop", "--reason", "away"])
        .assert()
        .success()
        .stdout("no engine runs; it stays stopped until dev-factory up\n");
    w.run(&["--home", "home", "status"])
        .assert()
        .stdout(contains("STOPPED by tester").and(contains("away")));
    w.run(&["--home", "home", "up"]).assert().success();
    w.run(&["--home", "home", "status"])
        .assert()
        .stdout(contains("running, process").and(contains("STOPPED").not()));
}

#[test]
fn probe_refuses_unknown_hosts_and_says_what_each_host_says() {
    let w = World::new();
    let home = quiet_home(&w);
    let probe = |words: &[&str]| {
        w.run(&[&["--home", "home", "probe"], words].concat())
            .assert()
    };
    let unknown = "no host is named gpu7 in the settings: there are s\n";
    probe(&["gpu7"]).code(1).stderr(contains(unknown));
    probe(&["s"])
        .success()
        .stdout(contains("s/x  ok  scripted replies, no model"));
    let settings = home.join("dev-factory/factory.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let away = "[hosts.gpu1]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:1\"\n";
    fs::write(&settings, format!("{text}{away}")).unwrap();
    probe(&["gpu1"]).code(1).stdout(contains("gpu1  away  "));
    probe(&[])
        .code(1)
        .stdout(contains("s/x").and(contains("gpu1")));
    let said = probe(&["s", "--json"]).success();
    let hosts: Value = serde_json::from_slice(&said.get_output().stdout).unwrap();
    assert_eq!(hosts[0]["live"], true);
    let _down = Down(&w);
    w.run(&["--home", "home", "up"]).assert().success();
    probe(&["gpu7"])
        .code(1)
        .stderr(contains("no host is named gpu7"));
    probe(&["s"])
        .success()
        .stdout(contains("host s is tried now"));
}

#[test]
fn only_what_waits_can_be_snoozed() {
    let w = World::new();
    quiet_home(&w);
    w.run(&["--home", "home", "pause"]).assert().success();
    let snooze = |need: &str| w.run(&["--home", "home", "snooze", need, "2h"]).assert();
    snooze("pause:pause-7")
        .code(1)
        .stderr("refused: nothing called pause:pause-7 waits for you: there are pause:pause-1\n");
    let status = || w.run(&["--home", "home", "status"]).assert();
    let since = "[pause:pause-1] since 20";
    status()
        .code(4)
        .stdout(contains("needs you: paused by").and(contains(since)));
    snooze("pause:pause-1").success();
    status()
        .success()
        .stdout(contains("needs you").not())
        .stdout(contains("quiet until 20").and(contains(since)));
}

#[test]
fn proxy_variables_do_not_apply_to_near_hosts() {
    let w = World::new();
    let home = quiet_home(&w);
    let server = model_server::ModelServer::serving(|_| String::new());
    let gpu = format!(
        "[roles.developer]\nmodel = \"gpu/test\"\n[roles.qa]\nmodel = \"gpu/test\"\n[hosts.gpu]\nkind = \"ollama\"\nurl = \"{}\"\n",
        server.url()
    );
    fs::write(home.join("dev-factory/factory.toml"), gpu).unwrap();
    let mut probe = w.run(&["--home", "home", "probe", "gpu"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        probe.env(name, model_server::closed_url());
    }
    probe.assert().success().stdout(contains("gpu/test  ok"));
    assert!(!server.requests().is_empty());
}

/// Ends a process whatever a test did.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A user that root may be for a test: root itself reads and writes everything.
const NOBODY: u32 = 65534;

/// A program as a user without rights when the tests run as root.
fn as_a_user(program: &Path) -> std::process::Command {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(program);
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Gives a folder and all in it to nobody.
fn give(folder: &Path) {
    let owner = format!("{NOBODY}:{NOBODY}");
    let mut chown = std::process::Command::new("chown");
    let given = chown.arg("-R").arg(owner).arg(folder).status();
    assert!(given.unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn other_processes_of_the_user_cannot_read_the_engines_environment() {
    let w = World::new();
    let home = quiet_home(&w);
    // The program where any user may run and read it: one that may not be read is hidden by the kernel anyway.
    let program = w.path("dev-factory");
    fs::copy(assert_cmd::cargo::cargo_bin("dev-factory"), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    if rustix::process::getuid().is_root() {
        give(w.dir.path());
    }
    let engine = as_a_user(&program)
        .args(["--no-tui", "--home"])
        .arg(&home)
        .current_dir(w.dir.path())
        .env("HOME", w.dir.path())
        .env("XDG_CONFIG_HOME", w.path("config"))
        .env("OLLAMA_HOST", "127.0.0.1:1")
        .env("LAB_KEY", "canary-key")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let engine = Ended(engine);
    eventually(|| home.join("dev-factory/run/snapshot.json").is_file());
    let control = as_a_user(Path::new("/bin/cat"))
        .env("LAB_KEY", "canary-key")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let control = Ended(control);
    let reads = |id: u32| {
        let file = format!("/proc/{id}/environ");
        let mut cat = as_a_user(Path::new("/bin/cat"));
        let output = cat.arg(file).output().unwrap();
        String::from_utf8_lossy(&output.stdout).contains("canary-key")
    };
    eventually(|| reads(control.0.id()));
    assert!(!reads(engine.0.id()), "the key can be read");
    let limits = fs::read_to_string(format!("/proc/{}/limits", engine.0.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core"));
    let figures: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(figures, ["0", "0"], "it may leave a core file");
}
