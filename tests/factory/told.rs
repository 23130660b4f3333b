//! People are told while no screen is open: once, also across restarts, and never at the price of work.

use crate::commands::all_done;
use crate::homes::TOOL;
use crate::plant::Plant;
use dev_factory::domain::command::Verb;
use dev_factory::domain::screen::Snapshot;
use dev_factory::factory::engine::Ended;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::notifier::{Lost, Notifier, Target};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const CHAT: &str = "[notify.chat]\nwebhook = \"http://127.0.0.1:1/hook\"\n";

/// Notes what it is given; fails, or never comes to an end, when that is asked for.
#[derive(Default)]
struct Notes {
    sent: Mutex<Vec<Value>>,
    fails: AtomicBool,
    /// It fails, but may have arrived.
    perhaps: AtomicBool,
    hangs: AtomicBool,
}

impl Notes {
    fn ids(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Notifier for Notes {
    fn send<'a>(&'a self, _: &'a Target, event: &'a Value) -> BoxFuture<'a, Result<(), Lost>> {
        async move {
            self.sent.lock().unwrap().push(event.clone());
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.perhaps.load(Ordering::SeqCst) {
                return Err(Lost {
                    why: "it was ended after 10 s".to_owned(),
                    said: "canary".to_owned(),
                    perhaps: true,
                });
            }
            match self.fails.load(Ordering::SeqCst) {
                true => Err("it answers 500".into()),
                false => Ok(()),
            }
        }
        .boxed()
    }
}

fn plant(tools: &[&str]) -> (Plant, Arc<Notes>) {
    let notes = Arc::new(Notes::default());
    let mut plant = Plant::new(tools);
    plant.notifier = notes.clone();
    plant.user_settings(CHAT);
    (plant, notes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_told_once_also_when_the_engine_starts_again() {
    let (plant, notes) = plant(&[TOOL]);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let shipped = format!("shipped:{TOOL}@1.0.0");
    assert_eq!(notes.ids(), std::slice::from_ref(&shipped));
    let event = notes.sent.lock().unwrap()[0].clone();
    assert_eq!(event["severity"], "shipped");
    assert_eq!(event["title"], format!("{TOOL}: shipped"));
    assert_eq!(event["home"], plant.home.to_str().unwrap());
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(notes.ids(), [shipped]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_could_not_be_told_is_a_finding_and_is_told_later() {
    let (plant, notes) = plant(&[TOOL]);
    notes.fails.store(true, Ordering::SeqCst);
    let mut engine = plant.start();
    let untold = |s: &Snapshot| {
        let need = s.needs.iter().find(|need| need.id == "notify:chat");
        need.is_some_and(|need| need.why.contains("it answers 500") && !need.blocking)
    };
    engine.until("the finding", untold).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")], "work went on");
    notes.fails.store(false, Ordering::SeqCst);
    notes.sent.lock().unwrap().clear();
    // Half an hour later, after a restart.
    plant.clock.forward(chrono::Duration::minutes(30));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(notes.ids(), [format!("shipped:{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_hangs_holds_up_nothing_and_what_a_person_did_is_no_news() {
    let (plant, notes) = plant(&[TOOL]);
    notes.hangs.store(true, Ordering::SeqCst);
    let mut engine = plant.start();
    all_done(&mut engine).await;
    let pause = Verb::Pause {
        scope: None,
        reason: Some("night".to_owned()),
        until: None,
    };
    plant.told(pause).await;
    engine.until("paused", |s| !s.pauses.is_empty()).await;
    assert_eq!(
        notes.ids(),
        [format!("shipped:{TOOL}@1.0.0")],
        "one at a time"
    );
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_comes_to_those_who_want_it_and_settings_take_effect_at_once() {
    let (plant, notes) = plant(&[TOOL]);
    plant.user_settings("");
    let held = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant
        .told(Verb::Park {
            item: None,
            reason: Some("look at it".to_owned()),
        })
        .await;
    engine
        .until("parked", |s| {
            s.needs.iter().any(|n| n.id == format!("park:{TOOL}"))
        })
        .await;
    assert!(notes.ids().is_empty(), "there is nobody to tell");
    plant.user_settings(CHAT);
    plant.touch_settings();
    engine
        .until("it is read", |_| !notes.ids().is_empty())
        .await;
    assert_eq!(notes.ids(), [format!("park:{TOOL}")]);
    let event = notes.sent.lock().unwrap()[0].clone();
    assert_eq!(event["severity"], "needs-you");
    assert!(
        event["text"].as_str().unwrap().contains("look at it"),
        "{event}"
    );
    assert_eq!(event["ways"][0], format!("dev-factory unpark {TOOL}"));
    engine.stop().await;
    let kept: Value = serde_json::from_str(&plant.read("dev-factory/run/told.json")).unwrap();
    assert!(
        kept["entries"][format!("park:{TOOL}")]["told"]["chat"].is_string(),
        "{kept}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_again_until_a_screen_was_opened() {
    let (plant, notes) = plant(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    held.reached(1).await;
    let park = Verb::Park {
        item: None,
        reason: None,
    };
    plant.told(park).await;
    let id = format!("park:{TOOL}");
    let times = |n: usize| notes.ids() == vec![id.clone(); n];
    engine.until("it is told", |_| times(1)).await;
    let hour = chrono::Duration::minutes(61);
    plant.clock.forward(hour);
    plant.touch_settings();
    engine.until("it is told again", |_| times(2)).await;
    assert_eq!(notes.sent.lock().unwrap()[1]["again"], true);
    dev_factory::adapters::store::seen(&plant.home, plant.clock.now()).unwrap();
    let before: Value = serde_json::from_str(&plant.read("dev-factory/run/told.json")).unwrap();
    plant.clock.forward(hour);
    plant.touch_settings();
    let looked = |_: &Snapshot| {
        let now = plant.read("dev-factory/run/told.json");
        let now: Value = serde_json::from_str(&now).unwrap();
        now["seen"] != before["seen"]
    };
    engine.until("somebody has looked", looked).await;
    assert!(times(2), "{:?}", notes.ids());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_may_have_arrived_is_sent_three_times_at_most() {
    let (plant, notes) = plant(&[TOOL]);
    notes.perhaps.store(true, Ordering::SeqCst);
    let mut engine = plant.start();
    all_done(&mut engine).await;
    let shipped = format!("shipped:{TOOL}@1.0.0");
    let times = |n: usize| notes.ids() == vec![shipped.clone(); n];
    let hour = chrono::Duration::minutes(61);
    let kept =
        || -> Value { serde_json::from_str(&plant.read("dev-factory/run/told.json")).unwrap() };
    for n in 1..=3 {
        engine.until("it is sent", |_| times(n)).await;
        let failed = |_: &Snapshot| kept()["targets"]["chat"]["failures"] == n;
        engine.until("it has failed", failed).await;
        plant.clock.forward(hour);
        plant.touch_settings();
    }
    let told = |_: &Snapshot| kept()["entries"][&shipped]["told"]["chat"].is_string();
    engine.until("it counts as told", told).await;
    plant.clock.forward(hour);
    plant.touch_settings();
    let pause = Verb::Pause {
        scope: None,
        reason: None,
        until: None,
    };
    plant.told(pause).await;
    engine.stop().await;
    assert!(times(3), "{:?}", notes.ids());
    assert!(!kept().to_string().contains("canary"), "{}", kept());
    let failing = &kept()["targets"]["chat"];
    assert!(
        failing["failing"].as_str().unwrap() < failing["again"].as_str().unwrap(),
        "{failing}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_of_a_tool_are_no_reason_to_write_the_record_of_what_waits_anew() {
    let (plant, notes) = plant(&[TOOL]);
    let spec = plant.desk.hold(&format!("{TOOL}/spec/draft"));
    let review = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    spec.reached(1).await;
    std::fs::write(plant.home.join("dev-factory/wishlist.json"), "{").unwrap();
    engine.until("it is told", |_| notes.ids().len() == 1).await;
    let record = plant.home.join("dev-factory/run/told.json");
    let written = || std::fs::metadata(&record).unwrap().modified().unwrap();
    let told = |_: &Snapshot| {
        let kept = plant.read("dev-factory/run/told.json");
        let kept: Value = serde_json::from_str(&kept).unwrap();
        kept["targets"]["chat"]["recent"]
            .as_array()
            .is_some_and(|all| all.len() == 1)
    };
    engine.until("it is kept", told).await;
    let before = written();
    spec.open();
    review.reached(1).await;
    engine.stop().await;
    assert_eq!(written(), before);
    assert_eq!(notes.ids().len(), 1);
}
