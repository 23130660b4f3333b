//! Puts a reply together from its pieces and hands them on, those that came together in one.

use super::calls::Calls;
use super::think::{Part, Splitter};
use crate::factory::ports::model::{Delta, Reply, Spent};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// A reply under way.
pub struct Gather<'a> {
    pieces: &'a UnboundedSender<Delta>,
    splitter: Splitter,
    /// What has come so far, and the numbers as the server gives them.
    pub reply: Reply,
    /// Tools it wants to call.
    pub calls: Calls,
    /// Anthropic's blocks by their number.
    pub blocks: BTreeMap<u64, Block>,
    first: Option<Instant>,
    /// Bytes of answer and thinking that were handed on.
    handed: (usize, usize),
}

/// A block of an Anthropic reply.
pub struct Block {
    /// As it began, with what was added to it.
    pub value: Value,
    /// The text of a call's arguments so far.
    pub json: String,
}

impl<'a> Gather<'a> {
    /// An empty reply whose pieces go there.
    pub fn new(pieces: &'a UnboundedSender<Delta>) -> Self {
        Self {
            pieces,
            splitter: Splitter::default(),
            reply: Reply::default(),
            calls: Calls::default(),
            blocks: BTreeMap::new(),
            first: None,
            handed: (0, 0),
        }
    }

    /// Content, think tags included.
    pub fn content(&mut self, piece: &str) {
        match self.splitter.answers() {
            true => self.text(piece),
            false => {
                let parts = self.splitter.push(piece);
                self.take(parts);
            }
        }
    }

    /// Thinking that came in a field of its own.
    pub fn thought(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.first.get_or_insert_with(Instant::now);
            self.reply.thought.push_str(piece);
        }
    }

    /// Answer text.
    fn text(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.first.get_or_insert_with(Instant::now);
            self.reply.text.push_str(piece);
        }
    }

    /// Hands on what has come since it last did. Nobody may be watching; the reply counts all the same.
    pub fn hand_on(&mut self) {
        let (text, thought) = (&self.reply.text, &self.reply.thought);
        let fresh = |all: &String, handed: usize| {
            let fresh = all.get(handed..).filter(|fresh| !fresh.is_empty());
            fresh.map(str::to_owned)
        };
        let thoughts = fresh(thought, self.handed.1).map(Delta::Thought);
        let texts = fresh(text, self.handed.0).map(Delta::Text);
        for delta in thoughts.into_iter().chain(texts) {
            let _ = self.pieces.send(delta);
        }
        self.handed = (text.len(), thought.len());
    }

    /// Something the host does before it writes.
    pub fn note(&self, words: String) {
        let _ = self.pieces.send(Delta::Note(words));
    }

    /// What the server has counted so far.
    pub fn spent(&self) -> Spent {
        Spent {
            input_tokens: self.reply.input_tokens,
            output_tokens: self.reply.output_tokens,
            cached: self.reply.cached,
            called: self.calls.chars(),
        }
    }

    /// The whole reply, or the name of a tool whose call cannot be read. Where the server gave no speed, ours is measured
    /// from the first piece on.
    pub fn finish(mut self) -> Result<Reply, String> {
        let parts = self.splitter.finish();
        self.take(parts);
        self.hand_on();
        // A reply cut within a call has half a call: none of them counts.
        if !self.reply.cut {
            self.reply.calls = std::mem::take(&mut self.calls).finish()?;
        }
        self.reply.blocks = std::mem::take(&mut self.blocks)
            .into_values()
            .map(|block| block.value)
            .collect();
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
        Ok(self.reply)
    }

    fn take(&mut self, parts: Vec<Part>) {
        for part in parts {
            match part {
                Part::Text(piece) => self.text(&piece),
                Part::Thought(piece) => self.thought(&piece),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_together_is_one_piece_of_each_kind_and_is_handed_on_once() {
        let (pieces, mut handed) = tokio::sync::mpsc::unbounded_channel();
        let mut gather = Gather::new(&pieces);
        for piece in ["<think>why", " so</think>Grü", "ße"] {
            gather.content(piece);
        }
        gather.hand_on();
        gather.hand_on();
        gather.content("!");
        let reply = gather.finish().unwrap();
        assert_eq!(reply.text, "Grüße!");
        let mut all = Vec::new();
        while let Ok(delta) = handed.try_recv() {
            all.push(delta);
        }
        let text = |text: &str| Delta::Text(text.to_owned());
        let thought = Delta::Thought("why so".to_owned());
        assert_eq!(all, [thought, text("Grüße"), text("!")]);
    }
}
