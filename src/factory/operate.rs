//! Commands: every operator action is decided here, journaled, answered, and takes effect through the loop.

use super::driver::Driver;
use super::engine::Ended;
use super::failed::{Failed, Unmet};
use super::ports::store::{Store, StoreError};
use super::reread::Why;
use super::wake::Stopping;
use crate::domain::command::{Answer, Command, StopAfter, Verb};
use crate::domain::decide::{Input, stale};
use crate::domain::event::{Event, EventBody, NewEvent};
use crate::domain::screen::Level;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// A turn may end for this long after `stop now` before it is cancelled.
const STOP_NOW: Duration = Duration::ZERO;

impl Driver {
    /// Decides every waiting command, oldest first.
    pub(super) async fn commands(&mut self, at_start: bool) -> Result<(), Failed> {
        let waiting = self.tools.store.commands()?;
        for entry in waiting {
            match entry {
                Ok(command) => {
                    let id = command.id.clone();
                    let answer = self.command(command, at_start).await?;
                    self.tools.store.answer(&id, &answer)?;
                }
                Err((file, sentence)) => {
                    self.ledger
                        .say(Level::Warn, format!("command refused: {sentence}"));
                    let answer = Answer {
                        accepted: false,
                        sentence,
                    };
                    self.tools.store.answer(&file, &answer)?;
                }
            }
        }
        Ok(())
    }

    /// Decides one command, journals who asked and what was answered, and starts its effect.
    pub(super) async fn command(
        &mut self,
        command: Command,
        at_start: bool,
    ) -> Result<Answer, Failed> {
        let now = self.tools.clock.now();
        if at_start && stale(&command, now) {
            let sentence = format!(
                "{} is older than 10 minutes and was not carried out: send it again",
                command.verb.name()
            );
            return self.refuse(command, sentence);
        }
        let target = match &command.verb {
            Verb::Rewind { seq } => self.move_before(*seq).await?,
            _ => None,
        };
        let then = target.as_ref().map(|event| event.seq);
        let input = match &command.verb {
            Verb::Rewind { .. } => Input::Rewind {
                command: command.clone(),
                target: target.map(Box::new),
            },
            _ => Input::Command(command.clone()),
        };
        if let Err(unmet) = self.possible(&command.verb).await {
            return self.refuse(command, unmet.words());
        }
        match self.decide(&input) {
            Ok(events) => {
                let events = self.priced(&command.verb, events);
                let sentence = accepted_sentence(&events);
                // What cannot be done is found out before anything is given up for it.
                let events = match self.with_then(events, then).await {
                    Ok(events) => events,
                    Err(unmet) => return self.refuse(command, unmet.words()),
                };
                if let Err(error) = self.reachable(&events).await {
                    return self.refuse(command, error.to_string());
                }
                if drops_attempt(&events) {
                    self.cancel();
                }
                if let Err(error) = self.before(&events).await {
                    return self.refuse(command, error.to_string());
                }
                let papers = self.command_papers(&command.verb, &events)?;
                self.record([papers, events].concat()).await?;
                self.effect(&command)?;
                Ok(Answer {
                    accepted: true,
                    sentence,
                })
            }
            Err(refusal) => self.refuse(command, refusal.sentence),
        }
    }

    /// What a verb needs of the outside before it may be accepted.
    async fn possible(&mut self, verb: &Verb) -> Result<(), Unmet> {
        let no = |words: String| Err(Unmet::Said(words));
        match verb {
            Verb::Retry {} | Verb::Abort {} if self.running.is_none() => {
                no("nothing runs now: there is no attempt to drop".to_owned())
            }
            Verb::Probe { host: Some(host) } if !self.settings.hosts.contains_key(host) => {
                no(self.settings.no_such_host(host))
            }
            Verb::Decide {
                decision,
                item,
                case,
                ..
            } => self.decidable(item.as_deref(), *decision, case.as_deref()),
            Verb::Reopen { tool, .. } => {
                let name = tool.clone();
                let versions = self.git(move |repo| repo.versions(&name)).await?;
                match versions.is_empty() {
                    true => no(format!(
                        "{tool} has no tag, so it has not shipped: requeue it"
                    )),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn refuse(&mut self, command: Command, sentence: String) -> Result<Answer, Failed> {
        let actor = crate::domain::actor::of_command(&command.by);
        let body = EventBody::Answered {
            command,
            accepted: false,
            sentence: sentence.clone(),
        };
        let tool = self.ledger.factory.current_tool.clone();
        self.commit(vec![NewEvent { tool, actor, body }])?;
        Ok(Answer {
            accepted: false,
            sentence,
        })
    }

    /// What an accepted command does to the engine itself.
    fn effect(&mut self, command: &Command) -> Result<(), Failed> {
        match &command.verb {
            Verb::Stop {
                after,
                restart,
                reason,
            } => {
                let asked = self.stopping.take().and_then(|stopping| stopping.deadline);
                let now = (*after == StopAfter::Now).then(|| Instant::now() + STOP_NOW);
                let deadline = now.or(asked);
                self.stopping = Some(Stopping {
                    ended: if *restart {
                        Ended::Restart
                    } else {
                        Ended::Stopped
                    },
                    reason: reason
                        .clone()
                        .unwrap_or_else(|| format!("asked by {}", command.by)),
                    deadline,
                });
            }
            Verb::Probe { host } => {
                // Nothing more is begun on what is known until it has been asked.
                self.readiness.forget(host.as_deref());
                self.reread(Why::Asked(host.clone()));
            }
            _ => {}
        }
        self.dirty = true;
        Ok(())
    }

    /// The newest move at or before an event of the journal, of the event's tool or of the one under way.
    async fn move_before(&self, seq: u64) -> Result<Option<Event>, Failed> {
        let current = self.ledger.factory.current_tool.clone();
        let found = self.past(move |store| {
            let (mut newest, mut tool) = (BTreeMap::new(), None);
            store.each(1, &mut |event| {
                if event.seq == seq {
                    tool.clone_from(&event.tool);
                }
                let moved = matches!(event.body, EventBody::Move(_)) && event.seq <= seq;
                if let Some(name) = event.tool.clone().filter(|_| moved) {
                    newest.insert(name, event);
                }
            })?;
            Ok(tool.or(current).and_then(|tool| newest.remove(&tool)))
        });
        Ok(found.await?)
    }

    /// Reads the journal off the loop: all of it may take a while.
    pub(super) async fn past<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.tools.store.clone();
        tokio::task::spawn_blocking(move || read(store.as_ref()))
            .await
            .unwrap_or_else(|e| Err(StoreError::Bad(format!("task failed: {e}"))))
    }
}

/// The answer inside a decision's events.
fn accepted_sentence(events: &[NewEvent]) -> String {
    events
        .iter()
        .find_map(|event| match &event.body {
            EventBody::Answered { sentence, .. } => Some(sentence.clone()),
            _ => None,
        })
        .unwrap_or_else(|| "done".to_owned())
}

/// The attempt under way does not survive these events.
pub(super) fn drops_attempt(events: &[NewEvent]) -> bool {
    events.iter().any(|event| {
        matches!(
            event.body,
            EventBody::AttemptDropped { .. } | EventBody::Move(_)
        )
    })
}
