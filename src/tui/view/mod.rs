//! The model as a picture: three fixed lines, the tab, the keys that work now, and what lies over it.

mod agents;
mod card;
mod column;
mod dialogs;
mod doing;
mod factory;
mod footer;
mod gates;
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
mod small;
mod spent;
mod stats;
mod timeline;
mod top;
mod totals;
mod track;
mod window;
mod wrap;

use self::ink::Ink;
use super::layer::Layer;
use super::model::Model;
use super::tabs::Tab;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

/// Columns from which there are two columns of panes.
pub(super) const WIDE: u16 = 100;

/// Draws the whole screen.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let ink = Ink::new(model);
    if model.too_small() {
        return small::draw(model, &ink, area, buffer);
    }
    let [head, body, keys] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    top::draw(model, &ink, head, buffer);
    match model.tab {
        Tab::Factory => factory::draw(model, &ink, body, buffer),
        Tab::Agents => agents::draw(model, &ink, body, buffer),
        Tab::Stats => stats::draw(model, &ink, body, buffer),
        Tab::Logs => logs::draw(model, &ink, body, buffer),
    }
    footer::draw(model, &ink, keys, buffer);
    match model.layers.last() {
        Some(Layer::Help(at)) => help::draw(model, &ink, *at, body, buffer),
        Some(layer) => overlay::draw(model, &ink, layer, body, buffer),
        None => {}
    }
}
