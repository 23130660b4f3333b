//! Fixing: the stuck rules first; then one repair in a new conversation, one whole file for each file the bug reports
//! name, on the best tree of the line; or a fresh start from the spec.

use super::acting::{self, Job};
use super::coding::{build, commit, verify, write_file};
use super::context::{Context, Stop};
use super::{files, papers};
use crate::agents::bug;
use crate::domain::decide::Report;
use crate::domain::phase::Outcome;
use crate::domain::stuck;
use crate::factory::ports::store::Paper;

/// Works until a repair, or all files of a fresh start, are written and committed.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    context.as_found().await?;
    loop {
        let done = match context.facts.course.is_to_begin() {
            true => build(context, Outcome::Fixed).await,
            false => repair(context).await,
        };
        if let Some(ended) = context.ended(done).await {
            return ended;
        }
    }
}

async fn repair(context: &mut Context) -> Result<Report, Stop> {
    let (course, numbers) = (&context.facts.course, context.patience());
    if let Some(fired) = stuck::judge(course, &context.facts.not_stuck, &numbers) {
        return Err(context.climb(fired).await);
    }
    if let Some(best) = stuck::regression(course).cloned()
        && !context.off("S6")
    {
        context.put_better_back(&best).await?;
    }
    let spec = papers::spec(context)?;
    let public = papers::public(context, &spec)?;
    files::clear(context, &spec)?;
    files::scaffold(context, &spec, &public).await?;
    let targets = targets(context)?;
    if let Some(style) = context.settings.developer.edits {
        acting::work(context, &Job::repair(&spec, &public, style, &targets)).await?;
        return commit(context, &spec, Outcome::Fixed).await;
    }
    for (path, bugs) in targets {
        write_file(context, &spec, &public, &path, Some(&bug::told(&bugs))).await?;
        verify(context, &spec).await?;
    }
    commit(context, &spec, Outcome::Fixed).await
}

/// Files the open bug reports name, each with its reports; src/cli.js for a report that names none.
pub fn targets(context: &Context) -> Result<Vec<(String, Vec<String>)>, Stop> {
    let mut targets: Vec<(String, Vec<String>)> = Vec::new();
    for bug in &context.facts.open_bugs {
        let paper = Paper::Bug {
            tool: context.tool.clone(),
            n: bug.n,
        };
        let text = context
            .tools
            .store
            .get(&paper)?
            .unwrap_or_else(|| format!("BUG-{}", bug.n));
        let path = bug.file.clone().unwrap_or_else(|| "src/cli.js".to_owned());
        match targets.iter_mut().find(|(known, _)| *known == path) {
            Some((_, bugs)) => bugs.push(text),
            None => targets.push((path, vec![text])),
        }
    }
    if targets.is_empty() {
        return Err(Stop::Incident(format!(
            "{} is in fixing without an open bug report: dev-factory requeue {} --fresh",
            context.tool, context.tool
        )));
    }
    Ok(targets)
}
