//! The keys of the Tool view, and those it shares with the tabs it is opened from.

use super::super::tabs::Tab;
use super::{Action, Care, Place, Row, row};

const VIEW: Place = Place::On(&[Tab::Tool]);

pub(super) const OPEN: Row = row(
    Action::Open,
    &["Enter"],
    "open",
    "open the tool of the cursor, its turn, or what is under it",
    Place::On(&[Tab::Factory, Tab::Agents, Tab::Stats, Tab::Logs, Tab::Tool]),
    Care::Looks,
);
pub(super) const EARLIER: Row = row(
    Action::Earlier,
    &[","],
    "scrub",
    "back by one event: everything as it was then",
    VIEW,
    Care::Looks,
);
pub(super) const LATER: Row = row(
    Action::Later,
    &["."],
    "on",
    "on by one event; behind the newest it follows again",
    VIEW,
    Care::Looks,
);
pub(super) const PHASE_BACK: Row = row(
    Action::PhaseBack,
    &["<"],
    "phase",
    "back to the move before",
    VIEW,
    Care::Looks,
);
pub(super) const PHASE_ON: Row = row(
    Action::PhaseOn,
    &[">"],
    "phase",
    "on to the next move",
    VIEW,
    Care::Looks,
);
pub(super) const SECTION_BACK: Row = row(
    Action::SectionBack,
    &["["],
    "section",
    "the section before",
    VIEW,
    Care::Looks,
);
pub(super) const SECTION_ON: Row = row(
    Action::SectionOn,
    &["]"],
    "section",
    "the next section",
    VIEW,
    Care::Looks,
);
pub(super) const COMPARE: Row = row(
    Action::Compare,
    &["c"],
    "compare",
    "choose the two trees of the diff",
    VIEW,
    Care::Looks,
);
pub(super) const NEXT_THING: Row = row(
    Action::NextThing,
    &["Tab"],
    "next",
    "the next file, report or turn",
    VIEW,
    Care::Looks,
);
pub(super) const PREVIOUS_THING: Row = row(
    Action::PreviousThing,
    &["Shift-Tab"],
    "previous",
    "the file, report or turn before",
    VIEW,
    Care::Looks,
);
pub(super) const REWIND: Row = row(
    Action::Rewind,
    &["W"],
    "rewind",
    "take the tool under way back to the move or moment shown",
    Place::On(&[Tab::Factory, Tab::Tool]),
    Care::Names,
);
