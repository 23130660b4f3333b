//! Addresses, ports and key variables each kind of server has by convention. They fill in what no file says, and a key goes
//! only to its vendor or to a near server: a home that names another address never gets it.

use super::{Inputs, ollama};
use crate::factory::ports::settings::HostKind;
use crate::text::origin::Origin;
use std::collections::BTreeMap;

/// What a kind of server has by convention.
pub struct Vendor {
    /// What speaks there.
    pub kind: HostKind,
    /// Where it is unless told otherwise.
    pub usual: &'static str,
    /// Variables with its address.
    pub addresses: &'static [&'static str],
    /// Variables with its key.
    pub keys: &'static [&'static str],
    /// Ports it is known by.
    pub ports: &'static [u16],
    /// It runs on people's own machines.
    pub local: bool,
}

/// A variable with a token instead of a key; a key in the other variable goes before it.
pub const BEARER: &str = "ANTHROPIC_AUTH_TOKEN";

/// All kinds that have conventions.
pub const VENDORS: &[Vendor] = &[
    Vendor {
        kind: HostKind::Ollama,
        usual: "http://127.0.0.1:11434",
        addresses: &["OLLAMA_HOST"],
        keys: &["OLLAMA_API_KEY"],
        ports: &[11434],
        local: true,
    },
    Vendor {
        kind: HostKind::LmStudio,
        usual: "http://127.0.0.1:1234",
        addresses: &["LM_STUDIO_API_BASE"],
        keys: &["LM_API_TOKEN", "LM_STUDIO_API_KEY"],
        ports: &[1234],
        local: true,
    },
    Vendor {
        kind: HostKind::LlamaCpp,
        usual: "http://127.0.0.1:8080",
        addresses: &[],
        keys: &["LLAMA_API_KEY"],
        ports: &[8080, 9931],
        local: true,
    },
    Vendor {
        kind: HostKind::Vllm,
        usual: "http://127.0.0.1:8000",
        addresses: &[],
        keys: &["VLLM_API_KEY"],
        ports: &[8000],
        local: true,
    },
    Vendor {
        kind: HostKind::Anthropic,
        usual: "https://api.anthropic.com",
        addresses: &["ANTHROPIC_BASE_URL"],
        keys: &["ANTHROPIC_API_KEY", BEARER],
        ports: &[],
        local: false,
    },
    Vendor {
        kind: HostKind::OpenAi,
        usual: "https://api.openai.com/v1",
        addresses: &["OPENAI_BASE_URL"],
        keys: &["OPENAI_API_KEY"],
        ports: &[],
        local: false,
    },
];

impl Vendor {
    /// The address its variables name, else its usual one.
    #[must_use]
    pub fn address(&self, env: &BTreeMap<String, String>) -> String {
        let named = self.addresses.iter().find_map(|name| env.get(*name));
        match named.map(String::as_str).map(str::trim) {
            Some(value) if self.kind == HostKind::Ollama => ollama::address(value),
            Some(value) if Origin::of(value).is_some() => value.to_owned(),
            _ => self.usual.to_owned(),
        }
    }
}

fn vendor(kind: HostKind) -> Option<&'static Vendor> {
    VENDORS.iter().find(|vendor| vendor.kind == kind)
}

/// Where a kind is by its variables, or usually.
#[must_use]
pub fn address(kind: HostKind, env: &BTreeMap<String, String>) -> Option<String> {
    vendor(kind).map(|vendor| vendor.address(env))
}

/// Where a kind listens unless told otherwise.
#[must_use]
pub fn usual_address(kind: HostKind) -> Option<&'static str> {
    vendor(kind).map(|vendor| vendor.usual)
}

/// The kind a port tells.
#[must_use]
pub fn kind_of_port(port: u16) -> Option<HostKind> {
    let found = VENDORS.iter().find(|vendor| vendor.ports.contains(&port));
    found.map(|vendor| vendor.kind)
}

/// The variable that holds the key of a host, if the host is the vendor itself, or a near one where the environment says
/// this kind is: an address in a variable alone does not send a key across the world.
#[must_use]
pub fn key(kind: HostKind, url: &str, inputs: &Inputs) -> Option<&'static str> {
    let vendor = vendor(kind)?;
    let origin = Origin::of(url)?;
    let is = |address: &str| Origin::of(address).is_some_and(|own| own == origin);
    let mut ports = vendor.ports.iter();
    let usual = is(vendor.usual) || ports.any(|port| is(&format!("http://127.0.0.1:{port}")));
    let named = origin.near() && is(&vendor.address(&inputs.env));
    if !usual && !named {
        return None;
    }
    let mut names = vendor.keys.iter();
    names
        .find(|name| inputs.key_variables.contains(**name))
        .copied()
}

/// Names of all variables that say where a server is.
pub fn address_names() -> impl Iterator<Item = &'static str> {
    let of = VENDORS.iter().flat_map(|vendor| vendor.addresses);
    of.copied().chain(["LLAMA_ARG_PORT"])
}

/// Names of all variables that may hold a key.
pub fn key_names() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().flat_map(|vendor| vendor.keys).copied()
}

/// Where servers are looked for on this machine, and at the addresses the environment names.
#[must_use]
pub fn candidates(env: &BTreeMap<String, String>) -> Vec<String> {
    let own = VENDORS.iter().filter(|vendor| vendor.local);
    let mut found: Vec<String> = own.clone().map(|vendor| vendor.address(env)).collect();
    let port = env.get("LLAMA_ARG_PORT").and_then(|port| port.parse().ok());
    let ports = own.flat_map(|vendor| vendor.ports).copied().chain(port);
    for port in ports {
        let url = format!("http://127.0.0.1:{port}");
        // OLLAMA_HOST moves Ollama away from its own port.
        let moved = port == 11434 && env.contains_key("OLLAMA_HOST");
        if !found.contains(&url) && !moved {
            found.push(url);
        }
    }
    found
}
