//! Ways out: whatever state a factory, a tool or a pause is in, an operator has a command that leads out of it; and two
//! operators at once get answers that fit each other.

use crate::world::{OPERATOR, World, nobody, ready};
use chrono::Duration;
use dev_factory::domain::command::{Command, Decision, Seen, StopAfter, Verb};
use dev_factory::domain::decide::{self, Input, Limits, Report, upkeep};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::state::{Pause, PauseKind, Scope};

const PHASES: [Phase; 6] = [
    Phase::Spec,
    Phase::SpecReview,
    Phase::Coding,
    Phase::Qa,
    Phase::Fixing,
    Phase::Review,
];

fn requeue(item: Option<&str>) -> Verb {
    Verb::Requeue {
        item: item.map(str::to_owned),
        fresh: false,
        reason: None,
        priority: None,
    }
}

fn park(item: Option<&str>) -> Verb {
    Verb::Park {
        item: item.map(str::to_owned),
        reason: None,
    }
}

fn discard(item: &str) -> Verb {
    Verb::Drop {
        item: item.to_owned(),
        reason: None,
    }
}

fn decide(item: &str, decision: Decision) -> Verb {
    Verb::Decide {
        item: Some(item.to_owned()),
        decision,
        text: Some("Say more.".to_owned()),
        case: None,
        file: None,
    }
}

#[test]
fn a_tool_can_be_taken_out_of_every_phase_and_goes_on_where_it_stood() {
    for escalated in [false, true] {
        for phase in PHASES {
            if escalated && phase == Phase::Review {
                continue;
            }
            for verb in [park(None), requeue(None)] {
                let mut world = World::with(&["alpha"]);
                match escalated {
                    true => world.escalated(phase),
                    false => world.to(phase),
                }
                let (stood, why) = (world.factory.phase, world.factory.escalation.clone());
                world.command(verb).unwrap();
                assert_eq!(world.factory.phase, Phase::Idle, "{phase}");
                if world.item("alpha").status == ItemStatus::NeedsHuman {
                    let unpark = Verb::Unpark {
                        item: "alpha".to_owned(),
                        reason: None,
                        priority: None,
                    };
                    world.command(unpark).unwrap();
                }
                world.room(ready());
                assert_eq!(world.factory.phase, stood, "from {phase}");
                assert_eq!(world.factory.escalation, why);
            }
        }
    }
}

#[test]
fn an_escalation_from_every_phase_has_an_answer_that_leads_on() {
    for phase in PHASES.into_iter().filter(|phase| *phase != Phase::Review) {
        let mut world = World::with(&["alpha"]);
        world.escalated(phase);
        world.command(decide("alpha", Decision::Hint)).unwrap();
        assert_eq!(world.factory.phase, phase);
    }
}

/// Brings the one item there is to a status.
type Make = fn(&mut World);

#[test]
fn an_item_of_every_status_has_a_way_on() {
    let made: [(ItemStatus, Make); 6] = [
        (ItemStatus::Wanted, |_| {}),
        (ItemStatus::Building, |world| world.to(Phase::Coding)),
        (ItemStatus::InReview, World::shelved),
        (ItemStatus::NeedsHuman, |world| {
            world.command(park(Some("alpha"))).unwrap();
        }),
        (ItemStatus::Shipped, |world| {
            world.to(Phase::Shipped);
            world.room(ready());
        }),
        (ItemStatus::Dropped, |world| {
            world.command(discard("alpha")).unwrap();
        }),
    ];
    for (status, make) in made {
        let mut world = World::with(&["alpha"]);
        make(&mut world);
        assert_eq!(world.item("alpha").status, status);
        let verb = match status {
            ItemStatus::Wanted | ItemStatus::Building => discard("alpha"),
            ItemStatus::InReview => decide("alpha", Decision::Respec),
            ItemStatus::NeedsHuman | ItemStatus::Shipped | ItemStatus::Dropped => {
                requeue(Some("alpha"))
            }
        };
        world
            .command(verb)
            .unwrap_or_else(|why| panic!("{status:?}: {why}"));
        if world.factory.phase != Phase::Coding {
            world.room(ready());
        }
        let now = world.item("alpha").status;
        assert_ne!(
            (now, world.factory.phase),
            (status, Phase::Idle),
            "{status:?}"
        );
    }
}

#[test]
fn every_pause_names_its_owner_scope_and_reason_and_ends_by_its_id() {
    let kinds = [
        PauseKind::Operator,
        PauseKind::Start,
        PauseKind::Budget,
        PauseKind::Incident,
        PauseKind::Host,
        PauseKind::Edits,
    ];
    for kind in kinds {
        for scope in Scope::ALL {
            let mut world = World::with(&["alpha"]);
            world.fact(EventBody::Paused(Pause {
                id: "pause-1".to_owned(),
                kind,
                by: "engine".to_owned(),
                scope,
                reason: "as it is".to_owned(),
                since: world.now,
                until: None,
            }));
            assert_eq!(world.factory.pauses.len(), 1);
            let resume = Verb::Resume {
                target: Some("pause-1".to_owned()),
                reason: None,
            };
            world.command(resume).unwrap();
            assert!(world.factory.pauses.is_empty(), "{kind:?} {scope:?}");
        }
    }
    let mut world = World::with(&["alpha"]);
    let until = world.now + Duration::hours(2);
    let pause = Verb::Pause {
        scope: Some(Scope::Qa),
        reason: Some("the GPU is lent out".to_owned()),
        until: Some(until),
    };
    world.command(pause).unwrap();
    let made = world.factory.pauses[0].clone();
    assert_eq!((made.by.as_str(), made.scope), (OPERATOR, Scope::Qa));
    assert_eq!(
        (made.reason.as_str(), made.until),
        ("the GPU is lent out", Some(until))
    );
    let ends = |world: &World, at| upkeep(&world.factory, &Limits::default(), &[], at);
    assert!(ends(&world, until - Duration::seconds(1)).is_empty());
    let events = ends(&world, until);
    world.record(events);
    assert!(world.factory.pauses.is_empty());
}

#[test]
fn a_stop_is_lifted_by_the_next_start() {
    let mut world = World::with(&["alpha"]);
    let stop = Verb::Stop {
        after: StopAfter::Turn,
        restart: false,
        reason: Some("holidays".to_owned()),
    };
    world.command(stop).unwrap();
    let stopped = world.factory.stopped.clone().unwrap();
    assert_eq!(
        (stopped.by.as_str(), stopped.reason.as_str()),
        (OPERATOR, "holidays")
    );
    assert!(world.room(ready()).is_empty());
    world.fact(EventBody::Cleared);
    world.room(ready());
    assert_eq!(world.factory.phase, Phase::Spec);
}

#[test]
fn of_two_operators_at_once_the_second_hears_what_the_first_has_done() {
    let verbs = |world: &World| {
        let seen = |verb| Command {
            tool: Some("alpha".to_owned()),
            phase: Some(Phase::Review),
            ..world.send(verb)
        };
        [
            seen(decide("alpha", Decision::SendBack)),
            seen(Verb::Decide {
                item: None,
                decision: Decision::Ship,
                text: None,
                case: None,
                file: None,
            }),
            seen(park(None)),
            seen(requeue(None)),
        ]
    };
    for first in 0..4 {
        for second in 0..4 {
            let mut world = World::with(&["alpha", "beta"]);
            world.to(Phase::Review);
            let [one, two] = [first, second].map(|n| verbs(&world)[n].clone());
            // To ship is decided now and done by git: until then the tool stays.
            if first == 1 {
                continue;
            }
            world.decide(&Input::Command(one)).unwrap();
            let before = world.factory.clone();
            let why = world.decide(&Input::Command(two)).unwrap_err().sentence;
            assert!(
                why.contains("this was meant for"),
                "{first} {second}: {why}"
            );
            assert_eq!(world.factory, before);
            // Nor does it hit the tool that comes into its place.
            world.room(ready());
            let before = world.factory.clone();
            let late = verbs(&world)[second].clone();
            assert!(world.decide(&Input::Command(late)).is_err());
            assert_eq!(world.factory, before);
        }
    }
}

#[test]
fn a_command_for_an_earlier_stay_or_attempt_is_refused() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Fixing);
    let id = world.attempt(Role::Developer);
    let seen = Seen {
        tool: Some("alpha".to_owned()),
        phase: Phase::Fixing,
        since: world.factory.last_update,
        attempt: Some(id),
    };
    let send = |world: &World, verb| Input::Command(world.send(verb).about(seen.clone()));
    let hint = || Verb::Hint { text: "x".into() };
    // The same person, or somebody else, has it tried again: the new attempt is not dropped too.
    let retry = send(&world, Verb::Retry {});
    world.decide(&retry).unwrap();
    world.attempt(Role::Developer);
    let why = world.decide(&retry).unwrap_err().sentence;
    assert!(why.contains("another attempt"), "{why}");
    let words = send(&world, hint());
    world.decide(&words).unwrap();
    // It comes back to the phase, which is another stay.
    world.now += Duration::minutes(5);
    world.to(Phase::Qa);
    world.to(Phase::Fixing);
    let why = world.decide(&send(&world, hint())).unwrap_err().sentence;
    assert!(why.contains("an earlier stay in fixing"), "{why}");
}

#[test]
fn attempts_that_a_lasting_trouble_cuts_short_are_remembered_within_bounds() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let mut ids = Vec::new();
    for _ in 0..100 {
        let id = world.attempt(Role::Developer);
        ids.push(id);
        let reason = "no space left".to_owned();
        world.fact(EventBody::AttemptDropped { id, reason });
    }
    let cut = world.facts().cut;
    // The first knows what the files began with, the newest what was answered last.
    assert_eq!((cut.len(), cut[0], cut[31]), (32, ids[0], ids[99]));
}

/// Every decision on the only tool that waits, and whether it is told to be open.
fn told(world: &World) -> Vec<(Decision, bool)> {
    let judged = decide::judged(&world.factory, &world.limits);
    let [only] = judged.as_slice() else {
        panic!("{judged:?}");
    };
    assert_eq!(only.tool, "alpha");
    let open = |decision| {
        let mut known = only.verdicts.iter();
        let known = known.find(|verdict| verdict.decision == decision);
        known.is_some_and(|verdict| verdict.closed.is_none())
    };
    Decision::ALL
        .map(|decision| (decision, open(decision)))
        .to_vec()
}

#[test]
fn what_is_told_to_be_closed_is_exactly_what_would_be_refused() {
    let red = |world: &mut World| {
        world.to(Phase::Fixing);
        let more = Report {
            reason: Some("S2: the same tree again".to_owned()),
            ..Report::default()
        };
        world
            .report_with("engine", Outcome::Escalated, more)
            .unwrap();
    };
    let sent_back = |world: &mut World| {
        for _ in 0..2 {
            world.to(Phase::Review);
            world.decision(Decision::SendBack, "once more").unwrap();
        }
        world.to(Phase::Review);
    };
    let ways: [&dyn Fn(&mut World); 6] = [
        &|world| world.to(Phase::Review),
        &sent_back,
        &red,
        &|world| world.escalated(Phase::Spec),
        // Escalated from coding, before any run.
        &|world| world.escalated(Phase::Coding),
        &|world| {
            world.to(Phase::Review);
            world.tree();
        },
    ];
    for (number, way) in ways.iter().enumerate() {
        for shelf in [false, true] {
            let there = || {
                let mut world = World::with(&["alpha"]);
                way(&mut world);
                if shelf {
                    world.room(nobody());
                    assert_eq!(world.factory.phase, Phase::Idle);
                }
                world
            };
            for (decision, open) in told(&there()) {
                let answer = there().decision(decision, "say more");
                assert_eq!(
                    answer.is_ok(),
                    open,
                    "{decision}, way {number}, shelf {shelf}: {answer:?}"
                );
            }
        }
    }
    let mut idle = World::with(&["alpha"]);
    idle.to(Phase::Coding);
    assert_eq!(decide::judged(&idle.factory, &idle.limits), []);
}
