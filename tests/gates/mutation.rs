//! Mutation testing with the real Stryker: weak tests are named with what they let pass, honest ones pass, time is bounded.

use super::cheats::judged;
use super::patient::Patient;
use super::{GateInput, measure, red, words};
use crate::tool::Home;
use dev_factory::domain::evidence::Evidence;
use dev_factory::factory::ports::settings::MutationSettings;
use dev_factory::factory::ports::tests::Tests;
use std::sync::Mutex;
use std::time::Duration;

/// Far more than a small tool needs on a machine that is busy.
const WALL: Duration = Duration::from_secs(300);
/// As on a machine that is idle.
const PACE: Duration = Duration::from_secs(1);

pub async fn with(home: &Home, settings: MutationSettings, told: &Mutex<Vec<String>>) -> Evidence {
    let input = GateInput {
        mutation: settings,
        ..home.input()
    };
    measure(input, &Patient(home.tests(60)), &home.files(), |words| {
        told.lock().unwrap().push(words.to_owned());
    })
    .await
    .unwrap()
}

pub fn settings() -> MutationSettings {
    MutationSettings {
        wall: WALL,
        ..MutationSettings::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_tests_notice_enough_and_one_sees_how_far_it_is() {
    let home = Home::new();
    let told = Mutex::new(Vec::new());
    let evidence = with(&home, settings(), &told).await;
    assert!(evidence.green(), "{:?}", evidence.gates);
    assert_eq!(evidence.gates.last().unwrap().gate, "mutation");
    let run = evidence.mutation.as_ref().unwrap();
    assert!(run.planned > 10 && run.told() == run.planned, "{run:?}");
    assert!(run.score().unwrap() >= 70 && !run.cut, "{run:?}");
    println!("mutation: {run:?}");
    let lines = told.into_inner().unwrap();
    let counted = lines
        .iter()
        .filter(|line| line.starts_with("testing changes of the sources: "))
        .collect::<Vec<_>>();
    assert!(!counted.is_empty(), "{lines:?}");
    let source = std::fs::read_to_string(home.tool.join("src/count.js")).unwrap();
    assert!(!source.contains("stryMutAct"), "only a copy is changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_run_the_code_without_looking_are_caught_by_nothing_else() {
    let evidence = judged("unlooking").await;
    assert_eq!(red(&evidence), ["mutation"], "{:?}", evidence.gates);
    let said = words(&evidence, "mutation");
    assert!(said.starts_with("test/dev/"), "{said}");
    assert!(said.contains("No test fails when src/"), "{said}");
    let run = evidence.mutation.as_ref().unwrap();
    assert!(!run.survivors.is_empty() && run.survivors.len() == run.unnoticed as usize);
    assert!(run.survivors.iter().all(|one| !one.original.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_ends_with_its_time_and_what_was_tested_counts() {
    let home = Home::new();
    let short = home
        .tests(60)
        .mutants(&home.tree(), PACE, Duration::from_secs(1), &|_, _| ())
        .await
        .unwrap();
    assert!(short.cut, "{short:?}");
    assert_eq!(short.tested(), 0, "{short:?}");
    let problem = short.problem.unwrap();
    assert_eq!(problem, "no change was tested within 1 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_is_let_go_of_leaves_no_process() {
    let home = Home::new();
    let tests = home.tests(60);
    let tree = home.tree();
    let seen = tokio::sync::Notify::new();
    let told = |_: u32, _: u32| seen.notify_one();
    tokio::select! {
        run = tests.mutants(&tree, PACE, WALL, &told) => panic!("it ended: {run:?}"),
        () = seen.notified() => {}
    }
    super::unmarked(&home.home).await;
}
