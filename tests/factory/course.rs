//! What was known of a tool while it was at work: once it rests, its course is only in the journal.

use chrono::DateTime;
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::factory::{Factory, ToolFacts};
use dev_factory::domain::phase::Outcome;

fn working(journal: &[Event]) -> impl Iterator<Item = &Event> {
    let rests = |event: &&Event| matches!(&event.body, EventBody::Move(step) if step.outcome == Outcome::Next);
    journal.iter().take_while(move |event| !rests(event))
}

pub fn at_work(journal: &[Event], tool: &str) -> ToolFacts {
    let mut factory = Factory::new(DateTime::UNIX_EPOCH);
    working(journal).for_each(|event| factory.apply(event));
    factory.facts(tool).cloned().unwrap()
}

/// The rungs it stood on, one after the other, from the one every tool begins on.
pub fn rungs(journal: &[Event], tool: &str) -> Vec<String> {
    let mut factory = Factory::new(DateTime::UNIX_EPOCH);
    let mut rungs = Vec::new();
    for event in working(journal) {
        factory.apply(event);
        rungs.extend(
            factory
                .facts(tool)
                .map(|facts| facts.course.rung.to_string()),
        );
        rungs.dedup();
    }
    rungs
}
