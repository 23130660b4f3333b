//! Our own program inside a run: it finishes the walls, starts the job behind them, keeps its limits, and reports
//! how it ended. It is the first process of the run's process namespace, so that its end is the end of all.

mod confine;
mod door;
mod filter;
mod mine;
mod root;
mod spaces;
mod supervise;
mod usage;

use super::Answer;
use super::policy::{BROKEN, ENDED_BY, Policy, Report};
use rustix::process::{DumpableBehavior, Signal};
use rustix::thread::{Gid, Uid};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{FromRawFd, OwnedFd};

/// The hidden subcommand.
pub const WORD: &str = "__sandbox";

/// Runs a policy.
#[must_use]
pub fn run(text: &str) -> Answer {
    match serde_json::from_str::<Policy>(text) {
        Ok(policy) => enter(&policy),
        Err(error) => broken(format!("this subcommand is not for people: {error}\n")),
    }
}

fn broken(err: String) -> Answer {
    Answer {
        code: BROKEN,
        err,
        ..Answer::default()
    }
}

fn ended(code: u8) -> Answer {
    Answer {
        code,
        ..Answer::default()
    }
}

/// The steps that failed, by name.
type Step<T> = Result<T, String>;

/// An error with the name of its step.
trait Named<T> {
    fn step(self, name: &str) -> Step<T>;
}

impl<T, E: std::fmt::Display> Named<T> for Result<T, E> {
    fn step(self, name: &str) -> Step<T> {
        self.map_err(|error| format!("{name}: {error}"))
    }
}

/// Finishes the walls and runs the job.
fn enter(policy: &Policy) -> Answer {
    // SAFETY: whoever started us left this number open for the report and nobody else here owns it.
    let mut report = policy
        .report
        .map(|number| File::from(unsafe { OwnedFd::from_raw_fd(number) }));
    let outcome = walls(policy).and_then(|walls| match walls {
        spaces::Side::Outside(code) => Ok(Err(code)),
        spaces::Side::Inside => supervise::run(policy, report.as_ref()).map(Ok),
    });
    let told = match outcome {
        Ok(Err(code)) => return ended(code),
        Ok(Ok(told)) => told,
        Err(failed) => Report {
            failed: Some(failed),
            ..Report::default()
        },
    };
    tell(report.as_mut(), &told)
}

/// Everything before the job: namespaces and root where they are ours to make, open files, and who we are.
fn walls(policy: &Policy) -> Step<spaces::Side> {
    close(policy.report).step("closing open files")?;
    if policy.tier == super::tier::Tier::Namespaces {
        match spaces::enter(policy)? {
            spaces::Side::Outside(code) => return Ok(spaces::Side::Outside(code)),
            spaces::Side::Inside => root::build(&policy.view)?,
        }
    }
    door::open(policy)?;
    if let Some(id) = policy.become_id {
        become_other(id).step("becoming an ordinary user")?;
    }
    // The job runs as the same user: it may neither read nor trace us. A change of user clears the death signal.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).step("closing memory")?;
    if policy.tier.own_processes() {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
            .step("death signal")?;
    }
    Ok(spaces::Side::Inside)
}

/// Closes what was left open beside the first three and the report, which the job does not inherit.
fn close(report: Option<i32>) -> io::Result<()> {
    let keep = report.and_then(|number| u32::try_from(number).ok());
    let ranges = match keep {
        Some(number) => [(3, number.saturating_sub(1)), (number + 1, u32::MAX)],
        None => [(3, u32::MAX), (u32::MAX, u32::MAX)],
    };
    for (first, last) in ranges.into_iter().filter(|(first, last)| first <= last) {
        // SAFETY: nothing in this process owns these numbers: it has opened nothing yet.
        let done = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    if let Some(number) = report {
        // SAFETY: the number is open for as long as this process lives.
        let file = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
        rustix::io::fcntl_setfd(file, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok(())
}

/// Gives up root and every capability with it.
fn become_other(id: u32) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(id), Gid::from_raw(id));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(group, group, group)?;
    rustix::thread::set_thread_res_uid(user, user, user)?;
    Ok(())
}

/// Hands over the report; without a file for it the exit code says what it can.
fn tell(report: Option<&mut File>, told: &Report) -> Answer {
    match report {
        Some(file) => {
            let text = serde_json::to_string(told).unwrap_or_default();
            let _ = file.write_all(text.as_bytes());
        }
        None => {
            if let Some(words) = &told.failed {
                return broken(format!("{words}\n"));
            }
            let by = ENDED_BY
                .iter()
                .find(|(limit, _)| Some(*limit) == told.limit);
            if let Some((_, code)) = by {
                return ended(*code);
            }
        }
    }
    let byte = |number: i32| u8::try_from(number).unwrap_or(BROKEN);
    ended(match (told.exit, told.signal) {
        (Some(code), _) => byte(code),
        (None, Some(signal)) => byte(128 + signal),
        (None, None) => BROKEN,
    })
}
