//! What lies over a tab: help, card, palette, questions, forms, decisions.

use super::picture::{everywhere, in_both_themes, text};
use super::plant::{self, TOOL, at, bad, judged, pressed, with};
use dev_factory::domain::command::Decision;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::{Need, Way};
use dev_factory::tui::action::TABLE;
use dev_factory::tui::model::Model;
use dev_factory::tui::tabs::Tab;
use std::sync::Arc;

#[test]
fn help_lists_the_keys_of_this_tab_and_scrolls_to_the_last() {
    everywhere("help", |size| pressed(bad(size), "?"));
    everywhere("help_logs", |size| pressed(bad(size), "4 ?"));
    for (number, tab) in (1..).zip(Tab::ALL) {
        let mut seen = String::new();
        let mut keys = format!("{number} ?");
        for _ in 0..TABLE.len() {
            seen.push_str(&text(&pressed(bad((80, 24)), &keys)));
            keys.push_str(" j");
        }
        for row in TABLE.iter() {
            let words: String = row.help.chars().take(40).collect();
            let listed = seen.contains(&words);
            assert_eq!(
                listed,
                row.place.holds(tab),
                "{} on {}",
                row.help,
                tab.name()
            );
        }
    }
}

#[test]
fn no_line_of_the_help_is_cut_in_a_window_of_80_columns() {
    for tab in Tab::ALL.into_iter().chain([Tab::Tool]) {
        let mut model = bad((80, 24));
        model.tab = tab;
        let mut model = pressed(model, "?");
        for _ in 0..6 {
            let text = text(&model);
            let mut rows = text.lines().filter(|row| row.starts_with(" │"));
            let cut = rows.find(|row| row.contains('…'));
            assert_eq!(cut, None, "{}\n{text}", tab.name());
            model = pressed(model, &"j ".repeat(10));
        }
    }
}

#[test]
fn the_help_ends_on_its_last_page_and_every_key_leads_back_at_once() {
    let shown = |keys: &str| text(&pressed(bad((80, 24)), keys));
    let down = format!("? {}", "j ".repeat(TABLE.len()));
    assert_eq!(shown(&down), shown("? G"));
    assert_ne!(shown(&format!("{down} k")), shown("? G"));
    assert_eq!(shown(&format!("{down} g")), shown("?"));
    // In a window that holds all of it nothing is scrolled.
    let tall = |keys: &str| text(&pressed(bad((120, 60)), keys));
    assert_eq!(tall("? j j"), tall("?"));
}

#[test]
fn the_card_tells_why_since_when_and_the_ways_out() {
    everywhere("card", |size| pressed(bad(size), "!"));
    everywhere("card_second", |size| pressed(bad(size), "! !"));
    let mut s = plant::snapshot();
    s.needs = vec![Need {
        id: "park:x".to_owned(),
        why: "this is a long story about 日本語 that goes on ".repeat(40),
        waiting: String::new(),
        ways: vec![Way::read(
            &"dev-factory unpark a-tool-with-a-name".repeat(6),
        )],
        since: at("22:10:00"),
        blocking: false,
        ..Need::default()
    }];
    everywhere("card_long", |size| pressed(with(size, s.clone()), "!"));
    s.needs.clear();
    everywhere("card_nothing", |size| pressed(with(size, s.clone()), "!"));
    let mut model = pressed(with((80, 24), s), "!");
    assert!(text(&model).contains("Nothing waits for you"));
    // What comes while the card is open is said, and no key takes a way out of it unseen.
    model.snapshot = Some(Arc::new(plant::snapshot()));
    let seen = text(&model);
    assert!(seen.contains("Something waits for you by now"), "{seen}");
    assert!(seen.contains("! shows the first of 3"), "{seen}");
    assert!(!seen.contains("1-9 choose"), "{seen}");
    assert!(text(&pressed(model, "!")).contains("Needs you 1 of 3"));
}

#[test]
fn what_was_snoozed_stays_on_the_card_and_calls_nobody() {
    let mut s = plant::snapshot();
    let quiet = s.needs.remove(0);
    s.needs.push(Need {
        quiet: Some(at("07:00:00")),
        ..quiet
    });
    let model = with((80, 24), s.clone());
    let line = |model: &Model| text(model).lines().nth(1).unwrap().to_owned();
    assert!(
        line(&model).starts_with(" ! NEEDS YOU 2   QA cannot work: gpu2"),
        "{}",
        line(&model)
    );
    let last = pressed(model, "! ! !");
    assert!(
        text(&last).contains("waiting   quiet until 07:00; costs nothing"),
        "{}",
        text(&last)
    );
    everywhere("card_quiet", |size| pressed(with(size, s.clone()), "! ! !"));
    s.needs.drain(..2);
    let model = with((80, 24), s);
    assert_eq!(line(&model), " nothing waits for you; 1 quiet until 07:00");
    assert!(
        text(&pressed(model, "!")).contains("Needs you 1 of 1, 1 quiet: Supervisor cannot review")
    );
}

#[test]
fn line_2_keeps_the_time_where_there_is_room_and_the_cause_where_there_is_not() {
    let line = |size| text(&bad(size)).lines().nth(1).unwrap().to_owned();
    let wide = line((120, 36));
    assert!(
        wide.contains("Supervisor cannot review: api.anthropic.com refused the key (401), …"),
        "{wide}"
    );
    assert!(wide.contains(", since 01:38"), "{wide}");
    assert!(line((80, 24)).contains("Supervisor cannot review: api.anthropic.com ref"));
    let narrow = line((60, 16));
    assert!(
        narrow.contains("Supervisor cannot review: api.ant"),
        "{narrow}"
    );
}

#[test]
fn the_palette_lists_what_fits_and_says_what_is_wrong() {
    for (name, keys) in [
        ("palette", ":"),
        ("palette_fitting", ": p a Down"),
        ("palette_problem", ": p a r k Space x Enter"),
        ("palette_none", ": x y z"),
    ] {
        everywhere(name, |size| pressed(bad(size), keys));
    }
}

#[test]
fn a_question_has_the_harmless_answer_focused() {
    everywhere("confirm", |size| pressed(bad(size), "X"));
    everywhere("confirm_yes", |size| pressed(bad(size), "X Tab"));
}

#[test]
fn a_form_shows_its_cursor_also_in_a_long_text() {
    let long = format!("E {} Left Left", "d e a r Space ".repeat(30));
    for (name, keys) in [
        ("form", "E"),
        ("form_long", long.as_str()),
        ("form_wide", "a 日 本 語 の 道 具 Left"),
    ] {
        everywhere(name, |size| pressed(bad(size), keys));
    }
}

#[test]
fn a_verdict_that_is_closed_says_why() {
    let mut s = plant::snapshot();
    everywhere("verdict_shelf", |size| pressed(with(size, s.clone()), "v"));
    s.phase = Phase::Review;
    let closed = [
        (Decision::Ship, "run 2 is red (held-out)"),
        (Decision::Takeover, "it was sent back 0 of 2 times"),
    ];
    s.judged = vec![judged(TOOL, false, &closed)];
    everywhere("verdict_closed", |size| {
        pressed(with(size, s.clone()), "v j")
    });
    s.judged = vec![judged(TOOL, true, &closed[..1])];
    s.escalation = Some(dev_factory::domain::state::Escalation {
        reason: "S4: the same".to_owned(),
        from: Phase::Fixing,
        level: 4,
    });
    everywhere("verdict_escalated", |size| {
        pressed(with(size, s.clone()), "v")
    });
}

#[test]
fn every_question_fits_every_size_and_has_its_words_in_both_themes() {
    let asked = [
        ("pause", "P l u n c h Tab"),
        ("limit", "b Tab Right"),
        ("limit_parked", "! ! ! 1"),
        ("requeue", "j j R Tab Right"),
        ("requeue_yes", "j j R Enter"),
        ("drop", "j j D w e b"),
        ("stop", "Q Right"),
        ("editor", "a o n e Enter 日 本 Enter"),
        ("editor_idea", "j j e"),
        ("address", "! ! 2"),
        ("snooze", "! 5"),
        ("card", "! j"),
        ("card_third", "! ! !"),
    ];
    for (name, keys) in asked {
        for size in [(120, 36), (80, 24), (60, 16)] {
            let picture = format!("ask_{name}_{}x{}", size.0, size.1);
            in_both_themes(&picture, &pressed(bad(size), keys));
        }
    }
}

#[test]
fn the_pane_that_has_the_focus_shows_its_cursor_and_what_is_under_it() {
    for (name, keys) in [
        ("queue", "j j j j j j j"),
        ("found", "/ c s v Enter"),
        ("live", "Tab Tab k"),
        ("timeline", "Tab Tab Tab k k"),
    ] {
        for size in [(120, 36), (80, 24), (60, 16)] {
            let picture = format!("focus_{name}_{}x{}", size.0, size.1);
            in_both_themes(&picture, &pressed(bad(size), keys));
        }
    }
}

#[test]
fn a_long_idea_is_wrapped_by_the_width_of_its_characters() {
    let mut s = plant::snapshot();
    s.queue[1].idea = format!("{}\n{}", "日本語の道具 ".repeat(20), "word ".repeat(60));
    for size in [(120, 36), (80, 24), (60, 16)] {
        let picture = format!("editor_wide_{}x{}", size.0, size.1);
        in_both_themes(&picture, &pressed(with(size, s.clone()), "j j e"));
    }
}
