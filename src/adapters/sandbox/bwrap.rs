//! The command line of bubblewrap for a policy.

use super::handed::Handed;
use super::policy::{Part, Policy};
use super::view::BOX;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// System paths only: one found through PATH could be anybody's.
const PLACES: [&str; 3] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"];

/// Where bubblewrap lies.
#[must_use]
pub fn find() -> Option<PathBuf> {
    PLACES
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.is_file())
}

/// What it says of itself.
#[must_use]
pub fn version(bwrap: &Path) -> String {
    let said = std::process::Command::new(bwrap)
        .arg("--version")
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output();
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default()
        .split_whitespace()
        .last()
        .unwrap_or("of unknown version")
        .to_owned()
}

/// What to call; the policy goes to our own program inside, and what the walls are made of to bubblewrap itself.
pub fn words(
    bwrap: &Path,
    policy: &Policy,
    ours: &[String],
    handed: &mut Handed,
) -> io::Result<Vec<OsString>> {
    let walls: Vec<u8> = walls(policy).0.iter().fold(Vec::new(), |mut all, word| {
        all.extend_from_slice(word.as_bytes());
        all.push(0);
        all
    });
    let mut line = Line(vec![bwrap.into()]);
    line.put(&["--args", &handed.over(&walls)?, "--", BOX]);
    line.0.extend(ours.iter().map(OsString::from));
    Ok(line.0)
}

fn walls(policy: &Policy) -> Line {
    let mut line = Line(Vec::new());
    // Not --die-with-parent: ended in the midst of its start, it leaves a child that waits for it forever. Our program
    // inside sees by itself that nobody waits for the run any more.
    line.put(&[
        "--as-pid-1",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-net",
    ]);
    line.put(&["--unshare-uts", "--unshare-cgroup-try", "--hostname", "box"]);
    line.put(&["--cap-drop", "ALL"]);
    if policy.become_id.is_some() {
        // As root there is no need for a user namespace, and root's own folders stay reachable while the view is
        // made; our program inside then becomes somebody else.
        line.put(&["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]);
    } else {
        line.put(&["--unshare-user", "--disable-userns"]);
        if rustix::process::getuid().is_root() {
            line.put(&["--uid", "65534", "--gid", "65534"]);
        }
    }
    for part in &policy.view {
        line.part(part);
    }
    line.put(&["--remount-ro", "/dev", "--remount-ro", "/"]);
    line
}

struct Line(Vec<OsString>);

impl Line {
    fn put(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn paths(&mut self, word: &str, paths: &[&Path]) {
        self.0.push(word.into());
        self.0.extend(paths.iter().map(OsString::from));
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Folder(at) => {
                self.put(&["--perms", "0755"]);
                self.paths("--dir", &[at]);
            }
            Part::Bind { from, at, write } => {
                let word = if *write { "--bind" } else { "--ro-bind" };
                self.paths(word, &[from, at]);
            }
            Part::Link { at, to } => self.paths("--symlink", &[to, at]),
            Part::Scratch { at, bytes } => {
                self.put(&["--size", &bytes.to_string(), "--perms", "1777"]);
                self.paths("--tmpfs", &[at]);
            }
            Part::Proc => self.put(&["--proc", "/proc"]),
            Part::Dev => self.put(&["--dev", "/dev"]),
        }
    }
}
