//! Every command of the contract, accepted and refused, by what an operator reads and what changes.

use crate::world::{OPERATOR, World, nobody, ready};
use chrono::Duration;
use dev_factory::domain::budget;
use dev_factory::domain::command::{Command, Decision, StopAfter, Verb};
use dev_factory::domain::decide::{
    Input, allowed, decide, disputable, needs_engine, pending, stale, upkeep,
};
use dev_factory::domain::event::{EventBody, Turn, Unit};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::state::{PauseKind, Scope};
use dev_factory::domain::stuck::{Cycle, Failing};
use serde_json::json;

fn requeue(item: Option<&str>, fresh: bool) -> Verb {
    Verb::Requeue {
        item: item.map(str::to_owned),
        fresh,
        reason: None,
        priority: None,
    }
}

fn park(item: Option<&str>) -> Verb {
    Verb::Park {
        item: item.map(str::to_owned),
        reason: Some("wrong idea".into()),
    }
}

fn unpark(item: &str) -> Verb {
    Verb::Unpark {
        item: item.into(),
        reason: None,
        priority: None,
    }
}

fn drop_item(item: &str) -> Verb {
    Verb::Drop {
        item: item.into(),
        reason: None,
    }
}

fn pause(scope: Option<Scope>) -> Verb {
    Verb::Pause {
        scope,
        reason: None,
        until: None,
    }
}

fn resume(target: Option<&str>) -> Verb {
    Verb::Resume {
        target: target.map(str::to_owned),
        reason: None,
    }
}

/// The command is refused in words that hold all of these, and nothing changes.
fn refused(world: &mut World, verb: Verb, words: &[&str]) {
    let before = world.factory.clone();
    let why = world.command(verb.clone()).expect_err(&format!("{verb:?}"));
    for word in words {
        assert!(why.contains(word), "{word:?} is not in {why:?}");
    }
    assert_eq!(before, world.factory);
}

fn priced(usd: f64) -> EventBody {
    EventBody::Turn(Turn {
        label: "alpha/coding/file/src/cli.js/0".into(),
        role: Role::Developer,
        host: "h".into(),
        model: "m".into(),
        ok: true,
        error: None,
        estimated: None,
        input_tokens: Some(10),
        output_tokens: Some(5),
        cached: Default::default(),
        rate: None,
        usd: Some(usd),
        speed: None,
        gpu: None,
        millis: 5,
        local: false,
        scripted: false,
        malformed: false,
        exhausted: false,
        uncounted: false,
        thought_tokens: None,
    })
}

#[test]
fn a_command_for_another_tool_or_phase_is_refused_saying_what_changed() {
    let mut world = World::with(&["alpha"]);
    let meant = |world: &World, tool: Option<&str>, phase| {
        Input::Command(Command {
            tool: tool.map(str::to_owned),
            phase,
            ..world.send(Verb::Hint { text: "x".into() })
        })
    };
    let input = meant(&world, Some("alpha"), None);
    let why = world.decide(&input).unwrap_err().sentence;
    assert!(why.contains("alpha") && why.contains("no tool"), "{why}");
    world.to(Phase::Coding);
    let input = meant(&world, Some("beta"), None);
    let why = world.decide(&input).unwrap_err().sentence;
    assert!(why.contains("beta") && why.contains("alpha"), "{why}");
    let input = meant(&world, Some("alpha"), Some(Phase::Spec));
    let why = world.decide(&input).unwrap_err().sentence;
    assert!(why.contains("spec") && why.contains("coding"), "{why}");
    let input = meant(&world, Some("alpha"), Some(Phase::Coding));
    world.decide(&input).unwrap();
}

#[test]
fn only_lasting_commands_survive_ten_minutes_without_an_engine() {
    let world = World::new();
    let later = world.now + Duration::minutes(11);
    let lasting = [
        Verb::Add {
            idea: "x".into(),
            priority: None,
            name: None,
        },
        Verb::Edit {
            item: "x".into(),
            idea: "y".into(),
        },
        Verb::Prioritise {
            item: "x".into(),
            priority: 1,
        },
        pause(None),
    ];
    for verb in lasting {
        assert!(!stale(&world.send(verb), later));
    }
    for verb in [
        resume(None),
        requeue(None, false),
        Verb::Retry {},
        drop_item("x"),
    ] {
        assert!(stale(&world.send(verb.clone()), later), "{verb:?}");
        assert!(!stale(&world.send(verb), world.now + Duration::minutes(9)));
    }
    assert!(needs_engine(&Verb::Abort {}) && needs_engine(&Verb::Retry {}));
    assert!(!needs_engine(&pause(None)));
}

#[test]
fn commands_read_as_other_programs_write_them() {
    let at = "2026-03-01T09:00:00Z";
    let bare = json!({"id": "1", "command": "retry", "by": "bot", "at": at});
    let command: Command = serde_json::from_value(bare).unwrap();
    assert_eq!(command.verb, Verb::Retry {});
    let pause = json!({"id": "2", "command": "pause", "args": null, "tool": null, "phase": null, "by": "bot", "at": at});
    let command: Command = serde_json::from_value(pause).unwrap();
    let back: Command = serde_json::from_value(serde_json::to_value(&command).unwrap()).unwrap();
    assert_eq!(command, back);
    let wrong = json!({"id": "3", "command": "decide", "args": {}, "by": "bot", "at": at});
    let why = serde_json::from_value::<Command>(wrong)
        .unwrap_err()
        .to_string();
    assert!(why.contains("decide") && why.contains("decision"), "{why}");
}

#[test]
fn a_sender_cannot_pass_for_a_part_of_the_factory() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let command = Command {
        by: "engine".into(),
        ..world.send(Verb::Escalate {
            reason: "odd".into(),
        })
    };
    world.decide(&Input::Command(command)).unwrap();
    let last = world.journal.last().unwrap();
    assert_eq!(last.actor, "operator:engine");
}

#[test]
fn pause_and_resume() {
    let mut world = World::new();
    refused(&mut world, resume(None), &["nothing pauses factory"]);
    world.command(pause(None)).unwrap();
    world.command(pause(Some(Scope::Qa))).unwrap();
    refused(&mut world, pause(None), &["paused already", "pause-1"]);
    refused(
        &mut world,
        resume(Some("supervisor")),
        &["pause-1", "pause-2"],
    );
    assert_eq!(world.factory.pauses[0].kind, PauseKind::Operator);
    let sentence = world.command(resume(Some("pause-2"))).unwrap();
    assert!(sentence.contains("pause-1"), "what still holds: {sentence}");
    world.command(resume(None)).unwrap();
    assert!(world.factory.pauses.is_empty());
    let past = Verb::Pause {
        scope: None,
        reason: None,
        until: Some(world.now),
    };
    refused(&mut world, past, &["over already"]);
    let until = world.now + Duration::minutes(30);
    world
        .command(Verb::Pause {
            scope: None,
            reason: None,
            until: Some(until),
        })
        .unwrap();
    assert_eq!(world.factory.pauses[0].id, "pause-3");
    assert!(
        upkeep(
            &world.factory,
            &world.limits,
            &[],
            until - Duration::seconds(1)
        )
        .is_empty()
    );
    let over = upkeep(&world.factory, &world.limits, &[], until);
    world.record(over);
    assert!(world.factory.pauses.is_empty());
}

#[test]
fn escalate() {
    let mut world = World::with(&["alpha"]);
    let escalate = || Verb::Escalate {
        reason: "it loops".into(),
    };
    refused(&mut world, escalate(), &["idle", "picked"]);
    world.to(Phase::Qa);
    refused(&mut world, Verb::Escalate { reason: " ".into() }, &["why"]);
    world.command(escalate()).unwrap();
    let escalation = world.factory.escalation.clone().unwrap();
    assert_eq!(
        (escalation.reason.as_str(), escalation.from),
        ("it loops", Phase::Qa)
    );
    refused(&mut world, escalate(), &["review", "hint"]);
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Shipped);
    refused(&mut world, escalate(), &["shipped", "next"]);
}

#[test]
fn requeue_goes_behind_its_priority_and_keeps_the_place() {
    let mut world = World::with(&["alpha", "beta", "gamma"]);
    refused(&mut world, requeue(None, false), &["no tool is under way"]);
    refused(&mut world, requeue(Some("alpha"), false), &["already"]);
    refused(
        &mut world,
        requeue(Some("alhpa"), false),
        &["alhpa", "did you mean alpha"],
    );
    world.to(Phase::Coding);
    world
        .command(Verb::Prioritise {
            item: "gamma".into(),
            priority: -1,
        })
        .unwrap();
    world.command(requeue(None, false)).unwrap();
    let order: Vec<&str> = world
        .factory
        .items
        .iter()
        .map(|i| i.name.as_str())
        .collect();
    assert_eq!(order, ["beta", "alpha", "gamma"]);
    assert_eq!(world.item("alpha").phase, Some(Phase::Coding));
    world.pick();
    assert_eq!(world.factory.current_tool.as_deref(), Some("beta"));
    world.command(requeue(None, true)).unwrap();
    assert_eq!(
        (world.item("beta").phase, world.item("beta").branch.clone()),
        (None, None)
    );
    world.pick();
    assert_eq!(
        (world.factory.phase, world.last_move().outcome),
        (Phase::Coding, Outcome::Resumed)
    );
}

#[test]
fn requeue_of_a_shipped_tool_builds_it_anew_as_the_next_minor_version() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Shipped);
    refused(&mut world, requeue(None, false), &["shipped", "next"]);
    world.room(ready());
    world.command(requeue(Some("alpha"), false)).unwrap();
    world.pick();
    assert_eq!(
        (world.factory.phase, world.factory.cycle_count),
        (Phase::Spec, 0)
    );
    assert!(world.last_move().fresh);
    assert_eq!(world.facts().next_version(), "1.1.0");
    world.to(Phase::Shipped);
    assert_eq!(world.facts().versions, ["1.0.0", "1.1.0"]);
}

#[test]
fn reopen_goes_to_fixing_with_its_bug_as_the_next_patch_version() {
    let mut world = World::with(&["alpha", "beta"]);
    let reopen = |text: &str| Verb::Reopen {
        tool: "alpha".into(),
        text: text.into(),
    };
    refused(
        &mut world,
        reopen("x"),
        &["waiting for its turn", "only a shipped tool"],
    );
    world.to(Phase::Shipped);
    world.room(ready());
    refused(&mut world, reopen(" "), &["bug report"]);
    world.command(reopen("it fails on\ttabs")).unwrap();
    world.room(ready());
    let made = world.last_move();
    assert_eq!(
        (made.outcome, made.to, made.fresh, made.cycle_count),
        (Outcome::Resumed, Phase::Fixing, true, 0)
    );
    assert_eq!(
        world.factory.current_tool.as_deref(),
        Some("alpha"),
        "first in the file"
    );
    assert_eq!(world.facts().open_bugs[0].n, 1);
    assert_eq!(world.facts().next_version(), "1.0.1");
    world.command(park(None)).unwrap();
    world.command(unpark("alpha")).unwrap();
    world.room(ready());
    world.room(ready());
    while world.factory.current_tool.as_deref() != Some("alpha") {
        world.to(Phase::Shipped);
        world.room(ready());
        world.room(ready());
    }
    assert!(
        !world.last_move().fresh,
        "the branch it began is taken up again"
    );
    world.to(Phase::Shipped);
    assert_eq!(world.facts().versions, ["1.0.0", "1.0.1"]);
    refused(&mut world, reopen("again"), &["in shipped"]);
}

#[test]
fn park_and_unpark() {
    let mut world = World::with(&["alpha", "beta"]);
    refused(&mut world, park(None), &["no tool is under way"]);
    refused(&mut world, unpark("alpha"), &["not parked"]);
    world.command(park(Some("beta"))).unwrap();
    assert_eq!(world.item("beta").status, ItemStatus::NeedsHuman);
    refused(&mut world, park(Some("beta")), &["is parked"]);
    world.to(Phase::Review);
    world.command(park(None)).unwrap();
    assert_eq!(world.item("alpha").reason.as_deref(), Some("wrong idea"));
    world.command(unpark("alpha")).unwrap();
    world.room(ready());
    assert_eq!(world.factory.phase, Phase::Review);
    assert!(world.facts().evidence_complete(), "evidence is kept");
    world.command(unpark("beta")).unwrap();
    assert_eq!(world.item("beta").status, ItemStatus::Wanted);
}

#[test]
fn a_tool_that_is_set_aside_takes_little_room() {
    let mut world = World::with(&["alpha", "beta"]);
    world.to(Phase::Coding);
    for run in 1..=40 {
        let failing = (0..60).map(|n| Failing {
            name: format!("case E{n} R{n} of run {run}"),
            received: "an answer that is none ".repeat(40),
        });
        world.fact(EventBody::Cycle(Cycle {
            run,
            passed: u32::from(run == 3) * 9,
            failing: failing.collect(),
            ..Cycle::default()
        }));
    }
    let size = |world: &World| serde_json::to_string(&world.facts()).unwrap().len();
    assert!(size(&world) > 2_000_000);
    world.command(park(None)).unwrap();
    assert_eq!(world.item("alpha").status, ItemStatus::NeedsHuman);
    let facts = world.factory.facts("alpha").unwrap();
    let runs: Vec<u32> = facts.course.rows.iter().map(|row| row.cycle.run).collect();
    assert_eq!(
        runs,
        [3, 33, 34, 35, 36, 37, 38, 39, 40],
        "the best and the newest"
    );
    let room = |world: &World| {
        let facts = world.factory.facts("alpha").unwrap();
        serde_json::to_string(facts).unwrap().len()
    };
    assert!(room(&world) < 40_000, "{}", room(&world));
    world.command(drop_item("alpha")).unwrap();
    assert!(room(&world) < 40_000, "{}", room(&world));
}

#[test]
fn a_green_tool_that_is_dropped_and_asked_for_again_can_still_ship() {
    let mut world = World::with(&["alpha"]);
    world.shelved();
    let before = world.factory.facts("alpha").unwrap().last_run.clone();
    assert!(before.is_some());
    world.command(drop_item("alpha")).unwrap();
    world.command(requeue(Some("alpha"), false)).unwrap();
    assert_eq!(world.factory.facts("alpha").unwrap().last_run, before);
    world.pick();
    assert_eq!(world.factory.phase, Phase::Review);
    world.ship().unwrap();
    assert_eq!(world.item("alpha").status, ItemStatus::Shipped);
}

#[test]
fn drop_of_the_tool_under_way_is_requeue_then_drop() {
    let mut world = World::with(&["alpha", "beta"]);
    world.to(Phase::Coding);
    world.command(drop_item("alpha")).unwrap();
    assert_eq!(world.last_move().outcome, Outcome::Requeued);
    assert_eq!(world.item("alpha").status, ItemStatus::Dropped);
    assert_eq!(world.factory.phase, Phase::Idle);
    assert_eq!(world.factory.totals.dropped_after_pick, 1);
    world.command(drop_item("beta")).unwrap();
    assert_eq!(
        world.factory.totals.dropped_after_pick, 1,
        "beta was never picked"
    );
    refused(&mut world, drop_item("beta"), &["dropped"]);
    assert!(world.room(ready()).is_empty());
    world.command(requeue(Some("alpha"), false)).unwrap();
    world.to(Phase::Shipped);
    refused(&mut world, drop_item("alpha"), &["shipped"]);
    world.room(ready());
    refused(&mut world, drop_item("alpha"), &["shipped"]);
}

#[test]
fn retry_and_abort_drop_the_attempt() {
    let mut world = World::with(&["alpha"]);
    refused(&mut world, Verb::Retry {}, &["nothing to retry"]);
    refused(&mut world, Verb::Abort {}, &["nothing to abort"]);
    world.to(Phase::Spec);
    world.attempt(Role::Developer);
    world.command(Verb::Retry {}).unwrap();
    assert!(world.factory.attempt.is_none() && world.factory.pauses.is_empty());
    world.attempt(Role::Developer);
    world.command(Verb::Abort {}).unwrap();
    assert!(world.factory.attempt.is_none());
    assert_eq!(world.factory.pauses[0].kind, PauseKind::Operator);
    assert_eq!(world.factory.phase, Phase::Spec);
    world.command(resume(None)).unwrap();
}

#[test]
fn hint() {
    let mut world = World::with(&["alpha"]);
    let hint = |text: &str| Verb::Hint { text: text.into() };
    refused(&mut world, hint("x"), &["no tool is under way"]);
    world.to(Phase::Coding);
    refused(&mut world, hint(""), &["empty"]);
    refused(&mut world, hint(&"w ".repeat(151)), &["151", "150"]);
    world.command(hint("use a Map")).unwrap();
    assert_eq!(world.facts().hints["coding"], "use a Map");
    world.escalated(Phase::Coding);
    refused(&mut world, hint("x"), &["decide hint"]);
}

#[test]
fn decide_in_review_takes_effect_at_once() {
    let mut world = World::with(&["alpha"]);
    let why = world.decision(Decision::Ship, "").unwrap_err();
    assert!(why.contains("nothing to decide"), "{why}");
    world.to(Phase::Review);
    let id = world.attempt(Role::Supervisor);
    let why = world.decision(Decision::SendBack, "").unwrap_err();
    assert!(why.contains("instructions"), "{why}");
    let why = world.decision(Decision::Hint, "x").unwrap_err();
    assert!(
        why.contains("not escalated") && why.contains("send-back"),
        "{why}"
    );
    world.decision(Decision::SendBack, "tabs are lost").unwrap();
    assert_eq!(
        (world.factory.phase, world.factory.cycle_count),
        (Phase::Fixing, 1)
    );
    assert_eq!(
        (
            world.facts().reviews,
            world.facts().send_backs,
            world.facts().sent_back
        ),
        (1, 0, 1)
    );
    let late = dev_factory::domain::decide::Report {
        attempt: Some(id),
        ..Default::default()
    };
    assert!(
        world
            .report_with("supervisor", Outcome::Respec, late)
            .is_err(),
        "the model's turn is void"
    );
    world.to(Phase::Review);
    world.attempt(Role::Supervisor);
    world.decision(Decision::Ship, "good").unwrap();
    assert!(world.factory.attempt.is_none());
    assert_eq!(pending(&world.factory).unwrap().actor, OPERATOR);
    assert_eq!(world.factory.phase, Phase::Review);
}

#[test]
fn decide_every_answer_to_an_escalation() {
    let answers = [
        (Decision::SendBack, Phase::Fixing),
        (Decision::Respec, Phase::Spec),
        (Decision::Hint, Phase::Fixing),
        (Decision::TestDefect, Phase::Qa),
        (Decision::Takeover, Phase::Qa),
    ];
    for (decision, to) in answers {
        let mut world = World::with(&["alpha"]);
        world.escalated(Phase::Fixing);
        let why = world.decision(Decision::Ship, "").unwrap_err();
        assert!(why.contains("red"), "{why}");
        world.decision(decision, "do it").unwrap();
        assert_eq!(world.factory.phase, to, "{decision:?}");
    }
}

#[test]
fn decide_on_the_shelf_waits_for_the_lane() {
    let mut world = World::with(&["alpha", "beta"]);
    world.shelved();
    world.room(nobody());
    assert_eq!(world.factory.current_tool.as_deref(), Some("beta"));
    let why = world
        .command(Verb::Decide {
            item: Some("beta".into()),
            decision: Decision::Ship,
            text: None,
            case: None,
            file: None,
        })
        .unwrap_err();
    assert!(why.contains("beta is in spec"), "{why}");
    let why = world.decision(Decision::Takeover, "").unwrap_err();
    assert!(why.contains("0 of 2"), "{why}");
    let why = world.decision(Decision::TestDefect, "").unwrap_err();
    assert!(why.contains("not escalated"), "{why}");
    let sentence = world.decision(Decision::SendBack, "tabs are lost").unwrap();
    assert!(
        sentence.contains("takes effect when the lane is free"),
        "{sentence}"
    );
    world.command(requeue(None, false)).unwrap();
    world.room(nobody());
    let report = pending(&world.factory).unwrap();
    world.decide(&Input::Report(report)).unwrap();
    assert_eq!(
        (world.factory.phase, world.factory.current_tool.as_deref()),
        (Phase::Fixing, Some("alpha"))
    );
    assert!(world.facts().decision.is_none());
}

#[test]
fn decide_names_the_tools_when_several_wait() {
    let mut world = World::with(&["alpha", "beta"]);
    world.shelved();
    world.room(nobody());
    world.to(Phase::Review);
    world.room(nobody());
    let why = world.decision(Decision::Respec, "").unwrap_err();
    assert!(why.contains("alpha, beta"), "{why}");
}

#[test]
fn stop_is_remembered_unless_it_restarts() {
    let mut world = World::with(&["alpha"]);
    let stop = |restart| Verb::Stop {
        after: StopAfter::Turn,
        restart,
        reason: Some("lunch".into()),
    };
    world.command(stop(true)).unwrap();
    assert!(world.factory.stopped.is_none());
    world.to(Phase::Spec);
    let id = world.attempt(Role::Developer);
    world.command(stop(false)).unwrap();
    let stopped = world.factory.stopped.clone().unwrap();
    assert_eq!(
        (stopped.by.as_str(), stopped.reason.as_str()),
        (OPERATOR, "lunch")
    );
    assert_eq!(
        world.factory.attempt.clone().unwrap().id,
        id,
        "the turn ends in its own time"
    );
    refused(&mut world, stop(false), &["stopped already", "lunch"]);
    world.fact(EventBody::Cleared);
    assert!(world.factory.stopped.is_none());
}

#[test]
fn probe_snooze_and_not_stuck() {
    let mut world = World::with(&["alpha"]);
    assert!(
        world
            .command(Verb::Probe {
                host: Some("gpu".into())
            })
            .unwrap()
            .contains("gpu")
    );
    let until = world.now + Duration::hours(1);
    let now = world.now;
    refused(
        &mut world,
        Verb::Snooze {
            need: "review:alpha".into(),
            until: now,
        },
        &["passed"],
    );
    refused(
        &mut world,
        Verb::Snooze {
            need: String::new(),
            until,
        },
        &["name the entry"],
    );
    world
        .command(Verb::Snooze {
            need: "review:alpha".into(),
            until,
        })
        .unwrap();
    assert_eq!(world.factory.snoozed["review:alpha"], until);
    let rule = |rule: &str| Verb::NotStuck {
        rule: rule.into(),
        item: None,
    };
    refused(
        &mut world,
        rule("S2"),
        &["no tool is under way", "because of S2"],
    );
    world.to(Phase::Coding);
    refused(&mut world, rule("S99"), &["S1 to S16"]);
    world.command(rule("S2")).unwrap();
    refused(&mut world, rule("S2"), &["already"]);
    assert_eq!(world.facts().not_stuck, ["S2"]);
}

#[test]
fn add_edit_and_prioritise() {
    let mut world = World::new();
    let add = |idea: &str, name: Option<&str>| Verb::Add {
        idea: idea.into(),
        priority: Some(3),
        name: name.map(str::to_owned),
    };
    let sentence = world
        .command(add("Please build a tool that counts words in files", None))
        .unwrap();
    assert!(sentence.starts_with("counts-words-files"), "{sentence}");
    refused(&mut world, add("", None), &["empty"]);
    refused(&mut world, add("x", Some("../etc")), &["kebab-case"]);
    refused(&mut world, add("x", Some("Cost_Tracker")), &["kebab-case"]);
    refused(
        &mut world,
        add("y", Some("counts-words-files")),
        &["already"],
    );
    refused(
        &mut world,
        add("Please build a tool that counts words in files", None),
        &["already", "counts-words-files"],
    );
    let edit = |idea: &str| Verb::Edit {
        item: "counts-words-files".into(),
        idea: idea.into(),
    };
    refused(&mut world, edit("  "), &["empty"]);
    world.command(edit("count lines")).unwrap();
    assert_eq!(world.item("counts-words-files").idea, "count lines");
    refused(&mut world, edit("count lines"), &["already"]);
    refused(
        &mut world,
        Verb::Edit {
            item: "nope".into(),
            idea: "x".into(),
        },
        &["nope"],
    );
    let priority = |priority| Verb::Prioritise {
        item: "counts-words-files".into(),
        priority,
    };
    refused(&mut world, priority(3), &["already"]);
    world.command(priority(-4)).unwrap();
    assert_eq!(world.item("counts-words-files").priority, -4);
}

#[test]
fn budget_of_a_tool_parks_and_raising_it_unparks() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    world.fact(priced(2.25));
    let over = upkeep(&world.factory, &world.limits, &[], world.now);
    world.record(over);
    let item = world.item("alpha").clone();
    assert_eq!(
        (item.status, item.phase),
        (ItemStatus::NeedsHuman, Some(Phase::Coding))
    );
    assert!(
        item.reason.clone().unwrap().contains("2.25 of 2.00 usd"),
        "{:?}",
        item.reason
    );
    refused(
        &mut world,
        unpark("alpha"),
        &["dev-factory budget alpha usd"],
    );
    let budget = |amount| Verb::Budget {
        scope: "alpha".into(),
        unit: Unit::Usd,
        amount,
    };
    for amount in [f64::NAN, f64::INFINITY, -1.0] {
        refused(&mut world, budget(amount), &["no amount"]);
    }
    refused(
        &mut world,
        Verb::Budget {
            scope: "nope".into(),
            unit: Unit::Usd,
            amount: 1.0,
        },
        &["nope"],
    );
    world.command(budget(2.1)).unwrap();
    assert_eq!(
        world.item("alpha").status,
        ItemStatus::NeedsHuman,
        "not far enough"
    );
    world
        .command(Verb::Budget {
            scope: "alpha".into(),
            unit: Unit::Minutes,
            amount: 900.0,
        })
        .unwrap();
    assert_eq!(
        world.item("alpha").status,
        ItemStatus::NeedsHuman,
        "another unit"
    );
    let sentence = world.command(budget(4.0)).unwrap();
    assert!(sentence.contains("no longer parked"), "{sentence}");
    world.room(ready());
    assert_eq!(world.factory.phase, Phase::Coding);
    assert!(upkeep(&world.factory, &world.limits, &[], world.now).is_empty());
}

#[test]
fn the_factory_limit_pauses_roles_on_paid_hosts_until_raised_or_a_day_has_passed() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    world.limits.tool_usd = 100.0;
    world.fact(priced(5.0));
    let paid = [Role::Developer, Role::Supervisor];
    let over = upkeep(&world.factory, &world.limits, &paid, world.now);
    world.record(over);
    let scopes: Vec<Scope> = world.factory.pauses.iter().map(|p| p.scope).collect();
    assert_eq!(scopes, [Scope::Developer, Scope::Supervisor]);
    assert_ne!(world.factory.pauses[0].id, world.factory.pauses[1].id);
    assert!(upkeep(&world.factory, &world.limits, &paid, world.now).is_empty());
    refused(&mut world, resume(Some("developer")), &["pause-1"]);
    let tomorrow = world.now + Duration::hours(25);
    assert_eq!(
        upkeep(&world.factory, &world.limits, &paid, tomorrow).len(),
        2
    );
    world
        .command(Verb::Budget {
            scope: "factory".into(),
            unit: Unit::Usd,
            amount: 9.0,
        })
        .unwrap();
    assert!(world.factory.pauses.is_empty());
}

#[test]
fn a_limit_of_no_money_stops_only_what_costs() {
    let mut world = World::with(&["alpha"]);
    world.limits.tool_usd = 0.0;
    world.limits.day_usd = 0.0;
    world.to(Phase::Spec);
    let all = Role::ALL;
    assert!(upkeep(&world.factory, &world.limits, &all, world.now).is_empty());
    assert!(budget::notices(&world.factory, &world.limits, world.now).is_empty());
    world.fact(priced(0.01));
    let over = upkeep(&world.factory, &world.limits, &all, world.now);
    world.record(over);
    assert_eq!(world.item("alpha").status, ItemStatus::NeedsHuman);
    assert_eq!(world.factory.pauses.len(), 3);
}

#[test]
fn a_role_s_own_limit_holds_on_free_hosts_and_the_factory_s_money_does_not() {
    let mut world = World::with(&["alpha"]);
    world.limits.tool_usd = 100.0;
    world.to(Phase::Spec);
    world.fact(priced(6.0));
    assert!(
        upkeep(&world.factory, &world.limits, &[], world.now).is_empty(),
        "the day's money is spent, but nobody works for money"
    );
    let limit = |amount| Verb::Budget {
        scope: "developer".into(),
        unit: Unit::Minutes,
        amount,
    };
    world.command(limit(2.0)).unwrap();
    world.attempt(Role::Developer);
    world.fact(EventBody::Worked { millis: 119_000 });
    assert_eq!(
        needs(&world),
        ["budget:developer/minutes"],
        "told before it stops"
    );
    world.fact(EventBody::Worked { millis: 60_000 });
    let over = upkeep(&world.factory, &world.limits, &[], world.now);
    world.record(over);
    let scopes: Vec<Scope> = world.factory.pauses.iter().map(|p| p.scope).collect();
    assert_eq!(scopes, [Scope::Developer]);
    assert!(upkeep(&world.factory, &world.limits, &[], world.now).is_empty());
    assert!(needs(&world).is_empty(), "the pause says it now");
    world.command(limit(30.0)).unwrap();
    let lifted = upkeep(&world.factory, &world.limits, &[], world.now);
    world.record(lifted);
    assert!(world.factory.pauses.is_empty());
}

/// Limits of the world that are nearly reached and not about money.
fn needs(world: &World) -> Vec<String> {
    budget::needs(&world.factory, &world.limits, world.now)
        .into_iter()
        .filter(|need| !need.id.ends_with("usd"))
        .map(|need| need.id)
        .collect()
}

#[test]
fn scopes_and_roles_map_both_ways() {
    for role in Role::ALL {
        assert_eq!(Scope::of(role).role(), Some(role));
        let held: Vec<Scope> = Scope::ALL.into_iter().filter(|s| s.covers(role)).collect();
        assert_eq!(held, [Scope::Factory, Scope::of(role)]);
    }
}

#[test]
fn a_model_may_decide_what_the_rows_let_it() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Review);
    let offered =
        |world: &World, escalated| allowed(&world.facts(), escalated, &world.limits.ladder);
    use Decision::{Hint, Respec, SendBack, Ship, Takeover, TestDefect};
    assert_eq!(offered(&world, false), [Ship, SendBack, Respec]);
    assert_eq!(offered(&world, true), [Hint, Respec]);
    // Only a case that fails can be doubted by a model.
    let failing = |name: &str| Failing {
        name: name.to_owned(),
        ..Failing::default()
    };
    let run = world.facts().runs;
    world.fact(EventBody::Cycle(Cycle {
        run,
        failing: vec![failing("case E3 R1"), failing("held-out H2 R1")],
        ..Cycle::default()
    }));
    assert_eq!(offered(&world, true), [Hint, Respec, TestDefect]);
    assert_eq!(disputable(&world.facts()), ["H2"]);
    for _ in 0..2 {
        world.to(Phase::Review);
        world.report("supervisor", Outcome::SendBack).unwrap();
    }
    world.to(Phase::Review);
    assert_eq!(offered(&world, false), [Ship, Takeover, Respec]);
    world.report("supervisor", Outcome::SendBack).unwrap_err();
    world.tree();
    assert_eq!(
        offered(&world, false),
        [Takeover, Respec],
        "nothing measured this tree"
    );
}

#[test]
fn not_stuck_sends_the_tool_back_to_where_the_verdict_caught_it() {
    let rule = |rule: &str| Verb::NotStuck {
        rule: rule.into(),
        item: None,
    };
    let mut world = World::with(&["alpha", "beta"]);
    world.escalated(Phase::Fixing);
    let said = world.command(rule("S3")).unwrap();
    assert!(!said.contains("goes back"), "{said}");
    assert_eq!(world.factory.phase, Phase::Review, "S2 raised it, not S3");
    let said = world.command(rule("S2")).unwrap();
    assert!(said.contains("goes back to fixing"), "{said}");
    assert_eq!(world.factory.phase, Phase::Fixing);
    let made = world.last_move();
    assert_eq!(made.outcome, Outcome::Hint);
    assert_eq!(made.reason.as_deref(), Some("not stuck by S2"));
    assert!(world.facts().hints.is_empty(), "nothing was to be said");
    assert_eq!(world.facts().not_stuck, ["S3", "S2"]);
}

#[test]
fn not_stuck_of_a_shelved_tool_waits_for_the_lane() {
    let rule = |rule: &str| Verb::NotStuck {
        rule: rule.into(),
        item: None,
    };
    let mut world = World::with(&["alpha"]);
    world.escalated(Phase::Fixing);
    world.room(nobody());
    assert_eq!(world.item("alpha").status, ItemStatus::InReview);
    refused(&mut world, rule("S3"), &["none on the shelf", "S3"]);
    let said = world.command(rule("S2")).unwrap();
    assert!(said.contains("when the lane is free"), "{said}");
    world.room(nobody());
    assert_eq!(world.factory.phase, Phase::Review);
    let report = pending(&world.factory).unwrap();
    world.decide(&Input::Report(report)).unwrap();
    assert_eq!(world.factory.phase, Phase::Fixing);
    assert_eq!(world.facts().not_stuck, ["S2"]);
    assert!(world.facts().hints.is_empty());
}

#[test]
fn not_stuck_is_for_the_tool_the_rule_has_stopped() {
    let rule = |rule: &str, item: Option<&str>| Verb::NotStuck {
        rule: rule.into(),
        item: item.map(str::to_owned),
    };
    let mut world = World::with(&["alpha", "beta"]);
    world.escalated(Phase::Fixing);
    while world.factory.current_tool.as_deref() != Some("beta") {
        world.room(nobody());
    }
    refused(
        &mut world,
        rule("S3", Some("alpha")),
        &["alpha is neither under way nor on the shelf because of S3"],
    );
    let said = world.command(rule("S2", None)).unwrap();
    assert!(said.starts_with("S2 no longer counts for alpha"), "{said}");
    let silent = |world: &World, tool: &str| world.factory.facts(tool).unwrap().not_stuck.clone();
    assert_eq!(silent(&world, "alpha"), ["S2"]);
    assert!(silent(&world, "beta").is_empty());
    let said = world.command(rule("S2", Some("beta"))).unwrap();
    assert!(said.starts_with("S2 no longer counts for beta"), "{said}");
    assert_eq!(silent(&world, "beta"), ["S2"]);
}

#[test]
fn a_rule_nobody_listens_to_an_answer_for_is_refused_with_the_way_out() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let ways = [
        ("S1", "hint"),
        ("S10", "hint"),
        ("S12", "budget"),
        ("S14", "decide"),
        ("S15", "doctor"),
    ];
    for (rule, way) in ways {
        let verb = Verb::NotStuck {
            rule: rule.into(),
            item: None,
        };
        refused(&mut world, verb, &[rule, "cannot be taken as wrong", way]);
    }
    assert!(world.facts().not_stuck.is_empty());
}

#[test]
fn an_answer_is_the_last_event_and_a_refusal_changes_nothing() {
    let world = World::with(&["alpha"]);
    let input = Input::Command(world.send(requeue(Some("alpha"), true)));
    let events = decide(&world.factory, &world.limits, &input, world.now).unwrap();
    assert!(matches!(
        events.last().unwrap().body,
        EventBody::Answered { accepted: true, .. }
    ));
    let input = Input::Command(world.send(Verb::Rewind { seq: 1 }));
    let why = decide(&world.factory, &world.limits, &input, world.now).unwrap_err();
    assert!(why.sentence.contains("event 1"), "{why}");
}
