//! Telling people by the real program: a command, an ntfy topic and a webhook, tried by `notify --test` and used by an
//! engine that is killed while a message is on its way.

use super::model_server::{Answer, Gate, ModelServer, Request, Step};
use super::{homes, wait};
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

const SECRET: &str = "tk-canary-0123456789";

struct World {
    dir: TempDir,
    home: PathBuf,
}

impl World {
    fn new(targets: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], homes::SCRIPTED);
        let config = dir.path().join("config/dev-factory/config.toml");
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        fs::write(config, targets).unwrap();
        Self { dir, home }
    }

    fn run(&self, words: &[&str]) -> Output {
        homes::program(self.dir.path(), words)
            .current_dir(&self.home)
            .env("PHONE_TOKEN", SECRET)
            .output()
            .unwrap()
    }

    fn engine(&self) -> Engine {
        let log = File::create(self.dir.path().join("log")).unwrap();
        let child = homes::program(self.dir.path(), &["--no-tui"])
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Engine(child)
    }

    fn record(&self) -> Value {
        let text = fs::read(self.home.join("dev-factory/run/told.json")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn told(&self, id: &str, target: &str) -> bool {
        self.record()["entries"][id]["told"][target].is_string()
    }
}

struct Engine(Child);

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn hooks(path: &Path, server: &ModelServer) -> String {
    let url = server.url();
    format!(
        "[keys.phone]\norigin = \"{url}\"\nenv = \"PHONE_TOKEN\"\n[notify.phone]\nntfy = \"{url}/a-topic\"\nkey = \"phone\"\n[notify.chat]\nwebhook = \"{url}/hook/canary-address\"\n[notify.desk]\ncommand = \"cat > {0}; env > {0}.env\"\n",
        path.display()
    )
}

#[test]
fn a_test_says_for_each_target_what_happened() {
    let server = ModelServer::answering(|request: &Request| match request.path.as_str() {
        "/" => Answer::status(200, "{}"),
        _ => Answer::status(500, "{\"error\": \"hook/canary-address is broken\"}"),
    });
    let w = World::new("");
    let file = w.dir.path().join("event");
    fs::write(
        w.dir.path().join("config/dev-factory/config.toml"),
        hooks(&file, &server),
    )
    .unwrap();
    let output = w.run(&["notify", "--test"]);
    let words = said(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    let line = |name: &str| {
        words
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
    };
    assert!(line("desk").contains("command  told in "), "{words}");
    assert!(line("phone").contains("ntfy     told in "), "{words}");
    assert!(
        line("chat").contains("webhook  FAILED: ") && line("chat").contains("answers 500"),
        "{words}"
    );
    assert!(!words.contains("canary"), "{words}");
    let event: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        (&event["schema"], &event["id"]),
        (&1.into(), &"test".into())
    );
    assert_eq!(event["home"], w.home.to_str().unwrap());
    let env = fs::read_to_string(file.with_extension("env")).unwrap();
    assert!(
        env.contains("PATH=") && !env.contains("canary") && !env.contains("PHONE_TOKEN"),
        "{env}"
    );
    let requests = server.requests();
    let phone = requests.iter().find(|request| request.path == "/").unwrap();
    assert_eq!(
        phone.header("authorization"),
        Some(format!("Bearer {SECRET}").as_str())
    );
    assert_eq!(phone.json()["topic"], "a-topic");
    let chat = requests.iter().find(|request| request.path != "/").unwrap();
    assert_eq!(chat.header("authorization"), None, "the key is not its own");
    assert_eq!(chat.json()["severity"], "needs-you");

    assert_eq!(w.run(&["notify", "--test", "phone"]).status.code(), Some(0));
    let output = w.run(&["notify", "--test", "mail"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("no target is named mail"),
        "{}",
        said(&output)
    );
    assert!(
        said(&output).contains("there are chat, desk, phone"),
        "{}",
        said(&output)
    );
    let shown = said(&w.run(&["config"]));
    assert!(
        !shown.contains("canary") && !shown.contains("a-topic"),
        "{shown}"
    );
    fs::write(w.dir.path().join("config/dev-factory/config.toml"), "").unwrap();
    let output = w.run(&["notify", "--test"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("nobody is told anything"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_message_cut_off_by_a_kill_is_told_after_the_next_start_and_one_that_arrived_is_not() {
    let gate = Gate::default();
    let held = gate.clone();
    let server = ModelServer::answering(move |request: &Request| match request.path.as_str() {
        "/held" => Answer::steps(vec![
            Step::Wait(held.clone()),
            Step::Bytes(Vec::new()),
            Step::Close,
        ]),
        _ => Answer::status(204, ""),
    });
    let url = server.url();
    let w = World::new(&format!(
        "[notify.first]\nwebhook = \"{url}/open\"\n[notify.second]\nwebhook = \"{url}/held\"\n"
    ));
    assert!(
        w.run(&["add", "a tool that counts words", "--name", "word-counter"])
            .status
            .success()
    );
    assert!(
        w.run(&["park", "word-counter", "--reason", "look"])
            .status
            .success()
    );
    let id = "park:word-counter";
    let to = |path: &str| {
        server
            .requests()
            .iter()
            .filter(|request| request.path == path)
            .count()
    };
    let mut engine = w.engine();
    wait("both are on their way", || {
        to("/open") == 1 && to("/held") == 1
    });
    wait("the first has arrived", || w.told(id, "first"));
    engine.0.kill().unwrap();
    engine.0.wait().unwrap();
    assert!(!w.told(id, "second"));
    let _engine = w.engine();
    wait("the second is told again", || to("/held") == 2);
    let event = server
        .requests()
        .iter()
        .rfind(|r| r.path == "/held")
        .unwrap()
        .json();
    assert_eq!(event["id"], id);
    assert_eq!(event["tool"], "word-counter");
    // The engine answers, so it has looked at both targets.
    assert!(w.run(&["prioritise", "word-counter", "3"]).status.success());
    assert_eq!(to("/open"), 1);
    gate.open();
}

#[test]
fn a_target_that_is_away_is_a_finding_that_heals() {
    let status = Arc::new(AtomicU16::new(503));
    let now = status.clone();
    let server =
        ModelServer::answering(move |_: &Request| Answer::status(now.load(Ordering::SeqCst), "{}"));
    let w = World::new(&format!(
        "[notify.chat]\nwebhook = \"{}/hook\"\n",
        server.url()
    ));
    assert!(
        w.run(&["add", "a tool that counts words", "--name", "word-counter"])
            .status
            .success()
    );
    assert!(
        w.run(&["park", "word-counter", "--reason", "look"])
            .status
            .success()
    );
    let _engine = w.engine();
    let status_says = |words: &str| said(&w.run(&["status"])).contains(words);
    wait("the finding", || {
        status_says("chat cannot be told anything, tried again by itself")
    });
    assert!(status_says("dev-factory notify --test chat"));
    status.store(200, Ordering::SeqCst);
    // Not half a minute later, but now: the record says when, and a test may say so too.
    let path = w.home.join("dev-factory/run/told.json");
    let mut record = w.record();
    assert_eq!(record["targets"]["chat"]["failures"], 1);
    drop(_engine);
    record["targets"]["chat"]["again"] = "2026-01-01T00:00:00Z".into();
    fs::write(&path, record.to_string()).unwrap();
    let _engine = w.engine();
    wait("it is told", || w.told("park:word-counter", "chat"));
    wait("the finding is gone", || {
        !status_says("chat cannot be told")
    });
}
