//! What the snapshot tells screens of a tool under way, also after the engine was ended and started again.

use super::doubles::Act;
use super::plant::Plant;
use super::review::new_case;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::{Snapshot, Step};

const TOOL: &str = "session-logger";

/// Run 1 was red in one held-out case, and the repair is under way.
fn tells_of_the_repair(s: &Snapshot) {
    let last = s.measured.last().expect("the run in more words");
    assert_eq!((s.measured.len(), last.run, s.measuring), (1, 1, None));
    let gate = |name: &str| last.gates.iter().find(|gate| gate.gate == name).unwrap();
    assert!(gate("scan").passed && gate("jest").passed);
    let held = &s.runs.last().unwrap();
    let figure = format!("{} of {}", held.held_passed, held.held_total);
    assert_eq!(
        (gate("held-out").passed, &gate("held-out").figure),
        (false, &figure)
    );
    for gate in &last.gates {
        // Coverage is read from what Jest wrote.
        let timed = gate.gate != "coverage";
        assert_eq!(gate.millis.is_some(), timed, "{gate:?}");
    }
    let [row] = last.failing.as_slice() else {
        panic!("{:?}", last.failing);
    };
    assert!(row.what.starts_with('R') && !row.want.is_empty(), "{row:?}");
    let [bug] = s.bugs.as_slice() else {
        panic!("{:?}", s.bugs);
    };
    assert_eq!((bug.n, bug.rule.as_deref()), (1, Some(row.what.as_str())));
    assert!(!bug.title.is_empty());
    // The run stands in the timeline between the moves around it, and each move with its tree.
    let steps = s.timeline();
    let last: Vec<&Step<'_>> = steps.iter().rev().take(3).collect();
    let [Step::Move(failed), Step::Ran(ran), Step::Move(built)] = last.as_slice() else {
        panic!("{steps:?}");
    };
    assert_eq!((built.to, failed.to), (Phase::Qa, Phase::Fixing));
    assert_eq!((ran.run, ran.green, ran.tool.as_str()), (1, false, TOOL));
    assert!(
        ran.failed
            .as_ref()
            .is_some_and(|why| why.starts_with("held-out"))
    );
    assert!(matches!(&failed.commit, Some(Some(commit)) if commit.len() == 40));
    assert_eq!(
        s.moves[0].commit,
        Some(None),
        "nothing was committed when it was picked"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_tells_gates_failing_rows_and_open_bugs() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.wrong(&["H3"]);
    let guess = Act::Say("It counts from the wrong end.".to_owned());
    plant
        .desk
        .on(&format!("{TOOL}/qa/hypothesis"), u32::MAX, guess);
    let another = Act::Say(format!("```jsonl\n{}\n```\n", new_case("H17", "R3")));
    plant
        .desk
        .on(&format!("{TOOL}/qa/replace"), u32::MAX, another);
    let held = plant.desk.hold(&format!("{TOOL}/fixing"));
    let mut engine = plant.start();
    held.reached(1).await;
    let fixing = |s: &Snapshot| s.phase == Phase::Fixing && s.doing.contains(", writing ");
    let seen = engine.until("a repair", fixing).await;
    tells_of_the_repair(&seen);
    let developer = seen.agents.iter().find(|a| a.role == Role::Developer);
    assert!(developer.is_some_and(|a| a.context.is_some_and(|c| c > 0)));
    engine.stop().await;
    let mut engine = plant.start();
    held.reached(2).await;
    let seen = engine.until("the repair again", fixing).await;
    tells_of_the_repair(&seen);
    let qa = seen.agents.iter().find(|a| a.role == Role::Qa).unwrap();
    assert!(qa.last.is_some(), "it took a turn, if not of this engine");
    engine.stop().await;
}

/// What is known of the roles once the spec was written.
fn tells_of_the_roles(s: &Snapshot) {
    let of = |role: Role| s.agents.iter().find(|agent| agent.role == role).unwrap();
    let facts = &of(Role::Developer).facts;
    let soul = facts.soul.as_ref().expect("a soul");
    assert_eq!((soul.file.as_str(), soul.hash.len()), ("developer.md", 6));
    assert!(soul.since.is_some(), "the file lies in the home");
    assert!(!facts.external && facts.schedule.is_none());
    assert!(facts.key.is_none(), "a fake host needs none");
    assert!(
        facts.day.turns > 0 && facts.day.input > 0,
        "{:?}",
        facts.day
    );
    assert!(!facts.turns.is_empty() && facts.turns.len() <= 6);
    let last = facts.turns.last().unwrap();
    assert!(last.ok && last.label.starts_with(TOOL) && last.read.is_some());
    assert_eq!(
        (facts.health.len(), facts.health.chars().last()),
        (24, Some('8'))
    );
    let [server] = s.servers.as_slice() else {
        panic!("{:?}", s.servers);
    };
    assert_eq!((server.host.as_str(), server.up), ("lab", Some(true)));
    assert!(server.context > 0 && server.away.is_none());
    let sum: f64 = s.agents.iter().map(|agent| agent.facts.day.usd).sum();
    assert!((sum - s.day_usd).abs() < 1e-9, "{sum} of {}", s.day_usd);
    let text = serde_json::to_string(s).unwrap();
    assert!(
        text.len() < 64 * 1024,
        "{} bytes twice a second",
        text.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_tells_what_roles_and_hosts_did_also_after_a_restart() {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/coding"));
    let mut engine = plant.start();
    held.reached(1).await;
    let coding = |s: &Snapshot| s.phase == Phase::Coding && s.doing.contains(", writing ");
    tells_of_the_roles(engine.until("coding", coding).await.as_ref());
    engine.stop().await;
    let mut engine = plant.start();
    held.reached(2).await;
    tells_of_the_roles(engine.until("coding again", coding).await.as_ref());
    engine.stop().await;
}
