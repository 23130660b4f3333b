//! Addresses as settings take them: http or https, with a host, and without a key in them.

/// An http or https address that names a host.
pub fn address(key: &str, text: String) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest)
            if !rest.is_empty()
                && !rest.starts_with(['/', ':'])
                && !text.contains(char::is_whitespace) =>
        {
            if rest
                .split('/')
                .next()
                .is_some_and(|authority| authority.contains('@'))
            {
                return Err(format!(
                    "{key} carries a user name or key in the address; say where the key is under [keys] of your own settings file"
                ));
            }
            if !key.starts_with("notify.") && rest.contains(['?', '#']) {
                return Err(format!(
                    "{key} ends in a query: it takes an address such as \"http://127.0.0.1:11434\"; a key goes under [keys] of your own settings file"
                ));
            }
            // A path that ends with a slash may be another one than without it; only servers are put together with more.
            Ok(match key.starts_with("notify.") {
                true => text,
                false => text.trim_end_matches('/').to_owned(),
            })
        }
        // It may be as good as a key.
        _ if key.starts_with("notify.") => Err(format!(
            "{key} is no address: it takes an address such as \"https://ntfy.sh/a-topic\""
        )),
        _ => Err(format!(
            "{key} is \"{text}\", and takes an address such as \"http://127.0.0.1:11434\""
        )),
    }
}
