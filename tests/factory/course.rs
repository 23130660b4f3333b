//! What was known of a tool while it was at work: once it rests, its course is only in the journal.

use chrono::DateTime;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::factory::{Factory, ToolFacts};
use dev_factory::domain::phase::Outcome;

pub fn at_work(journal: &[Event], tool: &str) -> ToolFacts {
    let mut factory = Factory::new(DateTime::UNIX_EPOCH);
    let rests = |event: &Event| matches!(&event.body, EventBody::Move(step) if step.outcome == Outcome::Next);
    let events = journal.iter().take_while(|event| !rests(event));
    events.for_each(|event| factory.apply(event));
    factory.facts(tool).cloned().unwrap()
}
