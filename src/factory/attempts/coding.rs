//! Coding: file by file in spec order, each whole, parsed before it is kept; tests once the sources stand, and after each
//! file from then on.

use super::acting::{self, Job};
use super::context::{Context, Stop};
use super::{files, papers, samples};
use crate::agents::spec::Spec;
use crate::agents::{cycle, developer, scan};
use crate::domain::case::Case;
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::evidence::JestRun;
use crate::domain::phase::Outcome;
use crate::domain::screen::Level;
use crate::domain::stuck;

/// Works until every planned file is written and committed.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    context.as_found().await?;
    loop {
        let done = build(context, Outcome::Built).await;
        if let Some(ended) = context.ended(done).await {
            return ended;
        }
    }
}

/// Writes every planned file from the spec; a line of work that begins afresh looks at nothing written before.
pub async fn build(context: &mut Context, outcome: Outcome) -> Result<Report, Stop> {
    let spec = papers::spec(context)?;
    let public = papers::public(context, &spec)?;
    files::clear(context, &spec)?;
    if context.facts.course.is_to_begin() {
        let course = &context.facts.course;
        let words = format!(
            "line {} of work begins: {}",
            course.line,
            course.rung.words()
        );
        context.log(Level::Info, words);
        files::empty(context)?;
    }
    files::scaffold(context, &spec, &public).await?;
    if let Some(style) = context.settings.developer.edits {
        acting::work(context, &Job::build(&spec, &public, style)).await?;
        return commit(context, &spec, outcome).await;
    }
    for path in spec.plan() {
        let last = spec.files.last().is_some_and(|file| file.path == path);
        write_file(context, &spec, &public, &path, None).await?;
        if last {
            samples::better_draft(context, &spec, &public).await?;
        } else if path.starts_with("test/") {
            verify(context, &spec).await?;
        }
    }
    commit(context, &spec, outcome).await
}

/// Asks for one whole file and writes it once it may stand. `failure` holds the bug reports a repair is to settle.
pub async fn write_file(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    path: &str,
    failure: Option<&str>,
) -> Result<(), Stop> {
    let (numbers, nonce, hint) = (context.numbers(), context.nonce(), context.hint());
    let sources = files::current(context, spec)?;
    let tried = tried(context, failure.is_some());
    let brief = developer::FileBrief {
        desk: context.desk(&numbers, &nonce),
        spec,
        public,
        path,
        sources: &sources,
        failure,
        hint: hint.as_deref(),
        tried: &tried,
        think: context.facts.course.thinks(failure.is_some()),
    };
    let prompt = match developer::file(&brief) {
        Ok(prompt) => prompt,
        Err(too_large) => {
            return Err(context.too_large(format!("{path}: {too_large}")).await);
        }
    };
    // Only a repair has a text before it: the first writing of a build owes nothing to an older one.
    let previous = sources
        .get(path)
        .filter(|_| failure.is_some())
        .map(String::as_str);
    let (text, mended) = context
        .ask(&prompt, |reply| {
            developer::from_reply(path, reply, previous, spec, &sources, &numbers)
        })
        .await?;
    keep(context, path, &text, mended).await
}

/// Writes a file that may stand, and says so.
pub async fn keep(
    context: &mut Context,
    path: &str,
    text: &str,
    mended: Vec<String>,
) -> Result<(), Stop> {
    files::write(context, path, text)?;
    let lines = text.lines().count();
    context.log(Level::Info, format!("wrote {path} ({lines} lines)"));
    if !mended.is_empty() {
        let (path, notes) = (path.to_owned(), mended);
        context
            .record(vec![EventBody::Mended { path, notes }])
            .await?;
    }
    Ok(())
}

/// What a prompt says was tried: repairs of this line, or lines of work before it.
pub(super) fn tried(context: &Context, repair: bool) -> Vec<String> {
    match repair {
        true => stuck::repairs_tried(&context.facts.course),
        false => context.facts.course.tried.clone(),
    }
}

/// Runs the tests there are after an edit and says how many pass; None when the tree may not be run.
pub async fn verify(context: &mut Context, spec: &Spec) -> Result<Option<JestRun>, Stop> {
    if let Some(words) = forbidden(context, spec)? {
        context.log(
            Level::Warn,
            format!("tests not run after the edit: {words}"),
        );
        return Ok(None);
    }
    context.clear_to_go().await?;
    context.doing("running the tests after the edit");
    let tree = files::tree(context, spec, 0);
    let run = context.tools.tests.jest(&tree, false).await?;
    let (passed, total) = run.report.as_ref().map_or((0, 0), |r| (r.passed, r.total));
    context
        .record(vec![EventBody::Tried {
            passed,
            total,
            timed_out: run.timed_out,
            millis: run.millis,
        }])
        .await?;
    context.log(
        Level::Info,
        format!("tests after the edit: {passed} of {total} pass"),
    );
    context.facts.course.ran(run.timed_out);
    if let Some(fired) = stuck::endless(&context.facts.course, &context.patience())
        && !context.off("S13")
    {
        return Err(context.climb(fired).await);
    }
    Ok(Some(run))
}

/// The first thing in the written files that may not be there; such a tree is never run.
pub(super) fn forbidden(context: &Context, spec: &Spec) -> Result<Option<String>, Stop> {
    let files = files::current(context, spec)?;
    let packages = spec.packages(&context.settings.packages);
    let scripts = files.iter().filter(|(path, _)| path.ends_with(".js"));
    let mut found = scripts.flat_map(|(path, text)| {
        scan::scan(path, text, &packages)
            .into_iter()
            .map(move |violation| format!("{path} {violation}"))
    });
    Ok(found.next())
}

/// Commits the tree and reports it, unless its code was measured in this line of work already (S2).
pub async fn commit(context: &mut Context, spec: &Spec, outcome: Outcome) -> Result<Report, Stop> {
    let tool = context.tool.clone();
    let message = format!("{tool}: {outcome} (cycle {})", context.cycle);
    let (tree, commit) = context.git(move |repo| repo.save(&tool, &message)).await?;
    let code = cycle::code(&files::current(context, spec)?);
    // A tree that was only saved, by an attempt a crash cut off, is no repetition.
    if let Some(fired) = stuck::repeated(&context.facts.course, &code)
        && !context.off("S2")
    {
        return Err(context.climb(fired).await);
    }
    context.facts.commit = Some(commit.clone());
    context
        .record(vec![EventBody::Tree { tree, commit }])
        .await?;
    Ok(context.report(outcome))
}
