//! Money through the engine: a limit of the day stops paid turns, says so, and the next day goes on.

use crate::external::eventually;
use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use chrono::Duration;
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{EventBody, Unit};
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::PauseKind;
use dev_factory::factory::engine::Ended;

/// Three turns a day, the third being the one that reaches the limit.
fn plant() -> Plant {
    let limits = "[limits]\nday_usd = 0.5\ntool_usd = 100.0\n";
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}\n{limits}"));
    plant.desk.paid(0.2);
    plant
}

fn reached(plant: &Plant) -> bool {
    let pauses = &plant.factory().pauses;
    pauses.len() == 3 && pauses.iter().all(|p| p.kind == PauseKind::Budget)
}

#[tokio::test(start_paused = true)]
async fn a_day_limit_stops_before_the_next_paid_turn_and_the_next_day_goes_on() {
    let plant = plant();
    let mut engine = plant.start();
    let rests = |s: &Snapshot| s.pauses.len() == 3 && !s.pausing && s.doing.contains("paused");
    let seen = engine.until("the limit is reached", rests).await;
    assert_eq!(plant.desk.labels().len(), 3);
    let reason = &seen.pauses[0].reason;
    assert!(
        reason.contains("factory has used 0.60 of 0.50 usd within 24 hours"),
        "{reason}"
    );
    assert!(
        seen.needs.iter().any(|n| n.why.contains("0.60 of 0.50")),
        "{:?}",
        seen.needs
    );
    assert!((seen.day_usd - 0.6).abs() < 1e-9);
    // Almost a day is not a day; then the attempt that waited goes on where it stood.
    plant.clock.forward(Duration::hours(23));
    tokio::time::sleep(std::time::Duration::from_secs(300)).await;
    assert!(reached(&plant));
    plant.clock.forward(Duration::hours(2));
    eventually("the second day's turns", || {
        plant.desk.labels().len() == 6 && reached(&plant)
    })
    .await;
    let shipped = || plant.factory().totals.shipped == 1;
    while !shipped() {
        let before = plant.desk.labels().len();
        plant.clock.forward(Duration::hours(25));
        let turns = || plant.desk.labels().len() - before;
        let over = || shipped() || (turns() == 3 && reached(&plant));
        eventually("another day's turns", over).await;
        assert!(turns() <= 3);
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
    eventually("held", || reached(&plant)).await;
    held.open();
    let rests = |s: &Snapshot| !s.pausing && s.doing.contains("paused");
    engine
        .until("the turn ended and no other began", rests)
        .await;
    assert_eq!(plant.desk.labels().len(), 2);
    plant.told(limit(50.0)).await;
    crate::commands::all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}
