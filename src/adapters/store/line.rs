//! One journal line: compact JSON whose last key is a checksum over the rest.

use std::ops::Range;

const KEY: &str = ",\"crc\":\"";
/// `,"crc":"` + 8 digits + `"}`
const TAIL: usize = KEY.len() + 8 + 2;

/// Adds the checksum to a compact JSON object.
#[must_use]
pub fn seal(object: &str) -> String {
    let open = object.strip_suffix('}').unwrap_or(object);
    format!("{open}{KEY}{:08x}\"}}", crc(open))
}

/// Whether a line is whole: its checksum is there and right.
#[must_use]
pub fn intact(line: &str) -> bool {
    let Some(at) = line.len().checked_sub(TAIL) else {
        return false;
    };
    let (Some(open), Some(tail)) = (line.get(..at), line.get(at..)) else {
        return false;
    };
    tail.strip_prefix(KEY)
        .and_then(|t| t.strip_suffix("\"}"))
        .is_some_and(|digits| digits == format!("{:08x}", crc(open)))
}

fn crc(open: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(open.as_bytes());
    hasher.update(b"}");
    hasher.finalize()
}

/// What one pass over a segment found. Nothing is parsed yet but the numbers.
#[derive(Debug, Default)]
pub struct Scan {
    /// Whole lines: number in the journal, place in the bytes.
    pub whole: Vec<(u64, Range<usize>)>,
    /// Numbers of damaged lines (from 1) that have whole lines after them.
    pub damaged: Vec<usize>,
    /// The end is torn: everything from here on is no whole line.
    pub torn: Option<usize>,
    /// The last line is whole but for its line end.
    pub unended: bool,
}

/// Splits a segment into lines and checks each.
#[must_use]
pub fn scan(bytes: &[u8]) -> Scan {
    let mut found = Scan::default();
    let mut suspects: Vec<(usize, usize)> = Vec::new();
    let mut start = 0;
    let mut number = 0;
    for piece in bytes.split_inclusive(|b| *b == b'\n') {
        number += 1;
        let range = start..start + piece.len();
        start = range.end;
        let ended = piece.strip_suffix(b"\n");
        match std::str::from_utf8(ended.unwrap_or(piece)) {
            Ok(line) if intact(line) && seq(line).is_some() => {
                found.damaged.extend(suspects.drain(..).map(|(n, _)| n));
                found.unended = ended.is_none();
                found.whole.push((seq(line).unwrap_or_default(), range));
            }
            Ok("") if ended.is_some() => {}
            _ => suspects.push((number, range.start)),
        }
    }
    // Only the end can be torn by a crash; one write may have held several lines.
    found.torn = suspects.first().map(|(_, at)| *at);
    found
}

/// Reads the number without parsing the line; it is always the first key.
fn seq(line: &str) -> Option<u64> {
    let digits = line.strip_prefix("{\"seq\":")?;
    digits.get(..digits.find(',')?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(n: u64) -> String {
        seal(&format!("{{\"seq\":{n},\"kind\":\"noted\"}}")) + "\n"
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let line = seal("{\"seq\":1,\"a\":\"b\"}");
        assert!(intact(&line));
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap_or_default();
            assert!(!intact(&changed), "byte {at}");
        }
    }

    #[test]
    fn torn_anywhere_keeps_what_came_before() {
        let text = sealed(1) + &sealed(2);
        let first = sealed(1).len();
        for cut in first + 1..text.len() - 1 {
            let found = scan(&text.as_bytes()[..cut]);
            assert_eq!(found.whole.len(), 1, "cut at {cut}");
            assert_eq!(found.torn, Some(first));
        }
        let found = scan(&text.as_bytes()[..text.len() - 1]);
        assert_eq!((found.whole.len(), found.unended), (2, true));
    }

    #[test]
    fn a_damaged_middle_is_skipped_and_named() {
        let text = sealed(1) + "rubbish\n" + &sealed(3);
        let found = scan(text.as_bytes());
        assert_eq!(found.damaged, [2]);
        assert_eq!(found.torn, None);
        assert_eq!(found.whole.iter().map(|w| w.0).collect::<Vec<_>>(), [1, 3]);
    }
}
