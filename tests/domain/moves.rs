//! Every row of the contract: accepted when its conditions hold, refused in words when they do not.

use crate::world::{OPERATOR, World, nobody, ready};
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::decide::claim::{self, Judgement, judge};
use dev_factory::domain::decide::{Input, Report, Room, allowed, decide, pending};
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Decider, Outcome, Phase, Role};
use dev_factory::domain::state::{PauseKind, Scope};
use dev_factory::domain::table;
use serde_json::Map;

fn text(text: &str) -> Report {
    Report {
        text: Some(text.to_owned()),
        ..Report::default()
    }
}

#[test]
fn a_tool_goes_all_the_way_and_is_put_away() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    assert_eq!(world.factory.current_tool.as_deref(), Some("alpha"));
    assert_eq!(world.item("alpha").branch.as_deref(), Some("tool/alpha"));
    let picked = world.factory.started_at;
    assert!(picked.is_some());
    world.to(Phase::Fixing);
    assert_eq!(world.factory.cycle_count, 1);
    world.to(Phase::Shipped);
    assert_eq!(world.facts().versions, ["1.0.0"]);
    assert_eq!(world.factory.started_at, picked);
    world.room(ready());
    assert_eq!(world.factory.phase, Phase::Idle);
    let doc = world.factory.state_doc(&Map::new());
    assert_eq!(
        (doc.current_tool, doc.started_at, doc.cycle_count),
        (None, None, 0)
    );
    assert_eq!(world.item("alpha").status, ItemStatus::Shipped);
    assert_eq!(world.factory.totals.cycles, 1);
    assert!(world.room(ready()).is_empty(), "nothing is left to do");
}

#[test]
fn every_other_pair_is_refused_with_both_phases_and_what_is_legal() {
    for phase in Phase::ALL {
        for outcome in Outcome::ALL {
            let mut world = World::with(&["alpha"]);
            if phase != Phase::Idle {
                world.to(phase);
            }
            if table::find(phase, outcome, false).is_some() {
                continue;
            }
            let row = table::TABLE
                .iter()
                .find(|row| row.outcome == outcome)
                .unwrap();
            let by = match row.by {
                Decider::Developer => "developer",
                Decider::Qa => "qa",
                Decider::Gates => "gates",
                Decider::Reviewer => "supervisor",
                Decider::Operator => OPERATOR,
                Decider::Engine | Decider::EngineOrOperator => "engine",
            };
            let why = world.report(by, outcome).unwrap_err();
            assert!(why.contains(phase.name()), "{phase} {outcome}: {why}");
            assert!(why.contains(row.from.name()), "{phase} {outcome}: {why}");
            for legal in table::legal_outcomes(phase, false) {
                assert!(why.contains(legal.name()), "{phase} {outcome}: {why}");
            }
        }
    }
}

#[test]
fn only_the_rightful_decider_decides() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Qa);
    world.run(true);
    let why = world.report("developer", Outcome::Passed).unwrap_err();
    assert!(why.contains("the gates"), "{why}");
    let why = world.report("supervisor", Outcome::Requeued).unwrap_err();
    assert!(why.contains("the operator"), "{why}");
    world.report("gates", Outcome::Passed).unwrap();
    let why = world.report("developer", Outcome::Ship).unwrap_err();
    assert!(why.contains("supervisor"), "{why}");
}

#[test]
fn an_outdated_attempt_is_refused() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    let first = world.attempt(Role::Developer);
    world.command(Verb::Retry {}).unwrap();
    let done = |id| Report {
        attempt: Some(id),
        ..Report::default()
    };
    let why = world
        .report_with("developer", Outcome::Drafted, done(first))
        .unwrap_err();
    assert!(why.contains("outdated"), "{why}");
    let second = world.attempt(Role::Developer);
    let why = world
        .report_with("developer", Outcome::Drafted, done(first))
        .unwrap_err();
    assert!(why.contains(&format!("attempt {second}")), "{why}");
    world
        .report_with("developer", Outcome::Drafted, done(second))
        .unwrap();
    assert_eq!(world.last_move().attempt, Some(second));
    assert!(world.factory.attempt.is_none());
}

#[test]
fn picking_takes_the_highest_priority_then_the_first_in_the_file() {
    let mut world = World::with(&["alpha", "beta", "gamma"]);
    world
        .command(Verb::Prioritise {
            item: "gamma".into(),
            priority: 2,
        })
        .unwrap();
    world
        .command(Verb::Prioritise {
            item: "beta".into(),
            priority: 2,
        })
        .unwrap();
    assert!(
        world.room(Room::default()).is_empty(),
        "no developer, no pick"
    );
    world.pick();
    assert_eq!(world.factory.current_tool.as_deref(), Some("beta"));
    assert!(world.room(ready()).is_empty(), "the lane is taken");
}

#[test]
fn nothing_is_picked_while_paused_or_stopped() {
    for scope in [None, Some(Scope::Developer)] {
        let mut world = World::with(&["alpha"]);
        world
            .command(Verb::Pause {
                scope,
                reason: None,
                until: None,
            })
            .unwrap();
        assert!(world.room(ready()).is_empty(), "{scope:?}");
        let target = scope.map(|s| s.name().to_owned());
        world
            .command(Verb::Resume {
                target,
                reason: None,
            })
            .unwrap();
        world.pick();
        assert_eq!(world.factory.phase, Phase::Spec);
    }
}

#[test]
fn undraftable_needs_three_refusals_of_the_linter() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    for n in 0..3 {
        let why = world.report("engine", Outcome::Undraftable).unwrap_err();
        assert!(why.contains(&format!("{n} of 3")), "{why}");
        world.fact(EventBody::SpecRefused {
            by: Role::Developer,
            notes: vec!["R2 has no example".into()],
            clauses: Vec::new(),
        });
    }
    world.report("engine", Outcome::Undraftable).unwrap();
    assert_eq!(world.factory.phase, Phase::Review);
    let escalation = world.factory.escalation.clone().unwrap();
    assert_eq!(escalation.from, Phase::Spec);
    assert!(
        escalation.reason.contains("R2 has no example"),
        "{}",
        escalation.reason
    );
    assert_eq!(world.last_move().outcome, Outcome::Undraftable);
}

fn rejected(world: &mut World, clause: &str) {
    let more = Report {
        clauses: clause.split(", ").map(str::to_owned).collect(),
        ..text("the order of keys is open")
    };
    world.to(Phase::SpecReview);
    world.report_with("qa", Outcome::Rejected, more).unwrap();
}

#[test]
fn a_spec_rejected_thrice_or_twice_for_one_clause_is_escalated() {
    let mut world = World::with(&["alpha"]);
    rejected(&mut world, "R1");
    assert_eq!(world.factory.phase, Phase::Spec);
    assert_eq!(world.facts().spec_notes, ["the order of keys is open"]);
    rejected(&mut world, "R1");
    assert_eq!(world.factory.phase, Phase::Review);
    let escalation = world.factory.escalation.clone().unwrap();
    assert!(escalation.reason.contains("S16") && escalation.from == Phase::SpecReview);

    // By whatever words, and wherever in the list it stands.
    let mut world = World::with(&["alpha"]);
    rejected(&mut world, "R1, R2 (tabs)");
    rejected(&mut world, "E3, rule R2: what is a tab?");
    let escalation = world.factory.escalation.clone().unwrap();
    assert!(
        escalation.reason.contains("2 times for R2"),
        "{escalation:?}"
    );

    world.decision(Decision::Respec, "name the order").unwrap();
    assert_eq!(world.facts().spec_notes, ["name the order"]);
    for clause in ["R1", "R2"] {
        rejected(&mut world, clause);
        assert_eq!(world.factory.phase, Phase::Spec);
    }
    rejected(&mut world, "R3");
    assert_eq!(world.factory.phase, Phase::Review);

    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    world
        .command(Verb::NotStuck {
            rule: "S16".into(),
            item: None,
        })
        .unwrap();
    for _ in 0..4 {
        rejected(&mut world, "R1");
    }
    assert_eq!(world.factory.phase, Phase::Spec);
}

#[test]
fn a_spec_defect_counts_once_a_tool() {
    for phase in [Phase::Coding, Phase::Qa, Phase::Fixing] {
        let mut world = World::with(&["alpha"]);
        world.to(phase);
        world
            .report_with("engine", Outcome::SpecDefect, text("R1 contradicts E3"))
            .unwrap();
        assert_eq!(world.factory.phase, Phase::Spec);
        assert_eq!(world.facts().spec_notes, ["R1 contradicts E3"]);
        world.to(phase);
        world
            .report_with("engine", Outcome::SpecDefect, text("again"))
            .unwrap();
        assert_eq!(world.factory.phase, Phase::Review);
        assert_eq!(world.last_move().outcome, Outcome::Escalated);
        assert_eq!(world.factory.escalation.clone().unwrap().from, phase);
    }
}

#[test]
fn passing_needs_evidence_for_exactly_this_tree() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Qa);
    assert!(world.report("gates", Outcome::Passed).is_err());
    world.run(false);
    assert!(world.report("gates", Outcome::Passed).is_err());
    world.run(true);
    world.tree();
    assert!(world.report("gates", Outcome::Passed).is_err());
    world.run(true);
    world.report("gates", Outcome::Passed).unwrap();
}

#[test]
fn shipping_is_decided_first_and_recorded_once_git_is_done() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Review);
    let bodies = world.report("supervisor", Outcome::Ship).unwrap();
    assert!(matches!(
        bodies.as_slice(),
        [EventBody::Decided {
            decision: Decision::Ship,
            ..
        }]
    ));
    assert_eq!(world.factory.phase, Phase::Review);
    assert_eq!(
        pending(&world.factory).unwrap().outcome,
        Some(Outcome::Ship)
    );
    world.tree();
    let why = world.ship().unwrap_err();
    assert!(why.contains("another tree"), "{why}");
    world.run(true);
    world.ship().unwrap();
    assert!(world.facts().decision.is_none());
}

#[test]
fn a_third_send_back_by_a_model_is_refused_and_two_open_the_takeover() {
    let mut world = World::with(&["alpha"]);
    for n in 0..2 {
        world.to(Phase::Review);
        let why = world.report("supervisor", Outcome::Takeover).unwrap_err();
        assert!(why.contains(&format!("{n} of 2")), "{why}");
        let bodies = world
            .report_with("supervisor", Outcome::SendBack, text("parse rejects tabs"))
            .unwrap();
        assert!(
            matches!(&bodies[0], EventBody::BugFiled { title, .. } if title == "parse rejects tabs")
        );
        assert_eq!(world.factory.cycle_count, n + 1);
        assert_eq!(world.facts().open_bugs[0].n, n + 1);
    }
    world.to(Phase::Review);
    let why = world
        .report_with("supervisor", Outcome::SendBack, text("again"))
        .unwrap_err();
    assert!(why.contains("S14"), "{why}");
    world.report("supervisor", Outcome::Takeover).unwrap();
    assert_eq!(world.factory.phase, Phase::Qa);
    world.to(Phase::Review);
    world
        .report_with(OPERATOR, Outcome::SendBack, text("a person may"))
        .unwrap();
    assert_eq!(world.factory.phase, Phase::Fixing);
}

#[test]
fn a_model_that_never_ships_ends_with_a_person_after_so_many_reviews() {
    let mut world = World::with(&["alpha"]);
    let mut reviews = 0;
    while world.factory.item("alpha").unwrap().status != ItemStatus::NeedsHuman {
        world.to(Phase::Review);
        reviews += 1;
        assert!(reviews < 20, "it goes round");
        let allowed: Vec<Decision> = allowed(&world.facts(), false, &world.limits.ladder);
        let used = world.facts().send_backs >= world.limits.ladder.send_backs;
        let order = match used {
            true => [Decision::Takeover, Decision::Respec, Decision::SendBack],
            false => [Decision::SendBack, Decision::Takeover, Decision::Respec],
        };
        let wanted = order.iter().find(|one| allowed.contains(one));
        let outcome = wanted.unwrap().outcome();
        world
            .report_with("supervisor", outcome, text("still not what R1 says"))
            .unwrap();
    }
    // Two send-backs and a takeover, two new specs with two send-backs each, and the one too many.
    assert_eq!(reviews, 10);
    let made = world.last_move();
    assert_eq!((made.outcome, made.to), (Outcome::Parked, Phase::Idle));
    assert!(made.reason.unwrap().starts_with("S14: after 2 send-backs"));
    let verdict = world
        .journal
        .iter()
        .rev()
        .find_map(|event| match &event.body {
            EventBody::Stuck { rule, evidence, .. } => Some((rule.clone(), evidence.len())),
            _ => None,
        });
    assert_eq!(verdict, Some(("S14".to_owned(), 2)));
    // A person's answer gives the model its patience back.
    world
        .command(Verb::Unpark {
            item: "alpha".into(),
            reason: None,
            priority: None,
        })
        .unwrap();
    world.to(Phase::Review);
    assert_eq!(world.facts().course.respecs, 0);
}

#[test]
fn send_back_and_test_defect_need_a_run() {
    let mut world = World::with(&["alpha"]);
    world.escalated(Phase::Coding);
    for outcome in [Outcome::SendBack, Outcome::TestDefect] {
        let why = world
            .report_with("supervisor", outcome, text("x"))
            .unwrap_err();
        assert!(why.contains("no run"), "{why}");
    }
}

#[test]
fn a_test_defect_strikes_the_named_case() {
    let mut world = World::with(&["alpha"]);
    world.escalated(Phase::Fixing);
    let why = world.report("supervisor", Outcome::TestDefect).unwrap_err();
    assert!(why.contains("case"), "{why}");
    let more = Report {
        case: Some("H3".into()),
        ..Report::default()
    };
    world
        .report_with("supervisor", Outcome::TestDefect, more)
        .unwrap();
    assert_eq!(world.factory.phase, Phase::Qa);
    assert_eq!(world.facts().struck, ["H3"]);
}

#[test]
fn a_hint_goes_back_to_where_it_came_from_and_waits_for_that_role() {
    for from in [
        Phase::Spec,
        Phase::SpecReview,
        Phase::Coding,
        Phase::Qa,
        Phase::Fixing,
    ] {
        let mut world = World::with(&["alpha"]);
        world.escalated(from);
        assert_eq!(world.factory.escalation.as_ref().unwrap().level, 4);
        let long = "word ".repeat(151);
        let why = world
            .report_with("supervisor", Outcome::Hint, text(&long))
            .unwrap_err();
        assert!(why.contains("151"), "{why}");
        world
            .report_with("supervisor", Outcome::Hint, text("sort the keys"))
            .unwrap();
        assert_eq!(world.factory.phase, from);
        assert!(world.factory.escalation.is_none());
        assert_eq!(world.facts().hints[from.name()], "sort the keys");
        if from != Phase::Fixing {
            world.to(Phase::Review);
            assert!(
                world.facts().hints.is_empty(),
                "used by the attempt that ended {from}"
            );
        }
    }
}

#[test]
fn a_takeover_before_there_is_code_goes_to_spec_review() {
    for (from, to) in [
        (Phase::Spec, Phase::SpecReview),
        (Phase::SpecReview, Phase::SpecReview),
        (Phase::Qa, Phase::Qa),
    ] {
        let mut world = World::with(&["alpha"]);
        world.escalated(from);
        world.report("supervisor", Outcome::Takeover).unwrap();
        assert_eq!(world.factory.phase, to);
    }
}

#[test]
fn a_line_of_work_ends_with_respec_hint_and_takeover() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Fixing);
    world.to(Phase::Qa);
    let line = |world: &World| world.facts().course.line;
    assert_eq!(line(&world), 1);
    world.escalated(Phase::Qa);
    world
        .report_with("supervisor", Outcome::Hint, text("x"))
        .unwrap();
    assert_eq!(line(&world), 2);
    world.to(Phase::Review);
    world.report("supervisor", Outcome::Respec).unwrap();
    assert!(world.facts().last_run.is_none());
}

#[test]
fn a_tool_nobody_can_review_waits_on_the_shelf_with_all_it_had() {
    let mut world = World::with(&["alpha", "beta"]);
    world.to(Phase::Fixing);
    world.escalated(Phase::Fixing);
    let kept = (
        world.factory.cycle_count,
        world.factory.started_at,
        world.factory.escalation.clone(),
    );
    assert!(world.room(ready()).is_empty(), "a supervisor can review it");
    world.room(nobody());
    assert_eq!(world.factory.phase, Phase::Idle);
    let item = world.item("alpha").clone();
    assert_eq!(
        (item.status, item.phase),
        (ItemStatus::InReview, Some(Phase::Review))
    );
    assert_eq!(item.escalation, kept.2);
    assert_eq!(item.reason.as_deref(), Some("waits for the operator"));
    world.room(nobody());
    assert_eq!(world.factory.current_tool.as_deref(), Some("beta"));
    world
        .command(Verb::Requeue {
            item: None,
            fresh: false,
            reason: None,
            priority: None,
        })
        .unwrap();
    world.room(ready());
    assert_eq!(
        world.last_move().outcome,
        Outcome::Unshelved,
        "before anything is picked"
    );
    assert_eq!(
        (
            world.factory.cycle_count,
            world.factory.started_at,
            world.factory.escalation.clone()
        ),
        kept
    );
}

#[test]
fn a_blocked_main_shelves_and_a_ship_decision_waits_for_it() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Review);
    let blocked = Room {
        main_blocked: Some("HEAD is on topic, not main".into()),
        ..ready()
    };
    world.room(blocked.clone());
    assert_eq!(
        world.item("alpha").reason.as_deref(),
        Some("HEAD is on topic, not main")
    );
    let sentence = world.decision(Decision::Ship, "").unwrap();
    assert!(
        sentence.contains("takes effect when the lane is free"),
        "{sentence}"
    );
    assert!(world.room(blocked).is_empty());
    world.room(nobody());
    assert_eq!(
        world.factory.phase,
        Phase::Review,
        "a decision needs no supervisor"
    );
    assert!(world.room(nobody()).is_empty(), "nor is it shelved again");
    let decided = pending(&world.factory).unwrap();
    assert_eq!(
        (decided.actor.as_str(), decided.outcome),
        (OPERATOR, Some(Outcome::Ship))
    );
    world.ship().unwrap();
}

#[test]
fn a_review_under_way_is_not_shelved() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Review);
    world.attempt(Role::Supervisor);
    assert!(world.room(nobody()).is_empty());
}

#[test]
fn parked_and_requeued_tools_resume_where_they_stood() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Fixing);
    let (cycles, started) = (world.factory.cycle_count, world.factory.started_at);
    world
        .report_with(
            "engine",
            Outcome::Parked,
            Report {
                reason: Some("S12".into()),
                ..Report::default()
            },
        )
        .unwrap();
    assert_eq!(world.item("alpha").status, ItemStatus::NeedsHuman);
    assert_eq!(world.item("alpha").reason.as_deref(), Some("S12"));
    assert!(world.room(ready()).is_empty(), "a person is needed first");
    world
        .command(Verb::Unpark {
            item: "alpha".into(),
            reason: None,
            priority: None,
        })
        .unwrap();
    world.room(ready());
    assert_eq!(
        (world.last_move().outcome, world.factory.phase),
        (Outcome::Resumed, Phase::Fixing)
    );
    assert_eq!(
        (world.factory.cycle_count, world.factory.started_at),
        (cycles, started)
    );
    assert!(!world.last_move().fresh);
}

fn rewind(world: &mut World, seq: u64) -> Result<Vec<EventBody>, String> {
    let tool = world.factory.current_tool.clone();
    let moves =
        |e: &&Event| matches!(e.body, EventBody::Move(_)) && (tool.is_none() || e.tool == tool);
    let target = world
        .journal
        .iter()
        .rev()
        .filter(|e| e.seq <= seq)
        .find(moves)
        .cloned()
        .map(Box::new);
    let command = world.send(Verb::Rewind { seq });
    world
        .decide(&Input::Rewind { command, target })
        .map_err(|refusal| refusal.sentence)
}

#[test]
fn what_a_moment_says_of_going_back_is_what_is_done() {
    use dev_factory::domain::tool::{Past, back};
    let build = || {
        let mut world = World::with(&["alpha"]);
        world.to(Phase::Coding);
        world.tree();
        world.report("developer", Outcome::Built).unwrap();
        world.to(Phase::Fixing);
        world.to(Phase::Review);
        world
    };
    let (mut went, mut refused) = (0, 0);
    for at in 1..=build().factory.seq {
        let mut world = build();
        let mut past = Past::default();
        let named = |event: &&Event| dev_factory::domain::tool::concerns(event, "alpha");
        past.add(world.journal.iter().filter(named).cloned());
        match back(&past, Some(at)) {
            Ok(back) => {
                rewind(&mut world, back.seq).unwrap();
                let made = world.last_move();
                assert_eq!((made.to, made.outcome), (back.to, Outcome::Rewound));
                assert_eq!(Some(made.commit.clone()), back.commit);
                let reason = format!("rewound to event {}", back.seq);
                assert_eq!(made.reason.as_deref(), Some(reason.as_str()));
                // Sent with the moment itself it would be the same move.
                let mut other = build();
                rewind(&mut other, at).unwrap();
                assert_eq!(other.last_move().reason, world.last_move().reason);
                went += 1;
            }
            Err(_) => {
                rewind(&mut world, at).unwrap_err();
                refused += 1;
            }
        }
    }
    assert!(went > 5 && refused > 0, "{went} {refused}");
}

#[test]
fn rewinding_restores_phase_and_commit_and_keeps_counters() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    world.tree();
    world.report("developer", Outcome::Built).unwrap();
    let seq = world.factory.seq;
    world.to(Phase::Fixing);
    world.to(Phase::Review);
    let cycles = world.factory.cycle_count;
    rewind(&mut world, seq).unwrap();
    assert_eq!(
        (world.factory.phase, world.factory.cycle_count),
        (Phase::Qa, cycles)
    );
    assert_eq!(world.last_move().commit.as_deref(), Some("commit-1"));
    assert!(!world.facts().evidence_complete());
    let tree = EventBody::Tree {
        tree: "tree-1".into(),
        commit: "commit-1".into(),
    };
    world.fact(tree);
    assert!(!world.facts().last_run.unwrap().green, "that tree was red");
    let why = rewind(&mut world, 1).unwrap_err();
    assert!(why.contains("no move"), "{why}");
    world.to(Phase::Shipped);
    let why = rewind(&mut world, seq).unwrap_err();
    assert!(why.contains("reopen"), "{why}");
    world.room(ready());
    let why = rewind(&mut world, seq).unwrap_err();
    assert!(why.contains("reopen"), "{why}");
    world
        .command(Verb::Requeue {
            item: Some("alpha".into()),
            fresh: false,
            reason: None,
            priority: None,
        })
        .unwrap();
    world.to(Phase::Coding);
    let why = rewind(&mut world, seq).unwrap_err();
    assert!(why.contains("earlier build"), "{why}");
}

#[test]
fn claims_are_judged_by_the_table() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let doc = world.factory.state_doc(&Map::new());
    assert_eq!(judge(&world.factory, &doc), Judgement::Harmless);
    let mut later = doc.clone();
    later.last_update = world.now + chrono::Duration::hours(1);
    later.other.insert("note".into(), "x".into());
    assert_eq!(judge(&world.factory, &later), Judgement::Harmless);
    assert!(world.decide(&Input::Claim(later)).unwrap().is_empty());
    let mut counted = doc.clone();
    counted.cycle_count = 9;
    assert_eq!(judge(&world.factory, &counted), Judgement::PutBack);
    let mut other = doc.clone();
    other.current_tool = None;
    assert!(
        matches!(judge(&world.factory, &other), Judgement::Illegal(why) if why.contains("currentTool"))
    );
    let mut built = counted;
    built.phase = Phase::Qa;
    assert_eq!(
        judge(&world.factory, &built),
        Judgement::Legal {
            to: Phase::Qa,
            outcome: Outcome::Built
        }
    );
    let bodies = world.decide(&Input::Claim(built)).unwrap();
    assert!(matches!(
        bodies.as_slice(),
        [EventBody::Claimed {
            outcome: Outcome::Built,
            ..
        }]
    ));
    world.tree();
    world.report("external", Outcome::Built).unwrap();
    assert_eq!(
        (world.factory.phase, world.factory.cycle_count),
        (Phase::Qa, 0)
    );

    world.to(Phase::Review);
    let mut shipped = world.factory.state_doc(&Map::new());
    shipped.phase = Phase::Shipped;
    assert!(matches!(
        judge(&world.factory, &shipped),
        Judgement::Legal {
            outcome: Outcome::Ship,
            ..
        }
    ));
    world.tree();
    assert!(
        matches!(judge(&world.factory, &shipped), Judgement::Illegal(why) if why.contains("another tree"))
    );
}

#[test]
fn the_third_illegal_claim_in_a_phase_pauses_for_a_person() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let mut doc = world.factory.state_doc(&Map::new());
    doc.phase = Phase::Shipped;
    for n in 1..=3 {
        let refusal = decide(
            &world.factory,
            &world.limits,
            &Input::Claim(doc.clone()),
            world.now,
        )
        .unwrap_err();
        let why = refusal.sentence;
        assert!(
            why.contains("coding") && why.contains("shipped") && why.contains("built"),
            "{why}"
        );
        let events = claim::refused(&world.factory, &why, "state.json.refused", true, world.now);
        world.record(events);
        assert_eq!(world.factory.pauses.len(), usize::from(n == 3));
    }
    assert_eq!(world.factory.pauses[0].kind, PauseKind::Edits);
    let unmet = claim::refused(
        &world.factory,
        "the tree is as before",
        "",
        false,
        world.now,
    );
    world.record(unmet);
    assert_eq!(
        world.factory.refused_claims, 3,
        "an unmet condition counts as no restore"
    );
    world.report("developer", Outcome::Built).unwrap();
    assert_eq!(world.factory.refused_claims, 0);
}

#[test]
fn a_long_row_of_cut_attempts_forgets_none_that_was_answered() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let answered = serde_json::json!({"label": "alpha/coding/file/src/a.js/0", "role": "developer", "host": "gpu",
        "model": "m", "ok": true, "local": true, "millis": 1000});
    let answered = EventBody::Turn(serde_json::from_value(answered).unwrap());
    let mut ids = Vec::new();
    for n in 0..100 {
        ids.push(world.attempt(Role::Developer));
        if n == 3 || n == 50 {
            world.fact(answered.clone());
        }
        let id = ids[n];
        let reason = "cut".to_owned();
        world.fact(EventBody::AttemptDropped { id, reason });
    }
    let cut = world.facts().cut;
    assert_eq!(cut.len(), 32);
    for kept in [ids[0], ids[3], ids[50], ids[99]] {
        assert!(cut.contains(&kept), "{kept} of {cut:?}");
    }
    world.report("developer", Outcome::Built).unwrap();
    assert_eq!((world.facts().cut, world.facts().heard), (vec![], vec![]));
}
