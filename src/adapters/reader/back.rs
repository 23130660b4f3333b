//! Lines of a file from the end towards the start, piece by piece.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes read at once; more where a line is longer.
const PIECE: u64 = 64 * 1024;

/// Stands behind the last line not handed out yet.
pub struct Back<'a> {
    file: &'a File,
    /// Where `held` begins in the file.
    from: u64,
    held: Vec<u8>,
    /// The last line's end has been looked for.
    begun: bool,
}

impl<'a> Back<'a> {
    /// Of a file up to a place.
    pub const fn new(file: &'a File, end: u64) -> Self {
        Self {
            file,
            from: end,
            held: Vec::new(),
            begun: false,
        }
    }

    /// Where the lines not handed out yet end.
    pub fn at(&self) -> u64 {
        self.from + self.held.len() as u64
    }

    /// The next whole line towards the start, without its line feed; None at the start.
    pub fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        if !self.begun {
            // What stands behind the last line feed is still being written.
            let end = self.feed_before(0)?;
            self.held.truncate(end.map_or(0, |at| at + 1));
            self.begun = true;
        }
        if self.at() == 0 {
            return Ok(None);
        }
        let start = self.feed_before(1)?.map_or(0, |at| at + 1);
        let mut line = self.held.split_off(start);
        line.pop();
        Ok(Some(line))
    }

    /// Where in `held` the last line feed stands that is not among the last `skip` bytes; None = there is none.
    fn feed_before(&mut self, skip: usize) -> io::Result<Option<usize>> {
        loop {
            let end = self.held.len().saturating_sub(skip);
            let known = self.held.get(..end).unwrap_or_default();
            let found = known.iter().rposition(|byte| *byte == b'\n');
            if found.is_some() || self.from == 0 {
                return Ok(found);
            }
            self.more()?;
        }
    }

    /// Takes up what stands in front; twice as much each time one line needs more.
    fn more(&mut self) -> io::Result<()> {
        let take = PIECE.max(self.held.len() as u64).min(self.from);
        let from = self.from - take;
        let mut bytes = vec![0; usize::try_from(take).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, from)?;
        bytes.append(&mut self.held);
        self.held = bytes;
        self.from = from;
        Ok(())
    }
}
