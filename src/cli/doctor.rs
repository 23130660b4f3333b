//! `doctor`: what this machine has of what a factory needs, as one list of findings in text or JSON.

mod machine;
mod progress;
mod sandboxes;

use super::args::{Cli, DoctorArgs};
use super::out::{self, Done, Fail, code};
use super::signals::{self, Endings};
use super::{home, threads, wire};
use crate::adapters::clock::SystemClock;
use crate::adapters::sandbox::Choice;
use crate::adapters::store::readers;
use crate::config::Loaded;
use crate::domain::budget;
use crate::domain::decide::Limits;
use crate::domain::finding::{Finding, Severity};
use crate::domain::phase::Role;
use crate::factory::checks::Look;
use crate::factory::ports::clock::Clock;
use crate::text::plural::plural;
use progress::Progress;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything that was found.
struct Found {
    findings: Vec<Finding>,
    /// The sandboxes, where they were looked at.
    sandbox: Option<Choice>,
    /// Settings cannot be read.
    unsettled: bool,
}

/// Looks at everything, or at the sandboxes alone.
pub fn run(cli: &Cli, args: &DoctorArgs) -> Done {
    let home = match &cli.home {
        Some(dir) => Some(home::resolve(Some(dir))?),
        None => home::resolve(None).ok(),
    };
    if args.sandbox {
        return sandboxes::run(cli, home.as_deref());
    }
    let progress = Progress::new(!cli.json);
    let look = async {
        let mut endings = Endings::listen()?;
        let shown = progress.shown();
        tokio::select! {
            ended = endings.next() => Ok(Err(ended)),
            found = whole(cli, args, home, &progress) => found.map(Ok),
            never = shown => match never {},
        }
    };
    let found = threads::runtime()?.block_on(look);
    progress.clear();
    let found = match found? {
        Ok(found) => found,
        Err(signal) => {
            out::note("stopped before everything was looked at");
            return Ok(signals::code(signal));
        }
    };
    match cli.json {
        true => out::say(value(&found))?,
        false => out::put(&text(&found.findings))?,
    }
    Ok(exit(&found))
}

/// All findings: settings first, then hosts and roles, then the machine.
async fn whole(
    cli: &Cli,
    args: &DoctorArgs,
    home: Option<PathBuf>,
    progress: &Progress,
) -> Result<Found, Fail> {
    progress.tell("settings", Some("reading them"));
    let home = home.as_deref();
    let settled = settled(cli, home);
    progress.tell("settings", None);
    let mut findings = Vec::new();
    if let (Some(host), Ok(loaded)) = (&args.host, &settled) {
        known(host, loaded)?;
        return Ok(Found {
            findings: of_hosts(args, home, loaded, progress).await,
            sandbox: None,
            unsettled: false,
        });
    }
    let wrapper = match &settled {
        Ok(loaded) => loaded.settings.wrapper.clone(),
        Err(_) => Vec::new(),
    };
    let hosts = async {
        match &settled {
            Ok(loaded) => of_hosts(args, home, loaded, progress).await,
            Err(_) => Vec::new(),
        }
    };
    let (hosts, sandbox) = tokio::join!(hosts, sandboxes::survey(&wrapper, progress));
    let sandbox = sandbox?;
    let unsettled = settled.is_err();
    findings.extend(machine::settings(settled));
    findings.extend(machine::souls(home));
    findings.extend(hosts);
    progress.tell("node, npm, git, disk", Some("looking"));
    findings.extend(machine::programs());
    findings.extend(machine::disk(home));
    progress.tell("node, npm, git, disk", None);
    findings.push(sandboxes::finding(&sandbox));
    Ok(Found {
        findings,
        sandbox: Some(sandbox),
        unsettled,
    })
}

/// The settings name the host.
fn known(host: &str, loaded: &Loaded) -> Result<(), Fail> {
    let hosts = &loaded.settings.hosts;
    if hosts.contains_key(host) {
        return Ok(());
    }
    let names: Vec<&str> = hosts.keys().map(String::as_str).collect();
    Err(Fail::usage(format!(
        "no host is called {host:?}; there are: {}",
        names.join(", ")
    )))
}

fn settled(cli: &Cli, home: Option<&Path>) -> Result<Loaded, Fail> {
    wire::settings(cli, home, wire::probe_machine()?)
}

/// Hosts and roles. Beside an engine at work no turn is taken: it would stand in its way.
async fn of_hosts(
    args: &DoctorArgs,
    home: Option<&Path>,
    loaded: &Loaded,
    progress: &Progress,
) -> Vec<Finding> {
    let engine = home.and_then(readers::engine);
    let models = wire::models(&loaded.settings);
    let look = Look {
        models: &models,
        settings: &loaded.settings,
        turn: !args.no_turn && engine.is_none(),
        unpaid: home.map_or_else(BTreeMap::new, |home| spent(home, &loaded.settings.limits)),
        host: args.host.as_deref(),
        tell: &|subject, doing| progress.tell(subject, doing),
    };
    let mut findings = look.findings().await;
    if engine.is_some() && !args.no_turn {
        findings.push(Finding::note(
            "engine",
            "an engine works in this home, so no short turns were taken; its own speeds stand in the screens",
        ));
    }
    findings
}

/// Roles that a limit keeps from paid turns, its own or the factory's, and the limit in words: all of them where nobody
/// knows what was spent.
fn spent(home: &Path, limits: &Limits) -> BTreeMap<Role, String> {
    let factory = match readers::factory(home) {
        Ok(found) => found.factory,
        Err(error) => {
            let why = format!("what was spent in the last 24 hours is not known: {error}");
            return Role::ALL.map(|role| (role, why.clone())).into();
        }
    };
    let Some(factory) = factory else {
        return BTreeMap::new();
    };
    let now = SystemClock.now();
    let over = |role| budget::over_role(&factory, limits, role, true, now);
    let words = |role| Some((role, format!("{} within 24 hours", over(role)?.words())));
    Role::ALL.into_iter().filter_map(words).collect()
}

/// One line a finding, what to do below it, and the sum.
fn text(findings: &[Finding]) -> String {
    let cell = |text: &str| text.to_owned();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for finding in findings {
        let severity = finding.severity.to_string();
        rows.push(vec![
            severity,
            finding.subject.clone(),
            finding.what.clone(),
        ]);
        if !finding.remedy.is_empty() {
            rows.push(vec![cell(""), cell(""), format!("-> {}", finding.remedy)]);
        }
    }
    let text = out::table(&rows);
    let count = |severity| {
        let found = findings.iter().filter(|one| one.severity == severity);
        found.count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let sum = match (errors, warnings) {
        (0, 0) => "Everything is as it should be.".to_owned(),
        (0, warnings) => format!("{} and no errors: it works.", plural(warnings, "warning")),
        (errors, 0) => format!("{}.", plural(errors, "error")),
        (errors, warnings) => format!(
            "{} and {}: mend the errors first.",
            plural(errors, "error"),
            plural(warnings, "warning")
        ),
    };
    format!("{text}\n{sum}\n")
}

fn value(found: &Found) -> Value {
    let mut object = Map::new();
    object.insert("ok".to_owned(), json!(exit(found) == 0));
    object.insert("findings".to_owned(), json!(found.findings));
    if let Some(sandbox) = &found.sandbox {
        object.insert("sandbox".to_owned(), sandboxes::value(sandbox));
    }
    Value::Object(object)
}

/// Settings that cannot be read come first, then a machine where nothing can be run, then all other errors.
fn exit(found: &Found) -> u8 {
    let wrong = |finding: &Finding| finding.severity == Severity::Error;
    if found.unsettled {
        code::USAGE
    } else if found
        .sandbox
        .as_ref()
        .is_some_and(|sandbox| sandbox.tier.is_none())
    {
        code::NO_SANDBOX
    } else if found.findings.iter().any(wrong) {
        code::FAILED
    } else {
        0
    }
}
