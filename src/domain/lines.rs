//! Events as lines for people: one sentence each, the same in the log, headless and on screens.

use super::event::{Event, EventBody, Move, RunSummary, Turn};
use super::screen::{Kind, Level, LogLine};
use super::state::who;
use super::stuck::Rung;
use crate::text::plural::plural;

/// The line an event stands for; None for bookkeeping nobody reads.
#[must_use]
pub fn line(event: &Event) -> Option<LogLine> {
    let (level, text) = words(event)?;
    Some(LogLine {
        at: event.ts,
        from: event.actor.clone(),
        level,
        tool: event.tool.clone(),
        seq: Some(event.seq),
        kind: kind(&event.body),
        text,
    })
}

/// What an event tells of.
fn kind(body: &EventBody) -> Kind {
    use EventBody as E;
    match body {
        E::Turn(_) => Kind::Turn,
        E::Run(run) if run.green => Kind::Gate,
        E::Run(_) | E::BugFiled { .. } => Kind::Fail,
        E::Stuck { .. } | E::Mended { .. } | E::Afresh { .. } | E::Restored { .. } => Kind::Rule,
        E::Answered { .. } => Kind::You,
        _ => Kind::Plain,
    }
}

fn words(event: &Event) -> Option<(Level, String)> {
    tool_words(&event.body)
        .or_else(|| list_words(&event.body))
        .or_else(|| engine_words(&event.body))
}

/// A good sign or a bad one.
fn level(good: bool) -> Level {
    if good { Level::Info } else { Level::Warn }
}

/// Work on the tool under way.
fn tool_words(body: &EventBody) -> Option<(Level, String)> {
    use EventBody as E;
    Some(match body {
        E::Move(step) => (Level::Move, moved(step)),
        E::Turn(turn) => (level(turn.ok), turned(turn)),
        E::Run(run) => (level(run.green), ran(run)),
        E::AttemptDropped { reason, .. } => (Level::Warn, format!("attempt dropped: {reason}")),
        E::SpecRefused { notes, .. } => {
            (Level::Warn, format!("spec refused: {}", notes.join("; ")))
        }
        E::SpecKept { n, .. } => (Level::Info, format!("spec {n} kept")),
        E::CasesKept { n, count, dropped } => (Level::Info, cases(*n, *count, dropped.len())),
        E::CaseRevealed { case, rule } => {
            let text = "shown to the Developer; it is public now";
            (Level::Info, format!("held-out case {case} ({rule}) {text}"))
        }
        E::CaseStruck { case, reason } => (
            Level::Warn,
            format!("held-out case {case} struck: {reason}"),
        ),
        E::BugFiled { n, title, .. } => (Level::Warn, format!("BUG-{n}: {title}")),
        E::Reviewed {
            verdict,
            by,
            scripted,
            local,
            ..
        } => (
            Level::Info,
            format!("review by {by}{}: {verdict}", origin(*scripted, *local)),
        ),
        E::Stuck { .. } | E::Mended { .. } | E::Afresh { .. } | E::Restored { .. } => {
            return ladder_words(body);
        }
        E::Pushed {
            remote, ok: true, ..
        } => (Level::Info, format!("pushed to {remote}")),
        E::Pushed { remote, detail, .. } => {
            (Level::Warn, format!("push to {remote} failed: {detail}"))
        }
        _ => return None,
    })
}

/// Stuck rules and the ladder.
fn ladder_words(body: &EventBody) -> Option<(Level, String)> {
    use EventBody as E;
    Some(match body {
        E::Stuck {
            rule, words, next, ..
        } => {
            let next = match next.is_empty() {
                true => String::new(),
                false => format!("; next: {next}"),
            };
            (Level::Warn, format!("stuck ({rule}): {words}{next}"))
        }
        E::Mended { path, notes } => (
            Level::Info,
            format!(
                "{}: {} {path}: {}",
                Rung::Mend,
                Rung::Mend.words(),
                notes.join("; ")
            ),
        ),
        E::Afresh { rung, model, .. } => {
            let by = model.as_deref().unwrap_or("the same model");
            (
                Level::Info,
                format!("{rung}: begins from the spec again, by {by}"),
            )
        }
        E::Restored { run, why, .. } => (
            Level::Warn,
            format!("the tree of run {run} is put back (S6): {why}"),
        ),
        _ => return None,
    })
}

/// The backlog.
fn list_words(body: &EventBody) -> Option<(Level, String)> {
    use EventBody as E;
    let text = match body {
        E::Adopted(adopted) => {
            let ideas = plural(adopted.items.len(), "idea");
            let tools = plural(adopted.shipped.len(), "shipped tool");
            format!("took over {ideas} and {tools}")
        }
        E::Decided { item, decision, .. } => {
            format!("decided for {item}: {decision}; takes effect when the lane is free")
        }
        E::ItemAdded { name, .. } => format!("new idea: {name}"),
        E::ItemParked { name, reason } => format!("{name} parked: {reason}"),
        E::ItemDropped { name, reason } => format!("{name} dropped: {reason}"),
        E::ItemReopened { name, bug } => format!("{name} reopened: {bug}"),
        _ => return None,
    };
    Some((Level::Info, text))
}

/// The engine, its operators and other programs; the rest is bookkeeping nobody reads.
fn engine_words(body: &EventBody) -> Option<(Level, String)> {
    use EventBody as E;
    Some(match body {
        E::Started {
            version, repaired, ..
        } => (Level::Info, started(version, repaired)),
        E::Stopped { reason, .. } => (Level::Info, format!("engine ended: {reason}")),
        E::Paused(pause) => (
            Level::Warn,
            format!("{} by {}: {}", pause.id, who(&pause.by), pause.reason),
        ),
        E::Resumed { id, reason } => (Level::Info, format!("{id} ended: {reason}")),
        E::Answered {
            command,
            accepted,
            sentence,
        } => {
            let asked = command.verb.name();
            (
                level(*accepted),
                format!("{} asked {asked}: {sentence}", command.by),
            )
        }
        E::Claimed { from, to, .. } => (
            Level::Info,
            format!("another program moved {from} to {to}: checking"),
        ),
        E::ClaimRefused { sentence, kept, .. } => (
            Level::Error,
            format!("{sentence}; the refused copy is {kept}"),
        ),
        E::Incident { sentence } => (Level::Error, sentence.clone()),
        E::Swept(swept) => (Level::Info, swept.words()),
        E::Gap { gap, seconds } => (Level::Info, gap.words(*seconds)),
        E::Noted { sentence } => (Level::Info, sentence.clone()),
        _ => return None,
    })
}

fn moved(step: &Move) -> String {
    let reason = step
        .reason
        .as_deref()
        .filter(|r| !r.is_empty())
        .map(|r| format!(": {r}"))
        .unwrap_or_default();
    match &step.ship {
        Some(ship) => format!("{} -> {} as {}{reason}", step.from, step.to, ship.tag),
        None => format!("{} -> {} ({}){reason}", step.from, step.to, step.outcome),
    }
}

fn turned(turn: &Turn) -> String {
    let tokens = |n: Option<u64>| n.map_or_else(|| "n/a".to_owned(), |n| n.to_string());
    let about = if turn.uncounted { "about " } else { "" };
    let mut text = format!("turn {} on {}/{}", turn.label, turn.host, turn.model);
    if turn.scripted {
        text += " (scripted reply)";
    }
    match &turn.error {
        Some(error) => {
            let cost = match turn.usd {
                _ if turn.local => String::new(),
                Some(usd) => format!("; it cost {about}${usd:.4}"),
                None => "; what it cost is not known".to_owned(),
            };
            text + " failed: " + error + &cost
        }
        None => format!(
            "{text}: {about}{} in{}, {} out, {:.1} s{}{}",
            tokens(turn.input_tokens),
            match turn.cached.read {
                0 => String::new(),
                read => format!(" ({read} cached)"),
            },
            tokens(turn.output_tokens),
            turn.millis as f64 / 1000.0,
            match turn.usd {
                _ if turn.local => String::new(),
                Some(usd) => format!(", ${usd:.4}"),
                None => ", unpriced".to_owned(),
            },
            if turn.malformed { ", not usable" } else { "" }
        ),
    }
}

fn ran(run: &RunSummary) -> String {
    let coverage = run
        .coverage
        .map_or_else(|| "unknown".to_owned(), |c| format!("{c} %"));
    // A tree that the scan refuses is not tested.
    let tests = match run.total {
        0 => String::new(),
        total => format!(
            "{} of {total} tests, {} of {} held-out, coverage {coverage}, ",
            run.passed, run.held_passed, run.held_total
        ),
    };
    let figures = format!("{tests}{:.1} s", run.millis as f64 / 1000.0);
    match &run.failed_gate {
        Some(gate) => format!("run {} red: {gate} ({figures})", run.run),
        None => format!("run {} green: {figures}", run.run),
    }
}

fn started(version: &str, repaired: &[String]) -> String {
    if repaired.is_empty() {
        return format!("engine {version} started");
    }
    format!(
        "engine {version} started; repaired: {}",
        repaired.join("; ")
    )
}

fn cases(n: u32, count: u32, dropped: usize) -> String {
    let cases = plural(count, "case");
    match dropped {
        0 => format!("held-out set {n}: {cases}"),
        _ => format!("held-out set {n}: {cases}, {dropped} dropped for passing on an empty stub"),
    }
}

fn origin(scripted: bool, local: bool) -> &'static str {
    match (scripted, local) {
        (true, _) => " (a script)",
        (false, true) => " (reviewed locally)",
        (false, false) => "",
    }
}
