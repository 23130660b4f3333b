//! What the screens cost: the real binary in a pseudo-terminal, attached to an engine that has nothing to do.
//! `cargo bench --bench screens` prints the figures, and `-- big` those of a home with a long past; docs/benchmarks.md says what they mean.

#[path = "screens/attached.rs"]
mod attached;
#[path = "screens/big.rs"]
mod big;
#[path = "screens/flood.rs"]
mod flood;
#[path = "../support/homes.rs"]
mod homes;
#[path = "screens/idle.rs"]
mod idle;
#[path = "../support/jest_home.rs"]
mod jest_home;
#[path = "screens/keys.rs"]
mod keys;
#[path = "store/line.rs"]
mod line;
#[path = "turns/process.rs"]
mod process;
#[path = "../support/pty.rs"]
mod pty;
#[path = "screens/start.rs"]
mod start;

use std::time::Duration;

/// Starts, and keys pressed, whose median is shown.
const STARTS: usize = 21;
const KEYS: usize = 300;
/// How long nothing happens, and how long lines rain.
const IDLE: Duration = Duration::from_secs(60);
const RAIN: Duration = Duration::from_secs(10);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let only = args.iter().find(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    // Some minutes and some gigabytes: only when asked for.
    if only.is_some_and(|only| only == "big") {
        return big::measure(STARTS);
    }
    let world = attached::World::new();
    if wanted("start") {
        start::measure(&world, STARTS);
    }
    if wanted("keys") {
        keys::quiet(&world, KEYS);
    }
    if wanted("flood") {
        keys::flooded(&world, RAIN);
    }
    if wanted("idle") {
        idle::measure(&world, IDLE);
    }
}
