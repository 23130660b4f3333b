//! Fixing: one repair a cycle in a new conversation, one whole file for each file the bug reports name.

use super::coding::{commit, verify, write_file};
use super::context::{Context, Stop};
use super::{files, papers};
use crate::domain::decide::Report;
use crate::domain::phase::Outcome;
use crate::factory::ports::store::Paper;

/// Works until the named files are rewritten and committed.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    let spec = papers::spec(context)?;
    let public = papers::public(context, &spec)?;
    files::clear(context, &spec)?;
    files::scaffold(context, &spec, &public).await?;
    for (path, bugs) in targets(context)? {
        write_file(context, &spec, &public, &path, Some(&bugs.join("\n\n"))).await?;
    }
    verify(context, &spec).await?;
    commit(context, Outcome::Fixed).await
}

/// Files the open bug reports name, each with its reports; src/cli.js for a report that names none.
fn targets(context: &Context) -> Result<Vec<(String, Vec<String>)>, Stop> {
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
