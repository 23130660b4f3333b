//! QA: the gates measure the tree; what is red becomes bug reports made from the evidence.

use super::context::{Context, Stop};
use super::{files, held_out, papers, stub};
use crate::agents::cycle::cycle;
use crate::agents::failure::Ground;
use crate::agents::spec::Spec;
use crate::agents::{bug, clash, qa};
use crate::domain::actor;
use crate::domain::case::{Case, reproduce};
use crate::domain::condition::Trouble;
use crate::domain::decide::Report;
use crate::domain::event::{EventBody, RunSummary};
use crate::domain::evidence::Evidence;
use crate::domain::phase::Outcome;
use crate::factory::gates::{GateInput, measure};
use crate::factory::ports::store::Paper;
use tempfile::TempDir;

/// Works until the gates have passed or failed the tree.
pub async fn work(context: &mut Context) -> Result<Report, Stop> {
    let spec = papers::spec(context)?;
    let mut public = papers::public(context, &spec)?;
    let mut filed = 0;
    let evidence = match measured(context).await? {
        Some(evidence) => {
            filed = context.facts.open_bugs.len();
            // What it led to be shown was not public when it was measured.
            public.retain(|case| evidence.held_out.iter().all(|held| held.id != case.id));
            counted(context, &spec, &public, &evidence).await?;
            evidence
        }
        None => {
            if let Some(report) = contradiction(context, &public)? {
                return Ok(report);
            }
            held_out::replace_struck(context, &spec, &public).await?;
            files::scaffold(context, &spec, &public).await?;
            let tree = save(context).await?;
            run(context, &spec, &public, tree).await?
        }
    };
    if evidence.green() {
        let mut report = context.report(Outcome::Passed);
        report.actor = actor::GATES.to_owned();
        return Ok(report);
    }
    let title = file_bugs(context, &spec, &public, &evidence, filed).await?;
    let mut report = context.report(Outcome::Failed);
    report.actor = actor::GATES.to_owned();
    report.reason = Some(title);
    Ok(report)
}

/// Two cases of which no program can pass both: the spec is sent back, and nobody is told to obey them.
fn contradiction(context: &Context, public: &[Case]) -> Result<Option<Report>, Stop> {
    let struck = |case: &Case| context.facts.struck.contains(&case.id);
    let mut all = public.to_vec();
    all.extend(papers::held_out(context)?);
    all.retain(|case| !struck(case));
    let Some((one, other)) = clash::clashes(&all).into_iter().next() else {
        return Ok(None);
    };
    let mut report = context.report(Outcome::SpecDefect);
    report.actor = actor::ENGINE.to_owned();
    report.reason = Some(format!(
        "{} ({}) and {} ({}) have the same input, {}, and two results; the rules must say which is right",
        one.id,
        one.rule,
        other.id,
        other.rule,
        reproduce(one)
    ));
    Ok(Some(report))
}

/// Commits the tree as it lies there, so that evidence names exactly it.
async fn save(context: &mut Context) -> Result<String, Stop> {
    let (tool, message) = (
        context.tool.clone(),
        format!("{}: as measured", context.tool),
    );
    let (tree, commit) = context.git(move |repo| repo.save(&tool, &message)).await?;
    if context.facts.tree.as_deref() != Some(tree.as_str()) {
        context.facts.commit = Some(commit.clone());
        context
            .record(vec![EventBody::Tree {
                tree: tree.clone(),
                commit,
            }])
            .await?;
    }
    Ok(tree)
}

/// The run of this stay in qa, when an attempt before this one has measured just what lies there.
async fn measured(context: &Context) -> Result<Option<Evidence>, Stop> {
    let evidence = papers::evidence(context.tools.store.as_ref(), &context.tool, &context.facts)?;
    let Some(evidence) = evidence.filter(|e| e.at > context.since) else {
        return Ok(None);
    };
    let tool = context.tool.clone();
    let tree = context.git(move |repo| repo.tree(&tool)).await?;
    Ok((evidence.tree == tree).then_some(evidence))
}

/// Records the row of a run that a cut has left without one.
async fn counted(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    evidence: &Evidence,
) -> Result<(), Stop> {
    let rows = &context.facts.course.rows;
    if rows.iter().any(|row| row.cycle.run == evidence.run) {
        return Ok(());
    }
    let row = row(context, spec, public, evidence)?;
    context.record(vec![row]).await
}

/// What a run says of the line of work.
fn row(
    context: &Context,
    spec: &Spec,
    public: &[Case],
    evidence: &Evidence,
) -> Result<EventBody, Stop> {
    let sources = files::current(context, spec)?;
    let ground = Ground {
        spec,
        sources: &sources,
        cases: public,
    };
    Ok(EventBody::Cycle(cycle(evidence, &ground)))
}

/// One run of the gates, kept as evidence.
async fn run(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    tree: String,
) -> Result<Evidence, Stop> {
    context.clear_to_go().await?;
    context.doing("running the gates");
    let clean = clean(context).await?;
    let held_out = papers::held_out(context)?;
    let before = papers::standing_tests(context)?;
    let number = context.facts.runs + 1;
    let input = GateInput {
        tool: &context.tool,
        run: number,
        tree_hash: tree.clone(),
        dir: files::folder(context),
        clean: clean.path().to_owned(),
        modules: spec.modules(),
        packages: spec.packages(&context.settings.packages),
        public,
        held_out: &held_out,
        before: &before,
        at: context.tools.clock.now(),
        external_reader: context.external_reader,
        mutation: context.settings.harness.mutation,
    };
    let tools = &context.tools;
    let stopped = tools.clock.stopped();
    let mut evidence = measure(input, tools.tests.as_ref(), tools.files.as_ref(), |words| {
        context.doing(words)
    })
    .await?;
    still(context, &tree).await?;
    // Nobody worked while this process was stopped.
    let stopped = tools.clock.stopped().saturating_sub(stopped);
    let stopped = u64::try_from(stopped.as_millis()).unwrap_or(u64::MAX);
    evidence.millis = evidence.millis.saturating_sub(stopped);
    if stopped > 0 {
        // Which gate it was stopped in is not known.
        evidence
            .gates
            .iter_mut()
            .for_each(|gate| gate.millis = None);
    }
    let paper = Paper::Evidence {
        tool: context.tool.clone(),
        run: number,
    };
    let text = serde_json::to_string_pretty(&evidence)
        .map_err(|e| Stop::Incident(format!("evidence cannot be written: {e}")))?;
    context.tools.store.put(&paper, &(text + "\n"))?;
    let row = row(context, spec, public, &evidence)?;
    let run = EventBody::Run(RunSummary::of(&evidence));
    context.record(vec![run, row]).await?;
    Ok(evidence)
}

/// The tree as it was saved, in a throw-away folder.
async fn clean(context: &Context) -> Result<TempDir, Stop> {
    let folder = stub::throw_away(&context.tools, "clean-")?;
    let (tool, dir) = (context.tool.clone(), folder.path().to_owned());
    let commit = context.facts.commit.clone().unwrap_or_default();
    let exported = context.git(move |repo| repo.export(&tool, &commit, &dir));
    exported.await?;
    Ok(folder)
}

/// A run over files that were changed meanwhile says nothing about any tree.
async fn still(context: &Context, tree: &str) -> Result<(), Stop> {
    let tool = context.tool.clone();
    let now = context.git(move |repo| repo.tree(&tool)).await?;
    if now == tree {
        return Ok(());
    }
    let words = "the files changed while they were measured; they are measured again".to_owned();
    Err(Stop::Trouble(Trouble::File, words))
}

/// Files at most three bug reports, `filed` of which an attempt that was cut has filed already; at most one shows a
/// held-out case, which becomes public and is replaced.
async fn file_bugs(
    context: &mut Context,
    spec: &Spec,
    public: &[Case],
    evidence: &Evidence,
    filed: usize,
) -> Result<String, Stop> {
    let jest_green = evidence
        .jest
        .as_ref()
        .is_some_and(|j| j.report.as_ref().is_some_and(|r| r.success));
    let revealed = if jest_green {
        held_out::reveal(context, spec, public, evidence).await?
    } else {
        None
    };
    let sources = files::current(context, spec)?;
    let before = previous(context, evidence.run)?;
    let first_number = context.facts.bugs + 1 - u32::try_from(filed).unwrap_or(0);
    let mut bugs = bug::bugs(&bug::Findings {
        evidence,
        previous: before.as_ref(),
        spec,
        public,
        revealed: revealed.as_ref(),
        sources: &sources,
        first_number,
        cycle: context.cycle,
    });
    if let Some(first) = bugs.first_mut()
        && let Some(words) = hypothesis(context, spec, &first.text).await?
    {
        first.add_hypothesis(&words);
    }
    let mut events = Vec::new();
    for (n, bug) in (first_number..).zip(&bugs).skip(filed) {
        context.tools.store.put(
            &Paper::Bug {
                tool: context.tool.clone(),
                n,
            },
            &bug.text,
        )?;
        events.push(EventBody::BugFiled {
            n,
            rule: bug.rule.clone(),
            title: bug.title.clone(),
            file: bug.file.clone(),
        });
    }
    let title = bugs
        .first()
        .map_or_else(|| "the gates are red".to_owned(), |b| b.title.clone());
    context.record(events).await?;
    Ok(title)
}

/// QA's guess at the cause, at most two sentences; a nicety that never fails a phase.
async fn hypothesis(context: &mut Context, spec: &Spec, bug: &str) -> Result<Option<String>, Stop> {
    if context.model.is_none() {
        return Ok(None);
    }
    let (numbers, nonce) = (context.numbers(), context.nonce());
    let prompt = qa::hypothesis(&context.desk(&numbers, &nonce), spec, bug);
    match context.ask_once(&prompt, qa::parse_hypothesis).await {
        Err(Stop::Host { .. }) => Ok(None),
        told => Ok(told?.filter(|words| qa::quotes_a_rule(words, spec))),
    }
}

/// Evidence of the run before, if it counts for this spec.
fn previous(context: &Context, run: u32) -> Result<Option<Evidence>, Stop> {
    let facts = &context.facts;
    let counts = match &facts.last_run {
        // Measured by an attempt that was cut.
        Some(last) if last.run == run => facts.run_log.iter().any(|one| one.run + 1 == run),
        last => last.is_some(),
    };
    if run <= 1 || !counts {
        return Ok(None);
    }
    let paper = Paper::Evidence {
        tool: context.tool.clone(),
        run: run - 1,
    };
    Ok(context
        .tools
        .store
        .get(&paper)?
        .and_then(|text| serde_json::from_str(&text).ok()))
}
