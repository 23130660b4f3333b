//! Which folder is the factory home, and what its home.json says.

use super::out::{self, Fail};
use super::trouble::Ports;
use crate::domain::state::FORMAT;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// home.json: marks a home, written only by init.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HomeDoc {
    /// [`FORMAT`] of the program that made it.
    pub schema: u32,
    /// Tells homes apart.
    pub id: String,
    /// When it was made.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// How its first engine begins.
    #[serde(default)]
    pub start: Start,
    /// Made by `demo`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// Where the model servers of `demo --trouble` listen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Ports>,
}

/// How the first engine of a home begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// With a pause a person lifts.
    Paused,
    /// With the first idea.
    #[default]
    AtOnce,
}

/// The marker inside a home.
#[must_use]
pub fn marker(home: &Path) -> PathBuf {
    home.join("dev-factory").join("home.json")
}

/// The home of a command: the flag, the variable, or the nearest parent that is one.
pub fn resolve(flag: Option<&Path>) -> Result<PathBuf, Fail> {
    if let Some(dir) = flag {
        return named(dir, "--home");
    }
    if let Some(dir) = std::env::var_os("DEV_FACTORY_HOME").filter(|dir| !dir.is_empty()) {
        return named(Path::new(&dir), "DEV_FACTORY_HOME");
    }
    let here = std::env::current_dir()
        .map_err(|error| Fail::usage(format!("the present folder cannot be read: {error}")))?;
    here.ancestors()
        .find(|dir| marker(dir).is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| Fail::usage("no factory here: dev-factory init DIR"))
}

/// A folder given by name must be a home.
fn named(dir: &Path, by: &str) -> Result<PathBuf, Fail> {
    if !marker(dir).is_file() {
        return Err(Fail::usage(format!(
            "no factory in {} (from {by}): dev-factory init {}",
            dir.display(),
            out::quoted(dir)
        )));
    }
    dir.canonicalize()
        .map_err(|error| Fail::failed(format!("{}: {error}", dir.display())))
}

/// What the engine shows is its user's alone; anybody else learns that, and not that nothing has run.
pub fn readable(home: &Path) -> Result<(), Fail> {
    let run = home.join("dev-factory").join("run");
    match std::fs::read_dir(&run) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Fail::failed(format!(
            "{}: permission denied; ask as the user who runs the factory",
            run.display()
        ))),
        _ => Ok(()),
    }
}

/// Reads home.json.
pub fn read(home: &Path) -> Result<HomeDoc, Fail> {
    let path = marker(home);
    let bad = |why: String| {
        Fail::usage(format!(
            "{}: {why}; restore it with git checkout",
            path.display()
        ))
    };
    let text = std::fs::read_to_string(&path).map_err(|error| bad(error.to_string()))?;
    let doc: HomeDoc =
        serde_json::from_str(&text).map_err(|error| bad(format!("not a home.json: {error}")))?;
    if doc.schema > FORMAT {
        return Err(Fail::usage(format!(
            "{} was made by a newer dev-factory (schema {}): update this one",
            path.display(),
            doc.schema
        )));
    }
    Ok(doc)
}
