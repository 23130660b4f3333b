//! Node.js behind the stand-in of a version manager, which runs cannot see.

use crate::place::{Place, text, tiers};
use dev_factory::adapters::node::{self, Node};
use dev_factory::adapters::sandbox::Tier;
use dev_factory::factory::ports::sandbox::Job;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The machine's own.
fn real() -> PathBuf {
    node::here().node.clone().unwrap()
}

fn script(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder of a version manager: stand-ins in `shims`, what they start in `installs`.
fn managed(place: &Path) -> (OsString, PathBuf) {
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
    let installs = place.join("installs/22.0.0/bin");
    fs::create_dir_all(&installs).unwrap();
    fs::copy(real(), installs.join("node")).unwrap();
    script(&installs.join("npm"), "echo npm itself");
    for name in ["node", "npm"] {
        let starts = format!("exec {}/{name} \"$@\"", installs.display());
        script(&place.join("shims").join(name), &starts);
    }
    (place.join("shims").into_os_string(), installs)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stand_in_is_asked_for_the_real_one_which_runs_everywhere() {
    let place = Place::new(Tier::None);
    let (path, installs) = managed(&place.path().canonicalize().unwrap());
    let found = node::of(&path);
    let node = installs.join("node");
    assert_eq!(found.node.as_ref(), Some(&node));
    assert_eq!(found.npm, Some(installs.join("npm")));
    for tier in tiers() {
        let place = Place::new(tier);
        let job = Job {
            command: [&node.display().to_string(), "-p", "6 * 7"]
                .map(String::from)
                .to_vec(),
            ..place.shell("")
        };
        let ended = place.ran(job).await;
        assert_eq!(text(&ended.stdout), "42\n", "{tier:?}: {ended:?}");
    }
}

#[test]
fn links_are_followed_and_a_stand_in_that_says_nothing_is_left_to_fail_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    fs::create_dir(dir.join("links")).unwrap();
    symlink(real(), dir.join("links/node")).unwrap();
    // Nobody is asked: this npm is what its owner put beside Node.js.
    script(&dir.join("links/npm"), "exit 1");
    let found = node::of(dir.join("links").as_os_str());
    assert_eq!(found.node, Some(real()));
    assert_eq!(found.npm, Some(dir.join("links/npm")));
    script(
        &dir.join("broken/node"),
        "echo no version is set >&2; exit 126",
    );
    let found = node::of(dir.join("broken").as_os_str());
    assert_eq!(found.node, Some(dir.join("broken/node")));
    assert_eq!(node::of(dir.join("nothing").as_os_str()), Node::default());
}
