//! Stats and Logs as pictures: what is written and in which styles, at three sizes, in two themes.

use crate::night::{night, snapshot};
use crate::screen::{SIZES, at, model, press, render, tell, words};
use chrono::TimeDelta;
use dev_factory::domain::figures::Figures;
use dev_factory::domain::phase::{Outcome, Phase};
use dev_factory::domain::screen::{BugLine, FailingLine, GateLine, Measured, MoveLine};
use dev_factory::factory::ports::reader::Page;
use dev_factory::tui::effect::Effect;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use std::sync::Arc;

fn pictures(name: &str, keys: &str) {
    pictures_of(name, keys, night);
}

fn pictures_of(name: &str, keys: &str, model: impl Fn(&str) -> Model) {
    for theme in ["default", "plain"] {
        for size in SIZES {
            let mut model = model(theme);
            model.size = size;
            press(&mut model, keys);
            model.logs.loading = false;
            model.logs.before = Some(None);
            let file = format!("{name}_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(file, render(&mut model, size));
        }
    }
}

#[test]
fn stats() {
    pictures("stats", "3j");
    pictures("stats_month", "3w");
    pictures("stats_quarter", "3ww");
    pictures("stats_year", "3www");
    pictures("stats_alone", "3zj");
}

/// The night with what was measured: all that Factory can show at once.
fn whole(theme: &str) -> Model {
    let mut model = night(theme);
    let mut s = snapshot();
    let gates = |all: &[(&str, &str)]| -> Vec<GateLine> {
        let line = |(gate, figure): &(&str, &str)| GateLine {
            gate: (*gate).to_owned(),
            passed: !figure.starts_with("12 of 14") && *figure != "29 of 31",
            figure: (*figure).to_owned(),
            words: String::new(),
            millis: None,
        };
        all.iter().map(line).collect()
    };
    let failing = |what: &str, text: &str, want: &str, got: &str| FailingLine {
        what: what.to_owned(),
        text: text.to_owned(),
        want: want.to_owned(),
        got: got.to_owned(),
    };
    let (group, exits) = (
        failing(
            "R4",
            "labels grouped ignoring case",
            "{\"bug\":2}",
            "{\"bug\":1,\"Bug\":1}",
        ),
        failing(
            "R9",
            "an empty repository exits 0",
            "exit 0",
            "exit 1, TypeError",
        ),
    );
    let run = |run, gates, failing| Measured {
        run,
        gates,
        failing,
        more: 0,
    };
    s.measured = vec![
        run(
            1,
            gates(&[("scan", "ok"), ("jest", "29 of 31")]),
            Vec::new(),
        ),
        run(
            2,
            gates(&[
                ("scan", "ok"),
                ("jest", "31 of 31"),
                ("coverage", "100 %"),
                ("held-out", "12 of 14"),
                ("public", "9 of 9"),
            ]),
            vec![group, exits],
        ),
    ];
    s.bugs = vec![BugLine {
        n: 3,
        rule: Some("R4".to_owned()),
        title: "labels that differ only by case are counted apart".to_owned(),
    }];
    s.stuck = "no: jest 29 > 31. S4 same set 0 of 2, S5 same error 0 of 3".to_owned();
    s.next = "BUG-3 (R4), repair 2 of 2 (L1); red again: L2 afresh".to_owned();
    let step = |seq, (hour, minute), from, to, outcome, why: &str| MoveLine {
        seq,
        at: at(hour, minute, 0),
        tool: "github-issue-digest".to_owned(),
        from,
        to,
        outcome,
        reason: Some(why.to_owned()),
        commit: None,
    };
    s.moves = vec![
        step(
            1816,
            (2, 9),
            Phase::Coding,
            Phase::Qa,
            Outcome::Built,
            "3 files, 214 lines",
        ),
        step(
            1829,
            (2, 16),
            Phase::Qa,
            Phase::Fixing,
            Outcome::Failed,
            "BUG-1 R4, BUG-2 R7",
        ),
        step(
            1842,
            (2, 32),
            Phase::Fixing,
            Phase::Qa,
            Outcome::Fixed,
            "1 file, +18 -9",
        ),
    ];
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    model
}

#[test]
fn factory_with_what_happened_since_this_person_looked() {
    pictures_of("factory_since", "1", whole);
    let mut model = night("default");
    let text = words(&mut model, (120, 36));
    assert!(text.contains("Since you looked, Sat 22:00"), "{text}");
    assert!(text.contains("session-logger"), "{text}");
}

#[test]
fn all_time_is_the_same_on_factory_and_stats() {
    let mut model = night("default");
    let figure = |text: &str, label: &str| {
        let row = text.lines().find_map(|row| row.split_once(label));
        let row = row.unwrap_or_else(|| panic!("{label} in\n{text}")).1;
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    press(&mut model, "1");
    let factory = words(&mut model, (120, 36));
    press(&mut model, "3");
    let stats = words(&mut model, (120, 36));
    for label in ["│ shipped  ", "│ QA green first "] {
        let one = figure(&factory, label);
        assert!(one.contains('%'), "{one}");
        assert_eq!(one, figure(&stats, label), "{label}");
    }
    let money = figure(&factory, "money a tool ");
    assert!(
        figure(&stats, "money a tool ").starts_with(&money),
        "{money}"
    );
    let mean = figure(&factory, "cycles a tool ");
    assert!(stats.contains(&format!("mean {mean}")), "{mean}");
    // Without the journal there is no share, and nothing that looks like one.
    model.figures = None;
    press(&mut model, "1");
    let factory = words(&mut model, (120, 36));
    assert!(!figure(&factory, "│ shipped  ").contains("of"), "{factory}");
}

#[test]
fn lines_of_another_day_say_which() {
    for size in SIZES {
        let mut model = night("default");
        press(&mut model, "4");
        assert!(!words(&mut model, size).contains("Sun 22 Nov"));
        model.now += TimeDelta::days(1);
        assert!(words(&mut model, size).contains("Sun 22 Nov, "), "{size:?}");
    }
}

#[test]
fn logs_following_and_cut() {
    pictures("logs", "4");
    pictures("logs_cut", "4w");
}

#[test]
fn logs_held_and_filtered() {
    pictures("logs_held", "4/r4<Enter>N");
}

/// A home in which nothing has happened.
fn empty(theme: &str) -> Model {
    let mut model = model(theme);
    let mut idle = snapshot();
    (idle.current_tool, idle.phase) = (None, Phase::Idle);
    idle.attempt = None;
    idle.queue.clear();
    idle.needs.clear();
    idle.agents.clear();
    tell(&mut model, Message::Snapshot(Arc::new(idle)));
    tell(
        &mut model,
        Message::Figures(Ok(Arc::new(Figures::default()))),
    );
    model
}

#[test]
fn an_empty_home_has_words() {
    for size in SIZES {
        let mut model = empty("default");
        press(&mut model, "4");
        model.logs.loading = false;
        assert!(words(&mut model, size).contains("nothing was said yet"));
        press(&mut model, "3");
        let text = words(&mut model, size);
        assert!(
            text.contains("no tool was begun yet: a adds an idea"),
            "{text}"
        );
        assert!(text.contains("what all tools came to"), "{text}");
        if size == (120, 36) {
            assert!(text.contains("what each day brought and cost"), "{text}");
        }
        if model.shows_shift() {
            assert!(text.contains("nothing: a adds an idea"), "{text}");
        }
    }
    let mut model = empty("default");
    let text = words(&mut model, (120, 36));
    let (_, since) = text.split_once("Since the beginning").unwrap();
    for part in [
        "no tool shipped, waits or was parked",
        " a adds an idea",
        "what all tools came to",
    ] {
        assert!(since.contains(part), "{part}: {text}");
    }
    for theme in ["default", "plain"] {
        for size in SIZES {
            for (name, keys) in [("stats_empty", "3"), ("logs_empty", "4")] {
                let mut model = empty(theme);
                model.size = size;
                if press(&mut model, keys) == [Effect::Older] {
                    tell(&mut model, Message::Older(Page::default()));
                }
                let file = format!("{name}_{theme}_{}x{}", size.0, size.1);
                insta::assert_snapshot!(file, render(&mut model, size));
            }
        }
    }
    let mut model = empty("default");
    press(&mut model, "3");
    model.figures = None;
    assert!(words(&mut model, (80, 24)).contains("reading the journal"));
    tell(
        &mut model,
        Message::Figures(Err("line 3 is damaged".to_owned())),
    );
    assert!(words(&mut model, (80, 24)).contains("could not be made: line 3 is damaged"));
}

#[test]
fn every_size_is_drawn_without_a_panic() {
    for columns in [60, 61, 79, 80, 99, 100, 118, 120, 200] {
        for rows in [16, 17, 22, 24, 29, 30, 36, 60] {
            let all = [
                "1",
                "1z",
                "1<Tab>",
                "1<Tab><Tab>",
                "2",
                "2<Tab>",
                "2z",
                "3",
                "3G",
                "4",
                "4w",
                "4wk",
                "4/r4<Enter>N",
            ];
            for keys in all {
                for mut model in [whole("default"), empty("default")] {
                    model.size = (columns, rows);
                    press(&mut model, keys);
                    let text = words(&mut model, (columns, rows));
                    assert_eq!(
                        text.lines().count(),
                        usize::from(rows),
                        "{columns}x{rows} {keys}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_cursor_of_the_table_is_always_in_sight() {
    for size in SIZES {
        let mut model = night("default");
        model.size = size;
        press(&mut model, "3");
        for _ in 0..25 {
            let text = words(&mut model, size);
            assert!(text.lines().any(|row| row.starts_with('>')), "{text}");
            press(&mut model, "j");
        }
        assert!(words(&mut model, size).contains(">✓ tool-00"));
    }
}

#[test]
fn ascii_has_twins_for_every_sign() {
    for keys in ["3j", "4k"] {
        let mut model = night("plain");
        model.ascii = true;
        press(&mut model, keys);
        let text = words(&mut model, (120, 36)).replace("日本語", "");
        let other: Vec<char> = text
            .chars()
            .filter(|c| !c.is_ascii() && *c != '…')
            .collect();
        assert!(other.is_empty(), "{other:?}");
    }
}

#[test]
fn long_words_on_stats_stay_off_the_line_between_the_columns() {
    let mut model = night("default");
    let mut s = snapshot();
    s.needs[0].why = "a reason that is far too long for its column ".repeat(4);
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    press(&mut model, "3");
    let text = words(&mut model, (120, 36));
    assert!(text.contains("a reason that is far too long"), "{text}");
    for row in text.lines().filter(|row| row.chars().nth(66) == Some('│')) {
        assert_eq!(row.chars().nth(65), Some(' '), "{row}");
    }
    // All columns of the table have room for their heads.
    for size in SIZES {
        let text = words(&mut model, size);
        let head = text.lines().find(|row| row.contains("Cycles")).unwrap();
        assert!(!head.contains('…'), "{head}");
    }
}
