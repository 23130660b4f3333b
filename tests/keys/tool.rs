//! The Tool view by keys: opening, sections, time, finding, comparing, rewinding; and that no key hits another tool.

use crate::night::{night, snapshot};
use crate::screen::{SIZES, at, press, render, tell, words};
use crate::stories::pause;
use crate::tool_past::{self, TOOL, answer, events, keys, serve, tree};
use dev_factory::domain::command::{Decision, Seen, Verb};
use dev_factory::domain::event::{EventBody, RunSummary};
use dev_factory::domain::item::{Item, ItemStatus};
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::{AgentState, Kind, Level, LogLine, Snapshot};
use dev_factory::factory::ports::reader::{Ask, Events, Mark};
use dev_factory::factory::ports::store::Paper;
use dev_factory::tui::effect::Effect;
use dev_factory::tui::keymap::{Wish, bind};
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::tabs::{Focus, Tab};
use dev_factory::tui::tool::{End, Section, ToolView};
use std::sync::Arc;

/// The night with the tool under way in the queue.
fn under_way() -> Snapshot {
    let mut s = snapshot();
    let mut item = s.queue[1].clone();
    item.name = TOOL.to_owned();
    item.status = ItemStatus::Building;
    s.queue.insert(0, item);
    s.seq = 1846;
    s.next = "BUG-3 (R4), repair 2 of 2 (L1); red again: L2 afresh".to_owned();
    s
}

/// The tool of the drawings, opened from Factory; everything it asked for has come.
fn opened() -> Model {
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(under_way())));
    keys(&mut model, "1g<Enter>");
    model
}

/// Opens the item of that name from the queue.
fn picked(model: &mut Model, name: &str) {
    keys(model, "1");
    while model.focus != Focus::Queue {
        keys(model, "<Tab>");
    }
    keys(model, "g");
    for _ in 0..9 {
        if model.picked().is_some_and(|item| item.name == name) {
            break;
        }
        keys(model, "j");
    }
    keys(model, "<Enter>");
}

fn view(model: &Model) -> &ToolView {
    model.tool.as_ref().unwrap()
}

fn said(model: &Model) -> &str {
    model
        .answer
        .as_ref()
        .map_or("", |(answer, _)| &answer.sentence)
}

fn page(model: &Model) -> String {
    let rows = view(model).page.rows.iter().map(|row| row.text());
    rows.collect::<Vec<_>>().join("\n")
}

fn to(model: &mut Model, section: Section) {
    while view(model).section != section {
        keys(model, "]");
    }
}

#[test]
fn enter_opens_the_tool_of_the_cursor_and_q_goes_back_to_where_one_was() {
    let mut model = opened();
    assert_eq!((model.tab, view(&model).name.as_str()), (Tab::Tool, TOOL));
    assert!(page(&model).contains("labels that differ only by case"));
    assert!(keys(&mut model, "q").is_empty());
    assert_eq!((model.tab, model.tool.is_none()), (Tab::Factory, true));
    picked(&mut model, "webhook-relay");
    assert_eq!(view(&model).name, "webhook-relay");
    // Logs: the tool its row names.
    keys(&mut model, "q4kkkk<Enter>");
    let named = model.tool.as_ref().map(|view| view.name.clone());
    assert!(named.is_some(), "{}", said(&model));
    keys(&mut model, "<Esc>");
    assert_eq!(model.tab, Tab::Logs);
    // Stats: the row of the table.
    keys(&mut model, "3j<Enter>");
    assert_eq!(view(&model).from, Tab::Stats);
    keys(&mut model, "q");
    assert_eq!((model.tab, model.tools.cursor), (Tab::Stats, 1));
}

/// Moves of two tools and a run, as the timeline shows them.
fn timeline(s: &mut Snapshot) {
    let step = |seq: u64, tool: &str, from: &str, to: &str, outcome: &str, commit: Option<&str>| {
        serde_json::json!({"seq": seq, "at": at(2, 0, 0), "tool": tool, "from": from, "to": to,
            "outcome": outcome, "reason": null, "commit": commit})
    };
    let moves = serde_json::json!([
        step(1700, "webhook-relay", "review", "shipped", "ship", None),
        step(1800, TOOL, "idle", "spec", "picked", None),
        step(1820, TOOL, "qa", "fixing", "failed", Some("abcdef1000")),
    ]);
    s.moves = serde_json::from_value(moves).unwrap();
    let ran = serde_json::json!([{"seq": 1846, "at": at(2, 40, 31), "tool": TOOL, "run": 2, "green": false,
        "failed": "held-out: 2 of 14 cases fail"}]);
    s.ran = serde_json::from_value(ran).unwrap();
}

#[test]
fn enter_on_the_timeline_opens_the_tool_of_the_row_at_its_moment() {
    let mut s = under_way();
    timeline(&mut s);
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(s.clone())));
    keys(&mut model, "1<Tab><Tab><Tab>k<Enter>");
    assert_eq!(
        (view(&model).name.as_str(), view(&model).at),
        (TOOL, Some(1820))
    );
    assert_eq!(view(&model).moment.phase, Phase::Fixing);
    // The run is the newest event: it is followed.
    keys(&mut model, "qj<Enter>");
    assert_eq!((view(&model).moment.seq, view(&model).at), (1846, None));
    keys(&mut model, "qg<Enter>");
    assert_eq!(view(&model).name, "webhook-relay", "not the tool under way");
    // Also where nothing is under way, and nothing is wanted.
    (s.current_tool, s.phase, s.attempt) = (None, Phase::Idle, None);
    s.queue.clear();
    keys(&mut model, "q");
    tell(&mut model, Message::Snapshot(Arc::new(s.clone())));
    keys(&mut model, "<Enter>");
    assert_eq!(view(&model).name, "webhook-relay");
    // A move that has gone opens nothing.
    keys(&mut model, "q");
    s.moves.remove(0);
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    keys(&mut model, "<Enter>");
    assert!(model.tool.is_none() && said(&model).contains("no tool stands there"));
}

#[test]
fn a_line_of_the_log_opens_its_tool_at_its_moment() {
    let line = |seq, time: (u32, u32, u32)| LogLine {
        at: at(time.0, time.1, time.2),
        from: "engine".to_owned(),
        level: Level::Move,
        tool: Some(TOOL.to_owned()),
        seq,
        kind: Kind::Plain,
        text: "a line\nand what belongs to it".to_owned(),
    };
    let opened = |line: LogLine| {
        let mut model = night("default");
        tell(&mut model, Message::Snapshot(Arc::new(under_way())));
        tell(&mut model, Message::Lines(vec![Arc::new(line)]));
        keys(&mut model, "4<Enter>");
        (view(&model).at, view(&model).moment.seq, model)
    };
    let (at, seq, mut model) = opened(line(Some(1820), (2, 16, 2)));
    assert_eq!((at, seq), (Some(1820), 1820));
    // Gone on from there it is forgotten where one came from.
    keys(&mut model, ">");
    assert_eq!(view(&model).at, Some(1824));
    // What stands for no event is shown by its time: the newest event of then.
    assert_eq!(opened(line(None, (2, 29, 0))).1, 1822);
    assert_eq!(
        opened(line(None, (2, 50, 0))).0,
        None,
        "the newest is followed"
    );
    assert_eq!(opened(line(Some(1846), (2, 40, 31))).0, None);
}

#[test]
fn pager_clipboard_and_file_get_the_whole_page_of_the_tool() {
    let mut model = opened();
    model.size = (80, 24);
    to(&mut model, Section::Files);
    keys(&mut model, "j<Enter>");
    let whole = format!("{TOOL}: src/group.js\n");
    for key in ["o", "y", "Y"] {
        let effects = press(&mut model, key);
        let (Some(Effect::Page(_, text)) | Some(Effect::Clip(text)) | Some(Effect::Keep(_, text))) =
            effects.first()
        else {
            panic!("{effects:?}");
        };
        assert!(text.starts_with(&whole), "{text}");
        // The last row is out of sight here.
        assert!(
            text.contains("module.exports = { groupByLabel };"),
            "{text}"
        );
        assert!(!text.contains(['│', '─']), "no borders: {text}");
        assert_eq!(text.lines().count(), view(&model).page.rows.len() + 1);
    }
    assert!(!words(&mut model, (80, 24)).contains("module.exports"));
    let effects = press(&mut model, "Y");
    assert!(matches!(&effects[..], [Effect::Keep(name, _)] if name == TOOL));
}

#[test]
fn a_rewind_from_the_timeline_names_the_tree_of_then() {
    let mut s = under_way();
    timeline(&mut s);
    // What is written to the home and read again still tells that there was no tree.
    let text = serde_json::to_string(&s).unwrap();
    s = serde_json::from_str(&text).unwrap();
    assert_eq!(s.moves[1].commit, Some(None));
    let slept =
        serde_json::json!([{"seq": 1830, "at": at(2, 30, 0), "gap": "slept", "seconds": 900}]);
    s.gaps = serde_json::from_value(slept).unwrap();
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    keys(&mut model, "1<Tab><Tab><Tab>W");
    assert!(
        said(&model).contains("a run of the gates"),
        "{}",
        said(&model)
    );
    keys(&mut model, "kW");
    assert!(
        said(&model).contains("choose a move"),
        "the computer slept: {}",
        said(&model)
    );
    keys(&mut model, "kW");
    let text = words(&mut model, (120, 36));
    assert!(text.contains("files of abcdef1000"), "{text}");
    keys(&mut model, "<Esc>kW");
    let text = words(&mut model, (120, 36));
    assert!(text.contains("no files yet"), "{text}");
}

#[test]
fn the_past_is_read_page_by_page_and_what_comes_late_is_dropped() {
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(under_way())));
    let asked = press(&mut model, "1g<Enter>");
    assert_eq!(
        asked.last(),
        Some(&Effect::Events(TOOL.to_owned(), 0, None))
    );
    assert!(page(&model).contains("reading the journal"));
    let all = events();
    let (old, new) = all.split_at(20);
    let mark = Some(Mark { file: 7, at: 0 });
    let some = |events: &[_], before: &Option<Mark>| {
        Ok(Events {
            events: events.to_vec(),
            before: before.clone(),
            tip: 0,
        })
    };
    let next = tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 0, None, some(new, &mark)),
    );
    assert_eq!(next, [Effect::Events(TOOL.to_owned(), 0, mark.clone())]);
    assert!(page(&model).contains("so far"), "{}", page(&model));
    // The same page again, one of another tool, one from elsewhere: nothing of it is taken.
    for (name, at) in [
        (TOOL, None),
        ("other", mark.clone()),
        (TOOL, Some(Mark { file: 3, at: 0 })),
    ] {
        let late = Message::Events(name.to_owned(), 0, at, some(&[], &None));
        assert_eq!(tell(&mut model, late), [], "{name}");
        assert!(!view(&model).whole());
    }
    let asked = tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 0, mark, some(old, &None)),
    );
    let spec = Ask::Paper(Paper::SpecVersion {
        tool: TOOL.to_owned(),
        n: 1,
    });
    assert_eq!(asked, [Effect::Piece(spec.clone())]);
    assert!(page(&model).contains("reading it"));
    // One has gone on to another section: what comes for the one before is not kept, the next is asked.
    press(&mut model, "]");
    let came = Message::Piece(spec.clone(), Ok(answer(&spec)));
    assert_eq!(tell(&mut model, came), [Effect::Piece(Ask::Files(tree(2)))]);
    assert!(view(&model).known(&spec).is_none());
    // Nobody asked for that.
    let other = Ask::Files(tree(1));
    tell(
        &mut model,
        Message::Piece(other.clone(), Ok(answer(&other))),
    );
    assert!(view(&model).known(&other).is_none());
    // Leaving ends it.
    press(&mut model, "q");
    let files = Ask::Files(tree(2));
    assert_eq!(
        tell(
            &mut model,
            Message::Piece(files.clone(), Ok(answer(&files)))
        ),
        []
    );
}

#[test]
fn what_cannot_be_read_says_so() {
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(under_way())));
    press(&mut model, "1g<Enter>");
    let name = view(&model).name.clone();
    tell(
        &mut model,
        Message::Events(
            name.clone(),
            0,
            None,
            Err("journal.jsonl: permission denied".to_owned()),
        ),
    );
    assert!(page(&model).contains("permission denied"));
    // A tool the journal does not know.
    press(&mut model, "q");
    press(&mut model, "1g<Enter>");
    tell(
        &mut model,
        Message::Events(name, 0, None, Ok(Events::default())),
    );
    assert!(page(&model).contains("says nothing of this tool"));
}

#[test]
fn scrubbing_shows_everything_as_it_was() {
    let mut model = opened();
    assert_eq!((view(&model).moment.seq, view(&model).at), (1846, None));
    // Two runs, two reports that run 2 has closed; then only the first, with both open.
    keys(&mut model, "<");
    assert_eq!(
        (view(&model).at, view(&model).moment.phase),
        (Some(1824), Phase::Qa)
    );
    let moment = view(&model).moment.clone();
    assert_eq!((moment.runs.len(), moment.bugs.len()), (1, 2));
    assert!(moment.bugs.iter().all(|bug| bug.open));
    to(&mut model, Section::Tests);
    assert!(page(&model).contains("29 of 31 tests"), "{}", page(&model));
    to(&mut model, Section::Files);
    assert!(
        page(&model).contains("src/main.js"),
        "the repair is committed"
    );
    // Before the repair was.
    keys(&mut model, ",,");
    assert!(!page(&model).contains("src/main.js"), "{}", page(&model));
    let text = words(&mut model, (120, 36));
    assert!(
        text.contains("AS OF 02:28:00") && text.contains("seq 1822, stands still"),
        "{text}"
    );
    // In coding nothing was committed, and no gate had run.
    keys(&mut model, "<");
    keys(&mut model, "<");
    keys(&mut model, "<");
    assert_eq!(view(&model).moment.phase, Phase::Coding);
    assert!(page(&model).contains("nothing was committed until this moment"));
    let mut other = model.clone();
    let wish = Wish {
        action: "compare".to_owned(),
        keys: vec!["F3".to_owned()],
        place: String::new(),
    };
    other.keys = Arc::new(bind(&[wish]).unwrap());
    for (model, key) in [(&mut model, "c"), (&mut other, "F3")] {
        to(model, Section::Diff);
        let text = page(model);
        assert!(text.contains(&format!("; {key} chooses which")), "{text}");
        keys(model, "[");
    }
    for (section, empty) in [
        (Section::Diff, "nothing was committed"),
        (Section::Tests, "the gates had not run"),
        (Section::Bugs, "no bug report was filed"),
        (Section::Reviews, "no review was written"),
        (Section::Evidence, "the gates had not run"),
    ] {
        to(&mut model, section);
        assert!(
            page(&model).contains(empty),
            "{section:?}: {}",
            page(&model)
        );
    }
    to(&mut model, Section::Spec);
    assert!(page(&model).contains("R4"), "the spec was there");
    keys(&mut model, "<");
    keys(&mut model, "<");
    assert_eq!(view(&model).moment.phase, Phase::Spec);
    assert!(page(&model).contains("no spec was accepted until this moment"));
    // And on again, up to the newest, where it follows.
    for _ in 0..7 {
        keys(&mut model, ">");
    }
    assert_eq!(view(&model).at, None);
    assert!(!words(&mut model, (120, 36)).contains("AS OF"));
}

#[test]
fn the_newest_moment_is_followed_and_an_older_one_stands_still() {
    let mut model = opened();
    let mut later = under_way();
    later.seq = 1850;
    let asked = tell(&mut model, Message::Snapshot(Arc::new(later.clone())));
    assert_eq!(asked, [Effect::Events(TOOL.to_owned(), 1846, None)]);
    let mut new = events().pop().unwrap();
    new.seq = 1849;
    let page = |events| {
        Ok(Events {
            events,
            before: None,
            tip: 0,
        })
    };
    let message = Message::Events(TOOL.to_owned(), 1846, None, page(vec![new.clone()]));
    let asked = tell(&mut model, message);
    serve(&mut model, asked);
    assert_eq!(
        (view(&model).moment.seq, view(&model).moment.runs.len()),
        (1849, 3)
    );
    // Read up to there: the same snapshot asks for nothing.
    assert_eq!(
        tell(&mut model, Message::Snapshot(Arc::new(later.clone()))),
        []
    );
    keys(&mut model, ",");
    assert_eq!(view(&model).at, Some(1846));
    later.seq = 1860;
    tell(&mut model, Message::Snapshot(Arc::new(later)));
    (new.seq, new.ts) = (1855, at(2, 50, 0));
    tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 1850, None, page(vec![new])),
    );
    assert_eq!(
        (view(&model).at, view(&model).moment.seq),
        (Some(1846), 1846)
    );
}

#[test]
fn lists_open_and_close_and_tab_goes_to_the_next_thing() {
    let mut model = opened();
    to(&mut model, Section::Files);
    assert!(view(&model).page.list);
    keys(&mut model, "j<Enter>");
    assert!(
        page(&model).contains("const key = l.trim();"),
        "{}",
        page(&model)
    );
    assert_eq!(view(&model).page.title, "src/group.js");
    keys(&mut model, "<Shift-Tab>");
    assert_eq!(view(&model).page.title, "README.md");
    keys(&mut model, "<Tab><Tab><Tab>");
    assert_eq!(view(&model).page.title, "src/main.js");
    // q: the list, then the tab.
    keys(&mut model, "q");
    assert!(view(&model).page.list);
    to(&mut model, Section::Turns);
    assert_eq!(view(&model).page.rows.len(), 5);
    keys(&mut model, "<Enter>");
    let text = page(&model);
    assert!(
        text.contains("const key = l.trim();") && text.contains("The key must be trimmed"),
        "{text}"
    );
    assert!(text.find("answered") < text.find("asked, user"), "{text}");
    to(&mut model, Section::Bugs);
    keys(&mut model, "<Enter>");
    assert!(page(&model).contains("closed, run 2") && page(&model).contains("Hypothesis"));
}

#[test]
fn papers_that_are_gone_say_so() {
    let mut model = opened();
    to(&mut model, Section::Turns);
    let asked = press(&mut model, "<Enter>");
    let [Effect::Piece(ask)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    tell(&mut model, Message::Piece(ask.clone(), Ok(None)));
    assert!(
        page(&model).contains("its transcript is not there any more"),
        "{}",
        page(&model)
    );
    to(&mut model, Section::Spec);
    let mut model = opened();
    to(&mut model, Section::Files);
    let asked = press(&mut model, "<Enter>");
    let [Effect::Piece(ask)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    tell(
        &mut model,
        Message::Piece(ask.clone(), Err("git: not found in PATH".to_owned())),
    );
    assert!(page(&model).contains("cannot be read: git: not found in PATH"));
}

#[test]
fn both_ends_of_a_diff_can_be_chosen() {
    let mut model = opened();
    to(&mut model, Section::Diff);
    assert_eq!(
        view(&model).page.title,
        "run 1 of cycle 0 > run 2 of cycle 1"
    );
    assert!(
        page(&model).contains(" +    5      const seen = new Set();"),
        "{}",
        page(&model)
    );
    // From nothing to run 1.
    keys(&mut model, "c<Enter>k<Enter>");
    assert_eq!(view(&model).ends, Some((End::Nothing, End::Run(1))));
    assert!(
        page(&model).contains("src/group.js  +12 -0 is new"),
        "{}",
        page(&model)
    );
    // Before run 1 there is no such end: the usual ones again.
    for _ in 0..4 {
        keys(&mut model, "<");
    }
    assert!(page(&model).contains("nothing was committed"));
}

#[test]
fn a_text_is_found_and_gone_through() {
    let mut model = opened();
    model.size = (80, 24);
    to(&mut model, Section::Spec);
    keys(&mut model, "/label<Enter>");
    let first = view(&model).shelf().top;
    let rows = view(&model).page.having("label");
    assert!(rows.len() >= 2 && rows.contains(&first), "{rows:?}");
    keys(&mut model, "n");
    assert_eq!(view(&model).shelf().top, rows[1]);
    keys(&mut model, "N");
    assert_eq!(view(&model).shelf().top, rows[0]);
    assert!(words(&mut model, (80, 24)).contains("/label 1 of"));
    keys(&mut model, "/zzz<Enter>");
    assert!(said(&model).contains("not found"));
    // Esc ends it first, then it goes back.
    keys(&mut model, "<Esc>");
    assert_eq!((view(&model).find.as_str(), model.tab), ("", Tab::Tool));
    keys(&mut model, "n");
    assert!(said(&model).contains("/ asks for one"));
    keys(&mut model, "<Esc>");
    assert_eq!(model.tab, Tab::Factory);
}

#[test]
fn rewind_is_sent_with_its_event_only_after_the_name_was_typed() {
    let mut model = opened();
    keys(&mut model, "W");
    assert!(model.layers.is_empty() && said(&model).contains("newest moment"));
    keys(&mut model, "<");
    assert_eq!(keys(&mut model, "W"), []);
    assert_eq!(model.layers.len(), 1);
    // Neither y nor another name does it.
    for wrong in ["y<Enter>", "-other<Enter>"] {
        assert_eq!(keys(&mut model, wrong), [], "{wrong}");
        assert_eq!(model.layers.len(), 1, "{wrong}");
    }
    keys(&mut model, "<Ctrl-u>");
    let seen = Seen {
        tool: Some(TOOL.to_owned()),
        phase: Phase::Qa,
        ..under_way().seen()
    };
    let sent = keys(&mut model, &format!("{TOOL}<Enter>"));
    assert_eq!(sent, [Effect::Send(Verb::Rewind { seq: 1824 }, Some(seen))]);
    // The engine went on meanwhile: nothing is sent.
    let mut model = opened();
    keys(&mut model, "<");
    keys(&mut model, "W");
    let mut later = under_way();
    later.phase = Phase::Fixing;
    tell(&mut model, Message::Snapshot(Arc::new(later)));
    let sent = keys(&mut model, &format!("{TOOL}<Enter>"));
    assert_eq!(sent, []);
    assert!(
        said(&model).contains("nothing was sent"),
        "{}",
        said(&model)
    );
    // Esc does nothing.
    let mut model = opened();
    keys(&mut model, "<");
    assert_eq!(keys(&mut model, "W<Esc>"), []);
    assert!(model.layers.is_empty());
}

#[test]
fn rewind_names_and_sends_the_move_it_goes_to() {
    let mut model = opened();
    // Two events back is a commit, not a move: the engine would take the move before it.
    keys(&mut model, "<,");
    assert_eq!(view(&model).at, Some(1823));
    let line = words(&mut model, (120, 36));
    assert!(line.contains("W back to fixing of 02:16:02"), "{line}");
    assert_eq!(keys(&mut model, "W"), []);
    let text = words(&mut model, (120, 36));
    for part in [
        "Rewind github-issue-digest: fixing of 02:16:02?",
        "event 1820: qa -> fixing (failed), files of abcdef1000",
        "not event 1823, 02:31:00 (files abcdef2000)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for size in SIZES {
        let text = words(&mut model, size);
        assert!(text.contains(&format!("type {TOOL} >")), "{text}");
    }
    let sent = keys(&mut model, &format!("{TOOL}<Enter>"));
    let [Effect::Send(Verb::Rewind { seq: 1820 }, Some(_))] = sent.as_slice() else {
        panic!("{sent:?}");
    };
}

#[test]
fn what_the_engine_would_refuse_is_refused_at_once() {
    let mut model = opened();
    for _ in 0..9 {
        keys(&mut model, "<");
    }
    keys(&mut model, ",");
    assert_eq!(view(&model).at, Some(4), "before its first move");
    assert_eq!(keys(&mut model, "W"), []);
    assert!(model.layers.is_empty() && said(&model).contains("nothing had begun"));
    assert!(!words(&mut model, (120, 36)).contains("W back"));
    // A build that began later: what was before it is another one's.
    let mut model = opened();
    let mut again = events()[1].clone();
    again.seq = 1900;
    again.ts = at(3, 0, 0);
    if let dev_factory::domain::event::EventBody::Move(made) = &mut again.body {
        made.started_at = Some(at(3, 0, 0));
    }
    let mut later = under_way();
    later.seq = 1900;
    tell(&mut model, Message::Snapshot(Arc::new(later)));
    let came = Events {
        events: vec![again],
        ..Events::default()
    };
    tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 1846, None, Ok(came)),
    );
    keys(&mut model, "<<W");
    assert!(model.layers.is_empty(), "{:?}", view(&model).back);
    assert!(said(&model).contains("earlier build"), "{}", said(&model));
}

#[test]
fn a_read_that_fails_is_asked_again_with_the_next_news_and_never_at_once() {
    let mut model = opened();
    let news = |seq: u64| {
        let mut later = under_way();
        later.seq = seq;
        Message::Snapshot(Arc::new(later))
    };
    let fails = || {
        let why = "journal.jsonl: permission denied".to_owned();
        Message::Events(TOOL.to_owned(), 1846, None, Err(why))
    };
    let asked = [Effect::Events(TOOL.to_owned(), 1846, None)];
    for seq in [1850, 1851, 1852] {
        assert_eq!(tell(&mut model, news(seq)), asked, "{seq}");
        assert_eq!(tell(&mut model, fails()), []);
        assert_eq!(tell(&mut model, Message::Lines(Vec::new())), []);
        assert_eq!(tell(&mut model, news(seq)), [], "nothing new");
        let text = words(&mut model, (80, 24));
        assert!(text.contains("what is newer cannot be read"), "{text}");
    }
    assert_eq!(tell(&mut model, news(1853)), asked);
    let came = Message::Events(TOOL.to_owned(), 1846, None, Ok(Events::default()));
    tell(&mut model, came);
    assert!(!words(&mut model, (80, 24)).contains("cannot be read"));
}

#[test]
fn a_past_known_in_part_says_so_and_nothing_is_counted_from_it() {
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(under_way())));
    press(&mut model, "1g<Enter>");
    let mark = Some(Mark { file: 7, at: 0 });
    let came = Events {
        events: events().split_off(20),
        before: mark.clone(),
        tip: 1846,
    };
    tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 0, None, Ok(came)),
    );
    let failed = Err("segment 1: gone".to_owned());
    let effects = tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 0, mark.clone(), failed),
    );
    assert_eq!(effects, []);
    for size in SIZES {
        let text = words(&mut model, size);
        assert!(text.contains("known in part only"), "{text}");
        for wrong in ["not on the list", "used   ", "none was filed"] {
            assert!(!text.contains(wrong), "{wrong}: {text}");
        }
    }
    press(&mut model, ",");
    assert_eq!(press(&mut model, "W"), []);
    assert!(model.layers.is_empty() && said(&model).contains("not read yet"));
    // With the next news the same place is asked for again.
    let mut later = under_way();
    later.seq = 1847;
    let asked = tell(&mut model, Message::Snapshot(Arc::new(later)));
    assert_eq!(asked, [Effect::Events(TOOL.to_owned(), 0, mark.clone())]);
    let rest = Events {
        events: events().drain(..20).collect(),
        ..Events::default()
    };
    let asked = tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 0, mark, Ok(rest)),
    );
    serve(&mut model, asked);
    assert!(view(&model).whole() && page(&model).contains("R4"));
}

#[test]
fn an_answer_to_an_older_question_loses_no_event() {
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(under_way())));
    press(&mut model, "1g<Enter>");
    press(&mut model, "q");
    let mut later = under_way();
    later.seq = 1850;
    tell(&mut model, Message::Snapshot(Arc::new(later)));
    // Opened again while the first question is still under way: its answer goes up to 1825 only.
    press(&mut model, "1g<Enter>");
    let mut all = events();
    let newest = all.pop().unwrap();
    let came = Events {
        events: all,
        before: None,
        tip: 1825,
    };
    let asked = tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 0, None, Ok(came)),
    );
    let next = Effect::Events(TOOL.to_owned(), 1825, None);
    assert!(asked.contains(&next), "{asked:?}");
    let came = |events| Events {
        events,
        before: None,
        tip: 1846,
    };
    let answer = Message::Events(TOOL.to_owned(), 1825, None, Ok(came(vec![newest])));
    tell(&mut model, answer);
    assert_eq!(view(&model).past.newest(), 1846);
    // The journal goes no further than that: it is not asked without end.
    let answer = Message::Events(TOOL.to_owned(), 1846, None, Ok(came(Vec::new())));
    let asked = tell(&mut model, answer);
    assert!(
        !asked
            .iter()
            .any(|effect| matches!(effect, Effect::Events(..)))
    );
}

#[test]
fn what_is_kept_has_a_size() {
    let mut model = opened();
    to(&mut model, Section::Files);
    let mut held = 0;
    for _ in 0..12 {
        let asked = press(&mut model, "<Enter>");
        for effect in asked {
            if let Effect::Piece(ask) = effect {
                let text = "x".repeat(2 * 1024 * 1024);
                let piece = dev_factory::factory::ports::reader::Piece::Text(text);
                tell(&mut model, Message::Piece(ask, Ok(Some(piece))));
            }
        }
        let pieces = view(&model).pieces.iter();
        held = pieces
            .filter_map(|(_, came)| Some(came.as_ref().ok()?.as_ref()?.weight()))
            .sum::<usize>();
        assert!(held <= 8 * 1024 * 1024 + 64 * 1024, "{held}");
        press(&mut model, "<Tab>");
        // Another content under the same name each time.
        let pieces = &mut model.tool.as_mut().unwrap().pieces;
        if let Some((Ask::File(id), _)) = pieces.back_mut() {
            *id = format!("{held:040}");
        }
        press(&mut model, "q");
    }
    assert!(held > 2 * 1024 * 1024);
}

#[test]
fn limits_of_the_tool_under_way_are_shown_for_no_other() {
    let mut model = opened();
    assert!(words(&mut model, (120, 36)).contains(" of $"));
    keys(&mut model, "<");
    let text = words(&mut model, (120, 36));
    let used = text.lines().find(|line| line.contains("used   ")).unwrap();
    assert!(
        !used.contains(" of $"),
        "limits of now for a moment of then: {used}"
    );
    let mut model = opened();
    tell(&mut model, Message::Snapshot(Arc::new(another())));
    let text = words(&mut model, (120, 36));
    let used = text.lines().find(|line| line.contains("used   ")).unwrap();
    assert!(!used.contains(" of $"), "{used}");
}

/// The tool with its last move being a ship.
fn shipped() -> Model {
    let mut model = opened();
    let mut ship = events()[1].clone();
    (ship.seq, ship.ts) = (1900, at(3, 0, 0));
    if let dev_factory::domain::event::EventBody::Move(made) = &mut ship.body {
        made.from = Phase::Review;
        made.to = Phase::Shipped;
        made.outcome = dev_factory::domain::phase::Outcome::Ship;
    }
    let mut later = under_way();
    later.seq = 1900;
    later.current_tool = None;
    tell(&mut model, Message::Snapshot(Arc::new(later)));
    let came = Events {
        events: vec![ship],
        ..Events::default()
    };
    let asked = tell(
        &mut model,
        Message::Events(TOOL.to_owned(), 1846, None, Ok(came)),
    );
    serve(&mut model, asked);
    model
}

/// The same tool after one more run.
fn measured(change: impl Fn(&mut RunSummary)) -> Model {
    let mut model = opened();
    let mut event = events().pop().unwrap();
    event.seq += 4;
    let EventBody::Run(run) = &mut event.body else {
        panic!("{event:?}");
    };
    run.run = 3;
    change(run);
    let mut s = under_way();
    s.seq = event.seq;
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    let came = Events {
        events: vec![event],
        before: None,
        tip: 0,
    };
    let asked = Message::Events(TOOL.to_owned(), 1846, None, Ok(came));
    let asked = tell(&mut model, asked);
    serve(&mut model, asked);
    model
}

#[test]
fn the_gate_that_refused_a_run_is_drawn_red_and_no_other() {
    let low = "mutation: tests notice 4 of 10 changes, 40 % of 60 % wanted";
    let mut mutation = measured(|run| {
        (run.held_passed, run.mutation) = (run.held_total, Some(40));
        run.failed_gate = Some(low.to_owned());
    });
    let mut scan = measured(|run| {
        (run.passed, run.total, run.held_passed, run.held_total) = (0, 0, 0, 0);
        (run.coverage, run.mutation) = (None, None);
        run.failed_gate = Some("scan: src/group.js reads process.env".to_owned());
    });
    for size in [(120, 36), (80, 24)] {
        let text = words(&mut mutation, size);
        assert!(
            text.contains("✗ mutation") && text.contains("40 %"),
            "{text}"
        );
        assert!(
            text.contains("✓ jest") && text.contains("✓ held-out"),
            "{text}"
        );
        let text = words(&mut scan, size);
        assert!(text.contains("✗ scan"), "{text}");
        assert!(text.contains("src/group.js reads"), "{text}");
        assert!(
            !text.contains("jest 0") && !text.contains("0 of 0"),
            "{text}"
        );
    }
}

#[test]
fn a_shipped_tool_is_reopened_from_its_view() {
    let mut model = opened();
    keys(&mut model, "O");
    assert!(model.layers.is_empty() && said(&model).contains("is not shipped"));
    let mut model = shipped();
    keys(&mut model, "O");
    assert_eq!(model.layers.len(), 1, "{}", said(&model));
}

fn another() -> Snapshot {
    let mut s = under_way();
    s.current_tool = Some("webhook-relay".to_owned());
    s
}

#[test]
fn no_key_hits_another_tool_than_the_one_shown() {
    for key in ["i", "E", "r", "X", "v", "W"] {
        let mut model = opened();
        keys(&mut model, "<");
        tell(&mut model, Message::Snapshot(Arc::new(another())));
        assert_eq!(keys(&mut model, key), [], "{key}");
        assert!(model.layers.is_empty(), "{key} opened something");
        assert!(said(&model).contains(TOOL), "{key}: {}", said(&model));
    }
    // These are about an item of the queue: the one that is shown, whatever is under way, wherever the queue's cursor is.
    for (key, rest) in [("x", "why<Enter>y"), ("R", "<Enter>y"), ("D", "")] {
        let mut model = night("default");
        tell(&mut model, Message::Snapshot(Arc::new(under_way())));
        picked(&mut model, "csv-diff");
        keys(&mut model, "q");
        picked(&mut model, TOOL);
        assert_eq!(view(&model).name, TOOL);
        tell(&mut model, Message::Snapshot(Arc::new(another())));
        let rest = match key {
            "D" => format!("{TOOL}<Enter>"),
            _ => rest.to_owned(),
        };
        keys(&mut model, key);
        let sent = keys(&mut model, &rest);
        assert!(
            format!("{sent:?}").contains(TOOL),
            "{key}: {sent:?} {}",
            said(&model)
        );
        assert!(!format!("{sent:?}").contains("webhook"), "{key}: {sent:?}");
    }
    // While one types, another tool comes under way: nothing is sent.
    for (key, rest) in [("i", "trim<Enter>"), ("E", "why<Enter>y"), ("r", "y")] {
        let mut model = opened();
        keys(&mut model, key);
        tell(&mut model, Message::Snapshot(Arc::new(another())));
        // What closed gives y back its other meaning: the clipboard.
        let sent = keys(&mut model, rest);
        let sends = |effect: &Effect| matches!(effect, Effect::Send(..));
        assert!(!sent.iter().any(sends), "{key}: {sent:?}");
        assert!(!said(&model).is_empty(), "{key}");
    }
}

#[test]
fn a_verdict_is_on_the_tool_that_is_shown() {
    // On the shelf another tool waits, which Factory would offer.
    let mut model = opened();
    assert_eq!(keys(&mut model, "v"), []);
    assert!(model.layers.is_empty() && said(&model).contains("does not wait for a verdict"));
    let mut model = night("default");
    let mut s = under_way();
    let waits = |item: &Item| item.status == ItemStatus::InReview;
    let at = s.queue.iter().position(waits).unwrap();
    s.queue.swap(0, at);
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    picked(&mut model, "session-logger");
    keys(&mut model, "v");
    assert_eq!(view(&model).name, "session-logger");
    assert_eq!(model.layers.len(), 1, "{}", said(&model));
}

#[test]
fn every_key_of_the_view_works_and_is_offered_only_then() {
    use dev_factory::tui::action::{Action, Care, TABLE};
    for row in TABLE.iter().filter(|row| row.place.holds(Tab::Tool)) {
        for key in row.keys {
            let mut model = opened();
            to(&mut model, Section::Spec);
            // Room to move in every direction, a text to look for, cut rows.
            model.size = (60, 16);
            match row.action {
                Action::Next | Action::Previous => drop(keys(&mut model, "/e<Enter>")),
                Action::Open | Action::NextThing => to(&mut model, Section::Files),
                Action::PreviousThing => {
                    to(&mut model, Section::Files);
                    keys(&mut model, "j");
                }
                Action::Left | Action::Right => {
                    to(&mut model, Section::Files);
                    keys(&mut model, "j<Enter><Right>");
                }
                _ => {}
            }
            if matches!(row.action, Action::Later | Action::PhaseOn | Action::Rewind) {
                keys(&mut model, "<");
            }
            if matches!(
                row.action,
                Action::Up | Action::PageUp | Action::HalfUp | Action::Top
            ) {
                keys(&mut model, "jjjjjjjj");
            }
            if matches!(row.action, Action::Reopen) {
                model = shipped();
            }
            if matches!(row.action, Action::Verdict) {
                let mut s = under_way();
                s.phase = Phase::Review;
                tell(&mut model, Message::Snapshot(Arc::new(s)));
            }
            model.answer = None;
            let before = format!("{model:?}");
            let key = if key.chars().count() == 1 {
                (*key).to_owned()
            } else {
                format!("<{key}>")
            };
            let effects = press(&mut model, &key);
            let changed = !effects.is_empty() || format!("{model:?}") != before;
            assert!(changed, "{key} does nothing");
            // A tool that is under way is not parked.
            if row.care != Care::Looks && row.action != Action::Unpark {
                assert!(said(&model).is_empty(), "{key}: {}", said(&model));
                let mut reader = match row.action {
                    Action::Reopen => shipped(),
                    _ => opened(),
                };
                reader.readonly = true;
                if row.action != Action::Reopen {
                    keys(&mut reader, "<");
                }
                assert_eq!(keys(&mut reader, &key), [], "{key} to a reader");
                assert!(said(&reader).contains("read-only"), "{key}");
            }
        }
    }
}

/// Pictures of a model that was opened, at every size in two themes.
fn pictures(name: &str, open: impl Fn(&mut Model)) {
    pictures_of(name, &under_way(), open);
}

fn pictures_of(name: &str, s: &Snapshot, open: impl Fn(&mut Model)) {
    for theme in ["default", "plain"] {
        for size in SIZES {
            let mut model = night(theme);
            model.size = size;
            tell(&mut model, Message::Snapshot(Arc::new(s.clone())));
            keys(&mut model, "1g<Enter>");
            open(&mut model);
            let file = format!("tool_{name}_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(file, render(&mut model, size));
        }
    }
}

#[test]
fn every_section_is_drawn() {
    for section in Section::ALL {
        let name = section.name().to_lowercase();
        pictures(&name, |model| to(model, section));
    }
}

#[test]
fn a_paused_factory_is_drawn() {
    let mut s = under_way();
    s.pauses = vec![pause("factory")];
    s.attempt = None;
    s.doing = "paused by ann: gaming".to_owned();
    for agent in &mut s.agents {
        (agent.state, agent.words) = (AgentState::Paused, s.doing.clone());
    }
    pictures_of("paused", &s, |_| ());
    let mut model = opened();
    tell(&mut model, Message::Snapshot(Arc::new(s)));
    let text = words(&mut model, (120, 36));
    assert!(
        text.contains("= PAUSED") && text.contains("ask the Supervisor  "),
        "{text}"
    );
}

#[test]
fn what_is_open_is_drawn() {
    pictures("file", |model| {
        to(model, Section::Files);
        keys(model, "j<Enter>");
    });
    pictures("turn", |model| {
        to(model, Section::Turns);
        keys(model, "<Enter>");
    });
    pictures("bug", |model| {
        to(model, Section::Bugs);
        keys(model, "<Enter>");
    });
    pictures("run", |model| {
        to(model, Section::Evidence);
        keys(model, "j<Enter>");
    });
    pictures("reviewed", reviewed);
    pictures("review", |model| {
        reviewed(model);
        keys(model, "<Enter>");
    });
}

/// The Supervisor has sent the tool back.
fn reviewed(model: &mut Model) {
    let mut s = under_way();
    s.seq = 1847;
    tell(model, Message::Snapshot(Arc::new(s)));
    let mut event = events().pop().unwrap();
    (event.seq, event.ts) = (1847, at(2, 41, 0));
    event.body = EventBody::Reviewed {
        n: 1,
        verdict: Decision::SendBack,
        by: "anthropic/claude-opus-5-5".to_owned(),
        scripted: false,
        local: false,
    };
    let came = Events {
        events: vec![event],
        ..Events::default()
    };
    let asked = Message::Events(TOOL.to_owned(), 1846, None, Ok(came));
    let asked = tell(model, asked);
    serve(model, asked);
    to(model, Section::Reviews);
}

#[test]
fn an_earlier_moment_is_drawn() {
    pictures("scrubbed", |model| {
        to(model, Section::Tests);
        keys(model, "<");
        keys(model, ",");
    });
    pictures("early", |model| {
        to(model, Section::Files);
        for _ in 0..4 {
            keys(model, "<");
        }
    });
    pictures("rewind", |model| {
        keys(model, "<");
        keys(model, "Wgithub");
    });
    pictures("compare", |model| drop(keys(model, "c<Enter>")));
    pictures("alone", |model| drop(keys(model, "z")));
}

#[test]
fn the_view_is_drawn_at_every_size() {
    for columns in [60, 61, 69, 70, 75, 80, 99, 100, 110, 120, 200] {
        for rows in [16, 17, 18, 20, 22, 24, 29, 30, 36, 60] {
            for section in Section::ALL {
                let mut model = opened();
                model.size = (columns, rows);
                to(&mut model, section);
                let text = words(&mut model, (columns, rows));
                assert_eq!(text.lines().count(), usize::from(rows));
                keys(&mut model, "Gz");
                words(&mut model, (columns, rows));
            }
        }
    }
}

#[test]
fn ascii_has_twins_for_every_sign() {
    for section in Section::ALL {
        let mut model = opened();
        model.ascii = true;
        to(&mut model, section);
        let text = words(&mut model, (120, 36));
        let other: Vec<char> = text
            .chars()
            .filter(|c| !c.is_ascii() && *c != '…')
            .collect();
        assert!(other.is_empty(), "{section:?} {other:?}");
    }
}

#[test]
fn a_tool_without_a_past_and_one_that_is_being_read_have_words() {
    let mut model = night("default");
    tell(&mut model, Message::Snapshot(Arc::new(under_way())));
    press(&mut model, "1g<Enter>");
    assert!(words(&mut model, (80, 24)).contains("reading the journal"));
    let none = Ok(Events::default());
    tell(&mut model, Message::Events(TOOL.to_owned(), 0, None, none));
    assert!(words(&mut model, (80, 24)).contains("the journal says nothing of this tool yet"));
    for theme in ["default", "plain"] {
        for size in SIZES {
            let mut model = night(theme);
            model.size = size;
            tell(&mut model, Message::Snapshot(Arc::new(under_way())));
            press(&mut model, "1g<Enter>");
            let file = format!("tool_unread_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(file, render(&mut model, size));
            let damaged = Err("segment 1: gone".to_owned());
            let came = Message::Events(TOOL.to_owned(), 0, None, damaged);
            tell(&mut model, came);
            let file = format!("tool_damaged_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(file, render(&mut model, size));
            let mut model = night(theme);
            model.size = size;
            press(&mut model, "1jj<Enter>");
            let name = view(&model).name.clone();
            assert_eq!(name, "webhook-relay");
            let added = EventBody::ItemAdded {
                name: name.clone(),
                idea: "passes hooks on to where they are wanted".to_owned(),
                priority: 2,
            };
            let mut event = tool_past::events().remove(0);
            (event.tool, event.body) = (Some(name.clone()), added);
            let only = Events {
                events: vec![event],
                ..Events::default()
            };
            let asked = tell(&mut model, Message::Events(name, 0, None, Ok(only)));
            serve(&mut model, asked);
            let file = format!("tool_wanted_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(file, render(&mut model, size));
        }
    }
}

#[test]
fn the_footer_offers_no_key_of_the_view_that_would_be_refused_now() {
    use dev_factory::tui::action::{Care, TABLE};
    use dev_factory::tui::offer;
    let queued = |status| {
        let mut s = another();
        s.queue[0].status = status;
        s
    };
    let mut review = under_way();
    review.phase = Phase::Review;
    let mut still = under_way();
    still.attempt = None;
    let mut gone = another();
    gone.queue.remove(0);
    for (number, s) in [
        under_way(),
        review,
        still,
        another(),
        queued(ItemStatus::NeedsHuman),
        queued(ItemStatus::Wanted),
        queued(ItemStatus::InReview),
        gone,
    ]
    .into_iter()
    .enumerate()
    {
        for back in ["", "<"] {
            let mut model = opened();
            keys(&mut model, back);
            tell(&mut model, Message::Snapshot(Arc::new(s.clone())));
            model.table.rows.clear();
            for row in TABLE.iter().filter(|row| row.place.holds(Tab::Tool)) {
                if row.care == Care::Looks {
                    continue;
                }
                let offered = offer::word(&model, row).is_some();
                let mut tried = model.clone();
                let effects = press(&mut tried, row.keys[0]);
                let works = !effects.is_empty() || !tried.layers.is_empty();
                assert_eq!(
                    offered,
                    works,
                    "{} at {number} {back:?}: {}",
                    row.word,
                    said(&tried)
                );
            }
        }
    }
    // The shipped tool that is shown can be reopened, whatever Stats' cursor is on.
    let mut model = shipped();
    model.table.rows.clear();
    assert!(offer::key(&model, dev_factory::tui::action::Action::Reopen).is_some());
}
