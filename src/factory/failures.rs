//! Attempts that fail through a host: another one takes over, the role waits, or a person is asked.

use super::driver::Driver;
use super::failed::Failed;
use super::ports::fault::Remedy;
use super::ports::model::{Fault, ModelError};
use super::ports::settings::ModelRef;
use super::reread::Why;
use crate::domain::event::EventBody;
use crate::domain::state::{PauseKind, Scope};
use chrono::TimeDelta;

/// Attempts in a row that failed through the same fault of the same model before its role pauses.
const FAILURES: u32 = 5;
/// The same where a turn hung: each such attempt takes two limits of time.
const HUNG: u32 = 2;
/// First and longest pause of a fault that may mend itself, in minutes; it doubles while the same fault comes back.
const PAUSE: i64 = 15;
const LONGEST: i64 = 240;

/// The same fault of the same model, again and again.
#[derive(Clone, Debug)]
pub struct Failing {
    model: ModelRef,
    fault: Fault,
    /// Attempts in a row since the last pause.
    attempts: u32,
    /// Pauses in a row.
    pauses: u32,
}

impl Failing {
    /// How long its next pause is; none where only a person can mend it, or another model.
    fn pause(&self) -> Option<TimeDelta> {
        let mends = matches!(self.fault.remedy(), Remedy::Wait | Remedy::Retry);
        let doubled = PAUSE.saturating_mul(1 << self.pauses.min(10));
        mends.then(|| TimeDelta::minutes(doubled.min(LONGEST)))
    }
}

impl Driver {
    /// A host was at fault: another one takes over, or the role waits for it; after too many failures the role pauses.
    pub(super) fn host_failed(
        &mut self,
        attempt: u64,
        model: &ModelRef,
        error: &ModelError,
    ) -> Result<(), Failed> {
        let words = self.tools.redactor.clean(&error.to_string());
        let role = self.ledger.factory.attempt.as_ref().map(|a| a.role);
        self.readiness.failed(model, words.clone(), error);
        self.note(EventBody::AttemptDropped {
            id: attempt,
            reason: words.clone(),
        })?;
        if error.fault == Fault::Refused {
            self.reread(Why::Refused);
        }
        // One that lasts comes again and again; different ones come and go.
        let before = self.failing.take();
        let same = before.filter(|it| it.model == *model && it.fault == error.fault);
        let mut failing = same.unwrap_or_else(|| Failing {
            model: model.clone(),
            fault: error.fault,
            attempts: 0,
            pauses: 0,
        });
        failing.attempts += 1;
        let most = match error.fault {
            Fault::Hung => HUNG,
            _ => FAILURES,
        };
        // A busy host comes back by itself. One that is away is asked before each attempt, so one that fails so often although
        // it answers is left alone for a while, or needs a person.
        let enough = failing.attempts >= most && error.fault != Fault::Busy;
        let wait = failing.pause();
        if enough {
            failing.attempts = 0;
            failing.pauses += 1;
        }
        self.failing = Some(failing);
        if !enough {
            return Ok(());
        }
        let scope = role.map_or(Scope::Factory, Scope::of);
        let reason = format!("{most} attempts in a row failed: {words}");
        self.hold_scope(PauseKind::Host, scope, &reason, wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_mend_itself_is_tried_again_after_ever_longer_pauses() {
        let minutes = |fault, pauses| {
            let failing = Failing {
                model: ModelRef {
                    host: "h".to_owned(),
                    model: "m".to_owned(),
                },
                fault,
                attempts: 0,
                pauses,
            };
            failing.pause().map(|pause| pause.num_minutes())
        };
        let server: Vec<_> = (0..6).map(|n| minutes(Fault::Server, n)).collect();
        assert_eq!(server, [15, 30, 60, 120, 240, 240].map(Some));
        assert_eq!(minutes(Fault::Unreachable, 0), Some(15));
        assert_eq!(minutes(Fault::Hung, 40), Some(240));
        assert_eq!(
            minutes(Fault::Refused, 0),
            None,
            "a key mends nobody by time"
        );
        assert_eq!(minutes(Fault::Missing, 0), None);
    }
}
