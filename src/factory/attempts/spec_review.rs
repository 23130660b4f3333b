//! Spec review by doing: QA writes held-out cases from the spec alone and answers each of them several times over, then
//! says whether the spec allows them.

use super::context::{Context, Stop};
use super::{papers, stub};
use crate::agents::cases::says_little;
use crate::agents::qa;
use crate::agents::spec::Spec;
use crate::agents::votes::{self, Count};
use crate::domain::case::Case;
use crate::domain::decide::Report;
use crate::domain::phase::Outcome;
use crate::domain::screen::Level;

/// Times QA is asked for what its cases lack before a person or the Supervisor is.
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
        &context.idea,
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
#[derive(Default)]
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

/// Cases that parse, fit the spec, fail on the stub and get the same result from most who answer them: one for each rule
/// at least, and as many in all as the settings want.
async fn cases(context: &mut Context, spec: &Spec) -> Result<Found, Stop> {
    let least = qa::least(spec, context.settings.harness.held_out);
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let mut found = Found::default();
    let prompt = qa::cases(&context.desk(&numbers, &nonce), spec, least);
    let fresh = context
        .ask(&prompt, |reply| qa::parse_cases(reply, spec, least))
        .await?;
    found.add(context, spec, fresh, prompt.purpose).await?;
    for _ in 0..TRIES {
        let (kept, disputed) = (&found.opinions.kept, found.opinions.dispute());
        let Some(lack) = qa::lack(spec, kept, least).filter(|_| disputed.is_none()) else {
            return Ok(found);
        };
        context.log(Level::Info, format!("{lack}; QA is asked for it"));
        let ids = kept.iter().map(|case| &case.id).chain(&found.dropped);
        let taken: Vec<String> = ids.cloned().collect();
        let prompt = qa::more(&context.desk(&numbers, &nonce), spec, &lack, &taken);
        let fresh = context
            .ask(&prompt, |reply| qa::parse_more(reply, spec, &taken, kept))
            .await?;
        found.add(context, spec, fresh, prompt.purpose).await?;
    }
    let kept = &found.opinions.kept;
    let Some(lack) = qa::lack(spec, kept, least).filter(|_| found.opinions.dispute().is_none())
    else {
        return Ok(found);
    };
    let words = format!("QA found {} usable held-out cases, and {lack}", kept.len());
    let evidence = [vec![words.clone()], found.dropped].concat();
    Err(context.stuck("S1", words, evidence).await)
}

impl Found {
    /// Adds those of some new cases that stand.
    async fn add(
        &mut self,
        context: &mut Context,
        spec: &Spec,
        fresh: Vec<Case>,
        purpose: &'static str,
    ) -> Result<(), Stop> {
        let mut opinions = opinions(context, spec, &fresh, purpose).await?;
        if opinions.dispute().is_none() {
            let fails = fail_on_stub(context, spec, &opinions.kept).await?;
            let mut fails = fails.into_iter();
            opinions.kept.retain(|_| fails.next() == Some(true));
        }
        let stays = |case: &Case| opinions.kept.iter().any(|kept| kept.id == case.id);
        let gone = fresh.into_iter().filter(|case| !stays(case));
        self.dropped.extend(gone.map(|case| case.id));
        self.opinions.kept.append(&mut opinions.kept);
        self.opinions.notes.append(&mut opinions.notes);
        self.opinions.disputes.append(&mut opinions.disputes);
        Ok(())
    }
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
            // What two agree on may be too little to test anything.
            Count::Agreed(case, note) if !says_little(&case) => {
                opinions.kept.push(*case);
                opinions.notes.extend(note);
            }
            Count::Disputed(rule, words) => {
                context.log(Level::Warn, words.clone());
                opinions.disputes.push((rule, words));
            }
            Count::Agreed(..) | Count::Alone => {
                let words = format!("no two answers to {} agree, and it was not kept", case.id);
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
    report.clauses = verdict.ambiguous;
    report
}
