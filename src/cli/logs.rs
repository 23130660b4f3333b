//! `logs`: what happened, from the stream the engine leaves in run/; never starts anything.

use super::args::Cli;
use super::home;
use super::out::{Done, code};
use super::threads;
use crate::adapters::feed;
use crate::adapters::store::readers;
use crate::headless::{self, Printer, Style};
use std::path::Path;

/// Prints the newest lines, and with `follow` what comes after.
pub fn run(cli: &Cli, home: &Path, follow: bool, lines: usize) -> Done {
    home::readable(home)?;
    let style = Style {
        json: cli.json,
        verbose: cli.engine.verbose,
    };
    if !follow {
        let mut printer = Printer::new(std::io::stdout(), style);
        for line in readers::lines(home, lines) {
            printer.line(&line, "-")?;
        }
        return Ok(0);
    }
    threads::runtime()?.block_on(async {
        let feed = feed::follow_tail(home, lines);
        tokio::select! {
            printed = headless::print(feed, style, std::io::stdout()) => {
                printed?;
                Ok(0)
            }
            _ = tokio::signal::ctrl_c() => Ok(code::INTERRUPTED),
        }
    })
}
