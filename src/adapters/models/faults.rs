//! The one table that sorts what servers say went wrong: by status, by words, and by where in the reply it came.

use crate::factory::ports::fault::{Fault, Remedy};

/// Where in a reply an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Instead of a reply.
    Head,
    /// Within a reply whose status was 200.
    Stream,
}

/// A row: the first one that fits decides.
struct Row {
    /// None: anywhere.
    at: Option<At>,
    /// Empty: any.
    status: &'static [u16],
    /// Any of these in the error's text, type or code, in lower case; empty: whatever it says.
    words: &'static [&'static str],
    fault: Fault,
}

const fn says(words: &'static [&'static str], fault: Fault) -> Row {
    Row {
        at: None,
        status: &[],
        words,
        fault,
    }
}

const fn head(status: &'static [u16], words: &'static [&'static str], fault: Fault) -> Row {
    Row {
        at: Some(At::Head),
        status,
        words,
        fault,
    }
}

const fn status(status: &'static [u16], fault: Fault) -> Row {
    Row {
        at: None,
        status,
        words: &[],
        fault,
    }
}

/// What is particular stands before what is general: words before statuses, money before rates.
const TABLE: &[Row] = &[
    says(
        &[
            "enforced_spend_limit_reached",
            "billing_error",
            "insufficient_quota",
            "credit balance is too low",
            "specified api usage limits",
            "spend limit",
        ],
        Fault::SpendLimit,
    ),
    status(&[402], Fault::SpendLimit),
    status(&[401, 403], Fault::Refused),
    says(
        &["authentication_error", "permission_error", "signin_url"],
        Fault::Refused,
    ),
    says(
        &[
            "exceed_context_size",
            "context_length_exceeded",
            "longer than the context",
            "exceeds the available context",
            "exceed the context",
            "exceeds the context",
            "maximum context length",
            "context length exceeded",
            "context window",
            "context size has been exceeded",
            "prompt is too long",
            "request_too_large",
            // Anthropic, of prompt and token limit together.
            "exceed context limit",
            // LM Studio, in its own order of words, mended or not.
            "context the overflows",
            "context overflows",
            "context length of only",
            "tokens to keep from the initial prompt",
        ],
        Fault::Overflow,
    ),
    status(&[413], Fault::Overflow),
    says(
        &[
            "out of memory",
            "more system memory",
            "cudamalloc failed",
            "unable to allocate",
            "insufficient memory",
        ],
        Fault::Memory,
    ),
    says(
        &[
            "does not support tools",
            "does not support chat",
            "does not support generate",
            "does not support completion",
            "does not support thinking",
            "error loading model",
            "failed to load model",
            "unable to load model",
            "unknown model architecture",
            "jinja",
            "template error",
            "error rendering prompt",
        ],
        Fault::Unable,
    ),
    says(
        &[
            "error parsing tool call",
            "failed to parse input at pos",
            "invalid tool call arguments",
            "failed to parse tool call",
            "peg-native",
        ],
        Fault::Garbled,
    ),
    head(&[404], &["model"], Fault::Missing),
    says(
        &[
            "model_not_found",
            "no models loaded",
            "invalid model identifier",
        ],
        Fault::Missing,
    ),
    says(
        &[
            "model is loading",
            "server busy",
            "maximum pending requests",
            "no slots available",
            "overloaded",
            "rate_limit_error",
        ],
        Fault::Busy,
    ),
    status(&[429, 503, 529], Fault::Busy),
    says(
        &[
            "unexpected eof",
            "unexpectedly stopped",
            "runner process",
            "model has crashed",
            "channel error",
        ],
        Fault::Runner,
    ),
    // By somebody else: no prompt did that.
    says(&["model unloaded", "was unloaded"], Fault::Server),
    head(&[502, 504, 524], &[], Fault::Lost),
    head(
        &[300, 301, 302, 303, 307, 308, 404, 405],
        &[],
        Fault::Misaddressed,
    ),
    // LM Studio answers 200 to paths it does not know.
    says(&["unexpected endpoint"], Fault::Misaddressed),
    head(&[400, 409, 415, 422], &[], Fault::Rejected),
    says(&["invalid_request_error"], Fault::Rejected),
];

/// The fault of an error; `text` is all the server said of it, `again` what its header says of asking again. The header is
/// believed only where the row is about time: a key or a long prompt is not mended by asking again, whoever says so.
pub fn sort(at: At, status: u16, text: &str, again: Option<bool>) -> Fault {
    let text = text.to_lowercase();
    let fits = |row: &&Row| {
        row.at.is_none_or(|place| place == at)
            && (row.status.is_empty() || row.status.contains(&status))
            && (row.words.is_empty() || row.words.iter().any(|word| text.contains(word)))
    };
    let found = TABLE
        .iter()
        .find(fits)
        .map_or(Fault::Server, |row| row.fault);
    match (again, found.remedy()) {
        (Some(false), Remedy::Retry | Remedy::Wait) => Fault::Rejected,
        (Some(true), _) if found == Fault::Rejected => Fault::Server,
        _ => found,
    }
}
