//! Spec review by doing: QA writes held-out cases from the spec alone, then says whether the spec allows them.

use super::context::{Context, Stop};
use super::{papers, stub};
use crate::agents::qa;
use crate::agents::spec::Spec;
use crate::domain::case::Case;
use crate::domain::decide::Report;
use crate::domain::phase::Outcome;

/// Samples of cases before a person or the Supervisor is asked.
const TRIES: u32 = 2;

/// Works until the spec is approved with its cases, or rejected with its ambiguous clauses.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    let spec = papers::spec(context)?;
    let (cases, dropped) = cases(context, &spec).await?;
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let prompt = qa::verdict(
        &context.desk(&numbers, &nonce),
        &spec,
        &notes(&cases, &dropped),
    );
    let verdict = context.ask(&prompt, qa::parse_verdict).await?;
    if verdict.verdict == qa::SpecWord::Approve {
        return approve(context, &cases, dropped).await;
    }
    Ok(reject(context, verdict))
}

/// What writing the cases showed, for the verdict.
fn notes(cases: &[Case], dropped: &[String]) -> String {
    let kept = format!(
        "{} held-out cases written from this spec fail on the empty stub.",
        cases.len()
    );
    match dropped {
        [] => kept,
        _ => format!(
            "{kept} Dropped, since they pass there: {}.",
            dropped.join(", ")
        ),
    }
}

/// Cases that parse, fit the spec and fail on the stub; and the ids of those that did not fail there.
async fn cases(context: &mut Context, spec: &Spec) -> Result<(Vec<Case>, Vec<String>), Stop> {
    let wanted = spec.examples.len();
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for _ in 0..TRIES {
        let prompt = qa::cases(&context.desk(&numbers, &nonce), spec);
        let fresh = context
            .ask(&prompt, |reply| qa::parse_cases(reply, spec))
            .await?;
        let failing = fail_on_stub(context, spec, &fresh).await?;
        (kept, dropped) = (Vec::new(), Vec::new());
        for (case, fails) in fresh.into_iter().zip(failing) {
            if fails {
                kept.push(case);
            } else {
                dropped.push(case.id);
            }
        }
        if kept.len() * 2 >= wanted {
            return Ok((kept, dropped));
        }
    }
    let words = format!(
        "QA found {} usable held-out cases of {wanted} wanted",
        kept.len()
    );
    Err(context.stuck("S1", words, dropped).await)
}

/// Which cases fail while nothing is built: only those test something.
pub async fn fail_on_stub(
    context: &mut Context,
    spec: &Spec,
    cases: &[Case],
) -> Result<Vec<bool>, Stop> {
    context.clear_to_go().await?;
    context.doing(format!(
        "running {} new cases against the empty stub",
        cases.len()
    ));
    stub::failing(&context.tools, &context.tool, spec, cases).await
}

async fn approve(
    context: &mut Context,
    cases: &[Case],
    dropped: Vec<String>,
) -> Result<Report, Stop> {
    let kept = papers::keep_cases(context, cases, dropped)?;
    context.record(vec![kept]).await?;
    Ok(context.report(Outcome::Approved))
}

/// The clauses named; the domain counts them and escalates a spec that goes back and forth (S16).
fn reject(context: &Context, verdict: qa::SpecVerdict) -> Report {
    let mut notes = vec![verdict.notes.clone()];
    notes.extend(verdict.ambiguous.iter().cloned());
    let mut report = context.report(Outcome::Rejected);
    report.reason = Some(verdict.notes);
    report.text = Some(notes.join("\n"));
    report.clause = verdict.ambiguous.into_iter().next();
    report
}
