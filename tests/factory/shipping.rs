//! Main is not ready when a tool is to ship: the decision waits on the shelf and takes effect by itself.

use crate::commands::all_done;
use crate::homes::TOOL;
use crate::plant::Plant;
use dev_factory::domain::command::Decision;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::screen::Snapshot;
use std::fs;

async fn waits_for_main(block: impl Fn(&Plant), clear: impl Fn(&Plant), word: &str) {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    held.reached(1).await;
    block(&plant);
    held.open();
    let shelved = |s: &Snapshot| s.queue.iter().any(|i| i.status == ItemStatus::InReview);
    engine.until("shelved", shelved).await;
    let item = plant.item(TOOL);
    assert!(
        item.reason.as_deref().is_some_and(|r| r.contains(word)),
        "{item:?}"
    );
    let decided = plant.facts(TOOL).decision.map(|d| d.decision);
    assert_eq!(decided, Some(Decision::Ship));
    assert!(plant.tags().is_empty());
    let waits = |s: &Snapshot| s.needs.iter().any(|n| n.id == format!("main:{TOOL}"));
    engine.until("main is named", waits).await;
    clear(&plant);
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let reviews = plant
        .desk
        .labels()
        .iter()
        .filter(|l| l.contains("review/verdict"))
        .count();
    assert_eq!(
        reviews, 2,
        "spec-review and review: the decision is not asked for again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_not_main_is_waited_for() {
    waits_for_main(
        |plant| drop(plant.git(&["checkout", "-q", "-b", "aside"])),
        |plant| drop(plant.git(&["checkout", "-q", "main"])),
        "main",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_with_changes_is_waited_for() {
    waits_for_main(
        |plant| {
            fs::write(plant.home.join("notes.txt"), "mine\n").unwrap();
            plant.git(&["add", "notes.txt"]);
        },
        |plant| drop(plant.git(&["rm", "-q", "--cached", "notes.txt"])),
        "staged",
    )
    .await;
}
