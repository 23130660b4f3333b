//! Money through the engine: a limit of the day stops paid turns, says so, and the next day goes on.

use crate::aside::Hooked;
use crate::commands::all_done;
use crate::doubles::{Act, Blocked};
use crate::external::eventually;
use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use crate::refusing::Refusing;
use chrono::Duration;
use dev_factory::adapters::store::submit;
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{EventBody, Turn, Unit};
use dev_factory::domain::phase::Outcome;
use dev_factory::domain::screen::{Need, Snapshot};
use dev_factory::domain::state::{Pause, PauseKind, Scope};
use dev_factory::factory::engine::Ended;
use dev_factory::factory::ports::model::{Fault, ModelError};
use serde_json::json;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Three turns a day, the third being the one that reaches the limit.
fn plant() -> Plant {
    let limits = "[limits]\nday_usd = 0.5\ntool_usd = 100.0\n";
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}\n{limits}"));
    plant.desk.paid(0.2);
    plant
}

/// Another limit of money.
fn usd_of(scope: &str, amount: f64) -> Verb {
    Verb::Budget {
        scope: scope.to_owned(),
        unit: Unit::Usd,
        amount,
    }
}

fn reached(seen: &Snapshot) -> bool {
    let budget = |p: &Pause| p.kind == PauseKind::Budget;
    seen.pauses.len() == 3 && seen.pauses.iter().all(budget) && !seen.pausing
}

#[tokio::test(start_paused = true)]
async fn a_day_limit_stops_before_the_next_paid_turn_and_the_next_day_goes_on() {
    let plant = plant();
    let turns = || plant.desk.labels().len();
    let mut engine = plant.start();
    let seen = engine.until("the limit is reached", reached).await;
    assert_eq!(turns(), 3);
    let reason = &seen.pauses[0].reason;
    assert!(
        reason.contains("factory has used 0.60 of 0.50 usd within 24 hours"),
        "{reason}"
    );
    let said = |seen: &Snapshot| seen.needs.iter().any(|n| n.why.contains("0.60 of 0.50"));
    assert!(said(&seen) && (seen.day_usd - 0.6).abs() < 1e-9);
    // Almost a day is not a day; then the attempt that waited goes on where it stood.
    let looks = std::time::Duration::from_secs(300);
    plant.clock.forward(Duration::hours(23));
    tokio::time::sleep(looks).await;
    engine.until("nothing new", reached).await;
    assert_eq!(turns(), 3);
    plant.clock.forward(Duration::hours(2));
    let mut shipped = false;
    while !shipped {
        let before = turns();
        tokio::time::sleep(looks).await;
        let over = |s: &Snapshot| s.totals.shipped == 1 || (turns() == before + 3 && reached(s));
        let seen = engine.until("another day's turns", over).await;
        assert!(turns() <= before + 3);
        shipped = seen.totals.shipped == 1;
        plant.clock.forward(Duration::hours(25));
    }
    engine.stop().await;
    let dropped = |e: &EventBody| matches!(e, EventBody::AttemptDropped { .. });
    assert!(!plant.journal().iter().any(|e| dropped(&e.body)));
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert!(plant.factory().totals.usd > 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_finds_the_limit_reached_starts_no_turn_until_the_next_day() {
    let plant = plant();
    for turns in [3, 3] {
        assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
        assert_eq!(plant.desk.labels().len(), turns);
    }
    plant.clock.forward(Duration::hours(25));
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    assert_eq!(plant.desk.labels().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_set_below_what_is_used_holds_at_once_and_a_higher_one_lets_go() {
    let plant = plant();
    let held = plant.desk.hold(&format!("{TOOL}/spec/template"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.told(usd_of("factory", 0.1)).await;
    engine.until("held", |s| s.pauses.len() == 3).await;
    held.open();
    engine
        .until("the turn ended and no other began", reached)
        .await;
    assert_eq!(plant.desk.labels().len(), 2);
    plant.told(usd_of("factory", 50.0)).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_parked_by_its_limit_goes_on_where_it_stood_when_the_limit_is_raised() {
    let limits = "[limits]\nday_usd = 100.0\ntool_usd = 0.7\n";
    let plant = Plant::with(&[TOOL], &format!("{STAFFED}\n{limits}"));
    plant.desk.paid(0.2);
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    let before = plant.desk.labels();
    assert_eq!(before.len(), 4, "{before:?}");
    let item = plant.item(TOOL);
    let words = item.reason.clone().unwrap_or_default();
    assert!(words.contains("has used 0.80 of 0.70 usd"), "{words}");
    let events = plant.journal();
    let fired = events.iter().find_map(|event| match &event.body {
        EventBody::Stuck { rule, evidence, .. } => Some((rule.as_str(), evidence.concat())),
        _ => None,
    });
    let (rule, evidence) = fired.unwrap();
    assert_eq!(rule, "S12");
    assert!(evidence.contains("0.80 of 0.70"), "{evidence}");
    let stood = item.phase;
    assert!(stood.is_some(), "{item:?}");
    let mut engine = plant.start();
    plant.told(usd_of(TOOL, 50.0)).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let resumed = plant
        .journal()
        .into_iter()
        .find_map(|event| match event.body {
            EventBody::Move(made) if made.outcome == Outcome::Resumed => Some(made.to),
            _ => None,
        });
    assert_eq!(resumed, stood);
    let all = plant.desk.labels();
    let spec = |label: &&String| label.contains("/spec/");
    let of = |labels: &[String]| labels.iter().filter(spec).count();
    assert_eq!(of(&all), of(&before), "what was done is not done again");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_escalates_is_told_what_a_call_of_the_supervisor_costs() {
    let settings = STAFFED.replace(
        "[roles.supervisor]\nmodel = \"lab/test\"",
        "[roles.supervisor]\nmodel = \"lab/claude-opus-5-5\"",
    );
    let plant = Plant::with(&[TOOL], &settings);
    plant.desk.paid(0.01);
    let held = plant.desk.hold(&format!("{TOOL}/spec/template"));
    let mut engine = plant.start();
    held.reached(1).await;
    let seen = engine
        .until("a price", |s| !s.review_price.is_empty())
        .await;
    let said = plant
        .told(Verb::Escalate {
            reason: "look at it".to_owned(),
        })
        .await;
    // 12,000 tokens written to the cache at 5 USD a million, 8,192 written at 20.
    let price = "a call of lab/claude-opus-5-5 costs at most $0.22";
    assert!(said.ends_with(price), "{said}");
    assert_eq!(seen.review_price, price);
    // A pause of the factory puts the call off; nobody is called while the Supervisor is paused.
    let pause = |scope| Verb::Pause {
        scope,
        reason: None,
        until: None,
    };
    plant.told(pause(None)).await;
    let seen = engine.until("paused", |s| !s.pauses.is_empty()).await;
    // The call may have been made before it, and tells what such calls cost.
    let price = &seen.review_price;
    assert!(price.ends_with("at most $0.22"), "{price}");
    plant.told(pause(Some(Scope::Supervisor))).await;
    let seen = engine
        .until("no price", |s| s.review_price.is_empty())
        .await;
    let costs = |need: &Need| (need.blocking, need.waiting.clone());
    let costs: Vec<_> = seen.needs.iter().map(costs).collect();
    let goes_on = "costs nothing: other roles go on, finished tools wait on the shelf";
    assert!(costs.contains(&(true, String::new())), "{costs:?}");
    assert!(costs.contains(&(false, goes_on.to_owned())), "{costs:?}");
    held.open();
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_turn_that_is_cancelled_is_counted_once() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(0.2);
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft/0"));
    let engine = plant.start();
    held.reached(1).await;
    engine.stop().await;
    let turns = turns(&plant);
    let [turn] = &turns[..] else {
        panic!("{turns:#?}")
    };
    assert_eq!((turn.ok, turn.usd), (false, Some(0.2)));
    assert!(
        turn.uncounted,
        "what nobody counted is said to be an estimate"
    );
    assert!(
        turn.input_tokens.is_some_and(|tokens| tokens > 0),
        "{turn:?}"
    );
    let why = turn.error.as_deref().unwrap();
    assert!(why.starts_with("cancelled: "), "{why}");
    assert_all_counted(&plant, 0.2);
}

const CENT: f64 = 0.01;

fn turns(plant: &Plant) -> Vec<Turn> {
    let turn = |event: dev_factory::domain::event::Event| match event.body {
        EventBody::Turn(turn) => Some(turn),
        _ => None,
    };
    plant.journal().into_iter().filter_map(turn).collect()
}

/// Every turn that was asked for stands in the sums, once.
fn assert_all_counted(plant: &Plant, price: f64) {
    let asked = plant.desk.labels().len();
    let factory = plant.factory();
    let of_tool = factory.facts(TOOL).unwrap().usd;
    for sum in [factory.totals.usd, of_tool] {
        let wanted = asked as f64 * price;
        assert!((sum - wanted).abs() < 1e-9, "{sum}, not {wanted}");
    }
    assert_eq!(factory.sent, []);
}

#[tokio::test]
async fn a_paid_reply_that_came_before_a_command_was_carried_out_is_counted() {
    let mut plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let git = Blocked::default();
    plant.repo = Some(Arc::new(Hooked {
        versions: Some(git.clone()),
        ..Hooked::of(&plant)
    }));
    let held = plant.desk.hold(&format!("{TOOL}/spec/draft/0"));
    let mut engine = plant.start();
    held.reached(1).await;
    // The loop waits for git in the first; the reply comes before it comes to the second.
    let reopen = Verb::Reopen {
        tool: TOOL.to_owned(),
        text: "it is wrong".to_owned(),
    };
    for verb in [reopen, Verb::Retry {}] {
        submit(&plant.home, &plant.command(verb)).unwrap();
    }
    eventually("the loop waits", || git.begun()).await;
    held.open();
    let transcripts = plant.home.join("dev-factory/transcripts").join(TOOL);
    eventually("the reply is there", || transcripts.exists()).await;
    git.open();
    all_done(&mut engine).await;
    engine.stop().await;
    let drafts: Vec<Turn> = turns(&plant)
        .into_iter()
        .filter(|turn| turn.label.contains("/spec/draft/"))
        .collect();
    assert!(
        drafts.len() == 2 && drafts.iter().all(|t| t.ok),
        "{drafts:#?}"
    );
    assert_all_counted(&plant, CENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_turn_in_which_its_agent_panics_is_counted() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let label = format!("{TOOL}/spec/template");
    plant.desk.on(&label, 1, Act::Panic("now"));
    let mut engine = plant.start();
    engine.until("paused", |s| !s.pauses.is_empty()).await;
    engine.stop().await;
    assert_eq!(plant.factory().totals.incidents, 1);
    assert_all_counted(&plant, CENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_turns_whose_transcript_cannot_be_kept_are_counted() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let broken = ModelError::new("lab", Fault::Broken, "the stream ended early");
    plant
        .desk
        .on(&format!("{TOOL}/spec/draft"), 1, Act::Fail(broken));
    let folder = plant.home.join("dev-factory/transcripts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(TOOL), "no folder").unwrap();
    let mut engine = plant.start();
    // The first try fails, the next has an answer; neither can be kept.
    let ails = |s: &Snapshot| !s.conditions.is_empty() && plant.desk.labels().len() > 1;
    engine.until("it cannot be written", ails).await;
    engine.stop().await;
    assert_all_counted(&plant, CENT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_paid_turn_that_a_power_cut_ends_is_counted_at_the_next_start() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let draft = format!("{TOOL}/spec/draft/0");
    let held = plant.desk.hold(&draft);
    for times in 1..=2 {
        let engine = plant.start();
        held.reached(times).await;
        engine.cut().await;
    }
    let engine = plant.start();
    held.reached(3).await;
    let factory = plant.factory();
    assert!((factory.totals.usd - 2.0 * CENT).abs() < 1e-9);
    engine.cut().await;
    // Its answer had come and was kept, only not counted: what that has cost is known.
    let attempt = factory.attempt.unwrap().id;
    let transcripts = plant.home.join("dev-factory/transcripts").join(TOOL);
    fs::create_dir_all(&transcripts).unwrap();
    let line = json!({
        "label": draft, "host": "lab", "model": "test",
        "request": {"messages": [], "think": false, "maxTokens": 1, "temperature": 0.0, "topP": 1.0},
        "reply": {"text": "a draft", "thought": "", "cut": false, "input_tokens": 7, "output_tokens": 5,
            "tokens_per_second": null, "usd": 7.5, "local": false, "scripted": false, "context": null},
    });
    let path = transcripts.join(format!("{attempt}-developer-spec.jsonl"));
    fs::write(path, format!("{line}\n")).unwrap();
    plant.desk.away(Some("away"));
    let mut engine = plant.start();
    engine
        .until("it has begun", |s| (s.day_usd - 7.52).abs() < 1e-9)
        .await;
    engine.stop().await;
    let turns = turns(&plant);
    let said: Vec<(bool, Option<u64>)> = turns.iter().map(|t| (t.ok, t.output_tokens)).collect();
    assert_eq!(said, [(false, Some(0)), (false, Some(0)), (true, Some(5))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_turn_that_a_lower_limit_of_its_tool_cuts_off_counts_for_the_tool() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let held = plant.desk.hold(&format!("{TOOL}/spec/template"));
    let mut engine = plant.start();
    held.reached(1).await;
    plant.told(usd_of(TOOL, CENT / 2.0)).await;
    held.dropped(1).await;
    engine
        .until("it is put aside", |s| s.attempt.is_none())
        .await;
    engine.stop().await;
    assert_eq!(plant.desk.labels().len(), 2);
    assert_all_counted(&plant, CENT);
}

fn pause() -> Verb {
    Verb::Pause {
        scope: None,
        reason: None,
        until: None,
    }
}

fn resume() -> Verb {
    Verb::Resume {
        target: Some("factory".to_owned()),
        reason: None,
    }
}

fn waits(seen: &Snapshot) -> bool {
    seen.doing.contains("waiting for the developer: paused")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_request_that_a_pause_overtakes_does_not_go_out_until_work_goes_on() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let weighed = plant.desk.weigh();
    let mut engine = plant.start();
    // Its attempt has seen that it may begin.
    eventually("it is about to go out", || weighed.begun()).await;
    plant.told(pause()).await;
    weighed.open();
    engine.until("it waits", waits).await;
    assert!(plant.desk.labels().is_empty());
    assert_eq!(plant.factory().sent, []);
    plant.told(resume()).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_all_counted(&plant, CENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_request_that_a_gateway_gave_up_on_or_its_server_failed_over_is_counted() {
    let faults = [
        (Fault::Lost, None, true),
        (Fault::Server, Some(500), true),
        // It says that asking again does not help.
        (Fault::Rejected, Some(500), true),
        (Fault::Rejected, Some(529), false),
        (Fault::Unreachable, None, false),
        (Fault::Busy, None, false),
    ];
    for (fault, status, counted) in faults {
        let plant = Plant::new(&[TOOL]);
        plant.desk.paid(CENT);
        let draft = format!("{TOOL}/spec/draft/0");
        let error = ModelError {
            status,
            ..ModelError::new("lab", fault, "nothing came")
        };
        plant.desk.on(&draft, 1, Act::Fail(error));
        let mut engine = plant.start();
        let failed = || turns(&plant).into_iter().find(|turn| !turn.ok);
        engine
            .until("it is counted", |s| s.totals.failed_turns > 0)
            .await;
        engine.cut().await;
        let turn = failed().unwrap();
        let usd = counted.then_some(CENT);
        assert_eq!(turn.usd, usd, "{turn:?}");
        assert_eq!(turn.input_tokens.is_some(), counted, "{turn:?}");
        assert_eq!(turn.uncounted, counted, "{turn:?}");
    }
}

/// Waits until the request behind the first reply is about to go out: prices are asked for before a request and for a reply.
async fn second(plant: &Plant, first: Blocked) -> Blocked {
    let mut weighed = first;
    for _ in 0..2 {
        eventually("a price is asked for", || weighed.begun()).await;
        let next = plant.desk.weigh();
        weighed.open();
        weighed = next;
    }
    eventually("the second is about to go out", || weighed.begun()).await;
    weighed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_request_that_a_lower_limit_overtakes_does_not_go_out_until_it_is_raised() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    let first = plant.desk.weigh();
    let mut engine = plant.start();
    let next = second(&plant, first).await;
    plant.told(usd_of("factory", CENT / 2.0)).await;
    next.open();
    engine.until("it waits", waits).await;
    assert_eq!(plant.desk.labels().len(), 1);
    assert_eq!(plant.factory().sent, []);
    plant.told(usd_of("factory", 50.0)).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_all_counted(&plant, CENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_measuring_of_a_model_that_a_pause_overtakes_does_not_go_out_until_work_goes_on() {
    let plant = Plant::new(&[TOOL]);
    plant.desk.paid(CENT);
    // What it counts looks like a prompt that was cut.
    plant.desk.dense.store(60, Ordering::SeqCst);
    let first = plant.desk.weigh();
    let mut engine = plant.start();
    let next = second(&plant, first).await;
    plant.told(pause()).await;
    next.open();
    engine.until("it waits", waits).await;
    assert_eq!(plant.desk.labels(), [format!("{TOOL}/spec/draft/0")]);
    assert_eq!(plant.factory().sent.len(), 1, "the draft alone");
    plant.told(resume()).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.desk.labels()[1], format!("{TOOL}/spec/count/0"));
    assert_all_counted(&plant, CENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_a_limit_of_the_day_no_paid_model_takes_over_from_a_free_one() {
    let others = STAFFED.replacen("[roles.qa]", "others = \"cloud/claude\"\n[roles.qa]", 1);
    let cloud = "[hosts.cloud]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:2\"\n";
    let limits = "[limits]\nday_usd = 0.1\n";
    let plant = Plant::with(&[TOOL], &format!("{others}\n{cloud}{limits}"));
    plant.desk.paid_at("cloud", 0.2);
    let file = |path: &str| format!("{TOOL}/coding/file/src/{path}");
    let formless = Act::Say("```python\nprint('hi')\n```\n".to_owned());
    // Three by its own model and one by the other, which reaches the limit; then three by its own.
    plant.desk.on(&file("log.js"), 4, formless.clone());
    plant.desk.on(&file("report.js"), 3, formless);
    let above = plant.desk.hold(&format!("{TOOL}/review/"));
    let mut engine = plant.start();
    let seen = engine.until("its next request waits", waits).await;
    let asked = || plant.desk.models(&file("log.js"));
    assert_eq!(asked(), ["test", "test", "test", "claude"]);
    assert_eq!(plant.factory().sent, []);
    let reasons: Vec<&str> = seen.pauses.iter().map(|p| p.reason.as_str()).collect();
    assert!(
        reasons.len() == 1 && reasons[0].contains("factory has used 0.20 of 0.10 usd"),
        "{reasons:?}"
    );
    plant.told(usd_of("factory", 0.3)).await;
    // The limit is reached again: what costs nothing goes on, and somebody above is asked in place of the other model.
    above.reached(1).await;
    assert_eq!(asked()[4..], ["claude"]);
    assert_eq!(plant.desk.models(&file("report.js")), ["test"; 3]);
    let factory = plant.factory();
    assert!((factory.totals.usd - 0.4).abs() < 1e-9 && factory.pauses.is_empty());
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_ended_with_is_taken_in_though_its_paid_turn_cannot_be_counted_yet() {
    let mut plant = Plant::new(&[TOOL]);
    plant.store = Box::new(Refusing::broken_off);
    plant.desk.paid(CENT);
    let label = format!("{TOOL}/spec/template");
    plant.desk.on(&label, 1, Act::Panic("now"));
    let mut engine = plant.start();
    let seen = engine.until("paused", |s| !s.pauses.is_empty()).await;
    assert_eq!(plant.factory().sent.len(), 1, "it was not counted");
    plant
        .told(Verb::Resume {
            target: Some(seen.pauses[0].id.clone()),
            reason: None,
        })
        .await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.factory().totals.incidents, 1);
    assert_all_counted(&plant, CENT);
}
