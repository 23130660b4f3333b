//! Random histories over several items: what must hold whatever happens.

use crate::world::{OPERATOR, World};
use chrono::Duration;
use dev_factory::domain::actor;
use dev_factory::domain::command::{Command, Decision, StopAfter, Verb};
use dev_factory::domain::decide::claim::{self, Judgement, judge};
use dev_factory::domain::decide::{Input, Report, Room, pending, upkeep};
use dev_factory::domain::event::{Event, EventBody, Move, NewEvent, Sent, ShipRecord, Turn, Unit};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Decider, Outcome, Phase, Role};
use dev_factory::domain::state::Scope;
use dev_factory::domain::stats::{Share, Stats};
use dev_factory::domain::{table, wishlist};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Map;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
enum Step {
    Room(Room),
    /// The outcome by its rightful decider: the way on.
    Onward(usize),
    Report(Outcome, &'static str, Option<u64>, bool),
    Command(Verb, bool),
    Rewind(u64),
    Claim(Phase, bool, u32),
    Attempt,
    Turn(bool, u64, f64),
    Worked(u64),
    Tree,
    Run(bool),
    Refused(Role, Option<&'static str>),
    Pending,
    Wait(i64),
    HandEdit(usize, i64, bool),
    Restart,
    /// The usual way on, some steps of it.
    March(u8, bool),
}

const NAMES: [&str; 5] = ["alpha", "beta", "gamma", "delta", "nobody"];

fn name() -> impl Strategy<Value = String> {
    select(NAMES.to_vec()).prop_map(str::to_owned)
}

fn maybe_name() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(name())
}

fn text() -> impl Strategy<Value = String> {
    select(vec!["", "look at src/cli.js", "a b"]).prop_map(str::to_owned)
}

fn scope() -> impl Strategy<Value = Scope> {
    select(Scope::ALL.to_vec())
}

fn verb() -> impl Strategy<Value = Verb> {
    let until = World::new().now + Duration::hours(1);
    prop_oneof![
        (proptest::option::of(scope()), any::<bool>()).prop_map(move |(scope, ends)| Verb::Pause {
            scope,
            reason: None,
            until: ends.then_some(until),
        }),
        select(vec![
            "factory",
            "developer",
            "supervisor",
            "pause-1",
            "pause-2"
        ])
        .prop_map(|target| {
            Verb::Resume {
                target: Some(target.to_owned()),
                reason: None,
            }
        }),
        text().prop_map(|reason| Verb::Escalate { reason }),
        (maybe_name(), any::<bool>(), proptest::option::of(-2..3_i64)).prop_map(
            |(item, fresh, priority)| Verb::Requeue {
                item,
                fresh,
                reason: None,
                priority,
            }
        ),
        maybe_name().prop_map(|item| Verb::Park { item, reason: None }),
        name().prop_map(|item| Verb::Unpark {
            item,
            reason: None,
            priority: None,
        }),
        name().prop_map(|item| Verb::Drop { item, reason: None }),
        Just(Verb::Retry {}),
        Just(Verb::Abort {}),
        text().prop_map(|text| Verb::Hint { text }),
        (maybe_name(), select(Decision::ALL.to_vec()), text()).prop_map(
            |(item, decision, text)| Verb::Decide {
                item,
                decision,
                text: Some(text),
                case: Some("H1".to_owned()),
                file: None,
            }
        ),
        any::<bool>().prop_map(|restart| Verb::Stop {
            after: StopAfter::Turn,
            restart,
            reason: None,
        }),
        Just(Verb::Probe { host: None }),
        (select(vec!["S2", "S12", "S16", "X"]), maybe_name()).prop_map(|(rule, item)| {
            Verb::NotStuck {
                rule: rule.to_owned(),
                item,
            }
        }),
        (name(), text()).prop_map(|(tool, text)| Verb::Reopen { tool, text }),
        (
            select(vec![
                "alpha: one",
                "delta: four",
                "check that links work",
                ""
            ]),
            -1..3_i64
        )
            .prop_map(|(idea, priority)| Verb::Add {
                idea: idea.to_owned(),
                priority: Some(priority),
                name: None,
            }),
        (name(), text()).prop_map(|(item, idea)| Verb::Edit { item, idea }),
        (name(), -2..3_i64).prop_map(|(item, priority)| Verb::Prioritise { item, priority }),
        (
            select(vec!["factory", "developer", "tool", "alpha", "beta"]),
            select(Unit::ALL.to_vec()),
            select(vec![0.0, 0.1, 3.3, 1e7, f64::NAN, -1.0]),
        )
            .prop_map(|(scope, unit, amount)| Verb::Budget {
                scope: scope.to_owned(),
                unit,
                amount,
            }),
    ]
}

fn room() -> impl Strategy<Value = Room> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(developer, supervisor, blocked)| {
        Room {
            developer_ready: developer,
            supervisor_ready: supervisor,
            supervisor_why: None,
            main_blocked: blocked.then(|| "HEAD is not main".to_owned()),
        }
    })
}

fn actors() -> impl Strategy<Value = &'static str> {
    select(vec![
        actor::ENGINE,
        actor::DEVELOPER,
        actor::QA,
        actor::SUPERVISOR,
        actor::GATES,
        actor::EXTERNAL,
        OPERATOR,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = || select(Outcome::ALL.to_vec());
    prop_oneof![
        4 => room().prop_map(Step::Room),
        12 => any::<usize>().prop_map(Step::Onward),
        3 => (outcome(), actors(), proptest::option::of(0..9_u64), any::<bool>())
            .prop_map(|(o, a, n, t)| Step::Report(o, a, n, t)),
        8 => (verb(), any::<bool>()).prop_map(|(verb, seen)| Step::Command(verb, seen)),
        1 => (1..200_u64).prop_map(Step::Rewind),
        2 => (select(Phase::ALL.to_vec()), any::<bool>(), 0..4_u32)
            .prop_map(|(phase, tool, cycles)| Step::Claim(phase, tool, cycles)),
        2 => Just(Step::Attempt),
        2 => (any::<bool>(), 0..90_000_u64, 0..900_000_u32).prop_map(|(l, t, u)| Step::Turn(l, t, f64::from(u) / 1e6)),
        1 => (0..900_000_u64).prop_map(Step::Worked),
        4 => Just(Step::Tree),
        5 => any::<bool>().prop_map(Step::Run),
        2 => (select(Role::ALL.to_vec()), proptest::option::of(Just("R1")))
            .prop_map(|(role, clause)| Step::Refused(role, clause)),
        2 => Just(Step::Pending),
        1 => (0..100_000_i64).prop_map(Step::Wait),
        1 => (any::<usize>(), -3..4_i64, any::<bool>()).prop_map(|(n, p, d)| Step::HandEdit(n, p, d)),
        2 => Just(Step::Restart),
        9 => (1..9_u8, any::<bool>()).prop_map(|(n, green)| Step::March(n, green)),
    ]
}

fn rightful(by: Decider) -> &'static str {
    match by {
        Decider::Engine | Decider::EngineOrOperator => actor::ENGINE,
        Decider::Developer => actor::DEVELOPER,
        Decider::Qa => actor::QA,
        Decider::Gates => actor::GATES,
        Decider::Reviewer => actor::SUPERVISOR,
        Decider::Operator => OPERATOR,
    }
}

fn report(
    world: &World,
    outcome: Outcome,
    actor: &str,
    attempt: Option<u64>,
    words: bool,
) -> Report {
    let version = world.facts().next_version();
    Report {
        attempt,
        actor: actor.to_owned(),
        outcome: Some(outcome),
        text: words.then(|| "see R1".to_owned()),
        clauses: words.then(|| "R1".to_owned()).into_iter().collect(),
        case: words.then(|| "H1".to_owned()),
        ship: words.then(|| ShipRecord {
            tag: format!("t@{version}"),
            commit: "c".to_owned(),
            version,
        }),
        ..Report::default()
    }
}

fn refused(sentence: &str) {
    assert!(sentence.chars().count() > 15, "too short: {sentence:?}");
    assert!(!sentence.contains('\n'), "one line: {sentence:?}");
    assert!(sentence.contains(' '), "a sentence: {sentence:?}");
}

/// Decides, checks what came of it, records it.
fn put(world: &mut World, input: &Input) {
    let before = world.factory.clone();
    match world.decide(input) {
        Ok(bodies) => {
            if matches!(input, Input::Command(_) | Input::Rewind { .. }) {
                let last = bodies.last();
                let answered = matches!(last, Some(EventBody::Answered { accepted: true, sentence, .. }) if !sentence.is_empty());
                assert!(answered, "no answer: {bodies:?}");
            }
        }
        Err(refusal) => {
            refused(&refusal.sentence);
            assert_eq!(before, world.factory);
        }
    }
}

fn take(world: &mut World, step: Step) {
    match step {
        Step::Room(room) => put(world, &Input::Room(room)),
        Step::Onward(n) => {
            let escalated = world.factory.escalation.is_some();
            let rows: Vec<_> = table::rows(world.factory.phase)
                .filter(|row| row.escalated.is_none_or(|e| e == escalated))
                .filter(|row| !matches!(row.by, Decider::Operator | Decider::EngineOrOperator))
                .collect();
            let row = rows[n % rows.len()];
            let report = report(world, row.outcome, rightful(row.by), None, n % 5 != 0);
            put(world, &Input::Report(report));
        }
        Step::Report(outcome, actor, attempt, words) => {
            put(
                world,
                &Input::Report(report(world, outcome, actor, attempt, words)),
            );
        }
        Step::Command(verb, seen) => {
            let command = Command {
                tool: Some("beta".to_owned()).filter(|_| seen),
                ..world.send(verb)
            };
            put(world, &Input::Command(command));
        }
        Step::Rewind(seq) => {
            let tool = world.factory.current_tool.clone();
            let moved = |e: &&Event| matches!(e.body, EventBody::Move(_)) && e.tool == tool;
            let target = world
                .journal
                .iter()
                .rev()
                .filter(|e| e.seq <= seq)
                .find(moved)
                .cloned()
                .map(Box::new);
            let command = world.send(Verb::Rewind { seq });
            put(world, &Input::Rewind { command, target });
        }
        Step::Claim(phase, same_tool, cycles) => {
            let mut doc = world.factory.state_doc(&Map::new());
            doc.phase = phase;
            doc.cycle_count = cycles;
            if !same_tool {
                doc.current_tool = Some("beta".to_owned());
            }
            let judged = judge(&world.factory, &doc);
            put(world, &Input::Claim(doc));
            match judged {
                Judgement::Legal { outcome, .. } if world.factory.phase != Phase::Qa => {
                    put(
                        world,
                        &Input::Report(report(world, outcome, actor::EXTERNAL, None, true)),
                    );
                }
                Judgement::Illegal(sentence) => {
                    refused(&sentence);
                    let now = world.now;
                    let events =
                        claim::refused(&world.factory, &sentence, "state.json.1", true, now);
                    world.record(events);
                }
                _ => {}
            }
        }
        Step::Attempt => {
            if let Some(role) = world.factory.phase.role() {
                world.attempt(role);
            }
        }
        Step::Turn(local, tokens, usd) => {
            let turn = Turn {
                label: format!("x/{}/file/{}", world.factory.phase, tokens % 3),
                role: Role::Developer,
                host: "h".to_owned(),
                model: "m".to_owned(),
                ok: tokens % 4 != 0,
                error: None,
                estimated: None,
                input_tokens: Some(tokens),
                output_tokens: None,
                cached: Default::default(),
                rate: None,
                usd: Some(usd),
                speed: None,
                gpu: None,
                millis: 5,
                local,
                scripted: false,
                malformed: false,
                exhausted: false,
                uncounted: false,
                thought_tokens: None,
            };
            // Of some nothing more is heard.
            if !local {
                let (attempt, turn) = (1, turn.clone());
                world.fact(EventBody::Sent(Sent { attempt, turn }));
            }
            if local || tokens % 5 != 0 {
                world.fact(EventBody::Turn(turn));
            }
        }
        Step::Worked(millis) => world.fact(EventBody::Worked { millis }),
        Step::Tree => world.tree(),
        Step::Run(green) => world.run(green),
        Step::Refused(by, clause) => world.fact(EventBody::SpecRefused {
            by,
            notes: vec!["R1 is vague".to_owned()],
            clauses: clause.map(str::to_owned).into_iter().collect(),
        }),
        Step::Pending => {
            if let Some(mut decided) = pending(&world.factory) {
                let version = world.facts().next_version();
                decided.ship = Some(ShipRecord {
                    tag: format!("t@{version}"),
                    commit: "c".to_owned(),
                    version,
                });
                put(world, &Input::Report(decided));
            }
        }
        Step::Wait(seconds) => {
            world.now += Duration::seconds(seconds);
            let events = upkeep(
                &world.factory,
                &world.limits,
                &[Role::Developer, Role::Qa],
                world.now,
            );
            world.record(events);
            let again = upkeep(
                &world.factory,
                &world.limits,
                &[Role::Developer, Role::Qa],
                world.now,
            );
            assert!(again.is_empty(), "upkeep twice: {again:?}");
        }
        Step::HandEdit(n, priority, drop) => hand_edit(world, n, priority, drop),
        Step::Restart => restart(world),
        Step::March(steps, green) => (0..steps).for_each(|_| march(world, green)),
    }
}

fn restart(world: &mut World) {
    let pauses: Vec<String> = world.factory.pauses.iter().map(|p| p.id.clone()).collect();
    let resumed = pauses.into_iter().map(|id| EventBody::Resumed {
        id,
        reason: String::new(),
    });
    let bodies: Vec<EventBody> = std::iter::once(EventBody::Cleared).chain(resumed).collect();
    let new = |body| NewEvent {
        tool: None,
        actor: actor::ENGINE.to_owned(),
        body,
    };
    world.record(bodies.into_iter().map(new).collect());
}

fn march(world: &mut World, green: bool) {
    let outcome = match world.factory.phase {
        Phase::Idle | Phase::Shipped => return put(world, &Input::Room(crate::world::ready())),
        Phase::Spec => Outcome::Drafted,
        Phase::SpecReview => Outcome::Approved,
        Phase::Coding => Outcome::Built,
        Phase::Fixing => Outcome::Fixed,
        Phase::Qa => {
            world.run(green);
            if green {
                Outcome::Passed
            } else {
                Outcome::Failed
            }
        }
        Phase::Review if world.facts().evidence_complete() => Outcome::Ship,
        Phase::Review => Outcome::Respec,
    };
    if matches!(outcome, Outcome::Built | Outcome::Fixed) {
        world.tree();
    }
    let escalated = world.factory.escalation.is_some();
    let by = rightful(
        table::find(world.factory.phase, outcome, escalated)
            .unwrap()
            .by,
    );
    put(
        world,
        &Input::Report(report(world, outcome, by, None, true)),
    );
}

fn hand_edit(world: &mut World, n: usize, priority: i64, drop: bool) {
    let mut entries: Vec<wishlist::Entry> = world
        .factory
        .items
        .iter()
        .map(|item| (item.idea.clone(), item.priority, Some(item.name.clone())))
        .collect();
    assert!(
        wishlist::merge(&world.factory, &[], &entries, OPERATOR)
            .unwrap()
            .is_empty()
    );
    if !entries.is_empty() {
        let len = entries.len();
        entries.rotate_left(n % len);
        entries[0].1 = priority;
        entries[0].2 = None;
        if drop {
            entries.pop();
        }
    }
    entries.push((format!("idea number {}", n % 3), 0, None));
    let events = wishlist::merge(&world.factory, &[], &entries, OPERATOR).unwrap();
    world.record(events);
}

fn counters(factory: &Factory) -> BTreeMap<String, u64> {
    let t = &factory.totals;
    let mut all = BTreeMap::from([
        ("shipped".to_owned(), t.shipped),
        ("parked".to_owned(), t.parked),
        ("dropped".to_owned(), t.dropped_after_pick),
        ("runs".to_owned(), t.runs),
        ("cycles".to_owned(), t.cycles),
        ("turns".to_owned(), t.turns),
        ("failed".to_owned(), t.failed_turns),
        ("tokens".to_owned(), t.input_tokens),
        ("usd".to_owned(), billionths(t.usd)),
        ("attempts".to_owned(), factory.attempts),
        ("pauses".to_owned(), factory.pauses_made),
        ("seq".to_owned(), factory.seq),
    ]);
    for (name, facts) in &factory.tools {
        let mut put = |what: &str, value: u64| all.insert(format!("{name} {what}"), value);
        put("turns", facts.turns.values().map(|n| u64::from(*n)).sum());
        put("attempts", facts.attempts.into());
        put("runs", facts.runs.into());
        put("bugs", facts.bugs.into());
        put("reviews", facts.reviews.into());
        put("specs", facts.specs.into());
        put("cases", facts.case_sets.into());
        put("cycles", facts.cycles_total.into());
        put("tokens", facts.local_tokens);
        put("work", facts.work_millis);
        put("versions", facts.versions.len() as u64);
    }
    all
}

fn billionths(usd: f64) -> u64 {
    (usd * 1e9).round() as u64
}

/// A paid request is open from when it goes out until it is counted, once, whatever else happens.
fn counted_once(before: &Factory, event: &Event, after: &Factory) {
    let labels = |factory: &Factory| -> Vec<String> {
        let open = factory.sent.iter();
        open.map(|sent| sent.turn.label.clone()).collect()
    };
    let mut wanted = labels(before);
    let (mut turns, mut usd) = (before.totals.turns, billionths(before.totals.usd));
    match &event.body {
        EventBody::Sent(sent) => {
            wanted.retain(|label| *label != sent.turn.label);
            wanted.push(sent.turn.label.clone());
        }
        EventBody::Turn(turn) => {
            wanted.retain(|label| *label != turn.label);
            turns += 1;
            usd += billionths(turn.usd.unwrap_or(0.0));
        }
        _ => {}
    }
    assert_eq!(labels(after), wanted, "{event:?}");
    let sums = (after.totals.turns, billionths(after.totals.usd));
    assert_eq!(sums, (turns, usd), "{event:?}");
}

/// What one event may do to the state before it.
fn check(before: &Factory, event: &Event, after: &Factory) {
    let (old, new) = (counters(before), counters(after));
    for (name, value) in old {
        assert!(
            new[&name] >= value,
            "{name} fell from {value} to {} by {event:?}",
            new[&name]
        );
    }
    for item in before.items.iter() {
        assert!(
            after.item(&item.name).is_some(),
            "{} is lost by {event:?}",
            item.name
        );
    }
    if let EventBody::Move(made) = &event.body {
        moved(before, event, made);
    } else {
        assert_eq!(
            (before.phase, &before.current_tool),
            (after.phase, &after.current_tool)
        );
        assert_eq!(before.cycle_count, after.cycle_count);
    }
    counted_once(before, event, after);
    standing(after);
}

fn moved(before: &Factory, event: &Event, made: &Move) {
    assert_eq!(made.from, before.phase);
    let escalated = before.escalation.is_some();
    let row = table::find(made.from, made.outcome, escalated);
    let row = row.unwrap_or_else(|| panic!("not in the table: {made:?}"));
    assert!(
        actor::may(&event.actor, row.by),
        "{} made {made:?}",
        event.actor
    );
    let from = before.escalation.as_ref().map(|e| e.from);
    let kept = match made.outcome {
        Outcome::Resumed | Outcome::Rewound => Some(made.to),
        _ => from,
    };
    assert_eq!(
        table::destination(made.from, made.outcome, escalated, kept),
        Some(made.to)
    );
    if before.phase.active() && made.to != Phase::Idle {
        assert!(made.cycle_count >= before.cycle_count);
        assert_eq!(event.tool, before.current_tool);
    }
    if matches!(made.outcome, Outcome::Unshelved | Outcome::Resumed) && !made.fresh {
        let facts = &before.tools[event.tool.as_ref().unwrap()];
        assert_eq!(made.cycle_count, facts.cycles);
    }
    if made.outcome == Outcome::Ship {
        let facts = before.current_facts().unwrap();
        assert!(facts.evidence_complete(), "shipped without evidence");
        assert!(
            !facts
                .versions
                .contains(&made.ship.as_ref().unwrap().version)
        );
    }
}

fn standing(factory: &Factory) {
    assert_eq!(factory.phase == Phase::Idle, factory.current_tool.is_none());
    assert!(factory.escalation.is_none() || factory.phase == Phase::Review);
    assert!(
        factory.phase != Phase::Idle || (factory.cycle_count == 0 && factory.started_at.is_none())
    );
    for item in factory.items.iter() {
        let here = factory.current_tool.as_ref() == Some(&item.name);
        let status = if factory.phase == Phase::Shipped {
            ItemStatus::Shipped
        } else {
            ItemStatus::Building
        };
        assert_eq!(here && item.status == status, here, "{item:?}");
        assert!(here || item.status != ItemStatus::Building, "{item:?}");
        assert!(item.status != ItemStatus::InReview || item.phase == Some(Phase::Review));
    }
}

/// Between two ships of a tool lies a build from main.
fn never_ships_twice(journal: &[Event]) {
    let mut built: BTreeMap<&str, bool> = BTreeMap::new();
    for event in journal {
        let (EventBody::Move(made), Some(tool)) = (&event.body, event.tool.as_deref()) else {
            continue;
        };
        match made.outcome {
            Outcome::Picked => {
                built.insert(tool, true);
            }
            Outcome::Resumed if made.fresh => {
                built.insert(tool, true);
            }
            Outcome::Ship => assert_eq!(
                built.insert(tool, false),
                Some(true),
                "{tool} shipped twice"
            ),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_histories_keep_the_promises(steps in proptest::collection::vec(step(), 1..200)) {
        let mut world = World::with(&["alpha", "beta", "gamma"]);
        world.limits.tool_tokens = 600_000;
        let mut checked = world.journal.len();
        let mut state = world.factory.clone();
        for step in steps {
            take(&mut world, step);
            for event in &world.journal[checked..] {
                let before = state.clone();
                state.apply(event);
                check(&before, event, &state);
            }
            checked = world.journal.len();
        }
        never_ships_twice(&world.journal);
        let first = world.journal[0].ts - Duration::seconds(1);
        let mut reread = Factory::new(first);
        for event in &world.journal {
            let line = serde_json::to_string(event).unwrap();
            let back: Event = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(&back, event);
            reread.apply(&back);
            reread.apply(&back);
        }
        prop_assert_eq!(&reread, &world.factory);
        let snapshot = serde_json::to_string(&world.factory).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Factory>(&snapshot).unwrap(), &world.factory);
        let stats = Stats::of(&world.journal);
        prop_assert_eq!(stats.shipped, world.factory.totals.shipped);
        prop_assert_eq!(stats.dropped, world.factory.totals.dropped_after_pick);
        let parked = world.factory.items.iter().filter(|i| i.status == ItemStatus::NeedsHuman).count();
        prop_assert_eq!(stats.parked, parked as u64);
        by_days(&stats, &world)?;
    }

    #[test]
    fn the_fold_takes_any_events(bodies in proptest::collection::vec((any::<usize>(), select(Phase::ALL.to_vec()), select(Phase::ALL.to_vec()), select(Outcome::ALL.to_vec()), proptest::option::of(name())), 0..60)) {
        let mut world = World::with(&["alpha"]);
        for (n, from, to, outcome, tool) in bodies {
            let made = Move { from, to, outcome, ..sample(&world) };
            let body = match n % 8 {
                0 => EventBody::ItemDropped { name: "alpha".into(), reason: String::new() },
                1 => EventBody::ItemRequeued { name: "beta".into(), fresh: n > 9, reason: String::new() },
                2 => EventBody::ItemsOrdered { names: vec!["zeta".into()] },
                3 => EventBody::BudgetSet { scope: "alpha".into(), unit: Unit::Usd, amount: f64::INFINITY },
                4 => EventBody::ItemReopened { name: "beta".into(), bug: String::new() },
                _ => EventBody::Move(made),
            };
            world.record(vec![NewEvent { tool, actor: "x".into(), body }]);
            let text = serde_json::to_string(&world.factory).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Factory>(&text).unwrap(), &world.factory);
        }
    }
}

/// Folding on from any place comes to the same, and days of any zone hold everything once.
fn by_days(stats: &Stats, world: &World) -> Result<(), TestCaseError> {
    let mut folded = Stats::default();
    for event in &world.journal {
        let mut resumed = folded.clone();
        resumed.apply(event);
        folded.apply(event);
        prop_assert_eq!(&resumed, &folded);
    }
    prop_assert_eq!(&folded, stats);
    let whole = stats.days.whole();
    prop_assert_eq!(
        (
            whole.shipped,
            whole.measured,
            whole.first_pass,
            whole.cycles,
            whole.tokens
        ),
        (
            stats.shipped,
            stats.measured,
            stats.first_pass,
            stats.cycles,
            stats.tokens
        )
    );
    prop_assert!((whole.usd - stats.usd).abs() < 1e-6);
    prop_assert!(whole.parked >= stats.parked);
    for hours in [-11, 0, 5, 14] {
        let zone = chrono::FixedOffset::east_opt(hours * 3600).unwrap();
        let date = |time: chrono::DateTime<chrono::Utc>| time.with_timezone(&zone).date_naive();
        let days = stats.days.last(400, world.now, date);
        let sum = |figure: fn(&Share) -> u64| days.iter().map(figure).sum::<u64>();
        prop_assert_eq!(sum(|day| day.shipped), whole.shipped);
        prop_assert_eq!(sum(|day| day.cycles), whole.cycles);
        prop_assert_eq!(sum(|day| day.tokens), whole.tokens);
        prop_assert_eq!(sum(|day| day.parked), whole.parked);
    }
    Ok(())
}

fn sample(world: &World) -> Move {
    Move {
        from: Phase::Idle,
        to: Phase::Idle,
        outcome: Outcome::Next,
        reason: None,
        attempt: None,
        cycle_count: 7,
        started_at: Some(world.now),
        escalation: None,
        ship: None,
        fresh: false,
        commit: None,
        spec: None,
        cases: None,
        unit: None,
    }
}
