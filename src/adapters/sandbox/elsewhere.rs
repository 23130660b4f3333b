//! Our own program inside a run on systems that are not Linux: it sets limits and becomes the job. The walls are the
//! operator's wrapper.

use super::Answer;
use super::policy::{BROKEN, Policy};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The hidden subcommand.
pub const WORD: &str = "__sandbox";

/// Runs a policy.
#[must_use]
pub fn run(text: &str) -> Answer {
    let error = match serde_json::from_str::<Policy>(text) {
        Ok(policy) => becomes(&policy),
        Err(error) => error.into(),
    };
    Answer {
        code: BROKEN,
        err: format!("{error}\n"),
        ..Answer::default()
    }
}

fn becomes(policy: &Policy) -> io::Error {
    let limits = [
        (Resource::Core, 0),
        (Resource::Fsize, policy.limits.file),
        (Resource::Cpu, policy.limits.cpu.as_secs()),
    ];
    for (resource, most) in limits {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        if let Err(error) = setrlimit(resource, limit) {
            return error.into();
        }
    }
    let Some((program, arguments)) = policy.command.split_first() else {
        return io::Error::other("no program was named");
    };
    let kept = policy
        .keep
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&policy.cwd).env_clear();
    command.envs(kept).envs(policy.env.iter().cloned());
    command.exec()
}
