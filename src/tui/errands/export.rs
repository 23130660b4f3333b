//! Saving: a text as it is, or every line on disk that is wanted, oldest first, whatever their number.

use super::super::book::{Book, Filter};
use super::super::export::row;
use crate::factory::ports::desktop::{Desktop, Kept};
use crate::factory::ports::reader::{Mark, Reader};
use crate::text::plural::plural;
use chrono::FixedOffset;
use std::io::{BufWriter, Write};

/// Lines read at once.
const PAGE: usize = 2_000;

/// Saves a text.
pub fn keep(desktop: &dyn Desktop, name: &str, text: &str) -> Result<String, String> {
    let Kept { path, mut file } = desktop.file(name)?;
    let written = file.write_all(text.as_bytes());
    let ended = written.and_then(|()| file.write_all(b"\n"));
    ended.map_err(|error| format!("{path}: {error}"))?;
    Ok(format!("saved to {path}"))
}

/// Saves lines. They are read twice, page by page: backwards to know where pages begin, then forwards; so memory holds
/// one page. `tell` hears how many lines were saved, and says whether to go on.
pub fn lines(
    reader: &dyn Reader,
    desktop: &dyn Desktop,
    filter: Filter,
    zone: Option<FixedOffset>,
    tell: impl Fn(u64) -> bool,
) -> Result<String, String> {
    let mut ends: Vec<Option<Mark>> = vec![None];
    while let Some(mark) = reader
        .lines(ends.last().and_then(Option::as_ref), PAGE)?
        .before
    {
        ends.push(Some(mark));
        if !tell(0) {
            return Err("stopped before anything was saved".to_owned());
        }
    }
    let Kept { path, file } = desktop.file("logs")?;
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut out = BufWriter::new(file);
    let mut book = Book::default();
    book.choose(filter);
    let mut saved = 0;
    while let Some(end) = ends.pop() {
        for line in reader.lines(end.as_ref(), PAGE)?.lines {
            book.push(&line, false);
        }
        for one in book.take(ends.is_empty()) {
            writeln!(out, "{}", row(&one, zone)).map_err(failed)?;
            saved += 1;
        }
        if !ends.is_empty() && !tell(saved) {
            out.flush().map_err(failed)?;
            return Ok(format!("stopped: the oldest {saved} lines are in {path}"));
        }
    }
    out.flush().map_err(failed)?;
    Ok(format!("{} saved to {path}", plural(saved, "line")))
}
