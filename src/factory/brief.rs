//! BRIEF.md: what an agent that is not ours needs to take the present phase.

use crate::domain::factory::Factory;
use crate::domain::phase::Phase;
use crate::domain::table;
use crate::text::markdown::words;
use std::fmt::Write;
use std::path::Path;

/// The text for the present phase.
#[must_use]
pub fn text(factory: &Factory, work: &Path, refused: Option<&str>) -> String {
    let Some(tool) = &factory.current_tool else {
        return "# Brief\n\nNo tool is under way; the engine picks the next one.\n".to_owned();
    };
    let phase = factory.phase;
    let mut text = format!("# Brief: {tool}, {phase}\n\n");
    let role = table::role_of(phase).map_or_else(|| "engine".to_owned(), |r| r.to_string());
    let _ = writeln!(text, "- Role: {role}\n- Cycle: {}", factory.cycle_count);
    let _ = writeln!(
        text,
        "- Folder: {}",
        work.join("tools").join(tool).display()
    );
    let sets = factory.current_facts().map_or(0, |facts| facts.case_sets);
    let _ = writeln!(text, "- Inputs: {}", inputs(phase, tool, sets + 1));
    let _ = writeln!(
        text,
        "- Legal next phases, claimed by rewriting \"phase\" in dev-factory/state.json:"
    );
    let escalated_from = factory.escalation.as_ref().map(|e| e.from);
    let claimable = |to: &&Phase| table::claim(phase, **to, escalated_from).is_some();
    for next in Phase::ALL.iter().filter(claimable) {
        let _ = writeln!(text, "  - {next}");
    }
    let _ = writeln!(
        text,
        "- Gates and effects stay the engine's: a claim is checked before it counts."
    );
    if let Some(refused) = refused {
        let _ = writeln!(text, "- Refused just now: {}", words(refused));
    }
    if let Some(escalation) = &factory.escalation {
        let _ = writeln!(
            text,
            "- Escalated from {}: {}",
            escalation.from,
            words(&escalation.reason)
        );
    }
    text
}

/// Folders, relative to the home, that whoever takes the present phase may write papers into.
#[must_use]
pub fn folders(factory: &Factory) -> Vec<String> {
    let Some(tool) = &factory.current_tool else {
        return Vec::new();
    };
    match factory.phase {
        Phase::Spec => vec!["dev-factory/specs".to_owned()],
        Phase::SpecReview | Phase::Qa => vec![format!("dev-factory/acceptance/{tool}")],
        _ => Vec::new(),
    }
}

/// Papers the phase reads and writes.
fn inputs(phase: Phase, tool: &str, set: u32) -> String {
    match phase {
        Phase::Spec => format!("dev-factory/wishlist.json; write dev-factory/specs/{tool}.md"),
        Phase::SpecReview => {
            format!(
                "dev-factory/specs/{tool}.md; write dev-factory/acceptance/{tool}/{set}.jsonl, one case a line"
            )
        }
        Phase::Coding => format!(
            "dev-factory/specs/{tool}.md; write src/, test/dev/ and README.md in the folder"
        ),
        Phase::Qa => format!(
            "dev-factory/specs/{tool}.md and the folder; the gates measure it; held-out cases in place of those struck or shown go to dev-factory/acceptance/{tool}/{set}.jsonl, with all that stay"
        ),
        Phase::Fixing => format!("dev-factory/bugs/{tool}/; mend src/ or test/dev/ in the folder"),
        Phase::Review => {
            format!("dev-factory/evidence/{tool}/, dev-factory/specs/{tool}.md and the folder")
        }
        Phase::Idle | Phase::Shipped => "nothing".to_owned(),
    }
}
