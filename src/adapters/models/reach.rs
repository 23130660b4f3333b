//! What to do about a server that cannot be reached, by how it fails: refused, unknown name, or silent.

use crate::factory::ports::settings::HostKind;
use reqwest::Url;

/// What to do about a host of that name, kind and address; `why` is how the connection failed, in the words of the system.
pub fn remedy(name: &str, kind: HostKind, url: &str, why: &str) -> String {
    let url = Url::parse(url.trim()).ok();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: HostKind, url: &str, why: &str) -> String {
        remedy("gpu1", kind, url, why)
    }

    #[test]
    fn a_refused_connection_names_the_address_to_listen_on() {
        let refused = "Connection refused (os error 111)";
        let far = "http://192.168.1.20:11434";
        assert_eq!(
            of(HostKind::Ollama, far, refused),
            "start it with `ollama serve` on 192.168.1.20; if it runs there, it listens for that machine alone: set OLLAMA_HOST=0.0.0.0:11434 for `ollama serve` there"
        );
        assert!(
            of(HostKind::LlamaCpp, far, refused).ends_with("set --host 0.0.0.0 --port 11434 there")
        );
        assert!(of(HostKind::LmStudio, far, refused).contains("Serve on Local Network"));
        assert_eq!(
            of(HostKind::Ollama, "http://127.0.0.1:11434", refused),
            "start it with `ollama serve` or correct the url"
        );
    }

    #[test]
    fn a_host_that_is_off_is_told_from_one_that_hangs() {
        let far = "http://192.168.1.20:11434";
        assert!(of(HostKind::Ollama, far, "no connection within 500 ms").contains("firewall"));
        let hangs = of(HostKind::Ollama, far, "no answer within 2 s");
        assert!(hangs.starts_with("something listens on port 11434 but says nothing"));
    }
}
