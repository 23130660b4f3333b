//! Edits of state.json by others: looked at, taken over, or put back.

use super::{Documents, Foreign, Look, StagedState};
use crate::adapters::store::fold::core;
use crate::adapters::store::statefile::{parse, same, says, sha256};
use crate::adapters::store::{files, refused};
use crate::domain::factory::Factory;
use crate::domain::state::StateDoc;
use crate::factory::ports::store::StoreError;

impl Documents {
    /// One look at state.json, and at what we pushed aside.
    pub fn look(&mut self) -> Result<Look, StoreError> {
        self.late_writer();
        if let Some(pushed) = self.pushed.take() {
            match &pushed.doc {
                Some(doc) => {
                    let doc = doc.clone();
                    self.see(pushed)?;
                    return Ok(Look::Foreign(doc));
                }
                None => {
                    self.pushed = Some(pushed);
                    let why = "an edit made during a save is not readable yet";
                    return Ok(Look::Not(why.to_owned()));
                }
            }
        }
        let present = match self.present() {
            Ok(present) => present,
            Err(StoreError::Bad(why)) => return Ok(Look::Not(why)),
            Err(e) => return Err(e),
        };
        if present == self.ours && present.is_some() {
            // What was pushed aside stays the thing to judge until it was adopted, refused or overtaken.
            let aside = self.seen.as_ref().filter(|s| s.aside);
            let doc = aside.and_then(|s| s.doc.clone());
            return Ok(doc.map_or(Look::Ours, Look::Foreign));
        }
        let Some(bytes) = &present else {
            return Ok(Look::Not("dev-factory/state.json is missing".to_owned()));
        };
        match parse(bytes, self.written.as_ref()) {
            Ok(doc) => {
                self.see(Foreign {
                    bytes: present,
                    doc: Some(doc.clone()),
                    aside: false,
                })?;
                Ok(Look::Foreign(doc))
            }
            Err(why) => Ok(Look::Not(why)),
        }
    }

    /// Nothing readable came in time: from now on this content may be replaced, a copy of it is kept.
    /// What is too large to copy is moved away; returns its new name then.
    pub fn give_up(&mut self) -> Result<Option<String>, StoreError> {
        if let Some(Foreign {
            bytes: Some(bytes), ..
        }) = self.pushed.take()
        {
            refused::keep(&self.dir, "state.json", &bytes)?;
        }
        let (bytes, moved) = match self.present() {
            Err(StoreError::Bad(_)) => {
                let name = refused::keep(&self.dir, "state.json", b"")?;
                let path = self.dir.join(&name);
                let _ = std::fs::remove_file(&path);
                std::fs::rename(&self.state, &path).map_err(|e| files::trouble(&path, &e))?;
                self.moved = Some(name.clone());
                (None, Some(name))
            }
            other => (other?, None),
        };
        if bytes != self.ours {
            self.see(Foreign {
                bytes,
                doc: None,
                aside: false,
            })?;
        }
        Ok(moved)
    }

    /// Something else is there to judge now. What had been pushed aside, and was not judged yet, lies nowhere any more.
    fn see(&mut self, edit: Foreign) -> Result<(), StoreError> {
        let overtaken = self.seen.take().filter(|old| old.aside);
        let overtaken = overtaken.filter(|old| old.bytes != edit.bytes);
        self.seen = Some(edit);
        if let Some(bytes) = overtaken.and_then(|old| old.bytes) {
            let copy = refused::keep(&self.dir, "state.json", &bytes)?;
            tracing::warn!("an edit of state.json was overtaken by another; it is kept as {copy}");
        }
        Ok(())
    }

    /// Takes over other keys and lastUpdate; what else differs is put right, but a phase that is claimed.
    pub fn adopt(&mut self, factory: &Factory, doc: &StateDoc) -> Result<(), StoreError> {
        let core = core(factory);
        let present = self.present()?;
        self.other.clone_from(&doc.other);
        if doc.phase != core.phase {
            // A claim: it stays in its place until the move it asks for is recorded.
            return Ok(());
        }
        let plain = present.as_ref().is_some_and(|bytes| says(bytes, &core));
        let is_it = parse(present.as_deref().unwrap_or_default(), Some(&core))
            .is_ok_and(|read| same(&read, doc) && read.other == doc.other);
        if plain && is_it {
            self.ours = present;
            self.written = Some(core);
            self.seen = None;
            if let Some(kept) = &mut self.kept {
                // Forces the new hash into control.json.
                kept.state_sha256.clear();
            }
            let sha = sha256(self.ours.as_deref().unwrap_or_default());
            let prepared = self.control_for(factory, sha)?;
            return self.save(prepared).map(drop);
        }
        self.written = None;
        if let Some(seen) = &mut self.seen {
            seen.doc = Some(doc.clone());
        }
        let prepared = self.stage(factory)?;
        self.save(prepared).map(drop)
    }

    /// Puts our own words back; the refused bytes are kept. Returns the name of the copy.
    pub fn restore(&mut self, factory: &Factory) -> Result<String, StoreError> {
        let present = self.present()?;
        let seen = self.seen.take();
        let aside = seen.as_ref().is_some_and(|seen| seen.aside);
        let reported = seen.and_then(|seen| seen.bytes);
        let moved = self.moved.take();
        // Nobody can judge it, and it must not stand in the way of what is due.
        let half = self.pushed.take_if(|pushed| pushed.doc.is_none());
        let half = half.and_then(|pushed| pushed.bytes);
        let refused = if present == self.ours {
            match (half, reported) {
                (Some(half), Some(reported)) => {
                    refused::keep(&self.dir, "state.json", &half)?;
                    reported
                }
                (half, reported) => half.or(reported).unwrap_or_default(),
            }
        } else {
            // What lies nowhere else any more.
            let waited = reported.filter(|bytes| aside && Some(bytes) != present.as_ref());
            for bytes in half.into_iter().chain(waited) {
                refused::keep(&self.dir, "state.json", &bytes)?;
            }
            present.clone().unwrap_or_default()
        };
        let name = match moved {
            Some(name) if present.is_none() => name,
            _ => refused::keep(&self.dir, "state.json", &refused)?,
        };
        if present != self.ours {
            self.late_writer();
            let core = core(factory);
            match self
                .ours
                .clone()
                .filter(|_| self.written.as_ref() == Some(&core))
            {
                Some(bytes) => self.put_back(bytes, core, present)?,
                None => {
                    let other = self.other.clone();
                    let doc = Some(StateDoc { other, ..core });
                    let seen = Foreign {
                        bytes: present,
                        doc,
                        aside: false,
                    };
                    (self.written, self.seen) = (None, Some(seen));
                }
            }
        }
        let prepared = self.stage(factory)?;
        self.save(prepared)?;
        Ok(name)
    }

    fn put_back(
        &mut self,
        bytes: Vec<u8>,
        written: StateDoc,
        before: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let path = files::temp(self.state_dir(), "state.json");
        self.aside = None;
        files::stage_durably(&path, &bytes, &self.state)?;
        let other = self.other.clone();
        self.exchange(StagedState {
            path,
            bytes,
            written,
            other,
            before,
            spent: None,
        })?;
        files::sync_dir(self.state_dir())
    }
}
