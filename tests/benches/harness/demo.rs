//! The real demo: how its time is shared between replies, test runs and all that is neither.

use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};

/// Runs the demo in a scratch folder and reads its journal.
pub fn show() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("demo");
    let ended = Command::new(env!("CARGO_BIN_EXE_dev-factory"))
        .args(["demo", "--no-tui", "--dir"])
        .arg(&home)
        .env("XDG_CONFIG_HOME", dir.path().join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(ended.success(), "the demo ended with {ended}");
    let text = fs::read_to_string(home.join("dev-factory/journal.jsonl")).unwrap();
    let events = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let shares = Shares::of(&events.collect::<Vec<Value>>());
    let each = |total: f64, count: f64| total / count.max(1.0);
    println!("the demo: {} turns, {} cycles", shares.turns, shares.runs);
    println!(
        "  replies          {:>10.1} ms a turn",
        each(shares.replies, shares.turns)
    );
    println!(
        "  tests after edits{:>10.1} ms a turn",
        each(shares.tests, shares.turns)
    );
    println!(
        "  gates            {:>10.1} ms a cycle",
        each(shares.gates, shares.runs)
    );
    println!(
        "  all the rest     {:>10.1} ms a turn: harness, journal, git, cases on the stub",
        each(shares.rest(), shares.turns)
    );
}

/// Milliseconds.
#[derive(Default)]
struct Shares {
    turns: f64,
    runs: f64,
    replies: f64,
    tests: f64,
    gates: f64,
    whole: f64,
}

impl Shares {
    fn of(events: &[Value]) -> Self {
        let mut shares = Self::default();
        let time = |event: &Value| {
            let text = event["ts"].as_str().unwrap();
            chrono::DateTime::parse_from_rfc3339(text).unwrap()
        };
        let mut begun = None;
        for event in events {
            let millis = event["data"]["millis"].as_f64().unwrap_or(0.0);
            match event["kind"].as_str().unwrap() {
                "turn" => {
                    shares.turns += 1.0;
                    shares.replies += millis;
                }
                "tried" => shares.tests += millis,
                "run" => {
                    shares.runs += 1.0;
                    shares.gates += millis;
                }
                "move" if event["data"]["outcome"] == "picked" => begun = Some(time(event)),
                "move" if event["data"]["outcome"] == "ship" => {
                    let from = begun.take().unwrap();
                    let took = time(event).signed_duration_since(from);
                    shares.whole += took.num_milliseconds() as f64;
                }
                _ => {}
            }
        }
        shares
    }

    fn rest(&self) -> f64 {
        self.whole - self.replies - self.tests - self.gates
    }
}
