//! Our own program inside a run on systems that are not Linux: it sets limits and becomes the job. The walls are the
//! operator's wrapper.

use super::policy::Policy;
use rustix::process::{Resource, Rlimit, setrlimit};
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The hidden subcommand.
pub const WORD: &str = "__sandbox";
/// Exit code of a run that could not be started.
const BROKEN: u8 = 70;

/// Runs a policy when that is what the arguments ask for; the exit code then.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> Option<u8> {
    let mut args = args.into_iter().skip(1);
    if args.next()?.to_str() != Some(WORD) {
        return None;
    }
    let text = args.next().unwrap_or_default();
    let error = match serde_json::from_str::<Policy>(&text.to_string_lossy()) {
        Ok(policy) => becomes(&policy),
        Err(error) => error.into(),
    };
    let _ = writeln!(io::stderr(), "{error}");
    Some(BROKEN)
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
