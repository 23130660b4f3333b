//! Attempts that fail through a host: another one takes over, the role waits, or a person is asked.

use super::driver::Driver;
use super::ports::model::{Fault, ModelError};
use super::ports::settings::ModelRef;
use super::reread::Why;
use crate::domain::event::EventBody;
use crate::domain::state::{PauseKind, Scope};

/// Attempts in a row that failed through the same fault of the same model before a person is asked.
const FAILURES: u32 = 5;
/// The same where a turn hung: each such attempt takes two limits of time.
const HUNG: u32 = 2;

impl Driver {
    /// A host was at fault: another one takes over, or the role waits for it; after too many failures the role pauses.
    pub(super) fn host_failed(
        &mut self,
        attempt: u64,
        model: &ModelRef,
        error: &ModelError,
    ) -> Result<(), String> {
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
        let failing = Some((model.clone(), error.fault));
        self.failures = match self.failing == failing {
            true => self.failures + 1,
            false => 1,
        };
        self.failing = failing;
        let most = match error.fault {
            Fault::Hung => HUNG,
            _ => FAILURES,
        };
        // A busy host comes back by itself. One that is away is asked before each attempt, so one that fails so often although
        // it answers needs a person.
        if self.failures < most || error.fault == Fault::Busy {
            return Ok(());
        }
        self.failures = 0;
        let scope = role.map_or(Scope::Factory, Scope::of);
        let reason = format!("{most} attempts in a row failed: {words}");
        self.hold_scope(PauseKind::Host, scope, &reason)
    }
}
