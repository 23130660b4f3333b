//! Starts the job behind its walls and watches it to its end or a limit.

use super::confine::Walls;
use super::usage::Watch;
use super::{Named, Step, mine};
use crate::adapters::again::patiently;
use crate::adapters::sandbox::policy::{Policy, Report};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions, WaitStatus, getpid, pidfd_open};
use std::fs::{DirBuilder, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// Runs the job; how it ended.
///
/// The death signal of the kernel does not reach everybody: root that gave up its capabilities may not signal the user
/// the run became, and where no namespace ends the rest, we have to. So the open end of the report is watched as well:
/// whoever was to read it is gone when it breaks.
pub fn run(policy: &Policy, report: Option<&File>) -> Step<Report> {
    let me = getpid();
    rustix::process::set_child_subreaper(Some(me)).step("keeping orphans")?;
    let home = policy.scratch.join("home");
    let _ = DirBuilder::new().mode(0o700).create(home);
    let mut watch = Watch::new(policy);
    let pid = start(policy)?;
    let gone = pidfd_open(pid, PidfdFlags::empty()).step("watching the job")?;
    let mut pause = Duration::from_millis(1);
    loop {
        if wait(&gone, report, pause) {
            mine::end();
            return Ok(Report::default());
        }
        if let Some(status) = reap(pid) {
            let report = ended(status, &mut watch);
            mine::end();
            return Ok(report);
        }
        let (limit, next) = watch.look();
        if limit.is_some() {
            mine::end();
            return Ok(Report {
                limit,
                ..Report::default()
            });
        }
        pause = next;
    }
}

/// The job's process, behind its walls.
fn start(policy: &Policy) -> Step<Pid> {
    let (program, arguments) = policy.command.split_first().ok_or("no program was named")?;
    let kept = policy
        .keep
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(&policy.cwd)
        .env_clear()
        .envs(kept)
        .envs(policy.env.iter().map(|(name, value)| (name, value)));
    let mut walls = Walls::new(policy)?;
    // SAFETY: this process has one thread, so after the fork every lock is free and memory can be had.
    unsafe {
        command.pre_exec(move || walls.close());
    }
    let child = patiently(|| command.spawn()).map_err(|error| error.to_string())?;
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| "no process".to_owned())
}

/// Waits for the job's end, at most this long; true when nobody waits for the run any more.
fn wait(gone: &OwnedFd, report: Option<&File>, most: Duration) -> bool {
    let time = Timespec {
        tv_sec: i64::try_from(most.as_secs()).unwrap_or(1),
        tv_nsec: i64::from(most.subsec_nanos()),
    };
    let mut watched = vec![PollFd::new(gone, PollFlags::IN)];
    watched.extend(report.map(|file| PollFd::new(file, PollFlags::empty())));
    let _ = poll(&mut watched, Some(&time));
    let reader = watched.get(1).map(PollFd::revents);
    reader.is_some_and(|events| events.contains(PollFlags::ERR))
}

/// Takes leave of whoever has ended; the job's status when it is among them.
fn reap(job: Pid) -> Option<WaitStatus> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == job => return Some(status),
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}

fn ended(status: WaitStatus, watch: &mut Watch<'_>) -> Report {
    let (exit, signal) = (status.exit_status(), status.terminating_signal());
    let failed = exit != Some(0);
    Report {
        exit,
        signal,
        limit: failed.then(|| watch.behind(signal)).flatten(),
        failed: None,
    }
}
