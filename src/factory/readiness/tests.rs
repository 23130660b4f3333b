//! Rests and waits of models that fail, and the hours of a role.

use super::*;
use chrono::TimeZone;

const ROLES: [Role; 1] = [Role::Developer];

fn named(host: &str) -> ModelRef {
    ModelRef {
        host: host.to_owned(),
        model: "m".to_owned(),
    }
}

fn with(models: &[&ModelRef]) -> Readiness {
    let models = models.iter().map(|model| (*model).clone()).collect();
    Readiness {
        models: BTreeMap::from([(Role::Developer, models)]),
        external: BTreeMap::new(),
        schedules: BTreeMap::new(),
        seen: BTreeMap::new(),
        firsts: BTreeMap::new(),
    }
}

/// How long a model is left alone after one more failed turn.
fn left(readiness: &mut Readiness, model: &ModelRef, fault: Fault) -> Duration {
    let error = ModelError::new(&model.host, fault, "");
    readiness.failed(model, String::new(), &error);
    assert!(!readiness.due(&ROLES).contains(model));
    let seen = readiness.seen.get(&model.to_string()).unwrap();
    seen.again.duration_since(Instant::now())
}

fn answers(model: &ModelRef) -> HostStatus {
    HostStatus {
        live: true,
        ..HostStatus::away(&model.host, "m", Fault::Hung, "", "")
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_another_took_over_from_rests_longer_each_time_until_a_turn_ends() {
    let (lab, spare) = (named("lab"), named("spare"));
    let mut readiness = with(&[&lab, &spare]);
    let rest = |readiness: &mut Readiness| {
        let rest = left(readiness, &lab, Fault::Hung).as_secs();
        assert!(readiness.sick(&lab));
        rest
    };
    assert_eq!(rest(&mut readiness), 600);
    assert_eq!(rest(&mut readiness), 1200);
    for _ in 0..5 {
        rest(&mut readiness);
    }
    assert_eq!(rest(&mut readiness), 3 * 3600);
    tokio::time::advance(LONGEST_REST).await;
    assert!(readiness.due(&ROLES).contains(&lab), "it is tried again");
    readiness.probed(&lab, &answers(&lab));
    assert!(!readiness.sick(&lab));
    readiness.worked(Role::Developer);
    assert_eq!(rest(&mut readiness), 600);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_answers_questions_and_fails_its_turns_is_left_alone_up_to_five_minutes() {
    let lab = named("lab");
    let mut readiness = with(&[&lab]);
    let around = |seconds: u64, wait: Duration| {
        let middle = Duration::from_secs(seconds);
        assert!(
            (middle * 3 / 4..=middle * 5 / 4).contains(&wait),
            "{wait:?} is not about {seconds} s"
        );
    };
    for seconds in [2, 4, 8] {
        // No shorter than a host that is away.
        let least = Duration::from_secs(seconds.min(10));
        around(
            seconds,
            left(&mut readiness, &lab, Fault::Server).max(least),
        );
        readiness.probed(&lab, &answers(&lab));
    }
    for _ in 0..10 {
        left(&mut readiness, &lab, Fault::Server);
        readiness.probed(&lab, &answers(&lab));
    }
    around(300, left(&mut readiness, &lab, Fault::Server));
    readiness.worked(Role::Developer);
    around(2, left(&mut readiness, &lab, Fault::Server));
}

#[test]
fn a_schedule_counts_for_whole_minutes_of_the_local_day() {
    let says = |schedule: &str, (hour, minute, second)| {
        let mut readiness = with(&[]);
        let cron = schedule.parse().unwrap();
        readiness.schedules.insert(Role::Developer, cron);
        let at = Local.with_ymd_and_hms(2026, 1, 15, hour, minute, second);
        readiness.on_schedule(Role::Developer, at.unwrap().to_utc())
    };
    let night = "* 22-23,0-6 * * *";
    for (at, on) in [
        ((21, 59, 59), false),
        ((22, 0, 0), true),
        ((22, 30, 17), true),
        ((6, 59, 59), true),
        ((7, 0, 0), false),
        ((7, 10, 5), false),
    ] {
        assert_eq!(says(night, at), on, "{at:?}");
        assert!(says("* * * * *", at), "{at:?}");
    }
    assert!(with(&[]).on_schedule(Role::Developer, Utc::now()));
}
