//! All the screens know: what the engine says, where the operator stands.

use super::book::Book;
use super::effect::Seen;
use super::layer::Layer;
use super::tabs::{List, LogsPane, Tab};
use super::theme::Theme;
use crate::domain::command::Answer;
use crate::domain::phase::Role;
use crate::domain::screen::Snapshot;
use crate::domain::state::{Pause, PauseKind, Scope};
use crate::domain::stats::Stats;
use crate::factory::ports::operator::Usage;
use chrono::{DateTime, FixedOffset, Local, NaiveDateTime, TimeDelta, Utc};
use std::sync::Arc;

/// Smallest size that is drawn; below it there is a notice.
pub const SMALLEST: (u16, u16) = (60, 16);
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
    /// Only ASCII is drawn.
    pub ascii: bool,
    /// Nothing may be changed from here.
    pub readonly: bool,
    /// Name of the home's folder.
    pub home: String,
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
    /// The statistics and up to which event they count.
    pub stats: Option<(u64, Result<Arc<Stats>, String>)>,
    /// Which tab.
    pub tab: Tab,
    /// What lies over it, topmost last.
    pub layers: Vec<Layer>,
    /// Cursor on Factory's queue.
    pub queue: List,
    /// Cursor on Agents.
    pub agents: List,
    /// Cursor on Stats' table.
    pub tools: List,
    /// Where one stands in the log.
    pub logs: LogsPane,
    /// The live text alone fills Factory.
    pub zoom: bool,
    /// The engine's answer, and until when it is shown.
    pub answer: Option<(Answer, DateTime<Utc>)>,
    /// A command is on its way.
    pub sending: bool,
}

impl Model {
    /// A model that knows nothing yet.
    #[must_use]
    pub fn new(home: &str, theme: Theme, commands: Vec<Usage>, now: DateTime<Utc>) -> Self {
        Self {
            size: (80, 24),
            theme,
            ascii: false,
            readonly: false,
            home: home.to_owned(),
            commands: commands.into(),
            zone: None,
            now,
            snapshot: None,
            engine: Engine::default(),
            book: Book::default(),
            stats: None,
            tab: Tab::default(),
            layers: Vec::new(),
            queue: List::default(),
            agents: List::default(),
            tools: List::default(),
            logs: LogsPane::default(),
            zoom: false,
            answer: None,
            sending: false,
        }
    }

    /// A time as a clock on the wall shows it.
    #[must_use]
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        match self.zone {
            Some(zone) => at.with_timezone(&zone).naive_local(),
            None => at.with_timezone(&Local).naive_local(),
        }
    }

    /// Too small to draw: all keys but those that leave are ignored.
    #[must_use]
    pub fn too_small(&self) -> bool {
        self.size.0 < SMALLEST.0 || self.size.1 < SMALLEST.1
    }

    /// What the operator sees now, to guard a command.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        self.snapshot.as_ref().map(|snapshot| Seen {
            tool: snapshot.current_tool.clone(),
            phase: snapshot.phase,
        })
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
        } else if snapshot.pausing {
            "PAUSING"
        } else if held {
            "PAUSED"
        } else if snapshot.current_tool.is_some() {
            "RUNNING"
        } else {
            "IDLE"
        }
    }

    /// Whose work `p` holds or lets go: on Agents the role of the cursor, elsewhere everybody's.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        let role = Role::ALL.get(self.agents.cursor).copied();
        role.filter(|_| self.tab == Tab::Agents)
    }

    /// Whether that work is held, in a way that `resume` lifts.
    #[must_use]
    pub fn held(&self) -> bool {
        let scope = self.role().map(Scope::of);
        let lifted = |pause: &Pause| match scope {
            Some(scope) => pause.scope == scope,
            None => {
                pause.scope == Scope::Factory
                    && matches!(pause.kind, PauseKind::Operator | PauseKind::Start)
            }
        };
        let snapshot = self.snapshot.as_ref();
        snapshot.is_some_and(|snapshot| snapshot.pauses.iter().any(lifted))
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
