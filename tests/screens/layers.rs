//! What lies over a tab: help, card, palette, questions, forms, decisions.

use super::picture::{both, in_both_themes, same, text};
use super::plant::{self, at, bad, pressed, with};
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::Need;
use dev_factory::tui::action::TABLE;
use dev_factory::tui::tabs::Tab;

#[test]
fn help_lists_the_keys_of_this_tab_and_scrolls_to_the_last() {
    same("help_80x24", &both(&pressed(bad((80, 24)), "?")));
    same("help_120x36", &text(&pressed(bad((120, 36)), "?")));
    same("help_logs_60x16", &text(&pressed(bad((60, 16)), "4 ?")));
    for (number, tab) in (1..).zip(Tab::ALL) {
        let mut seen = String::new();
        let mut keys = format!("{number} ?");
        for _ in 0..TABLE.len() {
            seen.push_str(&text(&pressed(bad((80, 24)), &keys)));
            keys.push_str(" j");
        }
        for row in TABLE {
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
fn the_card_tells_why_since_when_and_the_ways_out() {
    in_both_themes("card_80x24", &pressed(bad((80, 24)), "!"));
    same("card_second_120x36", &text(&pressed(bad((120, 36)), "! !")));
    let mut s = plant::snapshot();
    s.needs = vec![Need {
        id: "park:x".to_owned(),
        why: "this is a long story about 日本語 that goes on ".repeat(40),
        ways: vec!["dev-factory unpark a-tool-with-a-name".repeat(6)],
        since: at("22:10:00"),
        blocking: false,
    }];
    same(
        "card_long_60x16",
        &text(&pressed(with((60, 16), s.clone()), "!")),
    );
    s.needs.clear();
    assert!(text(&pressed(with((80, 24), s), "!")).contains("Nothing waits for you"));
}

#[test]
fn the_palette_lists_what_fits_and_says_what_is_wrong() {
    in_both_themes("palette_80x24", &pressed(bad((80, 24)), ":"));
    same(
        "palette_fitting_80x24",
        &text(&pressed(bad((80, 24)), ": p a Down")),
    );
    same(
        "palette_problem_80x24",
        &both(&pressed(bad((80, 24)), ": p a r k Space x Enter")),
    );
    same(
        "palette_none_60x16",
        &text(&pressed(bad((60, 16)), ": x y z")),
    );
}

#[test]
fn a_question_has_the_harmless_answer_focused() {
    in_both_themes("confirm_80x24", &pressed(bad((80, 24)), "X"));
    same("confirm_yes_60x16", &both(&pressed(bad((60, 16)), "X Tab")));
}

#[test]
fn a_form_shows_its_cursor_also_in_a_long_text() {
    in_both_themes("form_80x24", &pressed(bad((80, 24)), "E"));
    let keys = format!("E {} Left Left", "d e a r Space ".repeat(30));
    same("form_long_60x16", &both(&pressed(bad((60, 16)), &keys)));
    same(
        "form_wide_80x24",
        &both(&pressed(bad((80, 24)), "a 日 本 語 の 道 具 Left")),
    );
}

#[test]
fn a_verdict_that_is_closed_says_why() {
    let mut s = plant::snapshot();
    same(
        "verdict_shelf_80x24",
        &text(&pressed(with((80, 24), s.clone()), "v")),
    );
    s.phase = Phase::Review;
    in_both_themes(
        "verdict_closed_80x24",
        &pressed(with((80, 24), s.clone()), "v j"),
    );
    s.escalation = Some(dev_factory::domain::state::Escalation {
        reason: "S4: the same".to_owned(),
        from: Phase::Fixing,
        level: 4,
    });
    same(
        "verdict_escalated_60x16",
        &both(&pressed(with((60, 16), s), "v")),
    );
}
