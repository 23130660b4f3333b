//! What is counted: turns, money, tokens, work, runs and the papers of a tool.

use super::learned;
use crate::domain::event::{Event, EventBody, RunSummary, Sent, Turn, Unit};
use crate::domain::factory::{Begun, Factory, OpenBug, Spend, ToolFacts, Used};
use crate::domain::phase::Role;
use crate::domain::stuck::{clause_id, rejection};
use chrono::{DateTime, Duration, DurationRound, Utc};

/// Runs remembered in the fold; older ones are in evidence/.
const RUNS_KEPT: usize = 50;

/// Rounds money to a billionth: sums then survive JSON exactly, so that a reread journal equals the live fold.
pub(super) fn exact(usd: f64) -> f64 {
    const BILLION: f64 = 1e9;
    if usd.is_finite() && usd > 0.0 {
        (usd.min(1e6) * BILLION).round() / BILLION
    } else {
        0.0
    }
}

/// A limit rounded to a thousandth, for the same reason.
pub(super) fn exact_limit(amount: f64) -> f64 {
    (amount.clamp(0.0, 1e12) * 1e3).round() / 1e3
}

pub(super) fn apply(factory: &mut Factory, event: &Event) {
    match &event.body {
        EventBody::Sent(sent) => return went_out(factory, sent),
        EventBody::Turn(turn) => return turned(factory, event, turn),
        EventBody::Worked { millis } | EventBody::Tried { millis, .. } => {
            worked(factory, event, *millis);
        }
        EventBody::Run(run) => {
            factory.totals.runs = factory.totals.runs.saturating_add(1);
            worked(factory, event, run.millis);
        }
        _ => {}
    }
    if let Some(tool) = event.tool.as_deref() {
        // An item's own events name it too; only papers and counters make a new entry.
        if factory.tools.contains_key(tool) || counts(&event.body) {
            remember(factory.facts_mut(tool), &event.body);
        }
    }
}

/// Work counts for the role whose attempt is under way.
fn worked(factory: &mut Factory, event: &Event, millis: u64) {
    let role = factory.attempt.as_ref().map(|a| a.role);
    let used = Used {
        millis,
        ..Used::default()
    };
    spend(factory, event.ts, role, used);
}

fn counts(body: &EventBody) -> bool {
    matches!(
        body,
        EventBody::Worked { .. }
            | EventBody::Tried { .. }
            | EventBody::Cycle(_)
            | EventBody::Afresh { .. }
            | EventBody::Restored { .. }
            | EventBody::SpecRefused { .. }
            | EventBody::SpecKept { .. }
            | EventBody::CasesKept { .. }
            | EventBody::CaseRevealed { .. }
            | EventBody::CaseStruck { .. }
            | EventBody::Tree { .. }
            | EventBody::Run(_)
            | EventBody::BugFiled { .. }
            | EventBody::Reviewed { .. }
            | EventBody::NotStuck { .. }
            | EventBody::Hinted { .. }
    )
}

/// One that goes out anew takes the place of what was known of it.
fn went_out(factory: &mut Factory, sent: &Sent) {
    counted(factory, &sent.turn);
    let mut sent = sent.clone();
    sent.turn.usd = sent.turn.usd.map(exact);
    factory.sent.push(sent);
}

/// A request with this label is no longer open.
fn counted(factory: &mut Factory, turn: &Turn) {
    factory.sent.retain(|sent| sent.turn.label != turn.label);
}

fn turned(factory: &mut Factory, event: &Event, turn: &Turn) {
    learned::from(factory, turn);
    counted(factory, turn);
    let tokens = turn
        .input_tokens
        .unwrap_or(0)
        .saturating_add(turn.output_tokens.unwrap_or(0));
    let used = Used {
        usd: exact(turn.usd.unwrap_or(0.0)),
        tokens: if turn.local { tokens } else { 0 },
        // A turn that failed was waiting for a host.
        millis: if turn.ok { turn.millis } else { 0 },
    };
    let totals = &mut factory.totals;
    totals.turns = totals.turns.saturating_add(1);
    totals.failed_turns = totals.failed_turns.saturating_add(u64::from(!turn.ok));
    totals.malformed = totals.malformed.saturating_add(u64::from(turn.malformed));
    totals.input_tokens = totals
        .input_tokens
        .saturating_add(turn.input_tokens.unwrap_or(0));
    totals.output_tokens = totals
        .output_tokens
        .saturating_add(turn.output_tokens.unwrap_or(0));
    totals.usd = exact(totals.usd + used.usd);
    spend(factory, event.ts, Some(turn.role), used);
    let attempt = factory.attempt.as_ref().map(|attempt| attempt.id);
    if let Some(tool) = event.tool.as_deref() {
        let facts = factory.facts_mut(tool);
        facts.attempts = facts.attempts.saturating_add(1);
        facts.usd = exact(facts.usd + used.usd);
        facts.local_tokens = facts.local_tokens.saturating_add(used.tokens);
        facts.work_millis = facts.work_millis.saturating_add(used.millis);
        facts.scripted |= turn.scripted;
        if turn.ok {
            let n = facts
                .turns
                .entry(without_n(&turn.label).to_owned())
                .or_default();
            *n = n.saturating_add(1);
            facts
                .heard
                .extend(attempt.filter(|id| facts.heard.last() != Some(id)));
        }
    }
}

/// A turn label without its last part, the n.
fn without_n(label: &str) -> &str {
    label.rsplit_once('/').map_or(label, |(stem, _)| stem)
}

fn spend(factory: &mut Factory, at: DateTime<Utc>, role: Option<Role>, used: Used) {
    let log = &mut factory.spend;
    let minute = at.duration_trunc(Duration::minutes(1)).unwrap_or(at);
    let day_ago = at.checked_sub_signed(Duration::hours(24)).unwrap_or(at);
    // The clock was put back since: what was used then is used now, and a day later is forgotten.
    for entry in log.iter_mut() {
        entry.at = entry.at.min(minute);
    }
    log.retain(|entry| entry.at > day_ago);
    if used == Used::default() {
        return;
    }
    let same = |entry: &&mut Spend| entry.at == minute && entry.role == role;
    if let Some(entry) = log.iter_mut().rev().take(4).find(same) {
        entry.used = entry.used.plus(used);
    } else {
        log.push(Spend {
            at: minute,
            role,
            used,
        });
    }
}

fn remember(facts: &mut ToolFacts, body: &EventBody) {
    match body {
        EventBody::Worked { millis } => {
            facts.work_millis = facts.work_millis.saturating_add(*millis);
        }
        EventBody::SpecRefused { by, notes, clauses } => {
            facts.spec_notes.clone_from(notes);
            let counter = match by {
                Role::Developer => &mut facts.lint_refusals,
                Role::Qa => &mut facts.spec_rejections,
                Role::Supervisor => return,
            };
            *counter = counter.saturating_add(1);
            let named = clauses.iter().map(|text| clause_id(text));
            facts.rejected_clauses.extend(named);
            if *by == Role::Qa {
                facts.rejections.push(rejection(notes, clauses));
            }
        }
        EventBody::SpecKept { n, .. } => facts.specs = facts.specs.max(*n),
        EventBody::CasesKept { n, .. } => facts.case_sets = facts.case_sets.max(*n),
        EventBody::CaseRevealed { case, .. } => once(&mut facts.revealed, case),
        EventBody::CaseStruck { case, .. } => once(&mut facts.struck, case),
        EventBody::Tree { tree, commit } => {
            facts.tree = Some(tree.clone());
            facts.commit = Some(commit.clone());
            if let Some(run) = facts.run_log.iter().rev().find(|run| run.tree == *tree) {
                facts.last_run = Some(run.clone());
            }
        }
        EventBody::Run(run) => ran(facts, run),
        EventBody::BugFiled { n, file, .. } => {
            facts.bugs = facts.bugs.max(*n);
            facts.open_bugs.push(OpenBug {
                n: *n,
                file: file.clone(),
            });
            // A tree that is put back brings its reports with it.
            if let Some(row) = facts.course.rows.last_mut() {
                row.bugs.clone_from(&facts.open_bugs);
            }
        }
        EventBody::Reviewed { n, by, verdict, .. } => {
            facts.reviews = facts.reviews.max(*n);
            facts.review = Some((*n, *verdict));
            facts.reviewed_by = Some(by.clone());
        }
        EventBody::NotStuck { rule } => once(&mut facts.not_stuck, rule),
        EventBody::Hinted { phase, text } => {
            facts.hints.insert(phase.name().to_owned(), text.clone());
        }
        _ => course(facts, body),
    }
}

/// Lines of work and their cycles.
fn course(facts: &mut ToolFacts, body: &EventBody) {
    match body {
        EventBody::Tried {
            timed_out, millis, ..
        } => {
            facts.work_millis = facts.work_millis.saturating_add(*millis);
            facts.course.ran(*timed_out);
        }
        EventBody::Cycle(cycle) => {
            let used = facts.used_ever();
            facts.course.measured(cycle, used, facts.commit.as_ref());
        }
        EventBody::Afresh { rung, model, tried } => {
            facts.nothing_cut();
            facts.course.afresh(*rung, model.as_ref(), tried);
        }
        EventBody::Restored {
            run, tree, commit, ..
        } => facts.restored(*run, tree, commit),
        EventBody::Stuck { rule, .. } if rule == "S15" => {
            facts.course.stalls = facts.course.stalls.saturating_add(1);
        }
        _ => {}
    }
}

fn once(list: &mut Vec<String>, word: &String) {
    if !list.contains(word) {
        list.push(word.clone());
    }
}

fn ran(facts: &mut ToolFacts, run: &RunSummary) {
    facts.work_millis = facts.work_millis.saturating_add(run.millis);
    let mut run = run.clone();
    run.coverage = run.coverage.filter(|figure| figure.is_finite());
    facts.runs = facts.runs.max(run.run);
    facts.open_bugs.clear();
    if facts.run_log.len() >= RUNS_KEPT {
        facts.run_log.remove(0);
    }
    facts.run_log.push(run.clone());
    facts.last_run = Some(run);
}

impl Unit {
    /// All units.
    pub const ALL: [Unit; 3] = [Unit::Usd, Unit::Tokens, Unit::Minutes];

    /// The word on disk.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Usd => "usd",
            Unit::Tokens => "tokens",
            Unit::Minutes => "minutes",
        }
    }
}

impl Used {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Used) -> Used {
        Used {
            usd: exact(self.usd + other.usd),
            tokens: self.tokens.saturating_add(other.tokens),
            millis: self.millis.saturating_add(other.millis),
        }
    }
}

impl ToolFacts {
    /// An attempt begins; one behind a cut begins where the first did.
    pub fn attempt_begins(&mut self, tool: &str) {
        if !self.cut.is_empty() {
            return;
        }
        self.begun = Begun {
            specs: self.specs,
            notes: self.spec_notes.clone(),
            lint_refusals: self.lint_refusals,
            weighed: self.turns.contains_key(&format!("{tool}/spec/triage")),
        };
    }

    /// Nothing of earlier attempts at the present phase is used any more.
    pub fn nothing_cut(&mut self) {
        self.cut.clear();
        self.heard.clear();
    }

    /// Used over all builds.
    #[must_use]
    pub fn used_ever(&self) -> Used {
        Used {
            usd: self.usd,
            tokens: self.local_tokens,
            millis: self.work_millis,
        }
    }

    /// Used by the present build; this is what the limits count.
    #[must_use]
    pub fn used(&self) -> Used {
        Used {
            usd: exact(self.usd - self.base.usd),
            tokens: self.local_tokens.saturating_sub(self.base.tokens),
            millis: self.work_millis.saturating_sub(self.base.millis),
        }
    }

    /// An earlier tree is the present one again, with its run and its bug reports.
    pub fn restored(&mut self, run: u32, tree: &str, commit: &str) {
        self.tree = Some(tree.to_owned());
        self.commit = Some(commit.to_owned());
        if let Some(found) = self.run_log.iter().find(|one| one.run == run) {
            self.last_run = Some(found.clone());
        }
        if let Some(row) = self.course.rows.iter().find(|row| row.cycle.run == run) {
            self.open_bugs.clone_from(&row.bugs);
        }
    }

    /// The gates passed for exactly the present tree.
    #[must_use]
    pub fn evidence_complete(&self) -> bool {
        self.last_run
            .as_ref()
            .is_some_and(|run| run.green && self.tree.as_deref() == Some(run.tree.as_str()))
    }

    /// The version the next ship makes: 1.0.0, then the next minor, or the next patch of a reopened tool.
    #[must_use]
    pub fn next_version(&self) -> String {
        let Some(newest) = self.versions.iter().filter_map(|v| parts(v)).max() else {
            return "1.0.0".to_owned();
        };
        let (major, minor, patch) = newest;
        if self.reopened {
            format!("{major}.{minor}.{}", patch.saturating_add(1))
        } else {
            format!("{major}.{}.0", minor.saturating_add(1))
        }
    }
}

fn parts(version: &str) -> Option<(u64, u64, u64)> {
    let mut numbers = version.splitn(3, '.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}
