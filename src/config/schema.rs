//! The one table of settings: every key, what it takes, and what it is for.
//! Reading, suggestions, the starter file's test and `config` all go by it.

use super::entry::Value;
use crate::domain::package;

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Takes {
    /// Any text.
    Text,
    /// `http://` or `https://` address.
    Address,
    /// `host/model`.
    Model,
    /// Several of them: a list, or a text with commas between.
    Models,
    /// Cron expression.
    Cron,
    /// A day such as 2026-10-07.
    Day,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Whole number in a range.
    Whole(i64, i64),
    /// Number in a range.
    Number(f64, f64),
    /// true or false.
    Flag,
    /// List of `name@version`.
    Packages,
}

/// Kinds of server, as settings write them.
pub const KINDS: &[&str] = &[
    "ollama",
    "lmstudio",
    "llamacpp",
    "vllm",
    "openai",
    "anthropic",
    "scripted",
];

/// USD per million tokens.
const PRICE: Takes = Takes::Number(0.0, 1e6);

/// Seconds a wait may be set to: a week is as good as for ever.
const WAIT: Takes = Takes::Whole(1, 604_800);

/// Every key; `*` stands for a name people choose.
pub const KEYS: &[(&str, Takes)] = &[
    ("hosts.*.kind", Takes::Word(KINDS)),
    ("hosts.*.url", Takes::Address),
    ("hosts.*.num_ctx", Takes::Whole(512, 1_048_576)),
    ("hosts.*.keep_alive", Takes::Text),
    ("hosts.*.local", Takes::Flag),
    ("hosts.*.first_byte_s", WAIT),
    ("hosts.*.idle_s", WAIT),
    ("hosts.*.whole_s", WAIT),
    ("hosts.*.alive_s", WAIT),
    ("hosts.*.retry_ms", Takes::Whole(1, 600_000)),
    ("hosts.*.pace_ms", Takes::Whole(0, 10_000)),
    ("hosts.*.replies", Takes::Text),
    ("roles.developer.model", Takes::Model),
    ("roles.developer.fallback", Takes::Models),
    ("roles.developer.others", Takes::Models),
    ("roles.developer.schedule", Takes::Cron),
    ("roles.developer.runner", RUNNER),
    ("roles.qa.model", Takes::Model),
    ("roles.qa.fallback", Takes::Models),
    ("roles.qa.others", Takes::Models),
    ("roles.qa.schedule", Takes::Cron),
    ("roles.qa.runner", RUNNER),
    ("roles.supervisor.model", Takes::Model),
    ("roles.supervisor.fallback", Takes::Models),
    ("roles.supervisor.others", Takes::Models),
    ("roles.supervisor.schedule", Takes::Cron),
    ("roles.supervisor.runner", RUNNER),
    ("limits.tool_usd", Takes::Number(0.0, 1e6)),
    ("limits.tool_tokens", Takes::Whole(1, 1_000_000_000)),
    ("limits.tool_minutes", Takes::Whole(1, 1_000_000)),
    ("limits.day_usd", Takes::Number(0.0, 1e6)),
    ("ship.push", Takes::Text),
    ("harness.file_lines", Takes::Whole(20, 2_000)),
    ("harness.code_tokens", Takes::Whole(256, 65_536)),
    ("harness.verdict_tokens", Takes::Whole(64, 16_384)),
    ("harness.think_tokens", Takes::Whole(0, 65_536)),
    ("harness.prompt_tokens", Takes::Whole(1_024, 1_000_000)),
    ("harness.test_wall_s", Takes::Whole(1, 3_600)),
    ("harness.case_samples", Takes::Whole(1, 5)),
    ("harness.triage_words", Takes::Whole(0, 10_000)),
    ("harness.mutation", Takes::Flag),
    ("harness.mutation_score", Takes::Whole(0, 100)),
    ("harness.mutation_reviewed_score", Takes::Whole(0, 100)),
    ("harness.mutation_wall_s", Takes::Whole(5, 3_600)),
    ("harness.spec_tokens", Takes::Whole(200, 16_384)),
    ("ladder.repairs", TIMES),
    ("ladder.fresh_starts", Takes::Whole(0, 100)),
    ("ladder.other_models", Takes::Whole(0, 100)),
    ("ladder.diagnoses", TIMES),
    ("ladder.takeovers", Takes::Whole(0, 100)),
    ("ladder.samples", TIMES),
    ("stuck.same_failures", TIMES),
    ("stuck.same_error", Takes::Whole(2, 100)),
    ("stuck.timeouts", TIMES),
    ("stuck.send_backs", TIMES),
    ("stuck.rejections", TIMES),
    ("stuck.clause_rejections", TIMES),
    ("stuck.stalls", TIMES),
    ("stuck.still_minutes", Takes::Whole(0, 10_000)),
    ("stuck.external_minutes", Takes::Whole(1, 100_000)),
    ("sandbox.command", Takes::Text),
    ("keys.*.origin", Takes::Address),
    ("keys.*.env", Takes::Text),
    ("keys.*.file", Takes::Text),
    ("keys.*.command", Takes::Text),
    ("prices.*.models", Takes::Text),
    ("prices.*.effective_from", Takes::Day),
    ("prices.*.above_tokens", Takes::Whole(0, 100_000_000)),
    ("prices.*.input", PRICE),
    ("prices.*.write_5m", PRICE),
    ("prices.*.write_1h", PRICE),
    ("prices.*.read", PRICE),
    ("prices.*.output", PRICE),
    ("npm.allow", Takes::Packages),
    ("keys.*.plain_http", Takes::Flag),
    ("keys.*.bearer", Takes::Flag),
];

/// A key that has another name now; both parts lie in the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// Dotted, as it was.
    pub from: &'static str,
    /// Dotted, as it is.
    pub to: &'static str,
}

/// Keys that were renamed in this version: their old names are taken with a note until the next, which refuses them.
pub const RENAMED: &[Renamed] = &[];

/// The path of a key today, where it has an old name of these.
#[must_use]
pub fn today(path: &[String], names: &[Renamed]) -> Option<Vec<String>> {
    let full = path.join(".");
    let name = names.iter().find(|name| name.from == full)?;
    Some(name.to.split('.').map(str::to_owned).collect())
}

/// How often something may be done before something else is.
const TIMES: Takes = Takes::Whole(1, 100);

/// Who takes a role's turns.
const RUNNER: Takes = Takes::Word(&["builtin", "external"]);

/// Tables a home may not carry: agents can write there.
pub const USER_ONLY: &[&str] = &["keys", "prices", "sandbox", "notify", "npm"];

/// What the key takes, or None for an unknown one.
#[must_use]
pub fn find(path: &[String]) -> Option<Takes> {
    KEYS.iter()
        .find(|(pattern, _)| matches(pattern, path))
        .map(|(_, takes)| *takes)
}

/// Whether `path` is a table some key lies in.
#[must_use]
pub fn is_table(path: &[String]) -> bool {
    KEYS.iter().any(|(pattern, _)| {
        let parts: Vec<&str> = pattern.split('.').collect();
        parts.len() > path.len()
            && parts
                .iter()
                .zip(path)
                .all(|(part, name)| *part == "*" || part == name)
    })
}

/// Whether a pattern names this key.
fn matches(pattern: &str, path: &[String]) -> bool {
    let mut parts = pattern.split('.');
    path.iter()
        .all(|name| parts.next().is_some_and(|p| p == "*" || p == name))
        && parts.next().is_none()
}

/// What could have been meant where `path` goes wrong.
#[must_use]
pub fn suggestion(path: &[String]) -> Option<String> {
    let (last, above) = path.split_last()?;
    let mut known: Vec<&str> = KEYS
        .iter()
        .filter_map(|(pattern, _)| {
            let parts: Vec<&str> = pattern.split('.').collect();
            let inside = above
                .iter()
                .zip(&parts)
                .all(|(name, part)| *part == "*" || part == name);
            if !inside {
                return None;
            }
            parts.get(above.len()).copied().filter(|part| *part != "*")
        })
        .collect();
    known.dedup();
    if let Some(word) = nearest(last, &known) {
        return Some(joined(above, &word));
    }
    elsewhere(last)
}

/// The same last name in another table: `day_usd` at the top level is meant for [limits].
fn elsewhere(name: &str) -> Option<String> {
    KEYS.iter()
        .map(|(pattern, _)| *pattern)
        .find(|pattern| pattern.rsplit('.').next() == Some(name))
        .map(|pattern| pattern.replace('*', "NAME"))
}

/// The nearest of some words, when near enough to be a slip.
#[must_use]
pub fn nearest(word: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Dotted key.
fn joined(above: &[String], last: &str) -> String {
    above
        .iter()
        .map(String::as_str)
        .chain([last])
        .collect::<Vec<_>>()
        .join(".")
}

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
            if words.contains(&text.as_str()) {
                return Ok(Value::Text(text));
            }
            let hint =
                nearest(&text, words).map_or(String::new(), |w| format!("; did you mean \"{w}\"?"));
            Err(format!(
                "{key} is \"{text}\", and takes one of {}{hint}",
                words.join(", ")
            ))
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
        Takes::Flag => "true or false".to_owned(),
        Takes::Packages => "a list such as [\"dayjs@1.11.13\"]".to_owned(),
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

/// An http or https address that names a host.
fn address(key: &str, text: String) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest)
            if !rest.is_empty()
                && !rest.starts_with(['/', ':'])
                && !text.contains(char::is_whitespace) =>
        {
            if rest
                .split('/')
                .next()
                .is_some_and(|authority| authority.contains('@'))
            {
                return Err(format!(
                    "{key} carries a user name or key in the address; say where the key is under [keys] of your own settings file"
                ));
            }
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(format!(
            "{key} is \"{text}\", and takes an address such as \"http://127.0.0.1:11434\""
        )),
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

/// A cron expression that parses.
fn cron(key: &str, text: String) -> Result<String, String> {
    match text.parse::<croner::Cron>() {
        Ok(_) => Ok(text),
        Err(error) => Err(format!(
            "{key} is \"{text}\", which is no cron expression: {error}"
        )),
    }
}
