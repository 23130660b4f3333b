//! `completions`: what a shell needs to complete our words.

use super::args::Cli;
use super::out::{self, Done};
use clap::CommandFactory;

/// Prints the completions of a shell.
pub fn run(shell: clap_complete::Shell) -> Done {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dev-factory", &mut text);
    out::put(&String::from_utf8_lossy(&text))?;
    Ok(0)
}
