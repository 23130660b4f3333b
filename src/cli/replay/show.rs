//! A replay as text for a person and as JSON.

use super::Step;
use std::path::Path;

/// What a replay leaves out, said wherever one is shown.
const LEFT_OUT: [&str; 4] = [
    "tests, gates and mutation are not run again: their recorded results stand",
    "no model is asked again: a reply to a prompt that would differ today stays as it was",
    "held-out cases are not tried on a stub again",
    "settings and packages are those of today",
];

/// All steps, those that differ with both decisions.
pub fn page(transcript: &Path, steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        let mark = if step.differs { "!=" } else { "  " };
        let decision = match (&step.then, step.differs) {
            (Some(then), true) => format!("{then} then, {} today", step.now),
            (Some(_), false) => step.now.clone(),
            (None, _) => format!("{} today; the journal does not say what was then", step.now),
        };
        text += &format!("{mark} {}\n     {decision}: {}\n", step.what, step.words);
    }
    let differ = steps.iter().filter(|step| step.differs).count();
    let name = transcript.file_name().unwrap_or_default().to_string_lossy();
    text += &match (steps.len(), differ) {
        (0, _) => format!("{name} holds no reply and no verdict\n"),
        (all, 0) => format!("{all} decisions of {name}: all the same today\n"),
        (all, differ) => format!("{all} decisions of {name}: {differ} would differ today\n"),
    };
    text += "Not redone:\n";
    for words in LEFT_OUT {
        text += &format!("  {words}\n");
    }
    text
}

/// The same for machines.
pub fn json(steps: &[Step]) -> serde_json::Value {
    let differ = steps.iter().filter(|step| step.differs).count();
    serde_json::json!({ "steps": steps, "differ": differ, "notRedone": LEFT_OUT })
}
