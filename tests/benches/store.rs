//! What being durable costs: a move beside a bare temp, sync and rename of the same bytes on the same disk, appends to the
//! journal beside bare appends, and the time to start against the length of the journal. `cargo bench --bench store`.

#[path = "store/append.rs"]
mod append;
#[path = "store/line.rs"]
mod line;
#[path = "store/place.rs"]
mod place;
#[path = "store/start.rs"]
mod start;
#[path = "../support/store.rs"]
#[allow(dead_code)]
mod support;

/// Moves measured, each next to a bare one.
const MOVES: usize = 1_000;
/// Appends measured of each kind.
const APPENDS: usize = 1_000;
/// Lengths of the journal, MiB.
const LENGTHS: [u64; 3] = [1, 32, 1_024];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let only = args.iter().find(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("move") {
        append::moves(MOVES);
    }
    if wanted("append") {
        append::appends(APPENDS);
    }
    if wanted("start") {
        start::starts(&LENGTHS);
    }
}
