//! What models cost: dated rates with prices for cached tokens and for long prompts, and the sum of one turn.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Tokens a rate is given for.
const MILLION: f64 = 1e6;

/// Of the tokens a turn read, those with a price of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cached {
    /// Read from the server's cache.
    #[serde(default)]
    pub read: u64,
    /// Written to it for five minutes.
    #[serde(default)]
    pub write_5m: u64,
    /// Written to it for an hour.
    #[serde(default)]
    pub write_1h: u64,
}

impl Cached {
    /// Nothing was cached.
    #[must_use]
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}

/// The price of some models from a day on, USD per million tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// Kept with each turn that was priced by it.
    pub id: String,
    /// Model ids it holds for; a date of eight digits behind one does not matter.
    pub models: Vec<String>,
    /// First day, UTC.
    pub effective_from: NaiveDate,
    /// Only for prompts of more tokens than this, cached ones included.
    pub above_tokens: u64,
    /// Tokens read without cache.
    pub input: f64,
    /// Tokens written to the cache for five minutes.
    pub write_5m: f64,
    /// Tokens written to the cache for an hour.
    pub write_1h: f64,
    /// Tokens read from the cache.
    pub read: f64,
    /// Tokens written.
    pub output: f64,
}

impl Rate {
    /// USD for a turn that read `input` tokens, cached ones included, and wrote `output`.
    #[must_use]
    pub fn cost(&self, input: u64, output: u64, cached: Cached) -> f64 {
        let of_cache = cached.read + cached.write_5m + cached.write_1h;
        let parts = [
            (input.saturating_sub(of_cache), self.input),
            (cached.write_5m, self.write_5m),
            (cached.write_1h, self.write_1h),
            (cached.read, self.read),
            (output, self.output),
        ];
        parts
            .iter()
            .map(|(tokens, price)| *tokens as f64 * price / MILLION)
            .sum()
    }

    fn names(&self, model: &str) -> bool {
        self.models.iter().any(|name| {
            let dated = |rest: &str| {
                let digits = rest.strip_prefix('-').unwrap_or_default();
                rest.is_empty() || (digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))
            };
            model.strip_prefix(name.as_str()).is_some_and(dated)
        })
    }
}

/// How long the calls of a role usually are; a fold over its turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// Tokens read.
    pub read: u64,
    /// Tokens written, thinking included.
    pub written: u64,
}

impl Usual {
    /// A quarter of the way towards one more call; the first is taken as it is.
    pub fn learn(&mut self, read: u64, written: u64) {
        let first = *self == Self::default();
        let towards = |old: u64, new: u64| match first {
            true => new,
            false => (old.saturating_mul(3).saturating_add(new)) / 4,
        };
        self.read = towards(self.read, read);
        self.written = towards(self.written, written);
    }
}

/// All rates that are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    /// In no order.
    pub rates: Vec<Rate>,
}

impl Prices {
    /// The rate for a prompt of so many tokens on a day: the newest, and of its day the highest step the prompt reaches.
    #[must_use]
    pub fn rate(&self, model: &str, day: NaiveDate, prompt: u64) -> Option<&Rate> {
        let fits = |rate: &&Rate| {
            rate.names(model)
                && rate.effective_from <= day
                && (rate.above_tokens == 0 || prompt > rate.above_tokens)
        };
        let rates = self.rates.iter().filter(fits);
        rates.max_by_key(|rate| (rate.effective_from, rate.above_tokens))
    }

    /// USD a call costs that reads and writes so many tokens, were none of them in the server's cache yet.
    #[must_use]
    pub fn call(&self, model: &str, day: NaiveDate, call: Usual) -> Option<f64> {
        let rate = self.rate(model, day, call.read)?;
        let fresh = rate.cost(call.read, call.written, Cached::default());
        let kept = Cached {
            write_5m: call.read,
            ..Cached::default()
        };
        Some(fresh.max(rate.cost(call.read, call.written, kept)))
    }

    /// Whether the model has a price on a day.
    #[must_use]
    pub fn knows(&self, model: &str, day: NaiveDate) -> bool {
        self.rate(model, day, 0).is_some()
    }
}
