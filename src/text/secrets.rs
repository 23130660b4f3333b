//! What secrets look like: the shapes that always are one, and the forms in which a known one travels.

/// Shorter values are ordinary words.
pub const SHORTEST: usize = 6;

/// First bytes of all that [`password_at`] and [`shape_at`] find.
pub const STARTS: [u8; 6] = *b":sgxAe";

/// `://user:pass@` at the start: (bytes up to the password, bytes of the password).
pub fn password_at(rest: &str) -> Option<(usize, usize)> {
    let authority = rest.strip_prefix("://")?;
    let end = authority
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>' | '?' | '#'))
        .unwrap_or(authority.len());
    let authority = authority.get(..end)?;
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    (!password.is_empty()).then_some((3 + user.len() + 1, password.len()))
}

/// Length of a token of a well-known shape at the start.
pub fn shape_at(rest: &str) -> Option<usize> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let run = |text: &str, allowed: &dyn Fn(char) -> bool| {
        text.find(|c| !allowed(c)).unwrap_or(text.len())
    };
    for (prefix, shortest) in [
        ("sk-", 16),
        ("ghp_", 20),
        ("gho_", 20),
        ("ghu_", 20),
        ("ghs_", 20),
        ("ghr_", 20),
        ("github_pat_", 20),
        ("xoxb-", 10),
        ("xoxp-", 10),
        ("xoxa-", 10),
        ("xoxr-", 10),
        ("xoxs-", 10),
        ("xoxo-", 10),
    ] {
        if let Some(body) = rest.strip_prefix(prefix) {
            let length = run(body, &word);
            return (length >= shortest).then_some(prefix.len() + length);
        }
    }
    if let Some(body) = rest
        .strip_prefix("AKIA")
        .or_else(|| rest.strip_prefix("ASIA"))
    {
        let length = run(body, &|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        return (length == 16).then_some(20);
    }
    if rest.starts_with("eyJ") {
        let length = run(rest, &|c| word(c) || c == '.');
        let parts: Vec<&str> = rest.get(..length)?.split('.').collect();
        let whole = parts.len() == 3 && parts.iter().take(2).all(|part| part.len() >= 8);
        return whole.then_some(length);
    }
    None
}

/// Every form a secret travels in.
pub fn spellings(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        secret.to_owned(),
        bytes.iter().map(|b| format!("{b:02x}")).collect(),
        bytes.iter().map(|b| format!("{b:02X}")).collect(),
        percent(bytes),
        serde_json::Value::from(secret)
            .to_string()
            .trim_matches('"')
            .to_owned(),
    ];
    // Inside a longer base64 text the secret can begin at any of three places; the characters it shares are left out.
    for shift in 0..3 {
        let padded: Vec<u8> = std::iter::repeat_n(0, shift)
            .chain(bytes.iter().copied())
            .collect();
        let skip = [0, 2, 3].get(shift).copied().unwrap_or(0);
        for alphabet in [b"+/", b"-_"] {
            let text = base64(&padded, *alphabet);
            let whole = if padded.len().is_multiple_of(3) {
                text.len()
            } else {
                text.len() - 1
            };
            forms.push(text.get(skip..whole).unwrap_or_default().to_owned());
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// Percent-encoded, as in an address.
pub fn percent(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Base64 without padding.
pub fn base64(bytes: &[u8], extra: [u8; 2]) -> String {
    let [plus, slash] = extra;
    let digit = |value: u32| -> char {
        let value = (value & 63) as u8;
        char::from(match value {
            0..=25 => b'A' + value,
            26..=51 => b'a' + value - 26,
            52..=61 => b'0' + value - 52,
            62 => plus,
            _ => slash,
        })
    };
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| {
            word << 8 | u32::from(chunk.get(i).copied().unwrap_or(0))
        });
        for i in 0..=chunk.len() {
            out.push(digit(word >> (18 - 6 * i)));
        }
    }
    out
}
