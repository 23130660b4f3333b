//! Pushing what has shipped, beside the work: one tag at a time, tried again with growing waits until the remote has it.

use super::driver::Driver;
use super::failed::Failed;
use super::wake::Wake;
use crate::domain::event::{EventBody, NewEvent};
use crate::domain::screen::{Need, Way};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::Instant;

/// First wait after a push that failed; doubles up to `LONGEST`.
const FIRST: Duration = Duration::from_secs(5);
/// Longest wait: a remote that is back has everything within this.
const LONGEST: Duration = Duration::from_secs(600);

/// The push under way, or the wait after one that failed. What is left to push is a fold of the journal.
#[derive(Default)]
pub struct Pushing {
    under_way: bool,
    wait: Option<Duration>,
    again: Option<Instant>,
    problem: Option<String>,
}

impl Pushing {
    /// The wait is over: something has shipped or the settings changed.
    pub fn at_once(&mut self) {
        self.wait = None;
        self.again = None;
    }

    /// A push has not ended yet.
    #[must_use]
    pub fn under_way(&self) -> bool {
        self.under_way
    }

    /// When to try again; None while nothing failed.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.again
    }
}

impl Driver {
    /// Pushes main and the oldest tag the remote lacks, off the loop, when it is time to.
    pub(super) fn push(&mut self) {
        let waits = self.pushing.again.is_some_and(|at| at > Instant::now());
        if self.pushing.under_way || waits || self.stopping.is_some() {
            return;
        }
        self.pushing.again = None;
        let (Some(remote), Some(tag)) = (
            self.settings.push.clone(),
            self.ledger.factory.unpushed.first().cloned(),
        ) else {
            self.pushing = Pushing::default();
            return;
        };
        self.pushing.under_way = true;
        let (repo, wake) = (self.tools.repo.clone(), self.wake.clone());
        let (to, what) = (remote.clone(), tag.clone());
        let pushing = tokio::task::spawn_blocking(move || repo.push(&to, &what));
        tokio::spawn(async move {
            let result = match pushing.await {
                Ok(pushed) => pushed.map_err(|e| e.to_string()),
                // One that panics has ended too.
                Err(error) => Err(format!("task failed: {error}")),
            };
            let _ = wake.send(Wake::Pushed {
                tag,
                remote,
                result,
            });
        });
    }

    /// Journals what came of a push; the same failure again is not worth another line.
    pub(super) fn pushed(
        &mut self,
        tag: String,
        remote: String,
        result: Result<(), String>,
    ) -> Result<(), Failed> {
        let problem = result.err().map(|e| self.tools.redactor.clean(&e));
        let known = problem.is_some() && self.pushing.problem == problem;
        let wait = self.pushing.wait.map_or(FIRST, |w| (w * 2).min(LONGEST));
        self.pushing = match &problem {
            None => Pushing::default(),
            Some(_) => Pushing {
                under_way: false,
                wait: Some(wait),
                again: Some(Instant::now() + wait),
                problem: problem.clone(),
            },
        };
        self.dirty = true;
        if known {
            return Ok(());
        }
        let body = EventBody::Pushed {
            remote,
            ok: problem.is_none(),
            detail: problem.unwrap_or_default(),
            tag: tag.clone(),
        };
        self.commit(vec![NewEvent {
            tool: tag.rsplit_once('@').map(|(tool, _)| tool.to_owned()),
            actor: "engine".to_owned(),
            body,
        }])
        .map(|_| ())
    }

    /// What a remote has not taken yet, and why.
    pub(super) fn push_need(&self, now: DateTime<Utc>) -> Option<Need> {
        let problem = self.pushing.problem.as_ref()?;
        let remote = self.settings.push.as_deref()?;
        let tags = self.ledger.factory.unpushed.join(" ");
        Some(Need {
            id: "push".to_owned(),
            why: format!("{tags}: not pushed to {remote} yet, tried again by itself: {problem}"),
            ways: vec![
                Way::hands(format!("git push {remote} main {tags}")),
                Way::hands("another ship.push in dev-factory/factory.toml"),
            ],
            since: now,
            ..Need::default()
        })
    }
}
