//! Makes foreign text safe to print and to store: no escape sequences, no control characters, no hidden direction
//! changes. Works on whole texts and on streams cut anywhere.

use vte::{Parser, Perform};

/// Bytes of one line kept; the rest of it is dropped behind a `…`.
pub const LINE_LIMIT: usize = 4096;
const TAB: &str = "    ";
/// Bytes compared at a time.
const RUN: usize = 64;

/// The whole text, safe: of its control characters only line feeds are left.
#[must_use]
pub fn sanitise(text: &str) -> String {
    // Most texts are short and plain: there is nothing to do.
    match text.len() <= LINE_LIMIT && text.bytes().all(|byte| plain(&byte)) {
        true => text.to_owned(),
        false => sanitise_bytes(text.as_bytes()),
    }
}

/// The same for bytes that may not be UTF-8; what is not shows as U+FFFD.
#[must_use]
pub fn sanitise_bytes(bytes: &[u8]) -> String {
    Sanitiser::default().push(bytes)
}

/// The whole text, safe, however long its lines are: for what the program itself says.
#[must_use]
pub fn sanitise_uncut(text: &str) -> String {
    Sanitiser::of(usize::MAX).push(text.as_bytes())
}

/// JSON text whose strings keep every character, those that a terminal or a reader could trip over as escapes.
#[must_use]
pub fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        // Nearly all of it, passed over by bytes.
        let (kept, odd) = rest.split_at(run(rest, |byte| plain(byte) || *byte == b'\n'));
        out.push_str(kept);
        let mut behind = odd.chars();
        match behind.next() {
            Some(c) if hidden(c) || c.is_control() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            first => out.extend(first),
        }
        rest = behind.as_str();
    }
    out
}

/// The first character that does not belong into a text file: its line (from 1), and the character.
#[must_use]
pub fn misplaced(text: &str) -> Option<(usize, char)> {
    let fine = |byte: &u8| plain(byte) || matches!(byte, b'\n' | b'\t');
    let mut rest = text;
    loop {
        let (_, odd) = rest.split_at(run(rest, fine));
        let mut behind = odd.chars();
        let c = behind.next()?;
        // With a line feed behind it, it ends a line.
        let ends = c == '\r' && behind.as_str().starts_with('\n');
        if !ends && (hidden(c) || c.is_control()) {
            let before = text.len() - odd.len();
            let lines = text.bytes().take(before).filter(|byte| *byte == b'\n');
            return Some((lines.count() + 1, c));
        }
        rest = behind.as_str();
    }
}

/// One line for a sentence: safe, line breaks as spaces, at most `limit` characters.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let safe = sanitise(text);
    let mut words = safe.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = words.char_indices().nth(limit) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

/// A sanitiser for a stream; pieces may end inside an escape sequence or a character.
pub struct Sanitiser {
    parser: Parser,
    /// The parser has seen some of the present line.
    parsing: bool,
    line: Line,
    /// The first bytes of a character whose rest has not come yet. The parser could keep them itself, but version
    /// 0.15 then skips what follows the character.
    half: Vec<u8>,
}

impl Default for Sanitiser {
    fn default() -> Self {
        Self::of(LINE_LIMIT)
    }
}

impl Sanitiser {
    fn of(limit: usize) -> Self {
        Self {
            parser: Parser::new(),
            parsing: false,
            line: Line {
                limit,
                ..Line::default()
            },
            half: Vec::new(),
        }
    }

    /// Takes the next bytes and returns what may be shown of them now.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut whole = std::mem::take(&mut self.half);
        whole.extend_from_slice(bytes);
        self.half = whole.split_off(whole.len() - half_character(&whole));
        let mut parts = whole.split(|byte| *byte == b'\n');
        if let Some(first) = parts.next() {
            self.part(first);
        }
        for part in parts {
            self.line.feed();
            // A fresh parser: a sequence left open must not swallow the lines after it.
            if std::mem::take(&mut self.parsing) {
                self.parser = Parser::new();
            }
            self.part(part);
        }
        self.line.take()
    }

    /// A piece of one line. Most are plain and need no parser.
    fn part(&mut self, part: &[u8]) {
        match str::from_utf8(part) {
            Ok(text) if !self.parsing && readable(text) && self.line.fits(text) => {
                self.line.text(text);
            }
            _ => {
                self.parsing = true;
                self.parser.advance(&mut self.line, part);
            }
        }
    }
}

/// Bytes at the start of a text that are all of a kind of ASCII: compared many at a time, as nearly all are.
fn run(text: &str, of: impl Fn(&u8) -> bool) -> usize {
    let parts = text.as_bytes().chunks(RUN);
    let all = |part: &&[u8]| part.iter().fold(true, |all, byte| all & of(byte));
    let whole = parts.take_while(all).count() * RUN;
    let rest = text.as_bytes().get(whole..).unwrap_or_default();
    let odd = rest.iter().position(|byte| !of(byte));
    odd.map_or(text.len(), |at| whole + at)
}

/// A byte that is a character of one line, as it is.
fn plain(byte: &u8) -> bool {
    matches!(byte, 0x20..=0x7E)
}

/// Nothing of it is changed when it is shown.
fn readable(text: &str) -> bool {
    let shown = |c: char| !c.is_control() && !hidden(c);
    text.split_at(run(text, plain)).1.chars().all(shown)
}

/// Bytes at the end that begin a character and do not complete it.
fn half_character(bytes: &[u8]) -> usize {
    let lead = bytes.iter().rev().take(3).position(|byte| *byte >= 0xC0);
    let Some(after) = lead else { return 0 };
    let needed = match bytes.iter().rev().nth(after) {
        Some(0xF0..) => 3,
        Some(0xE0..) => 2,
        _ => 1,
    };
    if after < needed { after + 1 } else { 0 }
}

/// What has been made safe and not yet handed out, and where the current line stands.
#[derive(Default)]
struct Line {
    /// Bytes of one line kept.
    limit: usize,
    out: String,
    /// Where the current line begins in `out`.
    start: usize,
    /// Bytes of the current line handed out already.
    sent: usize,
    /// A carriage return waits for what follows.
    returned: bool,
    full: bool,
}

impl Line {
    fn take(&mut self) -> String {
        self.sent += self.out.len() - self.start;
        self.start = 0;
        std::mem::take(&mut self.out)
    }

    fn feed(&mut self) {
        self.out.push('\n');
        self.start = self.out.len();
        self.sent = 0;
        self.returned = false;
        self.full = false;
    }

    fn text(&mut self, text: &str) {
        if self.returned {
            self.overwrite();
        }
        if self.full {
            return;
        }
        if self.fits(text) {
            self.out.push_str(text);
        } else {
            self.full = true;
            self.out.push('…');
        }
    }

    fn fits(&self, text: &str) -> bool {
        self.sent + self.out.len() - self.start + text.len() <= self.limit
    }

    /// After a carriage return the line is written anew; what was handed out cannot be taken back, so a new one begins.
    fn overwrite(&mut self) {
        if self.sent > 0 {
            self.feed();
        } else {
            self.out.truncate(self.start);
        }
        self.returned = false;
        self.full = false;
    }
}

impl Perform for Line {
    fn print(&mut self, c: char) {
        if hidden(c) {
            self.text(&format!("<U+{:04X}>", u32::from(c)));
        } else if !c.is_control() {
            self.text(c.encode_utf8(&mut [0; 4]));
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\t' => self.text(TAB),
            b'\r' => self.returned = true,
            _ => {}
        }
    }
}

/// Characters that change the reading order or take no room: shown by number instead.
pub(super) fn hidden(c: char) -> bool {
    // Nearly all text, and none of it is.
    if c.is_ascii() {
        return false;
    }
    matches!(u32::from(c),
        0xAD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F
        | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0E | 0xFEFF | 0xFFA0
        | 0xFFF0..=0xFFFB | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_go_and_text_stays() {
        let cases = [
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b]0;title\x07after", "after"),
            ("\x1b]52;c;aGVsbG8=\x1b\\after", "after"),
            ("\x1bP1$r0m\x1b\\after", "after"),
            ("a\tb", "a    b"),
            ("10 %\r50 %\r100 %\n", "100 %\n"),
            ("line\r\nnext", "line\nnext"),
            ("a\u{8}b\u{7}c\u{7f}d\u{9b}e\u{0}", "abcde"),
            ("user\u{202e}txt\u{200b}.", "user<U+202E>txt<U+200B>."),
            ("\x1b]0;never closed\nvisible", "\nvisible"),
            ("äöü 日本 🦀", "äöü 日本 🦀"),
        ];
        for (raw, safe) in cases {
            assert_eq!(sanitise(raw), safe, "{raw:?}");
        }
        assert_eq!(sanitise_bytes(b"half \xe2\x82 end"), "half \u{fffd} end");
    }

    #[test]
    fn long_lines_are_cut_and_the_next_one_is_whole() {
        let safe = sanitise(&format!("{}\nshort", "x".repeat(9000)));
        let mut lines = safe.lines();
        assert_eq!(
            lines.next().map(str::len),
            Some(LINE_LIMIT + '…'.len_utf8())
        );
        assert_eq!(lines.next(), Some("short"));
    }

    #[test]
    fn a_stream_starts_a_new_line_where_it_cannot_overwrite() {
        let mut stream = Sanitiser::default();
        assert_eq!(stream.push(b"10 %"), "10 %");
        assert_eq!(stream.push(b"\r"), "");
        assert_eq!(stream.push(b"\n"), "\n");
        assert_eq!(stream.push(b"20 %"), "20 %");
        assert_eq!(stream.push(b"\r30 %"), "\n30 %");
    }

    #[test]
    fn json_keeps_every_character_as_an_escape() {
        let value = serde_json::json!({"a": "x\u{202e}\u{9b}\u{7f}\u{e0041}é"});
        let text = escape_json(&value.to_string());
        assert_eq!(text, r#"{"a":"x\u202e\u009b\u007f\udb40\udc41é"}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn a_misplaced_character_is_named_with_its_line() {
        assert_eq!(misplaced("a\tb\r\nc 🦀"), None);
        assert_eq!(misplaced("a\nb\u{202e}"), Some((2, '\u{202e}')));
        assert_eq!(misplaced("\x1b[0m"), Some((1, '\x1b')));
    }

    #[test]
    fn one_line_fits_a_sentence() {
        assert_eq!(one_line("a\n  b\x1b[1mc\n", 80), "a bc");
        assert_eq!(one_line("abcdef", 3), "abc…");
    }

    fn clean(text: &str) -> bool {
        text.chars().all(|c| c == '\n' || !c.is_control()) && !text.chars().any(hidden)
    }

    proptest! {
        #[test]
        fn nothing_dangerous_comes_out(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(clean(&sanitise_bytes(&bytes)));
        }

        #[test]
        fn nor_from_escape_heavy_text_cut_anywhere(
            parts in proptest::collection::vec(prop_oneof![
                Just("\x1b[".to_owned()), Just("\x1b]".to_owned()), Just("\x1bP".to_owned()), Just("\u{9b}".to_owned()),
                Just("\x07".to_owned()), Just("\x1b\\".to_owned()), Just("\u{202e}".to_owned()), Just("\n".to_owned()),
                "[a-zé日🦀;0-9]{0,5}",
            ], 0..30),
            cuts in proptest::collection::vec(1usize..7, 0..200),
        ) {
            // No carriage return in here, so pieces must add up to the whole.
            let raw = parts.concat();
            let mut stream = Sanitiser::default();
            let (mut rest, mut joined) = (raw.as_bytes(), String::new());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                joined.push_str(&stream.push(piece));
                rest = after;
            }
            joined.push_str(&stream.push(rest));
            prop_assert!(clean(&joined));
            prop_assert_eq!(joined, sanitise(&raw));
        }
    }
}
