//! A home with a long past: 10,000 shipped tools, 1 GiB of journal, 5 GiB of transcripts.

use super::attached::{World, quantile, row};
use super::homes;
use super::line::numbered;
use super::process::status;
use super::start;
use chrono::{Days, NaiveDate, TimeDelta};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::FileStore;
use dev_factory::domain::event::{Event, EventBody, Move, NewEvent, ShipRecord, Turn};
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const TOOLS: usize = 10_000;
const MIB: u64 = 1024 * 1024;
const JOURNAL: u64 = 1024 * MIB;
const TRANSCRIPTS: u64 = 5 * 1024 * MIB;
/// As the store closes them.
const SEGMENT: u64 = 4 * MIB;
/// Stands for the tool's name in the lines of all tools.
const NAME: &str = "TOOL-NAME";
/// Stands for the day a tool is built on.
const DAY: &str = "2026-01-01";
/// Tools built a day.
const A_DAY: usize = 4;

fn go(from: Phase, to: Phase, outcome: Outcome) -> EventBody {
    let ship = (to == Phase::Shipped).then(|| ShipRecord {
        version: "1.0.0".to_owned(),
        tag: format!("{NAME}@1.0.0"),
        commit: "0".repeat(40),
    });
    EventBody::Move(Move {
        from,
        to,
        outcome,
        reason: None,
        attempt: None,
        cycle_count: 0,
        started_at: None,
        escalation: None,
        ship,
        fresh: false,
        commit: None,
        spec: None,
        cases: None,
        unit: None,
    })
}

fn turn(phase: Phase, n: u64) -> EventBody {
    EventBody::Turn(Turn {
        label: format!("{NAME}/{phase}/file/src/cli.js/{n}"),
        role: Role::Developer,
        host: "local".to_owned(),
        model: "some-model:14b".to_owned(),
        ok: true,
        error: None,
        estimated: Some(4_900),
        input_tokens: Some(5_000),
        output_tokens: Some(900),
        thought_tokens: None,
        cached: Default::default(),
        rate: None,
        usd: Some(0.0),
        millis: 32_000,
        speed: Some(28.0),
        gpu: Some(100),
        local: true,
        scripted: false,
        malformed: false,
        exhausted: false,
        uncounted: false,
    })
}

/// All that happens to one tool, as lines without number and checksum, of about so many bytes.
fn life(bytes: u64) -> Vec<String> {
    let day: NaiveDate = DAY.parse().unwrap();
    let mut at = day.and_hms_opt(0, 0, 0).unwrap().and_utc();
    let mut bare = |body: EventBody| {
        at += TimeDelta::seconds(1);
        let tool = (!matches!(body, EventBody::ItemAdded { .. })).then(|| NAME.to_owned());
        let actor = "engine".to_owned();
        let event: Event = NewEvent { tool, actor, body }.numbered(0, at);
        let text = serde_json::to_string(&event).unwrap();
        let text = text.strip_prefix("{\"seq\":0,").unwrap();
        text.strip_suffix('}').unwrap().to_owned()
    };
    let each = bare(turn(Phase::Coding, 0)).len() as u64 + 30;
    let way = [
        (Phase::Idle, Phase::Spec, Outcome::Picked),
        (Phase::Spec, Phase::SpecReview, Outcome::Drafted),
        (Phase::SpecReview, Phase::Coding, Outcome::Approved),
        (Phase::Coding, Phase::Qa, Outcome::Built),
        (Phase::Qa, Phase::Review, Outcome::Passed),
        (Phase::Review, Phase::Shipped, Outcome::Ship),
        (Phase::Shipped, Phase::Idle, Outcome::Next),
    ];
    let mut lines = vec![bare(EventBody::ItemAdded {
        name: NAME.to_owned(),
        idea: format!("{NAME}: read a file and say what is in it"),
        priority: 0,
    })];
    for (from, to, outcome) in way {
        if from == Phase::Coding {
            let turns = (bytes / each).saturating_sub(way.len() as u64);
            lines.extend((0..turns).map(|n| bare(turn(Phase::Coding, n))));
        }
        lines.push(bare(go(from, to, outcome)));
    }
    lines
}

fn journal(dir: &Path) {
    fs::create_dir_all(dir.join("journal")).unwrap();
    let life = life(JOURNAL / TOOLS as u64);
    let live = dir.join("journal.jsonl");
    let mut out = BufWriter::new(File::create(&live).unwrap());
    let (mut seq, mut written, mut first) = (1, 0, 1);
    let first_day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
    for n in 0..TOOLS {
        // Some a day, as a factory does: of the last 24 hours more is kept.
        let day = first_day + Days::new((n / A_DAY) as u64);
        for line in &life {
            let line = line.replace(NAME, &format!("tool-{n:05}"));
            let line = numbered(seq, &line.replace(DAY, &day.to_string()));
            out.write_all(line.as_bytes()).unwrap();
            written += line.len() as u64;
            seq += 1;
        }
        if written > SEGMENT && n + 1 < TOOLS {
            out.flush().unwrap();
            fs::rename(&live, dir.join(format!("journal/{first}.jsonl"))).unwrap();
            out = BufWriter::new(File::create(&live).unwrap());
            (written, first) = (0, seq);
        }
    }
    out.flush().unwrap();
}

/// Files of the right length without blocks on the disk: nobody may read them whole.
fn transcripts(dir: &Path) {
    for n in 0..TOOLS {
        let folder = dir.join(format!("transcripts/tool-{n:05}"));
        fs::create_dir_all(&folder).unwrap();
        let file = File::create(folder.join("1-developer-coding.jsonl")).unwrap();
        file.set_len(TRANSCRIPTS / TOOLS as u64).unwrap();
    }
}

fn fill(home: &Path) {
    let dir = home.join("dev-factory");
    journal(&dir);
    transcripts(&dir);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = FileStore::open(home, &clock).unwrap();
    let begun = Instant::now();
    let loaded = store.load().unwrap();
    let factory = loaded.factory.unwrap();
    row(
        "the journal without its fold, read once, s",
        begun.elapsed().as_secs_f64(),
        "",
    );
    assert_eq!(factory.totals.shipped, TOOLS as u64);
    // One that was not read is not written over.
    let _ = store.wishlist().unwrap();
    store.put_wishlist(&factory.items).unwrap();
    store.close(&factory).unwrap();
    drop(store);
    // It names this process, which lives on: the engine would be taken to run already.
    fs::remove_file(dir.join("engine.lock")).unwrap();
}

pub fn measure(starts: usize) {
    let settings = format!("{}[keep]\ntranscripts_mib = 10000\n", homes::SCRIPTED);
    let world = World::with(&settings, fill);
    start::measure_with(&world, starts, ("50", "40"));
    let mut pty = world.open();
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        pty.press("3");
        pty.until("the figures", |shown| {
            shown.row(0).contains("[3 Stats]") && shown.text().contains("tool-0")
        });
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        pty.press("1");
        pty.until("Factory", |shown| shown.row(0).contains("[1 Factory]"));
    }
    let id = i32::try_from(pty.id()).unwrap();
    row("Stats from its key, first, ms", times[0], "");
    row(
        "Stats from its key, median, ms",
        quantile(&mut times, 0.5),
        "",
    );
    let peak = status(id, "VmHWM").unwrap() as f64 / 1000.0;
    row("peak memory of the screens then, MB", peak, "");
    pty.press("q");
    pty.ended();
}
