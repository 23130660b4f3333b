//! The paid request under way: in the journal before it goes out, as what it is counted as when nothing more is heard of it.
//! A provider bills what it was asked, whoever stops listening.

use super::again;
use super::context::{Context, Recording, Stop};
use super::counted::with_reply;
use super::turns::Asked;
use crate::domain::event::{EventBody, Sent, Turn};
use crate::domain::label::Label;
use crate::factory::ports::model::Reply;
use crate::factory::ports::store::Store;

impl Context {
    /// A request is about to be sent. A paid one is in the journal then, and was allowed to go out when it came there: what was
    /// accepted since its attempt had looked holds it. One that is dropped while it waits for its host's place in line is counted
    /// all the same: whether it went out from there only the line knows, and too much is the safe side.
    pub(super) async fn begins(&mut self, asked: &Asked) -> Result<(), Stop> {
        let request = &asked.request;
        if self.tools.models.free(&request.host, &request.model) {
            return Ok(());
        }
        let reply = Reply {
            input_tokens: Some(self.read(asked)),
            output_tokens: Some(0),
            ..Reply::default()
        };
        let reply = Reply {
            // Our estimate is filled in, and marked, where it is told.
            input_tokens: None,
            ..self.tools.models.priced(request, reply)
        };
        let words = "its prompt is estimated, what was written by then is not known";
        while !self.sent(asked, &reply, words).taken().await? {
            self.clear_to_go().await?;
            self.doing(Label::of(&request.label).words());
        }
        Ok(())
    }

    /// Its reply is there, and it is not counted yet.
    pub(super) fn came(&self, asked: &Asked, reply: &Reply) {
        if !reply.local {
            drop(self.sent(asked, reply, "behind its reply"));
        }
    }

    fn sent(&self, asked: &Asked, reply: &Reply, words: &str) -> Recording {
        let turn = Turn {
            error: Some(words.to_owned()),
            ..self.told(asked, Some(reply), 0)
        };
        let attempt = self.attempt;
        self.note(vec![EventBody::Sent(Sent { attempt, turn })])
    }
}

/// What a request is counted as that no attempt has counted: as its answer says, where one was kept.
pub fn counted(store: &dyn Store, sent: Sent, why: &str) -> Turn {
    match again::kept_answer(store, &sent) {
        Some(reply) => {
            let read = sent.turn.input_tokens.unwrap_or(0);
            Turn {
                ok: true,
                error: None,
                exhausted: reply.cut,
                ..with_reply(sent.turn, &reply, read)
            }
        }
        None => Turn {
            error: sent.turn.error.map(|words| format!("{why}: {words}")),
            ..sent.turn
        },
    }
}
