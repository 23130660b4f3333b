//! One setting as read: its key, its value, and where it stood.

use super::Source;

/// A scalar of any layer; text layers (variables, flags) are typed by the schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// Whole number.
    Whole(i64),
    /// Number with a fraction.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
}

impl Value {
    /// As TOML writes it.
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{}\"", text.escape_debug()),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => format!("{number:?}"),
            Self::Flag(flag) => flag.to_string(),
            Self::List(all) => {
                let all: Vec<String> = all
                    .iter()
                    .map(|one| Self::Text(one.clone()).shown())
                    .collect();
                format!("[{}]", all.join(", "))
            }
        }
    }
}

/// One setting as read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Key parts: `["hosts", "gpu1", "url"]`.
    pub path: Vec<String>,
    /// Checked against the schema.
    pub value: Value,
    /// Where it stood.
    pub source: Source,
    /// The old name it was given under.
    pub old: Option<String>,
}
