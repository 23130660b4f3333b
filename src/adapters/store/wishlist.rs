//! wishlist.json: people's ideas and order, the engine's fields.

use super::files::{self, Swapped};
use super::json;
use super::layout::Layout;
use super::statefile::render;
use crate::domain::item::Item;
use crate::domain::wishlist::valid_name;
use crate::factory::ports::store::StoreError;
use serde::Deserialize;
use serde_json::{Map, Value};

const FILE: &str = "dev-factory/wishlist.json";

/// Largest list read: ten thousand shipped tools take some 5 MB.
const CAP: u64 = 64 * 1024 * 1024;

/// Keys of an item that are absent when there is nothing to say.
const OPTIONAL: [&str; 4] = ["reason", "branch", "phase", "escalation"];

/// What we know of the file.
#[derive(Debug, Default)]
pub struct Wishlist {
    /// As read or written last.
    seen: Option<Option<Vec<u8>>>,
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
    /// Ideas in file order.
    pub fn read(
        &mut self,
        layout: &Layout,
    ) -> Result<Vec<(String, i64, Option<String>)>, StoreError> {
        let bytes = files::read(&layout.at("wishlist.json"), CAP)?;
        let parsed = match &bytes {
            None => Vec::new(),
            Some(bytes) => parse(bytes).map_err(StoreError::Bad)?,
        };
        self.seen = Some(bytes);
        Ok(parsed)
    }

    /// Writes the engine's fields; false, and nothing written, when someone has edited the file since it was read.
    pub fn write(&mut self, layout: &Layout, items: &[Item]) -> Result<bool, StoreError> {
        let path = layout.at("wishlist.json");
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
            self.seen = Some(before);
            return Ok(true);
        }
        let bytes = render(&new);
        let staged = files::temp(&layout.dir, "wishlist.json");
        files::stage_durably(&staged, &bytes, &path)?;
        if files::swap(&staged, &path)? == Swapped::Exchanged {
            if files::read(&staged, CAP)? != before {
                // An edit came in between: it goes back to its place, ours is dropped.
                files::swap(&staged, &path)?;
                let _ = std::fs::remove_file(&staged);
                return Ok(false);
            }
            let _ = std::fs::remove_file(&staged);
        }
        files::sync_dir(&layout.dir)?;
        self.seen = Some(Some(bytes));
        Ok(true)
    }
}

/// The entries as they stand there, when none has a mistake.
pub fn entries(layout: &Layout) -> Result<Vec<Value>, StoreError> {
    let Some(bytes) = files::read(&layout.at("wishlist.json"), CAP)? else {
        return Ok(Vec::new());
    };
    parse(&bytes).map_err(StoreError::Bad)?;
    listed(&bytes)
}

/// Entries that carry every field the engine writes.
pub fn adoptable(layout: &Layout) -> Result<Vec<Item>, StoreError> {
    let Some(bytes) = files::read(&layout.at("wishlist.json"), CAP)? else {
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

fn parse(bytes: &[u8]) -> Result<Vec<(String, i64, Option<String>)>, String> {
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
