//! How the person reaches their registry, asked of their own npm: outside the walls, since it is their program, their
//! settings and nobody else's folder.

use crate::adapters::child;
use crate::adapters::registry::Route;
use serde::Deserialize;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// npm's own registry.
const DEFAULT: &str = "https://registry.npmjs.org/";
/// Longest npm may take to say what it is set to.
const WALL: Duration = Duration::from_secs(20);
/// Largest file of certificates read, bytes.
const CERTIFICATES: u64 = 8 << 20;
/// What npm and its settings depend on.
const PASSED: [&str; 5] = [
    "HOME",
    "PATH",
    "XDG_CONFIG_HOME",
    "NODE_EXTRA_CA_CERTS",
    "PREFIX",
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Settings {
    registry: Option<String>,
    proxy: Option<String>,
    https_proxy: Option<String>,
    noproxy: Value,
    cafile: Option<String>,
    ca: Value,
}

/// The route; what npm does not say is as it comes.
#[must_use]
pub fn route(npm: &Path) -> Route {
    let set = asked(npm).unwrap_or_default();
    let variable = |name: &str| std::env::var(name).ok();
    let registry = set.registry.or_else(|| variable("npm_config_registry"));
    let registry = registry.filter(|url| !url.is_empty());
    let mut certificates = Vec::new();
    let named = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map(variable);
    for file in named.into_iter().chain([set.cafile]).flatten() {
        certificates.extend(pem(Path::new(&file)));
    }
    for text in texts(&set.ca) {
        certificates.extend(text.replace("\\n", "\n").into_bytes());
        certificates.push(b'\n');
    }
    Route {
        registry: registry.unwrap_or_else(|| DEFAULT.to_owned()),
        proxy: set.https_proxy.or(set.proxy).filter(|url| !url.is_empty()),
        unproxied: texts(&set.noproxy).join(","),
        certificates,
    }
}

/// A text, or a list of them.
fn texts(value: &Value) -> Vec<String> {
    let one = |value: &Value| {
        value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    match value {
        Value::Array(all) => all.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}

fn pem(file: &Path) -> Vec<u8> {
    let fits =
        std::fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.len() <= CERTIFICATES);
    let mut text = if fits {
        std::fs::read(file).unwrap_or_default()
    } else {
        Vec::new()
    };
    text.push(b'\n');
    text
}

/// What npm is set to, away from any folder's own settings; None when it does not say.
fn asked(npm: &Path) -> Option<Settings> {
    let mut command = Command::new(npm);
    command
        .args(["config", "list", "--json"])
        .current_dir("/")
        .env_clear();
    let wanted = |name: &str| {
        let lower = name.to_ascii_lowercase();
        PASSED.contains(&name) || lower.ends_with("_proxy") || lower.starts_with("npm_config_")
    };
    command.envs(std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(wanted)));
    let text = child::said(&mut command, WALL)?;
    serde_json::from_slice(&text).ok()
}
