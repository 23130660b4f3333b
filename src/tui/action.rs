//! The one table of keys: keymap, footer, help, palette and docs/keys.md are made from it.

mod table;

pub use table::TABLE;

use super::key::Key;
use super::tabs::Tab;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Help,
    Close,
    Leave,
    StopEngine,
    Suspend,
    Redraw,
    Go(Tab),
    Zoom,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    Top,
    Bottom,
    Needs,
    Palette,
    Pause,
    Escalate,
    Requeue,
    Verdict,
    Add,
    Retry,
    Abort,
    Park,
    Hint,
    Probe,
    Filter,
    Next,
    Previous,
    Follow,
    Wrap,
    Agent,
    Level,
}

impl Action {
    /// Whether it only takes one elsewhere: to a tab, to another row, or along a line.
    #[must_use]
    pub const fn moves(self) -> bool {
        use Action::{Bottom, Down, Go, HalfDown, HalfUp, Left, PageDown, PageUp, Right, Top, Up};
        matches!(
            self,
            Go(_) | Up | Down | Left | Right | PageUp | PageDown | HalfUp | HalfDown | Top | Bottom
        )
    }
}

/// How much an action asks before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Care {
    /// Only looks.
    Looks,
    /// Acts at once; it can be undone, and the engine's answer is shown.
    Acts,
    /// Asks first, with the harmless choice focused.
    Asks,
}

/// Where a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On every tab.
    All,
    /// On these tabs.
    On(&'static [Tab]),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What it does.
    pub action: Action,
    /// Names of its keys; the first is shown.
    pub keys: &'static [&'static str],
    /// For the footer.
    pub word: &'static str,
    /// For help and docs/keys.md.
    pub help: &'static str,
    /// Where it works.
    pub place: Place,
    /// How much it asks.
    pub care: Care,
}

impl Place {
    /// Whether keys of this place work on a tab.
    #[must_use]
    pub fn holds(self, tab: Tab) -> bool {
        match self {
            Self::All => true,
            Self::On(tabs) => tabs.contains(&tab),
        }
    }
}

/// The row of a key on a tab.
#[must_use]
pub fn find(key: Key, tab: Tab) -> Option<&'static Row> {
    TABLE
        .iter()
        .filter(|row| row.place.holds(tab))
        .find(|row| row.keys.iter().any(|name| Key::parse(name) == Some(key)))
}

/// docs/keys.md.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# Keys\n\nMade from the table in src/tui/action/table.rs; a test fails when this page is stale.\n\n\
         | Key | Does | Where | Asks first |\n|---|---|---|---|\n",
    );
    for row in TABLE {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let place = match row.place {
            Place::All => "everywhere".to_owned(),
            Place::On(tabs) => {
                let names: Vec<&str> = tabs.iter().map(|tab| tab.name()).collect();
                names.join(", ")
            }
        };
        let asks = if row.care == Care::Asks { "yes" } else { "" };
        page.push_str(&format!(
            "| {} | {} | {place} | {asks} |\n",
            keys.join(" "),
            row.help
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_and_one_meaning_on_each_tab() {
        for tab in Tab::ALL {
            let mut seen = Vec::new();
            for row in TABLE.iter().filter(|row| row.place.holds(tab)) {
                for name in row.keys {
                    let key = Key::parse(name).unwrap_or_else(|| panic!("{name} is no key"));
                    assert!(!seen.contains(&key), "{name} twice on {}", tab.name());
                    seen.push(key);
                }
            }
        }
    }

    /// `WRITE_DOCS=1 cargo test --lib page_of_keys` writes the page anew.
    #[test]
    fn the_page_of_keys_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
        if std::env::var_os("WRITE_DOCS").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            there,
            page(),
            "stale: WRITE_DOCS=1 cargo test --lib page_of_keys"
        );
    }

    #[test]
    fn keys_of_tmux_and_of_flow_control_stay_free() {
        for name in ["Ctrl-a", "Ctrl-b", "Ctrl-s", "Ctrl-q", "Ctrl-o"] {
            for tab in Tab::ALL {
                assert!(find(Key::parse(name).unwrap(), tab).is_none(), "{name}");
            }
        }
    }
}
