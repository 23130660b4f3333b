//! Damage to papers and evidence.

use super::place::{Place, TOOL};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::swept::Swept;

/// One paper is damaged and put back from main, byte for byte.
fn put_back(name: &str, damage: impl Fn(&Place, &str), sentence: &str) {
    let place = Place::new();
    let before = place.bytes(name);
    damage(&place, name);
    place.mends(
        &format!("dev-factory/{name}: {sentence}"),
        &format!("dev-factory/{name} was put back from main"),
    );
    assert_eq!(place.bytes(name), before);
}

#[test]
fn papers_that_are_gone_come_back_from_what_was_shipped() {
    for name in [
        format!("specs/{TOOL}/1.md"),
        format!("acceptance/{TOOL}/1.jsonl"),
        format!("bugs/{TOOL}/BUG-1.md"),
        format!("reviews/{TOOL}/1.md"),
        format!("evidence/{TOOL}/1.json"),
    ] {
        put_back(
            &name,
            Place::remove,
            "it is in the journal and not there (event ",
        );
    }
}

#[test]
fn papers_that_differ_from_the_journal_are_told_by_what_it_keeps_of_them() {
    let change = |from: &'static str, to: &'static str| {
        move |place: &Place, name: &str| {
            let text = place.text(name);
            assert!(text.contains(from), "{text}");
            place.write(name, text.replacen(from, to, 1));
        }
    };
    put_back(
        &format!("specs/{TOOL}/1.md"),
        change("e", "3"),
        "it is not the spec that was accepted: its hash differs from the journal",
    );
    put_back(
        &format!("acceptance/{TOOL}/1.jsonl"),
        |place, name| place.write(name, place.text(name) + "{}\n"),
        "it holds ",
    );
    put_back(
        &format!("evidence/{TOOL}/1.json"),
        change("\"run\": 1", "\"run\": 4"),
        "it is of run 4 over tree",
    );
    put_back(
        &format!("evidence/{TOOL}/1.json"),
        |place, name| {
            let mut evidence: serde_json::Value = serde_json::from_str(&place.text(name)).unwrap();
            for gate in evidence["gates"].as_array_mut().unwrap() {
                gate["passed"] = true.into();
            }
            place.write(name, evidence.to_string());
        },
        "its gates passed and the journal says they failed",
    );
    put_back(
        &format!("evidence/{TOOL}/2.json"),
        |place, name| place.write(name, "{"),
        "it cannot be read as evidence",
    );
    put_back(
        &format!("reviews/{TOOL}/1.md"),
        |place, name| place.write(name, ""),
        "it is empty",
    );
}

#[test]
fn the_current_spec_comes_back_from_its_numbered_copy() {
    let place = Place::new();
    let name = format!("specs/{TOOL}.md");
    let before = place.bytes(&name);
    place.write(&name, "# Another spec\n");
    place.mends(
        &format!("dev-factory/{name}: it is not the spec that was accepted"),
        &format!("dev-factory/{name} was put back from specs/{TOOL}/"),
    );
    assert_eq!(place.bytes(&name), before);
    assert_eq!(place.copy(&name), b"# Another spec\n");
}

#[test]
fn a_paper_without_a_copy_is_told_and_stays_gone() {
    let place = Place::new();
    let name = format!("reviews/{TOOL}/1.md");
    // Neither the file nor what main has of it is of use.
    place.write(&name, "");
    let who = ["-c", "user.name=t", "-c", "user.email=t@t"];
    place.git(&["add", "--force", &format!("dev-factory/{name}")]);
    place.git(&[&who[..], &["commit", "-qm", "emptied"]].concat());
    let said = place.says("it is empty (event ");
    assert!(
        said.of("wrong")[0].ends_with("put it back from a copy if you have one"),
        "{}",
        said.json
    );
    assert_eq!(place.verify(&["--repair"]).code, Some(1));
}

#[test]
fn papers_the_journal_does_not_know_are_worth_a_note() {
    let place = Place::new();
    place.write(&format!("bugs/{TOOL}/BUG-77.md"), "# BUG-77\n");
    place.notes(&format!(
        "dev-factory/bugs/{TOOL}/BUG-77.md: the journal does not speak of it"
    ));
}

#[test]
fn evidence_that_housekeeping_took_is_counted_and_not_missed() {
    let place = Place::new();
    let name = format!("evidence/{TOOL}/1.json");
    place.remove(&name);
    place.commit(vec![EventBody::Swept(Swept {
        evidence: vec![TOOL.to_owned()],
        files: 1,
        ..Swept::default()
    })]);
    let said = place.verify(&[]);
    assert_eq!(
        (said.of("wrong"), &said.json["rotated"]),
        (vec![], &1.into())
    );
    // What is there is still held against the journal.
    place.write(&name, "{}");
    place.says("it cannot be read as evidence");
}
