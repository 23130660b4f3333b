//! A home with real Jest and a tool in its worktree, for tests that run it.
#![allow(dead_code)]

use dev_factory::adapters::files::HomeFiles;
use dev_factory::adapters::jest::JestTests;
use dev_factory::adapters::sandbox::{Setup, Tier, Walls};
use dev_factory::agents::scaffold;
use dev_factory::domain::case::Case;
use dev_factory::factory::gates::GateInput;
use dev_factory::factory::ports::sandbox::Sandbox;
use dev_factory::factory::ports::settings::MutationSettings;
use dev_factory::factory::ports::tests::Tree;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub const TOOL: &str = "word-count";
pub const MODULES: [&str; 2] = ["src/count.js", "src/cli.js"];

/// A repository path.
pub fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A home with the honest tool in its worktree.
pub struct Home {
    _dir: tempfile::TempDir,
    pub home: PathBuf,
    pub tool: PathBuf,
    pub public: Vec<Case>,
    pub held_out: Vec<Case>,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        super::jest_home::link(&home);
        let tool = home.join("dev-factory/work/tools").join(TOOL);
        copy(&root("tests/fixtures/tools").join(TOOL), &tool);
        let made = Self {
            _dir: dir,
            home,
            tool,
            public: cases(&[
                r#"{"id":"E1","rule":"R1","call":"countWords","args":["one two"],"expect":2}"#,
                r#"{"id":"E2","rule":"R2","cli":["a.txt"],"given":{"files":{"a.txt":"x y"}},"exit":0,"stdout":"2\n","stderr":""}"#,
                r#"{"id":"E3","rule":"R3","call":"countWords","args":[3],"throws":"TypeError: text must"}"#,
            ]),
            held_out: cases(&[
                r#"{"id":"H1","rule":"R1","call":"countWords","args":["one two  three"],"expect":3}"#,
                r#"{"id":"H2","rule":"R2","cli":["b.txt"],"exit":1,"stdout":"","stderr":"cannot read b.txt: ENOENT\n"}"#,
                r#"{"id":"H3","rule":"R2","cli":["b.txt"],"given":{"now":0,"files":{"b.txt":"q"}},"exit":0,"stdout":"1\n"}"#,
            ]),
        };
        made.put(&format!("bin/{TOOL}.js"), &harness("bin.js"));
        made.put("test/fakes.js", &harness("fakes.js"));
        made.put(
            "package.json",
            &scaffold::package(TOOL, "Counts words.", "0.0.0", &[]),
        );
        made.put(
            "test/examples.test.js",
            &scaffold::examples(&modules(), &made.public),
        );
        made
    }

    /// As `new`, with the files of a cheat laid over the tool.
    pub fn cheating(name: &str) -> Self {
        let made = Self::new();
        let cheat = root("tests/fixtures/cheats").join(name);
        assert!(cheat.is_dir(), "{}", cheat.display());
        copy(&cheat, &made.tool);
        made
    }

    /// As `new`, with the files of an honest tool laid over it that looks like a cheat.
    pub fn honest(name: &str) -> Self {
        let made = Self::new();
        let honest = root("tests/fixtures/honest").join(name);
        assert!(honest.is_dir(), "{}", honest.display());
        copy(&honest, &made.tool);
        made
    }

    pub fn put(&self, path: &str, text: &str) {
        let file = self.tool.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Jest with a wall.
    pub fn tests(&self, wall: u64) -> JestTests {
        self.tests_behind(Tier::Namespaces, wall)
    }

    /// Jest behind the walls of a tier.
    pub fn tests_behind(&self, tier: Tier, wall: u64) -> JestTests {
        let sandbox: Arc<dyn Sandbox> = Arc::new(Walls::of(tier, &setup(&self.home.join("state"))));
        JestTests::new(&self.home, sandbox, Duration::from_secs(wall)).unwrap()
    }

    pub fn files(&self) -> HomeFiles {
        HomeFiles::new(&self.home)
    }

    pub fn tree(&self) -> Tree {
        Tree {
            tool: TOOL.into(),
            dir: self.tool.clone(),
            modules: modules(),
            expected_tests: 8,
            model_written: true,
            packages: Vec::new(),
        }
    }

    pub fn input(&self) -> GateInput<'_> {
        GateInput {
            tool: TOOL,
            run: 1,
            tree_hash: "t".into(),
            dir: self.tool.clone(),
            clean: self.tool.clone(),
            modules: modules(),
            packages: Vec::new(),
            public: &self.public,
            held_out: &self.held_out,
            before: &[],
            mutation: MutationSettings {
                on: false,
                ..MutationSettings::default()
            },
            at: chrono::DateTime::UNIX_EPOCH,
            external_reader: false,
        }
    }
}

/// The program under test, with a state folder of its own.
pub fn setup(state: &Path) -> Setup {
    Setup {
        program: env!("CARGO_BIN_EXE_dev-factory").into(),
        state: state.to_path_buf(),
        wrapper: Vec::new(),
        systemd: None,
        place: None,
        known: BTreeSet::new(),
    }
}

pub fn modules() -> Vec<String> {
    MODULES.map(String::from).to_vec()
}

pub fn cases(lines: &[&str]) -> Vec<Case> {
    let parse = |line: &&str| serde_json::from_str(line).unwrap();
    lines.iter().map(parse).collect()
}

fn harness(name: &str) -> String {
    fs::read_to_string(root("dev-factory/harness").join(name)).unwrap()
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
