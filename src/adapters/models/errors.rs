//! What a server said went wrong, made an error with its words, without its key, and with what to do.

use super::bytes::Cut;
use super::faults::{At, sort};
use super::host::Server;
use crate::factory::ports::model::{Fault, ModelError};
use crate::factory::ports::settings::HostKind;
use crate::text::redact::Redactor;
use crate::text::sanitise::one_line;
use serde::Deserialize;
use serde_json::Value;

/// Characters of a server's own words that are kept.
const WORDS: usize = 300;
/// A field of Ollama's answer for a model of its cloud, where nobody has signed in.
const SIGNIN: &str = "signin_url";

/// What the headers of an answer say of asking again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Again {
    /// Seconds to wait.
    pub after: Option<u64>,
    /// Whether it helps.
    pub helps: Option<bool>,
}

/// An error as a server reports it.
pub struct Report {
    at: At,
    /// HTTP status, or the code within the error; 0 where there is none.
    status: u16,
    again: Again,
    /// Its sentence, fit to be shown.
    text: String,
    /// Its type and codes.
    kind: String,
    /// Context the server named in it, tokens.
    context: Option<u64>,
}

impl Report {
    /// From the body of an error status.
    pub fn from_body(server: &Server, status: u16, again: Again, body: &str) -> Self {
        let value = serde_json::from_str::<Value>(body).ok();
        let error = value
            .as_ref()
            .and_then(|value| value.get("error").or(Some(value)));
        let signin = value
            .as_ref()
            .is_some_and(|value| value.get("signin_url").is_some());
        let mut report = match error {
            Some(error) => Self::from_value(server, At::Head, status, error),
            None => Self {
                at: At::Head,
                status,
                again,
                text: server_words(server, body),
                kind: String::new(),
                context: None,
            },
        };
        report.again = again;
        if signin {
            report.kind.push_str(SIGNIN);
        }
        report
    }

    /// From the value of an `error` field; a numeric code in it tells more than the status around it.
    fn from_value(server: &Server, at: At, status: u16, error: &Value) -> Self {
        let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let code = error
            .get("code")
            .and_then(Value::as_u64)
            .and_then(|code| u16::try_from(code).ok());
        let text = error.as_str().unwrap_or_else(|| match field("message") {
            "" => field("detail"),
            message => message,
        });
        let text = if text.is_empty() {
            error.to_string()
        } else {
            text.to_owned()
        };
        let detail = error.pointer("/details/error_code").and_then(Value::as_str);
        Self {
            at,
            status: code
                .filter(|code| (400..600).contains(code))
                .unwrap_or(status),
            again: Again::default(),
            text: server_words(server, &text),
            kind: format!(
                "{} {} {}",
                field("type"),
                field("code"),
                detail.unwrap_or_default()
            ),
            context: error.get("n_ctx").and_then(Value::as_u64),
        }
    }

    /// What the server minds of these words of the request, which can be left out: the particular ones, where one holds
    /// another. A prompt too long, or a key, may name them too.
    pub fn refuses(&self, optional: &[&'static str]) -> Vec<&'static str> {
        let text = self.text.to_lowercase();
        let of_form = matches!(self.status, 400 | 422)
            && matches!(self.fault(), Fault::Rejected | Fault::Unable);
        let mut named = optional.to_vec();
        named.retain(|word| of_form && text.contains(word));
        let all = named.clone();
        named.retain(|word| {
            !all.iter()
                .any(|other| other != word && other.contains(word))
        });
        named
    }

    fn fault(&self) -> Fault {
        let said = format!("{} {}", self.text, self.kind);
        sort(self.at, self.status, &said, self.again.helps)
    }

    /// The error of the port, with what to do in its words.
    pub fn into_error(self, server: &Server, model: &str) -> ModelError {
        let (mut error, advice) = self.into_parts(server, model);
        if error.fault == Fault::Misaddressed && error.detail.is_empty() {
            error.detail = advice;
        } else if error.fault == Fault::Missing {
            error.detail = format!("{}; {advice}", error.detail);
        } else if !advice.is_empty() {
            error.detail = format!("{} ({advice})", error.detail);
        }
        error
    }

    /// The error in the server's own words, and what to do.
    pub fn into_parts(self, server: &Server, model: &str) -> (ModelError, String) {
        let fault = self.fault();
        if let Some(tokens) = self.context.filter(|_| fault == Fault::Overflow) {
            server.saw_context(model, tokens);
        }
        let moved = (300..400).contains(&self.status);
        let advice = match fault {
            Fault::Missing => remedy(server, model),
            Fault::Refused if self.kind.contains(SIGNIN) => {
                "run `ollama signin` there: the model runs in Ollama's cloud".to_owned()
            }
            Fault::Refused if server.settings.key.is_some() => "check the host's key".to_owned(),
            Fault::Refused => "give the host a key".to_owned(),
            Fault::Unable if self.text.to_lowercase().contains("support tools") => {
                "use another model, or set edits = \"actions\" or \"files\" under [roles.developer]".to_owned()
            }
            Fault::SpendLimit | Fault::Memory | Fault::Unable => fault.advice().to_owned(),
            Fault::Misaddressed if moved => {
                "it sends us to another address, which is not followed: put the final address in the settings".to_owned()
            }
            Fault::Rejected if self.again.helps == Some(false) => {
                "it says that asking again does not help".to_owned()
            }
            Fault::Misaddressed => {
                let word = server.settings.kind.word();
                format!("is kind = {word:?} right for this address?")
            }
            _ => String::new(),
        };
        let detail = match fault {
            Fault::Missing => model.to_owned(),
            Fault::Misaddressed if moved => String::new(),
            _ => self.text,
        };
        let status = (fault != Fault::Missing).then_some(self.status);
        let error = ModelError {
            status: status.filter(|status| *status > 0),
            retry_after: self.again.after,
            ..ModelError::new(&server.name, fault, detail)
        };
        (error, advice)
    }
}

/// How to get a model onto a host.
pub fn remedy(server: &Server, model: &str) -> String {
    let address = server.address("").unwrap_or_default();
    let here = address.contains("127.0.0.1:11434") || address.contains("localhost:11434");
    match server.settings.kind {
        HostKind::Ollama if here => format!("run `ollama pull {model}`"),
        HostKind::Ollama => format!("run `OLLAMA_HOST={address} ollama pull {model}`"),
        HostKind::LmStudio => format!("run `lms get {model}` there"),
        HostKind::LlamaCpp | HostKind::Vllm => {
            "start the server with it, or name the one it serves".to_owned()
        }
        _ => "name one that the host offers in the settings".to_owned(),
    }
}

/// One piece of a stream as its kind of server sends it.
pub fn piece<'a, T: Deserialize<'a>>(
    server: &Server,
    text: &'a str,
    odd: &str,
) -> Result<T, ModelError> {
    serde_json::from_str(text)
        .map_err(|error| fail(server, Fault::Garbled, format!("{odd} ({error})")))
}

/// An error a server says in the midst of a stream.
pub fn said(server: &Server, model: &str, error: Option<&Value>) -> Result<(), ModelError> {
    error.map_or(Ok(()), |error| {
        Err(Report::from_value(server, At::Stream, 0, error).into_error(server, model))
    })
}

/// A fault of ours to name.
pub fn fail(server: &Server, fault: Fault, detail: impl Into<String>) -> ModelError {
    ModelError::new(&server.name, fault, detail)
}

/// A limit or the end of the connection in mid reply.
pub fn cut(server: &Server, cut: &Cut) -> ModelError {
    let fault = match cut {
        Cut::TooLong(_) => Fault::TooLong,
        Cut::Silent(_) => Fault::Hung,
        Cut::Broken(_) => Fault::Broken,
    };
    fail(server, fault, one_line(&cut.to_string(), WORDS))
}

/// A server's words fit for a sentence, its key taken out: some servers quote it.
fn server_words(server: &Server, text: &str) -> String {
    // Here and not only where errors are kept: words that are cut could end in half a key.
    let redactor = Redactor::default();
    if let Some(key) = &server.settings.key {
        redactor.learn(key);
    }
    let text = one_line(&redactor.clean(text), WORDS);
    if text.is_empty() {
        "no reason given".to_owned()
    } else {
        text
    }
}
