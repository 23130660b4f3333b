//! Why a turn failed and what is to be done about it. Nothing of a failed turn was used, so any may be taken again whole.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What went wrong with a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// No connection, it broke before a reply began, or the host died beside a turn.
    Unreachable,
    /// Overloaded, its queue is full, or a model is being loaded.
    Busy,
    /// The key.
    Refused,
    /// The account has no money left or a limit of its own; it does not clear by waiting.
    SpendLimit,
    /// The host does not have the model.
    Missing,
    /// The model or its template cannot do what is asked of it.
    Unable,
    /// The address or kind of the host is wrong.
    Misaddressed,
    /// A paid model without a known price is not called.
    Unpriced,
    /// The model declines to answer.
    Declined,
    /// The request was refused as it stands.
    Rejected,
    /// The prompt does not fit.
    Overflow,
    /// The server read far less than was sent: it cut the prompt without a word.
    Truncated,
    /// The host has not enough memory for the model with this window.
    Memory,
    /// The process that runs the model died.
    Runner,
    /// The server failed in some other way.
    Server,
    /// The connection broke, or nothing came any more, in the midst of a reply.
    Broken,
    /// The reply ended without its proper end.
    Unfinished,
    /// What came is not what such servers send, or the server could not read what its model wrote.
    Garbled,
    /// More bytes than a turn may have.
    TooLong,
    /// The same text over and over.
    Looping,
    /// Ended by the token limit.
    Cut,
    /// Ended properly without an answer.
    Empty,
    /// A scripted host has no reply for the label.
    NoScript,
}

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The same turn again, after a while.
    Retry,
    /// Leave the host alone until it answers again; another host may take over.
    Wait,
    /// A smaller prompt, or none.
    Shrink,
    /// Tell the model what was wrong and let it try again.
    Reask,
    /// The same prompt with another seed, then without thinking.
    OtherSample,
    /// The next model of the role; without one, a person.
    OtherModel,
    /// Only a person can mend it; another host may take over.
    Ask,
}

impl Fault {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::Unreachable | Self::Busy => Remedy::Wait,
            Self::Refused | Self::SpendLimit | Self::Misaddressed | Self::NoScript => Remedy::Ask,
            Self::Missing
            | Self::Unable
            | Self::Unpriced
            | Self::Declined
            | Self::Rejected
            | Self::Truncated => Remedy::OtherModel,
            Self::Overflow | Self::Memory => Remedy::Shrink,
            Self::Runner | Self::Server | Self::Broken => Remedy::Retry,
            Self::Unfinished | Self::Garbled | Self::TooLong | Self::Looping => Remedy::OtherSample,
            Self::Cut | Self::Empty => Remedy::Reask,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "does not answer",
            Self::Busy => "is busy",
            Self::Refused => "refuses the key",
            Self::SpendLimit => "refuses to spend more",
            Self::Missing => "has no such model",
            Self::Unable => "cannot do this with its model",
            Self::Misaddressed => "is not the server the settings say",
            Self::Unpriced => "is not called, no price is known",
            Self::Declined => "declines to answer",
            Self::Rejected => "rejects the request",
            Self::Overflow => "cannot take so long a prompt",
            Self::Truncated => "cut the prompt without a word",
            Self::Memory => "has not enough memory",
            Self::Runner => "lost the process that runs the model",
            Self::Server => "failed",
            Self::Broken => "broke its reply off",
            Self::Unfinished => "ended its reply without an end",
            Self::Garbled => "sent what cannot be read",
            Self::TooLong => "wrote too much",
            Self::Looping => "repeats itself",
            Self::Cut => "reached the token limit",
            Self::Empty => "gave no answer",
            Self::NoScript => "has no scripted reply",
        })
    }
}

/// A turn that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} {fault}{}: {detail}", .status.map_or_else(String::new, |status| format!(" ({status})")))]
pub struct ModelError {
    /// Host name from settings.
    pub host: String,
    /// What went wrong.
    pub fault: Fault,
    /// HTTP status, or the code within the server's error.
    pub status: Option<u16>,
    /// The server's words and what to do; holds no key.
    pub detail: String,
    /// Seconds the server asks us to wait.
    pub retry_after: Option<u64>,
}

impl ModelError {
    /// A fault without a status.
    #[must_use]
    pub fn new(host: &str, fault: Fault, detail: impl Into<String>) -> Self {
        Self {
            host: host.to_owned(),
            fault,
            status: None,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        self.fault.remedy()
    }
}
