//! The one table of keys: keymap, footer, help, palette and docs/keys.md are made from it.

mod desk;
mod figures;
mod moves;
mod table;
mod tool;

use super::tabs::Tab;
use std::sync::LazyLock;

/// Every key, in the order in which footers show those that fit.
pub static TABLE: LazyLock<Vec<Row>> =
    LazyLock::new(|| [table::ROWS, moves::ROWS, desk::ROWS].concat());

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Help,
    Close,
    Leave,
    StopEngine,
    Suspend,
    Redraw,
    Theme,
    Pager,
    Clip,
    Save,
    Mouse,
    Time,
    Tool,
    Go(Tab),
    TabBack,
    TabOn,
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
    PauseWith,
    Limit,
    Edit,
    Raise,
    Lower,
    Unpark,
    Drop,
    Reopen,
    Rewind,
    NextPane,
    PreviousPane,
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
    Open,
    Earlier,
    Later,
    PhaseBack,
    PhaseOn,
    SectionBack,
    SectionOn,
    NextThing,
    PreviousThing,
    Compare,
    Sort,
    Reverse,
    Window,
    Read,
    Export,
    Doctor,
}

impl Action {
    /// Its name in settings: the variant's, a tab's for `Go`, in kebab case.
    #[must_use]
    pub fn name(self) -> String {
        let variant = match self {
            Self::Go(tab) => format!("{tab:?}"),
            other => format!("{other:?}"),
        };
        let mut name = String::new();
        for c in variant.chars() {
            if c.is_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.extend(c.to_lowercase());
        }
        name
    }

    /// Whether it is about the item of the cursor, where the queue has one.
    #[must_use]
    pub const fn of_item(self) -> bool {
        use Action::{Drop, Edit, Lower, Park, Raise, Requeue, Unpark};
        matches!(self, Edit | Raise | Lower | Requeue | Park | Unpark | Drop)
    }

    /// Whether it only takes one elsewhere: to a tab, to another row, or along a line.
    #[must_use]
    pub const fn moves(self) -> bool {
        use Action::{
            Bottom, Down, Go, HalfDown, HalfUp, Left, PageDown, PageUp, Right, TabBack, TabOn, Top,
            Up,
        };
        matches!(
            self,
            Go(_)
                | TabBack
                | TabOn
                | Up
                | Down
                | Left
                | Right
                | PageUp
                | PageDown
                | HalfUp
                | HalfDown
                | Top
                | Bottom
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
    /// Asks for the tool's name to be typed.
    Names,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

const fn row(
    action: Action,
    keys: &'static [&'static str],
    word: &'static str,
    help: &'static str,
    place: Place,
    care: Care,
) -> Row {
    Row {
        action,
        keys,
        word,
        help,
        place,
        care,
    }
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

/// docs/keys.md.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# Keys\n\nMade from the tables in src/tui/action; a test fails when this page is stale.\n\n\
         Other keys by name, in your own settings file or in the home's factory.toml; `none` takes a key away:\n\n\
         ```toml\n[screens.keys]\nescalate = \"F2\"\nhelp = [\"?\", \"h\"]\nabort = \"none\"\n```\n\n\
         Mistakes and conflicts are all reported when the screens start. Ctrl-c always leaves, or goes back where\n\
         something is open; Esc closes and nothing else; Ctrl-a, Ctrl-b, Ctrl-s, Ctrl-q and Ctrl-o stay free for tmux,\n\
         screen and flow control. Keys inside a layer (y and n, Enter, Esc, Tab, arrows) are fixed.\n\n\
         | Key | Name | Does | Where | Asks first |\n|---|---|---|---|---|\n",
    );
    for row in TABLE.iter() {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let place = match row.place {
            Place::All => "everywhere".to_owned(),
            Place::On(tabs) => {
                let names: Vec<&str> = tabs.iter().map(|tab| tab.name()).collect();
                names.join(", ")
            }
        };
        let asks = match row.care {
            Care::Looks | Care::Acts => "",
            Care::Asks => "yes",
            Care::Names => "the tool's name",
        };
        page.push_str(&format!(
            "| {} | {} | {} | {place} | {asks} |\n",
            keys.join(" "),
            row.action.name(),
            row.help
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::super::key::Key;
    use super::super::keymap::Keymap;
    use super::*;

    #[test]
    fn every_key_has_a_name_and_one_meaning_on_each_tab() {
        for tab in Tab::ALL.into_iter().chain([Tab::Tool]) {
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
            for tab in Tab::ALL.into_iter().chain([Tab::Tool]) {
                let row = Keymap::default().find(Key::parse(name).unwrap(), tab);
                assert!(row.is_none(), "{name}");
            }
        }
    }
}
