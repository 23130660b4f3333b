//! What a server said went wrong, sorted by what to do about it.

use super::bytes::Cut;
use super::host::Server;
use crate::factory::ports::model::ModelError;
use crate::factory::ports::settings::HostKind;
use crate::text::redact::Redactor;
use crate::text::sanitise::one_line;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Characters of a server's own words that are kept.
const WORDS: usize = 300;

/// An error as a server reports it.
pub struct Report {
    /// HTTP status, or the code within the error.
    pub status: u16,
    /// Seconds the server asks us to wait.
    pub retry_after: Option<u64>,
    text: String,
    /// The `type` or string `code` of OpenAI's error object.
    kind: String,
}

impl Report {
    /// From the body of an error status.
    pub fn from_body(server: &Server, status: u16, retry_after: Option<u64>, body: &str) -> Self {
        let value = serde_json::from_str::<Value>(body).ok();
        let error = value
            .as_ref()
            .and_then(|value| value.get("error").or(Some(value)));
        match error {
            Some(error) => Self {
                retry_after,
                ..Self::from_value(server, status, error)
            },
            None => Self {
                status,
                retry_after,
                text: server_words(server, body),
                kind: String::new(),
            },
        }
    }

    /// From the value of an `error` field; a numeric code in it tells more than the status around it.
    pub fn from_value(server: &Server, status: u16, error: &Value) -> Self {
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
        Self {
            status: code
                .filter(|code| (400..600).contains(code))
                .unwrap_or(status),
            retry_after: None,
            text: server_words(server, &text),
            kind: format!("{} {}", field("type"), field("code")),
        }
    }

    /// Whether the server minds one of the fields we can leave out.
    pub fn refuses_option(&self, kind: HostKind) -> bool {
        let says = |words: &[&str]| contains(&self.text, words);
        match kind {
            HostKind::Ollama => {
                self.status == 400 && says(&["does not support thinking", "think value"])
            }
            _ => {
                matches!(self.status, 400 | 422)
                    && says(&[
                        "chat_template_kwargs",
                        "enable_thinking",
                        "top_k",
                        "min_p",
                        "stream_options",
                    ])
            }
        }
    }

    /// The error of the port.
    pub fn into_error(self, server: &Server, model: &str) -> ModelError {
        let host = server.name.clone();
        let detail = self.text.clone();
        let says = |words: &[&str]| contains(&self.text, words);
        if matches!(self.status, 401 | 403) {
            let hint = if server.settings.key.is_some() {
                "check the host's key"
            } else {
                "give the host a key"
            };
            return ModelError::Refused {
                host,
                detail: format!("{detail} ({hint})"),
            };
        }
        if self.kind.contains("exceed_context_size")
            || self.kind.contains("context_length_exceeded")
            || says(OVERFLOW)
        {
            return ModelError::Overflow { host, detail };
        }
        if says(MEMORY) {
            let detail =
                format!("{detail} (use a smaller num_ctx or a smaller model on this host)");
            return ModelError::Server {
                host,
                status: self.status,
                detail,
            };
        }
        let missing = says(&["model"])
            && says(&["not found", "not exist", "no such", "pull"])
            && self.status == 404;
        if missing
            || self.kind.contains("model_not_found")
            || says(&["no models loaded", "invalid model identifier"])
        {
            return missing_model(server, model);
        }
        match self.status {
            429 | 503 | 529 => ModelError::Busy { host, detail, retry_after: self.retry_after },
            _ if says(BUSY) => ModelError::Busy { host, detail, retry_after: self.retry_after },
            502 | 504 => ModelError::Unreachable { host, detail: format!("{} {detail}", self.status) },
            300..=399 => ModelError::Server {
                host,
                status: self.status,
                detail: "it sends us to another address, which is not followed: put the final address in the settings".to_owned(),
            },
            404 | 405 => ModelError::Server {
                host,
                status: self.status,
                detail: format!("{detail} (is kind = {:?} right for this address?)", kind_word(server.settings.kind)),
            },
            status => ModelError::Server { host, status, detail },
        }
    }
}

const OVERFLOW: &[&str] = &[
    "longer than the context",
    "exceeds the available context",
    "exceed the context",
    "exceeds the context",
    "maximum context length",
    "context length exceeded",
    "context window",
    "context_length_exceeded",
    "context size has been exceeded",
];
const MEMORY: &[&str] = &[
    "out of memory",
    "more system memory",
    "cudamalloc failed",
    "unable to allocate",
];
const BUSY: &[&str] = &[
    "loading model",
    "server busy",
    "no slots available",
    "overloaded",
    "model is loading",
];

/// Which model is missing where, and how to get it.
pub fn missing_model(server: &Server, model: &str) -> ModelError {
    ModelError::ModelMissing {
        host: server.name.clone(),
        model: model.to_owned(),
        remedy: remedy(server, model),
    }
}

/// How to get a model onto a host.
pub fn remedy(server: &Server, model: &str) -> String {
    let address = server.address("").unwrap_or_default();
    match server.settings.kind {
        HostKind::Ollama
            if address.contains("127.0.0.1:11434") || address.contains("localhost:11434") =>
        {
            format!("run `ollama pull {model}`")
        }
        HostKind::Ollama => format!("run `OLLAMA_HOST={address} ollama pull {model}`"),
        _ => "load it there, or name one that the host offers in the settings".to_owned(),
    }
}

/// How the settings spell a kind.
pub fn kind_word(kind: HostKind) -> &'static str {
    match kind {
        HostKind::Ollama => "ollama",
        HostKind::OpenAi => "openai",
        HostKind::Scripted => "scripted",
    }
}

/// One piece of a stream as its kind of server sends it.
pub fn piece<T: DeserializeOwned>(server: &Server, text: &str, odd: &str) -> Result<T, ModelError> {
    serde_json::from_str(text).map_err(|error| broken(server, format!("{odd} ({error})")))
}

/// An error a server says in the midst of a stream.
pub fn said(server: &Server, model: &str, error: Option<&Value>) -> Result<(), ModelError> {
    error.map_or(Ok(()), |error| {
        Err(Report::from_value(server, 500, error).into_error(server, model))
    })
}

/// A reply that broke off.
pub fn broken(server: &Server, detail: impl Into<String>) -> ModelError {
    ModelError::Broken {
        host: server.name.clone(),
        detail: detail.into(),
    }
}

/// A limit or the end of the connection in mid reply.
pub fn cut(server: &Server, cut: &Cut) -> ModelError {
    match cut {
        Cut::TooLong(limit) => ModelError::TooLong {
            host: server.name.clone(),
            limit: *limit,
        },
        Cut::Silent(_) | Cut::Broken(_) => broken(server, one_line(&cut.to_string(), WORDS)),
    }
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

fn contains(text: &str, words: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    words.iter().any(|word| text.contains(word))
}
