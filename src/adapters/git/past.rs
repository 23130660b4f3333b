//! Trees and contents as they were, by their ids: the files of a tree, the bytes of many at once.

use super::GitRepo;
use crate::adapters::folder::{Folder, For};
use crate::factory::ports::files::FileError;
use crate::factory::ports::reader::TreeFile;
use crate::factory::ports::repo::RepoError;
use std::collections::BTreeMap;
use std::path::Path;

/// Bits of a mode that tell what kind of file it is, and those of a plain file.
const KIND: u32 = 0o170_000;
const PLAIN: u32 = 0o100_000;

impl GitRepo {
    /// Files of a tree; None when the repository does not have the tree (any more).
    pub fn files_in(&self, tree: &str) -> Result<Option<Vec<TreeFile>>, RepoError> {
        if !hex(tree) || self.git()?.code(&self.home, &["cat-file", "-e", tree])?.0 != 0 {
            return Ok(None);
        }
        let listed = self
            .git()?
            .bytes(&self.home, &["ls-tree", "-r", "--long", "-z", tree])?;
        let listed = String::from_utf8_lossy(&listed);
        let files = listed.split('\0').filter_map(|line| {
            let (meta, path) = line.split_once('\t')?;
            let mut meta = meta.split_whitespace();
            let (mode, _, id, bytes) = (meta.next()?, meta.next()?, meta.next()?, meta.next()?);
            Some(TreeFile {
                path: path.to_owned(),
                mode: u32::from_str_radix(mode, 8).unwrap_or(0),
                bytes: bytes.parse().unwrap_or(0),
                id: id.to_owned(),
            })
        });
        Ok(Some(files.collect()))
    }

    /// How many bytes a content has; None when the repository does not have it (any more).
    pub fn size(&self, id: &str) -> Result<Option<u64>, RepoError> {
        if !hex(id) {
            return Ok(None);
        }
        let answer = self.git()?.fed(
            &self.home,
            &["cat-file", "--batch-check"],
            format!("{id}\n"),
        )?;
        let answer = String::from_utf8_lossy(&answer);
        Ok(answer
            .split_whitespace()
            .nth(2)
            .and_then(|n| n.parse().ok()))
    }

    /// Bytes of contents, by one call; those the repository does not have are left out.
    pub fn contents(&self, ids: &[&str]) -> Result<BTreeMap<String, Vec<u8>>, RepoError> {
        let ids: Vec<&str> = ids.iter().copied().filter(|id| hex(id)).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let input = ids.join("\n") + "\n";
        let all = self
            .git()?
            .fed(&self.home, &["cat-file", "--batch"], input)?;
        Ok(batched(&all))
    }
}

/// The files of a tool as a commit has them, written without any filter.
pub fn export(repo: &GitRepo, tool: &str, commit: &str, dir: &Path) -> Result<(), RepoError> {
    let gone = || RepoError::Git(format!("commit {commit} has no files of {tool}"));
    let tree = repo.tree_in(commit, tool)?.ok_or_else(gone)?;
    let files = repo.files_in(&tree)?.ok_or_else(gone)?;
    let ids: Vec<&str> = files.iter().map(|file| file.id.as_str()).collect();
    let contents = repo.contents(&ids)?;
    let folder = Folder::open(dir)?;
    // What has no place in a tool is a finding of the gates, and not written anywhere.
    for file in files.iter().filter(|file| file.mode & KIND == PLAIN) {
        let bytes = contents.get(&file.id).ok_or_else(gone)?;
        match folder.write(&file.path, bytes, For::All) {
            Err(FileError::Refused(_)) => {}
            written => written.map(drop)?,
        }
    }
    Ok(())
}

/// Objects as `cat-file --batch` writes them: a line with id, kind and size, the bytes, a line feed.
fn batched(all: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut rest = all;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (head, behind) = rest.split_at(end);
        let behind = behind.get(1..).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let mut words = head.split(' ');
        let (id, _, size) = (words.next(), words.next(), words.next());
        let size = size.and_then(|size| size.parse::<usize>().ok());
        let (Some(id), Some(size)) = (id, size) else {
            // Missing: no bytes follow.
            rest = behind;
            continue;
        };
        let Some(bytes) = behind.get(..size) else {
            break;
        };
        found.insert(id.to_owned(), bytes.to_vec());
        rest = behind.get(size + 1..).unwrap_or_default();
    }
    found
}

fn hex(id: &str) -> bool {
    id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::batched;

    #[test]
    fn a_batch_is_taken_apart_whatever_the_bytes_are() {
        let all = b"aa blob 4\nx\ny\n\nbb missing\ncc blob 0\n\n";
        let found = batched(all);
        assert_eq!(found.get("aa").map(Vec::as_slice), Some(&b"x\ny\n"[..]));
        assert_eq!(found.get("cc").map(Vec::as_slice), Some(&b""[..]));
        assert_eq!(found.len(), 2);
        assert!(batched(b"aa blob 9\nx").is_empty(), "cut short");
    }
}
