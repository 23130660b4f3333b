//! Takes secrets out of text: known values however they are written, and shapes that are always secrets.
//! Works on whole texts and on streams, where a secret may be cut anywhere.

use super::sanitise::sanitise;
use super::secret::Secret;
use super::shapes::{self, ShapeStream};
use super::spellings::{ESCAPES, LONGEST_ESCAPE, SHORTEST, encoded, spelled};
use serde_json::Value;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// What stands where a secret stood.
pub const MARK: &str = "[redacted]";

/// Knows the secrets of this process. Clones share what they know, so a key that is read again is known everywhere, and
/// the one it replaces stays known.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Arc<Known>>>);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.known().values.len())
    }
}

impl Redactor {
    /// Takes a secret out of all text from now on. One of less than six bytes is an ordinary word and stays.
    pub fn learn(&self, secret: &Secret) {
        let value = secret.reveal();
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if value.len() < SHORTEST || known.values.iter().any(|old| old.as_str() == value) {
            return;
        }
        *known = Arc::new(known.with(value));
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The text without secrets.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        // Nearly all texts hold none, and finding that out needs no copies.
        if !self.finds(text) {
            return text.to_owned();
        }
        let mut stream = self.stream();
        let mut out = stream.push(text);
        out.push_str(&stream.finish());
        out
    }

    /// Whether anything of a text would be taken out.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        self.known().holds(text) || shapes::holds(text)
    }

    /// The text without the known secrets; what only looks like one stays, as code under test may hold it on purpose.
    #[must_use]
    pub fn redact_known(&self, text: &str) -> String {
        if !self.known().holds(text) {
            return text.to_owned();
        }
        let mut stream = self.stream();
        stream.shapes = None;
        let mut out = stream.push(text);
        out.push_str(&stream.finish());
        out
    }

    /// The text as it may be shown and kept: without control characters, hidden ones and secrets.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        // First what could stand inside a secret and hide it.
        self.redact(&sanitise(text))
    }

    /// Cleans every text of a value, names of fields aside; false when all were clean.
    pub fn clean_value(&self, value: &mut Value) -> bool {
        each(value, Names::Ours, &|text| self.clean(text))
    }

    /// As [`Redactor::clean_value`], but only known secrets are taken out: what else is odd in the texts stays as it was.
    pub fn redact_known_value(&self, value: &mut Value) -> bool {
        each(value, Names::Ours, &|text| self.redact_known(text))
    }

    /// As [`Redactor::redact_known_value`], of a value whose fields others have named: a name can hold a secret as well.
    pub fn redact_known_foreign(&self, value: &mut Value) -> bool {
        each(value, Names::Theirs, &|text| self.redact_known(text))
    }

    /// The same of all secrets.
    pub fn redact_foreign(&self, value: &mut Value) -> bool {
        each(value, Names::Theirs, &|text| self.redact(text))
    }

    /// A redactor for text that comes in pieces.
    #[must_use]
    pub fn stream(&self) -> RedactStream {
        RedactStream {
            known: self.known(),
            held: String::new(),
            shapes: Some(ShapeStream::default()),
        }
    }
}

/// Who named the fields of a value.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    Ours,
    Theirs,
}

/// Changes every text of a value; whether any became another.
fn each(value: &mut Value, names: Names, change: &dyn Fn(&str) -> String) -> bool {
    match value {
        Value::String(text) => {
            let new = change(text);
            let changed = new != *text;
            *text = new;
            changed
        }
        Value::Array(list) => list
            .iter_mut()
            .fold(false, |any, one| each(one, names, change) | any),
        Value::Object(map) => {
            let odd = names == Names::Theirs && map.keys().any(|name| change(name) != *name);
            if odd {
                for (name, value) in std::mem::take(map) {
                    let mut name = change(&name);
                    // Two that differed in a secret alone are still two.
                    while map.contains_key(&name) {
                        name.push('_');
                    }
                    map.insert(name, value);
                }
            }
            let all = map.values_mut();
            all.fold(odd, |any, one| each(one, names, change) | any)
        }
        _ => false,
    }
}

/// The secrets, and what their traces in text begin with.
struct Known {
    values: Vec<Zeroizing<String>>,
    /// Encoded as a whole.
    encoded: Vec<Zeroizing<String>>,
    /// Whether a secret can start with a byte; most text is passed over by this alone.
    starts: [bool; 256],
    /// Bytes the longest of them can take.
    longest: usize,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            encoded: Vec::new(),
            starts: [false; 256],
            longest: 0,
        }
    }
}

impl Known {
    fn with(&self, value: &str) -> Self {
        let mut next = Self {
            values: self.values.clone(),
            encoded: self.encoded.clone(),
            starts: self.starts,
            longest: self.longest,
        };
        next.values.push(Zeroizing::new(value.to_owned()));
        next.encoded.extend(encoded(value));
        let firsts: Vec<u8> = next
            .encoded
            .iter()
            .chain(&next.values)
            .filter_map(|text| text.bytes().next())
            .collect();
        next.start(firsts);
        next.start(ESCAPES);
        let encoded = next.encoded.iter().map(|text| text.len()).max();
        let escaped = value.len() * LONGEST_ESCAPE;
        next.longest = next.longest.max(escaped).max(encoded.unwrap_or(0));
        next
    }

    fn start(&mut self, bytes: impl IntoIterator<Item = u8>) {
        for byte in bytes {
            if let Some(start) = self.starts.get_mut(usize::from(byte)) {
                *start = true;
            }
        }
    }

    fn starts(&self, byte: u8) -> bool {
        self.starts.get(usize::from(byte)) != Some(&false)
    }

    /// Bytes at the start of `rest` where no secret can begin.
    fn harmless(&self, rest: &str) -> usize {
        let first = rest.bytes().position(|byte| self.starts(byte));
        first.unwrap_or(rest.len())
    }

    /// Length of the known secret at the start of `rest`.
    fn known_at(&self, rest: &str) -> Option<usize> {
        let whole = self.encoded.iter().map(|text| text.as_str());
        let whole = whole.filter(|text| rest.starts_with(text)).map(str::len);
        let spelt = self
            .values
            .iter()
            .filter_map(|value| spelled(rest, value).whole);
        whole.chain(spelt).max()
    }

    /// Whether a whole text holds a known secret.
    fn holds(&self, text: &str) -> bool {
        let starts = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| self.starts(*byte));
        // Without a secret nothing is looked through.
        !self.values.is_empty()
            && starts
                .filter_map(|(at, _)| text.get(at..))
                .any(|rest| self.known_at(rest).is_some())
    }

    /// The text ends in what may become a known secret.
    fn begun(&self, tail: &str) -> bool {
        self.encoded.iter().any(|text| text.starts_with(tail))
            || self.values.iter().any(|value| spelled(tail, value).begun)
    }

    /// Bytes at the end that may be the start of a secret and must wait.
    fn waiting(&self, text: &str) -> usize {
        let earliest = text.len().saturating_sub(self.longest);
        text.bytes()
            .enumerate()
            .skip(earliest)
            .filter(|(_, byte)| self.starts(*byte))
            .filter_map(|(at, _)| text.get(at..))
            .find(|tail| self.begun(tail))
            .map_or(0, str::len)
    }
}

/// Text in pieces; the end that could be the start of a secret is kept back until it is clear.
pub struct RedactStream {
    known: Arc<Known>,
    held: String,
    /// None: known secrets only. They are taken out first, so that nothing else cuts them in two.
    shapes: Option<ShapeStream>,
}

impl RedactStream {
    /// Takes the next piece and returns what is clear by now.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let clear = self.held.len() - self.known.waiting(&self.held);
        let out = self.scan(clear);
        match &mut self.shapes {
            Some(shapes) => shapes.push(&out),
            None => out,
        }
    }

    /// The rest, at the end.
    pub fn finish(&mut self) -> String {
        let out = self.scan(self.held.len());
        match &mut self.shapes {
            Some(shapes) => shapes.push(&out) + &shapes.finish(),
            None => out,
        }
    }

    fn scan(&mut self, clear: usize) -> String {
        let mut out = String::with_capacity(clear);
        let mut at = 0;
        while at < clear {
            let rest = self.held.get(at..).unwrap_or_default();
            let harmless = self.known.harmless(rest).min(clear - at);
            if harmless > 0 {
                out.push_str(rest.get(..harmless).unwrap_or_default());
                at += harmless;
            } else if let Some(length) = self.known.known_at(rest) {
                out.push_str(MARK);
                at += length;
            } else if let Some(c) = rest.chars().next() {
                out.push(c);
                at += c.len_utf8();
            } else {
                break;
            }
        }
        self.held = self.held.split_off(at);
        out
    }
}

#[cfg(test)]
mod tests;
