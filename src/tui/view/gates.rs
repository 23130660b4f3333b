//! The gates: what each measures, what it found in this run and in the last, and the rows that failed.

use super::super::theme::Part;
use super::ink::{Ink, cell, right};
use crate::domain::screen::{FailingLine, GateLine, Measured, Snapshot};
use crate::text::width::columns;
use ratatui::text::{Line, Span};

/// Every gate in its order, its short name, and what it measures.
const GATES: [(&str, &str, &str); 9] = [
    ("scan", "scan", "planned files, no tricks in them"),
    ("jest", "jest", "all promised tests run and pass"),
    ("coverage", "cov", "lines branches functions stmts"),
    ("held-out", "held-out", "cases the Developer never saw"),
    ("public", "public", "examples by the real command"),
    ("throwing", "throwing", "tests fail when exports throw"),
    ("readme", "readme", "what the README shows is true"),
    ("again", "again", "the same over a clean checkout"),
    ("mutation", "mutation", "tests notice changes of the code"),
];

/// Gates shown only where a run has them: settings or an earlier red gate leave them out, and older runs lack them.
const SOMETIMES: [&str; 3] = ["readme", "again", "mutation"];

/// Columns of a run's figures, at least.
const FIGURE: usize = 10;
/// Columns of what a gate measures, before times have room.
const ABOUT: usize = 24;

/// The gates there are, as far as these runs tell.
fn gates(runs: &[Measured]) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    GATES.into_iter().filter(|(gate, ..)| {
        let has = |run: &Measured| run.gates.iter().any(|line| line.gate == *gate);
        !SOMETIMES.contains(gate) || runs.iter().any(has)
    })
}

/// Said of a tool that has not been measured yet.
fn unmeasured(snapshot: &Snapshot, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let words = " ○ no gate has run yet: the code is measured in qa";
    let tool = snapshot.current_tool.iter();
    tool.map(|_| Line::from(ink.span(Part::Dim, words)))
        .collect()
}

/// A row for each gate, the run before beside the newest.
pub fn table(snapshot: &Snapshot, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let runs = runs(snapshot);
    if runs.is_empty() {
        return unmeasured(snapshot, ink);
    }
    let rows: Vec<_> = gates(&snapshot.measured).collect();
    let Widths { about, wide, clock } = Widths::of(&runs, &rows, width);
    let mut head = format!("   {}{}", cell("Gate", 11), cell("what it measures", about));
    for ((title, _), wide) in runs.iter().zip(&wide) {
        head.push_str(&cell(title, *wide));
    }
    let mut lines = vec![Line::from(ink.span(Part::Dim, head.trim_end()))];
    let last = runs.last().and_then(|(_, run)| *run);
    for (gate, _, what) in rows {
        let (part, sign) = mark(found(last, gate));
        let mut spans = vec![
            ink.span(part, format!(" {sign} ")),
            ink.raw(cell(gate, 11)),
            ink.span(Part::Dim, cell(what, about)),
        ];
        for (n, ((_, run), wide)) in (1..).zip(runs.iter().zip(&wide)) {
            let (part, text) = figure(found(*run, gate), n == runs.len());
            spans.push(ink.span(part, cell(&text, wide - 1)));
            spans.push(Span::raw(" "));
        }
        spans.push(ink.span(Part::Dim, right(&time(last, gate), clock)));
        lines.push(Line::from(spans));
    }
    lines
}

/// The newest two runs with their titles; None = under way.
fn runs(snapshot: &Snapshot) -> Vec<(String, Option<&Measured>)> {
    let measured = snapshot.measured.iter();
    let mut runs: Vec<_> = measured
        .map(|run| (format!("run {}", run.run), Some(run)))
        .collect();
    if let Some(run) = snapshot.measuring {
        runs.push((format!("run {run}, now"), None));
    }
    runs.split_off(runs.len().saturating_sub(2))
}

/// Columns of the table behind the name of the gate.
struct Widths {
    /// What a gate measures.
    about: usize,
    /// Each run's figures.
    wide: Vec<usize>,
    /// How long each gate took in the newest run; 0 = nobody measured, or there is no room.
    clock: usize,
}

impl Widths {
    fn of(runs: &[(String, Option<&Measured>)], rows: &[(&str, &str, &str)], width: usize) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = String>| {
            texts.map(|text| columns(&text)).max().unwrap_or(0)
        };
        let figures = |(n, (title, run)): (usize, &(String, Option<&Measured>))| {
            let text = |gate| figure(found(*run, gate), n == runs.len()).1;
            let wide = widest(&mut rows.iter().map(|(gate, ..)| text(gate)));
            wide.max(columns(title)).clamp(FIGURE, 15) + 2
        };
        let wide: Vec<usize> = (1..).zip(runs).map(figures).collect();
        let room = width.saturating_sub(14 + wide.iter().sum::<usize>());
        let last = runs.last().and_then(|(_, run)| *run);
        let clock = widest(&mut rows.iter().map(|(gate, ..)| time(last, gate)));
        // A blank stands behind it. Where there is little room it goes first.
        let clock = if room > ABOUT + clock { clock } else { 0 };
        Self {
            about: (room - clock).saturating_sub(1).min(35),
            wide,
            clock,
        }
    }
}

/// How long a gate took in a run, where that is known.
fn time(run: Option<&Measured>, gate: &str) -> String {
    match found(run, gate) {
        Found::Is(line) => line.millis.map_or_else(String::new, took),
        _ => String::new(),
    }
}

/// 4 ms, 1.1 s, 34 s, 1 m 26.
pub fn took(millis: u64) -> String {
    match millis {
        0..100 => format!("{millis} ms"),
        100..9_950 => format!("{:.1} s", millis as f64 / 1000.0),
        9_950..59_500 => format!("{:.0} s", millis as f64 / 1000.0),
        _ => {
            let seconds = millis.saturating_add(500) / 1000;
            format!("{} m {:02}", seconds / 60, seconds % 60)
        }
    }
}

/// How a gate stands in a run.
#[derive(Clone, Copy)]
enum Found<'a> {
    Waits,
    NotRun,
    Is(&'a GateLine),
}

fn found<'a>(run: Option<&'a Measured>, gate: &str) -> Found<'a> {
    match run {
        None => Found::Waits,
        Some(run) => match run.gates.iter().find(|line| line.gate == gate) {
            Some(line) => Found::Is(line),
            None => Found::NotRun,
        },
    }
}

fn mark(found: Found<'_>) -> (Part, &'static str) {
    match found {
        Found::Is(line) if line.passed => (Part::Ok, "✓"),
        Found::Is(_) => (Part::Fail, "✗"),
        Found::Waits | Found::NotRun => (Part::Dim, "○"),
    }
}

/// What it found; in the newest run the sign in front of the row says what was red.
fn figure(found: Found<'_>, newest: bool) -> (Part, String) {
    match found {
        Found::Waits => (Part::Dim, "not in yet".to_owned()),
        Found::NotRun => (Part::Dim, "not run".to_owned()),
        Found::Is(line) if line.passed => (Part::Ok, line.figure.clone()),
        Found::Is(line) if newest => (Part::Fail, line.figure.clone()),
        Found::Is(line) => (Part::Fail, format!("✗ {}", line.figure)),
    }
}

/// The newest run in as few rows as it takes.
pub fn compact(snapshot: &Snapshot, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let newest = snapshot.measured.last();
    if newest.is_none() && snapshot.measuring.is_none() {
        // Where rows are scarce, those that say something are worth more.
        return match width {
            ..70 => Vec::new(),
            _ => unmeasured(snapshot, ink),
        };
    }
    let run = newest.filter(|_| snapshot.measuring.is_none());
    let mut lines = Vec::new();
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for (gate, name, _) in gates(&snapshot.measured) {
        let found = found(run, gate);
        let (part, sign) = mark(found);
        let figure = match found {
            Found::Is(line) if !matches!(line.figure.as_str(), "ok" | "refused") => {
                format!(" {}", line.figure.replace(" of ", "/"))
            }
            _ => String::new(),
        };
        let text = format!(" {name}{figure} ");
        let wide = columns(&text) + 2;
        if used + wide > width + 1 {
            lines.push(Line::from(std::mem::take(&mut spans)));
            used = 0;
        }
        used += wide;
        spans.push(ink.span(part, format!(" {sign}")));
        let name = if part == Part::Ok {
            ink.raw(text)
        } else {
            ink.span(part, text)
        };
        spans.push(name);
    }
    lines.push(Line::from(spans));
    lines
}

/// What failed in the newest run, with what was wanted and what came.
pub fn failing(
    snapshot: &Snapshot,
    ink: &Ink<'_>,
    width: usize,
    most: usize,
) -> Vec<Line<'static>> {
    // While a run goes on, what failed before may hold no longer.
    let newest = snapshot.measured.last();
    let Some(run) = newest.filter(|_| snapshot.measuring.is_none()) else {
        return Vec::new();
    };
    let shown = run.failing.get(..most).unwrap_or(&run.failing);
    let widest = |of: fn(&FailingLine) -> &str, limit: usize| {
        let all = shown.iter().map(|row| columns(of(row)));
        all.max().unwrap_or(0).min(limit)
    };
    let what = widest(|row| &row.what, width / 5);
    let room = width.saturating_sub(what + 5);
    let got = widest(|row| &row.got, room / 3);
    let want = widest(|row| &row.want, room / 5);
    let values = usize::from(want > 0) * (want + 7) + usize::from(got > 0) * (got + 6);
    let text = room.saturating_sub(values);
    let text = widest(|row| &row.text, text);
    let mut lines = Vec::new();
    for row in shown {
        let alone = row.want.is_empty() && row.got.is_empty();
        let text = if alone { room } else { text };
        let mut spans = vec![
            ink.span(Part::Fail, " ✗ "),
            ink.span(Part::Fail, cell(&row.what, what)),
            Span::raw(format!(" {}", cell(&row.text, text))),
        ];
        if !alone && want > 0 {
            let label = if row.want.is_empty() { "" } else { "want" };
            spans.push(ink.span(Part::Dim, format!("  {label:4} ")));
            spans.push(Span::raw(cell(&row.want, want)));
        }
        if !alone && got > 0 {
            spans.push(ink.span(Part::Dim, "  got "));
            spans.push(Span::raw(cell(&row.got, got)));
        }
        lines.push(Line::from(spans));
    }
    let hidden = run.failing.len() - shown.len() + run.more as usize;
    if let (Some(line), Some(row)) = (lines.last_mut(), shown.last())
        && hidden > 0
    {
        // In place of the sign and the blanks around it, and of as much of the name as it takes.
        let more = format!(" +{hidden} ");
        let name = cell(&row.what, (what + 3).saturating_sub(columns(&more)));
        let front = [more, name].map(|text| ink.span(Part::Fail, text));
        line.spans.splice(..2, front);
    }
    lines
}

/// `Stuck?` and `Next` as the engine says them; before it says so, what the next repair is about.
pub fn course(snapshot: &Snapshot, ink: &Ink<'_>) -> Vec<Line<'static>> {
    let line = |label: &str, words: &str| {
        (!words.is_empty()).then(|| {
            Line::from(vec![
                ink.span(Part::Dim, label),
                Span::raw(words.to_owned()),
            ])
        })
    };
    let stuck = line(" Stuck?  ", &snapshot.stuck);
    let next = match snapshot.next.as_str() {
        "" => next(snapshot).unwrap_or_default(),
        said => said.to_owned(),
    };
    let next = line(" Next    ", &next);
    stuck.into_iter().chain(next).collect()
}

/// `BUG-3 (R4): title`: what the next repair is about.
fn next(snapshot: &Snapshot) -> Option<String> {
    let bug = snapshot.bugs.first()?;
    let rule = match &bug.rule {
        Some(rule) => format!(" ({rule})"),
        None => String::new(),
    };
    let more = match snapshot.bugs.len() {
        1 => String::new(),
        count => format!("; {} more", count - 1),
    };
    Some(format!("BUG-{}{rule}: {}{more}", bug.n, bug.title))
}
