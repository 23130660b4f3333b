//! What a move changes: the phase, the item and what is remembered of the tool.

use crate::domain::actor;
use crate::domain::event::{Event, Move};
use crate::domain::factory::{Factory, ToolFacts};
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Outcome, Phase};
use crate::domain::state::Escalation;
use crate::domain::stuck::{Begins, Course, Rung};
use std::sync::Arc;

/// Newest runs that are kept of a tool that is set aside, beside those of its rows.
const RUNS_ASIDE: u32 = 8;

pub(super) fn apply(factory: &mut Factory, event: &Event, made: &Move) {
    let left = Left {
        cycles: factory.cycle_count,
        started_at: factory.started_at,
        escalation: factory.escalation.take(),
    };
    let tool = event.tool.clone().or_else(|| factory.current_tool.clone());
    factory.phase = made.to;
    factory.last_update = event.ts;
    factory.attempt = None;
    factory.refused_claims = 0;
    if made.to == Phase::Idle {
        factory.current_tool = None;
        factory.cycle_count = 0;
        factory.started_at = None;
    } else {
        factory.current_tool.clone_from(&tool);
        factory.cycle_count = made.cycle_count;
        factory.started_at = made.started_at;
        factory.escalation.clone_from(&made.escalation);
    }
    count(factory, made);
    factory
        .unpushed
        .extend(made.ship.iter().map(|ship| ship.tag.clone()));
    if let Some(tool) = tool {
        super::items::known(factory, event, &tool);
        item(factory, made, &tool, &left);
        facts(factory.facts_mut(&tool), event, made, &left);
    }
}

/// What the move left behind, for the shelf.
struct Left {
    cycles: u32,
    started_at: Option<chrono::DateTime<chrono::Utc>>,
    escalation: Option<Escalation>,
}

fn count(factory: &mut Factory, made: &Move) {
    let totals = &mut factory.totals;
    let counter = match made.outcome {
        Outcome::Ship => &mut totals.shipped,
        Outcome::Parked => &mut totals.parked,
        Outcome::Failed | Outcome::SendBack => &mut totals.cycles,
        _ => return,
    };
    *counter = counter.saturating_add(1);
}

fn item(factory: &mut Factory, made: &Move, tool: &str, left: &Left) {
    let Some(item) = factory.item_mut(tool) else {
        return;
    };
    item.reason = None;
    item.phase = None;
    item.escalation = None;
    item.status = match made.outcome {
        Outcome::Shelved => ItemStatus::InReview,
        Outcome::Requeued => ItemStatus::Wanted,
        Outcome::Parked => ItemStatus::NeedsHuman,
        Outcome::Ship | Outcome::Next => ItemStatus::Shipped,
        _ => ItemStatus::Building,
    };
    if item.branch.is_none() {
        item.branch = Some(format!("tool/{tool}"));
    }
    match made.outcome {
        Outcome::Shelved | Outcome::Parked | Outcome::Requeued => {
            item.reason.clone_from(&made.reason);
            item.phase = Some(made.from);
            item.escalation.clone_from(&left.escalation);
        }
        Outcome::Ship | Outcome::Next => item.branch = None,
        _ => {}
    }
    if made.outcome == Outcome::Requeued {
        super::items::put_last_of_its_priority(Arc::make_mut(&mut factory.items), tool);
    }
}

fn facts(facts: &mut ToolFacts, event: &Event, made: &Move, left: &Left) {
    facts.picked = true;
    facts.stands = Some((event.seq, event.ts));
    facts.nothing_cut();
    facts.review = None;
    if made.to == Phase::Idle && made.outcome != Outcome::Next {
        facts.cycles = left.cycles;
        facts.started_at = left.started_at;
    }
    let sends_on = !matches!(
        made.outcome,
        Outcome::Shelved | Outcome::Parked | Outcome::Requeued | Outcome::Rewound
    );
    if sends_on && made.from.active() {
        facts.hints.remove(made.from.name());
    }
    if made.from == Phase::Review && made.outcome != Outcome::Shelved {
        facts.decision = None;
    }
    if sends_on {
        facts.course.stalls = 0;
    }
    let person = actor::is_person(&event.actor);
    match made.outcome {
        Outcome::Picked => facts.begin(),
        Outcome::Resumed => facts.resumed(made),
        Outcome::Drafted => facts.drafted(),
        Outcome::Rejected => facts.lint_refusals = 0,
        Outcome::SpecDefect => {
            facts.spec_defect_used = true;
            facts.spec_changes();
        }
        Outcome::Failed => facts.cycles_total = facts.cycles_total.saturating_add(1),
        Outcome::Passed => facts.open_bugs.clear(),
        Outcome::SendBack => facts.sent_back_by(person),
        Outcome::Respec => facts.reviewed_spec(person),
        Outcome::Escalated | Outcome::Undraftable if event.actor == actor::ENGINE => {
            facts.course.asked(level(made));
        }
        Outcome::Takeover => facts.took_over(made.to, person),
        Outcome::Hint | Outcome::TestDefect => facts.answered(made.to, person),
        Outcome::Rewound => {
            // Trees that came after are never put back.
            facts.course.rows.clear();
            facts.course.answered(Begins::of(made.to), true);
            facts.last_run = None;
            facts.open_bugs.clear();
            facts.tree = None;
            facts.commit.clone_from(&made.commit);
        }
        Outcome::Parked => {
            facts.parked_by = made.unit;
            facts.set_aside();
        }
        Outcome::Ship => facts.shipped(event, made),
        Outcome::Next => facts.rested(),
        _ => {}
    }
}

/// The rung of an escalation.
fn level(made: &Move) -> Rung {
    Rung::from(made.escalation.as_ref().map_or(0, |e| e.level))
}

impl ToolFacts {
    /// A limit that was raised changes nothing else; whatever else parked it, a person has answered.
    fn resumed(&mut self, made: &Move) {
        if self.parked_by.take().is_none() {
            self.course.answered(Begins::of(made.to), true);
        }
        if made.fresh {
            self.base = self.used_ever();
        }
    }

    /// The spec will be another one: no evidence counts any longer.
    fn spec_changes(&mut self) {
        self.course.spec_changes();
        self.last_run = None;
        self.run_log.clear();
        self.open_bugs.clear();
        self.lint_refusals = 0;
    }

    /// An escalation was answered: the rules that led to it count from nought.
    fn answered(&mut self, to: Phase, person: bool) {
        self.course.answered(Begins::of(to), person);
        self.spec_counts_anew();
    }

    fn spec_counts_anew(&mut self) {
        self.lint_refusals = 0;
        self.spec_rejections = 0;
        self.rejected_clauses.clear();
        self.rejections.clear();
    }

    /// The reviewer wrote a file, or the spec.
    fn took_over(&mut self, to: Phase, person: bool) {
        self.answered(to, person);
        if !person {
            self.course.took_over();
        }
        if to == Phase::SpecReview {
            self.course.spec_changes();
            self.drafted();
        }
    }

    /// A reviewer wants another spec.
    fn reviewed_spec(&mut self, person: bool) {
        self.respec();
        self.course.sent_to_spec(person);
    }

    fn respec(&mut self) {
        self.spec_changes();
        self.spec_counts_anew();
        self.send_backs = 0;
        self.sent_back = 0;
    }

    fn drafted(&mut self) {
        self.lint_refusals = 0;
        self.spec_notes.clear();
        self.revealed.clear();
        self.struck.clear();
    }

    fn sent_back_by(&mut self, person: bool) {
        self.cycles_total = self.cycles_total.saturating_add(1);
        self.sent_back = self.sent_back.saturating_add(1);
        if !person {
            self.send_backs = self.send_backs.saturating_add(1);
        }
    }

    /// A build from nothing: what numbers papers, labels and lifetime counters stays.
    pub(super) fn begin(&mut self) {
        self.respec();
        self.drafted();
        self.course = Course {
            marked: self.used_ever(),
            ..Course::default()
        };
        self.reopened = false;
        self.spec_defect_used = false;
        self.tree = None;
        self.commit = None;
        self.hints.clear();
        self.decision = None;
        self.parked_by = None;
        self.reviewed_by = None;
        if self.shipped_at.is_some() || !self.versions.is_empty() {
            self.base = self.used_ever();
        }
    }

    /// A tool that waits for a person or was dropped, perhaps for good, keeps what its rules look at next; the rest is in the journal.
    pub(super) fn set_aside(&mut self) {
        self.course.set_aside();
        let rows = &self.course.rows;
        let newest = self.runs.saturating_sub(RUNS_ASIDE);
        self.run_log
            .retain(|run| run.run > newest || rows.iter().any(|row| row.cycle.run == run.run));
    }

    /// A finished tool keeps what numbers its papers and turns, what it used and what it shipped; the rest is in
    /// the journal.
    pub(super) fn rested(&mut self) {
        self.run_log.clear();
        self.last_run = None;
        self.course = Course {
            marked: self.used_ever(),
            ..Course::default()
        };
        self.spec_notes.clear();
        self.rejected_clauses.clear();
        self.rejections.clear();
    }

    fn shipped(&mut self, event: &Event, made: &Move) {
        if let Some(record) = &made.ship
            && !self.versions.contains(&record.version)
        {
            self.versions.push(record.version.clone());
        }
        self.shipped_at = Some(event.ts);
        self.reopened = false;
        self.hints.clear();
        self.open_bugs.clear();
    }
}
