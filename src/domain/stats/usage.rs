//! What turns used: tokens, time and money, summed over a tool, a role or all.

use crate::domain::event::Turn;
use serde::{Deserialize, Serialize};

/// A sum over turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Turns, failed ones included.
    pub turns: u64,
    /// Tokens read, cached ones included.
    pub input: u64,
    /// Of these, from the server's cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// Money, USD.
    pub usd: f64,
    /// Turns whose price is not known; they are not in `usd`.
    pub unpriced: u64,
    /// Milliseconds of turns on the operator's own machines.
    pub local_millis: u64,
}

impl Usage {
    /// Adds a turn.
    pub(in crate::domain) fn add(&mut self, turn: &Turn) {
        let sum = |to: &mut u64, more: u64| *to = to.saturating_add(more);
        sum(&mut self.turns, 1);
        sum(&mut self.input, turn.input_tokens.unwrap_or(0));
        sum(&mut self.cached, turn.cached.read);
        sum(&mut self.output, turn.output_tokens.unwrap_or(0));
        match turn.usd.filter(|usd| usd.is_finite()) {
            Some(usd) => self.usd += usd,
            None => sum(&mut self.unpriced, 1),
        }
        if turn.local {
            sum(&mut self.local_millis, turn.millis);
        }
    }

    /// Adds another sum.
    pub(in crate::domain) fn join(&mut self, other: &Self) {
        let sum = |to: &mut u64, more: u64| *to = to.saturating_add(more);
        sum(&mut self.turns, other.turns);
        sum(&mut self.input, other.input);
        sum(&mut self.cached, other.cached);
        sum(&mut self.output, other.output);
        sum(&mut self.unpriced, other.unpriced);
        sum(&mut self.local_millis, other.local_millis);
        self.usd += other.usd;
    }

    /// Tokens read and written.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// "$0.42", with what has no price.
    #[must_use]
    pub fn money(&self) -> String {
        match self.unpriced {
            0 => format!("${:.2}", self.usd),
            n if self.usd > 0.0 => format!("${:.2} and {n} unpriced", self.usd),
            _ => "unpriced".to_owned(),
        }
    }
}
