//! The command line: reads the arguments, runs one subcommand, and turns how it ended into an exit code.

mod address;
mod args;
pub mod ask;
pub mod background;
pub mod commits;
pub mod complete;
pub mod demo;
pub mod doctor;
#[cfg(test)]
mod guide;
pub mod home;
pub mod init;
mod lasting;
pub mod list;
pub mod logs;
pub mod notify;
pub mod npm;
pub mod operator;
pub mod out;
pub mod plan;
pub mod probe;
pub mod program;
pub mod replay;
pub mod report;
pub mod screens;
pub mod secrets;
pub mod send;
pub mod serve;
pub mod service;
pub mod show;
pub mod signals;
pub mod starter;
pub mod status;
pub mod threads;
mod tools;
pub mod trouble;
pub mod upgrade;
pub mod verbs;
pub mod verify;
pub mod walls;
pub mod wire;

use args::{Cli, Cmd};
use clap::Parser;
use out::{Done, Fail, code};
use verbs::VerbCmd;

/// Runs the command line given; the exit code, or a report of something that cannot happen.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> Result<u8, color_eyre::Report> {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output, which may be closed.
            let _ = error.print();
            return Ok(u8::try_from(error.exit_code()).unwrap_or(code::USAGE));
        }
    };
    let json = cli.json;
    match dispatch(cli) {
        Ok(code) => Ok(code),
        Err(Fail::Closed) => Ok(0),
        Err(Fail::Said(code, sentence)) => {
            if json {
                let object = serde_json::json!({ "error": sentence, "exit": code });
                let _ = out::say(object);
            }
            out::note(sentence);
            Ok(code)
        }
        Err(Fail::Bug(report)) => Err(report),
    }
}

/// One subcommand.
fn dispatch(cli: Cli) -> Done {
    let home = || home::resolve(cli.home.as_deref());
    match &cli.command {
        None if screens::wanted(&cli) => screens::here(&cli, &home()?),
        None => serve::here(&cli, &home()?),
        Some(Cmd::Init(args)) => init::run(&cli, args),
        Some(Cmd::Demo(args)) => demo::run(&cli, args),
        Some(Cmd::Up) => background::up(&cli, &home()?),
        Some(Cmd::Down(args)) => background::down(&cli, &home()?, args),
        Some(Cmd::Restart(args)) => background::restart(&cli, &home()?, args),
        Some(Cmd::List) => list::run(&cli, &home()?),
        Some(Cmd::Status { line }) => status::run(&cli, &home()?, *line),
        Some(Cmd::Logs { follow, lines }) => logs::run(&cli, &home()?, *follow, *lines),
        Some(Cmd::Report(args)) => report::run(&cli, &home()?, args),
        Some(Cmd::Replay { transcript }) => replay::run(&cli, &home()?, transcript),
        Some(Cmd::Verify(args)) => verify::run(&cli, &home()?, args),
        Some(Cmd::Upgrade(args)) => upgrade::run(&cli, &home()?, args),
        Some(Cmd::Config) => show::run(&cli),
        Some(Cmd::Doctor(args)) => doctor::run(&cli, args),
        Some(Cmd::Notify { test }) => notify::run(&cli, test.clone().flatten().as_deref()),
        Some(Cmd::Service { command }) => service::run(&cli, &home()?, command),
        Some(Cmd::Completions { shell }) => complete::run(*shell),
        Some(Cmd::Carry) => operator::carry(&cli, &home()?),
        Some(Cmd::Verb(VerbCmd::Probe { host })) => probe::run(&cli, &home()?, host.clone()),
        Some(Cmd::Verb(verb)) => send::run(&cli, &home()?, verb.clone()),
    }
}
