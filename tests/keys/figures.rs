//! What the keys of Stats do: sort, window, filter, mark as read, save; and when figures are read anew.

use crate::night::{figures, night, snapshot};
use crate::screen::{at, model as blank, press, tell, words};
use dev_factory::domain::figures::Figures;
use dev_factory::domain::phase::Phase;
use dev_factory::domain::shift::{Bookmark, ParkedTool, Shipped};
use dev_factory::domain::stats::Closing;
use dev_factory::tui::effect::Effect;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::sorted::{By, WINDOWS};
use std::sync::Arc;

fn names(model: &Model) -> Vec<&str> {
    let rows = model.table.rows.iter();
    rows.map(|row| row.tool.as_str()).collect()
}

fn title(model: &mut Model) -> String {
    let text = words(model, (120, 36));
    let row = text.lines().find(|row| row.starts_with("── Tools"));
    row.unwrap_or_default().to_owned()
}

#[test]
fn s_goes_through_the_columns_and_shift_s_turns_the_order_round() {
    let mut model = night("default");
    press(&mut model, "3");
    assert_eq!(
        names(&model)[..3],
        ["github-issue-digest", "session-logger", "tool-17"]
    );
    assert!(title(&mut model).contains("newest first, s sort"));
    press(&mut model, "S");
    assert_eq!(names(&model)[0], "tool-00");
    press(&mut model, "s");
    assert!(!model.table.reversed, "another column begins its own way");
    assert_eq!(names(&model)[0], "github-issue-digest", "by name");
    let ordered = |model: &Model, of: fn(&Closing) -> f64| {
        let figures: Vec<f64> = model.table.rows.iter().map(of).collect();
        figures.windows(2).all(|two| two[0] >= two[1])
    };
    for by in By::ALL {
        while model.table.by != by {
            press(&mut model, "s");
        }
        let sorted = match by {
            By::Cycles => ordered(&model, |row| f64::from(row.cycles)),
            By::Time => ordered(&model, |row| row.seconds),
            By::Money => ordered(&model, |row| row.used.usd),
            By::Tests => ordered(&model, |row| f64::from(row.tests)),
            By::Gap => ordered(&model, |row| row.gap.unwrap_or(f64::MIN)),
            _ => true,
        };
        assert!(sorted, "{by:?}: {:?}", names(&model));
        let count = model.table.rows.len();
        press(&mut model, "S");
        assert_eq!(model.table.rows.len(), count);
        assert!(title(&mut model).contains(by.words(true)), "{by:?}");
    }
    // A cursor that stands somewhere goes to the top with a new order.
    press(&mut model, "jjj");
    assert_eq!(model.tools.cursor, 3);
    press(&mut model, "s");
    assert_eq!(model.tools.cursor, 0);
}

#[test]
fn a_filter_shows_its_count_and_esc_shows_all_again() {
    let mut model = night("default");
    press(&mut model, "3/TOOL-1<Enter>");
    assert_eq!(model.table.rows.len(), 8);
    assert!(title(&mut model).contains("Tools 8 of 20 with \"TOOL-1\""));
    press(&mut model, "/<Ctrl-u>dropped<Enter>");
    assert_eq!(names(&model), ["tool-09"]);
    press(&mut model, "/<Ctrl-u>nothing<Enter>");
    let text = words(&mut model, (80, 24));
    assert!(
        text.contains("no tool has that in its name or result"),
        "{text}"
    );
    press(&mut model, "<Esc>");
    assert_eq!(model.table.rows.len(), 20);
    // The filter of the log is another one.
    assert_eq!(model.book.filter().text, "");
}

#[test]
fn w_widens_the_window_and_comes_back() {
    let mut model = night("default");
    press(&mut model, "3");
    let day = |model: &mut Model| {
        let text = words(model, (120, 36));
        text.lines()
            .find(|row| row.contains("── Days"))
            .unwrap()
            .to_owned()
    };
    assert!(day(&mut model).contains("14 days, one column a day"));
    let mut seen = Vec::new();
    for (days, count) in WINDOWS {
        seen.push(format!("{} days", days * count));
        assert!(day(&mut model).contains(seen.last().unwrap()), "{seen:?}");
        for size in [(60, 16), (80, 24), (120, 36)] {
            let text = words(&mut model, size);
            assert!(text.contains(seen.last().unwrap()), "{text}");
        }
        // Whatever the window, each row ends on what its columns come to.
        let text = words(&mut model, (120, 36));
        let rows = text.lines().skip_while(|row| !row.contains("── Days"));
        for row in rows.skip(1).take(7) {
            let (left, _) = row.split_once('│').unwrap();
            assert!(left.contains(" total ") || left.contains(" all "), "{row}");
            assert!(!left.contains('…'), "{row}");
        }
        press(&mut model, "w");
    }
    assert_eq!(seen, ["14 days", "30 days", "90 days", "360 days"]);
    assert!(day(&mut model).contains("14 days"));
}

#[test]
fn space_marks_what_was_shown_as_read_and_the_shift_begins_anew() {
    let mut model = night("default");
    let read = Bookmark {
        seq: figures().stats.seq,
        at: Some(at(2, 41, 6)),
    };
    assert_eq!(press(&mut model, "3 "), [Effect::MarkRead(read)]);
    let asked = tell(&mut model, Message::Marked(Ok(())));
    assert_eq!(asked, [Effect::Figures]);
    let (answer, _) = model.answer.as_ref().unwrap();
    assert!(answer.accepted && answer.sentence.contains("report --shift"));
    let mut fresh = figures();
    fresh.mark(read);
    tell(&mut model, Message::Figures(Ok(Arc::new(fresh))));
    let text = words(&mut model, (120, 36));
    assert!(text.contains("Since you looked, 02:41"), "{text}");
    assert!(text.contains("shipped       nothing"), "{text}");
    let refused = tell(&mut model, Message::Marked(Err("no room".to_owned())));
    assert_eq!(refused, []);
    assert!(!model.answer.as_ref().unwrap().0.accepted);
    // Who only looks has a mark of their own too.
    model.readonly = true;
    assert_eq!(press(&mut model, " ").len(), 1);
    model.figures = None;
    assert_eq!(press(&mut model, " "), [], "nothing was shown yet");
}

#[test]
fn what_is_not_shown_is_not_marked_as_read() {
    let mut model = night("default");
    model.size = (60, 16);
    press(&mut model, "3");
    let text = words(&mut model, (60, 16));
    assert!(
        !text.contains("Since you looked") && !text.contains("Space"),
        "{text}"
    );
    assert_eq!(press(&mut model, " "), []);
    let (answer, _) = model.answer.as_ref().unwrap();
    assert!(!answer.accepted && answer.sentence.contains("no room for the shift"));
    // With the table alone it is not shown either.
    model.size = (120, 36);
    press(&mut model, "z");
    let text = words(&mut model, (120, 36));
    assert!(
        text.contains("── Tools 20") && !text.contains("Since you looked"),
        "{text}"
    );
    assert_eq!(press(&mut model, " "), []);
    let (answer, _) = model.answer.as_ref().unwrap();
    assert!(!answer.accepted && answer.sentence.contains("z shows everything again"));
    // In a low window that would not help.
    model.size = (120, 20);
    assert_eq!(press(&mut model, " "), []);
    let (answer, _) = model.answer.as_ref().unwrap();
    assert!(answer.sentence.contains("no room for the shift"));
    press(&mut model, "z");
    // From the first row of windows on that show it, it can be.
    for rows in 16..=36 {
        model.size = (80, rows);
        let shown = words(&mut model, (80, rows)).contains("Since you looked");
        assert_eq!(press(&mut model, " ").len(), usize::from(shown), "{rows}");
        assert_eq!(shown, rows >= 22, "{rows}");
    }
}

#[test]
fn every_tool_that_was_parked_is_named_before_the_shift_is_marked_as_read() {
    let mut model = night("default");
    let mut many = figures();
    for name in ["csv-diff", "webhook-relay", "mail-merge"] {
        let parked = ParkedTool {
            at: at(1, 20, 0),
            reason: "S12: 401,000 of 400,000 tokens; raise it with the command budget".to_owned(),
        };
        many.shift.parked.insert(name.to_owned(), parked);
    }
    tell(&mut model, Message::Figures(Ok(Arc::new(many))));
    press(&mut model, "3");
    for size in [(80, 24), (100, 30), (120, 36)] {
        let text = words(&mut model, size);
        for said in [
            "! waits         session-logger, for review",
            "! parked        3: csv-diff, mail-merge, webhook-relay",
            "  spent ",
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }
}

#[test]
fn names_for_which_there_is_no_room_are_counted() {
    let mut model = night("default");
    let mut many = figures();
    for n in 1..=9 {
        let parked = ParkedTool {
            at: at(1, 20, 0),
            reason: "too large".to_owned(),
        };
        many.shift
            .parked
            .insert(format!("a-tool-with-a-long-name-{n}"), parked);
        let tool = format!("another-of-a-long-name-{n}");
        many.overview.shelved.push(tool.clone());
        let at = at(1, 30, 0);
        many.shift.shipped.push(Shipped { tool, at });
    }
    many.shift.more_shipped = 20;
    tell(&mut model, Message::Figures(Ok(Arc::new(many))));
    press(&mut model, "3");
    for (size, parked, shipped) in [
        (
            (80, 24),
            "9: a-tool-with-a-long-name-1, a-tool-with-a-long-name-2, 7 more",
            27,
        ),
        ((120, 36), "9: a-tool-with-a-long-name-1, 8 more ", 28),
    ] {
        let text = words(&mut model, size);
        assert!(
            text.contains(&format!("! parked        {parked}")),
            "{text}"
        );
        assert!(
            text.contains(&format!(
                "another-of-a-long-name-{}, {shipped} more",
                shipped - 19
            )),
            "{text}"
        );
        assert!(text.contains("! waits         10 since "), "{text}");
    }
}

#[test]
fn counts_and_times_are_seen_however_long_the_names_are() {
    let name = |n: usize| format!("a-tool-whose-name-is-as-long-as-can-be-{n}");
    for count in [1, 2, 9] {
        let mut model = night("default");
        // The tool of the night that waits for a verdict.
        let mut events = crate::night::events();
        for event in &mut events {
            if event.tool.as_deref() == Some("session-logger") {
                event.tool = Some(name(0));
            }
        }
        let mut many = Figures::of(&events, Bookmark::default());
        assert_eq!(many.overview.shelved, [name(0)]);
        many.overview.shelved.extend((1..count).map(name));
        let at = at(1, 30, 0);
        let reason = "too large".to_owned();
        let parked = ParkedTool { at, reason };
        let tools = (0..count).map(name);
        many.shift.shipped = tools.clone().map(|tool| Shipped { tool, at }).collect();
        many.shift.parked = tools.map(|tool| (tool, parked.clone())).collect();
        tell(&mut model, Message::Figures(Ok(Arc::new(many))));
        press(&mut model, "3");
        for size in [(80, 24), (120, 36)] {
            let text = words(&mut model, size);
            let row = |front: &str| {
                let row = text.lines().find(|row| row.contains(front));
                row.unwrap_or_else(|| panic!("{front}\n{text}")).to_owned()
            };
            let waits = row("! waits ");
            assert!(waits.contains(" since "), "{waits}");
            let counted = match count {
                1 => ", for review since ".to_owned(),
                count => format!("{count} since "),
            };
            assert!(waits.contains(&counted), "{waits}");
            if count > 1 {
                let more = format!(", {} more", count - 1);
                for row in [waits, row("! parked "), row("✓ shipped ")] {
                    assert!(row.contains(&more), "{row}");
                }
            }
        }
    }
}

#[test]
fn no_row_of_all_time_is_cut_whichever_phase_took_longest() {
    let phases = [Phase::Coding, Phase::Fixing, Phase::Qa, Phase::Spec];
    for longest in phases {
        let mut model = night("default");
        let mut long = figures();
        for phase in phases.into_iter().chain([Phase::SpecReview]) {
            let minutes = if phase == longest {
                23 * 60 + 59
            } else {
                22 * 60 + 59
            };
            long.overview
                .phases
                .insert(phase, f64::from(minutes) * 60_000.0);
        }
        long.overview.gate_millis = 22.0 * 3_600_000.0;
        tell(&mut model, Message::Figures(Ok(Arc::new(long))));
        press(&mut model, "3");
        let text = words(&mut model, (120, 36));
        for rest in ["gates 22 h 00 of it", "spec-review 22 h 59"] {
            assert!(text.contains(rest), "{longest}\n{text}");
        }
    }
}

#[test]
fn one_of_a_thing_is_told_in_the_singular() {
    let mut model = night("default");
    let mut once = figures();
    let row = once.stats.rows().find(|row| row.cycles == 1).unwrap();
    let tool = row.tool.clone();
    let at = at(1, 0, 0);
    once.shift.shipped.push(Shipped { tool, at });
    once.overview.shelved.clear();
    tell(&mut model, Message::Figures(Ok(Arc::new(once))));
    let text = words(&mut model, (120, 36));
    assert!(text.contains(" 1 cycle   $"), "{text}");
}

#[test]
fn shift_y_saves_the_rows_shown_in_their_order() {
    let mut model = night("default");
    let effects = press(&mut model, "3/tool-1<Enter>Y");
    let [Effect::Save { name, text }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(name, "my-factory-tools-2026-11-22-024106.csv");
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 10, "a head, eight tools and an end");
    let columns = lines[0].split(',').count();
    assert!(
        lines[..9]
            .iter()
            .all(|line| line.split(',').count() == columns)
    );
    let first: Vec<&str> = lines[1].split(',').collect();
    assert_eq!(first[..2], ["tool-17", "shipped"]);
    press(&mut model, "/<Ctrl-u>nothing<Enter>");
    assert_eq!(press(&mut model, "Y"), [], "an empty file helps nobody");
    assert!(!model.answer.as_ref().unwrap().0.accepted);
}

#[test]
fn a_past_without_an_engine_that_tells_of_it_has_its_figures() {
    let mut model = blank("default");
    assert_eq!(press(&mut model, "3"), [Effect::Figures]);
    assert_eq!(press(&mut model, "1"), []);
    assert_eq!(
        tell(&mut model, Message::Figures(Ok(Arc::new(figures())))),
        []
    );
    assert_eq!(press(&mut model, "3"), []);
    let text = words(&mut model, (120, 36));
    assert!(text.contains("All time, 18 ended"), "{text}");
    assert!(text.contains("NO ENGINE") || text.contains("STARTING"));
}

#[test]
fn figures_are_asked_for_one_at_a_time_and_only_where_they_are_shown() {
    let mut model = night("default");
    let moved = |model: &mut Model, seq: u64| {
        let mut next = snapshot();
        next.seq = seq;
        tell(model, Message::Snapshot(Arc::new(next)))
    };
    let seq = snapshot().seq;
    press(&mut model, "2");
    assert_eq!(moved(&mut model, seq + 1), [], "Agents shows none");
    assert_eq!(press(&mut model, "3"), [Effect::Figures]);
    assert_eq!(moved(&mut model, seq + 2), [], "they are on their way");
    let news = Message::Figures(Ok(Arc::new(figures())));
    assert_eq!(
        tell(&mut model, news.clone()),
        [Effect::Figures],
        "and one more event"
    );
    assert_eq!(tell(&mut model, news), []);
    // Figures that could not be read are not asked for again and again.
    moved(&mut model, seq + 3);
    assert_eq!(
        tell(&mut model, Message::Figures(Err("damaged".to_owned()))),
        []
    );
    assert_eq!(press(&mut model, "13"), []);
    assert_eq!(moved(&mut model, seq + 4), [Effect::Figures]);
    // Factory shows them where it has two columns.
    tell(&mut model, Message::Figures(Ok(Arc::new(figures()))));
    press(&mut model, "1");
    model.size = (99, 30);
    assert_eq!(moved(&mut model, seq + 5), []);
    model.size = (100, 30);
    assert_eq!(moved(&mut model, seq + 6), [Effect::Figures]);
}
