//! Operator commands as subcommands: the table of the contract, word for word.

use super::args::{ScopeArg, UnitArg};
use super::out::Fail;
use crate::domain::amount::amount;
use crate::domain::command::{Decision, Verb};
use crate::domain::event::Unit;
use crate::domain::state::Scope;
use crate::domain::until::until;
use chrono::{DateTime, Local, Offset, TimeZone, Utc};
use clap::Subcommand;

/// The table of commands; `stop` is `down`.
#[derive(Clone, Debug, Subcommand)]
pub enum VerbCmd {
    /// Start no new turns and gates
    Pause {
        /// What it covers
        #[arg(long, value_enum)]
        scope: Option<ScopeArg>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Ends by itself then: 90m, 2h, 1d, 07:00 or an RFC 3339 time
        #[arg(long)]
        until: Option<String>,
    },
    /// Lift a pause
    Resume {
        /// factory, developer, qa, supervisor or a pause's id
        target: Option<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Hand the tool under way to the reviewer
    Escalate {
        /// Why
        reason: String,
    },
    /// Put an item back into the queue
    Requeue {
        /// Its name; none = the tool under way
        item: Option<String>,
        /// Start again from the spec
        #[arg(long)]
        fresh: bool,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// New priority
        #[arg(long, allow_negative_numbers = true)]
        priority: Option<i64>,
    },
    /// Set an item aside for a person
    Park {
        /// Its name; none = the tool under way
        item: Option<String>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take a parked item up again
    Unpark {
        /// Its name
        item: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// New priority
        #[arg(long, allow_negative_numbers = true)]
        priority: Option<i64>,
    },
    /// Give an item up
    Drop {
        /// Its name
        item: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Drop the attempt under way; its phase starts again
    Retry,
    /// End the running turn now, and pause
    Abort,
    /// Take the tool under way back to an earlier event
    Rewind {
        /// Number of the event
        seq: u64,
    },
    /// Hand a text to the next attempt
    Hint {
        /// At most 150 words
        text: String,
    },
    /// Decide on a tool in review: ship, send-back, respec, hint, test-defect or takeover
    Decide {
        /// The decision, and the item unless it is the tool under way
        #[arg(required = true, num_args = 1..=2, value_name = "DECISION|ITEM")]
        words: Vec<String>,
        /// Instructions
        #[arg(long)]
        text: Option<String>,
        /// Acceptance case that is wrong (test-defect)
        #[arg(long)]
        case: Option<String>,
        /// File it is about
        #[arg(long)]
        file: Option<String>,
    },
    /// Try a model server now
    Probe {
        /// Its name; none = all
        host: Option<String>,
    },
    /// Answer a stuck verdict
    NotStuck {
        /// Rule that spoke, such as S4
        rule: String,
        /// Tool it spoke about; without one, the one it has stopped
        name: Option<String>,
    },
    /// Quieten one entry of what waits for you
    Snooze {
        /// Its id, as `status` shows it
        need: String,
        /// 90m, 2h, 1d, 07:00 or an RFC 3339 time
        until: String,
    },
    /// Take a shipped tool back with a bug
    Reopen {
        /// Its name
        tool: String,
        /// What is wrong
        text: String,
    },
    /// Add an idea
    Add {
        /// The idea in your words
        idea: String,
        /// Higher comes first
        #[arg(long, allow_negative_numbers = true)]
        priority: Option<i64>,
        /// Name in kebab-case; none = made from the idea
        #[arg(long)]
        name: Option<String>,
    },
    /// Change the words of an idea
    Edit {
        /// Its name
        item: String,
        /// The new words
        idea: String,
    },
    /// Change the priority of an item
    Prioritise {
        /// Its name
        item: String,
        /// Higher comes first
        #[arg(allow_negative_numbers = true)]
        priority: i64,
    },
    /// Set a limit
    Budget {
        /// factory, developer, qa, supervisor or a tool's name
        scope: String,
        /// What is counted
        #[arg(value_enum)]
        unit: UnitArg,
        /// How much, such as 3.50 or 600k
        #[arg(value_parser = amount, allow_negative_numbers = true)]
        amount: f64,
    },
}

impl VerbCmd {
    /// Whether it is about the tool under way, so that it must not hit the next one.
    #[must_use]
    pub fn guarded(&self) -> bool {
        match self {
            Self::Escalate { .. }
            | Self::Retry
            | Self::Abort
            | Self::Rewind { .. }
            | Self::Hint { .. }
            | Self::NotStuck { .. } => true,
            Self::Requeue { item, .. } | Self::Park { item, .. } => item.is_none(),
            Self::Decide { words, .. } => words.len() == 1,
            _ => false,
        }
    }

    /// The command as a value.
    pub fn verb(self, now: DateTime<Utc>) -> Result<Verb, Fail> {
        Ok(match self {
            Self::Pause {
                scope,
                reason,
                until,
            } => Verb::Pause {
                scope: scope.map(scope_of),
                reason,
                until: until.map(|text| when(&text, now)).transpose()?,
            },
            Self::Snooze { need, until } => Verb::Snooze {
                need,
                until: when(&until, now)?,
            },
            Self::Decide {
                words,
                text,
                case,
                file,
            } => {
                let (decision, item) = decision_of(&words)?;
                Verb::Decide {
                    item,
                    decision,
                    text,
                    case,
                    file,
                }
            }
            Self::Resume { target, reason } => Verb::Resume { target, reason },
            Self::Escalate { reason } => Verb::Escalate { reason },
            Self::Retry => Verb::Retry {},
            Self::Abort => Verb::Abort {},
            Self::Rewind { seq } => Verb::Rewind { seq },
            Self::Hint { text } => Verb::Hint { text },
            Self::Probe { host } => Verb::Probe { host },
            Self::NotStuck { rule, name } => Verb::NotStuck { rule, item: name },
            other => other.about_items()?,
        })
    }

    /// Commands about the backlog and its limits.
    fn about_items(self) -> Result<Verb, Fail> {
        Ok(match self {
            Self::Requeue {
                item,
                fresh,
                reason,
                priority,
            } => Verb::Requeue {
                item,
                fresh,
                reason,
                priority,
            },
            Self::Park { item, reason } => Verb::Park { item, reason },
            Self::Unpark {
                item,
                reason,
                priority,
            } => Verb::Unpark {
                item,
                reason,
                priority,
            },
            Self::Drop { item, reason } => Verb::Drop { item, reason },
            Self::Reopen { tool, text } => Verb::Reopen { tool, text },
            Self::Add {
                idea,
                priority,
                name,
            } => Verb::Add {
                idea,
                priority,
                name,
            },
            Self::Edit { item, idea } => Verb::Edit { item, idea },
            Self::Prioritise { item, priority } => Verb::Prioritise { item, priority },
            Self::Budget {
                scope,
                unit,
                amount,
            } => {
                let unit = unit_of(unit);
                Verb::Budget {
                    scope,
                    unit,
                    amount,
                }
            }
            other => return Err(Fail::usage(format!("{other:?} is not about an item"))),
        })
    }
}

fn scope_of(scope: ScopeArg) -> Scope {
    match scope {
        ScopeArg::Factory => Scope::Factory,
        ScopeArg::Developer => Scope::Developer,
        ScopeArg::Qa => Scope::Qa,
        ScopeArg::Supervisor => Scope::Supervisor,
    }
}

fn unit_of(unit: UnitArg) -> Unit {
    match unit {
        UnitArg::Usd => Unit::Usd,
        UnitArg::Tokens => Unit::Tokens,
        UnitArg::Minutes => Unit::Minutes,
    }
}

/// The decision among one or two words, in either order, and the item.
fn decision_of(words: &[String]) -> Result<(Decision, Option<String>), Fail> {
    let read = |word: &String| -> Option<Decision> {
        serde_json::from_value(serde_json::Value::String(word.clone())).ok()
    };
    match words {
        [one] => read(one).map(|decision| (decision, None)),
        [one, two] => read(one)
            .map(|decision| (decision, Some(two.clone())))
            .or_else(|| read(two).map(|decision| (decision, Some(one.clone())))),
        _ => None,
    }
    .ok_or_else(|| {
        Fail::usage(format!(
            "\"{}\" holds no decision: use one of ship, send-back, respec, hint, test-defect, takeover",
            words.join(" ")
        ))
    })
}

/// A time to come, as it is typed.
pub fn when(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Fail> {
    let zone = Local.offset_from_utc_datetime(&now.naive_utc()).fix();
    until(text, now, zone).map_err(Fail::usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_found_in_either_order() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let ship = (Decision::Ship, Some("cost-tracker".to_owned()));
        assert_eq!(decision_of(&words("ship cost-tracker")).unwrap(), ship);
        assert_eq!(decision_of(&words("cost-tracker ship")).unwrap(), ship);
        assert_eq!(
            decision_of(&words("send-back")).unwrap(),
            (Decision::SendBack, None)
        );
        assert!(decision_of(&words("shipp")).is_err());
    }
}
