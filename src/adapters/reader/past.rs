//! Behind the lines of run/: what the journal tells, event by event, page by page towards the oldest.

use super::Lines;
use super::back::Back;
use crate::adapters::store::readers;
use crate::domain::event::Event;
use crate::domain::lines;
use crate::domain::screen::LogLine;
use crate::factory::ports::reader::{Mark, Page};
use chrono::{DateTime, Utc};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a line that hold its number and time.
const HEAD: usize = 160;
/// Bytes read at once while looking for the start of a line.
const PIECE: usize = 4096;

/// Where events begin that are not told by lines any more.
#[derive(Clone, Copy, Debug)]
pub enum Seam {
    /// At this event.
    Event(u64),
    /// At this time.
    Time(DateTime<Utc>),
    /// Nowhere: no line is there at all.
    End,
}

impl Seam {
    /// Before the oldest of some lines.
    pub fn before(lines: &[LogLine]) -> Self {
        match lines.iter().find_map(|line| line.seq) {
            Some(seq) => Self::Event(seq),
            None => lines.first().map_or(Self::End, |line| Self::Time(line.at)),
        }
    }

    /// Whether an event stands before it.
    fn after(self, (seq, at): (u64, DateTime<Utc>)) -> bool {
        match self {
            Self::Event(first) => seq < first,
            Self::Time(first) => at < first,
            Self::End => true,
        }
    }
}

/// The journal's files, newest first.
pub struct Past(Vec<Lines>);

impl Past {
    /// Of a home.
    pub fn of(home: &Path) -> Result<Self, String> {
        let mut files: Vec<Lines> = Vec::new();
        for path in readers::segments(home) {
            let Some(file) = Lines::open(&path)? else {
                continue;
            };
            // Closed between the listing and the open, the live one would be seen twice.
            if file.len > 0 && files.iter().all(|known| known.name != file.name) {
                files.push(file);
            }
        }
        Ok(Self(files))
    }

    /// Where what stands before a seam ends; None = nothing does.
    pub fn end(&self, seam: Seam) -> Result<Option<Mark>, String> {
        for lines in &self.0 {
            let at = cut(&lines.file, lines.len, seam);
            let at = at.map_err(|e| super::trouble(&lines.path, &e))?;
            if at > 0 {
                let file = lines.name;
                return Ok(Some(Mark { file, at }));
            }
        }
        Ok(None)
    }

    /// Whether a mark is in one of the files.
    pub fn holds(&self, mark: &Mark) -> bool {
        self.0.iter().any(|lines| lines.name == mark.file)
    }

    /// At most `count` lines that end at a mark.
    pub fn lines(&self, mark: &Mark, count: usize) -> Result<Page, String> {
        let mut files = self.0.iter().skip_while(|lines| lines.name != mark.file);
        let mut newest_first: Vec<LogLine> = Vec::new();
        let mut end = Some(mark.at);
        let mut before = None;
        while let Some(lines) = files.next() {
            let mut back = Back::new(&lines.file, end.take().unwrap_or(lines.len));
            while newest_first.len() < count {
                let line = back.line().map_err(|e| super::trouble(&lines.path, &e))?;
                let Some(line) = line else { break };
                // A damaged line is left out; so is bookkeeping nobody reads.
                let event = serde_json::from_slice::<Event>(&line);
                newest_first.extend(event.ok().as_ref().and_then(lines::line));
            }
            let at = back.at();
            if at > 0 {
                before = Some(Mark {
                    file: lines.name,
                    at,
                });
                break;
            }
            if newest_first.len() >= count {
                before = files.next().map(Lines::end);
                break;
            }
        }
        newest_first.reverse();
        Ok(Page {
            lines: newest_first,
            before,
        })
    }
}

/// Where in a file the first line begins that does not stand before the seam; found by halving.
fn cut(file: &File, len: u64, seam: Seam) -> io::Result<u64> {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        match next(file, middle, high)? {
            // Every line that begins in this half has been looked at or cannot be read.
            None => high = middle,
            Some((begin, head, end)) if seam.after(head) => low = end.max(begin + 1),
            Some(_) => high = middle,
        }
    }
    Ok(low)
}

type Found = (u64, (u64, DateTime<Utc>), u64);

/// The first readable line that begins at or behind a place and before another: where, its head, where it ends.
fn next(file: &File, from: u64, until: u64) -> io::Result<Option<Found>> {
    let mut begin = match from {
        0 => 0,
        from => match feed(file, from - 1, until)? {
            Some(at) => at + 1,
            None => return Ok(None),
        },
    };
    while begin < until {
        let Some(end) = feed(file, begin, u64::MAX)? else {
            return Ok(None);
        };
        let mut bytes = [0; HEAD];
        let read = file.read_at(&mut bytes, begin)?;
        if let Some(head) = head(bytes.get(..read).unwrap_or_default()) {
            return Ok(Some((begin, head, end + 1)));
        }
        begin = end + 1;
    }
    Ok(None)
}

/// The first line feed at or behind a place and before another.
fn feed(file: &File, from: u64, until: u64) -> io::Result<Option<u64>> {
    let mut at = from;
    let mut bytes = [0; PIECE];
    while at < until {
        let read = file.read_at(&mut bytes, at)?;
        let piece = bytes.get(..read).unwrap_or_default();
        if let Some(found) = memchr::memchr(b'\n', piece) {
            let found = at + found as u64;
            return Ok((found < until).then_some(found));
        }
        if read == 0 {
            return Ok(None);
        }
        at += read as u64;
    }
    Ok(None)
}

/// Number and time, which are the first two keys of every line.
fn head(bytes: &[u8]) -> Option<(u64, DateTime<Utc>)> {
    let text = String::from_utf8_lossy(bytes);
    let rest = text.strip_prefix("{\"seq\":")?;
    let (seq, rest) = rest.split_once(",\"ts\":\"")?;
    let (at, _) = rest.split_once('"')?;
    Some((seq.parse().ok()?, at.parse().ok()?))
}
