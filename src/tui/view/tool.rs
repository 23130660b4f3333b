//! The Tool view: which tool and which moment, its stays, the sections, the page, and what stands around it.

mod gates;
mod now;
mod side;
mod timeline;

use super::super::action::Action;
use super::super::model::Model;
use super::super::offer;
use super::super::theme::Part;
use super::super::tool::{Row, Section, Space, ToolView, space};
use super::column::{Column, divide};
use super::ink::{Ink, cell};
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Draws it.
pub fn draw(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(view) = &model.tool else {
        return;
    };
    let space = space::of(model.size, model.zoom);
    let mut top = Column::new(area);
    head(model, view, ink, space, &mut top, buffer);
    top.line(ink, &sections(view, ink, area.width), buffer);
    let left = top.left().saturating_sub(usize::from(space.below));
    let panes = top.take(u16::try_from(left).unwrap_or(0));
    let beside = space.side.map_or(0, |side| side + 1);
    let mut page = Column::new(Rect {
        width: panes.width.saturating_sub(beside),
        ..panes
    });
    draw_page(view, ink, space, &mut page, buffer);
    if let Some(width) = space.side {
        let x = panes.right().saturating_sub(width);
        let mut column = Column::new(Rect { x, width, ..panes });
        side::tall(model, view, ink, &mut column, buffer);
        divide(ink, &page, &column, x.saturating_sub(1), buffer);
    }
    if space.below > 0 {
        let mut below = Column::new(top.take(space.below));
        match space.side {
            Some(_) => now::draw(model, view, ink, &mut below, buffer),
            None => side::flat(model, view, ink, &mut below, buffer),
        }
    }
}

/// Title, idea, stays, and where one stands among them.
fn head(
    model: &Model,
    view: &ToolView,
    ink: &Ink<'_>,
    space: Space,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    column.line(ink, &title(model, view, ink, column.width()), buffer);
    if space.head >= 7 {
        column.line(ink, &idea(model, view, ink, column.width()), buffer);
        column.skip(1);
    }
    let mut marked = None;
    if space.head >= 3 && !view.whole() {
        column.skip(if space.head >= 7 { 3 } else { 1 });
    } else if space.head >= 3 {
        let stays = timeline::lines(model, view, ink, usize::from(column.width()));
        column.line(ink, &stays.line, buffer);
        marked = (space.head < 7).then_some(stays.at);
        if space.head >= 7 {
            column.line(ink, &stays.notes, buffer);
            column.line(ink, &stays.mark, buffer);
        }
    }
    if space.head >= 2 {
        column.line(
            ink,
            &moment(model, view, ink, marked, column.width()),
            buffer,
        );
    }
}

fn title(model: &Model, view: &ToolView, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let moment = &view.moment;
    let run = moment.run().map(|ran| ran.run.run);
    let stands = now::stands(moment);
    let count = match run {
        Some(run) => format!("cycle {}, QA run {run}", moment.cycle),
        None => format!("cycle {}", moment.cycle),
    };
    let stands = match moment.phase.active() {
        true if width >= super::WIDE => format!("{stands}, {count}"),
        true => format!("{stands}, cycle {}", moment.cycle),
        false => stands,
    };
    let past = match view.at {
        Some(_) => format!("AS OF {}", model.when(moment.at)),
        None => String::new(),
    };
    let item = moment.item.as_ref();
    let right = match item.and_then(|item| item.branch.clone()) {
        _ if !past.is_empty() => String::new(),
        Some(branch) if width >= super::WIDE => branch,
        _ => String::new(),
    };
    let rest = columns(&stands) + columns(&past) + columns(&right) + 24;
    let room = usize::from(width).saturating_sub(rest).max(8);
    let name = cell(&view.name, columns(&view.name).min(room));
    let mut titles = vec![(Part::Title, "Tool"), (Part::Title, name.trim_end())];
    if !past.is_empty() {
        titles.push((Part::Need, past.as_str()));
    }
    if view.whole() {
        titles.push((Part::Dim, stands.as_str()));
    }
    ink.rule(&titles, &right, width)
}

/// What was asked for, when, and how urgent.
fn idea(model: &Model, view: &ToolView, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let Some(item) = view.moment.item.as_ref().filter(|_| view.whole()) else {
        return Line::default();
    };
    let added = model.local(item.added_at).format("%a %-d %b");
    let right = format!("priority {}   added {added} ", item.priority);
    let room = usize::from(width).saturating_sub(columns(&right) + 4);
    let idea = crate::text::sanitise::one_line(&item.idea, 400);
    Line::from(vec![
        Span::raw(format!(" {}", cell(&format!("\"{idea}\""), room))),
        Span::raw("  "),
        ink.span(Part::Dim, right),
    ])
}

/// The moment: when, which event, what happened then, and the keys that lead to others.
fn moment(
    model: &Model,
    view: &ToolView,
    ink: &Ink<'_>,
    marked: Option<usize>,
    width: u16,
) -> Line<'static> {
    match (&view.trouble, view.whole()) {
        (Some(why), whole) => {
            let what = if whole { "what is newer" } else { "its past" };
            let why = crate::text::sanitise::one_line(why, 300);
            let words = format!(" ✗ {what} cannot be read: {why}");
            return Line::from(ink.span(Part::Fail, words));
        }
        (None, false) => return Line::from(ink.span(Part::Dim, " reading the journal")),
        (None, true) => {}
    }
    let moment = &view.moment;
    let clock = model.when(moment.at);
    let place = match view.at {
        None if moment.seq == 0 => " no event yet".to_owned(),
        None => format!(" at {clock}, seq {}, newest", moment.seq),
        Some(_) => format!(" at {clock}, seq {}, stands still", moment.seq),
    };
    let keys = ways(model, view, width);
    let part = view.at.map(|_| Part::Active);
    let used = columns(&place) + columns(&keys);
    let front = vec![
        match part {
            Some(part) => ink.span(part, place),
            None => ink.raw(place),
        },
        ink.span(Part::Dim, keys),
    ];
    let words = crate::text::sanitise::one_line(&moment.words, 300);
    let marked = marked.filter(|at| *at > used);
    Line::from(along(
        ink,
        (front, used),
        marked,
        &words,
        usize::from(width),
    ))
}

/// The keys that go through time, as many as fit.
fn ways(model: &Model, view: &ToolView, width: u16) -> String {
    let back = view
        .back
        .as_ref()
        .ok()
        .zip(offer::key(model, Action::Rewind));
    let step = model.keys.pair(Action::Earlier, Action::Later);
    let phase = model.keys.pair(Action::PhaseBack, Action::PhaseOn);
    match (width, back) {
        (110.., Some((back, key))) => format!(
            "   {step} step   {phase} phase   {key} back to {} of {}",
            back.to,
            model.when(back.at)
        ),
        (110.., None) => format!("   {step} step   {phase} phase"),
        (76.., _) => format!("  {step} step  {phase} phase"),
        _ => String::new(),
    }
}

/// Words behind what stands in front, and a mark under the stays: the words on that side of it which has more room.
fn along(
    ink: &Ink<'_>,
    (mut spans, used): (Vec<Span<'static>>, usize),
    marked: Option<usize>,
    words: &str,
    width: usize,
) -> Vec<Span<'static>> {
    let (first, room) = match marked {
        Some(at) if width.saturating_sub(at) > at - used => (true, width.saturating_sub(at + 1)),
        Some(at) => (false, at - used),
        None => (false, width.saturating_sub(used)),
    };
    let room = room.saturating_sub(4);
    let words = crate::text::width::truncate(words, room);
    let mark = |spans: &mut Vec<Span<'static>>, end: usize| {
        if let Some(at) = marked {
            spans.push(Span::raw(" ".repeat(at.saturating_sub(end))));
            spans.push(ink.span(Part::Active, "▴"));
        }
    };
    if first {
        mark(&mut spans, used);
    }
    let mut end = used;
    if room >= 12 {
        end += 3 + columns(&words);
        spans.push(ink.raw("   "));
        spans.push(Span::raw(words));
    }
    if !first {
        mark(&mut spans, end);
    }
    spans
}

/// The sections with how many there are, as a rule.
fn sections(view: &ToolView, ink: &Ink<'_>, width: u16) -> Line<'static> {
    let turns = view.turns.values().sum();
    let wide = width >= super::WIDE;
    let mut spans = Vec::new();
    let mut used = 0;
    for section in Section::ALL {
        let name = match width {
            70.. => section.name(),
            _ => section.short(),
        };
        let count = section.count(&view.moment, turns);
        let count = count.filter(|_| width >= 70 && view.whole());
        let text = match count {
            Some(count) => format!("{name} {count}"),
            None => name.to_owned(),
        };
        let here = section == view.section;
        let text = if here { format!("[{text}]") } else { text };
        let (front, part) = match (wide, here) {
            (true, true) => ("── ", Part::Active),
            (true, false) => ("── ", Part::Title),
            (false, true) => (" ", Part::Active),
            (false, false) => (" ", Part::Dim),
        };
        used += columns(front) + columns(&text) + 1;
        spans.push(ink.span(Part::Dim, front));
        spans.push(ink.span(part, text));
        spans.push(Span::raw(if width < 70 { "" } else { " " }));
    }
    if wide {
        let rest = usize::from(width).saturating_sub(used);
        spans.push(ink.span(Part::Dim, "─".repeat(rest)));
    }
    Line::from(spans)
}

/// The page with its rule.
fn draw_page(
    view: &ToolView,
    ink: &Ink<'_>,
    space: Space,
    column: &mut Column,
    buffer: &mut Buffer,
) {
    let page = &view.page;
    let shelf = view.shelf();
    let count = page.rows.len();
    let first = match page.list {
        true => (shelf.cursor + 1).saturating_sub(space.height),
        false => shelf.top.min(count.saturating_sub(1)),
    };
    let found = page.having(&view.find);
    let mut titles = vec![(Part::Title, page.title.clone())];
    if !view.find.is_empty() {
        let here = if page.list { shelf.cursor } else { shelf.top };
        let at = found.iter().filter(|row| **row <= here).count();
        titles.push((
            Part::Active,
            format!("/{} {at} of {}", view.find, found.len()),
        ));
    }
    let mut right = page.right.clone();
    if !page.list && count > space.height {
        let last = (first + space.height).min(count);
        let place = format!("{}-{last} of {count}", first + 1);
        right = match right.is_empty() {
            true => place,
            false if space.width >= 60 => format!("{right} ── {place}"),
            false => place,
        };
    }
    let titles: Vec<(Part, &str)> = titles
        .iter()
        .map(|(part, text)| (*part, text.as_str()))
        .collect();
    column.rule(ink, &titles, &right, buffer);
    for (at, row) in page.rows.iter().enumerate().skip(first).take(space.height) {
        let cursor = page.list && at == shelf.cursor;
        let hit = found.binary_search(&at).is_ok();
        let line = line(
            row,
            ink,
            (page.list, cursor, hit),
            if page.cut { shelf.left } else { 0 },
        );
        column.line(ink, &line, buffer);
    }
}

/// A row as a line: behind so many columns, marked as cursor or as found.
fn line(
    row: &Row,
    ink: &Ink<'_>,
    (list, cursor, hit): (bool, bool, bool),
    left: usize,
) -> Line<'static> {
    let mut spans = Vec::new();
    if list {
        spans.push(Span::raw(if cursor { ">" } else { " " }));
    }
    let mut skip = left;
    for (part, text) in &row.pieces {
        let wide = columns(text);
        let text = super::super::pane::behind(text, skip.min(wide));
        skip = skip.saturating_sub(wide);
        let style = part.map_or_else(Style::new, |part| ink.style(part));
        // Signs of ours have their twins; foreign text never has any of them in a style.
        let text = ink.plain(text);
        spans.push(Span::styled(text, style));
    }
    let line = Line::from(spans);
    match (cursor, hit) {
        (true, _) => line.style(ink.style(Part::Cursor)),
        (false, true) => line.style(ink.style(Part::Active)),
        (false, false) => line,
    }
}
