//! The scripted job: specs drafted, refused by the linter, repaired, refused, escalated, reviewed, hinted, begun anew.
//! Four turns of the Developer, one of the Supervisor, two moves; every part of the engine but gates and file writing.

use super::home::{Home, reply};
use super::model_server::{ModelServer, Request};
use super::process::{Exit, Process, Watched, status};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(120);

/// What one run of a job showed; times in ms, memory in kB.
#[derive(Clone, Debug)]
pub struct Run {
    pub first: f64,
    pub gaps: Vec<f64>,
    /// Those without a move of the tool.
    pub plain: Vec<f64>,
    pub exit: f64,
    pub end: Exit,
    /// Memory held at each request, MB.
    pub held: Vec<f64>,
}

/// The factory and the bare client on the same requests.
pub struct Pair {
    pub turns: usize,
    pub factory: Vec<Run>,
    pub bare: Vec<Run>,
}

/// Both, in turns, so that a busy machine is busy for both.
pub fn pair(turns: usize, runs: usize) -> Pair {
    let (mut factory, mut bare) = (Vec::new(), Vec::new());
    // Kept until all is measured: a file system makes files more slowly where many were deleted in the last seconds.
    let mut homes = Vec::new();
    for _ in 0..runs {
        let (run, asked, home) = drive(turns);
        homes.push(home);
        factory.push(run);
        bare.push(floor(&asked));
    }
    Pair {
        turns,
        factory,
        bare,
    }
}

/// The server's side of a job: answers at once, looks at the process, ends it with the last answer.
struct Desk {
    server: ModelServer,
    watched: Watched,
    held: Arc<Mutex<Vec<u64>>>,
}

/// `labels`: those of the turns to come, for a client that sends none.
fn desk(turns: usize, labels: Vec<String>) -> Desk {
    let (watched, held) = (Watched::default(), Arc::<Mutex<Vec<u64>>>::default());
    let (process, notes, asked) = (watched.clone(), held.clone(), AtomicUsize::new(0));
    let replies = Replies::new();
    let server = ModelServer::serving_requests(move |request| {
        let number = asked.fetch_add(1, Ordering::SeqCst);
        let pid = process.load(Ordering::SeqCst);
        notes
            .lock()
            .unwrap()
            .push(status(pid, "VmRSS").unwrap_or(0));
        if labels.is_empty() && number + 1 == turns {
            kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
            // Long enough to have been heard before the answer is there.
            std::thread::sleep(Duration::from_millis(20));
        }
        replies.to(labels.get(number).map_or(request.label(), String::as_str))
    });
    Desk {
        server,
        watched,
        held,
    }
}

fn drive(turns: usize) -> (Run, Vec<Request>, Home) {
    let desk = desk(turns, Vec::new());
    // The same hint as often as the job is long, instead of the reviewer taking over.
    let home = Home::new(&desk.server.url(), "\n[ladder]\ndiagnoses = 100\n", true);
    let process = Process::start(&mut home.engine(), &desk.watched);
    let run = measured(&desk, process, turns, || home.said());
    let lines = |name: &str| fs::read_to_string(home.file(name)).unwrap();
    let journaled = lines("journal.jsonl").matches(r#""kind":"turn""#).count();
    assert_eq!(journaled, turns, "{}", home.said());
    assert!(home.file("transcripts").join(super::home::TOOL).is_dir());
    (run, desk.server.turns(), home)
}

fn floor(asked: &[Request]) -> Run {
    let labels = asked.iter().map(|turn| turn.label().to_owned()).collect();
    let desk = desk(asked.len(), labels);
    let bodies: Vec<&[u8]> = asked.iter().map(|turn| turn.body.as_slice()).collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bodies");
    fs::write(&file, bodies.join(&b'\n')).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--bare", &desk.server.url()])
        .arg(&file)
        .stdout(Stdio::null());
    let process = Process::start(&mut command, &desk.watched);
    measured(&desk, process, asked.len(), String::new)
}

fn measured(desk: &Desk, process: Process, turns: usize, said: impl Fn() -> String) -> Run {
    let started = process.started;
    let end = process.wait(LIMIT);
    // The process may be gone before the server has noted the end of its last answer.
    let exchanges = loop {
        let all = desk.server.exchanges();
        if all.iter().all(|(_, replied)| replied.is_some()) {
            break all;
        }
        assert!(started.elapsed() < LIMIT, "an answer does not end");
        std::thread::yield_now();
    };
    let exchanges: Vec<_> = exchanges
        .into_iter()
        .filter(|(request, _)| request.method == "POST")
        .collect();
    assert_eq!(exchanges.len(), turns, "{}", said());
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let gap = |pair: &[(Request, Option<Instant>)]| ms(pair[1].0.at - pair[0].1.unwrap());
    let phase = |turn: &Request| turn.label().split('/').nth(1).map(str::to_owned);
    let (mut gaps, mut plain) = (Vec::new(), Vec::new());
    for pair in exchanges.windows(2) {
        gaps.push(gap(pair));
        if phase(&pair[0].0) == phase(&pair[1].0) {
            plain.push(gap(pair));
        }
    }
    Run {
        first: ms(exchanges[0].0.at - started),
        gaps,
        plain,
        exit: ms(end.at - exchanges[turns - 1].1.unwrap()),
        end,
        held: desk
            .held
            .lock()
            .unwrap()
            .iter()
            .map(|kb| *kb as f64 / 1000.0)
            .collect(),
    }
}

/// Answers by label.
struct Replies {
    draft: String,
    refused: String,
}

impl Replies {
    fn new() -> Self {
        // A section short: the linter refuses it every time.
        let spec = reply("spec/template/0.md");
        let (kept, _) = spec.split_once("## I/O boundary").unwrap();
        Self {
            draft: reply("spec/draft/0.md"),
            refused: format!("{kept}```\n"),
        }
    }

    fn to(&self, label: &str) -> String {
        if label.contains("/review/verdict/") {
            return "```json\n{\"checks\": [\"the linter's words\"], \"verdict\": \"hint\", \"instructions\": \"Write every section.\"}\n```\n".to_owned();
        }
        match label.contains("/spec/draft/") {
            true => self.draft.clone(),
            false => self.refused.clone(),
        }
    }
}
