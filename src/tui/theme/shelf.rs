//! The themes there are: those that come with the program, and the home's own in front of them.

use super::{Depth, Theme};
use crate::factory::ports::themes::ThemeFile;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Themes that come with the program.
const BUILT_IN: [(&str, &str); 6] = [
    ("default", include_str!("../../../themes/default.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    (
        "high-contrast",
        include_str!("../../../themes/high-contrast.toml"),
    ),
    (
        "colour-blind",
        include_str!("../../../themes/colour-blind.toml"),
    ),
    ("plain", include_str!("../../../themes/plain.toml")),
];

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// By which it is chosen.
    pub name: String,
    /// The file, of one that is the home's own.
    pub file: Option<String>,
    /// The theme, or what is wrong with its file.
    pub theme: Result<Theme, String>,
}

/// All of them, as the terminal can show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelf {
    depth: Depth,
    all: Arc<[Stored]>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self::new(&[], Depth::True)
    }
}

impl Shelf {
    /// The themes with a home's files; one of the same name stands in for ours.
    #[must_use]
    pub fn new(files: &[ThemeFile], depth: Depth) -> Self {
        let mut own: BTreeMap<&str, &ThemeFile> = files
            .iter()
            .map(|file| (file.name.as_str(), file))
            .collect();
        let ours = BUILT_IN.iter().map(|(name, text)| {
            own.remove(name).map_or_else(
                || Stored {
                    name: (*name).to_owned(),
                    file: None,
                    theme: Theme::parse(text).map_err(|all| all.join("; ")),
                },
                stored,
            )
        });
        let mut all: Vec<Stored> = ours.collect();
        all.extend(own.into_values().map(stored));
        Self {
            depth,
            all: all.into(),
        }
    }

    /// The same with the home's files as they are now.
    #[must_use]
    pub fn reread(&self, files: &[ThemeFile]) -> Self {
        Self::new(files, self.depth)
    }

    /// All, those of the program first.
    #[must_use]
    pub fn all(&self) -> &[Stored] {
        &self.all
    }

    /// One by name, in what the terminal can show; or what is wrong with it.
    pub fn theme(&self, name: &str) -> Result<Theme, String> {
        let Some(stored) = self.all.iter().find(|stored| stored.name == name) else {
            let known: Vec<&str> = self.all.iter().map(|stored| stored.name.as_str()).collect();
            return Err(format!("no theme {name}: choose {}", known.join(", ")));
        };
        let theme = stored.theme.as_ref().map_err(Clone::clone)?;
        if self.depth == Depth::None {
            let (_, plain) = BUILT_IN.last().ok_or("no plain theme")?;
            return Theme::parse(plain).map_err(|all| all.join("; "));
        }
        Ok(theme.at(self.depth))
    }
}

/// A file of the home.
fn stored(file: &ThemeFile) -> Stored {
    let theme = match &file.text {
        Ok(text) => Theme::parse(text).map_err(|mistakes| {
            let all: Vec<String> = mistakes
                .iter()
                .map(|mistake| format!("{}:{mistake}", file.file))
                .collect();
            all.join("\n")
        }),
        Err(why) => Err(format!("{}: {why}", file.file)),
    };
    Stored {
        name: file.name.clone(),
        file: Some(file.file.clone()),
        theme,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PARTS, Part};
    use super::*;
    use ratatui::style::{Color, Style};

    #[test]
    fn every_theme_names_every_part_and_plain_has_no_colour() {
        for (name, text) in BUILT_IN {
            let theme = Theme::named(name).unwrap();
            for (part, kind) in PARTS {
                assert!(
                    kind == Part::Screen || text.contains(&format!("\n{part} = ")),
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
    fn the_default_theme_keeps_to_the_terminals_own_colours() {
        for name in ["default", "light"] {
            let theme = Theme::named(name).unwrap();
            assert_eq!(theme.at(Depth::Sixteen), theme, "{name}");
            assert!(!theme.styles.contains_key(&Part::Screen), "{name}");
        }
    }

    #[test]
    fn good_and_bad_can_be_told_apart_at_every_depth() {
        for (name, _) in BUILT_IN {
            for depth in [Depth::None, Depth::Sixteen, Depth::Many, Depth::True] {
                let theme = Shelf::new(&[], depth).theme(name).unwrap();
                let looks = [Part::Fail, Part::Ok].map(|part| theme.style(part));
                assert_ne!(looks[0], looks[1], "{name} at {depth:?}");
                let seen = [Part::Cursor, Part::Need].map(|part| theme.style(part));
                assert!(seen.iter().all(|look| *look != Style::new()), "{name}");
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            Theme::named("drak").unwrap_err(),
            "no theme drak: choose default, light, dark, high-contrast, colour-blind, plain"
        );
        let said = |text: &str| Theme::parse(text).unwrap_err().join("; ");
        assert!(said("neds = \"red\"").starts_with("1: neds is no part of a theme"));
        let two = said("\nneed = \"rad\"\nok = 7\n");
        assert!(
            two.starts_with("2: need has \"rad\", which is neither a colour"),
            "{two}"
        );
        assert!(two.contains("; 3: ok takes a text"), "{two}");
        let on = Theme::parse("need = \"red on blue\"").unwrap();
        assert_eq!(
            on.style(Part::Need),
            Style::new().fg(Color::Red).bg(Color::Blue)
        );
        assert_eq!(on.style(Part::Ok), Style::new());
    }

    #[test]
    fn a_file_of_the_home_stands_in_for_ours_and_joins_the_others() {
        let file = |name: &str, text: &str| ThemeFile {
            name: name.to_owned(),
            file: format!("themes/{name}.toml"),
            text: Ok(text.to_owned()),
        };
        let files = [file("dark", "ok = \"blue\""), file("mine", "ok = \"blu\"")];
        let shelf = Shelf::new(&files, Depth::True);
        let blue = Style::new().fg(Color::Blue);
        assert_eq!(shelf.theme("dark").unwrap().style(Part::Ok), blue);
        assert_eq!(shelf.all().len(), 7);
        let why = shelf.theme("mine").unwrap_err();
        assert!(
            why.starts_with("themes/mine.toml:1: ok has \"blu\""),
            "{why}"
        );
        let mended = shelf.reread(&[file("mine", "ok = \"blue\"")]);
        assert_eq!(mended.theme("mine").unwrap().style(Part::Ok), blue);
        assert_eq!(mended.theme("dark"), Theme::named("dark"));
    }
}
