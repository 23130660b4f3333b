//! A tool's past folded up to moments of it.

use super::*;
use crate::domain::event::{Move, RunSummary};
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Outcome, Role};
use chrono::{DateTime, TimeDelta};

fn event(seq: u64, body: EventBody) -> Event {
    Event {
        seq,
        ts: DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(seq).unwrap()),
        lane: "main".to_owned(),
        tool: Some("x".to_owned()),
        actor: "engine".to_owned(),
        body,
    }
}

fn step(seq: u64, from: Phase, to: Phase, outcome: Outcome, cycle_count: u32) -> Event {
    event(
        seq,
        EventBody::Move(Move {
            from,
            to,
            outcome,
            reason: None,
            attempt: None,
            cycle_count,
            started_at: None,
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

fn attempt(seq: u64, id: u64, role: Role, phase: Phase) -> Event {
    let started_at = DateTime::UNIX_EPOCH;
    event(
        seq,
        EventBody::AttemptStarted(AttemptRef {
            id,
            role,
            phase,
            started_at,
        }),
    )
}

fn turn(seq: u64, label: &str) -> Event {
    let value = serde_json::json!({"label": label, "role": "developer", "host": "h", "model": "m", "ok": true,
        "input_tokens": 10, "output_tokens": 5, "usd": 0.0, "millis": 1000, "local": true});
    event(seq, EventBody::Turn(serde_json::from_value(value).unwrap()))
}

fn tree(seq: u64, name: &str) -> Event {
    event(
        seq,
        EventBody::Tree {
            tree: format!("tree-{name}"),
            commit: format!("commit-{name}"),
        },
    )
}

fn run(seq: u64, n: u32, green: bool, tree: &str) -> Event {
    event(
        seq,
        EventBody::Run(RunSummary {
            run: n,
            tree: format!("tree-{tree}"),
            green,
            passed: n,
            total: 2,
            ..RunSummary::default()
        }),
    )
}

fn bug(seq: u64, n: u32) -> Event {
    event(
        seq,
        EventBody::BugFiled {
            n,
            rule: Some("R1".to_owned()),
            title: format!("bug {n}"),
            file: None,
        },
    )
}

/// Built, red, repaired, green, shipped.
fn whole() -> Past {
    use Phase::{Coding, Fixing, Idle, Qa, Review, Shipped, Spec, SpecReview};
    let mut past = Past::default();
    past.add([
        event(
            1,
            EventBody::ItemAdded {
                name: "x".to_owned(),
                idea: "an x".to_owned(),
                priority: 3,
            },
        ),
        step(10, Idle, Spec, Outcome::Picked, 0),
        attempt(11, 1, Role::Developer, Spec),
        turn(12, "x/spec/draft/0"),
        event(
            13,
            EventBody::SpecKept {
                n: 1,
                sha256: String::new(),
            },
        ),
        step(14, Spec, SpecReview, Outcome::Drafted, 0),
        event(
            15,
            EventBody::CasesKept {
                n: 1,
                count: 7,
                dropped: Vec::new(),
            },
        ),
        step(16, SpecReview, Coding, Outcome::Approved, 0),
        attempt(17, 2, Role::Developer, Coding),
        turn(18, "x/coding/file/a.js/0"),
        turn(19, "x/coding/file/a.js/0"),
        tree(20, "a"),
        step(21, Coding, Qa, Outcome::Built, 0),
        run(22, 1, false, "a"),
        event(23, EventBody::Worked { millis: 5 }),
        bug(24, 1),
        step(25, Qa, Fixing, Outcome::Failed, 1),
        tree(26, "b"),
        step(27, Fixing, Qa, Outcome::Fixed, 1),
        run(28, 2, true, "b"),
        step(29, Qa, Review, Outcome::Passed, 1),
        step(30, Review, Shipped, Outcome::Ship, 1),
        step(31, Shipped, Idle, Outcome::Next, 0),
    ]);
    past
}

fn moment(past: &Past, at: u64) -> Moment {
    Moment::of(past, "x", Some(at))
}

#[test]
fn each_moment_has_what_there_was_then() {
    let past = whole();
    let spec = moment(&past, 12);
    assert_eq!(
        (spec.phase, spec.facts.specs, spec.tree),
        (Phase::Spec, 0, None)
    );
    assert_eq!(spec.item.as_ref().map(|item| item.priority), Some(3));
    let coding = moment(&past, 19);
    assert_eq!(
        (coding.facts.specs, coding.held_out, coding.runs.len()),
        (1, 7, 0)
    );
    let red = moment(&past, 25);
    let tree = red.tree.as_ref().map(|tree| tree.tree.as_str());
    assert_eq!(
        (red.phase, red.cycle, tree),
        (Phase::Fixing, 1, Some("tree-a"))
    );
    assert!(red.bugs.iter().all(|bug| bug.open) && red.bugs.len() == 1);
    let green = moment(&past, 28);
    assert!(!green.bugs[0].open);
    assert_eq!(green.bugs[0].run.map(|(run, _)| run), Some(2));
    assert_eq!(
        green.runs.iter().map(|ran| ran.cycle).collect::<Vec<_>>(),
        [0, 1]
    );
    // A moment between two events is the one before.
    assert_eq!(moment(&past, 500).seq, 31);
    let shipped = Moment::of(&past, "x", None);
    let status = shipped.item.map(|item| item.status);
    assert_eq!(
        (shipped.phase, status),
        (Phase::Idle, Some(ItemStatus::Shipped))
    );
    assert_eq!(
        shipped.runs.len(),
        2,
        "what the engine forgets is still shown"
    );
    assert_eq!(Moment::of(&Past::default(), "x", None), Moment::default());
}

#[test]
fn a_rewind_brings_back_what_was() {
    let mut past = whole();
    let mut rewound = step(40, Phase::Qa, Phase::Coding, Outcome::Rewound, 1);
    if let EventBody::Move(made) = &mut rewound.body {
        made.commit = None;
    }
    past.add([rewound]);
    let now = Moment::of(&past, "x", None);
    assert_eq!((now.phase, now.tree), (Phase::Coding, None));
    assert!(now.bugs.iter().all(|bug| !bug.open));
    past.add([bug(41, 1)]);
    let again = Moment::of(&past, "x", None);
    assert_eq!((again.bugs.len(), again.bugs[0].open), (1, true));
}

#[test]
fn steps_pass_over_bookkeeping_and_jumps_go_from_move_to_move() {
    let past = whole();
    assert_eq!(past.step(None, false), Some(30));
    assert_eq!(
        past.step(Some(24), false),
        Some(22),
        "not the bookkeeping between"
    );
    assert_eq!(past.step(Some(22), true), Some(24));
    assert_eq!(
        (past.step(Some(1), false), past.step(Some(31), true)),
        (None, None)
    );
    assert_eq!(past.jump(Some(24), false), Some(21));
    assert_eq!(past.jump(Some(25), false), Some(21));
    assert_eq!(past.jump(Some(25), true), Some(27));
    assert_eq!(past.jump(None, false), Some(30));
    assert_eq!(past.jump(Some(10), false), None);
}

#[test]
fn turns_know_their_attempt_and_their_place_in_it() {
    let past = whole();
    let turns = past.turns(None);
    let found: Vec<(Option<u64>, usize)> = turns
        .iter()
        .map(|turn| (turn.attempt.map(|attempt| attempt.id), turn.nth))
        .collect();
    assert_eq!(found, [(Some(1), 0), (Some(2), 0), (Some(2), 1)]);
    assert_eq!(past.turns(Some(18)).len(), 2);
}

#[test]
fn stays_say_what_came_of_them() {
    let stays = stays(&whole());
    let said: Vec<(Phase, bool, &str)> = stays
        .iter()
        .map(|stay| (stay.phase, stay.red, stay.note.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (Phase::Spec, false, "spec 1"),
            (Phase::SpecReview, false, "7 held-out"),
            (Phase::Coding, false, ""),
            (Phase::Qa, true, "1 of 2"),
            (Phase::Fixing, false, "BUG-1"),
            (Phase::Qa, false, "2 of 2"),
            (Phase::Review, false, ""),
            (Phase::Shipped, false, ""),
        ]
    );
    assert!(stays[0].until == Some(stays[1].from));
}

#[test]
fn events_of_others_are_told_apart_from_its_own() {
    let mut other = event(1, EventBody::Cleared);
    other.tool = None;
    assert!(!concerns(&other, "x"));
    let added = |name: &str| EventBody::ItemAdded {
        name: name.to_owned(),
        idea: String::new(),
        priority: 0,
    };
    other.body = added("x");
    assert!(concerns(&other, "x") && begins(&other, "x"));
    other.body = added("xy");
    assert!(!concerns(&other, "x") && !begins(&other, "x"));
    assert!(concerns(&tree(3, "a"), "x") && !begins(&tree(3, "a"), "x"));
}

#[test]
fn every_event_has_words() {
    for event in whole().until(None) {
        assert!(!words(event).is_empty(), "{event:?}");
    }
    assert_eq!(words(&tree(20, "a")), "files committed, commit-a");
}

#[test]
fn a_difference_has_both_numbers_and_what_stands_around() {
    let old: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let new = old
        .replace("line 5\n", "five\nmore\n")
        .replace("line 18\n", "");
    let changed = compare("a.js", Some(&old), Some(&new));
    assert_eq!((changed.plus, changed.minus, changed.whole), (2, 2, None));
    let lines: Vec<(Sign, usize, &str)> = changed
        .lines
        .iter()
        .map(|line| (line.sign, line.number, line.text.as_str()))
        .collect();
    assert_eq!(lines[3], (Sign::Minus, 5, "line 5"));
    assert_eq!(
        lines[4..6],
        [(Sign::Plus, 5, "five"), (Sign::Plus, 6, "more")]
    );
    assert!(lines.iter().any(|line| line.0 == Sign::Gap));
    assert!(lines.contains(&(Sign::Minus, 18, "line 18")));
    let whole = compare("a.js", None, Some("one\n"));
    assert_eq!((whole.whole, whole.plus), (Some(Sign::Plus), 1));
    assert_eq!(
        compare("a.js", Some("one\n"), None).whole,
        Some(Sign::Minus)
    );
}
