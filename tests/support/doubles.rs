//! Doubles of two ports: a model host that plays the demo's replies and can be told to fail, hold or panic at a label;
//! and tests that are green unless told otherwise (the real gates have tests of their own).

use super::homes;
use super::plant::DEADLINE;
use chrono::{DateTime, Duration, Utc};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::domain::case::{Case, Received, Thrown};
use dev_factory::domain::evidence::{FileCoverage, JestReport, JestRun, JestTest, ThrowingRun};
use dev_factory::domain::finding::Finding;
use dev_factory::domain::mutation::MutationRun;
use dev_factory::domain::package::Package;
use dev_factory::domain::screen::HostLine;
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::model::{
    Delta, Fault, HostStatus, ModelError, Models, Reply, TurnRequest,
};
use dev_factory::factory::ports::tests::{MutantsTold, TestError, Tests, Tree};
use dev_factory::text::tokens;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

/// What happens instead of the demo's reply.
#[derive(Clone)]
pub enum Act {
    Say(String),
    Fail(ModelError),
    Panic(&'static str),
    Hold(Held),
    /// Keeps its thread: whoever has been dropped hears of that only afterwards.
    Block(Blocked),
    /// The server cannot take the prompt, and has so many tokens of context from then on.
    Narrow(u32),
    /// The server claims to have read no more tokens than this.
    ReadOnly(u64),
    /// Says the usual, and does not count.
    Uncounted,
    /// The reply comes at less than a third of the usual speed.
    Slow,
    /// Another client had the model loaded in its own way; so much of it lies on the GPU now.
    Odd(&'static str, u8),
}

/// What cannot be dropped before the test lets it answer.
#[derive(Clone, Default)]
pub struct Blocked(std::sync::Arc<[std::sync::atomic::AtomicBool; 2]>);

impl Blocked {
    /// It has begun.
    pub fn begun(&self) -> bool {
        self.0[0].load(Ordering::SeqCst)
    }

    /// Lets it answer.
    pub fn open(&self) {
        self.0[1].store(true, Ordering::SeqCst);
    }

    /// Begins, and waits until it is let go.
    pub fn wait(&self) {
        self.0[0].store(true, Ordering::SeqCst);
        let begun = std::time::Instant::now();
        while !self.0[1].load(Ordering::SeqCst) && begun.elapsed() < DEADLINE {
            std::thread::park_timeout(std::time::Duration::from_millis(2));
        }
    }
}

/// A turn, or a run of the gates, that waits for the test.
#[derive(Clone)]
pub struct Held {
    reached: watch::Sender<u32>,
    dropped: watch::Sender<u32>,
    open: watch::Sender<bool>,
}

impl Held {
    fn new() -> Self {
        Self {
            reached: watch::Sender::new(0),
            dropped: watch::Sender::new(0),
            open: watch::Sender::new(false),
        }
    }

    /// Waits until the turn has been asked for so often.
    pub async fn reached(&self, times: u32) {
        Self::at_least(&self.reached, times, "reached").await;
    }

    /// Waits until the turn was given up so often.
    pub async fn dropped(&self, times: u32) {
        Self::at_least(&self.dropped, times, "dropped").await;
    }

    async fn at_least(count: &watch::Sender<u32>, times: u32, what: &str) {
        let mut seen = count.subscribe();
        let found = tokio::time::timeout(DEADLINE, seen.wait_for(|n| *n >= times)).await;
        assert!(matches!(found, Ok(Ok(_))), "what is held was never {what}");
    }

    /// Lets it answer.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    async fn wait(&self) {
        struct Guard<'a>(&'a watch::Sender<u32>, bool);
        impl Drop for Guard<'_> {
            fn drop(&mut self) {
                if !self.1 {
                    self.0.send_modify(|n| *n += 1);
                }
            }
        }
        let mut guard = Guard(&self.dropped, false);
        self.reached.send_modify(|n| *n += 1);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        guard.1 = true;
    }
}

struct Rule {
    label: String,
    act: Act,
    times: u32,
}

/// Tokens of a request as a server would count them.
fn counted(request: &TurnRequest) -> u64 {
    let texts = request.messages.iter();
    texts.map(|m| u64::from(tokens::estimate(&m.content))).sum()
}

/// The model host.
#[derive(Default)]
pub struct Desk {
    rules: Mutex<Vec<Rule>>,
    asked: Mutex<Vec<TurnRequest>>,
    away: Mutex<Option<String>>,
    gone: Mutex<BTreeSet<String>>,
    /// Where turns are paid, as the beginning of a host's name, and what each costs.
    price: Mutex<Option<(&'static str, f64)>>,
    weighed: Mutex<Option<Blocked>>,
    /// Percent of tokens its models need less than is estimated.
    pub dense: AtomicU32,
    /// Tokens of context, where they are not the usual ones.
    window: AtomicU32,
    /// What probes find beside.
    pub findings: Mutex<Vec<Finding>>,
    /// Probes so far.
    pub probes: AtomicU32,
    /// Who stands in line.
    pub lines: Mutex<Vec<HostLine>>,
}

impl Desk {
    /// The next `times` turns whose label begins so go differently.
    pub fn on(&self, label: &str, times: u32, act: Act) {
        let label = label.to_owned();
        self.rules.lock().unwrap().push(Rule { label, act, times });
    }

    /// The turns of a label wait until they are let go.
    pub fn hold(&self, label: &str) -> Held {
        let held = Held::new();
        self.on(label, u32::MAX, Act::Hold(held.clone()));
        held
    }

    /// No probe succeeds any more, or each does again.
    pub fn away(&self, why: Option<&str>) {
        *self.away.lock().unwrap() = why.map(str::to_owned);
    }

    /// A host is gone from now on, or back: its probes and turns fail.
    pub fn gone(&self, host: &str, gone: bool) {
        let mut hosts = self.gone.lock().unwrap();
        if gone {
            hosts.insert(host.to_owned());
        } else {
            hosts.remove(host);
        }
    }

    /// The requests whose label begins so, in order.
    pub fn requests(&self, label: &str) -> Vec<TurnRequest> {
        let asked = self.asked.lock().unwrap();
        let of = asked
            .iter()
            .filter(|request| request.label.starts_with(label));
        of.cloned().collect()
    }

    /// From now on every turn is paid and costs so much.
    pub fn paid(&self, usd: f64) {
        self.paid_at("", usd);
    }

    /// The same of this host alone.
    pub fn paid_at(&self, host: &'static str, usd: f64) {
        *self.price.lock().unwrap() = Some((host, usd));
    }

    fn price(&self, host: &str) -> Option<f64> {
        let price = *self.price.lock().unwrap();
        let (at, usd) = price?;
        host.starts_with(at).then_some(usd)
    }

    /// The next paid request is priced, and so goes out, no sooner than the test lets it.
    pub fn weigh(&self) -> Blocked {
        let blocked = Blocked::default();
        *self.weighed.lock().unwrap() = Some(blocked.clone());
        blocked
    }

    /// Labels asked for so far.
    pub fn labels(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| request.label.clone()).collect()
    }

    /// Models asked for labels that begin so, oldest first.
    pub fn models(&self, label: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let of = asked.iter().filter(|r| r.label.starts_with(label));
        of.map(|request| request.model.clone()).collect()
    }

    /// The text of the newest request whose label begins so.
    pub fn prompt(&self, label: &str) -> String {
        let asked = self.asked.lock().unwrap();
        let found = asked.iter().rfind(|r| r.label.starts_with(label));
        let request = found.unwrap_or_else(|| panic!("{label} was not asked for"));
        request
            .messages
            .iter()
            .map(|m| m.content.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn act(&self, label: &str) -> Option<Act> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules
            .iter_mut()
            .find(|rule| rule.times > 0 && label.starts_with(&rule.label))?;
        rule.times -= 1;
        Some(rule.act.clone())
    }
}

impl Models for Desk {
    fn turn<'a>(
        &'a self,
        request: &'a TurnRequest,
        pieces: UnboundedSender<Delta>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move {
            self.asked.lock().unwrap().push(request.clone());
            if self.gone.lock().unwrap().contains(&request.host) {
                let words = "connection refused";
                return Err(ModelError::new(&request.host, Fault::Unreachable, words));
            }
            let dense = u64::from(self.dense.load(Ordering::SeqCst));
            let mut counted = Some((counted(request) * (100 - dense) / 100, 50));
            let mut slow = false;
            let (mut odd, mut gpu) = (None, 100);
            let text = match self.act(&request.label) {
                Some(Act::Say(text)) => Some(text),
                Some(Act::Fail(error)) => return Err(error),
                Some(Act::Narrow(window)) => {
                    self.window.store(window, Ordering::SeqCst);
                    let words = format!("it has {window} tokens of context");
                    return Err(ModelError::new(&request.host, Fault::Overflow, words));
                }
                Some(Act::Slow) => {
                    slow = true;
                    None
                }
                Some(Act::Odd(words, percent)) => {
                    (odd, gpu) = (Some(words.to_owned()), percent);
                    None
                }
                Some(Act::ReadOnly(tokens)) => {
                    counted = Some((tokens, 50));
                    None
                }
                Some(Act::Uncounted) => {
                    counted = None;
                    None
                }
                Some(Act::Panic(words)) => {
                    panic!("told to panic at {}: {words}", request.label)
                }
                Some(Act::Hold(held)) => {
                    held.wait().await;
                    None
                }
                Some(Act::Block(blocked)) => {
                    blocked.wait();
                    None
                }
                None => None,
            };
            let label = request.label.clone();
            let text = text
                .or_else(|| homes::reply(&label))
                .ok_or_else(|| ModelError::new(&request.host, Fault::NoScript, label))?;
            let _ = pieces.send(Delta::Text(text.clone()));
            let reply = Reply {
                text,
                input_tokens: counted.map(|(read, _)| read),
                output_tokens: counted.map(|(_, written)| written),
                tokens_per_second: Some(if slow { 8.0 } else { 25.0 }),
                context: Some(16_384),
                gpu: Some(gpu),
                odd,
                ..Reply::default()
            };
            Ok(self.priced(request, reply))
        }
        .boxed()
    }

    fn priced(&self, request: &TurnRequest, reply: Reply) -> Reply {
        let weighed = self.weighed.lock().unwrap().take();
        if let Some(blocked) = weighed {
            // Others of the runtime's tasks may be queued behind this one.
            tokio::task::block_in_place(|| blocked.wait());
        }
        let price = self.price(&request.host);
        Reply {
            usd: price.or(Some(0.0)),
            local: price.is_none(),
            ..reply
        }
    }

    fn probe<'a>(&'a self, host: &'a str, model: &'a str) -> BoxFuture<'a, HostStatus> {
        self.probes.fetch_add(1, Ordering::SeqCst);
        let gone = self.gone.lock().unwrap();
        let gone = gone.contains(host).then(|| "nobody answers".to_owned());
        let away = self.away.lock().unwrap().clone().or(gone);
        let status = HostStatus {
            host: host.to_owned(),
            live: away.is_none(),
            fault: away.is_some().then_some(Fault::Unreachable),
            words: away.unwrap_or_else(|| "a double".to_owned()),
            models: vec![model.to_owned()],
            findings: self.findings.lock().unwrap().clone(),
        };
        async move { status }.boxed()
    }

    fn lines(&self) -> Vec<HostLine> {
        self.lines.lock().unwrap().clone()
    }

    fn free(&self, host: &str, _: &str) -> bool {
        self.price(host).is_none()
    }

    fn known(&self, _: &str) -> dev_factory::domain::screen::ServerFacts {
        Default::default()
    }

    fn context(&self, _: &str, _: &str) -> u32 {
        match self.window.load(Ordering::SeqCst) {
            0 => 16_384,
            window => window,
        }
    }
}

/// The system's clock, put forward at will.
#[derive(Default)]
pub struct Ahead(Mutex<Duration>, Mutex<Duration>, Mutex<std::time::Duration>);

impl Ahead {
    pub fn forward(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    /// The computer sleeps: the wall clock and the time since its start go on, nothing else does.
    pub fn sleep(&self, by: Duration) {
        self.forward(by);
        *self.1.lock().unwrap() += by;
    }

    /// The engine missed the last so long.
    pub fn missed(&self, by: std::time::Duration) {
        *self.2.lock().unwrap() += by;
    }
}

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + *self.0.lock().unwrap()
    }

    fn uptime(&self) -> Option<std::time::Duration> {
        let slept = *self.1.lock().unwrap();
        Some(SystemClock.uptime()? + slept.to_std().unwrap())
    }

    fn stopped(&self) -> std::time::Duration {
        *self.2.lock().unwrap()
    }
}

/// Tests that say what they are told to; green by default.
#[derive(Default)]
pub struct Canned {
    /// Gate runs that will be red.
    reds: AtomicU32,
    /// Test runs that will not end.
    endless: AtomicU32,
    /// The file a red run names.
    file: Mutex<String>,
    /// What its failing test says.
    words: Mutex<Option<String>>,
    /// Each red run fails another test.
    shifting: AtomicBool,
    /// Ids of cases the tool answers wrongly.
    wrong: Mutex<Vec<String>>,
    /// Ids of cases the stub answers rightly.
    idle: Mutex<Vec<String>>,
    /// Why no test can be run.
    missing: Mutex<Option<String>>,
    /// A file that somebody writes in the midst of the next run of the gates.
    meddled: Mutex<Option<String>>,
    /// Runs of the gates wait here.
    held: Mutex<Option<Held>>,
}

impl Canned {
    /// The next `runs` gate runs fail in a test over `file`.
    pub fn red(&self, runs: u32, file: &str) {
        *self.file.lock().unwrap() = file.to_owned();
        self.reds.store(runs, Ordering::SeqCst);
    }

    /// From now on each red run fails another test, in the same way.
    pub fn shifts(&self) {
        self.shifting.store(true, Ordering::SeqCst);
    }

    /// What the failing test of a red run says.
    pub fn says(&self, words: &str) {
        *self.words.lock().unwrap() = Some(words.to_owned());
    }

    /// The next `runs` test runs are ended by the time limit.
    pub fn endless(&self, runs: u32) {
        self.endless.store(runs, Ordering::SeqCst);
    }

    /// The tool fails just these cases.
    pub fn wrong(&self, ids: &[&str]) {
        *self.wrong.lock().unwrap() = ids.iter().map(ToString::to_string).collect();
    }

    /// Somebody writes this file of the tool while the gates run the next time.
    pub fn meddle(&self, file: &str) {
        *self.meddled.lock().unwrap() = Some(file.to_owned());
    }

    /// From now on runs of the gates wait until they are let go.
    pub fn hold(&self) -> Held {
        let held = Held::new();
        *self.held.lock().unwrap() = Some(held.clone());
        held
    }

    /// The stub passes just these cases.
    pub fn idle(&self, ids: &[&str]) {
        *self.idle.lock().unwrap() = ids.iter().map(ToString::to_string).collect();
    }

    /// No case can be run for this reason; none: they can.
    pub fn missing(&self, why: Option<&str>) {
        *self.missing.lock().unwrap() = why.map(str::to_owned);
    }
}

fn green(tree: &Tree, coverage: bool) -> JestRun {
    let count = tree.expected_tests.max(1);
    let test = |n: u32| JestTest {
        file: "test/examples.test.js".to_owned(),
        name: format!("test {n}"),
        passed: true,
        ..JestTest::default()
    };
    let full = FileCoverage {
        statements: Some(100.0),
        branches: Some(100.0),
        functions: Some(100.0),
        lines: Some(100.0),
        uncovered: Vec::new(),
    };
    let covered = tree.modules.iter().map(|m| (m.clone(), full.clone()));
    JestRun {
        exit: Some(0),
        report: Some(JestReport {
            success: true,
            total: count,
            passed: count,
            tests: (0..count).map(test).collect(),
            ..JestReport::default()
        }),
        coverage: covered.filter(|_| coverage).collect(),
        expected_tests: tree.expected_tests,
        millis: 5,
        ..JestRun::default()
    }
}

fn failing(mut run: JestRun, at: usize, file: &str, words: Option<String>) -> JestRun {
    run.exit = Some(1);
    if let Some(report) = &mut run.report {
        report.success = false;
        report.failed = 1;
        report.passed -= 1;
        if let Some(test) = report.tests.get_mut(at) {
            test.passed = false;
            test.message = words.unwrap_or_else(|| "Error: expected 1, received 2".to_owned());
            test.at = Some(format!("{file}:3"));
        }
    }
    run
}

/// What a right tool would have answered.
fn right(case: &Case) -> Received {
    let threw = case.throws.as_deref().map(|text| {
        let (name, message) = text.split_once(": ").unwrap_or(("Error", text));
        Thrown {
            name: name.to_owned(),
            message: message.to_owned(),
            ..Thrown::default()
        }
    });
    let kept = case.files.iter().flatten();
    Received {
        returned: case.expect.clone(),
        threw,
        exit: case.exit,
        stdout: case.stdout.clone().or(Some(String::new())),
        stderr: case.stderr.clone().or(Some(String::new())),
        files: kept
            .filter_map(|(path, text)| Some((path.clone(), text.clone()?)))
            .collect(),
        ..Received::default()
    }
}

impl Tests for Canned {
    fn jest<'a>(
        &'a self,
        tree: &'a Tree,
        coverage: bool,
    ) -> BoxFuture<'a, Result<JestRun, TestError>> {
        if coverage && let Some(path) = self.meddled.lock().unwrap().take() {
            std::fs::write(tree.dir.join(path), "module.exports = {}; // swapped\n").unwrap();
        }
        let run = green(tree, coverage);
        let file = self.file.lock().unwrap().clone();
        let words = self.words.lock().unwrap().clone();
        let left = self.endless.load(Ordering::SeqCst);
        if left > 0 {
            self.endless.store(left - 1, Ordering::SeqCst);
            let run = JestRun {
                timed_out: true,
                millis: 60_000,
                ..JestRun::default()
            };
            return async move { Ok(run) }.boxed();
        }
        let gate = tree.expected_tests > 0;
        let reds = self.reds.load(Ordering::SeqCst);
        let red = gate && reds > 0;
        let shifting = self.shifting.load(Ordering::SeqCst);
        let at = if shifting { reds as usize } else { 0 };
        if red && !coverage {
            // The repeat that looks for flaky tests ends the red run.
            self.reds.fetch_sub(1, Ordering::SeqCst);
        }
        let held = self.held.lock().unwrap().clone();
        let held = held.filter(|_| coverage && gate);
        async move {
            if let Some(held) = held {
                held.wait().await;
            }
            Ok(if red {
                failing(run, at, &file, words)
            } else {
                run
            })
        }
        .boxed()
    }

    fn throwing<'a>(&'a self, tree: &'a Tree) -> BoxFuture<'a, Result<ThrowingRun, TestError>> {
        let total = tree.expected_tests;
        async move {
            Ok(ThrowingRun {
                red: true,
                total,
                ..ThrowingRun::default()
            })
        }
        .boxed()
    }

    fn mutants<'a>(
        &'a self,
        _tree: &'a Tree,
        _pace: std::time::Duration,
        _wall: std::time::Duration,
        told: &'a MutantsTold<'a>,
    ) -> BoxFuture<'a, Result<MutationRun, TestError>> {
        told(1, 2);
        let run = MutationRun {
            planned: 2,
            noticed: 2,
            ..MutationRun::default()
        };
        async move { Ok(run) }.boxed()
    }

    fn cases<'a>(
        &'a self,
        tree: &'a Tree,
        cases: &'a [Case],
    ) -> BoxFuture<'a, Result<Vec<Received>, TestError>> {
        let stub = |_: &Case| Received {
            missing: Some("nothing".to_owned()),
            ..Received::default()
        };
        let (wrong, idle) = (self.wrong.lock().unwrap(), self.idle.lock().unwrap());
        let passes = |case: &Case| match tree.model_written {
            true => !wrong.contains(&case.id),
            false => idle.contains(&case.id),
        };
        let answer = |case| {
            if passes(case) {
                right(case)
            } else {
                stub(case)
            }
        };
        let all = cases.iter().map(answer).collect();
        let missing = self.missing.lock().unwrap().clone();
        let answered = missing.map_or(Ok(all), |why| Err(TestError::Setup(why)));
        async move { answered }.boxed()
    }

    fn packages<'a>(
        &'a self,
        _packages: &'a [Package],
    ) -> BoxFuture<'a, Result<String, TestError>> {
        async { Ok("{}\n".to_owned()) }.boxed()
    }

    fn sweep(&self) {}

    fn spare(&self, _: &[String]) {}

    fn tier(&self) -> &'static str {
        "double"
    }
}
