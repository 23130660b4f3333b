//! Pauses of one role, pauses that end by themselves, and those that end when their cause does.

use crate::commands::all_done;
use crate::doubles::Act;
use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use chrono::{Duration, Utc};
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::EventBody;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::screen::{AgentState, Snapshot};
use dev_factory::domain::state::{PauseKind, Scope};
use dev_factory::factory::engine::Ended;
use dev_factory::factory::ports::model::{Fault, ModelError};
use std::fs;

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

fn pause(scope: Scope, until: Option<Duration>) -> Verb {
    Verb::Pause {
        scope: Some(scope),
        reason: Some("lunch".to_owned()),
        until: until.map(|wait| Utc::now() + wait),
    }
}

fn resume(target: &str) -> Verb {
    Verb::Resume {
        target: Some(target.to_owned()),
        reason: None,
    }
}

fn state(seen: &Snapshot, role: Role) -> AgentState {
    let agent = seen.agents.iter().find(|agent| agent.role == role);
    agent.unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_role_rests_after_its_turn_and_the_others_work_on() {
    let plant = Plant::new(&[TOOL]);
    let draft = plant.desk.hold(&named("spec/draft"));
    let mut engine = plant.start();
    draft.reached(1).await;
    plant.told(pause(Scope::Developer, None)).await;
    engine.until("pausing", |s| s.pausing).await;
    draft.open();
    let rests = |s: &Snapshot| !s.pausing && s.doing.contains("paused");
    engine.until("the developer rests", rests).await;
    assert_eq!(plant.desk.labels(), [named("spec/draft/0")]);
    // The pause of another role holds nobody here, and this role goes on.
    plant.told(pause(Scope::Qa, None)).await;
    plant.told(resume("developer")).await;
    let seen = engine.phase(Phase::SpecReview).await;
    let qa_rests = |s: &Snapshot| state(s, Role::Qa) == AgentState::Paused && s.attempt.is_none();
    engine.until("qa rests", qa_rests).await;
    assert_eq!(seen.pauses.len(), 1);
    assert!(
        !plant
            .desk
            .labels()
            .iter()
            .any(|l| l.contains("spec-review"))
    );
    assert!(
        seen.needs.iter().any(|n| n.why.contains("lunch")),
        "{:?}",
        seen.needs
    );
    let words = plant.refused(resume("factory")).await;
    assert!(words.contains("pause-2 (qa: lunch)"), "{words}");
    plant.told(resume("qa")).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_until_ends_by_itself_also_in_the_next_engine() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&named("coding/file/README.md"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant
        .told(pause(Scope::Supervisor, Some(Duration::seconds(4))))
        .await;
    let words = plant
        .refused(pause(Scope::Qa, Some(Duration::seconds(-1))))
        .await;
    assert!(words.contains("over already"), "{words}");
    held.open();
    // Nobody can review now: the tool waits on the shelf.
    let shelved = |s: &Snapshot| s.queue.iter().any(|i| i.status == ItemStatus::InReview);
    let seen = engine.until("shelved", shelved).await;
    assert!(
        seen.needs.iter().all(|n| !n.id.starts_with("pause")),
        "{:?}",
        seen.needs
    );
    engine.stop().await;
    let ended = plant.until_idle().await;
    assert_eq!(ended, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let events = plant.journal();
    let at = |is: &dyn Fn(&EventBody) -> bool| events.iter().find(|e| is(&e.body)).unwrap().ts;
    let lifted = at(
        &|body| matches!(body, EventBody::Resumed { reason, .. } if reason.contains("time is over")),
    );
    let paused = at(&|body| matches!(body, EventBody::Paused(_)));
    assert!(lifted - paused >= Duration::seconds(3));
    let back = at(&|body| matches!(body, EventBody::Move(m) if m.outcome == Outcome::Unshelved));
    assert!(back >= lifted);
}

#[tokio::test(start_paused = true)]
async fn mending_the_settings_ends_the_pause_a_host_brought_about() {
    let plant = Plant::new(&[TOOL]);
    let refused = Act::Fail(ModelError::new("lab", Fault::Refused, "401"));
    plant.desk.on(&named("spec/template"), 5, refused);
    let hour = std::time::Duration::from_secs(3600);
    assert_eq!(plant.until_idle_within(hour).await, Ended::NeedsPerson);
    let turns = plant.desk.labels().len();
    tokio::time::resume();
    let mut engine = plant.start();
    let held = |s: &Snapshot| s.pauses.iter().any(|p| p.kind == PauseKind::Host);
    engine.until("paused by the host", held).await;
    let settings = plant.home.join("dev-factory/factory.toml");
    fs::write(settings, STAFFED.replace("lab/test", "lab/better")).unwrap();
    all_done(&mut engine).await;
    engine.stop().await;
    // One draft served all attempts that failed; another model makes its own.
    assert_eq!(plant.desk.labels()[turns], named("spec/draft/1"));
    let lifted = |body: &EventBody| matches!(body, EventBody::Resumed { reason, .. } if reason.contains("settings"));
    assert!(plant.journal().iter().any(|e| lifted(&e.body)));
}
