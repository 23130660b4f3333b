//! The home of a demo with the shared Jest linked in: made by the real `demo`, whose npm refuses to install another.

use super::{homes, jest_home};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Makes it below `dir`; words are those of the demo, besides its folder's name.
pub fn make(dir: &Path, name: &str, words: &[&str]) -> PathBuf {
    let bin = dir.join("bin");
    fs::create_dir(&bin).unwrap();
    let npm = bin.join("npm");
    fs::write(&npm, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let words = [&["demo", "--no-tui", "--dir", name], words].concat();
    let made = homes::program(dir, &words).env("PATH", path).output();
    let made = made.unwrap();
    assert_eq!(made.status.code(), Some(1), "{made:?}");
    let home = dir.join(name).canonicalize().unwrap();
    jest_home::link(&home);
    home
}
