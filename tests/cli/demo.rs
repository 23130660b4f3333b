//! The main job: `demo` with the real npm, git and Jest, cut off in mid-work and run again, and what it leaves.

use super::{Ended, World, eventually, git, script};
use serde_json::Value;
use std::fs;
use std::io::BufRead;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

const TOOLS: [&str; 5] = [
    "cost-tracker",
    "dns-uptime-monitor",
    "github-issue-digest",
    "model-usage-analyzer",
    "session-logger",
];

/// The journal, as far as it is written.
fn journal(home: &Path) -> Vec<Value> {
    let text = fs::read_to_string(home.join("dev-factory/journal.jsonl")).unwrap_or_default();
    let lines = text.lines().filter(|line| line.ends_with('}'));
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn moves(home: &Path, outcome: &str) -> usize {
    let all = journal(home);
    all.iter()
        .filter(|event| event["data"]["outcome"] == outcome)
        .count()
}

/// Whether a gate of a tool's run passed.
fn gate(home: &Path, run: &str, name: &str) -> bool {
    let text = fs::read_to_string(home.join(format!("dev-factory/evidence/{run}.json"))).unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    let gates = evidence["gates"].as_array().unwrap();
    let found = gates.iter().find(|gate| gate["gate"] == name);
    found.unwrap_or_else(|| panic!("{run} has no {name}"))["passed"] == true
}

#[test]
fn the_demo_goes_on_after_a_kill_ships_everything_and_the_home_proves_it() {
    let w = World::new();
    let dir = w.path("made by demo");
    let words = ["demo", "--dir", "made by demo"];
    let mut begun = Ended(
        Command::new(env!("CARGO_BIN_EXE_dev-factory"))
            .args(words)
            .current_dir(w.dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    // One is shipped, the next one is being built: then the power goes.
    eventually(|| moves(&dir, "approved") == 2);
    begun.0.kill().unwrap();
    drop(begun);
    let head = git(&dir, &["rev-parse", "main"]);

    let said = w.run(&words).assert().code(0);
    let noted = String::from_utf8_lossy(&said.get_output().stderr);
    assert!(!noted.contains("installing"), "Jest was there: {noted}");
    let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    for tool in TOOLS {
        let row = said.lines().rfind(|line| line.starts_with(tool)).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        let (passed, all) = cells[4].split_once('/').unwrap();
        assert_eq!((cells[1], cells[6]), ("shipped", "100"), "{row}");
        assert!(passed == all && all != "0", "{row}");
        assert!(row.ends_with("0.00 USD (scripted)"), "{row}");
    }
    proven(&dir, &head);
    shipped_tools_run(&dir);
    replayed(&w, &dir);

    // All is done: the next run says so and does nothing.
    let before = (journal(&dir), git(&dir, &["rev-parse", "main"]));
    let again = w.run(&words).assert().code(0);
    let again = String::from_utf8(again.get_output().stdout.clone()).unwrap();
    let table = |said: &str| said[said.find("tool  ").unwrap()..].to_owned();
    assert_eq!(table(&again), table(&said));
    let after = journal(&dir);
    let kinds: Vec<&Value> = after[before.0.len()..].iter().map(|e| &e["kind"]).collect();
    assert_eq!(kinds, ["started", "stopped"]);
    assert_eq!(git(&dir, &["rev-parse", "main"]), before.1);
    let json = w.run(&[&["--json"], &words[..]].concat()).assert().code(0);
    for (n, line) in json.get_output().stdout.lines().enumerate() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(line["home"].is_string(), n == 0, "{line}");
    }
}

#[test]
fn a_kill_while_npm_works_leaves_no_npm_behind() {
    let w = World::new();
    let bin = w.path_with(&["git", "node", "sh", "sleep"]);
    // Behind walls it has no way to tell us its number: it is known by how long it sleeps.
    let length = format!("3600.{}", std::process::id());
    let waits = format!("[ \"$1\" = config ] || exec sleep {length}");
    script(&bin.join("npm"), &waits);
    let mut begun = Ended(
        Command::new(env!("CARGO_BIN_EXE_dev-factory"))
            .args(["demo", "--dir", "made by demo"])
            .current_dir(w.dir.path())
            .env("PATH", &bin)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let works = || {
        let all = fs::read_dir("/proc").unwrap().flatten();
        all.map(|entry| fs::read(entry.path().join("cmdline")).unwrap_or_default())
            .any(|words| {
                words
                    .split(|byte| *byte == 0)
                    .any(|word| word == length.as_bytes())
            })
    };
    eventually(works);
    begun.0.kill().unwrap();
    drop(begun);
    eventually(|| !works());
}

/// What the issue promises of the journal, the repository and Jest.
fn proven(dir: &Path, head: &str) {
    let events = journal(dir);
    let numbers: Vec<u64> = events.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    let whole: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, whole, "events are missing");
    for (outcome, least) in [
        ("rejected", 1),
        ("failed", 2),
        ("fixed", 2),
        ("send-back", 1),
    ] {
        assert!(moves(dir, outcome) >= least, "{outcome}");
    }
    assert_eq!(moves(dir, "ship"), TOOLS.len());
    assert!(!gate(dir, "dns-uptime-monitor/1", "jest"));
    assert!(gate(dir, "cost-tracker/1", "jest") && !gate(dir, "cost-tracker/1", "held-out"));
    git(dir, &["merge-base", "--is-ancestor", head, "main"]);
    assert_eq!(git(dir, &["branch", "--show-current"]), "main");
    let papers = git(dir, &["ls-files"]);
    for tool in TOOLS {
        let tag = format!("{tool}@1.0.0");
        assert_eq!(git(dir, &["cat-file", "-t", &tag]), "tag");
        let paper = format!("dev-factory/specs/{tool}.md");
        assert!(papers.lines().any(|line| line == paper), "{paper}");
    }
    let log = git(dir, &["log", "--oneline", "--merges", "main"]);
    assert_eq!(log.lines().count(), TOOLS.len(), "{log}");
    assert_eq!(git(dir, &["tag"]).lines().count(), TOOLS.len());
    git(dir, &["fsck", "--strict"]);
    let jest = Command::new("npx")
        .args(["jest"])
        .current_dir(dir)
        .env("CI", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&jest.stderr);
    let tests = said.lines().find(|line| line.starts_with("Tests:"));
    assert!(jest.status.success(), "{said}");
    assert!(!tests.unwrap().contains("failed"), "{said}");
}

/// Every transcript, judged once more, says what was decided; one that was tampered with does not.
fn replayed(w: &World, dir: &Path) {
    let replay = |path: &Path| -> Value {
        let words = ["--json", "--home", "made by demo", "replay"];
        let mut command = w.run(&words);
        let out = command.arg(path).assert().code(0);
        serde_json::from_slice(&out.get_output().stdout).unwrap()
    };
    let folder = dir.join("dev-factory/transcripts");
    let of_tool = |tool| fs::read_dir(folder.join(tool)).unwrap().map(Result::unwrap);
    let all: Vec<_> = TOOLS.into_iter().flat_map(of_tool).collect();
    let judged = AtomicUsize::new(0);
    let judge = |entry: &fs::DirEntry| {
        let said = replay(&entry.path());
        assert_eq!(said["differ"], 0, "{entry:?}: {said:#}");
        judged.fetch_add(said["steps"].as_array().unwrap().len(), Ordering::SeqCst);
    };
    std::thread::scope(|scope| {
        for share in all.chunks(all.len().div_ceil(3)) {
            scope.spawn(move || share.iter().for_each(judge));
        }
    });
    let judged = judged.into_inner();
    assert!(judged > 60, "{judged} decisions");
    let coding = fs::read_dir(folder.join("cost-tracker")).unwrap().flatten();
    let path = coding.map(|entry| entry.path());
    let path = path
        .filter(|path| {
            path.display()
                .to_string()
                .ends_with("-developer-coding.jsonl")
        })
        .min()
        .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut first: Value = serde_json::from_str(first).unwrap();
    let said = first["reply"]["text"].as_str().unwrap();
    first["reply"]["text"] = said.replacen("```js", "```python", 1).into();
    fs::write(&path, format!("{first}\n{rest}")).unwrap();
    let said = replay(&path);
    assert_eq!(said["differ"], 1, "{said:#}");
    let step = said["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["differs"] == true);
    let step = step.unwrap();
    assert_eq!(
        (&step["then"], &step["now"]),
        (&"usable".into(), &"not usable".into())
    );
    let words = step["words"].as_str().unwrap();
    assert!(words.contains("python") && words.contains("S1"), "{words}");
    let out = w
        .run(&["--home", "made by demo", "replay"])
        .arg(&path)
        .assert()
        .code(0);
    let out = String::from_utf8(out.get_output().stdout.clone()).unwrap();
    assert!(
        out.contains("!= cost-tracker/coding/") && out.contains("Not redone:"),
        "{out}"
    );
}

/// Each tool does in a shell what its README says.
fn shipped_tools_run(dir: &Path) {
    let issue = r#"[{"number":7,"title":"Crash on start","state":"open","user":{"login":"ann"},"comments":3,"labels":[{"name":"bug"}],"created_at":"2026-02-01T08:00:00Z","updated_at":"2026-02-09T08:00:00Z"}]"#;
    let call = r#"{"ts":"2026-03-01T10:00:00Z","model":"small","input_tokens":500,"output_tokens":50,"cost_usd":0.01}"#;
    let lookups = "2026-02-12T05:00:00.000Z example.com UP\n2026-02-12T05:05:00.000Z example.com DOWN\n2026-02-12T05:10:00.000Z example.com UP\n";
    let sessions = "{\"at\":\"2026-03-02T09:00:00Z\",\"event\":\"start\",\"task\":\"mail\"}\n{\"at\":\"2026-03-02T10:30:00Z\",\"event\":\"stop\"}\n";
    let work = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("costs.txt", "2026-02-02 30.00 transport\n"),
        ("issues.json", issue),
        ("calls.jsonl", call),
        ("dns.log", lookups),
        ("sessions.jsonl", sessions),
    ] {
        fs::write(work.path().join(name), text).unwrap();
    }
    for (tool, words, says) in [
        ("cost-tracker", &["report"][..], "30.00  total"),
        (
            "dns-uptime-monitor",
            &["report", "dns.log"],
            "66.66% example.com 2/3 last UP",
        ),
        (
            "github-issue-digest",
            &["--from", "issues.json"],
            "- #7 Crash on start",
        ),
        ("model-usage-analyzer", &["calls.jsonl"], "0.01"),
        ("session-logger", &["report"], "1h 30m  1  mail"),
    ] {
        let ran = Command::new("node")
            .arg(dir.join(format!("tools/{tool}/bin/{tool}.js")))
            .args(words)
            .current_dir(work.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(
            ran.status.success() && said.contains(says),
            "{tool}: {ran:?}"
        );
    }
}
