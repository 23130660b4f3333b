//! Rewind brings back the papers of then, whatever else happens.

use crate::commands::all_done;
use crate::doubles::Act;
use crate::homes::{self, TOOL};
use crate::plant::Plant;
use dev_factory::adapters::store::{answered, submit};
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::phase::{Outcome, Phase};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

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

/// As a power cut right behind the first whole write that says so would leave the journal.
fn cut_behind(plant: &Plant, word: &str) {
    let path = plant.home.join("dev-factory/journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let said = text.find(word).unwrap();
    // Lines of one write say that more belongs to them; but for the last.
    let lines = text.split_inclusive('\n').scan(0, |end, line| {
        *end += line.len();
        Some((*end, line))
    });
    let last = |(end, line): &(usize, &str)| *end > said && !line.contains("\"more\":true");
    let (end, _) = lines.into_iter().find(last).unwrap();
    fs::write(&path, &text[..end]).unwrap();
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
    let journal = plant.journal();
    let last = journal.iter().rev().find_map(|event| match &event.body {
        EventBody::Move(step) => Some(step.outcome),
        _ => None,
    });
    assert_eq!(last, Some(Outcome::Rewound));
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
        let with = format!("'use strict';\n\nconst NOTE = '{word}.';\n");
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

/// A home paused in review, red once and fixed, with the commits of its two moves into qa.
async fn reviewed() -> (Plant, [String; 2]) {
    let plant = Plant::new(&[TOOL]);
    plant.tests.red(1, "src/log.js");
    let guess = Act::Say("The sum is off by one.".to_owned());
    plant.desk.on(&named("qa/hypothesis"), u32::MAX, guess);
    let file = homes::reply(&named("coding/file/src/log.js/0")).unwrap();
    let other = file.replacen(
        "'use strict';\n",
        "'use strict';\n\nconst NOTE = 'Mended.';\n",
        1,
    );
    plant
        .desk
        .on(&named("fixing/file/src/log.js/0"), 1, Act::Say(other));
    let review = plant.desk.hold(&named("review/verdict/0"));
    let mut engine = plant.start();
    review.reached(1).await;
    plant
        .told(Verb::Pause {
            scope: None,
            reason: None,
            until: None,
        })
        .await;
    engine.until("pausing", |s| s.pausing).await;
    engine.stop().await;
    let commits = plant.each_move(|m| (m.to == Phase::Qa).then(|| m.commit.clone()).flatten());
    let commits: Vec<String> = commits.into_iter().flatten().collect();
    (plant, commits.try_into().unwrap())
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    let done = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(done.unwrap().success());
}

/// A verb that is killed at the next kind of step of which the file does not know yet; true: it came to its end.
fn verb(plant: &Plant, steps: &Path, words: &[&str]) -> bool {
    let dir = plant.home.parent().unwrap();
    let ended = homes::program(dir, &["--home", plant.home.to_str().unwrap()])
        .args(words)
        .env("FAULT_STEPS", format!("kill-kinds:{}", steps.display()))
        .output()
        .unwrap();
    match ended.status.signal() {
        Some(signal) => assert_eq!(signal, 9, "{ended:?}"),
        None => assert!(ended.status.success(), "{ended:?}"),
    }
    ended.status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewind_cut_at_any_kind_of_step_is_done_or_undone_and_nothing_is_lost() {
    let (plant, [coded, mended]) = reviewed().await;
    let dir = plant.home.parent().unwrap().to_path_buf();
    // It names this process, which lives on.
    fs::write(plant.home.join("dev-factory/engine.lock"), "").unwrap();
    let whole = dir.join("whole");
    copy(&plant.home, &whole);
    // What every verb does is cut elsewhere.
    let common = dir.join("common");
    while !verb(&plant, &common, &["pause", "--scope", "qa"]) {
        copy(&whole, &plant.home);
    }
    copy(&whole, &plant.home);
    let branch = format!("tool/{TOOL}");
    let main = plant.git(&["rev-parse", "main"]);
    // The second one is cut where it does something else than the first.
    let steps = common;
    let (mut done, mut undone) = (0, 0);
    for (to, wanted) in [(Phase::Fixing, &coded), (Phase::Coding, &main)] {
        let target = first(&plant, to);
        loop {
            let ended = verb(&plant, &steps, &["rewind", &target.to_string()]);
            let mut engine = plant.start();
            engine.until("begun", |s| s.phase.active()).await;
            // It has looked at the files before it hears of anything new.
            plant.refused(Verb::Retry {}).await;
            engine.stop().await;
            let moves = plant.each_move(|m| (m.outcome, m.to));
            let tip = plant.git(&["rev-parse", &branch]);
            let held = plant.git(&["branch", "--contains", &mended, "--format=%(refname:short)"]);
            let facts = plant.facts(TOOL);
            if *moves.last().unwrap() == (Outcome::Rewound, to) {
                done += 1;
                assert_eq!((&tip, facts.commit.as_ref()), (wanted, Some(wanted)));
                let tree = plant.git(&["rev-parse", &format!("{wanted}^{{tree}}")]);
                let now = plant.git(&["-C", "dev-factory/work", "write-tree"]);
                assert_eq!(now, tree);
                assert!(facts.tree.is_some());
                assert!(held.contains(&format!("kept/{TOOL}/")), "{held}");
            } else {
                undone += 1;
                assert_eq!(moves.last().unwrap().1, Phase::Review);
                assert_eq!((&tip, facts.commit.as_ref()), (&mended, Some(&mended)));
                assert_eq!(held, branch);
            }
            if ended {
                break;
            }
            copy(&whole, &plant.home);
        }
        copy(&whole, &plant.home);
    }
    assert!(done > 4 && undone > 1, "{done} done, {undone} undone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewind_torn_in_its_write_is_answered_once_by_what_then_happened() {
    let (plant, [_, mended]) = reviewed().await;
    let target = first(&plant, Phase::Fixing);
    let asked = plant.command(Verb::Rewind { seq: target });
    submit(&plant.home, &asked).unwrap();
    let mut engine = plant.start();
    engine.phase(Phase::Fixing).await;
    engine.stop().await;
    // As a cut right behind the answer, which is not the last line of the write: it never happened.
    let path = plant.home.join("dev-factory/journal.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let line = |line: &&str| line.contains("\"answered\"") && line.contains(&asked.id);
    let at = text.split_inclusive('\n').find(line).unwrap();
    assert!(at.contains("\"more\":true"), "{at}");
    let end = text.find(at).unwrap() + at.len();
    fs::write(&path, &text[..end]).unwrap();
    let _ = fs::remove_file(plant.home.join("dev-factory/journal/snapshot.json"));
    fs::remove_file(
        plant
            .home
            .join(format!("dev-factory/commands/done/{}.json", asked.id)),
    )
    .unwrap();
    plant.git(&[
        "-C",
        "dev-factory/work",
        "reset",
        "--quiet",
        "--hard",
        &mended,
    ]);
    submit(&plant.home, &asked).unwrap();
    let mut engine = plant.start();
    engine.phase(Phase::Fixing).await;
    engine.stop().await;
    let given = answered(&plant.home, &asked.id).unwrap();
    assert!(given.accepted, "{}", given.sentence);
    let events = plant.journal();
    let about = |body: &EventBody| matches!(body, EventBody::Answered { command, .. } if command.id == asked.id);
    assert_eq!(events.iter().filter(|e| about(&e.body)).count(), 1);
    let moves = plant.each_move(|m| m.outcome);
    assert_eq!(moves.last(), Some(&Outcome::Rewound));
}
