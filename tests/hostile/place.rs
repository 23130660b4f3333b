//! Where an attack is let loose: a factory home with a tool, a person's own folder out of reach, and a sandbox.

use super::attack::Harms;
use super::guest;
use super::look::{self, Process, Snapshot};
use super::tool::{self, Home, TOOL};
use super::{jest_home, tiers};
use dev_factory::adapters::jest::JestTests;
use dev_factory::domain::evidence::JestRun;
use dev_factory::factory::ports::sandbox::{Ended, Job, Limits, Network, Sandbox};
use dev_factory::factory::ports::tests::{Tests, Tree};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::hash::BuildHasher;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Longest a run through the gate may take.
const WALL: u64 = 30;

/// The place of one trial.
pub struct Place {
    pub tier: String,
    pub home: Home,
    /// A person's own folder.
    pub user: PathBuf,
    /// Stands in the command line of every process an attack leaves behind.
    pub marker: String,
    /// Stands in the environment of the factory and in files nobody may read.
    pub secret: String,
    pub sandbox: Arc<dyn Sandbox>,
    runtime: tokio::runtime::Runtime,
    _user: tempfile::TempDir,
}

/// What an attack came to.
#[derive(Debug)]
pub struct Ran {
    /// Everything it got out.
    pub said: String,
    /// Attempts by name, with what the guest says of each.
    pub tried: BTreeMap<String, String>,
    /// When it was a run of the sandbox alone.
    pub ended: Option<Ended>,
}

impl Place {
    pub fn new(tier: &str) -> Self {
        let home = Home::new();
        open_to_all(&home.home);
        let user = tempfile::tempdir().unwrap();
        open_to_all(user.path());
        let place = Self {
            tier: tier.into(),
            user: user.path().canonicalize().unwrap(),
            marker: format!("marker-{}", random()),
            secret: std::env::var("HOSTILE_SECRET").unwrap(),
            sandbox: tiers::sandbox(tier, &home.home.join("state")),
            runtime: tokio::runtime::Runtime::new().unwrap(),
            home,
            _user: user,
        };
        fs::create_dir_all(place.out()).unwrap();
        fs::create_dir_all(place.cache()).unwrap();
        place
    }

    /// Whether there are no walls, or our own code is left out.
    pub fn control(&self) -> bool {
        self.tier == tiers::NONE
    }

    /// Where a run of the sandbox alone may write, as one through the gate has such a folder.
    pub fn out(&self) -> PathBuf {
        self.home
            .home
            .join("dev-factory/run/gates")
            .join(TOOL)
            .join("run-raw/made")
    }

    /// The tool's Jest cache, which a run through the gate may write.
    pub fn cache(&self) -> PathBuf {
        self.home
            .home
            .join("dev-factory/run/gates")
            .join(TOOL)
            .join("cache")
    }

    /// A file of the person's own that holds the secret.
    pub fn own(&self, name: &str) -> PathBuf {
        let path = self.user.join(name);
        put(&path, &format!("{{\"secret\":\"{}\"}}\n", self.secret));
        path
    }

    /// A file of the home that holds the secret.
    pub fn of_home(&self, name: &str) -> PathBuf {
        let path = self.home.home.join(name);
        put(&path, &format!("{{\"secret\":\"{}\"}}\n", self.secret));
        path
    }

    /// Gives the home a node_modules of its own, which an attack may spoil.
    pub fn own_modules(&self) {
        let link = self.home.home.join("node_modules");
        fs::remove_file(&link).unwrap();
        let words = [Path::new("-a"), &jest_home::modules(), &link];
        let copied = std::process::Command::new("cp")
            .args(words)
            .status()
            .unwrap();
        assert!(copied.success());
    }

    fn plant(&self, attack: &str, mut target: Value) {
        target["marker"] = json!(self.marker);
        let files = ["drive.js", "attack.test.js", "attack.run.js"];
        for name in files {
            self.home.put(&format!("test/dev/{name}"), &fixture(name));
        }
        self.home.put("test/dev/attack.js", &fixture(attack));
        self.home.put("test/dev/target.json", &target.to_string());
    }

    /// The gate as it is, with this sandbox.
    pub fn tests(&self, wall: u64) -> JestTests {
        let wall = Duration::from_secs(wall);
        JestTests::new(&self.home.home, Arc::clone(&self.sandbox), wall).unwrap()
    }

    /// For parts that start tasks of their own.
    pub fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Runs the attempts of a file as a test of a tool, through the real gate.
    pub fn gate(&self, attack: &str, target: Value) -> Ran {
        let ran = self.gate_within(attack, target, WALL);
        assert!(!ran.tried.is_empty(), "the attack did not run: {ran:?}");
        ran
    }

    /// As `gate`, for attempts that may end the run.
    pub fn gate_within(&self, attack: &str, target: Value, wall: u64) -> Ran {
        self.plant(attack, target);
        let tree = Tree {
            expected_tests: 9,
            ..self.home.tree()
        };
        let run = self.wait(self.tests(wall).jest(&tree, false)).unwrap();
        let said = format!("{run:?}");
        let report = run.report.iter().flat_map(|report| &report.tests);
        let tried = report.filter_map(|test| tried(&test.message)).next();
        Ran {
            said,
            tried: tried.unwrap_or_default(),

            ended: None,
        }
    }

    /// A run with coverage whose end the attack decides; says what was read of it.
    pub fn gate_covered(&self, attack: &str, target: Value) -> JestRun {
        self.plant(attack, target);
        self.wait(self.tests(WALL).jest(&self.home.tree(), true))
            .unwrap()
    }

    /// Lays the files of a cheat over the tool.
    pub fn cheat(&self, name: &str) {
        let known = tool::root("tests/fixtures/cheats").join(name);
        let own = tool::root("tests/fixtures/hostile").join(name);
        tool::copy(if own.is_dir() { &own } else { &known }, &self.home.tool);
    }

    /// Makes the tool honest again.
    pub fn honest(&self) {
        let _ = fs::remove_file(self.home.tool.join("jest.config.js"));
        tool::copy(
            &tool::root("tests/fixtures/tools").join(TOOL),
            &self.home.tool,
        );
    }

    /// Runs the attempts of a file in Node, through the sandbox alone.
    pub fn node(&self, attack: &str, target: Value, limits: Limits) -> Ran {
        self.plant(attack, target);
        let script = self.home.tool.join("test/dev/attack.run.js");
        let command = vec![node(), script.display().to_string(), self.marker.clone()];
        let ran = self.command(command, Vec::new(), limits);
        let ended = ran.ended.as_ref().and_then(|ended| ended.limit);
        let begun = self.control() || ended.is_some() || !ran.tried.is_empty();
        assert!(begun, "the attack did not run: {ran:?}");
        ran
    }

    /// Runs this binary as the guest, for system calls Node cannot make.
    pub fn raw(&self, words: &[&str], limits: Limits) -> Ran {
        let itself = std::env::current_exe().unwrap();
        let mut command = vec![
            itself.display().to_string(),
            "guest".into(),
            self.marker.clone(),
            self.cache().display().to_string(),
        ];
        command.extend(words.iter().map(ToString::to_string));
        self.command(
            command,
            vec![itself.parent().unwrap().to_path_buf()],
            limits,
        )
    }

    /// As `raw`, with a look at its processes whenever it holds something to be seen.
    pub fn watched(&self, words: &[&str], mut see: impl FnMut(&Process) + Send + 'static) {
        let (marker, held) = (self.marker.clone(), self.cache().join(guest::HELD));
        let watch = move || {
            let holds = held.exists();
            look::marked(&marker).iter().for_each(&mut see);
            if holds {
                let _ = fs::remove_file(&held);
            }
        };
        let ran = look::during(watch, || self.raw(words, Limits::default()));
        assert!(ran.said.contains("tried"), "{ran:?}");
    }

    /// Any command, with what the gate gives its runs.
    pub fn command(&self, command: Vec<String>, read: Vec<PathBuf>, limits: Limits) -> Ran {
        let modules = self.home.home.join("node_modules");
        let job = Job {
            command,
            cwd: self.home.tool.clone(),
            stdin: Vec::new(),
            read: [vec![self.home.tool.clone(), modules], read].concat(),
            write: vec![self.out(), self.cache()],
            network: Network::Loopback,
            limits,
            untrusted: Vec::new(),
            env: Vec::new(),
        };
        let ended = self.wait(self.sandbox.run(job)).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
        Ran {
            tried: stdout.lines().find_map(tried).unwrap_or_default(),
            said: format!("{stdout}{stderr}"),

            ended: Some(ended),
        }
    }

    /// Attempts whose loot holds the secret, and whether it got out in any other way.
    pub fn leaked(&self, ran: &Ran) -> Harms {
        let holds = |loot: &&String| loot.contains(&self.secret);
        let found = ran.tried.iter().filter(|(_, loot)| holds(loot));
        let mut harms: Harms = found.map(|(name, _)| name.clone()).collect();
        let kept = [self.cache(), self.out()]
            .iter()
            .any(|folder| !look::holding(folder, &self.secret).is_empty());
        if (kept || ran.said.contains(&self.secret)) && harms.is_empty() {
            harms.insert("the secret in output".into());
        }
        harms
    }

    /// All files that no run may touch.
    pub fn snapshot(&self) -> Snapshot {
        let planted = self.home.tool.join("test/dev");
        let (out, cache) = (self.out(), self.cache());
        let roots = [("home", self.home.home.as_path()), ("user", &self.user)];
        look::snapshot(&roots, |path| {
            path.starts_with(&planted) || path == out || path == cache
        })
    }

    /// Lets an attack loose and names the files it came to change.
    pub fn changes(&self, attack: impl FnOnce()) -> Harms {
        let before = self.snapshot();
        attack();
        look::changed(&before, &self.snapshot())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        look::end(&self.marker);
    }
}

/// What the driver says it has tried.
fn tried(text: &str) -> Option<BTreeMap<String, String>> {
    let (_, rest) = text.split_once("TRIED ")?;
    serde_json::Deserializer::from_str(rest)
        .into_iter()
        .next()?
        .ok()
}

/// A file of the suite's guests.
pub fn fixture(name: &str) -> String {
    fs::read_to_string(tool::root("tests/fixtures/hostile").join(name)).unwrap()
}

/// Node as the gate finds it.
pub fn node() -> String {
    let path = std::env::var_os("PATH").unwrap();
    let all = std::env::split_paths(&path).map(|folder| folder.join("node"));
    let found = all.filter_map(|file| file.canonicalize().ok()).next();
    found.expect("node in PATH").display().to_string()
}

/// Writes a file and the folders it needs, readable for everybody: only walls may keep anyone from it.
pub fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
}

/// Sixteen digits nobody knows.
pub fn random() -> String {
    let seed = std::collections::hash_map::RandomState::new();
    format!("{:016x}", seed.hash_one(0_u64))
}
