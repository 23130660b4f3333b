//! Many turns against servers that fail in one turn of three, in all the ways servers fail; with the real program, git and
//! Jest. Two thousand of them: `cargo test --test soak -- --ignored --nocapture`; `SOAK_SEED` plays a run again.

#[path = "support/fakes.rs"]
mod fakes;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "support/process.rs"]
mod process;
#[path = "support/small_tool.rs"]
mod small_tool;

#[path = "soak/faults.rs"]
mod faults;

use dev_factory::adapters::store::readers;
use dev_factory::domain::event::{EventBody, Turn};
use dev_factory::domain::item::ItemStatus;
use fakes::{Fake, Said, Wire};
use faults::{Fault, Lots};
use model_server::{Answer, ModelServer, Request};
use process::Process;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Turns after which memory is measured first.
const WARM: usize = 200;
/// Kilobytes a tool that was worked on may keep: what is remembered of it, its place in lists and what waits for a person
/// are in memory several times, and grow with tools, not with turns.
const PER_ITEM: u64 = 12;
/// Every turn without a fault is answered at once, so this is several times what it takes.
const LIMIT: Duration = Duration::from_secs(900);
/// Name, kind and wire of a server.
type Named = (&'static str, &'static str, Wire);
const HOSTS: [[Named; 3]; 2] = [
    [
        ("gpu1", "ollama", Wire::Ollama),
        ("gpu2", "llamacpp", Wire::LlamaCpp),
        ("gpu3", "vllm", Wire::Vllm),
    ],
    [
        ("gpu1", "ollama", Wire::Ollama),
        ("gpu2", "lmstudio", Wire::LmStudio),
        ("gpu3", "anthropic", Wire::Anthropic),
    ],
];

/// What the servers have done.
#[derive(Default)]
struct Played {
    /// Labels of the turns, host by host, in the order they came.
    labels: BTreeMap<&'static str, Vec<String>>,
    turns: usize,
    faults: BTreeMap<Fault, usize>,
}

/// How an item goes where no fault comes in between; most are hopeless, for the sake of many turns.
fn said(label: &str) -> String {
    let (tool, rest) = label.split_once('/').unwrap();
    let number: usize = tool.rsplit('-').next().unwrap().parse().unwrap();
    let hopeless = number % 12;
    let stuck = match rest {
        _ if hopeless == 0 => None,
        _ if rest.starts_with("review/verdict") => Some(
            "```json\n{\"checks\":[],\"verdict\":\"hint\",\"instructions\":\"Answer with one fence.\"}\n```\n",
        ),
        _ if rest.starts_with("coding/file/src/cli.js") && hopeless == 1 => {
            Some("```python\nprint(sum(numbers))\n```\n")
        }
        _ if rest.contains("/template/") && hopeless > 1 => {
            Some("I would plan it as one file that adds the numbers.")
        }
        _ => None,
    };
    let usual = || small_tool::reply(label).unwrap_or_else(|| panic!("no reply for {label}"));
    stuck.map(str::to_owned).unwrap_or_else(usual)
}

fn server(
    (host, _, wire): Named,
    lots: &Arc<Mutex<Lots>>,
    played: &Arc<Mutex<Played>>,
) -> ModelServer {
    let (lots, played) = (Arc::clone(lots), Arc::clone(played));
    let probed = Fake::new(wire);
    let answer = move |request: &Request| -> Answer {
        let label = request.label().to_owned();
        // A probe, or a chat that only shows that the model is well: no turn of a tool.
        if label.is_empty() || label.starts_with("trial/") {
            return probed.answer(request);
        }
        let fake = Fake::new(wire).saying(Said::text(&said(&label)));
        let fault = lots.lock().unwrap().draw();
        let mut played = played.lock().unwrap();
        played.labels.entry(host).or_default().push(label);
        played.turns += 1;
        match fault {
            None => fake.answer(request),
            Some(fault) => {
                *played.faults.entry(fault).or_default() += 1;
                fault.answer(fake, request)
            }
        }
    };
    ModelServer::answering(answer)
}

fn settings(hosts: &[Named], servers: &[ModelServer]) -> String {
    let hosts = hosts.iter().zip(servers).map(|((name, kind, _), server)| {
        format!(
            "[hosts.{name}]\nkind = \"{kind}\"\nurl = \"{}\"\nfirst_byte_s = 2\nidle_s = 1\nretry_ms = 1\n",
            server.url()
        )
    });
    hosts.collect::<String>()
        + "[roles.developer]\nmodel = \"gpu1/test\"\n[roles.qa]\nmodel = \"gpu2/test\"\n[roles.supervisor]\nmodel = \"gpu3/test\"\n"
        + small_tool::HARNESS
}

/// Kilobytes of memory that are the program's own, and all it holds.
fn memory(process: &Process) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (of("RssAnon:"), of("VmRSS:"))
}

fn statuses(home: &Path) -> Vec<ItemStatus> {
    let items = readers::wishlist(home).unwrap_or_default();
    let status = |item: &serde_json::Value| serde_json::from_value(item["status"].clone()).ok();
    items.iter().filter_map(status).collect()
}

/// Items whose turns come to at least so many; what is asked for beyond the last of them is played as well.
fn soak(seed: u64, turns: usize) {
    println!("SOAK_SEED={seed}");
    let lots = Arc::new(Mutex::new(Lots::new(seed)));
    let played = Arc::new(Mutex::new(Played::default()));
    let hosts = HOSTS[seed as usize % HOSTS.len()];
    let servers = hosts.map(|host| server(host, &lots, &played));
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], &settings(&hosts, &servers));
    // One takes about 22 turns; the first few are of every kind.
    let items: Vec<_> = (0..(turns / 20).max(3))
        .map(|n| format!("{}-{n}", small_tool::TOOL))
        .collect();
    small_tool::list(&home, &items);

    let begun = Instant::now();
    let mut engine = Process::start(&home, &[]);
    let so_far = || played.lock().unwrap().turns;
    engine.until_within(LIMIT, "the first turns are taken", || {
        so_far() >= WARM.min(turns / 2)
    });
    let warm = memory(&engine);
    let ends = [ItemStatus::Shipped, ItemStatus::NeedsHuman];
    engine.until_within(LIMIT, "every item is shipped or parked", || {
        let all = statuses(&home);
        all.len() == items.len() && all.iter().all(|status| ends.contains(status))
    });
    let (end, took) = (memory(&engine), begun.elapsed());
    let ended = engine.interrupt();
    assert_eq!(ended.code, Some(130), "{}", ended.said);

    let played = played.lock().unwrap();
    let all = statuses(&home);
    let shipped = all
        .iter()
        .filter(|status| **status == ItemStatus::Shipped)
        .count();
    println!(
        "{} turns in {:.0} s, {} with a fault; {} items, {shipped} shipped; KB of memory (own, all): {warm:?} after {WARM} turns, {end:?} at the end; {:?}",
        played.turns,
        took.as_secs_f64(),
        played.faults.values().sum::<usize>(),
        all.len(),
        played.faults
    );
    assert!(played.turns >= turns, "{} turns", played.turns);
    assert!(shipped > 0 && shipped < all.len());
    counted_once(&home, &played);
    if turns > 2 * WARM {
        assert!(end.1 * 10 <= warm.1 * 11, "memory: {warm:?}, {end:?}");
        let kept = PER_ITEM * (all.len() as u64);
        assert!(
            end.0 * 10 <= warm.0 * 11 + kept * 10,
            "memory of its own: {warm:?}, {end:?}"
        );
    }
}

/// The journal has each turn the servers have seen, in their order, and no other; and its sums are theirs.
fn counted_once(home: &Path, played: &Played) {
    let events = readers::history(home, 1).unwrap();
    let turns: Vec<&Turn> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::Turn(turn) => Some(turn),
            EventBody::Incident { sentence } => panic!("{sentence}"),
            _ => None,
        })
        .collect();
    for (host, labels) in &played.labels {
        let journaled = turns.iter().filter(|turn| turn.host == *host);
        let journaled: Vec<&String> = journaled.map(|turn| &turn.label).collect();
        assert_eq!(journaled, labels.iter().collect::<Vec<_>>(), "{host}");
    }
    let factory = readers::factory(home).unwrap().factory.unwrap();
    let totals = &factory.totals;
    assert_eq!(totals.turns, played.turns as u64);
    let sum = |of: fn(&Turn) -> Option<u64>| turns.iter().filter_map(|turn| of(turn)).sum::<u64>();
    assert_eq!(totals.input_tokens, sum(|turn| turn.input_tokens));
    assert_eq!(totals.output_tokens, sum(|turn| turn.output_tokens));
    assert!(factory.pauses.is_empty(), "{:?}", factory.pauses);
}

#[test]
fn every_item_ends_shipped_or_parked_whatever_servers_do() {
    soak(7, 50);
}

/// Beside the other, since both wait for most of their time.
#[test]
fn every_item_ends_shipped_or_parked_whatever_servers_of_other_kinds_do() {
    soak(8, 50);
}

#[test]
#[ignore = "takes minutes: cargo test --test soak -- --ignored --nocapture"]
fn two_thousand_turns() {
    let given = std::env::var("SOAK_SEED")
        .ok()
        .map(|text| text.parse().unwrap());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    soak(given.unwrap_or(now.unwrap().as_secs()), 2_000);
}
