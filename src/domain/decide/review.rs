//! Decisions about a tool in review or on the shelf, by command.

use super::verdict::no_evidence;
use super::{HINT_WORDS, Limits, Refusal, Report, event, report};
use crate::domain::command::Decision;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::factory::{Factory, Pending, ToolFacts};
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::{Judged, Verdict};
use crate::domain::stuck::Patience;
use crate::domain::table;

impl Decision {
    /// All decisions.
    pub const ALL: [Decision; 6] = [
        Decision::Ship,
        Decision::SendBack,
        Decision::Respec,
        Decision::Hint,
        Decision::TestDefect,
        Decision::Takeover,
    ];

    /// The word on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.outcome().name()
    }

    /// The outcome it becomes.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Decision::Ship => Outcome::Ship,
            Decision::SendBack => Outcome::SendBack,
            Decision::Respec => Outcome::Respec,
            Decision::Hint => Outcome::Hint,
            Decision::TestDefect => Outcome::TestDefect,
            Decision::Takeover => Outcome::Takeover,
        }
    }
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A hint or instructions within the limit of words.
pub fn hint_fits(text: &str) -> Result<(), Refusal> {
    let words = text.split_whitespace().count();
    if words == 0 {
        return Err(Refusal::new(
            "the text is empty; say what the next attempt should know",
        ));
    }
    if words > HINT_WORDS {
        return Err(Refusal::new(format!(
            "the text has {words} words; at most {HINT_WORDS} are handed on, so shorten it"
        )));
    }
    Ok(())
}

/// What a model under whose review a tool stands may decide while its patience lasts. A person may decide more.
#[must_use]
pub fn allowed(facts: &ToolFacts, escalated: bool, patience: &Patience) -> Vec<Decision> {
    let mut allowed = Vec::new();
    let respec = (facts.course.respecs < patience.respecs).then_some(Decision::Respec);
    if escalated {
        allowed.push(Decision::Hint);
        allowed.extend(respec);
        allowed.extend((!disputable(facts).is_empty()).then_some(Decision::TestDefect));
        return allowed;
    }
    if facts.evidence_complete() {
        allowed.push(Decision::Ship);
    }
    if facts.last_run.is_some() {
        // S14: who wants more changed than that writes it, once; a send-back after that asks a person.
        let writes =
            facts.send_backs >= patience.send_backs && facts.course.takeovers < patience.takeovers;
        allowed.push(match writes {
            false => Decision::SendBack,
            true => Decision::Takeover,
        });
    }
    allowed.extend(respec);
    allowed
}

/// What a person may decide on each tool that waits for it, and why what is closed would be refused.
#[must_use]
pub fn judged(factory: &Factory, limits: &Limits) -> Vec<Judged> {
    let here = factory.current_tool.as_deref();
    let here = here.filter(|_| factory.phase == Phase::Review);
    let shelf = factory.items.iter();
    let shelf = shelf
        .filter(|item| item.status == ItemStatus::InReview && here != Some(item.name.as_str()));
    let reviewed = here.map(|name| (name, super::escalation(factory).is_some()));
    let shelved = shelf.map(|item| (item.name.as_str(), item.escalation.is_some()));
    let none = ToolFacts::default();
    let verdicts = |name: &str, escalated: bool| {
        let facts = factory.facts(name).unwrap_or(&none);
        let legal = Decision::ALL.into_iter();
        let legal = legal.filter(|d| table::find(Phase::Review, d.outcome(), escalated).is_some());
        let verdict = |decision| Verdict {
            decision,
            closed: unmet(decision, facts, escalated, limits.ladder.send_backs),
        };
        legal.map(verdict).collect()
    };
    reviewed
        .into_iter()
        .chain(shelved)
        .map(|(name, escalated)| Judged {
            tool: name.to_owned(),
            verdicts: verdicts(name, escalated),
        })
        .collect()
}

/// Ids of cases of QA that fail in the last run, but for those struck already: a model may only doubt these.
#[must_use]
pub fn disputable(facts: &ToolFacts) -> Vec<String> {
    let last = facts.last_run.as_ref().map(|run| run.run);
    let mut rows = facts.course.rows.iter();
    let row = rows.rfind(|row| Some(row.cycle.run) == last);
    let failing = row.map(|row| row.cycle.failing.as_slice());
    let ids = failing.unwrap_or_default().iter().filter_map(|one| {
        let id = one.id().split(' ').next()?;
        id.starts_with('H').then(|| id.to_owned())
    });
    ids.filter(|id| !facts.struck.contains(id)).collect()
}

/// The decision that waits for the tool under review, as the report that applies it.
/// For ship, git comes first: fill in `ship` before reporting it.
#[must_use]
pub fn pending(factory: &Factory) -> Option<Report> {
    if factory.phase != Phase::Review {
        return None;
    }
    let decided = factory.current_facts()?.decision.as_ref()?;
    Some(as_report(decided))
}

fn as_report(decided: &Pending) -> Report {
    Report {
        actor: decided.by.clone(),
        outcome: Some(decided.decision.outcome()),
        text: Some(decided.text.clone()).filter(|text| !text.is_empty()),
        case: decided.case.clone(),
        file: decided.file.clone(),
        ..Report::default()
    }
}

/// What a `decide` command asks, with the sender as actor.
pub(super) struct Asked<'a> {
    pub item: Option<&'a str>,
    pub pending: Pending,
}

/// Events and the sentence of the answer.
pub(super) fn decide(
    factory: &Factory,
    limits: &Limits,
    asked: &Asked<'_>,
) -> Result<(Vec<NewEvent>, String), Refusal> {
    let name = subject(factory, asked.item)?;
    let here = factory.current_tool.as_deref() == Some(name.as_str());
    if here && factory.phase == Phase::Review {
        return under_review(factory, limits, asked, &name);
    }
    let item = super::items::known(factory, &name)?;
    if here || item.status != ItemStatus::InReview {
        let stands = if here {
            format!("in {}", factory.phase)
        } else {
            item.status.words().to_owned()
        };
        return Err(Refusal::new(format!(
            "{name} is {stands}, so there is nothing to decide; only a tool in review or on the shelf takes a decision"
        )));
    }
    on_shelf(factory, limits, asked, &name)
}

/// The tool a decision is about: the one named, else the one under review, else the only one on the shelf.
pub fn subject(factory: &Factory, item: Option<&str>) -> Result<String, Refusal> {
    if let Some(item) = item {
        return Ok(item.to_owned());
    }
    if factory.phase == Phase::Review
        && let Some(tool) = &factory.current_tool
    {
        return Ok(tool.clone());
    }
    let shelf: Vec<&str> = factory
        .items
        .iter()
        .filter(|item| item.status == ItemStatus::InReview)
        .map(|item| item.name.as_str())
        .collect();
    match shelf.as_slice() {
        [] => Err(Refusal::new(
            "no tool is in review or on the shelf, so there is nothing to decide",
        )),
        [only] => Ok((*only).to_owned()),
        several => Err(Refusal::new(format!(
            "several tools wait for a decision, name one of {}",
            several.join(", ")
        ))),
    }
}

fn words(asked: &Asked<'_>) -> Result<(), Refusal> {
    let pending = &asked.pending;
    match pending.decision {
        Decision::Hint => hint_fits(&pending.text),
        Decision::SendBack if pending.text.trim().is_empty() => Err(Refusal::new(
            "a send-back needs instructions; they become the bug report",
        )),
        Decision::SendBack => hint_fits(&pending.text),
        _ => Ok(()),
    }
}

fn under_review(
    factory: &Factory,
    limits: &Limits,
    asked: &Asked<'_>,
    name: &str,
) -> Result<(Vec<NewEvent>, String), Refusal> {
    words(asked)?;
    let pending = &asked.pending;
    let mut events = Vec::new();
    let decided = report::decide(factory, limits, &as_report(pending))?;
    let none = ToolFacts::default();
    let facts = factory.facts(name).unwrap_or(&none);
    // A ship is written down when it is done: main may not be ready for it yet.
    if pending.decision != Decision::Ship {
        events.push(event(
            Some(name),
            &pending.by,
            EventBody::Reviewed {
                n: facts.reviews.saturating_add(1),
                verdict: pending.decision,
                by: pending.by.clone(),
                scripted: false,
                local: false,
            },
        ));
    }
    if pending.decision == Decision::Ship
        && let Some(attempt) = &factory.attempt
    {
        events.push(event(
            Some(name),
            &pending.by,
            EventBody::AttemptDropped {
                id: attempt.id,
                reason: format!("{} decided to ship", pending.by),
            },
        ));
    }
    let to = decided.iter().rev().find_map(|event| match &event.body {
        EventBody::Move(made) => Some(made.to),
        _ => None,
    });
    events.extend(decided);
    let outcome = pending.decision.outcome();
    let sentence = match to {
        Some(to) => format!("{name} goes from review to {to} by {outcome}"),
        None => format!("decided to ship {name}; it is merged and tagged as soon as main is ready"),
    };
    Ok((events, sentence))
}

fn on_shelf(
    factory: &Factory,
    limits: &Limits,
    asked: &Asked<'_>,
    name: &str,
) -> Result<(Vec<NewEvent>, String), Refusal> {
    words(asked)?;
    let pending = &asked.pending;
    let outcome = pending.decision.outcome();
    let escalated = factory
        .item(name)
        .is_some_and(|item| item.escalation.is_some());
    let none = ToolFacts::default();
    let facts = factory.facts(name).unwrap_or(&none);
    let least = limits.ladder.send_backs;
    let unnamed = pending.decision == Decision::TestDefect
        && pending
            .case
            .as_deref()
            .is_none_or(|case| case.trim().is_empty());
    let unmet = unmet(pending.decision, facts, escalated, least)
        .or_else(|| unnamed.then(|| "name the acceptance case that is wrong".to_owned()));
    if let Some(why) = unmet {
        let to = table::destination(Phase::Review, outcome, true, Some(Phase::Fixing))
            .map_or_else(String::new, |to| format!(" to {to}"));
        return Err(Refusal::new(format!(
            "{name} cannot go from review{to} by {outcome}: {why}; legal from review: {}",
            table::legal_words(Phase::Review, escalated)
        )));
    }
    let recorded = event(
        Some(name),
        &pending.by,
        EventBody::Decided {
            item: name.to_owned(),
            decision: pending.decision,
            text: pending.text.clone(),
            case: pending.case.clone(),
            file: pending.file.clone(),
        },
    );
    Ok((
        vec![recorded],
        format!("{name}: {outcome} decided, takes effect when the lane is free"),
    ))
}

/// The condition of the row that a tool does not meet.
fn unmet(decision: Decision, facts: &ToolFacts, escalated: bool, least: u32) -> Option<String> {
    match decision {
        decision if table::find(Phase::Review, decision.outcome(), escalated).is_none() => {
            Some("it is not escalated".to_owned())
        }
        Decision::Ship => no_evidence(facts),
        Decision::SendBack | Decision::TestDefect if facts.last_run.is_none() => {
            Some("it has no run yet".to_owned())
        }
        Decision::Takeover if !escalated && facts.sent_back < least => Some(format!(
            "it was sent back {} of {least} times",
            facts.sent_back
        )),
        _ => None,
    }
}
