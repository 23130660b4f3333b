//! From the record to the messages that are due, and to the next time to look.

use super::{Entry, Notice, Post, Record, Rules, Severity};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Things that are told one by one at once; more make a summary.
const SINGLE: usize = 3;
/// Things a summary names.
const NAMED: usize = 10;
/// Longest text of a message, characters: ntfy takes 4,096 bytes.
const TEXT: usize = 1_000;

/// One message for a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub target: String,
    /// What it tells of; more than one is a summary.
    pub notices: Vec<Notice>,
    /// It was told before, and nobody has looked since.
    pub again: bool,
    /// Some of it was held back by quiet hours or the limit an hour.
    pub held: bool,
}

/// What is due, and when to look again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub messages: Vec<Message>,
    pub next: Option<DateTime<Utc>>,
}

impl Plan {
    fn later(&mut self, at: DateTime<Utc>) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }
}

impl Record {
    /// The messages due now; what is held back is marked. `busy`: targets that are being told something.
    pub fn plan(
        &mut self,
        rules: &Rules,
        busy: &BTreeSet<String>,
        now: DateTime<Utc>,
        local: NaiveTime,
    ) -> Plan {
        let mut plan = Plan::default();
        for (target, wants) in &rules.targets {
            if busy.contains(target) {
                continue;
            }
            let post = self.targets.entry(target.clone()).or_default();
            post.recent.retain(|at| now - *at < Duration::hours(1));
            if let Some(again) = post.again.filter(|again| *again > now) {
                plan.later(again);
                continue;
            }
            let free = free(post, rules, now, &mut plan);
            let quiet = rules.quiet.and_then(|quiet| quiet.left(local));
            let mut due = Vec::new();
            for (id, entry) in &mut self.entries {
                if !wants.contains(&entry.notice.severity) {
                    continue;
                }
                match when(entry, target, rules, self.seen) {
                    Some(at) if at > now => plan.later(at),
                    Some(_) => {
                        let hushed = quiet.filter(|_| !rules.loud.contains(&entry.notice.severity));
                        if let Some(left) = hushed {
                            plan.later(now + left);
                        }
                        if hushed.is_some() || free == 0 {
                            entry.held.insert(target.clone());
                        } else {
                            due.push(id.clone());
                        }
                    }
                    None => {}
                }
            }
            plan.messages
                .extend(messages(&self.entries, target, &due, free));
        }
        plan
    }
}

/// Messages the target may still get within this hour.
fn free(post: &Post, rules: &Rules, now: DateTime<Utc>, plan: &mut Plan) -> usize {
    let most = usize::try_from(rules.per_hour).unwrap_or(usize::MAX);
    let free = most.saturating_sub(post.recent.len());
    if free == 0 {
        let oldest = post.recent.iter().min().copied().unwrap_or(now);
        plan.later(oldest + Duration::hours(1));
    }
    free
}

/// When a target is to be told of something: since when at once, or at a later time; None: not any more.
fn when(
    entry: &Entry,
    target: &str,
    rules: &Rules,
    seen: Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    if entry.gone.is_some() {
        return None;
    }
    let Some(told) = entry.told.get(target) else {
        return Some(DateTime::<Utc>::MIN_UTC);
    };
    // Who looked before it came back knows nothing of that.
    let since = entry.back.map_or(*told, |back| back.max(*told));
    let looked = seen.is_some_and(|seen| seen >= since);
    let repeats = entry.lasting && rules.repeat > 0 && !looked;
    repeats.then(|| *told + Duration::minutes(i64::from(rules.repeat)))
}

/// One message each, or one for all: where things were held back, are many, or would be more than may be sent.
fn messages(
    entries: &BTreeMap<String, Entry>,
    target: &str,
    due: &[String],
    free: usize,
) -> Vec<Message> {
    let due: Vec<&Entry> = due.iter().filter_map(|id| entries.get(id)).collect();
    let message = |entries: &[&Entry]| Message {
        target: target.to_owned(),
        notices: entries.iter().map(|entry| entry.notice.clone()).collect(),
        again: entries.iter().all(|entry| entry.told.contains_key(target)),
        held: entries.iter().any(|entry| entry.held.contains(target)),
    };
    let held = due.iter().any(|entry| entry.held.contains(target));
    match due.len() {
        0 => Vec::new(),
        n if n > 1 && (held || n > free || n > SINGLE) => vec![message(&due)],
        // One at a time goes to a target, the next when that has come there.
        _ => due
            .first()
            .map(|first| message(&[*first]))
            .into_iter()
            .collect(),
    }
}

impl Message {
    /// Ids of what it tells of.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.notices
            .iter()
            .map(|notice| notice.id.clone())
            .collect()
    }

    /// The most urgent of it.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let all = self.notices.iter().map(|notice| notice.severity);
        all.max().unwrap_or(Severity::NeedsYou)
    }

    fn title(&self) -> String {
        if let [one] = self.notices.as_slice() {
            let word = match one.severity {
                Severity::Shipped => "shipped",
                Severity::Budget => "a limit",
                Severity::NeedsYou => "waits for you",
                Severity::Incident => "incident",
            };
            let again = if self.again { "still: " } else { "" };
            return match &one.tool {
                Some(tool) => format!("{again}{tool}: {word}"),
                None => format!("{again}{word}"),
            };
        }
        let count = |(severity, word): &(Severity, &str)| {
            let n = self
                .notices
                .iter()
                .filter(|one| one.severity == *severity)
                .count();
            (n > 0).then(|| format!("{n} {word}"))
        };
        let parts: Vec<String> = Severity::WORDS.iter().rev().filter_map(count).collect();
        let held = if self.held {
            ", held back until now"
        } else {
            ""
        };
        format!("{} things: {}{held}", self.notices.len(), parts.join(", "))
    }

    /// The event as programs get it: `schema` 1, one object.
    #[must_use]
    pub fn event(&self, home: &str) -> Value {
        let cut = |text: &str| text.chars().take(TEXT).collect::<String>();
        let (id, text, ways, tool) = match self.notices.as_slice() {
            [one] => (
                one.id.clone(),
                cut(&one.text),
                one.ways.clone(),
                one.tool.clone(),
            ),
            all => {
                let mut lines: Vec<String> = all
                    .iter()
                    .take(NAMED)
                    .map(|one| cut(&one.text).chars().take(TEXT / NAMED * 2).collect())
                    .collect();
                if all.len() > NAMED {
                    lines.push(format!("and {} more", all.len() - NAMED));
                }
                let ways = vec!["dev-factory status".to_owned()];
                ("summary".to_owned(), lines.join("\n"), ways, None)
            }
        };
        json!({
            "schema": 1,
            "id": id,
            "severity": self.severity().word(),
            "title": self.title(),
            "text": text,
            "ways": ways,
            "tool": tool,
            "since": self.notices.iter().map(|one| one.since).min(),
            "again": self.again,
            "home": home,
            "events": match self.notices.len() {
                1 => json!([]),
                _ => json!(self.notices),
            },
        })
    }
}
