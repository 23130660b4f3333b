//! The turn under way, as it is counted when it is cancelled: a provider bills what it was asked, whoever stops listening.

use super::context::Context;
use super::turns::Asked;
use crate::domain::event::Turn;
use crate::factory::ports::model::Reply;
use crate::text::tokens;
use std::sync::{Arc, Mutex, PoisonError};

/// Filled by the agent while it waits for a paid reply, emptied by whoever counts the turn: the agent, or the loop that
/// cancels it.
#[derive(Clone, Debug, Default)]
pub struct Underway(Arc<Mutex<Option<Turn>>>);

impl Underway {
    /// Puts something in its place, and gives back what was there.
    pub fn replace(&self, turn: Option<Turn>) -> Option<Turn> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *held, turn)
    }
}

impl Context {
    /// A request is about to be sent.
    pub(super) fn begins(&self, asked: &Asked) {
        let request = &asked.request;
        let paid = !self.tools.models.free(&request.host, &request.model);
        self.underway.replace(paid.then(|| {
            let read = tokens::scaled(asked.estimated, self.factor());
            let reply = Reply {
                input_tokens: Some(u64::from(read)),
                output_tokens: Some(0),
                ..Reply::default()
            };
            let reply = self.tools.models.priced(request, reply);
            let mut turn = self.told(asked, Some(&reply), 0);
            let words = "cancelled: its prompt is estimated, what was written by then is not known";
            turn.error = Some(words.to_owned());
            turn
        }));
    }

    /// Its reply is there, and it is not counted yet.
    pub(super) fn came(&self, asked: &Asked, reply: &Reply) {
        if !reply.local {
            let mut turn = self.told(asked, Some(reply), 0);
            turn.error = Some("cancelled behind its reply".to_owned());
            self.underway.replace(Some(turn));
        }
    }

    /// It is counted by what came.
    pub(super) fn over(&self) {
        self.underway.replace(None);
    }
}
