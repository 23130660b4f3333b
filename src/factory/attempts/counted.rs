//! What a turn is counted as: its record in the journal, and what it says of its host.

use super::context::{Context, Origin};
use super::turns::Asked;
use crate::domain::event::{EventBody, Turn};
use crate::domain::price::Cached;
use crate::factory::ports::model::{Fault, ModelError, Reply};
use crate::text::tokens;

impl Context {
    /// What is wrong with how the host did a turn that came to its end, against what the journal knows of it.
    pub(super) fn odd(&self, turn: &Turn, reply: &Reply) -> Vec<String> {
        let place = turn.place();
        let mut odd: Vec<String> = reply.odd.iter().cloned().collect();
        let usual = self.shares.get(&place).copied();
        if let (Some(usual), Some(share)) = (usual.filter(|usual| turn.off_gpu(*usual)), turn.gpu) {
            odd.push(format!(
                "{share} % of {} lies on the GPU of {}, usually {usual} %: another program may use its memory",
                turn.model, turn.host
            ));
        }
        let usual = self.speeds.get(&place).copied();
        if let (Some(usual), Some(speed)) = (usual.filter(|usual| turn.slow(*usual)), turn.speed) {
            odd.push(format!(
                "{} writes {speed:.1} tokens a second, usually {:.1}: another program may use its GPU, or part of the model lies on its CPU",
                turn.host,
                f64::from(usual) / 10.0
            ));
        }
        odd
    }

    /// Records a whole reply; what was wrong with how it came.
    pub(super) fn count(
        &mut self,
        asked: &Asked,
        reply: &Reply,
        millis: u64,
        malformed: bool,
    ) -> Vec<String> {
        let turn = Turn {
            ok: true,
            malformed,
            exhausted: reply.cut,
            ..self.told(asked, Some(reply), millis)
        };
        let odd = self.odd(&turn, reply);
        self.recording = Some(self.note(vec![EventBody::Turn(turn)]));
        self.learn(asked, reply);
        if let Some((stem, _)) = asked.request.label.rsplit_once('/') {
            *self.facts.turns.entry(stem.to_owned()).or_default() += 1;
        }
        odd
    }

    pub(super) fn came_from(&mut self, reply: &Reply) {
        self.origin = Origin {
            scripted: reply.scripted,
            local: reply.local && !reply.scripted,
        };
    }

    /// Whether the journal has not counted a turn of this label yet.
    pub(super) fn is_next(&self, label: &str) -> bool {
        label.rsplit_once('/').is_some_and(|(stem, n)| {
            let counted = self.facts.turns.get(stem).copied().unwrap_or(0);
            n.parse() == Ok(counted)
        })
    }

    /// What the server counted teaches the next prompt of this attempt; the journal teaches the next attempts.
    pub(super) fn learn(&mut self, asked: &Asked, reply: &Reply) {
        if let Some(counted) = reply.input_tokens.filter(|_| !reply.scripted) {
            let factor = tokens::learn(self.factor(), u64::from(asked.estimated), counted);
            self.factors.insert(asked.request.model.clone(), factor);
        }
    }

    /// An error in words that hold no secret.
    pub(super) fn words(&self, error: &ModelError) -> String {
        self.tools.redactor.clean(&error.to_string())
    }

    /// The record of a turn that failed; what a reply that was thrown away has cost is not lost.
    pub(super) fn failed(
        &self,
        asked: &Asked,
        error: &ModelError,
        thrown: Option<&Reply>,
        millis: u64,
    ) -> Turn {
        let told = self.told(asked, thrown, millis);
        // Of a reply that broke off there is nothing left but its figures.
        let guessed = thrown.is_some_and(|reply| {
            reply.estimate() == 0 && reply.output_tokens != error.spent.output_tokens
        });
        Turn {
            error: Some(self.words(error)),
            exhausted: matches!(error.fault, Fault::Overflow | Fault::Truncated),
            uncounted: told.uncounted || guessed,
            ..told
        }
    }

    /// What a turn has cost that broke off: what its server had counted, and where it did not come to that, our estimate of the
    /// prompt and of the text that came. None where nothing came of it and nobody bills it.
    pub(super) fn broken_off(
        &self,
        asked: &Asked,
        error: &ModelError,
        chars: usize,
    ) -> Option<Reply> {
        let spent = *error.spent;
        let chars = chars + spent.called;
        let read = || self.read(asked);
        let request = &asked.request;
        let billed = || error.was_read() && !self.tools.models.free(&request.host, &request.model);
        if chars == 0 && spent.input_tokens.is_none() && !billed() {
            return None;
        }
        let written = u64::from(tokens::of_chars(chars));
        let reply = Reply {
            input_tokens: Some(spent.input_tokens.unwrap_or_else(read)),
            output_tokens: Some(spent.output_tokens.unwrap_or(0).max(written)),
            cached: spent.cached,
            ..Reply::default()
        };
        let priced = self.tools.models.priced(request, reply);
        Some(Reply {
            // What is our estimate is filled in, and marked, where it is told.
            input_tokens: spent.input_tokens,
            ..priced
        })
    }

    /// A turn with what its reply tells, where there is one.
    pub(super) fn told(&self, asked: &Asked, reply: Option<&Reply>, millis: u64) -> Turn {
        let request = &asked.request;
        let local = reply.is_none() && self.tools.models.free(&request.host, &request.model);
        let turn = Turn {
            label: request.label.clone(),
            role: self.role,
            host: request.host.clone(),
            model: request.model.clone(),
            ok: false,
            error: None,
            estimated: Some(u64::from(asked.estimated)),
            input_tokens: None,
            output_tokens: None,
            thought_tokens: None,
            cached: Cached::default(),
            rate: None,
            usd: local.then_some(0.0),
            millis,
            speed: None,
            gpu: None,
            local,
            scripted: false,
            malformed: false,
            exhausted: false,
            uncounted: false,
        };
        match reply {
            Some(reply) => with_reply(turn, reply, self.read(asked)),
            None => turn,
        }
    }

    /// Tokens a server reads of a prompt, as far as is known.
    pub(super) fn read(&self, asked: &Asked) -> u64 {
        u64::from(tokens::scaled(asked.estimated, self.factor()))
    }
}

/// A turn with what its reply tells; `read` is for servers that do not count.
pub(super) fn with_reply(turn: Turn, reply: &Reply, read: u64) -> Turn {
    let whole = reply.input_tokens.is_some() && reply.output_tokens.is_some();
    let uncounted = !reply.scripted && !whole;
    let written = || u64::from(reply.estimate());
    let thought = &reply.thought;
    let tenths = |speed: f64| (speed * 10.0).round() / 10.0;
    Turn {
        input_tokens: reply.input_tokens.or_else(|| uncounted.then_some(read)),
        output_tokens: reply.output_tokens.or_else(|| uncounted.then(written)),
        thought_tokens: (!thought.is_empty()).then(|| u64::from(tokens::estimate(thought))),
        cached: reply.cached,
        rate: reply.rate.clone(),
        usd: reply.usd,
        speed: reply.tokens_per_second.map(tenths),
        gpu: reply.gpu,
        local: reply.local,
        scripted: reply.scripted,
        uncounted,
        ..turn
    }
}
