//! The keys of the operator's desk: how the screens look, and where what they show is sent.

use super::super::tabs::Tab;
use super::{Action, Care, Place, Row, row};
use Action::{Clip, Mouse, Pager, Save, Theme, Time, Tool};
use Care::Looks;
use Place::{All, On};

const LOGS: Place = On(&[Tab::Logs]);
/// Where lines come that have times.
const FOLLOWED: Place = On(&[Tab::Factory, Tab::Logs]);
/// Stats saves its table.
const SAVED: Place = On(&[Tab::Factory, Tab::Agents, Tab::Logs, Tab::Tool]);

/// In the order in which footers show those that fit.
pub const ROWS: &[Row] = &[
    row(
        Time,
        &["t"],
        "time",
        "times as local, as UTC, or since the tool was begun",
        FOLLOWED,
        Looks,
    ),
    row(
        Tool,
        &["#"],
        "tool",
        "only lines of the tool at the cursor or under way, then all",
        LOGS,
        Looks,
    ),
    row(
        Theme,
        &["T"],
        "theme",
        "choose among the themes, each shown at once",
        All,
        Looks,
    ),
    row(
        Pager,
        &["o"],
        "pager",
        "read what is shown in $PAGER; on Logs every wanted line",
        All,
        Looks,
    ),
    row(
        Clip,
        &["y"],
        "to clipboard",
        "send what is shown, on Logs a line, to the clipboard",
        All,
        Looks,
    ),
    row(
        Save,
        &["Y"],
        "save",
        "save what is shown, on Logs every wanted line; again: stop",
        SAVED,
        Looks,
    ),
    row(
        Mouse,
        &["m"],
        "mouse",
        "wheel and clicks on or off; off leaves them to the terminal",
        All,
        Looks,
    ),
];
