//! What is written, where, and what is not.

use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

const MINE: &str = "# my boxes\n[hosts.gpu1] # the big one\nkind = \"ollama\"\nurl   = 'http://10.0.0.5:11434' # attic\nnum_ctx = 8192\n\n[limits]\nday_usd = 3\n";
const NEW: &str = "http://10.0.0.9:11434";

struct World {
    dir: tempfile::TempDir,
    inputs: Inputs,
}

/// A home whose settings are these.
fn world(text: &str) -> World {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dev-factory")).unwrap();
    let inputs = Inputs {
        home: Some(dir.path().to_path_buf()),
        user_file: Some(dir.path().join("user.toml")),
        ..Inputs::default()
    };
    let world = World { dir, inputs };
    fs::write(world.own(), text).unwrap();
    world
}

impl World {
    fn own(&self) -> PathBuf {
        self.dir.path().join("dev-factory/factory.toml")
    }

    fn user(&self) -> PathBuf {
        self.dir.path().join("user.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.own()).unwrap()
    }

    fn set(&self, host: &str, url: &str) -> Result<PathBuf, String> {
        written(&self.inputs, host, url)
    }

    /// It is refused in these words, and the file is as it was.
    fn refuses(&self, host: &str, url: &str, words: &str) {
        let before = self.text();
        let why = self.set(host, url).unwrap_err();
        assert!(why.contains(words), "{url}: {why}");
        assert_eq!(self.text(), before, "{url}");
    }
}

fn mine() -> String {
    MINE.replace("'http://10.0.0.5:11434'", &format!("{NEW:?}"))
}

#[test]
fn only_the_address_changes() {
    let world = world(MINE);
    fs::set_permissions(world.own(), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(world.set("gpu1", NEW), Ok(world.own()));
    assert_eq!(world.text(), mine());
    let mode = fs::metadata(world.own()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let left = fs::read_dir(world.dir.path().join("dev-factory")).unwrap();
    assert_eq!(left.count(), 1, "nothing is left beside it");
    // Who writes no scheme means http; lines end as they did.
    fs::write(world.own(), MINE.replace('\n', "\r\n")).unwrap();
    world.set("gpu1", "10.0.0.9:11434").unwrap();
    assert_eq!(world.text(), mine().replace('\n', "\r\n"));
}

#[test]
fn the_file_that_wins_is_written() {
    let world = world(MINE);
    let theirs = "hosts = { gpu1 = { url = \"http://old:1\" }, gpu2 = { kind = \"vllm\" } }\n";
    // The user's own file may be a link into a folder of theirs, and stays one.
    let there = world.dir.path().join("dotfiles.toml");
    fs::write(&there, theirs).unwrap();
    symlink(&there, world.user()).unwrap();
    assert_eq!(world.set("gpu1", "http://new:1"), Ok(world.user()));
    assert!(fs::symlink_metadata(world.user()).unwrap().is_symlink());
    assert_eq!(
        fs::read_to_string(&there).unwrap(),
        theirs.replace("http://old:1", "http://new:1")
    );
    assert_eq!(world.text(), MINE, "untouched");
    world.set("gpu2", "http://two:8000").unwrap();
    let text = fs::read_to_string(&there).unwrap();
    assert!(text.contains("http://two:8000"), "{text}");
    // One that no file names, by the name of its kind, and one that nobody knows.
    assert_eq!(world.set("ollama", "http://three:11434"), Ok(world.own()));
    let added = "[hosts.ollama]\nkind = \"ollama\"\nurl = \"http://three:11434\"\n";
    let new = world.text();
    assert_eq!(new.replace(&format!("{added}\n"), ""), MINE, "{new}");
    world.refuses("gpu7", "http://x:1", "no settings file names gpu7");
}

#[test]
fn what_settings_would_refuse_is_not_written() {
    let world = world(MINE);
    for url in [
        "http://me:sk-secret@10.0.0.9:11434",
        "me:sk-secret@10.0.0.9:11434",
        "http://10.0.0.9/v1?key=sk-secret",
        "HTTP://10.0.0.9",
        "http:///10.0.0.9",
        "http:/10.0.0.9",
        "http://10.0.0.9/a b",
        "ftp://10.0.0.9",
        "no place at all",
        "",
    ] {
        world.refuses("gpu1", url, "hosts.gpu1.url");
    }
    // What was wrong before is not held against it.
    fs::write(world.own(), format!("{MINE}nonsense = 1\n")).unwrap();
    assert_eq!(world.set("gpu1", NEW), Ok(world.own()));
    fs::write(world.own(), "[hosts.gpu1\n").unwrap();
    world.refuses("gpu1", NEW, "is not valid TOML");
}

#[test]
fn what_something_else_would_win_over_is_not_written() {
    let mut world = world(MINE);
    let flag = ("hosts.gpu1.url".to_owned(), "http://flag:1".to_owned());
    world.inputs.flags = vec![flag];
    world.refuses("gpu1", NEW, "flag --set hosts.gpu1.url");
    world.inputs.flags.clear();
    let name = "DEV_FACTORY_HOSTS_GPU1_URL".to_owned();
    world
        .inputs
        .env
        .insert(name, "http://variable:1".to_owned());
    world.refuses("gpu1", NEW, "variable DEV_FACTORY_HOSTS_GPU1_URL");
}

#[test]
fn a_link_in_the_home_is_not_followed_and_a_change_meanwhile_is_not_lost() {
    let world = world(MINE);
    let there = world.dir.path().join("elsewhere.toml");
    fs::rename(world.own(), &there).unwrap();
    symlink(&there, world.own()).unwrap();
    world.refuses("gpu1", NEW, "is a link");
    let why = replace(&there, "what was read", "what is new").unwrap_err();
    assert!(why.contains("has just been changed"), "{why}");
    assert_eq!(fs::read_to_string(&there).unwrap(), MINE);
}
