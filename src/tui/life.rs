//! The end of the engine's process: told by the kernel at once where it can, else looked for every two seconds.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Time between two looks where the kernel tells nothing, and before the first: what wrote the snapshot may have been
/// a command that was applied without an engine, and ends in a moment.
const LOOK: Duration = Duration::from_secs(2);
const LOOK_SOON: Duration = Duration::from_millis(200);

/// One process, while it may run.
#[derive(Debug)]
pub enum Life {
    /// There is none to watch.
    Nobody,
    /// The kernel tells.
    Told(Arc<Notify>),
    /// To be looked for at this time.
    Looked(Instant),
}

impl Life {
    /// Watches a process; whether it is the one that is meant must be looked at after that.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        told(pid).map_or_else(|| Self::Looked(Instant::now() + LOOK_SOON), Self::Told)
    }

    /// Waits until it may have ended.
    pub async fn ended(&mut self) {
        match self {
            Self::Nobody => pending().await,
            Self::Told(end) => {
                end.notified().await;
                // It is told once.
                *self = Self::Looked(Instant::now() + LOOK_SOON);
            }
            Self::Looked(at) => sleep_until(*at).await,
        }
    }

    /// It runs still: when to be told, or to look, again.
    pub fn goes_on(&mut self) {
        if let Self::Looked(at) = self {
            *at = Instant::now() + LOOK;
        }
    }
}

/// Told by a thread that waits for the end of the process; None where that cannot be.
#[cfg(target_os = "linux")]
fn told(pid: u32) -> Option<Arc<Notify>> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    let process = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let end = Arc::new(Notify::new());
    let tell = Arc::clone(&end);
    let wait = move || {
        let mut fds = [PollFd::new(&process, PollFlags::IN)];
        while matches!(poll(&mut fds, None), Err(rustix::io::Errno::INTR)) {}
        tell.notify_one();
    };
    let thread = std::thread::Builder::new().name("engine's end".to_owned());
    thread.spawn(wait).ok().map(|_| end)
}

#[cfg(not(target_os = "linux"))]
fn told(_: u32) -> Option<Arc<Notify>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::Command;

    #[tokio::test]
    async fn the_end_of_a_process_is_told() {
        let mut child = Command::new("sleep")
            .arg("600")
            .env_clear()
            .spawn()
            .unwrap();
        let mut life = Life::of(child.id());
        assert!(matches!(life, Life::Told(_)), "{life:?}");
        life.goes_on();
        let early = tokio::time::timeout(Duration::from_millis(20), life.ended()).await;
        assert!(early.is_err(), "it runs still");
        child.kill().unwrap();
        let told = tokio::time::timeout(Duration::from_secs(60), life.ended()).await;
        assert!(told.is_ok(), "nobody told of its end");
        child.wait().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_told_is_looked_for_soon_and_then_now_and_then() {
        // No process has this number.
        let mut life = Life::of(u32::MAX);
        let start = Instant::now();
        life.ended().await;
        assert_eq!(start.elapsed().as_millis(), LOOK_SOON.as_millis());
        life.goes_on();
        life.ended().await;
        let all = LOOK_SOON + LOOK;
        assert_eq!(start.elapsed().as_millis(), all.as_millis());
    }
}
