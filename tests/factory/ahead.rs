//! What need not wait for the disk, and what must: the next request behind a turn, and what a claim brings about.

use crate::aside::Hooked;
use crate::external::{begun, claim, eventually, plant, plant_for, spec};
use crate::homes::{self, TOOL};
use crate::plant::{Plant, STAFFED};
use crate::refusing::Disk;
use dev_factory::agents::reply;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::{AgentState, Snapshot};
use dev_factory::factory::engine::Ended;
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A plant on a disk that the test has in its hand.
fn on_a_disk(settings: &str) -> (Plant, Disk) {
    let (mut plant, disk) = (Plant::with(&[TOOL], settings), Disk::default());
    plant.store = disk.holds();
    (plant, disk)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_request_behind_a_turn_that_costs_nothing_does_not_wait_for_the_disk() {
    let (plant, disk) = on_a_disk(STAFFED);
    let record = disk.wait();
    let engine = plant.start();
    eventually("the record is on its way", || record.begun()).await;
    eventually("the next request", || plant.desk.labels().len() == 2).await;
    record.open();
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_that_reaches_a_limit_is_followed_by_none() {
    for limit in ["tool_tokens = 1"] {
        let (plant, disk) = on_a_disk(&format!("{STAFFED}\n[limits]\n{limit}\n"));
        let record = disk.wait();
        let mut engine = plant.start();
        eventually("the record is on its way", || record.begun()).await;
        // So long a disk may take; who did not wait for it would have asked by now.
        let slow = std::time::Duration::from_millis(200);
        let next = || plant.desk.labels().len() > 1;
        let asked = tokio::time::timeout(slow, eventually("a request", next)).await;
        assert!(asked.is_err(), "{limit}: {:?}", plant.desk.labels());
        record.open();
        let parked = |s: &Snapshot| s.phase == Phase::Idle && !s.needs.is_empty();
        engine.until("parked", parked).await;
        assert_eq!(plant.desk.labels().len(), 1, "{limit}");
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_fails_behind_an_answer_is_begun_from_again_and_each_turn_counted_once() {
    let (plant, disk) = on_a_disk(STAFFED);
    disk.fail();
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert!(disk.failed());
    let mut known = BTreeSet::new();
    for event in plant.journal() {
        if let EventBody::Turn(turn) = event.body {
            assert!(turn.ok && known.insert(turn.label.clone()), "{turn:?}");
        }
    }
    let asked: BTreeSet<String> = plant.desk.labels().into_iter().collect();
    assert_eq!(known, asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_recorded_with_the_move_it_brings_about_and_who_follows_is_known_by_then() {
    let (mut plant, disk) = (plant(), Disk::default());
    plant.store = disk.holds();
    let mut engine = begun(&plant).await;
    let known = |s: &Snapshot| {
        let mut agents = s.agents.iter();
        agents.any(|agent| agent.role == Role::Qa && agent.state == AgentState::Ready)
    };
    engine.until("QA's host is known", known).await;
    let paper = plant.home.join(format!("dev-factory/specs/{TOOL}.md"));
    fs::write(paper, spec()).unwrap();
    claim(&plant, "spec-review");
    engine.phase(Phase::SpecReview).await;
    let all = disk.batches();
    let batch = all
        .iter()
        .find(|batch| batch.contains(&"claimed".to_owned()));
    assert_eq!(
        batch.unwrap(),
        &["claimed", "spec-kept", "move", "attempt-started"]
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_for_which_no_worktree_can_be_opened_yet_is_taken_up_when_one_can() {
    let mut plant = plant_for("qa");
    let shut = Arc::new(AtomicBool::new(true));
    plant.repo = Some(Arc::new(Hooked {
        shut: shut.clone(),
        ..Hooked::of(&plant)
    }));
    let mut engine = plant.start();
    engine.phase(Phase::SpecReview).await;
    let said = homes::reply(&format!("{TOOL}/spec-review/cases/0")).unwrap();
    let cases = reply::fenced(&said, &["jsonl"]).unwrap();
    let folder = plant.home.join("dev-factory/acceptance").join(TOOL);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("1.jsonl"), cases).unwrap();
    claim(&plant, "coding");
    engine
        .until("git refuses", |s| !s.conditions.is_empty())
        .await;
    assert_eq!(plant.factory().phase, Phase::SpecReview);
    // Nobody claims it again.
    shut.store(false, Ordering::SeqCst);
    engine.phase(Phase::Coding).await;
    let claimed = |event: &Event| matches!(event.body, EventBody::Claimed { .. });
    assert_eq!(plant.journal().iter().filter(|e| claimed(e)).count(), 1);
    engine.stop().await;
}
