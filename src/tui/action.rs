//! The one table of keys: keymap, footer, help, palette and docs/keys.md are made from it.

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
    Focus,
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

use Action::{
    Abort, Add, Agent, Bottom, Close, Down, Escalate, Filter, Focus, Follow, Go, HalfDown, HalfUp,
    Help, Hint, Leave, Left, Level, Needs, Next, PageDown, PageUp, Palette, Park, Pause, Previous,
    Probe, Redraw, Requeue, Retry, Right, StopEngine, Suspend, Top, Up, Verdict, Wrap, Zoom,
};
use Care::{Acts, Asks, Looks};
use Place::{All, On};

const TOOL: Place = On(&[Tab::Factory]);
const AGENTS: Place = On(&[Tab::Agents]);
const LOGS: Place = On(&[Tab::Logs]);

/// Every key, in the order in which footers show those that fit.
pub const TABLE: &[Row] = &[
    row(
        Pause,
        &["p"],
        "pause",
        "pause after the turn, or resume; starts a stopped engine; on Agents the role of the cursor",
        All,
        Acts,
    ),
    row(
        Escalate,
        &["E"],
        "escalate",
        "hand the tool under way to the reviewer",
        TOOL,
        Asks,
    ),
    row(
        Requeue,
        &["R"],
        "re-queue",
        "put the tool under way back into the queue, its branch kept",
        TOOL,
        Asks,
    ),
    row(
        Verdict,
        &["v"],
        "verdict",
        "decide on a tool that waits for you",
        All,
        Asks,
    ),
    row(
        Hint,
        &["i"],
        "hint",
        "hand a text to the next attempt",
        TOOL,
        Acts,
    ),
    row(
        Add,
        &["a"],
        "add",
        "add an idea",
        On(&[Tab::Factory, Tab::Stats]),
        Acts,
    ),
    row(
        Probe,
        &["r"],
        "try now",
        "ask the model servers again",
        AGENTS,
        Acts,
    ),
    row(
        Follow,
        &["f"],
        "follow",
        "follow new lines, or stay where you are",
        LOGS,
        Looks,
    ),
    row(
        Filter,
        &["/"],
        "find",
        "show only lines with a text; empty shows all again",
        LOGS,
        Looks,
    ),
    row(Next, &["n"], "next", "next line with the text", LOGS, Looks),
    row(
        Previous,
        &["N"],
        "previous",
        "previous line with the text",
        LOGS,
        Looks,
    ),
    row(
        Agent,
        &["@"],
        "agent",
        "only lines of one speaker: the next one, then all",
        LOGS,
        Looks,
    ),
    row(
        Level,
        &["l"],
        "level",
        "only graver lines: information, warnings, errors, then all",
        LOGS,
        Looks,
    ),
    row(
        Wrap,
        &["w"],
        "wrap",
        "wrap long lines, or cut them",
        LOGS,
        Looks,
    ),
    row(
        Palette,
        &[":"],
        "command",
        "type or choose any command of the command line",
        All,
        Looks,
    ),
    row(
        Needs,
        &["!"],
        "needs you",
        "what waits for you, and the ways out; again: the next",
        All,
        Looks,
    ),
    row(
        Help,
        &["?", "F1"],
        "help",
        "the keys that work here",
        All,
        Looks,
    ),
    row(
        Leave,
        &["q", "Ctrl-c"],
        "leave, work goes on",
        "close the layer; on a tab leave, the engine goes on",
        All,
        Looks,
    ),
    row(
        Close,
        &["Esc"],
        "close",
        "close the layer; never leaves",
        All,
        Looks,
    ),
    row(
        StopEngine,
        &["Q"],
        "stop the engine",
        "stop the engine after this turn",
        All,
        Asks,
    ),
    row(
        Go(Tab::Factory),
        &["1"],
        "Factory",
        "the tool under way, the queue, what was done",
        All,
        Looks,
    ),
    row(
        Go(Tab::Agents),
        &["2"],
        "Agents",
        "roles, hosts and models",
        All,
        Looks,
    ),
    row(
        Go(Tab::Stats),
        &["3"],
        "Stats",
        "what was shipped, how well, at what cost",
        All,
        Looks,
    ),
    row(
        Go(Tab::Logs),
        &["4"],
        "Logs",
        "everything that was said",
        All,
        Looks,
    ),
    row(
        Retry,
        &["r"],
        "retry",
        "drop the attempt under way; its phase starts again",
        TOOL,
        Asks,
    ),
    row(
        Abort,
        &["X"],
        "abort",
        "end the running turn now, and pause",
        TOOL,
        Asks,
    ),
    row(
        Park,
        &["x"],
        "park",
        "set the tool under way aside for yourself",
        TOOL,
        Asks,
    ),
    row(
        Focus,
        &["Tab", "Shift-Tab"],
        "next pane",
        "the next pane takes the keys that move",
        All,
        Looks,
    ),
    row(
        Zoom,
        &["z"],
        "zoom",
        "the live text alone, or everything again",
        TOOL,
        Looks,
    ),
    row(Down, &["j", "Down"], "down", "down one line", All, Looks),
    row(Up, &["k", "Up"], "up", "up one line", All, Looks),
    row(
        Left,
        &["Left"],
        "left",
        "back to the beginning of cut lines",
        LOGS,
        Looks,
    ),
    row(
        Right,
        &["Right"],
        "right",
        "further along cut lines",
        LOGS,
        Looks,
    ),
    row(
        PageDown,
        &["PgDn"],
        "page down",
        "down one page",
        All,
        Looks,
    ),
    row(PageUp, &["PgUp"], "page up", "up one page", All, Looks),
    row(
        HalfDown,
        &["Ctrl-d"],
        "half down",
        "down half a page",
        All,
        Looks,
    ),
    row(HalfUp, &["Ctrl-u"], "half up", "up half a page", All, Looks),
    row(Top, &["g", "Home"], "top", "to the oldest", All, Looks),
    row(
        Bottom,
        &["G", "End"],
        "bottom",
        "to the newest, and follow",
        All,
        Looks,
    ),
    row(
        Suspend,
        &["Ctrl-z"],
        "suspend",
        "put the screens aside; the engine goes on",
        All,
        Looks,
    ),
    row(
        Redraw,
        &["Ctrl-l"],
        "redraw",
        "draw everything again after a broken link",
        All,
        Looks,
    ),
];

impl Place {
    /// Whether keys of this place work on a tab.
    #[must_use]
    pub fn holds(self, tab: Tab) -> bool {
        match self {
            All => true,
            On(tabs) => tabs.contains(&tab),
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
        "# Keys\n\nMade from the table in src/tui/action.rs; a test fails when this page is stale.\n\n\
         | Key | Does | Where | Asks first |\n|---|---|---|---|\n",
    );
    for row in TABLE {
        let keys: Vec<String> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        let place = match row.place {
            All => "everywhere".to_owned(),
            On(tabs) => {
                let names: Vec<&str> = tabs.iter().map(|tab| tab.name()).collect();
                names.join(", ")
            }
        };
        let asks = if row.care == Asks { "yes" } else { "" };
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
