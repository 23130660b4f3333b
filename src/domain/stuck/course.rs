//! Where a tool stands on the ladder: its lines of work, their rows, and what was climbed. Changed by the fold alone.

use super::{Cycle, Row, Rung};
use crate::domain::factory::Used;
use crate::domain::phase::Phase;
use serde::{Deserialize, Serialize};

/// Rows remembered; older ones are in the journal.
const ROWS: usize = 60;
/// Notes of lines that failed.
const TRIED: usize = 10;
/// Newest rows of a tool that is set aside, beside the best: as many as rules look back in one line of work.
const ASIDE: usize = 8;
/// Of a row of such a tool: what failed, and characters of what came instead of each.
const FAILING: usize = 20;
const RECEIVED: usize = 80;

/// How a line of work begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Begins {
    /// With nothing but the spec: its first row is a draft.
    #[default]
    Afresh,
    /// With a repair of what is there: its first row is a repair.
    Repair,
    /// With a measurement of what is there.
    Measured,
}

impl Begins {
    /// How a line begins that goes on in this phase.
    #[must_use]
    pub const fn of(phase: Phase) -> Self {
        match phase {
            Phase::Fixing => Self::Repair,
            Phase::Qa | Phase::Review => Self::Measured,
            _ => Self::Afresh,
        }
    }
}

/// The course a tool has taken in this build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Number of the present line of work, from 1.
    pub line: u32,
    /// First line since somebody above last answered: rules over several lines look no further back.
    pub base: u32,
    /// How it began.
    pub begins: Begins,
    /// Rung it was begun on.
    pub rung: Rung,
    /// Who works in it, when not the role's own model (`host/model`).
    pub model: Option<String>,
    /// Other models that were tried.
    pub models: Vec<String>,
    /// Fresh starts by the role's own model.
    pub fresh_starts: u32,
    /// Fresh starts by other models.
    pub other_models: u32,
    /// Diagnoses asked for by the engine since a person last answered.
    pub diagnoses: u32,
    /// Takeovers by a model since a person last answered.
    pub takeovers: u32,
    /// Specs a model had written anew since a person last answered.
    #[serde(default)]
    pub respecs: u32,
    /// Rows since the spec was accepted, newest last.
    pub rows: Vec<Row>,
    /// Lines that failed and why, newest last, fit for a prompt.
    pub tried: Vec<String>,
    /// Test runs in a row that did not end.
    pub timeouts: u32,
    /// Attempts in the present phase that stood still.
    pub stalls: u32,
    /// Use up to the newest row.
    pub marked: Used,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            line: 1,
            base: 1,
            begins: Begins::Afresh,
            rung: Rung::Repair,
            model: None,
            models: Vec::new(),
            fresh_starts: 0,
            other_models: 0,
            diagnoses: 0,
            takeovers: 0,
            respecs: 0,
            rows: Vec::new(),
            tried: Vec::new(),
            timeouts: 0,
            stalls: 0,
            marked: Used::default(),
        }
    }
}

impl Course {
    /// Rows of the present line of work, oldest first.
    pub fn here(&self) -> Vec<&Row> {
        self.rows
            .iter()
            .filter(|row| row.line == self.line)
            .collect()
    }

    /// Rows of the present line from the last one that was better than all before it.
    pub fn since_progress(&self) -> Vec<&Row> {
        let mut rows = self.here();
        let mut from = 0;
        for at in 1..rows.len() {
            let (before, now) = rows.split_at(at);
            if now.first().is_some_and(|row| better(row, before)) {
                from = at;
            }
        }
        rows.split_off(from)
    }

    /// A file is thought about before it is written: in the second repair of a line, and in a fresh start by any rung.
    #[must_use]
    pub fn thinks(&self, repair: bool) -> bool {
        match repair {
            true => !super::repairs_tried(self).is_empty(),
            false => self.begins == Begins::Afresh && self.rung >= Rung::Afresh,
        }
    }

    /// Repairs of the present line that brought no progress.
    #[must_use]
    pub fn repairs(&self) -> u32 {
        let rows = self.since_progress();
        let all = self.here().len();
        let counted = self.begins == Begins::Repair && rows.len() == all;
        let count = rows.len().saturating_sub(usize::from(!counted));
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The line begins from the spec and nothing of it was measured yet.
    #[must_use]
    pub fn is_to_begin(&self) -> bool {
        self.line > 1 && self.begins == Begins::Afresh && self.here().is_empty()
    }

    /// A new row; `used` is all the tool has used, `commit` the newest of its branch.
    pub fn measured(&mut self, cycle: &Cycle, used: Used, commit: Option<&String>) {
        self.ran(cycle.timed_out);
        if self.rows.len() >= ROWS {
            self.rows.remove(0);
        }
        self.rows.push(Row {
            cycle: cycle.clone(),
            line: self.line,
            rung: self.rung,
            tokens: used.tokens.saturating_sub(self.marked.tokens),
            seconds: used.millis.saturating_sub(self.marked.millis) / 1000,
            commit: commit.cloned(),
            bugs: Vec::new(),
        });
        self.marked = used;
    }

    /// The tool waits for a person: the newest rows and the best are kept, and of them what tells them apart.
    pub fn set_aside(&mut self) {
        let all: Vec<&Row> = self.rows.iter().collect();
        let best = Self::best(&all).map(|row| row.cycle.run);
        let mut older = self.rows.len().saturating_sub(ASIDE);
        self.rows.retain(|row| {
            let old = older > 0;
            older = older.saturating_sub(1);
            !old || best == Some(row.cycle.run)
        });
        for row in &mut self.rows {
            row.cycle.failing.truncate(FAILING);
            for one in &mut row.cycle.failing {
                let end = one.received.floor_char_boundary(RECEIVED);
                one.received.truncate(end);
            }
        }
    }

    /// A test run ended, or was ended.
    pub fn ran(&mut self, timed_out: bool) {
        self.timeouts = if timed_out {
            self.timeouts.saturating_add(1)
        } else {
            0
        };
    }

    /// A fresh start from the spec: what the line before came to is kept as a note.
    pub fn afresh(&mut self, rung: Rung, model: Option<&String>, tried: &str) {
        let counter = match rung {
            Rung::OtherModel => &mut self.other_models,
            _ => &mut self.fresh_starts,
        };
        *counter = counter.saturating_add(1);
        self.models.extend(model.cloned());
        self.begin(Begins::Afresh, rung);
        self.model = model.cloned();
        if !tried.is_empty() {
            self.tried.push(tried.to_owned());
        }
        if self.tried.len() > TRIED {
            self.tried.remove(0);
        }
    }

    /// A new line of work on this rung, by the role's own model.
    pub fn begin(&mut self, begins: Begins, rung: Rung) {
        self.line = self.line.saturating_add(1);
        self.begins = begins;
        self.rung = rung;
        self.model = None;
        self.timeouts = 0;
    }

    /// Somebody above has answered. A person's answer makes every rung free again.
    pub fn answered(&mut self, begins: Begins, person: bool) {
        if person {
            self.fresh_starts = 0;
            self.other_models = 0;
            self.models.clear();
            self.diagnoses = 0;
            self.takeovers = 0;
            self.respecs = 0;
        }
        let rung = match person {
            true => Rung::Repair,
            false => self.rung.max(Rung::Diagnosis),
        };
        self.begin(begins, rung);
        self.base = self.line;
    }

    /// A model above has written a file or the spec.
    pub fn took_over(&mut self) {
        self.takeovers = self.takeovers.saturating_add(1);
        self.rung = Rung::Takeover;
    }

    /// A reviewer wants another spec; a person who does has answered.
    pub fn sent_to_spec(&mut self, person: bool) {
        if person {
            self.diagnoses = 0;
            self.takeovers = 0;
            self.respecs = 0;
        } else {
            self.respecs = self.respecs.saturating_add(1);
        }
    }

    /// The spec becomes another one: nothing measured counts any longer, what was asked of those above does.
    pub fn spec_changes(&mut self) {
        *self = Self {
            diagnoses: self.diagnoses,
            takeovers: self.takeovers,
            respecs: self.respecs,
            marked: self.marked,
            ..Self::default()
        };
    }

    /// The best row of some, the earliest of equals.
    pub fn best<'a>(rows: &[&'a Row]) -> Option<&'a Row> {
        let mut rows = rows.iter().copied();
        let first = rows.next()?;
        Some(rows.fold(first, |best, row| {
            let more = row.cycle.passed > best.cycle.passed;
            if more || (row.green() && !best.green()) {
                row
            } else {
                best
            }
        }))
    }

    /// The engine has asked somebody above on this rung.
    pub fn asked(&mut self, rung: Rung) {
        if rung == Rung::Diagnosis {
            self.diagnoses = self.diagnoses.saturating_add(1);
        }
        self.rung = self.rung.max(rung.min(Rung::Takeover));
    }
}

/// More passes and something else fails, or the first failure is of a kind that comes later.
fn better(row: &Row, before: &[&Row]) -> bool {
    let most = before.iter().map(|row| row.cycle.passed).max();
    let farthest = before.iter().map(|row| row.rank()).max();
    let seen = before.iter().any(|earlier| earlier.fails_as(row));
    let more = most.is_some_and(|most| row.cycle.passed > most) && !seen;
    let least = before.iter().map(|row| row.cycle.passed).max().unwrap_or(0);
    let farther = farthest.is_some_and(|far| row.rank() > far) && row.cycle.passed >= least;
    row.green() || more || farther
}
