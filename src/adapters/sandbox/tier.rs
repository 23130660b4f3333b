//! The ways to keep a run in its box, strongest first.

use super::scope::Around;
use serde::{Deserialize, Serialize};

/// Who builds the walls of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// bubblewrap makes namespaces and a minimal root; we limit and filter inside.
    Bwrap,
    /// We make the namespaces and the minimal root ourselves.
    Namespaces,
    /// No namespaces: Landlock and a filter that allows no sockets.
    Landlock,
    /// The operator's own command; we limit and filter inside as far as it lets us.
    Wrapper,
    /// No walls: compiled-in replies only.
    Demo,
    /// No walls, accepted by a person.
    None,
}

impl Tier {
    /// Those with walls, in the order they are tried.
    pub const WALLS: [Self; 4] = [Self::Bwrap, Self::Namespaces, Self::Landlock, Self::Wrapper];

    /// Its name in evidence, settings and on screens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bwrap => "bwrap",
            Self::Namespaces => "namespaces",
            Self::Landlock => "landlock",
            Self::Wrapper => "wrapper",
            Self::Demo => "demo",
            Self::None => "none",
        }
    }

    /// The same where each run has something around it that the kernel counts its memory by.
    #[must_use]
    pub fn within(self, around: Around) -> &'static str {
        match (self, around) {
            (Self::Bwrap, Around::Scope) => "bwrap+scope",
            (Self::Bwrap, Around::Cgroup) => "bwrap+cgroup",
            (Self::Namespaces, Around::Scope) => "namespaces+scope",
            (Self::Namespaces, Around::Cgroup) => "namespaces+cgroup",
            (Self::Landlock, Around::Scope) => "landlock+scope",
            (Self::Landlock, Around::Cgroup) => "landlock+cgroup",
            (Self::Wrapper | Self::Demo | Self::None, _) => self.as_str(),
        }
    }

    /// Whether there are walls at all.
    #[must_use]
    pub fn walls(self) -> bool {
        Self::WALLS.contains(&self)
    }

    /// Whether the end of the run's first process is, by the kernel, the end of all.
    #[must_use]
    pub fn own_processes(self) -> bool {
        matches!(self, Self::Bwrap | Self::Namespaces)
    }

    /// Whether the loopback of a run is its own. One of the machine's would let it reach whatever listens there, so no
    /// wrapper with that passes the probe.
    #[must_use]
    pub fn own_network(self) -> bool {
        self.own_processes() || self == Self::Wrapper && cfg!(target_os = "linux")
    }

    /// Whether a run sees a root and a /tmp of its own.
    #[must_use]
    pub fn own_root(self) -> bool {
        self.own_processes()
    }
}
