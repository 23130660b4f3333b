//! A sandbox that is none: everything is inherited, nothing is limited, nothing is ended. Here attacks succeed.

use dev_factory::factory::ports::sandbox::{Ended, Job, Sandbox, SandboxError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a run that should have been ended is watched.
const GRACE: Duration = Duration::from_secs(2);
/// How long pipes that someone else holds are read on.
const DRAIN: Duration = Duration::from_millis(200);

/// No walls, no limits, no sweeping up.
pub struct Bare;

impl Sandbox for Bare {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Ended, SandboxError>> {
        async move {
            Ok(tokio::task::spawn_blocking(move || run(&job))
                .await
                .unwrap())
        }
        .boxed()
    }

    fn tier(&self) -> &'static str {
        "none"
    }
}

fn run(job: &Job) -> Ended {
    let begun = Instant::now();
    let mut child = Command::new(&job.command[0])
        .args(&job.command[1..])
        .current_dir(&job.cwd)
        .envs(job.env.iter().cloned())
        .stdin(if job.stdin.is_empty() {
            Stdio::inherit()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(mut pipe) = child.stdin.take() {
        let _ = pipe.write_all(&job.stdin);
    }
    let (stdout, stderr) = (read(child.stdout.take()), read(child.stderr.take()));
    let exit = wait(&mut child, begun + job.limits.wall + GRACE);
    let drained = Instant::now() + DRAIN;
    while Arc::strong_count(&stdout) + Arc::strong_count(&stderr) > 2 && Instant::now() < drained {
        std::thread::park_timeout(Duration::from_millis(1));
    }
    let taken = |kept: &Mutex<Vec<u8>>| std::mem::take(&mut *kept.lock().unwrap());
    Ended {
        exit,
        limit: None,
        stdout: taken(&stdout),
        stderr: taken(&stderr),
        millis: u64::try_from(begun.elapsed().as_millis()).unwrap(),
    }
}

/// Its exit code; None when it goes on for ever, in which case it is left to whoever looks for it.
fn wait(child: &mut Child, until: Instant) -> Option<i32> {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > until {
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Reads a pipe to its end, which may come after the run's.
fn read<R: Read + Send + 'static>(pipe: Option<R>) -> Arc<Mutex<Vec<u8>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (into, mut pipe) = (Arc::clone(&kept), pipe.unwrap());
    std::thread::spawn(move || {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(count @ 1..) = pipe.read(&mut bytes) {
            into.lock().unwrap().extend_from_slice(&bytes[..count]);
        }
    });
    kept
}
