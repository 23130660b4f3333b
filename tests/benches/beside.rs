//! The log pane and an idle screen beside other programs for terminals, in one run: mprocs, lnav, btop, bottom.
//! `cargo bench --bench beside` prints the figures; docs/benchmarks.md says what they mean. Programs that are not installed
//! are named.

#[path = "screens/attached.rs"]
mod attached;
#[path = "../support/homes.rs"]
mod homes;
#[path = "beside/idle.rs"]
mod idle;
#[path = "../support/jest_home.rs"]
mod jest_home;
#[path = "beside/lines.rs"]
mod lines;
#[path = "beside/others.rs"]
mod others;
#[path = "turns/process.rs"]
mod process;
#[path = "../support/pty.rs"]
mod pty;

use std::time::Duration;

/// Lines that pour in at once.
const LINES: u32 = 1_000_000;
/// Lines that come alone, whose median is shown.
const SINGLE: usize = 41;
/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(30);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let only = args.iter().find(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let world = attached::World::new();
    others::name_missing();
    if wanted("lines") {
        lines::many(&world, LINES);
        lines::single(&world, SINGLE);
    }
    if wanted("idle") {
        idle::measure(&world, IDLE);
    }
}
