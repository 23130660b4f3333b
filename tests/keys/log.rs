//! Scrolling, following, finding and filtering in the log, while lines arrive and old ones are let go.

use crate::night::night;
use crate::screen::{at, model, press, tell, words};
use chrono::TimeDelta;
use dev_factory::domain::screen::{Level, LogLine};
use dev_factory::factory::ports::reader::{Mark, Page};
use dev_factory::tui::book::{HELD, MOST};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use std::sync::Arc;

fn numbered(n: i64) -> LogLine {
    LogLine {
        at: at(0, 0, 0) + TimeDelta::milliseconds(n),
        from: if n % 2 == 0 { "engine" } else { "qa" }.to_owned(),
        level: if n % 10 == 0 {
            Level::Warn
        } else {
            Level::Info
        },
        tool: None,
        seq: None,
        kind: Default::default(),
        text: format!("line {n}."),
    }
}

fn arrive(model: &mut Model, numbers: std::ops::Range<i64>) {
    let lines = numbers.map(|n| Arc::new(numbered(n))).collect();
    tell(model, Message::Lines(lines));
}

/// A model on Logs with a window of 18 rows and lines from 0 on; all that is on disk is here.
fn logs(count: i64) -> Model {
    let mut model = model("default");
    arrive(&mut model, 0..count);
    press(&mut model, "4");
    model.logs.loading = false;
    model.logs.before = Some(None);
    model
}

const SIZE: (u16, u16) = (120, 24);

/// The rows of the pane.
fn rows(model: &mut Model) -> Vec<String> {
    let text = words(model, SIZE);
    text.lines().skip(4).take(18).map(str::to_owned).collect()
}

/// The first and the last number shown.
fn shown(model: &mut Model) -> (i64, i64) {
    let numbers: Vec<i64> = rows(model)
        .iter()
        .filter_map(|row| row.split("line ").nth(1)?.split('.').next()?.parse().ok())
        .collect();
    (numbers[0], numbers[numbers.len() - 1])
}

fn title(model: &mut Model) -> String {
    words(model, SIZE).lines().nth(3).unwrap().to_owned()
}

#[test]
fn up_stops_following_and_the_place_stays_while_lines_arrive() {
    let mut model = logs(100);
    assert_eq!(shown(&mut model), (82, 99));
    assert!(title(&mut model).contains(" FOLLOW "));
    arrive(&mut model, 100..110);
    assert_eq!(shown(&mut model), (92, 109), "it follows");
    press(&mut model, "k");
    assert_eq!(shown(&mut model), (91, 108));
    assert!(title(&mut model).contains("follow OFF, +1 new below"));
    arrive(&mut model, 110..146);
    assert_eq!(shown(&mut model), (91, 108), "the place stays");
    assert!(
        title(&mut model).contains("+37 new below"),
        "{}",
        title(&mut model)
    );
    press(&mut model, "G");
    assert_eq!(shown(&mut model), (128, 145));
    assert!(title(&mut model).contains(" FOLLOW "));
    for (keys, expected) in [
        ("<PgUp>", (111, 128)),
        ("<PgDn>", (128, 145)),
        ("<Ctrl-u>", (120, 137)),
        ("<Up><Up><Down>", (119, 136)),
        ("<End>", (128, 145)),
        ("g", (0, 17)),
        ("<Home>j", (0, 17)),
        ("<End>f", (128, 145)),
    ] {
        press(&mut model, keys);
        assert_eq!(shown(&mut model), expected, "{keys}");
    }
    assert!(model.logs.end.is_some(), "f stays where it is");
    arrive(&mut model, 146..150);
    assert_eq!(shown(&mut model), (128, 145));
    press(&mut model, "f");
    assert_eq!((shown(&mut model), model.logs.end), ((132, 149), None));
    press(&mut model, "kkjj");
    assert_eq!(model.logs.end, None, "down to the last row follows again");
}

#[test]
fn the_place_stays_while_memory_turns_over() {
    let mut model = logs(MOST as i64 + 500);
    assert_eq!(model.book.len(), MOST);
    press(&mut model, "<PgUp><PgUp>");
    model.logs.loading = false;
    let before = rows(&mut model);
    let total = HELD as i64 + 5_000;
    let mut n = MOST as i64 + 500;
    while n < total + MOST as i64 {
        arrive(&mut model, n..n + 1_000);
        n += 1_000;
        assert_eq!(rows(&mut model), before, "after {n}");
        assert!(model.book.len() <= HELD);
    }
    let below = n - shown(&mut model).1 - 1;
    assert!(model.book.skipped() > 0);
    let digits: String = title(&mut model)
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(digits, below.to_string());
    // Downwards it ends at what is in memory; G reads the newest from disk.
    press(&mut model, &"<PgDn>".repeat(3_000));
    assert!(
        model.logs.end.is_some(),
        "what is missing is not passed over unseen"
    );
    assert_eq!(press(&mut model, "G"), [Effect::Older]);
    assert_eq!((model.logs.end, &model.logs.before), (None, &None));
    arrive(&mut model, n..n + 5);
    let lines = (n - 40..n + 3).map(numbered).collect();
    tell(
        &mut model,
        Message::Older(Page {
            lines,
            before: None,
        }),
    );
    assert_eq!(
        shown(&mut model),
        (n - 13, n + 4),
        "nothing twice, nothing left out"
    );
}

#[test]
fn older_pages_come_from_disk_before_the_first_row_is_reached() {
    let mut model = model("default");
    arrive(&mut model, 1_000..1_010);
    assert_eq!(
        press(&mut model, "4"),
        [Effect::Older],
        "a screen is filled at once"
    );
    assert_eq!(press(&mut model, "kkk"), [], "one page at a time");
    let mark = |at| Some(Mark { file: 1, at });
    let page = |numbers: std::ops::Range<i64>, before| {
        Message::Older(Page {
            lines: numbers.map(numbered).collect(),
            before,
        })
    };
    // The first page has no known end: it holds what is in memory already.
    assert_eq!(tell(&mut model, page(905..1_005, mark(7))), []);
    assert_eq!(shown(&mut model), (989, 1_006), "the place stays");
    assert_eq!(model.book.len(), 105);
    let asked = press(&mut model, "<PgUp><PgUp><PgUp>");
    assert_eq!(asked, [], "far from the first row");
    assert_eq!(press(&mut model, "<PgUp>"), [Effect::Older], "near it");
    let place = shown(&mut model);
    assert_eq!(tell(&mut model, page(805..905, mark(5))), []);
    assert_eq!(shown(&mut model), place);
    // To the top means to the oldest on disk.
    assert_eq!(press(&mut model, "g"), [Effect::Older]);
    assert_eq!(tell(&mut model, page(705..805, mark(3))), [Effect::Older]);
    assert_eq!(tell(&mut model, page(700..705, None)), []);
    assert_eq!(shown(&mut model).0, 700);
    assert_eq!(press(&mut model, "kgk"), [], "there is no more");
    assert!(words(&mut model, SIZE).contains("none older on disk"));
}

#[test]
fn rows_that_memory_let_go_are_read_again() {
    let mut model = logs(MOST as i64);
    // The mark belongs to what stood before line 0.
    arrive(&mut model, MOST as i64..MOST as i64 + 100);
    assert_eq!(press(&mut model, "g"), [Effect::Older]);
    assert_eq!(model.logs.before, None, "asked from the newest on");
    let page = |numbers: std::ops::Range<i64>| {
        let before = (numbers.start > 0).then_some(Mark {
            file: 1,
            at: numbers.start as u64,
        });
        let lines = numbers.map(numbered).collect();
        Message::Older(Page { lines, before })
    };
    let newest = MOST as i64 + 100;
    let mut end = newest;
    let mut effects = vec![Effect::Older];
    while effects == [Effect::Older] {
        let start = (end - 3_000).max(0);
        effects = tell(&mut model, page(start..end));
        end = start;
    }
    assert_eq!(
        (end, shown(&mut model).0, model.book.len()),
        (0, 0, MOST + 100)
    );
    // A page that was on its way while rows were let go does not fit any more.
    let mut model = logs(10);
    model.logs.before = Some(Some(Mark { file: 1, at: 1 }));
    assert_eq!(press(&mut model, "4"), [Effect::Older]);
    arrive(&mut model, 10..MOST as i64 + 100);
    assert_eq!(tell(&mut model, page(0..10)), []);
    assert_eq!((model.book.len(), &model.logs.before), (MOST, &None));
    // A page that could not be read may be asked for again.
    let mut model = logs(10);
    model.logs.before = None;
    assert_eq!(press(&mut model, "k"), [Effect::Older]);
    tell(&mut model, Message::Trouble("no such file".to_owned()));
    assert_eq!(press(&mut model, "k"), [Effect::Older]);
}

#[test]
fn only_lines_with_a_text_and_which_of_them_this_is() {
    let mut model = logs(1_000);
    press(&mut model, "/LINE 99<Enter>");
    assert_eq!(model.book.filter().text, "line 99");
    assert_eq!(shown(&mut model), (99, 999));
    assert!(
        title(&mut model).contains("/line 99 11 of 11"),
        "{}",
        title(&mut model)
    );
    press(&mut model, "NN");
    assert!(title(&mut model).contains("/line 99 9 of 11"));
    assert!(
        rows(&mut model)
            .iter()
            .any(|row| row.starts_with('>') && row.contains("line 997."))
    );
    arrive(&mut model, 1_000..1_000);
    arrive(&mut model, 9_900..9_905);
    assert!(
        title(&mut model).contains("9 of 16"),
        "{}",
        title(&mut model)
    );
    press(&mut model, "n");
    assert!(title(&mut model).contains("10 of 16"));
    press(&mut model, "/<Ctrl-u>nowhere<Enter>");
    assert!(rows(&mut model)[0].contains("Esc shows all again"));
    assert_eq!(press(&mut model, "kjgGnN<PgUp><PgDn>"), []);
    press(&mut model, "<Esc>");
    assert_eq!(model.book.count(), 1_005);
    press(&mut model, "n");
    let said = &model.answer.as_ref().unwrap().0.sentence;
    assert!(said.contains("no text is looked for"), "{said}");
}

#[test]
fn a_filter_reads_on_until_the_screen_is_full_or_the_disk_ends() {
    let mut model = logs(50);
    model.logs.before = Some(Some(Mark { file: 1, at: 9 }));
    assert_eq!(press(&mut model, "/line 7<Enter>"), [Effect::Older]);
    let page = |at: i64| Page {
        lines: (at - 100..at)
            .map(|n| LogLine {
                text: format!("line {}.", n + 20_000),
                ..numbered(n)
            })
            .collect(),
        before: Some(Mark { file: 1, at: 9 }),
    };
    assert_eq!(
        tell(&mut model, Message::Older(page(0))),
        [Effect::Older],
        "nothing found there"
    );
    let none = Page {
        lines: vec![],
        before: None,
    };
    assert_eq!(tell(&mut model, Message::Older(none)), []);
    assert_eq!(shown(&mut model), (7, 7));
}

#[test]
fn speakers_and_levels_go_round() {
    let mut model = logs(100);
    let mut seen = Vec::new();
    for _ in 0..7 {
        press(&mut model, "@");
        let from = model.book.filter().from.clone();
        seen.push((from.unwrap_or_else(|| "all".to_owned()), model.book.count()));
    }
    let expected = [
        ("developer", 0),
        ("qa", 50),
        ("supervisor", 0),
        ("gates", 0),
        ("engine", 50),
        ("operator", 0),
        ("all", 100),
    ];
    assert_eq!(seen, expected.map(|(name, count)| (name.to_owned(), count)));
    let mut counts = Vec::new();
    for _ in 0..4 {
        press(&mut model, "l");
        counts.push(model.book.count());
    }
    assert_eq!(counts, [100, 10, 0, 100]);
    let mut model = night("default");
    press(&mut model, "4@@l");
    assert!(
        title(&mut model).contains("agent qa ── tool all ── level info"),
        "{}",
        title(&mut model)
    );
    press(&mut model, "@@@@");
    assert_eq!(model.book.count(), 1, "an operator's name does not count");
}

#[test]
fn long_lines_are_cut_moved_aside_or_wrapped_and_stay_so() {
    let mut model = logs(30);
    let long = LogLine {
        text: format!("{} the end", "word ".repeat(40)),
        ..numbered(30)
    };
    tell(&mut model, Message::Lines(vec![Arc::new(long)]));
    let last = |model: &mut Model| rows(model).pop().unwrap();
    assert!(last(&mut model).ends_with("the end"), "wrapped at first");
    press(&mut model, "w");
    assert!(last(&mut model).ends_with('…'));
    press(&mut model, &"<Right>".repeat(9));
    assert!(
        last(&mut model).ends_with("the end"),
        "{}",
        last(&mut model)
    );
    arrive(&mut model, 31..32);
    press(&mut model, "k");
    assert!(
        last(&mut model).ends_with("the end"),
        "new lines do not move it back"
    );
    assert!(words(&mut model, SIZE).contains("from column 145"));
    press(&mut model, &"<Left>".repeat(20));
    assert!(last(&mut model).ends_with('…'));
    press(&mut model, "w");
    let wrapped = rows(&mut model);
    assert!(wrapped[17].ends_with("the end"), "{}", wrapped[17]);
    let text = wrapped[15].find("word").unwrap();
    assert_eq!(wrapped[16].find("word"), Some(text), "aligned");
    assert!(wrapped[15].starts_with('>') && wrapped[16].starts_with(' '));
    // A page up in wrapped lines passes over no row.
    let first: i64 = shown(&mut model).0;
    press(&mut model, "<PgUp>");
    assert!(
        shown(&mut model).1 >= first - 1,
        "{:?} after {first}",
        shown(&mut model)
    );
}

#[test]
fn times_are_local_utc_or_since_the_tool_was_begun_and_stand_still() {
    let mut model = night("default");
    press(&mut model, "4k");
    let time = |model: &mut Model| {
        let text = words(model, (120, 36));
        let row = text
            .lines()
            .find(|row| row.starts_with('>'))
            .unwrap()
            .to_owned();
        (
            row[1..9].to_owned(),
            text.lines().nth(34).unwrap().to_owned(),
        )
    };
    let (local, rule) = time(&mut model);
    assert!(rule.contains("local time"));
    press(&mut model, "t");
    let (utc, rule) = time(&mut model);
    assert!(rule.contains(" UTC "), "{rule}");
    let hour = |time: &str| time[..2].parse::<i32>().unwrap();
    assert_eq!(hour(&local), hour(&utc) + 1);
    press(&mut model, "t");
    let (since, rule) = time(&mut model);
    assert!(rule.contains("since the tool was begun"), "{rule}");
    let begun = model.snapshot.as_ref().unwrap().started_at.unwrap();
    let row = model
        .book
        .wanted(model.book.up_to(model.logs.end) - 1)
        .unwrap();
    let seconds = (row.at - begun).num_seconds();
    let expected = format!(
        "{}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    assert_eq!(since.trim(), expected);
    press(&mut model, "t");
    assert_eq!(time(&mut model).0, local);
}

#[test]
fn only_the_tool_at_the_cursor_or_under_way_then_all() {
    let mut model = night("default");
    press(&mut model, "4#");
    let all = model.book.len();
    let tool = model.book.filter().tool.clone().unwrap();
    assert!(model.book.count() < all && model.book.count() > 0);
    assert!(
        title(&mut model).contains(&format!("tool {tool}")),
        "{}",
        title(&mut model)
    );
    let rows = (0..model.book.count()).filter_map(|at| model.book.wanted(at));
    assert!(
        rows.into_iter()
            .all(|row| row.tool.as_deref() == Some(&*tool))
    );
    press(&mut model, "#");
    assert_eq!(
        (model.book.count(), &model.book.filter().tool),
        (all, &None)
    );
    let mut model = logs(3);
    press(&mut model, "#");
    let said = &model.answer.as_ref().unwrap().0.sentence;
    assert!(said.contains("about no tool"), "{said}");
}
