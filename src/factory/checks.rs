//! The look at all model hosts before anything is started: the probes each role begins with, put together for all roles,
//! and short real turns with each model.

mod short;

use super::advice::advice;
use super::ports::model::{Fault, HostStatus, Models, subject};
use super::ports::settings::{HostKind, ModelRef, Settings};
use super::readiness::unset;
use crate::agents::acting::Style;
use crate::domain::finding::{Finding, Severity};
use crate::domain::phase::Role;
use futures_util::future::join_all;
use short::Turns;
use std::collections::{BTreeMap, BTreeSet};

/// What is looked at, and how.
pub struct Look<'a> {
    pub models: &'a dyn Models,
    pub settings: &'a Settings,
    /// Take short turns with each model.
    pub turn: bool,
    /// Roles that may spend nothing more, and why: none is taken with a paid model that only they work with.
    pub unpaid: BTreeMap<Role, String>,
    /// Only this host, and nothing about the roles.
    pub host: Option<&'a str>,
    /// Told what is being waited for, by subject; None when it is over.
    pub tell: &'a (dyn Fn(&str, Option<&str>) + Sync),
}

/// What one model was found to be.
struct Seen {
    subject: String,
    live: bool,
    /// Where tools were tried.
    refuses_tools: bool,
    findings: Vec<Finding>,
}

impl Look<'_> {
    /// Looks at every host with every model that roles name on it, hosts side by side, and says what that means for the roles.
    pub async fn findings(&self) -> Vec<Finding> {
        let only = |host: &String| self.host.is_none_or(|only| only == *host);
        let wanted = wanted(self.settings)
            .into_iter()
            .filter(|(host, _)| only(host));
        let wanted: Vec<_> = wanted.collect();
        let looks = wanted.iter().map(|(host, models)| async move {
            let mut seen = Vec::new();
            for model in models {
                let one = self.one(host, model).await;
                let dead = one
                    .findings
                    .iter()
                    .any(|finding| finding.subject == *host && finding.severity == Severity::Error);
                seen.push(one);
                if dead {
                    // The others would only say the same again.
                    break;
                }
            }
            seen
        });
        let seen: Vec<Seen> = join_all(looks).await.into_iter().flatten().collect();
        let roles: Vec<Finding> = Role::ALL
            .into_iter()
            .map(|role| self.role(role, &seen))
            .collect();
        let needed = self.needed(&seen);
        let mut all: Vec<Finding> = Vec::new();
        for mut finding in seen.iter().flat_map(|one| one.findings.clone()) {
            let host = finding.subject.split('/').next().unwrap_or_default();
            // What nobody waits for keeps nobody from working.
            let spare = self.host.is_none() && !needed.contains(host);
            if finding.severity == Severity::Error && spare {
                finding.severity = Severity::Warning;
            }
            if !all.contains(&finding) {
                all.push(finding);
            }
        }
        if self.host.is_none() {
            all.extend(roles);
            all.extend(advice(self.settings));
        }
        all
    }

    /// Hosts of roles none of whose models can be used.
    fn needed(&self, seen: &[Seen]) -> BTreeSet<String> {
        let stuck = Role::ALL.into_iter().filter(|role| {
            let models = candidates(self.settings, *role);
            !models.iter().any(|model| self.usable(*role, model, seen))
        });
        stuck
            .flat_map(|role| candidates(self.settings, role))
            .map(|model| model.host.clone())
            .collect()
    }

    /// Whether a role can work with a model.
    fn usable(&self, role: Role, model: &ModelRef, seen: &[Seen]) -> bool {
        let (name, tools) = (model.to_string(), self.by_tools(role));
        let found = seen.iter().find(|one| one.subject == name);
        found.is_some_and(|one| one.live && !(tools && one.refuses_tools))
    }

    /// Only the Developer is offered tools, and only where the settings say so.
    fn by_tools(&self, role: Role) -> bool {
        role == Role::Developer && self.settings.developer.edits == Some(Style::Tools)
    }

    async fn one(&self, host: &str, model: &str) -> Seen {
        let name = subject(host, model);
        (self.tell)(&name, Some("asking it"));
        let mut status = self.models.probe(host, model).await;
        let named = ModelRef {
            host: host.to_owned(),
            model: model.to_owned(),
        };
        status
            .findings
            .extend(torn(self.models, self.settings, &named));
        let kind = self.settings.hosts.get(host).map(|host| host.kind);
        let asked = self.turn && !model.is_empty() && kind != Some(HostKind::Scripted);
        let paid = asked && !self.models.free(host, model);
        let mut turns = Turns::default();
        if status.live
            && let Some(why) = self.unpaid(&named).filter(|_| paid)
        {
            let words = format!("took no short turn, which would cost money: {why}");
            status.findings.push(Finding::note(&name, words));
        } else if status.live && asked {
            turns = self.short_turns(&named, &name).await;
            status = merged(status, self.models.probe(host, model).await);
            status.live &= !turns.fails;
            status.findings.append(&mut turns.findings);
        }
        (self.tell)(&name, None);
        Seen {
            subject: name,
            // One that is busy will be there.
            live: status.live || status.fault == Some(Fault::Busy),
            refuses_tools: turns.refuses_tools,
            findings: status.findings,
        }
    }

    /// Why none of its roles may pay for a turn with a model.
    fn unpaid(&self, model: &ModelRef) -> Option<&String> {
        let works = |role: &Role| all_of(self.settings, *role).any(|one| one == model);
        let whys = Role::ALL.into_iter().filter(works);
        let whys: Option<Vec<&String>> = whys.map(|role| self.unpaid.get(&role)).collect();
        whys?.first().copied()
    }

    /// What a role has to work with.
    fn role(&self, role: Role, seen: &[Seen]) -> Finding {
        let name = role.to_string();
        if self.settings.role(role).external {
            return Finding::note(name, "another program takes its turns");
        }
        let models = candidates(self.settings, role);
        let Some(first) = models.first() else {
            return match role {
                Role::Supervisor => {
                    Finding::note(name, "no model: you review, with dev-factory decide")
                }
                _ => {
                    let words = unset(role);
                    let (what, remedy) = words.split_once(": ").unwrap_or((&words, ""));
                    Finding::error(name, what, remedy)
                }
            };
        };
        let usable = |model: &&&ModelRef| self.usable(role, model, seen);
        match models.iter().find(usable) {
            Some(model) if model == first => Finding::fine(name, format!("works with {model}")),
            Some(model) => Finding::warning(
                name,
                format!("works with {model} in place of {first}"),
                "mend what is said of the first",
            ),
            None => Finding::error(
                name,
                format!("cannot work: {} cannot be used", named(&models)),
                "mend what is said of its host, or name another model under its role",
            ),
        }
    }
}

fn named(models: &[&ModelRef]) -> String {
    let names: Vec<String> = models.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Models a role works with by itself, first choice first.
fn candidates(settings: &Settings, role: Role) -> Vec<&ModelRef> {
    let own = settings.role(role);
    match own.external {
        true => Vec::new(),
        false => own.model.iter().chain(&own.fallback).collect(),
    }
}

/// All models a role may come to work with.
fn all_of(settings: &Settings, role: Role) -> impl Iterator<Item = &ModelRef> {
    let others = settings.role(role).others.iter();
    candidates(settings, role).into_iter().chain(others)
}

/// Models by host; a host without one is asked for itself.
fn wanted(settings: &Settings) -> BTreeMap<String, BTreeSet<String>> {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for host in settings.hosts.keys() {
        wanted.entry(host.clone()).or_default();
    }
    for model in Role::ALL.iter().flat_map(|role| all_of(settings, *role)) {
        let models = wanted.entry(model.host.clone()).or_default();
        models.insert(model.model.clone());
    }
    for models in wanted.values_mut().filter(|models| models.is_empty()) {
        models.insert(String::new());
    }
    wanted
}

/// A model that Ollama loads anew whenever the factory turns from one name of the server to another: roles name it under
/// both, and these ask for different windows.
pub fn torn(models: &dyn Models, settings: &Settings, model: &ModelRef) -> Option<Finding> {
    let lines = models.lines();
    let line = lines.iter().find(|line| line.hosts.contains(&model.host))?;
    let window = |host: &String| {
        let host = settings.hosts.get(host)?;
        (host.kind == HostKind::Ollama).then_some(host.num_ctx)
    };
    let own = window(&model.host)?;
    let named = |host: &String| {
        let roles = Role::ALL.into_iter().map(|role| settings.role(role));
        roles
            .flat_map(|role| role.model.iter().chain(&role.fallback).chain(&role.others))
            .any(|other| other.host == *host && other.model == model.model)
    };
    let other = |host: &&String| named(host) && window(host).is_some_and(|window| window != own);
    let other = line.hosts.iter().find(other)?;
    let theirs = window(other)?;
    Some(Finding::warning(
        model.to_string(),
        format!(
            "is {other}/{} too, on one Ollama server: {} asks for {own} tokens of context and {other} for {theirs}, so each change between them has the model loaded anew",
            model.model, model.host
        ),
        format!(
            "give hosts.{}.num_ctx and hosts.{other}.num_ctx the same value in factory.toml",
            model.host
        ),
    ))
}

/// What is so after the turn, and what only another client could have brought about before it.
fn merged(before: HostStatus, mut after: HostStatus) -> HostStatus {
    let warned = before
        .findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Warning);
    for finding in warned {
        if !after.findings.contains(&finding) {
            after.findings.push(finding);
        }
    }
    after
}
