//! A host's new address, written into the settings file that names the host; comments and order there stay. Nothing is
//! written that the settings would not take, or that something else would win over.

use super::args::Cli;
use super::out::Fail;
use super::wire;
use crate::adapters::store::files;
use crate::config::{self, Inputs, Problem, Source, schema};
use crate::domain::command::Answer;
use crate::text::secret::Secret;
use std::fs;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, Table, value};

/// Writes it; the engine of the home sees the change and reads its settings again.
pub fn set(cli: &Cli, home: &Path, host: &str, url: &str) -> Answer {
    let inputs = wire::inputs(cli, Some(home), Vec::new()).map_err(|fail| match fail {
        Fail::Said(_, sentence) => sentence,
        other => format!("{other:?}"),
    });
    let (accepted, sentence) = match inputs.and_then(|inputs| written(&inputs, host, url)) {
        Ok(file) => (
            true,
            format!(
                "{host}'s address is written into {}; the engine reads it",
                file.display()
            ),
        ),
        Err(sentence) => (false, sentence),
    };
    Answer { accepted, sentence }
}

/// One settings file.
struct Found {
    path: PathBuf,
    text: String,
    parsed: DocumentMut,
}

impl Found {
    /// None = there is no such file.
    fn read(path: &Path) -> Result<Option<Self>, String> {
        if !path.exists() {
            return Ok(None);
        }
        let told = |error| format!("{}: {error}", path.display());
        let text = fs::read_to_string(path).map_err(told)?;
        let parsed = text.parse::<DocumentMut>().map_err(|error| {
            let words = error.message().replace('\n', ", ");
            format!("{} is not valid TOML: {words}", path.display())
        })?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            text,
            parsed,
        }))
    }

    fn names(&self, host: &str, with_url: bool) -> bool {
        let table = self.parsed.get("hosts").and_then(|hosts| hosts.get(host));
        table.is_some_and(|table| !with_url || table.get("url").is_some())
    }
}

fn written(inputs: &Inputs, host: &str, url: &str) -> Result<PathBuf, String> {
    let url = whole(host, url)?;
    let Found {
        path,
        text,
        mut parsed,
    } = file_of(inputs, host)?;
    change(&mut parsed, host, &url)?;
    let mut new = parsed.to_string();
    if text.contains("\r\n") {
        new = new.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    let with = Inputs {
        instead: Some((path.clone(), new.clone())),
        ..inputs.clone()
    };
    fits(inputs, &with, host)?;
    replace(&path, &text, &new)?;
    Ok(path)
}

/// The address as the settings take it; who writes no scheme means http.
fn whole(host: &str, url: &str) -> Result<String, String> {
    let small = url.to_ascii_lowercase();
    let schemed = ["http:", "https:"].iter().any(|one| small.starts_with(one));
    let text = match schemed || url.contains("://") {
        true => url.to_owned(),
        false => format!("http://{url}"),
    };
    config::address(&format!("hosts.{host}.url"), text)
}

/// The file that says where a host is: the user's own wins where both do.
fn file_of(inputs: &Inputs, host: &str) -> Result<Found, String> {
    let home = inputs.home.as_deref().unwrap_or(Path::new("."));
    let own = home.join("dev-factory").join("factory.toml");
    // Agents write in the home: a link there could lead anywhere.
    if fs::symlink_metadata(&own).is_ok_and(|meta| meta.is_symlink()) {
        return Err(format!(
            "{} is a link: write the address where it leads, by hand",
            own.display()
        ));
    }
    let user = inputs.user_file.as_deref().map(Found::read).transpose()?;
    let own = Found::read(&own)?;
    // Found on this machine by looking, under the name of its kind: the home's own file gets it.
    let kind = schema::KINDS.contains(&host) && own.is_some();
    let mut files: Vec<Found> = user.flatten().into_iter().chain(own).collect();
    let at = [true, false]
        .into_iter()
        .find_map(|with_url| files.iter().position(|file| file.names(host, with_url)))
        .or_else(|| kind.then(|| files.len() - 1));
    let found = at.map(|at| files.swap_remove(at));
    found.ok_or_else(|| {
        format!("no settings file names {host}: write [hosts.{host}] with its url into dev-factory/factory.toml")
    })
}

/// Whether the settings would be in force with it, and the address among them.
fn fits(now: &Inputs, with: &Inputs, host: &str) -> Result<(), String> {
    // Where a host is has nothing to do with its key, which may cost a person a touch to fetch.
    let load = |inputs| config::load(inputs, &|_| Ok(Secret::new("not looked at".to_owned())));
    let loaded = match load(with) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let known = load(now).err().unwrap_or_default();
            let said = |problem: &Problem| known.iter().any(|old| old.sentence == problem.sentence);
            let new = problems.iter().find(|problem| !said(problem));
            return new.map_or(Ok(()), |new| Err(new.sentence.clone()));
        }
    };
    let key = format!("hosts.{host}.url");
    match loaded.sources.iter().find(|shown| shown.key == key) {
        Some(shown) if !matches!(shown.source, Source::File { .. }) => Err(format!(
            "the {} says where {host} is: change it there",
            shown.source
        )),
        _ => Ok(()),
    }
}

/// The url of a host, its decoration kept.
fn change(text: &mut DocumentMut, host: &str, url: &str) -> Result<(), String> {
    let hosts = text
        .entry("hosts")
        .or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        })
        .as_table_like_mut()
        .ok_or("hosts is no table")?;
    if hosts.get(host).is_none() {
        let mut table = Table::new();
        table.insert("kind", value(host));
        hosts.insert(host, Item::Table(table));
    }
    let table = hosts
        .get_mut(host)
        .and_then(Item::as_table_like_mut)
        .ok_or_else(|| format!("hosts.{host} is no table"))?;
    let mut new = toml_edit::Value::from(url);
    match table.get_mut("url") {
        Some(old) => {
            if let Some(value) = old.as_value() {
                *new.decor_mut() = value.decor().clone();
            }
            *old = Item::Value(new);
        }
        None => drop(table.insert("url", Item::Value(new))),
    }
    Ok(())
}

/// The file as a whole or not at all, with the owner and permissions it has; a link stays a link.
fn replace(path: &Path, old: &str, new: &str) -> Result<(), String> {
    let told = |error| format!("{}: {error}", path.display());
    let real = path.canonicalize().map_err(told)?;
    if fs::read_to_string(&real).map_err(told)? != old {
        let shown = path.display();
        return Err(format!("{shown} has just been changed: try once more"));
    }
    let folder = real.parent().unwrap_or(Path::new("."));
    files::put(folder, &real, new.as_bytes(), true).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
