//! Settings and souls read again: taken over, or the old ones kept with the reason; what waited for them goes on.

use super::checks;
use super::clean::Clean;
use super::driver::Driver;
use super::engine::{self, Ended, Parts, Reread, Signal, Tools};
use super::failed::Failed;
use super::ports::model::{Fault, HostStatus};
use super::ports::settings::{ModelRef, Settings};
use super::readiness::Readiness;
use super::trouble::ended_by;
use super::wake::Wake;
use crate::agents::soul::Soul;
use crate::domain::event::EventBody;
use crate::domain::finding::Severity;
use crate::domain::phase::Role;
use crate::domain::screen::Level;
use crate::domain::state::PauseKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

/// How often a key is fetched again while probes with it are refused: a command may ask a person for a password.
const KEY_AGAIN: Duration = Duration::from_secs(60);

/// Why they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A file of them changed.
    Changed,
    /// A server refused a key.
    Refused,
    /// A person asks to try a host again, or all.
    Asked(Option<String>),
}

/// Readings off the loop: a key may come from a command that asks a person.
#[derive(Default)]
pub struct Reading {
    /// Why the one under way was begun; empty = there is none.
    now: Vec<Why>,
    /// What has come since.
    next: Vec<Why>,
}

impl Reading {
    /// One is under way.
    pub fn under_way(&self) -> bool {
        !self.now.is_empty()
    }
}

impl Driver {
    /// Has them read, after the reading under way where there is one.
    pub(super) fn reread(&mut self, why: Why) {
        self.reading.next.push(why);
        if self.reading.under_way() {
            return;
        }
        self.reading.now = std::mem::take(&mut self.reading.next);
        self.herald.reloading();
        let (reload, wake) = (self.reload.clone(), self.wake.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let read = reload()?;
            let souls = engine::souls(&read.souls)?;
            Ok((read, souls))
        });
        tokio::spawn(async move {
            let found = reading.await.unwrap_or_else(|error| Err(error.to_string()));
            let _ = wake.send(Wake::Reread(Box::new(found)));
        });
    }

    /// The same parts with settings and souls as they are now, where they can be read: off the loop, for a key may come
    /// from a command that asks a person. An error: it is to end instead.
    pub(super) async fn reread_all(
        &mut self,
        parts: &Parts,
        signals: &mut UnboundedReceiver<Signal>,
    ) -> Result<Parts, Ended> {
        let reload = parts.reload.clone();
        let mut reading = tokio::task::spawn_blocking(move || reload());
        let read = loop {
            let due = self.herald.due();
            let sign = async move {
                match due {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                read = &mut reading => break read,
                Some(signal) = signals.recv() => return Err(ended_by(signal)),
                () = sign => self.herald(),
            }
        };
        Ok(match read {
            Ok(Ok(read)) => Parts {
                tools: Tools {
                    models: read.models,
                    ..parts.tools.clone()
                },
                settings: read.settings,
                // Those that cannot be used are said when they are read the next time.
                souls: match engine::souls(&read.souls) {
                    Ok(_) => read.souls,
                    Err(_) => parts.souls.clone(),
                },
                ..parts.clone()
            },
            _ => parts.clone(),
        })
    }

    /// They have been read.
    pub(super) async fn read(&mut self, found: Result<Found, String>) -> Result<(), Failed> {
        let whys = std::mem::take(&mut self.reading.now);
        match found {
            // One save is often several changes of the file.
            Ok((read, (souls, warnings)))
                if *self.settings == read.settings && self.souls == souls =>
            {
                self.odd(warnings);
                // A key that was refused and is still the same mends nothing.
                if whys.iter().any(|why| *why != Why::Refused) {
                    self.lift_host()?;
                }
            }
            Ok(found) => self.take(found)?,
            Err(sentence) => {
                let words = format!("{sentence}; the old settings stay in force");
                self.ledger.say(Level::Error, words);
                self.odd(vec![sentence]);
            }
        }
        for why in whys {
            if let Why::Asked(host) = why {
                self.lift(PauseKind::Host, "its hosts are tried again")?;
                self.readiness.forget(host.as_deref());
                self.probe(&Role::ALL);
            }
        }
        self.herald.ready();
        if let Some(why) = self.reading.next.pop() {
            self.reread(why);
        }
        // A limit may have been set below what is used.
        self.upkeep().await
    }

    /// A host has been asked.
    pub(super) fn probed(&mut self, model: &ModelRef, mut status: HostStatus) {
        let torn = checks::torn(self.tools.models.as_ref(), &self.settings, model);
        status.findings.extend(torn);
        let status = &status;
        if self.readiness.probed(model, status) {
            let level = match status.live {
                true => Level::Info,
                false => Level::Warn,
            };
            self.ledger.say(level, format!("{model}: {}", status.words));
            self.warned(model, status);
            self.dirty = true;
        }
        if status.fault == Some(Fault::Refused) {
            self.key_refused();
        }
        if status.live {
            self.back(&model.host);
        }
    }

    /// A host that was away answers: the next turn of it may be hours off, so the journal is told now.
    fn back(&mut self, host: &str) {
        let away = self.ledger.factory.lately.away.of(host).last();
        if away.is_none_or(|away| away.to.is_some()) {
            return;
        }
        let host = host.to_owned();
        if let Err(why) = self.note(EventBody::HostBack { host }) {
            self.ledger.say(Level::Warn, why.to_string());
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
    fn key_refused(&mut self) {
        if self.key_read.is_none_or(|at| at.elapsed() >= KEY_AGAIN) {
            self.key_read = Some(Instant::now());
            self.reread(Why::Refused);
        }
    }

    fn take(&mut self, (read, (souls, warnings)): Found) -> Result<(), Failed> {
        for sentence in moved(&self.settings, &read.settings) {
            self.note(EventBody::Noted { sentence })?;
        }
        let models = engine::models(&read.settings, &souls);
        self.readiness = Readiness::new(&read.settings, models);
        self.pushing.at_once();
        self.settings = Arc::new(read.settings);
        self.open_telling();
        self.souls = souls;
        self.date_souls();
        self.tools.models = Clean::new(read.models, self.tools.redactor.clone());
        self.ledger
            .say(Level::Info, "settings and souls read again");
        self.odd(warnings);
        self.lift_host()
    }

    /// Who saved the settings has mended something: a host that was at fault is tried again.
    fn lift_host(&mut self) -> Result<(), Failed> {
        self.lift(PauseKind::Host, "the settings were read again")
    }

    fn odd(&mut self, words: Vec<String>) {
        self.problems = words;
        self.dirty = true;
    }

    /// Ends the pauses of a kind whose cause may be gone.
    pub(super) fn lift(&mut self, kind: PauseKind, reason: &str) -> Result<(), Failed> {
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

/// Hosts that are elsewhere now, in words.
fn moved(before: &Settings, now: &Settings) -> Vec<String> {
    let pairs = before.hosts.iter();
    let pairs = pairs.filter_map(|(name, old)| Some((name, old, now.hosts.get(name)?)));
    pairs
        .filter(|(_, old, new)| old.url != new.url)
        .map(|(name, old, new)| format!("{name} is at {} now, it was at {}", new.url, old.url))
        .collect()
}

/// What was read, its souls parsed, with what is odd about them.
pub type Found = (Reread, ([Arc<Soul>; 3], Vec<String>));
