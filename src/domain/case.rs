//! Acceptance cases: one JSON format for public examples and held-out cases, and how a result compares.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

pub use super::compare::{compare, reproduce, same};

/// One example of a spec or one held-out case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// E1.. public, H1.. held-out.
    pub id: String,
    /// The rule it exercises, "R4".
    pub rule: String,
    /// Function form: the export called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Function form: arguments; deps is added last by the runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<Value>>,
    /// Command form: arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cli: Option<Vec<String>>,
    /// Command form: standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// The world it runs in: now, env, files, http, dns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Map<String, Value>>,
    /// Function form: value returned.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "present"
    )]
    pub expect: Option<Value>,
    /// Function form: text contained in "Name: message" of what is thrown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throws: Option<String>,
    /// Command form: exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i64>,
    /// Command form: exact standard output; absent = not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Command form: exact standard error; absent = not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// Either form: files afterwards, null = must not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<BTreeMap<String, Option<String>>>,
}

impl Case {
    /// The runner takes this case through the real command on real files: a command whose world is files and
    /// variables only. The same rule stands in dev-factory/harness/runner.cjs.
    #[must_use]
    pub fn runs_real_command(&self) -> bool {
        let fake = |given: &Map<String, Value>| {
            let outside = |path: &String| path.starts_with('/') || path.starts_with("..");
            let files = given.get("files").and_then(Value::as_object);
            ["now", "http", "dns"]
                .iter()
                .any(|key| given.contains_key(*key))
                || files.is_some_and(|files| files.keys().any(outside))
        };
        self.cli.is_some() && !self.given.as_ref().is_some_and(fake)
    }
}

/// Keeps an explicit `null` apart from an absent key.
fn present<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(d).map(Some)
}

/// What the runner printed for a case: it never saw what was expected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Received {
    /// Value returned.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub returned: Option<Value>,
    /// What was thrown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threw: Option<Thrown>,
    /// A module did not load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Thrown>,
    /// The export does not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    pub files: BTreeMap<String, String>,
    /// First frame inside the tool, "src/x.js:18".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Set by us when there was no readable result: "timed out after 10 s", "no result line".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Received {
    /// The run was ended before the tool had answered; what a function throws is an answer, whatever it calls it.
    #[must_use]
    pub fn cut_short(&self, case: &Case) -> bool {
        let late = |threw: &Thrown| threw.name == "ETIMEDOUT";
        let command = case.runs_real_command() && self.threw.as_ref().is_some_and(late);
        self.fault.is_some() || command
    }
}

/// Something thrown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thrown {
    pub name: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// A case and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// Case id.
    pub id: String,
    /// Its rule.
    pub rule: String,
    /// Everything compared was equal.
    pub passed: bool,
    /// One runnable line: `parse("a,,b")` or `tool --flag < stdin`.
    pub reproduce: String,
    /// Expected, as shown to people and models (<= 200 characters a field).
    pub expected: String,
    /// Received, likewise.
    pub received: String,
    /// First frame inside the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}
