//! What waits for a person: why, what it costs to wait, and the ways out, each with what a key does about it.

use super::command::{self, Verb};
use super::event::Unit;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Something only a person can do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "OnDisk", into = "OnDisk")]
pub struct Need {
    /// Stable id for snooze: "review:<tool>", "park:<tool>", "pause:<id>", "host:<role>".
    pub id: String,
    /// What it is about, in a few words: "Supervisor cannot review"; empty = `why` says it.
    pub title: String,
    /// Why.
    pub why: String,
    /// What it costs to wait; empty = what `blocking` says.
    pub waiting: String,
    /// The ways out, the likeliest first.
    pub ways: Vec<Way>,
    pub since: DateTime<Utc>,
    /// The event it began with, where one is known.
    pub seq: Option<u64>,
    /// Also stops the factory.
    pub blocking: bool,
    /// Nobody is called for it until then.
    pub quiet: Option<DateTime<Utc>>,
}

impl Need {
    /// What it is about and why, in one sentence.
    #[must_use]
    pub fn words(&self) -> String {
        match self.title.as_str() {
            "" => self.why.clone(),
            title => format!("{title}: {}", self.why),
        }
    }

    /// The ways out as they are printed.
    #[must_use]
    pub fn printed(&self) -> Vec<String> {
        self.ways.iter().map(ToString::to_string).collect()
    }
}

/// A way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// What to do.
    pub label: String,
    /// What it does or costs; empty where the label says it.
    pub effect: String,
    /// What a key does about it.
    pub act: Act,
}

/// What a key does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Nothing: a person's hands are needed elsewhere.
    Hands,
    /// Sends a command; a text it lacks is asked for.
    Send(Verb),
    /// Asks for a limit.
    Limit {
        scope: String,
        #[serde(default)]
        unit: Option<Unit>,
    },
    /// Asks for the address of a host and writes it into the settings file that names it.
    Address { host: String, url: String },
    /// Shows words of the command line, to be sent by hand.
    Words(String),
}

impl Way {
    /// One that a person does elsewhere.
    #[must_use]
    pub fn hands(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            effect: String::new(),
            act: Act::Hands,
        }
    }

    /// One that is a command.
    #[must_use]
    pub fn send(verb: Verb, label: &str, effect: impl Into<String>) -> Self {
        Self {
            label: label.to_owned(),
            effect: effect.into(),
            act: Act::Send(verb),
        }
    }

    /// One that is a limit to be raised.
    #[must_use]
    pub fn limit(scope: &str, unit: Option<Unit>, label: &str, effect: &str) -> Self {
        Self {
            label: label.to_owned(),
            effect: effect.to_owned(),
            act: Act::Limit {
                scope: scope.to_owned(),
                unit,
            },
        }
    }

    /// As it was written before ways had parts, and as it is printed.
    #[must_use]
    pub fn read(printed: &str) -> Self {
        Self {
            label: printed.to_owned(),
            effect: String::new(),
            act: match printed.strip_prefix("dev-factory ") {
                Some(line) => Act::Words(line.to_owned()),
                None => Act::Hands,
            },
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.act {
            Act::Send(verb) => write!(f, "dev-factory {}", verb.line()),
            Act::Limit {
                scope,
                unit: Some(unit),
            } => write!(f, "dev-factory {}", command::limit(scope, *unit)),
            Act::Words(line) => write!(f, "dev-factory {line}"),
            // Whoever reads this has no key for it.
            Act::Address { host, url } => write!(
                f,
                "write {host}'s new address as url under [hosts.{host}] in the settings file that names it (now {url})"
            ),
            Act::Hands | Act::Limit { unit: None, .. } => f.write_str(&self.label),
        }
    }
}

/// In run/snapshot.json: the whole sentence and the ways as they are printed, which every version reads, and their parts
/// beside them.
#[derive(Clone, Serialize, Deserialize)]
struct OnDisk {
    id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    why: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    waiting: String,
    #[serde(default)]
    ways: Vec<String>,
    #[serde(default)]
    answers: Vec<Value>,
    since: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    blocking: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet: Option<DateTime<Utc>>,
}

/// The parts of a way on disk.
#[derive(Serialize, Deserialize)]
struct Parts {
    label: String,
    #[serde(default)]
    effect: String,
    act: Act,
}

impl From<OnDisk> for Need {
    fn from(found: OnDisk) -> Self {
        let mut answers = found.answers.into_iter();
        let ways = found.ways.iter().map(|printed| {
            // One of a newer version is read as it is printed.
            let parts = answers.next().map(serde_json::from_value::<Parts>);
            match parts {
                Some(Ok(parts)) => Way {
                    label: parts.label,
                    effect: parts.effect,
                    act: parts.act,
                },
                _ => Way::read(printed),
            }
        });
        let why = found.why.strip_prefix(&found.title);
        let why = why.and_then(|why| why.strip_prefix(": "));
        Self {
            why: why.unwrap_or(&found.why).to_owned(),
            ways: ways.collect(),
            id: found.id,
            title: found.title,
            waiting: found.waiting,
            since: found.since,
            seq: found.seq,
            blocking: found.blocking,
            quiet: found.quiet,
        }
    }
}

impl From<Need> for OnDisk {
    fn from(need: Need) -> Self {
        let (ways, why) = (need.printed(), need.words());
        let answers = need.ways.into_iter().map(|way| {
            let parts = Parts {
                label: way.label,
                effect: way.effect,
                act: way.act,
            };
            serde_json::to_value(parts).unwrap_or_default()
        });
        Self {
            answers: answers.collect(),
            ways,
            why,
            id: need.id,
            title: need.title,
            waiting: need.waiting,
            since: need.since,
            seq: need.seq,
            blocking: need.blocking,
            quiet: need.quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_of_older_and_newer_engines_are_read() {
        let old = r#"{"id":"park:x","why":"x is parked","ways":["dev-factory unpark x","wait"],
            "since":"2026-11-22T10:00:00Z","blocking":false}"#;
        let need: Need = serde_json::from_str(old).unwrap();
        assert_eq!(need.ways[0].act, Act::Words("unpark x".to_owned()));
        assert_eq!(need.ways[1].act, Act::Hands);
        assert_eq!(need.printed(), ["dev-factory unpark x", "wait"]);
        let newer = r#"{"id":"a","why":"b","ways":["dev-factory fly x"],"answers":[{"label":"fly",
            "effect":"","act":{"fly":{"to":"x"}}}],"since":"2026-11-22T10:00:00Z","blocking":true}"#;
        let need: Need = serde_json::from_str(newer).unwrap();
        assert_eq!(need.ways, [Way::read("dev-factory fly x")]);
    }

    #[test]
    fn a_need_is_read_as_it_was_written_and_says_what_old_readers_know() {
        let drop = Verb::Drop {
            item: "x".to_owned(),
            reason: None,
        };
        let need = Need {
            id: "park:x".to_owned(),
            title: "x is parked".to_owned(),
            why: "its limit: tokens".to_owned(),
            waiting: "costs nothing".to_owned(),
            ways: vec![
                Way::send(drop, "give it up", "its branch stays"),
                Way::limit("x", Some(Unit::Tokens), "raise its limit", ""),
                Way::hands("wait"),
            ],
            since: DateTime::UNIX_EPOCH,
            seq: Some(1790),
            blocking: false,
            quiet: Some(DateTime::UNIX_EPOCH),
        };
        let text = serde_json::to_string(&need).unwrap();
        assert_eq!(serde_json::from_str::<Need>(&text).unwrap(), need);
        let value: Value = serde_json::from_str(&text).unwrap();
        let printed = [
            "dev-factory drop x",
            "dev-factory budget x tokens AMOUNT",
            "wait",
        ];
        assert_eq!(value["ways"], serde_json::json!(printed));
        assert_eq!(value["why"], "x is parked: its limit: tokens");
    }
}
