//! Who is told what and when, as rows: minutes after noon, what happens, and what is due then.

use chrono::{DateTime, Duration, NaiveTime, TimeZone, Utc};
use dev_factory::domain::command::{Command, Verb};
use dev_factory::domain::event::{Event, EventBody, Move, NewEvent, ShipRecord};
use dev_factory::domain::notice::{Message, Notice, Plan, Quiet, Record, Rules, Severity};
use dev_factory::domain::phase::{Outcome, Phase};
use std::collections::{BTreeMap, BTreeSet};

fn noon(minutes: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 29, 12, 0, 0).unwrap() + Duration::minutes(minutes)
}

fn notice(id: &str, severity: Severity, since: i64) -> Notice {
    Notice {
        id: id.to_owned(),
        severity,
        text: format!("{id} it is"),
        ways: vec![format!("dev-factory see {id}")],
        tool: None,
        since: noon(since),
    }
}

fn rules(targets: &[(&str, &[Severity])]) -> Rules {
    let of = |(name, on): &(&str, &[Severity])| ((*name).to_owned(), on.iter().copied().collect());
    Rules {
        targets: targets.iter().map(of).collect(),
        ..Rules::default()
    }
}

const ALL: [Severity; 4] = [
    Severity::NeedsYou,
    Severity::Shipped,
    Severity::Budget,
    Severity::Incident,
];

/// A record whose clock is UTC, with every message arriving at once.
struct Desk {
    record: Record,
    rules: Rules,
}

impl Desk {
    fn new(rules: Rules) -> Self {
        Self {
            record: Record::default(),
            rules,
        }
    }

    fn plan(&mut self, at: i64) -> Plan {
        let now = noon(at);
        self.record.tidy(&self.rules, now);
        self.record
            .plan(&self.rules, &BTreeSet::new(), now, now.time())
    }

    /// All that goes out now, as `target: id id`; each arrives.
    fn sent(&mut self, at: i64) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let messages = self.plan(at).messages;
            if messages.is_empty() {
                return all;
            }
            for message in messages {
                all.push(format!("{}: {}", message.target, message.ids().join(" ")));
                self.record.told(&message.target, &message.ids(), noon(at));
            }
        }
    }

    fn needs(&mut self, at: i64, ids: &[&str]) {
        let all = ids.iter().map(|id| notice(id, Severity::NeedsYou, at));
        self.record.waits(noon(at), all.collect());
    }
}

#[test]
fn quiet_hours_are_local_and_go_across_midnight() {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    for (quiet, at, left) in [
        ("22:00-07:00", "21:59", None),
        ("22:00-07:00", "22:00", Some(540)),
        ("22:00-07:00", "23:30", Some(450)),
        ("22:00-07:00", "00:00", Some(420)),
        ("22:00-07:00", "06:59", Some(1)),
        ("22:00-07:00", "07:00", None),
        ("12:30-13:00", "12:45", Some(15)),
        ("12:30-13:00", "13:00", None),
        ("00:00-08:00", "00:00", Some(480)),
        (" 1:05 - 2:00 ", "01:30", Some(30)),
    ] {
        let found = Quiet::of(quiet).unwrap().left(time(at));
        assert_eq!(
            found.map(|left| left.num_minutes()),
            left,
            "{quiet} at {at}"
        );
    }
    for bad in ["", "22:00", "22-7", "24:00-07:00", "07:00-07:00", "night"] {
        assert_eq!(Quiet::of(bad), None, "{bad}");
    }
}

#[test]
fn each_target_is_told_of_its_severities() {
    let mut desk = Desk::new(rules(&[
        ("chat", &[Severity::Shipped]),
        ("phone", &[Severity::NeedsYou, Severity::Incident]),
        ("log", &ALL),
    ]));
    desk.record
        .happened(notice("shipped:a@1.0.0", Severity::Shipped, 0));
    desk.record
        .waits(noon(0), vec![notice("pause:1", Severity::Incident, 0)]);
    let mut sent = desk.sent(0);
    sent.sort();
    assert_eq!(
        sent,
        [
            "chat: shipped:a@1.0.0",
            "log: pause:1",
            "log: shipped:a@1.0.0",
            "phone: pause:1"
        ]
    );
    assert!(desk.sent(1).is_empty(), "nothing twice");
}

#[test]
fn what_waits_is_told_again_until_somebody_has_looked() {
    let mut desk = Desk::new(rules(&[("phone", &ALL)]));
    desk.needs(0, &["review:a"]);
    assert_eq!(desk.sent(0), ["phone: review:a"]);
    assert_eq!(desk.plan(59).next, Some(noon(60)));
    assert!(desk.sent(59).is_empty());
    assert_eq!(desk.sent(60), ["phone: review:a"]);
    let mut again = desk.plan(120).messages;
    assert!(again.pop().unwrap().again);
    desk.record.looked(noon(100));
    assert!(desk.sent(130).is_empty());
    assert_eq!(desk.plan(1000).next, None);
    // Something new is told all the same, and the old one stays quiet.
    desk.needs(140, &["review:a", "park:b"]);
    assert_eq!(desk.sent(140), ["phone: park:b"]);
    desk.rules.repeat = 0;
    assert!(desk.sent(100_000).is_empty(), "0 is never");
}

#[test]
fn a_cause_that_is_gone_is_not_told_and_one_that_flickers_is_told_once() {
    let mut desk = Desk::new(rules(&[("phone", &ALL)]));
    desk.needs(0, &["host:developer"]);
    desk.needs(0, &[]);
    assert!(desk.sent(0).is_empty(), "gone before anybody was told");
    desk.needs(1, &["host:developer"]);
    assert_eq!(desk.sent(1), ["phone: host:developer"]);
    for at in (2..40).step_by(4) {
        desk.needs(at, &[]);
        assert!(desk.sent(at).is_empty());
        desk.needs(at + 2, &["host:developer"]);
        assert!(desk.sent(at + 2).is_empty(), "at {at}");
    }
    desk.needs(42, &[]);
    assert!(desk.sent(55).is_empty());
    desk.needs(56, &["host:developer"]);
    assert_eq!(
        desk.sent(56),
        ["phone: host:developer"],
        "after a while it is news again"
    );
}

#[test]
fn what_somebody_has_dealt_with_is_news_when_it_comes_back() {
    let mut desk = Desk::new(rules(&[("phone", &ALL)]));
    desk.needs(0, &["host:qa", "review:a"]);
    assert_eq!(desk.sent(0), ["phone: host:qa", "phone: review:a"]);
    desk.record.looked(noon(2));
    desk.needs(3, &[]);
    desk.needs(6, &["host:qa", "review:a"]);
    assert_eq!(desk.sent(6), ["phone: review:a"]);
    // A host that comes and goes is told again after the usual time: who looked before knows nothing of it.
    assert!(desk.sent(59).is_empty());
    assert_eq!(desk.sent(60), ["phone: host:qa"]);
}

#[test]
fn quiet_hours_hold_back_all_but_the_urgent_and_end_in_one_summary() {
    let mut desk = Desk::new(Rules {
        quiet: Quiet::of("11:00-15:00"),
        loud: BTreeSet::from([Severity::Incident]),
        ..rules(&[("phone", &ALL)])
    });
    desk.record
        .happened(notice("shipped:a@1.0.0", Severity::Shipped, 0));
    desk.needs(0, &["review:b"]);
    assert!(desk.sent(0).is_empty());
    assert_eq!(desk.plan(0).next, Some(noon(180)));
    let both = [
        notice("review:b", Severity::NeedsYou, 0),
        notice("pause:1", Severity::Incident, 5),
    ];
    desk.record.waits(noon(5), both.to_vec());
    assert_eq!(desk.sent(5), ["phone: pause:1"]);
    desk.needs(179, &["review:b"]);
    assert!(desk.sent(179).is_empty());
    let plan = desk.plan(180);
    let [message] = plan.messages.as_slice() else {
        panic!("{plan:?}");
    };
    assert_eq!(message.ids(), ["review:b", "shipped:a@1.0.0"]);
    let event = message.event("/home/me/factory");
    assert_eq!(
        event["title"],
        "2 things: 1 needs-you, 1 shipped, held back until now"
    );
    assert_eq!(event["severity"], "needs-you");
    assert_eq!(event["events"].as_array().unwrap().len(), 2);
    assert_eq!(event["text"], "review:b it is\nshipped:a@1.0.0 it is");
}

#[test]
fn more_than_may_be_sent_within_an_hour_becomes_a_summary_later() {
    let mut desk = Desk::new(Rules {
        per_hour: 2,
        ..rules(&[("phone", &ALL)])
    });
    for n in 0..2 {
        desk.record
            .happened(notice(&format!("shipped:t{n}@1.0.0"), Severity::Shipped, n));
        assert_eq!(desk.sent(n).len(), 1);
    }
    for n in 2..30 {
        desk.record
            .happened(notice(&format!("shipped:t{n}@1.0.0"), Severity::Shipped, n));
        assert!(desk.sent(n).is_empty(), "{n}");
    }
    assert_eq!(desk.plan(30).next, Some(noon(60)));
    let sent = desk.sent(60);
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].split(' ').count(), 29, "{sent:?}");
    assert!(desk.sent(60).is_empty());
}

#[test]
fn many_at_once_are_one_message_of_bounded_size() {
    let mut desk = Desk::new(rules(&[("phone", &ALL)]));
    for n in 0..40 {
        let mut one = notice(&format!("shipped:t{n}@1.0.0"), Severity::Shipped, 0);
        one.text = "x".repeat(10_000);
        desk.record.happened(one);
    }
    let plan = desk.plan(0);
    assert_eq!(plan.messages.len(), 1);
    let event = plan.messages[0].event("/h");
    let text = event["text"].as_str().unwrap();
    assert!(
        text.len() < 3_000 && text.ends_with("and 30 more"),
        "{}",
        text.len()
    );
}

#[test]
fn a_target_that_fails_is_tried_again_later_each_time_and_holds_up_no_other() {
    let mut desk = Desk::new(rules(&[("chat", &ALL), ("phone", &ALL)]));
    desk.record
        .happened(notice("shipped:a@1.0.0", Severity::Shipped, 0));
    let mut now = noon(0);
    let mut waits = Vec::new();
    for _ in 0..10 {
        let plan = desk.record.plan(
            &desk.rules,
            &BTreeSet::from(["phone".to_owned()]),
            now,
            now.time(),
        );
        assert_eq!(plan.messages.len(), 1, "{plan:?}");
        desk.record.failed("chat", "it answers 500", now);
        let plan = desk.record.plan(
            &desk.rules,
            &BTreeSet::from(["phone".to_owned()]),
            now,
            now.time(),
        );
        assert!(plan.messages.is_empty());
        waits.push((plan.next.unwrap() - now).num_seconds());
        now = plan.next.unwrap();
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    assert_eq!(desk.record.targets["chat"].failures, 10);
    desk.record
        .told("chat", &["shipped:a@1.0.0".to_owned()], now);
    assert_eq!(desk.record.targets["chat"].failures, 0);
    let left = desk
        .record
        .plan(&desk.rules, &BTreeSet::new(), now, now.time());
    let targets: Vec<&str> = left
        .messages
        .iter()
        .map(|one| one.target.as_str())
        .collect();
    assert_eq!(targets, ["phone"]);
}

#[test]
fn a_restart_tells_nothing_twice_and_forgets_nothing() {
    let mut desk = Desk::new(rules(&[("phone", &ALL)]));
    desk.needs(0, &["review:a"]);
    desk.record
        .happened(notice("shipped:b@1.0.0", Severity::Shipped, 0));
    let first: Message = desk.plan(0).messages.remove(0);
    desk.record.told("phone", &first.ids(), noon(0));
    let text = serde_json::to_string(&desk.record).unwrap();
    desk.record = serde_json::from_str(&text).unwrap();
    desk.needs(1, &["review:a"]);
    assert_eq!(first.ids(), ["review:a"]);
    assert_eq!(desk.sent(1), ["phone: shipped:b@1.0.0"]);
    // The same release, heard of a second time.
    desk.record
        .happened(notice("shipped:b@1.0.0", Severity::Shipped, 0));
    assert!(desk.sent(2).is_empty());
}

#[test]
fn the_record_stays_small_over_a_year() {
    let mut desk = Desk::new(rules(&[("phone", &ALL), ("chat", &[Severity::Incident])]));
    for hour in 0..24 * 365 {
        let at = hour * 60;
        desk.record.happened(notice(
            &format!("shipped:t{hour}@1.0.0"),
            Severity::Shipped,
            at,
        ));
        desk.needs(at, &[format!("review:t{hour}").as_str()]);
        desk.sent(at);
        if hour % 240 == 0 {
            let size = serde_json::to_string(&desk.record).unwrap().len();
            assert!(size < 40_000, "{size} bytes after {hour} hours");
        }
    }
    desk.rules.targets = BTreeMap::new();
    desk.plan(24 * 365 * 60);
    assert!(desk.record.targets.is_empty());
}

#[test]
fn releases_and_operators_are_heard_in_the_journal() {
    let event = |seq: u64, body: EventBody| -> Event {
        NewEvent {
            tool: Some("a".to_owned()),
            actor: "engine".to_owned(),
            body,
        }
        .numbered(seq, noon(i64::try_from(seq).unwrap()))
    };
    let ship = EventBody::Move(Move {
        from: Phase::Review,
        to: Phase::Shipped,
        outcome: Outcome::Ship,
        reason: None,
        attempt: None,
        cycle_count: 0,
        started_at: None,
        escalation: None,
        ship: Some(ShipRecord {
            version: "1.0.0".to_owned(),
            tag: "a@1.0.0".to_owned(),
            commit: "c0ffee".to_owned(),
        }),
        fresh: false,
        commit: None,
        spec: None,
        cases: None,
        unit: None,
    });
    let answered = |by: &str| EventBody::Answered {
        command: Command {
            id: "x".to_owned(),
            verb: Verb::Retry {},
            tool: None,
            phase: None,
            since: None,
            attempt: None,
            by: by.to_owned(),
            at: noon(0),
        },
        accepted: false,
        sentence: "no".to_owned(),
    };
    let mut record = Record::default();
    record.hear(&event(1, ship));
    record.hear(&event(2, answered("engine")));
    assert_eq!((record.seq, record.seen), (2, None));
    assert_eq!(
        record.entries["shipped:a@1.0.0"].notice.text,
        "a 1.0.0 is released, tag a@1.0.0"
    );
    record.hear(&event(3, answered("operator:me")));
    assert_eq!(record.seen, Some(noon(3)), "also one that was refused");
}

#[test]
fn a_clock_that_was_put_back_neither_stops_nor_repeats_anything() {
    let day = 24 * 60;
    let mut desk = Desk::new(rules(&[("phone", &ALL)]));
    desk.rules.per_hour = 2;
    desk.needs(day, &["review:a"]);
    assert_eq!(desk.sent(day), ["phone: review:a"]);
    desk.record
        .happened(notice("shipped:b@1.0.0", Severity::Shipped, day));
    desk.record.failed("phone", "it answers 500", noon(day));
    // A day back.
    desk.needs(0, &["review:a"]);
    assert!(desk.sent(0).is_empty(), "the target is to rest first");
    assert_eq!(desk.sent(60), ["phone: review:a", "phone: shipped:b@1.0.0"]);
    // Somebody has looked in what is to come now.
    desk.record.looked(noon(day));
    desk.needs(130, &["review:a", "review:c"]);
    assert_eq!(desk.sent(130), ["phone: review:c"]);
}

#[test]
fn what_fails_fails_since_its_first_time() {
    let mut record = Record::default();
    for minutes in 0..3 {
        record.failed("chat", "it answers 500", noon(minutes));
    }
    let post = record.targets["chat"].clone();
    assert_eq!((post.failing, post.failures), (Some(noon(0)), 3));
    // A message that counts as told does not mend its target.
    record.happened(notice("shipped:a@1.0.0", Severity::Shipped, 0));
    let ids = ["shipped:a@1.0.0".to_owned()];
    record.taken_for_told("chat", &ids, noon(4));
    assert_eq!(record.targets["chat"], post);
    assert!(record.entries[&ids[0]].told.contains_key("chat"));
    record.told("chat", &ids, noon(5));
    assert_eq!(record.targets["chat"].failing, None);
}
