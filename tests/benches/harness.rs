//! What the harness itself takes, a turn and a cycle, for a tool at the size caps, beside what the gates take in a real
//! demo. `cargo bench --bench harness` prints the figures; `-- caps` or `-- demo` picks a part.

#[path = "harness/caps.rs"]
mod caps;
#[path = "harness/demo.rs"]
mod demo;

use std::time::Duration;

/// A turn of the harness may take this long for a tool at the caps.
const AIM: Duration = Duration::from_millis(5);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let only = args.iter().find(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    if wanted("caps") {
        let times = caps::measure(200);
        println!("three files of 200 lines, 15 examples, a spec of the demo; medians of 200");
        for (what, time) in &times.parts {
            println!("  {what:<44} {:>8.3} ms", millis(*time));
        }
        let turn = millis(times.turn);
        println!(
            "a turn, all of it:  {turn:.3} ms, aim under {} ms",
            AIM.as_millis()
        );
        println!("a cycle, all of it: {:.3} ms", millis(times.cycle));
        // A debug build measures something else.
        assert!(
            cfg!(debug_assertions) || times.turn < AIM,
            "{turn} ms a turn"
        );
    }
    if wanted("demo") {
        demo::show();
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
