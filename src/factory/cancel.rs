//! What ends an attempt from outside: it is dropped, and what it has cost by then is counted, each turn once. Only one that
//! is dropped in the moment its reply is being kept may be counted as an estimate, and again by its reply when that is used.

use super::attempts::context::FromAgent;
use super::attempts::underway;
use super::driver::Driver;
use super::failed::Failed;
use super::wake::Wake;
use crate::domain::actor;
use crate::domain::event::{EventBody, NewEvent, Sent};
use crate::domain::label::Label;

/// What cannot be journaled now is still open.
pub(super) const COUNTED_LATER: &str =
    "what a turn has cost is counted before another attempt begins";

impl Driver {
    /// Drops the turn or gate under way.
    pub(super) fn cancel(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        running.cancel.cancel();
        let counted = self
            .count_told(running.id)
            .and_then(|()| self.count_sent("cancelled"));
        if let Err(error) = counted {
            tracing::warn!("{COUNTED_LATER}: {error}");
        }
    }

    /// Counts turns that an attempt has told of and the loop had not come to; nothing else of it counts any more. Where they
    /// cannot be journaled, what is left of a paid one is its estimate, and nothing of a free one.
    fn count_told(&mut self, attempt: u64) -> Result<(), Failed> {
        let mut told = Vec::new();
        let mut wakes = std::mem::take(&mut self.later);
        wakes.extend(std::iter::from_fn(|| self.inbox.try_recv().ok()));
        for wake in wakes {
            match wake {
                Wake::Agent(FromAgent::Record {
                    attempt: of,
                    events,
                    ..
                }) if of == attempt => told.extend(events),
                other => self.later.push_back(other),
            }
        }
        told.retain(|event: &NewEvent| match &event.body {
            EventBody::Turn(_) => true,
            // One that only waits to be in the journal has not gone out.
            EventBody::Sent(sent) => self.is_open(sent),
            _ => false,
        });
        self.commit(told).map(drop)
    }

    /// A request of this label has gone out, and is not counted yet.
    pub(super) fn is_open(&self, sent: &Sent) -> bool {
        let mut open = self.ledger.factory.sent.iter();
        open.any(|one| one.turn.label == sent.turn.label)
    }

    /// Counts paid requests of which nothing more will be heard.
    pub(super) fn count_sent(&mut self, why: &str) -> Result<(), Failed> {
        let store = self.tools.store.clone();
        let sent = self.ledger.factory.sent.clone().into_iter();
        let turns = sent.map(|sent| NewEvent {
            tool: Some(Label::of(&sent.turn.label).tool.to_owned()),
            actor: actor::ENGINE.to_owned(),
            body: EventBody::Turn(underway::counted(store.as_ref(), sent, why)),
        });
        self.commit(turns.collect()).map(drop)
    }
}
