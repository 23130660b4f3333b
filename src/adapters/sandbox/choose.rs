//! Picks the strongest tier that holds on this machine, and remembers it until something changes.

use super::known::{self, Known};
use super::probe::{Findings, probe, way_out};
use super::scope::{self, Around, Scopes};
use super::start::Means;
use super::tier::Tier;
use super::{Setup, Walls, bwrap, trust};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

/// What was found about one tier.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Which.
    pub tier: Tier,
    /// Its parts, as found: "0.8.0", "ABI 7", or what is missing.
    pub found: String,
    /// What the probe found; nothing was tried when `failed` says why.
    pub findings: Findings,
    /// Whether npm's way to the registry passes a wrapper that holds, and why not; None = not tried.
    pub way_out: Option<Result<(), String>>,
}

/// What this machine has.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The tier runs use; None = there is none that holds.
    pub tier: Option<Tier>,
    /// Every tier looked at, in order; empty when the choice was remembered.
    pub tried: Vec<Tried>,
    /// What runs get around them; why nothing.
    pub scope: Scoped,
    /// Why nothing could be looked at.
    pub trouble: Option<String>,
}

/// What was found about scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scoped {
    /// Each run gets one.
    Used(Around),
    /// None, with the reason.
    Not(String),
}

impl Default for Scoped {
    fn default() -> Self {
        Self::Not("no tier is used".to_owned())
    }
}

impl Choice {
    /// The walls of the chosen tier.
    #[must_use]
    pub fn walls(&self, setup: &Setup) -> Option<Walls> {
        let walls = self.tier.map(|tier| Walls::of(tier, setup))?;
        let scopes = match (&self.scope, &setup.systemd, &setup.place) {
            (Scoped::Used(Around::Scope), Some(systemd), _) => Some(Scopes::of(systemd.clone())),
            (Scoped::Used(Around::Cgroup), _, Some(place)) => Scopes::in_place(place).ok(),
            _ => None,
        };
        Some(walls.scoped(scopes))
    }
}

/// The tier to use: the remembered one, else the first that holds. `looking` is called before tiers are tried, which
/// may take seconds on a busy machine.
pub async fn choose(setup: &Setup, looking: impl FnOnce()) -> Choice {
    let key = key(setup);
    if let Some(known) = known::find(&setup.state, &key) {
        return Choice {
            tier: Some(known.tier),
            scope: match known.around {
                Some(around) => Scoped::Used(around),
                None => Scoped::Not("none when this was last tried".to_owned()),
            },
            ..Choice::default()
        };
    }
    let usable = usable(&setup.state);
    if usable.is_ok() {
        looking();
    }
    looked(setup, key, usable, false).await
}

/// Looks at every tier, whatever is remembered.
pub async fn survey(setup: &Setup) -> Choice {
    looked(setup, key(setup), usable(&setup.state), true).await
}

/// Looks at the tiers in their order, at `all` of them or up to the first that holds.
async fn looked(setup: &Setup, key: String, usable: Result<(), String>, all: bool) -> Choice {
    let mut choice = Choice {
        trouble: usable.err(),
        ..Choice::default()
    };
    for tier in Tier::WALLS {
        if choice.trouble.is_some() || choice.tier.is_some() && !all {
            break;
        }
        let mut tried = look(tier, setup).await;
        if all && tier == Tier::Wrapper && tried.findings.held() {
            tried.way_out = Some(way_out(&Means::of(tier, setup), &setup.state).await);
        }
        if tried.findings.held() && choice.tier.is_none() {
            choice.tier = Some(tier);
        }
        choice.tried.push(tried);
    }
    if let Some(tier) = choice.tier {
        choice.scope = scope(tier, setup).await;
        let around = match choice.scope {
            Scoped::Used(around) => Some(around),
            Scoped::Not(_) => None,
        };
        known::keep(&setup.state, &Known { key, tier, around });
    }
    choice
}

/// What runs of a tier get around them here, by what it does.
async fn scope(tier: Tier, setup: &Setup) -> Scoped {
    if tier == Tier::Wrapper {
        return Scoped::Not("the wrapper has to see to that".to_owned());
    }
    let systemd = match &setup.systemd {
        None => Err("systemd-run is not installed".to_owned()),
        Some(systemd) => Scopes::of(systemd.clone()).check(&setup.program).await,
    };
    let Err(mut why) = systemd else {
        return Scoped::Used(Around::Scope);
    };
    if let Some(place) = &setup.place {
        let checked = match Scopes::in_place(place) {
            Ok(scopes) => scopes.check(&setup.program).await,
            Err(why) => Err(why),
        };
        let Err(more) = checked else {
            return Scoped::Used(Around::Cgroup);
        };
        why = format!("{why}; the cgroup given to this process: {more}");
    }
    Scoped::Not(why)
}

/// Whether our folder outside every home can be written, which runs and their probe need.
fn usable(state: &Path) -> Result<(), String> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state);
    made.and_then(|()| tempfile::tempfile_in(state).map(drop))
        .map_err(|error| {
            format!(
                "{} cannot be written ({error}), and walls need a folder of yours outside every home: make it writable, or set XDG_CACHE_HOME to another one",
                state.display()
            )
        })
}

/// Looks at one tier.
async fn look(tier: Tier, setup: &Setup) -> Tried {
    let (found, missing) = match parts(tier, setup) {
        Ok(found) => (found, None),
        Err(missing) => (String::new(), Some(missing)),
    };
    let findings = match missing {
        Some(missing) => Findings {
            failed: Some(missing),
            ..Findings::default()
        },
        None => probe(&Means::of(tier, setup), &setup.state).await,
    };
    Tried {
        tier,
        found,
        findings,
        way_out: None,
    }
}

/// What a tier is made of here, or what is missing.
fn parts(tier: Tier, setup: &Setup) -> Result<String, String> {
    match tier {
        Tier::Bwrap => match bwrap::find() {
            Some(path) => Ok(bwrap::version(&path)),
            None => Err("not installed".to_owned()),
        },
        Tier::Landlock => match landlock() {
            Some(version) if version >= LANDLOCK => Ok(format!("ABI {version}")),
            Some(version) => Err(format!(
                "ABI {version}: needs {LANDLOCK} or newer (a test could signal your other processes)"
            )),
            None => Err("not in this kernel".to_owned()),
        },
        Tier::Wrapper if setup.wrapper.is_empty() => {
            Err("none is set (sandbox.command in your own settings)".to_owned())
        }
        Tier::Wrapper => Ok(setup.wrapper.first().cloned().unwrap_or_default()),
        _ if cfg!(target_os = "linux") => Ok(String::new()),
        _ => Err("only on Linux".to_owned()),
    }
}

/// Oldest version of Landlock that keeps signals in.
const LANDLOCK: i64 = 6;

/// The version of Landlock in this kernel.
#[cfg(target_os = "linux")]
fn landlock() -> Option<i64> {
    const VERSION: u32 = 1;
    // SAFETY: with this flag the call takes no attributes and only gives a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0_usize,
            VERSION,
        )
    };
    (version > 0).then_some(version)
}

#[cfg(not(target_os = "linux"))]
fn landlock() -> Option<i64> {
    None
}

/// Everything a choice depends on: kernel and this start of it, the programs, the service manager, who we are and what
/// we may do, settings of user namespaces, and the operator's command.
fn key(setup: &Setup) -> String {
    let name = rustix::system::uname();
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let file = |path: Option<&Path>| {
        let meta = path.and_then(|path| fs::metadata(path).ok());
        meta.map(|meta| {
            (
                meta.dev(),
                meta.ino(),
                meta.size(),
                meta.mtime(),
                meta.mtime_nsec(),
            )
        })
    };
    let all = format!(
        "{:?}",
        (
            (
                name.release(),
                name.version(),
                read("/proc/sys/kernel/random/boot_id")
            ),
            (file(bwrap::find().as_deref()), file(Some(&setup.program))),
            (
                file(setup.systemd.as_deref()),
                file(Some(&scope::manager())),
                &setup.place,
            ),
            (
                rustix::process::getuid().as_raw(),
                read("/proc/self/uid_map"),
                rights(&read("/proc/self/status")),
            ),
            super::advice::SWITCHES.map(|(path, _, _)| read(path)),
            &setup.wrapper,
        )
    );
    trust::hash(all.as_bytes())
}

/// What a process may do, by its status: a service may have less than the shell it was installed from.
fn rights(status: &str) -> Vec<&str> {
    const NAMES: [&str; 4] = ["CapBnd", "CapEff", "NoNewPrivs", "Seccomp"];
    let named = |line: &&str| NAMES.iter().any(|name| line.starts_with(name));
    status.lines().filter(named).collect()
}
