//! Commits: the journal first, then the documents it changes; now and then the fold beside it.

use super::documents::{Documents, inert};
use super::journal::Journal;
use super::{FileStore, Inner, files, fold, locked};
use crate::adapters::steps;
use crate::domain::event::{Event, EventBody, NewEvent};
use crate::domain::factory::Factory;
use crate::factory::ports::store::{Change, StoreError, Written};
use chrono::{DateTime, Utc};

/// Events between two snapshots of the fold.
const SNAPSHOT_EVERY: u64 = 1000;

impl FileStore {
    pub(super) fn record(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
        written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, StoreError> {
        let mut guard = locked(&self.inner);
        let inner = &mut *guard;
        let Some(journal) = &mut inner.journal else {
            return Err(StoreError::Bad("the home is not loaded yet".to_owned()));
        };
        let mut late = Ok(());
        let numbered: Vec<Event> = (journal.next..)
            .zip(events)
            .map(|(seq, new)| new.numbered(seq, now))
            .collect();
        if numbered.is_empty() {
            return Ok(numbered);
        }
        if inner.docs.ours.is_some() && numbered.iter().all(|e| inert(&e.body)) {
            append(journal, &numbered, factory, written)?;
        } else {
            let mut next = factory.clone();
            numbered.iter().for_each(|e| next.apply(e));
            let prepared = inner.docs.stage(&next)?;
            let appended = journal.append(&numbered);
            let durable = match appended.and_then(|()| journal.sync(&prepared.unsynced)) {
                Ok(durable) => durable.map_err(|e| files::trouble(&self.layout.dir, &e)),
                Err(e) => {
                    Documents::discard(prepared);
                    return Err(e);
                }
            };
            *factory = next;
            steps::reached(factory);
            match durable.and_then(|()| inner.docs.publish(prepared)) {
                Ok(true) => self.hint(Change::State),
                Ok(false) => {}
                Err(e) => {
                    // The journal has it, so it has happened; the next save or load writes the documents.
                    inner.docs.written = None;
                    late = Err(e);
                }
            }
        }
        for event in &numbered {
            fold::remember(&mut inner.recent, event, factory.current_tool.as_deref());
        }
        inner.since_snapshot += numbered.len() as u64;
        let ended = |e: &Event| matches!(e.body, EventBody::Stopped { .. });
        self.after_commit(inner, factory, numbered.iter().any(ended));
        late.map(|()| numbered)
    }

    fn after_commit(&self, inner: &mut Inner, factory: &Factory, ended: bool) {
        let full = inner.journal.as_ref().is_some_and(Journal::full);
        if full
            && let Some(journal) = &mut inner.journal
            && let Err(e) = journal.rotate()
        {
            tracing::warn!("the journal segment could not be closed: {e}");
        }
        if full || ended || inner.since_snapshot >= SNAPSHOT_EVERY {
            inner.since_snapshot = 0;
            if let Err(e) = fold::save(&self.layout, factory, &inner.recent) {
                tracing::warn!("the journal's snapshot could not be written: {e}");
            }
        }
    }
}

/// Events that change no document, in the journal and in the factory: there before they are durable only where `written` asks.
fn append(
    journal: &mut Journal,
    events: &[Event],
    factory: &mut Factory,
    written: Option<Written<'_>>,
) -> Result<(), StoreError> {
    let mut fold = || events.iter().for_each(|event| factory.apply(event));
    journal.append(events)?;
    match written {
        Some(written) => {
            fold();
            written(factory);
            let _ = journal.sync(&[])?;
        }
        None => {
            let _ = journal.sync(&[])?;
            fold();
        }
    }
    Ok(())
}
