//! Takeover (L5): the reviewer's model writes the file that fails, or the spec; it is measured like any other.

use super::coding::{verify, write_file};
use super::context::{Context, Stop};
use super::spec::linted;
use super::{files, fixing, papers};
use crate::agents::{bug, developer};
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::screen::Level;
use crate::factory::ports::store::Paper;

/// Writes what fails: the file named, else the first that open bug reports name; before there is code, the spec.
pub async fn work(context: &mut Context, file: Option<&str>, why: &str) -> Result<Report, Stop> {
    let from = context.escalation.as_ref().map(|e| e.from);
    context.log(Level::Warn, format!("the reviewer takes over: {why}"));
    match from {
        Some(Phase::Spec | Phase::SpecReview) => write_spec(context, why).await,
        _ => write_code(context, file, why).await,
    }
}

async fn write_code(context: &mut Context, file: Option<&str>, why: &str) -> Result<Report, Stop> {
    context.as_found().await?;
    let spec = papers::spec(context)?;
    let public = papers::public(context, &spec)?;
    files::scaffold(context, &spec, &public).await?;
    let open = match context.facts.open_bugs.is_empty() {
        true => Vec::new(),
        false => fixing::targets(context)?,
    };
    let named = file.map(str::to_owned).filter(|f| spec.plan().contains(f));
    let path = named
        .or_else(|| open.first().map(|(path, _)| path.clone()))
        .unwrap_or_else(|| "src/cli.js".to_owned());
    let bugs = open.into_iter().find(|(target, _)| *target == path);
    let bugs = bugs.map_or_else(String::new, |(_, bugs)| bug::told(&bugs));
    let failure = format!("{why}\n\n{bugs}");
    write_file(context, &spec, &public, &path, Some(failure.trim())).await?;
    verify(context, &spec).await?;
    let (tool, message) = (
        context.tool.clone(),
        format!("{}: taken over", context.tool),
    );
    let (tree, commit) = context.git(move |repo| repo.save(&tool, &message)).await?;
    context.facts.commit = Some(commit.clone());
    context
        .record(vec![EventBody::Tree { tree, commit }])
        .await?;
    let mut report = context.report(Outcome::Takeover);
    report.reason = Some(format!("{path} written anew"));
    report.file = Some(path);
    Ok(report)
}

/// The spec with the clauses decided that were disputed; the engine keeps it under its number.
async fn write_spec(context: &mut Context, why: &str) -> Result<Report, Stop> {
    let tool = context.tool.clone();
    let old = context
        .tools
        .store
        .get(&Paper::Spec { tool: tool.clone() })?;
    let notes = format!("{why}\n{}", context.facts.begun.notes.join("\n"));
    let (numbers, nonce, hint) = (context.numbers(), context.nonce(), context.hint());
    let desk = context.desk(&numbers, &nonce);
    let prompt = developer::template(
        &desk,
        &context.idea,
        old.as_deref().unwrap_or_default(),
        Some(notes.trim()),
        hint.as_deref(),
    );
    let text = context.ask(&prompt, developer::parse_spec).await?;
    match linted(context, text).await? {
        Ok(text) => {
            context.tools.store.put(&Paper::Spec { tool }, &text)?;
            let mut report = context.report(Outcome::Takeover);
            report.reason = Some("the spec written anew".to_owned());
            Ok(report)
        }
        Err(problems) => {
            let words = format!(
                "the linter refuses the reviewer's spec too: {}",
                problems.join("; ")
            );
            Err(context.stuck("S16", words, problems).await)
        }
    }
}
