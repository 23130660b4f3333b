//! Which keys do what: those of the table, or those the settings give instead. Everything that shows a key asks here.

mod bind;

pub use bind::{Mistake, Wish, bind};

use super::action::{Action, Row, TABLE};
use super::key::{Code, Key};
use super::tabs::Tab;

/// Leaves whatever the settings say.
pub const ALWAYS: Key = Key {
    code: Code::Char('c'),
    ctrl: true,
};

/// Every row of the table with the keys in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    rows: Vec<(&'static Row, Vec<Key>)>,
}

impl Default for Keymap {
    fn default() -> Self {
        let own = |row: &'static Row| {
            let keys = row.keys.iter().filter_map(|name| Key::parse(name));
            (row, keys.collect())
        };
        Self {
            rows: TABLE.iter().map(own).collect(),
        }
    }
}

impl Keymap {
    /// All rows with their keys, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Row, &[Key])> {
        self.rows.iter().map(|(row, keys)| (*row, keys.as_slice()))
    }

    /// The row of a key on a tab.
    #[must_use]
    pub fn find(&self, key: Key, tab: Tab) -> Option<&'static Row> {
        let here = self.rows().filter(|(row, _)| row.place.holds(tab));
        let mut pressed = here.filter(|(_, keys)| keys.contains(&key));
        pressed.next().map(|(row, _)| row)
    }

    /// Whether a key is one of an action's, wherever that works.
    #[must_use]
    pub fn is(&self, key: Key, action: Action) -> bool {
        self.rows()
            .any(|(row, keys)| row.action == action && keys.contains(&key))
    }

    /// The first key of an action; None = it has none.
    #[must_use]
    pub fn first(&self, action: Action) -> Option<Key> {
        let mut rows = self.rows().filter(|(row, _)| row.action == action);
        rows.find_map(|(_, keys)| keys.first().copied())
    }

    /// Two keys that belong together; empty where there are none.
    #[must_use]
    pub fn pair(&self, one: Action, other: Action) -> String {
        let keys = [one, other].map(|action| self.first(action));
        let named: Vec<String> = keys.iter().flatten().map(ToString::to_string).collect();
        named.join(" ")
    }

    /// The keys that move by a row, and what they do.
    #[must_use]
    pub fn rows_by(&self, does: &str) -> String {
        let keys = self.pair(Action::Down, Action::Up);
        format!("{keys} {does}").trim_start().to_owned()
    }

    /// The name of an action's first key, or what does the same without one.
    #[must_use]
    pub fn or(&self, action: Action, without: &str) -> String {
        self.first(action)
            .map_or_else(|| without.to_owned(), |key| key.to_string())
    }
}
