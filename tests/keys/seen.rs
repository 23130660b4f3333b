//! Keys act on what is on the screen, and on nothing that only was there.

use crate::night::snapshot;
use crate::orders::{answered, ready, rich, running, told};
use crate::screen::{at, press, tell, words};
use dev_factory::domain::command::{Decision, Seen, Verb};
use dev_factory::domain::event::Unit;
use dev_factory::domain::figures::Figures;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::{Act, Level, LogLine, Need, Way};
use dev_factory::domain::shift::Bookmark;
use dev_factory::tui::action::{Action, TABLE};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::layer::Layer;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::offer;
use dev_factory::tui::tabs::Focus;
use std::sync::Arc;

fn chosen(model: &Model, label: &str) -> String {
    match model.layers.last() {
        Some(Layer::Form(form)) => form.chosen(label).1.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cursor_that_is_not_on_the_screen_chooses_nothing() {
    // On Agents a limit is about the role of the cursor, whatever Factory's queue has.
    let mut model = ready();
    press(&mut model, "jjjj2jb");
    assert_eq!(chosen(&model, "scope"), "qa");
    // A verdict from another tab is on the tool under review, not on the hidden item.
    let mut s = rich();
    s.phase = Phase::Review;
    for tab in ["2", "3", "4"] {
        let mut model = ready();
        told(&mut model, &s);
        press(&mut model, &format!("G{tab}v"));
        let Some(Layer::Verdict(menu)) = model.layers.last() else {
            panic!("{tab}: {:?}", model.layers)
        };
        assert_eq!(menu.tool, "github-issue-digest", "{tab}");
    }
    // Alone on the screen, the live text has the keys.
    let mut model = ready();
    press(&mut model, "jjz");
    assert_eq!(model.focus, Focus::Live);
    for key in ["+", "-", "u", "D", "e"] {
        assert_eq!(press(&mut model, key), [], "{key}");
        assert_eq!(model.layers, [], "{key}");
        assert!(answered(&model).contains("choose an item"), "{key}");
    }
    let before = model.queue.clone();
    press(&mut model, "jkG");
    assert_eq!((model.queue.clone(), model.zoom), (before, true));
    // R there is about the tool under way, which is what the screen is about.
    press(&mut model, "R");
    assert!(running(&mut model).contains("Re-queue github-issue-digest"));
}

fn say(model: &mut Model, from: usize, count: usize, level: Level) {
    let line = |n: usize| spoken(level, &format!("spoken {n}\n"));
    let lines = (from..from + count).map(line).collect();
    tell(model, Message::Lines(lines));
}

fn spoken(level: Level, text: &str) -> Arc<LogLine> {
    Arc::new(LogLine {
        at: at(2, 41, 10),
        from: "qa".to_owned(),
        level,
        tool: Some("github-issue-digest".to_owned()),
        seq: None,
        kind: dev_factory::domain::screen::Kind::Plain,
        text: text.to_owned(),
    })
}

#[test]
fn what_one_reads_of_the_live_text_stays_and_never_runs_out() {
    let mut model = ready();
    say(&mut model, 0, 40, Level::Stream);
    // Rows that no model spoke are not counted.
    say(&mut model, 100, 200, Level::Info);
    press(&mut model, "<Tab><Tab>g");
    let text = words(&mut model, (120, 36));
    assert!(!text.contains("no model has spoken"), "{text}");
    press(&mut model, "Gkkk");
    let text = words(&mut model, (120, 36));
    assert!(text.contains("3 below, G follows"), "{text}");
    assert!(
        text.contains("spoken 36") && !text.contains("spoken 37"),
        "{text}"
    );
    say(&mut model, 40, 5, Level::Stream);
    let text = words(&mut model, (120, 36));
    assert!(text.contains("8 below, G follows"), "{text}");
    assert!(
        text.contains("spoken 36") && !text.contains("spoken 37"),
        "{text}"
    );
    press(&mut model, "G");
    assert!(words(&mut model, (120, 36)).contains("spoken 44"));
    // f holds it where it is, and follows again.
    press(&mut model, "f");
    say(&mut model, 45, 3, Level::Stream);
    let text = words(&mut model, (120, 36));
    assert!(text.contains("3 below, G follows"), "{text}");
    assert!(
        text.contains("spoken 44") && !text.contains("spoken 45"),
        "{text}"
    );
    press(&mut model, "f");
    assert!(words(&mut model, (120, 36)).contains("spoken 47"));
}

#[test]
fn one_press_holds_the_live_text_wherever_one_is() {
    for keys in ["f", "jf", "<Tab><Tab><Tab>f", "zf", "z<Esc>f"] {
        let mut model = ready();
        say(&mut model, 0, 40, Level::Stream);
        press(&mut model, keys);
        say(&mut model, 40, 3, Level::Stream);
        let text = words(&mut model, (120, 36));
        assert!(text.contains("3 below, G follows"), "{keys}\n{text}");
        let row = TABLE.iter().find(|row| row.action == Action::Follow);
        assert!(offer::word(&model, row.unwrap()).is_some(), "{keys}");
        press(&mut model, "f");
        let text = words(&mut model, (120, 36));
        assert!(text.contains("spoken 42"), "{keys}\n{text}");
    }
}

#[test]
fn lines_are_wrapped_and_timed_in_one_way_in_the_live_text_and_on_logs() {
    let mut model = ready();
    let long = format!("{} the end\n", "word ".repeat(30));
    tell(
        &mut model,
        Message::Lines(vec![spoken(Level::Stream, &long)]),
    );
    let live = |model: &mut Model, keys: &str| {
        press(model, keys);
        let text = words(model, (120, 36));
        let from = text.find("── Live").unwrap();
        let pane: Vec<String> = text[from..].lines().take(8).map(str::to_owned).collect();
        pane.join("\n")
    };
    let wrapped = live(&mut model, "1f");
    assert!(wrapped.contains("the end"), "{wrapped}");
    assert!(wrapped.contains(" 02:41:10 word"), "{wrapped}");
    let cut = live(&mut model, "w");
    assert!(!cut.contains("the end") && cut.contains("wo…"), "{cut}");
    assert!(cut.contains("long lines cut"), "{cut}");
    let utc = live(&mut model, "t");
    assert!(utc.contains(" 01:41:10 word"), "{utc}");
    assert!(utc.contains("long lines cut, UTC"), "{utc}");
    // Logs shows them in the same way, and what is chosen there holds here.
    press(&mut model, "4");
    let logs = words(&mut model, (120, 36));
    assert!(logs.contains("long lines cut, UTC"), "{logs}");
    assert!(logs.contains(" 01:41:10 text"), "{logs}");
    press(&mut model, "wt");
    let since = live(&mut model, "1");
    assert!(since.contains("the end"), "{since}");
    assert!(since.contains("since the tool was begun"), "{since}");
    let footer = |model: &Model, action| {
        let row = TABLE.iter().find(|row| row.action == action);
        offer::word(model, row.unwrap())
    };
    for action in [Action::Wrap, Action::Time] {
        assert!(footer(&model, action).is_some(), "with the focus on it");
    }
    press(&mut model, "<Esc>");
    for action in [Action::Wrap, Action::Time] {
        assert_eq!(footer(&model, action), None, "elsewhere it is not named");
    }
}

#[test]
fn the_pane_with_the_focus_is_drawn_at_every_size() {
    let mut idle = rich();
    idle.current_tool = None;
    idle.phase = Phase::Idle;
    let mut new = idle.clone();
    new.moves.clear();
    for s in [rich(), idle, new] {
        for size in [(120, 36), (100, 16), (110, 20), (80, 24), (60, 16)] {
            let mut model = ready();
            told(&mut model, &s);
            say(&mut model, 0, 3, Level::Stream);
            press(&mut model, "<Tab><Tab>");
            let text = words(&mut model, size);
            assert!(text.contains("spoken 2"), "{size:?}\n{text}");
            press(&mut model, "<Tab>");
            let text = words(&mut model, size);
            let move_or_none = text.contains("spec-review") || text.contains("no move yet");
            let titled = text.contains("Timeline") && move_or_none;
            assert!(titled, "{size:?}\n{text}");
        }
    }
}

#[test]
fn only_moves_of_the_tool_under_way_can_be_gone_back_to() {
    let mut s = rich();
    s.moves[0].tool = "csv-diff".to_owned();
    let mut model = ready();
    told(&mut model, &s);
    press(&mut model, "<Tab><Tab><Tab>k");
    assert_eq!(press(&mut model, "W"), []);
    assert_eq!(model.layers, []);
    assert!(
        answered(&model).contains("belongs to csv-diff"),
        "{}",
        answered(&model)
    );
    press(&mut model, "jW");
    let text = running(&mut model);
    assert!(
        text.contains("event 19: spec -> spec-review (drafted)"),
        "{text}"
    );
}

#[test]
fn esc_shows_all_items_again_wherever_one_is() {
    let mut model = ready();
    press(&mut model, "/csv<Enter><Tab><Tab><Tab>");
    assert_eq!((model.focus, model.find.as_str()), (Focus::Work, "csv"));
    press(&mut model, "<Esc>");
    assert_eq!(model.find, "");
}

#[test]
fn a_number_beyond_the_list_decides_nothing() {
    let mut model = ready();
    press(&mut model, "v");
    let before = model.layers.clone();
    assert_eq!(press(&mut model, "9"), []);
    assert_eq!(model.layers, before);
    // What the engine would refuse is not offered: a file is taken over where a tool is stuck.
    let mut s = rich();
    s.queue[4].escalation = None;
    s.judged[0]
        .verdicts
        .retain(|v| v.decision != Decision::Takeover);
    told(&mut model, &s);
    press(&mut model, "<Esc>v");
    assert!(!running(&mut model).contains("takeover"));
}

#[test]
fn the_cursor_of_the_table_stays_on_its_tool() {
    // All but the newest tool, which then comes above the others.
    let events = crate::night::events();
    let newest = events.last().unwrap().tool.clone();
    let some = events.iter().filter(|event| event.tool != newest);
    let fewer = Figures::of(some, Bookmark::default());
    let mut model = ready();
    tell(&mut model, Message::Figures(Ok(Arc::new(fewer))));
    press(&mut model, "3jj");
    let on = |model: &Model| model.table.rows[model.tools.cursor].tool.clone();
    let before = on(&model);
    assert!(
        model
            .table
            .rows
            .iter()
            .all(|row| Some(&row.tool) != newest.as_ref())
    );
    let all = Figures::of(&events, Bookmark::default());
    tell(&mut model, Message::Figures(Ok(Arc::new(all))));
    assert_eq!(Some(&model.table.rows[0].tool), newest.as_ref());
    assert_eq!((on(&model), model.tools.cursor), (before, 3));
}

#[test]
fn a_limit_of_an_older_engine_is_not_guessed_to_be_dollars() {
    let mut s = rich();
    let way = |unit| Way {
        act: Act::Limit {
            scope: "qa".to_owned(),
            unit,
        },
        ..Way::hands("raise the limit")
    };
    s.needs = vec![Need {
        id: "pause:1".to_owned(),
        why: "limit reached".to_owned(),
        waiting: String::new(),
        ways: vec![way(None), way(Some(Unit::Tokens))],
        since: snapshot().at,
        blocking: true,
        ..Need::default()
    }];
    let mut model = ready();
    told(&mut model, &s);
    assert_eq!(press(&mut model, "!1600k<Enter>"), []);
    assert!(running(&mut model).contains("choose what is counted"));
    assert_eq!(press(&mut model, "<Tab><Right><Right><Enter>"), []);
    let sent = |scope: &str| {
        let (scope, unit, amount) = (scope.to_owned(), Unit::Tokens, 600_000.0);
        [Effect::Send(
            Verb::Budget {
                scope,
                unit,
                amount,
            },
            None,
        )]
    };
    assert_eq!(press(&mut model, "y"), sent("qa"));
    assert_eq!(press(&mut model, "2600k<Enter>y"), sent("qa"));
    // A comma is a point to some and groups thousands for others.
    press(&mut model, "1<Ctrl-u>3,50<Enter>");
    assert!(running(&mut model).contains("\"3,50\" is no amount"));
}

#[test]
fn what_is_typed_is_about_the_tool_it_was_begun_for() {
    let mut s = rich();
    let mut model = ready();
    press(&mut model, ":retry");
    s.current_tool = Some("csv-diff".to_owned());
    told(&mut model, &s);
    assert_eq!(press(&mut model, "<Enter>"), []);
    let Some(Layer::Palette(palette)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    assert_eq!(palette.line.text, "retry", "the line is kept");
    let words = palette.problem.clone().unwrap();
    assert!(words.contains("csv-diff is in qa now"), "{words}");
    let seen = Some(Seen {
        tool: Some("csv-diff".to_owned()),
        phase: Phase::Qa,
        ..s.seen()
    });
    assert_eq!(
        press(&mut model, "<Enter>y"),
        [Effect::Send(Verb::Retry {}, seen)]
    );
}

#[test]
fn what_is_typed_is_about_the_stay_it_was_begun_in() {
    let mut s = rich();
    let mut model = ready();
    press(&mut model, ":retry");
    // It has been repaired meanwhile and is tested again.
    s.last_update += chrono::TimeDelta::minutes(5);
    told(&mut model, &s);
    assert_eq!(press(&mut model, "<Enter>"), []);
    let Some(Layer::Palette(palette)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    let words = palette.problem.clone().unwrap();
    assert!(words.contains("it has been elsewhere since"), "{words}");
}

#[test]
fn a_number_at_the_end_of_numbers_goes_no_further() {
    let mut s = rich();
    s.queue[1].priority = i64::MAX;
    let mut model = ready();
    told(&mut model, &s);
    let verb = Verb::Prioritise {
        item: "webhook-relay".to_owned(),
        priority: i64::MAX,
    };
    assert_eq!(press(&mut model, "jj+"), [Effect::Send(verb, None)]);
}

#[test]
fn the_card_shows_the_command_of_the_way_of_the_cursor_and_that_there_are_more() {
    let mut s = rich();
    let way = |n: u64| Way::send(Verb::Rewind { seq: n }, &format!("way {n}"), "it goes on");
    s.needs = vec![Need {
        id: "a".to_owned(),
        why: "a long story ".repeat(40),
        waiting: String::new(),
        ways: (0..12).map(way).collect(),
        since: snapshot().at,
        blocking: true,
        ..Need::default()
    }];
    let mut model = ready();
    told(&mut model, &s);
    press(&mut model, "!j");
    let text = running(&mut model);
    assert!(text.contains("2 of 13, j k move"), "{text}");
    assert!(text.contains("= dev-factory rewind 1"), "{text}");
}
