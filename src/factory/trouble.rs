//! What the surroundings refuse: named, shown, waited for, tried again. Where the home cannot be written at all, the
//! engine begins anew from what is on disk, as after a crash, once it can be.

use super::driver::Driver;
use super::engine::{Ended, Signal};
use super::failed::Failed;
use super::wake::Wake;
use crate::domain::condition::{Condition, Trouble};
use crate::domain::event::EventBody;
use crate::domain::phase::Phase;
use crate::domain::screen::Level;
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

/// First wait before what failed is tried again; doubles. Most faults of a moment are over by then.
const FIRST: Duration = Duration::from_millis(100);
/// Longest wait: what lasts is seen within a minute of its end.
const MOST: Duration = Duration::from_secs(60);
/// How often what can be seen without trying is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Times in a row after which a trouble counts as one that needs a person: about six seconds.
const TRIES: u32 = 6;
/// How long an engine that is to end when idle waits for a trouble that needs a person.
const PATIENCE: Duration = Duration::from_secs(30);

/// A trouble that was met and is not over.
#[derive(Clone, Debug)]
pub struct Ailing {
    name: Trouble,
    why: String,
    since: DateTime<Utc>,
    begun: Instant,
    tries: u32,
    wait: Duration,
    /// When the present wait began, and how long all before it took.
    waiting: Instant,
    waited: Duration,
    next: Instant,
    /// It was seen without trying: its end will be, too.
    seen: bool,
    /// What failed is being tried again.
    pub trying: bool,
}

impl Ailing {
    /// Met for the first time, or again; the same trouble waits longer each time. Its words may name another file each time.
    fn met(
        before: Option<Self>,
        name: Trouble,
        why: String,
        now: DateTime<Utc>,
        most: Duration,
    ) -> Self {
        let at = Instant::now();
        // Another name: something else is in the way now, and nothing has gone on since the first, so the wait grows.
        let same = before.as_ref().filter(|old| old.name == name);
        let wait = before.as_ref().map_or(FIRST, |old| old.wait * 2).min(most);
        Self {
            name,
            why,
            since: before.as_ref().map_or(now, |old| old.since),
            begun: before.as_ref().map_or(at, |old| old.begun),
            tries: same.map_or(0, |old| old.tries) + 1,
            wait,
            waiting: at,
            waited: before.as_ref().map_or(Duration::ZERO, Self::waited),
            next: at + wait,
            seen: false,
            trying: false,
        }
    }

    /// Whether it may be tried again now: at once when an obstacle that was seen is gone, else after a while.
    fn ready(&mut self, obstacle: Option<(Trouble, String)>) -> bool {
        match obstacle {
            Some((name, why)) => {
                (self.name, self.why, self.seen) = (name, why, true);
                false
            }
            None if std::mem::take(&mut self.seen) => true,
            None => self.next <= Instant::now(),
        }
    }

    /// When to look again; whoever is to end when idle also looks when the patience is over.
    fn due(&self, until_idle: bool) -> Instant {
        let look = match self.seen {
            true => Instant::now() + LOOK,
            false => self.next,
        };
        let end = self.begun + PATIENCE;
        match until_idle && end > Instant::now() {
            true => look.min(end),
            false => look,
        }
    }

    fn person(&self) -> bool {
        self.tries >= TRIES || self.name.needs_hands() || self.waited() >= PATIENCE
    }

    /// How long nothing was done because of it: trying again may take long, and is no waiting.
    fn waited(&self) -> Duration {
        match self.trying {
            true => self.waited,
            false => self.waited + self.waiting.elapsed(),
        }
    }

    fn try_again(&mut self) {
        self.waited = self.waited();
        self.trying = true;
    }

    /// Nobody came for so long that an engine that is to end when idle may end.
    pub fn lasts(&self) -> bool {
        self.person() && self.waited() >= PATIENCE
    }

    fn condition(&self) -> Condition {
        Condition {
            name: self.name,
            why: self.why.clone(),
            remedy: self.name.remedy().to_owned(),
            since: self.since,
            tries: self.tries,
            waits: true,
            person: self.person(),
        }
    }
}

impl Driver {
    /// Something failed through the surroundings: the attempt is dropped, and what it did is tried again later.
    pub(super) fn troubled(&mut self, name: Trouble, why: String) -> Result<(), Failed> {
        let why = self.tools.redactor.clean(&why);
        self.cancel();
        let new = self.ailing.is_none();
        let now = self.tools.clock.now();
        let ailing = self.met(name, why.clone(), now);
        let sentence = ailing.condition().words();
        self.ailing = Some(ailing);
        self.dirty = true;
        self.drop_attempt(&why)?;
        match new {
            true => self.note(EventBody::Noted { sentence }),
            false => Ok(()),
        }
    }

    /// Whether the surroundings let something be begun now; after a trouble the worktree is put in place again first.
    pub(super) async fn fit(&mut self) -> Result<bool, Failed> {
        let factory = &self.ledger.factory;
        let busy = factory.phase.active() || self.ailing.is_some() || self.work_waits();
        if !busy {
            return Ok(true);
        }
        let obstacle = self.tools.store.obstacle();
        let Some(ailing) = self.ailing.as_mut().filter(|ailing| !ailing.trying) else {
            if let Some((name, why)) = obstacle {
                self.obstructed(name, why);
                return Ok(false);
            }
            return Ok(true);
        };
        let before = ailing.condition();
        let ready = ailing.ready(obstacle);
        self.dirty |= ready || ailing.condition() != before;
        if !ready {
            return Ok(false);
        }
        ailing.try_again();
        self.reopen_work().await?;
        let fit = self.ailing.as_ref().is_some_and(|ailing| ailing.trying);
        if fit && self.ledger.factory.phase == Phase::Idle && !self.work_waits() {
            self.recovered()?;
        }
        Ok(fit)
    }

    fn met(&mut self, name: Trouble, why: String, now: DateTime<Utc>) -> Ailing {
        let most = self.options.longest_wait.unwrap_or(MOST);
        Ailing::met(self.ailing.take(), name, why, now, most)
    }

    /// Seen before anything was tried: nothing is begun, and nothing is written.
    fn obstructed(&mut self, name: Trouble, why: String) {
        let now = self.tools.clock.now();
        let mut ailing = self.met(name, why, now);
        ailing.seen = true;
        self.ledger.say(Level::Error, ailing.condition().words());
        self.ailing = Some(ailing);
        self.dirty = true;
    }

    /// What was tried again came to its end.
    pub(super) fn recovered(&mut self) -> Result<(), Failed> {
        let Some(ailing) = self.ailing.take() else {
            return Ok(());
        };
        self.dirty = true;
        let seconds = ailing.begun.elapsed().as_secs();
        let sentence = format!(
            "{} is over after {seconds} s, met {} times: {}",
            ailing.name, ailing.tries, ailing.why
        );
        self.note(EventBody::Noted { sentence })
    }

    /// Nothing failed on the way to where something else is waited for.
    pub(super) fn see_trouble_off(&mut self) -> Result<(), Failed> {
        let tried = self.ailing.as_ref().is_some_and(|ailing| ailing.trying);
        match tried && self.running.is_none() {
            true => self.recovered(),
            false => Ok(()),
        }
    }

    /// The driver that goes on from what is on disk.
    pub(super) fn succeeded_by(&mut self, mut next: Self) -> Self {
        next.ailing = self.ailing.take();
        next.last = self.last;
        next.noticed = std::mem::take(&mut self.noticed);
        next.telling.take_over(&mut self.telling);
        next
    }

    /// The home can be written again, as it seems.
    pub(super) fn begin_again(&mut self, repaired: Vec<String>) -> Result<(), Failed> {
        for sentence in repaired {
            self.note(EventBody::Noted { sentence })?;
        }
        if let Some(ailing) = &mut self.ailing {
            ailing.try_again();
        }
        Ok(())
    }

    /// When to look at a trouble again.
    pub(super) fn trouble_due(&self) -> Option<Instant> {
        let ailing = self.ailing.as_ref().filter(|ailing| !ailing.trying)?;
        Some(ailing.due(self.options.until_idle))
    }

    /// The home could not be written: waits until it may be again. Some: the engine is to end instead.
    pub(super) async fn wait_out(
        &mut self,
        (name, why): (Trouble, String),
        signals: &mut UnboundedReceiver<Signal>,
    ) -> Option<Ended> {
        let now = self.tools.clock.now();
        let why = self.tools.redactor.clean(&why);
        let mut ailing = self.met(name, why, now);
        if ailing.tries == 1 {
            self.ledger.say(Level::Error, ailing.condition().words());
        }
        // It has started, as far as a service manager can help.
        self.herald.ready();
        let mut shown = None;
        loop {
            let ready = ailing.ready(self.tools.store.obstacle());
            let condition = ailing.condition();
            self.ailing = Some(ailing.clone());
            if ready {
                return None;
            }
            if shown.as_ref() != Some(&condition) {
                self.publish();
                shown = Some(condition);
            }
            if self.options.until_idle && ailing.lasts() {
                return Some(Ended::NeedsPerson);
            }
            self.tell();
            self.herald();
            let others = [self.herald.due(), self.telling.due()];
            let due = others
                .into_iter()
                .flatten()
                .fold(ailing.due(self.options.until_idle), Instant::min);
            tokio::select! {
                Some(signal) = signals.recv() => return Some(ended_by(signal)),
                // All else is read again from the disk afterwards.
                wake = self.heard() => match wake {
                    Some(Wake::Told(message, result)) => self.told(&message, result),
                    Some(Wake::Signal(signal)) => return Some(ended_by(signal)),
                    _ => {}
                },
                () = sleep_until(due) => {}
            }
        }
    }

    /// Conditions as shown: what is waited for, then what is only worth knowing.
    pub(super) fn conditions_shown(&self) -> Vec<Condition> {
        let ailing = self.ailing.as_ref().filter(|ailing| !ailing.trying);
        let blind = self.tools.store.unwatched().map(|(since, why)| Condition {
            name: Trouble::NoEvents,
            why,
            remedy: Trouble::NoEvents.remedy().to_owned(),
            since,
            tries: 0,
            waits: false,
            person: false,
        });
        ailing
            .map(Ailing::condition)
            .into_iter()
            .chain(blind)
            .collect()
    }
}

/// How an engine ends that has nothing to finish.
pub(super) fn ended_by(signal: Signal) -> Ended {
    match signal {
        Signal::Terminate => Ended::Stopped,
        Signal::Interrupt => Ended::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long after the first time somebody who is to end when idle gives up on a trouble that comes again at once.
    async fn given_up(names: [Trouble; 2]) -> Duration {
        let begun = Instant::now();
        let meet = |before, n: usize| {
            let name = names.get(n % 2).copied().unwrap_or(Trouble::Git);
            Ailing::met(before, name, "no".to_owned(), DateTime::UNIX_EPOCH, MOST)
        };
        let (mut ailing, mut n) = (meet(None, 0), 0);
        while !ailing.lasts() && n < 1_000 {
            sleep_until(ailing.due(true)).await;
            if ailing.ready(None) {
                n += 1;
                ailing = meet(Some(ailing), n);
            }
        }
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_to_end_when_idle_gives_up_after_thirty_seconds() {
        let took = given_up([Trouble::Git; 2]).await;
        assert!(took >= PATIENCE && took < PATIENCE + LOOK, "{took:?}");
        // Two that take turns are one that lasts.
        let took = given_up([Trouble::Git, Trouble::DiskError]).await;
        assert!(took >= PATIENCE && took < 2 * PATIENCE, "{took:?}");
        let took = given_up([Trouble::DiskFull, Trouble::ReadOnly]).await;
        assert!(took >= PATIENCE && took < PATIENCE + LOOK, "{took:?}");
    }
}
