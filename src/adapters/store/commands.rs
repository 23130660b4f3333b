//! commands/new and commands/done, both ends: the engine's and the sender's.

use super::files::{self, trouble};
use super::fold::{self, Folded};
use super::guard;
use super::json;
use super::layout::Layout;
use super::line::{self, Scan};
use crate::adapters::clock::fresh;
use crate::adapters::steps;
use crate::domain::command::{Answer, Command, Verb};
use crate::domain::event::{Event, EventBody};
use crate::factory::ports::store::StoreError;
use crate::text::hash::sha256;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

/// A command, or the name of a file that holds none and why.
pub type Waiting = Result<Command, (String, String)>;

/// How long a file that does not parse may still be in the making.
const MAKING: Duration = Duration::from_secs(2);

/// Answers kept; older ones go at start-up.
const KEPT: usize = 1000;

/// Longest name of a command's file: what is written beside it has longer names, and a file system takes 255 bytes.
const NAME: usize = 200;

/// Waiting commands, oldest first. Those answered already are cleared away.
pub fn waiting(layout: &Layout) -> Result<Vec<Waiting>, StoreError> {
    let dir = layout.new_commands();
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        // Somebody cleared it away with all that waited: the next command makes it again.
        Err(e) if e.kind() == ErrorKind::NotFound && layout.dir.is_dir() => return Ok(Vec::new()),
        Err(e) => return Err(trouble(&dir, &e)),
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(meta) = entry.metadata() else { continue };
        if !name.starts_with('.') && name.ends_with(".json") {
            found.push((meta.modified().ok(), name, meta));
        }
    }
    found.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut all = Vec::new();
    for (_, name, meta) in found {
        let path = dir.join(&name);
        if name.len() > NAME {
            all.extend(shortened(&dir, &name).map(Err));
            continue;
        }
        if layout.done_commands().join(&name).exists() {
            let _ = std::fs::remove_file(&path);
            continue;
        }
        if !meta.is_file() {
            let why = format!("commands/new/{name} is not a file; remove it");
            all.push(Err((name, why)));
            continue;
        }
        match read(&path, &name) {
            Ok(Some(command)) => all.push(Ok(command)),
            Ok(None) => {}
            Err(_) if fresh(&meta, MAKING) => {}
            Err(why) => all.push(Err((name, why))),
        }
    }
    Ok(all)
}

/// Gives a file a name that an answer can have: the new name, and what is wrong with the old one.
fn shortened(dir: &Path, name: &str) -> Option<(String, String)> {
    let begin: String = name.chars().take(NAME / 8).collect();
    let mark = sha256(name.as_bytes());
    let short = format!("{begin}-{}.json", mark.get(..8)?);
    std::fs::rename(dir.join(name), dir.join(&short)).ok()?;
    let why = format!(
        "commands/new/{short} had a name of {} bytes; use at most {NAME}",
        name.len()
    );
    Some((short, why))
}

fn read(path: &Path, name: &str) -> Result<Option<Command>, String> {
    let file = format!("commands/new/{name}");
    let Some(bytes) = files::read(path, files::CAP).map_err(|e| e.to_string())? else {
        return Ok(None);
    };
    let mut value = json::value(&file, &bytes)?;
    let stem = name.strip_suffix(".json").unwrap_or(name);
    if let Value::Object(map) = &mut value {
        // A shell one-liner need not repeat the file's name, nor say that there are no arguments.
        map.entry("id").or_insert_with(|| stem.into());
        map.entry("args").or_insert_with(|| Map::new().into());
    }
    let asked = serde_json::json!({"command": value.get("command"), "args": value.get("args")});
    if let Err(e) = serde_json::from_value::<Verb>(asked) {
        let key = match value.get("command") {
            Some(_) if e.to_string().starts_with("unknown variant") => "command",
            Some(_) => "args",
            None => return Err(format!("{file}: it names no command; add \"command\"")),
        };
        let why = format!("cannot be used: {e}");
        return Err(json::placed(&file, &bytes, key, &why));
    }
    let command: Command = serde_json::from_value(value)
        .map_err(|e| format!("{file}: {e}; write who asks in \"by\" and when in \"at\""))?;
    if command.id != stem {
        return Err(format!(
            "{file}: its id is {:?}; name the file after the id",
            command.id
        ));
    }
    Ok(Some(command))
}

/// Writes done/<id>.json and removes new/<id>.json; a second answer changes nothing.
pub fn answer(layout: &Layout, id: &str, answer: &Answer) -> Result<(), StoreError> {
    let stem = id.strip_suffix(".json").unwrap_or(id);
    if stem.is_empty() || stem.contains(['/', '\0']) || stem.starts_with('.') {
        return Err(StoreError::Bad(format!("{id:?} is no command id")));
    }
    let name = format!("{stem}.json");
    let (new, done) = (layout.new_commands(), layout.done_commands());
    let target = done.join(&name);
    if !target.exists() {
        files::make_dir(&done)?;
        let bytes = files::read(&new.join(&name), files::CAP);
        let asked = bytes.ok().flatten().unwrap_or_default();
        let mut map = match json::value(&name, &asked) {
            Ok(Value::Object(map)) => map,
            _ => Map::from_iter([("id".to_owned(), Value::from(stem))]),
        };
        map.insert("accepted".to_owned(), answer.accepted.into());
        map.insert("sentence".to_owned(), answer.sentence.clone().into());
        let text = Value::Object(map).to_string() + "\n";
        files::put(&done, &target, text.as_bytes(), true)?;
    }
    let path = new.join(&name);
    steps::before("remove", &path).map_err(|e| trouble(&path, &e))?;
    let removed = match std::fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_dir() => std::fs::rename(&path, done.join(format!("{stem}.folder"))),
        _ => std::fs::remove_file(&path),
    };
    match removed {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(trouble(&path, &e)),
        _ => Ok(()),
    }
}

/// Forgets the oldest answers.
pub fn prune(layout: &Layout) {
    let dir = layout.done_commands();
    let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path())))
        .collect();
    if all.len() > KEPT {
        all.sort_unstable();
        let excess = all.len() - KEPT / 2;
        for (_, path) in all.iter().take(excess) {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Somebody has opened a screen: the engine need not tell again what it told before.
pub fn seen(home: &Path, now: DateTime<Utc>) -> Result<(), StoreError> {
    guard::check(home)?;
    let dir = Layout::new(home).at("commands");
    files::put(&dir, &dir.join("seen"), now.to_rfc3339().as_bytes(), false)
}

/// The sender's end: hands a command to whatever engine runs in the home.
pub fn submit(home: &Path, command: &Command) -> Result<(), StoreError> {
    guard::check(home)?;
    let layout = Layout::new(home);
    let id = &command.id;
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if id.is_empty() || id.len() > 120 || id.starts_with('.') || !id.chars().all(safe) {
        return Err(StoreError::Bad(format!(
            "{id:?} cannot be a command id: use letters, digits, '-', '_' and '.'"
        )));
    }
    let dir = layout.new_commands();
    files::make_dir(&dir)?;
    let text = serde_json::to_string(command).map_err(|e| StoreError::Bad(e.to_string()))?;
    files::put(
        &dir,
        &dir.join(format!("{id}.json")),
        (text + "\n").as_bytes(),
        false,
    )
}

/// The answer to a command, once it is there.
#[must_use]
pub fn answered(home: &Path, id: &str) -> Option<Answer> {
    let path = Layout::new(home).done_commands().join(format!("{id}.json"));
    let bytes = files::read(&path, files::CAP).ok()??;
    serde_json::from_slice(&bytes).ok()
}

/// Waits for the answer to a command; None when the time is over.
pub async fn await_answer(home: &Path, id: &str, limit: Duration) -> Option<Answer> {
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    let dir = Layout::new(home).done_commands();
    let _ = files::make_dir(&dir);
    let watcher = crate::adapters::watch::folders(&[&dir], move |_| tx.send(()).is_ok());
    let wait = async {
        loop {
            if let Some(answer) = answered(home, id) {
                return answer;
            }
            let pause = tokio::time::sleep(Duration::from_millis(250));
            tokio::select! {
                Some(()) = rx.recv(), if watcher.is_ok() => while rx.try_recv().is_ok() {},
                () = pause => {}
            }
        }
    };
    tokio::time::timeout(limit, wait).await.ok()
}

/// After a crash: commands the journal has answered already get that answer, not a second go. What a crash has torn off
/// did not happen; an answer that closed its segment is the last of it.
pub fn settle(layout: &Layout, folded: &Folded, said: &mut Vec<String>) -> Result<(), StoreError> {
    let all: Vec<Command> = waiting(layout)?.into_iter().flatten().collect();
    if all.is_empty() {
        return Ok(());
    }
    let closed = match fold::segments(&layout.segments()).pop() {
        Some((_, path)) => files::read(&path, fold::SEGMENT_CAP)?.unwrap_or_default(),
        None => Vec::new(),
    };
    for command in all {
        let given = given(&folded.live_bytes, &folded.live, &command.id)
            .or_else(|| given(&closed, &line::scan(&closed), &command.id));
        if let Some(given) = given {
            answer(layout, &command.id, &given)?;
            said.push(format!(
                "command {} had been decided before the crash; its answer was delivered",
                command.id
            ));
        }
    }
    Ok(())
}

/// The newest answer to a command in the whole lines of a segment.
fn given(bytes: &[u8], scan: &Scan, id: &str) -> Option<Answer> {
    // As it stands in a line: a name that another program chose may hold what JSON escapes.
    let quoted = serde_json::to_string(id).ok()?;
    scan.whole.iter().rev().find_map(|(_, range)| {
        let text = std::str::from_utf8(bytes.get(range.clone())?).ok()?;
        if !(text.contains("\"kind\":\"answered\"") && text.contains(&quoted)) {
            return None;
        }
        match serde_json::from_str::<Event>(text).ok()?.body {
            EventBody::Answered {
                command,
                accepted,
                sentence,
            } if command.id == id => Some(Answer { accepted, sentence }),
            _ => None,
        }
    })
}
