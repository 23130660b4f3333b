//! Keys from the settings: read by name, checked against each other and the table; every mistake is found at once.

use super::super::action::{Action, Place, Row, TABLE};
use super::super::key::{self, Code, Key};
use super::{ALWAYS, Keymap};

/// What takes an action's keys away.
const NONE: &str = "none";
/// Keys that never reach us in tmux, screen or a terminal with flow control.
const TAKEN: [char; 5] = ['a', 'b', 's', 'q', 'o'];
/// What a terminal sends for these with Ctrl is another key.
const SAME: [(char, &str); 4] = [
    ('i', "Tab"),
    ('m', "Enter"),
    ('h', "Backspace"),
    ('[', "Esc"),
];

/// The keys somebody wants for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Name of the action.
    pub action: String,
    /// Names of the keys; none, or the word none = no key.
    pub keys: Vec<String>,
    /// Where it is written.
    pub place: String,
}

/// What is wrong with a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which one, by its number.
    pub wish: usize,
    /// What is wrong and what to do.
    pub sentence: String,
}

/// The keymap with some wishes, or all that is wrong with them.
pub fn bind(wishes: &[Wish]) -> Result<Keymap, Vec<Mistake>> {
    let mut binding = Binding {
        wishes,
        map: Keymap::default(),
        wanted: vec![None; TABLE.len()],
        mistakes: Vec::new(),
    };
    for (number, wish) in wishes.iter().enumerate() {
        binding.one(number, wish);
    }
    binding.conflicts();
    binding.mistakes.sort_by_key(|mistake| mistake.wish);
    match binding.mistakes.is_empty() {
        true => Ok(binding.map),
        false => Err(binding.mistakes),
    }
}

struct Binding<'a> {
    wishes: &'a [Wish],
    map: Keymap,
    /// The wish each row follows.
    wanted: Vec<Option<usize>>,
    mistakes: Vec<Mistake>,
}

impl Binding<'_> {
    fn mistake(&mut self, wish: usize, sentence: String) {
        self.mistakes.push(Mistake { wish, sentence });
    }

    fn one(&mut self, number: usize, wish: &Wish) {
        let named: Vec<usize> = (0..)
            .zip(TABLE.iter())
            .filter(|(_, row)| row.action.name() == wish.action)
            .map(|(at, _)| at)
            .collect();
        let Some(action) = named.first().and_then(|at| TABLE.get(*at)) else {
            return self.mistake(number, unknown(&wish.action));
        };
        let action = action.action;
        let mut keys = Vec::new();
        for name in wish.keys.iter().filter(|name| *name != NONE) {
            match read(name, action) {
                Ok(key) if keys.contains(&key) => {}
                Ok(key) => keys.push(key),
                Err(why) => self.mistake(number, format!("{}: {why}", wish.action)),
            }
        }
        if action == Action::Leave && !keys.contains(&ALWAYS) {
            keys.push(ALWAYS);
        }
        for at in named {
            if let (Some(row), Some(wanted)) = (self.map.rows.get_mut(at), self.wanted.get_mut(at))
            {
                row.1.clone_from(&keys);
                *wanted = Some(number);
            }
        }
    }

    /// Two rows with one key in one place.
    fn conflicts(&mut self) {
        let mut found = Vec::new();
        for (at, (row, keys)) in self.map.rows().enumerate() {
            for (other, (second, others)) in self.map.rows().enumerate().skip(at + 1) {
                let shared = keys.iter().filter(|key| others.contains(key));
                if let Some(tabs) = meet(row, second) {
                    found.extend(shared.map(|key| (at, other, *key, tabs.clone())));
                }
            }
        }
        for (at, other, key, tabs) in found {
            let wish = |row: usize| self.wanted.get(row).copied().flatten();
            let (one, two) = (wish(at), wish(other));
            // Whoever came later is told; the table's own keys never meet.
            let (told, row, with) = match (one, two) {
                (Some(a), Some(b)) if a > b => (a, at, other),
                (Some(_), Some(b)) => (b, other, at),
                (Some(a), None) => (a, at, other),
                (None, Some(b)) => (b, other, at),
                (None, None) => continue,
            };
            let name = |at: usize| TABLE.get(at).map_or_else(String::new, |r| r.action.name());
            let (asked, holder) = (name(row), name(with));
            let whose = match wish(with).and_then(|n| self.wishes.get(n)) {
                Some(other) => format!("asked for by {holder} too, in {}", other.place),
                None => format!("the key of {holder} already"),
            };
            self.mistake(
                told,
                format!(
                    "{asked}: {key} is {whose}, {tabs}: give one of them another key, or {holder} none, as in {holder} = \"none\""
                ),
            );
        }
    }
}

/// Where two rows both work, in words; None = nowhere.
fn meet(one: &Row, two: &Row) -> Option<String> {
    let shared = match (one.place, two.place) {
        (Place::All, Place::All) => return Some("everywhere".to_owned()),
        (Place::All, Place::On(tabs)) | (Place::On(tabs), Place::All) => tabs.to_vec(),
        (Place::On(tabs), other) => tabs
            .iter()
            .copied()
            .filter(|tab| other.holds(*tab))
            .collect(),
    };
    let names: Vec<&str> = shared.iter().map(|tab| tab.name()).collect();
    (!names.is_empty()).then(|| format!("on {}", names.join(", ")))
}

fn unknown(name: &str) -> String {
    let names: Vec<String> = TABLE.iter().map(|row| row.action.name()).collect();
    let hint = nearest(name, names.iter().map(String::as_str))
        .map_or(String::new(), |word| format!("; did you mean {word}?"));
    format!("{name} is no action{hint} (docs/keys.md names them all)")
}

/// The key of a name, where this action may have it.
fn read(name: &str, action: Action) -> Result<Key, String> {
    let Some(key) = Key::parse(name) else {
        let hint = nearest(name, key::names())
            .map_or(String::new(), |word| format!("; did you mean {word}?"));
        return Err(format!(
            "\"{name}\" is no key{hint} (write one character, Ctrl-x, F1 to F12, or a name such as PgUp, Space, Tab)"
        ));
    };
    let refused = match key.code {
        Code::Char('c') if key.ctrl && action != Action::Leave => {
            "always leaves, so that there is always a way out".to_owned()
        }
        Code::Char(c) if key.ctrl && TAKEN.contains(&c) => {
            "belongs to tmux, screen or flow control and may never arrive".to_owned()
        }
        Code::Char(c) if key.ctrl && !c.is_ascii_lowercase() => {
            let other = SAME.iter().find(|(same, _)| *same == c);
            match other {
                Some((_, other)) => format!("arrives as {other}"),
                None => "cannot be told apart: only Ctrl-a to Ctrl-z, in lower case".to_owned(),
            }
        }
        Code::Char(c) if key.ctrl => match SAME.iter().find(|(same, _)| *same == c) {
            Some((_, other)) => format!("arrives as {other}: write {other}"),
            None => return Ok(key),
        },
        Code::Esc if action != Action::Close => "closes what is open, and never more".to_owned(),
        _ => return Ok(key),
    };
    Err(format!("{key} {refused}: choose another key"))
}

fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| {
            (
                strsim::jaro_winkler(&word.to_lowercase(), &name.to_lowercase()),
                name,
            )
        })
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
