//! The Tests port on real Jest and real Node: settings, runner and reports lie outside the tool's folder,
//! only files this run made there are read, and every process starts through the Sandbox.

mod cases;
mod coverage;
mod mutants;
mod out;
pub mod report;

use crate::adapters::node;
use crate::adapters::npm::{self, Installer};
use crate::adapters::place;
use crate::domain::case::{Case, Received};
use crate::domain::evidence::{JestRun, ThrowingRun};
use crate::domain::mutation::MutationRun;
use crate::domain::package::{self, Package};
use crate::factory::ports::sandbox::{Ended, Job, Limit, Limits, Network, Sandbox};
use crate::factory::ports::tests::{MutantsTold, TestError, Tests, Tree};
use crate::text::sanitise::sanitise_bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use out::Out;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Jest's settings, compiled in.
const LOCKED: &str = include_str!("../../dev-factory/harness/jest.locked.cjs");
/// What runs before a tool's files, in Jest and in the runner, compiled in.
const SETUP: &str = include_str!("../../dev-factory/harness/setup.locked.cjs");
/// What runs before each test, compiled in.
const EACH: &str = include_str!("../../dev-factory/harness/each.locked.cjs");
/// Where reports, caches and copies lie below the home.
const GATES: &str = "dev-factory/run/gates";
/// What Jest calls its report and the folder of its coverage.
const REPORT: &str = "jest.json";
const COVERAGE: &str = "cov";
/// Characters of standard error shown when there is no report.
const TAIL: usize = 600;

/// Jest and the case runner of one home.
pub struct JestTests {
    home: PathBuf,
    node: PathBuf,
    sandbox: Arc<dyn Sandbox>,
    wall: Duration,
    installer: Option<Installer>,
}

impl JestTests {
    /// Finds Node once; one that is missing is said by the run that needs it, since a command about the backlog needs
    /// none. Jest is looked for at each run, since npm may still be at work.
    pub fn new(home: &Path, sandbox: Arc<dyn Sandbox>, wall: Duration) -> Result<Self, TestError> {
        Ok(Self {
            home: home
                .canonicalize()
                .map_err(|error| out::broken(home, &error))?,
            node: node::here().node.clone().unwrap_or_else(|| "node".into()),
            sandbox,
            wall,
            installer: None,
        })
    }

    /// The same, with somebody who installs packages for tools.
    #[must_use]
    pub fn installing(mut self, installer: Installer) -> Self {
        self.installer = Some(installer);
        self
    }

    async fn installed(&self, packages: &[Package]) -> Result<String, TestError> {
        let Some(installer) = &self.installer else {
            let words = "no npm was found to install packages with; install Node.js with npm";
            return Err(TestError::Setup(words.to_owned()));
        };
        let lock = installer.ensure(&self.home, packages).await;
        lock.map_err(|why| {
            TestError::Setup(format!(
                "{} cannot be installed: {why}",
                package::names(packages)
            ))
        })
    }

    /// Runs Jest over a folder that looks like the tool's.
    async fn over(
        &self,
        tree: &Tree,
        root: &Path,
        untrusted: Vec<PathBuf>,
        coverage: bool,
        out: &Out,
    ) -> Result<JestRun, TestError> {
        let jest = self.home.join("node_modules/jest/bin/jest.js");
        if !jest.is_file() {
            return Err(TestError::Setup(format!(
                "Jest is not installed: {} is missing; run `npm ci --ignore-scripts` in {}",
                jest.display(),
                self.home.display()
            )));
        }
        let config = self.write_locked(out)?;
        let words = vec![
            text(&self.node),
            text(&jest),
            "--ci".into(),
            "--silent".into(),
            "--json".into(),
            format!("--config={}", text(&config)),
            format!("--rootDir={}", text(root)),
            format!("--outputFile={}", text(&out.made().join(REPORT))),
            format!("--coverageDirectory={}", text(&out.made().join(COVERAGE))),
            format!("--cacheDirectory={}", text(&out.cache)),
            format!("--coverage={coverage}"),
        ];
        let ended = self
            .run(words, root, Vec::new(), self.wall, untrusted, out)
            .await?;
        let mut run = JestRun {
            exit: ended.exit,
            timed_out: ended.limit == Some(Limit::Time),
            expected_tests: tree.expected_tests,
            millis: ended.millis,
            ..JestRun::default()
        };
        let results = out.results()?;
        run.report = report::read(&results, REPORT, root);
        if run.report.is_none() || ended.limit.is_some() {
            run.stderr_tail = tail(&ended);
        }
        if run.report.is_some() && coverage {
            run.coverage = coverage::read(&results, COVERAGE, root);
        }
        Ok(run)
    }

    /// Jest's settings among what a run only reads; their path.
    fn write_locked(&self, out: &Out) -> Result<PathBuf, TestError> {
        out.write("setup.locked.cjs", SETUP)?;
        out.write("each.locked.cjs", EACH)?;
        out.write("jest.locked.cjs", LOCKED)
    }

    /// One process behind the walls.
    async fn run(
        &self,
        command: Vec<String>,
        root: &Path,
        stdin: Vec<u8>,
        wall: Duration,
        untrusted: Vec<PathBuf>,
        out: &Out,
    ) -> Result<Ended, TestError> {
        let job = Job {
            stdin,
            limits: Limits {
                wall,
                ..Limits::default()
            },
            ..self.job(command, root, untrusted, out)
        };
        let ended = self.sandbox.run(job).await?;
        // What fails on a full disk says nothing about a tool.
        match place::cramped(&out.made()) {
            Some((_, why)) => Err(TestError::Setup(why)),
            None => Ok(ended),
        }
    }

    /// A command over a folder that looks like the tool's, with the usual limits.
    fn job(&self, command: Vec<String>, root: &Path, untrusted: Vec<PathBuf>, out: &Out) -> Job {
        let packages = out.packages.iter();
        Job {
            command,
            cwd: root.to_path_buf(),
            stdin: Vec::new(),
            read: vec![
                root.to_path_buf(),
                out.ours(),
                self.home.join("node_modules"),
            ]
            .into_iter()
            .chain(packages.clone().cloned())
            .collect(),
            write: vec![out.made(), out.cache.clone()],
            network: Network::Loopback,
            limits: Limits::default(),
            untrusted,
            // Both Node.js and Jest look there for what no folder above the tool has.
            env: packages
                .map(|path| ("NODE_PATH".to_owned(), text(path)))
                .collect(),
        }
    }

    async fn measured(&self, tree: &Tree, coverage: bool) -> Result<JestRun, TestError> {
        let out = Out::new(&self.home, tree)?;
        let dir = out::real(&tree.dir)?;
        let untrusted = out::written_by_models(&dir, tree.model_written);
        self.over(tree, &dir, untrusted, coverage, &out).await
    }

    async fn with_throwing(&self, tree: &Tree) -> Result<ThrowingRun, TestError> {
        let out = Out::new(&self.home, tree)?;
        let untrusted = out::throwing_copy(tree, &out)?;
        let run = self.over(tree, &out.copy(), untrusted, false, &out).await?;
        Ok(report::throwing(&run))
    }
}

impl Tests for JestTests {
    fn jest<'a>(
        &'a self,
        tree: &'a Tree,
        coverage: bool,
    ) -> BoxFuture<'a, Result<JestRun, TestError>> {
        self.measured(tree, coverage).boxed()
    }

    fn throwing<'a>(&'a self, tree: &'a Tree) -> BoxFuture<'a, Result<ThrowingRun, TestError>> {
        self.with_throwing(tree).boxed()
    }

    fn mutants<'a>(
        &'a self,
        tree: &'a Tree,
        pace: Duration,
        wall: Duration,
        told: &'a MutantsTold<'a>,
    ) -> BoxFuture<'a, Result<MutationRun, TestError>> {
        mutants::run(self, tree, (pace, wall), told).boxed()
    }

    fn cases<'a>(
        &'a self,
        tree: &'a Tree,
        cases: &'a [Case],
    ) -> BoxFuture<'a, Result<Vec<Received>, TestError>> {
        cases::run(self, tree, cases).boxed()
    }

    fn packages<'a>(&'a self, packages: &'a [Package]) -> BoxFuture<'a, Result<String, TestError>> {
        self.installed(packages).boxed()
    }

    fn sweep(&self) {
        out::sweep(&self.home);
    }

    fn spare(&self, tools: &[String]) {
        out::spare(&self.home, tools);
        npm::spare(&self.home);
    }

    fn tier(&self) -> &'static str {
        self.sandbox.tier()
    }
}

/// A path as an argument.
fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The limit that ended Jest, and the end of what it said, when it wrote no report.
fn tail(ended: &Ended) -> String {
    let said = sanitise_bytes(&ended.stderr);
    let why = match ended.limit {
        Some(Limit::Time) => "ended by the time limit\n".to_owned(),
        Some(Limit::Output) => "ended because it wrote too much\n".to_owned(),
        Some(limit) => format!("ended by the limit of {}\n", limit.as_str()),
        None => String::new(),
    };
    let skipped = said.chars().count().saturating_sub(TAIL);
    let last: String = said.chars().skip(skipped).collect();
    format!("{why}{}", last.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_that_ended_a_run_is_named_before_its_last_words() {
        for limit in [Limit::Memory, Limit::Processes, Limit::Disk] {
            let ended = Ended {
                limit: Some(limit),
                stderr: b"last words\n".to_vec(),
                ..Ended::default()
            };
            let words = format!("ended by the limit of {}\nlast words", limit.as_str());
            assert_eq!(tail(&ended), words);
        }
    }
}
