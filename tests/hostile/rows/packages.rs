//! Attacks by packages while they are installed.

use crate::attack::{About, Harms, Row, harms};
use crate::model_server::ModelServer;
use crate::place::{Place, put};
use crate::registry::{self, Packed};
use crate::tiers;
use dev_factory::adapters::npm::{Npm, Wanted};
use dev_factory::adapters::registry::{Registry, Route};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

pub fn rows() -> Vec<Row> {
    vec![Row {
        number: 31,
        name: "runs scripts of packages while they are installed",
        about: About::Walls,
        harms: || vec!["preinstall", "postinstall"],
        attack: scripts,
        open: &[],
    }]
}

/// A package whose scripts leave a proof where they run and with the person; and the registry that has it.
fn scripts(place: &Place) -> Harms {
    let package = packed(place);
    let (integrity, served) = (&package.integrity, package.clone());
    let server = ModelServer::answering(move |request| served.answer(request));
    let home = place.user.join("home");
    fs::create_dir_all(home.join("dev-factory/run")).unwrap();
    let manifest = json!({"name": "home", "dependencies": {"dep": "1.0.0"}});
    let lock = json!({
        "name": "home", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": manifest,
            "node_modules/dep": {
                "version": "1.0.0", "integrity": integrity, "hasInstallScript": true,
                "resolved": format!("{}/files/dep.tgz", server.url()),
            },
        },
    });
    let (manifest, lock) = (manifest.to_string(), lock.to_string());
    if place.control() {
        plainly(&home, &manifest, &lock, &server.url());
    } else {
        let route = Route {
            registry: server.url(),
            ..Route::default()
        };
        let registry = Arc::new(Registry::new(&route).unwrap());
        let walls = tiers::walls(&place.tier, &place.user.join("state")).reaching(registry.clone());
        let npm = Npm {
            program: on_path("npm"),
            cache: place.user.join("cache"),
        };
        let wanted = Wanted {
            home: &home,
            manifest: &manifest,
            lock: &lock,
            into: &home,
        };
        place.wait(npm.install(wanted, &walls, &registry)).unwrap();
    }
    let dep = home.join("node_modules/dep");
    assert!(dep.join("package.json").is_file(), "it was not installed");
    let ran = |when: &&str| dep.join(when).exists() || place.user.join(when).exists();
    harms(["preinstall", "postinstall"].into_iter().filter(ran))
}

fn packed(place: &Place) -> Packed {
    let source = place.user.join("source");
    let script = |when: &str| format!("touch {when} {}", place.user.join(when).display());
    let text = json!({
        "name": "dep", "version": "1.0.0",
        "scripts": {"preinstall": script("preinstall"), "postinstall": script("postinstall")},
    });
    put(&source.join("package.json"), &text.to_string());
    registry::packed(&source)
}

/// As one would.
fn plainly(home: &Path, manifest: &str, lock: &str, registry: &str) {
    put(&home.join("package.json"), manifest);
    put(&home.join("package-lock.json"), lock);
    let output = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--registry", registry])
        .current_dir(home)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn on_path(name: &str) -> std::path::PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let mut all = std::env::split_paths(&path).map(|folder| folder.join(name));
    all.find(|file| file.is_file()).unwrap()
}
