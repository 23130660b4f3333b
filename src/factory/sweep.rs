//! Housekeeping: after a tool is finished and once a day, what finished tools leave is thinned out, off the loop.
//! Papers go only once the journal says so; branches and packing are a line of the log.

use super::driver::Driver;
use super::failed::Failed;
use super::ports::repo::RepoError;
use super::wake::Wake;
use crate::domain::event::EventBody;
use crate::domain::factory::Factory;
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use crate::domain::screen::Level;
use crate::domain::swept::{Finished, Swept};
use chrono::{DateTime, TimeDelta, Utc};

/// How long an engine that finishes nothing goes without a look.
const DAY: TimeDelta = TimeDelta::days(1);

/// When it was looked last, and whether it is being looked now.
pub struct Sweeping {
    last: DateTime<Utc>,
    asked: bool,
    under_way: bool,
}

/// What was found, and what is done already.
pub struct Around {
    finished: Vec<Finished>,
    excess: Swept,
    branches: Result<Vec<String>, RepoError>,
}

impl Sweeping {
    /// An engine begins; where nothing is under way, what the last one had finished may not have been swept yet.
    #[must_use]
    pub fn begun(factory: &Factory, now: DateTime<Utc>) -> Self {
        Self {
            last: now,
            asked: factory.phase == Phase::Idle,
            under_way: false,
        }
    }

    /// A tool is finished.
    pub fn at_once(&mut self) {
        self.asked = true;
    }

    /// A look has not ended yet.
    #[must_use]
    pub fn under_way(&self) -> bool {
        self.under_way
    }
}

/// Tools whose branches may go: a dropped one may be asked for again and then goes on where it stood.
fn shipped(factory: &Factory) -> Vec<String> {
    let items = factory.items.iter();
    let shipped = items.filter(|item| {
        item.status == ItemStatus::Shipped
            && factory.current_tool.as_deref() != Some(item.name.as_str())
    });
    shipped.map(|item| item.name.clone()).collect()
}

/// It is not to be built any more.
fn ended(item: &Item) -> bool {
    matches!(item.status, ItemStatus::Shipped | ItemStatus::Dropped)
}

/// Tools that nobody works on now, but for those whose cut attempts have answers that are still of use.
fn finished(factory: &Factory) -> Vec<Finished> {
    let items = factory.items.iter();
    let rests = items.filter(|item| factory.current_tool.as_deref() != Some(item.name.as_str()));
    rests
        .filter_map(|item| {
            let facts = factory.facts(&item.name);
            let cut = facts.is_some_and(|facts| !facts.cut.is_empty());
            (ended(item) || !cut).then(|| Finished {
                tool: item.name.clone(),
                run: facts.map_or(0, |facts| facts.runs),
                aside: !ended(item),
            })
        })
        .collect()
}

/// Tools whose next run is quicker for what the last one left.
fn unfinished(factory: &Factory) -> Vec<String> {
    let current = factory.current_tool.iter().cloned();
    let items = factory.items.iter().filter(|item| !ended(item));
    current.chain(items.map(|item| item.name.clone())).collect()
}

impl Driver {
    /// Looks around when it is time to. No timer wakes an idle engine for it: without work nothing grows.
    pub(super) fn sweep(&mut self) {
        let now = self.tools.clock.now();
        let due = self.sweeping.asked || now - self.sweeping.last >= DAY;
        if !due || self.sweeping.under_way || self.stopping.is_some() {
            return;
        }
        self.sweeping = Sweeping {
            last: now,
            asked: false,
            under_way: true,
        };
        let finished = finished(&self.ledger.factory);
        let names = shipped(&self.ledger.factory);
        let (tests, spared) = (self.tools.tests.clone(), unfinished(&self.ledger.factory));
        let (store, repo) = (self.tools.store.clone(), self.tools.repo.clone());
        let (keep, wake) = (self.settings.keep, self.wake.clone());
        let looking = tokio::task::spawn_blocking(move || {
            tests.spare(&spared);
            if let Err(error) = store.sweep(&Swept::default(), &[]) {
                tracing::warn!("housekeeping of answers and output: {error}");
            }
            Around {
                excess: store.excess(&keep, &finished),
                branches: repo.sweep(&names, keep.branch_days, now),
                finished,
            }
        });
        tokio::spawn(async move {
            // One that panics has ended too: an engine that is to end when idle waits for that.
            let around = looking.await.unwrap_or_else(|error| Around {
                finished: Vec::new(),
                excess: Swept::default(),
                branches: Err(RepoError::Git(format!("task failed: {error}"))),
            });
            let _ = wake.send(Wake::Swept(Box::new(around)));
        });
    }

    /// Journals what has to go, then removes it. What cannot be removed now is found again the next time.
    pub(super) async fn swept(&mut self, around: Around) -> Result<(), Failed> {
        self.sweeping.under_way = false;
        match around.branches {
            Ok(done) if done.is_empty() => {}
            Ok(done) => self
                .ledger
                .say(Level::Info, format!("housekeeping: {}", removed(&done))),
            Err(error) => tracing::warn!("housekeeping of branches: {error}"),
        }
        // Meanwhile a person may have reopened one of them.
        let still = finished(&self.ledger.factory);
        let (excess, finished) = (around.excess, around.finished);
        if excess.is_empty() || finished.iter().any(|one| !still.contains(one)) {
            return Ok(());
        }
        self.note(EventBody::Swept(excess.clone()))?;
        let store = self.tools.store.clone();
        let done = tokio::task::spawn_blocking(move || store.sweep(&excess, &finished)).await;
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("housekeeping of papers: {error}"),
            Err(error) => tracing::warn!("housekeeping of papers: {error}"),
        }
        Ok(())
    }
}

/// Branches that went, and packing, in a few words.
fn removed(done: &[String]) -> String {
    const SHOWN: usize = 5;
    let named: Vec<&str> = done.iter().take(SHOWN).map(String::as_str).collect();
    let more = done.len().saturating_sub(SHOWN);
    match more {
        0 => format!("swept {}", named.join(", ")),
        n => format!("swept {} and {n} more", named.join(", ")),
    }
}
