//! A tool's past out of a real home: events through many segments, papers on disk and in git, trees, transcripts; and the
//! Tool view over all of it, scrubbed back.

use crate::support::*;
use chrono::{DateTime, Utc};
use dev_factory::adapters::git::GitRepo;
use dev_factory::adapters::reader::HomeReader;
use dev_factory::adapters::store::{FileStore, Sizes};
use dev_factory::domain::command::{Answer, Seen, Verb};
use dev_factory::domain::event::{EventBody, Move, NewEvent, RunSummary};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::AttemptRef;
use dev_factory::factory::ports::operator::{Operator, Usage};
use dev_factory::factory::ports::reader::{Ask, Mark, Piece, Reader};
use dev_factory::factory::ports::repo::Repo;
use dev_factory::factory::ports::store::{Paper, Store};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::key::Key;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::theme::Theme;
use dev_factory::tui::tool::Section;
use dev_factory::tui::update::update;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

const TOOL: &str = "word-count";
const PLAIN: &str = "module.exports = { count: (text) => text.split(' ').length };\n";
const MENDED: &str = "module.exports = { count: (text) => text.split(/\\s+/).length };\n";

fn git(home: &Path, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(home)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=T", "-c", "user.email=t@localhost"])
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
}

fn of(tool: &str, body: EventBody) -> NewEvent {
    NewEvent {
        tool: Some(tool.to_owned()),
        actor: "engine".to_owned(),
        body,
    }
}

fn added(tool: &str) -> NewEvent {
    NewEvent {
        tool: None,
        ..of(
            tool,
            EventBody::ItemAdded {
                name: tool.to_owned(),
                idea: format!("the idea of {tool}"),
                priority: 1,
            },
        )
    }
}

/// A home whose journal has many small segments.
fn segmented(home: &Home) -> (FileStore, Factory) {
    let sizes = Sizes {
        segment: 2_000,
        ..Sizes::default()
    };
    let store = FileStore::open_sized(&home.root, &home.clock, sizes).unwrap();
    store.load().unwrap();
    (store, Factory::new(at(0)))
}

/// Numbers of all events of a tool, page by page.
fn seqs(reader: &HomeReader, tool: &str) -> Vec<u64> {
    let mut all = Vec::new();
    let mut mark: Option<Mark> = None;
    loop {
        let page = reader.events(tool, 0, mark.as_ref()).unwrap();
        let seqs: Vec<u64> = page.events.iter().map(|event| event.seq).collect();
        all.splice(0..0, seqs);
        mark = page.before;
        if mark.is_none() {
            return all;
        }
    }
}

#[test]
fn events_of_one_tool_come_out_of_all_segments_and_no_others() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    assert!(seqs(&reader, "a").is_empty(), "no journal yet");
    let (store, mut f) = segmented(&home);
    let mut expected = Vec::new();
    for n in 0..200_i64 {
        let tool = if n % 7 == 3 { "a" } else { "ab" };
        let events = match n {
            0 => vec![added("ab")],
            3 => vec![added("a")],
            _ => vec![of(
                tool,
                EventBody::Noted {
                    sentence: format!("n {n}, not \"a\" itself"),
                },
            )],
        };
        for event in store.commit(&mut f, events, at(n)).unwrap() {
            if tool == "a" {
                expected.push(event.seq);
            }
        }
    }
    assert!(fs::read_dir(home.path("journal")).unwrap().count() > 10);
    assert_eq!(seqs(&reader, "a"), expected);
    assert!(seqs(&reader, "nobody").is_empty());
    // Only what is newer, and nothing but that.
    for after in [1, 50, 120, 199, 200, 999] {
        let page = reader.events("a", after, None).unwrap();
        let seqs: Vec<u64> = page.events.iter().map(|event| event.seq).collect();
        let newer: Vec<u64> = expected
            .iter()
            .copied()
            .filter(|seq| *seq > after)
            .collect();
        assert_eq!((seqs, page.before), (newer, None), "after {after}");
    }
}

#[test]
fn damaged_and_half_written_lines_are_left_out() {
    let home = Home::new();
    let reader = HomeReader::new(&home.root);
    let store = home.store();
    store.load().unwrap();
    let mut f = Factory::new(at(0));
    store.commit(&mut f, vec![added("a")], at(1)).unwrap();
    let two = vec![
        of(
            "a",
            EventBody::Noted {
                sentence: "one".to_owned(),
            },
        ),
        of(
            "a",
            EventBody::Noted {
                sentence: "two".to_owned(),
            },
        ),
    ];
    store.commit(&mut f, two, at(2)).unwrap();
    assert_eq!(seqs(&reader, "a"), [1, 2, 3]);
    drop(store);
    let whole = home.text("journal.jsonl");
    let lines: Vec<&str> = whole.lines().collect();
    // The first of two lines written together never happened without the second.
    let journal = home.path("journal.jsonl");
    fs::write(&journal, format!("{}\n{}\n", lines[0], lines[1])).unwrap();
    assert_eq!(seqs(&reader, "a"), [1]);
    fs::write(
        &journal,
        format!("{}\n{}\n{}", lines[0], lines[1], lines[2]),
    )
    .unwrap();
    assert_eq!(seqs(&reader, "a"), [1], "its end is not there yet");
    let damaged = lines[1].replace("one", "won");
    fs::write(&journal, format!("{}\n{damaged}\n{}\n", lines[0], lines[2])).unwrap();
    assert_eq!(seqs(&reader, "a"), [1, 3]);
}

/// A home as init makes it, with a tool that was built, red, repaired.
struct Built {
    home: Home,
    store: FileStore,
    factory: Factory,
    /// The number of the move into qa after coding.
    qa: u64,
    trees: [String; 2],
}

fn step(from: Phase, to: Phase, outcome: Outcome, cycle_count: u32) -> NewEvent {
    of(
        TOOL,
        EventBody::Move(Move {
            from,
            to,
            outcome,
            reason: None,
            attempt: None,
            cycle_count,
            started_at: Some(at(10)),
            escalation: None,
            ship: None,
            fresh: false,
            commit: None,
            spec: None,
            cases: None,
            unit: None,
        }),
    )
}

fn turn(label: &str) -> NewEvent {
    let value = serde_json::json!({"label": label, "role": "developer", "host": "gpu", "model": "m", "ok": true,
        "input_tokens": 10, "output_tokens": 5, "usd": 0.0, "millis": 1000, "local": true});
    of(
        TOOL,
        EventBody::Turn(serde_json::from_value(value).unwrap()),
    )
}

fn transcript() -> Paper {
    Paper::Transcript {
        tool: TOOL.to_owned(),
        n: 2,
        role: "developer".to_owned(),
        phase: "coding".to_owned(),
    }
}

fn spoken(label: &str, text: &str) -> String {
    let line = serde_json::json!({"at": at(30), "label": label, "host": "gpu", "model": "m",
        "request": {"messages": [{"role": "system", "content": "You write one file."}, {"role": "user", "content": format!("Write {label}\u{1b}[31m")}]},
        "reply": {"text": text, "thought": "hm", "calls": []}, "error": null});
    line.to_string() + "\n"
}

fn built() -> Built {
    let home = Home::new();
    git(&home.root, &["init", "-q", "-b", "main"]);
    fs::write(
        home.root.join(".gitignore"),
        "/dev-factory/*\n!/dev-factory/specs/\n",
    )
    .unwrap();
    git(&home.root, &["add", "-A"]);
    git(&home.root, &["commit", "-qm", "init"]);
    let (store, mut factory) = segmented(&home);
    let now = |n: i64| -> DateTime<Utc> { at(n) };
    let tool = || TOOL.to_owned();
    let put = |paper: Paper, text: &str| store.put(&paper, text).unwrap();
    let mut go =
        |events: Vec<NewEvent>, n: i64| store.commit(&mut factory, events, now(n)).unwrap();
    go(
        vec![
            added(TOOL),
            step(Phase::Idle, Phase::Spec, Outcome::Picked, 0),
        ],
        10,
    );
    put(
        Paper::SpecVersion { tool: tool(), n: 1 },
        "# word-count\n\n## Rules\n- R1: the first spec\n",
    );
    let kept = EventBody::SpecKept {
        n: 1,
        sha256: String::new(),
    };
    go(
        vec![
            of(TOOL, kept),
            step(Phase::Spec, Phase::SpecReview, Outcome::Drafted, 0),
        ],
        20,
    );
    let begun = AttemptRef {
        id: 2,
        role: Role::Developer,
        phase: Phase::Coding,
        started_at: at(30),
    };
    let label = format!("{TOOL}/coding/file/src/count.js/0");
    go(
        vec![
            step(Phase::SpecReview, Phase::Coding, Outcome::Approved, 0),
            of(TOOL, EventBody::AttemptStarted(begun)),
            turn(&label),
            turn(&format!("{TOOL}/coding/file/README.md/0")),
            turn(&label),
        ],
        30,
    );
    for (label, text) in [
        (&label, "first"),
        (&format!("{TOOL}/coding/file/README.md/0"), "readme"),
        (&label, "second"),
    ] {
        store.append(&transcript(), &spoken(label, text)).unwrap();
    }
    let repo = GitRepo::open(&home.root).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    let file = work.join("tools").join(TOOL).join("src/count.js");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, PLAIN).unwrap();
    let (tree, commit) = repo.save(TOOL, "built").unwrap();
    let saved = EventBody::Tree {
        tree: tree.clone(),
        commit,
    };
    let moved = go(
        vec![
            of(TOOL, saved),
            step(Phase::Coding, Phase::Qa, Outcome::Built, 0),
        ],
        40,
    );
    let qa = moved[1].seq;
    let run = |run: u32, tree: &str, green: bool| {
        of(
            TOOL,
            EventBody::Run(RunSummary {
                run,
                tree: tree.to_owned(),
                green,
                passed: run,
                total: 2,
                ..RunSummary::default()
            }),
        )
    };
    let bug = EventBody::BugFiled {
        n: 1,
        rule: Some("R1".to_owned()),
        title: "tabs do not part words".to_owned(),
        file: None,
    };
    put(
        Paper::Bug { tool: tool(), n: 1 },
        "# BUG-1\n\n```text\ntabs do not part words\n```\n",
    );
    go(
        vec![
            run(1, &tree, false),
            of(TOOL, bug),
            step(Phase::Qa, Phase::Fixing, Outcome::Failed, 1),
        ],
        50,
    );
    fs::write(&file, MENDED).unwrap();
    fs::write(work.join("tools").join(TOOL).join("README.md"), "# words\n").unwrap();
    let (second, commit) = repo.save(TOOL, "fixed").unwrap();
    let saved = EventBody::Tree {
        tree: second.clone(),
        commit,
    };
    put(
        Paper::SpecVersion { tool: tool(), n: 2 },
        "# word-count\n\n## Rules\n- R1: the second spec\n",
    );
    let kept = EventBody::SpecKept {
        n: 2,
        sha256: String::new(),
    };
    go(
        vec![
            of(TOOL, saved),
            of(TOOL, kept),
            step(Phase::Fixing, Phase::Qa, Outcome::Fixed, 1),
            run(2, &second, true),
        ],
        60,
    );
    Built {
        home,
        store,
        factory,
        qa,
        trees: [tree, second],
    }
}

#[test]
fn pieces_come_from_the_home_and_from_git_and_say_when_they_are_gone() {
    let built = built();
    let reader = HomeReader::new(&built.home.root);
    let text = |ask: &Ask| match reader.piece(ask).unwrap() {
        Some(Piece::Text(text)) => Some(text),
        None => None,
        other => panic!("{other:?}"),
    };
    let spec = Ask::Paper(Paper::SpecVersion {
        tool: TOOL.to_owned(),
        n: 1,
    });
    assert!(text(&spec).unwrap().contains("the first spec"));
    // Committed and then gone from the home: git still has it.
    git(&built.home.root, &["add", "-A"]);
    git(&built.home.root, &["commit", "-qm", "papers"]);
    fs::remove_dir_all(built.home.path("specs")).unwrap();
    assert!(text(&spec).unwrap().contains("the first spec"));
    assert_eq!(
        text(&Ask::Paper(Paper::Review {
            tool: TOOL.to_owned(),
            n: 9
        })),
        None
    );
    // Trees by their ids, whatever branch has them.
    let [first, second] = &built.trees;
    let Some(Piece::Files(files)) = reader.piece(&Ask::Files(second.clone())).unwrap() else {
        panic!("no files");
    };
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["README.md", "src/count.js"]);
    assert_eq!(files[1].bytes, MENDED.len() as u64);
    assert_eq!(text(&Ask::File(files[1].id.clone())).unwrap(), MENDED);
    let diff = |old: Option<&String>, new: Option<&String>| {
        let ask = Ask::Diff(old.cloned(), new.cloned());
        match reader.piece(&ask).unwrap() {
            Some(Piece::Diff(changed)) => changed,
            other => panic!("{other:?}"),
        }
    };
    let changed = diff(Some(first), Some(second));
    let counts: Vec<(&str, usize, usize)> = changed
        .iter()
        .map(|file| (file.path.as_str(), file.plus, file.minus))
        .collect();
    assert_eq!(counts, [("README.md", 1, 0), ("src/count.js", 1, 1)]);
    assert_eq!(diff(None, Some(first)).len(), 1);
    assert_eq!(diff(Some(first), Some(first)), []);
    for gone in [
        "f".repeat(40),
        "main".to_owned(),
        String::new(),
        "--help".to_owned(),
    ] {
        assert_eq!(
            reader.piece(&Ask::Files(gone.clone())).unwrap(),
            None,
            "{gone}"
        );
        assert_eq!(reader.piece(&Ask::File(gone)).unwrap(), None);
    }
}

/// A tree of these files: name, mode, content.
fn tree_of(home: &Path, files: &[(&str, &str, &[u8])]) -> String {
    let fed = |args: &[&str], input: &[u8]| {
        use std::io::Write;
        let mut child = Command::new("git")
            .current_dir(home)
            .args(args)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let mut listed = Vec::new();
    for (name, mode, content) in files {
        let id = fed(&["hash-object", "-w", "--stdin"], content);
        listed.extend(format!("{mode} blob {id}\t{name}\0").into_bytes());
    }
    fed(&["mktree", "-z"], &listed)
}

#[test]
fn what_differs_is_seen_whatever_the_bytes_are() {
    let built = built();
    let home = &built.home.root;
    let reader = HomeReader::new(home);
    let long = |end: &str| format!("{}{end}\n", "x".repeat(6000)).into_bytes();
    let large = vec![b'y'; 600 * 1024];
    let old = [
        ("a-tab.js", "100644", &b"\ta\n"[..]),
        ("b-return.js", "100644", &b"a\r\n"[..]),
        ("c-long.json", "100644", &long("old")),
        ("d-bytes.bin", "100644", &b"a\xfe\n"[..]),
        ("e-mode.sh", "100644", &b"run\n"[..]),
        ("f-link", "100644", &b"there"[..]),
        ("g-hidden.js", "100644", &b"//ok\n"[..]),
        ("h-large.txt", "100644", &b"small\n"[..]),
        ("i\u{202e}name", "100644", &b"1\n"[..]),
    ];
    let new = [
        ("a-tab.js", "100644", &b"    a\n"[..]),
        ("b-return.js", "100644", &b"a\n"[..]),
        ("c-long.json", "100644", &long("new")),
        ("d-bytes.bin", "100644", &b"a\xff\n"[..]),
        ("e-mode.sh", "100755", &b"run\n"[..]),
        ("f-link", "120000", &b"there"[..]),
        ("g-hidden.js", "100644", &b"evil();\r//ok\n"[..]),
        ("h-large.txt", "100644", &large),
        ("i\u{202e}name", "100644", &b"2\n"[..]),
    ];
    let (old, new) = (tree_of(home, &old), tree_of(home, &new));
    let ask = Ask::Diff(Some(old), Some(new.clone()));
    let Some(Piece::Diff(changed)) = reader.piece(&ask).unwrap() else {
        panic!("no difference");
    };
    let seen: Vec<String> = changed
        .iter()
        .map(|file| {
            let lines: Vec<&str> = file.lines.iter().map(|line| line.text.as_str()).collect();
            let closed = file.closed.as_deref().unwrap_or_default();
            format!("{} [{}] {closed}", file.path, lines.join("|"))
        })
        .collect();
    assert_eq!(seen[0], "a-tab.js [<U+0009>a|    a] ");
    assert_eq!(seen[1], "b-return.js [a<U+000D>|a] ");
    assert!(seen[2].contains("xold|") && seen[2].contains("xnew]"));
    assert_eq!(seen[3], "d-bytes.bin [a<0xFE>|a<0xFF>] ");
    assert_eq!(
        seen[4],
        "e-mode.sh [] was 100644, is 100755; its lines are the same"
    );
    assert!(seen[5].contains("was 100644, is 120000"), "{}", seen[5]);
    assert_eq!(seen[6], "g-hidden.js [evil();<U+000D>|//ok] ");
    assert!(seen[7].contains("too many to be compared here"));
    assert_eq!(seen[8], "i<U+202E>name [1|2] ");
    let Some(Piece::Files(files)) = reader.piece(&Ask::Files(new)).unwrap() else {
        panic!("no files");
    };
    assert_eq!(files[4].kind(), "may be run");
    assert_eq!(files[5].kind(), "a symbolic link");
    let text = |at: usize| match reader.piece(&Ask::File(files[at].id.clone())).unwrap() {
        Some(Piece::Text(text)) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(text(2).len(), 6004, "a long line is whole");
    assert_eq!(text(6), "evil();<U+000D>//ok\n");
    assert!(text(7).contains("614400 bytes") && text(7).contains("git cat-file"));
}

#[test]
fn papers_and_turns_have_a_size_and_say_what_is_left_out() {
    let built = built();
    let reader = HomeReader::new(&built.home.root);
    let label = format!("{TOOL}/coding/file/src/huge.js/0");
    let transcript = transcript();
    let long = "z".repeat(300 * 1024);
    built
        .store
        .append(&transcript, &spoken(&label, &long))
        .unwrap();
    let huge = "z".repeat(5 * 1024 * 1024);
    built
        .store
        .append(&transcript, &spoken(&label, &huge))
        .unwrap();
    built
        .store
        .append(&transcript, &spoken(&label, "after"))
        .unwrap();
    let said = |nth: usize| match reader.piece(&Ask::Turn(transcript.clone(), label.clone(), nth)) {
        Ok(Some(Piece::Turn(said))) => said.text,
        other => panic!("{other:?}"),
    };
    assert!(said(0).len() < 140 * 1024 && said(0).contains("bytes are left out here: "));
    assert!(
        said(0).contains("transcripts/"),
        "it says where the rest is"
    );
    assert!(said(1).len() < 400 && said(1).contains("too many to be shown"));
    assert_eq!(said(2), "after", "what stands behind it is found");
    let review = Paper::Review {
        tool: TOOL.to_owned(),
        n: 1,
    };
    built
        .store
        .put(&review, &"word \n".repeat(200 * 1024))
        .unwrap();
    let Ok(Some(Piece::Text(text))) = reader.piece(&Ask::Paper(review)) else {
        panic!("no review");
    };
    assert!(text.len() < 600 * 1024 && text.contains("bytes are left out here: "));
}

#[test]
fn a_turn_is_found_by_its_label_and_its_place() {
    let built = built();
    let reader = HomeReader::new(&built.home.root);
    let label = format!("{TOOL}/coding/file/src/count.js/0");
    let said = |nth: usize| match reader.piece(&Ask::Turn(transcript(), label.clone(), nth)) {
        Ok(Some(Piece::Turn(said))) => Some(said),
        Ok(None) => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(said(0).unwrap().text, "first");
    let second = said(1).unwrap();
    assert_eq!(
        (second.text.as_str(), second.thought.as_str()),
        ("second", "hm")
    );
    assert_eq!(
        second.asked[0],
        ("system".to_owned(), "You write one file.".to_owned())
    );
    assert!(!second.asked[1].1.contains('\u{1b}'), "safe to draw");
    assert_eq!(said(2), None);
    fs::remove_dir_all(built.home.path("transcripts")).unwrap();
    assert_eq!(said(0), None, "rotated away");
}

/// The operator's hand of a test that sends nothing.
struct Nobody;

impl Operator for Nobody {
    fn commands(&self) -> Vec<Usage> {
        Vec::new()
    }
    fn read(&self, line: &str) -> Result<(Verb, bool), String> {
        Err(line.to_owned())
    }
    fn send(&self, _: Verb, _: Option<Seen>) -> Answer {
        unreachable!("update never sends")
    }
    fn save(&self, _: &str, _: &str) -> Result<std::path::PathBuf, String> {
        unreachable!("update never saves")
    }
    fn address(&self, _: &str, _: &str) -> Answer {
        unreachable!("update never writes settings")
    }
    fn doctor(&self, _: &str) -> Result<String, String> {
        unreachable!("update never writes settings")
    }
    fn start(&self) -> Result<String, String> {
        unreachable!("update never starts an engine")
    }
}

/// Keys by name; every question goes to the real reader. What else was asked for comes out.
fn keys(model: &mut Model, reader: &HomeReader, names: &[&str]) -> Vec<Effect> {
    let mut rest = Vec::new();
    for name in names {
        let key = Key::parse(name).unwrap_or_else(|| panic!("{name} is no key"));
        let mut effects = update(model, Message::Key(key), &Nobody);
        while let Some(effect) = effects.pop() {
            let message = match effect {
                Effect::Events(tool, after, mark) => {
                    let came = reader.events(&tool, after, mark.as_ref());
                    Message::Events(tool, after, mark, came)
                }
                Effect::Piece(ask) => {
                    let came = reader.piece(&ask);
                    Message::Piece(ask, came)
                }
                other => {
                    rest.push(other);
                    continue;
                }
            };
            effects.extend(update(model, message, &Nobody));
        }
    }
    rest
}

fn page(model: &Model) -> String {
    let rows = &model.tool.as_ref().unwrap().page.rows;
    let rows = rows.iter().map(|row| row.text());
    rows.collect::<Vec<_>>().join("\n")
}

fn to(model: &mut Model, reader: &HomeReader, section: Section) {
    while model.tool.as_ref().unwrap().section != section {
        keys(model, reader, &["]"]);
    }
}

#[test]
fn scrubbing_back_shows_spec_files_and_tests_of_then_and_rewinds_to_there() {
    let built = built();
    let reader = HomeReader::new(&built.home.root);
    let mut snapshot: Snapshot = snapshot(Phase::Qa, built.factory.seq);
    snapshot.current_tool = Some(TOOL.to_owned());
    snapshot.queue = built.factory.items.to_vec();
    let mut model = Model::new("home", Theme::named("plain").unwrap(), Vec::new(), at(70));
    model.size = (120, 36);
    update(&mut model, Message::Snapshot(Arc::new(snapshot)), &Nobody);
    keys(&mut model, &reader, &["Enter"]);
    assert!(page(&model).contains("the second spec"), "{}", page(&model));
    to(&mut model, &reader, Section::Diff);
    assert!(
        page(&model).contains("+    1  module.exports = { count: (text) => text.split(/"),
        "{}",
        page(&model)
    );
    to(&mut model, &reader, Section::Tests);
    assert!(page(&model).contains("2 of 2 tests"), "{}", page(&model));
    to(&mut model, &reader, Section::Files);
    keys(&mut model, &reader, &["Down", "Enter"]);
    assert!(page(&model).contains("split(/\\s+/)"), "{}", page(&model));
    // Back to the move into qa after coding: the same file as it was, the first spec, no run.
    for _ in 0..2 {
        keys(&mut model, &reader, &["<"]);
    }
    assert!(page(&model).contains("split(' ')"), "{}", page(&model));
    assert_eq!(model.tool.as_ref().unwrap().at, Some(built.qa + 3));
    keys(&mut model, &reader, &["<"]);
    assert_eq!(model.tool.as_ref().unwrap().at, Some(built.qa));
    assert!(page(&model).contains("split(' ')"), "{}", page(&model));
    to(&mut model, &reader, Section::Tests);
    assert!(
        page(&model).contains("the gates had not run"),
        "{}",
        page(&model)
    );
    to(&mut model, &reader, Section::Bugs);
    assert!(page(&model).contains("no bug report was filed"));
    to(&mut model, &reader, Section::Spec);
    assert!(page(&model).contains("the first spec"), "{}", page(&model));
    to(&mut model, &reader, Section::Turns);
    keys(&mut model, &reader, &["Enter"]);
    assert!(page(&model).contains("second"), "{}", page(&model));
    // Rewind is asked for with that event, once the name was typed.
    assert_eq!(keys(&mut model, &reader, &["W", "y", "Enter"]), []);
    keys(&mut model, &reader, &["Ctrl-u"]);
    let name: Vec<String> = TOOL.chars().map(|c| c.to_string()).collect();
    let name: Vec<&str> = name.iter().map(String::as_str).collect();
    keys(&mut model, &reader, &name);
    let sent = keys(&mut model, &reader, &["Enter"]);
    assert!(
        matches!(sent.as_slice(), [Effect::Send(Verb::Rewind { seq }, Some(_))] if *seq == built.qa),
        "{sent:?}"
    );
    drop(built.store);
}
