//! The real tests with more time for each change of the sources: only endless ones take it.

use dev_factory::adapters::jest::JestTests;
use dev_factory::domain::case::{Case, Received};
use dev_factory::domain::evidence::{JestRun, ThrowingRun};
use dev_factory::domain::mutation::MutationRun;
use dev_factory::domain::package::Package;
use dev_factory::factory::ports::tests::{MutantsTold, TestError, Tests, Tree};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// On a machine that grows busy after the tests have run, what they took says too little.
const LEAST: Duration = Duration::from_secs(10);

pub struct Patient(pub JestTests);

impl Tests for Patient {
    fn jest<'a>(
        &'a self,
        tree: &'a Tree,
        coverage: bool,
    ) -> BoxFuture<'a, Result<JestRun, TestError>> {
        self.0.jest(tree, coverage)
    }

    fn throwing<'a>(&'a self, tree: &'a Tree) -> BoxFuture<'a, Result<ThrowingRun, TestError>> {
        self.0.throwing(tree)
    }

    fn mutants<'a>(
        &'a self,
        tree: &'a Tree,
        pace: Duration,
        wall: Duration,
        told: &'a MutantsTold<'a>,
    ) -> BoxFuture<'a, Result<MutationRun, TestError>> {
        self.0.mutants(tree, pace.max(LEAST), wall, told)
    }

    fn cases<'a>(
        &'a self,
        tree: &'a Tree,
        cases: &'a [Case],
    ) -> BoxFuture<'a, Result<Vec<Received>, TestError>> {
        self.0.cases(tree, cases)
    }

    fn packages<'a>(&'a self, packages: &'a [Package]) -> BoxFuture<'a, Result<String, TestError>> {
        self.0.packages(packages)
    }

    fn sweep(&self) {
        self.0.sweep();
    }

    fn spare(&self, tools: &[String]) {
        self.0.spare(tools);
    }

    fn tier(&self) -> &'static str {
        self.0.tier()
    }
}
