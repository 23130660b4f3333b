//! The gates of one run, cheap ones first: scan, Jest with coverage, held-out cases, public cases, throwing copy, what the
//! README shows, all but that again over a clean checkout, mutation.
//! A gate's verdict comes from what was measured here, never from a model's word or an exit code alone.

mod readme;
mod tree;
mod verdicts;

use crate::agents::scan::Promised;
use crate::domain::case::{Case, CaseResult, Received, compare};
use crate::domain::evidence::{Evidence, GateResult, JestRun};
use crate::domain::package::Package;
use crate::factory::ports::files::Files;
use crate::factory::ports::settings::MutationSettings;
use crate::factory::ports::tests::{TestError, Tests, Tree};
use chrono::{DateTime, Utc};
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, Instant};
use verdicts::Refusing;

/// What is said of a case that failed and passed when it was asked again.
const CHANCE: &str = "(it passed when asked again: the result depends on chance, time or order) ";

/// What is measured.
pub struct GateInput<'a> {
    /// Name of the tool.
    pub tool: &'a str,
    /// Run number, from 1.
    pub run: u32,
    /// Hash of the tree as saved; the evidence counts for it only.
    pub tree_hash: String,
    /// The tool's folder in the worktree.
    pub dir: PathBuf,
    /// The same files as they were saved, in a folder of their own.
    pub clean: PathBuf,
    /// Planned source files in the order of the spec.
    pub modules: Vec<String>,
    /// Packages the spec names.
    pub packages: Vec<Package>,
    /// Examples of the spec, and cases that were shown.
    pub public: &'a [Case],
    /// Cases the Developer never saw.
    pub held_out: &'a [Case],
    /// (file, name) of tests that were there before and must stay.
    pub before: &'a [(String, String)],
    /// Whether and how changes of the sources are tested.
    pub mutation: MutationSettings,
    /// When the run began.
    pub at: DateTime<Utc>,
    /// An external role could read the home.
    pub external_reader: bool,
}

/// Measures a tree. Nothing is run when the scan is not clean; the later gates run only where they can say more.
pub async fn measure(
    input: GateInput<'_>,
    tests: &dyn Tests,
    files: &dyn Files,
    progress: impl Fn(&str) + Send + Sync,
) -> Result<Evidence, TestError> {
    let begun = Instant::now();
    let mut evidence = blank(&input, tests);
    progress("reading the files");
    let (scan, promised) = tree::scan(&input, files)?;
    let clean = scan.passed;
    evidence.gates.push(scan.took(begun.elapsed()));
    if clean {
        let own = u32::try_from(promised.len()).unwrap_or(u32::MAX);
        let tree = Tree {
            tool: input.tool.to_string(),
            dir: input.dir.clone(),
            modules: input.modules.clone(),
            expected_tests: own.saturating_add(count(input.public)),
            model_written: true,
            packages: input.packages.clone(),
        };
        let work = Work {
            input: &input,
            tree: &tree,
            tests,
            refusing: Some(refusing(input.public, promised)),
        };
        run(&work, &progress, &mut evidence).await?;
        if evidence.green() {
            progress("running what the README shows");
            let (shown, time) = timed(readme::gate(&work, files)).await;
            evidence.gates.push(shown?.took(time));
        }
        if evidence.green() {
            again(&work, &progress, &mut evidence).await?;
        }
        if input.mutation.on && evidence.green() {
            mutate(&work, &progress, &mut evidence).await?;
        }
    }
    evidence.millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(evidence)
}

/// A clean tree and what measures it.
struct Work<'a> {
    input: &'a GateInput<'a>,
    tree: &'a Tree,
    tests: &'a dyn Tests,
    /// Tests that may pass over exports that throw; None where nobody asks, since that copy is a clean one anyway.
    refusing: Option<Refusing>,
}

/// What is green passes once more, over what was saved and nothing else: chance, leftovers and files that were swapped
/// meanwhile show.
async fn again(
    work: &Work<'_>,
    progress: &(dyn Fn(&str) + Send + Sync),
    evidence: &mut Evidence,
) -> Result<(), TestError> {
    let clean = Tree {
        dir: work.input.clean.clone(),
        ..work.tree.clone()
    };
    let work = Work {
        tree: &clean,
        refusing: None,
        ..*work
    };
    let mut second = blank(work.input, work.tests);
    let (ran, time) = timed(run(&work, progress, &mut second)).await;
    ran?;
    evidence.gates.push(verdicts::again(&second).took(time));
    Ok(())
}

/// Tests that may pass over exports that throw; a name that another test of the file bears too excuses neither.
fn refusing(public: &[Case], promised: Vec<(String, Promised)>) -> Refusing {
    let examples = public.iter().map(|case| {
        let name = format!("{} {}", case.id, case.rule);
        let refuses = case.throws.is_some();
        ("test/examples.test.js".into(), Promised { name, refuses })
    });
    let all = examples.chain(promised);
    let (yes, no): (Vec<_>, Vec<_>) = all.partition(|(_, test)| test.refuses);
    let names = |tests: Vec<(String, Promised)>| -> Refusing {
        tests
            .into_iter()
            .map(|(file, it)| (file, it.name))
            .collect()
    };
    let (yes, no) = (names(yes), names(no));
    yes.difference(&no).cloned().collect()
}

async fn run(
    work: &Work<'_>,
    progress: &(dyn Fn(&str) + Send + Sync),
    evidence: &mut Evidence,
) -> Result<(), TestError> {
    let Work {
        input, tree, tests, ..
    } = *work;
    progress("running Jest and the held-out cases");
    let mut trying = pin!(timed(tests.cases(tree, input.held_out)));
    let (jest, tried) = beside(pin!(timed(tests.jest(tree, true))), trying.as_mut()).await;
    let (jest, mut jest_took) = jest;
    let mut jest = jest?;
    let mut verdict = verdicts::jest(&jest);
    // Cases that Jest has outrun are not waited for while it runs again: how long they took is not seen.
    let mut seen = true;
    if !verdict.passed && verdicts::worth_repeating(&jest) {
        progress("running the failed tests again");
        let (again, time) = timed(tests.jest(tree, false)).await;
        (jest_took, seen) = (jest_took + time, tried.is_some());
        jest.flaky = verdicts::flaky(&jest, &again?);
        verdict = verdicts::with_flaky(verdict, &jest);
    }
    let verdict = verdict.took(jest_took);
    let green = verdict.passed;
    let loads = verdicts::loads(&jest);
    evidence.gates.push(verdict);
    let covered = green.then(|| verdicts::coverage(&jest, &input.modules));
    let complete = covered.as_ref().is_some_and(|gate| gate.passed);
    evidence.gates.extend(covered);
    evidence.jest = Some(jest);
    if !loads {
        return Ok(());
    }
    let (received, time) = match tried {
        Some(tried) => tried,
        None => trying.await,
    };
    let (answers, more) = timed(answered(work, input.held_out, &received?, progress)).await;
    evidence.held_out = answers?;
    let verdict = verdicts::cases("held-out", input.held_out, &evidence.held_out);
    evidence.gates.push(match seen {
        true => verdict.took(time + more),
        false => verdict,
    });
    let asked = work.refusing.as_ref();
    let throwing = asked.filter(|_| green && complete && evidence.green());
    last(work, green, throwing, progress, evidence).await
}

/// What came of the cases. Those that failed are asked once more before anybody is told to repair something: a process
/// that was slow to start says nothing about the tool. One that answered, and wrongly, has failed whatever it says then.
async fn answered(
    work: &Work<'_>,
    cases: &[Case],
    received: &[Received],
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Vec<CaseResult>, TestError> {
    let mut all = results(cases, received);
    let failed = |case: &&Case| all.iter().any(|one| one.id == case.id && !one.passed);
    let failed: Vec<Case> = cases.iter().filter(failed).cloned().collect();
    if failed.is_empty() {
        return Ok(all);
    }
    progress("asking the failed cases again");
    let again = work.tests.cases(work.tree, &failed).await?;
    for result in results(&failed, &again) {
        let mut both = all.iter_mut().zip(cases).zip(received);
        let Some(((one, case), first)) = both.find(|((one, _), _)| one.id == result.id) else {
            continue;
        };
        if first.cut_short(case) {
            *one = result;
        } else if result.passed {
            one.received = format!("{CHANCE}{}", one.received);
        }
    }
    Ok(all)
}

/// Jest, and the cases when they are answered before it ends; when it ends first they are left to the caller.
async fn beside<A, B>(
    mut jest: impl Future<Output = A> + Unpin,
    mut cases: impl Future<Output = B> + Unpin,
) -> (A, Option<B>) {
    tokio::select! {
        run = &mut jest => (run, None),
        received = &mut cases => (jest.await, Some(received)),
    }
}

/// What comes of something, and how long it took from when it was first waited for.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let done = work.await;
    (done, begun.elapsed())
}

/// What only the real command shows, and beside it the tests over exports that throw.
async fn last(
    work: &Work<'_>,
    green: bool,
    refusing: Option<&Refusing>,
    progress: &(dyn Fn(&str) + Send + Sync),
    evidence: &mut Evidence,
) -> Result<(), TestError> {
    let Work {
        input, tree, tests, ..
    } = *work;
    // Jest has run every public case; what it cannot see is the real command in a process of its own.
    let wanted = |case: &&Case| !green || case.runs_real_command();
    let public: Vec<Case> = input.public.iter().filter(wanted).cloned().collect();
    progress(match refusing {
        Some(_) => "running the real command, and the tests over exports that throw",
        None => "running the real command",
    });
    let throwing = async {
        match refusing {
            Some(refusing) => tests.throwing(tree).await.map(|run| Some((run, refusing))),
            None => Ok(None),
        }
    };
    let ((received, time), (throwing, took)) =
        tokio::join!(timed(tests.cases(tree, &public)), timed(throwing));
    let (answers, more) = timed(answered(work, &public, &received?, progress)).await;
    evidence.public = answers?;
    let verdict = verdicts::cases("public", &public, &evidence.public);
    evidence.gates.push(verdict.took(time + more));
    if let Some((throwing, refusing)) = throwing? {
        let verdict = verdicts::throwing(&throwing, tree.expected_tests, refusing);
        evidence.gates.push(verdict.took(took));
        evidence.throwing = Some(throwing);
    }
    Ok(())
}

/// Whether tests notice small changes of the sources: asked last, since it takes longest.
async fn mutate(
    work: &Work<'_>,
    progress: &(dyn Fn(&str) + Send + Sync),
    evidence: &mut Evidence,
) -> Result<(), TestError> {
    let settings = work.input.mutation;
    progress("testing changes of the sources");
    let told = |tested, planned| {
        if planned > 0 {
            progress(&format!(
                "testing changes of the sources: {tested} of {planned}"
            ));
        }
    };
    let pace = evidence.jest.as_ref().map_or(0, |jest| jest.millis);
    let pace = Duration::from_millis(pace);
    let run = work.tests.mutants(work.tree, pace, settings.wall, &told);
    let (run, time) = timed(run).await;
    let run = run?;
    evidence
        .gates
        .push(verdicts::mutation(&run, &settings).took(time));
    evidence.mutation = Some(run);
    Ok(())
}

/// Which of the cases fail over a tree; over the stub every one must, or it tests nothing.
pub async fn stub_fails(
    tests: &dyn Tests,
    stub: &Tree,
    cases: &[Case],
) -> Result<Vec<bool>, TestError> {
    let received = tests.cases(stub, cases).await?;
    let compared = results(cases, &received);
    Ok(compared.into_iter().map(|result| !result.passed).collect())
}

/// (file, name) of tests that failed in one run and passed in the next over the same tree.
#[must_use]
pub fn flaky(first: &JestRun, again: &JestRun) -> Vec<(String, String)> {
    verdicts::flaky(first, again)
}

fn blank(input: &GateInput<'_>, tests: &dyn Tests) -> Evidence {
    Evidence {
        schema: 1,
        tool: input.tool.to_string(),
        run: input.run,
        tree: input.tree_hash.clone(),
        at: input.at,
        gates: Vec::<GateResult>::new(),
        jest: None,
        held_out: Vec::new(),
        public: Vec::new(),
        throwing: None,
        mutation: None,
        sandbox: tests.tier().to_string(),
        reviewed: None,
        external_reader: input.external_reader,
        millis: 0,
    }
}

fn results(cases: &[Case], received: &[Received]) -> Vec<CaseResult> {
    let pairs = cases.iter().zip(received);
    pairs.map(|(case, got)| compare(case, got)).collect()
}

fn count(cases: &[Case]) -> u32 {
    u32::try_from(cases.len()).unwrap_or(u32::MAX)
}
