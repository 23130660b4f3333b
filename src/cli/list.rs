//! `list`: the backlog as the wishlist file has it.

use super::args::Cli;
use super::out::{self, Done, Fail};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The wishlist file; only `idea` is required of people.
#[derive(Debug, Deserialize)]
struct Wishlist {
    items: Vec<Row>,
}

/// One line of it.
#[derive(Debug, Deserialize, Serialize)]
struct Row {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    priority: i64,
    #[serde(default)]
    status: Option<String>,
    idea: String,
    #[serde(default)]
    reason: Option<String>,
}

/// Prints the backlog, in the order it would be taken.
pub fn run(cli: &Cli, home: &Path) -> Done {
    let path = home.join("dev-factory").join("wishlist.json");
    let shown = "dev-factory/wishlist.json";
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Fail::failed(format!("{shown}: {error}")))?;
    let mut list: Wishlist =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            Fail::failed(format!(
                "{shown}:{}:{}: {error}; the engine keeps to the last good list until it is mended",
                error.line(),
                error.column()
            ))
        })?;
    list.items
        .sort_by_key(|row| std::cmp::Reverse(row.priority));
    if cli.json {
        return out::say(super::status::json_text(&list.items)?).map(|()| 0);
    }
    if list.items.is_empty() {
        return out::say("the wishlist is empty: dev-factory add \"an idea\"").map(|()| 0);
    }
    let rows: Vec<Vec<String>> = list
        .items
        .into_iter()
        .map(|row| {
            vec![
                row.status.unwrap_or_else(|| "wanted".to_owned()),
                row.priority.to_string(),
                row.name.unwrap_or_else(|| "-".to_owned()),
                row.reason.map_or(row.idea, |reason| format!("({reason})")),
            ]
        })
        .collect();
    out::put(&out::table(&rows))?;
    Ok(0)
}
