//! How a known secret may be written: character by character with the escapes of addresses, JSON, programs and HTML in
//! any mixture, or as a whole in hexadecimal or base64.

use zeroize::Zeroizing;

/// Shorter values, and shorter pieces of an encoded one, are ordinary words.
pub const SHORTEST: usize = 6;
/// First bytes of every escape.
pub const ESCAPES: [u8; 4] = *b"%\\&+";
/// Bytes one character takes at most when it is escaped: four bytes percent-encoded twice, or layers of backslashes.
pub const LONGEST_ESCAPE: usize = 24;

/// Whether a text begins with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// So many bytes of it are the secret.
    pub whole: Option<usize>,
    /// With more text behind it, it could become the secret, or more of it.
    pub begun: bool,
}

/// Looks whether `text` begins with `value`, each character as it is or escaped.
#[must_use]
pub fn spelled(text: &str, value: &str) -> Spelled {
    // A backslash of the value may be one, two or four in the text, so there can be several places at a time.
    let mut places = vec![0];
    let mut begun = false;
    for wanted in value.chars() {
        let mut next = Vec::new();
        for place in places {
            let rest = text.get(place..).unwrap_or_default();
            begun |= unfinished(rest);
            next.extend(
                ways(rest, wanted)
                    .into_iter()
                    .flatten()
                    .map(|length| place + length),
            );
        }
        next.dedup();
        places = next;
    }
    Spelled {
        whole: places.into_iter().max(),
        begun,
    }
}

/// The text ends here, or inside an escape.
fn unfinished(rest: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "\\%&#{".contains(c);
    rest.is_empty()
        || (rest.len() < LONGEST_ESCAPE
            && rest.starts_with(['\\', '%', '&'])
            && rest.chars().all(inside))
}

/// Lengths of the ways in which `rest` can begin with a character.
fn ways(rest: &str, wanted: char) -> [Option<usize>; 5] {
    [
        rest.starts_with(wanted).then(|| wanted.len_utf8()),
        (wanted == ' ' && rest.starts_with('+')).then_some(1),
        percent(rest, wanted),
        backslash(rest, wanted),
        entity(rest, wanted),
    ]
}

/// `%2F`, in either case of letters, also encoded again (`%252F`).
fn percent(rest: &str, wanted: char) -> Option<usize> {
    let mut left = rest;
    for byte in wanted.encode_utf8(&mut [0; 4]).bytes() {
        left = left.strip_prefix('%')?;
        while let Some(inner) = left
            .strip_prefix("25")
            .filter(|inner| byte_of(inner) == Some(byte))
        {
            left = inner;
        }
        (byte_of(left) == Some(byte)).then_some(())?;
        left = left.get(2..)?;
    }
    Some(rest.len() - left.len())
}

fn byte_of(text: &str) -> Option<u8> {
    u8::from_str_radix(text.get(..2)?, 16).ok()
}

/// `\"`, `\\`, `\/`, `\u00e9`, `\xe9`, `\u{e9}` behind any number of backslashes, as text quoted several times has it.
fn backslash(rest: &str, wanted: char) -> Option<usize> {
    let escaped = rest.trim_start_matches('\\');
    let slashes = rest.len() - escaped.len();
    if slashes == 0 {
        return None;
    }
    if wanted == '\\' && slashes >= 2 {
        return Some(2);
    }
    if wanted.is_ascii_punctuation() && escaped.starts_with(wanted) {
        return Some(slashes + 1);
    }
    let named = [('\n', 'n'), ('\r', 'r'), ('\t', 't')];
    if named
        .iter()
        .any(|(c, letter)| *c == wanted && escaped.starts_with(*letter))
    {
        return Some(slashes + 1);
    }
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok();
    if let Some(braced) = escaped.strip_prefix("u{") {
        let digits = braced.split('}').next()?;
        return (hex(digits) == Some(wanted.into())).then_some(slashes + digits.len() + 3);
    }
    if let Some(short) = escaped.strip_prefix('x') {
        return (hex(short.get(..2)?) == Some(wanted.into())).then_some(slashes + 3);
    }
    let mut units = [0; 2];
    let mut length = 0;
    for unit in wanted.encode_utf16(&mut units) {
        let here = rest.get(length..)?.trim_start_matches('\\');
        let digits = here.strip_prefix('u')?.get(..4)?;
        (hex(digits) == Some(u32::from(*unit))).then_some(())?;
        length = rest.len() - here.len() + 5;
    }
    Some(length)
}

/// `&#47;`, `&#x2f;` and the five named ones.
fn entity(rest: &str, wanted: char) -> Option<usize> {
    let (body, _) = rest.strip_prefix('&')?.split_once(';')?;
    let number = match body.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        },
        None => match body {
            "amp" => Some(u32::from('&')),
            "lt" => Some(u32::from('<')),
            "gt" => Some(u32::from('>')),
            "quot" => Some(u32::from('"')),
            "apos" => Some(u32::from('\'')),
            _ => None,
        },
    };
    (number == Some(wanted.into())).then_some(body.len() + 2)
}

/// The secret as a whole in hexadecimal and base64, of its bytes in UTF-8 and in UTF-16.
#[must_use]
pub fn encoded(value: &str) -> Vec<Zeroizing<String>> {
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = Zeroizing::new(wide);
    let mut forms = Vec::new();
    for bytes in [value.as_bytes(), wide.as_slice()] {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        forms.push(hex.to_uppercase());
        forms.push(hex);
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
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms.sort();
    forms.dedup();
    forms.into_iter().map(Zeroizing::new).collect()
}

/// Base64 without padding.
fn base64(bytes: &[u8], extra: [u8; 2]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_of_a_character_is_read() {
        let value = "a/\"\\é🦀 &";
        for text in [
            "a/\"\\é🦀 &",
            "a%2F%22%5C%C3%A9%F0%9F%A6%80%20%26",
            "a%2f%22%5c%c3%a9%f0%9f%a6%80+%26",
            "a%252F%2522%255C%25C3%25A9%25F0%259F%25A6%2580%2520%2526",
            r#"a\/\"\\\u00e9\ud83e\udd80 &"#,
            r#"a/\\\"\\\\\\u00E9\\uD83E\\uDD80 \\u0026"#,
            r"\x61\x2f\x22\x5c\xe9\u{1f980}\x20\u0026",
            "&#97;&#47;&quot;&#x5C;&#xe9;&#129408;&#32;&amp;",
        ] {
            let found = spelled(&format!("{text}!"), value);
            assert_eq!(
                (found.whole, found.begun),
                (Some(text.len()), false),
                "{text}"
            );
            for cut in (1..text.len()).filter(|at| text.is_char_boundary(*at)) {
                assert!(spelled(&text[..cut], value).begun, "{}", &text[..cut]);
            }
        }
        let no = Spelled {
            whole: None,
            begun: false,
        };
        assert_eq!(spelled("a/'", value), no);
        assert_eq!(spelled("%2G!", "/"), no);
    }
}
