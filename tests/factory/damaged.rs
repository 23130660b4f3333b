//! Files that people or other programs break, move or replace under a working engine: it says which, and goes on when they
//! are put right.

use crate::commands::all_done;
use crate::external::eventually;
use crate::homes::TOOL;
use crate::plant::{Engine, Plant, STAFFED};
use dev_factory::adapters::store::answered;
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::condition::Trouble;
use dev_factory::domain::event::EventBody;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::PauseKind;
use std::fs;
use std::os::unix::fs::symlink;

fn unsupervised() -> Plant {
    let settings = STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "");
    Plant::with(&[TOOL], &settings)
}

async fn shelved(engine: &mut Engine) {
    let waits = |s: &Snapshot| s.queue.iter().any(|i| i.status == ItemStatus::InReview);
    engine.until("shelved", waits).await;
}

fn decide(decision: Decision) -> Verb {
    Verb::Decide {
        item: Some(TOOL.to_owned()),
        decision,
        text: Some("as the spec says".to_owned()),
        case: None,
        file: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_evidence_refuses_a_decision_and_holds_one_back_that_was_given() {
    let plant = unsupervised();
    let mut engine = plant.start();
    shelved(&mut engine).await;
    let name = format!("evidence/{TOOL}/1.json");
    let file = plant.home.join("dev-factory").join(&name);
    let whole = fs::read(&file).unwrap();
    let damage = || fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    damage();
    let words = plant.refused(decide(Decision::Ship)).await;
    assert!(words.contains(&name), "{words}");
    fs::write(&file, &whole).unwrap();
    plant.git(&["checkout", "-q", "-b", "aside"]);
    plant.told(decide(Decision::Ship)).await;
    damage();
    plant.git(&["checkout", "-q", "main"]);
    let held = |s: &Snapshot| s.pauses.iter().any(|p| p.kind == PauseKind::Incident);
    let seen = engine.until("an incident", held).await;
    let pause = seen.pauses.iter().find(|p| p.kind == PauseKind::Incident);
    let pause = pause.unwrap();
    assert!(pause.reason.contains(&name), "{}", pause.reason);
    assert!(plant.tags().is_empty());
    // The next engine meets the same, and says it once.
    engine.stop().await;
    let mut engine = plant.start();
    engine.until("it waits", held).await;
    fs::write(&file, &whole).unwrap();
    plant
        .told(Verb::Resume {
            target: Some(pause.id.clone()),
            reason: None,
        })
        .await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let incident = |body: &EventBody| matches!(body, EventBody::Incident { .. });
    let events = plant.journal();
    assert_eq!(events.iter().filter(|e| incident(&e.body)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wishlist_that_became_a_link_is_named_and_waited_for() {
    let plant = Plant::new(&[TOOL]);
    let verdict = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    verdict.reached(1).await;
    let list = plant.home.join("dev-factory/wishlist.json");
    let away = plant.home.join("ideas.json");
    fs::rename(&list, &away).unwrap();
    symlink(&away, &list).unwrap();
    verdict.open();
    let named = |s: &Snapshot| {
        let mut all = s.conditions.iter();
        all.any(|c| c.name == Trouble::File && c.why.contains("is a symbolic link"))
    };
    engine.until("named", named).await;
    fs::rename(&away, &list).unwrap();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert_eq!(plant.item(TOOL).status, ItemStatus::Shipped);
    assert!(plant.read("dev-factory/wishlist.json").contains("shipped"));
}

fn order(plant: &Plant, id: &str) -> String {
    let at = plant.clock_now();
    format!(
        "{{\"id\":\"{id}\",\"command\":\"pause\",\"args\":{{\"reason\":\"r\"}},\"by\":\"operator:t\",\"at\":\"{at}\"}}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_commands_that_were_removed_are_made_again() {
    let plant = Plant::new(&[TOOL]);
    let draft = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let mut engine = plant.start();
    draft.reached(1).await;
    let commands = plant.home.join("dev-factory/commands");
    fs::remove_dir_all(commands.join("done")).unwrap();
    fs::write(commands.join("new/first.json"), order(&plant, "first")).unwrap();
    // The second is refused: there is a pause.
    let answer = |id: &'static str| {
        let home = plant.home.clone();
        move || answered(&home, id).is_some()
    };
    eventually("an answer", answer("first")).await;
    fs::remove_dir_all(&commands).unwrap();
    fs::create_dir_all(commands.join("new")).unwrap();
    fs::write(commands.join("new/second.json"), order(&plant, "second")).unwrap();
    eventually("another", answer("second")).await;
    let seen = engine.until("paused", |s| !s.pauses.is_empty()).await;
    assert!(seen.conditions.is_empty(), "{:?}", seen.conditions);
    engine.stop().await;
    // Nor is a start without them a reason to wait.
    fs::remove_dir_all(&commands).unwrap();
    let mut engine = plant.start();
    engine.until("paused", |s| !s.pauses.is_empty()).await;
    assert!(commands.join("new").is_dir() && commands.join("done").is_dir());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_file_has_too_long_a_name_is_refused_under_a_shorter_one() {
    let plant = Plant::new(&[TOOL]);
    let draft = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let engine = plant.start();
    draft.reached(1).await;
    let id = "a".repeat(245);
    let commands = plant.home.join("dev-factory/commands");
    let file = commands.join(format!("new/{id}.json"));
    fs::write(&file, order(&plant, &id)).unwrap();
    let refused = || {
        let answers = fs::read_dir(commands.join("done")).unwrap().flatten();
        let mut texts = answers.filter_map(|entry| fs::read_to_string(entry.path()).ok());
        texts.any(|text| text.contains("a name of 250 bytes"))
    };
    eventually("refused", refused).await;
    eventually("away", || {
        fs::read_dir(commands.join("new")).unwrap().count() == 0
    })
    .await;
    let pause = Verb::Pause {
        scope: None,
        reason: None,
        until: None,
    };
    plant.told(pause).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_whose_branch_is_gone_can_still_be_put_aside() {
    let plant = unsupervised();
    let mut engine = plant.start();
    shelved(&mut engine).await;
    let draft = plant.desk.hold(&format!("{TOOL}/spec/template"));
    plant.told(decide(Decision::Respec)).await;
    draft.reached(1).await;
    engine.stop().await;
    let branch = format!("tool/{TOOL}");
    let work = plant.home.join("dev-factory/work");
    if work.exists() {
        plant.git(&["worktree", "remove", "--force", work.to_str().unwrap()]);
    }
    plant.git(&["branch", "-q", "-D", &branch]);
    let mut engine = plant.start();
    draft.reached(2).await;
    let again = Verb::Requeue {
        item: Some(TOOL.to_owned()),
        fresh: true,
        reason: None,
        priority: None,
    };
    plant.told(again).await;
    draft.open();
    shelved(&mut engine).await;
    plant.told(decide(Decision::Ship)).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn illegal_states_that_take_turns_are_judged_all_the_same() {
    let external = STAFFED.replace(
        "[roles.developer]\nmodel = \"lab/test\"\n",
        "[roles.developer]\nrunner = \"external\"\n",
    );
    let plant = Plant::with(&[TOOL], &external);
    let mut engine = plant.start();
    engine.phase(Phase::Spec).await;
    let ours = plant.read("dev-factory/state.json");
    let counted = || {
        let events = plant.journal();
        let refused =
            |body: &EventBody| matches!(body, EventBody::ClaimRefused { counts: true, .. });
        events.iter().any(|event| refused(&event.body))
    };
    let begun = std::time::Instant::now();
    let mut turn = 0;
    while !counted() {
        assert!(
            begun.elapsed() < std::time::Duration::from_secs(60),
            "never"
        );
        let phase = ["coding", "shipped"][turn % 2];
        let text = ours.replace("\"spec\"", &format!("\"{phase}\""));
        assert_ne!(text, ours);
        fs::write(plant.state_path(), text).unwrap();
        turn += 1;
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    }
    assert!(turn > 2, "they took turns");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_cannot_be_looked_at_is_taken_up_when_it_can_be() {
    let external = STAFFED.replace(
        "[roles.qa]\nmodel = \"lab/test\"\n",
        "[roles.qa]\nrunner = \"external\"\n",
    );
    let plant = Plant::with(&[TOOL], &external);
    let mut engine = plant.start();
    engine.phase(Phase::SpecReview).await;
    let paper = plant
        .home
        .join(format!("dev-factory/acceptance/{TOOL}/1.jsonl"));
    eventually("a folder", || paper.parent().unwrap().is_dir()).await;
    let said = crate::homes::reply(&format!("{TOOL}/spec-review/cases/0")).unwrap();
    let cases = dev_factory::agents::reply::fenced(&said, &["jsonl"]).unwrap();
    fs::write(&paper, cases).unwrap();
    plant.tests.missing(Some("Jest is not installed"));
    let coding = plant.desk.hold(&format!("{TOOL}/coding/file/src/log.js"));
    let claimed = plant
        .read("dev-factory/state.json")
        .replace("\"spec-review\"", "\"coding\"");
    fs::write(plant.state_path(), claimed).unwrap();
    let named = |s: &Snapshot| s.conditions.iter().any(|c| c.name == Trouble::Tests);
    engine.until("named", named).await;
    let refused = |body: &EventBody| matches!(body, EventBody::ClaimRefused { .. });
    assert!(!plant.journal().iter().any(|e| refused(&e.body)));
    plant.tests.missing(None);
    coding.reached(1).await;
    assert!(!plant.journal().iter().any(|e| refused(&e.body)));
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_a_mistake_only_the_engine_can_see_stays_as_people_wrote_it() {
    let plant = Plant::new(&[TOOL]);
    let draft = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let mut engine = plant.start();
    draft.reached(1).await;
    let list = plant.home.join("dev-factory/wishlist.json");
    let mut edited: serde_json::Value =
        serde_json::from_str(&plant.read("dev-factory/wishlist.json")).unwrap();
    let items = edited["items"].as_array_mut().unwrap();
    items[0]["priority"] = 7.into();
    items.push(serde_json::json!({"idea": "x".repeat(3000), "name": "too-long"}));
    let text = format!("{edited:#}\n");
    fs::write(&list, &text).unwrap();
    let told = |s: &Snapshot| s.needs.iter().any(|n| n.why.contains("at most 2000"));
    engine.until("told", told).await;
    // A save of the engine's own leaves it alone.
    let add = |idea: &str| Verb::Add {
        idea: idea.to_owned(),
        priority: None,
        name: None,
    };
    plant
        .told(add("another tool, to see what becomes of the list"))
        .await;
    assert_eq!(plant.read("dev-factory/wishlist.json"), text);
    fs::write(&list, text.replace(&"x".repeat(3000), "a short one")).unwrap();
    eventually("taken over", || {
        plant.item(TOOL).priority == 7 && plant.factory().item("too-long").is_some()
    })
    .await;
    engine.stop().await;
}
