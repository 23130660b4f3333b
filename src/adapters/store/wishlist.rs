//! wishlist.json: people's ideas and order, the engine's fields.

use super::files::{self, Swapped};
use super::json;
use super::layout::Layout;
use super::refused;
use super::statefile::render;
use crate::domain::item::Item;
use crate::domain::wishlist::{Entry, Wishes, valid_name};
use crate::factory::ports::store::StoreError;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::PathBuf;

const FILE: &str = "dev-factory/wishlist.json";
const NAME: &str = "wishlist.json";

/// Largest list read: ten thousand shipped tools take some 5 MB.
const CAP: u64 = 64 * 1024 * 1024;

/// Keys of an item that are absent when there is nothing to say.
const OPTIONAL: [&str; 4] = ["reason", "branch", "phase", "escalation"];

/// What we know of the file.
#[derive(Debug, Default)]
pub struct Wishlist {
    /// As read or written last.
    seen: Option<Option<Vec<u8>>>,
    /// What was seen has a mistake that only the engine could find: it stays as it is.
    refused: bool,
    /// The entries when they were last as the engine has them.
    taken: Vec<Entry>,
}

#[derive(Deserialize)]
struct List {
    items: Vec<Wish>,
}

#[derive(Deserialize)]
struct Wish {
    idea: String,
    #[serde(default)]
    priority: Option<i64>,
    #[serde(default)]
    name: Option<String>,
}

impl Wishlist {
    /// Ideas in file order, and as they stood when they were last taken over or written.
    pub fn read(&mut self, layout: &Layout) -> Result<Wishes, StoreError> {
        let bytes = files::read(&layout.at(NAME), CAP)?;
        let now = match &bytes {
            None => Vec::new(),
            Some(bytes) => parse(bytes).map_err(StoreError::Bad)?,
        };
        self.seen = Some(bytes);
        self.refused = false;
        Ok(Wishes {
            now,
            before: self.taken.clone(),
        })
    }

    /// What was read has a mistake.
    pub fn refuse(&mut self) {
        self.refused = true;
    }

    /// Writes the engine's fields; false, and nothing written, when someone has edited the file since it was read.
    pub fn write(&mut self, layout: &Layout, items: &[Item]) -> Result<bool, StoreError> {
        let path = layout.at(NAME);
        let before = match files::read(&path, CAP) {
            Err(StoreError::Bad(_)) => return Ok(false),
            other => other?,
        };
        // A list nobody has read yet may hold edits made while no engine ran.
        let known = self
            .seen
            .as_ref()
            .map_or(before.is_none(), |seen| *seen == before);
        if !known {
            return Ok(false);
        }
        if self.refused {
            return Ok(true);
        }
        let old = match &before {
            // A list with a mistake stays as it is until its people have put it right.
            Some(bytes) => match parse(bytes).and_then(|_| json::value(FILE, bytes)) {
                Ok(old) => old,
                Err(_) => return Ok(true),
            },
            None => serde_json::json!({"items": []}),
        };
        let new = merged(&old, items)?;
        if new == old && before.is_some() {
            self.taken = taken(items);
            self.seen = Some(before);
            return Ok(true);
        }
        let bytes = render(&new);
        let staged = files::temp(&layout.dir, NAME);
        files::stage_durably(&staged, &bytes, &path)?;
        if files::swap(&staged, &path)? == Swapped::Exchanged {
            let displaced = files::read(&staged, CAP)?;
            if displaced != before {
                // An edit came in between: it goes back to its place, with a copy in case that is cut short or another
                // edit comes, and ours is dropped.
                keep(layout, displaced)?;
                files::swap(&staged, &path)?;
                let ours = files::read(&staged, CAP)?;
                keep(layout, ours.filter(|ours| *ours != bytes))?;
                let _ = std::fs::remove_file(&staged);
                return Ok(false);
            }
            let _ = std::fs::remove_file(&staged);
        }
        files::sync_dir(&layout.dir)?;
        self.seen = Some(Some(bytes));
        self.taken = taken(items);
        Ok(true)
    }
}

/// What people read there of the items.
fn taken(items: &[Item]) -> Vec<Entry> {
    let entry = |item: &Item| (item.idea.clone(), item.priority, Some(item.name.clone()));
    items.iter().map(entry).collect()
}

fn keep(layout: &Layout, bytes: Option<Vec<u8>>) -> Result<(), StoreError> {
    bytes.map_or(Ok(()), |bytes| {
        refused::keep(&layout.dir, NAME, &bytes).map(drop)
    })
}

/// After a crash: lists that a save had pushed aside and whose words stand nowhere else are kept, and named.
pub fn strays(layout: &Layout, items: &[Item], said: &mut Vec<String>) -> Result<(), StoreError> {
    let begin = format!("{}{NAME}.", files::TEMP);
    let read = |path: PathBuf| files::read(&path, CAP).ok().flatten();
    let present = read(layout.at(NAME)).and_then(|bytes| parse(&bytes).ok());
    let known = [present.unwrap_or_default(), taken(items)].concat();
    let stands = |(idea, priority, name): &Entry| {
        let named = |it: &Entry| name.is_none() || it.2 == *name;
        known
            .iter()
            .any(|it| it.0 == *idea && it.1 == *priority && named(it))
    };
    let names = files::names(&layout.dir).into_iter();
    for bytes in
        names.filter_map(|name| read(layout.dir.join(name.starts_with(&begin).then_some(name)?)))
    {
        let lost = parse(&bytes).is_ok_and(|all| !all.iter().all(stands));
        if lost {
            let copy = refused::keep(&layout.dir, NAME, &bytes)?;
            said.push(format!(
                "an edit of wishlist.json that a save had pushed aside is kept as {copy}: take from it what is missing"
            ));
        }
    }
    Ok(())
}

/// The entries as they stand there, when none has a mistake.
pub fn entries(layout: &Layout) -> Result<Vec<Value>, StoreError> {
    let Some(bytes) = files::read(&layout.at(NAME), CAP)? else {
        return Ok(Vec::new());
    };
    parse(&bytes).map_err(StoreError::Bad)?;
    listed(&bytes)
}

/// Entries that carry every field the engine writes.
pub fn adoptable(layout: &Layout) -> Result<Vec<Item>, StoreError> {
    let Some(bytes) = files::read(&layout.at(NAME), CAP)? else {
        return Ok(Vec::new());
    };
    let items = listed(&bytes)?.into_iter();
    Ok(items
        .filter_map(|entry| serde_json::from_value(entry).ok())
        .collect())
}

fn listed(bytes: &[u8]) -> Result<Vec<Value>, StoreError> {
    let value = json::value(FILE, bytes).map_err(StoreError::Bad)?;
    let entries = value.get("items").and_then(Value::as_array);
    Ok(entries.cloned().unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let value = json::value(FILE, bytes)?;
    let list: List = json::typed(FILE, bytes)?;
    let mut all = Vec::new();
    for (at, wish) in list.items.into_iter().enumerate() {
        if wish.idea.trim().is_empty() {
            return Err(format!(
                "{FILE}: idea {} is empty; write it or remove the entry",
                at + 1
            ));
        }
        if let Some(name) = &wish.name {
            valid_name(name).map_err(|why| format!("{}: {why}", json::place(FILE, bytes, name)))?;
        }
        all.push((wish.idea, wish.priority.unwrap_or(0), wish.name));
    }
    let entries = value.get("items").and_then(Value::as_array);
    let mut keys = entries
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    match keys.find_map(|key| Some((key, near(key)?))) {
        Some((key, near)) => {
            let why = format!("is not a key of an idea; did you mean {near}?");
            Err(json::placed(FILE, bytes, key, &why))
        }
        None => Ok(all),
    }
}

/// The key of people's that this one was surely meant to be; keys of their own stay.
fn near(key: &str) -> Option<&'static str> {
    [("idea", 1), ("name", 1), ("priority", 2)]
        .into_iter()
        .filter(|(known, _)| *known != key)
        .find(|(known, typos)| strsim::osa_distance(known, &key.to_lowercase()) <= *typos)
        .map(|(known, _)| known)
}

/// The document with the engine's fields laid over people's entries; order and unknown keys stay.
fn merged(old: &Value, items: &[Item]) -> Result<Value, StoreError> {
    let mut left: Vec<&Item> = items.iter().collect();
    let mut entries = Vec::new();
    let present = old.get("items").and_then(Value::as_array);
    for entry in present.into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        let by_name = |i: &&Item| text("name") == Some(&i.name);
        let by_idea = |i: &&Item| text("name").is_none() && text("idea") == Some(&i.idea);
        let found = left.iter().position(by_name);
        entries.push(match found.or_else(|| left.iter().position(by_idea)) {
            Some(at) => laid_over(entry, left.remove(at))?,
            None => entry.clone(),
        });
    }
    for item in left {
        entries.push(laid_over(&Value::Object(Map::new()), item)?);
    }
    let mut new = old.clone();
    if let Some(map) = new.as_object_mut() {
        map.insert("items".to_owned(), Value::Array(entries));
    }
    Ok(new)
}

fn laid_over(entry: &Value, item: &Item) -> Result<Value, StoreError> {
    let ours = serde_json::to_value(item).map_err(|e| StoreError::Bad(e.to_string()))?;
    let mut map = entry.as_object().cloned().unwrap_or_default();
    for key in OPTIONAL {
        if ours.get(key).is_none() {
            map.shift_remove(key);
        }
    }
    for (key, value) in ours.as_object().into_iter().flatten() {
        map.insert(key.clone(), value.clone());
    }
    Ok(Value::Object(map))
}
