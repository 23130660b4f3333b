//! Agents by keys: its panes, the turn that Enter opens, what is found, and the host that is meant.

use crate::night::{night, snapshot};
use crate::screen::{at, press, tell, words};
use crate::tool_past::{TOOL, keys};
use dev_factory::domain::command::Verb;
use dev_factory::domain::screen::Snapshot;
use dev_factory::tui::action::Action;
use dev_factory::tui::effect::Effect;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::offer;
use dev_factory::tui::tabs::{Staff, Tab};
use dev_factory::tui::tool::Section;
use serde_json::json;
use std::sync::Arc;

/// The night with turns that the journal has, and two hosts.
fn staffed() -> Snapshot {
    let turn = |seq: u64, minute: u32, label: &str| {
        json!({"seq": seq, "at": at(2, minute, 0), "label": format!("{TOOL}/{label}"), "host": "gpu1",
            "sent": 1, "read": 1, "written": 1, "thought": null, "millis": 1000, "speed": null,
            "ended": "stop", "ok": true})
    };
    let developer = [
        turn(1810, 1, "coding/file/src/group.js/0"),
        turn(1822, 28, "fixing/file/src/group.js/0"),
    ];
    let qa = [turn(1806, 20, "spec-review/cases/0")];
    let mut s = snapshot();
    s.seq = 1846;
    s.agents[0].facts.turns = serde_json::from_value(json!(developer)).unwrap();
    s.agents[1].facts.turns = serde_json::from_value(json!(qa)).unwrap();
    let hosts = json!([{"host": "gpu1", "kind": "ollama"}, {"host": "gpu2", "kind": "ollama"}]);
    s.servers = serde_json::from_value(hosts).unwrap();
    s
}

fn told(s: &Snapshot) -> Model {
    let mut model = night("default");
    model.size = (120, 36);
    tell(&mut model, Message::Snapshot(Arc::new(s.clone())));
    press(&mut model, "2");
    model
}

/// The turn that is open in the Tool view.
fn open(model: &Model) -> Option<&str> {
    let view = model.tool.as_ref()?;
    assert_eq!((view.name.as_str(), view.section), (TOOL, Section::Turns));
    view.shelves[Section::Turns.index()].open.as_deref()
}

#[test]
fn enter_opens_the_turn_of_the_cursor_else_the_newest_of_the_role() {
    let mut model = told(&staffed());
    keys(&mut model, "<Enter>");
    assert_eq!(open(&model), Some("1822"));
    assert!(words(&mut model, (120, 36)).contains("The key must be trimmed."));
    keys(&mut model, "q");
    assert_eq!(
        (model.tab, open(&model)),
        (Tab::Tool, None),
        "the list of turns"
    );
    keys(&mut model, "qj<Enter>");
    assert_eq!(open(&model), Some("1806"), "of the role of the cursor");
    // In the pane of turns it is the cursor's, of whatever role.
    keys(&mut model, "qqk<Tab><Tab><Tab>jj<Enter>");
    assert_eq!(open(&model), Some("1810"));
    // Where there is little room only the turns of the role are listed.
    keys(&mut model, "qq");
    model.size = (80, 24);
    keys(&mut model, "gj<Enter>");
    assert_eq!(open(&model), Some("1810"));
    // A role without a turn opens nothing, and nothing is offered.
    keys(&mut model, "qq<Esc>jj");
    assert!(offer::key(&model, Action::Open).is_none());
    keys(&mut model, "<Enter>");
    assert_eq!(model.tab, Tab::Agents);
}

#[test]
fn turns_are_found_by_a_text_and_esc_shows_all_again() {
    let mut model = told(&staffed());
    keys(&mut model, "/SPEC-rev<Enter>");
    let text = words(&mut model, (120, 36));
    assert!(text.contains("Last turns with \"SPEC-rev\""), "{text}");
    assert!(
        text.contains("spec-review") && !text.contains("fixing  "),
        "{text}"
    );
    keys(&mut model, "<Enter>");
    assert_eq!(open(&model), Some("1806"));
    keys(&mut model, "qq/zzz<Enter>");
    assert!(words(&mut model, (120, 36)).contains("Esc shows all"));
    keys(&mut model, "<Esc>");
    assert!(words(&mut model, (120, 36)).contains("spec-review"));
    assert_eq!(model.agents.focus, Staff::Turns);
    keys(&mut model, "<Esc>");
    assert_eq!(model.agents.focus, Staff::Roles);
}

#[test]
fn the_host_of_the_cursor_is_looked_at_and_asked() {
    let mut model = told(&staffed());
    assert_eq!(press(&mut model, "d"), [Effect::Doctor("gpu1".to_owned())]);
    assert_eq!(press(&mut model, "jd"), [Effect::Doctor("gpu2".to_owned())]);
    // In the pane of hosts it is the one of the cursor, whatever the role works with.
    press(&mut model, "<Tab><Tab>");
    assert_eq!(press(&mut model, "d"), [Effect::Doctor("gpu1".to_owned())]);
    let host = Some("gpu2".to_owned());
    let probe = Effect::Send(Verb::Probe { host }, None);
    assert_eq!(press(&mut model, "jr"), [probe]);
    // Without a host there is nothing to look at.
    let mut s = staffed();
    s.agents[0].model = "operator".to_owned();
    let mut model = told(&s);
    assert!(offer::key(&model, Action::Doctor).is_none());
    assert_eq!(press(&mut model, "d"), []);
    // A reader starts nothing.
    let mut model = told(&staffed());
    model.readonly = true;
    assert_eq!(press(&mut model, "d"), []);
}

#[test]
fn a_pane_alone_ends_with_its_tab() {
    let mut model = told(&staffed());
    press(&mut model, "<Tab><Tab>z");
    let text = words(&mut model, (120, 36));
    assert!(
        text.contains("Hosts") && !text.contains("Last turns"),
        "{text}"
    );
    press(&mut model, "1");
    assert!(!model.zoom);
    assert!(words(&mut model, (120, 36)).contains("Since you looked"));
}
