//! How a model counts, measured where it counted far less than was estimated: on a piece of text that no server cuts.

use super::context::Context;
use super::turns::Asked;
use crate::domain::event::{EventBody, Turn};
use crate::domain::screen::Level;
use crate::factory::ports::model::{Message, Speaker, TurnRequest};
use crate::text::tokens;
use tokio::sync::mpsc::unbounded_channel;

/// Characters of the piece: about 1,000 tokens, less than half of the smallest window servers start with (llama.cpp and older
/// Ollama: 2048).
const PIECE: usize = 3_600;

impl Context {
    /// Learns how the model of a turn counts, once an attempt: a tokenizer that needs few tokens looks like a prompt that was cut.
    /// The turn this takes is the second of two: it is journaled behind the first.
    pub(super) async fn measure(&mut self, asked: &Asked) -> Option<EventBody> {
        let model = asked.request.model.clone();
        if !self.measured.insert(model.clone()) {
            return None;
        }
        let text = asked.request.messages.iter().rev();
        let text = text
            .map(|message| message.content.as_str())
            .collect::<Vec<_>>();
        let piece: String = text.join("\n").chars().take(PIECE).collect();
        let stem = format!("{}/{}/count", self.tool, self.phase);
        let n = self.facts.turns.get(&stem).copied().unwrap_or(0);
        let short = Asked {
            estimated: tokens::estimate(&piece),
            request: TurnRequest {
                label: format!("{stem}/{n}"),
                messages: vec![Message::text(Speaker::User, piece)],
                think: false,
                max_tokens: 1,
                format: None,
                tools: Vec::new(),
                ..asked.request.clone()
            },
        };
        // An attempt that was dropped hears of it where it records the turn before this one.
        self.begins(&short).await.ok()?;
        let (pieces, _unread) = unbounded_channel();
        let started = tokio::time::Instant::now();
        // Where it fails, the suspicion stands.
        let reply = self.tools.models.turn(&short.request, pieces).await;
        // Where it cannot be kept, the turn it belongs to cannot either, and that one says so.
        let _ = self.transcribe(&short.request, reply.as_ref().ok(), reply.as_ref().err());
        let millis = started.elapsed().as_millis() as u64;
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                let thrown = self.broken_off(&short, &error, 0);
                let failed = self.failed(&short, &error, thrown.as_ref(), millis);
                return Some(EventBody::Turn(failed));
            }
        };
        let turn = Turn {
            ok: true,
            ..self.told(&short, Some(&reply), millis)
        };
        *self.facts.turns.entry(stem).or_default() += 1;
        if let Some(counted) = reply.input_tokens {
            let factor = tokens::measured(u64::from(short.estimated), counted);
            let words = format!("{model} counts {factor} tokens where 1000 were estimated");
            self.log(Level::Info, words);
            self.factors.insert(model, factor);
        }
        Some(EventBody::Turn(turn))
    }
}
