//! The figures as a table.

use super::idle::Idle;
use super::job::{Pair, Run};
use std::time::Duration;

/// Factory and bare client side by side, for a short and a long job.
pub fn turns(short: &Pair, long: &Pair) {
    for pair in [short, long] {
        let runs = pair.factory.len();
        println!("\n{} turns, medians of {runs} runs", pair.turns);
        println!(
            "{:38}{:>10}{:>10}{:>9}  aim",
            "", "factory", "bare", "ratio"
        );
        row(pair, "start to first request, ms", "20", |run| run.first);
        row(pair, "harness time a turn, median, ms", "1", |run| {
            quantile(&run.gaps, 0.5)
        });
        row(pair, "of it without a move, median, ms", "", |run| {
            quantile(&run.plain, 0.5)
        });
        row(pair, "harness time a turn, p99, ms", "", |run| {
            quantile(&run.gaps, 0.99)
        });
        row(pair, "processor, s", "0.1", |run| run.end.own);
        row(pair, "processor of git, s", "", |run| run.end.others);
        row(pair, "peak memory, MB", "15", |run| {
            run.end.peak as f64 / 1000.0
        });
        row(pair, "last answer to exit, ms", "", |run| run.exit);
    }
    println!("\nGrowth over {} turns (factory)", long.turns);
    println!("{:38}{:>10}{:>10}", "", "first 20", "last 20");
    let (first, last) = (ends(long, |run| &run.gaps), ends(long, held));
    println!(
        "{:38}{:>10.2}{:>10.2}",
        "harness time a turn, median, ms", first.0, first.1
    );
    println!("{:38}{:>10.2}{:>10.2}", "memory held, MB", last.0, last.1);
}

fn held(run: &Run) -> &Vec<f64> {
    &run.held
}

fn ends(pair: &Pair, of: fn(&Run) -> &Vec<f64>) -> (f64, f64) {
    let take = |last: bool| {
        let values = pair.factory.iter().map(|run| {
            let all = of(run);
            let part = if last {
                &all[all.len() - 20..]
            } else {
                &all[..20]
            };
            quantile(part, 0.5)
        });
        quantile(&values.collect::<Vec<_>>(), 0.5)
    };
    (take(false), take(true))
}

fn row(pair: &Pair, name: &str, aim: &str, of: impl Fn(&Run) -> f64) {
    let middle = |runs: &[Run]| quantile(&runs.iter().map(&of).collect::<Vec<_>>(), 0.5);
    let (ours, bare) = (middle(&pair.factory), middle(&pair.bare));
    let ratio = match bare > 0.0 {
        true => format!("{:.1}", ours / bare),
        false => "-".to_owned(),
    };
    println!("{name:38}{ours:>10.2}{bare:>10.2}{ratio:>9}  {aim}");
}

/// Foreign rewrites of state.json.
pub fn claim(renamed: &[f64], in_place: &[f64]) {
    println!(
        "\nForeign rewrite of state.json to the next model request, ms (aim 5), {} times each",
        renamed.len()
    );
    for (name, times) in [("saved by rename", renamed), ("written in place", in_place)] {
        println!(
            "{name:38}median {:.2}, longest {:.2}",
            quantile(times, 0.5),
            quantile(times, 1.0)
        );
    }
}

/// The idle engine.
pub fn idle(idle: &Idle, time: Duration) {
    let hour = idle.cpu * 3600.0 / time.as_secs_f64();
    println!("\nIdle, nothing to do, {} s watched", time.as_secs());
    println!("{:38}{}", "requests to the model server", idle.requests);
    println!("{:38}{hour:.2} (aim 1)", "processor, s an hour");
    println!(
        "{:38}{:.1} in {} threads",
        "memory held, MB",
        idle.held as f64 / 1000.0,
        idle.threads
    );
}

/// A quantile by nearest rank.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
