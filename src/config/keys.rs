//! Where keys are, tied to the origin they belong to: a home that renames a host never gets another's key.

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In an environment variable of this name.
    Variable(String),
    /// In a file only its owner can read.
    File(String),
    /// Printed by a command.
    Command(String),
}

/// Scheme, host and port of an address, lower case, default ports filled in.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?.to_lowercase();
    if authority.is_empty() {
        return None;
    }
    let scheme = scheme.to_lowercase();
    let has_port = authority.rsplit_once(':').is_some_and(|(host, port)| {
        let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let outside_brackets = !host.contains(':') || host.ends_with(']');
        digits && outside_brackets
    });
    let port = match scheme.as_str() {
        "https" => 443,
        _ => 80,
    };
    Some(if has_port {
        format!("{scheme}://{authority}")
    } else {
        format!("{scheme}://{authority}:{port}")
    })
}

/// The port of an address.
#[must_use]
pub fn port(url: &str) -> Option<u16> {
    origin(url)?.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_fill_in_the_port() {
        let cases = [
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
            ("https://API.example.com/v1", "https://api.example.com:443"),
            ("http://[::1]:8080/x", "http://[::1]:8080"),
            ("http://[::1]/x", "http://[::1]:80"),
        ];
        for (url, expected) in cases {
            assert_eq!(origin(url).as_deref(), Some(expected), "{url}");
        }
        assert_eq!(origin("nothing"), None);
        assert_eq!(port("http://h:1234/v1"), Some(1234));
    }
}
