//! What the newest run measured: a row for each gate, or all on one line; and the first rows that failed.

use super::super::super::theme::Part;
use super::super::super::tool::ToolView;
use super::super::gates::took;
use super::super::ink::{Ink, cell};
use crate::domain::case::CaseResult;
use crate::domain::evidence::Evidence;
use crate::domain::tool::Ran;
use crate::text::sanitise::one_line;
use ratatui::text::{Line, Span};

/// Failing rows shown beside the page.
const RED: usize = 3;

/// A figure of a run.
struct Figure {
    gate: String,
    good: bool,
    text: String,
}

/// What the journal has of a run, gate by gate.
fn figures(ran: &Ran) -> Vec<Figure> {
    let run = &ran.run;
    let failed = run.failed_gate.as_deref().unwrap_or_default();
    let (red, why) = failed.split_once(": ").unwrap_or((failed, ""));
    let figure = |gate: &str, text: String, good: bool| Figure {
        gate: gate.to_owned(),
        good: good && gate != red,
        text,
    };
    let of = |passed, total| format!("{passed} of {total}");
    let mut all = Vec::new();
    if run.total > 0 {
        let text = of(run.passed, run.total);
        all.push(figure("jest", text, run.passed == run.total));
    }
    if let Some(coverage) = run.coverage {
        all.push(figure(
            "coverage",
            format!("{coverage:.0} %"),
            coverage >= 100.0,
        ));
    }
    if run.held_total > 0 {
        let text = of(run.held_passed, run.held_total);
        all.push(figure("held-out", text, run.held_passed == run.held_total));
    }
    if let Some(score) = run.mutation {
        all.push(figure("mutation", format!("{score} %"), true));
    }
    // Of the others only that one is known which was red.
    if !red.is_empty() && all.iter().all(|known| known.gate != red) {
        all.push(figure(red, one_line(why, 200), false));
    }
    all
}

const fn sign(good: bool) -> (Part, &'static str) {
    match good {
        true => (Part::Ok, "✓"),
        false => (Part::Fail, "✗"),
    }
}

fn none(ink: &Ink<'_>) -> Line<'static> {
    Line::from(ink.span(Part::Dim, " ○ the gates have not run yet"))
}

/// Figures of the newest run beside those of the one before, the first rows that failed, the box it ran in.
pub fn tall(view: &ToolView, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let Some(ran) = view.moment.run() else {
        return vec![none(ink)];
    };
    let before = view.moment.before(ran);
    let before = before.map(figures).unwrap_or_default();
    let evidence = view.evidence(ran.run.run);
    let mut lines = Vec::new();
    for figure in figures(ran) {
        let (part, sign) = sign(figure.good);
        let other = before.iter().find(|other| other.gate == figure.gate);
        let other = other.filter(|other| other.text != figure.text);
        let was = other.map_or_else(String::new, |other| format!("   was {}", other.text));
        let time = evidence.and_then(|evidence| time(evidence, &figure.gate));
        let time = time.map_or_else(String::new, |time| format!("{time:>8}"));
        let text = match time.is_empty() {
            true => figure.text,
            false => format!("{:<8}", figure.text),
        };
        lines.push(Line::from(vec![
            ink.span(part, format!(" {sign} ")),
            Span::raw(format!("{:<10}{text}", figure.gate)),
            ink.span(Part::Dim, time + &was),
        ]));
    }
    if let Some(evidence) = evidence {
        lines.extend(failing(evidence, ink, width));
    }
    if evidence.is_some() && ran.run.mutation.is_none() {
        lines.push(Line::from(ink.span(Part::Dim, " ○ mutation  not measured")));
    }
    lines.push(Line::from(
        ink.span(Part::Dim, format!(" {}", place(ran, evidence))),
    ));
    lines
}

/// How long a gate took, where that was measured.
fn time(evidence: &Evidence, gate: &str) -> Option<String> {
    let gate = evidence.gates.iter().find(|known| known.gate == gate);
    gate?.millis.map(took)
}

/// The box it ran in; before its evidence is read, the gate that was red.
fn place(ran: &Ran, evidence: Option<&Evidence>) -> String {
    let gate = ran.run.failed_gate.as_deref().unwrap_or_default();
    match evidence {
        Some(evidence) => format!("box {}", evidence.sandbox),
        None => one_line(gate, 200),
    }
}

/// All on one line: ` ✓ jest 31/31  ✓ cov 100 %  ✗ held-out 12/14`; and two rows that failed.
pub fn flat(view: &ToolView, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let Some(ran) = view.moment.run() else {
        return vec![none(ink)];
    };
    let mut spans = Vec::new();
    for figure in figures(ran) {
        let (part, sign) = sign(figure.good);
        let gate = figure.gate.replace("coverage", "cov");
        spans.push(ink.span(part, format!(" {sign} ")));
        spans.push(Span::raw(format!(
            "{gate} {} ",
            figure.text.replace(" of ", "/")
        )));
    }
    let evidence = view.evidence(ran.run.run);
    spans.push(ink.span(Part::Dim, format!("  {}", place(ran, evidence))));
    let mut lines = vec![Line::from(spans)];
    if let Some(evidence) = evidence {
        lines.extend(failing(evidence, ink, width).into_iter().take(2));
    }
    lines
}

/// The first rows that failed, with want and got.
fn failing(evidence: &Evidence, ink: &Ink<'_>, width: usize) -> Vec<Line<'static>> {
    let all = evidence.held_out.iter().chain(&evidence.public);
    let red: Vec<&CaseResult> = all.filter(|case| !case.passed).collect();
    let half = width.saturating_sub(18) / 2;
    let short = |text: &str| cell(&one_line(text, 200), half.min(text.chars().count()));
    let mut lines: Vec<Line<'static>> = red
        .iter()
        .take(RED)
        .map(|case| {
            Line::from(vec![
                ink.span(Part::Fail, format!("   {:<4}", case.rule)),
                ink.span(Part::Dim, "want "),
                Span::raw(short(&case.expected)),
                ink.span(Part::Dim, "  got "),
                Span::raw(short(&case.received)),
            ])
        })
        .collect();
    if red.len() > RED {
        let more = format!("   {} more in Tests", red.len() - RED);
        lines.push(Line::from(ink.span(Part::Dim, more)));
    }
    lines
}
