//! The one table of legal moves, and every question about phases that others ask it.

use super::phase::{Decider, Outcome, Phase, Role, Row, Target};
use std::fmt;
use std::str::FromStr;

const fn row(from: Phase, outcome: Outcome, to: Phase, by: Decider) -> Row {
    Row {
        from,
        outcome,
        to: Target::To(to),
        by,
        escalated: None,
    }
}

const fn kept(from: Phase, outcome: Outcome, by: Decider) -> Row {
    Row {
        from,
        outcome,
        to: Target::Kept,
        by,
        escalated: None,
    }
}

const fn when(row: Row, escalated: bool) -> Row {
    Row {
        escalated: Some(escalated),
        ..row
    }
}

use Decider::{Developer, Engine, EngineOrOperator, Gates, Operator, Qa as QaDecides, Reviewer};
use Outcome as O;
use Phase::{Coding, Fixing, Idle, Qa, Review, Shipped, Spec, SpecReview};

/// Every legal move. Where a pair of from and outcome stands twice, the escalation tells them apart.
pub const TABLE: &[Row] = &[
    row(Idle, O::Picked, Spec, Engine),
    kept(Idle, O::Resumed, Engine),
    row(Idle, O::Unshelved, Review, Engine),
    row(Spec, O::Drafted, SpecReview, Developer),
    row(Spec, O::Undraftable, Review, Engine),
    row(SpecReview, O::Approved, Coding, QaDecides),
    row(SpecReview, O::Rejected, Spec, QaDecides),
    row(Coding, O::Built, Qa, Developer),
    row(Coding, O::SpecDefect, Spec, Engine),
    row(Qa, O::Passed, Review, Gates),
    row(Qa, O::Failed, Fixing, Gates),
    row(Qa, O::SpecDefect, Spec, Engine),
    row(Fixing, O::Fixed, Qa, Developer),
    row(Fixing, O::SpecDefect, Spec, Engine),
    row(Review, O::Ship, Shipped, Reviewer),
    row(Review, O::SendBack, Fixing, Reviewer),
    row(Review, O::Respec, Spec, Reviewer),
    when(row(Review, O::Takeover, Qa, Reviewer), false),
    when(row(Review, O::Takeover, Qa, Reviewer), true),
    when(row(Review, O::Takeover, SpecReview, Reviewer), true),
    when(row(Review, O::TestDefect, Qa, Reviewer), true),
    when(kept(Review, O::Hint, Reviewer), true),
    row(Review, O::Shelved, Idle, Engine),
    row(Shipped, O::Next, Idle, Engine),
    row(Spec, O::Escalated, Review, EngineOrOperator),
    row(SpecReview, O::Escalated, Review, EngineOrOperator),
    row(Coding, O::Escalated, Review, EngineOrOperator),
    row(Qa, O::Escalated, Review, EngineOrOperator),
    row(Fixing, O::Escalated, Review, EngineOrOperator),
    row(Spec, O::Requeued, Idle, Operator),
    row(SpecReview, O::Requeued, Idle, Operator),
    row(Coding, O::Requeued, Idle, Operator),
    row(Qa, O::Requeued, Idle, Operator),
    row(Fixing, O::Requeued, Idle, Operator),
    row(Review, O::Requeued, Idle, Operator),
    kept(Spec, O::Rewound, Operator),
    kept(SpecReview, O::Rewound, Operator),
    kept(Coding, O::Rewound, Operator),
    kept(Qa, O::Rewound, Operator),
    kept(Fixing, O::Rewound, Operator),
    kept(Review, O::Rewound, Operator),
    row(Spec, O::Parked, Idle, EngineOrOperator),
    row(SpecReview, O::Parked, Idle, EngineOrOperator),
    row(Coding, O::Parked, Idle, EngineOrOperator),
    row(Qa, O::Parked, Idle, EngineOrOperator),
    row(Fixing, O::Parked, Idle, EngineOrOperator),
    row(Review, O::Parked, Idle, EngineOrOperator),
];

/// Rows that leave a phase.
pub fn rows(from: Phase) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| row.from == from)
}

fn fits(row: &Row, escalated: bool) -> bool {
    row.escalated.is_none_or(|wanted| wanted == escalated)
}

/// The row an outcome picks. Of two that differ only in where they lead, the first; see [`destination`].
#[must_use]
pub fn find(from: Phase, outcome: Outcome, escalated: bool) -> Option<&'static Row> {
    rows(from).find(|row| row.outcome == outcome && fits(row, escalated))
}

/// Where an outcome leads. `kept` is the phase the escalation came from, or the one kept with the item or event.
#[must_use]
pub fn destination(
    from: Phase,
    outcome: Outcome,
    escalated: bool,
    kept: Option<Phase>,
) -> Option<Phase> {
    let before_code = escalated && matches!(kept, Some(Phase::Spec | Phase::SpecReview));
    if outcome == Outcome::Takeover && before_code {
        return Some(Phase::SpecReview);
    }
    match find(from, outcome, escalated)?.to {
        Target::To(phase) => Some(phase),
        Target::Kept => kept.filter(|phase| phase.active()),
    }
}

/// Outcomes that may leave a phase, in table order, each once.
#[must_use]
pub fn legal_outcomes(from: Phase, escalated: bool) -> Vec<Outcome> {
    let mut found = Vec::new();
    for row in rows(from).filter(|row| fits(row, escalated)) {
        if !found.contains(&row.outcome) {
            found.push(row.outcome);
        }
    }
    found
}

/// [`legal_outcomes`] as a list for a sentence, each with the phase it leads to.
#[must_use]
pub fn legal_words(from: Phase, escalated: bool) -> String {
    let words: Vec<String> = legal_outcomes(from, escalated)
        .into_iter()
        .map(
            |outcome| match find(from, outcome, escalated).map(|r| r.to) {
                Some(Target::To(to)) => format!("{outcome} (to {to})"),
                _ => outcome.to_string(),
            },
        )
        .collect();
    words.join(", ")
}

/// The row another program claims by moving state.json from one phase to another:
/// one that the claiming role or the gates decide. `escalated_from` is the phase of the escalation under review.
#[must_use]
pub fn claim(from: Phase, to: Phase, escalated_from: Option<Phase>) -> Option<&'static Row> {
    let escalated = escalated_from.is_some();
    let claimable = |row: &&Row| {
        matches!(
            row.by,
            Decider::Developer | Decider::Qa | Decider::Gates | Decider::Reviewer
        ) && row.outcome != Outcome::TestDefect
            && fits(row, escalated)
    };
    rows(from).filter(claimable).find(|row| {
        destination(from, row.outcome, escalated, escalated_from) == Some(to)
            && (row.to == Target::Kept || row.to == Target::To(to))
    })
}

/// Phases that may follow by anyone's doing, in phase order (for BRIEF.md and screens).
#[must_use]
pub fn legal_next(from: Phase, escalated_from: Option<Phase>) -> Vec<Phase> {
    let escalated = escalated_from.is_some();
    let mut next: Vec<Phase> = legal_outcomes(from, escalated)
        .into_iter()
        .filter(|outcome| *outcome != Outcome::Rewound)
        .filter_map(|outcome| destination(from, outcome, escalated, escalated_from))
        .collect();
    next.sort_unstable();
    next.dedup();
    next
}

/// Who takes the turns of a phase.
#[must_use]
pub const fn role_of(phase: Phase) -> Option<Role> {
    match phase {
        Phase::Spec | Phase::Coding | Phase::Fixing => Some(Role::Developer),
        Phase::SpecReview | Phase::Qa => Some(Role::Qa),
        Phase::Review => Some(Role::Supervisor),
        Phase::Idle | Phase::Shipped => None,
    }
}

impl Phase {
    /// All phases in their order.
    pub const ALL: [Phase; 8] = [
        Phase::Idle,
        Phase::Spec,
        Phase::SpecReview,
        Phase::Coding,
        Phase::Qa,
        Phase::Fixing,
        Phase::Review,
        Phase::Shipped,
    ];

    /// The word on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Spec => "spec",
            Phase::SpecReview => "spec-review",
            Phase::Coding => "coding",
            Phase::Qa => "qa",
            Phase::Fixing => "fixing",
            Phase::Review => "review",
            Phase::Shipped => "shipped",
        }
    }

    /// A tool is under way and not shipped.
    #[must_use]
    pub const fn active(self) -> bool {
        !matches!(self, Phase::Idle | Phase::Shipped)
    }

    /// Position among all phases.
    #[must_use]
    pub const fn order(self) -> usize {
        self as usize
    }

    /// Who takes its turns.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        role_of(self)
    }
}

impl Role {
    /// All roles in the order they first work.
    pub const ALL: [Role; 3] = [Role::Developer, Role::Qa, Role::Supervisor];

    /// The word on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Developer => "developer",
            Role::Qa => "qa",
            Role::Supervisor => "supervisor",
        }
    }
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Outcome; 24] = [
        O::Picked,
        O::Resumed,
        O::Drafted,
        O::Undraftable,
        O::Approved,
        O::Rejected,
        O::Built,
        O::SpecDefect,
        O::Passed,
        O::Failed,
        O::Fixed,
        O::Ship,
        O::SendBack,
        O::Takeover,
        O::Respec,
        O::Shelved,
        O::Unshelved,
        O::Next,
        O::Escalated,
        O::Hint,
        O::TestDefect,
        O::Requeued,
        O::Rewound,
        O::Parked,
    ];

    /// The word on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            O::Picked => "picked",
            O::Resumed => "resumed",
            O::Drafted => "drafted",
            O::Undraftable => "undraftable",
            O::Approved => "approved",
            O::Rejected => "rejected",
            O::Built => "built",
            O::SpecDefect => "spec-defect",
            O::Passed => "passed",
            O::Failed => "failed",
            O::Fixed => "fixed",
            O::Ship => "ship",
            O::SendBack => "send-back",
            O::Takeover => "takeover",
            O::Respec => "respec",
            O::Shelved => "shelved",
            O::Unshelved => "unshelved",
            O::Next => "next",
            O::Escalated => "escalated",
            O::Hint => "hint",
            O::TestDefect => "test-defect",
            O::Requeued => "requeued",
            O::Rewound => "rewound",
            O::Parked => "parked",
        }
    }
}

fn parse<T: Copy>(
    all: &[T],
    name: fn(T) -> &'static str,
    what: &str,
    text: &str,
) -> Result<T, String> {
    all.iter()
        .copied()
        .find(|one| name(*one) == text)
        .ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
            format!("{text:?} is no {what}; they are {}", names.join(", "))
        })
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Phase {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse(&Self::ALL, Self::name, "phase", text)
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse(&Self::ALL, Self::name, "role", text)
    }
}

impl FromStr for Outcome {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        parse(&Self::ALL, Self::name, "outcome", text)
    }
}
