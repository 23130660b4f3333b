//! Which model each role works with: settings, else its soul's, else the usual one of the host at hand.

use super::build::Builder;
use super::{Inputs, Source};
use crate::agents::acting::Style;
use crate::domain::phase::Role;
use crate::factory::ports::settings::{Host, HostKind, ModelRef, RoleSettings};
use std::collections::BTreeMap;

/// The model taken on an Ollama host when nothing names one.
pub const OLLAMA_MODEL: &str = "qwen3:14b";

/// A role's word in keys and file names.
fn word(role: Role) -> &'static str {
    match role {
        Role::Developer => "developer",
        Role::Qa => "qa",
        Role::Supervisor => "supervisor",
    }
}

impl Builder<'_> {
    pub(super) fn role(
        &mut self,
        role: Role,
        inputs: &Inputs,
        hosts: &BTreeMap<String, Host>,
    ) -> RoleSettings {
        let key = |leaf: &str| format!("roles.{}.{leaf}", word(role));
        let external = self.text(&key("runner")).as_deref() == Some("external");
        let schedule = self.text(&key("schedule"));
        let edits = match role {
            Role::Developer => self.edits(),
            _ => None,
        };
        let thoughtless = !self.flag(&key("think"), true);
        let model = match self.text(&key("model")) {
            Some(text) => self.named_model(&key("model"), &text, hosts),
            None => self.default_model(role, &key("model"), inputs, hosts),
        };
        let fallback = self.named_models(&key("fallback"), hosts);
        let others = self.named_models(&key("others"), hosts);
        RoleSettings {
            model,
            fallback,
            others,
            schedule,
            external,
            edits,
            thoughtless,
        }
    }

    fn edits(&mut self) -> Option<Style> {
        let key = "roles.developer.edits";
        let Some(word) = self.text(key) else {
            self.show(key, "\"files\"".to_owned(), Source::BuiltIn);
            return None;
        };
        match word.as_str() {
            "tools" => Some(Style::Tools),
            "actions" => Some(Style::Actions),
            _ => None,
        }
    }

    fn named_models(&mut self, key: &str, hosts: &BTreeMap<String, Host>) -> Vec<ModelRef> {
        let texts = self.list(key);
        let known = texts
            .iter()
            .filter_map(|text| self.named_model(key, text, hosts));
        known.collect()
    }

    fn named_model(
        &mut self,
        key: &str,
        text: &str,
        hosts: &BTreeMap<String, Host>,
    ) -> Option<ModelRef> {
        let (host, model) = text.split_once('/')?;
        // A host with a problem of its own is reported there, once.
        if !hosts.contains_key(host) && self.host_source(host).is_none() {
            let known: Vec<&str> = hosts.keys().map(String::as_str).collect();
            let hint = super::schema::nearest(host, &known).map_or(String::new(), |word| {
                format!("; did you mean \"{word}/{model}\"?")
            });
            let sentence = format!(
                "{key} is \"{text}\", but no host is named {host} (hosts: {}){hint}",
                if known.is_empty() {
                    "none".to_owned()
                } else {
                    known.join(", ")
                }
            );
            self.wrong(key, sentence);
        }
        Some(ModelRef {
            host: host.to_owned(),
            model: model.to_owned(),
        })
    }

    /// The soul's model where its host is known, else the usual one of the host at hand. No supervisor by default.
    fn default_model(
        &mut self,
        role: Role,
        key: &str,
        inputs: &Inputs,
        hosts: &BTreeMap<String, Host>,
    ) -> Option<ModelRef> {
        let [developer, qa, supervisor] = &inputs.souls;
        let soul = match role {
            Role::Developer => developer,
            Role::Qa => qa,
            Role::Supervisor => supervisor,
        };
        if let Some(model) = soul.as_deref().and_then(|text| of_soul(text, role, hosts)) {
            self.show(key, format!("\"{model}\""), Source::Soul(word(role)));
            return Some(model);
        }
        if role == Role::Supervisor {
            return None;
        }
        let (model, source) = usual_model(inputs, hosts)?;
        self.show(key, format!("\"{model}\""), source);
        Some(model)
    }
}

/// A soul's `host/model` with a known host, or a bare model id on the only Ollama host. A reviewer is only taken by its full name.
fn of_soul(text: &str, role: Role, hosts: &BTreeMap<String, Host>) -> Option<ModelRef> {
    if let Some((host, model)) = text.split_once('/')
        && hosts.contains_key(host)
        && !model.is_empty()
    {
        return Some(ModelRef {
            host: host.to_owned(),
            model: model.to_owned(),
        });
    }
    let mut local = hosts
        .iter()
        .filter(|(_, host)| host.kind == HostKind::Ollama);
    match (local.next(), local.next()) {
        (Some((name, _)), None) if role != Role::Supervisor && !text.contains('/') => {
            Some(ModelRef {
                host: name.clone(),
                model: text.to_owned(),
            })
        }
        _ => None,
    }
}

/// What Developer and QA work with when nothing names a model.
fn usual_model(inputs: &Inputs, hosts: &BTreeMap<String, Host>) -> Option<(ModelRef, Source)> {
    let found = |name: &str| inputs.probed.iter().find(|found| found.name == name);
    let served = hosts.iter().find_map(|(name, host)| {
        let models = &found(name)
            .filter(|_| host.kind != HostKind::Ollama)?
            .models;
        let model = choose(models)?;
        Some(ModelRef {
            host: name.clone(),
            model: model.to_owned(),
        })
    });
    let ollama = hosts
        .iter()
        .find(|(_, host)| host.kind == HostKind::Ollama)
        .map(|(name, _)| ModelRef {
            host: name.clone(),
            model: OLLAMA_MODEL.to_owned(),
        });
    match (found("ollama").is_some(), served, ollama) {
        (false, Some(served), _) | (_, Some(served), None) => Some((served, Source::Probe)),
        (_, _, ollama) => ollama.map(|model| (model, Source::BuiltIn)),
    }
}

/// The model to take from what a server offers: a coder of the Qwen family first.
#[must_use]
pub fn choose(models: &[String]) -> Option<&str> {
    let with = |word: &str| {
        models
            .iter()
            .find(|model| model.to_lowercase().contains(word))
    };
    models
        .iter()
        .find(|model| *model == OLLAMA_MODEL)
        .or_else(|| with("qwen3"))
        .or_else(|| with("coder"))
        .or_else(|| {
            models
                .iter()
                .find(|model| !model.to_lowercase().contains("embed"))
        })
        .map(String::as_str)
}
