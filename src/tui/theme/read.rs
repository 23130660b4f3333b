//! A theme file: parts by name, each with colours and attributes in any order; every mistake with its line.

use super::{PARTS, Theme};
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads one.
pub fn theme(text: &str) -> Result<Theme, Vec<String>> {
    let line = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<String> = errors
        .iter()
        .map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            format!("{}: {}", line(at), error.message().replace('\n', ", "))
        })
        .collect();
    let mut styles = BTreeMap::new();
    for (name, value) in table.get_ref() {
        let found = PARTS.iter().find(|(known, _)| known == name.get_ref());
        let read = match found {
            Some((_, part)) => styled(value).map(|style| (*part, style)),
            None => {
                let known: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
                Err(format!("is no part of a theme: {}", known.join(", ")))
            }
        };
        match read {
            Ok((part, style)) => {
                styles.insert(part, style);
            }
            Err(why) => mistakes.push(format!(
                "{}: {} {why}",
                line(name.span().start),
                name.get_ref()
            )),
        }
    }
    match mistakes.is_empty() {
        true => Ok(Theme { styles }),
        false => Err(mistakes),
    }
}

fn styled(value: &Spanned<DeValue<'_>>) -> Result<Style, String> {
    let DeValue::String(value) = value.get_ref() else {
        return Err("takes a text in quotes, such as \"red bold\"".to_owned());
    };
    let mut style = Style::new();
    let mut words = value.split_whitespace();
    while let Some(word) = words.next() {
        style = match (word, attribute(word)) {
            (_, Some(modifier)) => style.add_modifier(modifier),
            ("on", None) => style.bg(colour(words.next().unwrap_or_default())?),
            (name, None) => style.fg(colour(name)?),
        };
    }
    Ok(style)
}

fn attribute(word: &str) -> Option<Modifier> {
    Some(match word {
        "bold" => Modifier::BOLD,
        "dim" => Modifier::DIM,
        "italic" => Modifier::ITALIC,
        "underlined" => Modifier::UNDERLINED,
        "reversed" => Modifier::REVERSED,
        _ => return None,
    })
}

fn colour(word: &str) -> Result<Color, String> {
    word.parse().map_err(|_| {
        format!(
            "has \"{word}\", which is neither a colour (a name, 0 to 255, #rrggbb) nor bold, dim, italic, underlined or reversed"
        )
    })
}
