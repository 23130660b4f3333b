//! Operator commands on a running engine.

use crate::doubles::Act;
use crate::homes::{self, TOOL};
use crate::plant::{Engine, Plant, STAFFED};
use chrono::Duration;
use dev_factory::adapters::store::{answered, submit};
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::event::{EventBody, Unit};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Snapshot;
use dev_factory::factory::engine::Ended;
use std::sync::Arc;

fn pause() -> Verb {
    Verb::Pause {
        scope: None,
        reason: Some("lunch".to_owned()),
        until: None,
    }
}

fn resume() -> Verb {
    Verb::Resume {
        target: None,
        reason: None,
    }
}

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

pub fn verdict(word: &str, instructions: &str) -> Act {
    let json =
        serde_json::json!({"checks": ["read it"], "verdict": word, "instructions": instructions});
    Act::Say(format!("```json\n{json}\n```\n"))
}

/// Waits until everything wanted is shipped or dropped.
pub async fn all_done(engine: &mut Engine) -> Arc<Snapshot> {
    let done = |s: &Snapshot| s.phase == Phase::Idle && s.queue.is_empty();
    engine.until("all done", done).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_in_mid_turn_lets_the_turn_end_and_then_rests() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&named("spec/draft"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.told(pause()).await;
    let seen = engine.until("pausing", |s| s.pausing).await;
    assert_eq!(seen.pauses[0].reason, "lunch");
    assert!(plant.refused(pause()).await.contains("paused already"));
    held.open();
    let resting = |s: &Snapshot| !s.pausing && s.doing.contains("paused");
    let seen = engine.until("resting", resting).await;
    assert!(
        seen.attempt.is_some(),
        "the attempt waits, it is not dropped"
    );
    assert_eq!(plant.desk.labels(), [named("spec/draft/0")]);
    plant.told(resume()).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let dropped = |e: &EventBody| matches!(e, EventBody::AttemptDropped { .. });
    assert!(!plant.journal().iter().any(|e| dropped(&e.body)));
}

#[tokio::test(flavor = "multi_thread")]
async fn abort_ends_the_turn_and_pauses_and_retry_starts_it_again_at_once() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&named("spec/draft"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.told(Verb::Retry {}).await;
    held.dropped(1).await;
    held.reached(2).await;
    plant.told(Verb::Abort {}).await;
    held.dropped(2).await;
    let paused = |s: &Snapshot| !s.pauses.is_empty() && s.attempt.is_none();
    engine.until("paused", paused).await;
    let words = plant.refused(Verb::Abort {}).await;
    assert!(words.contains("nothing runs"), "{words}");
    assert!(plant.refused(Verb::Retry {}).await.contains("nothing runs"));
    held.open();
    plant.told(resume()).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags().len(), 1);
    // The dropped turns never ended, so they do not count into the label.
    assert_eq!(
        plant.desk.labels()[..3],
        [
            named("spec/draft/0"),
            named("spec/draft/0"),
            named("spec/draft/0")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escalation_is_answered_by_the_supervisor_with_a_hint_and_with_respec() {
    let plant = Plant::new(&[TOOL]);
    let coding = plant.desk.hold(&named("coding/file/src/log.js/0"));
    plant.desk.on(
        &named("review/verdict/0"),
        1,
        verdict("hint", "Mind the newline at the end of the log."),
    );
    plant.desk.on(
        &named("review/verdict/1"),
        1,
        verdict("respec", "Say what a blank task is."),
    );
    let mut engine = plant.start();
    let escalate = |reason: &str| Verb::Escalate {
        reason: reason.to_owned(),
    };
    coding.reached(1).await;
    plant.told(escalate("it goes in circles")).await;
    coding.dropped(1).await;
    coding.reached(2).await;
    let asked = plant.desk.prompt(&named("review/verdict/0"));
    assert!(asked.contains("it goes in circles"), "{asked}");
    let prompt = plant.desk.prompt(&named("coding/file/src/log.js/0"));
    assert!(prompt.contains("Mind the newline"), "{prompt}");
    plant.told(escalate("the spec is at fault")).await;
    coding.open();
    all_done(&mut engine).await;
    assert!(plant.refused(escalate("too late")).await.contains("idle"));
    engine.stop().await;
    let notes = plant.desk.prompt(&named("spec/template/1"));
    assert!(notes.contains("Say what a blank task is."), "{notes}");
    let moves = plant.moves();
    let wanted = [
        "coding escalated review",
        "review hint coding",
        "coding escalated review",
        "review respec spec",
        "spec drafted spec-review",
    ];
    assert_eq!(moves[3..8], wanted, "{moves:?}");
    assert_eq!(plant.facts(TOOL).specs, 2);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn park_requeue_drop_and_add_move_items_out_of_the_lane_and_back() {
    let plant = Plant::new(&[TOOL, "cost-tracker"]);
    let held = plant.desk.hold(&named("coding/file/src/report.js"));
    let other = plant.desk.hold("cost-tracker/spec/draft");
    let mut engine = plant.start();
    held.reached(1).await;
    let tool = || Some(TOOL.to_owned());
    plant
        .told(Verb::Park {
            item: None,
            reason: Some("not today".to_owned()),
        })
        .await;
    other.reached(1).await;
    let item = plant.item(TOOL);
    assert_eq!(
        (item.status, item.phase, item.reason.as_deref()),
        (
            ItemStatus::NeedsHuman,
            Some(Phase::Coding),
            Some("not today")
        )
    );
    plant
        .told(Verb::Add {
            idea: "A tool that counts lines".to_owned(),
            priority: None,
            name: Some("line-count".to_owned()),
        })
        .await;
    let wishlist = plant.read("dev-factory/wishlist.json");
    assert!(wishlist.contains("line-count"), "{wishlist}");
    plant
        .told(Verb::Drop {
            item: "line-count".to_owned(),
            reason: None,
        })
        .await;
    plant
        .told(Verb::Unpark {
            item: TOOL.to_owned(),
            reason: None,
            priority: Some(5),
        })
        .await;
    // The tool under way is dropped: it leaves the lane, and the unparked one goes on where it stood.
    plant
        .told(Verb::Drop {
            item: "cost-tracker".to_owned(),
            reason: None,
        })
        .await;
    other.dropped(1).await;
    held.reached(2).await;
    assert_eq!(plant.state().phase, Phase::Coding);
    plant
        .told(Verb::Requeue {
            item: None,
            fresh: false,
            reason: None,
            priority: None,
        })
        .await;
    held.reached(3).await;
    assert_eq!(plant.state().phase, Phase::Coding);
    plant
        .told(Verb::Requeue {
            item: tool(),
            fresh: true,
            reason: None,
            priority: None,
        })
        .await;
    held.reached(4).await;
    held.open();
    all_done(&mut engine).await;
    engine.stop().await;
    let moves = plant.moves();
    let of = |word: &str| moves.iter().filter(|m| m.contains(word)).count();
    assert_eq!(
        (of("resumed coding"), of("picked spec")),
        (2, 3),
        "{moves:?}"
    );
    assert_eq!(plant.item("cost-tracker").status, ItemStatus::Dropped);
    let kept = plant.git(&["branch", "--list", "kept/*"]);
    assert!(kept.contains(&format!("kept/{TOOL}/1")), "{kept}");
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_reaches_the_next_attempt_and_what_was_meant_for_another_phase_is_refused() {
    let plant = Plant::new(&[TOOL]);
    let mut old = plant.command(Verb::Hint {
        text: "too old to be meant".to_owned(),
    });
    old.at -= Duration::minutes(11);
    let mut add = plant.command(Verb::Add {
        idea: "Old but welcome".to_owned(),
        priority: None,
        name: Some("old-idea".to_owned()),
    });
    add.at -= Duration::days(2);
    for command in [&old, &add] {
        submit(&plant.home, command).unwrap();
    }
    let held = plant.desk.hold(&named("spec/draft"));
    let mut engine = plant.start();
    held.reached(1).await;
    let answer = answered(&plant.home, &old.id).unwrap();
    assert!(
        !answer.accepted && answer.sentence.contains("older than 10 minutes"),
        "{answer:?}"
    );
    assert!(answered(&plant.home, &add.id).unwrap().accepted);
    for (tool, phase) in [(Some("cost-tracker"), None), (None, Some(Phase::Coding))] {
        let mut command = plant.command(Verb::Hint {
            text: "x".to_owned(),
        });
        command.tool = tool.map(str::to_owned);
        command.phase = phase;
        submit(&plant.home, &command).unwrap();
        let limit = crate::plant::DEADLINE;
        let answer =
            dev_factory::adapters::store::await_answer(&plant.home, &command.id, limit).await;
        let answer = answer.unwrap();
        assert!(
            !answer.accepted && answer.sentence.contains("was meant for"),
            "{answer:?}"
        );
    }
    plant
        .told(Verb::Hint {
            text: "One log file is enough.".to_owned(),
        })
        .await;
    plant.told(Verb::Retry {}).await;
    held.reached(2).await;
    let prompt = plant.desk.prompt(&named("spec/draft"));
    assert!(prompt.contains("One log file is enough."), "{prompt}");
    plant
        .told(Verb::Drop {
            item: "old-idea".to_owned(),
            reason: None,
        })
        .await;
    held.open();
    all_done(&mut engine).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reached_limit_parks_and_raising_it_goes_on_at_the_same_phase() {
    let settings = format!("{STAFFED}\n[limits]\ntool_tokens = 600\n");
    let plant = Plant::with(&[TOOL], &settings);
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    let item = plant.item(TOOL);
    assert_eq!(item.status, ItemStatus::NeedsHuman);
    let reason = item.reason.unwrap();
    assert!(
        reason.contains("600") && reason.contains("token"),
        "{reason}"
    );
    let phase = item.phase.unwrap();
    let mut engine = plant.start();
    let words = plant
        .refused(Verb::Unpark {
            item: TOOL.to_owned(),
            reason: None,
            priority: None,
        })
        .await;
    assert!(words.contains("dev-factory budget"), "{words}");
    let turns = plant.desk.labels().len();
    plant
        .told(Verb::Budget {
            scope: TOOL.to_owned(),
            unit: Unit::Tokens,
            amount: 100_000.0,
        })
        .await;
    all_done(&mut engine).await;
    engine.stop().await;
    let moves = plant.moves();
    assert!(
        moves.contains(&format!("idle resumed {phase}")),
        "{moves:?}"
    );
    let next = &plant.desk.labels()[turns];
    assert!(next.starts_with(&format!("{TOOL}/{phase}/")), "{next}");
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rewind_takes_the_tool_back_to_the_phase_and_tree_it_had() {
    let plant = Plant::new(&[TOOL]);
    let review = plant.desk.hold(&named("review/verdict"));
    let mut engine = plant.start();
    review.reached(1).await;
    let events = plant.journal();
    let seq = |to: Phase| {
        let found = events
            .iter()
            .find(|e| matches!(&e.body, EventBody::Move(m) if m.to == to));
        found.unwrap().seq
    };
    let coding = plant.desk.hold(&named("coding/file/src/log.js/1"));
    plant
        .told(Verb::Rewind {
            seq: seq(Phase::Coding),
        })
        .await;
    coding.reached(1).await;
    assert_eq!(plant.state().phase, Phase::Coding);
    let folder = plant.home.join("dev-factory/work/tools").join(TOOL);
    let source = std::fs::read_to_string(folder.join("src/cli.js")).unwrap_or_default();
    let shipped = homes::reply(&named("coding/file/src/cli.js/0")).unwrap();
    assert!(
        !source.is_empty() && !shipped.contains(&source),
        "the tree is not as it was then: {source}"
    );
    coding.open();
    review.open();
    all_done(&mut engine).await;
    let words = plant
        .refused(Verb::Rewind {
            seq: seq(Phase::Coding),
        })
        .await;
    assert!(words.contains("reopen"), "{words}");
    engine.stop().await;
    assert_eq!(plant.facts(TOOL).runs, 2, "counters go on");
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reopened_tool_ships_a_patch_and_a_requeued_one_a_minor_version() {
    let plant = Plant::new(&[TOOL]);
    let mut engine = plant.start();
    all_done(&mut engine).await;
    let fixed = homes::reply(&named("coding/file/src/cli.js/0")).unwrap();
    let fixed = fixed.replacen(
        "'use strict';\n",
        "'use strict';\n\nconst NOTE = 'Mended.';\n",
        1,
    );
    assert!(fixed.contains("Mended"));
    plant
        .desk
        .on(&named("fixing/file/src/cli.js"), 1, Act::Say(fixed));
    plant
        .told(Verb::Reopen {
            tool: TOOL.to_owned(),
            text: "It forgets the last line of the log.".to_owned(),
        })
        .await;
    engine
        .until("shipped again", |s| {
            s.totals.shipped == 2 && s.phase == Phase::Idle
        })
        .await;
    let prompt = plant.desk.prompt(&named("fixing/file/src/cli.js"));
    assert!(prompt.contains("It forgets the last line"), "{prompt}");
    plant
        .told(Verb::Requeue {
            item: Some(TOOL.to_owned()),
            fresh: false,
            reason: None,
            priority: None,
        })
        .await;
    engine
        .until("shipped a third time", |s| {
            s.totals.shipped == 3 && s.phase == Phase::Idle
        })
        .await;
    engine.stop().await;
    let version = |v: &str| format!("{TOOL}@{v}");
    assert_eq!(
        plant.tags(),
        [version("1.0.0"), version("1.0.1"), version("1.1.0")]
    );
    let package = plant.git(&["show", &format!("{TOOL}@1.0.1:tools/{TOOL}/package.json")]);
    assert!(package.contains("\"version\": \"1.0.1\""), "{package}");
    let package = plant.read(&format!("tools/{TOOL}/package.json"));
    assert!(package.contains("\"version\": \"1.1.0\""), "{package}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_supervisor_a_green_tool_waits_and_the_decision_ships_it() {
    let settings = STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "");
    let plant = Plant::with(&[TOOL], &settings);
    let mut engine = plant.start();
    let shelved = |s: &Snapshot| s.queue.iter().any(|i| i.status == ItemStatus::InReview);
    let seen = engine.until("shelved", shelved).await;
    assert!(
        seen.needs.iter().any(|n| n.id == format!("review:{TOOL}")),
        "{:?}",
        seen.needs
    );
    let decide = |decision| Verb::Decide {
        item: None,
        decision,
        text: Some("look at the exit code".to_owned()),
        case: None,
        file: None,
    };
    let words = plant.refused(decide(Decision::Hint)).await;
    assert!(words.contains("not escalated"), "{words}");
    let cli = homes::reply(&named("coding/file/src/cli.js/0")).unwrap();
    let fixed = cli.replacen("'use strict';\n", "'use strict';\n\n// Looked at.\n", 1);
    plant
        .desk
        .on(&named("fixing/file/src/cli.js"), 1, Act::Say(fixed));
    plant.told(decide(Decision::SendBack)).await;
    let again = |s: &Snapshot| shelved(s) && s.totals.cycles == 1;
    engine.until("shelved again", again).await;
    plant.told(decide(Decision::Ship)).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(
        plant.facts(TOOL).reviewed_by.as_deref(),
        Some("operator:tester")
    );
    assert!(
        plant
            .read(&format!("dev-factory/reviews/{TOOL}/2.md"))
            .contains("Verdict: ship")
    );
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_may_decide_while_the_model_still_reviews() {
    let plant = Plant::new(&[TOOL]);
    let first = plant.desk.hold(&named("review/verdict"));
    let cli = homes::reply(&named("coding/file/src/cli.js/0")).unwrap();
    let fixed = cli.replacen(
        "'use strict';\n",
        "'use strict';\n\nconst NOTE = 'As asked.';\n",
        1,
    );
    plant
        .desk
        .on(&named("fixing/file/src/cli.js"), 1, Act::Say(fixed));
    let mut engine = plant.start();
    let decide = |decision, text: &str| Verb::Decide {
        item: None,
        decision,
        text: Some(text.to_owned()),
        case: None,
        file: Some("src/cli.js".to_owned()),
    };
    first.reached(1).await;
    plant
        .told(decide(Decision::SendBack, "Say which file is broken."))
        .await;
    first.dropped(1).await;
    first.reached(2).await;
    let prompt = plant.desk.prompt(&named("fixing/file/src/cli.js"));
    assert!(prompt.contains("Say which file is broken."), "{prompt}");
    plant.told(decide(Decision::Ship, "Good now.")).await;
    first.dropped(2).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    for (n, part) in [(1, "Verdict: send-back"), (2, "Good now.")] {
        let review = plant.git(&["show", &format!("main:dev-factory/reviews/{TOOL}/{n}.md")]);
        assert!(
            review.contains(part) && review.contains("By: operator:tester"),
            "{review}"
        );
    }
    assert_eq!(plant.facts(TOOL).reviews, 2);
}
