//! Another program moves the phase: from its rewrite of state.json to the request the engine then owes.

use super::home::{Home, TOOL, reply};
use super::model_server::{ModelServer, Step};
use super::process::{Process, Watched};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const EXTERNAL: &str = "\n[roles.developer]\nrunner = \"external\"\n";

/// The rewrite is a rename, as most programs save.
pub fn by_rename(times: usize) -> Vec<f64> {
    let write = |path: &Path, text: &str| {
        let beside = path.with_file_name("mine.tmp");
        fs::write(&beside, text).unwrap();
        fs::rename(&beside, path).unwrap();
    };
    (0..times).map(|_| once(&write)).collect()
}

/// The rewrite truncates the file and writes it again.
pub fn in_place(times: usize) -> Vec<f64> {
    let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
    (0..times).map(|_| once(&write)).collect()
}

/// An external Developer says that its spec is ready; QA's model is asked next. Milliseconds.
fn once(write: &dyn Fn(&Path, &str)) -> f64 {
    let server = ModelServer::answering(|request| match request.method.as_str() {
        "GET" => super::model_server::Answer::status(200, r#"{"data":[{"id":"test"}]}"#),
        _ => super::model_server::Answer::steps(vec![Step::Hold]),
    });
    let home = Home::new(&server.url(), "", true);
    let settings = home.file("factory.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, external(&text)).unwrap();
    let process = Process::start(&mut home.engine(), &Watched::default());
    let state = home.file("state.json");
    let deadline = Instant::now() + Duration::from_secs(20);
    let text = loop {
        let text = fs::read_to_string(&state).unwrap_or_default();
        if text.contains(r#""phase": "spec""#) {
            break text;
        }
        assert!(Instant::now() < deadline, "no spec phase: {}", home.said());
        std::thread::sleep(Duration::from_millis(2));
    };
    let spec = reply("spec/template/0.md");
    let spec = spec.trim().trim_start_matches("```markdown\n");
    fs::create_dir_all(home.file("specs")).unwrap();
    let paper = home.file("specs").join(format!("{TOOL}.md"));
    fs::write(paper, spec.trim_end_matches("```")).unwrap();
    // The engine has nothing left to do by now, and its connection is idle.
    std::thread::sleep(Duration::from_millis(300));
    let text = text.replace(r#""phase": "spec""#, r#""phase": "spec-review""#);
    let from = Instant::now();
    write(&state, &text);
    let deadline = Instant::now() + Duration::from_secs(20);
    let asked = loop {
        if let Some(turn) = server.turns().first() {
            break turn.at;
        }
        assert!(Instant::now() < deadline, "no turn: {}", home.said());
        std::thread::sleep(Duration::from_millis(1));
    };
    process.kill();
    (asked - from).as_secs_f64() * 1000.0
}

/// The same settings with the Developer another program.
fn external(text: &str) -> String {
    let mut own = false;
    let kept = text.lines().filter(|line| {
        if line.starts_with('[') {
            own = *line == "[roles.developer]";
        }
        !own
    });
    kept.collect::<Vec<_>>().join("\n") + EXTERNAL
}
