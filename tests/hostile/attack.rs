//! What a row of the suite is.

use super::place::Place;
use std::collections::BTreeSet;

/// Harms seen from outside, by name.
pub type Harms = BTreeSet<String>;

/// Whose doing keeps a row's harms away.
#[derive(Clone, Copy, PartialEq)]
pub enum About {
    /// The sandbox: run under each tier.
    Walls,
    /// Our own code, whatever the tier: run once.
    Ours,
}

/// One attack.
pub struct Row {
    pub number: u32,
    pub name: &'static str,
    pub about: About,
    /// What is seen without walls (or, for our own code, where the obvious thing is done in its place).
    pub harms: fn() -> Vec<&'static str>,
    /// Lets the attack loose and says which harms were seen.
    pub attack: fn(&Place) -> Harms,
    /// (tier, harm, why) that is known to come through.
    pub open: &'static [(&'static str, &'static str, &'static str)],
}

/// A set of harms.
pub fn harms<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Harms {
    names.into_iter().map(Into::into).collect()
}

/// Whether this process may do what only root may.
pub fn root() -> bool {
    rustix::process::geteuid().is_root()
}
