//! Events of one tool out of a journal of any length: segment by segment towards the past, as many at once as are read in
//! a moment. Lines that do not name the tool are passed over unread.

use super::trouble;
use crate::adapters::store::layout::Layout;
use crate::adapters::store::{files, fold, line};
use crate::domain::event::Event;
use crate::domain::tool::{begins, concerns};
use crate::factory::ports::reader::{Events, Mark};
use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes looked through for one page, in whole segments.
const ENOUGH: u64 = 16 * 1024 * 1024;
/// Bytes in which a line has its number.
const NUMBER: usize = 64;

/// A segment of the journal, by its first number.
struct Segment {
    first: u64,
    path: PathBuf,
    /// The live one is open, as it may be put aside meanwhile.
    file: Option<File>,
}

/// The events of a tool that end at a mark and come after a number.
pub fn events(home: &Path, tool: &str, after: u64, mark: Option<&Mark>) -> Result<Events, String> {
    let segments = segments(home)?;
    let quoted = format!("\"{tool}\"");
    let named = Finder::new(&quoted);
    let mut found = Events::default();
    let mut newer: Option<u64> = None;
    let mut read = 0;
    for segment in segments {
        if mark.is_some_and(|mark| segment.first > mark.file) {
            newer = Some(segment.first);
            continue;
        }
        if newer.is_some_and(|newer| newer <= after.saturating_add(1)) {
            break;
        }
        if read >= ENOUGH {
            found.before = Some(Mark {
                file: segment.first,
                at: 0,
            });
            break;
        }
        newer = Some(segment.first);
        let path = segment.path.clone();
        let bytes = segment.bytes().map_err(|e| trouble(&path, &e))?;
        read += bytes.len() as u64;
        if mark.is_none() && found.tip == 0 {
            found.tip = tip(&bytes);
        }
        let mut events = of_tool(&bytes, &named, tool);
        let begun = events.iter().any(|event| begins(event, tool));
        events.retain(|event| event.seq > after);
        events.append(&mut found.events);
        found.events = events;
        if begun {
            break;
        }
    }
    Ok(found)
}

/// Number of the last line.
fn tip(bytes: &[u8]) -> u64 {
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = memrchr(b'\n', lines).map_or(0, |at| at + 1);
    let head = lines.get(start..).unwrap_or_default();
    let head = String::from_utf8_lossy(head.get(..NUMBER).unwrap_or(head));
    line::seq(&head).unwrap_or(0)
}

/// Whole lines about the tool, as events.
fn of_tool(bytes: &[u8], named: &Finder<'_>, tool: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut end = 0;
    while let Some(at) = named.find(bytes.get(end..).unwrap_or_default()) {
        let at = end + at;
        let start = memrchr(b'\n', bytes.get(..at).unwrap_or_default()).map_or(0, |at| at + 1);
        let Some(length) = memchr(b'\n', bytes.get(at..).unwrap_or_default()) else {
            break;
        };
        end = at + length;
        let line = bytes.get(start..end).unwrap_or_default();
        let event = std::str::from_utf8(line)
            .ok()
            .filter(|line| line::intact(line))
            .and_then(|line| serde_json::from_str::<Event>(line).ok());
        events.extend(event.filter(|event| concerns(event, tool)));
    }
    events
}

impl Segment {
    fn bytes(self) -> io::Result<Vec<u8>> {
        let live = self.file.is_some();
        let mut file = match self.file {
            Some(file) => file,
            None => files::open(&self.path)?,
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if live {
            bytes.truncate(whole(&bytes));
        }
        Ok(bytes)
    }
}

/// Bytes up to the end of the last write that has come to its end.
fn whole(bytes: &[u8]) -> usize {
    let mut end = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    while let Some(last) = end.checked_sub(1) {
        let before = bytes.get(..last).unwrap_or_default();
        let start = memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = before.get(start..).unwrap_or_default();
        if !std::str::from_utf8(line).is_ok_and(line::has_more) {
            return end;
        }
        end = start;
    }
    0
}

/// All segments, newest first.
fn segments(home: &Path) -> Result<Vec<Segment>, String> {
    let layout = Layout::new(home);
    let path = layout.journal();
    let live = match files::open(&path) {
        Ok(file) => Some(file),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(e) => return Err(trouble(&path, &e)),
    };
    let closed = fold::segments(&layout.segments()).into_iter();
    let mut all: Vec<Segment> = closed
        .map(|(first, path)| Segment {
            first,
            path,
            file: None,
        })
        .collect();
    if let Some(file) = live
        && let Some(first) = first(&file).map_err(|e| trouble(&path, &e))?
    {
        all.retain(|segment| segment.first != first);
        all.push(Segment {
            first,
            path,
            file: Some(file),
        });
    }
    all.sort_by_key(|segment| std::cmp::Reverse(segment.first));
    Ok(all)
}

/// Number of a file's first line; None in an empty one.
fn first(file: &File) -> io::Result<Option<u64>> {
    let mut head = [0; NUMBER];
    let read = file.read_at(&mut head, 0)?;
    let text = String::from_utf8_lossy(head.get(..read).unwrap_or_default());
    Ok(line::seq(&text))
}
