//! Styles by meaning. No widget names a colour.

mod depth;
mod read;
mod shelf;

pub use depth::Depth;
pub use shelf::{Shelf, Stored};

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Style};
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
    /// Everything that has no colour of its own; left out: the terminal's own.
    Screen,
}

/// All parts by the name they have in a theme file.
const PARTS: [(&str, Part); 10] = [
    ("need", Part::Need),
    ("alarm", Part::Alarm),
    ("fail", Part::Fail),
    ("ok", Part::Ok),
    ("active", Part::Active),
    ("words", Part::Words),
    ("dim", Part::Dim),
    ("title", Part::Title),
    ("cursor", Part::Cursor),
    ("screen", Part::Screen),
];

/// A style for each part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    styles: BTreeMap<Part, Style>,
}

impl Theme {
    /// A theme that comes with the program.
    pub fn named(name: &str) -> Result<Self, String> {
        Shelf::default().theme(name)
    }

    /// Reads the text of a theme file; every mistake with its line.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        read::theme(text)
    }

    /// The style of a part; a part the theme leaves out looks like the rest of the terminal.
    #[must_use]
    pub fn style(&self, part: Part) -> Style {
        self.styles.get(&part).copied().unwrap_or_default()
    }

    /// Gives what has no colour of its own the colours of the whole screen, where the theme has such.
    pub fn ground(&self, buffer: &mut Buffer) {
        let Some(whole) = self.styles.get(&Part::Screen) else {
            return;
        };
        for cell in &mut buffer.content {
            if cell.fg == Color::Reset {
                cell.fg = whole.fg.unwrap_or(Color::Reset);
            }
            if cell.bg == Color::Reset {
                cell.bg = whole.bg.unwrap_or(Color::Reset);
            }
        }
    }
}
