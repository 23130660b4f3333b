//! The eight phases, who works in them, and the one table of legal moves.
//! Screens, prompts and statistics take names, roles and order from here.

use serde::{Deserialize, Serialize};

/// Where the current tool stands. Kebab-case on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// No tool is under way.
    Idle,
    /// The Developer writes the spec.
    Spec,
    /// QA writes held-out cases from the spec alone.
    SpecReview,
    /// The Developer writes the files.
    Coding,
    /// The gates measure the tree.
    Qa,
    /// The Developer repairs what the gates found.
    Fixing,
    /// The Supervisor or the operator decides.
    Review,
    /// The tool is merged and tagged.
    Shipped,
}

/// Who takes the turns of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Writes specs and code.
    Developer,
    /// Writes held-out cases and files bug reports.
    Qa,
    /// Ships, sends back or respecs.
    Supervisor,
}

impl Role {
    /// As a sentence calls who plays it.
    #[must_use]
    pub const fn called(self) -> &'static str {
        match self {
            Self::Developer => "the developer",
            Self::Qa => "QA",
            Self::Supervisor => "the supervisor",
        }
    }
}

/// What an attempt, a gate, the engine or a person ends a phase with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Picked,
    Resumed,
    Drafted,
    Undraftable,
    Approved,
    Rejected,
    Built,
    SpecDefect,
    Passed,
    Failed,
    Fixed,
    Ship,
    SendBack,
    Takeover,
    Respec,
    Shelved,
    Unshelved,
    Next,
    Escalated,
    Hint,
    TestDefect,
    Requeued,
    Rewound,
    Parked,
}

impl Outcome {
    /// It is somebody's verdict on a tool in review.
    #[must_use]
    pub const fn verdict(self) -> bool {
        matches!(
            self,
            Self::Ship
                | Self::SendBack
                | Self::Respec
                | Self::Hint
                | Self::TestDefect
                | Self::Takeover
        )
    }
}

/// Who may bring about a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decider {
    /// The engine alone.
    Engine,
    /// The Developer's validated answer.
    Developer,
    /// QA's validated answer.
    Qa,
    /// What the gates measured.
    Gates,
    /// The Supervisor's model, or the operator in its place.
    Reviewer,
    /// A person's command alone.
    Operator,
    /// The engine by rule, or a person's command.
    EngineOrOperator,
}

/// Where a row leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Always this phase.
    To(Phase),
    /// The phase kept with the item, the escalation or the event; any active phase.
    Kept,
}

/// One legal move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The phase it leaves.
    pub from: Phase,
    /// What picks it.
    pub outcome: Outcome,
    /// Where it leads.
    pub to: Target,
    /// Who may bring it about.
    pub by: Decider,
    /// Only while an escalation is (`Some(true)`) or is not (`Some(false)`) under review.
    pub escalated: Option<bool>,
}
