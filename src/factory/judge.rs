//! Foreign edits: an external move is a claim; gates and effects stay ours, an illegal one is put back.

use super::driver::Driver;
use super::failed::{Failed, Unmet};
use super::ports::store::{Change, Observed, StoreError};
use super::reread::Why;
use super::wake::{Suspect, Wake};
use crate::domain::actor;
use crate::domain::decide::Report;
use crate::domain::decide::claim::{Judgement, judge, refused};
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::phase::{Outcome, Phase, Role};
use crate::domain::screen::Level;
use crate::domain::state::StateDoc;
use crate::domain::wishlist;
use std::time::Duration;
use tokio::time::Instant;

/// Who edits the wishlist file.
const BY_HAND: &str = "operator";
/// Some writers read back what they wrote and write again: an illegal state is judged when it has settled (contract 3).
const SETTLE: Duration = Duration::from_millis(1500);
/// So long may illegal states follow each other before whatever lies there is judged.
const UNSETTLED: Duration = Duration::from_secs(5);

impl Driver {
    /// A file of the home changed.
    pub(super) async fn changed(&mut self, change: Change) -> Result<(), Failed> {
        match change {
            Change::State => return self.look_at_state().await,
            Change::Commands => self.commands(false).await?,
            Change::Wishlist => return self.wishlist(),
            Change::Watch | Change::Mirror => {
                self.dirty = true;
                return Ok(());
            }
            Change::Settings | Change::Souls => {
                self.reread(Why::Changed);
                return Ok(());
            }
        }
        self.upkeep().await
    }

    /// Reads state.json at once when it can be read; waits for a half-written one off the loop.
    async fn look_at_state(&mut self) -> Result<(), Failed> {
        match self.tools.store.glance() {
            Ok(Some(seen)) => self.observed(Ok(seen)).await,
            Ok(None) => {
                // One look of two seconds sees what all hints meanwhile tell of.
                if !std::mem::replace(&mut self.observing, true) {
                    let (store, wake) = (self.tools.store.clone(), self.wake.clone());
                    tokio::task::spawn_blocking(move || {
                        let _ = wake.send(Wake::Looked(store.observe()));
                    });
                }
                Ok(())
            }
            Err(error) => self.observed(Err(error)).await,
        }
    }

    /// A half-written state.json was waited for. What became readable is read anew: it may have changed again meanwhile.
    pub(super) async fn looked(
        &mut self,
        seen: Result<Observed, StoreError>,
    ) -> Result<(), Failed> {
        self.observing = false;
        match seen {
            Ok(Observed::Ours | Observed::Foreign(_)) => self.look_at_state().await,
            bad => self.observed(bad).await,
        }
    }

    /// state.json was read.
    pub(super) async fn observed(
        &mut self,
        seen: Result<Observed, StoreError>,
    ) -> Result<(), Failed> {
        match seen {
            Ok(Observed::Ours) => {
                self.suspect = None;
                Ok(())
            }
            Ok(Observed::Foreign(doc)) => self.claim(doc).await,
            Ok(Observed::Unreadable(why)) => {
                let words = "state.json cannot be read";
                self.restore(format!("{words}: {why}"), Some(words.to_owned()))
            }
            Err(error) => {
                self.ledger.say(Level::Error, error.to_string());
                Ok(())
            }
        }
    }

    /// Another program says where the tool stands.
    pub(super) async fn claim(&mut self, doc: StateDoc) -> Result<(), Failed> {
        let judgement = judge(&self.ledger.factory, &doc);
        // A newer claim takes the place of one that could not be judged yet.
        self.unjudged = None;
        match judgement {
            Judgement::Legal { to, outcome } if self.gates_decide() => {
                self.suspect = None;
                self.leave_to_gates(&doc, to, outcome)
            }
            Judgement::Harmless | Judgement::PutBack => {
                self.suspect = None;
                self.adopt(&doc).map(drop)
            }
            Judgement::Legal { to, outcome } => {
                self.suspect = None;
                self.take_up(&doc, to, outcome).await
            }
            Judgement::Illegal(sentence) => {
                self.suspect(doc, sentence);
                Ok(())
            }
        }
    }

    /// The gates are at work or about to be, and their word counts whatever is claimed.
    fn gates_decide(&self) -> bool {
        let at_work = self.running.as_ref().is_some_and(|r| self.current(r.id));
        self.ledger.factory.phase == Phase::Qa && (at_work || self.gates_asked)
    }

    /// It lies there until they have decided, and is seen again at each hint: begun anew, they would be wasted, and what
    /// fails by chance would be tried until it passes. The journal has the first.
    fn leave_to_gates(
        &mut self,
        doc: &StateDoc,
        to: Phase,
        outcome: Outcome,
    ) -> Result<(), Failed> {
        if self.adopt(doc)? && !self.gates_asked {
            self.gates_asked = true;
            self.commit(vec![self.claimed(to, outcome)])?;
        }
        Ok(())
    }

    fn claimed(&self, to: Phase, outcome: Outcome) -> NewEvent {
        let from = self.ledger.factory.phase;
        NewEvent {
            tool: self.ledger.factory.current_tool.clone(),
            actor: actor::EXTERNAL.to_owned(),
            body: EventBody::Claimed { from, to, outcome },
        }
    }

    /// Watches an illegal state until it settles; others in its place do so together with it.
    fn suspect(&mut self, doc: StateDoc, sentence: String) {
        let known = self.suspect.as_ref();
        if known.is_some_and(|known| same_claim(&known.doc, &doc)) {
            return;
        }
        let now = Instant::now();
        let since = known.map_or(now, |known| known.since);
        self.suspect = Some(Suspect {
            doc,
            sentence,
            since,
            settled: (now + SETTLE).min(since + UNSETTLED),
        });
    }

    /// Journals a legal claim, checks the conditions of its row, then obeys it; in qa the gates decide instead.
    async fn take_up(&mut self, doc: &StateDoc, to: Phase, outcome: Outcome) -> Result<(), Failed> {
        let from = self.ledger.factory.phase;
        let claimed = self.claimed(to, outcome);
        let taken = match self.conditions(outcome).await {
            Ok(taken) => taken,
            Err(Unmet::Said(unmet)) => return self.restore(unmet.clone(), Some(unmet)),
            Err(Unmet::Trouble(name, why)) => {
                self.troubled(name, why)?;
                // It is no less legal for that: it is judged when they allow it.
                self.unjudged = Some(doc.clone());
                return Ok(());
            }
        };
        if !self.adopt(doc)? {
            return Ok(());
        }
        self.cancel();
        let dropped = self.dropped("another program moved the phase");
        let found = std::iter::once(claimed).chain(taken).chain(dropped);
        let found = found.collect();
        if from == Phase::Qa {
            self.commit(found)?;
            self.gates_asked = true;
            return self.start_attempt(Role::Qa);
        }
        let report = Report {
            actor: actor::EXTERNAL.to_owned(),
            outcome: Some(outcome),
            reason: Some("another program says so".to_owned()),
            ..Report::default()
        };
        if !self.report_with(found, report).await? {
            self.unjudged = Some(doc.clone());
        }
        Ok(())
    }

    /// A foreign edit lay in the way of a commit: ours goes first, then theirs is judged against what is true then.
    pub(super) fn raced(&mut self) -> Result<(), Failed> {
        let seen = self.tools.store.glance()?;
        let Some(Observed::Foreign(doc)) = seen else {
            return self.take_back().map(drop);
        };
        match judge(&self.ledger.factory, &doc) {
            Judgement::Harmless | Judgement::PutBack => self.adopt(&doc).map(drop),
            Judgement::Legal { .. } => {
                let Some(kept) = self.take_back()? else {
                    return Ok(());
                };
                self.ledger.say(
                    Level::Warn,
                    format!(
                        "state.json was moved while the engine moved it; the other copy is {kept}"
                    ),
                );
                let _ = self.wake.send(Wake::Observed(Ok(Observed::Foreign(doc))));
                Ok(())
            }
            Judgement::Illegal(sentence) => self.restore(sentence, None),
        }
    }

    /// Takes over what an edit may say; false: another edit was quicker, and is looked at instead.
    fn adopt(&mut self, doc: &StateDoc) -> Result<bool, Failed> {
        let done = self.tools.store.adopt(&self.ledger.factory, doc);
        self.unless_overtaken(done).map(|done| done.is_some())
    }

    /// Puts our own words back; the name of the copy of what lay there. None as with `adopt`.
    fn take_back(&mut self) -> Result<Option<String>, Failed> {
        let done = self.tools.store.restore(&self.ledger.factory);
        self.unless_overtaken(done)
    }

    fn unless_overtaken<T>(&self, done: Result<T, StoreError>) -> Result<Option<T>, Failed> {
        match done {
            Ok(done) => Ok(Some(done)),
            Err(StoreError::Conflict) => {
                let _ = self.wake.send(Wake::Changed(Change::State));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An illegal state that has settled is put back.
    pub(super) async fn settle_suspect(&mut self) -> Result<(), Failed> {
        let Some(suspect) = self.suspect.take_if(|s| s.settled <= Instant::now()) else {
            return Ok(());
        };
        let seen = self.tools.store.observe();
        if let Ok(Observed::Foreign(doc)) = &seen {
            if same_claim(doc, &suspect.doc) {
                return self.restore(suspect.sentence, None);
            }
            if let Judgement::Illegal(sentence) = judge(&self.ledger.factory, doc)
                && suspect.since.elapsed() >= UNSETTLED
            {
                return self.restore(sentence, None);
            }
        }
        let since = suspect.since;
        Box::pin(self.observed(seen)).await?;
        // What took its place settles with it.
        if let Some(next) = &mut self.suspect {
            next.since = since;
            next.settled = next.settled.min(since + UNSETTLED);
        }
        Ok(())
    }

    /// Puts the last good state back, keeps the refused copy, says so; the third time a person is asked. What is `unmet`
    /// does not count: it is said in BRIEF.md each time, and in the journal once until the phase changes.
    fn restore(&mut self, sentence: String, unmet: Option<String>) -> Result<(), Failed> {
        self.suspect = None;
        let Some(kept) = self.take_back()? else {
            return Ok(());
        };
        let counts = unmet.is_none();
        let unmet = unmet.map(|what| (self.ledger.factory.phase, what));
        if counts || self.unmet != unmet {
            let now = self.tools.clock.now();
            self.commit(refused(&self.ledger.factory, &sentence, &kept, counts, now))?;
            self.unmet = unmet;
        }
        Ok(self.ledger.brief(Some(&sentence))?)
    }

    /// People edited the wishlist.
    pub(super) fn wishlist(&mut self) -> Result<(), Failed> {
        let factory = &self.ledger.factory;
        match self.tools.store.wishlist() {
            Ok(read) => match wishlist::merge(factory, &read.before, &read.now, BY_HAND) {
                Ok(events) => {
                    self.bad_wishlist = None;
                    self.commit(events)?;
                    Ok(self.tools.store.put_wishlist(&self.ledger.factory.items)?)
                }
                Err(sentence) => {
                    self.tools.store.leave_wishlist();
                    self.keep_wishlist(&sentence)
                }
            },
            Err(error) => self.keep_wishlist(&error.to_string()),
        }
    }

    fn keep_wishlist(&mut self, sentence: &str) -> Result<(), Failed> {
        let text = format!("{sentence}; the last good list stays in force");
        self.ledger.say(Level::Error, text.clone());
        self.bad_wishlist = Some(text);
        self.dirty = true;
        Ok(())
    }
}

/// Two writings that say the same of tool and phase; a writer that only renews its time does not start the wait anew.
fn same_claim(one: &StateDoc, other: &StateDoc) -> bool {
    one.phase == other.phase && one.current_tool == other.current_tool
}
