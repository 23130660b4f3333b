//! Cases through the runner: one process each, two at a time; the runner never learns what is expected.

use super::out::{self, Out};
use super::{JestTests, SETUP, text};
use crate::adapters::folder::Folder;
use crate::domain::case::{Case, Received};
use crate::factory::ports::files::FILE;
use crate::factory::ports::sandbox::{Ended, Limit};
use crate::factory::ports::tests::{TestError, Tree};
use crate::text::hash::unguessable;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The runner and its fakes, compiled in.
const RUNNER: &str = include_str!("../../../dev-factory/harness/runner.cjs");
const FAKES: &str = include_str!("../../../dev-factory/harness/fakes.js");
/// What bin/<name>.js of every tool holds.
const BIN: &str = include_str!("../../../dev-factory/harness/bin.js");
/// Longest one case may take.
const WALL: Duration = Duration::from_secs(10);
/// Cases under way at once.
const AT_ONCE: usize = 2;

/// Runs cases over a tool, in the order given.
pub async fn run(
    tests: &JestTests,
    tree: &Tree,
    cases: &[Case],
) -> Result<Vec<Received>, TestError> {
    let out = Out::new(&tests.home, tree)?;
    let runner = out.write("runner.cjs", RUNNER)?;
    out.write("fakes.js", FAKES)?;
    out.write("setup.locked.cjs", SETUP)?;
    let dir = out::real(&tree.dir)?;
    let mut untrusted = out::written_by_models(&dir, tree.model_written);
    untrusted.retain(|path| path.ends_with("src"));
    untrusted.extend(foreign_bins(&dir));
    let one = Setting {
        tests,
        tree,
        dir: &dir,
        runner: &runner,
        untrusted: &untrusted,
        out: &out,
    };
    // Boxed one by one: a closure over references is not general enough for a stream that is boxed itself.
    let runs: Vec<BoxFuture<'_, _>> = cases.iter().map(|case| one.case(case).boxed()).collect();
    stream::iter(runs).buffered(AT_ONCE).try_collect().await
}

/// Start files that are not the harness's own lines.
fn foreign_bins(dir: &Path) -> Vec<PathBuf> {
    let bin = Folder::open(dir).and_then(|dir| dir.below("bin"));
    let Ok(Some(bin)) = bin else {
        return Vec::new();
    };
    let ours = |name: &str| bin.read(name, FILE).ok().flatten().as_deref() == Some(BIN.as_bytes());
    let entries = bin.list().unwrap_or_default().into_iter();
    entries
        .filter(|entry| !ours(&entry.path))
        .map(|entry| dir.join("bin").join(entry.path))
        .collect()
}

struct Setting<'a> {
    tests: &'a JestTests,
    tree: &'a Tree,
    dir: &'a Path,
    runner: &'a Path,
    untrusted: &'a [PathBuf],
    out: &'a Out,
}

impl Setting<'_> {
    async fn case(&self, case: &Case) -> Result<Received, TestError> {
        let nonce = unguessable();
        let request = json!({
            "tool": text(self.dir),
            "modules": self.tree.modules,
            "case": question(case),
            "nonce": nonce,
        });
        let command = vec![text(&self.tests.node), text(self.runner)];
        let ended = self
            .tests
            .run(
                command,
                self.dir,
                request.to_string().into_bytes(),
                WALL.min(self.tests.wall),
                self.untrusted.to_vec(),
                self.out,
            )
            .await?;
        Ok(answer(&ended, &nonce, WALL.min(self.tests.wall)))
    }
}

/// The case without anything that says what should come out.
fn question(case: &Case) -> Case {
    Case {
        expect: None,
        throws: None,
        exit: None,
        stdout: None,
        stderr: None,
        files: None,
        ..case.clone()
    }
}

/// The marked line, when the run ended by itself and wrote one.
fn answer(ended: &Ended, nonce: &str, wall: Duration) -> Received {
    let fault = |words: String| Received {
        fault: Some(words),
        ..Received::default()
    };
    match ended.limit {
        Some(Limit::Time) => return fault(format!("timed out after {} s", wall.as_secs())),
        Some(Limit::Output) => return fault("wrote too much and was ended".into()),
        Some(limit) => return fault(format!("ended by the limit of {}", limit.as_str())),
        None => {}
    }
    let output = String::from_utf8_lossy(&ended.stdout);
    let line = output
        .lines()
        .rfind(|line| !line.is_empty())
        .unwrap_or_default();
    let marked = line
        .strip_prefix(nonce)
        .and_then(|rest| rest.strip_prefix(' '));
    let parsed = marked.and_then(|text| serde_json::from_str::<Received>(text).ok());
    match parsed {
        // A fault is our word about a run, never the run's own.
        Some(received) => Received {
            fault: None,
            ..received
        },
        None => fault("no result line: the process ended before the call came back".into()),
    }
}
