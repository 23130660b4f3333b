//! `demo --trouble` with everything real but the models: what happens by itself, what waits, and the answers by keys.

use super::demo_home;
use super::pty::{Ends, Pty};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// Both tools are built, through a host that goes away and a line of work that gets stuck.
const BUILT: Duration = Duration::from_secs(300);
/// One more trip through the gates.
const TRIP: Duration = Duration::from_secs(120);

fn program(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dev-factory"))
        .args(words)
        .current_dir(dir)
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .env_remove("DEV_FACTORY_HOME")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tags(home: &Path) -> String {
    let git = Command::new("git").args(["tag"]).current_dir(home).output();
    String::from_utf8(git.unwrap().stdout).unwrap()
}

fn journal(home: &Path) -> String {
    std::fs::read_to_string(home.join("dev-factory/journal.jsonl")).unwrap()
}

#[test]
fn without_screens_it_names_what_waits_and_ends_well_once_all_is_answered() {
    let world = tempfile::tempdir().unwrap();
    let dir = world.path();
    let home = demo_home::make(dir, "practice", &["--trouble"]);
    let demo = ["demo", "--trouble", "--dir", "practice", "--no-tui"];
    let first = program(dir, &demo);
    let text = said(&first);
    assert_eq!(first.status.code(), Some(4), "{text}{first:?}");
    for words in [
        "[review:session-logger]",
        "[review:sum-lines]",
        "[host:supervisor]",
        "dev-factory decide ship session-logger",
        "dev-factory decide hint sum-lines --text \"...\"",
        "echo open-sesame > ",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    let kept = journal(&home);
    assert!(kept.contains("\"kind\":\"stuck\""), "a rule fired");
    assert!(kept.contains("flaky"), "a test was flaky");
    assert!(
        kept.contains("gpu broke its reply off"),
        "the box went away"
    );
    // Its servers listened here alone, and ended with it.
    let settings = std::fs::read_to_string(home.join("dev-factory/factory.toml")).unwrap();
    let urls = settings.lines().filter(|line| line.starts_with("url"));
    let ports: Vec<u16> = urls
        .map(|line| {
            let (_, rest) = line.split_once("http://127.0.0.1:").expect(line);
            rest.split('/').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(ports.len(), 2, "{settings}");
    for port in ports {
        let there = std::net::TcpStream::connect(("127.0.0.1", port));
        assert!(there.is_err(), "port {port} is still open");
    }
    let answer = |words: &[&str]| {
        let all: Vec<&str> = ["--home", "practice"]
            .iter()
            .chain(words)
            .copied()
            .collect();
        let output = program(dir, &all);
        assert!(output.status.success(), "{words:?} {output:?}");
    };
    answer(&["decide", "ship", "session-logger"]);
    answer(&[
        "decide",
        "hint",
        "sum-lines",
        "--text",
        "a minus sign is allowed",
    ]);
    std::fs::write(home.join("dev-factory/cloud.key"), "open-sesame\n").unwrap();
    let second = program(dir, &demo);
    assert_eq!(second.status.code(), Some(0), "{}{second:?}", said(&second));
    assert_eq!(tags(&home), "session-logger@1.0.0\nsum-lines@1.0.0\n");
}

#[test]
fn the_card_is_answered_by_keys_and_the_tools_are_shipped() {
    let world = tempfile::tempdir().unwrap();
    let home = demo_home::make(world.path(), "practice", &["--trouble"]);
    let mut pty = Pty::run(
        world.path(),
        &["demo", "--trouble", "--dir", "practice"],
        &[],
    );
    let _ends = Ends(&home);
    pty.within(BUILT, "what waits", |shown| {
        shown.text().contains("NEEDS YOU 3")
    });
    pty.press("!");
    pty.shows("Supervisor cannot review");
    pty.shows("put a working key into");
    // Give the verdict yourself, after a look at the question.
    pty.press("3");
    pty.shows("ship session-logger?");
    pty.press("y");
    pty.within(TRIP, "a shipped tool", |_| {
        tags(&home).contains("session-logger@1.0.0")
    });
    pty.press("q!!");
    pty.within(TRIP, "the stuck tool's card", |shown| {
        shown.text().contains("sum-lines is stuck")
    });
    pty.press("1");
    pty.shows("hint sum-lines");
    pty.press("a minus sign is allowed\r");
    pty.shows("[ No ]");
    pty.press("y");
    pty.within(TRIP, "a green tool on the shelf", |shown| {
        shown.text().contains("It is answered")
            || shown.text().contains("sum-lines waits for a verdict")
    });
    std::fs::write(home.join("dev-factory/cloud.key"), "open-sesame\n").unwrap();
    pty.within(TRIP, "the second shipped tool", |_| {
        tags(&home).contains("sum-lines@1.0.0")
    });
    let (code, text) = pty.ended();
    assert_eq!(code, 0, "{text}");
}
