//! When hosts were away, as the journal tells it: from the turn that failed and cut its attempt short, until the host
//! answered again or a turn of it came to its end.

use super::actor;
use super::event::{Event, EventBody};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Absences kept.
const KEPT: usize = 64;

/// A host was away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Its name in the settings.
    pub host: String,
    /// From the failed turn on.
    pub from: DateTime<Utc>,
    /// Until it answered again or ended a turn; None = it has done neither since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Turns that failed and were, or are to be, taken again.
    pub turns: u32,
    /// What went wrong first.
    pub why: String,
}

impl Away {
    /// How long it was away, counted to `now` where it still is.
    #[must_use]
    pub fn time(&self, now: DateTime<Utc>) -> TimeDelta {
        let end = self.to.unwrap_or(now);
        (end - self.from).max(TimeDelta::zero())
    }
}

/// The hosts of a home.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Absences {
    /// Newest last.
    pub all: Vec<Away>,
    /// The first of the turns that failed since a host's last whole one.
    failed: BTreeMap<String, Away>,
}

impl Absences {
    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        match &event.body {
            EventBody::Turn(turn) if turn.ok => {
                self.failed.remove(&turn.host);
                let open = self.all.iter_mut().rev().find(|away| away.is(&turn.host));
                if let Some(away) = open {
                    away.to = Some(event.ts);
                }
            }
            EventBody::HostBack { host } => {
                let open = self.all.iter_mut().rev().find(|away| away.is(host));
                if let Some(away) = open {
                    away.to = Some(event.ts);
                }
            }
            EventBody::Turn(turn) => {
                let open = self.all.iter_mut().rev().find(|away| away.is(&turn.host));
                let away = match open {
                    Some(away) => away,
                    None => self.failed.entry(turn.host.clone()).or_insert(Away {
                        host: turn.host.clone(),
                        from: event.ts,
                        to: None,
                        turns: 0,
                        why: turn.error.clone().unwrap_or_default(),
                    }),
                };
                away.turns = away.turns.saturating_add(1);
            }
            EventBody::AttemptDropped { reason, .. } if event.actor == actor::ENGINE => {
                // The reason names the host whose turns could not be taken.
                let host = reason.split(' ').next().unwrap_or_default();
                if let Some(away) = self.failed.remove(host) {
                    self.all.push(away);
                    let over = self.all.len().saturating_sub(KEPT);
                    self.all.drain(..over);
                }
            }
            _ => {}
        }
    }

    /// Absences of a host, oldest first.
    pub fn of<'a>(&'a self, host: &'a str) -> impl Iterator<Item = &'a Away> {
        self.all.iter().filter(move |away| away.host == host)
    }
}

impl Away {
    fn is(&self, host: &str) -> bool {
        self.host == host && self.to.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(second: i64, body: EventBody) -> Event {
        Event {
            seq: second.unsigned_abs(),
            ts: DateTime::UNIX_EPOCH + TimeDelta::seconds(second),
            lane: "main".to_owned(),
            tool: None,
            actor: actor::ENGINE.to_owned(),
            body,
        }
    }

    #[test]
    fn a_host_is_away_until_it_answers_again() {
        let failed = serde_json::json!({"label": "x", "role": "developer", "host": "gpu2", "model": "m", "ok": false,
            "error": "refused", "millis": 1000, "local": true});
        let mut hosts = Absences::default();
        hosts.apply(&event(
            1,
            EventBody::Turn(serde_json::from_value(failed).unwrap()),
        ));
        let reason = "gpu2 does not answer".to_owned();
        hosts.apply(&event(2, EventBody::AttemptDropped { id: 1, reason }));
        let host = |name: &str| EventBody::HostBack {
            host: name.to_owned(),
        };
        hosts.apply(&event(60, host("gpu1")));
        assert_eq!(hosts.of("gpu2").next().unwrap().to, None);
        hosts.apply(&event(360, host("gpu2")));
        hosts.apply(&event(9000, host("gpu2")));
        let away = hosts.of("gpu2").next().unwrap();
        assert_eq!(
            away.time(DateTime::UNIX_EPOCH + TimeDelta::hours(8)),
            TimeDelta::seconds(359)
        );
    }
}
