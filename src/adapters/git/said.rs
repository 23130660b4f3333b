//! What git says when it does not do what it is asked, sorted once by what stands behind it.

use crate::adapters::store::files::kind;
use crate::domain::condition::Trouble;
use crate::factory::ports::repo::RepoError;
use crate::text::sanitise::one_line;
use std::process::Output;

/// What the system refused to a call of git.
pub fn refused(error: &std::io::Error, words: &str) -> RepoError {
    RepoError::Trouble(kind(error), words.to_owned())
}

/// What words of the system, as git repeats them, stand for; the first that fits counts. Git gives no other sign.
const WORDS: [(Trouble, &[&str]); 7] = [
    (
        Trouble::DiskFull,
        &["no space left", "quota exceeded", "file too large"],
    ),
    (Trouble::ReadOnly, &["read-only file system"]),
    (
        Trouble::NoPermission,
        &["permission denied", "operation not permitted"],
    ),
    (
        Trouble::GitLock,
        &[".lock': file exists", "could not lock config file"],
    ),
    (
        Trouble::Exhausted,
        &["too many open files", "resource temporarily unavailable"],
    ),
    (Trouble::FolderGone, &["no such file or directory"]),
    (
        Trouble::DiskError,
        &[
            "input/output error",
            "structure needs cleaning",
            "stale file handle",
        ],
    ),
];

/// What git complained about.
pub fn said(args: &[&str], output: &Output) -> RepoError {
    let words = sentence(args, output);
    let small = words.to_lowercase();
    let tells = |told: &[&str]| told.iter().any(|word| small.contains(word));
    match WORDS.iter().find(|(_, told)| tells(told)) {
        Some((name, _)) => RepoError::Trouble(*name, words),
        None => RepoError::Git(words),
    }
}

/// The same in one line.
fn sentence(args: &[&str], output: &Output) -> String {
    let mut said = plain(&output.stderr);
    if said.is_empty() {
        said = plain(&output.stdout);
    }
    let lines = said.lines().map(str::trim).filter(|line| {
        !line.is_empty() && !line.starts_with("hint:") && !line.starts_with("warning:")
    });
    let joined = lines.collect::<Vec<_>>().join("; ");
    format!("{}: {}", verb(args), one_line(&joined, 400))
}

/// Text without what ends its last line.
pub fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_string()
}

/// The subcommand, for sentences.
pub fn verb<'b>(args: &[&'b str]) -> &'b str {
    let mut words = args.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-c" => drop(words.next()),
            _ => return word,
        }
    }
    "git"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    #[test]
    fn words_of_the_system_that_git_repeats_are_known() {
        let told = |words: &str| {
            let output = Output {
                status: ExitStatus::from_raw(1 << 8),
                stdout: Vec::new(),
                stderr: words.as_bytes().to_vec(),
            };
            said(&["add"], &output).trouble()
        };
        let known = [
            (
                "fatal: sha1 file write error: No space left on device",
                Trouble::DiskFull,
            ),
            (
                "error: could not open: Read-only file system",
                Trouble::ReadOnly,
            ),
            (
                "error: open(\"x\"): Permission denied",
                Trouble::NoPermission,
            ),
            (
                "fatal: Unable to create '/h/.git/index.lock': File exists.",
                Trouble::GitLock,
            ),
            (
                "error: cannot fork: Too many open files",
                Trouble::Exhausted,
            ),
            ("fatal: read error: Input/output error", Trouble::DiskError),
            (
                "fatal: not a valid object name x (os error 36)",
                Trouble::Git,
            ),
        ];
        for (words, name) in known {
            assert_eq!(told(words), name, "{words}");
        }
    }
}
