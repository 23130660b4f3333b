//! The hostile suite: programs that try to get out of the box, run through the real gate under every tier of this
//! machine, and once without walls, where each must be seen to succeed. What counts is looked at from outside.
//!
//! `cargo test --test hostile -- "05 "` runs one row; a trial is a process of its own, so that one which is killed,
//! flooded or stripped of its files takes nothing else with it.

#[path = "hostile/attack.rs"]
mod attack;
#[path = "hostile/bare.rs"]
mod bare;
#[path = "support/doubles.rs"]
#[allow(dead_code)]
mod doubles;
#[path = "support/fakes.rs"]
mod fakes;
#[path = "hostile/guest.rs"]
mod guest;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "hostile/look.rs"]
mod look;
#[path = "support/model_server.rs"]
mod model_server;
#[path = "hostile/place.rs"]
mod place;
#[path = "support/plant.rs"]
#[allow(dead_code)]
mod plant;
#[path = "support/process.rs"]
mod process;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/registry.rs"]
mod registry;
#[path = "hostile/rows.rs"]
mod rows;
#[path = "hostile/tiers.rs"]
mod tiers;
#[path = "support/tool.rs"]
mod tool;
#[path = "hostile/trial.rs"]
mod trial;
#[path = "support/wrapper.rs"]
mod wrapper;

use libtest_mimic::{Arguments, Trial};
use tiers::Tier;

fn main() {
    // Our own code re-executes the program it is part of to build walls: here that is this one.
    if let Some(answer) = dev_factory::adapters::sandbox::inside(std::env::args_os()) {
        print!("{}", answer.out);
        eprint!("{}", answer.err);
        std::process::exit(answer.code.into());
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("guest") => guest::main(&words[1..]),
        Some("trial") => trial::carry_out(&words[1..]),
        _ => libtest_mimic::run(&arguments(), trials()).exit(),
    }
}

/// What the command line asks for; the number of threads also as the other tests read it.
fn arguments() -> Arguments {
    let mut given = Arguments::from_args();
    let threads = std::env::var("RUST_TEST_THREADS").ok();
    let threads = threads.map(|number| number.parse().expect("RUST_TEST_THREADS is a number"));
    given.test_threads = given.test_threads.or(threads);
    given
}

/// Each row without walls, and under each tier or, where it is about our own code, once.
fn trials() -> Vec<Trial> {
    // Installed once, before rows ask for it side by side.
    jest_home::modules();
    let tiers = tiers::all();
    let mut all = Vec::new();
    for tier in &tiers {
        let (name, why) = (tier.name, tier.missing.clone());
        let there = why.is_none();
        let trial = Trial::test(format!("tier {name}"), move || match why {
            None => Ok(()),
            Some(why) => Err(why.into()),
        });
        if !there {
            eprintln!(
                "tier {name} is not available here: {}",
                tier.missing.as_deref().unwrap_or_default()
            );
        }
        all.push(trial.with_ignored_flag(!there));
    }
    let walls: Vec<&Tier> = tiers.iter().filter(|tier| tier.missing.is_none()).collect();
    let any = !walls.is_empty();
    all.push(Trial::test("some tier holds here", move || match any {
        true => Ok(()),
        false => Err("no tier is available on this machine".into()),
    }));
    let rows = rows::all();
    let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<u32>>(), "rows by number");
    for row in rows {
        let mut under = vec![tiers::NONE];
        match row.about {
            attack::About::Walls => under.extend(walls.iter().map(|tier| tier.name)),
            attack::About::Ours => under.push(tiers::OURS),
        }
        for tier in under {
            let name = format!("{:02} {} / {tier}", row.number, row.name);
            let number = row.number;
            all.push(Trial::test(name, move || trial::spawn(number, tier)));
        }
    }
    all
}
