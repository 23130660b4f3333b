//! Money through the engine: a limit of the day stops paid turns, says so, and the next day goes on.

use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use chrono::Duration;
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{EventBody, Turn, Unit};
use dev_factory::domain::phase::Outcome;
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::{Pause, PauseKind, Scope};
use dev_factory::factory::engine::Ended;

/// Three turns a day, the third being the one that reaches the limit.
fn plant() -> Plant {
    let limits = "[limits]\nday_usd = 0.5\ntool_usd = 100.0\n";
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}\n{limits}"));
    plant.desk.paid(0.2);
    plant
}

fn reached(seen: &Snapshot) -> bool {
    let budget = |p: &Pause| p.kind == PauseKind::Budget;
    seen.pauses.len() == 3 && seen.pauses.iter().all(budget) && !seen.pausing
}

#[tokio::test(start_paused = true)]
async fn a_day_limit_stops_before_the_next_paid_turn_and_the_next_day_goes_on() {
    let plant = plant();
    let turns = || plant.desk.labels().len();
    let mut engine = plant.start();
    let seen = engine.until("the limit is reached", reached).await;
    assert_eq!(turns(), 3);
    let reason = &seen.pauses[0].reason;
    assert!(
        reason.contains("factory has used 0.60 of 0.50 usd within 24 hours"),
        "{reason}"
    );
    let said = |seen: &Snapshot| seen.needs.iter().any(|n| n.why.contains("0.60 of 0.50"));
    assert!(said(&seen) && (seen.day_usd - 0.6).abs() < 1e-9);
    // Almost a day is not a day; then the attempt that waited goes on where it stood.
    let looks = std::time::Duration::from_secs(300);
    plant.clock.forward(Duration::hours(23));
    tokio::time::sleep(looks).await;
    engine.until("nothing new", reached).await;
    assert_eq!(turns(), 3);
    plant.clock.forward(Duration::hours(2));
    let mut shipped = false;
    while !shipped {
        let before = turns();
        tokio::time::sleep(looks).await;
        let over = |s: &Snapshot| s.totals.shipped == 1 || (turns() == before + 3 && reached(s));
        let seen = engine.until("another day's turns", over).await;
        assert!(turns() <= before + 3);
        shipped = seen.totals.shipped == 1;
        plant.clock.forward(Duration::hours(25));
    }
    engine.stop().await;
    let dropped = |e: &EventBody| matches!(e, EventBody::AttemptDropped { .. });
    assert!(!plant.journal().iter().any(|e| dropped(&e.body)));
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert!(plant.factory().totals.usd > 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_finds_the_limit_reached_starts_no_turn_until_the_next_day() {
    let plant = plant();
    for turns in [3, 3] {
        assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
        assert_eq!(plant.desk.labels().len(), turns);
    }
    plant.clock.forward(Duration::hours(25));
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    assert_eq!(plant.desk.labels().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_set_below_what_is_used_holds_at_once_and_a_higher_one_lets_go() {
    let plant = plant();
    let held = plant.desk.hold(&format!("{TOOL}/spec/template"));
    let mut engine = plant.start();
    held.reached(1).await;
    let limit = |amount| Verb::Budget {
        scope: "factory".to_owned(),
        unit: Unit::Usd,
        amount,
    };
    plant.told(limit(0.1)).await;
    engine.until("held", |s| s.pauses.len() == 3).await;
    held.open();
    engine
        .until("the turn ended and no other began", reached)
        .await;
    assert_eq!(plant.desk.labels().len(), 2);
    plant.told(limit(50.0)).await;
    crate::commands::all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_parked_by_its_limit_goes_on_where_it_stood_when_the_limit_is_raised() {
    let limits = "[limits]\nday_usd = 100.0\ntool_usd = 0.7\n";
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}\n{limits}"));
    plant.desk.paid(0.2);
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    let before = plant.desk.labels();
    assert_eq!(before.len(), 4, "{before:?}");
    let item = plant.item(TOOL);
    let words = item.reason.clone().unwrap_or_default();
    assert!(words.contains("has used 0.80 of 0.70 usd"), "{words}");
    let events = plant.journal();
    let fired = events.iter().find_map(|event| match &event.body {
        EventBody::Stuck { rule, evidence, .. } => Some((rule.as_str(), evidence.concat())),
        _ => None,
    });
    let (rule, evidence) = fired.unwrap();
    assert_eq!(rule, "S12");
    assert!(evidence.contains("0.80 of 0.70"), "{evidence}");
    let stood = item.phase;
    assert!(stood.is_some(), "{item:?}");
    let mut engine = plant.start();
    let raised = Verb::Budget {
        scope: TOOL.to_owned(),
        unit: Unit::Usd,
        amount: 50.0,
    };
    plant.told(raised).await;
    crate::commands::all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let resumed = plant
        .journal()
        .into_iter()
        .find_map(|event| match event.body {
            EventBody::Move(made) if made.outcome == Outcome::Resumed => Some(made.to),
            _ => None,
        });
    assert_eq!(resumed, stood);
    let all = plant.desk.labels();
    let spec = |label: &&String| label.contains("/spec/");
    let of = |labels: &[String]| labels.iter().filter(spec).count();
    assert_eq!(of(&all), of(&before), "what was done is not done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_escalates_is_told_what_a_call_of_the_supervisor_costs() {
    let settings = STAFFED.replace(
        "[roles.supervisor]\nmodel = \"lab/test\"",
        "[roles.supervisor]\nmodel = \"lab/claude-opus-5-5\"",
    );
    let plant = Plant::with(&[TOOL], &settings);
    plant.desk.paid(0.01);
    let held = plant.desk.hold(&format!("{TOOL}/spec/template"));
    let mut engine = plant.start();
    held.reached(1).await;
    let seen = engine
        .until("a price", |s| !s.review_price.is_empty())
        .await;
    let said = plant
        .told(Verb::Escalate {
            reason: "look at it".to_owned(),
        })
        .await;
    // 12,000 tokens written to the cache at 5 USD a million, 8,192 written at 20.
    let price = "a call of lab/claude-opus-5-5 costs at most $0.22";
    assert!(said.ends_with(price), "{said}");
    assert_eq!(seen.review_price, price);
    // Nobody is called while the Supervisor is paused.
    let pause = Verb::Pause {
        scope: Some(Scope::Supervisor),
        reason: None,
        until: None,
    };
    plant.told(pause).await;
    engine
        .until("no price", |s| s.review_price.is_empty())
        .await;
    held.open();
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_turn_that_is_cancelled_is_counted_once() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(0.2);
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft/0"));
    let engine = plant.start();
    held.reached(1).await;
    engine.stop().await;
    let journal = plant.journal();
    let turns: Vec<&Turn> = journal
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Turn(turn) => Some(turn),
            _ => None,
        })
        .collect();
    let [turn] = turns[..] else {
        panic!("{turns:#?}")
    };
    assert_eq!((turn.ok, turn.usd), (false, Some(0.2)));
    assert!(
        turn.input_tokens.is_some_and(|tokens| tokens > 0),
        "{turn:?}"
    );
    let why = turn.error.as_deref().unwrap();
    assert!(why.starts_with("cancelled: "), "{why}");
    assert!((plant.factory().totals.usd - 0.2).abs() < 1e-9);
}
