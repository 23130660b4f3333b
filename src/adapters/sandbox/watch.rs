//! A run under way, from outside: what it writes, its deadline, and the end of all its processes.

use super::kill::Tree;
use super::policy::Report;
use crate::adapters::clock;
use crate::factory::ports::sandbox::{Ended, Job, Limit};
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::sync::Notify;

/// How long pipes may stay open after every process was killed.
const DRAIN: Duration = Duration::from_secs(2);
/// Longest report that is read, bytes.
const REPORT: u64 = 4096;
/// Exit codes above this say that a signal ended what was waited for.
const SIGNAL: i32 = 128;

/// What came of a run.
pub struct Outcome {
    /// As the port tells it, without the report.
    pub ended: Ended,
    /// What was said from inside; None = nothing, or we ended the run.
    pub report: Option<Report>,
}

impl Outcome {
    /// Nothing was ever started: whoever was to build the walls ended by itself without a word.
    pub fn unheard(&self) -> bool {
        self.silent() && !self.cut()
    }

    /// A signal from outside ended whoever keeps the walls, or our own program behind them.
    pub fn cut(&self) -> bool {
        self.silent() && self.ended.exit.is_none_or(|code| code > SIGNAL)
    }

    fn silent(&self) -> bool {
        self.report.is_none() && self.ended.limit.is_none()
    }

    /// The kernel ended something in the run's scope for its memory; some service managers then end all of the scope,
    /// whoever would have reported it too.
    pub fn out_of_memory(&mut self) {
        if self.cut() {
            self.ended.limit = Some(Limit::Memory);
            self.ended.exit = None;
        }
    }
}

/// Waits for the end or a limit, ends the whole tree, and collects what was written. `alone`: the end of the first
/// process was the end of all.
pub async fn watch(
    child: &mut Child,
    job: &Job,
    mut tree: Tree,
    report: File,
    alone: bool,
) -> io::Result<Outcome> {
    let flood = Arc::new(Notify::new());
    let stdout = tokio::spawn(read(child.stdout.take(), job.limits.output, flood.clone()));
    let stderr = tokio::spawn(read(child.stderr.take(), job.limits.output, flood.clone()));
    let feeding = child.stdin.take().map(|mut pipe| {
        let bytes = job.stdin.clone();
        tokio::spawn(async move {
            let _ = pipe.write_all(&bytes).await;
        })
    });
    let (exit, limit) = tokio::select! {
        biased;
        status = child.wait() => (status?.code(), None),
        () = flood.notified() => (None, Some(Limit::Output)),
        () = lasted(job.limits.wall) => (None, Some(Limit::Time)),
    };
    // One that was ended itself may leave others.
    if exit.is_some() && alone {
        tree.over();
    }
    let swept = tokio::task::spawn_blocking(move || drop(tree));
    if limit.is_some() {
        let _ = child.wait().await;
    }
    let _ = swept.await;
    if let Some(feeding) = feeding {
        feeding.abort();
    }
    let (stdout, out_full) = finished(stdout).await;
    let (stderr, err_full) = finished(stderr).await;
    let flooded = (out_full || err_full).then_some(Limit::Output);
    let limit = limit.or(flooded);
    Ok(Outcome {
        report: if limit.is_none() { heard(report) } else { None },
        ended: Ended {
            exit: if limit.is_some() { None } else { exit },
            limit,
            stdout,
            stderr,
            millis: 0,
        },
    })
}

/// Waits until a run has had its time. While we were stopped it may have been, too.
async fn lasted(wall: Duration) {
    let mut known = clock::stopped();
    let mut left = wall;
    while !left.is_zero() {
        tokio::time::sleep(left).await;
        let stopped = clock::stopped();
        left = stopped.saturating_sub(std::mem::replace(&mut known, stopped));
    }
}

/// The report, once every process that could write it is gone.
fn heard(report: File) -> Option<Report> {
    let mut text = String::new();
    report.take(REPORT).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Reads a pipe up to the limit; says so when there is more.
async fn read<R: AsyncRead + Unpin>(
    pipe: Option<R>,
    limit: usize,
    flood: Arc<Notify>,
) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let Some(mut pipe) = pipe else {
        return (kept, false);
    };
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let _ = (&mut pipe).take(most).read_to_end(&mut kept).await;
    let mut more = [0_u8; 1];
    let full = kept.len() >= limit && pipe.read(&mut more).await.is_ok_and(|n| n > 0);
    if full {
        flood.notify_one();
    }
    (kept, full)
}

/// What a reader got; a pipe still held by someone we could not end is given up.
async fn finished(reader: tokio::task::JoinHandle<(Vec<u8>, bool)>) -> (Vec<u8>, bool) {
    let read = tokio::time::timeout(DRAIN, reader).await;
    read.ok().and_then(Result::ok).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_without_any_other_reason_is_one_for_memory() {
        let silent = |exit, limit| {
            let mut outcome = Outcome {
                ended: Ended {
                    exit,
                    limit,
                    ..Ended::default()
                },
                report: None,
            };
            outcome.out_of_memory();
            outcome.ended.limit
        };
        assert_eq!(silent(None, None), Some(Limit::Memory));
        assert_eq!(silent(Some(137), None), Some(Limit::Memory));
        assert_eq!(silent(Some(1), None), None);
        assert_eq!(silent(None, Some(Limit::Time)), Some(Limit::Time));
    }
}
