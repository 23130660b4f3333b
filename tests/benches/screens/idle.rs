//! Screens on which nothing happens: bytes written to the terminal, processor time.

use super::attached::{World, row};
use super::process::{status, threads};
use std::time::Duration;

pub fn measure(world: &World, time: Duration) {
    let pty = world.open();
    let id = i32::try_from(pty.id()).unwrap();
    // What starts has settled by then.
    std::thread::sleep(Duration::from_secs(3));
    let bytes = pty.now(|shown| shown.bytes.len());
    let before = threads(id);
    std::thread::sleep(time);
    let used: u64 = threads(id)
        .iter()
        .map(|(thread, ran)| ran - before.get(thread).copied().unwrap_or(0))
        .sum();
    let written = pty.now(|shown| shown.bytes.len()) - bytes;
    let seconds = time.as_secs();
    row(
        &format!("idle for {seconds} s, bytes written"),
        written as f64,
        "0",
    );
    row(
        &format!("idle for {seconds} s, processor, ms"),
        used as f64 / 1e6,
        "0",
    );
    row(
        "idle, memory held, MB",
        status(id, "VmRSS").unwrap() as f64 / 1000.0,
        "",
    );
    drop(pty);
}
