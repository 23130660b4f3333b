//! Shapes that always are a secret, whosever it is: tokens with a well-known prefix, passwords in addresses, keys in PEM.

use super::redact::MARK;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// A run without white space longer than this is let go in a stream.
const LONGEST_RUN: usize = 8192;
/// Bytes of the longest token: a signed one of a web service has a few hundred, rarely some thousand.
const LONGEST_TOKEN: usize = 4096;

/// Bytes of a text that is looked through by pairs.
const SHORT: usize = 128;
/// What tokens begin with, and the fewest bytes that follow.
const TOKENS: [(&str, usize); 13] = [
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
];
/// What ids of access keys begin with.
const ACCESS: [&str; 2] = ["AKIA", "ASIA"];
/// What signed tokens begin with.
const SIGNED: &str = "eyJ";
/// What stands before the login of an address.
const ADDRESS: &str = "://";

/// Takes them out of text that comes in pieces; an end that could be the start of one waits until it is clear.
#[derive(Default)]
pub struct ShapeStream {
    held: String,
    in_pem: bool,
}

impl ShapeStream {
    /// Takes the next piece and returns what is clear by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let clear = self.held.len() - waiting(&self.held);
        self.scan(clear)
    }

    /// The rest, at the end.
    pub fn finish(&mut self) -> String {
        let all = self.held.len();
        self.scan(all)
    }

    fn scan(&mut self, clear: usize) -> String {
        if clear == 0 {
            return String::new();
        }
        let mut held = std::mem::take(&mut self.held);
        if !self.in_pem && !holds(&held) {
            self.held = held.split_off(clear);
            return held;
        }
        let mut out = String::with_capacity(clear);
        let mut at = 0;
        let mut previous = None;
        while at < clear {
            let rest = held.get(at..).unwrap_or_default();
            let harmless = harmless(rest).min(clear - at);
            if self.in_pem {
                let Some(length) = pem_end(rest) else {
                    // Everything up to here belongs to the key; an end marker may be half here.
                    at = at.max(held.rfind("-----").unwrap_or(clear).min(clear));
                    break;
                };
                self.in_pem = false;
                at += length;
            } else if harmless > 0 {
                let passed = rest.get(..harmless).unwrap_or_default();
                out.push_str(passed);
                previous = passed.chars().next_back();
                at += harmless;
            } else if let Some(header) = pem_begin(rest) {
                out.push_str(MARK);
                self.in_pem = true;
                previous = None;
                at += header;
            } else if let Some((front, length)) = secret_at(rest, previous) {
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

/// Bytes at the start of `rest` where nothing of this can begin: by its first two bytes, as single ones are in every word.
fn harmless(rest: &str) -> usize {
    let begins = |pair: &[u8]| {
        matches!(
            pair,
            b":/" | b"sk" | b"gh" | b"gi" | b"xo" | b"AK" | b"AS" | b"ey" | b"--"
        )
    };
    let first = rest.as_bytes().windows(2).position(begins);
    first.unwrap_or(rest.len())
}

/// Whether a text holds any: what they begin with is rare, and looked for many bytes at a time.
pub(super) fn holds(text: &str) -> bool {
    static BEGINS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| {
        let tokens = TOKENS.iter().map(|(prefix, _)| *prefix);
        let all = tokens.chain(ACCESS).chain([SIGNED, ADDRESS, PEM_BEGIN]);
        all.map(Finder::new).collect()
    });
    // Of a short one its pairs of bytes tell sooner.
    if text.len() <= SHORT && harmless(text) == text.len() {
        return false;
    }
    BEGINS.iter().any(|begin| {
        begin.find_iter(text.as_bytes()).any(|at| {
            let (before, rest) = text.split_at(at);
            let previous = before.chars().next_back();
            pem_begin(rest).is_some() || secret_at(rest, previous).is_some()
        })
    })
}

/// Bytes at the end that may be the start of a secret and must wait.
fn waiting(text: &str) -> usize {
    let run = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| !c.is_whitespace())
        .last()
        .map_or(0, |(at, _)| text.len() - at);
    let run = if run > LONGEST_RUN { 0 } else { run };
    run.max(pem_waiting(text))
}

/// How much of `rest` may stay readable in front of the secret it begins with, and the secret's length.
fn secret_at(rest: &str, previous: Option<char>) -> Option<(usize, usize)> {
    if let Some(found) = password_at(rest) {
        return Some(found);
    }
    if previous.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    shape_at(rest).map(|length| (0, length))
}

/// So many bytes: looking further from every place of a hostile text would take for ever.
fn near(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

/// `://user:pass@` at the start: (bytes up to the password, bytes of the password).
fn password_at(rest: &str) -> Option<(usize, usize)> {
    let authority = near(rest.strip_prefix(ADDRESS)?, LONGEST_TOKEN);
    let end = authority
        .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>' | '?' | '#'))
        .unwrap_or(authority.len());
    let authority = authority.get(..end)?;
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    (!password.is_empty()).then_some((3 + user.len() + 1, password.len()))
}

/// A part without hyphens that is long and holds a digit, as keys have it and names such as sk-learn-model-reader do not.
fn random(body: &str) -> bool {
    body.split('-')
        .any(|part| part.len() >= 16 && part.bytes().any(|byte| byte.is_ascii_digit()))
}

/// Length of a token of a well-known shape at the start.
fn shape_at(rest: &str) -> Option<usize> {
    let rest = near(rest, LONGEST_TOKEN);
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let run = |text: &str, allowed: &dyn Fn(u8) -> bool| {
        let end = text.bytes().position(|byte| !allowed(byte));
        end.unwrap_or(text.len())
    };
    for (prefix, shortest) in TOKENS {
        if let Some(body) = rest.strip_prefix(prefix) {
            let length = run(body, &word);
            let random = prefix != "sk-" || body.get(..length).is_some_and(random);
            return (length >= shortest && random).then_some(prefix.len() + length);
        }
    }
    let access = ACCESS.iter().find_map(|prefix| rest.strip_prefix(prefix));
    if let Some(body) = access {
        let length = run(body, &|byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit()
        });
        return (length == 16).then_some(20);
    }
    if rest.starts_with(SIGNED) {
        let length = run(rest, &|byte| word(byte) || byte == b'.');
        let parts: Vec<&str> = rest.get(..length)?.split('.').collect();
        let whole = parts.len() == 3 && parts.iter().take(2).all(|part| part.len() >= 8);
        return whole.then_some(length);
    }
    None
}

/// Bytes looked at for the end of a key's first line.
const LONGEST_LABEL: usize = 64;
const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";

/// Length of a `-----BEGIN … PRIVATE KEY-----` line at the start.
fn pem_begin(rest: &str) -> Option<usize> {
    let label = near(rest.strip_prefix(PEM_BEGIN)?, LONGEST_LABEL);
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

/// Bytes at the end that may be a key's first line, not yet whole.
fn pem_waiting(text: &str) -> usize {
    let end = text.ceil_char_boundary(text.len().saturating_sub(LONGEST_LABEL - 1));
    let end = text.get(end..).unwrap_or_default();
    end.rfind(PEM_BEGIN).map_or(0, |at| end.len() - at)
}
