//! The held-out set of the tool under way: one case is shown and replaced, those struck as wrong are replaced, and no rule
//! is left without one.

use super::context::{Context, Stop};
use super::{papers, spec_review};
use crate::agents::qa;
use crate::agents::spec::Spec;
use crate::domain::case::Case;
use crate::domain::event::EventBody;
use crate::domain::evidence::Evidence;
use crate::domain::screen::Level;

/// Samples of a new case before its place stays empty.
const TRIES: u32 = 2;

/// Shows the first failing held-out case and has QA write another for its rule. The new set comes first: a case that is in
/// none any more has been replaced, by an attempt that was cut.
pub async fn reveal(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    evidence: &Evidence,
) -> Result<Option<Case>, Stop> {
    let Some(failed) = evidence.held_out.iter().find(|result| !result.passed) else {
        return Ok(None);
    };
    let struck = context.facts.struck.contains(&failed.id);
    let Some(case) = papers::case(context, &failed.id)?.filter(|_| !struck) else {
        return Ok(None);
    };
    let held_out = papers::held_out(context)?;
    let mut events = Vec::new();
    if held_out.iter().any(|held| held.id == case.id) {
        let others = held_out.into_iter().filter(|other| other.id != case.id);
        let mut kept: Vec<Case> = others.collect();
        let found = replacement(context, spec, public, &kept, qa::Instead::Shown(&case)).await?;
        let dropped = found.is_none().then(|| case.id.clone());
        kept.extend(found);
        if context.model.is_some() && !tested(&kept, &case.rule) {
            return Err(none_left(context, std::slice::from_ref(&case)).await);
        }
        events.push(papers::keep_cases(
            context,
            &kept,
            dropped.into_iter().collect(),
        )?);
    }
    if !context.facts.revealed.contains(&case.id) {
        events.push(EventBody::CaseRevealed {
            case: case.id.clone(),
            rule: case.rule.clone(),
        });
    }
    if !events.is_empty() {
        context.record(events).await?;
    }
    Ok(Some(case))
}

/// Takes cases that were struck as wrong out of the held-out set and has QA write others for their rules.
pub async fn replace_struck(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
) -> Result<(), Stop> {
    let struck = |case: &Case| context.facts.struck.contains(&case.id);
    let (wrong, mut kept): (Vec<Case>, Vec<Case>) =
        papers::held_out(context)?.into_iter().partition(struck);
    for case in &wrong {
        let instead = qa::Instead::Struck(case);
        kept.extend(replacement(context, spec, public, &kept, instead).await?);
    }
    // Another program that plays QA brings its own set.
    let bare: Vec<Case> = wrong
        .iter()
        .filter(|case| context.model.is_some() && !tested(&kept, &case.rule))
        .cloned()
        .collect();
    if kept.is_empty() || !bare.is_empty() {
        return Err(none_left(context, &bare).await);
    }
    let ids: Vec<String> = wrong.into_iter().map(|case| case.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let cases = papers::keep_cases(context, &kept, ids)?;
    context.record(vec![cases]).await
}

/// Whether a case is left for a rule.
fn tested(kept: &[Case], rule: &str) -> bool {
    kept.iter().any(|case| case.rule == rule)
}

/// A rule without a held-out case could be built for its examples alone: nothing passes so.
async fn none_left(context: &mut Context, last: &[Case]) -> Stop {
    let named: Vec<String> = last
        .iter()
        .map(|case| format!("{} but {}", case.rule, case.id))
        .collect();
    let words = match named.as_slice() {
        [] => "no held-out case is left, and QA found no other".to_owned(),
        named => format!(
            "no held-out case is left for {}, and QA found no other",
            named.join(", ")
        ),
    };
    let mut ids: Vec<String> = last.iter().map(|case| case.id.clone()).collect();
    if ids.is_empty() {
        ids.push(words.clone());
    }
    context.stuck("S1", words, ids).await
}

/// A new held-out case in place of another; None when QA is no model, or twice wrote one that tests nothing.
async fn replacement(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    kept: &[Case],
    instead: qa::Instead<'_>,
) -> Result<Option<Case>, Stop> {
    if context.model.is_none() {
        return Ok(None);
    }
    let old = instead.case();
    let facts = &context.facts;
    let shown = facts.revealed.iter().chain(&facts.struck).chain([&old.id]);
    let taken: Vec<String> = kept
        .iter()
        .map(|case| &case.id)
        .chain(shown)
        .cloned()
        .collect();
    let known: Vec<Case> = kept.iter().chain([old]).chain(public).cloned().collect();
    let (numbers, nonce) = (context.numbers(), context.nonce());
    for _ in 0..TRIES {
        let prompt = qa::replace(&context.desk(&numbers, &nonce), spec, &taken, instead);
        let case = context
            .ask(&prompt, |reply| {
                qa::parse_replacement(reply, spec, &old.rule, &taken, &known)
            })
            .await?;
        let one = std::slice::from_ref(&case);
        let opinions = spec_review::opinions(context, spec, one, prompt.purpose).await?;
        let fails = spec_review::fail_on_stub(context, spec, &opinions.kept).await?;
        if fails.first() == Some(&true) {
            return Ok(opinions.kept.into_iter().next());
        }
        let words = match opinions.kept.is_empty() {
            true => format!("{} has no result that two answers agree on", case.id),
            false => format!("{} passes on an empty stub", case.id),
        };
        context.log(Level::Warn, format!("{words} and was not kept"));
    }
    Ok(None)
}
