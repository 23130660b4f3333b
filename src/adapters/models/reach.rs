//! What to do about a server that cannot be reached, by how it fails: refused, unknown name, or silent.

use super::host::Server;
use crate::factory::ports::settings::HostKind;
use reqwest::Url;

/// What to do; `why` is how the connection failed, in the words of the system.
pub fn remedy(server: &Server, why: &str) -> String {
    let name = &server.name;
    let kind = server.settings.kind;
    let url = Url::parse(server.settings.url.trim()).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
    let here = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
    let port = url
        .as_ref()
        .and_then(Url::port_or_known_default)
        .unwrap_or(0);
    if why.contains("lookup") || why.contains("dns") {
        return format!(
            "{host} is no name this machine knows: correct hosts.{name}.url, or write the address in numbers"
        );
    }
    if kind == HostKind::Anthropic {
        return "check the network or correct the url".to_owned();
    }
    let start = match kind {
        HostKind::Ollama => "start it with `ollama serve`",
        HostKind::LmStudio => "start it with `lms server start`",
        _ => "start the server",
    };
    if why.contains("no answer within") {
        return format!(
            "something listens on port {port} but says nothing: start it anew, or correct the url"
        );
    }
    if here {
        return format!("{start} or correct the url");
    }
    if why.contains("refused") {
        let bind = match kind {
            HostKind::Ollama => format!("OLLAMA_HOST=0.0.0.0:{port} for `ollama serve`"),
            HostKind::LmStudio => "\"Serve on Local Network\" in its server settings".to_owned(),
            _ => format!("--host 0.0.0.0 --port {port}"),
        };
        return format!(
            "{start} on {host}; if it runs there, it listens for that machine alone: set {bind} there"
        );
    }
    format!("see that {host} is on and lets port {port} through its firewall, or correct the url")
}
