//! Hosts that die, cut prompts, or have models that write what cannot be used: another takes over, or the role waits.

use crate::commands::all_done;
use crate::doubles::Act;
use crate::homes::TOOL;
use crate::plant::{Plant, STAFFED};
use dev_factory::domain::command::Verb;
use dev_factory::domain::event::{EventBody, Turn};
use dev_factory::domain::finding::Finding;
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::{AgentStatus, HostLine, Snapshot, Waiter};
use dev_factory::domain::state::{PauseKind, Scope};
use dev_factory::factory::engine::Ended;
use dev_factory::factory::ports::model::{Fault, ModelError};
use std::sync::atomic::Ordering;

const SECOND: &str = "[hosts.spare]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:2\"\n";

fn named(label: &str) -> String {
    format!("{TOOL}/{label}")
}

fn with_spare() -> String {
    STAFFED.replace(
        "model = \"lab/test\"\n",
        "model = \"lab/test\"\nfallback = [\"spare/test\"]\n",
    ) + SECOND
}

fn fails(fault: Fault) -> Act {
    Act::Fail(ModelError::new("lab", fault, "so it says"))
}

fn turns(plant: &Plant) -> Vec<Turn> {
    let events = plant.journal();
    let turns = events.into_iter().filter_map(|event| match event.body {
        EventBody::Turn(turn) => Some(turn),
        _ => None,
    });
    turns.collect()
}

fn agent(seen: &Snapshot, role: Role) -> AgentStatus {
    let found = seen.agents.iter().find(|agent| agent.role == role);
    found.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_away_is_replaced_by_the_next_model_of_the_role() {
    let plant = Plant::with(&[TOOL], &with_spare());
    plant.desk.gone("lab", true);
    let held = plant.desk.hold(&named("coding/file/src/report.js"));
    let mut engine = plant.start();
    held.reached(1).await;
    let works = |s: &Snapshot| agent(s, Role::Qa).model == "spare/test";
    let seen = engine.until("the spare works", works).await;
    let words = agent(&seen, Role::Qa).words;
    assert!(
        words.contains("in place of lab/test: nobody answers"),
        "{words}"
    );
    assert!(seen.pauses.is_empty() && seen.needs.is_empty(), "{seen:#?}");
    held.open();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert!(turns(&plant).iter().all(|turn| turn.host == "spare"));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_dies_in_mid_turn_costs_a_turn_and_nothing_else() {
    let plant = Plant::with(&[TOOL], &with_spare());
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 1, fails(Fault::Unreachable));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let asked = plant.desk.requests(&label);
    let hosts: Vec<&str> = asked.iter().map(|request| request.host.as_str()).collect();
    assert_eq!(hosts, ["lab", "spare"]);
    let facts = plant.facts(TOOL);
    let failed: Vec<Turn> = turns(&plant).into_iter().filter(|t| !t.ok).collect();
    assert_eq!(
        (failed.len(), facts.cycles_total, facts.versions.len()),
        (1, 0, 1)
    );
    let worked: u64 = turns(&plant)
        .iter()
        .filter(|t| t.ok)
        .map(|t| t.millis)
        .sum();
    assert!(
        facts.work_millis < worked + 60_000,
        "waiting counts as work: {facts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_again_is_back_before_its_next_turn() {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 1, fails(Fault::Unreachable));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let journal = plant.journal();
    let back = journal
        .iter()
        .find(|event| matches!(&event.body, EventBody::HostBack { host } if host == "lab"));
    let back = back.expect("the journal knows that it answers again");
    let next = journal.iter().find(
        |event| matches!(&event.body, EventBody::Turn(turn) if turn.ok && event.seq > back.seq),
    );
    let dropped = journal
        .iter()
        .find(|event| matches!(event.body, EventBody::AttemptDropped { .. }));
    assert!(dropped.unwrap().seq < back.seq && next.is_some());
    let factory = plant.factory();
    let away: Vec<_> = factory.lately.away.of("lab").collect();
    assert_eq!(away.len(), 1);
    assert!(away[0].to.is_some_and(|to| to <= next.unwrap().ts));
}

#[tokio::test(start_paused = true)]
async fn a_model_with_a_fault_that_probes_do_not_see_is_left_alone_for_a_while() {
    let plant = Plant::with(&[TOOL], &with_spare());
    let label = named("spec/template");
    plant.desk.on(&label, 1, fails(Fault::SpendLimit));
    let held = plant.desk.hold(&named("spec-review/verdict"));
    let hour = std::time::Duration::from_secs(3600);
    let slow = async {
        // Long enough for probes to find nothing wrong with the host.
        held.reached(1).await;
        tokio::time::sleep(std::time::Duration::from_secs(120)).await;
        held.open();
    };
    let (ended, ()) = tokio::join!(plant.until_idle_within(hour), slow);
    assert_eq!(ended, Ended::Idle);
    let later = turns(&plant);
    let at = later.iter().position(|turn| !turn.ok).unwrap();
    assert!(later[at + 1..].iter().all(|turn| turn.host == "spare"));
    assert!(later[..at].iter().all(|turn| turn.host == "lab"));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_reviewers_host_is_gone_the_line_moves_on_and_the_shelf_drains_in_order() {
    let tools = ["session-logger", "cost-tracker"];
    let settings = STAFFED.replace(
        "[roles.supervisor]\nmodel = \"lab/test\"",
        "[roles.supervisor]\nmodel = \"spare/test\"",
    ) + SECOND;
    let plant = Plant::with(&tools, &settings);
    plant.desk.gone("spare", true);
    let mut engine = plant.start();
    let shelved = |s: &Snapshot| {
        let waits = |item: &&dev_factory::domain::item::Item| item.status == ItemStatus::InReview;
        s.queue.iter().filter(waits).count() == 2
    };
    let seen = engine.until("both on the shelf", shelved).await;
    assert!(seen.pauses.is_empty(), "{:?}", seen.pauses);
    plant.desk.gone("spare", false);
    all_done(&mut engine).await;
    engine.stop().await;
    let shipped: Vec<String> = plant
        .journal()
        .iter()
        .filter(|e| matches!(&e.body, EventBody::Move(m) if m.to == Phase::Shipped))
        .filter_map(|e| e.tool.clone())
        .collect();
    assert_eq!(shipped, tools);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_the_server_cut_is_seen_told_and_its_reply_thrown_away() {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 1, Act::ReadOnly(150));
    let held = plant.desk.hold(&label);
    let mut engine = plant.start();
    held.reached(1).await;
    let alarmed = |s: &Snapshot| agent(s, Role::Developer).alarm.is_some();
    let seen = engine.until("alarmed", alarmed).await;
    let words = agent(&seen, Role::Developer).alarm.unwrap();
    assert!(
        words.starts_with("lab cut the prompt without a word: it read 150 tokens of about ")
            && words.contains("num_ctx"),
        "{words}"
    );
    held.open();
    let quiet = |s: &Snapshot| agent(s, Role::Developer).alarm.is_none();
    engine
        .until("the alarm ends with a turn that was whole", quiet)
        .await;
    all_done(&mut engine).await;
    engine.stop().await;
    let cut: Vec<Turn> = turns(&plant).into_iter().filter(|t| !t.ok).collect();
    assert_eq!((cut.len(), cut[0].input_tokens), (1, Some(150)));
    let attempts = plant.desk.requests(&label);
    assert_eq!(
        (attempts[0].label.clone(), attempts.len()),
        (format!("{label}/0"), 2)
    );
    assert_eq!(attempts[1].label, attempts[0].label, "it counts as taken");
    // What servers count teaches the estimate, but not what they cut.
    let factor = plant.factory().factors["test"];
    assert!((900..=1000).contains(&factor), "{factor}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_writes_what_cannot_be_used_gets_other_seeds_and_then_no_thinking() {
    let unsupervised = STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "");
    let plant = Plant::with(&[TOOL], &unsupervised);
    let label = named("spec-review/verdict");
    plant.desk.on(&label, 3, fails(Fault::Garbled));
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    let asked = plant.desk.requests(&label);
    let seeds: Vec<u64> = asked.iter().map(|r| r.seed.unwrap()).collect();
    assert_eq!(seeds.len(), 3);
    assert!(seeds[0] < seeds[1] && seeds[1] < seeds[2], "{seeds:?}");
    assert!(!asked[2].think);
    let reason = plant.item(TOOL).escalation.unwrap().reason;
    assert!(
        reason.starts_with("S1: no whole reply in 3 tries: lab sent what cannot be read"),
        "{reason}"
    );
    assert!(plant.factory().pauses.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_reply_is_asked_for_anew_with_the_whole_prompt() {
    let plant = Plant::new(&[TOOL]);
    let label = named("review/verdict");
    plant.desk.on(&label, 1, Act::Say(" \n".to_owned()));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let asked = plant.desk.requests(&label);
    let text = |n: usize| asked[n].messages.last().unwrap().content.clone();
    assert!(
        text(1).starts_with(&text(0)),
        "the prompt is not there again"
    );
    assert!(text(1).contains("it was empty"), "{}", text(1));
    assert!(!asked[1].think && asked[1].max_tokens == asked[0].max_tokens);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_has_become_slow_is_an_alarm_until_it_is_fast_again() {
    let plant = Plant::new(&[TOOL]);
    // The speed is known from the spec on; this file comes at a third of it.
    let file = named("coding/file/src/report.js");
    plant.desk.on(&file, 1, Act::Slow);
    let next = plant.desk.hold(&named("coding/file/src/cli.js"));
    let mut engine = plant.start();
    next.reached(1).await;
    let alarmed = |s: &Snapshot| agent(s, Role::Developer).alarm.is_some();
    let seen = engine.until("alarmed", alarmed).await;
    let words = agent(&seen, Role::Developer).alarm.unwrap();
    assert!(
        words.starts_with("lab writes 8.0 tokens a second, usually 25.0"),
        "{words}"
    );
    next.open();
    let quiet = |s: &Snapshot| agent(s, Role::Developer).alarm.is_none();
    engine.until("fast again", quiet).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(
        plant.tags(),
        [format!("{TOOL}@1.0.0")],
        "the reply was used"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_by_another_client_and_a_model_off_the_gpu_are_one_alarm_until_all_is_well() {
    let plant = Plant::new(&[TOOL]);
    let file = named("coding/file/src/report.js");
    let words = "another client keeps it loaded with 4096 tokens of context";
    plant.desk.on(&file, 1, Act::Odd(words, 40));
    let next = plant.desk.hold(&named("coding/file/src/cli.js"));
    let mut engine = plant.start();
    next.reached(1).await;
    let alarmed = |s: &Snapshot| agent(s, Role::Developer).alarm.is_some();
    let seen = engine.until("alarmed", alarmed).await;
    let alarm = agent(&seen, Role::Developer).alarm.unwrap();
    let fell = "40 % of test lies on the GPU of lab, usually 100 %";
    assert!(alarm.starts_with(&format!("{words}; {fell}")), "{alarm}");
    let shares: Vec<Option<u8>> = turns(&plant).iter().map(|turn| turn.gpu).collect();
    assert!(shares.contains(&Some(40)) && shares.contains(&Some(100)));
    next.open();
    let quiet = |s: &Snapshot| agent(s, Role::Developer).alarm.is_none();
    engine.until("well again", quiet).await;
    all_done(&mut engine).await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_probe_warns_of_before_a_role_starts_stands_beside_the_role_and_in_the_log() {
    let plant = Plant::new(&[TOOL]);
    let warning = Finding::warning(
        "lab/test",
        "has 62 % of it on the GPU, the rest on the much slower CPU",
        "use a smaller num_ctx for lab",
    );
    *plant.desk.findings.lock().unwrap() = vec![Finding::fine("lab", "a double"), warning.clone()];
    let waiter = |who: &str| Waiter {
        who: who.to_owned(),
        since: chrono::DateTime::UNIX_EPOCH,
    };
    let line = HostLine {
        hosts: vec!["lab".to_owned(), "twin".to_owned()],
        working: Some(waiter("adder/spec/draft/0")),
        waiting: vec![waiter("adder/qa/cases/0")],
    };
    *plant.desk.lines.lock().unwrap() = vec![line.clone()];
    let first = plant.desk.hold(&named("spec/draft"));
    let mut engine = plant.start();
    first.reached(1).await;
    let alarmed = |s: &Snapshot| agent(s, Role::Developer).alarm.is_some();
    let seen = engine.until("warned", alarmed).await;
    let words = format!("lab/test: {}", warning.sentence());
    assert_eq!(agent(&seen, Role::Developer).alarm.unwrap(), words);
    assert_eq!(seen.hosts, [line]);
    assert!(seen.pauses.is_empty(), "a warning stops nobody");
    first.open();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ollama_under_two_names_with_two_windows_is_said_before_a_role_starts() {
    let twin = "[hosts.twin]\nkind = \"ollama\"\nurl = \"http://127.0.0.1:3\"\nnum_ctx = 8192\n";
    let settings = STAFFED.replace(
        "[roles.qa]\nmodel = \"lab/test\"",
        "[roles.qa]\nmodel = \"twin/test\"",
    );
    let plant = Plant::with(&[TOOL], &(settings + twin));
    let line = HostLine {
        hosts: vec!["lab".to_owned(), "twin".to_owned()],
        working: None,
        waiting: Vec::new(),
    };
    *plant.desk.lines.lock().unwrap() = vec![line];
    let first = plant.desk.hold(&named("spec/draft"));
    let mut engine = plant.start();
    first.reached(1).await;
    let alarmed = |s: &Snapshot| agent(s, Role::Developer).alarm.is_some();
    let seen = engine.until("warned", alarmed).await;
    let alarm = agent(&seen, Role::Developer).alarm.unwrap();
    assert!(
        alarm.contains("is twin/test too, on one Ollama server")
            && alarm.contains("twin for 8192")
            && alarm.contains("give hosts.lab.num_ctx and hosts.twin.num_ctx the same value"),
        "{alarm}"
    );
    first.open();
    all_done(&mut engine).await;
    engine.stop().await;
}

fn waiting(retry_ms: u32) -> String {
    let url = "url = \"http://127.0.0.1:1\"\n";
    STAFFED.replace(url, &format!("{url}retry_ms = {retry_ms}\n"))
}

#[tokio::test(start_paused = true)]
async fn the_first_wait_of_a_host_is_what_retry_ms_says_and_later_ones_are_longer() {
    // Five times the first wait is the second; what else the clock counts is a second or two.
    for (retry_ms, least, most) in [(60_000, 360, 390), (10, 0, 20)] {
        let plant = Plant::with(&[TOOL], &waiting(retry_ms));
        plant
            .desk
            .on(&named("coding/file/src/log.js"), 2, fails(Fault::Broken));
        let begun = tokio::time::Instant::now();
        let hour = std::time::Duration::from_secs(3600);
        assert_eq!(plant.until_idle_within(hour).await, Ended::Idle);
        let took = begun.elapsed().as_secs();
        assert!((least..most).contains(&took), "{retry_ms}: {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_ends_its_model_twice_is_made_smaller_or_taken_by_another() {
    let label = named("coding/file/src/report.js");
    let plant = Plant::new(&[TOOL]);
    plant.desk.on(&label, 2, fails(Fault::Runner));
    let hour = std::time::Duration::from_secs(3600);
    assert_eq!(plant.until_idle_within(hour).await, Ended::Idle);
    // A chat of one token shows that it is the prompt; what is asked for is made smaller then.
    assert_eq!(plant.desk.requests("trial/chat").len(), 1);
    let events = plant.journal();
    let rules = events.iter().filter_map(|event| match &event.body {
        EventBody::Stuck { rule, words, .. } => Some((rule.as_str(), words.as_str())),
        _ => None,
    });
    let [("S10", words)] = rules.collect::<Vec<_>>()[..] else {
        panic!("{:?}", plant.facts(TOOL));
    };
    assert!(
        words.starts_with("this prompt ended its model twice: lab lost the process"),
        "{words}"
    );
    assert_eq!(plant.factory().pauses_made, 0);

    let plant = Plant::with(&[TOOL], &with_spare());
    plant.desk.on(&label, 2, fails(Fault::Runner));
    assert_eq!(plant.until_idle_within(hour).await, Ended::Idle);
    let asked = plant.desk.requests(&label);
    let hosts: Vec<&str> = asked.iter().map(|request| request.host.as_str()).collect();
    assert_eq!(hosts, ["lab", "lab", "spare"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_with_less_room_than_thought_gets_prompts_that_fit_it() {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 1, Act::Narrow(8192));
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    assert_eq!(plant.desk.requests(&label).len(), 2, "and not a third time");
    let events = plant.journal();
    let dropped: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AttemptDropped { reason, .. } => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    let [why] = dropped[..] else {
        panic!("{dropped:?}");
    };
    assert!(
        why.starts_with("begun again with prompts for 8192 tokens: lab"),
        "{why}"
    );
    assert!(why.ends_with("it has 8192 tokens of context"), "{why}");
    // The host answered, and was never away.
    assert_eq!(plant.factory().lately.away.of("lab").count(), 0);
    let stuck = |body: &EventBody| matches!(body, EventBody::Stuck { .. });
    assert!(!events.iter().any(|event| stuck(&event.body)));
    // Where there is no smaller prompt, the spec is asked to be smaller.
    let plant = Plant::new(&[TOOL]);
    plant.desk.on(&label, 1, fails(Fault::Overflow));
    plant.until_idle().await;
    let events = plant.journal();
    let too_large =
        |body: &EventBody| matches!(body, EventBody::Stuck { rule, .. } if rule == "S10");
    assert!(events.iter().any(|event| too_large(&event.body)));
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_away_is_asked_again_after_its_retry_ms() {
    for (retry_ms, asked) in [(100_000, 1..=2), (1_000, 15..=40)] {
        let plant = Plant::with(&[TOOL], &waiting(retry_ms));
        plant.desk.gone("lab", true);
        let engine = plant.start();
        tokio::time::sleep(std::time::Duration::from_secs(150)).await;
        // One model, and two roles that ask for it: the Developer to begin with.
        let probes = plant.desk.probes.load(Ordering::SeqCst);
        assert!(asked.contains(&probes), "{retry_ms}: {probes}");
        engine.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_fault_in_five_attempts_pauses_the_role_and_resume_goes_on() {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 5, fails(Fault::SpendLimit));
    let hour = std::time::Duration::from_secs(3600);
    assert_eq!(plant.until_idle_within(hour).await, Ended::NeedsPerson);
    let factory = plant.factory();
    let [pause] = &factory.pauses[..] else {
        panic!("{:?}", factory.pauses)
    };
    assert_eq!(
        (pause.kind, pause.scope),
        (PauseKind::Host, Scope::Developer)
    );
    assert!(
        pause
            .reason
            .starts_with("5 attempts in a row failed: lab refuses to spend more"),
        "{pause:?}"
    );
    assert_eq!(plant.desk.requests(&label).len(), 5);
    let mut engine = plant.start();
    plant
        .told(Verb::Resume {
            target: Some(pause.id.clone()),
            reason: None,
        })
        .await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
}

#[tokio::test(start_paused = true)]
async fn faults_that_change_or_that_time_mends_pause_nobody() {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    for fault in [Fault::SpendLimit, Fault::Missing]
        .into_iter()
        .cycle()
        .take(8)
    {
        plant.desk.on(&label, 1, fails(fault));
    }
    // Four waits and a fifth try make an attempt.
    plant.desk.on(&label, 30, fails(Fault::Busy));
    let hour = std::time::Duration::from_secs(3600);
    assert_eq!(plant.until_idle_within(hour).await, Ended::Idle);
    assert_eq!(plant.factory().pauses_made, 0);
    assert_eq!(plant.desk.requests(&label).len(), 39);
    assert_eq!(plant.facts(TOOL).cycles_total, 0);
}

/// The pause in force after an hour in which every turn of a file fails so.
async fn paused_by(fault: Fault) -> (Plant, String) {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, u32::MAX, fails(fault));
    let hours = std::time::Duration::from_secs(4 * 3600);
    assert_eq!(plant.until_idle_within(hours).await, Ended::NeedsPerson);
    let factory = plant.factory();
    let [pause] = &factory.pauses[..] else {
        panic!("{:?}", factory.pauses)
    };
    assert_eq!(
        (pause.kind, pause.scope),
        (PauseKind::Host, Scope::Developer)
    );
    // What may mend itself is tried again.
    let minutes = pause.until.map(|until| (until - pause.since).num_minutes());
    assert_eq!(minutes, Some(15));
    let reason = pause.reason.clone();
    (plant, reason)
}

#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_is_heard_of_after_two_turns_and_pauses_its_role_after_four() {
    let (plant, reason) = paused_by(Fault::Hung).await;
    assert!(
        reason.starts_with("2 attempts in a row failed: lab hangs"),
        "{reason}"
    );
    let label = named("coding/file/src/report.js");
    assert_eq!(plant.desk.requests(&label).len(), 4);
    // After each attempt it was asked to speak.
    assert_eq!(plant.desk.requests("trial/chat").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_and_takes_no_turn_pauses_its_role() {
    let (plant, reason) = paused_by(Fault::Unreachable).await;
    assert!(
        reason.starts_with("5 attempts in a row failed: lab does not answer"),
        "{reason}"
    );
    let label = named("coding/file/src/report.js");
    assert_eq!(plant.desk.requests(&label).len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_answers_and_takes_no_turn_is_tried_again_by_itself_and_the_same_step_goes_on()
{
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 5, fails(Fault::Unreachable));
    let mut engine = plant.start();
    let paused = |s: &Snapshot| s.pauses.iter().any(|p| p.kind == PauseKind::Host);
    engine.until("paused", paused).await;
    plant.clock.forward(chrono::Duration::minutes(16));
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.desk.requests(&label).len(), 6);
    assert_eq!(plant.factory().pauses_made, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hangs_and_does_not_speak_is_waited_for_with_an_alarm_and_goes_on_when_it_does()
 {
    let plant = Plant::new(&[TOOL]);
    let label = named("coding/file/src/report.js");
    plant.desk.on(&label, 2, fails(Fault::Hung));
    let mute = plant.desk.hold("trial/chat");
    let mut engine = plant.start();
    mute.reached(1).await;
    let told = |s: &Snapshot| {
        let need = s
            .needs
            .iter()
            .any(|need| need.id == "host:developer" && need.why.contains("lab hangs"));
        need && agent(s, Role::Developer).alarm.is_some()
    };
    let seen = engine.until("told", told).await;
    assert!(seen.pauses.is_empty(), "{:?}", seen.pauses);
    assert_eq!(
        plant.desk.requests(&label).len(),
        2,
        "no third turn is wasted on it"
    );
    mute.open();
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.desk.requests(&label).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_turn_without_end_is_taken_once_more_without_thinking_and_then_a_person_is_asked() {
    let unsupervised = STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "");
    let plant = Plant::with(&[TOOL], &unsupervised);
    let label = named("spec/draft");
    plant.desk.on(&label, u32::MAX, fails(Fault::TooLong));
    assert_eq!(plant.until_idle().await, Ended::NeedsPerson);
    let asked = plant.desk.requests(&label);
    assert_eq!(asked.len(), 2, "each may take half an hour");
    assert!(asked[0].think && !asked[1].think);
    let reason = plant.item(TOOL).escalation.unwrap().reason;
    assert!(reason.contains("lab does not come to an end"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_needs_few_tokens_is_measured_and_believed() {
    let plant = Plant::new(&[TOOL]);
    // As a tokenizer of large words does: 45 % fewer than estimated, in every prompt.
    plant.desk.dense.store(45, Ordering::SeqCst);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let all = turns(&plant);
    assert!(all.iter().all(|turn| turn.ok), "no reply is thrown away");
    let measured = all.iter().filter(|turn| turn.label.contains("/count/"));
    let measured: Vec<&Turn> = measured.collect();
    assert!(
        (1..=6).contains(&measured.len()),
        "once an attempt at most: {}",
        measured.len()
    );
    let piece = |turn: &&Turn| (200..=1000).contains(&turn.estimated.unwrap());
    assert!(measured.iter().all(piece));
    let factor = plant.factory().factors["test"];
    assert!((500..=650).contains(&factor), "{factor}");
}
