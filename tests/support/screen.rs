//! Screens for tests: a model without a machine behind it, keys by name, a frame as text and as styles.
#![allow(dead_code)]

use chrono::{DateTime, FixedOffset, TimeZone, Utc};
use dev_factory::domain::command::{Answer, Seen, Verb};
use dev_factory::factory::ports::operator::{Operator, Usage};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::key::Key;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::theme::Theme;
use dev_factory::tui::update::update;
use dev_factory::tui::view;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// Sizes every tab is drawn at.
pub const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 16)];

/// Letters for styles; others get capitals of their own.
const LETTERS: [(&str, char); 13] = [
    ("", ' '),
    ("bold", 'b'),
    ("dim", 'd'),
    ("reversed", 'r'),
    ("bold reversed", 'R'),
    ("red", 'f'),
    ("red bold", 'F'),
    ("red bold reversed", 'X'),
    ("green", 'o'),
    ("cyan bold", 'a'),
    ("magenta", 'w'),
    ("yellow", 'y'),
    ("yellow bold reversed", 'n'),
];

/// The operator's hand of a test: it knows some commands and does nothing.
pub struct Hand;

impl Operator for Hand {
    fn commands(&self) -> Vec<Usage> {
        let usage = |name: &str, arguments: &str, about: &str| Usage {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            about: about.to_owned(),
        };
        vec![
            usage("add", "<idea>", "Put an idea on the wishlist"),
            usage("pause", "[scope]", "Pause the factory or a role"),
            usage("park", "[item] [reason]", "Set an item aside"),
            usage("retry", "", "Start the phase again"),
        ]
    }

    fn read(&self, line: &str) -> Result<(Verb, bool), String> {
        match line.split_once(' ').map_or(line, |(word, _)| word) {
            "retry" => Ok((Verb::Retry {}, true)),
            "pause" => Ok((
                Verb::Pause {
                    scope: None,
                    reason: None,
                    until: None,
                },
                false,
            )),
            _ => Err(format!("{line} is no command")),
        }
    }

    fn send(&self, _: Verb, _: Option<Seen>) -> Answer {
        unreachable!("update never sends")
    }

    fn save(&self, _: &str, _: &str) -> Result<std::path::PathBuf, String> {
        unreachable!("never saves")
    }

    fn address(&self, _: &str, _: &str) -> Answer {
        unreachable!("update writes nothing")
    }

    fn doctor(&self, _: &str) -> Result<String, String> {
        unreachable!("update writes nothing")
    }

    fn start(&self) -> Result<String, String> {
        unreachable!("update never starts an engine")
    }
}

/// The night of the drawings: 2026-11-22 with these hours, minutes and seconds, in the zone of the tests.
pub fn at(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    zone()
        .with_ymd_and_hms(2026, 11, 22, hour, minute, second)
        .unwrap()
        .to_utc()
}

/// An hour east of Greenwich, all year.
pub fn zone() -> FixedOffset {
    FixedOffset::east_opt(3600).unwrap()
}

/// A model that knows nothing yet, with a theme by name.
pub fn model(theme: &str) -> Model {
    let theme = Theme::named(theme).unwrap();
    let mut model = Model::new("my-factory", theme, Hand.commands(), at(2, 41, 6));
    model.zone = Some(zone());
    model
}

/// One message in.
pub fn tell(model: &mut Model, message: Message) -> Vec<Effect> {
    update(model, message, &Hand)
}

/// Keys one after another: `4kk/held<Enter>`; what they ask of the world comes out.
pub fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|more| more.split_once('>'));
        // `<` and `>` are keys themselves.
        let named = named.filter(|(name, _)| Key::parse(name).is_some());
        let name = match named {
            Some((name, behind)) => {
                rest = behind;
                name.to_owned()
            }
            None => {
                rest = &rest[first.len_utf8()..];
                match first {
                    ' ' => "Space".to_owned(),
                    other => other.to_string(),
                }
            }
        };
        let key = Key::parse(&name).unwrap_or_else(|| panic!("{name} is no key"));
        effects.extend(tell(model, Message::Key(key)));
    }
    effects
}

/// One frame at a size.
pub fn frame(model: &mut Model, (columns, rows): (u16, u16)) -> Buffer {
    model.size = (columns, rows);
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    view::draw(model, area, &mut buffer);
    buffer
}

/// A frame as two blocks of the same shape: what is written, and a letter for the style of each cell.
pub fn render(model: &mut Model, size: (u16, u16)) -> String {
    let buffer = frame(model, size);
    let mut legend: Vec<(String, char)> = Vec::new();
    let (mut text, mut styles) = (String::new(), String::new());
    for y in 0..size.1 {
        let (mut words, mut letters) = (String::new(), String::new());
        let mut covered = 0;
        for x in 0..size.0 {
            let cell = &buffer[(x, y)];
            letters.push(letter(cell, &mut legend));
            if covered > 0 {
                covered -= 1;
                continue;
            }
            words.push_str(cell.symbol());
            covered = cell.symbol().width().saturating_sub(1);
        }
        text.push_str(words.trim_end());
        text.push('\n');
        styles.push_str(letters.trim_end());
        styles.push('\n');
    }
    legend.sort_by_key(|(_, letter)| *letter);
    let legend: Vec<String> = legend
        .iter()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, letter)| format!("{letter} = {name}"))
        .collect();
    format!(
        "{text}{}\n{styles}{}\n",
        "=".repeat(usize::from(size.0)),
        legend.join(", ")
    )
}

/// Only what is written.
pub fn words(model: &mut Model, size: (u16, u16)) -> String {
    let all = render(model, size);
    let rows: Vec<&str> = all.lines().take(usize::from(size.1)).collect();
    rows.join("\n")
}

fn letter(cell: &Cell, legend: &mut Vec<(String, char)>) -> char {
    let name = style(cell);
    if let Some((_, letter)) = legend.iter().find(|(known, _)| *known == name) {
        return *letter;
    }
    let fixed = LETTERS.iter().find(|(known, _)| *known == name);
    let letter = fixed.map_or_else(
        || {
            let own = legend
                .iter()
                .filter(|(_, l)| ('A'..='E').contains(l))
                .count();
            char::from(b'A' + u8::try_from(own).unwrap())
        },
        |(_, letter)| *letter,
    );
    legend.push((name, letter));
    letter
}

/// A style in the words of a theme file.
fn style(cell: &Cell) -> String {
    let mut words = Vec::new();
    if cell.fg != Color::Reset {
        words.push(cell.fg.to_string().to_lowercase());
    }
    if cell.bg != Color::Reset {
        words.push(format!("on {}", cell.bg.to_string().to_lowercase()));
    }
    for (modifier, word) in [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::ITALIC, "italic"),
        (Modifier::UNDERLINED, "underlined"),
        (Modifier::REVERSED, "reversed"),
    ] {
        if cell.modifier.contains(modifier) {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}
