//! Reads the layers people write: settings files with positions, variables and flags.

use super::entry::{Entry, Value};
use super::{Inputs, Problem, Source, check, schema};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Whose file it is: a home may not carry keys, sandbox policy or notify commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The home's file, which agents can write to.
    Home {
        /// The user's own file, to be named in the refusal.
        user_file: Option<String>,
    },
    /// The user's own file.
    User,
    /// What of it counts in a demo; no mistake in the rest is in its way, as long as the file is TOML.
    UserInDemo,
}

/// How a problem of syntax begins.
pub const NOT_TOML: &str = "not valid TOML";

/// Variables with a meaning of their own.
const RESERVED: &[&str] = &["HOME", "LOG"];

/// Largest settings file read, bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Reads a settings file; a missing one is empty.
pub fn read(path: &Path, shown: &str, place: &Place, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let text = match content(path) {
        Ok(Some(text)) => text,
        Ok(None) => return Vec::new(),
        Err(sentence) => {
            problems.push(Problem {
                source: at(shown, "", &(0..0)),
                sentence,
            });
            return Vec::new();
        }
    };
    parse(&text, shown, place, problems)
}

/// The text of a file; None when there is none.
fn content(path: &Path) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Ok(meta) if !meta.is_file() => {
            return Err("is not a file; move it away or write settings there".to_owned());
        }
        Ok(meta) if meta.len() > MAX_BYTES => {
            return Err("is larger than 1 MiB, which no settings file is".to_owned());
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    }
    let bytes = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    String::from_utf8(bytes.to_vec())
        .map(Some)
        .map_err(|_| "is not UTF-8 text; save it as UTF-8".to_owned())
}

/// Entries of a file's text, with every problem of it.
pub fn parse(text: &str, shown: &str, place: &Place, problems: &mut Vec<Problem>) -> Vec<Entry> {
    parse_named(text, shown, place, schema::RENAMED, problems)
}

fn parse_named(
    text: &str,
    shown: &str,
    place: &Place,
    renamed: &[schema::Renamed],
    problems: &mut Vec<Problem>,
) -> Vec<Entry> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        problems.push(Problem {
            source: at(shown, text, &error.span().unwrap_or(0..0)),
            sentence: format!("{NOT_TOML}: {}", error.message().replace('\n', ", ")),
        });
    }
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut walk = Walk {
        text,
        shown,
        place,
        renamed,
        problems,
        entries: Vec::new(),
    };
    walk.table(&[], table.get_ref());
    walk.entries
}

/// A walk over one file.
struct Walk<'a> {
    text: &'a str,
    shown: &'a str,
    place: &'a Place,
    renamed: &'a [schema::Renamed],
    problems: &'a mut Vec<Problem>,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    fn problem(&mut self, span: &Range<usize>, sentence: String) {
        self.problems.push(Problem {
            source: at(self.shown, self.text, span),
            sentence,
        });
    }

    fn table(&mut self, path: &[String], table: &DeTable<'_>) {
        let skips = path.is_empty() && *self.place == Place::UserInDemo;
        for (key, value) in table {
            if skips && !schema::in_a_demo(key.get_ref()) {
                continue;
            }
            let mut path = path.to_vec();
            path.push(key.get_ref().to_string());
            self.one(&path, &key.span(), value);
        }
    }

    fn one(&mut self, path: &[String], span: &Range<usize>, value: &Spanned<DeValue<'_>>) {
        let name = path.join(".");
        let on = matches!(value.get_ref(), DeValue::Boolean(true));
        if let Place::Home { user_file } = self.place
            && schema::loosens(path, on)
        {
            let own = user_file
                .clone()
                .unwrap_or_else(|| "your own dev-factory/config.toml".to_owned());
            self.problem(
                span,
                format!("{name} is never read from a home, because agents can write there; move it to {own}"),
            );
            return;
        }
        match value.get_ref() {
            DeValue::Table(table) if schema::is_table(path) => self.table(path, table),
            scalar => match schema::find(path) {
                Some(takes) => self.scalar(path, &name, takes, &value.span(), scalar),
                None if schema::is_table(path) => {
                    self.problem(
                        span,
                        format!("{name} is a table: write [{name}] on a line of its own"),
                    );
                }
                None => match schema::today(path, self.renamed) {
                    Some(now) => self.once_named(&now, &name, span, value),
                    None => self.problem(span, schema::unknown(path)),
                },
            },
        }
    }

    /// A value under the name its key had before.
    fn once_named(
        &mut self,
        now: &[String],
        old: &str,
        span: &Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let from = self.entries.len();
        self.one(now, span, value);
        for entry in self.entries.iter_mut().skip(from) {
            entry.old = Some(old.to_owned());
        }
    }

    fn scalar(
        &mut self,
        path: &[String],
        name: &str,
        takes: schema::Takes,
        span: &Range<usize>,
        value: &DeValue<'_>,
    ) {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Whole(number),
                    Err(_) => return self.problem(span, format!("{name} is too large a number")),
                }
            }
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => Value::Number(number),
                Err(_) => return self.problem(span, format!("{name} is not a number")),
            },
            DeValue::Array(all) if takes.list() => {
                let texts = all.iter().map(|one| match one.get_ref() {
                    DeValue::String(text) => Some(text.to_string()),
                    _ => None,
                });
                match texts.collect() {
                    Some(texts) => Value::List(texts),
                    None => {
                        return self
                            .problem(span, format!("{name} is a list, and takes texts in it"));
                    }
                }
            }
            other => {
                return self.problem(
                    span,
                    format!(
                        "{name} is {}, and takes one value",
                        article(other.type_str())
                    ),
                );
            }
        };
        match check::check(name, takes, value, true) {
            Ok(value) => self.entries.push(Entry {
                path: path.to_vec(),
                value,
                source: at(self.shown, self.text, span),
                old: None,
            }),
            Err(sentence) => self.problem(span, sentence),
        }
    }
}

/// "an array", "a table".
fn article(word: &str) -> String {
    let an = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {word}", if an { "an" } else { "a" })
}

/// Line and column of a byte range.
fn at(shown: &str, text: &str, span: &Range<usize>) -> Source {
    let before = text.get(..span.start.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    Source::File {
        file: shown.to_owned(),
        line,
        column,
    }
}

/// `DEV_FACTORY_LIMITS_DAY_USD=3` and its like; in a demo those that count there.
pub fn variables(inputs: &Inputs, problems: &mut Vec<Problem>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (name, value) in &inputs.env {
        let Some(rest) = name.strip_prefix("DEV_FACTORY_") else {
            continue;
        };
        if RESERVED.contains(&rest) || inputs.demo && !schema::in_a_demo(rest) {
            continue;
        }
        let source = Source::Variable(name.clone());
        match variable_key(&rest.to_lowercase()) {
            // A folder's own settings of the shell may set variables.
            Some(path) if schema::loosens(&path, value != "false") => {
                problems.push(Problem {
                    source,
                    sentence: format!(
                        "{} is read from your own settings file or a flag only: unset {name}",
                        path.join(".")
                    ),
                });
            }
            Some(path) => text_entry(path, value, source, problems, &mut entries),
            None => {
                let known: Vec<String> = by_variable().map(|(key, _)| variable_name(key)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let hint = match schema::nearest(name, &known) {
                    Some(word) => format!("did you mean {word}?"),
                    None => "unset it: `dev-factory config` shows what there is".to_owned(),
                };
                problems.push(Problem {
                    source,
                    sentence: format!("{name} is not a setting; {hint}"),
                });
            }
        }
    }
    entries
}

/// Keys that may be set by a variable.
fn by_variable() -> impl Iterator<Item = &'static (&'static str, schema::Takes)> {
    let own = |key: &str| schema::USER_ONLY.contains(&key.split('.').next().unwrap_or_default());
    schema::KEYS.iter().filter(move |(key, _)| !own(key))
}

/// The variable of a key.
fn variable_name(key: &str) -> String {
    format!(
        "DEV_FACTORY_{}",
        key.replace('.', "_").replace('*', "NAME").to_uppercase()
    )
}

/// Key parts of a variable's lower-case rest; names people chose are lower case there.
fn variable_key(rest: &str) -> Option<Vec<String>> {
    for (pattern, _) in schema::KEYS {
        match pattern.split_once(".*.") {
            None if pattern.replace('.', "_") == rest => {
                return Some(pattern.split('.').map(str::to_owned).collect());
            }
            None => {
                let above = pattern.strip_suffix(".*").unwrap_or_default();
                let name = rest.strip_prefix(&above.replace('.', "_"));
                if let Some(name) = name.and_then(|name| name.strip_prefix('_')) {
                    // A variable's name cannot have the dashes of these.
                    let name = name.replace('_', "-");
                    return Some(above.split('.').map(str::to_owned).chain([name]).collect());
                }
            }
            Some((top, leaf)) => {
                let name = rest
                    .strip_prefix(&format!("{top}_"))
                    .and_then(|rest| rest.strip_suffix(&format!("_{leaf}")));
                if let Some(name) = name.filter(|name| !name.is_empty()) {
                    return Some(vec![top.to_owned(), name.to_owned(), leaf.to_owned()]);
                }
            }
        }
    }
    None
}

/// `--set KEY=VALUE`.
pub fn flags(flags: &[(String, String)], problems: &mut Vec<Problem>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (key, value) in flags {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        let source = Source::Flag(format!("--set {key}"));
        text_entry(path, value, source, problems, &mut entries);
    }
    entries
}

/// Checks one value given as text.
fn text_entry(
    path: Vec<String>,
    value: &str,
    source: Source,
    problems: &mut Vec<Problem>,
    entries: &mut Vec<Entry>,
) {
    let name = path.join(".");
    let checked = match schema::find(&path) {
        Some(takes) => check::check(&name, takes, Value::Text(value.to_owned()), false),
        None => Err(schema::unknown(&path)),
    };
    match checked {
        Ok(value) => entries.push(Entry {
            path,
            value,
            source,
            old: None,
        }),
        Err(sentence) => problems.push(Problem { source, sentence }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_name_is_taken_as_the_new_one_and_remembered() {
        let names = [schema::Renamed {
            from: "limits.per_day",
            to: "limits.day_usd",
        }];
        let mut problems = Vec::new();
        let text = "[limits]\nper_day = 3.5\nper_year = 1\n";
        let entries = parse_named(text, "f", &Place::User, &names, &mut problems);
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].path, ["limits", "day_usd"]);
        assert_eq!(entries[0].value, Value::Number(3.5));
        assert_eq!(entries[0].old.as_deref(), Some("limits.per_day"));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(
            problems[0]
                .sentence
                .contains("limits.per_year is not a setting")
        );
    }
}
