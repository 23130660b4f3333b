//! Installs with the real npm behind the walls of every tier, from a registry of ours: what is put in place, what is
//! not when anything goes wrong, and what npm could reach if it were not npm.

#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/tool.rs"]
mod tool;

use dev_factory::adapters::npm::{Installer, Npm, Wanted};
use dev_factory::adapters::registry::{Registry, Route};
use dev_factory::adapters::sandbox::{Setup, Tier, Walls};
use dev_factory::domain::package;
use dev_factory::factory::ports::sandbox::Sandbox;
use dev_factory::factory::ports::tests::{Tests, Tree};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const NAME: &str = "left-over";

fn tiers() -> Vec<Tier> {
    let mut all = vec![Tier::Namespaces, Tier::Landlock, Tier::None];
    if cfg!(feature = "full-tests") {
        all.push(Tier::Bwrap);
    }
    all
}

fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut all = std::env::split_paths(&path).map(|folder| folder.join(name));
    all.find(|file| file.is_file()).unwrap()
}

/// A home with a lock file, and a registry that has the one package it names.
struct World {
    dir: tempfile::TempDir,
    home: PathBuf,
    server: MockServer,
    lock: String,
}

impl World {
    /// The registry serves the package under its name.
    async fn new() -> Self {
        let w = Self::empty().await;
        w.serve(ResponseTemplate::new(200).set_body_bytes(w.tarball()))
            .await;
        w
    }

    /// The registry knows the package, and whatever it hands out is still to be said.
    async fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let home = base.join("home");
        fs::create_dir_all(home.join("dev-factory/run")).unwrap();
        // Without mounts of its own a run that root starts must get to its folder by itself.
        for folder in [
            &base,
            &home,
            &home.join("dev-factory"),
            &home.join("dev-factory/run"),
        ] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).unwrap();
        }
        let source = base.join("source");
        fs::create_dir(&source).unwrap();
        let proof = format!("echo ran >> {}", base.join("proof").display());
        let package = json!({
            "name": NAME, "version": "1.0.0", "main": "left.js", "bin": {"left": "left.js"},
            "scripts": {"preinstall": proof, "install": proof, "postinstall": proof},
        });
        fs::write(source.join("package.json"), package.to_string()).unwrap();
        fs::write(source.join("left.js"), "module.exports = 1;\n").unwrap();
        let packed = Command::new("npm")
            .args(["pack", "--json", "--ignore-scripts", "--pack-destination"])
            .args([&base, &source])
            .output()
            .unwrap();
        let told: Value = serde_json::from_slice(&packed.stdout).unwrap();
        let told = told.get(0).or_else(|| told.get(NAME)).unwrap();
        let integrity = told["integrity"].as_str().unwrap().to_owned();
        let server = MockServer::start().await;
        // Addresses of a registry that is reached under another name, as mirrors do it.
        let found = json!({
            "name": NAME, "dist-tags": {"latest": "1.0.0"},
            "versions": {"1.0.0": {
                "name": NAME, "version": "1.0.0", "hasInstallScript": true,
                "dist": {"tarball": "https://elsewhere.example/files/left-over-1.0.0.tgz", "integrity": integrity},
            }},
        });
        Mock::given(method("GET"))
            .and(path(format!("/{NAME}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(found))
            .mount(&server)
            .await;
        let lock = json!({
            "name": "home", "lockfileVersion": 3, "requires": true,
            "packages": {
                "": {"name": "home", "dependencies": {NAME: "1.0.0"}},
                format!("node_modules/{NAME}"): {
                    "version": "1.0.0", "integrity": integrity, "hasInstallScript": true,
                    "bin": {"left": "left.js"},
                },
            },
        });
        Self {
            dir,
            home,
            server,
            lock: lock.to_string(),
        }
    }

    fn tarball(&self) -> Vec<u8> {
        fs::read(self.dir.path().join("left-over-1.0.0.tgz")).unwrap()
    }

    async fn serve(&self, answer: ResponseTemplate) {
        Mock::given(method("GET"))
            .and(path("/files/left-over-1.0.0.tgz"))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    fn registry(&self) -> Arc<Registry> {
        let route = Route {
            registry: self.server.uri(),
            ..Route::default()
        };
        Arc::new(Registry::new(&route).unwrap())
    }

    fn walls(&self, tier: Tier, registry: &Arc<Registry>) -> Walls {
        let setup = Setup {
            program: PathBuf::from(env!("CARGO_BIN_EXE_dev-factory")),
            state: self.dir.path().join("state"),
            wrapper: Vec::new(),
            systemd: None,
            place: None,
            known: [].into(),
        };
        Walls::of(tier, &setup).reaching(registry.clone())
    }

    async fn install(&self, tier: Tier, program: &Path) -> Result<u64, String> {
        let registry = self.registry();
        let walls = self.walls(tier, &registry);
        let npm = Npm {
            program: program.to_path_buf(),
            cache: self.dir.path().join("cache"),
        };
        let wanted = Wanted {
            home: &self.home,
            manifest: &json!({"name": "home", "dependencies": {NAME: "1.0.0"}}).to_string(),
            lock: &self.lock,
            into: &self.home,
        };
        npm.install(wanted, &walls, &registry).await
    }

    /// Nothing of an install lies about, and what was there before it still does.
    fn as_before(&self) {
        assert_eq!(
            fs::read_to_string(self.home.join("node_modules/old")).unwrap(),
            "old"
        );
        self.tidy();
    }

    fn tidy(&self) {
        let run = fs::read_dir(self.home.join("dev-factory/run"));
        let left: Vec<_> = run.unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
        assert!(
            !self.dir.path().join("proof").exists(),
            "a script of a package ran"
        );
    }

    fn old(&self) {
        fs::create_dir(self.home.join("node_modules")).unwrap();
        fs::write(self.home.join("node_modules/old"), "old").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lock_file_names_is_put_in_place_whole_and_no_script_of_it_runs() {
    for tier in tiers() {
        let w = World::new().await;
        w.old();
        let done = w.install(tier, &on_path("npm")).await;
        done.unwrap_or_else(|error| panic!("{tier:?}: {error}"));
        let modules = w.home.join("node_modules");
        assert!(!modules.join("old").exists(), "{tier:?}");
        assert!(modules.join(".package-lock.json").is_file(), "{tier:?}");
        let file = fs::metadata(modules.join(".bin/left")).unwrap();
        let me = fs::metadata(w.dir.path()).unwrap().uid();
        assert_eq!((file.uid(), file.mode() & 0o777), (me, 0o755), "{tier:?}");
        w.tidy();
    }
}

/// As root, behind walls npm is somebody else: what one way of running made is no obstacle to the others. For anybody
/// else they are all the same user, and it shows that each has a folder.
#[tokio::test(flavor = "multi_thread")]
async fn what_npm_fetched_without_walls_does_not_stop_it_behind_them() {
    let w = World::new().await;
    // As it was before tiers had folders of their own.
    let old = w.dir.path().join("cache/_cacache/tmp");
    fs::create_dir_all(&old).unwrap();
    for tier in [Tier::None].into_iter().chain(tiers()) {
        let done = w.install(tier, &on_path("npm")).await;
        done.unwrap_or_else(|error| panic!("{tier:?}: {error}"));
        w.tidy();
        let root = fs::metadata(w.dir.path()).unwrap().uid() == 0;
        let kept = w.dir.path().join("cache").join(tier.as_str());
        let nothing = root && tier == Tier::Landlock;
        assert_eq!(kept.join("_cacache").is_dir(), !nothing, "{tier:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_registry_does_wrong_nothing_is_changed_and_one_sentence_says_it() {
    let other = ResponseTemplate::new(200).set_body_bytes(b"something else".to_vec());
    let answers = [
        (other, "hands out something else than package-lock.json"),
        (ResponseTemplate::new(404), "answers 404"),
        (ResponseTemplate::new(500), "answers 500"),
        (
            ResponseTemplate::new(302).insert_header("location", "http://elsewhere.example/x"),
            "check the network",
        ),
    ];
    for (answer, part) in answers {
        let w = World::empty().await;
        w.old();
        w.serve(answer).await;
        let words = w
            .install(Tier::Namespaces, &on_path("npm"))
            .await
            .unwrap_err();
        assert!(
            words.contains(part) && !words.contains('\n'),
            "{part}: {words}"
        );
        w.as_before();
    }
    let mut w = World::new().await;
    w.old();
    w.lock = w.lock.replace("sha512-", "sha1-");
    let words = w
        .install(Tier::Namespaces, &on_path("npm"))
        .await
        .unwrap_err();
    assert!(words.contains("no sha512 hash"), "{words}");
    w.as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_cut_off_in_the_middle_leaves_nothing_but_what_was_there() {
    let w = World::empty().await;
    w.old();
    w.serve(ResponseTemplate::new(200).set_delay(Duration::from_secs(600)))
        .await;
    // What a kill -9 of ours would leave, whose process is long gone.
    let dead = w.home.join("dev-factory/run/npm-999999999/node_modules/x");
    fs::create_dir_all(dead).unwrap();
    let program = on_path("npm");
    let install = w.install(Tier::Namespaces, &program);
    let asked = async {
        loop {
            let requests = w.server.received_requests().await.unwrap();
            if requests
                .iter()
                .any(|request| request.url.path().ends_with(".tgz"))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = install => panic!("{ended:?}"),
        () = asked => {}
        () = tokio::time::sleep(Duration::from_secs(120)) => panic!("never asked for"),
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while fs::read_dir(w.home.join("dev-factory/run"))
        .unwrap()
        .count()
        > 0
    {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    w.as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_npm_leaves_that_is_no_package_is_not_put_in_place() {
    let w = World::new().await;
    w.old();
    let outside = w.dir.path().join("outside");
    fs::write(&outside, "canary").unwrap();
    for (plant, part) in [
        ("ln -s /etc/passwd node_modules/x", "leads out"),
        (
            "ln -s ../../../../../../outside node_modules/x",
            "leads out",
        ),
        (
            "mkdir node_modules/a; ln -s ../../.. node_modules/a/x",
            "leads out",
        ),
        ("mkfifo node_modules/x", "no plain file"),
        (
            "echo 1 > node_modules/a; ln node_modules/a node_modules/b",
            "no plain file",
        ),
        (
            "echo 'npm error code ENOSPC' >&2; exit 1",
            "code ENOSPC; free some space",
        ),
        ("rm -r node_modules", "npm said nothing"),
    ] {
        let fake = w.dir.path().join("npm");
        fs::write(
            &fake,
            format!("#!/bin/sh\nmkdir -p node_modules\n{plant}\n"),
        )
        .unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        for tier in [Tier::Namespaces, Tier::None] {
            let words = w.install(tier, &fake).await.unwrap_err();
            assert!(words.contains(part), "{plant}: {words}");
            w.as_before();
        }
    }
    assert_eq!(fs::read_to_string(outside).unwrap(), "canary");
}

/// What tries to get out in npm's place: every way it knows, in JavaScript; it says what came of each.
const OUT: &str = r#"
const net = require('net'), http = require('http'), dgram = require('dgram'), fs = require('fs');
const [canary, registry] = [Number('CANARY'), process.env.npm_config_registry];
const door = new URL(registry);
const said = { env: JSON.stringify(process.env), home: [] };
for (const place of ['HOME/.npmrc', 'HOME/id', process.env.HOME + '/.npmrc', '/proc/1/environ', `/proc/${process.ppid}/environ`]) {
  try { said.home.push(fs.readFileSync(place, 'utf8')); } catch {}
}
const connect = (port, host) => new Promise((done) => {
  const socket = net.connect(port, host, () => { socket.write('GET / HTTP/1.1\r\n\r\n'); socket.end(); done('connected'); });
  socket.on('error', (error) => done(error.code)); setTimeout(() => done('silence'), 1000).unref();
});
const ask = (method, path) => new Promise((done) => {
  const request = http.request({ host: door.hostname, port: door.port, method, path, agent: false }, (answer) => { answer.resume(); answer.on('end', () => done(answer.statusCode)); });
  request.on('error', (error) => done(error.code)); request.on('connect', (answer) => done(answer.statusCode)); request.end();
});
(async () => {
  said.canary = await connect(canary, '127.0.0.1');
  said.world = await connect(80, '192.0.2.1');
  said.meta = await connect(80, '169.254.169.254');
  said.udp = await new Promise((done) => {
    try {
      const socket = dgram.createSocket('udp4');
      socket.on('error', (error) => done(error.code));
      socket.send('x', canary, '127.0.0.1', (error) => { socket.close(); done(error ? error.code : 'sent'); });
    } catch (error) { done(error.code); }
  });
  said.unix = await new Promise((done) => { const socket = net.connect('SOCKET', () => done('connected')); socket.on('error', (error) => done(error.code)); });
  said.door = [];
  for (const path of [`//127.0.0.1:${canary}/a`, `http://127.0.0.1:${canary}/b`, `/@127.0.0.1:${canary}/c`, `/\\127.0.0.1:${canary}/d`, '/%2f/e', '/../../f', '/left-over']) said.door.push(await ask('GET', path));
  said.post = await ask('POST', '/steal');
  said.connect = await ask('CONNECT', `127.0.0.1:${canary}`);
  fs.mkdirSync('node_modules');
  fs.writeFileSync('node_modules/said', JSON.stringify(said));
})();
"#;

#[tokio::test(flavor = "multi_thread")]
async fn behind_the_walls_only_the_registry_answers_and_nothing_of_the_person_is_there() {
    for tier in tiers().into_iter().filter(|tier| tier.walls()) {
        let w = World::new().await;
        let hits = Arc::new(AtomicUsize::new(0));
        let canary = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = canary.local_addr().unwrap().port();
        let udp = std::net::UdpSocket::bind(("127.0.0.1", port)).unwrap();
        udp.set_nonblocking(true).unwrap();
        let counted = hits.clone();
        std::thread::spawn(move || {
            for _ in canary.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let person = w.dir.path().join("person");
        fs::create_dir(&person).unwrap();
        fs::write(
            person.join(".npmrc"),
            "//127.0.0.1/:_authToken=canary-token\n",
        )
        .unwrap();
        fs::write(person.join("id"), "canary-token").unwrap();
        let socket = person.join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let fake = w.dir.path().join("npm");
        let script = OUT
            .replace("CANARY", &port.to_string())
            .replace("SOCKET", &socket.display().to_string())
            .replace("HOME/", &format!("{}/", person.display()));
        fs::write(&fake, format!("#!/usr/bin/env node\n{script}")).unwrap();
        fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
        let done = w.install(tier, &fake).await;
        done.unwrap_or_else(|error| panic!("{tier:?}: {error}"));
        let said = fs::read_to_string(w.home.join("node_modules/said")).unwrap();
        assert!(!said.contains("canary-token"), "{tier:?}: {said}");
        assert_eq!(hits.load(Ordering::SeqCst), 0, "{tier:?}: {said}");
        assert!(udp.recv(&mut [0; 8]).is_err(), "{tier:?}: {said}");
        let said: Value = serde_json::from_str(&said).unwrap();
        for way in ["canary", "world", "meta", "unix"] {
            assert_ne!(said[way], "connected", "{tier:?} {way}: {said}");
        }
        assert_eq!(said["post"], 405, "{tier:?}: {said}");
        // Whatever was asked for through the door was asked of the registry.
        let requests = w.server.received_requests().await.unwrap();
        assert!(requests.len() >= 4, "{tier:?}: {requests:?}");
        for request in requests {
            assert_eq!(request.method.as_str(), "GET", "{tier:?}");
            let host = request.headers["host"].to_str().unwrap();
            assert!(w.server.uri().ends_with(host), "{tier:?}: {host}");
            assert!(request.headers.get("authorization").is_none());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_in_the_place_of_a_folder_of_ours_stops_it_and_a_lock_file_that_is_a_link_is_not_read()
 {
    let w = World::new().await;
    let outside = w.dir.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir(w.home.join("dev-factory/run")).unwrap();
    symlink(&outside, w.home.join("dev-factory/run")).unwrap();
    let words = w
        .install(Tier::Namespaces, &on_path("npm"))
        .await
        .unwrap_err();
    assert!(
        words.contains("dev-factory/run") && words.contains("link"),
        "{words}"
    );
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    symlink("/etc/passwd", w.home.join("package-lock.json")).unwrap();
    assert!(dev_factory::adapters::npm::text(&w.home, "package-lock.json").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_runs_with_the_packages_it_names_from_a_lock_file_made_once() {
    for tier in tiers().into_iter().filter(|tier| tier.own_root()) {
        let w = World::new().await;
        let home = tool::Home::new();
        let packages = [package::parse("left-over@1.0.0").unwrap()];
        let npm = Npm {
            program: on_path("npm"),
            cache: w.dir.path().join("cache"),
        };
        let (registry, asked) = (w.registry(), Arc::new(AtomicUsize::new(0)));
        let (walls, counted) = (Arc::new(w.walls(tier, &registry)), asked.clone());
        let installer = Installer::new(npm, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let walls: Arc<dyn Sandbox> = walls.clone();
            Ok((walls, registry.clone()))
        });
        let tests = home.tests_behind(tier, 60);
        let refused = tests.packages(&packages).await.unwrap_err().to_string();
        assert!(refused.contains("no npm was found"), "{refused}");
        let tests = tests.installing(installer);
        let lock = tests.packages(&packages).await.unwrap();
        assert!(
            lock.contains("sha512-") && !lock.contains("resolved"),
            "{lock}"
        );
        assert_eq!(tests.packages(&packages).await.unwrap(), lock);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "installed once");
        let source = fs::read_to_string(home.tool.join("src/count.js")).unwrap();
        let source = source.replacen(
            "'use strict';",
            "'use strict';\nconst one = require('left-over');\nif (one !== 1) throw new Error('no');",
            1,
        );
        home.put("src/count.js", &source);
        let with = Tree {
            packages: packages.to_vec(),
            ..home.tree()
        };
        let run = tests.jest(&with, false).await.unwrap();
        let report = run
            .report
            .unwrap_or_else(|| panic!("{tier:?}: {}", run.stderr_tail));
        assert!(report.success, "{tier:?}: {report:?}");
        let cases = tests.cases(&with, &home.held_out).await.unwrap();
        assert!(
            cases.iter().all(|case| case.fault.is_none()),
            "{tier:?}: {cases:?}"
        );
        // Also by the real command, which is a process of its own.
        let said = (cases[1].exit, cases[1].stderr.as_deref());
        let wanted = (Some(1), Some("cannot read b.txt: ENOENT\n"));
        assert_eq!(said, wanted, "{tier:?}: {cases:?}");
        assert!(tests.throwing(&with).await.unwrap().total > 0, "{tier:?}");
        // A tool that does not name it does not see it.
        let run = tests.jest(&home.tree(), false).await.unwrap();
        assert!(!run.report.unwrap().success, "{tier:?}");
        assert!(
            !w.dir.path().join("proof").exists(),
            "a script of a package ran"
        );
    }
}
