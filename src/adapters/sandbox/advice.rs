//! What a person can do where no tier holds: read off this machine's own switches.

use std::fs;
use std::path::Path;

/// Switches of the kernel that forbid user namespaces: where, the value that forbids, and what to do.
pub const SWITCHES: [(&str, &str, &str); 3] = [
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor blocks user namespaces (Ubuntu 24.04 and later): sudo apt install bubblewrap apparmor-profiles && \
         sudo cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && \
         sudo apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict",
    ),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "user namespaces are switched off: sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    (
        "/proc/sys/user/max_user_namespaces",
        "0",
        "user namespaces are switched off: sudo sysctl -w user.max_user_namespaces=10000",
    ),
];

/// Files that containers have.
const CONTAINER: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// What to do, most likely first; at least one line.
#[must_use]
pub fn fixes() -> Vec<String> {
    let off = |(path, value, words): (&str, &str, &str)| {
        let now = fs::read_to_string(path).ok()?;
        (now.trim() == value).then(|| words.to_owned())
    };
    let mut all: Vec<String> = SWITCHES.into_iter().filter_map(off).collect();
    if CONTAINER.iter().any(|path| Path::new(path).exists()) {
        all.push(
            "in a container a kernel of 6.12 or newer is enough (Landlock); with an older one start the container with \
             --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined"
                .to_owned(),
        );
    }
    if all.is_empty() {
        all.push(if cfg!(target_os = "linux") {
            "install bubblewrap (Debian and Ubuntu: sudo apt install bubblewrap; Fedora: sudo dnf install bubblewrap)".to_owned()
        } else {
            "name a command that runs its arguments behind walls as sandbox.command in your own settings".to_owned()
        });
    }
    all
}
