//! Coding: file by file in spec order, each whole, parsed before it is kept, tests after every file.

use super::context::{Context, Stop};
use super::{files, papers};
use crate::agents::spec::Spec;
use crate::agents::{developer, scan};
use crate::domain::case::Case;
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::phase::Outcome;
use crate::domain::screen::Level;

/// Works until every planned file is written and committed.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    let spec = papers::spec(context)?;
    let public = papers::public(context, &spec)?;
    files::clear(context, &spec)?;
    files::scaffold(context, &spec, &public).await?;
    for path in spec.plan() {
        write_file(context, &spec, &public, &path, None).await?;
        if verifiable(&spec, &path) {
            verify(context, &spec).await?;
        }
    }
    commit(context, Outcome::Built).await
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
    let brief = developer::FileBrief {
        desk: context.desk(&numbers, &nonce),
        spec,
        public,
        path,
        sources: &sources,
        failure,
        hint: hint.as_deref(),
        tried: &[],
        think: failure.is_some() && context.facts.repairs > 0,
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
    let text = context
        .ask(&prompt, |reply| {
            developer::from_reply(path, reply, previous, spec, &numbers)
        })
        .await?;
    files::write(context, path, &text)?;
    context.log(
        Level::Info,
        format!("wrote {path} ({} lines)", text.lines().count()),
    );
    Ok(())
}

/// Runs the tests there are after an edit and says how many pass.
pub async fn verify(context: &mut Context, spec: &Spec) -> Result<(), Stop> {
    if let Some(words) = forbidden(context, spec)? {
        context.log(
            Level::Warn,
            format!("tests not run after the edit: {words}"),
        );
        return Ok(());
    }
    context.clear_to_go().await?;
    context.doing("running the tests after the edit");
    let tree = files::tree(context, spec, 0);
    let run = context.tools.tests.jest(&tree, false).await?;
    context
        .record(vec![EventBody::Worked { millis: run.millis }])
        .await?;
    let (passed, total) = run.report.as_ref().map_or((0, 0), |r| (r.passed, r.total));
    context.log(
        Level::Info,
        format!("tests after the edit: {passed} of {total} pass"),
    );
    Ok(())
}

/// The first thing in the written files that may not be there; such a tree is never run.
fn forbidden(context: &Context, spec: &Spec) -> Result<Option<String>, Stop> {
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

/// Commits the tree and reports it, unless it is a tree this line of work has measured (S2).
pub async fn commit(context: &mut Context, outcome: Outcome) -> Result<Report, Stop> {
    let tool = context.tool.clone();
    let message = format!("{tool}: {outcome} (cycle {})", context.cycle);
    let (tree, commit) = context.git(move |repo| repo.save(&tool, &message)).await?;
    // A tree that was only saved, by an attempt a crash cut off, is no repetition.
    let facts = &context.facts;
    let measured = facts.trees.contains(&tree) && facts.run_log.iter().any(|run| run.tree == tree);
    if measured && !facts.not_stuck.contains(&"S2".to_owned()) {
        let words = "the files are the same as before in this line of work".to_owned();
        let evidence = vec![
            format!("tree {tree}"),
            format!("trees {}", context.facts.trees.join(" ")),
        ];
        return Err(context
            .stuck("S2", words, evidence, Outcome::Escalated)
            .await);
    }
    context.facts.commit = Some(commit.clone());
    context
        .record(vec![EventBody::Tree { tree, commit }])
        .await?;
    Ok(context.report(outcome))
}

/// Tests are worth running from the last source file on.
fn verifiable(spec: &Spec, path: &str) -> bool {
    path.starts_with("test/") || spec.files.last().is_some_and(|file| file.path == path)
}
