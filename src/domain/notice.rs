//! What people are told while no screen is open: a record of what was told to whom, and the plan of what follows from
//! it. Nothing here sends anything.

mod plan;

use super::actor;
use super::event::{Event, EventBody};
use super::phase::Phase;
use chrono::{DateTime, Duration, NaiveTime, Utc};
pub use plan::{Message, Plan};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A need that went away and comes back within this time is the same one: a host that comes and goes tells once.
const SAME: Duration = Duration::minutes(10);
/// What happened once is remembered for so long after it was told, so that it is not told again, and is given up when
/// nobody could be told of it for so long.
const KEPT: Duration = Duration::days(2);
const GIVEN_UP: Duration = Duration::days(7);
/// First wait after a target that failed; each further one is twice as long, up to the last.
const AGAIN: Duration = Duration::seconds(30);
const AGAIN_MOST: Duration = Duration::hours(1);

/// What kind of thing people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A tool was released.
    Shipped,
    /// A limit is near or reached.
    Budget,
    /// Something waits for a person.
    NeedsYou,
    /// A part of the factory failed.
    Incident,
}

impl Severity {
    /// All, least urgent first, with their words.
    pub const WORDS: [(Severity, &'static str); 4] = [
        (Severity::Shipped, "shipped"),
        (Severity::Budget, "budget"),
        (Severity::NeedsYou, "needs-you"),
        (Severity::Incident, "incident"),
    ];

    /// As settings and events write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(one, _)| *one == self);
        found.map_or("needs-you", |(_, word)| word)
    }

    /// The one of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, known)| *known == word);
        found.map(|(one, _)| *one)
    }
}

/// Something to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable: the same thing has the same one, also after a restart.
    pub id: String,
    pub severity: Severity,
    /// Why, in one sentence.
    pub text: String,
    /// Command lines that answer it.
    #[serde(default)]
    pub ways: Vec<String>,
    /// The tool it is about.
    #[serde(default)]
    pub tool: Option<String>,
    pub since: DateTime<Utc>,
}

/// How people want to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// What each target is told of.
    pub targets: BTreeMap<String, BTreeSet<Severity>>,
    /// When to be quiet.
    pub quiet: Option<Quiet>,
    /// What is told in quiet hours all the same.
    pub loud: BTreeSet<Severity>,
    /// Minutes after which what still waits is told again, until somebody has looked; 0 = never.
    pub repeat: u32,
    /// Messages a target gets within any hour.
    pub per_hour: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            targets: BTreeMap::new(),
            quiet: None,
            loud: BTreeSet::new(),
            repeat: 60,
            per_hour: 12,
        }
    }
}

/// Hours of the local day, across midnight where `from` is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub from: NaiveTime,
    pub until: NaiveTime,
}

impl Quiet {
    /// `22:00-07:00`.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let (from, until) = (time(from)?, time(until)?);
        (from != until).then_some(Self { from, until })
    }

    /// How long it lasts from a local time on; None when it is not quiet then.
    #[must_use]
    pub fn left(&self, local: NaiveTime) -> Option<Duration> {
        let within = match self.from < self.until {
            true => self.from <= local && local < self.until,
            false => self.from <= local || local < self.until,
        };
        let left = self.until - local;
        within.then(|| match left > Duration::zero() {
            true => left,
            false => left + Duration::days(1),
        })
    }
}

/// What was told: run/told.json. It outlives the engine, so that nothing is told twice or forgotten.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Last journal event that was looked at.
    pub seq: u64,
    /// When somebody looked last: a screen was opened, or an operator gave a command.
    #[serde(default)]
    pub seen: Option<DateTime<Utc>>,
    /// By id.
    #[serde(default)]
    pub entries: BTreeMap<String, Entry>,
    /// By name.
    #[serde(default)]
    pub targets: BTreeMap<String, Post>,
}

/// One thing, and who was told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub notice: Notice,
    /// It lasts until its cause is gone, and is told again; else it happened once.
    pub lasting: bool,
    /// Its cause is gone since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<DateTime<Utc>>,
    /// It was gone and came back then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<DateTime<Utc>>,
    /// By target, when last.
    #[serde(default)]
    pub told: BTreeMap<String, DateTime<Utc>>,
    /// Targets for which quiet hours or the limit an hour held it back.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub held: BTreeSet<String>,
}

/// How it goes with a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Messages of the last hour.
    #[serde(default)]
    pub recent: Vec<DateTime<Utc>>,
    /// Failures in a row.
    #[serde(default)]
    pub failures: u32,
    /// When the first of them was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<DateTime<Utc>>,
    /// Not tried before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<DateTime<Utc>>,
    /// Why the last one failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
}

impl Entry {
    /// It came back. What a person has dealt with is news again; a host that comes and goes is told again after the usual
    /// time only.
    fn forget(&mut self, seen: Option<DateTime<Utc>>) {
        let kind = self.notice.id.split(':').next().unwrap_or_default();
        if matches!(kind, "review" | "park" | "main" | "files") {
            self.told
                .retain(|_, told| seen.is_none_or(|seen| seen < *told));
        }
    }
}

impl Record {
    /// An event of the journal: a release is told once, and who gives commands has looked.
    pub fn hear(&mut self, event: &Event) {
        self.seq = self.seq.max(event.seq);
        match &event.body {
            EventBody::Move(step) if step.to == Phase::Shipped => {
                let Some(ship) = &step.ship else {
                    return;
                };
                let tool = event.tool.clone().unwrap_or_default();
                self.happened(Notice {
                    id: format!("shipped:{}", ship.tag),
                    severity: Severity::Shipped,
                    text: format!("{tool} {} is released, tag {}", ship.version, ship.tag),
                    ways: Vec::new(),
                    tool: Some(tool),
                    since: event.ts,
                });
            }
            EventBody::Answered { command, .. } if actor::is_person(&command.by) => {
                self.looked(event.ts);
            }
            _ => {}
        }
    }

    /// Something happened; known ids change nothing.
    pub fn happened(&mut self, notice: Notice) {
        let entry = Entry {
            notice,
            lasting: false,
            gone: None,
            back: None,
            told: BTreeMap::new(),
            held: BTreeSet::new(),
        };
        let id = entry.notice.id.clone();
        self.entries.entry(id).or_insert(entry);
    }

    /// All that waits now: new things come in, those that are not there any more are marked gone.
    pub fn waits(&mut self, now: DateTime<Utc>, waiting: Vec<Notice>) {
        let ids: BTreeSet<String> = waiting.iter().map(|notice| notice.id.clone()).collect();
        for notice in waiting {
            match self.entries.get_mut(&notice.id) {
                Some(entry) => {
                    if entry.gone.take().is_some() {
                        entry.back = Some(now);
                        entry.forget(self.seen);
                    }
                    entry.notice = notice;
                }
                None => {
                    let id = notice.id.clone();
                    self.happened(notice);
                    if let Some(entry) = self.entries.get_mut(&id) {
                        entry.lasting = true;
                    }
                }
            }
        }
        for (id, entry) in &mut self.entries {
            if entry.lasting && !ids.contains(id) {
                entry.gone.get_or_insert(now);
            }
        }
    }

    /// Somebody looked.
    pub fn looked(&mut self, at: DateTime<Utc>) {
        self.seen = self.seen.max(Some(at));
    }

    /// A clock that was put back leaves times that are still to come: nothing was ever later than now.
    fn clamp(&mut self, now: DateTime<Utc>) {
        let past = |at: &mut DateTime<Utc>| *at = (*at).min(now);
        self.seen.iter_mut().for_each(past);
        for entry in self.entries.values_mut() {
            entry.gone.iter_mut().for_each(past);
            entry.back.iter_mut().for_each(past);
            entry.told.values_mut().for_each(past);
        }
        for post in self.targets.values_mut() {
            post.recent.iter_mut().for_each(past);
            post.failing.iter_mut().for_each(past);
            post.again = post.again.map(|again| again.min(now + AGAIN_MOST));
        }
    }

    /// Drops what will not be told any more.
    pub fn tidy(&mut self, rules: &Rules, now: DateTime<Utc>) {
        self.clamp(now);
        self.targets
            .retain(|name, _| rules.targets.contains_key(name));
        self.entries.retain(|_, entry| {
            if entry.lasting {
                return entry.gone.is_none_or(|gone| now - gone < SAME);
            }
            let open = rules.targets.iter().any(|(name, wants)| {
                wants.contains(&entry.notice.severity) && !entry.told.contains_key(name)
            });
            let age = now - entry.notice.since;
            age < if open { GIVEN_UP } else { KEPT }
        });
    }

    /// A message reached its target.
    pub fn told(&mut self, target: &str, ids: &[String], now: DateTime<Utc>) {
        self.taken_for_told(target, ids, now);
        let post = self.targets.entry(target.to_owned()).or_default();
        let recent = std::mem::take(&mut post.recent);
        *post = Post {
            recent: recent.into_iter().chain([now]).collect(),
            ..Post::default()
        };
    }

    /// A message that may have arrived is not sent again; its target still counts as failing.
    pub fn taken_for_told(&mut self, target: &str, ids: &[String], now: DateTime<Utc>) {
        for id in ids {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.told.insert(target.to_owned(), now);
                entry.held.remove(target);
            }
        }
    }

    /// A message did not reach its target: it is tried again, later each time.
    pub fn failed(&mut self, target: &str, why: &str, now: DateTime<Utc>) {
        let post = self.targets.entry(target.to_owned()).or_default();
        post.failures = post.failures.saturating_add(1);
        post.failing.get_or_insert(now);
        let doubled = AGAIN * 2_i32.pow(post.failures.saturating_sub(1).min(10));
        post.again = Some(now + doubled.min(AGAIN_MOST));
        why.clone_into(&mut post.problem);
    }
}
