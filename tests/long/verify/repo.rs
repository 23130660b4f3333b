//! Damage to tags, merges, branches and the worktree.

use super::place::{PARKED, Place, TOOL, step};
use dev_factory::domain::phase::{Outcome, Phase};
use std::fs;

fn tag() -> String {
    format!("{TOOL}@1.0.0")
}

#[test]
fn a_tag_that_is_gone_is_made_again_at_the_same_commit() {
    let place = Place::new();
    let commit = place.git(&["rev-parse", &format!("{}^{{commit}}", tag())]);
    place.git(&["tag", "-d", &tag()]);
    place.mends(
        &format!(
            "tag {}: {TOOL} was shipped as commit {commit} and the tag is not there",
            tag()
        ),
        &format!("tag {} was made again at {commit}", tag()),
    );
    assert_eq!(
        place.git(&["rev-parse", &format!("{}^{{commit}}", tag())]),
        commit
    );
    assert_eq!(place.git(&["cat-file", "-t", &tag()]), "tag");
}

#[test]
fn a_tag_that_was_moved_or_made_by_hand_is_told() {
    let place = Place::new();
    place.git(&["tag", "-f", &tag(), "main~1"]);
    place.says(&format!("tag {}: it stands for commit ", tag()));
    assert_eq!(place.verify(&["--repair"]).code, Some(1));

    let place = Place::new();
    place.git(&["tag", "stranger@1.0.0", "main"]);
    place.git(&["tag", "a-tag-of-peoples", "main"]);
    place.says("tag stranger@1.0.0: it stands for commit ");
}

#[test]
fn a_main_that_was_rewound_is_told() {
    let place = Place::new();
    place.git(&["reset", "-q", "--soft", "main~1"]);
    let wrong = place.verify(&[]).of("wrong");
    assert!(
        wrong
            .iter()
            .any(|one| one.contains("is not in main any more")),
        "{wrong:#?}"
    );
}

#[test]
fn a_ship_over_another_tree_than_was_measured_is_told_and_later_edits_are_not() {
    let place = Place::new();
    let file = place.home.join(format!("tools/{TOOL}/README.md"));
    fs::write(&file, "Edited by a person after it was shipped.\n").unwrap();
    let who = ["-c", "user.name=t", "-c", "user.email=t@t"];
    place.git(&[&who[..], &["commit", "-qam", "edited"]].concat());
    place.silent();

    let lines = place.lines();
    let shipped = place.git(&["rev-parse", &format!("{}^{{commit}}", tag())]);
    let edited = place.git(&["rev-parse", "main"]);
    place.git(&["tag", "-f", &tag(), "main"]);
    let changed: Vec<String> = lines
        .iter()
        .map(|line| match line.contains(&shipped) {
            true => super::place::sealed(&super::place::unsealed(line).replace(&shipped, &edited)),
            false => line.clone(),
        })
        .collect();
    assert_ne!(changed, lines);
    place.put_lines("journal.jsonl", &changed);
    place.says("which the gates measured; reopen the tool");
}

#[test]
fn the_branch_of_work_that_waits_is_made_again() {
    let place = Place::new();
    let branch = format!("tool/{PARKED}");
    let commit = place.git(&["rev-parse", &branch]);
    place.git(&["branch", "-D", &branch]);
    place.mends(
        &format!("branch {branch}: {PARKED} is not finished and its branch is not there"),
        &format!("branch {branch} was made again at {commit}"),
    );
    assert_eq!(place.git(&["rev-parse", &branch]), commit);

    place.git(&["branch", "-f", &branch, "main~1"]);
    place.says(&format!("branch {branch}: it does not hold {commit}"));
}

#[test]
fn a_worktree_left_behind_is_put_away_with_what_was_not_saved_in_it() {
    let place = Place::new();
    let branch = format!("tool/{PARKED}");
    let work = place.path("work");
    place.git(&["worktree", "add", "-q", work.to_str().unwrap(), &branch]);
    fs::create_dir_all(work.join(format!("tools/{PARKED}"))).unwrap();
    fs::write(
        work.join(format!("tools/{PARKED}/notes.md")),
        "not saved yet\n",
    )
    .unwrap();
    place.mends(
        &format!("dev-factory/work: it holds {branch}, and no tool is under way"),
        "dev-factory/work was put away",
    );
    assert!(!work.exists());
    let kept = place.git(&["show", &format!("{branch}:tools/{PARKED}/notes.md")]);
    assert_eq!(kept, "not saved yet");
}

#[test]
fn a_ship_that_was_cut_short_is_a_note_for_the_engine_to_go_on_with() {
    let place = Place::new();
    place.commit(vec![step(Phase::Idle, Outcome::Unshelved, Phase::Review)]);
    place.git(&["tag", &format!("{TOOL}@1.1.0"), "main"]);
    let notes = place.verify(&[]).of("note");
    assert!(
        notes
            .iter()
            .any(|note| note.contains("a ship was cut short")),
        "{notes:#?}"
    );
}
