//! The way of a tool through the phases: where it is, what is behind it, the loop of repairs, minutes in each.

use super::super::model::Model;
use super::super::theme::Part;
use super::WIDE;
use super::ink::Ink;
use super::spent::{self, Stay};
use crate::domain::event::RunSummary;
use crate::domain::item::ItemStatus;
use crate::domain::phase::{Phase, Role};
use crate::domain::screen::{AgentState, Snapshot};
use crate::text::width::columns;
use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Phases of the straight way.
const WAY: [Phase; 6] = [
    Phase::Spec,
    Phase::SpecReview,
    Phase::Coding,
    Phase::Qa,
    Phase::Review,
    Phase::Shipped,
];
/// Narrowest picture with the loop.
pub const LOOP_FITS: u16 = 79;

/// How a phase stands.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Done,
    Red,
    Here,
    Open,
}

/// What the picture is made of.
struct Way<'a> {
    snapshot: &'a Snapshot,
    stays: Vec<Stay>,
    wide: bool,
}

impl Way<'_> {
    /// The newest run of the tool under way.
    fn run(&self) -> Option<&RunSummary> {
        let tool = self.snapshot.current_tool.as_ref();
        tool.and(self.snapshot.runs.last())
    }

    fn mark(&self, phase: Phase) -> Mark {
        let here = self.snapshot.phase;
        if self.snapshot.current_tool.is_none() {
            return Mark::Open;
        }
        if here == phase {
            return Mark::Here;
        }
        // An escalated tool has come no further than where it was escalated from.
        let reached = match &self.snapshot.escalation {
            Some(escalation) if here == Phase::Review => escalation.from,
            _ => here,
        };
        let since_spec = self.stays.iter().rposition(|s| s.phase == Phase::Spec);
        let recent = self.stays.get(since_spec.unwrap_or(0)..).unwrap_or(&[]);
        let visited = recent.iter().any(|stay| stay.phase == phase);
        match phase {
            Phase::Fixing if visited => Mark::Done,
            Phase::Fixing => Mark::Open,
            Phase::Qa if visited && reached > phase && self.red() => Mark::Red,
            _ if phase < reached => Mark::Done,
            _ => Mark::Open,
        }
    }

    /// `✓ spec`, `▸ [ qa, run 2 ]`.
    fn label(&self, phase: Phase) -> (Part, String) {
        let run = self.snapshot.measuring.or_else(|| {
            let last = self.run();
            last.map(|run| run.run)
        });
        let name = match (phase, run) {
            (Phase::Qa, Some(run)) if self.wide => format!("qa, run {run}"),
            (Phase::Fixing, _) if !self.wide => "fix".to_owned(),
            _ => phase.to_string(),
        };
        match self.mark(phase) {
            Mark::Done => (Part::Ok, format!("✓ {name}")),
            Mark::Red => (Part::Fail, format!("✗ {name}")),
            Mark::Here => (Part::Active, format!("▸ [ {name} ]")),
            Mark::Open => (Part::Dim, format!("○ {name}")),
        }
    }

    fn time(&self, time: TimeDelta) -> String {
        if self.wide {
            spent::words(time)
        } else {
            spent::short(time)
        }
    }

    /// What stands below a phase.
    fn below(&self, phase: Phase) -> (Part, String) {
        let time = spent::of(&self.stays, phase).map(|time| self.time(time));
        let waits = (phase == Phase::Review)
            .then(|| waits(self.snapshot))
            .flatten();
        let red = phase == Phase::Qa && self.red();
        match (waits, time) {
            (Some(waits), _) => (Part::Need, waits),
            (None, Some(time)) if red && self.wide => (Part::Fail, format!("✗ red, {time}")),
            (None, Some(time)) if red => (Part::Fail, format!("red {time}")),
            (None, Some(time)) => (Part::Dim, time),
            (None, None) => (Part::Dim, String::new()),
        }
    }

    /// The last run was red and nothing has been measured since.
    fn red(&self) -> bool {
        let last = self.run();
        last.is_some_and(|run| !run.green) && self.snapshot.measuring.is_none()
    }
}

/// Why a review does not begin; None while it can.
fn waits(snapshot: &Snapshot) -> Option<String> {
    let reviewer = snapshot
        .agents
        .iter()
        .find(|agent| agent.role == Role::Supervisor)?;
    let here = snapshot.phase == Phase::Review;
    match reviewer.state {
        AgentState::Offline => Some("waits: OFFLINE".to_owned()),
        AgentState::Operator if here => Some("waits for you".to_owned()),
        AgentState::OffSchedule if here => Some("waits: off duty".to_owned()),
        AgentState::Paused if here => Some("waits: paused".to_owned()),
        _ => None,
    }
}

/// Tools that wait for a verdict.
fn shelved(snapshot: &Snapshot) -> usize {
    let items = snapshot.queue.iter();
    items
        .filter(|item| item.status == ItemStatus::InReview)
        .filter(|item| snapshot.current_tool.as_deref() != Some(item.name.as_str()))
        .count()
}

/// Three rows, the loop of repairs among them.
pub fn draw(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>, area: Rect, buffer: &mut Buffer) {
    let way = Way {
        snapshot,
        stays: spent::stays(model, snapshot),
        wide: area.width >= WIDE,
    };
    let labels = WAY.map(|phase| way.label(phase));
    let (_, fixing) = way.label(Phase::Fixing);
    let fixing = match spent::of(&way.stays, Phase::Fixing) {
        Some(time) => format!("{fixing} {}", way.time(time)),
        None => fixing,
    };
    let [spec, review_of, coding, qa, review, shipped] = &labels;
    let below = way.below(Phase::Qa);
    // The box of qa holds its label, what stands below it, and the loop.
    let inner = [
        columns(&qa.1) + 6,
        columns(&below.1) + 6,
        columns(&fixing) + 4,
    ];
    let inner = inner.into_iter().max().unwrap_or(0);
    let words = [spec, review_of, coding, review, shipped];
    let solid: usize = words.iter().map(|(_, text)| columns(text)).sum::<usize>() + inner + 2;
    let width = usize::from(area.width);
    // Five lines join the labels; eight blanks stand beside them.
    let free = width.saturating_sub(solid + 8);
    let dash = (free / 5).clamp(1, if way.wide { 6 } else { 3 });
    let indent = if way.wide { 4 } else { 1 }.min(free.saturating_sub(dash * 5));
    let mut pen = Pen {
        ink,
        area,
        x: area.x + u16::try_from(indent).unwrap_or(0),
        buffer,
    };
    let join = "─".repeat(dash);
    for (phase, label) in WAY.iter().zip(&labels).take(3) {
        pen.stand(label, &way.below(*phase));
        pen.draw(Part::Dim, &format!(" {join}"));
        if *phase != Phase::Coding {
            pen.draw(Part::Dim, " ");
        }
    }
    let left = pen.x;
    pen.draw(Part::Dim, "┬── ");
    pen.stand(qa, &below);
    let rest = inner.saturating_sub(columns(&qa.1) + 4);
    pen.draw(Part::Dim, &format!(" {}┬", "─".repeat(rest)));
    pen.under(left, pen.x - 1, &fixing, way.label(Phase::Fixing).0);
    pen.draw(Part::Dim, &format!("{join} "));
    let shelf = match shelved(snapshot) {
        0 => String::new(),
        count => format!("{count} shelved"),
    };
    pen.put(pen.x + 2, 2, Part::Need, &shelf);
    pen.stand(review, &way.below(Phase::Review));
    pen.draw(Part::Dim, &format!(" {join} "));
    pen.stand(shipped, &way.below(Phase::Shipped));
}

/// Writes from left to right, and below.
struct Pen<'a, 'b> {
    ink: &'a Ink<'a>,
    area: Rect,
    x: u16,
    buffer: &'b mut Buffer,
}

impl Pen<'_, '_> {
    fn put(&mut self, x: u16, row: u16, part: Part, text: &str) {
        let room = self.area.right().saturating_sub(x);
        if row < self.area.height {
            let place = (x, self.area.y + row);
            self.ink.at(part, text, place, room, self.buffer);
        }
    }

    fn draw(&mut self, part: Part, text: &str) {
        self.put(self.x, 0, part, text);
        self.x += u16::try_from(columns(text)).unwrap_or(0);
    }

    /// A label with what stands below it.
    fn stand(&mut self, (part, label): &(Part, String), (below, text): &(Part, String)) {
        self.put(self.x + 2, 1, *below, text);
        self.draw(*part, label);
    }

    /// The loop between two columns.
    fn under(&mut self, left: u16, right: u16, fixing: &str, part: Part) {
        self.put(left, 1, Part::Dim, "│");
        self.put(right, 1, Part::Dim, "│");
        let inner = usize::from((right - left).saturating_sub(1));
        let front = inner.saturating_sub(columns(fixing) + 2) / 2;
        let back = inner.saturating_sub(columns(fixing) + 2 + front);
        let (front, back) = ("─".repeat(front), "─".repeat(back));
        self.put(left, 2, Part::Dim, &format!("╰{front} "));
        let x = left + u16::try_from(columns(&front)).unwrap_or(0) + 2;
        self.put(x, 2, part, fixing);
        let x = x + u16::try_from(columns(fixing)).unwrap_or(0);
        self.put(x, 2, Part::Dim, &format!(" {back}╯"));
    }
}

/// One row, for small windows: every phase by its sign, the present one by name.
pub fn line(model: &Model, snapshot: &Snapshot, ink: &Ink<'_>) -> Line<'static> {
    let way = Way {
        snapshot,
        stays: spent::stays(model, snapshot),
        wide: false,
    };
    let mut spans = Vec::new();
    for phase in Phase::ALL.into_iter().skip(1) {
        let (part, label) = way.label(phase);
        let label = match phase {
            Phase::SpecReview => label.replace("spec-review", "rev"),
            Phase::Coding => label.replace("coding", "code"),
            Phase::Shipped => label.replace("shipped", "ship"),
            _ => label,
        };
        spans.push(Span::raw(" "));
        spans.push(ink.span(part, label));
    }
    Line::from(spans)
}
