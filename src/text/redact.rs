//! Takes secrets out of text: known values in every form they travel in, and shapes that are always secrets.
//! Works on whole texts and on streams, where a secret may be cut anywhere.

use super::secrets::{SHORTEST, STARTS, password_at, shape_at, spellings};
use std::collections::BTreeSet;

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";
/// A run without white space longer than this is let go in a stream.
const LONGEST_RUN: usize = 8192;
const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";

/// Knows the secrets of this process.
#[derive(Clone)]
pub struct Redactor {
    /// Every form of every secret, longest first.
    needles: Vec<String>,
    /// Whether a secret can start with a byte; most text is passed over by this alone.
    starts: [bool; 256],
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new([])
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} forms)", self.needles.len())
    }
}

impl Redactor {
    /// A redactor for these values; known shapes are found without any.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms = BTreeSet::new();
        for secret in secrets {
            if secret.len() >= SHORTEST {
                forms.extend(spellings(secret));
            }
        }
        let mut needles: Vec<String> = forms.into_iter().collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        let firsts = needles.iter().filter_map(|needle| needle.bytes().next());
        let mut starts = [false; 256];
        for byte in firsts.chain(PEM_BEGIN.bytes().take(1)).chain(STARTS) {
            if let Some(start) = starts.get_mut(usize::from(byte)) {
                *start = true;
            }
        }
        Self { needles, starts }
    }

    /// Bytes at the start of `rest` where no secret can begin.
    fn harmless(&self, rest: &str) -> usize {
        let start = |byte: u8| self.starts.get(usize::from(byte)) != Some(&false);
        rest.bytes().position(start).unwrap_or(rest.len())
    }

    /// The text without secrets.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut stream = self.stream();
        let mut out = stream.push(text);
        out.push_str(&stream.finish());
        out
    }

    /// The text without the known secrets; what only looks like one stays, as code under test may hold it on purpose.
    #[must_use]
    pub fn redact_known(&self, text: String) -> String {
        let found = self.needles.iter().any(|needle| text.contains(needle));
        if !found {
            return text;
        }
        let without = |text: String, needle: &String| text.replace(needle, MARK);
        self.needles.iter().fold(text, without)
    }

    /// A redactor for text that comes in pieces.
    #[must_use]
    pub fn stream(&self) -> RedactStream<'_> {
        RedactStream {
            redactor: self,
            held: String::new(),
            in_pem: false,
        }
    }

    /// Length of the secret at the start of `rest`, and how much of it may stay readable in front.
    fn secret_at(&self, rest: &str, previous: Option<char>) -> Option<(usize, usize)> {
        if let Some(needle) = self.needles.iter().find(|n| rest.starts_with(n.as_str())) {
            return Some((0, needle.len()));
        }
        if let Some(length) = password_at(rest) {
            return Some(length);
        }
        if previous.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        shape_at(rest).map(|length| (0, length))
    }

    /// Bytes at the end that may be the start of a secret and must wait.
    fn waiting(&self, text: &str) -> usize {
        let run = text
            .char_indices()
            .rev()
            .take_while(|(_, c)| !c.is_whitespace())
            .last()
            .map_or(0, |(at, _)| text.len() - at);
        let run = if run > LONGEST_RUN { 0 } else { run };
        let longest = self.needles.first().map_or(0, String::len);
        let earliest = text.len().saturating_sub(longest);
        let started = (earliest..text.len())
            .filter(|at| text.is_char_boundary(*at))
            .find(|at| {
                let tail = text.get(*at..).unwrap_or_default();
                self.needles.iter().any(|needle| needle.starts_with(tail))
            })
            .map_or(0, |at| text.len() - at);
        let pem = text.rfind(PEM_BEGIN).map_or(0, |at| {
            let tail = text.len() - at;
            if tail < 64 { tail } else { 0 }
        });
        run.max(started).max(pem)
    }
}

/// Text in pieces; the end that could be the start of a secret is kept back until it is clear.
pub struct RedactStream<'a> {
    redactor: &'a Redactor,
    held: String,
    in_pem: bool,
}

impl RedactStream<'_> {
    /// Takes the next piece and returns what is clear by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let clear = self.held.len() - self.redactor.waiting(&self.held);
        self.scan(clear)
    }

    /// The rest, at the end.
    pub fn finish(&mut self) -> String {
        let all = self.held.len();
        self.scan(all)
    }

    fn scan(&mut self, clear: usize) -> String {
        let held = std::mem::take(&mut self.held);
        let mut out = String::with_capacity(clear);
        let mut at = 0;
        let mut previous = None;
        while at < clear {
            let rest = held.get(at..).unwrap_or_default();
            let harmless = self.redactor.harmless(rest).min(clear - at);
            if harmless > 0 && !self.in_pem {
                let passed = rest.get(..harmless).unwrap_or_default();
                out.push_str(passed);
                previous = passed.chars().next_back();
                at += harmless;
            } else if self.in_pem {
                let Some(length) = pem_end(rest) else {
                    // Everything up to here belongs to the key; an end marker may be half here.
                    at = at.max(held.rfind("-----").unwrap_or(clear).min(clear));
                    break;
                };
                self.in_pem = false;
                at += length;
            } else if let Some(header) = pem_begin(rest) {
                out.push_str(MARK);
                self.in_pem = true;
                previous = None;
                at += header;
            } else if let Some((front, length)) = self.redactor.secret_at(rest, previous) {
                out.push_str(rest.get(..front).unwrap_or_default());
                out.push_str(MARK);
                previous = None;
                at += front + length;
            } else if let Some(c) = rest.chars().next() {
                out.push(c);
                previous = Some(c);
                at += c.len_utf8();
            } else {
                break;
            }
        }
        self.held = held.get(at..).unwrap_or_default().to_owned();
        out
    }
}

/// Length of a `-----BEGIN … PRIVATE KEY-----` line at the start.
fn pem_begin(rest: &str) -> Option<usize> {
    let label = rest.strip_prefix(PEM_BEGIN)?;
    let end = label.find("-----")?;
    let name = label.get(..end)?;
    (end < 48 && name.ends_with("PRIVATE KEY")).then_some(PEM_BEGIN.len() + end + 5)
}

/// Length up to the end of the closing line, if it is there.
fn pem_end(rest: &str) -> Option<usize> {
    let start = rest.find(PEM_END)?;
    let label = rest.get(start + PEM_END.len()..)?;
    Some(start + PEM_END.len() + label.find("-----")? + 5)
}

#[cfg(test)]
mod tests {
    use super::super::secrets::{base64, percent};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_shapes_are_found_and_ordinary_words_stay() {
        let redactor = Redactor::default();
        let cases = [
            ("key sk-abcdefghijklmnop1234.", "key [redacted]."),
            ("ghp_abcdefghijklmnopqrstuvwx0123456789", "[redacted]"),
            ("id=AKIAABCDEFGHIJKLMNOP;", "id=[redacted];"),
            ("xoxb-1234567890-abcdef", "[redacted]"),
            (
                "Bearer eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
                "Bearer [redacted]",
            ),
            ("https://me:hunter2@host/x", "https://me:[redacted]@host/x"),
            (
                "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\nxx\n-----END RSA PRIVATE KEY----- b",
                "a [redacted] b",
            ),
            ("-----BEGIN PRIVATE KEY-----\nnever closed", "[redacted]"),
            (
                "task-list risk-free-and-very-long-word",
                "task-list risk-free-and-very-long-word",
            ),
            ("http://host:8080/a@b", "http://host:8080/a@b"),
            (
                "-----BEGIN CERTIFICATE-----\nx",
                "-----BEGIN CERTIFICATE-----\nx",
            ),
        ];
        for (raw, safe) in cases {
            assert_eq!(redactor.redact(raw), safe, "{raw}");
        }
    }

    #[test]
    fn a_value_is_found_in_every_form() {
        let secret = "p&ss \"wörd\" 9";
        let redactor = Redactor::new([secret]);
        let embedded = |prefix: &str| base64(format!("{prefix}{secret}").as_bytes(), *b"+/");
        for form in [
            secret.to_owned(),
            percent(secret.as_bytes()),
            serde_json::Value::from(secret).to_string(),
            secret.bytes().map(|b| format!("{b:02x}")).collect(),
        ] {
            let safe = redactor.redact(&format!("x {form} y"));
            assert!(
                safe.contains(MARK) && !safe.contains("wörd") && !safe.contains("ss%20"),
                "{form}: {safe}"
            );
        }
        for prefix in ["", "u", "us", "use", "user:"] {
            assert!(
                redactor.redact(&embedded(prefix)).contains(MARK),
                "{prefix}"
            );
        }
        let code = format!("const key = '{secret}', other = 'sk-abcdefghijklmnop1234';");
        let wanted = format!("const key = '{MARK}', other = 'sk-abcdefghijklmnop1234';");
        assert_eq!(redactor.redact_known(code), wanted);
        assert_eq!(Redactor::new(["abc"]).redact("abc"), "abc");
        assert!(!format!("{redactor:?}").contains("wörd"));
    }

    #[test]
    fn ordinary_text_is_not_kept_back() {
        let redactor = Redactor::new(["longsecretvalue"]);
        let mut stream = redactor.stream();
        assert_eq!(stream.push("words and "), "words and ");
        assert_eq!(stream.push("long"), "");
        assert_eq!(stream.push("er "), "longer ");
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_whole_gives(
            parts in proptest::collection::vec(prop_oneof![
                Just("my secret value".to_owned()), Just("sk-abcdefghijklmnop1234".to_owned()),
                Just("https://u:pw12@h/".to_owned()), Just(" ".to_owned()), Just("\n".to_owned()),
                Just("-----BEGIN EC PRIVATE KEY-----\nabc\ndef\n-----END EC PRIVATE KEY-----".to_owned()),
                "[a-zé ]{0,8}",
            ], 0..12),
            cut in 1usize..9,
        ) {
            let raw = parts.concat();
            let redactor = Redactor::new(["my secret value"]);
            let mut stream = redactor.stream();
            let mut joined = String::new();
            let chars: Vec<char> = raw.chars().collect();
            for piece in chars.chunks(cut) {
                joined.push_str(&stream.push(&piece.iter().collect::<String>()));
            }
            joined.push_str(&stream.finish());
            prop_assert!(!joined.contains("my secret value"));
            prop_assert!(!joined.contains("pw12"));
            prop_assert_eq!(joined, redactor.redact(&raw));
        }
    }
}
