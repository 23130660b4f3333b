//! Hosts from settings: kinds, addresses, waits, and the keys that belong to their origin.

use super::build::Builder;
use super::entry::Value;
use super::keys::KeyPlace;
use super::{Inputs, Problem, Source, ollama};
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::origin::Origin;
use crate::text::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Context asked of a host that names none: fits a 14B model on a 16 GB card.
const NUM_CTX: i64 = 16_384;
/// Bytes of a reply above which it is dropped: fifty times what the token limits allow.
const MAX_BYTES: usize = 2 << 20;
/// A base address, a kind and where the host came from.
struct Base {
    kind: HostKind,
    url: String,
}

impl Builder<'_> {
    /// Hosts people named; without any, this machine's Ollama and whatever the probe found.
    pub(super) fn hosts(&mut self, inputs: &Inputs) -> BTreeMap<String, Host> {
        let named: BTreeSet<String> = self
            .merged
            .keys()
            .filter(|path| path.first().is_some_and(|top| top == "hosts"))
            .filter_map(|path| path.get(1).cloned())
            .collect();
        let mut hosts = BTreeMap::new();
        for name in &named {
            if let Some(base) = self.base(name) {
                hosts.insert(name.clone(), self.host(name, base, inputs));
            }
        }
        if !named.is_empty() {
            return hosts;
        }
        let (url, source) = match inputs.env.get("OLLAMA_HOST") {
            Some(value) => (
                ollama::address(value),
                Source::Variable("OLLAMA_HOST".to_owned()),
            ),
            None => (ollama::address(""), Source::BuiltIn),
        };
        self.unnamed(&mut hosts, "ollama", HostKind::Ollama, url, source, inputs);
        for found in inputs.probed.iter().filter(|found| found.name != "ollama") {
            let kind = kind_of(&found.kind);
            let url = found.url.clone();
            self.unnamed(&mut hosts, &found.name, kind, url, Source::Probe, inputs);
        }
        hosts
    }

    fn unnamed(
        &mut self,
        hosts: &mut BTreeMap<String, Host>,
        name: &str,
        kind: HostKind,
        url: String,
        source: Source,
        inputs: &Inputs,
    ) {
        self.show(
            &format!("hosts.{name}.kind"),
            format!("\"{}\"", kind_word(kind)),
            source.clone(),
        );
        self.show(&format!("hosts.{name}.url"), format!("\"{url}\""), source);
        let host = self.host(name, Base { kind, url }, inputs);
        hosts.insert(name.to_owned(), host);
    }

    /// Kind and address of a named host; what is absent is taken from the other.
    fn base(&mut self, name: &str) -> Option<Base> {
        let kind_key = format!("hosts.{name}.kind");
        let url_key = format!("hosts.{name}.url");
        let kind = self.text(&kind_key);
        let url = self.text(&url_key);
        let source = self.host_source(name)?;
        let guessed = match (&kind, &url) {
            (Some(kind), _) => Some(kind.clone()),
            (None, Some(url)) => guess(url).map(str::to_owned),
            (None, None) => None,
        };
        let Some(word) = guessed else {
            self.problems.push(Problem {
                source,
                sentence: format!(
                    "hosts.{name} has no kind, and its port does not tell: add kind = \"ollama\" or \"openai\""
                ),
            });
            return None;
        };
        if kind.is_none() {
            self.show(&kind_key, format!("\"{word}\""), Source::BuiltIn);
        }
        let kind = kind_of(&word);
        let url = match url.or_else(|| usual_address(&word).map(str::to_owned)) {
            Some(url) => url,
            None if kind == HostKind::Scripted => String::new(),
            None => {
                self.problems.push(Problem {
                    source,
                    sentence: format!("hosts.{name} has no url: add url = \"http://...\""),
                });
                return None;
            }
        };
        Some(Base { kind, url })
    }

    /// Where a host was first named.
    pub(super) fn host_source(&self, name: &str) -> Option<Source> {
        self.merged
            .iter()
            .find(|(path, _)| {
                path.get(1).is_some_and(|n| n == name)
                    && path.first().is_some_and(|top| top == "hosts")
            })
            .map(|(_, entry)| entry.source.clone())
    }

    fn host(&mut self, name: &str, base: Base, inputs: &Inputs) -> Host {
        let key = |leaf: &str| format!("hosts.{name}.{leaf}");
        let scripted = base.kind == HostKind::Scripted;
        let local = match self.set(&key("local")) {
            Some(Value::Flag(flag)) => Some(flag),
            _ => None,
        };
        let replies = self.text(&key("replies")).map(|folder| match &inputs.home {
            Some(home) => home.join(folder),
            None => PathBuf::from(folder),
        });
        let mut host = Host {
            kind: base.kind,
            url: base.url,
            num_ctx: u32::try_from(NUM_CTX).unwrap_or(u32::MAX),
            keep_alive: self
                .text(&key("keep_alive"))
                .unwrap_or_else(|| "30m".to_owned()),
            local,
            key: None,
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(120),
            whole: Duration::from_secs(1800),
            max_bytes: MAX_BYTES,
            pace: 0,
            replies,
        };
        if scripted {
            host.pace = u64::try_from(self.whole(&key("pace_ms"), 0)).unwrap_or(0);
        } else {
            host.num_ctx = self.small(&key("num_ctx"), host.num_ctx);
            host.first_byte = self.seconds(&key("first_byte_s"), 600);
            host.idle = self.seconds(&key("idle_s"), 120);
            host.whole = self.seconds(&key("whole_s"), 1800);
        }
        host
    }

    /// Keys of the user's own file go to the hosts of exactly their origin.
    pub(super) fn keys(
        &mut self,
        hosts: &mut BTreeMap<String, Host>,
        resolve: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
    ) {
        let labels: BTreeSet<String> = self
            .merged
            .keys()
            .filter(|path| path.first().is_some_and(|top| top == "keys"))
            .filter_map(|path| path.get(1).cloned())
            .collect();
        for label in labels {
            let Some(first) = self.key_source(&label) else {
                continue;
            };
            match self.key_place(&label) {
                Err(sentence) => self.problems.push(Problem {
                    source: first,
                    sentence,
                }),
                Ok((origin, place)) => {
                    let used: Vec<&mut Host> = hosts
                        .values_mut()
                        .filter(|host| Origin::of(&host.url).as_ref() == Some(&origin))
                        .collect();
                    if used.is_empty() {
                        continue;
                    }
                    match resolve(&place) {
                        Ok(secret) => {
                            for host in used {
                                host.key = Some(secret.clone());
                            }
                        }
                        Err(sentence) => self.problems.push(Problem {
                            source: first,
                            sentence: format!("keys.{label}: {sentence}"),
                        }),
                    }
                }
            }
        }
    }

    fn key_source(&self, label: &str) -> Option<Source> {
        self.merged
            .iter()
            .find(|(path, _)| {
                path.first().is_some_and(|top| top == "keys")
                    && path.get(1).is_some_and(|n| n == label)
            })
            .map(|(_, entry)| entry.source.clone())
    }

    fn key_place(&mut self, label: &str) -> Result<(Origin, KeyPlace), String> {
        let plain = matches!(
            self.set(&format!("keys.{label}.plain_http")),
            Some(Value::Flag(true))
        );
        let origin = self.text(&format!("keys.{label}.origin"));
        let places: Vec<KeyPlace> = [
            self.text(&format!("keys.{label}.env"))
                .map(KeyPlace::Variable),
            self.text(&format!("keys.{label}.file")).map(KeyPlace::File),
            self.text(&format!("keys.{label}.command"))
                .map(KeyPlace::Command),
        ]
        .into_iter()
        .flatten()
        .collect();
        let origin = origin.as_deref().and_then(Origin::of).ok_or_else(|| {
            format!("keys.{label} has no origin: add origin = \"https://...\", the server the key belongs to")
        })?;
        if !plain && !origin.keeps_secrets() {
            return Err(format!(
                "keys.{label} would travel to {origin} for everyone on the way to read: use https there, or allow it with keys.{label}.plain_http = true"
            ));
        }
        match <[KeyPlace; 1]>::try_from(places) {
            Ok([place]) => Ok((origin, place)),
            Err(_) => Err(format!(
                "keys.{label} needs exactly one of env, file and command"
            )),
        }
    }
}

/// What speaks at a kind's word.
fn kind_of(word: &str) -> HostKind {
    match word {
        "ollama" => HostKind::Ollama,
        "scripted" => HostKind::Scripted,
        _ => HostKind::OpenAi,
    }
}

/// A kind as settings write it.
fn kind_word(kind: HostKind) -> &'static str {
    match kind {
        HostKind::Ollama => "ollama",
        HostKind::OpenAi => "openai",
        HostKind::Scripted => "scripted",
    }
}

/// The kind a port tells.
fn guess(url: &str) -> Option<&'static str> {
    match Origin::of(url)?.port() {
        11434 => Some("ollama"),
        1234 => Some("lmstudio"),
        8080 | 9931 => Some("llamacpp"),
        8000 => Some("vllm"),
        _ => None,
    }
}

/// Where a kind listens unless told otherwise.
fn usual_address(word: &str) -> Option<&'static str> {
    match word {
        "ollama" => Some("http://127.0.0.1:11434"),
        "lmstudio" => Some("http://127.0.0.1:1234"),
        "llamacpp" => Some("http://127.0.0.1:8080"),
        "vllm" => Some("http://127.0.0.1:8000"),
        _ => None,
    }
}
