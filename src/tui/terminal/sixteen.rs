//! The terminal's own 16 colours in the codes every terminal knows; crossterm writes them as the first of 256.

/// Copies what is written to a terminal with such colours in short codes.
pub fn short(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, b"\x1b[") {
        let (before, code) = rest.split_at(at + 2);
        out.extend_from_slice(before);
        let end = code.iter().position(|byte| (0x40..=0x7e).contains(byte));
        let (numbers, behind) = code.split_at(end.unwrap_or(code.len()));
        match behind.first() {
            Some(b'm') => colours(numbers, out),
            _ => out.extend_from_slice(numbers),
        }
        rest = behind;
    }
    out.extend_from_slice(rest);
}

/// The numbers of one code.
fn colours(numbers: &[u8], out: &mut Vec<u8>) {
    let mut parts: Vec<&[u8]> = numbers.split(|byte| *byte == b';').collect();
    let mut shortened = Vec::new();
    parts.reverse();
    while let Some(part) = parts.pop() {
        let own = match (part, parts.as_slice()) {
            (b"38" | b"48", [.., colour, b"5"]) => number(colour).filter(|n| *n < 16),
            _ => None,
        };
        let text = match own {
            Some(n) => {
                parts.truncate(parts.len().saturating_sub(2));
                let first = if n < 8 { 30 } else { 90 - 8 };
                let ground = if part == b"48" { 10 } else { 0 };
                (first + ground + n).to_string().into_bytes()
            }
            None => part.to_vec(),
        };
        shortened.push(text);
    }
    out.extend_from_slice(&shortened.join(&b';'));
}

fn number(text: &[u8]) -> Option<u16> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_sixteen_change_and_only_in_codes() {
        for (before, after) in [
            ("\x1b[38;5;1mred", "\x1b[31mred"),
            ("\x1b[38;5;9;48;5;0m", "\x1b[91;40m"),
            ("\x1b[38;5;15;49m", "\x1b[97;49m"),
            ("\x1b[48;5;12m", "\x1b[104m"),
            (
                "\x1b[38;5;16m\x1b[38;2;5;1;2m",
                "\x1b[38;5;16m\x1b[38;2;5;1;2m",
            ),
            (
                "38;5;1m \x1b[2;5H\x1b[?25l\x1b[0m é",
                "38;5;1m \x1b[2;5H\x1b[?25l\x1b[0m é",
            ),
            ("\x1b[38;5", "\x1b[38;5"),
            ("", ""),
        ] {
            let mut out = Vec::new();
            short(before.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), after);
        }
    }
}
