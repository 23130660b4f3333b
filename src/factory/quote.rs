//! What a call to a model is thought to cost before it is made.

use super::driver::Driver;
use super::ports::settings::Settings;
use crate::domain::command::Verb;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::phase::Role;
use crate::domain::price::{Prices, Usual};
use crate::domain::screen::AgentState;
use crate::domain::state::held;
use chrono::NaiveDate;

/// Tokens a model may think on top of what it is asked to write, where thinking cannot be kept from it.
const THINKING: u64 = 4096;

/// What is known of a call.
pub struct Call<'a> {
    /// Model id.
    pub model: &'a str,
    /// The host costs nothing.
    pub free: bool,
    /// UTC.
    pub day: NaiveDate,
    /// The longest it can be.
    pub most: Usual,
    /// How long it usually is; nothing before the first.
    pub usual: Usual,
}

impl Call<'_> {
    /// "about $0.05, at most $0.11", or why there is no price.
    #[must_use]
    pub fn words(&self, prices: &Prices) -> String {
        if self.free {
            return "nothing, its host is local".to_owned();
        }
        let usd = |call| prices.call(self.model, self.day, call);
        let Some(most) = usd(self.most) else {
            return "not known: it has no price, so it is not called".to_owned();
        };
        match usd(self.usual).filter(|_| self.usual != Usual::default()) {
            Some(usual) => format!("about ${:.2}, at most ${:.2}", usual.min(most), most),
            None => format!("at most ${most:.2}"),
        }
    }
}

/// The longest call of the Supervisor: a prompt that fills what it may, and the longest answer.
fn longest(settings: &Settings, context: u32) -> Usual {
    let numbers = &settings.harness.numbers;
    let written = u64::from(numbers.verdict_tokens.max(numbers.code_tokens)) + THINKING;
    Usual {
        read: u64::from(numbers.prompt_tokens.min(context)),
        written,
    }
}

impl Driver {
    /// What a call of the Supervisor is thought to cost; empty where none would be made, since a person or another program
    /// reviews, or the Supervisor cannot.
    pub(super) fn review_price(&self) -> String {
        let role = Role::Supervisor;
        let now = self.tools.clock.now();
        let factory = &self.ledger.factory;
        let called = match self.readiness.state(role, factory, now).0 {
            AgentState::Ready | AgentState::Unasked => true,
            AgentState::Paused => !held(&factory.pauses, role),
            _ => false,
        };
        let Some(model) = self.readiness.model(role).filter(|_| called) else {
            return String::new();
        };
        let models = &self.tools.models;
        let call = Call {
            model: &model.model,
            free: models.free(&model.host, &model.model),
            day: now.date_naive(),
            most: longest(&self.settings, models.context(&model.host, &model.model)),
            usual: factory.reviews,
        };
        let price = call.words(&self.settings.prices);
        format!("a call of {model} costs {price}")
    }

    /// The answer to an escalation says what it will cost.
    pub(super) fn priced(&self, verb: &Verb, mut events: Vec<NewEvent>) -> Vec<NewEvent> {
        let price = self.review_price();
        if !matches!(verb, Verb::Escalate { .. }) || price.is_empty() {
            return events;
        }
        for event in &mut events {
            if let EventBody::Answered { sentence, .. } = &mut event.body {
                sentence.push_str("; ");
                sentence.push_str(&price);
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::price::Rate;

    #[test]
    fn a_call_is_priced_before_it_is_made() {
        let prices = Prices {
            rates: vec![Rate {
                id: "r".into(),
                models: vec!["dear".into()],
                effective_from: NaiveDate::MIN,
                above_tokens: 0,
                input: 4.0,
                write_5m: 5.0,
                write_1h: 8.0,
                read: 0.2,
                output: 20.0,
            }],
        };
        let most = Usual {
            read: 12_000,
            written: 5_000,
        };
        let mut call = Call {
            model: "dear",
            free: false,
            day: NaiveDate::MAX,
            most,
            usual: Usual::default(),
        };
        assert_eq!(call.words(&prices), "at most $0.16");
        call.usual.learn(4_000, 1_000);
        assert_eq!(call.words(&prices), "about $0.04, at most $0.16");
        call.usual.learn(8_000, 5_000);
        assert_eq!((call.usual.read, call.usual.written), (5_000, 2_000));
        call.model = "unheard";
        assert!(call.words(&prices).starts_with("not known"));
        call.free = true;
        assert_eq!(call.words(&prices), "nothing, its host is local");
    }
}
