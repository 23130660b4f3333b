//! wishlist.json: people's ideas and order, the engine's fields.

use super::files::{self, Swapped};
use super::json;
use super::layout::Layout;
use super::statefile::render;
use crate::domain::item::Item;
use crate::factory::ports::store::StoreError;
use serde::Deserialize;
use serde_json::{Map, Value};

const FILE: &str = "dev-factory/wishlist.json";

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
        let bytes = files::read(&layout.at("wishlist.json"), files::CAP)?;
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
        let before = match files::read(&path, files::CAP) {
            Err(StoreError::Bad(_)) => return Ok(false),
            other => other?,
        };
        if self.seen.as_ref().is_some_and(|seen| *seen != before) {
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
            if files::read(&staged, files::CAP)? != before {
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

/// Entries that carry every field the engine writes.
pub fn adoptable(layout: &Layout) -> Result<Vec<Item>, StoreError> {
    let Some(bytes) = files::read(&layout.at("wishlist.json"), files::CAP)? else {
        return Ok(Vec::new());
    };
    let value = json::value(FILE, &bytes).map_err(StoreError::Bad)?;
    let entries = value.get("items").and_then(Value::as_array);
    let items = entries.into_iter().flatten().cloned();
    Ok(items
        .filter_map(|entry| serde_json::from_value(entry).ok())
        .collect())
}

fn parse(bytes: &[u8]) -> Result<Vec<(String, i64, Option<String>)>, String> {
    json::value(FILE, bytes)?;
    let list: List = json::typed(FILE, bytes)?;
    let mut all = Vec::new();
    for (at, wish) in list.items.into_iter().enumerate() {
        if wish.idea.trim().is_empty() {
            return Err(format!(
                "{FILE}: idea {} is empty; write it or remove the entry",
                at + 1
            ));
        }
        all.push((wish.idea, wish.priority.unwrap_or(0), wish.name));
    }
    Ok(all)
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
