//! Why a turn failed and what is to be done about it. Nothing of a failed turn was used, so any may be taken again whole.

use crate::domain::price::Cached;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What went wrong with a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// No connection.
    Unreachable,
    /// The host went with the request: it died beside the turn, or a gateway gave up waiting for it. One that died before
    /// anything was sent cannot be told from that.
    Lost,
    /// Nothing came for so long that the turn was given up, though the host may answer questions.
    Hung,
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
    /// More bytes, or more time, than a turn may have.
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
            Self::Unreachable | Self::Lost | Self::Busy => Remedy::Wait,
            Self::Refused | Self::SpendLimit | Self::Misaddressed | Self::NoScript => Remedy::Ask,
            Self::Missing
            | Self::Unable
            | Self::Unpriced
            | Self::Declined
            | Self::Rejected
            | Self::Truncated => Remedy::OtherModel,
            Self::Overflow | Self::Memory => Remedy::Shrink,
            Self::Hung | Self::Runner | Self::Server | Self::Broken => Remedy::Retry,
            Self::Unfinished | Self::Garbled | Self::TooLong | Self::Looping => Remedy::OtherSample,
            Self::Cut | Self::Empty => Remedy::Reask,
        }
    }

    /// A provider may bill the prompt, whatever came of it: nothing says that the request was turned down before any work.
    #[must_use]
    const fn was_read(self) -> bool {
        !matches!(
            self,
            Self::Unreachable
                | Self::Busy
                | Self::Refused
                | Self::SpendLimit
                | Self::Missing
                | Self::Unable
                | Self::Misaddressed
                | Self::Unpriced
                | Self::Rejected
                | Self::Overflow
                | Self::NoScript
        )
    }

    /// What a person does about it, where nothing better is known.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unreachable | Self::Lost => "see whether it runs and what stands in front of it",
            Self::Hung => {
                "start the server again, or raise first_byte_s or idle_s of the host if its model is that slow"
            }
            Self::Busy => "wait: it is asked again by itself",
            Self::Refused => "check the host's key",
            Self::SpendLimit => "raise the limit or pay there, then dev-factory probe",
            Self::Missing => "name a model that the host has",
            Self::Unable => "use another model or mend its chat template",
            Self::Misaddressed => "correct kind or url of the host in factory.toml",
            Self::Unpriced => "give the model a price under [prices] in your own settings",
            Self::Overflow | Self::Truncated => {
                "give the model more context there, or set num_ctx of the host to what it has"
            }
            Self::Memory => "use a smaller num_ctx or a smaller model on this host",
            Self::Rejected | Self::Runner | Self::Server | Self::Broken => {
                "see the log of the server, then try again"
            }
            Self::Declined
            | Self::Unfinished
            | Self::Garbled
            | Self::TooLong
            | Self::Looping
            | Self::Cut
            | Self::Empty => "try again, or name another model in the settings",
            Self::NoScript => "add a reply for it to the folder of the host",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable | Self::Lost => "does not answer",
            Self::Hung => "hangs",
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
            Self::TooLong => "does not come to an end",
            Self::Looping => "repeats itself",
            Self::Cut => "reached the token limit",
            Self::Empty => "gave no answer",
            Self::NoScript => "has no scripted reply",
        })
    }
}

/// What a turn had used when it failed, as far as its server had told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Tokens read, those from the cache included.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// Of the tokens read, those that have a price of their own.
    pub cached: Cached,
    /// Characters of tool calls that had come; they are not handed on as they stream.
    pub called: usize,
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
    /// What it had used.
    pub spent: Box<Spent>,
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
            spent: Box::default(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        self.fault.remedy()
    }

    /// A provider may bill the prompt: as its fault says, and also where a server failed over it and says that asking again does
    /// not help, which makes it one it rejects.
    #[must_use]
    pub fn was_read(&self) -> bool {
        let failed = |status: u16| matches!(status, 500..600) && !matches!(status, 503 | 529);
        self.fault.was_read() || (self.fault == Fault::Rejected && self.status.is_some_and(failed))
    }
}
