//! Packages tools may require, each set in a folder of its own below the home: resolved once to a lock file, then
//! installed from it. Nothing a model writes lies there, so what the lock file says is what was fetched first.

use super::{MODULES, Npm, RUN, Wanted, installed, locked, text};
use crate::adapters::clock::touch;
use crate::adapters::folder::{Folder, For};
use crate::adapters::registry::Registry;
use crate::adapters::store::files;
use crate::domain::package::Package;
use crate::factory::ports::files::FileError;
use crate::factory::ports::sandbox::Sandbox;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a set stays that nobody asks for.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The walls and the registry of one install.
pub type Way = (Arc<dyn Sandbox>, Arc<Registry>);

/// Installs sets of packages.
pub struct Installer {
    npm: Npm,
    way: Arc<dyn Fn() -> Result<Way, String> + Send + Sync>,
    alone: tokio::sync::Mutex<()>,
}

impl Installer {
    /// With npm; `way` is asked when there is something to install.
    pub fn new(npm: Npm, way: impl Fn() -> Result<Way, String> + Send + Sync + 'static) -> Self {
        Self {
            npm,
            way: Arc::new(way),
            alone: tokio::sync::Mutex::default(),
        }
    }

    /// Sees to it that a set is there; its lock file.
    pub async fn ensure(&self, home: &Path, packages: &[Package]) -> Result<String, String> {
        let _alone = self.alone.lock().await;
        let below = below(packages);
        let folder = home.join(&below);
        let first = packages
            .first()
            .map(|package| format!("{}/package.json", package.name));
        let lock = format!("{below}/package-lock.json");
        if installed(&folder, &first.unwrap_or_default()) {
            // When it was asked for last; where that cannot be noted it is only fetched again sooner.
            let noted = files::options().write(true).open(home.join(&lock));
            let _ = noted.and_then(|file| touch(&file));
            return text(home, &lock);
        }
        // It asks npm how the registry is reached, and waits for the answer.
        let way = self.way.clone();
        let found = tokio::task::spawn_blocking(move || way()).await;
        let (sandbox, registry) = found.map_err(|error| error.to_string())??;
        let manifest = manifest(packages);
        let locked = match text(home, &lock) {
            Ok(known) => known,
            Err(_) => {
                self.npm
                    .lock(home, &manifest, sandbox.as_ref(), &registry)
                    .await?
            }
        };
        locked::check(&locked)?;
        let keep = || {
            let kept = Folder::at_home(home, &below, For::All)?;
            kept.write("package.json", manifest.as_bytes(), For::All)?;
            kept.write("package-lock.json", locked.as_bytes(), For::All)
        };
        keep().map_err(|error: FileError| error.to_string())?;
        let wanted = Wanted {
            home,
            manifest: &manifest,
            lock: &locked,
            into: &folder,
        };
        self.npm
            .install(wanted, sandbox.as_ref(), &registry)
            .await?;
        Ok(locked)
    }
}

/// Removes sets that nobody asked for in a long time; they are fetched again when somebody does.
pub fn spare(home: &Path) {
    let sets = Folder::open(home).and_then(|home| home.below(&format!("{RUN}/packages")));
    let Ok(Some(sets)) = sets else {
        return;
    };
    for name in sets.folders().unwrap_or_default() {
        let lock = home.join(format!("{RUN}/packages/{name}/package-lock.json"));
        let asked = std::fs::symlink_metadata(&lock).and_then(|meta| meta.modified());
        let old = asked.is_ok_and(|at| at.elapsed().is_ok_and(|passed| passed >= KEPT));
        if old {
            // What cannot be removed now is found again the next time.
            let _ = sets.discard(&name);
        }
    }
}

/// Where a set's node_modules lies.
#[must_use]
pub fn modules(home: &Path, packages: &[Package]) -> PathBuf {
    home.join(below(packages)).join(MODULES)
}

/// The folder of a set, below the home.
fn below(packages: &[Package]) -> String {
    let names: Vec<String> = packages.iter().map(ToString::to_string).collect();
    let hash = Sha256::digest(names.join("\n"));
    let name = hash.iter().take(8).fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    format!("{RUN}/packages/{name}")
}

fn manifest(packages: &[Package]) -> String {
    let pairs = packages
        .iter()
        .map(|package| (package.name.clone(), json!(package.version)));
    let dependencies: Map<String, Value> = pairs.collect();
    let manifest = json!({"name": "packages", "version": "1.0.0", "private": true, "dependencies": dependencies});
    format!("{manifest:#}\n")
}
