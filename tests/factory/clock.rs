//! Sleep of the computer, stops of the engine and jumps of the clock: told, charged to nobody, and what waits for a
//! time of the day hears it, as a role does that has hours.

use crate::commands::all_done;
use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use chrono::{Local, TimeDelta, Timelike};
use dev_factory::adapters::store::readers;
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::gap::Gap;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::{AgentState, Snapshot, Step};
use dev_factory::domain::state::Scope;
use dev_factory::factory::engine::{Ended, Options};
use dev_factory::factory::ports::clock::Clock;
use std::fs;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn notes(plant: &Plant) -> Vec<String> {
    let note = |event: Event| match event.body {
        EventBody::Gap { gap, seconds } => Some(gap.words(seconds)),
        _ => None,
    };
    plant.journal().into_iter().filter_map(note).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sleep_and_jumps_of_the_clock_are_told_and_burn_no_limit() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/coding/file/src/log.js"));
    let mut engine = plant.start();
    held.reached(1).await;
    // A night, then a clock that was wrong by a day.
    plant.clock.sleep(TimeDelta::hours(9));
    let later = plant
        .desk
        .hold(&format!("{TOOL}/coding/file/src/report.js"));
    held.open();
    later.reached(1).await;
    // It stands in the timeline, behind the move in whose phase it was.
    let slept = |s: &Snapshot| {
        let steps = s.timeline();
        let place = steps.iter().position(|step| match step {
            Step::Gap(line) => (line.gap, line.time().num_hours()) == (Gap::Slept, 9),
            _ => false,
        });
        place
            .is_some_and(|at| matches!(steps[at - 1], Step::Move(step) if step.to == Phase::Coding))
    };
    engine.until("the night in the timeline", slept).await;
    // As the next engine finds it.
    let reading = readers::factory(&plant.home).unwrap();
    let kept = |event: &Event| matches!(event.body, EventBody::Gap { .. });
    assert_eq!(reading.recent.iter().filter(|event| kept(event)).count(), 1);
    plant.clock.forward(TimeDelta::hours(24));
    later.open();
    all_done(&mut engine).await;
    engine.stop().await;
    let notes = notes(&plant);
    let told = |words: &str| notes.iter().filter(|note| note.contains(words)).count();
    assert_eq!(told("the computer slept for 9 h"), 1, "{notes:?}");
    assert_eq!(
        told("the clock of the computer was put forward by 24 h"),
        1,
        "{notes:?}"
    );
    let facts = plant.facts(TOOL);
    assert!(facts.used().millis < 60 * 60_000, "{}", facts.used().millis);
    assert_eq!(facts.course.stalls, 0);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_until_a_time_ends_soon_after_the_computer_wakes_behind_it() {
    let plant = Plant::new(&[TOOL]);
    let engine = plant.start();
    let until = plant.clock.now() + TimeDelta::hours(8);
    plant
        .told(Verb::Pause {
            scope: Some(Scope::Factory),
            reason: None,
            until: Some(until),
        })
        .await;
    plant.clock.sleep(TimeDelta::hours(9));
    let woken = tokio::time::Instant::now();
    let lifted = || {
        let events = plant.journal();
        events
            .iter()
            .any(|e| matches!(e.body, EventBody::Resumed { .. }))
    };
    while !lifted() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(woken.elapsed() < HOUR, "still paused an hour after it woke");
    }
    assert!(woken.elapsed() < Duration::from_secs(60));
    engine.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_engine_is_told_and_burns_no_limit() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/coding/file/src/log.js"));
    let mut engine = plant.start();
    held.reached(1).await;
    // SIGSTOP, and SIGCONT in the morning: time went on, but not here.
    plant.clock.missed(9 * HOUR);
    tokio::time::advance(9 * HOUR).await;
    let told = || {
        let notes = notes(&plant);
        notes
            .iter()
            .filter(|note| note.contains("this program was stopped for 9 h"))
            .count()
    };
    let woken = tokio::time::Instant::now();
    while told() == 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(woken.elapsed() < HOUR, "not told within an hour");
    }
    held.open();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(told(), 1);
    let stuck = |e: &Event| matches!(e.body, EventBody::Stuck { .. });
    assert!(!plant.journal().iter().any(stuck));
    let facts = plant.facts(TOOL);
    assert!(facts.used().millis < 60 * 60_000, "{}", facts.used().millis);
    assert_eq!(facts.course.stalls, 0);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(start_paused = true)]
async fn outside_its_hours_a_role_begins_no_attempt_and_no_further_turn() {
    let plant = Plant::new(&[TOOL]);
    // Wide enough for a test that runs over the end of an hour, or in the night in which clocks are put.
    let hour = Local::now().hour();
    let hours: Vec<String> = (8..=12).map(|n| ((hour + n) % 24).to_string()).collect();
    let own = format!(
        "[roles.developer]\nschedule = \"* {} * * *\"\n",
        hours.join(",")
    );
    let settings = STAFFED.replace("[roles.developer]\n", &own);
    fs::write(plant.home.join("dev-factory/factory.toml"), settings).unwrap();
    let off = |s: &Snapshot| {
        let developer = s.agents.iter().find(|agent| agent.role == Role::Developer);
        s.waits
            && s.doing == "waiting for the developer: outside its schedule"
            && developer.unwrap().state == AgentState::OffSchedule
    };
    let draft = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let options = Options {
        until_idle: true,
        ..Options::default()
    };
    let mut engine = plant.engine(options);
    let seen = engine.until("the developer is off duty", off).await;
    assert_eq!((seen.attempt.is_some(), seen.needs.len()), (false, 0));
    assert!(plant.desk.labels().is_empty());
    plant.clock.forward(TimeDelta::hours(10));
    draft.reached(1).await;
    plant.clock.forward(TimeDelta::hours(6));
    draft.open();
    let seen = engine.until("it is off duty again", off).await;
    assert!(seen.attempt.is_some() && !seen.pausing);
    assert_eq!(plant.desk.labels(), [format!("{TOOL}/spec/draft/0")]);
    // The next day it goes on where it stood, and the engine has not ended meanwhile.
    plant.clock.forward(TimeDelta::hours(18));
    assert_eq!(engine.ended_within(HOUR).await, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert_eq!(plant.desk.requests(&format!("{TOOL}/spec/draft")).len(), 1);
}
