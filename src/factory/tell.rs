//! Telling people while no screen is open: what waits, what was released and which limits are near, kept in a record
//! that outlives the engine, and handed over beside the loop, which never waits for a target.

use super::driver::Driver;
use super::due::soon;
use super::engine::Ended;
use super::failed::Failed;
use super::needs::Begun;
use super::ports::notifier::{Lost, Notifier};
use super::ports::store::Paper;
use super::wake::Wake;
use crate::domain::budget;
use crate::domain::event::Event;
use crate::domain::notice::{Message, Notice, Record, Severity};
use crate::domain::screen::{Level, Need, Way};
use crate::domain::state::PauseKind;
use chrono::{DateTime, Local, Utc};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long the end of the engine waits for messages on their way.
const LAST: Duration = Duration::from_secs(10);
/// Times in a row that a message may have arrived without its end being seen, after which it counts as told.
const PERHAPS: u32 = 3;

/// What is known of telling.
pub struct Telling {
    notifier: Arc<dyn Notifier>,
    /// None: there is nobody to tell.
    record: Option<Record>,
    /// As it stands on disk, but for the number of the last event.
    written: String,
    /// Targets with a message on its way.
    busy: BTreeSet<String>,
    /// When something is due.
    next: Option<Instant>,
    /// Something has changed since the last look.
    fresh: bool,
    unwritten: bool,
    /// When what waits began to.
    pub begun: Begun,
}

impl Telling {
    /// Nobody is told anything yet.
    pub fn new(notifier: Arc<dyn Notifier>) -> Self {
        Self {
            notifier,
            record: None,
            written: String::new(),
            busy: BTreeSet::new(),
            next: None,
            fresh: false,
            unwritten: false,
            begun: Begun::default(),
        }
    }

    /// When something is due.
    pub fn due(&self) -> Option<Instant> {
        self.next
    }

    /// Events have been recorded.
    pub fn hear(&mut self, events: &[Event]) {
        if let Some(record) = &mut self.record {
            events.iter().for_each(|event| record.hear(event));
            self.fresh = true;
        }
    }

    /// A limit is near.
    pub fn near(&mut self, limit: &budget::Use, now: DateTime<Utc>) {
        let Some(record) = &mut self.record else {
            return;
        };
        record.happened(Notice {
            id: format!(
                "near:{}:{}:{}",
                limit.scope,
                limit.unit.name(),
                now.date_naive()
            ),
            severity: Severity::Budget,
            text: format!("80 % are used: {}", limit.words()),
            ways: Vec::new(),
            tool: None,
            since: now,
        });
    }

    /// Goes on with what another knew, written or not. What it was sending is sent again.
    pub fn take_over(&mut self, other: &mut Self) {
        self.record = other.record.take();
        self.begun = std::mem::take(&mut other.begun);
    }

    /// What screens see may have changed.
    pub fn look(&mut self) {
        self.fresh = true;
    }
}

impl Driver {
    /// Reads what was told before, and what has happened since; nothing where there is nobody to tell.
    pub(super) fn open_telling(&mut self) {
        self.telling.fresh = true;
        if self.settings.notify.targets.is_empty() {
            self.telling.record = None;
            self.telling.next = None;
            return;
        }
        let tip = self.ledger.factory.seq;
        if let Some(mut record) = self.telling.record.take() {
            self.missed(&mut record, tip);
            self.telling.record = Some(record);
            return;
        }
        let now = Record {
            seq: tip,
            ..Record::default()
        };
        let found = match self.tools.store.get(&Paper::Told) {
            Ok(Some(text)) => serde_json::from_str(&text).map_err(|error| error.to_string()),
            Ok(None) => Ok(now.clone()),
            Err(error) => Err(error.to_string()),
        };
        let mut record: Record = found.unwrap_or_else(|why| {
            let words =
                format!("what people were told cannot be read ({why}): what waits is told again");
            self.ledger.say(Level::Warn, words);
            now
        });
        self.missed(&mut record, tip);
        let waits = record.entries.iter();
        let waits = waits.filter(|(_, entry)| entry.lasting && entry.gone.is_none());
        let begun = &mut self.telling.begun;
        begun.known(waits.map(|(id, entry)| (id, entry.notice.since)));
        self.telling.record = Some(record);
    }

    /// What was released and could not be told before the end.
    fn missed(&self, record: &mut Record, tip: u64) {
        if record.seq < tip
            && let Ok(missed) = self.tools.store.history(record.seq + 1)
        {
            missed.iter().for_each(|event| record.hear(event));
        }
    }

    /// Hands over what is due, and sets the next time to look.
    pub(super) fn tell(&mut self) {
        let due = self.telling.next.is_some_and(|at| at <= Instant::now());
        if !self.telling.fresh && !due {
            return;
        }
        self.telling.fresh = false;
        let Some(mut record) = self.telling.record.take() else {
            return;
        };
        let now = self.tools.clock.now();
        let notices = self.notices(now);
        let rules = &self.settings.notify.rules;
        record.waits(now, notices);
        self.seen(&mut record);
        record.tidy(rules, now);
        let local = now.with_timezone(&Local).time();
        let plan = record.plan(rules, &self.telling.busy, now, local);
        self.keep(&record);
        self.telling.record = Some(record);
        self.telling.next = plan.next.map(|at| soon(at, now));
        for message in plan.messages {
            self.send(message);
        }
    }

    /// A screen that was opened leaves its time. It only matters to what would be told again.
    fn seen(&self, record: &mut Record) {
        let told = |record: &Record| record.entries.values().any(|entry| !entry.told.is_empty());
        if told(record)
            && let Ok(Some(text)) = self.tools.store.get(&Paper::Seen)
            && let Ok(at) = text.trim().parse::<DateTime<Utc>>()
        {
            record.looked(at);
        }
    }

    /// Durable before anything is sent and after: a restart tells nothing twice.
    fn keep(&mut self, record: &Record) {
        // That more events were looked at is no reason to write: looked at again they change nothing. Nor is what is
        // said anew of a cause that lasts: the next start asks it again.
        let mut told = Record {
            seq: 0,
            ..record.clone()
        };
        for entry in told.entries.values_mut().filter(|entry| entry.lasting) {
            entry.notice.text.clear();
            entry.notice.ways.clear();
            entry.notice.since = DateTime::UNIX_EPOCH;
        }
        let (Ok(told), Ok(text)) = (serde_json::to_string(&told), serde_json::to_string(record))
        else {
            return;
        };
        if told == self.telling.written {
            return;
        }
        match self.tools.store.put(&Paper::Told, &text) {
            Ok(()) => {
                self.telling.written = told;
                self.telling.unwritten = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.telling.unwritten, true) {
                    let words = format!("what people were told is not kept: {error}");
                    self.ledger.say(Level::Warn, words);
                }
            }
        }
    }

    fn send(&mut self, message: Message) {
        let Some(target) = self.settings.notify.targets.get(&message.target).cloned() else {
            return;
        };
        let mut event = message.event(&self.tools.home.display().to_string());
        self.tools.redactor.clean_value(&mut event);
        self.telling.busy.insert(message.target.clone());
        let (notifier, wake) = (self.telling.notifier.clone(), self.wake.clone());
        let sending = tokio::spawn(async move { notifier.send(&target, &event).await });
        tokio::spawn(async move {
            let result = sending.await.unwrap_or_else(|e| Err(e.to_string().into()));
            let _ = wake.send(Wake::Told(message, result));
        });
    }

    /// A message has reached its target, or not.
    pub(super) fn told(&mut self, message: &Message, result: Result<(), Lost>) {
        self.telling.busy.remove(&message.target);
        self.telling.fresh = true;
        self.dirty = true;
        let now = self.tools.clock.now();
        let Some(mut record) = self.telling.record.take() else {
            return;
        };
        let target = &message.target;
        let ids = message.ids();
        match result {
            Ok(()) => {
                record.told(target, &ids, now);
                let words = format!("{target} was told of {}", ids.join(", "));
                self.ledger.say(Level::Info, words);
            }
            Err(lost) => {
                let why = self.tools.redactor.clean(&lost.why);
                record.failed(target, &why, now);
                let failures = record.targets.get(target).map_or(0, |post| post.failures);
                if lost.perhaps && failures >= PERHAPS {
                    record.taken_for_told(target, &ids, now);
                    let words = format!(
                        "{target} may have been told of {}: {why}, {failures} times",
                        ids.join(", ")
                    );
                    self.ledger.say(Level::Warn, words);
                } else if failures == 1 {
                    let words = format!("{target} cannot be told anything: {why}");
                    self.ledger.say(Level::Warn, words);
                }
            }
        }
        self.keep(&record);
        self.telling.record = Some(record);
    }

    /// The end waits a little for messages on their way; what does not arrive is told after the next start.
    pub(super) async fn last_words(&mut self, ended: &Result<Ended, Failed>) {
        if matches!(ended, Ok(Ended::Interrupted) | Err(_)) {
            return;
        }
        let end = Instant::now() + LAST;
        self.tell();
        while !self.telling.busy.is_empty() {
            match timeout_at(end, self.heard()).await {
                Ok(Some(Wake::Told(message, result))) => self.told(&message, result),
                // Whoever cannot wait.
                Ok(Some(Wake::Signal(_)) | None) | Err(_) => return,
                Ok(Some(_)) => {}
            }
            self.tell();
        }
    }

    /// Targets that cannot be told anything.
    pub(super) fn untold(&self) -> Vec<Need> {
        let record = self.telling.record.as_ref();
        let failing = record.into_iter().flat_map(|record| &record.targets);
        failing
            .filter(|(_, post)| post.failures > 0)
            .map(|(name, post)| Need {
                id: format!("notify:{name}"),
                title: format!("{name} cannot be told anything, tried again by itself"),
                why: post.problem.clone(),
                waiting: "costs nothing, but nobody is told meanwhile".to_owned(),
                ways: vec![Way::hands(format!("dev-factory notify --test {name}"))],
                since: post.failing.unwrap_or_default(),
                ..Need::default()
            })
            .collect()
    }

    /// What waits for a person, as people are told of it: what they did themselves is no news to them.
    fn notices(&mut self, now: DateTime<Utc>) -> Vec<Notice> {
        let needs = self.needs(now).into_iter();
        let needs = needs.filter(|need| need.quiet.is_none());
        needs.filter_map(|need| self.notice(need)).collect()
    }

    fn notice(&self, need: Need) -> Option<Notice> {
        let factory = &self.ledger.factory;
        let (kind, rest) = need.id.split_once(':').unwrap_or((&need.id, ""));
        let tool = matches!(kind, "review" | "park" | "main").then(|| rest.to_owned());
        let severity = match kind {
            "notify" => return None,
            "pause" => match factory.pauses.iter().find(|pause| pause.id == rest)?.kind {
                PauseKind::Operator | PauseKind::Start => return None,
                PauseKind::Budget => Severity::Budget,
                PauseKind::Incident => Severity::Incident,
                PauseKind::Host | PauseKind::Edits => Severity::NeedsYou,
            },
            "park"
                if factory
                    .facts(rest)
                    .is_some_and(|facts| facts.parked_by.is_some()) =>
            {
                Severity::Budget
            }
            _ => Severity::NeedsYou,
        };
        Some(Notice {
            severity,
            tool,
            ways: need.printed(),
            text: need.words(),
            since: need.since,
            id: need.id,
        })
    }
}
