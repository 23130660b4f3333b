//! state.json and control.json: written by exchange, so that an edit made at the same moment is kept and seen.

mod judged;

use super::files::{self, Swapped, trouble};
use super::fold::core;
use super::layout::Layout;
use super::refused;
use super::statefile::{parse, render, same, sha256};
use crate::domain::event::EventBody;
use crate::domain::factory::Factory;
use crate::domain::state::{ControlDoc, StateDoc};
use crate::factory::ports::store::StoreError;
use serde_json::{Map, Value};
use std::fs::File;
use std::path::{Path, PathBuf};

/// state.json written by someone else, as far as we looked at it.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Its bytes; None = the file is gone.
    pub bytes: Option<Vec<u8>>,
    /// What it says, when readable.
    pub doc: Option<StateDoc>,
    /// It was pushed aside: on disk our own words stand again.
    pub aside: bool,
}

/// The two documents and what we know of them.
#[derive(Debug)]
pub struct Documents {
    dir: PathBuf,
    /// state.json, a symbolic link resolved once.
    pub state: PathBuf,
    control: PathBuf,
    /// What we wrote last, or took over.
    pub ours: Option<Vec<u8>>,
    /// The fold it belongs to.
    pub written: Option<StateDoc>,
    /// Keys others added, in their order.
    pub other: Map<String, Value>,
    /// control.json as we wrote it last.
    pub kept: Option<ControlDoc>,
    /// The foreign content last reported: it may be replaced, its kin were not.
    pub seen: Option<Foreign>,
    /// An edit that our exchange pushed aside: not reported yet.
    pub pushed: Option<Foreign>,
    /// What our last exchange pushed aside.
    aside: Option<Aside>,
    /// Where we moved what was too large to copy.
    moved: Option<String>,
}

/// Events that change neither document: no copy of the factory is needed to find that out.
pub fn inert(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Sent(_)
            | EventBody::Turn(_)
            | EventBody::Worked { .. }
            | EventBody::Noted { .. }
            | EventBody::Gap { .. }
            | EventBody::Swept(_)
            | EventBody::HostBack { .. }
            | EventBody::Tree { .. }
            | EventBody::SpecRefused { .. }
            | EventBody::Answered { .. }
    )
}

/// A file that was pushed aside: who opened it before may still write into it.
#[derive(Debug)]
struct Aside {
    path: PathBuf,
    known: Vec<u8>,
    /// What it said of the factory before it was edited.
    core: Option<StateDoc>,
}

impl Aside {
    /// An edit found in it. One that leaves alone what stood there of the factory claims nothing: meanwhile we have moved.
    fn edited(&self, bytes: Vec<u8>, now: Option<&StateDoc>) -> Foreign {
        let base = self.core.as_ref().or(now);
        let doc = parse(&bytes, base).ok();
        let doc = doc.map(|doc| match (base, now) {
            (Some(base), Some(now)) if same(&doc, base) => StateDoc {
                other: doc.other,
                ..now.clone()
            },
            _ => doc,
        });
        Foreign {
            bytes: Some(bytes),
            doc,
            aside: true,
        }
    }
}

/// Both documents staged, not visible yet.
#[derive(Debug, Default)]
pub struct Prepared {
    /// What has to be durable before it may be visible.
    pub unsynced: Vec<File>,
    state: Option<StagedState>,
    control: Option<(PathBuf, ControlDoc)>,
}

#[derive(Debug)]
struct StagedState {
    path: PathBuf,
    bytes: Vec<u8>,
    written: StateDoc,
    other: Map<String, Value>,
    /// What lay there when we looked.
    before: Option<Vec<u8>>,
    /// Where an edit lies that this takes over: gone once it is there.
    spent: Option<PathBuf>,
}

/// What one look at state.json found.
#[derive(Debug)]
pub enum Look {
    Ours,
    Foreign(StateDoc),
    /// Not readable (yet), why.
    Not(String),
}

impl Documents {
    /// The documents of a home, nothing known of them.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        let state = layout.at("state.json");
        Self {
            dir: layout.dir.clone(),
            state: std::fs::canonicalize(&state).unwrap_or(state),
            control: layout.at("control.json"),
            ours: None,
            written: None,
            other: Map::new(),
            kept: None,
            seen: None,
            pushed: None,
            aside: None,
            moved: None,
        }
    }

    /// state.json as it lies there now; None = missing.
    pub fn present(&self) -> Result<Option<Vec<u8>>, StoreError> {
        files::read(&self.state, files::CAP)
    }

    fn unseen(&self, present: &Option<Vec<u8>>) -> bool {
        let seen = self.seen.as_ref().is_some_and(|s| s.bytes == *present);
        *present != self.ours && !seen
    }

    /// Stages what the documents should say for `factory`; Conflict when state.json has an edit nobody has looked at.
    pub fn stage(&mut self, factory: &Factory) -> Result<Prepared, StoreError> {
        let mut prepared = Prepared::default();
        let core = core(factory);
        let hash = || self.ours.as_deref().map(sha256);
        let mut sha = self
            .kept
            .as_ref()
            .map(|k| k.state_sha256.clone())
            .or_else(hash);
        let nothing = self.ours.is_none() && self.seen.is_none();
        let rewrite = nothing || self.written.as_ref() != Some(&core);
        if rewrite {
            self.late_writer();
            let before = match self.present() {
                // Too large or not a file: an edit like any other that has to be looked at.
                Err(StoreError::Bad(_)) => return Err(StoreError::Conflict),
                other => other?,
            };
            if self.pushed.is_some() || self.unseen(&before) {
                return Err(StoreError::Conflict);
            }
            let other = self.others(&before)?;
            let bytes = render(&factory.state_doc(&other));
            sha = Some(sha256(&bytes));
            // An edit that was pushed aside lies nowhere else until this is there.
            let edited = self.aside.as_ref().map(|aside| aside.path.clone());
            let spent = edited.filter(|_| self.seen.as_ref().is_some_and(|seen| seen.aside));
            let usual = files::temp(self.state_dir(), "state.json");
            let path = match spent.as_ref() == Some(&usual) {
                true => files::temp(self.state_dir(), "state.json.next"),
                false => usual,
            };
            prepared.state = Some(StagedState {
                path,
                bytes,
                written: core,
                other,
                before,
                spent,
            });
        }
        self.stage_control(factory, sha.unwrap_or_default(), &mut prepared)?;
        if let Some(staged) = &prepared.state {
            self.aside = None;
            let file = files::stage(&staged.path, &staged.bytes, &self.state)?;
            prepared.unsynced.push(file);
        }
        Ok(prepared)
    }

    fn stage_control(
        &self,
        factory: &Factory,
        sha: String,
        prepared: &mut Prepared,
    ) -> Result<(), StoreError> {
        let revision = self.kept.as_ref().map_or(0, |k| k.revision);
        if self.kept.as_ref() == Some(&factory.control_doc(revision, sha.clone())) {
            return Ok(());
        }
        let doc = factory.control_doc(revision + 1, sha);
        let path = files::temp(&self.dir, "control.json");
        let file = files::stage(&path, &render(&doc), &self.control)?;
        prepared.unsynced.push(file);
        prepared.control = Some((path, doc));
        Ok(())
    }

    /// Stages control.json alone, for a state.json that stays as it is.
    pub fn control_for(&self, factory: &Factory, sha: String) -> Result<Prepared, StoreError> {
        let mut prepared = Prepared::default();
        self.stage_control(factory, sha, &mut prepared)?;
        Ok(prepared)
    }

    /// Keys to carry over: those of an edit we replace knowingly, else those we had.
    /// An unreadable edit is kept as a copy first.
    fn others(&self, before: &Option<Vec<u8>>) -> Result<Map<String, Value>, StoreError> {
        match (&self.seen, before) {
            (Some(seen), Some(bytes)) if seen.bytes == *before && self.ours != *before => {
                match &seen.doc {
                    Some(doc) => Ok(doc.other.clone()),
                    None => {
                        refused::keep(&self.dir, "state.json", bytes)?;
                        Ok(self.other.clone())
                    }
                }
            }
            _ => Ok(self.other.clone()),
        }
    }

    fn state_dir(&self) -> &Path {
        self.state.parent().unwrap_or(&self.dir)
    }

    /// Makes staged documents durable and visible, where no event of the journal has to be so before.
    pub fn save(&mut self, prepared: Prepared) -> Result<bool, StoreError> {
        for file in &prepared.unsynced {
            file.sync_data().map_err(|e| trouble(&self.dir, &e))?;
        }
        self.publish(prepared)
    }

    /// Makes durable documents visible: control.json, then state.json, then the folder durable.
    /// True when an edit was pushed aside and waits to be looked at.
    pub fn publish(&mut self, prepared: Prepared) -> Result<bool, StoreError> {
        if let Some((path, doc)) = prepared.control {
            files::swap(&path, &self.control)?;
            self.kept = Some(doc);
        }
        // control.json alone needs no durable name: old or new, it is whole, and the journal knows the rest.
        let Some(staged) = prepared.state else {
            return Ok(false);
        };
        let spent = staged.spent.clone();
        let pushed = self.exchange(staged)?;
        if self.state_dir() != self.dir {
            files::sync_dir(self.state_dir())?;
        }
        files::sync_dir(&self.dir)?;
        if let Some(spent) = spent {
            let _ = std::fs::remove_file(spent);
        }
        Ok(pushed)
    }

    /// Throws staged documents away: the journal did not take the event.
    pub fn discard(prepared: Prepared) {
        let staged = prepared.state.map(|s| s.path);
        let paths = staged.into_iter().chain(prepared.control.map(|c| c.0));
        for path in paths {
            let _ = std::fs::remove_file(path);
        }
    }

    fn exchange(&mut self, staged: StagedState) -> Result<bool, StoreError> {
        let swapped = files::swap(&staged.path, &self.state)?;
        self.ours = Some(staged.bytes);
        let core = self.written.replace(staged.written);
        self.other = staged.other;
        self.seen = None;
        if swapped == Swapped::Gone {
            return Ok(false);
        }
        let displaced = files::read(&staged.path, files::CAP)?.unwrap_or_default();
        let foreign = Some(&displaced) != staged.before.as_ref();
        let aside = Aside {
            path: staged.path,
            known: displaced.clone(),
            core,
        };
        if foreign {
            self.pushed = Some(aside.edited(displaced, self.written.as_ref()));
        }
        self.aside = Some(aside);
        Ok(foreign)
    }

    /// Removes what the last exchanges left, unless someone has written into it: start-up finds that.
    pub fn close(&mut self) {
        let _ = std::fs::remove_file(files::temp(&self.dir, "control.json"));
        self.late_writer();
        // Start-up could not tell half of a file from half of ours, and what is being judged lies nowhere else.
        let half = self.pushed.take_if(|pushed| pushed.doc.is_none());
        let judged = self.seen.take_if(|seen| seen.aside);
        for bytes in [half, judged]
            .into_iter()
            .flatten()
            .filter_map(|one| one.bytes)
        {
            let _ = refused::keep(&self.dir, "state.json", &bytes);
        }
        if self.pushed.is_none()
            && let Some(aside) = self.aside.take()
        {
            let _ = std::fs::remove_file(aside.path);
        }
    }

    fn late_writer(&mut self) {
        let Some(aside) = &mut self.aside else {
            return;
        };
        if let Ok(Some(bytes)) = files::read(&aside.path, files::CAP)
            && bytes != aside.known
        {
            aside.known.clone_from(&bytes);
            self.pushed = Some(aside.edited(bytes, self.written.as_ref()));
        }
    }
}
