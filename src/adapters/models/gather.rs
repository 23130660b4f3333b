//! Puts a reply together from its pieces and hands each on as it comes.

use super::think::{Part, Splitter};
use crate::factory::ports::model::{Delta, Reply};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// A reply under way.
pub struct Gather<'a> {
    pieces: &'a UnboundedSender<Delta>,
    splitter: Splitter,
    /// What has come so far, and the numbers as the server gives them.
    pub reply: Reply,
    first: Option<Instant>,
}

impl<'a> Gather<'a> {
    /// An empty reply whose pieces go there.
    pub fn new(pieces: &'a UnboundedSender<Delta>) -> Self {
        Self {
            pieces,
            splitter: Splitter::default(),
            reply: Reply::default(),
            first: None,
        }
    }

    /// Content, think tags included.
    pub fn content(&mut self, piece: &str) {
        let parts = self.splitter.push(piece);
        self.take(parts);
    }

    /// Thinking that came in a field of its own.
    pub fn thought(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.take(vec![Part::Thought(piece.to_owned())]);
        }
    }

    /// The whole reply. Where the server gave no speed, ours is measured from the first piece on.
    pub fn finish(mut self) -> Reply {
        let parts = self.splitter.finish();
        self.take(parts);
        if self.reply.tokens_per_second.is_none() {
            let seconds = self
                .first
                .map_or(0.0, |first| first.elapsed().as_secs_f64());
            // Below this the figure would say more about the network than about the model.
            if seconds > 0.05 {
                self.reply.tokens_per_second = self
                    .reply
                    .output_tokens
                    .map(|tokens| tokens as f64 / seconds);
            }
        }
        self.reply
    }

    fn take(&mut self, parts: Vec<Part>) {
        for part in parts {
            self.first.get_or_insert_with(Instant::now);
            let delta = match part {
                Part::Text(piece) => {
                    self.reply.text.push_str(&piece);
                    Delta::Text(piece)
                }
                Part::Thought(piece) => {
                    self.reply.thought.push_str(&piece);
                    Delta::Thought(piece)
                }
            };
            // Nobody may be watching; the reply counts all the same.
            let _ = self.pieces.send(delta);
        }
    }
}
