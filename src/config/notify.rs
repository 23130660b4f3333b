//! `[notify]`: whom to tell what, by which way, with which key.

use super::Problem;
use super::build::Builder;
use super::entry::Value;
use super::keys::KeyPlace;
use crate::domain::notice::{Quiet, Rules, Severity};
use crate::factory::ports::notifier::{NotifySettings, Target, Way};
use crate::text::origin::Origin;
use crate::text::secret::Secret;
use std::collections::BTreeSet;

impl Builder<'_> {
    /// Targets and rules; a target with a mistake is a problem.
    pub(super) fn notify(
        &mut self,
        resolve: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
    ) -> NotifySettings {
        let d = Rules::default();
        let mut rules = Rules {
            quiet: self.text("notify.quiet").and_then(|text| Quiet::of(&text)),
            loud: self.severities("notify.quiet_except").unwrap_or_default(),
            repeat: self.small("notify.repeat_minutes", d.repeat),
            per_hour: self.small("notify.per_hour", d.per_hour),
            ..d
        };
        let mut settings = NotifySettings::default();
        for name in self.target_names() {
            match self.target(&name, resolve) {
                Ok(target) => {
                    let on = self.severities(&format!("notify.{name}.on"));
                    let all = || Severity::WORDS.iter().map(|(one, _)| *one).collect();
                    rules.targets.insert(name.clone(), on.unwrap_or_else(all));
                    settings.targets.insert(name, target);
                }
                Err(sentence) => {
                    let first = self.merged.iter().find(|(path, _)| of(path) == Some(&name));
                    if let Some((_, entry)) = first {
                        let source = entry.source.clone();
                        self.problems.push(Problem { source, sentence });
                    }
                }
            }
        }
        settings.rules = rules;
        settings
    }

    fn target_names(&self) -> BTreeSet<String> {
        self.merged
            .keys()
            .filter_map(|path| of(path))
            .cloned()
            .collect()
    }

    fn severities(&mut self, key: &str) -> Option<BTreeSet<Severity>> {
        match self.set(key)? {
            Value::List(words) => {
                Some(words.iter().filter_map(|word| Severity::of(word)).collect())
            }
            _ => None,
        }
    }

    fn target(
        &mut self,
        name: &str,
        resolve: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
    ) -> Result<Target, String> {
        let command = self.text(&format!("notify.{name}.command"));
        let ntfy = self.address(&format!("notify.{name}.ntfy"));
        let webhook = self.address(&format!("notify.{name}.webhook"));
        let (way, address) = match (command, ntfy, webhook) {
            (Some(words), None, None) => (Way::Command(words), None),
            (None, Some(url), None) => (Way::Ntfy(url.clone()), Some(url)),
            (None, None, Some(url)) => (Way::Webhook(url.clone()), Some(url)),
            _ => {
                return Err(format!(
                    "notify.{name} needs exactly one of command, ntfy and webhook"
                ));
            }
        };
        let origin = address.as_deref().and_then(Origin::of);
        if origin
            .as_ref()
            .is_some_and(|origin| !origin.keeps_secrets())
        {
            return Err(format!(
                "notify.{name} would send over plain http through networks of others: use https, or an address of this computer or its own network"
            ));
        }
        let key = match self.text(&format!("notify.{name}.key")) {
            Some(label) => Some(self.key(name, &label, origin, resolve)?),
            None => None,
        };
        if matches!(&way, Way::Ntfy(url) if topicless(url)) {
            return Err(format!(
                "notify.{name}.ntfy names no topic: write the whole address, such as \"https://ntfy.sh/TOPIC\""
            ));
        }
        Ok(Target { way, key })
    }

    /// An address; only its server is shown, since whoever knows the rest may send there, or listen.
    fn address(&mut self, key: &str) -> Option<String> {
        let entry = self.entry(key)?.clone();
        let Value::Text(url) = entry.value else {
            return None;
        };
        let origin = Origin::of(&url).map_or(String::new(), |origin| origin.to_string());
        self.show(key, format!("\"{origin}/...\""), entry.source);
        Some(url)
    }

    fn key(
        &self,
        name: &str,
        label: &str,
        origin: Option<Origin>,
        resolve: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
    ) -> Result<Secret, String> {
        let Some(origin) = origin else {
            return Err(format!("notify.{name} is a command and takes no key"));
        };
        let Some((owner, place, _)) = self.places.get(label) else {
            return Err(format!(
                "notify.{name}.key is \"{label}\", and there is no [keys.{label}]: add it, with origin = \"{origin}\" and one of env, file and command"
            ));
        };
        if *owner != origin {
            return Err(format!(
                "notify.{name}.key is \"{label}\", which belongs to {owner} and does not go to {origin}"
            ));
        }
        resolve(place).map_err(|sentence| format!("keys.{label}: {sentence}"))
    }
}

/// The target a key is about.
fn of(path: &[String]) -> Option<&String> {
    match path {
        [top, name, _] if top == "notify" => Some(name),
        _ => None,
    }
}

fn topicless(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/')
        .is_none_or(|(_, path)| path.trim_matches('/').is_empty())
}
