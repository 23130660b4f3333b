//! What waits for a person: since when, until when nobody is called for it, and that nothing runs meanwhile.

use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use chrono::TimeDelta;
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::EventBody;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::{Need, Snapshot};
use dev_factory::factory::ports::clock::Clock;
use std::fs;
use std::time::Duration;

fn found<'a>(s: &'a Snapshot, id: &str) -> Option<&'a Need> {
    s.needs.iter().find(|need| need.id.starts_with(id))
}

fn park() -> Verb {
    Verb::Park {
        item: None,
        reason: Some("look at it".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_keeps_the_time_at_which_it_began_to_while_the_work_goes_on() {
    let plant = Plant::new(&[TOOL]);
    let spec = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let review = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    spec.reached(1).await;
    fs::write(plant.home.join("dev-factory/wishlist.json"), "{").unwrap();
    let seen = engine.until("it waits", |s| found(s, "files:").is_some());
    let since = found(seen.await.as_ref(), "files:").unwrap().since;
    spec.open();
    review.reached(1).await;
    let seen = engine.phase(Phase::Review).await;
    assert!(seen.last_update > since, "moves were made since");
    assert_eq!(found(&seen, "files:").unwrap().since, since);
    plant.told(Verb::Probe { host: None }).await;
    let answered = |s: &Snapshot| s.last_event > Some(s.last_update);
    engine
        .until("an event behind the last move", answered)
        .await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_waits_says_since_when_also_after_a_restart() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.told(park()).await;
    let parked = |s: &Snapshot| found(s, "park:").is_some();
    let seen = engine.until("it is parked", parked).await;
    let before = found(&seen, "park:").unwrap().clone();
    assert_eq!(before.words(), format!("{TOOL} is parked: look at it"));
    let events = plant.journal();
    let event = events.iter().find(|event| Some(event.seq) == before.seq);
    let event = event.expect("the event it began with");
    assert!(matches!(&event.body, EventBody::Move(step) if step.to == Phase::Idle));
    assert_eq!(event.ts, before.since);
    engine.stop().await;
    plant.clock.forward(TimeDelta::hours(3));
    let mut engine = plant.start();
    let seen = engine.until("it waits still", parked).await;
    assert_eq!(found(&seen, "park:"), Some(&before));
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_snoozed_stays_and_is_told_when_that_is_over() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.told(park()).await;
    let until = plant.clock.now() + TimeDelta::hours(8);
    let snooze = Verb::Snooze {
        need: format!("park:{TOOL}"),
        until,
    };
    plant.told(snooze).await;
    let quiet = |s: &Snapshot| found(s, "park:").is_some_and(|need| need.quiet == Some(until));
    let seen = engine.until("it is quiet", quiet).await;
    assert_eq!(seen.loud().count(), 0);
    plant.clock.sleep(TimeDelta::hours(9));
    let begun = tokio::time::Instant::now();
    let loud = |s: &Snapshot| s.loud().any(|need| need.id.starts_with("park:"));
    engine.until("it calls again", loud).await;
    assert!(begun.elapsed() < Duration::from_secs(60), "{begun:?}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_while_the_host_of_the_next_step_is_away() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.away(Some("it does not answer"));
    let mut engine = plant.start();
    let seen = engine.until("it waits", |s| s.waits).await;
    assert!(
        seen.doing.starts_with("waiting for the developer:"),
        "{}",
        seen.doing
    );
    let need = found(&seen, "host:developer").expect("a person may mend it");
    assert_eq!(need.title, "Developer cannot work");
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    plant.desk.away(None);
    held.reached(1).await;
    let seen = engine.until("it works", |s| s.attempt.is_some()).await;
    assert!(!seen.waits, "{}", seen.doing);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_address_of_a_host_is_journaled_with_the_old_one() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let mut engine = plant.start();
    held.reached(1).await;
    let file = plant.home.join("dev-factory/factory.toml");
    fs::write(file, STAFFED.replace("127.0.0.1:1", "127.0.0.1:2")).unwrap();
    let told = |_: &Snapshot| {
        plant.journal().iter().any(|event| {
            matches!(&event.body, EventBody::Noted { sentence }
                if sentence == "lab is at http://127.0.0.1:2 now, it was at http://127.0.0.1:1")
        })
    };
    engine.until("it is noted", told).await;
    engine.stop().await;
}
