//! How the screens look and answer, from settings.

pub use crate::factory::ports::desktop::Bell;

pub use super::keymap::{Keymap, Mistake, Wish, bind};

/// Settings of the screens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screens {
    /// Theme by name; None = default.
    pub theme: Option<String>,
    /// How many colours the terminal is taken to show.
    pub colours: Colours,
    /// What tells that something begins to need a person.
    pub bell: Bell,
    /// The mouse is ours from the start.
    pub mouse: bool,
    /// The keys in force.
    pub keys: Keymap,
}

/// How many colours the terminal is taken to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// As the terminal says.
    #[default]
    Auto,
    /// None at all.
    None,
    /// The terminal's own 16.
    Sixteen,
    /// 256 by number.
    Many,
    /// Red, green and blue.
    True,
}

impl Colours {
    /// As settings write them.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("none", Self::None),
        ("16", Self::Sixteen),
        ("256", Self::Many),
        ("true", Self::True),
    ];
}

/// What calls a person, as settings write it.
pub const BELLS: [(&str, Bell); 4] = [
    ("none", Bell::None),
    ("bell", Bell::Bell),
    ("osc9", Bell::Osc9),
    ("osc777", Bell::Osc777),
];
