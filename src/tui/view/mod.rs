//! The model as a picture: three fixed lines, the tab, the keys that work now, and what lies over it.

mod agents;
mod card;
mod column;
mod dialogs;
mod doing;
mod editor;
mod factory;
mod footer;
mod form;
mod gates;
mod health;
mod help;
mod hosts;
mod ink;
mod live;
mod logs;
mod overlay;
mod palette;
mod pipeline;
mod queue;
mod role;
mod roles;
mod shift;
mod small;
mod spent;
mod stats;
mod themes;
mod timeline;
mod tool;
mod top;
mod totals;
mod track;
mod turns;
mod window;
mod wrap;

use self::ink::Ink;
use super::model::Model;
use super::mouse::Hit;
use super::staff;
use super::tabs::Tab;
use crate::text::width::columns;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

/// Columns from which there are two columns of panes.
pub(super) const WIDE: u16 = 100;

/// Draws the whole screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    pictured(model, &Ink::new(model), area, buffer);
}

/// The whole screen as text.
#[must_use]
pub fn text(model: &Model) -> String {
    let buffer = drawn(model, &Ink::new(model));
    let width = usize::from(buffer.area.width).max(1);
    let mut rows = Vec::new();
    for cells in buffer.content.chunks(width) {
        let (mut row, mut covered) = (String::new(), 0);
        for cell in cells {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            row.push_str(cell.symbol());
            covered = columns(cell.symbol()).saturating_sub(1);
        }
        rows.push(row.trim_end().to_owned());
    }
    rows.join("\n")
}

/// How far what is known of the role that is chosen on Agents can be scrolled.
#[must_use]
pub fn scrolls(model: &Model) -> usize {
    let found = model.snapshot.as_deref().zip(staff::agent(model));
    found.map_or(0, |(snapshot, agent)| {
        agents::scrolls(model, snapshot, agent)
    })
}

/// How far the help of this tab can be scrolled.
#[must_use]
pub fn help_scrolls(model: &Model) -> usize {
    help::scrolls(model)
}

/// What the mouse hits at a place, column and row.
#[must_use]
pub fn hit(model: &Model, at: (u16, u16)) -> Option<Hit> {
    let ink = Ink::new(model);
    drawn(model, &ink);
    ink.found(at)
}

fn drawn(model: &Model, ink: &Ink<'_>) -> Buffer {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let mut buffer = Buffer::empty(area);
    pictured(model, ink, area, &mut buffer);
    buffer
}

fn pictured(model: &Model, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    if model.too_small() {
        small::draw(model, ink, area, buffer);
        return model.theme.ground(buffer);
    }
    let [head, body, keys] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    top::draw(model, ink, head, buffer);
    match model.tab {
        Tab::Factory => factory::draw(model, ink, body, buffer),
        Tab::Agents => agents::draw(model, ink, body, buffer),
        Tab::Stats => stats::draw(model, ink, body, buffer),
        Tab::Logs => logs::draw(model, ink, body, buffer),
        Tab::Tool => tool::draw(model, ink, body, buffer),
    }
    footer::draw(model, ink, keys, buffer);
    if let Some(layer) = model.layers.last() {
        overlay::draw(model, ink, layer, body, buffer);
    }
    model.theme.ground(buffer);
}
