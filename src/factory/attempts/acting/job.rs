//! What a tool loop is to do: every file from the spec, or what bug reports name.

use crate::agents::acting::Style;
use crate::agents::bug;
use crate::agents::spec::Spec;
use crate::domain::case::Case;

/// What is to be done.
pub struct Job<'a> {
    pub(super) spec: &'a Spec,
    pub(super) public: &'a [Case],
    pub(super) style: Style,
    /// Files that bug reports name; none: everything is written from the spec.
    pub(super) targets: Vec<String>,
    /// The reports.
    pub(super) bugs: Option<String>,
}

impl<'a> Job<'a> {
    /// Every file of the plan.
    pub fn build(spec: &'a Spec, public: &'a [Case], style: Style) -> Self {
        Self {
            spec,
            public,
            style,
            targets: Vec::new(),
            bugs: None,
        }
    }

    /// What bug reports name, each file with its reports.
    pub fn repair(
        spec: &'a Spec,
        public: &'a [Case],
        style: Style,
        targets: &[(String, Vec<String>)],
    ) -> Self {
        let bugs = targets.iter().map(|(_, bugs)| bug::told(bugs));
        let bugs: Vec<String> = bugs.collect();
        Self {
            targets: targets.iter().map(|(path, _)| path.clone()).collect(),
            bugs: Some(bugs.join("\n\n")),
            ..Self::build(spec, public, style)
        }
    }
}
