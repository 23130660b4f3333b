//! How many colours a terminal shows, and the nearest of them to those a theme names.

use super::Theme;
use anstyle::{Ansi256Color, AnsiColor, RgbColor};
use anstyle_lossy::palette::VGA;
use ratatui::style::{Color, Style};

/// From none to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Bold and reverse only: every theme looks like the plain one.
    None,
    /// The terminal's own 16.
    #[default]
    Sixteen,
    /// 256 by number.
    Many,
    /// Red, green and blue.
    True,
}

/// Words in TERM of terminals that show 256 colours without saying so.
const MANY: [&str; 7] = [
    "256color",
    "kitty",
    "alacritty",
    "foot",
    "ghostty",
    "wezterm",
    "direct",
];
/// Terminals without colours.
const NONE: [&str; 4] = ["vt100", "vt102", "vt220", "xterm-mono"];

impl Depth {
    /// What a terminal shows by its TERM and COLORTERM; inside tmux or screen COLORTERM tells of another terminal, or
    /// of one that was there before, and is not believed.
    #[must_use]
    pub fn of(term: &str, colorterm: &str, multiplexed: bool) -> Self {
        let inside = multiplexed || term.starts_with("tmux") || term.starts_with("screen");
        if NONE.contains(&term) || term.ends_with("-m") {
            Self::None
        } else if !inside && matches!(colorterm, "truecolor" | "24bit") {
            Self::True
        } else if MANY.iter().any(|word| term.contains(word)) {
            Self::Many
        } else {
            Self::Sixteen
        }
    }
}

impl Theme {
    /// The same in at most so many colours.
    #[must_use]
    pub(super) fn at(&self, depth: Depth) -> Self {
        let near = |style: Style| Style {
            fg: style.fg.and_then(|colour| nearest(colour, depth)),
            bg: style.bg.and_then(|colour| nearest(colour, depth)),
            ..style
        };
        let styles = self
            .styles
            .iter()
            .map(|(part, style)| (*part, near(*style)));
        Self {
            styles: styles.collect(),
        }
    }
}

fn nearest(colour: Color, depth: Depth) -> Option<Color> {
    match (depth, colour) {
        (Depth::None, _) => None,
        (Depth::Many, Color::Rgb(r, g, b)) => {
            let near = anstyle_lossy::rgb_to_xterm(RgbColor(r, g, b));
            Some(Color::Indexed(near.index()))
        }
        (Depth::Sixteen, Color::Rgb(r, g, b)) => {
            Some(own(anstyle_lossy::rgb_to_ansi(RgbColor(r, g, b), VGA)))
        }
        (Depth::Sixteen, Color::Indexed(n)) => {
            Some(own(anstyle_lossy::xterm_to_ansi(Ansi256Color(n), VGA)))
        }
        _ => Some(colour),
    }
}

/// One of the terminal's own.
const fn own(colour: AnsiColor) -> Color {
    match colour {
        AnsiColor::Black => Color::Black,
        AnsiColor::Red => Color::Red,
        AnsiColor::Green => Color::Green,
        AnsiColor::Yellow => Color::Yellow,
        AnsiColor::Blue => Color::Blue,
        AnsiColor::Magenta => Color::Magenta,
        AnsiColor::Cyan => Color::Cyan,
        AnsiColor::White => Color::Gray,
        AnsiColor::BrightBlack => Color::DarkGray,
        AnsiColor::BrightRed => Color::LightRed,
        AnsiColor::BrightGreen => Color::LightGreen,
        AnsiColor::BrightYellow => Color::LightYellow,
        AnsiColor::BrightBlue => Color::LightBlue,
        AnsiColor::BrightMagenta => Color::LightMagenta,
        AnsiColor::BrightCyan => Color::LightCyan,
        AnsiColor::BrightWhite => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_shows_is_told_by_its_names() {
        for (term, colorterm, multiplexed, depth) in [
            ("xterm", "", false, Depth::Sixteen),
            ("linux", "", false, Depth::Sixteen),
            ("xterm-256color", "", false, Depth::Many),
            ("xterm-256color", "truecolor", false, Depth::True),
            ("xterm-256color", "truecolor", true, Depth::Many),
            ("tmux-256color", "truecolor", false, Depth::Many),
            ("screen", "24bit", false, Depth::Sixteen),
            ("xterm-kitty", "", false, Depth::Many),
            ("vt100", "truecolor", false, Depth::None),
        ] {
            let found = Depth::of(term, colorterm, multiplexed);
            assert_eq!(found, depth, "{term} {colorterm} {multiplexed}");
        }
    }

    #[test]
    fn colours_fall_to_the_nearest_there_is() {
        let red = Color::Rgb(250, 30, 20);
        assert_eq!(nearest(red, Depth::True), Some(red));
        assert_eq!(nearest(red, Depth::Many), Some(Color::Indexed(196)));
        assert_eq!(
            nearest(Color::Indexed(196), Depth::Many),
            Some(Color::Indexed(196))
        );
        let sixteen = nearest(Color::Indexed(196), Depth::Sixteen);
        assert!(
            matches!(sixteen, Some(Color::Red | Color::LightRed)),
            "{sixteen:?}"
        );
        assert_eq!(nearest(Color::Cyan, Depth::Sixteen), Some(Color::Cyan));
        assert_eq!(nearest(Color::Cyan, Depth::None), None);
    }
}
