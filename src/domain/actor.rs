//! Who brings things about: the words of `Event::actor` and what each may decide.

use super::phase::{Decider, Role};

/// The engine by rule.
pub const ENGINE: &str = "engine";
/// The Developer's validated answer.
pub const DEVELOPER: &str = "developer";
/// QA's validated answer.
pub const QA: &str = "qa";
/// The Supervisor's model.
pub const SUPERVISOR: &str = "supervisor";
/// What the gates measured.
pub const GATES: &str = "gates";
/// Another program that rewrote state.json.
pub const EXTERNAL: &str = "external";

const RESERVED: [&str; 6] = [ENGINE, DEVELOPER, QA, SUPERVISOR, GATES, EXTERNAL];

/// A person, or a program that sends commands as one.
#[must_use]
pub fn is_person(actor: &str) -> bool {
    !actor.is_empty() && !RESERVED.contains(&actor)
}

/// The actor of a command: its sender, who cannot pass for a part of the factory.
#[must_use]
pub fn of_command(by: &str) -> String {
    if is_person(by) {
        by.to_owned()
    } else if by.is_empty() {
        "operator:unknown".to_owned()
    } else {
        format!("operator:{by}")
    }
}

/// Whether `actor` may bring about what `by` decides.
#[must_use]
pub fn may(actor: &str, by: Decider) -> bool {
    match by {
        Decider::Engine => actor == ENGINE,
        Decider::Developer => actor == DEVELOPER || actor == EXTERNAL,
        Decider::Qa => actor == QA || actor == EXTERNAL,
        Decider::Gates => actor == GATES,
        Decider::Reviewer => actor == SUPERVISOR || actor == EXTERNAL || is_person(actor),
        Decider::Operator => is_person(actor),
        Decider::EngineOrOperator => actor == ENGINE || is_person(actor),
    }
}

/// Who decides, in words.
#[must_use]
pub fn decider_words(by: Decider) -> &'static str {
    match by {
        Decider::Engine => "the engine",
        Decider::Developer => Role::Developer.called(),
        Decider::Qa => Role::Qa.called(),
        Decider::Gates => "the gates",
        Decider::Reviewer => "the supervisor or the operator",
        Decider::Operator => "the operator",
        Decider::EngineOrOperator => "the engine or the operator",
    }
}
