//! One journal line: compact JSON whose last key is a checksum over the rest. Of lines that were written together all
//! but the last say that more belongs to them, so that a write cut short is known to have never happened.

use std::ops::Range;

const KEY: &str = ",\"crc\":\"";
/// Last key before the checksum of a line that is not the last of its write.
const MORE: &str = ",\"more\":true";
/// `,"crc":"` + 8 digits + `"}`
const TAIL: usize = KEY.len() + 8 + 2;

/// Adds the checksum to a compact JSON object.
#[must_use]
pub fn seal(object: &str) -> String {
    let open = object.strip_suffix('}').unwrap_or(object);
    format!("{open}{KEY}{:08x}\"}}", crc(open))
}

/// The same for a line that others follow in one write.
#[must_use]
pub fn seal_with_more(object: &str) -> String {
    let open = object.strip_suffix('}').unwrap_or(object);
    seal(&format!("{open}{MORE}}}"))
}

/// Whether others follow in one write.
#[must_use]
pub fn has_more(line: &str) -> bool {
    let open = line.len().checked_sub(TAIL).and_then(|at| line.get(..at));
    open.is_some_and(|open| open.ends_with(MORE))
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
    // Where a write begins that has not come to its end, and how many lines were whole before it.
    let mut open: Option<(usize, usize)> = None;
    for piece in bytes.split_inclusive(|b| *b == b'\n') {
        number += 1;
        let range = start..start + piece.len();
        start = range.end;
        let ended = piece.strip_suffix(b"\n");
        match std::str::from_utf8(ended.unwrap_or(piece)) {
            Ok(line) if intact(line) && seq(line).is_some() => {
                found.damaged.extend(suspects.drain(..).map(|(n, _)| n));
                found.unended = ended.is_none();
                let begun = open.take().unwrap_or((range.start, found.whole.len()));
                open = has_more(line).then_some(begun);
                found.whole.push((seq(line).unwrap_or_default(), range));
            }
            Ok("") if ended.is_some() => {}
            _ => suspects.push((number, range.start)),
        }
    }
    // Only the end can be torn by a crash; one write may have held several lines.
    found.torn = suspects.first().map(|(_, at)| *at);
    if let Some((at, whole)) = open {
        found.torn = Some(at);
        found.whole.truncate(whole);
    }
    found
}

/// Reads the number without parsing the line; it is always the first key.
#[must_use]
pub fn seq(line: &str) -> Option<u64> {
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

    #[test]
    fn lines_written_together_are_there_together() {
        let mut text = sealed(1);
        let before = text.len();
        for n in 2..4 {
            text += &(seal_with_more(&format!("{{\"seq\":{n},\"kind\":\"noted\"}}")) + "\n");
        }
        text += &sealed(4);
        let end = text.len();
        text += &sealed(5);
        for cut in before..=text.len() {
            let found = scan(&text.as_bytes()[..cut]);
            let numbers: Vec<u64> = found.whole.iter().map(|(seq, _)| *seq).collect();
            // A line end that is missing costs nothing.
            let expected = match cut {
                cut if cut < end - 1 => (vec![1], (cut > before).then_some(before)),
                cut if cut < text.len() - 1 => (vec![1, 2, 3, 4], (cut > end).then_some(end)),
                _ => (vec![1, 2, 3, 4, 5], None),
            };
            assert_eq!((numbers, found.torn), expected, "cut at {cut}");
        }
    }
}
