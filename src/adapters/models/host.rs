//! One model server: its settings, its address rules, its clients, and what was found out about it.

use super::client::Clients;
use super::dialect::Without;
use super::openai;
use super::place::{Queue, Queues};
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::origin::Origin;
use reqwest::Url;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A host of the settings at run time.
pub struct Server {
    /// Name in the settings.
    pub name: String,
    /// As configured.
    pub settings: Host,
    /// One turn at a time, in the order they asked.
    pub queue: Arc<Queue>,
    /// Its HTTP clients, built on first use.
    pub clients: Clients,
    /// Loopback, private, or marked so; decided once.
    pub local: bool,
    /// Tokens of context that the names of this server in the settings ask for.
    pub windows: Vec<u32>,
    base: Result<String, String>,
    /// By model: what its requests are sent without.
    lacking: Mutex<BTreeMap<String, Without>>,
    /// By model: context the server itself reported, or half of what it had no memory for.
    contexts: Mutex<BTreeMap<String, u32>>,
}

impl Server {
    /// Opens nothing; a bad address is reported by the first turn or probe.
    pub fn new(name: &str, settings: &Host, queues: &Queues) -> Self {
        let url = Url::parse(settings.url.trim());
        let origin = url.as_ref().ok().and_then(Origin::of_url);
        let private = origin.is_some_and(|origin| origin.near());
        let scripted = settings.kind == HostKind::Scripted;
        let base = match url {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(base(url.as_str(), settings.kind))
            }
            _ => Err(format!(
                "{:?} is no address: write url = \"http://host:port\" for {name} in factory.toml",
                settings.url
            )),
        };
        Self {
            name: name.to_owned(),
            clients: Clients::new(settings.url.trim().starts_with("https"), private),
            settings: settings.clone(),
            queue: queues.of(&place(settings).unwrap_or_else(|| name.to_owned())),
            local: settings.local.unwrap_or(private || scripted),
            windows: Vec::new(),
            base,
            lacking: Mutex::default(),
            contexts: Mutex::default(),
        }
    }

    /// The full address of a path such as `/api/chat`, or what is wrong with the one in the settings.
    pub fn address(&self, path: &str) -> Result<String, String> {
        self.base.clone().map(|base| base + path)
    }

    /// The same for what lies beside the versioned part, such as `/slots`.
    pub fn beside(&self, path: &str) -> Result<String, String> {
        let base = self.base.clone()?;
        Ok(base.strip_suffix("/v1").unwrap_or(&base).to_owned() + path)
    }

    /// Whether a turn with this model costs nothing. A local Ollama hands some models on to a paid cloud.
    pub fn free(&self, model: &str) -> bool {
        let cloud = model.ends_with("-cloud") || model.ends_with(":cloud");
        self.local && (!cloud || self.settings.local == Some(true))
    }

    /// Tokens of context to plan with for a model.
    pub fn context(&self, model: &str) -> u32 {
        let seen = self.seen_context(model);
        let own = self.settings.num_ctx;
        seen.map_or(own, |seen| seen.min(own))
    }

    /// Context the server reported for a model, if it did.
    pub fn seen_context(&self, model: &str) -> Option<u32> {
        let contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        contexts.get(model).copied()
    }

    /// Its context is chosen there, not by what we ask for.
    pub fn tells_context(&self) -> bool {
        !matches!(self.settings.kind, HostKind::Ollama | HostKind::Anthropic)
    }

    /// Keeps the context a server tells for a model.
    pub fn saw_context(&self, model: &str, tokens: u64) {
        if let Some(tokens) = u32::try_from(tokens).ok().filter(|tokens| *tokens > 0) {
            let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
            contexts.insert(model.to_owned(), tokens);
        }
    }

    /// Asks for half the window for a model from now on, once: Ollama itself tells none.
    pub fn halve(&self, model: &str) {
        if self.seen_context(model).is_none() {
            self.saw_context(model, u64::from(self.context(model) / 2));
        }
    }

    /// What the requests of a model are sent without.
    pub fn without(&self, model: &str) -> Without {
        let lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.get(model).cloned().unwrap_or_default()
    }

    /// Remembers what a request was taken without.
    pub fn learn(&self, model: &str, without: Without) {
        let mut lacking = self.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.insert(model.to_owned(), without);
    }
}

/// Where the server itself is, the same for every name, kind and spelling of its address.
fn place(settings: &Host) -> Option<String> {
    let mut url = Url::parse(settings.url.trim()).ok()?;
    if matches!(url.host_str()?, "localhost" | "[::1]" | "0.0.0.0") {
        url.set_host(Some("127.0.0.1")).ok()?;
    }
    let base = base(url.as_str(), settings.kind);
    let base = base.strip_suffix("/v1").unwrap_or(&base);
    Some(base.trim_end_matches('/').to_owned())
}

/// The address without a trailing slash, ending where the paths of the kind begin.
fn base(url: &str, kind: HostKind) -> String {
    let mut url = url.trim_end_matches('/');
    for tail in ["/chat/completions", "/chat", "/messages", "/models"] {
        url = url.strip_suffix(tail).unwrap_or(url);
    }
    match kind {
        HostKind::Ollama | HostKind::Anthropic | HostKind::Scripted => {
            let url = url.strip_suffix("/api").unwrap_or(url);
            url.strip_suffix("/v1").unwrap_or(url).to_owned()
        }
        _ => openai::base(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_in_every_form_people_paste() {
        for url in [
            "http://h:1",
            "http://h:1/",
            "http://h:1/v1",
            "http://h:1/v1/",
            "http://h:1/v1/chat/completions",
        ] {
            assert_eq!(base(url, HostKind::OpenAi), "http://h:1/v1", "{url}");
        }
        for url in [
            "http://h:1",
            "http://h:1/",
            "http://h:1/api",
            "http://h:1/api/chat",
            "http://h:1/v1",
        ] {
            assert_eq!(base(url, HostKind::Ollama), "http://h:1", "{url}");
        }
        for url in ["https://h", "https://h/v1/", "https://h/v1/messages"] {
            assert_eq!(base(url, HostKind::Anthropic), "https://h", "{url}");
        }
        assert_eq!(
            base("http://h/openai/v3", HostKind::LmStudio),
            "http://h/openai/v3"
        );
    }
}
