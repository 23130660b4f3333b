//! `report` of a journal written by hand: figures, what is new since it was read, and the honest empty page.

use super::World;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::cheat::Cheat;
use dev_factory::domain::event::{EventBody, Move, NewEvent, RunSummary, ShipRecord, Turn};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::stuck::Rung;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 1, 9, 0, 0).unwrap()
    }
}

/// Events of one tool, a second each.
struct Told {
    tool: String,
    events: Vec<NewEvent>,
}

impl Told {
    fn of(tool: &str) -> Self {
        Self {
            tool: tool.to_owned(),
            events: Vec::new(),
        }
    }

    fn event(mut self, body: EventBody) -> Self {
        self.events.push(NewEvent {
            tool: Some(self.tool.clone()),
            actor: "engine".to_owned(),
            body,
        });
        self
    }

    fn go(self, from: Phase, outcome: Outcome, to: Phase) -> Self {
        let tag = format!("{}@1.0.0", self.tool);
        let ship = (outcome == Outcome::Ship).then(|| ShipRecord {
            version: "1.0.0".to_owned(),
            tag,
            commit: "c".to_owned(),
        });
        self.event(EventBody::Move(Move {
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
        }))
    }

    fn turn(self, phase: Phase, change: impl Fn(&mut Turn)) -> Self {
        let mut turn = Turn {
            label: format!("{}/{phase}/file/src/cli.js/0", self.tool),
            role: Role::Developer,
            host: "gpu".to_owned(),
            model: "small".to_owned(),
            ok: true,
            error: None,
            estimated: None,
            input_tokens: Some(4_000),
            output_tokens: Some(1_000),
            thought_tokens: None,
            cached: Default::default(),
            rate: None,
            usd: Some(0.0),
            millis: 30_000,
            gpu: None,
            speed: Some(50.0),
            local: true,
            scripted: false,
            malformed: false,
            exhausted: false,
            uncounted: false,
        };
        change(&mut turn);
        self.event(EventBody::Turn(turn))
    }

    fn run(self, run: u32, passed: u32, held_passed: u32, gate: Option<&str>) -> Self {
        self.event(EventBody::Run(RunSummary {
            run,
            tree: format!("t{run}"),
            green: gate.is_none(),
            passed,
            total: 10,
            held_passed,
            held_total: 5,
            coverage: Some(100.0),
            failed_gate: gate.map(|gate| format!("{gate}: words")),
            cheats: gate
                .filter(|gate| *gate == "scan")
                .map(|_| [(Cheat::Reach, 2), (Cheat::Hollow, 1)].into())
                .unwrap_or_default(),
            mutation: gate.is_none().then_some(84),
            mutation_millis: if gate.is_none() { 1_500 } else { 0 },
            millis: 2_000,
        }))
    }
}

/// A tool green at its third run after a fresh start, with a paid review.
fn shipped(tool: &str) -> Vec<NewEvent> {
    use Outcome as O;
    use Phase as P;
    let told = Told::of(tool)
        .go(P::Idle, O::Picked, P::Spec)
        .go(P::Spec, O::Drafted, P::SpecReview)
        .go(P::SpecReview, O::Approved, P::Coding)
        .turn(P::Coding, |turn| turn.thought_tokens = Some(300))
        .turn(P::Coding, |turn| turn.malformed = true)
        .turn(P::Coding, |turn| {
            turn.ok = false;
            turn.exhausted = true;
            turn.output_tokens = None;
        })
        .event(EventBody::Mended {
            path: "src/cli.js".to_owned(),
            notes: vec!["exports main".to_owned()],
        })
        .event(EventBody::Tried {
            passed: 1,
            total: 2,
            timed_out: false,
            millis: 900,
        })
        .go(P::Coding, O::Built, P::Qa)
        .run(1, 7, 1, Some("jest"))
        .go(P::Qa, O::Failed, P::Fixing)
        .event(EventBody::Stuck {
            rule: "S4".to_owned(),
            words: "the same".to_owned(),
            evidence: Vec::new(),
            next: "L2".to_owned(),
        })
        .event(EventBody::Afresh {
            rung: Rung::Afresh,
            model: None,
            tried: String::new(),
        })
        .go(P::Fixing, O::Fixed, P::Qa)
        .run(2, 10, 4, Some("held-out"))
        .go(P::Qa, O::Failed, P::Fixing)
        .go(P::Fixing, O::Fixed, P::Qa)
        .run(3, 10, 5, None)
        .go(P::Qa, O::Passed, P::Review)
        .turn(P::Review, |turn| {
            turn.role = Role::Supervisor;
            turn.usd = Some(0.08);
            turn.local = false;
        })
        .go(P::Review, O::Ship, P::Shipped)
        .go(P::Shipped, O::Next, P::Idle);
    told.events
}

/// A tool that is parked after one red run.
fn parked(tool: &str) -> Vec<NewEvent> {
    use Outcome as O;
    use Phase as P;
    let told = Told::of(tool)
        .go(P::Idle, O::Picked, P::Spec)
        .go(P::Spec, O::Drafted, P::SpecReview)
        .go(P::SpecReview, O::Approved, P::Coding)
        .turn(P::Coding, |turn| turn.usd = None)
        .go(P::Coding, O::Built, P::Qa)
        .run(1, 4, 0, Some("scan"))
        .go(P::Qa, O::Failed, P::Fixing)
        .go(P::Fixing, O::Escalated, P::Review)
        .go(P::Review, O::Parked, P::Idle);
    told.events
}

fn journal(home: &Path, events: Vec<NewEvent>, minutes: i64) {
    let clock: Arc<dyn Clock> = Arc::new(Still);
    let store = FileStore::open(home, &clock).unwrap();
    let loaded = store.load().unwrap();
    let mut factory = loaded.factory.unwrap_or_else(|| Factory::new(Still.now()));
    let at = Still.now() + TimeDelta::minutes(minutes);
    store.commit(&mut factory, events, at).unwrap();
}

fn said(w: &World, words: &[&str]) -> String {
    let mut command = w.run(&[&["--home", "home"], words].concat());
    let output = command.env("TZ", "UTC").assert().code(0);
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let place = w.path("home").canonicalize().unwrap();
    text.replace(&place.display().to_string(), "HOME")
}

#[test]
fn an_empty_home_has_nothing_to_report_and_says_so() {
    let w = World::new();
    let home = w.home();
    let text = said(&w, &["report"]);
    assert!(text.contains("Nothing to report yet"), "{text}");
    let json: Value = serde_json::from_str(&said(&w, &["report", "--json"])).unwrap();
    assert_eq!(json["summary"]["shipped"], 0);
    assert_eq!(json["summary"]["heldOutGap"], Value::Null);
    assert!(
        !home.join("dev-factory/journal.jsonl").exists(),
        "it only looks"
    );
}

#[test]
fn the_page_shows_every_figure_in_80_columns() {
    let w = World::new();
    let home = w.home();
    journal(&home, shipped("alpha"), 0);
    journal(&home, parked("a-tool-with-a-name-that-goes-on-and-on"), 60);
    let text = said(&w, &["report"]);
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("page", text);
}

#[test]
fn json_has_the_figures_by_tool_and_phase() {
    let w = World::new();
    let home = w.home();
    journal(&home, shipped("alpha"), 0);
    let json: Value = serde_json::from_str(&said(&w, &["report", "--json"])).unwrap();
    let build = &json["metrics"]["tools"]["alpha"]["builds"][0];
    assert_eq!(build["publicAt"], 2);
    assert_eq!(build["heldOutAt"], 3);
    assert_eq!(build["greenAt"], 3);
    assert_eq!(build["lines"], serde_json::json!([1, 2]));
    assert_eq!(build["level"], 2);
    let coding = &json["metrics"]["tools"]["alpha"]["phases"]["coding"];
    assert_eq!(coding["turns"], 3);
    assert_eq!(coding["malformed"], 1);
    assert_eq!(coding["exhausted"], 1);
    assert_eq!(coding["thought"], 300);
    assert_eq!(coding["decodeMillis"], 40_000);
    assert_eq!(coding["prefillMillis"], 20_000);
    assert_eq!(coding["testMillis"], 900);
    assert_eq!(json["phases"]["qa"]["gateMillis"], 6_000);
    assert_eq!(json["summary"]["supervisorUsdPerShipped"]["mean"], 0.08);
    assert_eq!(json["summary"]["rejections"]["held-out"], 1);
    assert_eq!(json["summary"]["mended"], 1);
    assert_eq!(build["mutation"], 84);
    assert_eq!(json["summary"]["mutation"]["mean"], 84.0);
    assert_eq!(json["phases"]["qa"]["mutationMillis"], 1_500);
    assert_eq!(json["summary"]["cheats"], serde_json::json!({}));
    journal(&home, parked("beta"), 60);
    let json: Value = serde_json::from_str(&said(&w, &["report", "--json"])).unwrap();
    let cheats = serde_json::json!({"reach": 1, "hollow": 1});
    assert_eq!(json["summary"]["cheats"], cheats);
    assert_eq!(json["metrics"]["tools"]["beta"]["cheats"], cheats);
}

#[test]
fn a_shift_begins_where_this_person_marked_it_read() {
    let w = World::new();
    let home = w.home();
    journal(&home, shipped("alpha"), 0);
    let first = said(&w, &["report", "--shift", "--mark-read"]);
    assert!(first.contains("nothing was marked read yet") && first.contains("alpha"));
    let nothing = said(&w, &["report", "--shift"]);
    assert!(
        nothing.contains("No tool was worked on since then"),
        "{nothing}"
    );
    journal(&home, parked("beta"), 90);
    let second = said(&w, &["report", "--shift"]);
    assert!(
        second.contains("beta") && !second.contains("alpha"),
        "{second}"
    );
    assert!(
        second.contains("0 shipped, 1 parked, 0 dropped"),
        "{second}"
    );
    // The whole report is not shortened by the mark, nor is somebody else's shift.
    assert!(said(&w, &["report"]).contains("alpha"));
    let mut other = w.run(&["--home", "home", "report", "--shift"]);
    let other = other
        .env("XDG_STATE_HOME", w.path("other"))
        .assert()
        .code(0);
    let other = String::from_utf8(other.get_output().stdout.clone()).unwrap();
    assert!(other.contains("alpha"), "{other}");
    let mark = std::fs::read_dir(w.path("state/dev-factory/read"))
        .unwrap()
        .next();
    std::fs::write(mark.unwrap().unwrap().path(), "no json").unwrap();
    let bad = w
        .run(&["--home", "home", "report", "--shift"])
        .assert()
        .code(1);
    let bad = String::from_utf8(bad.get_output().stderr.clone()).unwrap();
    assert!(bad.contains("remove it to begin anew"), "{bad}");
}
