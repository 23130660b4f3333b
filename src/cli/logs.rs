//! `logs`: what happened, from the stream the engine leaves in run/; never starts anything.

use super::args::Cli;
use super::out::{Done, Fail};
use super::wire;
use crate::adapters::feed;
use crate::headless::{self, Printer, Style};
use std::path::Path;

/// Prints the newest lines, and with `follow` what comes after.
pub fn run(cli: &Cli, home: &Path, follow: bool, lines: usize) -> Done {
    let style = Style {
        json: cli.json,
        verbose: cli.engine.verbose,
    };
    let mut printer = Printer::new(std::io::stdout(), style);
    for line in feed::recent(home, lines) {
        printer.line(&line, "-")?;
    }
    if !follow {
        return Ok(0);
    }
    wire::runtime()?.block_on(async {
        let feed = feed::follow(home).map_err(|error| Fail::failed(error.to_string()))?;
        tokio::select! {
            printed = headless::print(feed, style, std::io::stdout()) => { printed?; }
            _ = tokio::signal::ctrl_c() => {}
        }
        Ok(0)
    })
}
