//! The Tool view: one tool at one moment of its past, in sections. What is shown is made here, pure, whenever something
//! changed; drawing only puts it into its place.

pub mod code;
pub mod ends;
pub mod item;
pub mod markdown;
pub mod page;
mod pages;
pub mod row;
pub mod section;
pub mod space;
pub mod verbatim;

pub use self::ends::End;
pub use self::item::Shelf;
pub use self::page::Page;
pub use self::pages::Eye;
pub use self::row::Row;
pub use self::section::Section;
pub use self::space::Space;
use super::tabs::Tab;
use crate::domain::phase::Phase;
use crate::domain::tool::{Back, Moment, Past, Stay, back, stays};
use crate::factory::ports::reader::{Ask, Events, Mark, Piece};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes of pieces kept, so that scrubbing to and fro asks for little twice.
const KEPT: usize = 8 * 1024 * 1024;

/// The moment a tool is opened at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// An event.
    Event(u64),
    /// What was the newest event then.
    Time(DateTime<Utc>),
    /// The newest, with the turn of this event open.
    Turn(u64),
}

/// What came of a question.
pub type Came = Result<Option<Arc<Piece>>, String>;

/// The tool that is shown.
#[derive(Clone, Debug)]
pub struct ToolView {
    /// Its name.
    pub name: String,
    /// The tab one came from.
    pub from: Tab,
    /// Its events, as far as they are read.
    pub past: Past,
    /// Its stays in phases.
    pub stays: Vec<Stay>,
    /// Where older events end on disk; None = not asked yet, Some(None) = all are read.
    pub before: Option<Option<Mark>>,
    /// The journal is read up to here.
    pub upto: u64,
    /// Its end when newer events were asked for.
    pub tip: u64,
    /// The events that are on their way: those after a number that end at a mark.
    pub asked: Option<(u64, Option<Mark>)>,
    /// Why more of its past cannot be read.
    pub trouble: Option<String>,
    /// The journal ended here when a question came to nothing: the next is asked when it has gone on.
    pub held: Option<u64>,
    /// The moment it was opened at, until its past is read.
    pub meant: Option<Meant>,
    /// The event one has gone back to; None = the newest, and on with it.
    pub at: Option<u64>,
    /// What there was then.
    pub moment: Arc<Moment>,
    /// Where a rewind would go from there, or why it cannot.
    pub back: Result<Back, String>,
    /// Turns up to there by the phase they were taken in.
    pub turns: BTreeMap<Option<Phase>, usize>,
    /// Which part of it is shown.
    pub section: Section,
    /// Where one stands in each section.
    pub shelves: [Shelf; Section::ALL.len()],
    /// What is shown of it.
    pub page: Page,
    /// The text looked for, in small letters; empty = none.
    pub find: String,
    /// What is compared, where it was chosen.
    pub ends: Option<(End, End)>,
    /// Pieces that have come, newest last.
    pub pieces: VecDeque<(Ask, Came)>,
    /// The piece that is on its way.
    pub asking: Option<Ask>,
    /// Something changed since the page was made.
    pub stale: bool,
}

impl ToolView {
    /// A tool of which nothing is known yet.
    #[must_use]
    pub fn new(name: &str, from: Tab) -> Self {
        Self {
            name: name.to_owned(),
            from,
            past: Past::default(),
            stays: Vec::new(),
            before: None,
            upto: 0,
            tip: 0,
            asked: None,
            trouble: None,
            held: None,
            meant: None,
            at: None,
            moment: Arc::default(),
            back: Err(String::new()),
            turns: BTreeMap::new(),
            section: Section::default(),
            shelves: Default::default(),
            page: Page::default(),
            find: String::new(),
            ends: None,
            pieces: VecDeque::new(),
            asking: None,
            stale: true,
        }
    }

    /// Takes older events in, which end at the mark they were asked with.
    pub fn older(&mut self, events: Events) {
        self.answered(events.tip);
        if self.before.is_none() {
            self.read();
        }
        self.before = Some(events.before);
        self.take(events.events);
    }

    /// Takes newer events in; pieces that were not there may be now. Gives where those between end, if there are more.
    pub fn newer(&mut self, events: Events) -> Option<Mark> {
        self.answered(events.tip);
        if events.before.is_none() {
            self.read();
        }
        if !events.events.is_empty() {
            self.take(events.events);
            self.pieces
                .retain(|(ask, came)| matches!(came, Ok(Some(_))) && !changes(ask));
        }
        events.before
    }

    /// More of its past could not be read. What is known stays as much as it is.
    pub fn failed(&mut self, why: String) {
        self.trouble = Some(why);
        self.held = Some(self.tip);
        self.stale = true;
    }

    /// An answer says how far it goes: one to an older question may not reach what is asked now.
    fn answered(&mut self, tip: u64) {
        self.stale |= self.trouble.take().is_some();
        if tip > 0 {
            // A journal that does not go on as far as was said is not asked again and again.
            self.held = (tip < self.tip && tip <= self.upto).then_some(self.tip);
            self.tip = tip;
        }
    }

    fn read(&mut self) {
        self.upto = self.upto.max(self.tip);
    }

    fn take(&mut self, events: Vec<crate::domain::event::Event>) {
        self.past.add(events);
        self.stays = stays(&self.past);
        match self.meant {
            Some(meant) if self.whole() => self.arrive(meant),
            _ => self.look(),
        }
    }

    /// Its past is read: the moment it was opened at can be shown.
    fn arrive(&mut self, meant: Meant) {
        let at = match meant {
            Meant::Event(seq) => Some(seq),
            Meant::Time(at) => self.past.at_time(at),
            Meant::Turn(seq) => {
                self.section = Section::Turns;
                let there = self.past.event(Some(seq)).is_some_and(|e| e.seq == seq);
                if let Some(shelf) = self.shelf_mut().filter(|_| there) {
                    shelf.open = Some(seq.to_string());
                }
                None
            }
        };
        self.go(at);
    }

    /// Goes to a moment; None = the newest.
    pub fn go(&mut self, at: Option<u64>) {
        self.meant = None;
        self.at = at.filter(|at| *at < self.past.newest());
        self.look();
    }

    fn look(&mut self) {
        self.moment = Arc::new(Moment::of(&self.past, &self.name, self.at));
        self.back = back(&self.past, self.at);
        self.turns.clear();
        for turn in self.past.turns(self.at) {
            let phase = turn.attempt.map(|attempt| attempt.phase);
            *self.turns.entry(phase).or_default() += 1;
        }
        self.stale = true;
    }

    /// The next events to ask for, while the journal ends at `tip`; None = all are known, or on their way.
    pub fn next_read(&mut self, tip: u64) -> Option<(u64, Option<Mark>)> {
        if self.asked.is_some() || self.held == Some(tip) {
            return None;
        }
        self.held = None;
        let next = match &self.before {
            None => Some((0, None)),
            Some(Some(mark)) => Some((0, Some(mark.clone()))),
            Some(None) => (tip > self.upto).then_some((self.upto.max(1), None)),
        };
        if next.is_some() {
            self.tip = tip;
        }
        self.asked.clone_from(&next);
        next
    }

    /// All events have been read.
    #[must_use]
    pub fn whole(&self) -> bool {
        matches!(self.before, Some(None))
    }

    /// Keeps what came of a question; what nobody asks any more is let go.
    pub fn came(&mut self, ask: Ask, came: Result<Option<Piece>, String>) {
        if self.asking.as_ref() != Some(&ask) {
            return;
        }
        self.asking = None;
        self.stale = true;
        if !self.wants().contains(&ask) {
            return;
        }
        self.pieces
            .push_back((ask, came.map(|piece| piece.map(Arc::new))));
        let mut held: usize = self.pieces.iter().map(|(_, came)| weight(came)).sum();
        while held > KEPT && self.pieces.len() > 2 {
            let gone = self.pieces.pop_front();
            held -= gone.map_or(0, |(_, came)| weight(&came));
        }
    }

    /// What came of a question; None = it is not answered yet.
    #[must_use]
    pub fn known(&self, ask: &Ask) -> Option<&Came> {
        let found = self.pieces.iter().find(|(known, _)| known == ask);
        found.map(|(_, came)| came)
    }

    /// Where one stands in the present section.
    #[must_use]
    pub fn shelf(&self) -> Shelf {
        self.shelves
            .get(self.section.index())
            .cloned()
            .unwrap_or_default()
    }

    /// The same, to be changed.
    pub fn shelf_mut(&mut self) -> Option<&mut Shelf> {
        self.shelves.get_mut(self.section.index())
    }
}

fn weight(came: &Came) -> usize {
    match came {
        Ok(Some(piece)) => piece.weight(),
        _ => 0,
    }
}

/// Whether a piece may be another one later.
fn changes(ask: &Ask) -> bool {
    use crate::factory::ports::store::Paper;
    matches!(ask, Ask::Paper(Paper::Spec { .. } | Paper::Evidence { .. }))
}
