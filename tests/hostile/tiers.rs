//! The tiers of this machine, and running without any.

use super::bare::Bare;
use super::tool;
use dev_factory::adapters::sandbox::{Setup, Tier as Kind, Walls};
use dev_factory::factory::ports::sandbox::{Job, Limits, Network, Sandbox};
use std::path::Path;
use std::sync::Arc;

/// Without walls: the control.
pub const NONE: &str = "no walls";
/// Rows about our own code.
pub const OURS: &str = "our code";

/// A tier, and why it cannot be had here.
pub struct Tier {
    pub name: &'static str,
    pub missing: Option<String>,
}

/// Those that need nothing installed; with all tools, bubblewrap too, and a wrapper that calls it.
const KINDS: &[Kind] = &[
    Kind::Namespaces,
    Kind::Landlock,
    #[cfg(feature = "full-tests")]
    Kind::Bwrap,
    #[cfg(feature = "full-tests")]
    Kind::Wrapper,
];

/// Tiers the suite asks for.
pub fn all() -> Vec<Tier> {
    let found = KINDS.iter().map(|kind| Tier {
        name: kind.as_str(),
        missing: missing(*kind),
    });
    found.collect()
}

/// Why a tier does not even run a program that does nothing.
fn missing(kind: Kind) -> Option<String> {
    let state = tempfile::tempdir().unwrap();
    let job = Job {
        command: vec!["/bin/sh".into(), "-c".into(), "exit 7".into()],
        cwd: "/usr".into(),
        stdin: Vec::new(),
        read: Vec::new(),
        write: Vec::new(),
        network: Network::Loopback,
        limits: Limits::default(),
        untrusted: Vec::new(),
        env: Vec::new(),
    };
    let walls = Walls::of(kind, &setup(kind, state.path()));
    let ended = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(walls.run(job));
    match ended {
        Ok(ended) if ended.exit == Some(7) => None,
        Ok(ended) => Some(format!("{ended:?}")),
        Err(error) => Some(error.to_string()),
    }
}

/// The sandbox of a trial; `state`: a folder for what walls need to keep.
pub fn sandbox(name: &str, state: &Path) -> Arc<dyn Sandbox> {
    if matches!(name, NONE | OURS) {
        return Arc::new(Bare);
    }
    Arc::new(walls(name, state))
}

/// The walls of a tier.
pub fn walls(name: &str, state: &Path) -> Walls {
    let kind = KINDS.iter().find(|kind| kind.as_str() == name);
    let kind = kind.unwrap_or_else(|| panic!("no tier is called {name}"));
    Walls::of(*kind, &setup(*kind, state))
}

/// What walls are built with; an operator's command lies beside what else is kept.
fn setup(kind: Kind, state: &Path) -> Setup {
    let wrapper = match kind {
        Kind::Wrapper => crate::wrapper::command(state),
        _ => Vec::new(),
    };
    Setup {
        wrapper,
        ..tool::setup(state)
    }
}
