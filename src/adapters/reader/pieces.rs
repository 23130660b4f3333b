//! What a tool left behind, piece by piece: papers, trees in git, turns in transcripts. None is larger than can be read,
//! and text comes out safe to draw.

use super::turn;
use crate::adapters::git::GitRepo;
use crate::adapters::store::layout;
use crate::adapters::store::readers;
use crate::domain::tool::{Changed, compare};
use crate::factory::ports::reader::{Ask, Piece, TreeFile};
use crate::factory::ports::store::Paper;
use crate::text::reveal::{decoded, reveal, shortened};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Largest file or paper whose whole text is shown.
const LARGEST: u64 = 512 * 1024;
/// Largest evidence that is taken apart.
const MEASURED: usize = 8 * 1024 * 1024;
/// Most changed files that are compared line by line, and most bytes of them.
const COMPARED: usize = 40;
const BYTES: u64 = 4 * 1024 * 1024;

/// A piece; None = it is not there.
pub fn piece(home: &Path, git: &GitRepo, ask: &Ask) -> Result<Option<Piece>, String> {
    match ask {
        Ask::Paper(paper) => match text_of(home, git, paper) {
            Some(text) => safe(paper, text).map(Some),
            None => Ok(None),
        },
        Ask::Turn(paper, label, nth) => {
            let path = layout::paper(paper);
            let said = turn::read(home, &path, label, *nth)?;
            Ok(said.map(Piece::Turn))
        }
        Ask::Files(tree) => {
            let files = git.files_in(tree).map_err(|e| e.to_string())?;
            Ok(files.map(Piece::Files))
        }
        Ask::File(id) => file(git, id),
        Ask::Diff(old, new) => diff(git, old.as_deref(), new.as_deref()),
    }
}

/// Evidence is JSON whose words are drawn one by one; the rest is read.
fn safe(paper: &Paper, text: String) -> Result<Piece, String> {
    let path = layout::paper(paper);
    if !matches!(paper, Paper::Evidence { .. }) {
        let how = format!("{} has all of it", path.display());
        let most = usize::try_from(LARGEST).unwrap_or(usize::MAX);
        return Ok(Piece::Text(shortened(reveal(&text), most, &how)));
    }
    if text.len() > MEASURED {
        let (path, bytes) = (path.display(), text.len());
        return Err(format!("{path} has {bytes} bytes, too many to be shown"));
    }
    let told = |e: serde_json::Error| format!("{}: {e}", path.display());
    let mut value: Value = serde_json::from_str(&text).map_err(told)?;
    clean(&mut value);
    let evidence = serde_json::from_value(value).map_err(told)?;
    Ok(Piece::Evidence(Box::new(evidence)))
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = reveal(text),
        Value::Array(all) => all.iter_mut().for_each(clean),
        Value::Object(all) => {
            let cleaned = std::mem::take(all).into_iter().map(|(key, mut value)| {
                clean(&mut value);
                (reveal(&key), value)
            });
            *all = cleaned.collect();
        }
        _ => {}
    }
}

/// A paper where it lies, else as the newest commit has it.
fn text_of(home: &Path, git: &GitRepo, paper: &Paper) -> Option<String> {
    if let Some(text) = readers::paper(home, paper) {
        return Some(text);
    }
    // Transcripts never were in git.
    if matches!(paper, Paper::Transcript { .. }) {
        return None;
    }
    let path = layout::paper(paper);
    let bytes = git.blob("HEAD", path.to_str()?)?;
    String::from_utf8(bytes).ok()
}

/// A content by its id; its size is asked before it is read.
fn file(git: &GitRepo, id: &str) -> Result<Option<Piece>, String> {
    let Some(size) = git.size(id).map_err(|e| e.to_string())? else {
        return Ok(None);
    };
    if size > LARGEST {
        let words =
            format!("({size} bytes, too many to be shown: git cat-file -p {id} writes them)\n");
        return Ok(Some(Piece::Text(words)));
    }
    let mut found = git.contents(&[id]).map_err(|e| e.to_string())?;
    Ok(found.remove(id).map(|bytes| {
        Piece::Text(match bytes.contains(&0) {
            true => format!("({size} bytes that are no text: git cat-file -p {id} writes them)\n"),
            false => reveal(&decoded(&bytes)),
        })
    }))
}

/// Two sides of a path, as far as there are any.
type Sides = (Option<TreeFile>, Option<TreeFile>);

fn diff(repo: &GitRepo, old: Option<&str>, new: Option<&str>) -> Result<Option<Piece>, String> {
    let listed = |tree: Option<&str>| match tree {
        Some(tree) => repo.files_in(tree).map_err(|e| e.to_string()),
        None => Ok(Some(Vec::new())),
    };
    let (Some(old), Some(new)) = (listed(old)?, listed(new)?) else {
        return Ok(None);
    };
    let mut paths: BTreeMap<String, Sides> = BTreeMap::new();
    for file in old {
        let sides = paths.entry(file.path.clone()).or_default();
        sides.0 = Some(file);
    }
    for file in new {
        let sides = paths.entry(file.path.clone()).or_default();
        sides.1 = Some(file);
    }
    let same = |file: &TreeFile| (file.mode, file.id.clone());
    paths.retain(|_, (old, new)| old.as_ref().map(same) != new.as_ref().map(same));
    let mut left = BYTES;
    let mut count = 0;
    let mut wanted: Vec<&str> = Vec::new();
    for (old, new) in paths.values() {
        let sides = || [old, new].into_iter().flatten();
        let bytes: u64 = sides().map(|file| file.bytes).sum();
        if count < COMPARED && bytes <= left && closed(old, new).is_none() {
            count += 1;
            left -= bytes;
            wanted.extend(sides().map(|file| file.id.as_str()));
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    let contents = repo.contents(&wanted).map_err(|e| e.to_string())?;
    let compared = paths
        .iter()
        .map(|(path, (old, new))| compared(path, old.as_ref(), new.as_ref(), &contents));
    Ok(Some(Piece::Diff(compared.collect())))
}

/// Why two sides are not compared line by line, whatever they hold.
fn closed(old: &Option<TreeFile>, new: &Option<TreeFile>) -> Option<String> {
    let sides = || [old, new].into_iter().flatten();
    if let Some(module) = sides().find(|file| file.kind() == "submodule") {
        return Some(format!("a submodule, at {}", module.id));
    }
    if let (Some(old), Some(new)) = (old, new)
        && old.id == new.id
    {
        return Some("its lines are the same".to_owned());
    }
    let large = sides().find(|file| file.bytes > LARGEST)?;
    Some(format!(
        "{} bytes, too many to be compared here: git diff {} does it",
        large.bytes,
        sides()
            .map(|file| file.id.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    ))
}

/// What is to be said of the kinds of two sides; mostly nothing.
fn kinds(old: Option<&TreeFile>, new: Option<&TreeFile>) -> String {
    match (old, new) {
        (Some(old), Some(new)) if old.mode != new.mode => {
            format!("was {:06o}, is {:06o}", old.mode, new.mode)
        }
        (None, Some(file)) | (Some(file), None) => file.kind().to_owned(),
        _ => String::new(),
    }
}

fn compared(
    path: &str,
    old: Option<&TreeFile>,
    new: Option<&TreeFile>,
    contents: &BTreeMap<String, Vec<u8>>,
) -> Changed {
    let kinds = kinds(old, new);
    // Two texts of nothing: the path, and what is new or gone.
    let empty = compare(path, old.map(|_| ""), new.map(|_| ""));
    let shut = |why: String| Changed {
        closed: Some(match kinds.is_empty() {
            true => why,
            false => format!("{kinds}; {why}"),
        }),
        ..empty.clone()
    };
    if let Some(why) = closed(&old.cloned(), &new.cloned()) {
        return shut(why);
    }
    let bytes = |file: Option<&TreeFile>| file.map(|file| contents.get(&file.id));
    let (old, new) = match (bytes(old), bytes(new)) {
        (Some(None), _) | (_, Some(None)) => {
            return shut("much differs: this one is not compared here".to_owned());
        }
        (old, new) => (old.flatten(), new.flatten()),
    };
    let sides = || [old, new].into_iter().flatten();
    if sides().any(|bytes| bytes.contains(&0)) {
        let count = |bytes: Option<&Vec<u8>>| bytes.map_or(0, Vec::len);
        let words = format!("no text: {} bytes, then {}", count(old), count(new));
        return shut(words);
    }
    let text = |bytes: Option<&Vec<u8>>| bytes.map(|bytes| decoded(bytes));
    let (old, new) = (text(old), text(new));
    let mut changed = compare(path, old.as_deref(), new.as_deref());
    match changed.closed.take() {
        Some(why) => shut(why),
        None if changed.lines.is_empty() && changed.whole.is_none() => {
            shut("its bytes differ, and no line does".to_owned())
        }
        None => {
            changed.closed = (!kinds.is_empty()).then_some(kinds);
            changed
        }
    }
}
