//! Starts the job behind its walls and watches it to its end or a limit.

use super::confine::Walls;
use super::usage::Watch;
use super::{Named, Step, mine};
use crate::adapters::again::patiently;
use crate::adapters::sandbox::policy::{Policy, Report};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, WaitOptions, WaitStatus, getpid, pidfd_open};
use std::fs::{DirBuilder, File};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// Runs the job; how it ended.
///
/// Nobody else sees to it that a run ends with whoever started it: a death signal comes too early for bubblewrap, which
/// then leaves its child behind, and too late for who asks for it after that end; root that gave up its capabilities may
/// not even send it. So the open end of the report is watched: whoever was to read it is gone when it breaks. Where there
/// is no report, the same goes for what the run says.
pub fn run(policy: &Policy, report: Option<&File>) -> Step<Report> {
    let me = getpid();
    rustix::process::set_child_subreaper(Some(me)).step("keeping orphans")?;
    let home = policy.scratch.join("home");
    let _ = DirBuilder::new().mode(0o700).create(home);
    let mut watch = Watch::new(policy);
    // SAFETY: standard output is open for as long as this process lives.
    let said = unsafe { BorrowedFd::borrow_raw(1) };
    let heard = report.map_or(said, AsFd::as_fd);
    if wait(heard, None, Duration::ZERO) {
        return Ok(Report::default());
    }
    let pid = start(policy)?;
    let gone = pidfd_open(pid, PidfdFlags::empty()).step("watching the job")?;
    let mut pause = Duration::from_millis(1);
    loop {
        if wait(heard, Some(&gone), pause) {
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

/// Waits for the job's end, at most this long; true when nobody hears of it any more.
fn wait(heard: BorrowedFd<'_>, gone: Option<&OwnedFd>, most: Duration) -> bool {
    let time = Timespec {
        tv_sec: i64::try_from(most.as_secs()).unwrap_or(1),
        tv_nsec: i64::from(most.subsec_nanos()),
    };
    let mut watched = vec![PollFd::from_borrowed_fd(heard, PollFlags::empty())];
    watched.extend(gone.map(|gone| PollFd::new(gone, PollFlags::IN)));
    let _ = poll(&mut watched, Some(&time));
    let heard = watched.first().map(PollFd::revents);
    heard.is_some_and(|events| events.contains(PollFlags::ERR))
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
