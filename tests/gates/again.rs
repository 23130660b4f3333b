//! What is asked twice: cases that failed, and everything that was green, over a clean checkout.

use super::{measure, red, words};
use crate::tool::{Home, cases};
use dev_factory::adapters::jest::JestTests;
use dev_factory::domain::case::{Case, Received};
use dev_factory::domain::evidence::{JestRun, ThrowingRun};
use dev_factory::domain::mutation::MutationRun;
use dev_factory::domain::package::Package;
use dev_factory::factory::gates::GateInput;
use dev_factory::factory::ports::tests::{MutantsTold, TestError, Tests, Tree};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The real tests, but for what the first case is answered the first time.
struct Once {
    tests: JestTests,
    first: Received,
    said: AtomicBool,
}

impl Tests for Once {
    fn jest<'a>(
        &'a self,
        tree: &'a Tree,
        coverage: bool,
    ) -> BoxFuture<'a, Result<JestRun, TestError>> {
        self.tests.jest(tree, coverage)
    }

    fn throwing<'a>(&'a self, tree: &'a Tree) -> BoxFuture<'a, Result<ThrowingRun, TestError>> {
        self.tests.throwing(tree)
    }

    fn mutants<'a>(
        &'a self,
        tree: &'a Tree,
        pace: Duration,
        wall: Duration,
        told: &'a MutantsTold<'a>,
    ) -> BoxFuture<'a, Result<MutationRun, TestError>> {
        self.tests.mutants(tree, pace, wall, told)
    }

    fn cases<'a>(
        &'a self,
        tree: &'a Tree,
        cases: &'a [Case],
    ) -> BoxFuture<'a, Result<Vec<Received>, TestError>> {
        let answered = self.tests.cases(tree, cases);
        let first = !self.said.swap(true, Ordering::SeqCst);
        async move {
            let mut all = answered.await?;
            if let Some(one) = all.first_mut().filter(|_| first) {
                one.clone_from(&self.first);
            }
            Ok(all)
        }
        .boxed()
    }

    fn packages<'a>(&'a self, packages: &'a [Package]) -> BoxFuture<'a, Result<String, TestError>> {
        self.tests.packages(packages)
    }

    fn sweep(&self) {
        self.tests.sweep();
    }

    fn spare(&self, tools: &[String]) {
        self.tests.spare(tools);
    }

    fn tier(&self) -> &'static str {
        self.tests.tier()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_wrong_has_failed_whatever_it_is_the_next_time() {
    let home = Home::new();
    let run = async |first: Received| {
        let tests = Once {
            tests: home.tests(60),
            first,
            said: AtomicBool::new(false),
        };
        measure(home.input(), &tests, &home.files(), |_| ())
            .await
            .unwrap()
    };
    let wrong = Received {
        returned: Some(4.into()),
        ..Received::default()
    };
    let evidence = run(wrong).await;
    assert_eq!(red(&evidence), ["held-out"], "{:?}", evidence.gates);
    let said = &evidence.held_out[0].received;
    assert!(
        said.starts_with("(it passed when asked again") && said.ends_with(") 4"),
        "{said}"
    );
    // A process that did not get to an answer says nothing about the tool.
    let late = Received {
        fault: Some("timed out after 10 s".into()),
        ..Received::default()
    };
    let evidence = run(late).await;
    assert!(evidence.green(), "{:?}", evidence.gates);
    let named = Received {
        threw: Some(dev_factory::domain::case::Thrown {
            name: "ETIMEDOUT".into(),
            ..Default::default()
        }),
        ..Received::default()
    };
    let evidence = run(named).await;
    assert_eq!(
        red(&evidence),
        ["held-out"],
        "a function that throws so has answered"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_green_once_passes_again_over_a_clean_checkout_or_is_red() {
    // The worktree holds what was not saved: the clean files are those of a cheat.
    let (home, saved) = (Home::new(), Home::cheating("special-cased"));
    let input = GateInput {
        clean: saved.tool.clone(),
        ..home.input()
    };
    let evidence = measure(input, &home.tests(60), &home.files(), |_| ())
        .await
        .unwrap();
    assert_eq!(red(&evidence), ["again"], "{:?}", evidence.gates);
    let said = words(&evidence, "again");
    assert!(
        said.contains("over a clean checkout")
            && said.contains("held-out: cases that stay hidden fail"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_sees_nothing_that_tells_it_from_a_shipped_tool() {
    let home = Home::new();
    let source = "'use strict';\nfunction countWords() {\n  return ['NODE_ENV', 'CI', 'JEST_WORKER_ID', 'NODE_PATH'].filter((name) => name in process.env);\n}\nmodule.exports = { countWords };\n";
    home.put("src/count.js", source);
    let all = cases(&[r#"{"id":"H1","rule":"R1","call":"countWords","args":[""],"expect":[]}"#]);
    let received = home.tests(60).cases(&home.tree(), &all).await.unwrap();
    assert_eq!(
        received[0].returned,
        Some(serde_json::json!([])),
        "{received:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_readme_shows_is_run() {
    let home = Home::new();
    let readme = |shown: &str| {
        let text = format!(
            "# word-count\n\n```console\n$ echo 'a b c' > a.txt\n$ word-count a.txt\n{shown}\n$ word-count none.txt\ncannot read none.txt: ENOENT\n```\n"
        );
        home.put("README.md", &text);
    };
    let run = async || {
        measure(home.input(), &home.tests(60), &home.files(), |_| ())
            .await
            .unwrap()
    };
    readme("3");
    let evidence = run().await;
    assert!(evidence.green(), "{:?}", evidence.gates);
    assert_eq!(words(&evidence, "readme"), "2 commands print what it says");
    readme("4");
    let evidence = run().await;
    assert_eq!(red(&evidence), ["readme"], "{:?}", evidence.gates);
    let said = words(&evidence, "readme");
    assert!(
        said.starts_with("README.md: `$ word-count a.txt` prints \"3\" and not \"4\""),
        "{said}"
    );
}
