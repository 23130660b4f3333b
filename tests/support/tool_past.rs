//! The past of the tool of the drawings, event by event, and the pieces it left behind.
#![allow(dead_code)]

use crate::screen::{at, press, tell};
use chrono::{DateTime, Utc};
use dev_factory::domain::case::CaseResult;
use dev_factory::domain::event::Event;
use dev_factory::domain::evidence::{
    Evidence, FileCoverage, GateResult, JestReport, JestRun, JestTest,
};
use dev_factory::domain::tool::compare;
use dev_factory::factory::ports::reader::{Ask, Events, Piece, Said, TreeFile};
use dev_factory::factory::ports::store::Paper;
use dev_factory::tui::effect::Effect;
use dev_factory::tui::key::Key;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use serde_json::{Value, json};

pub const TOOL: &str = "github-issue-digest";

const SPEC: &str = "# github-issue-digest\n\n## Purpose\nA digest of the **open issues** of a repository, grouped by label, for a daily mail that nobody has to write.\n\n## Rules\n- R4: labels that differ only by case or by spaces around them are one label, spelled as in the issue with the lowest number\n- R9: without issues the digest says `No issues.`\n\n## Examples\n{\"id\":\"E1\",\"rule\":\"R4\",\"call\":\"groupByLabel\",\"args\":[[\"*Bug*\"]]}\n\n| Option | Meaning |\n|---|---|\n| --from FILE | reads a saved answer |\n| --state | open, closed or all |\n";
const OLD: &str = "// Groups issues by label.\nfunction groupByLabel(issues) {\n  const out = {};\n  for (const issue of issues) {\n    for (const l of issue.labels) {\n      out[l] = (out[l] || 0) + 1;\n    }\n  }\n  return out;\n}\n\nmodule.exports = { groupByLabel };\n";
const NEW: &str = "// Groups issues by label.\nfunction groupByLabel(issues) {\n  const out = {};\n  for (const issue of issues) {\n    const seen = new Set();\n    for (const l of issue.labels) {\n      const key = l.trim();\n      if (seen.has(key)) continue;\n      seen.add(key);\n      out[key] = (out[key] || 0) + 1;\n    }\n  }\n  return out;\n}\n\nmodule.exports = { groupByLabel };\n";

fn event(seq: u64, ts: DateTime<Utc>, actor: &str, kind: &str, data: Value) -> Event {
    let value = json!({"seq": seq, "ts": ts, "lane": "main", "tool": TOOL, "actor": actor, "kind": kind, "data": data});
    serde_json::from_value(value).unwrap_or_else(|e| panic!("{kind}: {e}"))
}

fn step(seq: u64, ts: DateTime<Utc>, from: &str, to: &str, outcome: &str, cycle: u32) -> Event {
    let data = json!({"from": from, "to": to, "outcome": outcome, "cycle_count": cycle, "started_at": at(1, 39, 0),
        "commit": commit(seq)});
    event(seq, ts, "engine", "move", data)
}

/// The newest commit at a move.
fn commit(seq: u64) -> Option<String> {
    match seq {
        1824.. => Some(format!("{:0<40x}", 0xabc_def2)),
        1814.. => Some(format!("{:0<40x}", 0xabc_def1)),
        _ => None,
    }
}

fn attempt(seq: u64, ts: DateTime<Utc>, id: u64, role: &str, phase: &str) -> Event {
    let data = json!({"id": id, "role": role, "phase": phase, "startedAt": ts});
    event(seq, ts, role, "attempt-started", data)
}

fn turn(seq: u64, ts: DateTime<Utc>, role: &str, label: &str) -> Event {
    let data = json!({"label": format!("{TOOL}/{label}"), "role": role, "host": "gpu1", "model": "qwen3:14b",
        "ok": true, "input_tokens": 3325, "output_tokens": 740, "usd": 0.0, "millis": 41_300, "local": true});
    event(seq, ts, role, "turn", data)
}

fn run(seq: u64, ts: DateTime<Utc>, n: u32, passed: u32, held: u32) -> Event {
    let failed = match held {
        0 => "jest: 2 of 31 tests fail",
        _ => "held-out: 2 of 14 cases fail: H4 (R4), H9 (R9)",
    };
    let data = json!({"run": n, "tree": tree(n), "green": false, "passed": passed, "total": 31, "held_passed": held,
        "held_total": if held == 0 { 0 } else { 14 }, "coverage": if held == 0 { Value::Null } else { json!(100.0) },
        "failed_gate": failed, "millis": 1400});
    event(seq, ts, "gates", "run", data)
}

fn bug(seq: u64, ts: DateTime<Utc>, n: u32, rule: &str, title: &str) -> Event {
    let data = json!({"n": n, "rule": rule, "title": title, "file": "src/group.js"});
    event(seq, ts, "qa", "bug-filed", data)
}

pub fn tree(n: u32) -> String {
    format!("{n:040}")
}

fn committed(seq: u64, ts: DateTime<Utc>, n: u32) -> Event {
    let data = json!({"tree": tree(n), "commit": format!("{:0<40x}", 0xabc_def0 + n)});
    event(seq, ts, "developer", "tree", data)
}

/// From the idea to the second red run.
pub fn events() -> Vec<Event> {
    let idea = "Digest of the open issues of a repository, grouped by label, for a daily mail.";
    vec![
        event(
            4,
            at(1, 0, 0),
            "operator:oper",
            "item-added",
            json!({"name": TOOL, "idea": idea, "priority": 2}),
        ),
        step(1800, at(1, 39, 0), "idle", "spec", "picked", 0),
        attempt(1801, at(1, 39, 1), 3, "developer", "spec"),
        turn(1802, at(1, 41, 0), "developer", "spec/draft/0"),
        event(
            1803,
            at(1, 43, 0),
            "developer",
            "spec-kept",
            json!({"n": 1, "sha256": "x"}),
        ),
        step(1804, at(1, 43, 0), "spec", "spec-review", "drafted", 0),
        attempt(1805, at(1, 43, 1), 4, "qa", "spec-review"),
        turn(1806, at(1, 47, 0), "qa", "spec-review/cases/0"),
        event(
            1807,
            at(1, 48, 0),
            "qa",
            "cases-kept",
            json!({"n": 1, "count": 14, "dropped": []}),
        ),
        step(1808, at(1, 48, 0), "spec-review", "coding", "approved", 0),
        attempt(1809, at(1, 48, 1), 5, "developer", "coding"),
        turn(1810, at(2, 1, 0), "developer", "coding/file/src/group.js/0"),
        turn(1811, at(2, 9, 0), "developer", "coding/file/src/main.js/0"),
        event(
            1812,
            at(2, 10, 0),
            "gates",
            "tried",
            json!({"passed": 29, "total": 31, "timed_out": false, "millis": 900}),
        ),
        committed(1813, at(2, 12, 0), 1),
        step(1814, at(2, 12, 0), "coding", "qa", "built", 0),
        attempt(1815, at(2, 12, 1), 6, "qa", "qa"),
        run(1816, at(2, 15, 41), 1, 29, 0),
        event(
            1817,
            at(2, 15, 41),
            "engine",
            "worked",
            json!({"millis": 1000}),
        ),
        bug(1818, at(2, 16, 0), 1, "R4", "groupByLabel breaks R4"),
        bug(1819, at(2, 16, 1), 2, "R7", "404 is not told"),
        step(1820, at(2, 16, 2), "qa", "fixing", "failed", 1),
        attempt(1821, at(2, 16, 3), 7, "developer", "fixing"),
        turn(
            1822,
            at(2, 28, 0),
            "developer",
            "fixing/file/src/group.js/0",
        ),
        committed(1823, at(2, 31, 0), 2),
        step(1824, at(2, 32, 0), "fixing", "qa", "fixed", 1),
        attempt(1825, at(2, 32, 1), 8, "qa", "qa"),
        run(1846, at(2, 40, 31), 2, 31, 12),
    ]
}

fn case(id: &str, rule: &str, passed: bool, want: &str, got: &str) -> CaseResult {
    CaseResult {
        id: id.to_owned(),
        rule: rule.to_owned(),
        passed,
        reproduce: format!("groupByLabel({id})"),
        expected: want.to_owned(),
        received: got.to_owned(),
        at: (!passed).then(|| "src/main.js:41".to_owned()),
    }
}

fn gate(gate: &str, passed: bool, words: &str) -> GateResult {
    GateResult {
        gate: gate.to_owned(),
        passed,
        words: words.to_owned(),
        millis: match gate {
            "jest" => Some(1_120),
            "held-out" => Some(340),
            _ => None,
        },
        ..GateResult::default()
    }
}

fn evidence(run: u32) -> Evidence {
    let red = run == 1;
    let test = |name: &str, passed: bool| JestTest {
        file: "test/dev/group.test.js".to_owned(),
        name: name.to_owned(),
        passed,
        message: if passed {
            String::new()
        } else {
            "expect(received).toEqual(expected)\n- Expected\n+ Received".to_owned()
        },
        at: (!passed).then(|| "src/group.js:18".to_owned()),
    };
    let held = match red {
        true => Vec::new(),
        false => vec![
            case("H1", "R1", true, "", ""),
            case("H4", "R4", false, "{\"bug\":2}", "{\"bug\":1,\"Bug\":1}"),
            case("H9", "R9", false, "exit 0", "exit 1"),
        ],
    };
    Evidence {
        schema: 1,
        tool: TOOL.to_owned(),
        run,
        tree: tree(run),
        at: at(2, 40, 31),
        gates: vec![
            gate("scan", true, "3 files"),
            gate(
                "jest",
                !red,
                if red {
                    "2 of 31 tests fail"
                } else {
                    "31 of 31"
                },
            ),
            gate("held-out", false, "2 of 14 cases fail: H4 (R4), H9 (R9)"),
        ],
        jest: Some(JestRun {
            exit: Some(i32::from(red)),
            report: Some(JestReport {
                success: !red,
                total: 31,
                passed: if red { 29 } else { 31 },
                failed: if red { 2 } else { 0 },
                tests: vec![
                    test("groups by label", true),
                    test("joins labels of one word", !red),
                ],
                ..JestReport::default()
            }),
            coverage: [(
                "src/group.js".to_owned(),
                FileCoverage {
                    statements: Some(100.0),
                    branches: Some(if red { 75.0 } else { 100.0 }),
                    functions: Some(100.0),
                    lines: Some(100.0),
                    uncovered: if red { vec![7, 12] } else { Vec::new() },
                },
            )]
            .into(),
            expected_tests: 31,
            ..JestRun::default()
        }),
        held_out: held,
        public: vec![case("E1", "R4", true, "", "")],
        throwing: None,
        mutation: None,
        sandbox: "bwrap+cg".to_owned(),
        reviewed: None,
        external_reader: false,
        millis: 1400,
    }
}

/// What a home would answer.
pub fn answer(ask: &Ask) -> Option<Piece> {
    let file = |path: &str, bytes: u64, id: char| TreeFile {
        path: path.to_owned(),
        mode: 0o100_644,
        bytes,
        id: id.to_string().repeat(40),
    };
    Some(match ask {
        Ask::Paper(Paper::SpecVersion { n: 1, .. }) => Piece::Text(SPEC.to_owned()),
        Ask::Paper(Paper::Evidence { run, .. }) => Piece::Evidence(Box::new(evidence(*run))),
        Ask::Paper(Paper::Bug { n, .. }) => Piece::Text(format!(
            "# BUG-{n}\n\n```text\nBUG-{n}  rule R4  cycle 0\nExpected: {{\"bug\":2}}\nReceived: {{\"bug\":1,\"Bug\":1}}\nHypothesis: the label itself is the key of the map, so that `Bug` and `bug` end up in two groups.\n```\n"
        )),
        Ask::Paper(Paper::Review { n, .. }) => Piece::Text(format!(
            "# Review {n}\n\n```text\nBy: anthropic/claude-opus-5-5\nVerdict: send-back\nFile: src/group.js\nCheck: R4 is not kept for labels that differ only by case\n\nTrim and lower-case the label once, in groupByLabel, before it becomes a key of the map.\n```\n"
        )),
        Ask::Files(of) if *of == tree(1) => Piece::Files(vec![
            file("README.md", 900, 'a'),
            file("src/group.js", OLD.len() as u64, 'b'),
        ]),
        Ask::Files(_) => Piece::Files(vec![
            file("README.md", 900, 'a'),
            file("src/group.js", NEW.len() as u64, 'c'),
            file("src/main.js", 20_480, 'd'),
        ]),
        Ask::File(id) if id.starts_with('b') => Piece::Text(OLD.to_owned()),
        Ask::File(id) if id.starts_with('c') => Piece::Text(NEW.to_owned()),
        Ask::File(id) if id.starts_with('a') => {
            Piece::Text("# Digest\n\nRun `digest`.\n".to_owned())
        }
        Ask::Diff(None, Some(_)) => Piece::Diff(vec![compare("src/group.js", None, Some(OLD))]),
        Ask::Diff(Some(_), Some(_)) => {
            Piece::Diff(vec![compare("src/group.js", Some(OLD), Some(NEW))])
        }
        Ask::Turn(_, label, _) => Piece::Turn(Said {
            asked: vec![
                ("system".to_owned(), "You write one file.".to_owned()),
                (
                    "user".to_owned(),
                    format!("# Task\nWrite what {label} names."),
                ),
            ],
            thought: "The key must be trimmed.".to_owned(),
            text: "```js\nconst key = l.trim();\n```".to_owned(),
            ..Said::default()
        }),
        _ => return None,
    })
}

/// Answers questions until none is left; what else was asked for comes out.
pub fn serve(model: &mut Model, mut effects: Vec<Effect>) -> Vec<Effect> {
    let mut rest = Vec::new();
    while !effects.is_empty() {
        let mut next = Vec::new();
        for effect in effects {
            next.extend(match effect {
                Effect::Events(tool, after, mark) => {
                    let events = events().into_iter().filter(|event| event.seq > after);
                    let page = Events {
                        events: if tool == TOOL {
                            events.collect()
                        } else {
                            Vec::new()
                        },
                        before: None,
                        tip: 0,
                    };
                    tell(model, Message::Events(tool, after, mark, Ok(page)))
                }
                Effect::Piece(ask) => {
                    let came = answer(&ask);
                    tell(model, Message::Piece(ask, Ok(came)))
                }
                other => {
                    rest.push(other);
                    Vec::new()
                }
            });
        }
        effects = next;
    }
    rest
}

/// Keys, with every question answered in between; what else was asked for comes out.
pub fn keys(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut rest = Vec::new();
    let mut left = keys;
    while let Some(first) = left.chars().next() {
        let named = left.strip_prefix('<').and_then(|more| more.split_once('>'));
        let named = named.filter(|(name, _)| name.len() > 1 && Key::parse(name).is_some());
        let end = named.map_or(first.len_utf8(), |(name, _)| name.len() + 2);
        let (key, behind) = left.split_at(end);
        let effects = press(model, key);
        rest.extend(serve(model, effects));
        left = behind;
    }
    rest
}
