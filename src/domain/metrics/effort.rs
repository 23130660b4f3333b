//! What turns and test runs took: replies, tokens, money and time.

use crate::domain::event::Turn;
use crate::domain::phase::Role;
use serde::Serialize;

/// A sum over turns and test runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effort {
    /// Turns, failed ones included.
    pub turns: u64,
    /// Turns that failed: no whole reply came.
    pub failed: u64,
    /// Whole replies without a usable form.
    pub malformed: u64,
    /// Turns that ran out of context window or of tokens to write.
    pub exhausted: u64,
    /// Tokens read, cached ones included.
    pub input: u64,
    /// Tokens written, thinking included.
    pub output: u64,
    /// Of the tokens written, those of thinking, estimated from its text.
    pub thought: u64,
    /// Money, USD.
    pub usd: f64,
    /// Of it, for the Supervisor's turns.
    pub supervisor_usd: f64,
    /// Turns whose price is not known; they are not in `usd`.
    pub unpriced: u64,
    /// Whole turns, milliseconds.
    pub turn_millis: u64,
    /// Of these, writing, where the host said how fast it wrote.
    pub decode_millis: u64,
    /// Of these, waiting and reading before the first token, where the host said how fast it wrote.
    pub prefill_millis: u64,
    /// Tests after edits, milliseconds.
    pub test_millis: u64,
    /// Gates, milliseconds.
    pub gate_millis: u64,
    /// Of these, mutation testing.
    pub mutation_millis: u64,
}

fn more(sum: &mut u64, by: u64) {
    *sum = sum.saturating_add(by);
}

impl Effort {
    pub(super) fn add(&mut self, turn: &Turn) {
        more(&mut self.turns, 1);
        more(&mut self.failed, u64::from(!turn.ok));
        more(&mut self.malformed, u64::from(turn.malformed));
        more(&mut self.exhausted, u64::from(turn.exhausted));
        more(&mut self.input, turn.input_tokens.unwrap_or(0));
        more(&mut self.output, turn.output_tokens.unwrap_or(0));
        more(&mut self.thought, turn.thought_tokens.unwrap_or(0));
        match turn.usd.filter(|usd| usd.is_finite()) {
            Some(usd) => {
                self.usd += usd;
                if turn.role == Role::Supervisor {
                    self.supervisor_usd += usd;
                }
            }
            None => more(&mut self.unpriced, 1),
        }
        more(&mut self.turn_millis, turn.millis);
        let speed = turn.speed.filter(|speed| *speed > 0.0);
        if let (Some(written), Some(speed)) = (turn.output_tokens, speed) {
            let writing = (written as f64 / speed * 1000.0).round() as u64;
            let writing = writing.min(turn.millis);
            more(&mut self.decode_millis, writing);
            more(&mut self.prefill_millis, turn.millis - writing);
        }
    }

    /// All of some.
    pub fn sum<'a>(efforts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        for one in efforts {
            let counts = [
                (&mut sum.turns, one.turns),
                (&mut sum.failed, one.failed),
                (&mut sum.malformed, one.malformed),
                (&mut sum.exhausted, one.exhausted),
                (&mut sum.input, one.input),
                (&mut sum.output, one.output),
                (&mut sum.thought, one.thought),
                (&mut sum.unpriced, one.unpriced),
                (&mut sum.turn_millis, one.turn_millis),
                (&mut sum.decode_millis, one.decode_millis),
                (&mut sum.prefill_millis, one.prefill_millis),
                (&mut sum.test_millis, one.test_millis),
                (&mut sum.gate_millis, one.gate_millis),
                (&mut sum.mutation_millis, one.mutation_millis),
            ];
            for (to, by) in counts {
                more(to, by);
            }
            sum.usd += one.usd;
            sum.supervisor_usd += one.supervisor_usd;
        }
        sum
    }
}
