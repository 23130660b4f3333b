//! What happened since this person looked last, in lines: for Stats in full, for Factory in short.

use super::super::action::Action;
use super::super::model::{Engine, Model};
use super::super::tabs::Tab;
use super::super::theme::Part;
use super::ink::{Ink, cell};
use super::top::thousands;
use super::{doing, spent};
use crate::domain::figures::Figures;
use crate::domain::phase::Phase;
use crate::domain::screen::{AgentState, Snapshot};
use crate::text::plural::plural;
use crate::text::width::{columns, truncate};
use chrono::TimeDelta;
use ratatui::text::{Line, Span};

/// Title of the pane.
pub fn title(model: &Model, figures: &Figures) -> String {
    match figures.shift.mark.at {
        Some(at) => format!("Since you looked, {}", doing::clock(model, at)),
        None => "Since the beginning".to_owned(),
    }
}

/// Behind an idle time in which no model was asked.
const QUIET: &str = ", nothing asked";
/// Columns of a sign and a name.
const FRONT: usize = 17;

/// Names with commas between, as many as so many columns hold; how many more there are stands behind them. Of the first
/// one at least the beginning.
fn named(names: &[&str], more: u64, room: usize) -> String {
    let whole = names.join(", ");
    if more == 0 && (columns(&whole) <= room || names.len() < 2) {
        return truncate(&whole, room);
    }
    let mut words = String::new();
    for (at, name) in names.iter().enumerate() {
        let left = (names.len() - at) as u64 + more;
        let rest = columns(&format!(", {} more", left - 1));
        let next = match at {
            0 => truncate(name, room.saturating_sub(rest)),
            _ => format!("{words}, {name}"),
        };
        if at > 0 && columns(&next) + rest > room {
            return format!("{words}, {left} more");
        }
        words = next;
    }
    match more {
        0 => words,
        more => format!("{words}, {more} more"),
    }
}

/// A sign, a name and what is to be said of it.
struct Told {
    part: Part,
    sign: &'static str,
    name: &'static str,
    words: String,
}

impl Told {
    fn plain(name: &'static str, words: String) -> Self {
        Self {
            part: Part::Dim,
            sign: " ",
            name,
            words,
        }
    }

    fn line(self, ink: &Ink<'_>) -> Line<'static> {
        Line::from(vec![
            ink.span(self.part, format!(" {} ", self.sign)),
            ink.span(Part::Dim, cell(self.name, FRONT - 3)),
            Span::raw(self.words),
        ])
    }
}

/// Eight rows of so many columns.
pub fn rows(model: &Model, ink: &Ink<'_>, figures: &Figures, width: u16) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(FRONT);
    let all = [
        shipped(model, figures, room),
        waits(model, figures, room),
        parked(model, figures, room),
        under_way(model),
        Told::plain("spent", money(figures)),
        Told::plain("idle", idle(model, figures)),
        trouble(model, figures),
        Told::plain("you said", said(figures)),
    ];
    all.into_iter().map(|told| told.line(ink)).collect()
}

/// Four rows, or five.
pub fn few(model: &Model, ink: &Ink<'_>, figures: &Figures, width: u16) -> Vec<Line<'static>> {
    let room = usize::from(width).saturating_sub(FRONT);
    let mut urgent = vec![waits(model, figures, room), parked(model, figures, room)];
    urgent.retain(|told| told.part != Part::Dim);
    if urgent.is_empty() {
        urgent.push(under_way(model));
    }
    // Here there is no room to say that nothing was asked.
    let idle = idle(model, figures);
    let spent = format!("{}   idle {}", money(figures), idle.trim_end_matches(QUIET));
    let all = [shipped(model, figures, room)].into_iter().chain(urgent);
    let all = all.chain([Told::plain("spent", spent), trouble(model, figures)]);
    all.map(|told| told.line(ink)).collect()
}

/// At most so many rows for a narrow column, a tool each; what does not fit is counted.
pub fn tools(model: &Model, ink: &Ink<'_>, figures: &Figures, most: usize) -> Vec<Line<'static>> {
    let shift = &figures.shift;
    let row = |name: &str| figures.stats.row(name);
    let mut all: Vec<(Part, &str, &str, String)> = Vec::new();
    for ship in &shift.shipped {
        let words = row(&ship.tool).map_or_else(String::new, |row| {
            let cycles = plural(row.cycles, "cycle");
            format!("{cycles:<8}  {}", row.used.money())
        });
        all.push((Part::Ok, "✓", &ship.tool, words));
    }
    for name in &figures.overview.shelved {
        let since = row(name).and_then(|row| row.since);
        let words = since.map_or_else(String::new, |at| {
            format!("waits {}", doing::clock(model, at))
        });
        all.push((Part::Title, "!", name, words));
    }
    for name in shift.parked.keys() {
        all.push((Part::Title, "!", name, "parked".to_owned()));
    }
    if all.is_empty() {
        let dim = |words: &str| Line::from(ink.span(Part::Dim, format!(" {words}")));
        let mut lines = vec![
            dim("no tool shipped, waits or was parked"),
            dim(&comes(model)),
        ];
        lines.truncate(most);
        return lines;
    }
    let fit = if all.len() > most {
        most.saturating_sub(1)
    } else {
        most
    };
    let over = all.len().saturating_sub(fit);
    let mut lines: Vec<Line<'static>> = all
        .drain(over..)
        .map(|(part, sign, name, words)| {
            Line::from(vec![
                ink.span(part, format!(" {sign} ")),
                Span::raw(cell(name, 22)),
                ink.span(Part::Dim, format!(" {words}")),
            ])
        })
        .collect();
    if over > 0 && most > 0 {
        let tab = Action::Go(Tab::Stats);
        let words = format!("   {over} more: {} Stats", model.keys.or(tab, "tab"));
        lines.insert(0, Line::from(ink.span(Part::Dim, words)));
    }
    lines
}

/// What brings the next tool.
fn comes(model: &Model) -> String {
    let snapshot = model.snapshot.as_deref();
    match snapshot.is_some_and(Snapshot::wants_work) {
        true => "what ships comes here".to_owned(),
        false => format!(
            "{} adds an idea",
            model.keys.or(Action::Add, "dev-factory add")
        ),
    }
}

fn shipped(model: &Model, figures: &Figures, room: usize) -> Told {
    let shift = &figures.shift;
    let names: Vec<&str> = shift
        .shipped
        .iter()
        .rev()
        .map(|ship| ship.tool.as_str())
        .collect();
    if names.is_empty() {
        return Told::plain("shipped", format!("nothing: {}", comes(model)));
    }
    let count = match names.len() as u64 + shift.more_shipped {
        1..=2 => String::new(),
        count => format!("{count}: "),
    };
    let names = named(
        &names,
        shift.more_shipped,
        room.saturating_sub(columns(&count)),
    );
    Told {
        part: Part::Ok,
        sign: "✓",
        name: "shipped",
        words: format!("{count}{names}"),
    }
}

fn waits(model: &Model, figures: &Figures, room: usize) -> Told {
    let shelved: Vec<&str> = figures
        .overview
        .shelved
        .iter()
        .map(String::as_str)
        .collect();
    let Some(first) = shelved.first() else {
        return Told::plain("waits", "no tool waits for a verdict".to_owned());
    };
    let since = figures.stats.row(first).and_then(|row| row.since);
    let since = since.map_or_else(String::new, |at| {
        format!(" since {}", doing::clock(model, at))
    });
    // What must not be cut has its room first.
    let (front, end) = match shelved.len() {
        1 => (String::new(), format!(", for review{since}")),
        count => (format!("{count}{since}: "), String::new()),
    };
    let taken = columns(&front) + columns(&end);
    let names = named(&shelved, 0, room.saturating_sub(taken));
    Told {
        part: Part::Title,
        sign: "!",
        name: "waits",
        words: format!("{front}{names}{end}"),
    }
}

fn parked(model: &Model, figures: &Figures, room: usize) -> Told {
    let mut all = figures.shift.parked.iter();
    let words = match (all.len(), all.next()) {
        (_, None) => return Told::plain("parked", "no tool was put aside".to_owned()),
        (1, Some((name, parked))) => {
            let clock = doing::clock(model, parked.at);
            match parked.reason.is_empty() {
                true => format!("{name} {clock}"),
                false => format!("{name} {clock}: {}", parked.reason),
            }
        }
        // With their reasons most of them would be cut.
        (count, _) => {
            let names: Vec<&str> = figures.shift.parked.keys().map(String::as_str).collect();
            let count = format!("{count}: ");
            let names = named(&names, 0, room.saturating_sub(columns(&count)));
            format!("{count}{names}")
        }
    };
    Told {
        part: Part::Title,
        sign: "!",
        name: "parked",
        words,
    }
}

fn under_way(model: &Model) -> Told {
    let snapshot = model.snapshot.as_deref();
    let tool = snapshot.and_then(|s| {
        let tool = s.current_tool.as_ref()?;
        let red = s.runs.last().filter(|run| !run.green);
        let run = red.map_or_else(String::new, |run| format!(", QA run {} red", run.run));
        Some(format!("{tool}, {}, cycle {}{run}", s.phase, s.cycle_count))
    });
    match tool {
        Some(words) => Told {
            part: Part::Active,
            sign: "▸",
            name: "under way",
            words,
        },
        None => Told::plain("under way", "nothing".to_owned()),
    }
}

fn money(figures: &Figures) -> String {
    let shift = &figures.shift;
    let hours = shift.used.local_millis as f64 / 3_600_000.0;
    let hours = match hours {
        hours if hours >= 1.0 => format!("{hours:.1} GPU hours"),
        hours => format!("{:.0} GPU min", hours * 60.0),
    };
    let tokens = thousands(shift.local_tokens);
    match shift.used.turns {
        0 => "nothing: no turn was taken".to_owned(),
        _ => format!("{}, {tokens} local tokens, {hours}", shift.used.money()),
    }
}

fn idle(model: &Model, figures: &Figures) -> String {
    let snapshot = model.snapshot.as_deref();
    let free = snapshot.is_some_and(|s| matches!(s.phase, Phase::Idle | Phase::Shipped));
    let now = (free && model.engine == Engine::Runs).then_some(model.now);
    let shift = &figures.shift;
    let time = TimeDelta::milliseconds(i64::try_from(shift.idle(now)).unwrap_or(i64::MAX));
    let time = spent::words(time);
    if (shift.idle_tokens, shift.idle_turns) == (0, 0) {
        return format!("{time}{QUIET}");
    }
    format!(
        "{time}, {} and {} in it",
        plural(thousands(shift.idle_tokens), "token"),
        plural(shift.idle_turns, "request")
    )
}

fn trouble(model: &Model, figures: &Figures) -> Told {
    let mut all: Vec<String> = Vec::new();
    for away in &figures.shift.away.all {
        all.push(match away.to {
            Some(_) => format!("{} away {}", away.host, spent::words(away.time(model.now))),
            None => format!(
                "{} away since {}",
                away.host,
                doing::clock(model, away.from)
            ),
        });
    }
    let snapshot = model.snapshot.as_deref();
    let offline = snapshot.into_iter().flat_map(|s| &s.agents);
    for agent in offline.filter(|agent| agent.state == AgentState::Offline) {
        let host = agent.model.split('/').next().unwrap_or_default();
        let told = |away: &crate::domain::away::Away| away.host == host && away.to.is_none();
        if !figures.shift.away.all.iter().any(told) {
            all.push(format!("{} down: {}", doing::name(agent.role), agent.words));
        }
    }
    if figures.shift.incidents > 0 {
        let failures = plural(figures.shift.incidents, "failure");
        all.push(format!("{failures} of the engine: see Logs"));
    }
    match all.is_empty() {
        true => Told::plain("trouble", "none: no host was away".to_owned()),
        false => Told {
            part: Part::Fail,
            sign: "✗",
            name: "trouble",
            words: all.join("; "),
        },
    }
}

fn said(figures: &Figures) -> String {
    let shift = &figures.shift;
    let verdicts = match shift.stuck {
        0 => "no stuck verdict to judge".to_owned(),
        all => format!("{} of {all} stuck verdicts were wrong", shift.not_stuck),
    };
    match shift.decided {
        0 => verdicts,
        count => format!("{verdicts}; {} decided", plural(count, "review")),
    }
}
