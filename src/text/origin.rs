//! The origin of an address: whom a key belongs to, and whether a way to it stays within the own network.

use core::net::Ipv4Addr;
use std::fmt;
use url::{Host, Url};

/// Scheme, host and port of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of an http or https address; None when it is none.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        Self::of_url(&Url::parse(address.trim()).ok()?)
    }

    /// The same of a parsed address.
    #[must_use]
    pub fn of_url(url: &Url) -> Option<Self> {
        if !matches!(url.scheme(), "http" | "https") {
            return None;
        }
        Some(Self {
            scheme: url.scheme().to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What is sent there cannot be read on the way: by encryption, or because it stays on near machines. For a name of the
    /// own network (`.local`) any machine there may answer.
    #[must_use]
    pub fn keeps_secrets(&self) -> bool {
        let claimed = matches!(&self.host, Host::Domain(name) if plain(name).ends_with(".local"));
        self.scheme == "https" || self.near() && !claimed
    }

    /// Loopback or private by its address; a name counts only when it can mean nothing else.
    #[must_use]
    pub fn near(&self) -> bool {
        match &self.host {
            Host::Ipv4(ip) => near_v4(*ip),
            Host::Ipv6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => near_v4(ip),
                None => {
                    ip.is_loopback()
                        || ip.is_unspecified()
                        || ip.is_unique_local()
                        || ip.is_unicast_link_local()
                }
            },
            Host::Domain(name) => {
                let name = plain(name);
                name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local")
            }
        }
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// With its port, always.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

fn near_v4(ip: Ipv4Addr) -> bool {
    ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_the_client_reads_the_address() {
        for (address, origin) in [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
            ("https://API.example.com/v1", "https://api.example.com:443"),
            ("http://[::1]:8080/x", "http://[::1]:8080"),
            ("http://[::1]/x", "http://[::1]:80"),
            (
                "https://api.example.com@evil.example/",
                "https://evil.example:443",
            ),
            (
                r"https://evil.example\@api.example.com/",
                "https://evil.example:443",
            ),
        ] {
            assert_eq!(
                Origin::of(address).unwrap().to_string(),
                origin,
                "{address}"
            );
        }
        for none in ["nothing", "ftp://h", "http://", ""] {
            assert_eq!(Origin::of(none), None, "{none}");
        }
    }

    #[test]
    fn near_is_loopback_or_private() {
        for (url, near) in [
            ("http://127.0.0.1:11434", true),
            ("http://localhost:1", true),
            ("http://[::1]:8080/v1", true),
            ("http://192.168.1.20:11434", true),
            ("http://10.0.0.1", true),
            ("http://172.16.0.1", true),
            ("http://172.32.0.1", false),
            ("http://gpu.local", true),
            ("http://[fd00::1]", true),
            ("http://0.0.0.0:1", true),
            ("https://api.example.com", false),
            ("http://8.8.8.8", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("http://[::ffff:8.8.8.8]", false),
        ] {
            assert_eq!(Origin::of(url).unwrap().near(), near, "{url}");
        }
        for (url, kept) in [
            ("https://api.example.com", true),
            ("http://api.example.com", false),
            ("http://192.168.1.20:11434", true),
            ("http://localhost:1", true),
            ("http://gpu.local", false),
            ("http://GPU.local.:1", false),
            ("https://gpu.local", true),
        ] {
            assert_eq!(Origin::of(url).unwrap().keeps_secrets(), kept, "{url}");
        }
    }
}
