//! Real programs of others that know the five keys of state.json take all turns: in place, by rename, slowly, badly, and
//! two at once. No gate is skipped, and no move is there twice.

use crate::commands::all_done;
use crate::external::eventually;
use crate::homes::{self, TOOL};
use crate::plant::{Plant, STAFFED};
use dev_factory::agents::reply;
use dev_factory::domain::actor;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::phase::Phase;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};

/// A program of somebody else, ended with the test.
struct Outsider(Child);

impl Outsider {
    fn new(plant: &Plant, papers: &Path, how: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/outsider.cjs");
        let mut command = Command::new("node");
        command.arg(script).arg(&plant.home).arg(papers).arg(how);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Outsider {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All roles are taken by other programs.
fn plant() -> Plant {
    let lines = STAFFED.lines().map(|line| match line {
        "model = \"lab/test\"" => "runner = \"external\"",
        line => line,
    });
    Plant::with(&[TOOL], &lines.collect::<Vec<_>>().join("\n"))
}

/// What they write in each phase, below `dev-factory/`.
fn papers(dir: &Path) {
    let put = |path: String, text: String| {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let said = |label: &str| homes::reply(&format!("{TOOL}/{label}")).unwrap();
    let part = |label: &str, kinds: &[&str]| reply::fenced(&said(label), kinds).unwrap();
    put(
        format!("spec/specs/{TOOL}.md"),
        part("spec/template/0", &["markdown"]),
    );
    let cases = part("spec-review/cases/0", &["jsonl"]);
    put(format!("spec-review/acceptance/{TOOL}/1.jsonl"), cases);
    for (path, said) in homes::demo(&format!("{TOOL}/coding/file")) {
        let text = reply::fenced(&said, &["js", "markdown"]).unwrap();
        put(format!("coding/work/tools/{TOOL}/{path}"), text.clone());
        if path == "src/cli.js" {
            put(
                format!("fixing/work/tools/{TOOL}/{path}"),
                format!("{text}\nvoid 'mended';\n"),
            );
        }
    }
}

/// Every move another program made was claimed, and whatever leads into a phase was measured or kept before.
fn no_gate_was_skipped(events: &[Event]) {
    let (mut claimed, mut at) = (None, Phase::Idle);
    let (mut spec, mut cases, mut green) = (false, false, None);
    for event in events {
        match &event.body {
            EventBody::Claimed { from, to, .. } => claimed = Some((*from, *to)),
            EventBody::SpecKept { .. } => spec = true,
            EventBody::CasesKept { .. } => cases = true,
            EventBody::Run(run) => green = Some(run.green),
            EventBody::Move(step) => {
                assert_eq!(step.from, at);
                match step.to {
                    Phase::SpecReview => assert!(spec, "a spec that nobody looked at"),
                    Phase::Coding => assert!(cases, "no held-out cases"),
                    Phase::Review => assert_eq!(green, Some(true), "not measured"),
                    Phase::Fixing => assert_eq!(green, Some(false)),
                    _ => {}
                }
                if event.actor == actor::EXTERNAL && step.to != Phase::Shipped {
                    assert_eq!(claimed, Some((step.from, step.to)));
                }
                (claimed, green) = (None, None);
                at = step.to;
            }
            _ => {}
        }
    }
    assert_eq!(at, Phase::Idle);
}

/// The tool ships, whoever writes and however, and the first run is red.
async fn ships(how: &[&str]) -> Vec<Event> {
    let plant = plant();
    let dir = tempfile::tempdir().unwrap();
    papers(dir.path());
    plant.tests.red(1, "src/cli.js");
    let mut engine = plant.start();
    let outsiders: Vec<Outsider> = how
        .iter()
        .map(|how| Outsider::new(&plant, dir.path(), how))
        .collect();
    all_done(&mut engine).await;
    drop(outsiders);
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert_eq!(plant.desk.labels(), Vec::<String>::new(), "no turn is ours");
    eventually("a state of our own", || {
        homes::state(&plant.home).is_some_and(|state| state.phase == Phase::Idle)
    })
    .await;
    let events = plant.journal();
    no_gate_was_skipped(&events);
    let runs = events
        .iter()
        .filter(|e| matches!(e.body, EventBody::Run(_)));
    assert_eq!(runs.count(), 2);
    events
}

/// Why claims were refused.
fn refused(events: &[Event]) -> Vec<&str> {
    let mut all = Vec::new();
    for event in events {
        if let EventBody::ClaimRefused { sentence, .. } = &event.body {
            all.push(sentence.as_str());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_in_place_can_take_all_turns() {
    assert_eq!(refused(&ships(&["in-place"]).await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_renames_can_take_all_turns() {
    assert_eq!(refused(&ships(&["rename"]).await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_slowly_can_take_all_turns() {
    assert_eq!(refused(&ships(&["slow"]).await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_writes_rubbish_removes_and_cheats_skips_no_gate() {
    let events = ships(&["bad"]).await;
    let refused = refused(&events);
    assert!(
        refused.len() >= 3,
        "rubbish, a phase and a tool that cannot be: {refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_at_once_skip_no_gate_and_move_nothing_twice() {
    ships(&["in-place", "rename"]).await;
}
