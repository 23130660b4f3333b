//! The table of tools as it was sorted and filtered, with the cursor, and the tool of the cursor in a line below.

use super::super::super::action::Action;
use super::super::super::model::Model;
use super::super::super::mouse::Hit;
use super::super::super::theme::Part;
use super::super::doing;
use super::super::ink::{Ink, cell};
use super::super::top::thousands;
use super::duration;
use crate::domain::stats::{Closing, Stands};
use crate::text::plural::plural;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Title, width, and from which width of the pane on a column is shown.
const COLUMNS: [(&str, usize, u16); 11] = [
    ("Tool", 22, 0),
    ("Ended", 12, 94),
    ("Result", 14, 0),
    ("Cycles", 7, 0),
    ("Time", 10, 104),
    ("Money", 9, 0),
    ("Tests", 8, 112),
    ("Held-out", 10, 66),
    ("Cover", 6, 76),
    ("Mutation", 9, 80),
    ("Gap", 6, 118),
];
/// Rows of the pane from which the tool of the cursor is told in more words.
const DETAIL: u16 = 8;
/// Rows of the pane from which it says what its figures mean.
const MEANT: u16 = 11;
/// What the figures mean.
const MEANING: [&str; 2] = [
    " success = shipped / (shipped + parked + dropped).   Gap = own tests green minus held-out green, first QA run.",
    " money is what providers billed; local turns are $0, shown as tokens and GPU hours.",
];

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let table = &model.table;
    let count = table.rows.len();
    let all = model.counted().map_or(0, |f| f.stats.rows().count());
    let title = match table.filter.as_str() {
        "" => format!("Tools {count}"),
        text => format!("Tools {count} of {all} with {text:?}"),
    };
    let key = model.keys.first(Action::Sort);
    let sort = key.map_or_else(String::new, |key| format!(", {key} sort"));
    let whole = model.keys.first(Action::Zoom).filter(|_| model.zoom);
    let whole = whole.map_or_else(String::new, |key| format!(", {key} everything again"));
    let order = format!("{}{sort}{whole}", table.by.words(table.reversed));
    let rule = ink.rule(&[(Part::Title, &title)], &order, area.width);
    ink.put(&rule, area, 0, buffer);
    if count == 0 {
        let words = match table.filter.is_empty() {
            true => format!(" no tool was begun yet: {}", model.adds_ideas()),
            false => format!(
                " no tool has that in its name or result: {} shows all",
                model.keys.or(Action::Close, "an empty search")
            ),
        };
        return ink.put(&Line::from(ink.span(Part::Dim, words)), area, 1, buffer);
    }
    ink.put(&head(ink, model, area.width), area, 1, buffer);
    let foot = foot(model, ink, area);
    let room = usize::from(area.height.saturating_sub(2)).saturating_sub(foot.len());
    rows(model, ink, area, room.max(1), buffer);
    let top = area
        .height
        .saturating_sub(u16::try_from(foot.len()).unwrap_or(0));
    for (at, line) in foot.iter().enumerate() {
        ink.put(line, area, top + u16::try_from(at).unwrap_or(0), buffer);
    }
}

/// Names of the columns; that by which the table is sorted stands out.
fn head(ink: &Ink<'_>, model: &Model, width: u16) -> Line<'static> {
    let by = model.table.by.column();
    let mut spans = vec![Span::raw("   ")];
    for (title, wide, _) in shown(width) {
        let part = if *title == by { Part::Title } else { Part::Dim };
        spans.push(ink.span(part, cell(title, *wide)));
    }
    Line::from(spans)
}

/// The rows around the cursor; where not all fit, the last one says how many are out of sight.
fn rows(model: &Model, ink: &Ink<'_>, area: Rect, room: usize, buffer: &mut Buffer) {
    let count = model.table.rows.len();
    let fit = if count > room {
        room.saturating_sub(1).max(1)
    } else {
        room
    };
    let cursor = model.tools.cursor.min(count - 1);
    let first = (cursor + 1).saturating_sub(fit);
    let mut row = 2;
    for (at, tool) in model.table.rows.iter().enumerate().skip(first).take(fit) {
        let line = tool_row(model, ink, tool, at == cursor, area.width);
        ink.hit(area, row, Hit::Row(at));
        ink.put(&line, area, row, buffer);
        row += 1;
    }
    let (above, below) = (first, count.saturating_sub(first + fit));
    if above + below > 0 && room > 1 {
        let words = match (above, below) {
            (0, below) => format!("   {below} more"),
            (above, 0) => format!("   {above} more above"),
            (above, below) => format!("   {above} more above, {below} below"),
        };
        ink.put(&Line::from(ink.span(Part::Dim, words)), area, row, buffer);
    }
}

/// The tool of the cursor, and what figures mean, where there is room.
fn foot(model: &Model, ink: &Ink<'_>, area: Rect) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let cursor = model.table.rows.get(model.tools.cursor);
    if let Some(tool) = cursor.filter(|_| area.height >= DETAIL) {
        lines.push(Line::from(vec![
            ink.span(Part::Title, format!(" {}", tool.tool)),
            Span::raw(format!("   {}", detail(tool))),
        ]));
    }
    if area.height >= MEANT && area.width >= super::WIDE {
        let named = |(action, does): (Action, &str)| {
            model.keys.first(action).map(|key| format!("{key} {does}"))
        };
        let keys = [(Action::Reverse, "reverses"), (Action::Filter, "finds")];
        let keys: Vec<String> = keys.into_iter().filter_map(named).collect();
        let [figures, money] = MEANING;
        let money = match keys.as_slice() {
            [] => money.to_owned(),
            keys => format!("{money} {}.", keys.join(", ")),
        };
        lines.extend(
            [figures.to_owned(), money].map(|words| Line::from(ink.span(Part::Dim, words))),
        );
    }
    lines
}

/// Where its time and tokens went.
fn detail(tool: &Closing) -> String {
    let mut phases: Vec<_> = tool.phases.iter().filter(|(_, ms)| **ms >= 1000).collect();
    phases.sort_by(|a, b| b.1.cmp(a.1));
    let times: Vec<String> = phases
        .iter()
        .take(4)
        .map(|(phase, millis)| format!("{phase} {}", duration(**millis as f64 / 1000.0)))
        .collect();
    let version = tool.version.as_ref().map(|version| format!("v{version}"));
    let tokens = format!(
        "{}, {} in, {} out",
        plural(tool.used.turns, "turn"),
        thousands(tool.used.input),
        thousands(tool.used.output)
    );
    let runs = format!("{}, L{}", plural(tool.runs, "run"), tool.level);
    let scripted = tool.scripted.then(|| "replies from a script".to_owned());
    version
        .into_iter()
        .chain([times.join(", "), runs, tokens])
        .chain(scripted)
        .filter(|words| !words.is_empty())
        .collect::<Vec<_>>()
        .join("   ")
}

fn shown(width: u16) -> impl Iterator<Item = &'static (&'static str, usize, u16)> {
    COLUMNS.iter().filter(move |(_, _, from)| width >= *from)
}

fn tool_row(
    model: &Model,
    ink: &Ink<'_>,
    tool: &Closing,
    cursor: bool,
    width: u16,
) -> Line<'static> {
    let (part, sign) = stands(tool.stands);
    let mut spans = vec![
        Span::raw(if cursor { ">" } else { " " }),
        ink.span(part, sign),
        Span::raw(" "),
    ];
    for (title, wide, _) in shown(width) {
        let text = match *title {
            "Tool" => cell(&tool.tool, wide - 1) + " ",
            "Result" => {
                let word = format!("{} {}", ink.plain(sign), tool.stands.word());
                spans.push(ink.span(part, cell(&word, wide - 1) + " "));
                continue;
            }
            title => cell(&figure(model, tool, title), wide - 1) + " ",
        };
        spans.push(Span::raw(text));
    }
    let line = Line::from(spans);
    if cursor {
        line.style(ink.style(Part::Cursor))
    } else {
        line
    }
}

fn figure(model: &Model, tool: &Closing, column: &str) -> String {
    let of = |part: u32, whole: u32| match whole {
        0 => "-".to_owned(),
        whole => format!("{part} / {whole}"),
    };
    match column {
        "Ended" => match tool.stands {
            // What goes on or waits has not ended, whatever it did before.
            Stands::Shipped | Stands::Parked | Stands::Dropped => tool
                .ended
                .map_or_else(|| "-".to_owned(), |at| doing::brief(model, at)),
            _ => "-".to_owned(),
        },
        "Cycles" => tool.cycles.to_string(),
        "Time" => duration(tool.seconds),
        "Money" => tool.used.money(),
        "Tests" if tool.tests == 0 => "-".to_owned(),
        "Tests" if tool.passed == tool.tests => tool.tests.to_string(),
        "Tests" => of(tool.passed, tool.tests),
        "Held-out" => of(tool.held_passed, tool.held_out),
        "Cover" => tool
            .coverage
            .map_or_else(|| "-".to_owned(), |c| format!("{c:.0} %")),
        "Mutation" => tool
            .mutation
            .map_or_else(|| "-".to_owned(), |score| format!("{score} %")),
        "Gap" => tool
            .gap
            .map_or_else(|| "-".to_owned(), |gap| format!("{gap:.0} %")),
        _ => String::new(),
    }
}

/// Style and sign of where a tool stands.
const fn stands(stands: Stands) -> (Part, &'static str) {
    match stands {
        Stands::Queued => (Part::Dim, "○"),
        Stands::Active(_) => (Part::Active, "▸"),
        Stands::Shelved | Stands::Parked => (Part::Title, "!"),
        Stands::Dropped => (Part::Fail, "✗"),
        Stands::Shipped => (Part::Ok, "✓"),
    }
}
