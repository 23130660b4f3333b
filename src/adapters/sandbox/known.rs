//! Choices on disk, outside every home and out of reach of runs: one for each key, the newest before all.

use super::scope::Around;
use super::tier::Tier;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file of them.
const FILE: &str = "sandbox.json";
/// Most that are kept: programs of this user that start engines, each in a build or two.
const MOST: usize = 16;

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Everything it depends on, as one word.
    pub key: String,
    /// The tier that held.
    pub tier: Tier,
    /// What runs get around them.
    pub around: Option<Around>,
}

/// The choice for a key. Nothing without walls is ever taken from the file.
pub fn find(state: &Path, key: &str) -> Option<Known> {
    let all = read(state).into_iter();
    let mut all = all.filter_map(|one| serde_json::from_value::<Known>(one).ok());
    all.find(|known| known.key == key && known.tier.walls())
}

/// Keeps a choice; one that cannot be kept, or was overwritten at that moment, is made again next time.
pub fn keep(state: &Path, choice: &Known) {
    let mut all = read(state);
    all.retain(|one| one.get("key").and_then(Value::as_str) != Some(choice.key.as_str()));
    all.insert(0, json!(choice));
    all.truncate(MOST);
    let part = state.join(format!("{FILE}.{}", std::process::id()));
    let written = serde_json::to_vec(&all).map(|text| {
        fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)
            .and_then(|mut file| file.write_all(&text))
    });
    if matches!(written, Ok(Ok(()))) {
        let _ = fs::rename(&part, state.join(FILE));
    }
}

/// Those that are kept, also what only another version understands; a file of another shape holds none.
fn read(state: &Path) -> Vec<Value> {
    let text = fs::read(state.join(FILE)).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(key: &str) -> Known {
        Known {
            key: key.to_owned(),
            tier: Tier::Namespaces,
            around: None,
        }
    }

    #[test]
    fn the_newest_sixteen_are_kept_one_for_each_key() {
        let dir = tempfile::tempdir().unwrap();
        let keys: Vec<String> = (0..=MOST).map(|n| n.to_string()).collect();
        for key in &keys {
            keep(dir.path(), &known(key));
        }
        let found = |key: &str| find(dir.path(), key);
        assert_eq!(found("0"), None, "the oldest made room");
        for key in &keys[1..] {
            assert_eq!(found(key), Some(known(key)));
        }
        // What is found anew is the newest again, and pushes out nobody.
        let scoped = Known {
            around: Some(Around::Cgroup),
            ..known("1")
        };
        keep(dir.path(), &scoped);
        assert_eq!((found("1"), found("2")), (Some(scoped), Some(known("2"))));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_another_shape_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let one = serde_json::to_vec(&known("k")).unwrap();
        for text in [&one[..], b"", b"no json", b"[{\"key\":\"k\"}]"] {
            fs::write(dir.path().join(FILE), text).unwrap();
            assert_eq!(find(dir.path(), "k"), None);
            keep(dir.path(), &known("k"));
            assert_eq!(find(dir.path(), "k"), Some(known("k")));
        }
    }

    #[test]
    fn what_another_version_keeps_stays() {
        let dir = tempfile::tempdir().unwrap();
        let other = json!({"key": "other", "tier": "of tomorrow", "scope": true});
        let all = json!([other, known("k")]);
        fs::write(dir.path().join(FILE), all.to_string()).unwrap();
        assert_eq!(find(dir.path(), "other"), None);
        assert_eq!(find(dir.path(), "k"), Some(known("k")));
        keep(dir.path(), &known("new"));
        assert_eq!(
            read(dir.path()),
            [json!(known("new")), other, json!(known("k"))]
        );
    }

    #[test]
    fn nothing_without_walls_is_taken_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let bare = Known {
            tier: Tier::None,
            ..known("k")
        };
        keep(dir.path(), &bare);
        assert_eq!(find(dir.path(), "k"), None);
    }
}
