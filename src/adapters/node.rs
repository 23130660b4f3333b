//! Node.js and npm as runs can use them: where PATH leads to a version manager's stand-in, which looks the real program
//! up in folders no run sees, the stand-in is asked once, outside the walls, for the real one.

use super::child;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// Longest a stand-in may take: some fetch the version they are set to.
const WALL: Duration = Duration::from_secs(60);
/// What version managers find their folders and the person's choice by.
const MANAGERS: [&str; 13] = [
    "ASDF_DIR",
    "ASDF_DATA_DIR",
    "ASDF_CONFIG_FILE",
    "ASDF_NODEJS_VERSION",
    "FNM_DIR",
    "FNM_MULTISHELL_PATH",
    "MISE_CONFIG_DIR",
    "MISE_DATA_DIR",
    "NODENV_ROOT",
    "NODENV_VERSION",
    "VOLTA_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];
/// What npm's own command is called.
const NPM: &str = "npm-cli.js";

/// Node.js and npm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Node.js itself, without symbolic links; None = there is none.
    pub node: Option<PathBuf>,
    /// npm; None = there is none.
    pub npm: Option<PathBuf>,
}

/// Those PATH leads to, looked for once.
#[must_use]
pub fn here() -> &'static Node {
    static HERE: OnceLock<Node> = OnceLock::new();
    HERE.get_or_init(|| of(&std::env::var_os("PATH").unwrap_or_default()))
}

/// Those a PATH leads to.
#[must_use]
pub fn of(path: &OsStr) -> Node {
    let (found, npm) = (on(path, "node"), on(path, "npm"));
    let Some(found) = found else {
        return Node { node: None, npm };
    };
    let real = found.canonicalize().unwrap_or_else(|_| found.clone());
    if itself(&real) {
        return Node {
            node: Some(real),
            npm,
        };
    }
    let node = asked(&found, path).unwrap_or(real);
    let stands_in = |npm: &Path| !npm.canonicalize().is_ok_and(|real| real.ends_with(NPM));
    let beside = node.with_file_name("npm");
    let npm = npm.map(|npm| match stands_in(&npm) && beside.is_file() {
        true => beside,
        false => npm,
    });
    Node {
        node: Some(node),
        npm,
    }
}

/// A program of a name.
fn on(path: &OsStr, name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| {
            file.metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
}

/// Whether a file is Node.js and not a script or a program for many names.
fn itself(real: &Path) -> bool {
    let mut begin = [0; 2];
    let read = File::open(real).and_then(|mut file| file.read_exact(&mut begin));
    let named = real.file_name().and_then(OsStr::to_str);
    read.is_ok() && begin != *b"#!" && named.is_some_and(|name| name.starts_with("node"))
}

/// What a stand-in starts, away from settings in the folder we are in: a home's files may be a model's.
fn asked(stand_in: &Path, path: &OsStr) -> Option<PathBuf> {
    let mut command = Command::new(stand_in);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let folder = home.filter(|home| home.is_dir());
    child::bare(&mut command, &MANAGERS)
        .args(["-p", "process.execPath"])
        .env("PATH", path)
        .current_dir(folder.unwrap_or_else(|| "/".into()));
    let text = String::from_utf8(child::said(&mut command, WALL)?).ok()?;
    let real = Path::new(text.trim()).canonicalize().ok()?;
    real.is_file().then_some(real)
}
