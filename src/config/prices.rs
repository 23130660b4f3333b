//! Prices: the compiled-in rates, with those of the user's own file over them. Never from a home, where agents can write.

use super::build::Builder;
use super::entry::Value;
use super::{Problem, Source};
use crate::domain::price::{Prices, Rate};
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// The rates compiled in, in the form of a settings file.
pub const BUILT_IN: &str = include_str!("../../dev-factory/prices.toml");
/// How the compiled-in file is named where it is shown.
pub const FILE: &str = "prices.toml";

impl Builder<'_> {
    /// All rates; one that is not whole is a problem.
    pub(super) fn prices(&mut self) -> Prices {
        let names: BTreeSet<String> = self
            .merged
            .keys()
            .filter(|path| path.first().is_some_and(|top| top == "prices"))
            .filter_map(|path| path.get(1).cloned())
            .collect();
        let rates = names.into_iter().filter_map(|name| match self.rate(&name) {
            Ok(rate) => Some(rate),
            Err((leaf, source)) => {
                let sentence = format!("prices.{name} has no {leaf}: add {leaf} = ...");
                self.problems.push(Problem { source, sentence });
                None
            }
        });
        Prices {
            rates: rates.collect(),
        }
    }

    /// One rate, or what it lacks. The cache is priced as usual where nothing is said: writing 1.25 and 2 times, reading 0.1
    /// times the input.
    fn rate(&mut self, name: &str) -> Result<Rate, (&'static str, Source)> {
        let whole = |found: Option<Value>| match found {
            Some(Value::Whole(number)) => u64::try_from(number).unwrap_or(0),
            _ => 0,
        };
        let lacks = |leaf: &'static str, source: &Source| (leaf, source.clone());
        let source = self.first_source(name);
        let models = self
            .price(name, "models")
            .ok_or_else(|| lacks("models", &source))?;
        let input = self
            .amount(name, "input")
            .ok_or_else(|| lacks("input", &source))?;
        let output = self
            .amount(name, "output")
            .ok_or_else(|| lacks("output", &source))?;
        let from = match self.price(name, "effective_from") {
            Some(Value::Text(text)) => text.parse().unwrap_or(NaiveDate::MIN),
            _ => NaiveDate::MIN,
        };
        let models = match models {
            Value::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Ok(Rate {
            id: name.to_owned(),
            models,
            effective_from: from,
            above_tokens: whole(self.price(name, "above_tokens")),
            input,
            write_5m: self.amount(name, "write_5m").unwrap_or(input * 1.25),
            write_1h: self.amount(name, "write_1h").unwrap_or(input * 2.0),
            read: self.amount(name, "read").unwrap_or(input * 0.1),
            output,
        })
    }

    fn amount(&mut self, name: &str, leaf: &str) -> Option<f64> {
        match self.price(name, leaf)? {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// A value of a rate; only what a person set is shown among the settings.
    fn price(&mut self, name: &str, leaf: &str) -> Option<Value> {
        let key = format!("prices.{name}.{leaf}");
        let entry = self.entry(&key)?;
        let own = !matches!(&entry.source, Source::File { file, .. } if file == FILE);
        if own {
            self.set(&key)
        } else {
            Some(entry.value.clone())
        }
    }

    fn first_source(&self, name: &str) -> Source {
        let of = |path: &Vec<String>| {
            path.first().is_some_and(|top| top == "prices")
                && path.get(1).is_some_and(|n| n == name)
        };
        let found = self.merged.iter().find(|(path, _)| of(path));
        found.map_or(Source::BuiltIn, |(_, entry)| entry.source.clone())
    }
}
