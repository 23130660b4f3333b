//! Spec review by doing: QA writes held-out cases from the spec alone and answers each of them several times over, then
//! says whether the spec allows them.

use super::context::{Context, Stop};
use super::{papers, stub};
use crate::agents::qa;
use crate::agents::spec::Spec;
use crate::agents::votes::{self, Count};
use crate::domain::case::Case;
use crate::domain::decide::Report;
use crate::domain::phase::Outcome;
use crate::domain::screen::Level;

/// Samples of cases before a person or the Supervisor is asked.
const TRIES: u32 = 2;

/// Works until the spec is approved with its cases, or rejected with its ambiguous clauses.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    let spec = papers::spec(context)?;
    let found = cases(context, &spec).await?;
    if let Some(disputed) = found.opinions.dispute() {
        return Ok(reject(context, disputed));
    }
    let (cases, dropped) = (found.opinions.kept, found.dropped);
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let prompt = qa::verdict(
        &context.desk(&numbers, &nonce),
        &spec,
        &notes(&cases, &dropped, &found.opinions.notes),
    );
    let verdict = context.ask(&prompt, qa::parse_verdict).await?;
    if verdict.verdict == qa::SpecWord::Approve {
        return approve(context, &cases, dropped).await;
    }
    Ok(reject(context, verdict))
}

/// What writing the cases showed, for the verdict.
fn notes(cases: &[Case], dropped: &[String], differing: &[String]) -> String {
    let kept = format!(
        "{} held-out cases written from this spec fail on the empty stub.",
        cases.len()
    );
    let kept = match dropped {
        [] => kept,
        _ => format!("{kept} Dropped: {}.", dropped.join(", ")),
    };
    match differing {
        [] => kept,
        _ => format!(
            "{kept} Answered several times over, some had two results:\n{}",
            differing.join("\n")
        ),
    }
}

/// Cases written from a spec, and the ids of those that were not kept.
struct Found {
    opinions: Opinions,
    dropped: Vec<String>,
}

/// What several answers to the same cases came to.
#[derive(Default)]
pub struct Opinions {
    /// Cases with a result that most gave.
    pub kept: Vec<Case>,
    /// What the others gave, in words.
    notes: Vec<String>,
    /// Rules with a case that got another result each time, and in words which.
    disputes: Vec<(String, String)>,
}

impl Opinions {
    /// The verdict on a spec that leaves results open; None when it does not.
    fn dispute(&self) -> Option<qa::SpecVerdict> {
        let (_, first) = self.disputes.first()?;
        let mut ambiguous: Vec<String> = Vec::new();
        for (rule, _) in &self.disputes {
            if !ambiguous.contains(rule) {
                ambiguous.push(rule.clone());
            }
        }
        let more = self.disputes.iter().skip(1).take(2);
        let words = more.fold(first.clone(), |all, (_, one)| format!("{all}; {one}"));
        Some(qa::SpecVerdict {
            notes: words,
            ambiguous,
            verdict: qa::SpecWord::Reject,
        })
    }
}

/// Cases that parse, fit the spec, fail on the stub and get the same result from most who answer them.
async fn cases(context: &mut Context, spec: &Spec) -> Result<Found, Stop> {
    let wanted = spec.examples.len();
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let mut found = 0;
    let mut dropped = Vec::new();
    for _ in 0..TRIES {
        let prompt = qa::cases(&context.desk(&numbers, &nonce), spec);
        let fresh = context
            .ask(&prompt, |reply| qa::parse_cases(reply, spec))
            .await?;
        let mut opinions = opinions(context, spec, &fresh, prompt.purpose).await?;
        if opinions.dispute().is_none() {
            let fails = fail_on_stub(context, spec, &opinions.kept).await?;
            let mut fails = fails.into_iter();
            opinions.kept.retain(|_| fails.next() == Some(true));
        }
        let stays = |case: &Case| opinions.kept.iter().any(|kept| kept.id == case.id);
        let gone = fresh.into_iter().filter(|case| !stays(case));
        dropped = gone.map(|case| case.id).collect();
        found = opinions.kept.len();
        if found * 2 >= wanted || opinions.dispute().is_some() {
            return Ok(Found { opinions, dropped });
        }
    }
    let words = format!("QA found {found} usable held-out cases of {wanted} wanted");
    Err(context.stuck("S1", words, dropped).await)
}

/// Has cases answered as often as the settings say, each time without the other answers, and keeps what most agree on.
pub async fn opinions(
    context: &mut Context,
    spec: &Spec,
    cases: &[Case],
    purpose: &'static str,
) -> Result<Opinions, Stop> {
    let more = context.settings.harness.case_samples.saturating_sub(1);
    let mut opinions = Opinions::default();
    if more == 0 || cases.is_empty() {
        opinions.kept = cases.to_vec();
        return Ok(opinions);
    }
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let mut answers = Vec::new();
    for _ in 0..more {
        let prompt = votes::ask(&context.desk(&numbers, &nonce), spec, cases, purpose);
        let read = |reply: &str| votes::parse(reply, cases);
        answers.push(context.ask(&prompt, read).await?);
    }
    for case in cases {
        match votes::count(case, &answers) {
            Count::Agreed(case, note) => {
                opinions.kept.push(*case);
                opinions.notes.extend(note);
            }
            Count::Disputed(rule, words) => {
                context.log(Level::Warn, words.clone());
                opinions.disputes.push((rule, words));
            }
            Count::Alone => {
                let words = format!("{} got no second answer and was not kept", case.id);
                context.log(Level::Warn, words);
            }
        }
    }
    Ok(opinions)
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
