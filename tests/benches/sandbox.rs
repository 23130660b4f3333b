//! What walls cost: Jest with coverage over one tool, bare and under every tier in turn, paired round by round.

#[path = "../support/jest_home.rs"]
mod jest_home;
#[path = "../support/tool.rs"]
mod tool;

use dev_factory::adapters::sandbox::{Tier, Walls, choose, survey};
use dev_factory::factory::ports::sandbox::{Job, Limits, Network, Sandbox};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tool::Home;

/// Rounds measured; the first one warms Jest's files up and does not count.
const ROUNDS: usize = 24;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let home = Home::new();
    let state = home.home.join("state");
    let setup = tool::setup(&state);
    let found = runtime.block_on(survey(&setup));
    for tried in &found.tried {
        if tried.findings.failed.is_none() {
            println!(
                "probe of {}: {} ms",
                tried.tier.as_str(),
                tried.findings.millis
            );
        }
    }
    let begun = Instant::now();
    runtime.block_on(choose(&setup, || ()));
    println!(
        "a choice that is remembered: {:.2} ms",
        millis(begun.elapsed())
    );
    let tiers: Vec<Tier> = found
        .tried
        .iter()
        .filter(|tried| tried.findings.held())
        .map(|tried| tried.tier)
        .collect();
    let mut bare = Vec::new();
    let mut walled: Vec<Vec<f64>> = vec![Vec::new(); tiers.len()];
    for round in 0..=ROUNDS {
        let without = plain(&home, round);
        for (place, tier) in tiers.iter().enumerate() {
            let took = runtime.block_on(behind(*tier, &home, round));
            if round > 0 {
                walled[place].push(took);
            }
        }
        if round > 0 {
            bare.push(without);
        }
    }
    println!("Jest with coverage, {ROUNDS} rounds, ms: median (best)");
    println!("{:<12} {:7.1} ({:.1})", "bare", median(&bare), best(&bare));
    for (tier, took) in tiers.iter().zip(&walled) {
        let added: Vec<f64> = took
            .iter()
            .zip(&bare)
            .map(|(with, without)| with - without)
            .collect();
        println!(
            "{:<12} {:7.1} ({:.1})   added, median of pairs {:+.1} ms = {:+.1} %",
            tier.as_str(),
            median(took),
            best(took),
            median(&added),
            100.0 * median(&added) / median(&bare)
        );
    }
}

/// The command line of one run; reports go to a new folder.
fn words(home: &Home, name: &str) -> (Vec<String>, PathBuf) {
    let out = home.home.join("out").join(name);
    fs::create_dir_all(&out).unwrap();
    for file in ["jest.locked.cjs", "setup.locked.cjs", "each.locked.cjs"] {
        fs::copy(tool::root("dev-factory/harness").join(file), out.join(file)).unwrap();
    }
    let text = |path: &Path| path.display().to_string();
    let node = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .find_map(|folder| folder.join("node").canonicalize().ok())
        .unwrap();
    let words = vec![
        text(&node),
        text(&home.home.join("node_modules/jest/bin/jest.js")),
        "--ci".into(),
        "--silent".into(),
        "--json".into(),
        format!("--config={}", text(&out.join("jest.locked.cjs"))),
        format!("--rootDir={}", text(&home.tool)),
        format!("--outputFile={}", text(&out.join("jest.json"))),
        format!("--coverageDirectory={}", text(&out.join("cov"))),
        format!("--cacheDirectory={}", text(&out.join("cache"))),
        "--coverage".into(),
    ];
    (words, out)
}

fn plain(home: &Home, round: usize) -> f64 {
    let (words, out) = words(home, &format!("bare-{round}"));
    let begun = Instant::now();
    let ended = Command::new(&words[0])
        .args(&words[1..])
        .current_dir(&home.tool)
        .env_clear()
        .envs([
            ("PATH", "/usr/bin:/bin"),
            ("CI", "1"),
            ("NODE_ENV", "test"),
            ("NO_COLOR", "1"),
        ])
        .env("HOME", &out)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    millis(begun.elapsed())
}

async fn behind(tier: Tier, home: &Home, round: usize) -> f64 {
    let (command, out) = words(home, &format!("{}-{round}", tier.as_str()));
    let walls = Walls::of(tier, &tool::setup(&home.home.join("state")));
    let job = Job {
        command,
        cwd: home.tool.clone(),
        stdin: Vec::new(),
        read: vec![home.tool.clone(), home.home.join("node_modules")],
        write: vec![out.clone()],
        network: Network::Loopback,
        limits: Limits::default(),
        untrusted: Vec::new(),
        env: Vec::new(),
    };
    let begun = Instant::now();
    let ended = walls.run(job).await.unwrap();
    let took = millis(begun.elapsed());
    assert_eq!(
        ended.exit,
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(out.join("jest.json").is_file());
    took
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(all: &[f64]) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn best(all: &[f64]) -> f64 {
    all.iter().copied().fold(f64::INFINITY, f64::min)
}
