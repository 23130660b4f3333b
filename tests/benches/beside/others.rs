//! The other programs: which are here, and how to get those that are not.

use std::path::Path;

/// Program and where it comes from.
const OTHERS: [(&str, &str); 4] = [
    ("mprocs", "the npm package mprocs"),
    ("lnav", "the Debian package lnav"),
    ("btop", "the Debian package btop"),
    ("btm", "the crate bottom"),
];

/// Whether a program is on the PATH.
pub fn here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder: std::path::PathBuf| Path::is_file(&folder.join(program)))
}

/// Says which are missing.
pub fn name_missing() {
    for (program, origin) in OTHERS {
        if !here(program) {
            println!("{program} is not installed ({origin}): its rows are left out");
        }
    }
}
