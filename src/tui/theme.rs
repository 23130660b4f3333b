//! Styles by meaning, read from theme files. No widget names a colour.

use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;

/// What a piece of the screen means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Waits for a person.
    Need,
    /// Dangerous for as long as it stands there.
    Alarm,
    /// Went wrong.
    Fail,
    /// Went well.
    Ok,
    /// Where work is now.
    Active,
    /// A model's own words.
    Words,
    /// Rules and labels.
    Dim,
    /// Headings and keys.
    Title,
    /// The row of the cursor.
    Cursor,
}

/// All parts by the name they have in a theme file.
const PARTS: [(&str, Part); 9] = [
    ("need", Part::Need),
    ("alarm", Part::Alarm),
    ("fail", Part::Fail),
    ("ok", Part::Ok),
    ("active", Part::Active),
    ("words", Part::Words),
    ("dim", Part::Dim),
    ("title", Part::Title),
    ("cursor", Part::Cursor),
];

/// Themes that come with the program.
const BUILT_IN: [(&str, &str); 3] = [
    ("default", include_str!("../../themes/default.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("plain", include_str!("../../themes/plain.toml")),
];

/// A style for each part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    styles: BTreeMap<Part, Style>,
}

impl Theme {
    /// A theme that comes with the program.
    pub fn named(name: &str) -> Result<Self, String> {
        let known: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (_, text) =
            found.ok_or_else(|| format!("no theme {name}: choose {}", known.join(", ")))?;
        Self::parse(text).map_err(|problem| format!("theme {name}: {problem}"))
    }

    /// Reads a theme file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: BTreeMap<String, String> =
            toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut styles = BTreeMap::new();
        for (name, value) in &table {
            let part = PARTS.iter().find(|(known, _)| known == name);
            let (_, part) = part.ok_or_else(|| format!("{name} is not part of a theme"))?;
            styles.insert(
                *part,
                style(value).map_err(|word| format!("{name}: {word}"))?,
            );
        }
        Ok(Self { styles })
    }

    /// The style of a part; a part the theme leaves out looks like the rest of the terminal.
    #[must_use]
    pub fn style(&self, part: Part) -> Style {
        self.styles.get(&part).copied().unwrap_or_default()
    }
}

fn style(value: &str) -> Result<Style, String> {
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
        format!("{word} is neither a colour nor bold, dim, italic, underlined or reversed")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_names_every_part_and_plain_has_no_colour() {
        for (name, text) in BUILT_IN {
            let theme = Theme::named(name).unwrap();
            for (part, _) in PARTS {
                assert!(
                    text.contains(&format!("\n{part} = ")),
                    "{name} lacks {part}"
                );
            }
            let coloured = theme
                .styles
                .values()
                .any(|s| s.fg.is_some() || s.bg.is_some());
            assert_eq!(coloured, name != "plain", "{name}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            Theme::named("dark").unwrap_err(),
            "no theme dark: choose default, light, plain"
        );
        let said = |text: &str| Theme::parse(text).unwrap_err();
        assert!(said("neds = \"red\"").contains("neds is not part of a theme"));
        assert!(said("need = \"rad\"").contains("rad is neither a colour"));
        let on = Theme::parse("need = \"red on blue\"").unwrap();
        assert_eq!(
            on.style(Part::Need),
            Style::new().fg(Color::Red).bg(Color::Blue)
        );
        assert_eq!(on.style(Part::Ok), Style::new());
    }
}
