//! One model server: its settings, its queue of one, its address rules and what it was found to lack.

use super::client::Clients;
use super::openai;
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::origin::Origin;
use reqwest::Url;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// A host of the settings at run time.
pub struct Server {
    /// Name in the settings.
    pub name: String,
    /// As configured.
    pub settings: Host,
    /// Fair: turns are served in the order they asked.
    pub queue: Semaphore,
    /// Its HTTP clients, built on first use.
    pub clients: Clients,
    /// Loopback, private, or marked so; decided once.
    pub local: bool,
    base: Result<String, String>,
    /// Models whose server refused a field we would like to send.
    lacking: Mutex<BTreeSet<String>>,
    /// Context the server itself reported; 0 = unknown.
    seen_context: AtomicU32,
}

impl Server {
    /// Opens nothing; a bad address is reported by the first turn or probe.
    pub fn new(name: &str, settings: &Host) -> Self {
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
            queue: Semaphore::new(1),
            local: settings.local.unwrap_or(private || scripted),
            base,
            lacking: Mutex::default(),
            seen_context: AtomicU32::new(0),
        }
    }

    /// The full address of a path such as `/api/chat`, or what is wrong with the one in the settings.
    pub fn address(&self, path: &str) -> Result<String, String> {
        self.base.clone().map(|base| base + path)
    }

    /// Whether a turn with this model costs nothing. A local Ollama hands some models on to a paid cloud.
    pub fn free(&self, model: &str) -> bool {
        let cloud = model.ends_with("-cloud") || model.ends_with(":cloud");
        self.local && (!cloud || self.settings.local == Some(true))
    }

    /// Tokens of context to plan with.
    pub fn context(&self) -> u32 {
        let seen = self.seen_context();
        let own = self.settings.num_ctx;
        seen.map_or(own, |seen| seen.min(own))
    }

    /// Context the server reported, if it did.
    pub fn seen_context(&self) -> Option<u32> {
        Some(self.seen_context.load(Ordering::Relaxed)).filter(|seen| *seen > 0)
    }

    /// Keeps the context a probe found.
    pub fn saw_context(&self, tokens: u32) {
        self.seen_context.store(tokens, Ordering::Relaxed);
    }

    /// Whether the model was found to refuse the optional fields.
    pub fn lacks(&self, model: &str) -> bool {
        self.lacking
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(model)
    }

    /// Remembers that the model refuses the optional fields.
    pub fn learn(&self, model: &str) {
        self.lacking
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(model.to_owned());
    }
}

/// The address without a trailing slash, ending where the paths of the kind begin.
fn base(url: &str, kind: HostKind) -> String {
    let mut url = url.trim_end_matches('/');
    for tail in ["/chat/completions", "/chat", "/models"] {
        url = url.strip_suffix(tail).unwrap_or(url);
    }
    match kind {
        HostKind::OpenAi => openai::base(url),
        HostKind::Ollama | HostKind::Scripted => {
            let url = url.strip_suffix("/api").unwrap_or(url);
            url.strip_suffix("/v1").unwrap_or(url).to_owned()
        }
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
        assert_eq!(
            base("http://h/openai/v3", HostKind::OpenAi),
            "http://h/openai/v3"
        );
    }
}
