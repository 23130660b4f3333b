//! Lines out of bytes cut anywhere, in linear time; what is not UTF-8 becomes U+FFFD within its line only.

/// Bytes that have come and the lines not yet taken.
#[derive(Default)]
pub struct Lines {
    buffer: Vec<u8>,
    /// Start of the first line not yet taken.
    start: usize,
    /// Bytes known to hold no line end.
    scanned: usize,
}

impl Lines {
    /// Adds bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole line that is not blank.
    pub fn next_line(&mut self) -> Option<String> {
        loop {
            let fresh = self.buffer.get(self.scanned..)?;
            let Some(end) = fresh.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.buffer.len();
                return None;
            };
            let end = self.scanned + end;
            let line = text(self.buffer.get(self.start..end)?);
            self.start = end + 1;
            self.scanned = self.start;
            if line.is_some() {
                return line;
            }
        }
    }

    /// A last line without an end.
    pub fn rest(&mut self) -> Option<String> {
        let line = text(self.buffer.get(self.start..)?);
        self.start = self.buffer.len();
        self.scanned = self.start;
        line
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(bytes);
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut() {
        let raw = "{\"a\":1}\r\n\n{\"b\":\"ü日🦀\"}\nlast".as_bytes();
        for size in 1..raw.len() {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            for piece in raw.chunks(size) {
                lines.push(piece);
                while let Some(line) = lines.next_line() {
                    found.push(line);
                }
            }
            found.extend(lines.rest());
            assert_eq!(found, ["{\"a\":1}", "{\"b\":\"ü日🦀\"}", "last"], "{size}");
            assert_eq!(lines.rest(), None);
        }
    }

    #[test]
    fn broken_utf8_stays_in_its_line() {
        let mut lines = Lines::default();
        lines.push(b"a\xe2\x82\nb\n");
        assert_eq!(lines.next_line().as_deref(), Some("a\u{fffd}"));
        assert_eq!(lines.next_line().as_deref(), Some("b"));
    }
}
