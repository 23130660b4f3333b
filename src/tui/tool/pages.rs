//! Each section's page out of what is known, and what has to be asked for it.

mod cost;
mod diff;
mod files;
mod reports;
mod run;
mod spec;
mod turns;

use super::item::Item;
use super::row::Row;
use super::{Came, Page, Section, ToolView};
use crate::domain::evidence::Evidence;
use crate::factory::ports::reader::{Ask, Piece};
use crate::factory::ports::store::Paper;
use crate::tui::action::Action;
use crate::tui::keymap::Keymap;
use crate::tui::theme::Part;
use chrono::{DateTime, NaiveDateTime, Utc};

/// Most rows of a page.
const ROWS: usize = 20_000;

/// How times and rows are laid out.
pub struct Eye<'a> {
    /// A time as the clock on the wall shows it.
    pub local: &'a dyn Fn(DateTime<Utc>) -> NaiveDateTime,
    /// The keys in force.
    pub keys: &'a Keymap,
    /// Columns of the page.
    pub width: usize,
}

impl Eye<'_> {
    /// `02:41:06`
    #[must_use]
    pub fn clock(&self, at: DateTime<Utc>) -> String {
        (self.local)(at).format("%H:%M:%S").to_string()
    }

    /// `Wed 18 Nov 02:41`
    #[must_use]
    pub fn day(&self, at: DateTime<Utc>) -> String {
        (self.local)(at).format("%a %-d %b %H:%M").to_string()
    }
}

impl ToolView {
    /// All that has to be known for what is shown, the most wanted first.
    #[must_use]
    pub fn wants(&self) -> Vec<Ask> {
        let mut wants = match self.section {
            Section::Spec => spec::wants(self),
            Section::Files => files::wants(self),
            Section::Diff => diff::wants(self).into_iter().collect(),
            Section::Cost => Vec::new(),
            Section::Tests => Vec::new(),
            Section::Bugs | Section::Reviews | Section::Evidence | Section::Turns => {
                let opened = self.opened().and_then(|item| item.ask);
                opened.into_iter().collect()
            }
        };
        if let Some(ran) = self.moment.run() {
            wants.push(self.evidence_of(ran.run.run));
        }
        wants
    }

    /// The next thing to ask; None while something is on its way, or all is known.
    pub fn next_ask(&mut self) -> Option<Ask> {
        if self.asking.is_some() || self.past.is_empty() || !self.whole() {
            return None;
        }
        let wants = self.wants();
        let next = wants.into_iter().find(|ask| self.known(ask).is_none());
        self.asking.clone_from(&next);
        next
    }

    /// Makes the page anew, and keeps the cursor and the first row in sight.
    pub fn make(&mut self, eye: &Eye<'_>, height: usize) {
        let (page, width) = (self.made(eye), eye.width);
        let mut page = Page { width, ..page };
        let more = page.rows.len().saturating_sub(ROWS);
        if more > 0 {
            page.rows.truncate(ROWS);
            page.rows
                .push(Row::dim(format!(" {more} more rows are not shown here")));
        }
        let last = page.rows.len().saturating_sub(1);
        let most = page.rows.len().saturating_sub(height);
        if let Some(shelf) = self.shelf_mut() {
            if page.list {
                shelf.cursor = shelf.cursor.min(last);
            } else {
                shelf.top = shelf.top.min(most);
            }
        }
        self.page = page;
        self.stale = false;
    }

    fn made(&self, eye: &Eye<'_>) -> Page {
        if self.past.is_empty() || !self.whole() {
            return self.unknown();
        }
        match self.section {
            Section::Spec => spec::page(self, eye),
            Section::Diff => diff::page(self, eye),
            Section::Tests => run::newest(self, eye),
            Section::Cost => cost::page(self, eye),
            _ => match (self.shelf().open, self.opened()) {
                (Some(_), Some(item)) => self.open_page(&item, eye),
                (Some(key), None) if self.listed() => Page::empty(
                    key,
                    "it was not there at this moment",
                    &format!(
                        "{} shows what was, {} go on to later moments",
                        eye.keys.or(Action::Leave, "Ctrl-c"),
                        eye.keys.pair(Action::Later, Action::PhaseOn)
                    ),
                ),
                (Some(key), None) => Page::text(key, vec![Row::dim(" reading it")]),
                (None, _) => self.list_page(eye),
            },
        }
    }

    /// Nothing of its past is known.
    fn unknown(&self) -> Page {
        let name = self.section.name();
        match &self.trouble {
            Some(why) if !self.whole() => {
                let events = self.past.until(None).count();
                Page::text(
                    name,
                    vec![
                        Row::of(
                            Some(Part::Fail),
                            format!(" ✗ its past is known in part only: {events} events"),
                        ),
                        Row::plain(format!(" {why}")),
                        Row::dim(" asked again with the next event, or when it is opened again"),
                    ],
                )
            }
            _ if self.whole() => Page::empty(
                name,
                "the journal says nothing of this tool yet",
                "it is an idea until it is picked from the queue",
            ),
            _ => {
                let events = self.past.until(None).count();
                let words = format!(" reading the journal: {events} events of this tool so far");
                Page::text(name, vec![Row::dim(words)])
            }
        }
    }

    /// Things of the present section.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        match self.section {
            Section::Files => files::items(self),
            Section::Bugs => reports::bugs(self),
            Section::Reviews => reports::reviews(self),
            Section::Evidence => run::items(self),
            Section::Turns => turns::items(self),
            _ => Vec::new(),
        }
    }

    /// The thing that is open.
    #[must_use]
    pub fn opened(&self) -> Option<Item> {
        let key = self.shelf().open?;
        self.items().into_iter().find(|item| item.key == key)
    }

    /// What there is in the section is known.
    fn listed(&self) -> bool {
        self.section != Section::Files || files::known(self)
    }

    fn list_page(&self, eye: &Eye<'_>) -> Page {
        let items = self.items();
        let title = match self.section {
            Section::Files => files::title(self),
            section => format!("{} {}", section.name(), items.len()),
        };
        if items.is_empty() {
            return match self.section {
                Section::Files => files::empty(self),
                Section::Bugs => Page::empty(
                    title,
                    "no bug report was filed until this moment",
                    "QA files one for each rule that a run finds broken",
                ),
                Section::Reviews => Page::empty(
                    title,
                    "no review was written until this moment",
                    "the reviewer writes one when all gates are green, or when it was escalated",
                ),
                Section::Evidence => Page::empty(
                    title,
                    "the gates had not run until this moment",
                    "each run in qa leaves what it measured here",
                ),
                _ => Page::empty(
                    title,
                    "no model had spoken on it until this moment",
                    "every request and reply is kept here as it is made",
                ),
            };
        }
        let rows = match self.section {
            Section::Turns => turns::rows(self, eye),
            _ => items.into_iter().map(|item| item.row).collect(),
        };
        let key = eye.keys.first(Action::Open);
        let opens = key.map_or_else(String::new, |key| format!("{key} opens"));
        Page::list(title, rows).beside(opens)
    }

    fn open_page(&self, item: &Item, eye: &Eye<'_>) -> Page {
        let items = self.items();
        let at = items.iter().position(|other| other.key == item.key);
        let place = format!(
            "{} of {}, {} next, {} list",
            at.unwrap_or(0) + 1,
            items.len(),
            eye.keys.or(Action::NextThing, "the list"),
            eye.keys.or(Action::Leave, "Ctrl-c")
        );
        let page = match self.section {
            Section::Files => files::page(self, item, eye),
            Section::Evidence => run::page(self, item.at, eye),
            Section::Turns => turns::page(self, item, eye),
            _ => reports::page(self, item, eye),
        };
        page.beside(place)
    }

    fn evidence_of(&self, run: u32) -> Ask {
        Ask::Paper(Paper::Evidence {
            tool: self.name.clone(),
            run,
        })
    }

    /// What a run measured; None = not read yet, or not there any more.
    #[must_use]
    pub fn evidence(&self, run: u32) -> Option<&Evidence> {
        match self.known(&self.evidence_of(run))? {
            Ok(Some(piece)) => match piece.as_ref() {
                Piece::Evidence(evidence) => Some(evidence),
                _ => None,
            },
            _ => None,
        }
    }

    /// What came of a question, or the rows that say why nothing did.
    fn piece(&self, ask: Option<&Ask>, gone: &str) -> Result<&Piece, Vec<Row>> {
        let came: Option<&Came> = ask.and_then(|ask| self.known(ask));
        match came {
            None => Err(vec![Row::dim(" reading it")]),
            Some(Ok(Some(piece))) => Ok(piece),
            Some(Ok(None)) => Err(vec![Row::plain(format!(" {gone}"))]),
            Some(Err(why)) => Err(vec![Row::plain(format!(" it cannot be read: {why}"))]),
        }
    }
}
