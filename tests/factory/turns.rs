//! Models that misbehave, hosts that fail, and an agent that panics: nothing already done is lost.

use crate::commands::{all_done, verdict};
use crate::doubles::{Act, Blocked};
use crate::external::eventually;
use crate::homes::{self, TOOL};
use crate::plant::{Plant, STAFFED};
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{EventBody, Turn};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::state::{PauseKind, Scope};
use dev_factory::factory::engine::Ended;
use dev_factory::factory::ports::model::{Fault, ModelError};

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

fn turns(plant: &Plant) -> Vec<Turn> {
    let events = plant.journal();
    let turns = events.into_iter().filter_map(|event| match event.body {
        EventBody::Turn(turn) => Some(turn),
        _ => None,
    });
    turns.collect()
}

fn unsupervised() -> String {
    STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "")
}

/// Ten megabytes that never say the same.
fn endless_prose() -> String {
    (0..1_000_000).map(|n| format!("word{n:06}\n")).collect()
}

fn broken() -> ModelError {
    ModelError::new("lab", Fault::Broken, "the stream ended early")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_dropped_attempt_says_late_is_not_taken_in() {
    let plant = Plant::new(&[TOOL]);
    let blocked = Blocked::default();
    let draft = named("spec/draft");
    plant.desk.on(&draft, 1, Act::Block(blocked.clone()));
    let mut engine = plant.start();
    eventually("asked", || blocked.begun()).await;
    plant.told(Verb::Retry {}).await;
    let drafts = || {
        let all = turns(&plant).into_iter();
        all.filter(|turn| turn.label.starts_with(&draft)).count()
    };
    // The dropped turn is counted with what it may have cost; its answer comes too late.
    let dropped = drafts();
    blocked.open();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(drafts(), dropped + 1, "the one that was asked anew");
    assert_eq!(plant.desk.requests(&draft).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_without_a_usable_form_is_asked_for_once_more() {
    let plant = Plant::new(&[TOOL]);
    let good = homes::reply(&named("coding/file/src/log.js/0")).unwrap();
    let misshapen = [
        (
            "coding/file/src/log.js",
            "I would write it like this.".to_owned(),
        ),
        (
            "coding/file/src/report.js",
            format!("{good}\nor rather\n\n{good}"),
        ),
        (
            "coding/file/src/cli.js",
            "```python\nprint('hi')\n```\n".to_owned(),
        ),
        ("coding/file/README.md", endless_prose()),
        (
            "spec/template",
            "```markdown\n# session-logger\n".to_owned(),
        ),
        (
            "spec-review/verdict",
            "```json\n{\"verdict\": \"maybe\"}\n```\n".to_owned(),
        ),
        ("review/verdict", String::new()),
    ];
    for (label, text) in &misshapen {
        plant.desk.on(&named(label), 1, Act::Say(text.clone()));
    }
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let turns = turns(&plant);
    for (label, _) in &misshapen {
        let of: Vec<bool> = turns
            .iter()
            .filter(|turn| turn.label.starts_with(&named(label)))
            .map(|turn| turn.malformed)
            .collect();
        assert_eq!(of, [true, false], "{label}");
    }
    assert_eq!(plant.factory().totals.malformed, 7);
    let again = plant.desk.prompt(&named("coding/file/src/report.js/1"));
    assert!(
        again.contains("or rather"),
        "the re-ask holds the reply: {again}"
    );
    let folder = plant.home.join("dev-factory/transcripts").join(TOOL);
    assert!(std::fs::read_dir(folder).unwrap().count() >= 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_unusable_replies_escalate_and_a_person_answers_from_the_shelf() {
    let plant = Plant::with(&[TOOL], &unsupervised());
    let says = Act::Say("```python\nprint('hi')\n```\n".to_owned());
    plant.desk.on(&named("coding/file/src/report.js"), 3, says);
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    let item = plant.item(TOOL);
    let escalation = item.escalation.unwrap();
    assert_eq!(
        (item.status, escalation.from),
        (ItemStatus::InReview, Phase::Coding)
    );
    assert!(
        escalation.reason.starts_with("S1: no usable reply"),
        "{}",
        escalation.reason
    );
    let mut engine = plant.start();
    plant
        .told(Verb::Decide {
            item: None,
            decision: dev_factory::domain::command::Decision::Hint,
            text: Some("Answer with one fence.".to_owned()),
            case: None,
            file: None,
        })
        .await;
    let shelved = |s: &dev_factory::domain::screen::Snapshot| {
        s.queue
            .iter()
            .any(|i| i.status == ItemStatus::InReview && i.escalation.is_none())
    };
    engine.until("green on the shelf", shelved).await;
    engine.stop().await;
    let prompt = plant.desk.prompt(&named("coding/file/src/report.js/3"));
    assert!(prompt.contains("Answer with one fence."), "{prompt}");
}

#[tokio::test(start_paused = true)]
async fn replies_that_break_off_are_taken_again_and_journaled() {
    let plant = Plant::new(&[TOOL]);
    plant
        .desk
        .on(&named("coding/file/src/log.js"), 2, Act::Fail(broken()));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let of: Vec<(String, bool)> = turns(&plant)
        .into_iter()
        .filter(|turn| turn.label.contains("coding/file/src/log.js"))
        .map(|turn| (turn.label, turn.ok))
        .collect();
    let label = named("coding/file/src/log.js/0");
    let wanted = [
        (label.clone(), false),
        (label.clone(), false),
        (label, true),
    ];
    assert_eq!(of, wanted);
    let totals = plant.factory().totals;
    assert_eq!((totals.failed_turns, totals.shipped), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_never_finishes_a_reply_pauses_its_role() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.on(
        &named("coding/file/src/report.js"),
        u32::MAX,
        Act::Fail(broken()),
    );
    let hour = std::time::Duration::from_secs(3600);
    assert_eq!(plant.until_idle_within(hour).await, Ended::NeedsPerson);
    let factory = plant.factory();
    let pause = &factory.pauses[0];
    assert_eq!(
        (factory.phase, pause.kind, pause.scope),
        (Phase::Coding, PauseKind::Host, Scope::Developer)
    );
    assert!(
        factory.pauses[0].reason.contains("broke its reply off"),
        "{:?}",
        factory.pauses
    );
    // What was written before it is there, and asked for no second time in vain: every attempt wrote log.js anew.
    assert_eq!(factory.totals.failed_turns, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_waits_for_the_host_and_loses_nothing() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&named("coding/file/src/report.js"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.desk.away(Some("the key is refused"));
    plant.told(Verb::Abort {}).await;
    plant.told(Verb::Probe { host: None }).await;
    plant
        .told(Verb::Resume {
            target: None,
            reason: None,
        })
        .await;
    let away = |s: &dev_factory::domain::screen::Snapshot| {
        s.needs.iter().any(|n| n.why.contains("the key is refused"))
    };
    let seen = engine.until("the host is away", away).await;
    assert_eq!((seen.phase, seen.attempt.is_none()), (Phase::Coding, true));
    plant.desk.away(None);
    let probe = |host: &str| Verb::Probe {
        host: Some(host.to_owned()),
    };
    let words = plant.refused(probe("lob")).await;
    assert_eq!(words, "no host is named lob in the settings: there are lab");
    plant.told(probe("lab")).await;
    held.reached(2).await;
    held.open();
    all_done(&mut engine).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_again_in_fixing_starts_from_the_spec() {
    let plant = Plant::with(&[TOOL], &unsupervised());
    plant.tests.red(1, "src/log.js");
    let guess = Act::Say("R1 is broken: the sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    let same = homes::reply(&named("coding/file/src/log.js/0")).unwrap();
    plant
        .desk
        .on(&named("fixing/file/src/log.js"), 1, Act::Say(same));
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    // It starts from the spec again, and what comes of that is green.
    let item = plant.item(TOOL);
    assert_eq!((item.status, item.escalation), (ItemStatus::InReview, None));
    let asked = plant.desk.prompt(&named("fixing/file/src/log.js/1"));
    assert!(asked.contains("Write src/log.js"), "{asked}");
    assert!(asked.contains("a draft, "), "{asked}");
    assert!(!asked.contains("src/log.js as it is"), "{asked}");
    let bug = plant.read(&format!("dev-factory/bugs/{TOOL}/BUG-1.md"));
    assert!(
        bug.contains("src/log.js") && bug.contains("R1 is broken: the sum is off by one."),
        "{bug}"
    );
    let stuck = |e: &EventBody| matches!(e, EventBody::Stuck { rule, evidence, next, .. } if rule == "S2" && evidence.len() == 1 && next.starts_with("L2: a fresh start from the spec (1 of 2)"));
    assert!(plant.journal().iter().any(|e| stuck(&e.body)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_an_agent_is_an_incident_and_the_engine_lives() {
    let plant = Plant::new(&[TOOL]);
    plant
        .desk
        .on(&named("coding/file/src/cli.js"), 1, Act::Panic("now"));
    plant
        .desk
        .on(&named("review/verdict/0"), 1, verdict("ship", ""));
    let mut engine = plant.start();
    let seen = engine.until("paused", |s| !s.pauses.is_empty()).await;
    let pause = &seen.pauses[0];
    assert_eq!(
        (pause.kind, seen.phase),
        (PauseKind::Incident, Phase::Coding)
    );
    assert!(
        pause.reason.contains("panicked: told to panic"),
        "{}",
        pause.reason
    );
    assert!(seen.attempt.is_none());
    let words = plant
        .refused(Verb::Resume {
            target: None,
            reason: None,
        })
        .await;
    assert!(words.contains(&pause.id), "{words}");
    plant
        .told(Verb::Resume {
            target: Some(pause.id.clone()),
            reason: None,
        })
        .await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.factory().totals.incidents, 1);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_not_count_is_estimated_and_said_to_be() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.on(TOOL, u32::MAX, Act::Uncounted);
    let mut engine = plant.start();
    all_done(&mut engine).await;
    engine.stop().await;
    let turns = turns(&plant);
    assert!(turns.iter().all(|turn| turn.uncounted), "{turns:?}");
    let read = |turn: &Turn| turn.input_tokens >= turn.estimated && turn.estimated > Some(0);
    assert!(turns.iter().all(read), "{turns:?}");
    let file = turns
        .iter()
        .find(|t| t.label == named("coding/file/src/log.js/0"));
    let text = homes::reply(&named("coding/file/src/log.js/0")).unwrap();
    let written = text.chars().count() as u64 * 10 / 36;
    let counted = file.unwrap().output_tokens.unwrap();
    assert!(counted.abs_diff(written) <= 1, "{counted}, not {written}");
    // The budget of a tool counts them too, and nothing is learned from what nobody counted.
    let used: u64 = turns
        .iter()
        .map(|t| t.input_tokens.unwrap() + t.output_tokens.unwrap())
        .sum();
    let factory = plant.factory();
    assert_eq!(factory.facts(TOOL).unwrap().local_tokens, used);
    assert!(factory.factors.is_empty(), "{:?}", factory.factors);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_whose_models_are_not_to_think_never_asks_for_it() {
    let silent = STAFFED.replace("[roles.qa]\n", "[roles.qa]\nthink = false\n");
    let plant = Plant::with(&[TOOL], &silent);
    let mut engine = plant.start();
    all_done(&mut engine).await;
    engine.stop().await;
    let of = |phase: &str| plant.desk.requests(&named(phase));
    assert!(of("spec/").iter().any(|r| r.think), "the Developer thinks");
    assert!(!of("spec-review/").is_empty());
    assert!(of("spec-review/").iter().all(|r| !r.think));
}
