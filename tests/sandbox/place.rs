//! A folder with something to run in it, and the tiers to run it under.

use crate::tool;
use dev_factory::adapters::sandbox::{Tier, Walls};
use dev_factory::factory::ports::sandbox::{Ended, Job, Limits, Network, Sandbox};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The tiers these tests run under; bubblewrap is not everywhere.
pub fn tiers() -> Vec<Tier> {
    let mut all = vec![Tier::Namespaces, Tier::Landlock];
    if cfg!(feature = "full-tests") {
        all.push(Tier::Bwrap);
    }
    all
}

/// A folder a run works in: `out` may be written, the rest only be read.
pub struct Place {
    dir: tempfile::TempDir,
    tier: Tier,
}

impl Place {
    pub fn new(tier: Tier) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("out")).unwrap();
        Self { dir, tier }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn out(&self) -> PathBuf {
        self.path().join("out")
    }

    pub fn walls(&self) -> Walls {
        Walls::of(self.tier, &tool::setup(&self.path().join("state")))
    }

    /// A script of the shell; its only argument is the folder, so that its processes can be told by it.
    pub fn shell(&self, script: &str) -> Job {
        let mark = self.path().display().to_string();
        Job {
            command: ["/bin/sh", "-c", script, &mark].map(String::from).to_vec(),
            cwd: self.path().to_path_buf(),
            stdin: Vec::new(),
            read: Vec::new(),
            write: vec![self.out()],
            network: Network::Loopback,
            limits: Limits {
                wall: Duration::from_secs(60),
                output: 1024 * 1024,
                ..Limits::default()
            },
            untrusted: Vec::new(),
            env: Vec::new(),
        }
    }

    pub async fn ran(&self, job: Job) -> Ended {
        let ended = self.walls().run(job).await;
        ended.unwrap_or_else(|error| panic!("{:?}: {error}", self.tier))
    }

    pub async fn sh(&self, script: &str) -> Ended {
        self.ran(self.shell(script)).await
    }

    /// Processes of the machine that name this folder.
    pub fn marked(&self) -> Vec<PathBuf> {
        let mark = self.path().to_string_lossy().into_owned();
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let named = entries.filter(|entry| {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&mark)
        });
        named.map(|entry| entry.path()).collect()
    }

    /// Waits until there are none.
    pub async fn unmarked(&self) {
        let left = self.within(Duration::from_secs(60)).await;
        assert_eq!(left, Vec::<PathBuf>::new(), "still there");
    }

    /// What is still there after so long.
    pub async fn within(&self, limit: Duration) -> Vec<PathBuf> {
        let deadline = Instant::now() + limit;
        loop {
            let left = self.marked();
            if left.is_empty() || Instant::now() > deadline {
                return left;
            }
            tokio::task::yield_now().await;
        }
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
