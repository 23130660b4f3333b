//! The shift since a mark, absences of hosts, the last day of roles, and that all of them agree with the other figures.

use crate::world::{World, ready};
use chrono::{DateTime, Duration, Utc};
use dev_factory::domain::budget;
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::event::{Event, EventBody, NewEvent, Turn};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::figures::Figures;
use dev_factory::domain::metrics::Metrics;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::shift::{Bookmark, Shift};
use dev_factory::domain::stats::{Overview, Stands, Stats};

fn turn(host: &str, role: Role, ok: bool, tokens: u64, usd: f64) -> Turn {
    Turn {
        label: "alpha/coding/file/src/a.js/0".into(),
        role,
        host: host.into(),
        model: "m".into(),
        ok,
        error: (!ok).then(|| format!("{host} does not answer: connection refused")),
        estimated: Some(tokens + 10),
        input_tokens: Some(tokens),
        output_tokens: Some(50),
        cached: Default::default(),
        rate: None,
        usd: Some(usd),
        speed: Some(25.0),
        gpu: None,
        millis: 3_000,
        local: usd == 0.0,
        scripted: false,
        malformed: false,
        exhausted: false,
        uncounted: false,
        thought_tokens: None,
    }
}

fn fails(world: &mut World, host: &str) {
    world.fact(EventBody::Turn(turn(host, Role::Qa, false, 10, 0.0)));
}

fn dropped(world: &mut World, reason: &str) {
    let id = world.factory.attempts;
    world.record(vec![NewEvent {
        tool: world.factory.current_tool.clone(),
        actor: "engine".into(),
        body: EventBody::AttemptDropped {
            id,
            reason: reason.into(),
        },
    }]);
}

fn works(world: &mut World, host: &str) {
    world.fact(EventBody::Turn(turn(host, Role::Qa, true, 10, 0.0)));
}

fn mark(world: &World) -> Bookmark {
    Bookmark {
        seq: world.factory.seq,
        at: Some(world.now),
    }
}

fn shift(world: &World, mark: Bookmark) -> Shift {
    Figures::of(&world.journal, mark).shift
}

fn minutes(millis: u64) -> u64 {
    millis / 60_000
}

#[test]
fn a_shift_counts_what_came_after_the_mark_and_nothing_else() {
    let mut world = World::with(&["alpha", "beta", "gamma"]);
    world.to(Phase::Shipped);
    world.room(ready());
    world.fact(EventBody::Turn(turn("h", Role::Qa, true, 100, 0.5)));
    let mark = mark(&world);
    assert_eq!(shift(&world, mark).events, 0);
    world.to(Phase::Coding);
    world.fact(EventBody::Turn(turn("h", Role::Developer, true, 900, 0.0)));
    world.fact(EventBody::Turn(turn("h", Role::Supervisor, true, 70, 0.25)));
    world.to(Phase::Shipped);
    world.room(ready());
    world.to(Phase::Spec);
    let park = Verb::Park {
        item: None,
        reason: Some("too hard".into()),
    };
    world.command(park).unwrap();
    let seen = shift(&world, mark);
    let ships: Vec<&str> = seen.shipped.iter().map(|ship| ship.tool.as_str()).collect();
    assert_eq!((ships, seen.more_shipped), (vec!["beta"], 0));
    assert_eq!(seen.parked.keys().collect::<Vec<_>>(), ["gamma"]);
    assert!(seen.parked["gamma"].reason.contains("too hard"));
    assert_eq!((seen.used.usd, seen.used.turns), (0.25, 2));
    assert_eq!((seen.local_tokens, seen.used.local_millis), (950, 3_000));
    let all = shift(&world, Bookmark::default());
    assert_eq!((all.shipped.len(), all.used.usd), (2, 0.75));
    let report = Metrics::after(&world.journal, mark.seq).summary();
    assert_eq!(report.shipped, seen.shipped.len() as u64);
    assert_eq!(report.parked.part, seen.parked.len() as u64);
    assert_eq!(report.effort.usd, seen.used.usd);
    assert_eq!(report.effort.turns, seen.used.turns);
    // What is wanted again is parked no more.
    let unpark = Verb::Unpark {
        item: "gamma".into(),
        priority: None,
        reason: None,
    };
    world.command(unpark).unwrap();
    assert!(shift(&world, mark).parked.is_empty());
}

#[test]
fn idle_time_is_that_of_an_engine_without_a_tool() {
    let mut world = World::with(&["alpha", "beta"]);
    world.now += Duration::minutes(7);
    world.to(Phase::Shipped);
    world.room(ready());
    let mark = mark(&world);
    world.now += Duration::minutes(5);
    let now = |world: &World| Some(world.now);
    assert_eq!(minutes(shift(&world, mark).idle(now(&world))), 5);
    assert_eq!(minutes(shift(&world, mark).idle(None)), 0);
    world.fact(EventBody::Stopped {
        stopped: None,
        reason: "asked for".into(),
    });
    world.now += Duration::hours(8);
    world.fact(EventBody::Started {
        pid: 2,
        version: String::new(),
        repaired: Vec::new(),
    });
    world.now += Duration::minutes(4);
    let early = mark;
    world.pick();
    let first = shift(&world, early);
    // What it was before the first move is only known from the move: since the engine began.
    assert_eq!(minutes(first.idle(None)), 4);
    world.now += Duration::hours(1);
    world.to(Phase::Coding);
    assert_eq!(minutes(shift(&world, early).idle(now(&world))), 4);
    let all = shift(&world, Bookmark::default());
    assert_eq!(
        minutes(all.idle(None)),
        9,
        "no engine ran before the first tool"
    );
}

#[test]
fn turns_while_idle_are_counted_apart() {
    let mut world = World::with(&["alpha"]);
    world.fact(EventBody::Turn(turn("h", Role::Qa, true, 100, 0.0)));
    world.to(Phase::Coding);
    world.fact(EventBody::Turn(turn("h", Role::Qa, true, 100, 0.0)));
    let seen = shift(&world, Bookmark::default());
    assert_eq!((seen.idle_turns, seen.idle_tokens), (1, 150));
}

#[test]
fn a_host_is_away_from_the_turn_that_cut_its_attempt_until_it_ends_one() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    works(&mut world, "gpu2");
    // Taken again within the attempt: not away.
    fails(&mut world, "gpu2");
    works(&mut world, "gpu2");
    let mark = mark(&world);
    fails(&mut world, "gpu2");
    let from = world.now;
    fails(&mut world, "gpu2");
    dropped(&mut world, "gpu2 does not answer: connection refused");
    works(&mut world, "gpu1");
    let seen = shift(&world, mark);
    let [away] = seen.away.all.as_slice() else {
        panic!("{:?}", seen.away);
    };
    assert_eq!(
        (away.host.as_str(), away.from, away.to, away.turns),
        ("gpu2", from, None, 2)
    );
    assert!(away.why.contains("connection refused"));
    world.now += Duration::minutes(6);
    works(&mut world, "gpu2");
    let seen = shift(&world, mark);
    assert_eq!(seen.away.all[0].to, Some(world.now));
    assert!(seen.away.all[0].time(world.now).num_minutes() == 6);
    // A person's abort is no absence, nor is an attempt dropped for something else.
    fails(&mut world, "gpu1");
    dropped(&mut world, "the settings were read again");
    assert_eq!(shift(&world, mark).away.all.len(), 1);
}

#[test]
fn health_has_a_column_an_hour() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let start = world.now;
    works(&mut world, "gpu2");
    world.now = start + Duration::hours(2);
    fails(&mut world, "gpu2");
    dropped(&mut world, "gpu2 does not answer: connection refused");
    world.now = start + Duration::hours(4);
    works(&mut world, "gpu2");
    let lately = &world.factory.lately;
    let health = lately.health("gpu2", world.now);
    assert_eq!(health.len(), 24);
    // Nine: worked; ten: nobody asked; eleven and twelve: away, but for the minutes before; thirteen: there again.
    assert!(
        health.ends_with("8-118") || health.ends_with("8-111"),
        "{health}"
    );
    assert!(health.starts_with("-------------------"), "{health}");
    assert_eq!(lately.health("other", world.now), "-".repeat(24));
    let later = world.now + Duration::hours(30);
    assert_eq!(lately.health("gpu2", later), "-".repeat(24));
}

#[test]
fn the_day_of_the_roles_adds_up_to_that_of_the_budget() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    for n in 0..40_u64 {
        let role = Role::ALL[n as usize % 3];
        let usd = if n % 3 == 2 { 0.07 } else { 0.0 };
        world.fact(EventBody::Turn(turn("h", role, n % 7 != 0, 100 + n, usd)));
        world.now += Duration::minutes(53);
    }
    let factory = &world.factory;
    let sum = |now: DateTime<Utc>| -> (f64, u64) {
        let days = Role::ALL.map(|role| factory.lately.day(role, now));
        let local: u64 = days[..2].iter().map(|day| day.tokens()).sum();
        (days.iter().map(|day| day.usd).sum(), local)
    };
    for hours in [0, 1, 5, 23, 24, 30] {
        let now = world.now + Duration::hours(hours);
        let day = budget::day(factory, None, now);
        let (usd, local) = sum(now);
        assert!((usd - day.usd).abs() < 1e-6, "{usd} {}", day.usd);
        assert_eq!(local, day.tokens, "after {hours} hours");
    }
    let turns = factory.lately.turns(Role::Qa);
    assert!(turns.len() == 12 && turns.windows(2).all(|two| two[0].at < two[1].at));
    let last = turns.last().unwrap();
    assert_eq!((last.sent, last.read), (Some(147), Some(137)));
    assert_eq!(
        last.first_token(),
        Some(1_000),
        "3 s less 50 tokens at 25/s"
    );
    // The fold is the same however often it is read back.
    let text = serde_json::to_string(factory).unwrap();
    assert_eq!(serde_json::from_str::<Factory>(&text).unwrap(), *factory);
}

#[test]
fn statistics_and_the_report_give_the_same_figures() {
    let mut world = World::with(&["alpha", "beta", "gamma", "delta"]);
    world.to(Phase::Fixing);
    world.to(Phase::Shipped);
    world.room(ready());
    world.to(Phase::Review);
    world.decision(Decision::SendBack, "R4 is wrong").unwrap();
    world.to(Phase::Shipped);
    world.room(ready());
    world.escalated(Phase::Fixing);
    let park = Verb::Park {
        item: None,
        reason: None,
    };
    world.command(park).unwrap();
    world.room(ready());
    world.to(Phase::Qa);
    world.run(false);
    let (stats, report) = (Stats::of(&world.journal), Metrics::after(&world.journal, 0));
    let (overview, summary) = (Overview::of(&stats), report.summary());
    assert_eq!(stats.shipped, summary.shipped);
    assert_eq!(stats.parked, summary.parked.part);
    assert_eq!(
        (stats.first_pass, stats.measured),
        (summary.first_draft.part, summary.first_draft.of)
    );
    assert_eq!(overview.levels, summary.levels);
    assert_eq!(stats.rejections, summary.rejections);
    assert_eq!(stats.stuck, summary.stuck);
    let gates: u64 = report
        .phases()
        .values()
        .map(|effort| effort.gate_millis)
        .sum();
    assert_eq!(stats.gate_millis, gates);
    let bounced = stats.reviews.values().sum::<u64>();
    assert_eq!(bounced, summary.bounced.of);
    let gaps = report.builds().filter_map(|build| build.first_gap).count();
    assert!(gaps > 0 && overview.gap.is_some());
}

#[test]
fn rows_say_since_when_a_tool_stands_where_it_stands() {
    let mut world = World::with(&["alpha", "beta"]);
    world.shelved();
    let stats = Stats::of(&world.journal);
    let row = stats.row("alpha").unwrap();
    let moved = world.journal.iter().rev();
    let shelved = moved
        .filter(|event| matches!(&event.body, EventBody::Move(made) if made.to == Phase::Idle))
        .map(|event| event.ts)
        .next();
    assert_eq!((row.stands, row.since), (Stands::Shelved, shelved));
    assert_eq!(Overview::of(&stats).shelved, ["alpha"]);
    assert!(stats.row("beta").is_none(), "it was never picked");
}

#[test]
fn folding_in_pieces_or_again_changes_nothing() {
    let mut world = World::with(&["alpha", "beta"]);
    world.to(Phase::Fixing);
    let mark = mark(&world);
    fails(&mut world, "h");
    dropped(&mut world, "h does not answer: connection refused");
    world.to(Phase::Shipped);
    world.room(ready());
    world.fact(EventBody::Turn(turn("h", Role::Qa, true, 100, 0.3)));
    let whole = Figures::of(&world.journal, mark);
    for cut in 0..world.journal.len() {
        let mut figures = Figures::of(&world.journal[..cut], mark);
        let text = serde_json::to_string(&figures).unwrap();
        figures = serde_json::from_str(&text).unwrap();
        // A piece that was read already comes again.
        world.journal[cut.saturating_sub(3)..]
            .iter()
            .for_each(|event: &Event| figures.apply(event));
        figures.settle();
        assert_eq!(figures, whole, "cut at {cut}");
    }
    // Another mark begins the shift anew and leaves the rest.
    let mut figures = whole.clone();
    assert_eq!(figures.mark(mark), None);
    assert_eq!(figures.mark(Bookmark::default()), Some(1));
    world.journal.iter().for_each(|event| figures.apply(event));
    figures.settle();
    assert_eq!(figures, Figures::of(&world.journal, Bookmark::default()));
    assert_eq!(figures.stats, whole.stats);
}
