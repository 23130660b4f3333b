//! The Factory tab and what stands in for it.

use super::picture::{drawn, everywhere, in_both_themes, same, styles, text};
use super::plant::{self, at, bad, idle, item, line, pause, pressed, with};
use chrono::{DateTime, TimeDelta};
use dev_factory::domain::gap::{Gap, GapLine};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Outcome, Phase};
use dev_factory::domain::screen::{AgentState, FailingLine, Level, Snapshot, Way};
use dev_factory::domain::state::{Escalation, PauseKind, Scope, Stopped};
use dev_factory::tui::model::{Engine, Model};
use dev_factory::tui::spoken::LOOKED_AT;
use dev_factory::tui::tabs::{Focus, Tab};

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 16)];

#[test]
fn the_bad_moment_of_the_drawings() {
    everywhere("factory", bad);
}

#[test]
fn the_gate_of_mutations_and_the_ways_out_of_a_stuck_tool() {
    let mut s = plant::snapshot();
    let mut gates = s.measured[1].gates.clone();
    gates.iter_mut().for_each(|gate| gate.passed = true);
    gates[3].figure = "14 of 14".to_owned();
    for (gate, passed, figure) in [
        ("throwing", true, "ok"),
        ("readme", true, "ok"),
        ("again", true, "ok"),
        ("mutation", false, "41 %"),
    ] {
        gates.push(plant::gate(gate, passed, figure));
    }
    s.measured[1].gates = gates;
    s.measured[1].failing = vec![FailingLine {
        what: "mutation".to_owned(),
        text: "group.js:8 `+` for `-` was not noticed".to_owned(),
        ..FailingLine::default()
    }];
    s.stuck = "yes, S4: the same failing set three times".to_owned();
    s.next = "L4: another model writes it; red again: you".to_owned();
    everywhere("mutation", |size| with(size, s.clone()));
    let seen = text(&with((80, 24), s));
    for words in [
        "mutation 41 %",
        "S4: the same failing set",
        "L4: another model",
    ] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
}

#[test]
fn every_row_of_the_screen_is_ascii_where_that_is_asked_for() {
    for size in SIZES {
        let mut model = bad(size);
        model.ascii = true;
        let drawn = text(&model);
        assert!(drawn.is_ascii(), "{drawn}");
        assert_eq!(styles(&model), styles(&bad(size)), "styles differ in ASCII");
        if size == SIZES[1] {
            same("factory_80x24_ascii", &drawn);
        }
    }
}

#[test]
fn nothing_wanted_is_said_with_what_to_do() {
    everywhere("idle", |size| with(size, idle()));
}

#[test]
fn what_was_measured_of_a_tool_that_is_not_under_way_is_not_shown() {
    let mut s = idle();
    let last = plant::snapshot();
    (s.measured, s.runs, s.bugs) = (last.measured, last.runs, last.bugs);
    for size in SIZES {
        assert_eq!(text(&with(size, s.clone())), text(&with(size, idle())));
    }
}

#[test]
fn a_pause_tells_who_since_when_until_when_and_why() {
    let mut s = plant::snapshot();
    let mut held = pause(PauseKind::Operator, Scope::Factory, "gaming");
    held.until = Some(at("07:00:00"));
    s.pauses = vec![held];
    s.attempt = None;
    let model = with((80, 24), s.clone());
    assert!(text(&model).contains("= PAUSED by oper since Sun 22:10 until 07:00: gaming"));
    everywhere("paused", |size| with(size, s.clone()));
    s.pausing = true;
    let model = with((80, 24), s);
    assert!(text(&model).contains("= PAUSING after this: turn 5, finding out"));
}

#[test]
fn what_the_factory_waits_for_is_said() {
    let mut s = plant::snapshot();
    s.attempt = None;
    s.waits = true;
    s.doing = "waiting for QA: gpu2 does not answer".to_owned();
    s.agents[1].state = AgentState::Offline;
    s.agents[1].words = "gpu2 does not answer".to_owned();
    everywhere("waiting", |size| with(size, s.clone()));
    let seen = text(&with((80, 24), s));
    assert!(
        seen.contains("WAITING") && seen.contains("gpu2 does not answer"),
        "{seen}"
    );
}

#[test]
fn an_end_on_purpose_and_an_engine_that_is_gone_are_said_in_words() {
    let mut s = plant::snapshot();
    s.attempt = None;
    everywhere("gone", |size| {
        let mut model = with(size, s.clone());
        model.engine = Engine::Gone;
        model
    });
    s.stopped = Some(Stopped {
        by: "operator:oper".to_owned(),
        reason: "the lights go out".to_owned(),
        since: at("02:40:00"),
    });
    everywhere("stopped", |size| with(size, s.clone()));
    for engine in [Engine::Unknown, Engine::Gone] {
        let name = format!("no_snapshot_{engine:?}").to_lowercase();
        everywhere(&name, |size| {
            let mut model = plant::blank(size);
            model.engine = engine;
            model
        });
        let name = format!("no_snapshot_agents_{engine:?}").to_lowercase();
        everywhere(&name, |size| {
            let mut model = plant::blank(size);
            model.engine = engine;
            pressed(model, "2")
        });
    }
}

#[test]
fn what_is_still_read_and_what_cannot_be_read_is_said() {
    everywhere("stats_unread", |size| pressed(plant::blank(size), "3"));
    everywhere("logs_unread", |size| pressed(plant::blank(size), "4"));
    everywhere("stats_damaged", |size| {
        let mut model = pressed(bad(size), "3");
        model.figures = Some(Err("line 3 is damaged".to_owned()));
        model
    });
}

#[test]
fn running_without_walls_is_said_on_every_tab_at_every_size() {
    for size in [
        (200, 50),
        (120, 36),
        (100, 30),
        (80, 24),
        (60, 16),
        (59, 15),
    ] {
        let mut s = plant::snapshot();
        s.sandbox = "none (--unsafe-no-sandbox)".to_owned();
        (s.day_usd, s.day_limit_usd) = (123_456.78, 1_234_567.89);
        s.tool_limits.tokens = 123_456_789;
        let mut model = with(size, s);
        for tab in Tab::ALL {
            model.tab = tab;
            assert!(text(&model).contains(" NO SANDBOX"), "{}", text(&model));
        }
        if size == SIZES[0] {
            assert!(styles(&model).contains("XXXXXXXXXXXX"));
        }
        assert!(!text(&bad(size)).contains("NO SANDBOX"));
    }
}

#[test]
fn a_night_the_computer_slept_through_stands_in_the_timeline() {
    let mut s = plant::snapshot();
    let gap = |seq, clock: &str, gap, seconds| GapLine {
        seq,
        at: at(clock),
        gap,
        seconds,
    };
    s.gaps = vec![
        // From before what is known of moves: left out, as runs are.
        gap(1700, "00:30:00", Gap::Stopped, 60),
        gap(1843, "02:36:00", Gap::Slept, 7_800),
        gap(1844, "02:36:00", Gap::PutBack, 3_600),
    ];
    everywhere("timeline_gaps", |size| {
        let mut model = with(size, s.clone());
        model.focus = Focus::Timeline;
        model
    });
    let seen = text(&with((120, 36), s));
    assert!(
        seen.contains("02:36 the computer slept   2 h 10 min"),
        "{seen}"
    );
    assert!(!seen.contains("engine was stopped"), "{seen}");
}

#[test]
fn gates_that_are_being_measured_have_no_verdict_yet() {
    let mut s = plant::snapshot();
    s.measuring = Some(3);
    s.bugs.clear();
    s.doing = "running Jest and the held-out cases".to_owned();
    everywhere("measuring", |size| with(size, s.clone()));
}

#[test]
fn a_repair_a_review_and_an_escalation() {
    let mut s = plant::snapshot();
    s.phase = Phase::Fixing;
    let mut next = s.moves[4].clone();
    (next.seq, next.at) = (1847, at("02:41:00"));
    s.moves.push(next);
    everywhere("fixing", |size| with(size, s.clone()));
    s.phase = Phase::Review;
    s.attempt = None;
    s.escalation = Some(Escalation {
        reason: "S4: the same two cases failed three times".to_owned(),
        from: Phase::Fixing,
        level: 4,
    });
    s.agents[2].state = AgentState::Operator;
    s.agents[2].model = "operator".to_owned();
    s.agents[2].words = "you review: dev-factory decide".to_owned();
    s.doing = "waiting for the supervisor: you review: dev-factory decide".to_owned();
    s.waits = true;
    let last = s.moves.last_mut().unwrap();
    (last.from, last.to) = (Phase::Fixing, Phase::Review);
    last.outcome = Outcome::Escalated;
    last.reason = s.escalation.as_ref().map(|why| why.reason.clone());
    everywhere("escalated", |size| with(size, s.clone()));
}

#[test]
fn a_first_attempt_leaves_the_room_to_what_the_model_writes() {
    for size in SIZES {
        let mut s = plant::snapshot();
        s.phase = Phase::Coding;
        s.cycle_count = 0;
        s.runs.clear();
        s.measured.clear();
        s.bugs.clear();
        s.ran.clear();
        s.stuck.clear();
        s.next.clear();
        s.moves.truncate(3);
        s.doing = "turn 1, writing src/group.js".into();
        if let Some(attempt) = &mut s.attempt {
            attempt.role = dev_factory::domain::phase::Role::Developer;
            attempt.started_at = at("02:40:32");
        }
        let mut model = with(size, s);
        let code = "'use strict';\n\nfunction group(issues) {\n  const found = new Map();\n  for (const issue of issues) {\n";
        model
            .book
            .push(&line("02:41:05", "developer", Level::Stream, code), false);
        in_both_themes(&format!("coding_{}x{}", size.0, size.1), &model);
    }
}

#[test]
fn the_live_text_alone_fills_the_tab() {
    everywhere("zoom", |size| {
        let mut model = bad(size);
        model.zoom = true;
        model
    });
}

#[test]
fn wide_characters_keep_every_column_in_its_place() {
    for size in SIZES {
        let mut model = bad(size);
        let mut s = plant::snapshot();
        s.current_tool = Some("日本語の課題を要約する道具".to_owned());
        for (at, item) in s.queue.iter_mut().enumerate() {
            item.name = format!("道具{at}日本語の長い名前をもつもの");
        }
        s.measured[1].failing[0].text = "ラベルは大文字小文字を区別しない、という規則".to_owned();
        s.bugs[0].title = "大文字小文字".repeat(9);
        s.moves
            .iter_mut()
            .for_each(|step| step.tool = s.current_tool.clone().unwrap());
        for ran in &mut s.ran {
            ran.tool = s.current_tool.clone().unwrap();
        }
        s.moves[5].reason = Some("一つのファイル".repeat(12));
        model.snapshot = Some(s.into());
        let text_of = "この規則は、ラベルの大文字と小文字を区別しないことを求めている。".repeat(4);
        let mut said = line("02:41:06", "developer", Level::Stream, &text_of);
        said.tool = Some("日本語の課題を要約する道具".to_owned());
        model.book.push(&said, false);
        let buffer = drawn(&model);
        if size.0 >= 100 {
            for y in 10..35 {
                let sign = buffer[(78, y)].symbol();
                assert!(
                    "│├┤┼┬".contains(sign),
                    "the line between the columns breaks in row {y}"
                );
            }
        }
        in_both_themes(&format!("cjk_{}x{}", size.0, size.1), &model);
    }
}

#[test]
fn no_text_of_others_reaches_the_terminal_as_a_command() {
    let evil = "a\u{1b}]52;c;aGk=\u{7}b\u{1b}[2Jc\u{9b}31md\re\tf\u{8}g";
    let mut s = plant::snapshot();
    s.doing = evil.to_owned();
    s.sandbox = evil.to_owned();
    s.current_tool = Some(evil.to_owned());
    s.needs[0].why = evil.to_owned();
    s.needs[0].title = evil.to_owned();
    s.needs[0].ways = vec![Way::read(&format!("dev-factory {evil}")), Way::hands(evil)];
    s.queue[0].idea = evil.to_owned();
    s.queue[0].name = evil.to_owned();
    s.queue[6].reason = Some(evil.to_owned());
    s.moves
        .iter_mut()
        .for_each(|step| step.reason = Some(evil.to_owned()));
    s.agents.iter_mut().for_each(|agent| {
        (agent.words, agent.model) = (evil.to_owned(), evil.to_owned());
    });
    for row in &mut s.measured[1].failing {
        (row.text, row.want, row.got) = (evil.to_owned(), evil.to_owned(), evil.to_owned());
    }
    s.bugs[0].title = evil.to_owned();
    for size in SIZES {
        for keys in ["1", "1 z", "2", "3", "4", "4 w", "1 !", "1 E"] {
            let mut model = with(size, s.clone());
            model.home = evil.to_owned();
            for level in [Level::Stream, Level::Info] {
                model.book.push(&line("02:41:06", evil, level, evil), false);
            }
            let shown = drawn(&plant::pressed(model, keys));
            let hidden = shown
                .content
                .iter()
                .find(|cell| cell.symbol().contains(char::is_control));
            assert_eq!(hidden, None, "{keys} at {size:?}");
        }
    }
}

#[test]
fn very_long_reasons_are_cut_and_stay_in_their_pane() {
    let long = "because of a very long story that nobody would want to read to its end ".repeat(30);
    for size in SIZES {
        let mut s = plant::snapshot();
        s.pauses = vec![pause(PauseKind::Incident, Scope::Factory, &long)];
        s.doing = long.clone();
        s.sandbox = "none (--unsafe-no-sandbox)".to_owned();
        s.needs[0].why = long.clone();
        s.queue[0].name = "a-name-that-goes-on-".repeat(6);
        s.current_tool = Some(s.queue[0].name.clone());
        s.queue[6].reason = Some(long.clone());
        s.moves.iter_mut().for_each(|step| {
            step.reason = Some(long.clone());
            step.tool = s.queue[0].name.clone();
        });
        for ran in &mut s.ran {
            ran.tool = s.queue[0].name.clone();
        }
        s.agents.iter_mut().for_each(|agent| {
            agent.words = long.clone();
            agent.model = "a-host/".to_owned() + &"model".repeat(20);
        });
        for row in &mut s.measured[1].failing {
            (row.text, row.want, row.got) = (long.clone(), long.clone(), long.clone());
            row.what = "test/dev/a/very/deep/folder/with-a-name.test.js".to_owned();
        }
        s.bugs[0].title = long.clone();
        let mut model = with(size, s);
        let mut endless = line("02:41:06", "qa", Level::Stream, &"x".repeat(10_000));
        endless.tool = model.snapshot.as_ref().unwrap().current_tool.clone();
        model.book.push(&endless, false);
        in_both_themes(&format!("long_{}x{}", size.0, size.1), &model);
    }
}

#[test]
fn the_cursor_of_a_long_queue_is_always_seen() {
    let mut s = plant::snapshot();
    s.queue = (0..40)
        .map(|n| item(&format!("idea-{n}"), 40 - n, ItemStatus::Wanted))
        .collect();
    for cursor in [0, 5, 20, 39, 90] {
        let mut model = with((120, 36), s.clone());
        model.focus = Focus::Queue;
        let names = model.names();
        model.queue.put(&names, cursor);
        let drawn = text(&model);
        let wanted = format!(">○ idea-{}", cursor.min(39));
        assert!(drawn.contains(&wanted), "{wanted} in\n{drawn}");
        assert!(drawn.contains("more, j k move"));
    }
}

#[test]
fn a_window_that_is_too_small_says_what_it_needs() {
    in_both_themes("notice_59x15", &bad((59, 15)));
}

#[test]
fn a_window_that_is_too_small_still_says_whether_it_moves_what_it_costs_and_whom_it_needs() {
    let mut s = plant::snapshot();
    let picture = text(&with((40, 6), s.clone()));
    let rows: Vec<&str> = picture.lines().collect();
    let wanted = [
        "RUNNING my-factory",
        "! NEEDS YOU 3",
        "24 h $0.49 of $5.00",
        "40x6 is too small, 60x16 is needed",
        "q leaves, work goes on",
    ];
    assert_eq!(rows[..5], wanted, "{picture}");
    s.sandbox = "none (--unsafe-no-sandbox)".to_owned();
    s.needs.clear();
    let picture = text(&with((40, 6), s));
    assert!(picture.contains("\nnothing waits for you\n"), "{picture}");
    assert!(picture.contains(" NO SANDBOX"), "{picture}");
}

#[test]
fn nothing_runs_while_nobody_can_take_the_next_step() {
    let mut s = idle();
    s.queue = vec![item("csv-diff", 2, ItemStatus::Wanted)];
    s.waits = true;
    s.doing = "waiting for the developer: gpu1 does not answer".to_owned();
    let model = with((80, 24), s.clone());
    assert!(text(&model).contains("○ WAITING"), "{}", text(&model));
    s.waits = false;
    assert!(text(&with((80, 24), s)).contains("○ IDLE"));
}

#[test]
fn the_first_line_has_home_and_newest_event_and_the_day_where_it_is_another() {
    let line = |size, s: &Snapshot, now: &str| {
        let mut model = with(size, s.clone());
        model.now = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
        text(&model).lines().next().unwrap().to_owned()
    };
    let mut s = plant::snapshot();
    let tonight = "2026-10-26T02:41:06Z";
    let wide = line((120, 36), &s, tonight);
    assert!(
        wide.ends_with("my-factory on nas   last event 02:41:06"),
        "{wide}"
    );
    assert!(line((80, 24), &s, tonight).ends_with("▸ RUNNING  my-factory  02:41"));
    assert!(line((60, 16), &s, tonight).ends_with("▸ RUNNING  02:41"));
    // An engine that does not tell it yet.
    s.last_event = None;
    assert!(line((120, 36), &s, tonight).ends_with("last event 02:32:00"));
    assert!(line((120, 36), &s, "2026-10-30T02:41:06Z").ends_with("last event Mon 02:32"));
    assert!(line((80, 24), &s, "2026-11-30T02:41:06Z").ends_with("26 Oct 02:32"));
}

#[test]
fn what_is_older_than_today_has_its_day() {
    let mut s = plant::snapshot();
    let mut model = with((80, 24), s.clone());
    let later = |days| at("02:41:06") + TimeDelta::days(days);
    model.now = later(3);
    model.focus = Focus::Timeline;
    let picture = text(&model);
    assert!(picture.contains(" Mon 02:32 fixing > qa"), "{picture}");
    model.size = (120, 36);
    assert!(
        text(&model).contains("…, since Mon 01:38"),
        "{}",
        text(&model)
    );
    model.size = (80, 24);
    model.tab = Tab::Agents;
    assert!(text(&model).contains(" Mon 01:38"), "{}", text(&model));
    model.size = (120, 36);
    let whole = "   Mon 02:31 Developer    fixing";
    assert!(text(&model).contains(whole), "{}", text(&model));
    model.size = (80, 24);
    model.now = later(30);
    assert!(text(&model).contains("  26 Oct\n"), "{}", text(&model));
    s.stopped = Some(Stopped {
        by: "operator:oper".to_owned(),
        reason: "the lights go out".to_owned(),
        since: at("02:40:00"),
    });
    let mut model = with((80, 24), s);
    model.now = later(3);
    assert!(text(&model).contains(" STOPPED by oper since Mon 02:40:"));
}

#[test]
fn the_track_says_when_it_does_not_begin_with_the_tool() {
    let mut s = plant::snapshot();
    assert!(text(&with((120, 36), s.clone())).contains("01:39 ├─"));
    s.moves.remove(0);
    assert!(text(&with((120, 36), s)).contains("01:45 …─"));
}

#[test]
fn a_pane_with_nothing_in_it_says_what_would_stand_there_and_how() {
    let shows = |model: &Model, words: &str| {
        let picture = text(model);
        assert!(picture.contains(words), "{words} in\n{picture}");
    };
    let mut model = with((120, 36), plant::snapshot());
    shows(&model, "── Since you looked ");
    shows(&model, "the journal is being read");
    model.figures = Some(Err("line 3 is damaged".to_owned()));
    shows(&model, "not known: 3 says why");
    model.tab = Tab::Stats;
    shows(&model, "dev-factory verify says what is wrong");
    let mut s = plant::snapshot();
    (s.runs, s.measured) = Default::default();
    s.servers.clear();
    for size in [(120, 36), (80, 24)] {
        let mut model = with(size, s.clone());
        shows(&model, "no gate has run yet: the code is measured in qa");
        shows(
            &model,
            "no model spoke yet: words come here; 4 Logs has the rest",
        );
        for _ in 0..LOOKED_AT {
            let said = line("02:41:06", "gates", Level::Info, "ok");
            model.book.push(&said, false);
        }
        shows(&model, "no model spoke in the last 4000 lines");
    }
    let mut model = with((120, 50), s);
    model.tab = Tab::Agents;
    shows(&model, "no model is set for any role: [roles.developer]");
}

#[test]
fn no_size_breaks_the_screen() {
    for width in (60..220).step_by(13) {
        for height in (16..70).step_by(3) {
            for model in [bad((width, height)), with((width, height), idle())] {
                let _ = drawn(&model);
            }
        }
    }
}

#[test]
fn an_engine_of_another_version_is_named_beside_the_screens_own() {
    for size in SIZES {
        let mut model = bad(size);
        let words = "engine 0.4.1, screens 0.5.0";
        assert!(!text(&model).contains(words));
        model.version = "0.5.0".to_owned();
        let line = text(&model).lines().nth(2).unwrap().to_owned();
        assert!(line.contains(words), "{line}");
        let mut snapshot = plant::snapshot();
        "none (--unsafe-no-sandbox)".clone_into(&mut snapshot.sandbox);
        let mut model = with(size, snapshot);
        model.version = "0.5.0".to_owned();
        let line = text(&model).lines().nth(2).unwrap().to_owned();
        assert!(
            line.contains(words) && line.contains("NO SANDBOX"),
            "{line}"
        );
    }
}
