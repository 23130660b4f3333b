//! How people are told things: the targets of their settings, and the port that reaches one.

use crate::domain::notice::Rules;
use crate::text::secret::Secret;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::collections::BTreeMap;

/// Settings of `[notify]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NotifySettings {
    /// By name.
    pub targets: BTreeMap<String, Target>,
    /// Who is told what, and when.
    pub rules: Rules,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// How it is reached.
    pub way: Way,
    /// Goes along as a bearer token; belongs to the origin of the address.
    pub key: Option<Secret>,
}

/// How a target is reached. Addresses may hold what only their owner should know, so none is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Way {
    /// A command for the shell that gets the event as JSON on its standard input.
    Command(String),
    /// The address of an ntfy topic.
    Ntfy(String),
    /// An address that is sent the event as JSON.
    Webhook(String),
}

impl Way {
    /// Its kind in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Ntfy(_) => "ntfy",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// The kind alone.
impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a message is not known to have arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// In a few words.
    pub why: String,
    /// What a command said of it: for whoever tries it by hand, never kept.
    pub said: String,
    /// It may have arrived all the same: only the end was not seen.
    pub perhaps: bool,
}

impl From<String> for Lost {
    fn from(why: String) -> Self {
        Self {
            why,
            ..Self::default()
        }
    }
}

impl From<&str> for Lost {
    fn from(why: &str) -> Self {
        why.to_owned().into()
    }
}

/// Reaches targets.
pub trait Notifier: Send + Sync {
    /// Hands over one event, or says in a few words why not. Ends by itself within about ten seconds.
    fn send<'a>(&'a self, target: &'a Target, event: &'a Value) -> BoxFuture<'a, Result<(), Lost>>;
}
