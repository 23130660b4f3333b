//! What the job's own process gives up just before it becomes the job: session, resources, capabilities, files it
//! may open, system calls.

use super::filter::Sockets;
use super::{Named, Step, filter};
use crate::adapters::sandbox::policy::Policy;
use crate::adapters::sandbox::tier::Tier;
use crate::factory::ports::sandbox::Network;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CapabilitySet, CapabilitySets};
use std::io;
use std::path::Path;

/// Landlock of this version also keeps signals and abstract sockets in; older ones are no walls by themselves.
const WHOLE: ABI = ABI::V6;
/// Files of the system that may be read and written where there is no root of its own.
const NODES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];
/// What programs look up about machine and user, where there is no root of its own.
const FACTS: [&str; 8] = [
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
    "/proc/version",
    "/proc/sys/kernel",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
];

/// The walls of the job's process, made ready.
pub struct Walls {
    rules: Option<RulesetCreated>,
    whole: bool,
    filters: Vec<seccompiler::BpfProgram>,
    limits: Vec<(Resource, u64)>,
}

impl Walls {
    /// Makes them ready: what can fail for reasons of the policy fails here.
    pub fn new(policy: &Policy) -> Step<Self> {
        let needed = matches!(policy.tier, Tier::Bwrap | Tier::Namespaces | Tier::Landlock);
        let mut walls = Self {
            rules: None,
            whole: policy.tier == Tier::Landlock,
            filters: Vec::new(),
            limits: limits(policy),
        };
        if !policy.tier.walls() {
            return Ok(walls);
        }
        let sockets = match (policy.tier, policy.network) {
            (_, Network::None) | (Tier::Landlock, Network::Loopback) => Sockets::None,
            // The network of the machine, where Landlock knows the ports of streams alone.
            (Tier::Landlock, Network::Registry) => Sockets::Streams,
            _ => Sockets::Internet,
        };
        // npm sets modes of what it unpacks; it runs nothing of it.
        let attributes = policy.tier != Tier::Landlock || policy.network == Network::Registry;
        match filter::programs(sockets, attributes) {
            Ok(filters) => walls.filters = filters,
            Err(error) if needed => return Err(format!("system call filter: {error}")),
            // Some other kernel stands behind a wrapper; the probe judges what it lets through.
            Err(_) => {}
        }
        match rules(policy) {
            Ok(rules) => walls.rules = Some(rules),
            Err(error) if walls.whole => return Err(format!("Landlock: {error}")),
            Err(_) => {}
        }
        Ok(walls)
    }

    /// Puts the calling process behind them.
    pub fn close(&mut self) -> io::Result<()> {
        rustix::process::setsid()?;
        for (resource, most) in &self.limits {
            limit(*resource, *most)?;
        }
        rustix::thread::set_no_new_privs(true)?;
        let none = CapabilitySet::empty();
        rustix::thread::set_capabilities(
            None,
            CapabilitySets {
                effective: none,
                permitted: none,
                inheritable: none,
            },
        )?;
        if let Some(rules) = self.rules.take() {
            let status = rules.restrict_self().map_err(io::Error::other)?;
            if self.whole && status.ruleset != RulesetStatus::FullyEnforced {
                return Err(io::Error::other("Landlock is older than version 6"));
            }
        }
        for program in &self.filters {
            seccompiler::apply_filter(program).map_err(io::Error::other)?;
        }
        Ok(())
    }
}

/// Resources of one process. The size of its address space is not limited: Node.js reserves far more than it uses.
fn limits(policy: &Policy) -> Vec<(Resource, u64)> {
    let limits = &policy.limits;
    vec![
        (Resource::Core, 0),
        (Resource::Fsize, limits.file),
        (Resource::Nofile, limits.open_files.into()),
        (Resource::Cpu, limits.cpu.as_secs().max(1)),
        (Resource::Nproc, policy.crowd),
        // A backstop: the total is watched, and named when it is reached.
        (
            Resource::Data,
            limits.memory.saturating_add(limits.memory / 2),
        ),
    ]
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let hard = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let current = most.min(hard);
    // A process that ignores the signal of the processor limit is killed a second later.
    let room = u64::from(resource == Resource::Cpu);
    let maximum = current.saturating_add(room).min(hard);
    Ok(setrlimit(
        resource,
        Rlimit {
            current: Some(current),
            maximum: Some(maximum),
        },
    )?)
}

/// Files it may open. With a root of its own everything there may be read, and only writing is narrowed.
fn rules(policy: &Policy) -> Step<RulesetCreated> {
    let (read, all) = (AccessFs::from_read(WHOLE), AccessFs::from_all(WHOLE));
    let here = policy.tier == Tier::Landlock && policy.network == Network::Registry;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .step("files")?
        .scope(Scope::from_all(WHOLE))
        .step("scope")?;
    if here {
        ruleset = ruleset
            .handle_access(AccessNet::from_all(WHOLE))
            .step("ports")?;
    }
    let mut rules = ruleset.create().step("rules")?;
    if here && let Some(port) = policy.port {
        rules = rules
            .add_rule(NetPort::new(port, AccessNet::ConnectTcp))
            .step("port")?;
    }
    let node = read | AccessFs::WriteFile | AccessFs::IoctlDev;
    let writable = policy.write.iter().chain([&policy.scratch]);
    let rules = rules
        .add_rules(path_beneath_rules(writable, all))
        .step("writable folders")?;
    let rules = if policy.tier == Tier::Landlock {
        rules
            .add_rules(path_beneath_rules(&policy.read, read))
            .step("readable folders")?
            .add_rules(path_beneath_rules(FACTS, read))
            .step("facts")?
    } else {
        rules
            .add_rules(path_beneath_rules([Path::new("/")], read))
            .step("root")?
    };
    rules
        .add_rules(path_beneath_rules(NODES, node))
        .step("devices")
}
