//! The ladder as one table: what each rung is, what it may cost, and which comes next.

use super::{Course, Fired};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A rung of the ladder; on disk its number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(into = "u8", from = "u8")]
pub enum Rung {
    /// What needs no model.
    Mend,
    /// A repair in a new conversation.
    #[default]
    Repair,
    /// From the spec again.
    Afresh,
    /// From the spec again, by another model.
    OtherModel,
    /// Somebody says what is wrong.
    Diagnosis,
    /// Somebody writes it.
    Takeover,
    /// Put aside for a person.
    Parked,
}

impl From<Rung> for u8 {
    fn from(rung: Rung) -> u8 {
        rung as u8
    }
}

impl From<u8> for Rung {
    fn from(level: u8) -> Self {
        let found = LADDER.iter().map(|step| step.rung);
        found
            .into_iter()
            .find(|rung| *rung as u8 == level)
            .unwrap_or(Rung::Parked)
    }
}

impl Rung {
    /// What is done on it, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        let step = LADDER.iter().find(|step| step.rung == self);
        step.map_or("", |step| step.what)
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", *self as u8)
    }
}

/// Numbers of ladder and stuck rules, each a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Repairs without progress in one line of work.
    pub repairs: u32,
    /// Fresh starts from the spec by the role's own model.
    pub fresh_starts: u32,
    /// Fresh starts by other models.
    pub other_models: u32,
    /// Diagnoses by the Supervisor's model.
    pub diagnoses: u32,
    /// Takeovers by the Supervisor's model.
    pub takeovers: u32,
    /// Drafts of a file of which the best is kept, when the first fails its examples.
    pub samples: u32,
    /// S4: different trees with the same failures before the line ends.
    pub same_failures: u32,
    /// S5: cycles with the same first error.
    pub same_error: u32,
    /// S13: test runs in a row that did not end.
    pub timeouts: u32,
    /// S14: send-backs by a model before a further one is refused, and before a takeover.
    pub send_backs: u32,
    /// S14: specs a model may have written anew since a person last answered.
    pub respecs: u32,
    /// S16: rejections of a spec.
    pub rejections: u32,
    /// S16: rejections for the same clause.
    pub clause_rejections: u32,
    /// S15: attempts in one phase that stood still before the tool is parked.
    pub stalls: u32,
    /// S15: minutes without a sign of life beyond the longest turn.
    pub still_minutes: u32,
    /// S15: minutes an external role may write nothing before a person is told.
    pub external_minutes: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            repairs: 2,
            fresh_starts: 2,
            other_models: 1,
            diagnoses: 2,
            takeovers: 1,
            samples: 3,
            same_failures: 2,
            same_error: 3,
            timeouts: 3,
            send_backs: 2,
            respecs: 2,
            rejections: 3,
            clause_rejections: 2,
            stalls: 5,
            still_minutes: 5,
            external_minutes: 60,
        }
    }
}

/// A rung as the table has it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Which.
    pub rung: Rung,
    /// What is done, for people.
    pub what: &'static str,
    /// The setting that limits it; None = free, or the end.
    pub setting: Option<&'static str>,
    /// Times it may be climbed in one build.
    pub budget: fn(&Patience) -> u32,
    /// Times it was climbed.
    pub used: fn(&Course) -> u32,
}

const fn step(
    rung: Rung,
    what: &'static str,
    setting: Option<&'static str>,
    budget: fn(&Patience) -> u32,
    used: fn(&Course) -> u32,
) -> Step {
    Step {
        rung,
        what,
        setting,
        budget,
        used,
    }
}

/// Every rung, lowest first. L0 and L1 lie within a line of work, the others end it.
pub const LADDER: [Step; 7] = [
    step(
        Rung::Mend,
        "put right by the harness itself",
        None,
        |_| u32::MAX,
        |_| 0,
    ),
    step(
        Rung::Repair,
        "a repair in a new conversation",
        Some("ladder.repairs"),
        |n| n.repairs,
        Course::repairs,
    ),
    step(
        Rung::Afresh,
        "a fresh start from the spec",
        Some("ladder.fresh_starts"),
        |n| n.fresh_starts,
        |course| course.fresh_starts,
    ),
    step(
        Rung::OtherModel,
        "a fresh start by another model",
        Some("ladder.other_models"),
        |n| n.other_models,
        |course| course.other_models,
    ),
    step(
        Rung::Diagnosis,
        "the Supervisor, or you, say what is wrong",
        Some("ladder.diagnoses"),
        |n| n.diagnoses,
        |course| course.diagnoses,
    ),
    step(
        Rung::Takeover,
        "the Supervisor, or you, write what fails",
        Some("ladder.takeovers"),
        |n| n.takeovers,
        |course| course.takeovers,
    ),
    step(
        Rung::Parked,
        "put aside for a person",
        None,
        |_| u32::MAX,
        |_| 0,
    ),
];

/// What there is to climb with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// Models (`host/model`) of the role beside its own, in the order of settings.
    pub others: Vec<String>,
    /// Of these, the ones that cannot be asked now, with the reason.
    pub away: Vec<(String, String)>,
    /// The phase has a spec to start from again; else the lowest rung is a diagnosis.
    pub from_spec: bool,
}

/// What follows a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The rung.
    pub rung: Rung,
    /// For L3: who.
    pub model: Option<String>,
    /// In words, skipped rungs with their reasons included.
    pub words: String,
}

/// The lowest rung that can help, that lies not below the one the line was begun on, and that is not used up.
#[must_use]
pub fn next(course: &Course, fired: &Fired, means: &Means, numbers: &Patience) -> Next {
    let least = fired.least.max(course.rung).max(Rung::Afresh);
    let mut skipped = Vec::new();
    for step in LADDER.iter().filter(|step| step.rung >= least) {
        let (used, budget) = ((step.used)(course), (step.budget)(numbers));
        let mut model = None;
        let lacking = match step.rung {
            Rung::Afresh | Rung::OtherModel if !means.from_spec => {
                // Nothing to say: such a phase never had this rung.
                continue;
            }
            _ if used >= budget => Some(format!("{used} of {budget} used")),
            Rung::OtherModel => match other(course, means) {
                Ok(found) => {
                    model = Some(found);
                    None
                }
                Err(why) => Some(why),
            },
            _ => None,
        };
        let Some(why) = lacking else {
            return Next {
                rung: step.rung,
                words: said(step, used, budget, model.as_deref(), &skipped),
                model,
            };
        };
        skipped.push(format!("{} skipped: {why}", step.rung));
    }
    Next {
        rung: Rung::Parked,
        model: None,
        words: format!("{}: put aside for a person", Rung::Parked),
    }
}

fn other(course: &Course, means: &Means) -> Result<String, String> {
    if means.others.is_empty() {
        return Err("no other model is named under [roles]".to_owned());
    }
    let left = |model: &&String| !course.models.contains(model);
    let mut why = "every other model was tried".to_owned();
    for model in means.others.iter().filter(left) {
        match means.away.iter().find(|(away, _)| away == model) {
            None => return Ok(model.clone()),
            Some((_, reason)) => why = format!("{model}: {reason}"),
        }
    }
    Err(why)
}

fn said(step: &Step, used: u32, budget: u32, model: Option<&str>, skipped: &[String]) -> String {
    let mut words = format!("{}: {}", step.rung, step.what);
    if let Some(model) = model {
        words.push_str(&format!(", {model}"));
    }
    if budget != u32::MAX {
        words.push_str(&format!(" ({} of {budget})", used.saturating_add(1)));
    }
    if !skipped.is_empty() {
        words.push_str(&format!("; {}", skipped.join("; ")));
    }
    words
}
