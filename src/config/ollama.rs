//! `OLLAMA_HOST` as Ollama itself reads it, for a client: it only fills in when no file names a host.

/// Ollama's own port, for a bare host or an invalid port.
const PORT: u16 = 11434;

/// The base address a value of `OLLAMA_HOST` stands for.
#[must_use]
pub fn address(value: &str) -> String {
    let value = value.trim().trim_matches(['"', '\'']);
    let (scheme, rest, default) = match value.split_once("://") {
        Some(("https", rest)) => ("https", rest, 443),
        Some(("http", rest)) => ("http", rest, 80),
        Some((_, rest)) => ("http", rest, PORT),
        None => ("http", value, PORT),
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, path.trim_end_matches('/')),
        None => (rest, ""),
    };
    let (host, port) = split(authority, default);
    let host = match host.as_str() {
        "" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    let path = if path.is_empty() {
        String::new()
    } else {
        format!("/{path}")
    };
    format!("{scheme}://{host}:{port}{path}")
}

/// Host without brackets, and port; an invalid port becomes the default.
fn split(authority: &str, default: u16) -> (String, u16) {
    if let Some(rest) = authority.strip_prefix('[')
        && let Some((host, port)) = rest.split_once(']')
    {
        let port = port.strip_prefix(':').and_then(|p| p.parse().ok());
        return (host.to_owned(), port.unwrap_or(default));
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => (authority.to_owned(), default),
        Some((host, port)) => (host.to_owned(), port.parse().unwrap_or(default)),
        None => (authority.to_owned(), default),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn follows_the_rules_of_ollama() {
        let cases = [
            ("gpu1", "http://gpu1:11434"),
            ("192.168.1.20", "http://192.168.1.20:11434"),
            ("192.168.1.20:8080", "http://192.168.1.20:8080"),
            ("http://gpu1", "http://gpu1:80"),
            ("https://gpu1", "https://gpu1:443"),
            ("https://gpu1/ollama/", "https://gpu1:443/ollama"),
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000"),
            ("[::]:11434", "http://[::1]:11434"),
            ("::1", "http://[::1]:11434"),
            (":5000", "http://127.0.0.1:5000"),
            ("gpu1:banana", "http://gpu1:11434"),
            ("", "http://127.0.0.1:11434"),
            ("\"gpu1\"", "http://gpu1:11434"),
        ];
        for (value, expected) in cases {
            assert_eq!(address(value), expected, "{value}");
        }
    }
}
