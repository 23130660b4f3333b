//! Hosts from settings: kinds, addresses, waits, and the keys that belong to their origin.

use super::build::Builder;
use super::entry::Value;
use super::keys::KeyPlace;
use super::{Inputs, Probed, Problem, Source, ollama, variables};
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::origin::Origin;
use crate::text::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Context asked of a host that names none: fits a 14B model on a 16 GB card.
const NUM_CTX: u32 = 16_384;
/// Context of the smallest model Anthropic serves, tokens.
const ANTHROPIC_CTX: u32 = 200_000;
/// Bytes of a reply above which it is dropped: fifty times what the token limits allow.
const MAX_BYTES: usize = 2 << 20;
/// Ollama's own variable for its address.
const OLLAMA: &str = "OLLAMA_HOST";
/// First wait before a host is asked again, milliseconds: a server that restarts is back within seconds.
const RETRY_MS: u32 = 1_000;
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
            if let Some(base) = self.base(name, inputs) {
                hosts.insert(name.clone(), self.host(name, base, inputs));
            }
        }
        self.vendors(&mut hosts, inputs);
        if !named.is_empty() {
            return hosts;
        }
        let (url, source) = match inputs.env.get(OLLAMA) {
            Some(value) => (ollama::address(value), Source::Variable(OLLAMA.to_owned())),
            None => (ollama::address(""), Source::BuiltIn),
        };
        self.unnamed(&mut hosts, "ollama", HostKind::Ollama, url, source, inputs);
        for found in inputs.probed.iter().filter(|found| found.name != "ollama") {
            let url = found.url.clone();
            self.unnamed(
                &mut hosts,
                &found.name,
                found.kind,
                url,
                Source::Probe,
                inputs,
            );
        }
        hosts
    }

    /// Vendors that a role names and whose key the user's environment holds, under their usual names. A soul alone brings no
    /// vendor in: what costs money is chosen in settings.
    fn vendors(&mut self, hosts: &mut BTreeMap<String, Host>, inputs: &Inputs) {
        for vendor in variables::VENDORS {
            let word = vendor.kind.word();
            let set = |name: &&&str| inputs.key_variables.contains(**name);
            let Some(variable) = vendor.keys.iter().find(set) else {
                continue;
            };
            let known = hosts.contains_key(word) || self.host_source(word).is_some();
            if vendor.local || known || !self.names_host(word) {
                continue;
            }
            let source = Source::Variable((*variable).to_owned());
            let url = vendor.address(&inputs.env);
            self.unnamed(hosts, word, vendor.kind, url, source, inputs);
        }
    }

    /// A role's model or fallback is on a host of this name.
    fn names_host(&self, host: &str) -> bool {
        let on = |text: &str| text.split_once('/').is_some_and(|(name, _)| name == host);
        let roles = self
            .merged
            .iter()
            .filter(|(path, _)| path.first().is_some_and(|top| top == "roles"));
        roles.into_iter().any(|(_, entry)| match &entry.value {
            Value::Text(text) => on(text),
            Value::List(texts) => texts.iter().any(|text| on(text)),
            _ => false,
        })
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
            format!("\"{}\"", kind.word()),
            source.clone(),
        );
        self.show(&format!("hosts.{name}.url"), format!("\"{url}\""), source);
        let host = self.host(name, Base { kind, url }, inputs);
        hosts.insert(name.to_owned(), host);
    }

    /// Kind and address of a named host; what is absent is taken from the other.
    fn base(&mut self, name: &str, inputs: &Inputs) -> Option<Base> {
        let kind_key = format!("hosts.{name}.kind");
        let url_key = format!("hosts.{name}.url");
        let kind = self.text(&kind_key);
        let url = self.text(&url_key);
        let source = self.host_source(name)?;
        let known = kind.as_deref().and_then(HostKind::of);
        let Some(kind_found) = known.or_else(|| guess(url.as_deref()?, inputs)) else {
            let at = url.map_or(String::new(), |url| {
                format!(" and nothing known answers at {url}")
            });
            self.problems.push(Problem {
                source,
                sentence: format!(
                    "hosts.{name} has no kind, its port does not tell{at}: add kind = \"ollama\" or one of {}",
                    super::schema::KINDS.join(", ")
                ),
            });
            return None;
        };
        if kind.is_none() {
            let word = kind_found.word();
            self.show(&kind_key, format!("\"{word}\""), Source::Probe);
        }
        let url = url.or_else(|| self.told_by_ollama(&url_key, kind_found, inputs));
        let url = match url.or_else(|| variables::usual_address(kind_found).map(str::to_owned)) {
            Some(url) => url,
            None if kind_found == HostKind::Scripted => String::new(),
            None => {
                self.problems.push(Problem {
                    source,
                    sentence: format!("hosts.{name} has no url: add url = \"http://...\""),
                });
                return None;
            }
        };
        Some(Base {
            kind: kind_found,
            url,
        })
    }

    /// The address of an Ollama that is named without one, where its own variable tells it.
    fn told_by_ollama(&mut self, key: &str, kind: HostKind, inputs: &Inputs) -> Option<String> {
        let value = inputs
            .env
            .get(OLLAMA)
            .filter(|_| kind == HostKind::Ollama)?;
        let url = ollama::address(value);
        self.show(
            key,
            format!("\"{url}\""),
            Source::Variable(OLLAMA.to_owned()),
        );
        Some(url)
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
        let mut host = bare_host(&base.url);
        host.kind = base.kind;
        if host.kind == HostKind::Anthropic {
            host.num_ctx = ANTHROPIC_CTX;
        }
        host.local = local;
        host.replies = replies;
        if let Some(keep) = self.text(&key("keep_alive")) {
            host.keep_alive = keep;
        }
        if scripted {
            host.pace = u64::try_from(self.whole(&key("pace_ms"), 0)).unwrap_or(0);
        } else {
            host.num_ctx = self.small(&key("num_ctx"), host.num_ctx);
            host.first_byte = self.seconds(&key("first_byte_s"), 600);
            host.idle = self.seconds(&key("idle_s"), 120);
            host.whole = self.seconds(&key("whole_s"), 1800);
            host.alive = self.seconds(&key("alive_s"), 10);
            let retry = self.small(&key("retry_ms"), RETRY_MS);
            host.retry = Duration::from_millis(u64::from(retry));
        }
        host
    }

    /// Keys of the user's own file go to the hosts of exactly their origin.
    pub(super) fn keys(
        &mut self,
        hosts: &mut BTreeMap<String, Host>,
        inputs: &Inputs,
        resolve: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
    ) {
        for host in hosts.values_mut() {
            usual_key(host, inputs, resolve);
        }
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
                Ok((origin, place, bearer)) => {
                    let known = (origin.clone(), place.clone(), bearer);
                    self.places.insert(label.clone(), known);
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
                                host.key_facts = Some(place.facts(&secret));
                                host.key = Some(secret.clone());
                                host.bearer = bearer;
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

    fn key_place(&mut self, label: &str) -> Result<(Origin, KeyPlace, bool), String> {
        let mut flag = |leaf: &str| match self.set(&format!("keys.{label}.{leaf}")) {
            Some(Value::Flag(flag)) => Some(flag),
            _ => None,
        };
        let plain = flag("plain_http") == Some(true);
        let bearer = flag("bearer");
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
            Ok([place]) => {
                let token = matches!(&place, KeyPlace::Variable(name) if name == variables::BEARER);
                Ok((origin, place, bearer.unwrap_or(token)))
            }
            Err(_) => Err(format!(
                "keys.{label} needs exactly one of env, file and command"
            )),
        }
    }
}

/// The key of a variable that is usual for the host's kind of server, where it is set.
fn usual_key(
    host: &mut Host,
    inputs: &Inputs,
    resolve: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
) {
    let name = variables::key(host.kind, &host.url, inputs);
    host.bearer = name == Some(variables::BEARER);
    let Some(name) = name else { return };
    let place = KeyPlace::Variable(name.to_owned());
    if let Ok(key) = resolve(&place) {
        host.key_facts = Some(place.facts(&key));
        host.key = Some(key);
    }
}

/// A server as it is taken when nothing but its address is known.
#[must_use]
pub fn bare_host(url: &str) -> Host {
    Host {
        kind: HostKind::OpenAi,
        url: url.to_owned(),
        num_ctx: NUM_CTX,
        keep_alive: "30m".to_owned(),
        local: None,
        key: None,
        key_facts: None,
        bearer: false,
        first_byte: Duration::from_secs(600),
        idle: Duration::from_secs(120),
        whole: Duration::from_secs(1800),
        alive: Duration::from_secs(10),
        retry: Duration::from_millis(u64::from(RETRY_MS)),
        max_bytes: MAX_BYTES,
        pace: 0,
        replies: None,
    }
}

/// The kind a port tells, or what was found to answer there.
fn guess(url: &str, inputs: &Inputs) -> Option<HostKind> {
    let origin = Origin::of(url)?;
    let same = |found: &&Probed| Origin::of(&found.url).as_ref() == Some(&origin);
    let answered = inputs.probed.iter().find(same).map(|found| found.kind);
    answered.or_else(|| variables::kind_of_port(origin.port()))
}
