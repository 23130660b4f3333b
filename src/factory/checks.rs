//! The look at all model hosts before anything is started: the probes each role begins with, put together for all roles,
//! and a short real turn with each model.

use super::advice::advice;
use super::ports::model::{
    Delta, Fault, HostStatus, Message, ModelError, Models, Reply, Speaker, TurnRequest, subject,
};
use super::ports::settings::{HostKind, ModelRef, Settings};
use super::readiness::unset;
use crate::agents::prompt::{Mode, object};
use crate::agents::sampling;
use crate::domain::finding::{Finding, Severity};
use crate::domain::phase::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, timeout};

/// Longest a short turn may take, its model's loading included: Ollama itself gives up loading after as long.
const TURN: Duration = Duration::from_secs(300);
/// Below this a file of 4096 tokens takes a quarter of an hour.
const SLOW: f64 = 5.0;
/// With fewer tokens a speed says nothing.
const ENOUGH: u64 = 20;
/// Tokens a short turn may write: some sixty are needed.
const TOKENS: u32 = 256;

/// What is looked at, and how.
pub struct Look<'a> {
    pub models: &'a dyn Models,
    pub settings: &'a Settings,
    /// Take a short turn with each model.
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
        let live: BTreeSet<&str> = seen
            .iter()
            .filter(|one| one.live)
            .map(|one| one.subject.as_str())
            .collect();
        let roles: Vec<Finding> = Role::ALL
            .into_iter()
            .map(|role| self.role(role, &live))
            .collect();
        let needed = self.needed(&live);
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
    fn needed(&self, live: &BTreeSet<&str>) -> BTreeSet<String> {
        let stuck = Role::ALL.into_iter().filter(|role| {
            let models = candidates(self.settings, *role);
            !models
                .iter()
                .any(|model| live.contains(model.to_string().as_str()))
        });
        stuck
            .flat_map(|role| candidates(self.settings, role))
            .map(|model| model.host.clone())
            .collect()
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
        let turns = self.turn && !model.is_empty() && kind != Some(HostKind::Scripted);
        let paid = turns && !self.models.free(host, model);
        if status.live
            && let Some(why) = self.unpaid(&named).filter(|_| paid)
        {
            let words = format!("took no short turn, which would cost money: {why}");
            status.findings.push(Finding::note(&name, words));
        } else if status.live && turns {
            let taken = self.short_turn(host, model, &name).await;
            status = merged(status, self.models.probe(host, model).await);
            if taken
                .iter()
                .any(|finding| finding.severity == Severity::Error)
            {
                status.live = false;
            }
            status.findings.extend(taken);
        }
        (self.tell)(&name, None);
        Seen {
            subject: name,
            // One that is busy will be there.
            live: status.live || status.fault == Some(Fault::Busy),
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

    /// A short turn: whether it works, how fast, what it costs, and whether the answer fits a schema.
    async fn short_turn(&self, host: &str, model: &str, name: &str) -> Vec<Finding> {
        (self.tell)(name, Some("a short turn; loading a model may take minutes"));
        let request = request(host, model);
        let (pieces, mut arriving) = unbounded_channel();
        let asked = Instant::now();
        let first = async {
            let mut first = None;
            while let Some(piece) = arriving.recv().await {
                match piece {
                    Delta::Note(words) => (self.tell)(name, Some(&words)),
                    _ => first = first.or_else(|| Some(asked.elapsed())),
                }
            }
            first
        };
        let turn = timeout(TURN, self.models.turn(&request, pieces));
        let (reply, first) = tokio::join!(turn, first);
        let all = asked.elapsed();
        match reply {
            Ok(Ok(reply)) => told(name, &reply, first.unwrap_or(all), all),
            Ok(Err(error)) => vec![failed(name, &error)],
            Err(_) => vec![Finding::error(
                name,
                format!(
                    "gave no whole answer to a short turn within {} s",
                    TURN.as_secs()
                ),
                "see the log of the server, or name a smaller model",
            )],
        }
    }

    /// What a role has to work with.
    fn role(&self, role: Role, live: &BTreeSet<&str>) -> Finding {
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
        let usable = |model: &&&ModelRef| live.contains(model.to_string().as_str());
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

fn request(host: &str, model: &str) -> TurnRequest {
    let numbers = json!({"type": "array", "items": {"type": "integer"}});
    TurnRequest {
        label: "doctor/short-turn/0".to_owned(),
        host: host.to_owned(),
        model: model.to_owned(),
        messages: vec![
            Message::text(
                Speaker::System,
                "You answer with one JSON object and nothing else.",
            ),
            Message::text(
                Speaker::User,
                "Count from 1 to 20, as in {\"numbers\": [1, 2, 3]}.",
            ),
        ],
        think: false,
        max_tokens: TOKENS,
        sampling: sampling::of(model, Mode::Decide, 0.0),
        presence_penalty: 0.0,
        tools: Vec::new(),
        format: Some(object(&json!({ "numbers": numbers }))),
        seed: Some(1),
    }
}

/// What a reply tells.
fn told(name: &str, reply: &Reply, first: Duration, all: Duration) -> Vec<Finding> {
    let written = reply.output_tokens.map(|tokens| tokens as f64);
    let writing = all.saturating_sub(first).as_secs_f64();
    // A reply that came in one piece was written before its first byte was seen.
    let over = if writing > 0.05 {
        writing
    } else {
        all.as_secs_f64()
    };
    let speed = reply
        .tokens_per_second
        .or_else(|| Some(written? / over.max(0.001)));
    let mut words = format!(
        "took a short turn: first token after {} ms",
        first.as_millis()
    );
    if let Some(speed) = speed {
        words += &format!(", {speed:.1} tokens a second");
    }
    if let Some(usd) = reply.usd.filter(|usd| *usd > 0.0) {
        words += &format!(", for {usd:.4} USD, which no limit counts");
    }
    let fast = match speed {
        Some(speed) if speed < SLOW && reply.output_tokens >= Some(ENOUGH) => Finding::warning(
            name,
            words,
            "slow: a file takes a quarter of an hour; use a smaller model, or one that fits on the GPU",
        ),
        _ => Finding::fine(name, words),
    };
    let json = serde_json::from_str::<Value>(reply.text.trim()).ok();
    let fits = json.is_some_and(|value| value.get("numbers").is_some_and(Value::is_array));
    let form = match fits {
        // A model that always thinks may come no farther in so few tokens.
        false if reply.cut => Finding::note(
            name,
            "had not answered when its short turn was over, so it is not known whether it answers by a schema",
        ),
        true => Finding::fine(name, "answers in JSON by a schema"),
        false => Finding::warning(
            name,
            "does not answer in JSON by a schema, as verdicts are asked for",
            "expect replies that are asked for again, or name another model",
        ),
    };
    vec![fast, form]
}

/// A turn that failed although everything before looked well.
fn failed(name: &str, error: &ModelError) -> Finding {
    let words = format!("failed in a short turn: {error}");
    match error.fault {
        Fault::Busy => Finding::warning(name, words, error.fault.advice()),
        _ => Finding::error(name, words, error.fault.advice()),
    }
}
