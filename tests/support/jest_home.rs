//! One npm install of the pinned Jest for all tests of this target folder; others wait for its lock.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The node_modules folder of the shared install.
pub fn modules() -> PathBuf {
    let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jest-home");
    fs::create_dir_all(&base).unwrap();
    let lock = File::create(base.join("lock")).unwrap();
    lock.lock().unwrap();
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("dev-factory/home");
    let wanted = fs::read(pinned.join("package-lock.json")).unwrap();
    let done = base.join("done");
    if fs::read(&done).ok().as_deref() != Some(wanted.as_slice()) {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(pinned.join(name), base.join(name)).unwrap();
        }
        let npm = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&base)
            .output()
            .expect("these tests need Node.js 20 or newer with npm in PATH");
        let said = String::from_utf8_lossy(&npm.stderr);
        assert!(
            npm.status.success(),
            "npm ci failed; these tests need it once: {said}"
        );
        fs::write(&done, wanted).unwrap();
    }
    base.join("node_modules")
}

/// Makes the shared install the one of a home.
pub fn link(home: &Path) {
    std::os::unix::fs::symlink(modules(), home.join("node_modules")).unwrap();
}
