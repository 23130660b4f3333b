//! Settings files to Settings: layers, later wins; every problem is reported at once,
//! with file, line, column, key and a suggestion.

mod address;
mod build;
mod check;
mod entry;
pub mod files;
mod hosts;
pub mod keys;
mod notify;
pub mod ollama;
pub mod prices;
pub mod roles;
pub mod schema;
mod screens;
pub mod variables;

use crate::factory::ports::settings::{HostKind, Settings};
use crate::text::origin::Origin;
use crate::text::secret::Secret;
use crate::tui::settings::Screens;
pub use address::address;
use entry::Entry;
pub use hosts::bare_host;
pub use screens::screens;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where settings are looked for.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The factory home; None = built-in values, the user's own file, variables and flags only.
    pub home: Option<PathBuf>,
    /// It is a demo's: what the user's own file and variables say of work does not count there.
    pub demo: bool,
    /// The user's own settings file, whether it exists or not.
    pub user_file: Option<PathBuf>,
    /// What of the environment settings are read from: `DEV_FACTORY_*` and addresses such as `OLLAMA_HOST`. No key is in it.
    pub env: BTreeMap<String, String>,
    /// Names of the usual key variables that are set; their values are fetched when a host needs them.
    pub key_variables: BTreeSet<String>,
    /// `--set KEY=VALUE`, in order.
    pub flags: Vec<(String, String)>,
    /// Servers a probe found on this machine.
    pub probed: Vec<Probed>,
    /// Models the souls name: developer, qa, supervisor.
    pub souls: [Option<String>; 3],
    /// A file as it would be with another text, to see what that would mean.
    pub instead: Option<(PathBuf, String)>,
}

/// A model server found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// Host name it gets: ollama, lmstudio, llamacpp, vllm.
    pub name: String,
    /// What speaks there.
    pub kind: HostKind,
    /// Base address.
    pub url: String,
    /// Model ids it offers.
    pub models: Vec<String>,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Compiled in.
    BuiltIn,
    /// Found by looking at this machine.
    Probe,
    /// A file, with line and column (from 1).
    File {
        /// As shown to people.
        file: String,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(String),
    /// The front matter of a soul.
    Soul(&'static str),
}

impl Source {
    /// Files first, each from top to bottom.
    fn order(&self) -> (u8, String, usize, usize) {
        match self {
            Self::File { file, line, column } => (0, file.clone(), *line, *column),
            other => (1, other.to_string(), 0, 0),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built-in"),
            Self::Probe => f.write_str("found on this machine"),
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Soul(role) => write!(f, "souls/{role}.md"),
        }
    }
}

/// One thing wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was read.
    pub source: Source,
    /// What is wrong and what to do; names the key.
    pub sentence: String,
}

impl Problem {
    /// The whole file could not be read.
    fn hides_others(&self) -> bool {
        self.sentence.starts_with(files::NOT_TOML) || self.sentence.starts_with("cannot be read")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.sentence)
    }
}

/// One value in force, as `dev-factory config` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Dotted key.
    pub key: String,
    /// As TOML would write it; keys are never shown.
    pub value: String,
    /// Where it came from.
    pub source: Source,
}

/// Settings in force and where each came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// For engine and adapters.
    pub settings: Settings,
    /// For the screens.
    pub screens: Screens,
    /// Every value, sorted by key.
    pub sources: Vec<Shown>,
    /// Files that hold keys, as the settings name them.
    pub key_files: Vec<String>,
    /// A sentence for each setting given under an old name.
    pub notes: Vec<String>,
}

impl Loaded {
    /// Developer and QA have a model someone chose, so that nothing found on this machine would be used.
    #[must_use]
    pub fn names_models(&self) -> bool {
        let chosen = |role: &str| {
            self.sources.iter().any(|shown| {
                shown.key == format!("roles.{role}.model")
                    && !matches!(shown.source, Source::BuiltIn | Source::Probe)
            })
        };
        (self.settings.developer.external || chosen("developer"))
            && (self.settings.qa.external || chosen("qa"))
    }
}

/// Reads all layers. `key` resolves where a key is to the key itself (file, variable or command).
pub fn load(
    inputs: &Inputs,
    key: &dyn Fn(&keys::KeyPlace) -> Result<Secret, String>,
) -> Result<Loaded, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut merged: BTreeMap<Vec<String>, Entry> = BTreeMap::new();
    for layer in layers(inputs, &mut problems) {
        for entry in layer {
            merged.insert(entry.path.clone(), entry);
        }
    }
    // A file that does not parse hides hosts and roles: what refers to them cannot be judged.
    if problems.iter().any(Problem::hides_others) {
        return Err(problems);
    }
    let mut loaded = build::build(inputs, &merged, key, &mut problems);
    loaded.notes = merged.values().filter_map(note).collect();
    if problems.is_empty() {
        Ok(loaded)
    } else {
        problems.sort_by_key(|problem| problem.source.order());
        Err(problems)
    }
}

/// Says that an old name is still taken.
fn note(entry: &Entry) -> Option<String> {
    let old = entry.old.as_deref()?;
    Some(format!(
        "{}: {old} is called {} now; dev-factory upgrade changes it, and the next version refuses the old name",
        entry.source,
        entry.path.join(".")
    ))
}

/// Hosts of the settings whose kind nothing tells, with their addresses: whoever may ask them finds out.
#[must_use]
pub fn kindless(inputs: &Inputs) -> Vec<(String, String)> {
    let mut hosts: BTreeMap<String, (Option<String>, bool)> = BTreeMap::new();
    for entry in layers(inputs, &mut Vec::new()).into_iter().flatten() {
        if let [top, name, leaf] = entry.path.as_slice()
            && top == "hosts"
        {
            let host = hosts.entry(name.clone()).or_default();
            match (leaf.as_str(), entry.value) {
                ("url", entry::Value::Text(url)) => host.0 = Some(url),
                ("kind", _) => host.1 = true,
                _ => {}
            }
        }
    }
    let untold =
        |url: &str| Origin::of(url).is_some_and(|at| variables::kind_of_port(at.port()).is_none());
    let of = |(name, (url, kind)): (String, (Option<String>, bool))| {
        let url = url.filter(|url| !kind && untold(url))?;
        Some((name, url))
    };
    hosts.into_iter().filter_map(of).collect()
}

/// Compiled-in prices, the file layers, variables and flags, weakest first; other built-in values and the probe fill gaps in `build`.
fn layers(inputs: &Inputs, problems: &mut Vec<Problem>) -> Vec<Vec<Entry>> {
    let user = inputs.user_file.as_deref();
    let home_file = inputs
        .home
        .as_ref()
        .map(|home| home.join("dev-factory").join("factory.toml"));
    let built_in = files::parse(
        prices::BUILT_IN,
        prices::FILE,
        &files::Place::User,
        problems,
    );
    let mut layers = vec![built_in];
    let mut read = |path: &Path, shown: &str, place: &files::Place| match &inputs.instead {
        Some((other, text)) if other == path => files::parse(text, shown, place, problems),
        _ => files::read(path, shown, place, problems),
    };
    if let Some(path) = &home_file {
        let place = files::Place::Home {
            user_file: user.map(|path| path.display().to_string()),
        };
        layers.push(read(path, "dev-factory/factory.toml", &place));
    }
    if let Some(path) = user {
        let shown = path.display().to_string();
        let place = match inputs.demo {
            true => files::Place::UserInDemo,
            false => files::Place::User,
        };
        layers.push(read(path, &shown, &place));
    }
    layers.push(files::variables(inputs, problems));
    layers.push(files::flags(&inputs.flags, problems));
    layers
}
