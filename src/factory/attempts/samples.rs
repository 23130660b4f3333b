//! Best of some: a draft that fails its examples, or may not be run, is written again, and the best writing is kept.

use super::coding::verify;
use super::context::{Context, Stop};
use super::files;
use crate::agents::digest::digest;
use crate::agents::failure::Ground;
use crate::agents::spec::Spec;
use crate::agents::{developer, scaffold, scan};
use crate::domain::case::Case;
use crate::domain::evidence::JestRun;
use crate::domain::package::Package;
use crate::domain::screen::Level;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What the writings after the first add to the temperature; the last one is for all others (harness 1.5).
const WARMER: [f32; 2] = [0.0, 0.2];

/// One writing of a file and how good it is: tests passed, then what the scan finds, then length.
struct Sample {
    text: String,
    score: (u32, Reverse<usize>, Reverse<usize>),
}

/// The file to write again.
struct Worst {
    path: String,
    text: String,
    /// Why it may not be run.
    why: Option<String>,
}

/// Runs the examples over the draft; while some fail, the file the first failure points to is written again, and while it
/// may not be run, the first file the scan refuses.
pub async fn better_draft(context: &mut Context, spec: &Spec, public: &[Case]) -> Result<(), Stop> {
    let mut run = verify(context, spec).await?;
    let mut left = context.patience().samples.saturating_sub(1);
    while left > 0 && !passes(run.as_ref()) {
        let Some(worst) = worst(context, spec, public, run.as_ref())? else {
            break;
        };
        run = better_file(context, spec, public, &worst, run, &mut left).await?;
    }
    Ok(())
}

/// The file to write again, and what it is now.
fn worst(
    context: &Context,
    spec: &Spec,
    public: &[Case],
    run: Option<&JestRun>,
) -> Result<Option<Worst>, Stop> {
    let sources = files::current(context, spec)?;
    let (path, why) = match run {
        Some(run) => (suspect(run, spec, public, &sources), None),
        None => refused(context, spec)?.unzip(),
    };
    Ok(path.and_then(|path| {
        let text = sources.get(&path)?.clone();
        Some(Worst { path, text, why })
    }))
}

/// Writes one file again, as often as is left, until the examples pass or it is another file that may not be run; the best
/// of its writings stays. The last run.
async fn better_file(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    Worst { path, text, why }: &Worst,
    mut run: Option<JestRun>,
    left: &mut u32,
) -> Result<Option<JestRun>, Stop> {
    let packages = spec.packages(&context.settings.packages);
    let samples = context.patience().samples;
    let mut best = sample(path, text.clone(), run.as_ref(), &packages);
    let mut seen = vec![text.clone()];
    let mut written = text.clone();
    while *left > 0 {
        *left -= 1;
        let n = samples - *left;
        let warm = WARMER.get(n as usize - 2).or(WARMER.last()).copied();
        let warm = warm.unwrap_or(0.0);
        let Some(text) = draft(context, spec, public, (path, why.as_deref()), warm).await? else {
            continue;
        };
        if seen.contains(&text) {
            continue;
        }
        seen.push(text.clone());
        files::write(context, path, &text)?;
        written.clone_from(&text);
        run = verify(context, spec).await?;
        let next = sample(path, text, run.as_ref(), &packages);
        let words = format!("{path}: writing {n} of {samples}, {} pass", next.score.0);
        context.log(Level::Info, words);
        if next.score > best.score {
            best = next;
        }
        let other = |(refused, _): (String, String)| refused != *path;
        if passes(run.as_ref()) || (run.is_none() && refused(context, spec)?.is_some_and(other)) {
            break;
        }
    }
    if best.text != written {
        files::write(context, path, &best.text)?;
    }
    Ok(run)
}

/// One more writing from the same prompt as the first, told why that one may not be run; None when its reply cannot be
/// used.
async fn draft(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    (path, why): (&str, Option<&str>),
    warmer: f32,
) -> Result<Option<String>, Stop> {
    let (numbers, nonce, hint) = (context.numbers(), context.nonce(), context.hint());
    let mut sources = files::current(context, spec)?;
    sources.insert(path.to_owned(), scaffold::stub(spec, path));
    let mut tried = context.facts.course.tried.clone();
    tried.extend(why.map(|why| format!("a writing of {path} that was not run: {why}")));
    let brief = developer::FileBrief {
        desk: context.desk(&numbers, &nonce),
        spec,
        public,
        path,
        sources: &sources,
        failure: None,
        hint: hint.as_deref(),
        tried: &tried,
        think: context.facts.course.thinks(false),
    };
    let Ok(mut prompt) = developer::file(&brief) else {
        return Ok(None);
    };
    prompt.warmer = warmer;
    let text = context
        .ask_once(&prompt, |reply| {
            developer::from_reply(path, reply, None, spec, &sources, &numbers)
        })
        .await?;
    Ok(text.map(|(text, _)| text))
}

pub(super) fn passes(run: Option<&JestRun>) -> bool {
    let report = run.and_then(|run| run.report.as_ref());
    report.is_some_and(|report| report.failed == 0 && report.broken_suites == 0)
}

/// The first source file that may not be run, and why.
fn refused(context: &Context, spec: &Spec) -> Result<Option<(String, String)>, Stop> {
    let sources = files::current(context, spec)?;
    let packages = spec.packages(&context.settings.packages);
    Ok(spec.modules().into_iter().find_map(|path| {
        let found = scan::scan(&path, sources.get(&path)?, &packages);
        let why = found.first()?.to_string();
        Some((path, why))
    }))
}

/// The source file to write again: where the first failure points, else the last one.
fn suspect(
    run: &JestRun,
    spec: &Spec,
    public: &[Case],
    sources: &BTreeMap<String, String>,
) -> Option<String> {
    let ground = Ground {
        spec,
        sources,
        cases: public,
    };
    let failures = digest(run, &[], None, &ground).failures;
    let named = failures.into_iter().find_map(|f| f.file);
    let modules = spec.modules();
    named
        .filter(|file| modules.contains(file))
        .or_else(|| modules.last().cloned())
}

fn sample(path: &str, text: String, run: Option<&JestRun>, packages: &[Package]) -> Sample {
    let passed = run
        .and_then(|run| run.report.as_ref())
        .map_or(0, |r| r.passed);
    let lint = scan::scan(path, &text, packages).len();
    let lines = text.lines().count();
    Sample {
        score: (passed, Reverse(lint), Reverse(lines)),
        text,
    }
}
