//! The keys for moving about, and for the terminal itself.

use super::super::tabs::Tab;
use super::{Action, Care, Place, Row, row};
use Action::{
    Bottom, Down, HalfDown, HalfUp, Left, PageDown, PageUp, Redraw, Right, Suspend, Top, Up, Zoom,
};
use Care::Looks;
use Place::{All, On};

const ALONE: Place = On(&[Tab::Factory, Tab::Agents, Tab::Stats, Tab::Tool]);
const TEXTS: Place = On(&[Tab::Logs, Tab::Tool]);

/// In the order in which footers show those that fit.
pub const ROWS: &[Row] = &[
    row(
        Zoom,
        &["z"],
        "zoom",
        "this pane, table or page alone, or everything again",
        ALONE,
        Looks,
    ),
    row(Down, &["j", "Down"], "down", "down one line", All, Looks),
    row(Up, &["k", "Up"], "up", "up one line", All, Looks),
    row(
        Left,
        &["Left"],
        "left",
        "back to the beginning of cut lines",
        TEXTS,
        Looks,
    ),
    row(
        Right,
        &["Right"],
        "right",
        "further along cut lines",
        TEXTS,
        Looks,
    ),
    row(
        PageDown,
        &["PgDn"],
        "page down",
        "down one page",
        All,
        Looks,
    ),
    row(PageUp, &["PgUp"], "page up", "up one page", All, Looks),
    row(
        HalfDown,
        &["Ctrl-d"],
        "half down",
        "down half a page",
        All,
        Looks,
    ),
    row(HalfUp, &["Ctrl-u"], "half up", "up half a page", All, Looks),
    row(Top, &["g", "Home"], "top", "to the oldest", All, Looks),
    row(
        Bottom,
        &["G", "End"],
        "bottom",
        "to the newest, and follow",
        All,
        Looks,
    ),
    row(
        Suspend,
        &["Ctrl-z"],
        "suspend",
        "put the screens aside; the engine goes on",
        All,
        Looks,
    ),
    row(
        Redraw,
        &["Ctrl-l"],
        "redraw",
        "draw everything again after a broken link",
        All,
        Looks,
    ),
];
