//! Rules and rungs inside the engine, with doubles for model and tests: another model, a fresh start, standing still,
//! a crash in the middle of a fresh start, takeovers.

use crate::commands::{all_done, verdict};
use crate::course;
use crate::doubles::Act;
use crate::homes::{self, TOOL};
use crate::plant::{Plant, STAFFED};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::Phase;
use dev_factory::factory::engine::Ended;
use std::time::Duration;

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

fn file(path: &str, note: &str) -> String {
    let text = homes::reply(&named(&format!("coding/file/{path}/0"))).unwrap();
    text.replacen(
        "'use strict';\n",
        &format!("'use strict';\n\n// {note}\n"),
        1,
    )
}

/// Rules that fired, with the start of what followed.
fn verdicts(plant: &Plant) -> Vec<String> {
    let events = plant.journal();
    let stuck = events.iter().filter_map(|event| match &event.body {
        EventBody::Stuck {
            rule,
            next,
            evidence,
            ..
        } => {
            let told = evidence.iter().all(|row| !row.trim().is_empty());
            assert!(told && !evidence.is_empty(), "{rule}: {evidence:?}");
            Some(format!(
                "{rule} {}",
                next.split(':').next().unwrap_or_default()
            ))
        }
        _ => None,
    });
    stuck.collect()
}

fn fresh_starts(plant: &Plant) -> usize {
    let events = plant.journal();
    let afresh = |body: &EventBody| matches!(body, EventBody::Afresh { .. });
    events.iter().filter(|event| afresh(&event.body)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_unusable_replies_another_model_takes_the_prompt_and_only_that() {
    let others = STAFFED.replacen("[roles.qa]", "others = \"lab/other\"\n[roles.qa]", 1);
    let plant = Plant::with(&[TOOL], &others);
    let wrong = Act::Say("```python\nprint('hi')\n```\n".to_owned());
    plant.desk.on(&named("coding/file/src/report.js"), 3, wrong);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(verdicts(&plant), ["S1 L3"]);
    let models = |path: &str| plant.desk.models(&named(&format!("coding/file/{path}")));
    assert_eq!(models("src/report.js"), ["test", "test", "test", "other"]);
    assert_eq!(models("src/cli.js"), ["test"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replies_without_code_begin_the_tool_from_the_spec_again() {
    let plant = Plant::new(&[TOOL]);
    let talk = Act::Say("I would first think about what the file is to do.".to_owned());
    plant.desk.on(&named("coding/file/src/report.js"), 2, talk);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(verdicts(&plant), ["S7 L2"]);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert_eq!(plant.desk.models(&named("coding/file/src/log.js")).len(), 2);
    let again = plant.desk.prompt(&named("coding/file/src/log.js/1"));
    assert!(again.contains("Already tried"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_may_not_be_run_is_written_again_before_it_costs_a_cycle() {
    let plant = Plant::new(&[TOOL]);
    let path = "src/log.js";
    let exits = file(path, "once").replacen("// once", "process.exitCode = 0;", 1);
    let first = format!("coding/file/{path}/0");
    plant.desk.on(&named(&first), 1, Act::Say(exits));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let again = plant.desk.prompt(&named(&format!("coding/file/{path}/1")));
    assert!(again.contains("that was not run: line 3: "), "{again}");
    assert_eq!(verdicts(&plant), [""; 0]);
    let moves = plant.moves();
    let coded = moves.iter().filter(|made| made.contains("fixing")).count();
    assert_eq!(coded, 0, "{moves:?}");
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sources_that_may_not_be_run_each_is_written_again() {
    let plant = Plant::new(&[TOOL]);
    for path in ["src/log.js", "src/report.js"] {
        let exits = file(path, "once").replacen("// once", "process.exitCode = 0;", 1);
        let first = format!("coding/file/{path}/0");
        plant.desk.on(&named(&first), 1, Act::Say(exits));
    }
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let sources = named("coding/file/src/");
    let labels = plant.desk.labels().into_iter();
    let written: Vec<String> = labels
        .filter_map(|label| Some(label.strip_prefix(&sources)?.to_owned()))
        .collect();
    assert_eq!(
        written,
        [
            "log.js/0",
            "report.js/0",
            "cli.js/0",
            "log.js/1",
            "report.js/1"
        ]
    );
    let again = plant.desk.prompt(&named("coding/file/src/report.js/1"));
    assert!(
        again.contains("a writing of src/report.js that was not run: "),
        "{again}"
    );
    assert!(!again.contains("a writing of src/log.js"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_stays_too_long_sends_the_spec_back_to_plan_two() {
    let plant = Plant::new(&[TOOL]);
    let lines: Vec<String> = (0..220)
        .map(|n| format!("{} is one more", n * 7919))
        .collect();
    let long = lines.join("\n// ");
    let long = file("src/report.js", &long);
    plant
        .desk
        .on(&named("coding/file/src/report.js"), 2, Act::Say(long));
    let ended = plant.until_idle().await;
    assert_eq!(
        ended,
        Ended::Idle,
        "{:?} {:?}",
        plant.moves(),
        verdicts(&plant)
    );
    assert_eq!(
        verdicts(&plant),
        ["S9 the spec must split the file, or ask less of it"]
    );
    let moves = plant.moves();
    assert!(
        moves.contains(&"coding spec-defect spec".to_owned()),
        "{moves:?}"
    );
    let asked = plant.desk.requests(&named("spec/"));
    let told = |text: &str| text.contains("plan it as two smaller files");
    assert!(
        asked
            .iter()
            .any(|turn| turn.messages.iter().any(|m| told(&m.content)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn three_test_runs_that_do_not_end_begin_it_again_with_that_hint() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.endless(3);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(verdicts(&plant), ["S13 L2"]);
    let again = plant.desk.prompt(&named("coding/file/src/log.js/1"));
    assert!(again.contains("infinite loop"), "{again}");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_stands_still_is_dropped_and_after_five_times_the_tool_is_parked() {
    let plant = Plant::new(&[TOOL]);
    let _held = plant.desk.hold(&named("coding/file/src/cli.js"));
    let day = Duration::from_secs(24 * 3600);
    assert_eq!(plant.until_idle_within(day).await, Ended::NeedsPerson);
    let rules = verdicts(&plant);
    assert_eq!(rules.len(), 5, "{rules:?}");
    assert_eq!(rules[4], "S15 L6");
    let item = plant.item(TOOL);
    assert_eq!(item.status, ItemStatus::NeedsHuman);
    assert!(
        item.reason
            .unwrap()
            .starts_with("S15: the developer gave no sign of life in coding for 35 min")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_start_goes_on_where_a_crash_cut_it_off() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.red(1, "src/log.js");
    let guess = Act::Say("The sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    let same = homes::reply(&named("coding/file/src/log.js/0")).unwrap();
    plant
        .desk
        .on(&named("fixing/file/src/log.js"), 1, Act::Say(same));
    let held = plant.desk.hold(&named("fixing/file/src/report.js"));
    let engine = plant.start();
    held.reached(1).await;
    engine.stop().await;
    let course = plant.facts(TOOL).course;
    assert_eq!(
        (course.line, course.fresh_starts, course.is_to_begin()),
        (2, 1, true)
    );
    held.open();
    let mut engine = plant.start();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(
        (verdicts(&plant), fresh_starts(&plant)),
        (vec!["S2 L2".to_owned()], 1)
    );
    let course = course::at_work(&plant.journal(), TOOL).course;
    assert_eq!((course.line, course.rows.len()), (2, 2));
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn twice_sent_back_the_supervisor_writes_the_file_itself() {
    let plant = Plant::new(&[TOOL]);
    let word = |word: &str| {
        Act::Say(format!(
            "```json\n{{\"checks\":[],\"verdict\":\"{word}\",\"instructions\":\"The sign is wrong.\",\"file\":\"src/log.js\"}}\n```\n"
        ))
    };
    plant
        .desk
        .on(&named("review/verdict/0"), 1, word("send-back"));
    plant
        .desk
        .on(&named("review/verdict/1"), 1, word("send-back"));
    plant
        .desk
        .on(&named("review/verdict/2"), 1, word("takeover"));
    for n in 0..2 {
        let text = file("src/log.js", &format!("repair {n}"));
        plant.desk.on(
            &named(&format!("fixing/file/src/log.js/{n}")),
            1,
            Act::Say(text),
        );
    }
    let own = Act::Say(file("src/log.js", "by the reviewer"));
    plant.desk.on(&named("review/file/src/log.js/0"), 1, own);
    plant
        .desk
        .on(&named("review/verdict/3"), 1, verdict("ship", ""));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let moves = plant.moves();
    let count = |wanted: &str| moves.iter().filter(|m| *m == wanted).count();
    assert_eq!(count("review send-back fixing"), 2, "{moves:?}");
    assert_eq!(count("review takeover qa"), 1, "{moves:?}");
    let asked = plant.desk.prompt(&named("review/verdict/2"));
    assert!(
        asked.contains("\"takeover\"") && !asked.contains("\"send-back\""),
        "{asked}"
    );
    let shipped = plant.git(&["show", &format!("main:tools/{TOOL}/src/log.js")]);
    assert!(shipped.contains("// by the reviewer"), "{shipped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_error_that_wanders_from_test_to_test_is_shown_to_the_supervisor() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.red(3, "src/log.js");
    plant.tests.shifts();
    let guess = Act::Say("The sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    for n in 0..3 {
        // A comment alone would be the same program.
        let text = file("src/log.js", &format!("\nconst REPAIR = {n};"));
        let label = format!("fixing/file/src/log.js/{n}");
        plant.desk.on(&named(&label), 1, Act::Say(text));
    }
    let hint = verdict("hint", "Count from nought.");
    plant.desk.on(&named("review/verdict/0"), 1, hint);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(verdicts(&plant), ["S5 L4"], "{:?}", plant.moves());
    let asked = plant.desk.prompt(&named("review/verdict/0"));
    assert!(
        asked.contains("the first error is the same in 3 cycles"),
        "{asked}"
    );
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_send_back_by_a_model_asks_a_person() {
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}[ladder]\ntakeovers = 0\n"));
    plant.desk.on(
        &named("review/verdict"),
        3,
        verdict("send-back", "The sign is wrong."),
    );
    for n in 0..2 {
        let text = file("src/log.js", &format!("repair {n}"));
        let label = format!("fixing/file/src/log.js/{n}");
        plant.desk.on(&named(&label), 1, Act::Say(text));
    }
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    assert_eq!(verdicts(&plant), ["S14 L6"]);
    let item = plant.item(TOOL);
    assert_eq!(item.status, ItemStatus::NeedsHuman);
    let why = item.reason.unwrap();
    assert!(
        why.starts_with("S14: after 2 send-backs") && why.contains("The sign is wrong."),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_that_goes_back_and_forth_is_written_by_the_supervisor_in_the_end() {
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}[ladder]\ndiagnoses = 1\n"));
    let reject = "```json\n{\"notes\":\"R1 allows two results.\",\"ambiguous\":[\"R1\"],\"verdict\":\"reject\"}\n```\n";
    plant.desk.on(
        &named("spec-review/verdict"),
        4,
        Act::Say(reject.to_owned()),
    );
    plant.desk.on(
        &named("review/verdict/0"),
        1,
        verdict("hint", "Say which of the two R1 means."),
    );
    let spec = homes::reply(&named("spec/template/0")).unwrap();
    let mine = spec.replacen("a blank task", "an empty task", 1);
    plant
        .desk
        .on(&named("review/template/0"), 1, Act::Say(mine));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(
        verdicts(&plant),
        [
            "S16 the Supervisor, or you, say what is wrong",
            "S16 the Supervisor, or you, write what fails"
        ]
    );
    let moves = plant.moves();
    assert!(
        moves.contains(&"review takeover spec-review".to_owned()),
        "{moves:?}"
    );
    let levels: Vec<u8> = plant
        .each_move(|made| made.escalation.as_ref().map(|e| e.level))
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(levels, [4, 5]);
    let kept = plant.read(&format!("dev-factory/specs/{TOOL}.md"));
    assert!(kept.contains("an empty task"), "{kept}");
    assert_eq!(plant.factory().phase, Phase::Idle);
}
