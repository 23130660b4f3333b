//! A factory home made by the real `init`, and the real engine started in it.

#[path = "../../support/tested.rs"]
mod tested;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const TOOL: &str = "github-issue-digest";

/// A home whose one idea is the one there are replies for.
pub struct Home {
    dir: tempfile::TempDir,
    pub root: PathBuf,
}

impl Home {
    /// `roles`: lines of factory.toml. `idea` false: nothing to do.
    pub fn new(url: &str, roles: &str, idea: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("home");
        let made = program(dir.path())
            .args(["init", "--yes", "--no-install", "--host"])
            .arg(format!("bench=openai:{url}"))
            .args(["--developer", "bench/test", "--qa", "bench/test"])
            .args(["--supervisor", "bench/test"])
            .arg(&root)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(made.status.success(), "init failed: {said}");
        let items = match idea {
            true => format!(r#"{{"items":[{{"idea":"{TOOL}"}}]}}"#),
            false => r#"{"items":[]}"#.to_owned(),
        };
        fs::write(root.join("dev-factory/wishlist.json"), items).unwrap();
        let settings = root.join("dev-factory/factory.toml");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, text + roles).unwrap();
        // No test is run in these jobs; the engine only looks whether Jest is there.
        let modules = root.join("node_modules");
        fs::create_dir_all(modules.join("jest/bin")).unwrap();
        fs::write(modules.join("jest/bin/jest.js"), "").unwrap();
        fs::write(modules.join(".package-lock.json"), "{}").unwrap();
        Self { dir, root }
    }

    /// The engine in the foreground, its lines in a file as under a service manager.
    pub fn engine(&self) -> Command {
        let out = fs::File::create(self.dir.path().join("out")).unwrap();
        let err = fs::File::create(self.dir.path().join("err")).unwrap();
        let mut command = program(self.dir.path());
        command
            .arg("--home")
            .arg(&self.root)
            .args(["--no-tui"])
            .stdout(out)
            .stderr(err);
        command
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.root.join("dev-factory").join(name)
    }

    /// What the engine said, for a bench that goes wrong.
    pub fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        format!("{}{}", read("out"), read("err"))
    }
}

/// The release binary with an environment of its own.
fn program(dir: &Path) -> Command {
    let mut command = Command::new(tested::program());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DEV_FACTORY") || name == "OLLAMA_HOST" {
            command.env_remove(name);
        }
    }
    command
        .env("XDG_CONFIG_HOME", dir.join("config"))
        // Which sandbox holds is found out once for all runs.
        .env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        )
        .stdin(Stdio::null());
    command
}

/// A reply of the demo.
pub fn reply(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(root.join("dev-factory/demo").join(TOOL).join(path)).unwrap()
}
