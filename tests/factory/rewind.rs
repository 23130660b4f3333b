//! Rewind brings back the papers of then, whatever else happens.

use crate::commands::all_done;
use crate::doubles::Act;
use crate::homes::{self, TOOL};
use crate::plant::Plant;
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::phase::{Outcome, Phase};
use std::fs;

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

/// Number of the first move into a phase.
fn first(plant: &Plant, to: Phase) -> u64 {
    let is = |body: &EventBody| matches!(body, EventBody::Move(m) if m.to == to);
    let events = plant.journal();
    events.iter().find(|e| is(&e.body)).unwrap().seq
}

fn paper(plant: &Plant, folder: &str, file: &str) -> String {
    plant.read(&format!("dev-factory/{folder}/{TOOL}/{file}"))
}

/// As a power cut right behind the first whole line that says so would leave the journal.
fn cut_behind(plant: &Plant, word: &str) {
    let path = plant.home.join("dev-factory/journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let end = text
        .find(word)
        .map(|at| at + text[at..].find('\n').unwrap() + 1);
    fs::write(&path, &text[..end.unwrap()]).unwrap();
    let _ = fs::remove_file(plant.home.join("dev-factory/journal/snapshot.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_behind_a_rewind_does_not_lose_the_spec_and_cases_of_then() {
    let plant = Plant::new(&[TOOL]);
    let spec = homes::reply(&named("spec/template/0")).unwrap();
    let other = spec.replacen("a blank task", "an empty task", 1);
    assert_ne!(spec, other);
    plant.desk.on(&named("spec/template/1"), 1, Act::Say(other));
    let cases = homes::reply(&named("spec-review/cases/0")).unwrap();
    let cases = cases.replacen("\"H16\"", "\"H17\"", 1);
    // Three answers made the first set; these make the second.
    for n in 3..6 {
        let label = named(&format!("spec-review/cases/{n}"));
        plant.desk.on(&label, 1, Act::Say(cases.clone()));
    }
    let review = plant.desk.hold(&named("review/verdict/0"));
    let mut engine = plant.start();
    review.reached(1).await;
    let target = first(&plant, Phase::Coding);
    let coding = plant.desk.hold(&named("coding/file/src/log.js/1"));
    plant
        .told(Verb::Decide {
            item: None,
            decision: Decision::Respec,
            text: Some("Say what a blank task is.".to_owned()),
            case: None,
            file: None,
        })
        .await;
    coding.reached(1).await;
    assert_eq!(
        (plant.facts(TOOL).specs, plant.facts(TOOL).case_sets),
        (2, 2)
    );
    plant.told(Verb::Rewind { seq: target }).await;
    coding.reached(2).await;
    engine.stop().await;
    cut_behind(&plant, "\"outcome\":\"rewound\"");
    let last = plant.journal().pop().unwrap().body;
    assert!(matches!(last, EventBody::Move(m) if m.outcome == Outcome::Rewound));
    let facts = plant.facts(TOOL);
    assert_eq!((facts.specs, facts.case_sets), (3, 3));
    let specs = [1, 2, 3].map(|n| paper(&plant, "specs", &format!("{n}.md")));
    assert!(specs[0] == specs[2] && specs[0] != specs[1]);
    assert_eq!(
        specs[2],
        plant.read(&format!("dev-factory/specs/{TOOL}.md"))
    );
    let sets = [1, 2, 3].map(|n| paper(&plant, "acceptance", &format!("{n}.jsonl")));
    assert!(sets[0] == sets[2] && sets[0] != sets[1]);
    // The next engine goes on from there.
    coding.open();
    review.open();
    engine = plant.start();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bug_reports_of_then_are_open_again_and_no_later_ones() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.red(2, "src/log.js");
    let guess = Act::Say("The sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    let file = homes::reply(&named("coding/file/src/log.js/0")).unwrap();
    let noted = |word: &str| {
        let with = format!("'use strict';\n\n// {word}.\n");
        Act::Say(file.replacen("'use strict';\n", &with, 1))
    };
    plant
        .desk
        .on(&named("fixing/file/src/log.js/0"), 1, noted("First"));
    let second = plant.desk.hold(&named("fixing/file/src/log.js/1"));
    let engine = plant.start();
    second.reached(1).await;
    let open = |plant: &Plant| -> Vec<u32> {
        let facts = plant.facts(TOOL);
        facts.open_bugs.iter().map(|bug| bug.n).collect()
    };
    assert_eq!(open(&plant), [2]);
    let target = first(&plant, Phase::Fixing);
    plant.told(Verb::Rewind { seq: target }).await;
    second.reached(2).await;
    assert_eq!(open(&plant), [1]);
    // Rewound once more, to the rewound move itself.
    let is = |body: &EventBody| matches!(body, EventBody::Move(m) if m.outcome == Outcome::Rewound);
    let again = plant.journal().iter().find(|e| is(&e.body)).unwrap().seq;
    plant.told(Verb::Rewind { seq: again }).await;
    second.reached(3).await;
    assert_eq!(open(&plant), [1]);
    let prompt = plant.desk.prompt(&named("fixing/file/src/log.js/1"));
    assert!(
        prompt.contains("BUG-1 ") && !prompt.contains("BUG-2 "),
        "{prompt}"
    );
    engine.stop().await;
}
