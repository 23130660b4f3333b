//! Souls: an agent's instructions as YAML front matter and a Markdown body, read leniently.

use crate::text::hash::sha256;
use serde_json::{Map, Value};

/// One agent's instructions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Soul {
    /// Who it is.
    pub name: String,
    /// What it is for, one line.
    pub description: String,
    /// Model it asks for; settings win.
    pub model: Option<String>,
    /// Tools it may use; none of them exist in this factory yet.
    pub tools: Vec<String>,
    /// Own keys of whoever wrote it.
    pub metadata: Map<String, Value>,
    /// Keys the factory does not know, kept as they are.
    pub other: Map<String, Value>,
    /// The instructions.
    pub body: String,
    /// First digits of the SHA-256 of the file.
    pub hash: String,
}

/// Reads a soul; `file` names it in sentences and gives the name when there is none inside.
pub fn parse(text: &str, file: &str) -> Result<(Soul, Vec<String>), String> {
    let whole = text;
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut warnings = Vec::new();
    let (front, body) = split(&text, file)?;
    let mut soul = Soul {
        body: body.trim().to_owned(),
        hash: hash(whole),
        ..Soul::default()
    };
    if let Some(front) = front {
        let keys = read(front, file, &mut warnings)?;
        fill(&mut soul, keys, file, &mut warnings)?;
    }
    if soul.name.is_empty() {
        soul.name = stem(file).to_owned();
    }
    if soul.body.is_empty() {
        return Err(format!(
            "{file}: the soul has no instructions; write them below the front matter"
        ));
    }
    Ok((soul, warnings))
}

/// Digits enough to tell two versions of a file apart.
fn hash(text: &str) -> String {
    sha256(text.as_bytes()).chars().take(6).collect()
}

/// Front matter, if there is one, and body.
fn split<'a>(text: &'a str, file: &str) -> Result<(Option<&'a str>, &'a str), String> {
    let Some(rest) = text
        .strip_prefix("---\n")
        .or_else(|| text.strip_prefix("--- \n"))
    else {
        return Ok((None, text));
    };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            let front = rest.get(..at).unwrap_or_default();
            let body = rest.get(at + line.len()..).unwrap_or_default();
            return Ok((Some(front), body));
        }
        at += line.len();
    }
    Err(format!(
        "{file}, line 1: the front matter is not closed; put a line of three dashes below it"
    ))
}

/// The keys; a value that YAML refuses because of a colon is quoted and read again.
fn read(front: &str, file: &str, warnings: &mut Vec<String>) -> Result<Map<String, Value>, String> {
    let first = match yaml(front) {
        Ok(keys) => return Ok(keys),
        Err(problem) => problem,
    };
    if let Ok(keys) = yaml(&quoted(front)) {
        warnings.push(format!(
            "{file}: a value with a colon in it was read as text; put it in quotes"
        ));
        return Ok(keys);
    }
    let (line, problem) = first;
    // The opening dashes are line 1 of the file.
    Err(format!(
        "{file}, line {}: the front matter is not YAML ({problem}); correct the line or remove it",
        line + 1
    ))
}

/// Keys, or (line, problem).
fn yaml(text: &str) -> Result<Map<String, Value>, (u64, String)> {
    if text
        .lines()
        .all(|l| l.trim().is_empty() || l.trim_start().starts_with('#'))
    {
        return Ok(Map::new());
    }
    match serde_saphyr::from_str::<Value>(text) {
        Ok(Value::Object(keys)) => Ok(keys),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err((1, "it must be a list of `key: value` lines".into())),
        Err(error) => {
            let error = error.without_snippet();
            let line = error.location().map_or(1, |at| at.line());
            let words = error.to_string();
            let words = words.lines().next().unwrap_or_default();
            Err((line, words.trim_end_matches('.').to_owned()))
        }
    }
}

/// Puts the values of top-level lines in quotes where they hold a colon and are not quoted yet.
fn quoted(front: &str) -> String {
    let mut out = String::with_capacity(front.len() + 16);
    for line in front.lines() {
        let plain = line.split_once(": ").filter(|(key, value)| {
            let value = value.trim();
            key.chars()
                .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
                && (value.contains(": ") || value.ends_with(':'))
                && !value.starts_with(['"', '\'', '[', '{', '|', '>', '&', '*'])
        });
        match plain {
            Some((key, value)) => {
                let value = value.trim().replace('\'', "''");
                out.push_str(&format!("{key}: '{value}'\n"));
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    out
}

fn fill(
    soul: &mut Soul,
    keys: Map<String, Value>,
    file: &str,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    for (key, value) in keys {
        match (key.as_str(), value) {
            (_, Value::Null) => {}
            ("name", value) => soul.name = text(&key, &value, file)?,
            ("description", value) => soul.description = text(&key, &value, file)?,
            ("model", value) => soul.model = Some(text(&key, &value, file)?),
            ("tools", value) => soul.tools = list(&value, file)?,
            ("metadata", Value::Object(own)) => soul.metadata = own,
            ("metadata", _) => {
                return Err(format!(
                    "{file}: `metadata` must hold `key: value` lines, indented below it"
                ));
            }
            (_, value) => {
                if let Some(near) = near(&key) {
                    warnings.push(format!(
                        "{file}: `{key}` is not a key the factory knows; did you mean `{near}`?"
                    ));
                }
                soul.other.insert(key, value);
            }
        }
    }
    Ok(())
}

fn text(key: &str, value: &Value, file: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(format!("{file}: `{key}` must be text on one line")),
    }
}

fn list(value: &Value, file: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("{file}: `tools` must be a list, or names separated by commas");
    match value {
        Value::String(text) => Ok(text
            .split(',')
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect()),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        _ => Err(wrong()),
    }
}

/// A known key spelt almost like this one.
fn near(key: &str) -> Option<&'static str> {
    ["name", "description", "model", "tools", "metadata"]
        .into_iter()
        .find(|known| strsim::osa_distance(known, &key.to_lowercase()) <= 2)
}

/// File name without folders and ending.
fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.strip_suffix(".md").unwrap_or(name)
}
