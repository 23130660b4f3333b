//! What goes to the operator's desk: pager, clipboard, files, calls; and the mouse.

use crate::night::{night, snapshot};
use crate::screen::{at, press, tell, words};
use dev_factory::domain::screen::{Kind, Level, LogLine, Need};
use dev_factory::factory::ports::desktop::{Bell, Clip};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::layer::Layer;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::mouse::{Did, Mouse};
use dev_factory::tui::tabs::Tab;
use std::sync::Arc;

fn said(model: &Model) -> &str {
    let answer = model.answer.as_ref();
    answer.map_or("", |(answer, _)| &answer.sentence)
}

#[test]
fn the_pager_gets_what_a_tab_shows_and_all_wanted_lines_of_the_log() {
    let mut model = night("default");
    model.size = (120, 36);
    let effects = press(&mut model, "o");
    let [Effect::Page(name, text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(name, "factory");
    assert_eq!(*text, words(&mut model, (120, 36)).trim_end_matches('\n'));
    press(&mut model, "4/r4<Enter>");
    let effects = press(&mut model, "o");
    let [Effect::Page(name, text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(name, "logs");
    assert_eq!(text.lines().count(), model.book.count());
    assert!(
        text.lines().all(|line| line.to_lowercase().contains("r4")),
        "{text}"
    );
    assert!(text.starts_with("2026-11-22 "), "whole dates: {text}");
    tell(
        &mut model,
        Message::Paged(Err("the pager ended with 3".to_owned())),
    );
    assert_eq!(said(&model), "the pager ended with 3");
}

#[test]
fn the_clipboard_gets_the_line_of_the_cursor_and_nobody_says_copied() {
    let mut model = night("default");
    model.size = (120, 36);
    let held = LogLine {
        at: at(2, 41, 7),
        from: "gates".to_owned(),
        level: Level::Warn,
        tool: None,
        seq: Some(7),
        kind: Kind::Fail,
        text: "held-out 12 of 14\nR4 want 2, got 1\nR9 want exit 0".to_owned(),
    };
    tell(&mut model, Message::Lines(vec![Arc::new(held)]));
    press(&mut model, "4");
    let shown = words(&mut model, (120, 36));
    let rows: Vec<&str> = shown
        .lines()
        .filter(|row| row.contains("R9 want"))
        .collect();
    assert!(shown.contains("02:41:07 FAIL gates"), "{shown}");
    assert!(
        rows[0].starts_with("          "),
        "details have no label: {shown}"
    );
    // Any row of a line is the whole line.
    press(&mut model, "k");
    let expected = "2026-11-22 02:41:07 FAIL gates      - held-out 12 of 14";
    let effects = press(&mut model, "y");
    let [Effect::Clip(text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(
        text.starts_with(expected) && text.ends_with("R9 want exit 0"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 3);
    let bytes = b"\x1b]52;c;aGk=\x07".to_vec();
    let clip = Clip::Terminal(bytes.clone(), "3 lines sent to clipboard".to_owned());
    assert_eq!(
        tell(&mut model, Message::Clip(Ok(clip))),
        [Effect::Terminal(bytes)]
    );
    assert_eq!(said(&model), "3 lines sent to clipboard");
    // While following, what is in sight.
    let effects = press(&mut model, "Gy");
    assert!(matches!(effects.as_slice(), [Effect::Clip(text)] if text.lines().count() > 10));
}

#[test]
fn saving_shows_how_far_it_is_can_be_stopped_and_says_where() {
    let mut model = night("default");
    assert!(
        matches!(press(&mut model, "Y").as_slice(), [Effect::Keep(name, _)] if name == "factory")
    );
    press(&mut model, "4/r4<Enter>");
    let effects = press(&mut model, "Y");
    let [Effect::Export(filter, _)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(filter.text, "r4");
    assert!(words(&mut model, (80, 24)).ends_with("looking for the oldest line on disk; Y stops"));
    tell(&mut model, Message::Saving(12_000));
    assert!(words(&mut model, (80, 24)).ends_with("12000 lines saved; Y stops"));
    assert_eq!(press(&mut model, "Y"), [Effect::StopExport]);
    tell(
        &mut model,
        Message::Saved(Ok("stopped: the oldest 12000 lines are in /x".to_owned())),
    );
    assert!(said(&model).ends_with("are in /x"));
    assert!(
        matches!(press(&mut model, "Y").as_slice(), [Effect::Export(..)]),
        "again"
    );
}

#[test]
fn a_need_calls_once_and_only_when_it_begins() {
    let mut model = night("default");
    let need = |id: &str, hour| Need {
        id: id.to_owned(),
        why: format!("{id} waits"),
        waiting: String::new(),
        ways: Vec::new(),
        since: at(hour, 0, 0),
        blocking: false,
        ..Need::default()
    };
    let told = |model: &mut Model, needs: &[Need]| {
        let mut snapshot = snapshot();
        snapshot.needs = needs.to_vec();
        tell(model, Message::Snapshot(Arc::new(snapshot)))
    };
    let one = need("review:a", 1);
    assert_eq!(
        told(&mut model, std::slice::from_ref(&one)),
        [],
        "off unless set"
    );
    model.bell = Bell::Osc9;
    assert_eq!(
        told(&mut model, std::slice::from_ref(&one)),
        [],
        "known already"
    );
    let two = [one.clone(), need("park:b", 2)];
    let call = Effect::Ring(Bell::Osc9, "my-factory: park:b waits".to_owned());
    assert_eq!(told(&mut model, &two), [call]);
    assert_eq!(told(&mut model, &two), []);
    // One that went and comes back unchanged is no news; a new one of the same name is.
    assert_eq!(told(&mut model, &[]), []);
    assert_eq!(told(&mut model, &two), []);
    let again = [need("park:b", 3), need("host:c", 3)];
    let call = Effect::Ring(
        Bell::Osc9,
        "my-factory: park:b waits (and 1 more)".to_owned(),
    );
    assert_eq!(told(&mut model, &again), [call]);
    // What was snoozed calls nobody, until that is over.
    let snoozed = Need {
        quiet: Some(at(7, 0, 0)),
        ..again[0].clone()
    };
    assert_eq!(told(&mut model, &[again[1].clone(), snoozed]), []);
    let call = Effect::Ring(Bell::Osc9, "my-factory: park:b waits".to_owned());
    assert_eq!(told(&mut model, &again), [call]);
    // What waits when the screens are opened is on them.
    let mut opened = crate::screen::model("default");
    opened.bell = Bell::Bell;
    assert_eq!(told(&mut opened, &again), []);
    tell(&mut opened, Message::Ring(vec![7]));
}

fn mouse(model: &mut Model, did: Did, at: (u16, u16)) -> Vec<Effect> {
    tell(model, Message::Mouse(Mouse { did, at }))
}

/// Column and row of a text on the screen.
fn place(model: &mut Model, text: &str) -> (u16, u16) {
    let size = model.size;
    let all = words(model, size);
    let found = (0u16..).zip(all.lines()).find_map(|(row, line)| {
        let before = line.split_once(text)?.0.chars().count();
        Some((u16::try_from(before).unwrap(), row))
    });
    found.unwrap_or_else(|| panic!("{text} is not shown:\n{all}"))
}

#[test]
fn the_mouse_goes_to_tabs_takes_rows_and_scrolls() {
    let mut model = night("default");
    for size in [(120, 36), (80, 24), (60, 16)] {
        model.size = size;
        for tab in [Tab::Stats, Tab::Logs, Tab::Agents, Tab::Factory] {
            let there = place(&mut model, tab.name());
            mouse(&mut model, Did::Click, there);
            assert_eq!(model.tab, tab, "{size:?}");
        }
    }
    model.size = (120, 36);
    press(&mut model, "2");
    let there = place(&mut model, "Supervisor  ");
    mouse(&mut model, Did::Click, there);
    assert_eq!(model.agents.roles.cursor, 2);
    press(&mut model, "3");
    let there = place(&mut model, "✓ tool-17");
    mouse(&mut model, Did::Click, there);
    assert!(
        words(&mut model, (120, 36))
            .lines()
            .any(|row| row.starts_with(">✓ tool-17"))
    );
    press(&mut model, "4");
    let there = place(&mut model, "re-run 1 of 2");
    mouse(&mut model, Did::Click, there);
    let row = words(&mut model, (120, 36));
    assert!(
        row.lines()
            .any(|row| row.starts_with('>') && row.contains("re-run 1 of 2")),
        "{row}"
    );
    press(&mut model, "G");
    mouse(&mut model, Did::Up, (10, 10));
    assert!(model.logs.end.is_some());
    mouse(&mut model, Did::Down, (10, 10));
    assert!(model.logs.end.is_none(), "down to the newest follows again");
    // The topmost layer scrolls, and clicks behind it do nothing.
    press(&mut model, "?");
    mouse(&mut model, Did::Down, (10, 10));
    assert!(matches!(model.layers.last(), Some(Layer::Help(3))));
    let tab = model.tab;
    mouse(&mut model, Did::Click, (5, 0));
    assert_eq!(model.tab, tab);
    press(&mut model, "q1");
    let there = place(&mut model, "NEEDS YOU");
    mouse(&mut model, Did::Click, there);
    assert!(matches!(model.layers.last(), Some(Layer::Needs(card)) if card.at == 0));
}

#[test]
fn the_mouse_is_the_terminals_until_somebody_asks() {
    let mut model = night("default");
    assert!(!model.mouse);
    assert_eq!(press(&mut model, "m"), [Effect::Mouse(true)]);
    assert!(said(&model).contains("Shift"));
    assert_eq!(press(&mut model, "m"), [Effect::Mouse(false)]);
}
