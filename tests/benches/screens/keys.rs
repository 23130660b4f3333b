//! From a key to the screen that shows what it did: when all is quiet, and while lines rain.

use super::attached::{World, quantile, row};
use super::flood::Flood;
use super::process::{status, threads};
use super::pty::Pty;
use std::time::{Duration, Instant};

/// Milliseconds from a key to its tab.
fn press(pty: &mut Pty, key: &str, tab: &str) -> f64 {
    let start = Instant::now();
    pty.press(key);
    pty.until(tab, |shown| shown.row(0).contains(tab));
    start.elapsed().as_secs_f64() * 1000.0
}

/// Milliseconds from a key to its echo by a program that does nothing else: what terminal, threads and parser cost.
fn bare(world: &World, count: usize) -> Vec<f64> {
    let mut pty = world.script("stty raw -echo; printf ready; exec cat");
    pty.shows("ready");
    let mut times = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        let before = pty.now(|shown| shown.bytes.len());
        pty.press("2");
        pty.until("the echo", |shown| shown.bytes.len() > before);
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times
}

pub fn quiet(world: &World, count: usize) {
    let mut echo = bare(world, count);
    let mut pty = world.open();
    let mut times = Vec::new();
    for _ in 0..count / 2 {
        times.push(press(&mut pty, "2", "[2 Agents"));
        times.push(press(&mut pty, "1", "[1 Factory]"));
    }
    row(
        "key to screen, quiet, median, ms",
        quantile(&mut times, 0.5),
        "1",
    );
    row(
        "key to screen, quiet, best, ms",
        quantile(&mut times, 0.0),
        "",
    );
    row(
        "key to screen, quiet, p99, ms",
        quantile(&mut times, 0.99),
        "",
    );
    row(
        "key to echo by cat, median, ms",
        quantile(&mut echo, 0.5),
        "",
    );
    row("key to echo by cat, best, ms", quantile(&mut echo, 0.0), "");
    pty.press("q");
    pty.ended();
}

pub fn flooded(world: &World, time: Duration) {
    let mut pty = world.open();
    let id = i32::try_from(pty.id()).unwrap();
    let cpu = || threads(id).values().sum::<u64>() as f64 / 1e9;
    let flood = Flood::start(&world.home);
    press(&mut pty, "4", "[4 Logs]");
    pty.shows("rain");
    let (begun, before) = (Instant::now(), cpu());
    let mut times = Vec::new();
    while begun.elapsed() < time {
        times.push(press(&mut pty, "1", "[1 Factory]"));
        times.push(press(&mut pty, "4", "[4 Logs]"));
        // Keys come from a person: not one behind the other.
        std::thread::sleep(Duration::from_millis(30));
    }
    let used = (cpu() - before) / begun.elapsed().as_secs_f64();
    let rate = flood.stop();
    row("lines a second written to the log", rate, "100000");
    row(
        "key to screen in the flood, median, ms",
        quantile(&mut times, 0.5),
        "",
    );
    row(
        "key to screen in the flood, p95, ms",
        quantile(&mut times, 0.95),
        "5",
    );
    row(
        "key to screen in the flood, p99, ms",
        quantile(&mut times, 0.99),
        "",
    );
    row("processor while it rains, cores", used, "");
    row(
        "memory in the flood, MB",
        status(id, "VmHWM").unwrap() as f64 / 1000.0,
        "",
    );
    pty.press("q");
    pty.ended();
}
