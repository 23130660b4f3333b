//! `verify`: journal, documents, papers and git of a home against each other, beside a running engine or without one;
//! with `--repair`, which needs the home's lock, what can be put right without losing anything.

use super::args::{Cli, VerifyArgs};
use super::out::{self, Done, Fail, code};
use super::signals::Endings;
use super::{home, secrets, threads, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::verify::repair::{Repaired, repair};
use crate::adapters::verify::{Checks, Cut, Finding, Grade, Report, check};
use crate::domain::factory::Factory;
use crate::factory::brief;
use crate::factory::ports::clock::Clock;
use crate::factory::ports::store::StoreError;
use crate::text::plural::plural;
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the line on the terminal is written anew.
const EVERY: Duration = Duration::from_millis(100);

/// Prints every difference; exit 0 when there is none, 1 when there is.
pub fn run(cli: &Cli, home: &Path, args: &VerifyArgs) -> Done {
    home::read(home)?;
    home::readable(home)?;
    let runtime = threads::runtime()?;
    let endings = RefCell::new(runtime.block_on(async { Endings::listen() })?);
    let watch = Watch::new(cli.json);
    let progress = |part: &str, at: usize, all: usize| {
        watch.tell(part, at, all);
        endings.borrow_mut().came(&runtime).is_none()
    };
    let work = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let work = work.join("dev-factory").join("work");
    let text = |factory: &Factory| secrets::known().clean(&brief::text(factory, &work, None));
    let checks = Checks {
        home,
        brief: &text,
        progress: &progress,
    };
    let found = match args.repair {
        true => repaired(home, &checks),
        false => check(&checks)
            .map(|report| Repaired {
                report,
                ..Repaired::default()
            })
            .map_err(Ended::Cut),
    };
    watch.clear();
    match found {
        Ok(found) => shown(cli, home, args, &found),
        Err(Ended::Said(fail)) => Err(fail),
        Err(Ended::Cut(Cut::Stopped)) => Err(Fail::Said(
            code::INTERRUPTED,
            "stopped before all was looked at; nothing was changed".to_owned(),
        )),
        Err(Ended::Cut(Cut::Failed(why))) => Err(Fail::failed(why)),
    }
}

enum Ended {
    Cut(Cut),
    Said(Fail),
}

fn repaired(home: &Path, checks: &Checks) -> Result<Repaired, Ended> {
    let store = wire::store(home).map_err(|error| {
        Ended::Said(match error {
            StoreError::Held(_) => Fail::Said(
                code::HELD,
                format!("{error}: end it with dev-factory down, then repair; verify alone works beside it"),
            ),
            other => Fail::failed(other.to_string()),
        })
    })?;
    let user = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    repair(checks, &store, &clock, &format!("operator:{user}")).map_err(Ended::Cut)
}

fn shown(cli: &Cli, home: &Path, args: &VerifyArgs, found: &Repaired) -> Done {
    let report = &found.report;
    let wrong = report.wrong().count();
    if cli.json {
        out::say(json!({
            "home": home,
            "ok": wrong == 0,
            "engine": report.engine,
            "events": report.events,
            "papers": report.papers,
            "refs": report.refs,
            "rotated": report.rotated,
            "findings": report.findings.iter().map(object).collect::<Vec<_>>(),
            "repaired": found.done,
            "failed": found.failed,
            "copies": found.copies,
        }))?;
    } else {
        out::put(&page(args, found, wrong))?;
    }
    Ok(match wrong == 0 && found.failed.is_empty() {
        true => 0,
        false => code::FAILED,
    })
}

fn object(finding: &Finding) -> serde_json::Value {
    let mut object = json!(finding);
    if let Some(map) = object.as_object_mut() {
        map.insert("sentence".to_owned(), finding.sentence().into());
        map.insert("repairable".to_owned(), finding.fix.is_some().into());
    }
    object
}

fn page(args: &VerifyArgs, found: &Repaired, wrong: usize) -> String {
    let report = &found.report;
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    for words in &found.done {
        line(&format!("repaired  {words}"));
    }
    for words in &found.failed {
        line(&format!("failed    {words}"));
    }
    if let Some(copies) = &found.copies {
        line(&format!("copies    of what was replaced are in {copies}"));
    }
    for finding in &report.findings {
        let grade = match finding.grade {
            Grade::Wrong => finding.area,
            Grade::Note => "note",
        };
        line(&format!("{grade:9} {}", finding.sentence()));
    }
    line(&summary(report, wrong));
    let repairable = report.wrong().filter(|f| f.fix.is_some()).count();
    if repairable > 0 && !args.repair {
        line(&format!(
            "{repairable} of them: dev-factory verify --repair"
        ));
    }
    text
}

fn summary(report: &Report, wrong: usize) -> String {
    let looked = format!(
        "{}, {}, {} tags and branches",
        plural(report.events, "event"),
        plural(report.papers, "paper"),
        report.refs
    );
    let rotated = match report.rotated {
        0 => String::new(),
        n => format!("; {n} papers were rotated away by housekeeping"),
    };
    match wrong {
        0 => format!("nothing is wrong: {looked}{rotated}"),
        1 => format!("1 thing is wrong; looked at {looked}{rotated}"),
        n => format!("{n} things are wrong; looked at {looked}{rotated}"),
    }
}

/// One line on the terminal that is gone when it is over; nothing where nobody watches.
struct Watch {
    shown: bool,
    last: Cell<Option<Instant>>,
}

impl Watch {
    fn new(json: bool) -> Self {
        Self {
            shown: !json && std::io::stderr().is_terminal(),
            last: Cell::new(None),
        }
    }

    fn tell(&self, part: &str, at: usize, all: usize) {
        let due = self.last.get().is_none_or(|last| last.elapsed() >= EVERY);
        if self.shown && due {
            self.last.set(Some(Instant::now()));
            Self::write(&format!("looking at {part}: {at} of {all} (Ctrl-C stops)"));
        }
    }

    fn clear(&self) {
        if self.shown {
            Self::write("");
        }
    }

    fn write(line: &str) {
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "\r\x1b[K{line}");
        let _ = err.flush();
    }
}
