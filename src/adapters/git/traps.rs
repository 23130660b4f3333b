//! What a repository can make git run or reach, and how each is switched off: settings laid over those of the
//! repository, drivers emptied by name, a worktree that must lead home, and settings no push may meet.

use crate::factory::ports::repo::RepoError;
use std::path::Path;

/// Settings laid over those of the repository in every call.
pub const OFF: [&str; 28] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.quotePath=false",
    "core.untrackedCache=false",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "log.showSignature=false",
    "merge.autoStash=false",
    "merge.renames=false",
    "merge.verifySignatures=false",
    "rerere.enabled=false",
    "submodule.recurse=false",
    "push.recurseSubmodules=no",
    "gc.auto=0",
    "maintenance.auto=false",
    "safe.bareRepository=explicit",
    "protocol.ext.allow=never",
    "branch.main.mergeOptions=",
    "advice.updateSparsePath=false",
    "index.sparse=false",
    "commit.status=false",
    "core.editor=true",
    "core.askPass=true",
];

/// Names of settings that make git run a program where attributes, or the setting itself, ask for it, or that send it
/// to another folder.
pub const DRIVERS: &str = r"^(core\.worktree|(filter|diff|merge|hook)\..*\.(clean|smudge|process|required|command|textconv|driver|event))$";

/// One of these words stands in every file of settings that holds one of those, or that leads to another such file; nothing
/// in it can be written in another way than in letters.
const WORDS: [&str; 6] = ["include", "worktree", "filter", "diff", "merge", "hook"];

/// Whether the repository's own settings cannot hold any of those: git need not be asked then.
pub fn harmless(common: &Path) -> bool {
    let text = std::fs::read(common.join("config")).unwrap_or_else(|_| b"include".to_vec());
    let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
    !WORDS.iter().any(|word| text.contains(word))
}

/// Names of settings that make a push run a program, or hand a password to one; a person's own lie elsewhere.
pub const PUSHING: &str = r"^(credential\..*|core\.(askpass|gitproxy|alternaterefscommand)|remote\..*\.(receivepack|uploadpack|vcs))$";

/// How a driver of this name is switched off. One whose name holds `=` cannot be, nor another work tree: refused.
pub fn off(name: &str) -> Result<String, RepoError> {
    if name.contains('=') || name == "core.worktree" {
        return Err(RepoError::Git(format!(
            "the repository's configuration names {name:?}: remove it (git config --list --show-origin says where it is)"
        )));
    }
    Ok(match name.rsplit_once('.') {
        Some((_, "required")) => format!("{name}=false"),
        // An event that no hook knows.
        Some((_, "event")) => format!("{name}=none"),
        Some((hook, "command")) if hook.starts_with("hook.") => format!("{name}=true"),
        _ => format!("{name}="),
    })
}

/// Refuses a push while the repository itself sets what it would run.
pub fn pushing(names: &str) -> Result<(), RepoError> {
    match names.split('\0').find(|name| !name.is_empty()) {
        None => Ok(()),
        Some(name) => Err(RepoError::Git(format!(
            "push: .git/config of the home sets {name}, which is read from your own settings only: move it there (git config --global)"
        ))),
    }
}

/// A worktree's `.git` must be a plain file that leads into the home's own repository: whoever can write in the
/// worktree could otherwise hand us a repository of theirs, settings and all.
pub fn leads_home(worktree: &Path, common: &Path) -> Result<(), RepoError> {
    let file = worktree.join(".git");
    let plain =
        std::fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() < 4096);
    let text = if plain {
        std::fs::read_to_string(&file).unwrap_or_default()
    } else {
        String::new()
    };
    let target = text.trim_end().strip_prefix("gitdir: ").map(Path::new);
    let target = target.and_then(|path| worktree.join(path).canonicalize().ok());
    let ours = common.join("worktrees").canonicalize().ok();
    if target.is_some_and(|target| {
        target
            .parent()
            .is_some_and(|parent| Some(parent) == ours.as_deref())
    }) {
        return Ok(());
    }
    Err(RepoError::Git(format!(
        "{} does not lead to the repository of this home; remove {} and it is made anew",
        file.display(),
        worktree.display()
    )))
}
