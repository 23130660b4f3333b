//! Review: one call to the Supervisor with the evidence; its verdict fills typed fields, never a phase.

use super::context::{Context, Origin, Stop};
use super::{papers, takeover};
use crate::agents::spec::Spec;
use crate::agents::supervisor::{self, Bounds, ReviewBrief, ReviewVerdict};
use crate::agents::{cases, policy};
use crate::domain::case::CaseResult;
use crate::domain::command::Decision;
use crate::domain::decide::{Report, allowed, disputable};
use crate::domain::event::EventBody;
use crate::domain::evidence::{Evidence, GateResult};
use crate::domain::stuck::{self, Failing, Rung};
use crate::factory::ports::store::Paper;

/// Works until the Supervisor has decided.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    if let Some(escalation) = context.escalation.clone()
        && Rung::from(escalation.level) == Rung::Takeover
    {
        let report = takeover::work(context, None, &escalation.reason).await?;
        return reviewed(context, report).await;
    }
    let spec = papers::spec(context).ok();
    let diff = diff(context).await;
    let cases = disputable(&context.facts);
    let patience = context.patience();
    let allowed = allowed(&context.facts, context.escalation.is_some(), &patience);
    let (nonce, numbers) = (context.nonce(), context.numbers());
    let evidence = papers::evidence(context.tools.store.as_ref(), &context.tool, &context.facts)?;
    let (log, hint) = (cycle_log(context), context.hint());
    let escalation = context.escalation.as_ref().map(|e| e.reason.clone());
    let disputed = disputed(context, spec.as_ref())?;
    let text = spec.as_ref().map_or("", |s| s.text.as_str());
    let brief = ReviewBrief {
        desk: context.desk(&numbers, &nonce),
        idea: &context.idea,
        disputed: disputed.as_deref(),
        spec: text,
        diff: &diff,
        run: &evidence.as_ref().map(measured).unwrap_or_default(),
        held_out: evidence.as_ref().map_or(&[], |e| e.held_out.as_slice()),
        survivors: evidence
            .as_ref()
            .and_then(|e| e.mutation.as_ref())
            .map_or(&[], |run| {
                run.in_view(context.settings.harness.mutation.score)
            }),
        log: &log,
        escalation: escalation.as_deref(),
        allowed: &allowed,
        hint: hint.as_deref(),
    };
    let prompt = supervisor::review(&brief);
    let held_out = evidence.as_ref().map_or(&[][..], |e| e.held_out.as_slice());
    let unseen = |case: &&CaseResult| !case.passed && !context.facts.revealed.contains(&case.id);
    let hidden: Vec<CaseResult> = held_out.iter().filter(unseen).cloned().collect();
    let bounds = Bounds {
        allowed: &allowed,
        cases: &cases,
        hidden: &hidden,
        spec: text,
    };
    let verdict = context
        .ask(&prompt, |reply| supervisor::parse(reply, &bounds))
        .await?;
    settle(context, spec.as_ref(), verdict).await
}

/// The case S11 is about, its rule, and what the program of each line of work made of it.
fn disputed(context: &Context, spec: Option<&Spec>) -> Result<Option<String>, Stop> {
    let reason = context.escalation.as_ref().map(|e| e.reason.as_str());
    let told = reason.and_then(|reason| reason.strip_prefix("S11: "));
    let told = told.map(|told| Failing {
        name: told.to_owned(),
        ..Failing::default()
    });
    let id = told
        .as_ref()
        .and_then(|told| told.id().split(' ').next())
        .unwrap_or_default();
    let Some(spec) = spec.filter(|_| !id.is_empty()) else {
        return Ok(None);
    };
    let public = spec.examples.iter().find(|case| case.id == id).cloned();
    let known = match public {
        Some(case) => Some(case),
        None => papers::case(context, id)?,
    };
    let Some(case) = known else {
        return Ok(None);
    };
    let mut text = cases::as_test(&case);
    let words = spec.rule(&case.rule).unwrap_or_default();
    text += &format!("{}: {words}\n", case.rule);
    for row in &context.facts.course.rows {
        let failing = row.cycle.failing.iter();
        let same = failing.filter(|one| one.id().split(' ').next() == Some(id));
        for one in same {
            let (line, run) = (row.line, row.cycle.run);
            text += &format!(
                "line of work {line}, run {run}: received {}\n",
                one.received
            );
        }
    }
    Ok(Some(text))
}

/// What the tool's branch adds; nothing while nothing was committed there.
async fn diff(context: &Context) -> String {
    if context.facts.commit.is_none() {
        return String::new();
    }
    let tool = context.tool.clone();
    let read = context.git(move |repo| repo.diff(&tool)).await;
    written(&read.unwrap_or_default())
}

/// What of a diff the Developer wrote: the harness's own files are the same for every tool.
fn written(diff: &str) -> String {
    let mut kept = String::new();
    let mut own = true;
    for line in diff.lines() {
        if let Some(paths) = line.strip_prefix("diff --git a/tools/") {
            let path = paths.split(" b/").next().unwrap_or_default();
            let path = path.split_once('/').map_or(path, |(_, path)| path);
            own = policy::writable(path);
        }
        if own {
            kept.extend([line, "\n"]);
        }
    }
    kept
}

/// The number of a review, and whether an attempt that was cut has recorded it already.
fn number(context: &Context, verdict: Decision) -> (u32, bool) {
    let facts = &context.facts;
    match facts.review {
        Some((n, told)) if told == verdict && !facts.cut.is_empty() => (n, true),
        _ => (facts.reviews + 1, false),
    }
}

/// Writes the review and reports the decision.
async fn settle(
    context: &mut Context,
    spec: Option<&Spec>,
    verdict: ReviewVerdict,
) -> Result<Report, Stop> {
    let (n, told) = number(context, verdict.verdict);
    let by = context
        .model
        .as_ref()
        .map_or_else(|| "operator".to_owned(), ToString::to_string);
    // The file first: a takeover that wrote nothing has not been decided.
    let written = match verdict.verdict {
        Decision::Takeover => {
            let file = spec.and_then(|spec| supervisor::file_of(&verdict, spec));
            Some(takeover::work(context, file.as_deref(), &verdict.instructions).await?)
        }
        _ => None,
    };
    let text = paper(&by, &verdict);
    context.tools.store.put(
        &Paper::Review {
            tool: context.tool.clone(),
            n,
        },
        &text,
    )?;
    let Origin { scripted, local } = context.origin;
    papers::note_reviewer(
        context.tools.store.as_ref(),
        &context.tool,
        &context.facts,
        reviewer(&by, context.origin),
    )?;
    let body = EventBody::Reviewed {
        n,
        verdict: verdict.verdict,
        by,
        scripted,
        local,
    };
    if !told {
        context.record(vec![body]).await?;
    }
    let mut report = written.unwrap_or_else(|| context.report(verdict.verdict.outcome()));
    let file = spec.and_then(|spec| supervisor::file_of(&verdict, spec));
    report.file = report.file.or(file);
    report.case = verdict.case;
    report.text = Some(verdict.instructions.clone());
    report.reason = Some(verdict.instructions);
    Ok(report)
}

/// Writes down that the reviewer took over without being asked for a verdict.
async fn reviewed(context: &mut Context, report: Report) -> Result<Report, Stop> {
    let verdict = ReviewVerdict {
        checks: Vec::new(),
        verdict: Decision::Takeover,
        instructions: report.reason.clone().unwrap_or_default(),
        file: report.file.clone(),
        case: None,
    };
    let (n, told) = number(context, verdict.verdict);
    let by = context
        .model
        .as_ref()
        .map_or_else(String::new, ToString::to_string);
    let paper_of = Paper::Review {
        tool: context.tool.clone(),
        n,
    };
    let text = paper(&by, &verdict);
    context.tools.store.put(&paper_of, &text)?;
    let Origin { scripted, local } = context.origin;
    let verdict = verdict.verdict;
    let body = EventBody::Reviewed {
        n,
        verdict,
        by,
        scripted,
        local,
    };
    if !told {
        context.record(vec![body]).await?;
    }
    Ok(report)
}

/// Who reviewed, as the evidence says it.
fn reviewer(by: &str, origin: Origin) -> String {
    match origin {
        Origin { scripted: true, .. } => "reviewed by a script".to_owned(),
        Origin { local: true, .. } => format!("reviewed locally by {by}"),
        Origin { .. } => format!("reviewed by {by}"),
    }
}

/// How the tool got here, a line each.
fn cycle_log(context: &Context) -> Vec<String> {
    let facts = &context.facts;
    let mut log = stuck::log(&facts.course);
    let tried = facts.course.tried.iter();
    log.extend(tried.map(|line| format!("a line of work ended: {line}")));
    log.push(format!(
        "{} cycles, {} bug reports, {} send-backs, {} spec rejections",
        context.cycle, facts.bugs, facts.send_backs, facts.spec_rejections
    ));
    if !facts.revealed.is_empty() {
        log.push(format!(
            "held-out cases shown to the Developer: {}",
            facts.revealed.join(", ")
        ));
    }
    log
}

/// What the gates measured, a line each.
fn measured(evidence: &Evidence) -> String {
    let line = |gate: &GateResult| {
        format!(
            "{} {}: {}",
            if gate.passed { "ok " } else { "RED" },
            gate.gate,
            gate.words
        )
    };
    evidence
        .gates
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What reviews/<tool>/<n>.md says.
fn paper(by: &str, verdict: &ReviewVerdict) -> String {
    let mut text = format!("By: {by}\nVerdict: {}\n", verdict.verdict);
    if let Some(file) = &verdict.file {
        text += &format!("File: {file}\n");
    }
    for check in &verdict.checks {
        text += &format!("Check: {check}\n");
    }
    if !verdict.instructions.is_empty() {
        text += &format!("\n{}\n", verdict.instructions);
    }
    text
}
