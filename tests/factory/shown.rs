//! What the snapshot tells screens of a tool under way, also after the engine was ended and started again.

use super::doubles::Act;
use super::plant::Plant;
use super::review::new_case;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::Snapshot;

const TOOL: &str = "session-logger";

/// Run 1 was red in one held-out case, and the repair is under way.
fn tells_of_the_repair(s: &Snapshot) {
    let last = s.measured.last().expect("the run in more words");
    assert_eq!((s.measured.len(), last.run, s.measuring), (1, 1, None));
    let gate = |name: &str| last.gates.iter().find(|gate| gate.gate == name).unwrap();
    assert!(gate("scan").passed && gate("jest").passed);
    let held = &s.runs.last().unwrap();
    let figure = format!("{} of {}", held.held_passed, held.held_total);
    assert_eq!(
        (gate("held-out").passed, &gate("held-out").figure),
        (false, &figure)
    );
    let [row] = last.failing.as_slice() else {
        panic!("{:?}", last.failing);
    };
    assert!(row.what.starts_with('R') && !row.want.is_empty(), "{row:?}");
    let [bug] = s.bugs.as_slice() else {
        panic!("{:?}", s.bugs);
    };
    assert_eq!((bug.n, bug.rule.as_deref()), (1, Some(row.what.as_str())));
    assert!(!bug.title.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_tells_gates_failing_rows_and_open_bugs() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.wrong(&["H3"]);
    let guess = Act::Say("It counts from the wrong end.".to_owned());
    plant
        .desk
        .on(&format!("{TOOL}/qa/hypothesis"), u32::MAX, guess);
    let another = Act::Say(format!("```jsonl\n{}\n```\n", new_case("H17", "R3")));
    plant
        .desk
        .on(&format!("{TOOL}/qa/replace"), u32::MAX, another);
    let held = plant.desk.hold(&format!("{TOOL}/fixing"));
    let mut engine = plant.start();
    held.reached(1).await;
    let fixing = |s: &Snapshot| s.phase == Phase::Fixing && s.doing.contains("/fixing/");
    let seen = engine.until("a repair", fixing).await;
    tells_of_the_repair(&seen);
    let developer = seen.agents.iter().find(|a| a.role == Role::Developer);
    assert!(developer.is_some_and(|a| a.context.is_some_and(|c| c > 0)));
    engine.stop().await;
    let mut engine = plant.start();
    held.reached(2).await;
    let seen = engine.until("the repair again", fixing).await;
    tells_of_the_repair(&seen);
    engine.stop().await;
}
