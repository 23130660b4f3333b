//! Damage to the journal and its disposable fold.

use super::place::{Place, TOOL, sealed, unsealed};

#[test]
fn a_torn_end_is_named_and_cut_off_with_its_piece_kept() {
    let place = Place::new();
    let whole = place.bytes("journal.jsonl");
    let torn = [&whole[..], b"{\"seq\":9999,\"ts\":\"20"].concat();
    place.write("journal.jsonl", &torn);
    let lines = place.lines().len();
    place.mends(
        &format!("dev-factory/journal.jsonl, line {lines}: the last line is torn"),
        "a torn last line",
    );
    assert!(place.bytes("journal.jsonl").starts_with(&whole));
    assert!(place.text("journal/damaged.txt").contains("9999"));
    assert_eq!(place.copy("journal.jsonl"), torn);
}

#[test]
fn a_last_line_without_its_end_gets_it() {
    let place = Place::new();
    let whole = place.bytes("journal.jsonl");
    place.write("journal.jsonl", &whole[..whole.len() - 1]);
    place.mends("the last line has no line end", "it was added");
}

#[test]
fn a_damaged_line_is_named_and_stays_as_it_is() {
    let place = Place::new();
    let mut lines = place.lines();
    lines[6] = lines[6].replacen("\"ts\"", "\"tz\"", 1);
    place.put_lines("journal.jsonl", &lines);
    let before = place.bytes("journal.jsonl");
    for words in [&[][..], &["--repair"]] {
        let said = place.verify(words);
        let wrong = said.of("wrong");
        assert_eq!(wrong.len(), 2, "{wrong:#?}");
        assert!(
            wrong[0].starts_with("dev-factory/journal.jsonl, line 7: the line is damaged"),
            "{wrong:#?}"
        );
        assert!(
            wrong[1].starts_with("dev-factory/journal.jsonl, line 8: event 7 is missing"),
            "{wrong:#?}"
        );
        assert_eq!(said.code, Some(1));
        // The snapshot has read it when it was whole: it is not thrown away.
        assert!(
            said.of("note").iter().all(|note| note.contains("snapshot")),
            "{}",
            said.json
        );
    }
    assert_eq!(place.bytes("journal.jsonl"), before);
}

#[test]
fn events_that_are_missing_or_there_twice_are_named_by_number() {
    let place = Place::new();
    let lines = place.lines();
    let mut fewer = lines.clone();
    fewer.drain(2..5);
    place.put_lines("journal.jsonl", &fewer);
    let said = place.verify(&[]);
    assert!(
        said.of("wrong")[0].contains("journal.jsonl, line 3: events 3 to 5 are missing"),
        "{}",
        said.json
    );

    let mut more = lines.clone();
    more.insert(4, lines[1].clone());
    place.put_lines("journal.jsonl", &more);
    place.says("journal.jsonl, line 5: event 2 is there a second time");
}

#[test]
fn an_event_of_another_version_is_named() {
    let place = Place::new();
    let mut lines = place.lines();
    let seq = lines.len() + 1;
    let event = format!(
        "{{\"seq\":{seq},\"ts\":\"2027-01-01T00:00:00Z\",\"lane\":\"main\",\"tool\":null,\"actor\":\"engine\",\"kind\":\"dreamt\",\"data\":{{}}}}"
    );
    lines.push(sealed(&event));
    place.put_lines("journal.jsonl", &lines);
    place.says("is whole but not understood (unknown variant `dreamt`");
}

/// The first writes become a closed segment.
fn closed(place: &Place, name: &str) {
    let lines = place.lines();
    let whole = |line: &String| !line.contains("\"more\":true");
    let end = 20 + lines[19..].iter().position(whole).unwrap();
    place.put_lines(&format!("journal/{name}"), &lines[..end]);
    place.put_lines("journal.jsonl", &lines[end..]);
}

#[test]
fn closed_segments_are_read_whole_and_bear_their_first_number() {
    let place = Place::new();
    closed(&place, "1.jsonl");
    place.silent();
    let text = place.text("journal/1.jsonl");
    place.write(
        "journal/1.jsonl",
        text.replacen("\"lane\":\"main\"", "\"lane\":\"mine\"", 2),
    );
    let wrong = place.verify(&[]).of("wrong");
    assert!(
        wrong[0].starts_with("dev-factory/journal/1.jsonl, line 1: the line is damaged"),
        "{wrong:#?}"
    );

    let place = Place::new();
    closed(&place, "3.jsonl");
    place.mends(
        "journal/3.jsonl: it is named after event 3 but begins with event 1",
        "journal/3.jsonl was renamed to journal/1.jsonl",
    );
}

#[test]
fn a_fold_that_is_broken_or_differs_is_made_again() {
    for kind in ["rubbish", "differs"] {
        let place = Place::new();
        let text = place.text("journal/snapshot.json");
        let (changed, sentence) = match kind {
            "rubbish" => (
                text.replacen("\"seq\"", "\"sec\"", 1),
                "it cannot be used (its checksum is wrong)",
            ),
            _ => {
                let open = unsealed(&text);
                assert!(open.contains("\"shipped\":1"), "{open}");
                (
                    sealed(&open.replacen("\"shipped\":1", "\"shipped\":9", 1)),
                    "it differs from what the journal amounts to",
                )
            }
        };
        place.write("journal/snapshot.json", changed);
        place.mends(
            sentence,
            "journal/snapshot.json was made again from the journal",
        );
        assert!(
            place
                .text("journal/snapshot.json")
                .contains("\"shipped\":1")
        );
    }
}

#[test]
fn a_journal_that_lost_its_newest_events_is_told_by_its_fold() {
    let place = Place::new();
    let mut lines = place.lines();
    lines.truncate(lines.len() - 4);
    place.put_lines("journal.jsonl", &lines);
    let wrong = place.verify(&[]).of("wrong");
    let told = format!(
        "it knows event {} but the journal ends at {}",
        lines.len() + 4,
        lines.len()
    );
    assert!(wrong.iter().any(|one| one.contains(&told)), "{wrong:#?}");
    assert!(wrong.iter().all(|one| !one.contains(TOOL)), "{wrong:#?}");
}
