//! Damage to state.json, control.json, the wishlist and BRIEF.md.

use super::place::{PARKED, Place, TOOL};
use serde_json::Value;

#[test]
fn a_state_that_is_gone_or_cannot_be_read_is_written_again() {
    let place = Place::new();
    place.remove("state.json");
    place.mends(
        "dev-factory/state.json: it is not there",
        "state.json was missing",
    );
    assert!(place.text("state.json").contains("\"phase\": \"idle\""));

    let place = Place::new();
    place.write(
        "state.json",
        "{\n  \"phase\": \"idle\",\n  \"currentTool\": nothing\n}\n",
    );
    place.mends(
        "dev-factory/state.json, line 3: it cannot be read",
        "written anew from the journal",
    );
    assert!(
        String::from_utf8(place.copy("state.json"))
            .unwrap()
            .contains("nothing")
    );
}

#[test]
fn a_state_behind_the_journal_follows_and_other_keys_stay() {
    let place = Place::new();
    let old = "{\"currentTool\":\"half-done\",\"phase\":\"spec\",\"cycleCount\":0,\"startedAt\":null,\"lastUpdate\":";
    let journal = place.lines();
    let picked = journal
        .iter()
        .rev()
        .find(|line| line.contains("\"picked\""))
        .unwrap();
    let event: Value = serde_json::from_str(picked).unwrap();
    place.write("state.json", format!("{old}{},\"mine\":1}}", event["ts"]));
    place.notes("the journal idle; somebody has put an old copy of it back");
    // Without the fold a start reads the whole journal, and knows it for its own.
    place.remove("journal/snapshot.json");
    place.mends(
        "it is behind the journal: it says half-done in spec, cycle 0, and the journal idle",
        "it was brought up",
    );
    assert!(place.text("state.json").contains("\"mine\": 1"));
}

#[test]
fn a_claim_of_another_program_is_told_and_left_alone() {
    let place = Place::new();
    let text = place.text("state.json").replace("\"idle\"", "\"review\"");
    place.write("state.json", &text);
    place.notes("dev-factory/state.json: it says review, and the journal idle; another program has written it");
    assert_eq!(place.verify(&["--repair"]).code, Some(0));
    assert_eq!(place.text("state.json"), text);
}

#[test]
fn a_claim_beside_something_to_mend_is_copied_and_stays() {
    let place = Place::new();
    let text = place.text("state.json").replace("\"idle\"", "\"review\"");
    place.write("state.json", &text);
    place.write("BRIEF.md", "something else\n");
    let said = place.verify(&["--repair"]);
    let done = said.json["repaired"].to_string();
    assert!(done.contains("BRIEF.md was written anew"), "{done}");
    assert_eq!((said.code, said.of("wrong").len()), (Some(0), 0));
    assert_eq!(place.text("state.json"), text);
    assert_eq!(place.copy("state.json"), text.as_bytes());
}

#[test]
fn a_control_that_differs_is_written_again() {
    let place = Place::new();
    place.remove("control.json");
    place.says("dev-factory/control.json: it is not there");
    assert_eq!(place.verify(&["--repair"]).code, Some(0));
    place.silent();

    let place = Place::new();
    let text = place.text("control.json");
    let other = text.replacen("\"pauses\": []", "\"pauses\": [{\"id\":\"pause-9\",\"kind\":\"operator\",\"by\":\"x\",\"scope\":\"factory\",\"reason\":\"r\",\"since\":\"2026-01-01T00:00:00Z\"}]", 1);
    assert_ne!(other, text);
    place.write("control.json", &other);
    place.says("dev-factory/control.json: its pauses differ from the journal");
    assert_eq!(place.verify(&["--repair"]).code, Some(0));
    place.silent();
    assert_eq!(place.copy("control.json"), other.as_bytes());

    let place = Place::new();
    place.write("control.json", "{}");
    place.mends(
        "dev-factory/control.json: it cannot be read",
        "control.json was not readable",
    );
}

#[test]
fn the_engines_fields_of_the_wishlist_come_back_and_peoples_words_stay() {
    let place = Place::new();
    let mut list: Value = serde_json::from_str(&place.text("wishlist.json")).unwrap();
    let items = list["items"].as_array_mut().unwrap();
    let at = items.iter().position(|item| item["name"] == TOOL).unwrap();
    items[at]["status"] = "wanted".into();
    items[at]["idea"] = "A better idea".into();
    items[at]["priority"] = 7.into();
    items[at]["mine"] = true.into();
    place.write("wishlist.json", list.to_string());
    place.mends(
        &format!("the status of {TOOL} is \"wanted\" and the journal has \"shipped\""),
        "has the engine's fields as the journal has them",
    );
    let list: Value = serde_json::from_str(&place.text("wishlist.json")).unwrap();
    let item = &list["items"][at];
    assert_eq!(
        (&item["status"], &item["idea"]),
        (&"shipped".into(), &"A better idea".into())
    );
    assert_eq!(
        (&item["priority"], &item["mine"]),
        (&7.into(), &true.into())
    );
}

#[test]
fn a_mistake_in_the_wishlist_is_named_with_its_line_and_an_item_taken_out_is_told() {
    let place = Place::new();
    let text = place.text("wishlist.json");
    place.write(
        "wishlist.json",
        text.replacen("\"items\": [", "\"items\": [\n,", 1),
    );
    let said = place.says("dev-factory/wishlist.json, line 3: ");
    assert!(
        said.of("wrong")[0].contains("put it right by hand"),
        "{}",
        said.json
    );

    let mut list: Value = serde_json::from_str(&text).unwrap();
    list["items"]
        .as_array_mut()
        .unwrap()
        .retain(|item| item["name"] != PARKED);
    place.write("wishlist.json", list.to_string());
    place.notes(&format!("{PARKED} is in the journal and not in the list"));
}

#[test]
fn a_brief_that_is_gone_or_stale_is_written_anew() {
    let place = Place::new();
    let text = place.text("BRIEF.md");
    place.remove("BRIEF.md");
    place.mends(
        "dev-factory/BRIEF.md: it is not there",
        "BRIEF.md was written anew",
    );
    assert_eq!(place.text("BRIEF.md"), text);
    place.write("BRIEF.md", "# Brief: half-done, coding\n");
    place.says("it does not tell of the present phase");
}
