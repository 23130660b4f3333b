//! What the tool has used until the moment: by phase and by model, and what its limits count.

use super::{Eye, Page, Row, ToolView};
use crate::domain::event::Turn;
use crate::domain::phase::Phase;
use crate::tui::theme::Part;
use std::collections::BTreeMap;

/// Sums of turns.
#[derive(Default)]
struct Sum {
    turns: u32,
    failed: u32,
    read: u64,
    wrote: u64,
    usd: f64,
    unpriced: u32,
    millis: u64,
}

impl Sum {
    fn add(&mut self, turn: &Turn) {
        self.turns += 1;
        self.failed += u32::from(!turn.ok);
        self.read += turn.input_tokens.unwrap_or(0);
        self.wrote += turn.output_tokens.unwrap_or(0);
        self.usd += turn.usd.unwrap_or(0.0);
        self.unpriced += u32::from(turn.usd.is_none() && !turn.local);
        self.millis += turn.millis;
    }

    fn row(&self, name: &str) -> Row {
        let money = match self.unpriced {
            0 => format!("${:.2}", self.usd),
            _ => format!("${:.2}+?", self.usd),
        };
        Row::plain(format!(
            " {name:<16}{:>6}{:>5}{:>10}{:>9}{:>7.0}{money:>9}",
            self.turns,
            self.failed,
            self.read,
            self.wrote,
            self.millis as f64 / 1000.0,
        ))
    }
}

/// The page.
pub fn page(view: &ToolView, eye: &Eye<'_>) -> Page {
    let turns = view.past.turns(view.at);
    if turns.is_empty() {
        return Page::empty(
            "Cost",
            "nothing was used until this moment",
            "money, tokens and time of every turn are added up here",
        );
    }
    let mut all = Sum::default();
    let mut phases: BTreeMap<Phase, Sum> = BTreeMap::new();
    let mut models: BTreeMap<String, Sum> = BTreeMap::new();
    for at in &turns {
        let phase = at.attempt.map_or(Phase::Idle, |attempt| attempt.phase);
        all.add(at.turn);
        phases.entry(phase).or_default().add(at.turn);
        models.entry(at.turn.place()).or_default().add(at.turn);
    }
    let heading = |name: &str| {
        Row::of(Some(Part::Title), format!(" {name:<16}")).and(
            Some(Part::Dim),
            format!(
                "{:>6}{:>5}{:>10}{:>9}{:>7}{:>9}",
                "turns", "bad", "read", "written", "s", "money"
            ),
        )
    };
    let mut rows = vec![heading("Phase")];
    rows.extend(phases.iter().map(|(phase, sum)| sum.row(phase.name())));
    rows.extend([Row::default(), heading("Model")]);
    rows.extend(
        models
            .iter()
            .map(|(model, sum)| sum.row(&crate::text::width::truncate(model, 16))),
    );
    rows.extend([Row::default(), heading("All")]);
    rows.push(all.row("turns"));
    let used = view.moment.facts.used();
    rows.push(Row::default());
    rows.push(Row::title(" What limits count").and(
        None,
        format!(
            "  ${:.2}  {} local tokens  {:.0} min of work",
            used.usd,
            used.tokens,
            used.millis as f64 / 60_000.0
        ),
    ));
    let since = view.stays.first().map(|stay| eye.day(stay.from));
    if let Some(since) = since {
        rows.push(Row::dim(format!("   since {since}")));
    }
    Page {
        cut: true,
        ..Page::text("Cost", rows)
    }
}
