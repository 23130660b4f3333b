//! Foreign text as it is, to be read: nothing of it acts on a terminal, nothing is dropped, and what cannot be seen stands
//! there as its number.

use super::sanitise::hidden;

const TAB: &str = "    ";

/// The whole text: tabs as blanks, line ends of either kind, everything else that cannot be seen by number.
#[must_use]
pub fn reveal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str(TAB),
            '\r' if rest.peek() == Some(&'\n') => {}
            c if hidden(c) || c.is_control() => out.push_str(&numbered(c)),
            c => out.push(c),
        }
    }
    out
}

/// One line with its tabs, its blanks at the end and its line end by number too; `ended` = a line feed stands behind it.
#[must_use]
pub fn marked(line: &str, ended: bool) -> String {
    let words = line.trim_end_matches(' ');
    let mut out = String::with_capacity(line.len());
    for c in words.chars() {
        match c {
            c if hidden(c) || c.is_control() => out.push_str(&numbered(c)),
            c => out.push(c),
        }
    }
    out.push_str(&numbered(' ').repeat(line.len() - words.len()));
    if !ended {
        out.push_str(" (no line end)");
    }
    out
}

/// Bytes as text; those that are none by their numbers.
#[must_use]
pub fn decoded(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push_str(&format!("<0x{byte:02X}>"));
        }
    }
    out
}

/// Beginning and end of a text that is longer than so many bytes, and between them what is left out and how to see it.
#[must_use]
pub fn shortened(text: String, most: usize, how: &str) -> String {
    if text.len() <= most {
        return text;
    }
    let head = text.floor_char_boundary(most / 4 * 3);
    let tail = text.ceil_char_boundary(text.len() - most / 4);
    let left = tail.saturating_sub(head);
    format!(
        "{}\n\n({left} bytes are left out here: {how})\n\n{}",
        text.get(..head).unwrap_or_default(),
        text.get(tail..).unwrap_or_default()
    )
}

fn numbered(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_dropped_and_nothing_acts() {
        let cases = [
            ("a\tb\r\nc", "a    b\nc"),
            ("evil();\r//ok", "evil();<U+000D>//ok"),
            ("\u{1b}[31mred", "<U+001B>[31mred"),
            ("user\u{202e}txt", "user<U+202E>txt"),
        ];
        for (raw, shown) in cases {
            assert_eq!(reveal(raw), shown, "{raw:?}");
        }
        assert_eq!(marked("\ta  ", true), "<U+0009>a<U+0020><U+0020>");
        assert_eq!(marked("a\r", false), "a<U+000D> (no line end)");
        assert_eq!(decoded(b"a\xff\xfeb"), "a<0xFF><0xFE>b");
        assert_eq!(
            reveal(&"x".repeat(9000)).len(),
            9000,
            "long lines are whole"
        );
    }

    #[test]
    fn a_long_text_says_what_is_left_out() {
        let text = shortened("é".repeat(500), 100, "the whole is in a.md");
        assert!(text.contains("bytes are left out here: the whole is in a.md"));
        assert!(text.starts_with('é') && text.ends_with('é') && text.len() < 200);
        assert_eq!(shortened("short".to_owned(), 100, ""), "short");
    }

    proptest! {
        #[test]
        fn no_control_comes_out(text in any::<String>()) {
            let bad = |c: char| c != '\n' && (c.is_control() || hidden(c));
            prop_assert!(!reveal(&text).chars().any(bad));
            prop_assert!(!marked(&text.replace('\n', ""), true).chars().any(bad));
        }
    }
}
