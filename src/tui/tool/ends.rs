//! What two trees are compared: before anything was built, a run's, the present one's.

use crate::domain::tool::Moment;

/// One end of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// No file yet.
    Nothing,
    /// The tree a run measured.
    Run(u32),
    /// The tree of the moment that is shown.
    Moment,
}

/// All that can be chosen at a moment, oldest first.
#[must_use]
pub fn all(moment: &Moment) -> Vec<End> {
    let runs = moment.runs.iter().map(|ran| End::Run(ran.run.run));
    let here = here(moment).filter(|end| *end == End::Moment);
    std::iter::once(End::Nothing)
        .chain(runs)
        .chain(here)
        .collect()
}

/// The newest tree: the last run's, where it was measured.
fn here(moment: &Moment) -> Option<End> {
    let here = moment.tree.as_ref()?;
    let measured = moment
        .runs
        .iter()
        .rev()
        .find(|ran| ran.run.tree == here.tree);
    Some(measured.map_or(End::Moment, |ran| End::Run(ran.run.run)))
}

/// The tree of an end: None in it = no file; outer None = there is no such end at the moment.
#[must_use]
pub fn tree(moment: &Moment, end: End) -> Option<Option<String>> {
    match end {
        End::Nothing => Some(None),
        End::Moment => moment.tree.as_ref().map(|tree| Some(tree.tree.clone())),
        End::Run(n) => {
            let ran = moment.runs.iter().find(|ran| ran.run.run == n)?;
            Some(Some(ran.run.tree.clone()))
        }
    }
}

/// What is compared where nothing was chosen: the newest tree with the one of the run before it.
#[must_use]
pub fn usual(moment: &Moment) -> Option<(End, End)> {
    let here = moment.tree.as_ref()?;
    let mut earlier = moment.runs.iter().rev();
    let before = earlier.find(|ran| ran.run.tree != here.tree);
    let old = before.map_or(End::Nothing, |ran| End::Run(ran.run.run));
    Some((old, self::here(moment)?))
}

/// An end in words.
#[must_use]
pub fn words(moment: &Moment, end: End) -> String {
    match end {
        End::Nothing => "nothing".to_owned(),
        End::Moment => "the newest files".to_owned(),
        End::Run(n) => {
            let ran = moment.runs.iter().find(|ran| ran.run.run == n);
            ran.map_or_else(
                || format!("run {n}"),
                |ran| format!("run {n} of cycle {}", ran.cycle),
            )
        }
    }
}
