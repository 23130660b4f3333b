//! From the start of the process to the first whole picture, and the memory it has then.

use super::attached::{World, quantile, row};
use super::process::{share, status};
use std::time::Instant;

pub fn measure(world: &World, starts: usize) {
    measure_with(world, starts, ("15", "10"));
}

/// The same against other aims, in milliseconds and MB.
pub fn measure_with(world: &World, starts: usize, aims: (&str, &str)) {
    let (mut times, mut bare) = (vec![], vec![]);
    let (mut memory, mut own, mut added) = (vec![], vec![], vec![]);
    for _ in 0..starts {
        let start = Instant::now();
        let mut pty = world.begin();
        pty.until("the first picture", |shown| {
            let text = shown.text();
            text.contains("IDLE") && text.contains("q leave")
        });
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        let id = i32::try_from(pty.id()).unwrap();
        memory.push(status(id, "VmHWM").unwrap() as f64 / 1000.0);
        own.push(status(id, "RssAnon").unwrap() as f64 / 1000.0);
        added.extend(share(id).map(|share| share as f64 / 1000.0));
        pty.press("q");
        pty.ended();
        // To compare with: a shell that says a word, in the same minute.
        let start = Instant::now();
        let pty = world.script("printf IDLE; read line");
        pty.shows("IDLE");
        bare.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    row(
        "start to first picture, median, ms",
        quantile(&mut times, 0.5),
        aims.0,
    );
    row(
        "start to first picture, best, ms",
        quantile(&mut times, 0.0),
        "",
    );
    row(
        "start of a shell to its first word, median, ms",
        quantile(&mut bare, 0.5),
        "",
    );
    row(
        "start of a shell to its first word, best, ms",
        quantile(&mut bare, 0.0),
        "",
    );
    row(
        "of it our own, not pages of files, MB",
        quantile(&mut own, 0.5),
        "",
    );
    row(
        "peak memory at the first picture, MB",
        quantile(&mut memory, 0.5),
        aims.1,
    );
    if !added.is_empty() {
        row(
            "its share, pages held by the engine too divided, MB",
            quantile(&mut added, 0.5),
            "",
        );
    }
}
