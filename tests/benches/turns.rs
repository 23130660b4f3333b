//! What the factory itself costs: the real binary against a model server that answers at once, beside a bare client
//! that sends the same requests. `cargo bench` prints the figures; docs/benchmarks.md says what they mean.

#[path = "turns/bare.rs"]
mod bare;
#[path = "turns/claim.rs"]
mod claim;
#[path = "../support/fakes.rs"]
mod fakes;
#[path = "turns/home.rs"]
mod home;
#[path = "turns/idle.rs"]
mod idle;
#[path = "turns/job.rs"]
mod job;
#[path = "../support/model_server.rs"]
mod model_server;
#[path = "turns/process.rs"]
mod process;
#[path = "turns/report.rs"]
mod report;

use std::time::Duration;

/// Runs whose median is shown.
const RUNS: usize = 7;
const LONG_RUNS: usize = 3;
/// How long the idle engine is watched.
const IDLE: Duration = Duration::from_secs(20);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, url, bodies] = args.as_slice()
        && flag == "--bare"
    {
        return bare::run(url, bodies);
    }
    let only = args.iter().find(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("turns") {
        let short = job::pair(20, RUNS);
        let long = job::pair(200, LONG_RUNS);
        report::turns(&short, &long);
    }
    if wanted("claim") {
        report::claim(&claim::by_rename(20), &claim::in_place(20));
    }
    if wanted("idle") {
        report::idle(&idle::watch(IDLE), IDLE);
    }
}
