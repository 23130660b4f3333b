//! The Factory tab: two columns where there is room for them, else the most telling parts in one.

use super::super::action::Action;
use super::super::model::{Engine, Model};
use super::super::mouse::Hit;
use super::super::tabs::{Focus, Tab};
use super::super::theme::Part;
use super::column::{Column, divide};
use super::ink::Ink;
use super::{WIDE, doing, gates, live, pipeline, queue, roles, shift, timeline, totals, track};
use crate::domain::screen::Snapshot;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Rows of moves, their heading not counted.
const MOVES: usize = 4;
/// Rows the queue keeps, its heading counted.
const QUEUE: usize = 5;
/// Rows of live text that are worth a heading.
const LIVE: usize = 4;

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(snapshot) = model.snapshot.clone() else {
        return nothing(model, ink, area, buffer);
    };
    if model.zoom {
        return live::alone(model, ink, area, buffer);
    }
    let picture = Picture {
        model,
        snapshot: &snapshot,
        ink,
    };
    if area.width >= WIDE {
        picture.wide(area, buffer);
    } else {
        picture.narrow(area, buffer);
    }
}

/// Before the first snapshot.
fn nothing(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let words = match model.engine {
        Engine::Gone => [
            "no engine runs in this home, and none has left a picture of it".to_owned(),
            format!(
                "{} in the background; it goes on when these screens are closed",
                model.starts_it()
            ),
        ],
        _ => [
            "the engine has not said anything yet".to_owned(),
            "what it does appears here as soon as it does".to_owned(),
        ],
    };
    let rule = ink.rule(&[(Part::Title, "Factory")], "", area.width);
    ink.put(&rule, area, 0, buffer);
    for (row, words) in (2..).zip(words) {
        let line = Line::from(vec![ink.span(Part::Dim, " ○ "), ink.raw(words)]);
        ink.put(&line, area, row, buffer);
    }
}

struct Picture<'a> {
    model: &'a Model,
    snapshot: &'a Snapshot,
    ink: &'a Ink<'a>,
}

impl Picture<'_> {
    fn wide(&self, area: Rect, buffer: &mut Buffer) {
        let (model, s, ink) = (self.model, self.snapshot, self.ink);
        let mut head = Column::new(area);
        head.line(ink, &track::title(model, s, ink, area.width), buffer);
        if area.height >= 28 {
            head.skip(1);
        }
        pipeline::draw(model, s, ink, head.take(3), buffer);
        let track = track::line(model, s, ink, usize::from(area.width));
        if let Some(track) = track.filter(|_| area.height >= 24) {
            head.line(ink, &track, buffer);
        }
        let rest = u16::try_from(head.left()).unwrap_or(0);
        let panes = head.take(rest);
        let side = (panes.width * 7 / 20).saturating_sub(1).clamp(36, 56);
        let split = panes.width - side - 1;
        let mut left = Column::new(Rect {
            width: split,
            ..panes
        });
        let mut right = Column::new(Rect {
            x: panes.x + split + 1,
            width: side,
            ..panes
        });
        self.work(&mut left, buffer);
        self.people(&mut right, buffer);
        divide(ink, &left, &right, panes.x + split, buffer);
    }

    /// The left column: work, gates, live text, moves.
    fn work(&self, column: &mut Column, buffer: &mut Buffer) {
        let (model, s, ink) = (self.model, self.snapshot, self.ink);
        let width = usize::from(column.width());
        let airy = column.left() >= 22;
        let agent = doing::agent(s).filter(|_| s.current_tool.is_some());
        let title = agent.map_or("Now", |agent| doing::name(agent.role));
        column.rule(ink, &[(Part::Title, title)], "", buffer);
        column.lines(ink, &doing::lines(model, s, ink, width, 2), buffer);
        if let Some(agent) = agent {
            let means = doing::means(model, s, agent, true);
            let line = Line::from(ink.span(Part::Dim, format!("   {means}")));
            column.line(ink, &line, buffer);
        }
        let (table, red) = self.gates(column);
        // A pane that has the focus is seen, if need be in the place of the gates.
        let listed = matches!(model.focus, Focus::Live | Focus::Timeline);
        if !listed || column.left() > table.len() + red.len() + 2 + LIVE {
            for block in [&table, &red].into_iter().filter(|block| !block.is_empty()) {
                column.skip(u16::from(airy));
                column.lines(ink, block, buffer);
            }
        }
        let left = column.left();
        let moves = match (model.focus, self.moves(left)) {
            (Focus::Live, _) if s.current_tool.is_none() => 0,
            (Focus::Timeline, 0) => left,
            _ if s.current_tool.is_none() => left,
            (_, moves) => moves,
        };
        let live = left.saturating_sub(moves + 1);
        if live > 0 {
            self.live(column, live, buffer);
        }
        self.timeline(column, moves, buffer);
    }

    /// What the gates measured, and what was red: of the tool under way, and of none that was.
    fn gates(&self, column: &Column) -> (Vec<Line<'static>>, Vec<Line<'static>>) {
        let (s, ink, width) = (self.snapshot, self.ink, usize::from(column.width()));
        if s.current_tool.is_none() {
            return (Vec::new(), Vec::new());
        }
        let mut table = gates::table(s, ink, width);
        // Where rows are scarce, one line of gates says the same.
        if column.left() < table.len() + 12 {
            table = gates::compact(s, ink, width);
        }
        let mut red = gates::failing(s, ink, width, 3);
        red.extend(gates::course(s, ink));
        (table, red)
    }

    /// The heading of a pane: reversed while the keys that move go there.
    fn head<'t>(&self, focus: Focus, title: &'t str) -> (Part, &'t str) {
        match self.model.focus == focus {
            true => (Part::Cursor, title),
            false => (Part::Title, title),
        }
    }

    /// Rows for the moves and their heading.
    fn moves(&self, left: usize) -> usize {
        let all = self.snapshot.timeline().len();
        let wanted = all.min(MOVES.max(left / 4)) + 1;
        let worth = all > 0 && left >= LIVE + 1 + 3;
        if worth {
            wanted.min(left - LIVE - 1)
        } else {
            0
        }
    }

    fn live(&self, column: &mut Column, rows: usize, buffer: &mut Buffer) {
        let (model, ink) = (self.model, self.ink);
        let title = live::title(model);
        let titles = [self.head(Focus::Live, "Live"), (Part::Dim, title.as_str())];
        let key = model.keys.first(Action::Zoom);
        let alone = key.map_or_else(String::new, |key| format!("{key} alone"));
        column.rule(ink, &titles, &alone, buffer);
        let mut lines = live::lines(model, ink, usize::from(column.width()), rows);
        if lines.is_empty() {
            lines.push(Line::from(ink.span(Part::Dim, live::silent(model))));
        }
        let free = rows - lines.len().min(rows);
        column.lines(ink, &lines, buffer);
        column.skip(u16::try_from(free).unwrap_or(0));
    }

    fn timeline(&self, column: &mut Column, rows: usize, buffer: &mut Buffer) {
        if rows < 2 {
            return;
        }
        let s = self.snapshot;
        let spent = s
            .current_tool
            .as_ref()
            .map(|_| format!("tool ${:.2}", s.tool_usd));
        let title = match s.timeline().len() {
            0 => "Timeline".to_owned(),
            all => format!("Timeline {all}"),
        };
        column.rule(
            self.ink,
            &[self.head(Focus::Timeline, &title)],
            &spent.unwrap_or_default(),
            buffer,
        );
        let mut lines = timeline::lines(self.model, s, self.ink, rows - 1);
        if lines.is_empty() {
            let key = self.model.keys.or(Action::Add, "the command add");
            let words = format!(" no move yet: {key} adds an idea, whose way stands here");
            lines.push(Line::from(self.ink.span(Part::Dim, words)));
        }
        column.lines(self.ink, &lines, buffer);
    }

    /// The right column: agents, queue, totals.
    fn people(&self, column: &mut Column, buffer: &mut Buffer) {
        let (model, s, ink) = (self.model, self.snapshot, self.ink);
        column.rule(ink, &[(Part::Title, "Agents")], "", buffer);
        let tall = column.left() >= 18;
        let agents = if tall {
            roles::tall(model, s, ink, usize::from(column.width()))
        } else {
            roles::flat(s, ink)
        };
        column.lines(ink, &agents, buffer);
        let totals = totals::lines(model, s, ink, column.width());
        let below = if column.left() >= totals.len() + 7 {
            totals.len() + 1
        } else {
            0
        };
        let shift = self.shift(column.left().saturating_sub(below));
        let kept = below + shift.as_ref().map_or(0, |(_, lines)| lines.len() + 1);
        let rows = column.left().saturating_sub(kept + 1);
        self.queue(column, rows, buffer);
        let free = column.left().saturating_sub(kept);
        column.skip(u16::try_from(free).unwrap_or(0));
        if let Some((title, lines)) = shift {
            column.rule(ink, &[(Part::Title, &title)], "", buffer);
            column.lines(ink, &lines, buffer);
        }
        if below > 0 {
            column.rule(ink, &[(Part::Title, "All time")], "", buffer);
            column.lines(ink, &totals, buffer);
        }
    }

    /// Title and at most four rows of what happened since this person looked; None where rows are scarce.
    fn shift(&self, left: usize) -> Option<(String, Vec<Line<'static>>)> {
        let (model, ink) = (self.model, self.ink);
        let room = left.saturating_sub(QUEUE + 1).min(4);
        if room == 0 {
            return None;
        }
        let words = match &model.figures {
            Some(Ok(figures)) => {
                let lines = shift::tools(model, ink, figures, room);
                return Some((shift::title(model, figures), lines));
            }
            Some(Err(_)) => format!(
                " not known: {} says why",
                model.keys.or(Action::Go(Tab::Stats), Tab::Stats.name())
            ),
            None => " the journal is being read".to_owned(),
        };
        let line = Line::from(ink.span(Part::Dim, words));
        Some(("Since you looked".to_owned(), vec![line]))
    }

    fn queue(&self, column: &mut Column, rows: usize, buffer: &mut Buffer) {
        let count = queue::count(self.model, self.snapshot);
        let ink = self.ink;
        let title = queue::title(self.model);
        column.rule(ink, &[self.head(Focus::Queue, &title)], &count, buffer);
        let width = usize::from(column.width());
        let (lines, mut shown) = queue::lines(self.model, ink, width, rows);
        for line in &lines {
            if let Some(at) = shown.next() {
                column.hit(ink, Hit::Row(at));
            }
            column.line(ink, line, buffer);
        }
    }

    /// One column, the least needed parts left out first.
    fn narrow(&self, area: Rect, buffer: &mut Buffer) {
        let (model, s, ink) = (self.model, self.snapshot, self.ink);
        let width = usize::from(area.width);
        let mut column = Column::new(area);
        column.line(ink, &track::title(model, s, ink, area.width), buffer);
        if area.width >= pipeline::LOOP_FITS && area.height >= 16 {
            pipeline::draw(model, s, ink, column.take(3), buffer);
        } else {
            column.line(ink, &pipeline::line(model, s, ink), buffer);
        }
        let agent = doing::agent(s).filter(|_| s.current_tool.is_some());
        let small = area.height < 16;
        if let Some(agent) = agent.filter(|_| !small) {
            let means = doing::means(model, s, agent, false);
            let title = doing::name(agent.role);
            column.rule(ink, &[(Part::Title, title)], &means, buffer);
        }
        column.lines(ink, &doing::lines(model, s, ink, width, 2), buffer);
        if s.current_tool.is_none() {
            return self.waiting(&mut column, buffer);
        }
        // In a small window a pane with a cursor takes the place of the gates.
        let listed = model.focus != Focus::Work;
        if !(small && listed) {
            column.lines(ink, &gates::compact(s, ink, width), buffer);
            column.lines(ink, &gates::failing(s, ink, width, 2), buffer);
            column.lines(ink, &gates::course(s, ink), buffer);
        }
        self.tail(&mut column, buffer);
    }

    /// Live text, then what else there is room for; the pane that has the focus always has room.
    fn tail(&self, column: &mut Column, buffer: &mut Buffer) {
        let left = column.left();
        match self.model.focus {
            Focus::Queue => return self.queue(column, left.saturating_sub(1), buffer),
            Focus::Timeline => return self.timeline(column, left, buffer),
            Focus::Work | Focus::Live => {}
        }
        let agents = if left >= 20 {
            self.snapshot.agents.len() + 1
        } else {
            0
        };
        let queue = if left >= 26 {
            self.snapshot.queue.len().min(6) + 1
        } else {
            0
        };
        let moves = self.moves(left - agents - queue).min(MOVES + 1);
        let live = left.saturating_sub(agents + queue + moves + 1);
        if live > 0 {
            self.live(column, live, buffer);
        }
        self.timeline(column, moves, buffer);
        if agents > 0 {
            column.rule(self.ink, &[(Part::Title, "Agents")], "", buffer);
            column.lines(self.ink, &roles::flat(self.snapshot, self.ink), buffer);
        }
        if queue > 0 {
            self.queue(column, queue - 1, buffer);
        }
    }

    /// No tool is under way: who could work, and on what.
    fn waiting(&self, column: &mut Column, buffer: &mut Buffer) {
        let (s, ink) = (self.snapshot, self.ink);
        match self.model.focus {
            Focus::Live => return self.live(column, column.left().saturating_sub(1), buffer),
            Focus::Timeline => return self.timeline(column, column.left(), buffer),
            Focus::Work | Focus::Queue => {}
        }
        column.rule(ink, &[(Part::Title, "Agents")], "", buffer);
        column.lines(ink, &roles::flat(s, ink), buffer);
        let left = column.left();
        let moves = if left >= 11 {
            s.timeline().len().clamp(1, MOVES) + 1
        } else {
            0
        };
        self.queue(column, left.saturating_sub(moves + 1), buffer);
        let free = column.left().saturating_sub(moves);
        column.skip(u16::try_from(free).unwrap_or(0));
        self.timeline(column, moves, buffer);
    }
}
