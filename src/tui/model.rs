//! All the screens know: what the engine says, where the operator stands.

use super::action::Action;
use super::book::Book;
use super::effect::About;
use super::found::{Found, has};
use super::keymap::Keymap;
use super::layer::{Layer, Sent};
use super::sorted::ToolsTable;
use super::tabs::{AgentsPane, Focus, List, LogsPane, Pick, Tab};
use super::theme::{Shelf, Theme};
use super::tool::ToolView;
use crate::domain::command::{Answer, Seen};
use crate::domain::figures::Figures;
use crate::domain::item::Item;
use crate::domain::phase::Role;
use crate::domain::screen::{Snapshot, Step};
use crate::domain::state::{Pause, Scope};
use crate::factory::ports::desktop::Bell;
use crate::factory::ports::operator::Usage;
use chrono::{DateTime, FixedOffset, Local, NaiveDateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Smallest size that is drawn; below it there is a notice.
pub const SMALLEST: (u16, u16) = (60, 16);
/// Rows from which Stats shows the shift.
const SHIFT: u16 = 22;
/// How long the footer shows an answer.
pub const ANSWER_SHOWN: TimeDelta = TimeDelta::seconds(3);

/// Whether an engine is behind the snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Not known yet.
    #[default]
    Unknown,
    /// It runs.
    Runs,
    /// It does not.
    Gone,
}

/// The model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Styles.
    pub theme: Theme,
    /// By which name they were chosen.
    pub theme_name: String,
    /// All there are to choose.
    pub shelf: Shelf,
    /// The keys in force.
    pub keys: Arc<Keymap>,
    /// Where settings of the operator's own stand, as shown to them.
    pub own_settings: String,
    /// Only ASCII is drawn.
    pub ascii: bool,
    /// Nothing may be changed from here.
    pub readonly: bool,
    /// Version of this program; an engine may be of another.
    pub version: String,
    /// Name of the home's folder.
    pub home: String,
    /// Name of the machine, for who looks from another one.
    pub machine: Option<String>,
    /// Every command, for the palette.
    pub commands: Arc<[Usage]>,
    /// Times are shown with this offset; None = as this machine's clock shows them.
    pub zone: Option<FixedOffset>,
    /// Time of the newest message that told it.
    pub now: DateTime<Utc>,
    /// The engine's newest word.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Whether it still runs.
    pub engine: Engine,
    /// The log.
    pub book: Book,
    /// The figures, or why there are none; None = not read yet.
    pub figures: Option<Result<Arc<Figures>, String>>,
    /// They are being read.
    pub counting: bool,
    /// Newest event when they were asked for.
    pub counted_to: u64,
    /// Which tab.
    pub tab: Tab,
    /// What lies over it, topmost last.
    pub layers: Vec<Layer>,
    /// Which part of Factory takes the keys that move.
    pub focus: Focus,
    /// Cursor on Factory's queue, by name.
    pub queue: Pick<String>,
    /// Only items with this text are shown there.
    pub find: String,
    /// Which those are.
    pub found: Found,
    /// Priorities on their way to the engine.
    pub asked: Vec<(String, i64)>,
    /// Cursor on Factory's timeline, by number of the event.
    pub moves: Pick<u64>,
    /// Number of the lowest row of the live text that is shown; None = it follows the newest.
    pub live: Option<i64>,
    /// Where one stands on Agents.
    pub agents: AgentsPane,
    /// Cursor on Stats' table.
    pub tools: List,
    /// How Stats shows them.
    pub table: ToolsTable,
    /// Where one stands in the log.
    pub logs: LogsPane,
    /// The live text alone fills Factory, the table Stats, the page the Tool view, the pane of the focus Agents.
    pub zoom: bool,
    /// The tool that was opened.
    pub tool: Option<Box<ToolView>>,
    /// The engine's answer, and until when it is shown.
    pub answer: Option<(Answer, DateTime<Utc>)>,
    /// What is on its way to the engine, in order; each is answered.
    pub sent: VecDeque<Sent>,
    /// Lines are being saved: so many so far.
    pub saving: Option<u64>,
    /// The mouse is ours.
    pub mouse: bool,
    /// What calls the operator.
    pub bell: Bell,
    /// What they were called for, or saw when the screens were opened, and since when it waited.
    pub rung: BTreeMap<String, DateTime<Utc>>,
}

impl Model {
    /// A model that knows nothing yet.
    #[must_use]
    pub fn new(home: &str, theme: Theme, commands: Vec<Usage>, now: DateTime<Utc>) -> Self {
        Self {
            size: (80, 24),
            theme,
            theme_name: "default".to_owned(),
            shelf: Shelf::default(),
            keys: Arc::default(),
            own_settings: "dev-factory/config.toml".to_owned(),
            ascii: false,
            readonly: false,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            home: home.to_owned(),
            machine: None,
            commands: commands.into(),
            zone: None,
            now,
            snapshot: None,
            engine: Engine::default(),
            book: Book::default(),
            figures: None,
            counting: false,
            counted_to: 0,
            tab: Tab::default(),
            layers: Vec::new(),
            focus: Focus::default(),
            queue: Pick::default(),
            find: String::new(),
            found: Found::default(),
            asked: Vec::new(),
            moves: Pick::default(),
            live: None,
            agents: AgentsPane::default(),
            tools: List::default(),
            table: ToolsTable::default(),
            logs: LogsPane::default(),
            zoom: false,
            tool: None,
            answer: None,
            sent: VecDeque::new(),
            saving: None,
            mouse: false,
            bell: Bell::None,
            rung: BTreeMap::new(),
        }
    }

    /// The figures, where they were read.
    #[must_use]
    pub fn counted(&self) -> Option<&Figures> {
        self.figures.as_ref()?.as_ref().ok().map(AsRef::as_ref)
    }

    /// A time as a clock on the wall shows it.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        match self.zone {
            Some(zone) => at.with_timezone(&zone).naive_local(),
            None => at.with_timezone(&Local).naive_local(),
        }
    }

    /// A time of day, with its day where that is not today.
    #[must_use]
    pub fn when(&self, at: DateTime<Utc>) -> String {
        let local = self.local(at);
        let today = local.date() == self.local(self.now).date();
        let form = if today {
            "%H:%M:%S"
        } else {
            "%a %-d %b %H:%M:%S"
        };
        local.format(form).to_string()
    }

    /// What starts a stopped engine, in words.
    #[must_use]
    pub fn starts_it(&self) -> String {
        let key = self.keys.or(Action::Pause, "dev-factory up");
        format!("{key} starts it")
    }

    /// How an idea comes onto the wishlist, in words.
    #[must_use]
    pub fn adds_ideas(&self) -> String {
        let edit = "edit dev-factory/wishlist.json";
        match self.keys.first(Action::Add) {
            Some(key) => format!("{key} adds an idea, or {edit}"),
            None => edit.to_owned(),
        }
    }

    /// Too small to draw: all keys but those that leave are ignored.
    #[must_use]
    pub fn too_small(&self) -> bool {
        self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1
    }

    /// Stats shows what happened since this person looked: there is room, and its table is not alone.
    #[must_use]
    pub fn shows_shift(&self) -> bool {
        let alone = self.zoom && self.tab == Tab::Stats;
        self.holds_shift() && !alone
    }

    /// Whether the window has room for it.
    #[must_use]
    pub fn holds_shift(&self) -> bool {
        self.size.1 >= SHIFT
    }

    /// What the operator sees now, to guard a command.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        self.snapshot.as_ref().map(|snapshot| snapshot.seen())
    }

    /// The items of the queue that are shown.
    #[must_use]
    pub fn items(&self) -> Vec<&Item> {
        let all = self.all();
        match self.find.is_empty() {
            true => all.iter().collect(),
            false => self.found.items(all).collect(),
        }
    }

    /// The items of the queue.
    #[must_use]
    pub fn all(&self) -> &[Item] {
        self.snapshot.as_ref().map_or(&[][..], |s| &s.queue)
    }

    /// Whether a part of Factory is on the screen and takes the keys that move.
    #[must_use]
    pub fn on(&self, focus: Focus) -> bool {
        self.tab == Tab::Factory && !self.zoom && self.focus == focus
    }

    /// Something that was sent has not been answered.
    #[must_use]
    pub fn sending(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let items = self.items();
        items.iter().map(|item| item.name.clone()).collect()
    }

    /// The item of the cursor, while that is on the screen.
    #[must_use]
    pub fn picked(&self) -> Option<&Item> {
        if self.tab == Tab::Tool {
            // The tool that is shown, and no other.
            let shown = &self.tool.as_ref()?.name;
            let queue = &self.snapshot.as_ref()?.queue;
            return queue.iter().find(|item| item.name == *shown);
        }
        let on = self.queue.on().filter(|_| self.on(Focus::Queue))?;
        let queue = &self.snapshot.as_ref()?.queue;
        let item = queue.iter().find(|item| item.name == *on)?;
        // One item is asked alone: this is asked many times a frame.
        has(item, &self.find.to_lowercase()).then_some(item)
    }

    /// The events of the timeline, oldest first.
    #[must_use]
    pub fn steps(&self) -> Vec<u64> {
        let all = self.snapshot.as_ref().map(|s| s.timeline());
        all.unwrap_or_default().iter().map(Step::seq).collect()
    }

    /// What is no longer as it was when something was asked; None = it still is.
    #[must_use]
    pub fn changed(&self, about: &About) -> Option<String> {
        let snapshot = self.snapshot.as_ref()?;
        if let Some(seen) = about
            .seen
            .as_ref()
            .filter(|seen| !seen.same_stay(&snapshot.seen()))
        {
            let now = match &snapshot.current_tool {
                Some(tool) if seen.tool.as_ref() == Some(tool) && seen.phase == snapshot.phase => {
                    "it has been elsewhere since".to_owned()
                }
                Some(tool) => format!("{tool} is in {} now", snapshot.phase),
                None => "no tool is under way now".to_owned(),
            };
            let then = seen.tool.as_deref().unwrap_or("no tool");
            return Some(format!(
                "this was about {then} in {}, but {now}",
                seen.phase
            ));
        }
        let (name, status) = about.item.as_ref()?;
        let item = snapshot.queue.iter().find(|item| item.name == *name);
        match item {
            Some(item) if status.is_none_or(|status| item.status == status) => None,
            Some(item) => Some(format!("{name} is {} now", item.status.words())),
            None => Some(format!("{name} is no longer in the queue")),
        }
    }

    /// The engine's state in one word, for the first line.
    #[must_use]
    pub fn state_word(&self) -> &'static str {
        let Some(snapshot) = &self.snapshot else {
            return match self.engine {
                Engine::Gone => "NO ENGINE",
                _ => "STARTING",
            };
        };
        let held = snapshot
            .pauses
            .iter()
            .any(|pause| pause.scope == Scope::Factory);
        if snapshot.stopped.is_some() {
            "STOPPED"
        } else if self.engine == Engine::Gone {
            "NO ENGINE"
        } else if snapshot.conditions.iter().any(|c| c.waits) {
            "WAITING"
        } else if snapshot.pausing {
            "PAUSING"
        } else if held {
            "PAUSED"
        } else if snapshot.waits {
            "WAITING"
        } else if snapshot.current_tool.is_some() {
            "RUNNING"
        } else {
            "IDLE"
        }
    }

    /// Whose work `p` holds or lets go: on Agents the role of the cursor, elsewhere everybody's.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        let role = Role::ALL.get(self.agents.roles.cursor).copied();
        role.filter(|_| self.tab == Tab::Agents)
    }

    /// The pause that holds that work: one that `resume` lifts where there is one.
    #[must_use]
    pub fn pause(&self) -> Option<&Pause> {
        let scope = self.role().map_or(Scope::Factory, Scope::of);
        let all = self.snapshot.as_ref()?.pauses.iter();
        let mut held = all.filter(|pause| pause.scope == scope);
        held.clone().find(|pause| pause.lifts()).or(held.next())
    }

    /// The next time something on the screen changes by itself; None = never.
    #[must_use]
    pub fn wakes_at(&self) -> Option<DateTime<Utc>> {
        let answer = self.answer.as_ref().map(|(_, until)| *until);
        // Seconds are shown only while a turn runs.
        let turn = self
            .snapshot
            .as_ref()
            .filter(|s| s.attempt.is_some() && self.engine == Engine::Runs)
            .map(|_| self.now + TimeDelta::seconds(1));
        answer.into_iter().chain(turn).min()
    }
}
