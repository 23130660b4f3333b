//! `probe`: asks a running engine to try its hosts, or tries them here and says what each one answers.

use super::args::Cli;
use super::out::{self, Done, code};
use super::{send, threads, wire};
use crate::adapters::store::readers;
use crate::domain::command::{Answer, Verb};
use crate::domain::phase::Role;
use crate::factory::ports::model::{HostStatus, Models};
use crate::factory::ports::settings::Settings;
use std::path::Path;

/// Tries one host or all; exit 1 when one cannot be used.
pub fn run(cli: &Cli, home: &Path, host: Option<String>) -> Done {
    let settings = wire::settings(cli, Some(home), wire::probe_machine()?)?.settings;
    if let Some(name) = host
        .as_ref()
        .filter(|name| !settings.hosts.contains_key(*name))
    {
        let sentence = settings.no_such_host(name);
        return send::report(
            cli,
            &Answer {
                accepted: false,
                sentence,
            },
        );
    }
    if readers::engine(home).is_some() {
        let command = send::command(Verb::Probe { host }, None);
        return send::report(cli, &send::send(cli, home, &command)?);
    }
    let found = look(&settings, host.as_deref())?;
    let live = found.iter().all(|(_, status)| status.live);
    if cli.json {
        let found: Vec<_> = found.iter().map(|(_, status)| status).collect();
        out::say(serde_json::json!(found))?;
    } else if found.is_empty() {
        out::say("no host is set and no model server answers on this machine")?;
    } else {
        let rows: Vec<Vec<String>> = found.into_iter().map(row).collect();
        out::put(&out::table(&rows))?;
    }
    Ok(if live { 0 } else { code::FAILED })
}

/// What the hosts say about the models that roles want of them; one nobody wants is asked for itself.
fn look(settings: &Settings, host: Option<&str>) -> Result<Vec<(String, HostStatus)>, out::Fail> {
    let wanted = settings
        .hosts
        .keys()
        .filter(|name| host.is_none_or(|host| host == *name));
    let mut questions: Vec<(&str, String)> = Vec::new();
    for name in wanted {
        let mut models: Vec<String> = Role::ALL
            .into_iter()
            .filter_map(|role| settings.role(role).model.as_ref())
            .filter(|model| model.host == *name)
            .map(|model| model.model.clone())
            .collect();
        models.dedup();
        if models.is_empty() {
            models.push(String::new());
        }
        questions.extend(models.into_iter().map(|model| (name.as_str(), model)));
    }
    let hosts = wire::models(settings);
    let asked = questions.iter().map(|(host, model)| async {
        let status = hosts.probe(host, model).await;
        (model.clone(), status)
    });
    Ok(threads::runtime()?.block_on(futures_util::future::join_all(asked)))
}

fn row((model, status): (String, HostStatus)) -> Vec<String> {
    let mark = if status.live { "ok" } else { "away" };
    let name = if model.is_empty() {
        status.host
    } else {
        format!("{}/{model}", status.host)
    };
    vec![name, mark.to_owned(), status.words]
}
