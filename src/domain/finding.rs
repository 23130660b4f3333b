//! What a look at one thing of a factory found: how it stands, and what to do where it does not stand well.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a finding matters; the worst is last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// As it should be.
    Fine,
    /// Good to know.
    Note,
    /// It works, but not as well as it could, or not for long.
    Warning,
    /// Work that needs this cannot be done.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "ERROR",
        })
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at: `gpu1`, `gpu1/qwen3:14b`, `qa`, `node`.
    pub subject: String,
    pub severity: Severity,
    /// How it stands, in one sentence.
    pub what: String,
    /// What to do; empty where nothing is to be done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// As it should be.
    #[must_use]
    pub fn fine(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Severity::Fine, subject, what, "")
    }

    /// Good to know.
    #[must_use]
    pub fn note(subject: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(Severity::Note, subject, what, "")
    }

    /// To be mended some time.
    #[must_use]
    pub fn warning(
        subject: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, subject, what, remedy)
    }

    /// To be mended first.
    #[must_use]
    pub fn error(
        subject: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Error, subject, what, remedy)
    }

    fn new(
        severity: Severity,
        subject: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            severity,
            what: what.into(),
            remedy: remedy.into(),
        }
    }

    /// What and remedy as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.remedy.as_str() {
            "" => self.what.clone(),
            remedy => format!("{}: {remedy}", self.what),
        }
    }
}
