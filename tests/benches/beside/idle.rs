//! Programs on which nothing happens: processor time.

use super::attached::{World, row};
use super::others;
use super::process::threads;
use super::pty::Pty;
use std::time::Duration;

/// What starts has settled by then.
const SETTLED: Duration = Duration::from_secs(3);

fn percent(pty: &Pty, time: Duration) -> f64 {
    let id = i32::try_from(pty.id()).unwrap();
    std::thread::sleep(SETTLED);
    let before = threads(id);
    std::thread::sleep(time);
    let ran = threads(id);
    let since = |(thread, ran): (&String, &u64)| ran - before.get(thread).copied().unwrap_or(0);
    let used: u64 = ran.iter().map(since).sum();
    used as f64 / time.as_nanos() as f64 * 100.0
}

pub fn measure(world: &World, time: Duration) {
    let seconds = time.as_secs();
    let words = |name: &str| format!("{name}: idle for {seconds} s, processor, %");
    row(&words("dev-factory"), percent(&world.open(), time), "0.00");
    for (name, command) in [
        ("mprocs", "mprocs 'sleep 600'"),
        ("btop", "btop --utf-force"),
        ("btm", "btm"),
    ] {
        if others::here(name) {
            let pty = world.script(&format!("exec {command}"));
            row(&words(name), percent(&pty, time), "");
        }
    }
}
