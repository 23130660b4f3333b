//! One turn out of a transcript, line by line: lines of other turns are passed over unread, and of a line that is too
//! long only its length is told.

use super::trouble;
use crate::adapters::store::files;
use crate::factory::ports::reader::Said;
use crate::text::reveal::{reveal, shortened};
use memchr::{memchr, memmem};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::Path;

/// Bytes at a line's start in which its label stands.
const HEAD: usize = 1024;
/// Longest line that is taken apart.
const LONGEST: usize = 4 * 1024 * 1024;
/// Bytes shown of one message, and of all that was said in a turn.
const MESSAGE: usize = 128 * 1024;
const ALL: usize = 512 * 1024;

/// The turn of a label that comes after so many others of it; None when the transcript, or the turn, is not there.
pub fn read(home: &Path, path: &Path, label: &str, nth: usize) -> Result<Option<Said>, String> {
    let whole = home.join(path);
    let file = match files::open(&whole) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(trouble(&whole, &e)),
    };
    let how = format!("{} has all of it", path.display());
    let named = format!("\"label\":{}", Value::from(label));
    let mut lines = BufReader::new(file);
    let mut line = Vec::new();
    let mut before = 0;
    loop {
        let bytes = next(&mut lines, &mut line).map_err(|e| trouble(&whole, &e))?;
        if bytes == 0 {
            return Ok(None);
        }
        let head = line.get(..HEAD).unwrap_or(&line);
        if memmem::find(head, named.as_bytes()).is_none() {
            continue;
        }
        if before < nth {
            before += 1;
            continue;
        }
        if bytes > line.len() {
            return Ok(Some(Said {
                text: format!("({bytes} bytes, too many to be shown: {how})"),
                ..Said::default()
            }));
        }
        let line = serde_json::from_slice(&line).ok();
        return Ok(line.map(|line| said(&line, &how)));
    }
}

/// Reads a line, of which at most `LONGEST` bytes are kept; gives the bytes it has, 0 at the end.
fn next(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    let mut bytes = 0;
    loop {
        let held = lines.fill_buf()?;
        let end = memchr(b'\n', held).map(|at| at + 1);
        let taken = end.unwrap_or(held.len());
        let room = LONGEST.saturating_sub(line.len()).min(taken);
        line.extend_from_slice(held.get(..room).unwrap_or_default());
        lines.consume(taken);
        bytes += taken;
        if end.is_some() || taken == 0 {
            return Ok(bytes);
        }
    }
}

fn said(line: &Value, how: &str) -> Said {
    let mut left = ALL;
    let mut part = |text: &str| {
        let text = shortened(reveal(text), MESSAGE.min(left), how);
        left = left.saturating_sub(text.len());
        text
    };
    let words = |value: Option<&Value>| -> String {
        let words = value.and_then(Value::as_str).unwrap_or_default();
        words.to_owned()
    };
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let reply = line.get("reply");
    let of_reply = |name: &str| reply.and_then(|reply| reply.get(name));
    let asked = line
        .get("request")
        .and_then(|request| request.get("messages"));
    // What is looked for first has the room.
    let text = part(&words(of_reply("text")));
    let error = line.get("error").and_then(Value::as_str).map(&mut part);
    let calls = list(of_reply("calls")).into_iter().map(|call| {
        let arguments = call.get("arguments").map(Value::to_string);
        let name = words(call.get("name"));
        part(&format!("{name} {}", arguments.unwrap_or_default()))
    });
    let calls = calls.collect();
    let thought = part(&words(of_reply("thought")));
    let asked = list(asked).into_iter().rev();
    let mut asked: Vec<(String, String)> = asked
        .map(|message| {
            let role = reveal(&words(message.get("role")));
            (role, part(&words(message.get("content"))))
        })
        .collect();
    asked.reverse();
    Said {
        asked,
        thought,
        text,
        calls,
        error,
    }
}
