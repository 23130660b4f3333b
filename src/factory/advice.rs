//! What of the settings works, but not as well as it could: advice for `doctor`, from what is known of families of models.

use super::ports::settings::{ModelRef, Settings};
use crate::agents::acting::Style;
use crate::agents::sampling::family;
use crate::domain::finding::Finding;

/// Advice about the Developer's models.
#[must_use]
pub fn advice(settings: &Settings) -> Vec<Finding> {
    let developer = &settings.developer;
    let Some(own) = developer.model.as_ref().filter(|_| !developer.external) else {
        return Vec::new();
    };
    let name = family(&own.model).name;
    let mut found = Vec::new();
    let alike = |other: &ModelRef| family(&other.model).name == name;
    if !developer.others.is_empty() && developer.others.iter().all(alike) {
        found.push(Finding::warning(
            "developer",
            format!("its others are of the family of its own model ({name}), so they err alike"),
            "name one of another family under others",
        ));
    }
    if developer.edits == Some(Style::Tools) && name == "qwen2.5" {
        found.push(Finding::warning(
            "developer",
            format!("{} prints its calls as text, which costs turns", own.model),
            "set edits = \"files\", or \"actions\"",
        ));
    }
    found
}
