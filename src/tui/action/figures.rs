//! The keys of Stats alone.

use super::super::tabs::Tab;
use super::{Action, Care, Place, Row, row};

const STATS: Place = Place::On(&[Tab::Stats]);

pub(super) const READ: Row = row(
    Action::Read,
    &["Space"],
    "mark as read",
    "the shift was read up to here: the next one begins now",
    STATS,
    Care::Looks,
);
pub(super) const WINDOW: Row = row(
    Action::Window,
    &["w"],
    "window",
    "days the columns stand for: 14, 30, 90, 360",
    STATS,
    Care::Looks,
);
pub(super) const SORT: Row = row(
    Action::Sort,
    &["s"],
    "sort",
    "sort the tools by the next column",
    STATS,
    Care::Looks,
);
pub(super) const EXPORT: Row = row(
    Action::Export,
    &["Y"],
    "save CSV",
    "save the rows shown as a CSV file, and say where it lies",
    STATS,
    Care::Looks,
);
pub(super) const REVERSE: Row = row(
    Action::Reverse,
    &["S"],
    "reverse",
    "the other way round",
    STATS,
    Care::Looks,
);
pub(super) const REOPEN: Row = row(
    Action::Reopen,
    &["O"],
    "reopen",
    "take the shipped tool of the cursor or page back with a bug",
    Place::On(&[Tab::Stats, Tab::Tool]),
    Care::Asks,
);
