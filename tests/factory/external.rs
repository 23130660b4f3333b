//! Another program takes the Developer's turns by rewriting state.json: its moves are claims.

use crate::commands::all_done;
use crate::doubles::Act;
use crate::homes::{self, TOOL};
use crate::plant::{DEADLINE, Engine, Plant, STAFFED};
use crate::review::new_case;
use dev_factory::agents::reply;
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::EventBody;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Snapshot;
use dev_factory::domain::state::{PauseKind, Scope};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

pub fn plant() -> Plant {
    plant_for("developer")
}

/// One role is taken by another program.
pub fn plant_for(role: &str) -> Plant {
    plant_with(role, "")
}

/// The same, with more settings of the role.
fn plant_with(role: &str, more: &str) -> Plant {
    let external = STAFFED.replace(
        &format!("[roles.{role}]\nmodel = \"lab/test\"\n"),
        &format!("[roles.{role}]\nrunner = \"external\"\n{more}"),
    );
    assert_ne!(external, STAFFED);
    Plant::with(&[TOOL], &external)
}

pub fn spec() -> String {
    let said = homes::reply(&format!("{TOOL}/spec/template/0")).unwrap();
    reply::fenced(&said, &["markdown"]).unwrap()
}

/// What a program that knows only the five keys does.
fn rewrite(plant: &Plant, change: impl Fn(&mut Value)) {
    let mut state: Value = serde_json::from_str(&plant.read("dev-factory/state.json")).unwrap();
    change(&mut state);
    fs::write(plant.state_path(), format!("{state:#}\n")).unwrap();
}

/// As `rewrite`, whole at once and seen: what is asked for afterwards is answered after it was judged.
async fn judged(plant: &Plant, change: impl Fn(&mut Value)) {
    let mut state: Value = serde_json::from_str(&plant.read("dev-factory/state.json")).unwrap();
    change(&mut state);
    let whole = plant.home.join("dev-factory/state.json.whole");
    fs::write(&whole, format!("{state:#}\n")).unwrap();
    fs::rename(&whole, plant.state_path()).unwrap();
    plant.told(Verb::Probe { host: None }).await;
}

pub fn claim(plant: &Plant, phase: &str) {
    rewrite(plant, |state| state["phase"] = phase.into());
}

/// Waits for something on disk.
pub async fn eventually(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn begun(plant: &Plant) -> Engine {
    let mut engine = plant.start();
    engine.phase(Phase::Spec).await;
    eventually("BRIEF.md", || brief(plant).contains("spec-review")).await;
    engine
}

fn brief(plant: &Plant) -> String {
    fs::read_to_string(plant.home.join("dev-factory/BRIEF.md")).unwrap_or_default()
}

fn refusals(plant: &Plant) -> Vec<(String, bool)> {
    let events = plant.journal();
    let refused = events.into_iter().filter_map(|event| match event.body {
        EventBody::ClaimRefused { kept, counts, .. } => Some((kept, counts)),
        _ => None,
    });
    refused.collect()
}

fn write_files(plant: &Plant) {
    let folder = plant.home.join("dev-factory/work/tools").join(TOOL);
    let demo = homes::demo(&format!("{TOOL}/coding/file"));
    for (path, said) in demo {
        let text = reply::fenced(&said, &["js", "markdown"]).unwrap();
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_another_program_that_stays_silent_is_told_and_never_parked() {
    let plant = plant();
    let mut engine = begun(&plant).await;
    let silent = |s: &Snapshot| s.needs.iter().any(|need| need.id == "silent:developer");
    let look = || plant.told(Verb::Probe { host: None });
    plant.clock.forward(chrono::Duration::minutes(59));
    look().await;
    let seen = engine.until("a look", |s| s.phase == Phase::Spec).await;
    assert!(!silent(&seen), "{:?}", seen.needs);
    plant.clock.forward(chrono::Duration::minutes(2));
    look().await;
    let seen = engine.until("it is told", silent).await;
    let need = seen.needs.iter().find(|need| need.id == "silent:developer");
    let need = need.unwrap();
    assert!(
        need.why
            .starts_with("S15: the developer is another program"),
        "{need:?}"
    );
    assert!(!need.blocking);
    assert_eq!(
        (seen.phase, plant.item(TOOL).status),
        (Phase::Spec, ItemStatus::Building)
    );
    // It is not told any more once something is written.
    let spec_of = plant.home.join(format!("dev-factory/specs/{TOOL}.md"));
    fs::write(spec_of, spec()).unwrap();
    claim(&plant, "spec-review");
    engine.until("it has spoken", |s| !silent(s)).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_knows_five_keys_can_be_the_developer() {
    let plant = plant();
    let mut engine = begun(&plant).await;
    let text = brief(&plant);
    for part in [
        &format!("dev-factory/work/tools/{TOOL}")[..],
        &format!("specs/{TOOL}.md"),
        "- spec-review",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The condition of the row is not met yet. However often it is claimed, the journal hears of it once.
    for _ in 0..3 {
        fs::remove_file(plant.home.join("dev-factory/BRIEF.md")).unwrap();
        claim(&plant, "spec-review");
        eventually("the unmet condition in BRIEF.md", || {
            brief(&plant).contains("write it first")
        })
        .await;
        assert_eq!(plant.state().phase, Phase::Spec);
    }
    assert_eq!(
        refusals(&plant).iter().map(|r| r.1).collect::<Vec<_>>(),
        [false]
    );
    fs::write(
        plant.home.join(format!("dev-factory/specs/{TOOL}.md")),
        spec(),
    )
    .unwrap();
    let coding =
        |plant: &Plant| homes::state(&plant.home).is_some_and(|s| s.phase == Phase::Coding);
    rewrite(&plant, |state| {
        state["phase"] = "spec-review".into();
        state["owner"] = "agent 7".into();
    });
    eventually("coding", || coding(&plant)).await;
    assert_eq!(plant.state().other["owner"], "agent 7");
    claim(&plant, "qa");
    eventually("the missing file in BRIEF.md", || {
        brief(&plant).contains("qa needs")
    })
    .await;
    eventually("coding again", || coding(&plant)).await;
    write_files(&plant);
    claim(&plant, "qa");
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert!(
        plant
            .desk
            .labels()
            .iter()
            .all(|l| !l.contains("/coding/") && !l.contains("/spec/"))
    );
    let evidence: Value =
        serde_json::from_str(&plant.read(&format!("dev-factory/evidence/{TOOL}/1.json"))).unwrap();
    assert_eq!(evidence["external_reader"], true);
    assert_eq!(plant.state().other["owner"], "agent 7");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_cannot_be_is_put_back_and_the_third_pauses() {
    let plant = plant();
    let mut engine = begun(&plant).await;
    for (n, phase) in ["shipped", "coding", "shipped"].into_iter().enumerate() {
        let before = Instant::now();
        claim(&plant, phase);
        eventually("restored", || refusals(&plant).len() > n).await;
        assert!(
            before.elapsed() >= Duration::from_millis(1400),
            "it had not settled"
        );
        assert_eq!(plant.state().phase, Phase::Spec);
    }
    for (kept, counts) in refusals(&plant) {
        assert!(counts);
        let copy = fs::read_to_string(plant.home.join("dev-factory").join(&kept));
        let copy = copy.or_else(|_| fs::read_to_string(plant.home.join(&kept)));
        assert!(copy.unwrap().contains("\"phase\""), "{kept}");
    }
    let seen = engine.until("paused", |s| !s.pauses.is_empty()).await;
    assert_eq!(seen.pauses[0].kind, PauseKind::Edits);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_written_files_and_the_engines_own_fields_are_no_claims() {
    let plant = plant();
    let mut engine = begun(&plant).await;
    let whole = plant.read("dev-factory/state.json");
    fs::write(
        plant.home.join(format!("dev-factory/specs/{TOOL}.md")),
        spec(),
    )
    .unwrap();
    let held = plant.desk.hold(&format!("{TOOL}/spec-review/cases"));
    fs::write(plant.state_path(), &whole[..whole.len() / 2]).unwrap();
    fs::write(plant.state_path(), "").unwrap();
    // The writer finishes a moment later.
    fs::write(
        plant.state_path(),
        whole.replace("\"spec\"", "\"spec-review\""),
    )
    .unwrap();
    held.reached(1).await;
    assert!(refusals(&plant).is_empty());
    let started = plant.state().started_at;
    rewrite(&plant, |state| {
        state["cycleCount"] = 9.into();
        state["startedAt"] = Value::Null;
        state["note"] = "kept".into();
    });
    eventually("put back", || {
        homes::state(&plant.home)
            .is_some_and(|s| s.cycle_count == 0 && s.other.contains_key("note"))
    })
    .await;
    assert_eq!(plant.state().started_at, started);
    assert!(refusals(&plant).is_empty());
    rewrite(&plant, |state| state["currentTool"] = "another".into());
    eventually("restored", || refusals(&plant).len() == 1).await;
    assert_eq!(plant.state().current_tool.as_deref(), Some(TOOL));
    held.open();
    engine.phase(Phase::Coding).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn held_out_cases_of_another_program_are_tried_on_the_stub_and_never_run_out() {
    let plant = plant_for("qa");
    let mut engine = plant.start();
    engine.phase(Phase::SpecReview).await;
    let said = homes::reply(&format!("{TOOL}/spec-review/cases/0")).unwrap();
    let cases = reply::fenced(&said, &["jsonl"]).unwrap();
    let ids: Vec<String> = (1..=16).map(|n| format!("H{n}")).collect();
    let paper = |n: u32| format!("dev-factory/acceptance/{TOOL}/{n}.jsonl");
    let put = |n: u32, text: &str| fs::write(plant.home.join(paper(n)), text).unwrap();
    let claims = |phase: &'static str, words: &'static str| {
        let plant = &plant;
        async move {
            claim(plant, phase);
            eventually(words, || brief(plant).contains(words)).await;
            eventually("put back", || {
                homes::state(&plant.home)
                    .is_some_and(|s| s.phase != Phase::Coding && s.phase != Phase::Review)
            })
            .await;
        }
    };
    eventually("a folder for them", || {
        plant.home.join(paper(1)).parent().unwrap().is_dir()
    })
    .await;
    claims("coding", "held-out cases are needed").await;
    put(1, &cases.replacen("\"R1\"", "\"R99\"", 1));
    claims("coding", "names R99, which is not a rule of the spec").await;
    put(1, &cases);
    plant
        .tests
        .idle(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    claims("coding", "pass on a stub that does nothing").await;
    assert_eq!(plant.facts(TOOL).case_sets, 0);
    plant.tests.idle(&["H4"]);
    let coding = plant.desk.hold(&format!("{TOOL}/coding/file/src/log.js"));
    claim(&plant, "coding");
    coding.reached(1).await;
    let kept = |body: &EventBody| match body {
        EventBody::CasesKept { count, dropped, .. } => Some((*count, dropped.clone())),
        _ => None,
    };
    let sets: Vec<_> = plant
        .journal()
        .iter()
        .filter_map(|e| kept(&e.body))
        .collect();
    assert_eq!(sets, [(15, vec!["H4".to_owned()])]);
    assert!(!plant.read(&paper(1)).contains("\"H4\""));
    // Only one is left, and the tool fails it: shown to the Developer, it must be replaced.
    put(1, cases.lines().next().unwrap());
    plant.tests.wrong(&["H1"]);
    let cli = homes::reply(&format!("{TOOL}/coding/file/src/cli.js/0")).unwrap();
    let fixed = cli.replacen(
        "'use strict';\n",
        "'use strict';\n\nconst NOTE = 'Mended.';\n",
        1,
    );
    plant.desk.on(
        &format!("{TOOL}/fixing/file/src/cli.js"),
        1,
        Act::Say(fixed),
    );
    coding.open();
    engine.phase(Phase::Qa).await;
    claim(&plant, "review");
    eventually("measured and fixed", || {
        plant.facts(TOOL).runs == 1 && plant.state().phase == Phase::Qa
    })
    .await;
    assert_eq!(plant.facts(TOOL).revealed, ["H1"]);
    plant.tests.wrong(&[]);
    claims("review", "held-out cases are needed: write them to").await;
    put(3, &new_case("H1", "R1"));
    claims("review", "the id H1 is used already").await;
    put(3, &new_case("H17", "R1"));
    claim(&plant, "review");
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let events = plant.journal();
    let held = events.iter().filter_map(|event| match &event.body {
        EventBody::Run(run) => Some(run.held_total),
        _ => None,
    });
    assert_eq!(held.collect::<Vec<_>>(), [1, 1]);
}

/// A tool stands in qa, and QA is another program that has written its held-out cases.
async fn in_qa(plant: Plant) -> (Plant, Engine) {
    let mut engine = plant.start();
    let folder = format!("dev-factory/acceptance/{TOOL}");
    eventually("a folder for the cases", || {
        plant.home.join(&folder).is_dir()
    })
    .await;
    engine.phase(Phase::SpecReview).await;
    let said = homes::reply(&format!("{TOOL}/spec-review/cases/0")).unwrap();
    let cases = reply::fenced(&said, &["jsonl"]).unwrap();
    fs::write(plant.home.join(folder).join("1.jsonl"), cases).unwrap();
    claim(&plant, "coding");
    engine.phase(Phase::Qa).await;
    (plant, engine)
}

/// It ships, and this is what the journal has of qa: claims, attempts, runs.
async fn shipped(plant: &Plant, mut engine: Engine) -> [usize; 3] {
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let events = plant.journal();
    let count = |wanted: fn(&EventBody) -> bool| events.iter().filter(|e| wanted(&e.body)).count();
    [
        count(|body| matches!(body, EventBody::Claimed { from, .. } if *from == Phase::Qa)),
        count(|body| matches!(body, EventBody::AttemptStarted(a) if a.phase == Phase::Qa)),
        count(|body| matches!(body, EventBody::Run(_))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_seen_again_while_its_gates_run_does_not_run_them_anew() {
    let (plant, engine) = in_qa(plant_for("qa")).await;
    let gates = plant.tests.hold();
    claim(&plant, "review");
    gates.reached(1).await;
    for (n, phase) in ["review", "fixing", "review"].into_iter().enumerate() {
        judged(&plant, |state| {
            (state["phase"], state["again"]) = (phase.into(), n.into());
        })
        .await;
    }
    gates.open();
    assert_eq!(shipped(&plant, engine).await, [1, 1, 1]);
    assert_eq!(refusals(&plant), []);
    assert_eq!(plant.state().other["again"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_that_were_cut_short_run_again_for_the_same_claim() {
    let (plant, engine) = in_qa(plant_for("qa")).await;
    plant.tests.meddle("src/log.js");
    claim(&plant, "review");
    // The files changed while they were measured: nobody has to claim it again for that.
    assert_eq!(shipped(&plant, engine).await, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_that_were_cut_short_run_again_whatever_was_renewed_in_state_json_meanwhile() {
    let (plant, engine) = in_qa(plant_for("qa")).await;
    let gates = plant.tests.hold();
    plant.tests.meddle("src/log.js");
    claim(&plant, "review");
    gates.reached(1).await;
    let later = plant.clock_now();
    judged(&plant, |state| {
        (state["phase"], state["lastUpdate"]) = ("qa".into(), later.clone().into());
    })
    .await;
    gates.open();
    assert_eq!(shipped(&plant, engine).await, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gates_that_were_dropped_in_a_pause_of_their_role_run_again_when_it_works_on() {
    let (plant, mut engine) = in_qa(plant_for("qa")).await;
    let gates = plant.tests.hold();
    claim(&plant, "review");
    gates.reached(1).await;
    let pause = Verb::Pause {
        scope: Some(Scope::Qa),
        reason: None,
        until: None,
    };
    plant.told(pause).await;
    plant.told(Verb::Retry {}).await;
    gates.dropped(1).await;
    gates.open();
    // Nothing is begun by what wakes the loop.
    plant.told(Verb::Probe { host: None }).await;
    let seen = engine.until("dropped", |s| s.attempt.is_none()).await;
    assert!(seen.phase == Phase::Qa && plant.factory().attempt.is_none());
    let resume = Verb::Resume {
        target: Some("qa".to_owned()),
        reason: None,
    };
    plant.told(resume).await;
    assert_eq!(shipped(&plant, engine).await, [1, 2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_while_the_gates_of_our_own_qa_run_is_journaled_once_and_changes_nothing() {
    let plant = Plant::new(&[TOOL]);
    let gates = plant.tests.hold();
    let engine = plant.start();
    gates.reached(1).await;
    for phase in ["review", "fixing"] {
        judged(&plant, |state| state["phase"] = phase.into()).await;
    }
    gates.open();
    assert_eq!(shipped(&plant, engine).await, [1, 1, 1]);
    assert_eq!(refusals(&plant), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gates_of_a_claim_keep_no_hours_of_a_role_that_is_another_program() {
    let never = "schedule = \"0 0 30 2 *\"\n";
    let (plant, engine) = in_qa(plant_with("qa", never)).await;
    claim(&plant, "review");
    assert_eq!(shipped(&plant, engine).await, [1, 1, 1]);
}
