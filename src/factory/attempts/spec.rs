//! Spec: a free draft, the template filled from it, the linter's word, at most two re-asks.

use super::context::{Context, Stop};
use crate::agents::reply::plain;
use crate::agents::{developer, lint, triage};
use crate::domain::actor;
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::phase::{Outcome, Role};
use crate::domain::screen::Level;
use crate::factory::ports::store::Paper;
use crate::text::hash::sha256;

/// Re-asks with the failed rules.
const REASKS: u32 = 2;

/// Works until the linter accepts the spec or has refused it three times.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    if let Some(report) = too_large(context).await? {
        return Ok(report);
    }
    let draft = basis(context).await?;
    let numbers = context.numbers();
    let (hint, nonce) = (context.hint(), context.nonce());
    let notes = context.facts.begun.notes.join("\n");
    let prompt = developer::template(
        &context.desk(&numbers, &nonce),
        &context.idea,
        &draft,
        Some(notes.as_str()).filter(|notes| !notes.is_empty()),
        hint.as_deref(),
    );
    let text = context.ask(&prompt, developer::parse_spec).await?;
    match linted(context, text).await? {
        Ok(text) => keep(context, &text).await,
        Err(problems) => {
            let mut report = context.report(Outcome::Undraftable);
            report.actor = "engine".to_owned();
            report.reason = Some(format!(
                "the spec linter refused it: {}",
                problems.join("; ")
            ));
            Ok(report)
        }
    }
}

/// An idea that is too large waits for the operator; one who has seen the proposal and goes on is not asked again.
async fn too_large(context: &mut Context) -> Result<Option<Report>, Stop> {
    let begun = &context.facts.begun;
    let words = context.settings.harness.triage_words;
    if begun.specs > 0 || begun.weighed || !triage::looks_large(&context.idea, words) {
        return Ok(None);
    }
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let prompt = triage::ask(&context.desk(&numbers, &nonce), &context.idea);
    let found = context.ask(&prompt, triage::parse).await?;
    if found.fits {
        return Ok(None);
    }
    let mut report = context.report(Outcome::Parked);
    report.actor = actor::ENGINE.to_owned();
    report.reason = Some(triage::reason(&found));
    Ok(Some(report))
}

/// The spec once the linter takes it, asked for again with what is wrong; else what is wrong in the end.
pub async fn linted(
    context: &mut Context,
    mut text: String,
) -> Result<Result<String, Vec<String>>, Stop> {
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let mut refusal = 0;
    // By the attempts that were cut before this one.
    let told = context.facts.lint_refusals;
    let told = told.saturating_sub(context.facts.begun.lint_refusals);
    loop {
        let problems = match lint::lint(&text, &context.tool, &numbers, &context.settings.packages)
        {
            Ok(_) => return Ok(Ok(text)),
            Err(problems) => problems,
        };
        context.log(Level::Warn, format!("spec linter: {}", problems.join("; ")));
        let notes = problems.clone();
        // Not waited for: it tells nothing that the next turn needs.
        if refusal >= told {
            let _ = context.note(vec![EventBody::SpecRefused {
                by: Role::Developer,
                notes,
                clauses: Vec::new(),
            }]);
        }
        if refusal == REASKS {
            return Ok(Err(problems));
        }
        refusal += 1;
        let desk = context.desk(&numbers, &nonce);
        let prompt = developer::repair_spec(&desk, &text, &problems);
        text = context.ask(&prompt, developer::parse_spec).await?;
    }
}

/// What the template is filled from: the rejected spec, or a new free draft.
async fn basis(context: &mut Context) -> Result<String, Stop> {
    let begun = &context.facts.begun;
    if begun.specs > 0 && !begun.notes.is_empty() {
        let paper = Paper::SpecVersion {
            tool: context.tool.clone(),
            n: begun.specs,
        };
        if let Some(text) = context.tools.store.get(&paper)? {
            return Ok(text);
        }
    }
    let (hint, nonce, numbers) = (context.hint(), context.nonce(), context.numbers());
    let prompt = developer::draft(
        &context.desk(&numbers, &nonce),
        &context.idea,
        hint.as_deref(),
    );
    context
        .ask(&prompt, |reply| plain(reply, developer::DRAFT_CHARS))
        .await
}

/// Keeps the accepted spec as the current one and under its number.
async fn keep(context: &mut Context, text: &str) -> Result<Report, Stop> {
    let tool = context.tool.clone();
    let newest = Paper::SpecVersion {
        tool: tool.clone(),
        n: context.facts.specs,
    };
    // An attempt that was cut behind this event has kept it already.
    if !context.facts.cut.is_empty() && context.tools.store.get(&newest)?.as_deref() == Some(text) {
        context.tools.store.put(&Paper::Spec { tool }, text)?;
        return Ok(context.report(Outcome::Drafted));
    }
    let n = context.facts.specs + 1;
    context.tools.store.put(
        &Paper::SpecVersion {
            tool: tool.clone(),
            n,
        },
        text,
    )?;
    context.tools.store.put(&Paper::Spec { tool }, text)?;
    context
        .record(vec![EventBody::SpecKept {
            n,
            sha256: sha256(text.as_bytes()),
        }])
        .await?;
    Ok(context.report(Outcome::Drafted))
}
