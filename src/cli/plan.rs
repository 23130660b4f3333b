//! What a new home's settings will say: answers from flags, questions or a probe, written as TOML.

use super::args::InitArgs;
use super::out::Fail;
use crate::config::keys::KeyPlace;
use crate::config::variables::{self, Vendor};
use crate::config::{Probed, roles, schema};
use crate::factory::ports::settings::HostKind;
use crate::text::origin::Origin;
use std::collections::BTreeMap;

/// A model server as `--host` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// Name in settings.
    pub name: String,
    /// Kind; None = told by the port.
    pub kind: Option<String>,
    /// Base address.
    pub url: String,
}

/// Everything `init` was told or found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Model servers.
    pub hosts: Vec<HostSpec>,
    /// Models by role word.
    pub models: Vec<(&'static str, String)>,
    /// Where the key is.
    pub key: Option<KeyPlace>,
    /// USD in 24 hours.
    pub day_limit: Option<f64>,
}

impl Plan {
    /// What the flags say.
    pub fn from_flags(args: &InitArgs) -> Result<Self, Fail> {
        let hosts = args
            .hosts
            .iter()
            .map(|text| host(text))
            .collect::<Result<Vec<_>, _>>()?;
        let models = [
            ("developer", &args.developer),
            ("qa", &args.qa),
            ("supervisor", &args.supervisor),
        ]
        .into_iter()
        .filter_map(|(role, model)| Some((role, model.clone()?)))
        .collect();
        if let Some(limit) = args
            .day_limit
            .filter(|limit| !limit.is_finite() || *limit < 0.0)
        {
            return Err(Fail::usage(format!(
                "--day-limit {limit}: write an amount in USD, such as 5"
            )));
        }
        Ok(Self {
            hosts,
            models,
            key: place(args)?,
            day_limit: args.day_limit,
        })
    }

    /// Takes over what was found on this machine, where nothing was named.
    pub fn take(&mut self, found: &[Probed]) {
        if !self.hosts.is_empty() {
            return;
        }
        let first = found.iter().find_map(|server| {
            let model = roles::choose(&server.models)?;
            Some(format!("{}/{model}", server.name))
        });
        self.hosts = found
            .iter()
            .map(|server| HostSpec {
                name: server.name.clone(),
                kind: Some(server.kind.word().to_owned()),
                url: server.url.clone(),
            })
            .collect();
        if let Some(model) = first {
            for role in ["developer", "qa"] {
                if !self.models.iter().any(|(named, _)| *named == role) {
                    self.models.push((role, model.clone()));
                }
            }
        }
    }

    /// The server a role's model is on, by the name before the slash.
    fn server(&self, role: &str) -> Option<&str> {
        let (_, model) = self.models.iter().find(|(named, _)| *named == role)?;
        model.split_once('/').map(|(name, _)| name)
    }

    /// Vendors that roles name by their usual names and that nothing says more of.
    pub fn vendors(&self) -> Vec<&'static Vendor> {
        let named = |word: &str| {
            let mut roles = self.models.iter();
            roles.any(|(role, _)| self.server(role) == Some(word))
                && !self.hosts.iter().any(|host| host.name == word)
        };
        let all = variables::VENDORS.iter();
        all.filter(|vendor| !vendor.local && named(vendor.kind.word()))
            .collect()
    }

    /// Brings in the vendors the key may be for, where they usually are: by itself only a key in its usual variable does so.
    pub fn bring_vendors(&mut self, env: &BTreeMap<String, String>) {
        let vendors = self.vendors();
        if self.key.is_none() || vendors.is_empty() {
            return;
        }
        let spec = |kind: HostKind, url: String| HostSpec {
            name: kind.word().to_owned(),
            kind: Some(kind.word().to_owned()),
            url,
        };
        // Where any host is named, this machine's Ollama must be, too.
        if self.hosts.is_empty() {
            let ollama = variables::address(HostKind::Ollama, env);
            self.hosts
                .extend(ollama.map(|url| spec(HostKind::Ollama, url)));
        }
        let vendors = vendors.into_iter();
        self.hosts
            .extend(vendors.map(|vendor| spec(vendor.kind, vendor.usual.to_owned())));
    }

    /// The server the key is for: the only far one, beside which a near one seldom asks for a key, or the only one. Of
    /// several it is the supervisor's, where that is a vendor or none of them is.
    fn owner(&self) -> Result<&HostSpec, Fail> {
        let origin = |host: &HostSpec| Origin::of(&host.url);
        // Ollama asks for none wherever it is.
        let far = |host: &HostSpec| {
            host.kind.as_deref() != Some(HostKind::Ollama.word())
                && origin(host).is_some_and(|origin| !origin.near())
        };
        let vendor = |host: &&HostSpec| {
            let mut vendors = variables::VENDORS.iter().filter(|vendor| !vendor.local);
            vendors.any(|vendor| Origin::of(vendor.usual) == origin(host))
        };
        // A key belongs to an origin, whatever its hosts are called.
        let among = |all: &[&HostSpec], host: &HostSpec| {
            all.iter().any(|known| origin(known) == origin(host))
        };
        let any_far = self.hosts.iter().any(far);
        let mut owners: Vec<&HostSpec> = Vec::new();
        for host in self.hosts.iter().filter(|host| far(host) || !any_far) {
            if !among(&owners, host) {
                owners.push(host);
            }
        }
        if let Some(name) = self.server("supervisor") {
            let own = self.hosts.iter().find(|host| host.name == name).ok_or_else(|| {
                Fail::usage(format!(
                    "the key is for the supervisor's server, and nothing says where {name} is: add --host {name}=KIND:URL"
                ))
            })?;
            if vendor(&own) || (among(&owners, own) && !owners.iter().any(vendor)) {
                return Ok(own);
            }
        }
        match owners.as_slice() {
            [only] => Ok(only),
            [] => Err(Fail::usage(
                "the key belongs to which server? Name it with --host",
            )),
            many => {
                let names: Vec<&str> = many.iter().map(|host| host.name.as_str()).collect();
                Err(Fail::usage(format!(
                    "the key belongs to which server, {}? Name a model of that vendor with --supervisor, or leave the key out and write [keys.NAME] into your own settings file",
                    names.join(" or ")
                )))
            }
        }
    }

    /// The lines that go below the commented starter settings.
    #[must_use]
    pub fn toml(&self) -> String {
        let mut text = String::new();
        for host in &self.hosts {
            text.push_str(&format!("\n[hosts.{}]\n", host.name));
            if let Some(kind) = &host.kind {
                text.push_str(&format!("kind = {}\n", quoted(kind)));
            }
            text.push_str(&format!("url = {}\n", quoted(&host.url)));
        }
        for (role, model) in &self.models {
            text.push_str(&format!("\n[roles.{role}]\nmodel = {}\n", quoted(model)));
        }
        if let Some(limit) = self.day_limit {
            text.push_str(&format!("\n[limits]\nday_usd = {limit:?}\n"));
        }
        if text.is_empty() {
            return text;
        }
        format!("\n# Written by init.\n{text}")
    }

    /// The key's table for the user's own file: its name and text.
    pub fn key_table(&self) -> Result<Option<(String, String)>, Fail> {
        let Some(place) = &self.key else {
            return Ok(None);
        };
        let host = self.owner()?;
        let origin = Origin::of(&host.url).ok_or_else(|| {
            Fail::usage(format!(
                "--host {}: \"{}\" is no address",
                host.name, host.url
            ))
        })?;
        let (word, value) = match place {
            KeyPlace::Variable(name) => ("env", name),
            KeyPlace::File(file) => ("file", file),
            KeyPlace::Command(command) => ("command", command),
        };
        let text = format!(
            "[keys.{}]\norigin = {}\n{word} = {}\n",
            host.name,
            quoted(&origin.to_string()),
            quoted(value)
        );
        Ok(Some((host.name.clone(), text)))
    }
}

fn place(args: &InitArgs) -> Result<Option<KeyPlace>, Fail> {
    let file = args.key_file.clone().map(KeyPlace::File);
    let env = args.key_env.as_deref().map(variable).transpose()?;
    let command = args.key_command.clone().map(KeyPlace::Command);
    Ok(file.or(env).or(command))
}

/// A variable's name. What is none may well be the key itself, so it is neither kept nor repeated.
pub fn variable(name: &str) -> Result<KeyPlace, Fail> {
    let tame = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(tame) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(Fail::usage(
            "that is no variable's name: write the name of the variable that holds the key, such as LAB_KEY",
        ));
    }
    Ok(KeyPlace::Variable(name.to_owned()))
}

/// `NAME=KIND:URL`, `NAME=URL`, or a bare address.
pub fn host(text: &str) -> Result<HostSpec, Fail> {
    let bad = || {
        Fail::usage(format!(
            "\"{text}\" names no server: write NAME=KIND:URL, such as gpu1=ollama:http://192.168.1.20:11434"
        ))
    };
    let (name, rest) = match text.split_once('=') {
        Some((name, rest)) if !name.contains("://") => (Some(name.trim()), rest.trim()),
        _ => (None, text.trim()),
    };
    let (kind, url) = match rest.split_once(':') {
        Some((kind, url)) if schema::KINDS.contains(&kind) => {
            (Some(kind.to_owned()), url.to_owned())
        }
        _ => (None, rest.to_owned()),
    };
    let tame = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    let name = match name {
        Some(name) if tame(name) => name.to_owned(),
        Some(_) => return Err(bad()),
        None => kind.clone().unwrap_or_else(|| "models".to_owned()),
    };
    if Origin::of(&url).is_none() && kind.as_deref() != Some("scripted") {
        return Err(bad());
    }
    Ok(HostSpec { name, kind, url })
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests;
