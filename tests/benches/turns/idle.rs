//! An engine with nothing to do: what it asks and what it uses.

use super::home::Home;
use super::model_server::ModelServer;
use super::process::{Process, Watched, status, threads};
use std::time::{Duration, Instant};

/// What an idle engine showed.
pub struct Idle {
    pub requests: usize,
    /// Processor seconds while it was watched.
    pub cpu: f64,
    /// kB.
    pub held: u64,
    pub threads: usize,
}

/// Watches an idle engine for a while, once it has settled.
pub fn watch(time: Duration) -> Idle {
    let server = ModelServer::serving(|_| String::new());
    let home = Home::new(&server.url(), "", false);
    let process = Process::start(&mut home.engine(), &Watched::default());
    let pid = process.pid().as_raw_pid();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !home.file("run/snapshot.json").exists() {
        assert!(Instant::now() < deadline, "no engine: {}", home.said());
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_secs(2));
    let before = threads(pid);
    std::thread::sleep(time);
    let after = threads(pid);
    let used = after
        .iter()
        .map(|(thread, ran)| ran - before.get(thread).copied().unwrap_or(0));
    let idle = Idle {
        requests: server.requests().len(),
        cpu: used.sum::<u64>() as f64 / 1e9,
        held: status(pid, "VmRSS").unwrap(),
        threads: after.len(),
    };
    process.kill();
    idle
}
