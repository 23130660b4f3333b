//! Settings and souls read again: taken over, or the old ones kept with the reason; what waited for them goes on.

use super::clean::Clean;
use super::driver::Driver;
use super::engine::{self, Reread};
use super::ports::model::{Fault, HostStatus};
use super::ports::settings::ModelRef;
use super::readiness::Readiness;
use crate::agents::soul::Soul;
use crate::domain::event::EventBody;
use crate::domain::finding::Severity;
use crate::domain::phase::Role;
use crate::domain::screen::Level;
use crate::domain::state::PauseKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a key is fetched again while probes with it are refused: a command may ask a person for a password.
const KEY_AGAIN: Duration = Duration::from_secs(60);

impl Driver {
    /// Something of them changed, a key was refused, or a person asks to try again.
    pub(super) fn reread(&mut self) -> Result<(), String> {
        match self.read() {
            // One save is often several changes of the file.
            Ok((read, (souls, warnings)))
                if *self.settings == read.settings && self.souls == souls =>
            {
                self.odd(warnings);
                self.lift_host()
            }
            Ok(found) => self.take(found),
            Err(sentence) => {
                let words = format!("{sentence}; the old settings stay in force");
                self.ledger.say(Level::Error, words);
                self.odd(vec![sentence]);
                Ok(())
            }
        }
    }

    /// A host has been asked.
    pub(super) fn probed(&mut self, model: &ModelRef, status: &HostStatus) -> Result<(), String> {
        if self.readiness.probed(model, status) {
            let level = match status.live {
                true => Level::Info,
                false => Level::Warn,
            };
            self.ledger.say(level, format!("{model}: {}", status.words));
            self.warned(model, status);
            self.dirty = true;
        }
        match status.fault {
            Some(Fault::Refused) => self.key_refused(),
            _ => Ok(()),
        }
    }

    /// What works, but not well, is said in the log and beside the roles that work with it.
    fn warned(&mut self, model: &ModelRef, status: &HostStatus) {
        let warnings = status.findings.iter();
        let warnings: Vec<String> = warnings
            .filter(|finding| finding.severity == Severity::Warning)
            .map(|finding| format!("{}: {}", finding.subject, finding.sentence()))
            .collect();
        for words in &warnings {
            self.ledger.say(Level::Warn, words.clone());
        }
        if warnings.is_empty() || !status.live {
            return;
        }
        for role in Role::ALL {
            if self.readiness.model(role) == Some(model) {
                self.alarms.insert(role, warnings.join("; "));
            }
        }
    }

    /// A probe was refused: another key may be there by now.
    fn key_refused(&mut self) -> Result<(), String> {
        if self.key_read.is_some_and(|at| at.elapsed() < KEY_AGAIN) {
            return Ok(());
        }
        self.key_read = Some(Instant::now());
        self.reread()
    }

    fn read(&self) -> Result<Found, String> {
        let read = (self.reload)()?;
        let souls = engine::souls(&read.souls)?;
        Ok((read, souls))
    }

    fn take(&mut self, (read, (souls, warnings)): Found) -> Result<(), String> {
        let models = engine::models(&read.settings, &souls);
        self.readiness = Readiness::new(&read.settings, models);
        self.pushing.at_once();
        self.settings = Arc::new(read.settings);
        self.souls = souls;
        self.tools.models = Clean::new(read.models, self.tools.redactor.clone());
        self.ledger
            .say(Level::Info, "settings and souls read again");
        self.odd(warnings);
        self.lift_host()
    }

    /// Who saved the settings has mended something: a host that was at fault is tried again.
    fn lift_host(&mut self) -> Result<(), String> {
        self.lift(PauseKind::Host, "the settings were read again")
    }

    fn odd(&mut self, words: Vec<String>) {
        self.problems = words;
        self.dirty = true;
    }

    /// Ends the pauses of a kind whose cause may be gone.
    pub(super) fn lift(&mut self, kind: PauseKind, reason: &str) -> Result<(), String> {
        let pauses = self.ledger.factory.pauses.iter();
        let held: Vec<String> = pauses
            .filter(|pause| pause.kind == kind)
            .map(|pause| pause.id.clone())
            .collect();
        for id in held {
            let reason = reason.to_owned();
            self.note(EventBody::Resumed { id, reason })?;
        }
        Ok(())
    }
}

/// What was read, its souls parsed, with what is odd about them.
type Found = (Reread, ([Arc<Soul>; 3], Vec<String>));
