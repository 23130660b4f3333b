//! Moves other programs make by rewriting state.json: claims, judged against the table.

use super::verdict::no_evidence;
use super::{Refusal, event};
use crate::domain::actor;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::Factory;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::state::{Pause, PauseKind, Scope, StateDoc};
use crate::domain::table;
use chrono::{DateTime, Utc};

/// Restores in one phase after which a person is asked for.
const RESTORES: u32 = 3;

/// What a foreign state.json amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Only lastUpdate or unknown keys differ: adopt it silently.
    Harmless,
    /// cycleCount or startedAt differ: put them back, keep the rest, no restore counted.
    PutBack,
    /// A legal move; its conditions and effects are the engine's.
    Legal { to: Phase, outcome: Outcome },
    /// Cannot stand, in words: restore, keep the copy, raise an alert.
    Illegal(String),
}

/// Judges a foreign state.json.
#[must_use]
pub fn judge(factory: &Factory, doc: &StateDoc) -> Judgement {
    if doc.current_tool != factory.current_tool {
        let word = |tool: &Option<String>| tool.clone().unwrap_or_else(|| "null".to_owned());
        return Judgement::Illegal(format!(
            "currentTool cannot be changed from {} to {:?} by hand; the engine picks tools, `dev-factory requeue` puts one aside",
            word(&factory.current_tool),
            word(&doc.current_tool)
        ));
    }
    if doc.phase == factory.phase {
        let counters =
            doc.cycle_count == factory.cycle_count && doc.started_at == factory.started_at;
        return if counters {
            Judgement::Harmless
        } else {
            Judgement::PutBack
        };
    }
    legal(factory, doc.phase)
}

fn legal(factory: &Factory, to: Phase) -> Judgement {
    let from = factory.phase;
    let escalated = super::escalation(factory).map(|e| e.from);
    let Some(row) = table::claim(from, to, escalated) else {
        let claimable: Vec<String> = Phase::ALL
            .into_iter()
            .filter(|phase| table::claim(from, *phase, escalated).is_some())
            .map(|phase| phase.name().to_owned())
            .collect();
        let may = if claimable.is_empty() {
            "no phase can be claimed from there".to_owned()
        } else {
            format!("it may be rewritten to {}", claimable.join(" or "))
        };
        return Judgement::Illegal(format!(
            "{from} to {to} is no move another program can make: {may}; legal outcomes from {from}: {}",
            table::legal_words(from, escalated.is_some())
        ));
    };
    let ship_refused = || {
        (row.outcome == Outcome::Ship)
            .then(|| {
                factory
                    .current_facts()
                    .map_or_else(|| Some("no run has measured it".to_owned()), no_evidence)
            })
            .flatten()
    };
    match ship_refused() {
        Some(why) => Judgement::Illegal(format!(
            "{from} to {to} by ship needs complete evidence: {why}; legal outcomes from {from}: {}",
            table::legal_words(from, escalated.is_some())
        )),
        None => Judgement::Legal {
            to,
            outcome: row.outcome,
        },
    }
}

pub(super) fn decide(factory: &Factory, doc: &StateDoc) -> Result<Vec<NewEvent>, Refusal> {
    match judge(factory, doc) {
        Judgement::Harmless | Judgement::PutBack => Ok(Vec::new()),
        Judgement::Illegal(sentence) => Err(Refusal::new(sentence)),
        Judgement::Legal { to, outcome } => {
            let body = EventBody::Claimed {
                from: factory.phase,
                to,
                outcome,
            };
            let tool = factory.current_tool.as_deref();
            Ok(vec![event(tool, actor::EXTERNAL, body)])
        }
    }
}

/// What to record once a claim is refused: illegal ones count, and the third in a phase pauses the factory.
#[must_use]
pub fn refused(
    factory: &Factory,
    sentence: &str,
    kept: &str,
    counts: bool,
    now: DateTime<Utc>,
) -> Vec<NewEvent> {
    let tool = factory.current_tool.as_deref();
    let body = EventBody::ClaimRefused {
        sentence: sentence.to_owned(),
        kept: kept.to_owned(),
        counts,
    };
    let mut events = vec![event(tool, actor::EXTERNAL, body)];
    let paused = factory.pauses.iter().any(|p| p.kind == PauseKind::Edits);
    if counts && !paused && factory.refused_claims.saturating_add(1) >= RESTORES {
        let id = factory.pauses_made.saturating_add(1);
        let pause = Pause {
            id: format!("pause-{id}"),
            kind: PauseKind::Edits,
            by: actor::ENGINE.to_owned(),
            scope: Scope::Factory,
            reason: format!(
                "another program keeps writing moves into state.json that cannot stand; end it, then `dev-factory resume pause-{id}`"
            ),
            since: now,
            until: None,
        };
        events.push(event(None, actor::ENGINE, EventBody::Paused(pause)));
    }
    events
}
