//! Review: one call to the Supervisor with the evidence; its verdict fills typed fields, never a phase.

use super::context::{Context, Stop};
use super::papers;
use crate::agents::supervisor::{self, ReviewBrief, ReviewVerdict};
use crate::domain::command::Decision;
use crate::domain::decide::Report;
use crate::domain::event::EventBody;
use crate::domain::evidence::{Evidence, GateResult};
use crate::domain::phase::Outcome;
use crate::factory::ports::settings::HostKind;
use crate::factory::ports::store::Paper;

/// Works until the Supervisor has decided.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    let spec = papers::spec(context).ok();
    let tool = context.tool.clone();
    let diff = context.git(move |repo| repo.diff(&tool)).await.unwrap_or_default();
    let allowed = allowed(context);
    let (nonce, numbers) = (context.nonce(), context.numbers());
    let evidence = evidence(context)?;
    let (log, hint) = (cycle_log(context), context.hint());
    let escalation = context.escalation.as_ref().map(|e| e.reason.clone());
    let brief = ReviewBrief {
        desk: context.desk(&numbers, &nonce),
        spec: spec.as_ref().map_or("", |s| s.text.as_str()),
        diff: &diff,
        run: &evidence.as_ref().map(measured).unwrap_or_default(),
        held_out: evidence.as_ref().map_or(&[], |e| e.held_out.as_slice()),
        log: &log,
        escalation: escalation.as_deref(),
        allowed: &allowed,
        hint: hint.as_deref(),
    };
    let prompt = supervisor::review(&brief);
    let verdict = context.ask(&prompt, |reply| supervisor::parse(reply, &allowed)).await?;
    settle(context, spec.as_ref(), verdict).await
}

/// Verdicts this review may end with.
fn allowed(context: &Context) -> Vec<Decision> {
    if context.escalation.is_some() {
        return vec![Decision::Hint, Decision::Respec];
    }
    let mut allowed = vec![Decision::Ship];
    if context.facts.send_backs < SEND_BACKS {
        allowed.push(Decision::SendBack);
    }
    allowed.push(Decision::Respec);
    allowed
}

/// Send-backs a model may make before only ship or respec are left (harness.md S14).
const SEND_BACKS: u32 = 2;

/// Writes the review, and the bug report of a send-back, and reports the decision.
async fn settle(
    context: &mut Context,
    spec: Option<&crate::agents::spec::Spec>,
    verdict: ReviewVerdict,
) -> Result<Report, Stop> {
    let n = context.facts.reviews + 1;
    let by = context.model.as_ref().map_or_else(|| "operator".to_owned(), ToString::to_string);
    let text = paper(&context.tool, n, &by, &verdict);
    context.tools.store.put(&Paper::Review { tool: context.tool.clone(), n }, &text)?;
    let host = context.model.as_ref().map(|m| m.host.clone()).unwrap_or_default();
    let (scripted, local) = origin(context, &host);
    note_reviewer(context, &by, scripted, local)?;
    let mut events =
        vec![EventBody::Reviewed { n, verdict: verdict.verdict, by, scripted, local }];
    if verdict.verdict == Decision::SendBack {
        events.push(send_back(context, spec, &verdict)?);
    }
    context.record(events).await?;
    let mut report = context.report(match verdict.verdict {
        Decision::Ship => Outcome::Ship,
        Decision::SendBack => Outcome::SendBack,
        Decision::Respec => Outcome::Respec,
        Decision::Hint => Outcome::Hint,
        Decision::TestDefect => Outcome::TestDefect,
        Decision::Takeover => Outcome::Takeover,
    });
    report.text = Some(verdict.instructions.clone());
    report.reason = Some(verdict.instructions);
    Ok(report)
}

/// The instructions of a send-back as a bug report.
fn send_back(
    context: &Context,
    spec: Option<&crate::agents::spec::Spec>,
    verdict: &ReviewVerdict,
) -> Result<EventBody, Stop> {
    let n = context.facts.bugs + 1;
    let file = spec.and_then(|spec| supervisor::file_of(verdict, spec));
    let title = format!("review {}: {}", context.facts.reviews + 1, first_line(&verdict.instructions));
    let text = format!(
        "BUG-{n}  from review  cycle {}\nFile: {}\nInstruction: {}\n",
        context.cycle,
        file.as_deref().unwrap_or("src/cli.js"),
        verdict.instructions
    );
    context.tools.store.put(&Paper::Bug { tool: context.tool.clone(), n }, &text)?;
    Ok(EventBody::BugFiled { n, rule: None, title, file })
}

/// Says in the evidence who reviewed it.
fn note_reviewer(context: &Context, by: &str, scripted: bool, local: bool) -> Result<(), Stop> {
    let Some(mut evidence) = evidence(context)? else {
        return Ok(());
    };
    evidence.reviewed = Some(if scripted {
        "reviewed by a script".to_owned()
    } else if local {
        format!("reviewed locally by {by}")
    } else {
        format!("reviewed by {by}")
    });
    let paper = Paper::Evidence { tool: context.tool.clone(), run: evidence.run };
    let text = serde_json::to_string_pretty(&evidence)
        .map_err(|e| Stop::Incident(format!("evidence cannot be written: {e}")))?;
    context.tools.store.put(&paper, &(text + "\n")).map_err(Stop::from)
}

/// Evidence of the last run.
fn evidence(context: &Context) -> Result<Option<Evidence>, Stop> {
    let Some(run) = &context.facts.last_run else {
        return Ok(None);
    };
    let paper = Paper::Evidence { tool: context.tool.clone(), run: run.run };
    let text = context.tools.store.get(&paper)?;
    text.map(|text| {
        serde_json::from_str(&text).map_err(|e| {
            Stop::Incident(format!("{}: {e}: retry runs the phase again", context.tools.store.path(&paper).display()))
        })
    })
    .transpose()
}

/// Whether the reviewer is a script, or a model on a local host.
fn origin(context: &Context, host: &str) -> (bool, bool) {
    context.settings.hosts.get(host).map_or((false, false), |host| {
        let scripted = host.kind == HostKind::Scripted;
        (scripted, !scripted && host.is_local())
    })
}

/// How the tool got here, a line each.
fn cycle_log(context: &Context) -> Vec<String> {
    let facts = &context.facts;
    let mut log: Vec<String> = facts
        .run_log
        .iter()
        .map(|run| {
            let gate = run.failed_gate.as_deref().unwrap_or("all gates passed");
            format!("run {}: {}/{} tests, {gate}", run.run, run.passed, run.total)
        })
        .collect();
    log.push(format!(
        "{} cycles, {} bug reports, {} send-backs, {} spec rejections",
        context.cycle, facts.bugs, facts.send_backs, facts.spec_rejections
    ));
    if !facts.revealed.is_empty() {
        log.push(format!("held-out cases shown to the Developer: {}", facts.revealed.join(", ")));
    }
    log
}

/// What the gates measured, a line each.
fn measured(evidence: &Evidence) -> String {
    let line = |gate: &GateResult| {
        format!("{} {}: {}", if gate.passed { "ok " } else { "RED" }, gate.gate, gate.words)
    };
    evidence.gates.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// reviews/<tool>/<n>.md.
fn paper(tool: &str, n: u32, by: &str, verdict: &ReviewVerdict) -> String {
    let mut text = format!("# Review {n} of {tool}\n\n- By: {by}\n- Verdict: {}\n", verdict.verdict);
    if let Some(file) = &verdict.file {
        text += &format!("- File: {file}\n");
    }
    for check in &verdict.checks {
        text += &format!("- Check: {check}\n");
    }
    if !verdict.instructions.is_empty() {
        text += &format!("\n{}\n", verdict.instructions);
    }
    text
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(80).collect()
}
