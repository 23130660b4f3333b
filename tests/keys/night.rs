//! The night of the drawings: a snapshot, log lines, and a journal of fourteen days.

use crate::screen::{at, model};
use chrono::{DateTime, TimeDelta, Utc};
use dev_factory::domain::event::{Event, EventBody, Move, RunSummary, ShipRecord, Turn};
use dev_factory::domain::figures::Figures;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::screen::{Kind, Level, LogLine, Snapshot};
use dev_factory::domain::shift::Bookmark;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use serde_json::json;
use std::sync::Arc;

/// QA fails a tool for the second time, the supervisor is offline, one finished tool waits on the shelf.
pub fn snapshot() -> Snapshot {
    let agent = |role: &str, model: &str, state: &str, words: &str| {
        json!({"role": role, "model": model, "state": state, "words": words, "last": at(2, 40, 0),
               "tokens_per_second": 18.6, "scripted": false})
    };
    let item = |name: &str, status: &str| json!({"idea": name, "priority": 2, "name": name, "status": status, "addedAt": at(1, 0, 0)});
    let value = json!({
        "engine": {"pid": 1, "started": 0, "boot": "", "version": "0.1.0"},
        "seq": 1850, "at": at(2, 41, 6), "phase": "qa", "current_tool": "github-issue-digest",
        "cycle_count": 1, "started_at": at(1, 39, 0), "last_update": at(2, 41, 6),
        "attempt": {"id": 7, "role": "qa", "phase": "qa", "startedAt": at(2, 32, 0), "started_at": at(2, 32, 0)},
        "escalation": null, "pauses": [], "pausing": false, "stopped": null, "doing": "QA runs the tests once more",
        "agents": [
            agent("developer", "gpu1/qwen3:14b", "ready", "fixed 02:32"),
            agent("qa", "gpu2/qwen3:14b", "working", "turn 4"),
            agent("supervisor", "anthropic/opus", "offline", "key refused (401)"),
        ],
        "queue": [item("session-logger", "in-review"), item("webhook-relay", "wanted"), item("csv-diff", "wanted")],
        "needs": [
            {"id": "host:anthropic", "why": "Supervisor cannot review: key refused (401)", "since": at(1, 38, 0),
             "ways": ["dev-factory probe anthropic", "put a new key in the key file"], "blocking": false},
            {"id": "review:session-logger", "why": "session-logger waits for a verdict", "since": at(1, 38, 0),
             "ways": ["dev-factory decide session-logger ship"], "blocking": false},
        ],
        "runs": [], "moves": [], "totals": dev_factory::domain::factory::Totals::default(),
        "day_usd": 0.49, "day_limit_usd": 5.0, "tool_usd": 0.0, "tool_tokens": 187_000, "tool_minutes": 62.0,
        "tool_limits": {"usd": 2.0, "tokens": 400_000, "minutes": 90}, "sandbox": "bwrap",
    });
    serde_json::from_value(value).unwrap()
}

fn said(time: (u32, u32, u32), from: &str, level: Level, tool: &str, text: &str) -> Arc<LogLine> {
    let kind = match (from, level) {
        ("gates", Level::Error) => Kind::Fail,
        ("gates", _) => Kind::Gate,
        (_, Level::Warn) => Kind::Rule,
        ("developer", Level::Info) => Kind::Turn,
        (from, _) if from.starts_with("operator:") => Kind::You,
        _ => Kind::Plain,
    };
    Arc::new(LogLine {
        at: at(time.0, time.1, time.2),
        from: from.to_owned(),
        level,
        tool: (!tool.is_empty()).then(|| tool.to_owned()),
        seq: None,
        kind,
        text: text.to_owned(),
    })
}

/// Lines as in the drawing, model text in pieces.
pub fn lines() -> Vec<Arc<LogLine>> {
    use Level::{Error, Info, Move, Stream, Thought, Warn};
    let digest = "github-issue-digest";
    vec![
        said(
            (0, 31, 7),
            "engine",
            Move,
            "cost-tracker",
            "qa -> idle (parked): 401k of 400k tokens, S4 on R6",
        ),
        said(
            (1, 38, 12),
            "supervisor",
            Error,
            "session-logger",
            "401 key refused: OFFLINE",
        ),
        said(
            (1, 39, 0),
            "engine",
            Move,
            digest,
            "idle -> spec (picked): priority 2, oldest",
        ),
        said((2, 15, 41), "gates", Error, digest, "jest 29 of 31: R4, R7"),
        said(
            (2, 26, 10),
            "developer",
            Warn,
            digest,
            "reply cut at 4096 tokens: thrown away, asked again with 6144 (S9)",
        ),
        said(
            (2, 31, 58),
            "developer",
            Info,
            digest,
            "fixing/file/src/group.js/0: 6.2k read, 1.1k written, 46.8 tok/s",
        ),
        said(
            (2, 32, 0),
            "engine",
            Move,
            digest,
            "fixing -> qa (fixed): 1 file",
        ),
        said(
            (2, 36, 2),
            "operator:ann",
            Info,
            "csv-diff",
            "operator:ann asked prioritise: priority 1 > 2, from tty3",
        ),
        said(
            (2, 40, 2),
            "gates",
            Info,
            digest,
            "jest 31 of 31 in 1.1 s, coverage 100 %, 112 lines, 40 branches",
        ),
        said(
            (2, 40, 31),
            "gates",
            Error,
            digest,
            "held-out 12 of 14: R4, R9\nR4 want {\"bug\":2}, got {\"bug\":1,\"Bug\":1}",
        ),
        said(
            (2, 40, 50),
            "qa",
            Thought,
            digest,
            "The labels differ by case only.\n",
        ),
        said(
            (2, 40, 58),
            "qa",
            Stream,
            digest,
            "R4 says labels that differ only by ",
        ),
        said(
            (2, 40, 59),
            "qa",
            Stream,
            digest,
            "case are one label. The output has two keys, \"bug\" and \"Bug\", so the rule is broken.\n日本",
        ),
        said((2, 41, 3), "qa", Stream, digest, "語 is wide.\n"),
        said(
            (2, 41, 6),
            "gates",
            Info,
            digest,
            "re-run 1 of 2: R4 failed again, same received value",
        ),
    ]
}

/// A model that was told all of it, on its first tab.
pub fn night(theme: &str) -> Model {
    let mut model = model(theme);
    crate::screen::tell(&mut model, Message::Snapshot(Arc::new(snapshot())));
    crate::screen::tell(&mut model, Message::Lines(lines()));
    crate::screen::tell(&mut model, Message::Figures(Ok(Arc::new(figures()))));
    model
}

/// Writes a journal.
struct Scribe {
    now: DateTime<Utc>,
    events: Vec<Event>,
}

impl Scribe {
    fn write(&mut self, tool: &str, minutes: i64, body: EventBody) {
        self.now += TimeDelta::minutes(minutes);
        self.events.push(Event {
            seq: self.events.len() as u64 + 1,
            ts: self.now,
            lane: "main".to_owned(),
            tool: Some(tool.to_owned()),
            actor: "engine".to_owned(),
            body,
        });
    }

    fn go(&mut self, tool: &str, minutes: i64, from: Phase, to: Phase, outcome: Outcome) {
        let ship = (outcome == Outcome::Ship).then(|| ShipRecord {
            version: "1.0.0".to_owned(),
            tag: format!("{tool}@1.0.0"),
            commit: "5be1d0".to_owned(),
        });
        let made = Move {
            from,
            to,
            outcome,
            reason: None,
            attempt: None,
            cycle_count: 0,
            started_at: None,
            escalation: None,
            ship,
            fresh: false,
            commit: None,
            spec: None,
            cases: None,
            unit: None,
        };
        self.write(tool, minutes, EventBody::Move(made));
    }

    fn turn(&mut self, tool: &str, tokens: u64, usd: f64) {
        let turn = Turn {
            label: format!("{tool}/coding/file/0"),
            role: Role::Developer,
            host: "gpu1".to_owned(),
            model: "qwen3:14b".to_owned(),
            ok: true,
            error: None,
            estimated: None,
            input_tokens: Some(tokens),
            output_tokens: Some(tokens / 5),
            cached: Default::default(),
            rate: None,
            usd: Some(usd),
            speed: None,
            gpu: None,
            millis: 600_000,
            local: usd == 0.0,
            scripted: false,
            malformed: false,
            exhausted: false,
            uncounted: false,
            thought_tokens: None,
        };
        self.write(tool, 0, EventBody::Turn(turn));
    }

    fn run(&mut self, tool: &str, passed: u32) {
        let run = RunSummary {
            run: 1,
            tree: "t".to_owned(),
            green: passed == 12,
            passed: 31,
            total: 31,
            held_passed: passed,
            held_total: 12,
            coverage: Some(98.4),
            millis: 1_100,
            ..RunSummary::default()
        };
        self.write(tool, 1, EventBody::Run(run));
    }

    /// One tool up to a review, with some cycles on the way.
    fn build(&mut self, tool: &str, cycles: usize) {
        use Phase::{Coding, Fixing, Idle, Qa, Review, Spec, SpecReview};
        self.go(tool, 5, Idle, Spec, Outcome::Picked);
        self.turn(tool, 9_000, 0.0);
        self.go(tool, 8, Spec, SpecReview, Outcome::Drafted);
        self.go(tool, 7, SpecReview, Coding, Outcome::Approved);
        self.turn(tool, 30_000, 0.0);
        self.go(tool, 21, Coding, Qa, Outcome::Built);
        for _ in 0..cycles {
            self.run(tool, 9);
            self.go(tool, 8, Qa, Fixing, Outcome::Failed);
            self.turn(tool, 12_000, 0.0);
            self.go(tool, 13, Fixing, Qa, Outcome::Fixed);
        }
        self.run(tool, 12);
        self.go(tool, 8, Qa, Review, Outcome::Passed);
        self.turn(tool, 20_000, 0.11);
    }
}

/// Eighteen tools in fourteen days: most shipped, two parked, one dropped, one on the shelf, one under way.
pub fn events() -> Vec<Event> {
    let mut scribe = Scribe {
        now: at(2, 0, 0) - TimeDelta::days(15),
        events: Vec::new(),
    };
    for n in 0..18_usize {
        let tool = format!("tool-{n:02}");
        scribe.now += TimeDelta::hours(16 + (n as i64 * 7) % 5);
        scribe.build(&tool, [0, 1, 0, 0, 3, 2][n % 6]);
        match n {
            6 | 12 => {
                let rule = "S4".to_owned();
                let words = "same failing set".to_owned();
                scribe.write(
                    &tool,
                    0,
                    EventBody::Stuck {
                        rule,
                        words,
                        next: String::new(),
                        evidence: vec![],
                    },
                );
                scribe.go(&tool, 3, Phase::Review, Phase::Idle, Outcome::Parked);
            }
            9 => {
                scribe.go(&tool, 3, Phase::Review, Phase::Idle, Outcome::Requeued);
                let (name, reason) = (tool.clone(), String::new());
                scribe.write(&tool, 1, EventBody::ItemDropped { name, reason });
            }
            _ => {
                scribe.go(&tool, 3, Phase::Review, Phase::Shipped, Outcome::Ship);
                scribe.go(&tool, 1, Phase::Shipped, Phase::Idle, Outcome::Next);
            }
        }
    }
    scribe.now = at(1, 0, 0);
    scribe.build("session-logger", 0);
    scribe.go(
        "session-logger",
        2,
        Phase::Review,
        Phase::Idle,
        Outcome::Shelved,
    );
    scribe.go(
        "github-issue-digest",
        1,
        Phase::Idle,
        Phase::Spec,
        Outcome::Picked,
    );
    scribe.go(
        "github-issue-digest",
        6,
        Phase::Spec,
        Phase::Coding,
        Outcome::Approved,
    );
    scribe.events
}

/// What the journal amounts to, marked as read at ten in the evening before.
pub fn figures() -> Figures {
    let events = events();
    let evening = at(0, 0, 0) - TimeDelta::hours(2);
    let read = events.iter().filter(|event| event.ts <= evening).count();
    let mark = Bookmark {
        seq: read as u64,
        at: Some(evening),
    };
    Figures::of(&events, mark)
}
