//! Mutation testing with Stryker over a copy of a tool, told as it goes and bounded in time.

use super::out::{self, Out};
use super::{JestTests, tail, text};
use crate::adapters::folder::Folder;
use crate::adapters::place;
use crate::domain::mutation::{KEPT, MutationRun, Survivor};
use crate::factory::ports::files::FILE;
use crate::factory::ports::sandbox::{Ended, Limit, Limits};
use crate::factory::ports::tests::{MutantsTold, TestError, Tree};
use crate::text::sanitise::one_line;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// Stryker's settings, compiled in.
const LOCKED: &str = include_str!("../../../dev-factory/harness/stryker.locked.mjs");
/// What tells of each change, compiled in.
const TELLER: &str = include_str!("../../../dev-factory/harness/mutants.locked.mjs");
/// What it writes, and the most of it that is read.
const TOLD: &str = "mutants.jsonl";
const MOST: u64 = 8 << 20;
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// Stryker and its two workers, each with a Jest: about 200 MiB each at rest.
const MEMORY: u64 = 2 << 30;
/// Time for a change beyond its tests' own, least and most.
const ROOM: Duration = Duration::from_secs(1);
const MOST_ROOM: Duration = Duration::from_secs(20);
/// One of so many changes at least must tell something.
const LEAST: u32 = 4;
/// Characters of code shown.
const CODE: usize = 80;

/// One line of what is told.
#[derive(Deserialize)]
struct Line {
    planned: Option<u32>,
    #[serde(default)]
    file: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    replacement: String,
    start: Option<Place>,
    end: Option<Place>,
}

/// A place in a file, both from 1.
#[derive(Clone, Copy, Deserialize)]
struct Place {
    line: u32,
    column: u32,
}

/// One pass, told of as it goes.
pub async fn run(
    tests: &JestTests,
    tree: &Tree,
    (pace, wall): (Duration, Duration),
    told: &MutantsTold<'_>,
) -> Result<MutationRun, TestError> {
    let stryker = installed(tests)?;
    let out = Out::new(&tests.home, tree)?;
    let untrusted = out::plain_copy(tree, &out)?;
    tests.write_locked(&out)?;
    let config = out.write("stryker.locked.mjs", &paced(pace))?;
    out.write("mutants.locked.mjs", TELLER)?;
    let words = vec![
        text(&tests.node),
        text(&stryker),
        "run".into(),
        text(&config),
    ];
    let mut job = tests.job(words, &out.copy(), untrusted, &out);
    job.write.push(out.copy());
    job.limits = Limits {
        wall,
        cpu: wall,
        memory: MEMORY,
        ..Limits::default()
    };
    let results = out.results()?;
    let mut running = tests.sandbox.run(job);
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended?,
            () = tokio::time::sleep(LOOK) => {
                let now = read(&results, tree)?;
                told(now.told(), now.planned);
            }
        }
    };
    if let Some((name, why)) = place::cramped(&out.made()) {
        return Err(TestError::Trouble(name, why));
    }
    let run = read(&results, tree)?;
    Ok(judged(run, &ended, wall))
}

/// Stryker's settings, with as much time for each change as all tests took just now, and a second at least: on a machine
/// that is busy everything takes longer, and says nothing so.
fn paced(pace: Duration) -> String {
    let room = pace.clamp(ROOM, MOST_ROOM).as_millis();
    LOCKED.replace("timeoutMS: 1000,", &format!("timeoutMS: {room},"))
}

/// The program of the home.
fn installed(tests: &JestTests) -> Result<PathBuf, TestError> {
    let stryker = tests
        .home
        .join("node_modules/@stryker-mutator/core/bin/stryker.js");
    if !stryker.is_file() {
        return Err(TestError::Setup(format!(
            "Stryker is not installed: {} is missing; end the engine and run `dev-factory upgrade` in {}, which adds it to an older home, or set harness.mutation = false",
            stryker.display(),
            tests.home.display()
        )));
    }
    Ok(stryker)
}

/// A pass that has ended, with the reason when it says nothing.
fn judged(mut run: MutationRun, ended: &Ended, wall: Duration) -> MutationRun {
    run.cut = ended.limit == Some(Limit::Time);
    run.millis = ended.millis;
    let failed = ended.exit != Some(0) && !run.cut;
    if failed || (run.tested() == 0 && (run.cut || run.planned > 0)) {
        run.problem = Some(match run.cut {
            true => format!("no change was tested within {} s", wall.as_secs()),
            false if !failed && run.told() > 0 => format!(
                "with each of {} changes the tests do not end, or nothing even loads",
                run.told()
            ),
            false => format!("Stryker ended without a result: {}", said(ended)),
        });
    }
    let told = run.told();
    // A few quick changes say nothing about the rest.
    if run.cut && run.problem.is_none() && told.saturating_mul(2) < run.planned {
        run.problem = Some(format!(
            "only {told} of {} were tested within {} s",
            run.planned,
            wall.as_secs()
        ));
    }
    if run.problem.is_none() && !run.cut && run.planned > told {
        run.problem = Some(format!(
            "Stryker says it is done, but told of {told} changes of {}",
            run.planned
        ));
    }
    let loaded = run.planned.saturating_sub(run.broken);
    if run.problem.is_none() && run.tested().saturating_mul(LEAST) < loaded && run.slow > 0 {
        run.problem = Some(format!(
            "with {} of {loaded} changes the tests do not end",
            run.slow
        ));
    }
    run
}

/// Its last words: what is wrong stands on standard output.
fn said(ended: &Ended) -> String {
    let both = Ended {
        stderr: [ended.stderr.as_slice(), ended.stdout.as_slice()].concat(),
        ..ended.clone()
    };
    tail(&both)
}

/// What was told so far.
fn read(results: &Folder, tree: &Tree) -> Result<MutationRun, TestError> {
    let bytes = results.read(TOLD, MOST)?.unwrap_or_default();
    let told = String::from_utf8_lossy(&bytes);
    let sources = Folder::open(&tree.dir)?;
    let mut run = MutationRun::default();
    // The last line may still be half written.
    for line in told
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
    {
        if let Some(planned) = line.planned {
            run.planned = planned;
            continue;
        }
        match line.status.as_str() {
            "Killed" => run.noticed = run.noticed.saturating_add(1),
            "Timeout" => run.slow = run.slow.saturating_add(1),
            "Survived" | "NoCoverage" => {
                run.unnoticed = run.unnoticed.saturating_add(1);
                run.survivors.extend(survivor(&line, tree, &sources));
            }
            // A change that does not even load tells nothing of the tests.
            _ => run.broken = run.broken.saturating_add(1),
        }
    }
    run.survivors.sort();
    run.survivors.truncate(KEPT);
    Ok(run)
}

/// The change with what stands in its place; None for a file that is not the tool's.
fn survivor(line: &Line, tree: &Tree, sources: &Folder) -> Option<Survivor> {
    let (start, end) = (line.start?, line.end?);
    if !tree.modules.contains(&line.file) {
        return None;
    }
    let text = sources.read(&line.file, FILE).ok()??;
    let text = String::from_utf8_lossy(&text);
    let at = usize::try_from(start.line).ok()?.checked_sub(1)?;
    let row: Vec<char> = text.lines().nth(at)?.chars().collect();
    let from = usize::try_from(start.column).ok()?.checked_sub(1)?;
    let to = match end.line == start.line {
        true => usize::try_from(end.column).ok()?.checked_sub(1)?,
        false => row.len(),
    };
    let original: String = row.get(from..to.min(row.len()))?.iter().collect();
    Some(Survivor {
        file: line.file.clone(),
        line: start.line,
        original: one_line(&original, CODE),
        replacement: one_line(&line.replacement, CODE),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(noticed: u32, limit: Option<Limit>) -> Option<String> {
        let run = MutationRun {
            planned: 100,
            noticed,
            ..MutationRun::default()
        };
        let ended = Ended {
            exit: limit.is_none().then_some(0),
            limit,
            ..Ended::default()
        };
        judged(run, &ended, Duration::from_secs(9)).problem
    }

    #[test]
    fn a_pass_cut_short_counts_from_half_of_its_changes_on() {
        let cut = |noticed| ended(noticed, Some(Limit::Time));
        assert_eq!(cut(50), None);
        assert_eq!(cut(49).unwrap(), "only 49 of 100 were tested within 9 s");
        assert_eq!(cut(0).unwrap(), "no change was tested within 9 s");
        assert_eq!(ended(100, None), None);
        let short = ended(99, None).unwrap();
        assert!(short.contains("told of 99 changes of 100"), "{short}");
    }

    #[test]
    fn a_busy_machine_gives_each_change_more_time() {
        let of = |millis| paced(Duration::from_millis(millis));
        assert!(of(300).contains("timeoutMS: 1000,"));
        assert!(of(7_300).contains("timeoutMS: 7300,"));
        assert!(of(90_000).contains("timeoutMS: 20000,"));
    }

    #[test]
    fn changes_that_break_everything_have_proven_nothing() {
        let run = MutationRun {
            planned: 4,
            broken: 4,
            ..MutationRun::default()
        };
        let ended = Ended {
            exit: Some(0),
            ..Ended::default()
        };
        let judged = judged(run, &ended, Duration::from_secs(9));
        let problem = judged.problem.unwrap();
        assert!(problem.starts_with("with each of 4 changes"), "{problem}");
        let slow = |noticed, slow| {
            let run = MutationRun {
                planned: 8,
                noticed,
                slow,
                ..MutationRun::default()
            };
            super::judged(run, &ended, Duration::from_secs(9)).problem
        };
        assert_eq!(slow(2, 6), None);
        let problem = slow(1, 7).unwrap();
        assert!(problem.starts_with("with 7 of 8 changes"), "{problem}");
    }
}
