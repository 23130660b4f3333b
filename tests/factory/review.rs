//! What a reviewer decides beside ship and send-back: a wrong case, and taking over.

use crate::commands::all_done;
use crate::doubles::Act;
use crate::external::eventually;
use crate::homes::{self, TOOL};
use crate::plant::{Engine, Plant, STAFFED};
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::event::{EventBody, RunSummary};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Snapshot;
use dev_factory::factory::engine::Ended;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

fn unsupervised() -> String {
    STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "")
}

/// A held-out case the demo does not have, for the rule of H3 or H1.
pub fn new_case(id: &str, rule: &str) -> String {
    let time = "2026-05-01T08:00:00Z";
    let started = format!("started {id} at 2026-05-01T08:00:00.000Z\\n");
    format!(
        r#"{{"id":"{id}","rule":"{rule}","cli":["start","{id}"],"given":{{"now":"{time}"}},"exit":0,"stdout":"{started}"}}"#
    )
}

fn says_case(id: &str, rule: &str) -> Act {
    Act::Say(format!("```jsonl\n{}\n```\n", new_case(id, rule)))
}

fn runs(plant: &Plant) -> Vec<RunSummary> {
    let events = plant.journal();
    let runs = events.into_iter().filter_map(|event| match event.body {
        EventBody::Run(run) => Some(run),
        _ => None,
    });
    runs.collect()
}

fn cases(plant: &Plant, n: u32) -> String {
    plant.read(&format!("dev-factory/acceptance/{TOOL}/{n}.jsonl"))
}

fn decide(decision: Decision, case: Option<&str>) -> Verb {
    Verb::Decide {
        item: None,
        decision,
        text: Some("As the spec says.".to_owned()),
        case: case.map(str::to_owned),
        file: None,
    }
}

async fn escalate(plant: &Plant) {
    let reason = "it goes in circles".to_owned();
    plant.told(Verb::Escalate { reason }).await;
}

async fn shelved(engine: &mut Engine, escalated: bool) {
    let waits = |s: &Snapshot| {
        let is = |i: &dev_factory::domain::item::Item| {
            i.status == ItemStatus::InReview && i.escalation.is_some() == escalated
        };
        s.phase == Phase::Idle && s.queue.iter().any(is)
    };
    engine.until("shelved", waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_the_developer_saw_and_cannot_meet_is_struck_by_the_supervisor() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.wrong(&["H3"]);
    let guess = Act::Say("It counts from the wrong end.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    // Written once, and answered twice more without sight of the first.
    plant
        .desk
        .on(&named("qa/replace"), 3, says_case("H17", "R3"));
    let fixing = plant.desk.hold(&named("fixing/file"));
    let verdict = |case: &str| {
        Act::Say(format!(
            "```json\n{{\"checks\":[],\"verdict\":\"test-defect\",\"case\":\"{case}\",\"instructions\":\"R3 says nothing of it.\"}}\n```\n"
        ))
    };
    plant.desk.on(&named("review/verdict/0"), 1, verdict("H99"));
    plant.desk.on(&named("review/verdict/1"), 1, verdict("H3"));
    let mut engine = plant.start();
    fixing.reached(1).await;
    escalate(&plant).await;
    all_done(&mut engine).await;
    engine.stop().await;
    let asked = plant.desk.prompt(&named("review/verdict/1"));
    assert!(asked.contains("`case` must be one of H3"), "{asked}");
    let moves = plant.moves();
    assert!(
        moves.contains(&"review test-defect qa".to_owned()),
        "{moves:?}"
    );
    assert_eq!(plant.facts(TOOL).struck, ["H3"]);
    let figures: Vec<_> = runs(&plant)
        .iter()
        .map(|r| (r.green, r.held_total))
        .collect();
    assert_eq!(figures, [(false, 16), (true, 16)]);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let shipped = plant.git(&["show", &format!("main:tools/{TOOL}/test/examples.test.js")]);
    assert!(
        shipped.contains("E3") && !shipped.contains("H3"),
        "{shipped}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_fewer_held_out_cases_is_content_with_one_a_rule() {
    let few = "[harness]\nheld_out = 10\ncase_samples = 1\n";
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}{few}"));
    let label = format!("{TOOL}/spec-review/cases/0");
    let said = homes::reply(&label).unwrap();
    let mut rules = BTreeSet::new();
    let mut first = |line: &&str| match serde_json::from_str::<Value>(line) {
        Ok(case) => rules.insert(case["rule"].to_string()),
        Err(_) => true,
    };
    let few: Vec<&str> = said.lines().filter(|line| first(line)).collect();
    assert!(few.len() < said.lines().count());
    plant.desk.on(&label, 1, Act::Say(few.join("\n")));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let labels = plant.desk.labels();
    let asked = labels
        .iter()
        .filter(|label| label.contains("/spec-review/"));
    let asked: Vec<&String> = asked.filter(|label| !label.contains("/verdict/")).collect();
    assert_eq!(asked, [&label]);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_held_out_case_is_struck_by_a_person_and_nothing_passes_without_another() {
    let plant = Plant::with(&[TOOL], &unsupervised());
    let coding = plant.desk.hold(&named("coding/file/src/log.js"));
    plant.tests.red(1, "src/log.js");
    let guess = Act::Say("The sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    let fixing = plant.desk.hold(&named("fixing/file"));
    let mut engine = plant.start();
    coding.reached(1).await;
    let only = cases(&plant, 1).lines().next().unwrap().to_owned() + "\n";
    let set = format!("dev-factory/acceptance/{TOOL}/1.jsonl");
    fs::write(plant.home.join(set), only).unwrap();
    coding.open();
    fixing.reached(1).await;
    escalate(&plant).await;
    shelved(&mut engine, true).await;
    let words = plant
        .refused(decide(Decision::TestDefect, Some("H9")))
        .await;
    assert!(
        words.ends_with("no held-out case H9; there are H1"),
        "{words}"
    );
    // QA finds no other one: the tool does not pass, however green the rest is.
    let nothing = Act::Say("I cannot think of one.".to_owned());
    plant.desk.on(&named("qa/replace"), 3, nothing);
    plant.told(decide(Decision::TestDefect, Some("H1"))).await;
    let runs_before = runs(&plant).len();
    engine
        .until("asked for help", |s| {
            s.moves.iter().any(|m| {
                m.from == Phase::Qa
                    && m.to == Phase::Review
                    && m.reason.as_deref().is_some_and(|r| r.starts_with("S1"))
            })
        })
        .await;
    shelved(&mut engine, true).await;
    assert_eq!(runs(&plant).len(), runs_before);
    plant
        .desk
        .on(&named("qa/replace"), 3, says_case("H2", "R1"));
    plant.told(decide(Decision::Hint, None)).await;
    shelved(&mut engine, false).await;
    let prompt = plant.desk.prompt(&named("qa/replace/3"));
    assert!(
        prompt.contains("struck") && prompt.contains("H2"),
        "{prompt}"
    );
    assert_eq!(cases(&plant, 2), new_case("H2", "R1") + "\n");
    let last = runs(&plant).pop().unwrap();
    assert_eq!(
        (last.green, last.held_passed, last.held_total),
        (true, 1, 1)
    );
    plant.told(decide(Decision::Ship, None)).await;
    all_done(&mut engine).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_that_contradict_each_other_are_never_told_but_sent_back_to_the_spec() {
    let plant = Plant::new(&[TOOL]);
    let coding = plant.desk.hold(&named("coding/file/src/log.js"));
    let mut engine = plant.start();
    coding.reached(1).await;
    // E15 in other words, with another result; a set that was kept before such cases were refused.
    let against = r#"{"id":"H20","rule":"R11","call":"main","args":[["report","--day","2026-02-30"]],"expect":0}"#;
    let set = format!("dev-factory/acceptance/{TOOL}/1.jsonl");
    let text = cases(&plant, 1) + against + "\n";
    fs::write(plant.home.join(set), text).unwrap();
    coding.open();
    all_done(&mut engine).await;
    engine.stop().await;
    let back = plant.each_move(|made| (made.outcome.name() == "spec-defect").then(|| made.clone()));
    let back: Vec<_> = back.into_iter().flatten().collect();
    assert_eq!((back.len(), back[0].from), (1, Phase::Qa));
    let reason = back[0].reason.clone().unwrap();
    assert!(
        reason.starts_with("E15 (R11) and H20 (R11) have the same input"),
        "{reason}"
    );
    assert_eq!((plant.facts(TOOL).bugs, plant.facts(TOOL).specs), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_takes_over_the_spec_and_then_a_file() {
    let plant = Plant::with(&[TOOL], &unsupervised());
    let verdict = plant.desk.hold(&named("spec-review/verdict/0"));
    let mut engine = plant.start();
    verdict.reached(1).await;
    escalate(&plant).await;
    shelved(&mut engine, true).await;
    let spec = plant.home.join(format!("dev-factory/specs/{TOOL}.md"));
    let good = fs::read_to_string(&spec).unwrap();
    fs::write(&spec, "# Not a spec\n").unwrap();
    let words = plant.refused(decide(Decision::Takeover, None)).await;
    assert!(words.contains("linter refuses"), "{words}");
    let mine = good.replacen("a blank task", "an empty task", 1);
    assert_ne!(mine, good);
    fs::write(&spec, &mine).unwrap();
    let fixing = plant.desk.hold(&named("fixing/file"));
    plant.tests.red(1, "src/log.js");
    let guess = Act::Say("The sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    verdict.open();
    plant.told(decide(Decision::Takeover, None)).await;
    fixing.reached(1).await;
    assert_eq!(plant.facts(TOOL).specs, 2);
    assert_eq!(plant.read(&format!("dev-factory/specs/{TOOL}/2.md")), mine);
    let asked = plant.desk.prompt(&named("spec-review/cases"));
    assert!(asked.contains("an empty task"), "{asked}");
    escalate(&plant).await;
    shelved(&mut engine, true).await;
    // The file is written by hand on the tool's branch.
    let desk = plant.home.parent().unwrap().join("desk");
    let branch = format!("tool/{TOOL}");
    // git takes the folder away with the last worktree in it; asked meanwhile it stumbles.
    let free = || !plant.home.join(".git/worktrees").exists();
    eventually("the engine's worktree is put away", free).await;
    plant.git(&["worktree", "add", "-q", desk.to_str().unwrap(), &branch]);
    let file = desk.join(format!("tools/{TOOL}/src/log.js"));
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n// By hand.\n")).unwrap();
    homes::git(
        &desk,
        &[
            "-c",
            "user.name=me",
            "-c",
            "user.email=me@here",
            "commit",
            "-qam",
            "By hand",
        ],
    );
    plant.git(&["worktree", "remove", "--force", desk.to_str().unwrap()]);
    plant.told(decide(Decision::Takeover, None)).await;
    shelved(&mut engine, false).await;
    plant.told(decide(Decision::Ship, None)).await;
    all_done(&mut engine).await;
    engine.stop().await;
    let shipped = plant.git(&["show", &format!("main:tools/{TOOL}/src/log.js")]);
    assert!(shipped.contains("By hand."));
    let moves = plant.moves();
    for wanted in ["review takeover spec-review", "review takeover qa"] {
        assert!(moves.contains(&wanted.to_owned()), "{wanted}: {moves:?}");
    }
}
