//! Budgets, statistics, names, a hand-edited wishlist, and comparing cases.

use crate::world::{OPERATOR, World, ready};
use chrono::Duration;
use dev_factory::domain::budget;
use dev_factory::domain::case::{Case, Received, compare};
use dev_factory::domain::event::{Adopted, EventBody, Turn};
use dev_factory::domain::factory::Factory;
use dev_factory::domain::item::{Item, ItemStatus};
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::stats::Stats;
use dev_factory::domain::wishlist::{derive_name, merge, valid_name};
use serde_json::json;

fn turn(role: Role, tokens: u64, usd: f64, local: bool) -> EventBody {
    EventBody::Turn(Turn {
        label: "alpha/spec/draft/0".into(),
        role,
        host: "h".into(),
        model: "m".into(),
        ok: true,
        error: None,
        estimated: None,
        input_tokens: Some(tokens),
        output_tokens: None,
        cached: Default::default(),
        rate: None,
        usd: Some(usd),
        speed: None,
        gpu: None,
        millis: 1,
        local,
        scripted: false,
        malformed: false,
        exhausted: false,
        uncounted: false,
        thought_tokens: None,
    })
}

#[test]
fn use_is_counted_by_tool_role_and_rolling_day() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    world.fact(turn(Role::Developer, 100, 0.1, false));
    world.fact(turn(Role::Qa, 900, 0.2, true));
    world.attempt(Role::Developer);
    world.fact(EventBody::Worked { millis: 90_000 });
    let used = world.facts().used();
    assert_eq!((used.usd, used.tokens, used.millis), (0.3, 900, 90_002));
    assert_eq!(world.facts().turns["alpha/spec/draft"], 2);
    let day = |role, now| budget::day(&world.factory, role, now);
    assert_eq!(day(None, world.now).usd, 0.3);
    assert_eq!(day(Some(Role::Developer), world.now).millis, 90_001);
    assert_eq!(day(Some(Role::Qa), world.now).tokens, 900);
    assert_eq!(day(None, world.now + Duration::hours(25)).usd, 0.0);
    // Ten minutes that were spent on a host that failed are no work; what came of it counts.
    let mut failed = turn(Role::Qa, 50, 0.0, true);
    if let EventBody::Turn(turn) = &mut failed {
        (turn.ok, turn.millis) = (false, 600_000);
    }
    world.fact(failed);
    let used = world.facts().used();
    assert_eq!((used.tokens, used.millis), (950, 90_002));
    assert!(budget::notices(&world.factory, &world.limits, world.now).is_empty());
    world.fact(turn(Role::Developer, 1, 1.3, false));
    let notices = budget::notices(&world.factory, &world.limits, world.now);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert_eq!(notices[0].words(), "alpha has used 1.60 of 2.00 usd");
    world.now += Duration::hours(30);
    world.fact(turn(Role::Developer, 1, 0.1, false));
    assert_eq!(world.factory.spend.len(), 1, "older entries are gone");
    assert_eq!(world.factory.totals.usd, 1.7, "totals are not");
}

#[test]
fn what_a_command_changed_since_the_file_was_written_is_no_edit_of_the_file() {
    let mut world = World::with(&["alpha", "beta"]);
    let entries = |world: &World| -> Vec<_> {
        let items = world.factory.items.iter();
        items
            .map(|i| (i.idea.clone(), i.priority, Some(i.name.clone())))
            .collect()
    };
    let before = entries(&world);
    world.fact(EventBody::ItemEdited {
        name: "alpha".into(),
        idea: Some("alpha, but better".into()),
        priority: Some(5),
    });
    let mut now = before.clone();
    now[1].1 = 9;
    let events = merge(&world.factory, &before, &now, OPERATOR).unwrap();
    let edits: Vec<_> = events.iter().map(|event| &event.body).collect();
    let [
        EventBody::ItemEdited {
            name,
            idea: None,
            priority: Some(9),
        },
    ] = edits[..]
    else {
        panic!("{edits:?}")
    };
    assert_eq!(name, "beta");
}

#[test]
fn a_clock_that_was_ahead_burns_no_limit_after_it_was_put_back() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    let right = world.now;
    world.now += Duration::days(365);
    world.fact(turn(Role::Developer, 100, 4.0, false));
    let day = |world: &World| budget::day(&world.factory, None, world.now).usd;
    assert_eq!(day(&world), 4.0);
    world.now = right + Duration::hours(1);
    assert_eq!(day(&world), 0.0, "that time has not come");
    world.fact(turn(Role::Developer, 100, 0.5, false));
    assert_eq!(day(&world), 4.5, "it was used before this");
    world.now += Duration::hours(25);
    assert_eq!(day(&world), 0.0);
}

#[test]
fn limits_of_a_rebuilt_tool_start_anew() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    world.fact(turn(Role::Developer, 1, 1.9, false));
    world.to(Phase::Shipped);
    world.room(ready());
    let requeue = dev_factory::domain::command::Verb::Requeue {
        item: Some("alpha".into()),
        fresh: false,
        reason: None,
        priority: None,
    };
    world.command(requeue).unwrap();
    world.pick();
    assert_eq!((world.facts().used().usd, world.facts().usd), (0.0, 1.9));
}

#[test]
fn statistics_and_the_closing_table() {
    let mut world = World::with(&["alpha", "beta", "gamma"]);
    world.to(Phase::Fixing);
    world.fact(turn(Role::Developer, 40, 0.25, false));
    world.to(Phase::Shipped);
    world.room(ready());
    world.to(Phase::Review);
    world.ship().unwrap();
    world.room(ready());
    world.to(Phase::Coding);
    // One that is under way has not taken its cycles yet.
    let before = Stats::of(&world.journal).cycles_per_tool();
    assert_eq!(before, Some(1.0 / 2.0));
    let drop = dev_factory::domain::command::Verb::Drop {
        item: "gamma".into(),
        reason: None,
    };
    world.command(drop).unwrap();
    let stats = Stats::of(&world.journal);
    assert_eq!((stats.shipped, stats.parked, stats.dropped), (2, 0, 1));
    assert_eq!(stats.cycles_per_tool(), Some(1.0 / 3.0));
    assert_eq!((stats.runs, stats.measured, stats.first_pass), (3, 2, 1));
    assert_eq!((stats.usd, stats.tokens), (0.25, 40));
    let table = stats.table();
    let names: Vec<&str> = table.iter().map(|row| row.tool.as_str()).collect();
    assert_eq!(names, ["alpha", "beta", "gamma"]);
    let alpha = &table[0];
    assert_eq!(
        (alpha.runs, alpha.cycles, alpha.tests, alpha.used.usd),
        (2, 1, 9, 0.25)
    );
    assert_eq!((alpha.passed, alpha.held_passed, alpha.held_out), (7, 4, 6));
    assert!(!alpha.scripted);
    assert_eq!(
        (alpha.coverage, alpha.version.as_deref()),
        (Some(99.5), Some("1.0.0"))
    );
    let millis: u64 = alpha.phases.values().sum();
    assert_eq!(alpha.seconds, millis as f64 / 1000.0);
    assert!(alpha.phases[&Phase::Fixing] > 0);
    let all: f64 = stats.roles.values().map(|used| used.usd).sum();
    assert_eq!((all, stats.roles[&Role::Developer].usd), (0.25, 0.25));
}

/// A turn whose prompt was thought to have 1,000 tokens.
fn counted(model: &str, counted: Option<u64>, ok: bool, usd: Option<f64>) -> EventBody {
    let EventBody::Turn(like) = turn(Role::Qa, 0, 0.0, false) else {
        unreachable!()
    };
    EventBody::Turn(Turn {
        model: model.to_owned(),
        estimated: Some(1000),
        input_tokens: counted,
        ok,
        usd,
        ..like
    })
}

#[test]
fn the_estimate_of_each_model_is_taught_by_what_its_server_counts() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    world.fact(counted("wordy", Some(1400), true, Some(0.0)));
    world.fact(counted("terse", Some(800), true, Some(0.0)));
    world.fact(counted("wordy", Some(300), false, Some(0.0)));
    world.fact(counted("mute", None, true, Some(0.0)));
    assert_eq!(
        world.facts().work_millis,
        3,
        "a turn that failed is no work"
    );
    let factors = &world.factory.factors;
    assert_eq!((factors["wordy"], factors["terse"]), (1100, 950));
    assert_eq!(factors.get("mute"), None, "nothing was counted");
    let again = serde_json::to_string(&world.factory).unwrap();
    let again: dev_factory::domain::factory::Factory = serde_json::from_str(&again).unwrap();
    assert_eq!(again.factors, *factors, "the fold is kept");
}

#[test]
fn a_third_of_the_usual_speed_is_the_edge() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    let at = |speed: f64, written| {
        let EventBody::Turn(like) = turn(Role::Qa, 10, 0.0, true) else {
            unreachable!()
        };
        Turn {
            speed: Some(speed),
            output_tokens: Some(written),
            ..like
        }
    };
    world.fact(EventBody::Turn(at(30.0, 50)));
    world.fact(EventBody::Turn(at(1.0, 49)));
    let usual = world.factory.speeds["h/m"];
    assert_eq!(usual, 300, "a few tokens say nothing");
    assert!(at(9.9, 50).slow(usual) && !at(10.0, 50).slow(usual) && !at(1.0, 49).slow(usual));
    world.fact(EventBody::Turn(at(10.0, 50)));
    assert_eq!(world.factory.speeds["h/m"], 250);
}

#[test]
fn what_has_no_price_is_said_and_never_nothing() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    let used = |world: &World| Stats::of(&world.journal).roles[&Role::Qa];
    world.fact(counted("m", Some(900), true, None));
    assert_eq!(used(&world).money(), "unpriced");
    world.fact(counted("m", Some(900), true, Some(0.5)));
    assert_eq!(used(&world).money(), "$0.50 and 1 unpriced");
    assert_eq!((used(&world).tokens(), used(&world).turns), (1800, 2));
}

#[test]
fn what_has_shipped_is_no_idea_again_when_its_line_is_damaged() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Shipped);
    let mut folded = Factory::new(world.now);
    for event in &world.journal {
        if !matches!(event.body, EventBody::ItemAdded { .. }) {
            folded.apply(event);
        }
    }
    let stands = |factory: &Factory| factory.item("alpha").unwrap().status;
    assert_eq!(stands(&folded), ItemStatus::Shipped);
    let entry = ("Alpha: count".to_owned(), 4, Some("alpha".to_owned()));
    let events = merge(&folded, &[], &[entry], "external").unwrap();
    assert!(
        matches!(&events[..], [one] if matches!(&one.body, EventBody::ItemEdited { idea: Some(_), priority: Some(4), .. })),
        "{events:?}"
    );
}

#[test]
fn time_without_an_engine_is_no_time_in_the_lane() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Coding);
    let lane = |world: &World| Stats::of(&world.journal).phases[&Phase::Coding];
    let gone = |world: &mut World, after: Option<EventBody>| {
        if let Some(stopped) = after {
            world.fact(stopped);
        }
        world.now += Duration::hours(9);
        world.fact(EventBody::Started {
            pid: 2,
            version: String::new(),
            repaired: Vec::new(),
        });
    };
    gone(&mut world, None);
    world.now += Duration::minutes(2);
    gone(
        &mut world,
        Some(EventBody::Stopped {
            stopped: None,
            reason: "asked for".into(),
        }),
    );
    world.to(Phase::Qa);
    // Killed, it was there until its last sign of life; ended, until it said so.
    let millis = lane(&world);
    assert!((120_000..180_000).contains(&millis), "{millis} ms");
}

#[test]
fn names_are_derived_from_ideas() {
    let none = |_: &str| false;
    let cases = [
        (
            "dns-uptime-monitor: check that hosts resolve",
            "dns-uptime-monitor",
        ),
        (
            "DNS uptime monitor: check that hosts resolve",
            "dns-uptime-monitor",
        ),
        (
            "I want a small tool that tracks the cost of API calls per project",
            "tracks-cost-api-calls",
        ),
        ("Digest of GitHub issues", "digest-github-issues"),
        ("3 2 1", "idea"),
        ("日本語", "idea"),
        ("factory", "factory-kit"),
        ("../../etc/passwd", "etc-passwd"),
        ("don't", "dont"),
    ];
    for (idea, name) in cases {
        assert_eq!(derive_name(idea, &none), name);
        valid_name(name).unwrap();
    }
    let long = derive_name(&"extraordinarily ".repeat(4), &none);
    assert_eq!(long, "extraordinarily-extraordinarily");
    let wide = derive_name(&"x".repeat(90), &|name| {
        name.len() == 40 && !name.ends_with("-2")
    });
    assert_eq!((wide.len(), wide.ends_with("-2")), (40, true));
    assert_eq!(
        derive_name("words", &|name| matches!(name, "words" | "words-2")),
        "words-3"
    );
}

#[test]
fn names_that_are_not_kebab_case_or_climb_out_are_refused() {
    for name in [
        "",
        "A",
        "a_b",
        "a--b",
        "-a",
        "a-",
        "1a",
        "../a",
        "a/b",
        "a.b",
        "ä",
        "factory",
        "tool",
        &"a".repeat(41),
    ] {
        let why = valid_name(name).unwrap_err();
        assert!(why.contains(';'), "says what to do: {why}");
    }
    for name in ["a", "a1", "cost-tracker", "x-2"] {
        valid_name(name).unwrap();
    }
}

#[test]
fn a_hand_edited_wishlist_is_taken_in() {
    let mut world = World::with(&["alpha", "beta", "gamma"]);
    let entry = |idea: &str, priority, name: Option<&str>| {
        (idea.to_owned(), priority, name.map(str::to_owned))
    };
    let edited = [
        entry("a new one: do it", 5, None),
        entry("gamma: an idea", 0, None),
        entry("alpha, better", 2, Some("alpha")),
    ];
    let events = merge(&world.factory, &[], &edited, OPERATOR).unwrap();
    world.record(events);
    let items: Vec<(&str, i64, &str)> = world
        .factory
        .items
        .iter()
        .map(|i| (i.name.as_str(), i.priority, i.idea.as_str()))
        .collect();
    assert_eq!(
        items,
        [
            ("a-new-one", 5, "a new one: do it"),
            ("gamma", 0, "gamma: an idea"),
            ("alpha", 2, "alpha, better"),
            ("beta", 0, "beta: an idea")
        ]
    );
    let said = world
        .journal
        .iter()
        .any(|e| matches!(&e.body, EventBody::Noted { sentence } if sentence.contains("beta")));
    assert!(said, "beta was put back");
    let before = world.factory.clone();
    for (bad, word) in [
        (vec![entry("", 0, None)], "item 1"),
        (
            vec![entry("x", 0, None), entry("y", 0, Some("Not Kebab"))],
            "item 2",
        ),
        (
            vec![entry("x", 0, Some("alpha")), entry("y", 0, Some("alpha"))],
            "twice",
        ),
        (vec![entry("x", 0, Some("../x"))], "kebab-case"),
    ] {
        let why = merge(&world.factory, &[], &bad, OPERATOR).unwrap_err();
        assert!(
            why.contains(word) && why.starts_with("wishlist.json, item"),
            "{why}"
        );
    }
    assert_eq!(before, world.factory);
}

fn found(world: &World, name: &str, status: ItemStatus) -> Item {
    Item {
        idea: name.into(),
        priority: 0,
        name: name.into(),
        status,
        added_at: world.now,
        reason: None,
        branch: Some(format!("tool/{name}")),
        phase: Some(Phase::Coding),
        escalation: None,
    }
}

#[test]
fn what_was_shipped_and_parked_before_a_home_was_taken_over_counts_alike_everywhere() {
    let mut world = World::new();
    let items = vec![
        found(&world, "alpha", ItemStatus::Wanted),
        found(&world, "beta", ItemStatus::NeedsHuman),
        found(&world, "gamma", ItemStatus::NeedsHuman),
    ];
    let shipped = ["delta", "epsilon", "zeta"].map(|name| (name.to_owned(), "1.0.0".to_owned()));
    world.fact(EventBody::Adopted(Adopted {
        items,
        shipped: shipped.into(),
    }));
    let ended = |world: &World| {
        let (stats, factory) = (Stats::of(&world.journal), &world.factory);
        let parked = factory.items.iter();
        let parked = parked.filter(|item| item.status == ItemStatus::NeedsHuman);
        let totals = (
            factory.totals.shipped,
            parked.count() as u64,
            factory.totals.dropped_after_pick,
        );
        assert_eq!((stats.shipped, stats.parked, stats.dropped), totals);
        assert_eq!(stats.days.whole().shipped, 0, "they ended on no day");
        totals
    };
    assert_eq!(ended(&world), (3, 2, 0));
    for (at, name) in ["alpha", "beta", "delta"].into_iter().enumerate() {
        if at == 2 {
            let bug = String::new();
            let name = name.to_owned();
            world.fact(EventBody::ItemReopened { name, bug });
        }
        let (name, reason) = (name.to_owned(), String::new());
        world.fact(EventBody::ItemDropped { name, reason });
    }
    assert_eq!(ended(&world), (3, 1, 1), "only delta had been begun");
}

#[test]
fn a_home_without_a_journal_is_taken_over() {
    let mut world = World::new();
    let items = vec![
        found(&world, "alpha", ItemStatus::Building),
        found(&world, "beta", ItemStatus::Shipped),
    ];
    world.fact(EventBody::Adopted(Adopted {
        items,
        shipped: vec![("beta".into(), "1.2.0".into())],
    }));
    assert_eq!(world.factory.totals.shipped, 1);
    assert_eq!(world.factory.facts("beta").unwrap().next_version(), "1.3.0");
    world.room(ready());
    assert_eq!(
        (world.factory.phase, world.factory.current_tool.as_deref()),
        (Phase::Coding, Some("alpha"))
    );
    assert!(world.factory.started_at.is_some());
}

fn case(value: serde_json::Value) -> Case {
    let mut whole = json!({"id": "E1", "rule": "R1"});
    whole
        .as_object_mut()
        .unwrap()
        .extend(value.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn received(value: serde_json::Value) -> Received {
    serde_json::from_value(value).unwrap()
}

#[test]
fn function_cases_compare_as_javascript_does() {
    let call =
        |expect| case(json!({"call": "parse", "args": ["a,,b", {"skip": true}], "expect": expect}));
    let passes = |expect, got| compare(&call(expect), &received(got)).passed;
    assert!(passes(
        json!({"a": 1, "b": [2.0]}),
        json!({"returned": {"b": [2], "a": 1.0}})
    ));
    assert!(passes(json!(null), json!({})), "undefined is null");
    assert!(!passes(json!(1), json!({"returned": "1"})));
    assert!(!passes(json!([1]), json!({"returned": [1, 2]})));
    assert!(!passes(json!({"a": null}), json!({"returned": {}})));
    assert!(!passes(
        json!(null),
        json!({"threw": {"name": "TypeError", "message": "x"}})
    ));
    let result = compare(
        &call(json!(["a", "b"])),
        &received(json!({"returned": ["a", "", "b"], "at": "src/cli.js:8"})),
    );
    assert_eq!(result.reproduce, r#"parse("a,,b", {"skip":true})"#);
    assert_eq!(
        (result.expected.as_str(), result.received.as_str()),
        (r#"["a","b"]"#, r#"["a","","b"]"#)
    );
    assert_eq!(result.at.as_deref(), Some("src/cli.js:8"));

    let throws = case(json!({"call": "parse", "throws": "RangeError: too"}));
    let threw = |name: &str| {
        received(json!({"threw": {"name": name, "message": "too long", "at": "src/a.js:1"}}))
    };
    assert!(compare(&throws, &threw("RangeError")).passed);
    let other = compare(&throws, &threw("Error"));
    assert!(!other.passed && other.received == "throws Error: too long");
    assert_eq!(other.at.as_deref(), Some("src/a.js:1"));
    assert!(!compare(&throws, &received(json!({"returned": "RangeError: too"}))).passed);
}

#[test]
fn what_kept_the_runner_from_a_result_is_never_a_pass() {
    let throws = case(json!({"call": "parse", "throws": "Error"}));
    for (got, word) in [
        (json!({"fault": "timed out after 10 s"}), "timed out"),
        (
            json!({"load": {"name": "SyntaxError", "message": "Error in line 3"}}),
            "does not load",
        ),
        (json!({"missing": "parse"}), "no export"),
    ] {
        let result = compare(&throws, &received(got));
        assert!(
            !result.passed && result.received.contains(word),
            "{result:?}"
        );
    }
    let empty = compare(
        &case(json!({"call": "parse"})),
        &received(json!({"returned": 1})),
    );
    assert!(!empty.passed, "a case that expects nothing cannot pass");
}

#[test]
fn command_cases_compare_what_they_name() {
    let check = json!({"cli": ["check", "a b"], "stdin": "it's", "exit": 1, "stdout": "no\n", "files": {"out.txt": "x", "old.txt": null}});
    let good = json!({"exit": 1, "stdout": "no\n", "stderr": "ignored", "files": {"out.txt": "x"}});
    let result = compare(&case(check.clone()), &received(good));
    assert!(result.passed, "{result:?}");
    assert_eq!(result.reproduce, r"tool check 'a b' <<< 'it'\''s'");
    let bad = json!({"exit": 0, "stdout": "no\n", "files": {"out.txt": "x", "old.txt": "still"}});
    let result = compare(&case(check), &received(bad));
    assert_eq!(result.expected, "exit 1; file old.txt no such file");
    assert_eq!(result.received, "exit 0; file old.txt \"still\"");
    let crashed = compare(
        &case(json!({"cli": [], "exit": 0})),
        &received(json!({"threw": {"name": "TypeError", "message": "x"}})),
    );
    assert_eq!(
        (crashed.passed, crashed.received.as_str()),
        (false, "throws TypeError: x")
    );
}

#[test]
fn fields_are_cut_so_that_the_difference_shows() {
    let long = "é".repeat(5_000);
    let expect = format!("{long}A{long}");
    let got = format!("{long}B{long}");
    let result = compare(
        &case(json!({"call": "f", "args": [long], "expect": expect})),
        &received(json!({"returned": got})),
    );
    for field in [&result.expected, &result.received, &result.reproduce] {
        assert!(field.chars().count() <= 200, "{}", field.chars().count());
    }
    assert!(result.expected.contains('A') && result.received.contains('B'));
    let files: std::collections::BTreeMap<String, String> = (0..40)
        .map(|n| (format!("file-{n}.txt"), "x".repeat(90)))
        .collect();
    let many = compare(
        &case(json!({"cli": ["x"], "exit": 1, "files": files})),
        &received(json!({"exit": 0})),
    );
    assert!(many.expected.chars().count() <= 200 && many.received.chars().count() <= 200);
    assert!(many.expected.starts_with("exit"), "{}", many.expected);
}
