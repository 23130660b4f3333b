//! The text work of a turn and of a cycle, and the journal, for a tool as large as one may be.

use chrono::Utc;
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::FileStore;
use dev_factory::agents::bug::{Findings, bugs};
use dev_factory::agents::cycle::cycle;
use dev_factory::agents::failure::Ground;
use dev_factory::agents::prompt::{Desk, Numbers};
use dev_factory::agents::spec::Spec;
use dev_factory::agents::{developer, lint, scan, soul};
use dev_factory::domain::event::{EventBody, NewEvent, Turn};
use dev_factory::domain::evidence::{Evidence, GateResult, JestReport, JestRun, JestTest};
use dev_factory::domain::factory::{Factory, Used};
use dev_factory::domain::phase::Role;
use dev_factory::domain::stuck::{Course, Patience, judge, stuck_words};
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOOL: &str = "session-logger";

/// What was measured.
pub struct Times {
    /// Median of each part, in order.
    pub parts: Vec<(&'static str, Duration)>,
    /// Sum of the parts of a turn.
    pub turn: Duration,
    /// Sum of the parts of a cycle.
    pub cycle: Duration,
}

/// A tool at the caps.
struct Tool {
    spec: Spec,
    text: String,
    sources: BTreeMap<String, String>,
    numbers: Numbers,
}

impl Tool {
    fn new() -> Self {
        let numbers = Numbers::default();
        let text = developer::parse_spec(&reply("spec/template/0.md")).unwrap();
        let spec = lint::lint(&text, TOOL, &numbers, &[]).unwrap();
        let mut sources = BTreeMap::new();
        for path in spec.plan() {
            if path.ends_with(".js") {
                let said = reply(&format!("coding/file/{path}/0.md"));
                let text = said.split_once("```js\n").unwrap().1;
                let text = text.rsplit_once("\n```").unwrap().0;
                sources.insert(path, padded(text, numbers.file_lines as usize));
            }
        }
        Self {
            spec,
            text,
            sources,
            numbers,
        }
    }
}

fn reply(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev-factory/demo");
    fs::read_to_string(root.join(TOOL).join(path)).unwrap()
}

/// Functions of five lines until the file is as long as it may be.
fn padded(text: &str, lines: usize) -> String {
    let mut text = format!("{}\n", text.trim_end());
    let mut n = 0;
    while text.lines().count() + 5 <= lines {
        text += &format!(
            "function more{n}(list) {{\n  return list\n    .map((one) => one + {n})\n    .filter((one) => one % 2 === 0);\n}}\n"
        );
        n += 1;
    }
    text
}

fn median(runs: usize, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[runs / 2]
}

/// Every part so many times.
pub fn measure(runs: usize) -> Times {
    let tool = Tool::new();
    let turn = turn(&tool, runs);
    let cycle = a_cycle(&tool, runs);
    let sum = |parts: &[(&str, Duration)]| parts.iter().map(|(_, time)| *time).sum();
    Times {
        turn: sum(&turn),
        cycle: sum(&cycle),
        parts: turn.into_iter().chain(cycle).collect(),
    }
}

fn turn(tool: &Tool, runs: usize) -> Vec<(&'static str, Duration)> {
    let path = "src/cli.js";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("souls/developer.md"));
    let (soul, _) = soul::parse(&text.unwrap(), "developer.md").unwrap();
    let brief = developer::FileBrief {
        desk: Desk {
            soul: &soul,
            tool: TOOL,
            numbers: &tool.numbers,
            nonce: "k7f3",
            packages: &[],
        },
        spec: &tool.spec,
        public: &tool.spec.examples,
        path,
        sources: &tool.sources,
        failure: Some("E5 failed: expected 1, received 2"),
        hint: None,
        tried: &[],
        think: false,
    };
    let prompt = developer::file(&brief).unwrap();
    let said = format!("Here it is.\n\n```js\n{}```\n", tool.sources[path]);
    let asks = median(runs, || {
        let prompt = developer::file(black_box(&brief)).unwrap();
        black_box(prompt.fits(&tool.numbers)).unwrap();
    });
    let reads = median(runs, || {
        let before = Some(tool.sources[path].as_str());
        let read = developer::from_reply(
            path,
            black_box(&said),
            before,
            &tool.spec,
            &tool.sources,
            &tool.numbers,
        );
        black_box(read).unwrap();
    });
    let transcript = median(runs, || {
        let messages: Vec<&String> = prompt.messages.iter().map(|(_, text)| text).collect();
        let line = serde_json::json!({ "request": messages, "reply": said });
        black_box(line.to_string());
    });
    vec![
        ("turn: the prompt, and whether it fits", asks),
        ("turn: the reply read, mended and checked", reads),
        ("turn: the line of its transcript", transcript),
        ("turn: its event in the journal, durable", journaled(runs)),
    ]
}

/// One event, as each turn leaves it behind.
fn journaled(runs: usize) -> Duration {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("dev-factory")).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = FileStore::open(dir.path(), &clock).unwrap();
    store.load().unwrap();
    let mut factory = Factory::new(Utc::now());
    median(runs, || {
        let event = NewEvent {
            tool: Some(TOOL.to_owned()),
            actor: "developer".to_owned(),
            body: EventBody::Turn(a_turn()),
        };
        store.commit(&mut factory, vec![event], Utc::now()).unwrap();
    })
}

fn a_turn() -> Turn {
    Turn {
        label: format!("{TOOL}/coding/file/src/cli.js/0"),
        role: Role::Developer,
        host: "gpu".to_owned(),
        model: "qwen3:14b".to_owned(),
        ok: true,
        error: None,
        estimated: Some(5_000),
        input_tokens: Some(5_100),
        output_tokens: Some(2_000),
        thought_tokens: None,
        cached: Default::default(),
        rate: None,
        usd: Some(0.0),
        millis: 40_000,
        gpu: None,
        speed: Some(47.0),
        local: true,
        scripted: false,
        malformed: false,
        exhausted: false,
        uncounted: false,
    }
}

fn a_cycle(tool: &Tool, runs: usize) -> Vec<(&'static str, Duration)> {
    let evidence = evidence();
    let ground = Ground {
        spec: &tool.spec,
        sources: &tool.sources,
        cases: &tool.spec.examples,
    };
    let linted = median(runs, || {
        black_box(lint::lint(&tool.text, TOOL, &tool.numbers, &[])).unwrap();
    });
    let scanned = median(runs, || {
        for (path, text) in &tool.sources {
            black_box(scan::scan(path, text, &[]));
        }
    });
    let digested = median(runs, || {
        black_box(cycle(&evidence, &ground));
    });
    let filed = median(runs, || {
        let found = bugs(&Findings {
            evidence: &evidence,
            previous: None,
            spec: &tool.spec,
            public: &tool.spec.examples,
            revealed: None,
            sources: &tool.sources,
            first_number: 1,
            cycle: 1,
        });
        assert!(!black_box(found).is_empty());
    });
    let mut course = Course::default();
    for run in 1..=60 {
        let mut row = cycle(&evidence, &ground);
        row.run = run;
        row.tree = format!("tree {run}");
        course.measured(&row, Used::default(), None);
    }
    let numbers = Patience::default();
    let judged = median(runs, || {
        assert!(black_box(judge(&course, &[], &numbers)).is_some());
        black_box(stuck_words(&course, &[], &numbers));
    });
    vec![
        ("cycle: the spec linter", linted),
        ("cycle: the scan of all files", scanned),
        ("cycle: the digest and its row", digested),
        ("cycle: the bug reports", filed),
        ("cycle: the stuck rules over 60 rows", judged),
    ]
}

/// A red run of forty tests, each failure as long as it is kept.
fn evidence() -> Evidence {
    let test = |n: u32| JestTest {
        file: "test/dev/report.test.js".to_owned(),
        name: format!("totals adds up {n}"),
        passed: !n.is_multiple_of(4),
        message: match n % 4 {
            0 => format!(
                "Error: expect(received).toBe(expected)\n\nExpected: {n}\nReceived: {}\n{}",
                n + 1,
                "    at Object.<anonymous> (test/dev/report.test.js:9:3)\n".repeat(500)
            ),
            _ => String::new(),
        },
        at: Some("src/report.js:12:3".to_owned()),
    };
    let tests: Vec<JestTest> = (0..40).map(test).collect();
    Evidence {
        mutation: None,
        schema: 1,
        tool: TOOL.to_owned(),
        run: 1,
        tree: "tree".to_owned(),
        at: Utc::now(),
        gates: vec![GateResult {
            gate: "jest".to_owned(),
            passed: false,
            words: "10 of 40 tests failed".to_owned(),
            ..GateResult::default()
        }],
        jest: Some(JestRun {
            report: Some(JestReport {
                total: 40,
                passed: 30,
                failed: 10,
                tests,
                ..JestReport::default()
            }),
            ..JestRun::default()
        }),
        held_out: Vec::new(),
        public: Vec::new(),
        throwing: None,
        sandbox: "none".to_owned(),
        reviewed: None,
        external_reader: false,
        millis: 1_000,
    }
}
