//! One command applied without running the engine, through the same path; the home's lock is held by the store.

use super::engine::{Options, Parts, open};
use super::failed::Failed;
use super::ports::store::StoreError;
use crate::domain::command::{Answer, Command};
use crate::domain::event::EventBody;

/// Applies one command without running the engine, through the same path (the lock is held by the store).
pub async fn apply_once(
    parts: Parts,
    options: Options,
    command: Command,
) -> Result<Answer, Failed> {
    let mut driver = open(parts.clone(), options)?;
    driver.wishlist()?;
    let (before, id) = (driver.ledger.factory.seq, command.id.clone());
    let answer = match driver.command(command, false).await {
        Ok(answer) => answer,
        // It may have failed behind the journal, which is what counts.
        Err(why) => match decided(&parts, before, &id) {
            Ok(answer) => answer.ok_or(why)?,
            Err(error) => {
                return Err(Failed::Trouble(
                    error.trouble(),
                    format!(
                        "{why}; whether it was carried out is known when the home can be read again: dev-factory logs"
                    ),
                ));
            }
        },
    };
    driver.publish();
    Ok(answer)
}

/// What the journal, read from the disk again, answers to a command since an event.
fn decided(parts: &Parts, since: u64, id: &str) -> Result<Option<Answer>, StoreError> {
    parts.tools.store.load()?;
    let events = parts.tools.store.history(since + 1)?;
    Ok(events.into_iter().find_map(|event| match event.body {
        EventBody::Answered {
            command,
            accepted,
            sentence,
        } if command.id == id => Some(Answer { accepted, sentence }),
        _ => None,
    }))
}
