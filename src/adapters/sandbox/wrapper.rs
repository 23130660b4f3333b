//! The words of the operator's own command.

use super::policy::Policy;
use std::path::{Path, PathBuf};

/// The operator's words; one with `{read}`, `{write}` or `{cwd}` in it stands once for every such folder.
pub fn words(command: &[String], program: &Path, policy: &Policy) -> Vec<String> {
    let mut words = Vec::new();
    let program = [program.to_path_buf()];
    let [read_by, written_by] = &policy.links;
    let write: Vec<&PathBuf> = policy.write.iter().chain(written_by).collect();
    let read: Vec<&PathBuf> = policy
        .read
        .iter()
        .chain(&program)
        .chain(read_by)
        .filter(|path| path.starts_with("/") && !policy.write.contains(path))
        .collect();
    for word in command {
        let filled = |mark: &str, path: &Path| word.replace(mark, &path.to_string_lossy());
        if word.contains("{read}") {
            words.extend(read.iter().map(|path| filled("{read}", path)));
        } else if word.contains("{write}") {
            words.extend(write.iter().map(|path| filled("{write}", path)));
        } else {
            words.push(filled("{cwd}", &policy.cwd));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sandbox::start::{self, Means};
    use crate::adapters::sandbox::tier::Tier;
    use crate::factory::ports::sandbox::{Job, Limits, Network};

    #[test]
    fn a_wrapper_is_told_of_links_by_what_they_lead_to_and_nobody_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().canonicalize().unwrap().join(name);
        for name in ["read", "write"] {
            std::fs::create_dir(at(name)).unwrap();
            std::os::unix::fs::symlink(at(name), at(&format!("to-{name}"))).unwrap();
        }
        let job = Job {
            cwd: at("to-read"),
            read: vec![at("to-read")],
            write: vec![at("to-write")],
            command: Vec::new(),
            stdin: Vec::new(),
            network: Network::None,
            limits: Limits::default(),
            untrusted: Vec::new(),
            env: Vec::new(),
        };
        let means = Means {
            tier: Tier::Wrapper,
            program: at("program"),
            etc: at("etc"),
            wrapper: vec![],
            scopes: None,
            planted: None,
        };
        let policy = start::policy(&job, &means, Path::new("/tmp"), None);
        let command = ["r={read}", "w={write}"].map(str::to_owned);
        let words = words(&command, &means.program, &policy);
        let told =
            |mark: &str, name: &str| words.contains(&format!("{mark}={}", at(name).display()));
        for (name, mark, other) in [("read", "r", "w"), ("write", "w", "r")] {
            let link = format!("to-{name}");
            assert!(told(mark, name) && told(mark, &link), "{words:?}");
            assert!(!told(other, name) && !told(other, &link), "{words:?}");
            assert!(!policy.read.contains(&at(&link)) && !policy.write.contains(&at(&link)));
        }
    }
}
