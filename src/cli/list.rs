//! `list`: the backlog as the wishlist file has it.

use super::args::Cli;
use super::out::{self, Done, Fail};
use crate::adapters::store::readers;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

/// What is shown of an entry; only `idea` is required of people.
#[derive(Debug, Serialize)]
struct Row {
    name: Option<String>,
    priority: i64,
    status: String,
    idea: String,
    reason: Option<String>,
}

impl Row {
    fn of(entry: &Value) -> Self {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: text("name"),
            priority: entry.get("priority").and_then(Value::as_i64).unwrap_or(0),
            status: text("status").unwrap_or_else(|| "wanted".to_owned()),
            idea: text("idea").unwrap_or_default(),
            reason: text("reason"),
        }
    }
}

/// Prints the backlog, in the order it would be taken.
pub fn run(cli: &Cli, home: &Path) -> Done {
    let entries = readers::wishlist(home).map_err(|error| {
        Fail::failed(format!(
            "{error}; the engine keeps to the last good list until then"
        ))
    })?;
    let mut rows: Vec<Row> = entries.iter().map(Row::of).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.priority));
    if cli.json {
        return out::say(super::status::json_text(&rows)?).map(|()| 0);
    }
    if rows.is_empty() {
        return out::say("the wishlist is empty: dev-factory add \"an idea\"").map(|()| 0);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().flat_map(lines).collect();
    out::put(&out::table(&rows))?;
    Ok(0)
}

/// An entry in rows: the first line of its idea beside what it is, the others below.
fn lines(row: Row) -> Vec<Vec<String>> {
    let text = row.reason.map_or(row.idea, |reason| format!("({reason})"));
    let mut words = text.lines().map(str::to_owned);
    let first = vec![
        row.status,
        row.priority.to_string(),
        row.name.unwrap_or_else(|| "-".to_owned()),
        words.next().unwrap_or_default(),
    ];
    let blank = || vec![String::new(), String::new(), String::new()];
    let more = words.map(|line| [blank(), vec![line]].concat());
    std::iter::once(first).chain(more).collect()
}
