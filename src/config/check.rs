//! Whether a value is what its key takes, and the sentence when it is not.

use super::address::address;
use super::entry::Value;
use super::schema::{Takes, nearest};
use crate::domain::notice::Quiet;
use crate::domain::package;
use crate::text::stay;
use croner::parser::{CronParser, Seconds};

/// Checks a value against what its key takes; text of variables and flags is typed here.
pub fn check(key: &str, takes: Takes, value: Value, typed: bool) -> Result<Value, String> {
    let value = if typed { value } else { retype(takes, value) };
    match (takes, value) {
        (Takes::Text, Value::Text(text)) => Ok(Value::Text(text)),
        (Takes::Address, Value::Text(text)) => address(key, text).map(Value::Text),
        (Takes::Model, Value::Text(text)) => model(key, text).map(Value::Text),
        (Takes::Models, Value::Text(text)) => models(key, text.split(',')),
        (Takes::Models, Value::List(texts)) => models(key, texts.iter().map(String::as_str)),
        (Takes::Day, Value::Text(text)) => match text.parse::<chrono::NaiveDate>() {
            Ok(_) => Ok(Value::Text(text)),
            Err(_) => Err(format!(
                "{key} is \"{text}\", and takes a day such as \"2026-10-07\""
            )),
        },
        (Takes::Cron, Value::Text(text)) => cron(key, text).map(Value::Text),
        (Takes::Word(words), Value::Text(text)) => {
            one_of(key, words, &text).map(|()| Value::Text(text))
        }
        (Takes::Whole(low, high), Value::Whole(number)) => {
            if (low..=high).contains(&number) {
                return Ok(Value::Whole(number));
            }
            Err(format!("{key} is {number}, and takes {low} to {high}"))
        }
        (Takes::Number(low, high), Value::Whole(number)) => {
            in_range(key, number as f64, low, high).map(Value::Number)
        }
        (Takes::Number(low, high), Value::Number(number)) => {
            in_range(key, number, low, high).map(Value::Number)
        }
        (Takes::Hours, Value::Text(text)) => hours(key, text).map(Value::Text),
        (Takes::Stay, Value::Whole(seconds)) => Ok(Value::Text(seconds.to_string())),
        (Takes::Stay, Value::Text(text)) => stays(key, text).map(Value::Text),
        (Takes::Words(known), Value::Text(text)) => several(key, known, text.split(',')),
        (Takes::Words(known), Value::List(texts)) => {
            several(key, known, texts.iter().map(String::as_str))
        }
        (Takes::Keys, value @ (Value::Text(_) | Value::List(_))) => Ok(value),
        (Takes::Flag, Value::Flag(flag)) => Ok(Value::Flag(flag)),
        (Takes::Packages, Value::List(all)) => {
            match all.iter().find(|one| package::parse(one).is_none()) {
                None => Ok(Value::List(all)),
                Some(one) => Err(format!(
                    "{key} holds {}, and takes names with one exact version, such as \"dayjs@1.11.13\"",
                    Value::Text(one.clone()).shown()
                )),
            }
        }
        (takes, value) => Err(format!(
            "{key} is {}, and takes {}",
            value.shown(),
            words(takes)
        )),
    }
}

/// Text of a variable or flag as the type its key takes, where it reads as one.
fn retype(takes: Takes, value: Value) -> Value {
    let Value::Text(text) = value else {
        return value;
    };
    let trimmed = text.trim();
    let typed = match takes {
        Takes::Whole(..) => trimmed.parse().ok().map(Value::Whole),
        Takes::Number(..) => trimmed.parse().ok().map(Value::Number),
        Takes::Flag => trimmed.parse().ok().map(Value::Flag),
        Takes::Packages => {
            let names = trimmed.split([',', ' ']).filter(|name| !name.is_empty());
            Some(Value::List(names.map(str::to_owned).collect()))
        }
        _ => None,
    };
    typed.unwrap_or(Value::Text(text))
}

/// What a key takes, in words.
fn words(takes: Takes) -> String {
    match takes {
        Takes::Text => "a text in quotes".to_owned(),
        Takes::Address => "an address such as \"http://127.0.0.1:11434\"".to_owned(),
        Takes::Model => "\"host/model\" in quotes".to_owned(),
        Takes::Models => "\"host/model\" in quotes, or a list of them".to_owned(),
        Takes::Day => "a day such as \"2026-10-07\"".to_owned(),
        Takes::Cron => "a cron expression in quotes".to_owned(),
        Takes::Word(words) => format!("one of {} in quotes", words.join(", ")),
        Takes::Whole(low, high) => format!("a whole number from {low} to {high}"),
        Takes::Number(low, high) => format!("a number from {low} to {high}"),
        Takes::Hours => "hours of the day such as \"22:00-07:00\"".to_owned(),
        Takes::Stay => "a time such as \"30m\", or seconds".to_owned(),
        Takes::Words(words) => format!("a list of {} in quotes", words.join(", ")),
        Takes::Flag => "true or false".to_owned(),
        Takes::Keys => "a key such as \"F2\", or a list of them".to_owned(),
        Takes::Packages => "a list such as [\"dayjs@1.11.13\"]".to_owned(),
    }
}

/// Hours of the day.
fn hours(key: &str, text: String) -> Result<String, String> {
    match Quiet::of(&text) {
        Some(_) => Ok(text),
        None => Err(format!(
            "{key} is \"{text}\", and takes hours of the day such as \"22:00-07:00\""
        )),
    }
}

/// How long something stays.
fn stays(key: &str, text: String) -> Result<String, String> {
    match stay::valid(&text) {
        true => Ok(text),
        false => Err(format!(
            "{key} is \"{text}\", and takes a time such as \"30m\", \"1.5h\" or seconds; -1 is for ever"
        )),
    }
}

/// A number within its range.
fn in_range(key: &str, number: f64, low: f64, high: f64) -> Result<f64, String> {
    if (low..=high).contains(&number) {
        Ok(number)
    } else {
        Err(format!("{key} is {number}, and takes {low} to {high}"))
    }
}

/// `host/model`, both there.
fn model(key: &str, text: String) -> Result<String, String> {
    match text.split_once('/') {
        Some((host, model)) if !host.is_empty() && !model.is_empty() => Ok(text),
        _ => Err(format!(
            "{key} is \"{text}\", and takes \"host/model\", such as \"ollama/qwen3:14b\""
        )),
    }
}

/// Several `host/model`; blanks between commas do not count.
fn models<'a>(key: &str, texts: impl Iterator<Item = &'a str>) -> Result<Value, String> {
    let named = texts.map(str::trim).filter(|text| !text.is_empty());
    let models: Result<Vec<String>, String> =
        named.map(|text| model(key, text.to_owned())).collect();
    models.map(Value::List)
}

/// Several of the words there are; blanks between commas do not count.
fn several<'a>(
    key: &str,
    known: &[&str],
    texts: impl Iterator<Item = &'a str>,
) -> Result<Value, String> {
    let named = texts.map(str::trim).filter(|text| !text.is_empty());
    let word = |text: &str| one_of(key, known, text).map(|()| text.to_owned());
    let words: Result<Vec<String>, String> = named.map(word).collect();
    words.map(Value::List)
}

/// One of the words there are.
fn one_of(key: &str, known: &[&str], text: &str) -> Result<(), String> {
    if known.contains(&text) {
        return Ok(());
    }
    let hint = nearest(text, known).map_or(String::new(), |w| format!("; did you mean \"{w}\"?"));
    Err(format!(
        "{key} is \"{text}\", and takes one of {}{hint}",
        known.join(", ")
    ))
}

/// A cron expression that parses; its fields are minutes and longer, as those of crontab.
fn cron(key: &str, text: String) -> Result<String, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
    match parser.parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!(
            "{key} is \"{text}\", which is no cron expression: {error}"
        )),
    }
}
