//! A registry that has one package, packed by npm itself.

use super::model_server::{Answer, Request};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A package and its hash.
#[derive(Clone)]
pub struct Packed {
    manifest: Value,
    bytes: Vec<u8>,
    pub integrity: String,
}

/// Packs what lies in a folder, under its name and version.
pub fn packed(source: &Path) -> Packed {
    let manifest = fs::read(source.join("package.json")).unwrap();
    let output = Command::new("npm")
        .args(["pack", "--json", "--ignore-scripts"])
        .current_dir(source)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let name = manifest["name"].as_str().unwrap();
    let told = told.get(0).or_else(|| told.get(name)).unwrap();
    let file = told["filename"].as_str().unwrap();
    Packed {
        integrity: told["integrity"].as_str().unwrap().to_owned(),
        bytes: fs::read(source.join(file)).unwrap(),
        manifest,
    }
}

impl Packed {
    /// What the registry answers.
    pub fn answer(&self, request: &Request) -> Answer {
        if request.path.ends_with(".tgz") {
            return Answer::stream("application/octet-stream", &[&self.bytes]);
        }
        let host = request.header("host").unwrap_or_default();
        let mut version = self.manifest.clone();
        let tarball = format!("http://{host}/files/package.tgz");
        version["dist"] = json!({"tarball": tarball, "integrity": self.integrity});
        version["hasInstallScript"] = json!(self.manifest.get("scripts").is_some());
        let number = self.manifest["version"].as_str().unwrap();
        let found = json!({
            "name": self.manifest["name"],
            "dist-tags": {"latest": number},
            "versions": {number: version},
        });
        Answer::status(200, &found.to_string())
    }
}
