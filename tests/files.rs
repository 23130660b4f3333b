//! Files written and read for a model: nothing planted in the folder leads out of it, whatever kind of thing it is.

use dev_factory::adapters::files::HomeFiles;
use dev_factory::adapters::folder::{Folder, For};
use dev_factory::factory::ports::files::{FILE, FILES, FileError, Files};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

/// A home with a tool's folder, and a secret outside of it.
struct World {
    _dir: tempfile::TempDir,
    home: PathBuf,
    tool: PathBuf,
    secret: PathBuf,
    files: HomeFiles,
}

const SECRET: &str = "canary-7f3a";

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (home, secret) = (base.join("home"), base.join("outside"));
        let tool = home.join("dev-factory/work/tools/word-count");
        fs::create_dir_all(tool.join("src")).unwrap();
        fs::create_dir(&secret).unwrap();
        fs::write(secret.join("id"), SECRET).unwrap();
        let files = HomeFiles::new(&home);
        Self {
            _dir: dir,
            home,
            tool,
            secret,
            files,
        }
    }

    fn write(&self, path: &str) -> Result<(), FileError> {
        self.files.write(&self.tool, path, "text\n")
    }

    /// Neither reading nor writing gets through, both in a sentence, and what lies outside is as it was.
    fn refused(&self, path: &str) {
        match self.write(path) {
            Err(FileError::Refused(words)) => {
                assert!(
                    words.contains("; remove it") || words.contains("is no path"),
                    "{words}"
                );
                assert!(
                    !words.contains('\n') && !words.contains('\u{1b}'),
                    "{words:?}"
                );
            }
            other => panic!("{path}: {other:?}"),
        }
        match self.files.read(&self.tool, path) {
            Err(FileError::Refused(words)) => assert!(!words.contains(SECRET)),
            other => panic!("{path}: {other:?}"),
        }
        self.unharmed();
    }

    fn unharmed(&self) {
        let text = fs::read_to_string(self.secret.join("id")).unwrap();
        assert_eq!(text, SECRET);
        assert_eq!(fs::read_dir(&self.secret).unwrap().count(), 1);
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Does something that must not wait for anybody.
fn at_once<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        scope.spawn(move || sender.send(work()));
        let done = receiver.recv_timeout(Duration::from_secs(10));
        done.unwrap_or_else(|_| {
            eprintln!("it waits");
            std::process::abort()
        })
    })
}

#[test]
fn a_file_is_written_whole_and_read_back_with_modes_a_run_can_use() {
    let w = World::new();
    w.write("test/dev/a.test.js").unwrap();
    w.files.write(&w.tool, "src/a.js", "one\n").unwrap();
    w.files.write(&w.tool, "src/a.js", "two\n").unwrap();
    let read = |path| w.files.read(&w.tool, path).unwrap();
    assert_eq!(read("src/a.js").as_deref(), Some("two\n"));
    assert_eq!((read("src/b.js"), read("lib/b.js")), (None, None));
    let mode = |path: &str| fs::metadata(w.tool.join(path)).unwrap().mode() & 0o777;
    assert_eq!((mode("src/a.js"), mode("test/dev")), (0o644, 0o755));
    let listed = w.files.list(&w.tool).unwrap();
    let paths: Vec<&str> = listed.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["src/a.js", "test/dev/a.test.js"]);
    assert!(listed.iter().all(|entry| entry.odd.is_none()));
    let aside = w.home.join("dev-factory/work/tools/other");
    assert_eq!(w.files.list(&aside), Ok(Vec::new()));
}

#[test]
fn no_link_leads_out() {
    let w = World::new();
    symlink(w.secret.join("id"), w.tool.join("src/file.js")).unwrap();
    w.refused("src/file.js");
    symlink(w.secret.join("new"), w.tool.join("src/dangling.js")).unwrap();
    w.refused("src/dangling.js");
    symlink(&w.secret, w.tool.join("lib")).unwrap();
    w.refused("lib/id");
    w.refused("lib/new/deeper.js");
    symlink("src", w.tool.join("near")).unwrap();
    w.refused("near/a.js");
    symlink("/proc/self/root", w.tool.join("root")).unwrap();
    w.refused("root/etc/passwd");
    // The tool's folder itself, and one above it.
    for planted in ["dev-factory/work/tools/linked", "dev-factory/other"] {
        symlink(&w.secret, w.home.join(planted)).unwrap();
        let folder = w.home.join(planted);
        assert!(matches!(
            w.files.read(&folder, "id"),
            Err(FileError::Refused(_))
        ));
        assert!(matches!(
            w.files.write(&folder, "a", ""),
            Err(FileError::Refused(_))
        ));
        assert!(matches!(w.files.list(&folder), Err(FileError::Refused(_))));
        assert!(matches!(
            w.files.keep_only(&folder, &[]),
            Err(FileError::Refused(_))
        ));
    }
    w.unharmed();
}

#[test]
fn a_file_with_a_second_name_is_replaced_and_never_read_or_written_through() {
    let w = World::new();
    let (inside, outside) = (w.tool.join("src/a.js"), w.secret.join("id"));
    fs::hard_link(&outside, &inside).unwrap();
    let read = w.files.read(&w.tool, "src/a.js");
    assert!(matches!(read, Err(FileError::Refused(words)) if !words.contains(SECRET)));
    let listed = w.files.list(&w.tool).unwrap();
    assert!(listed[0].odd.unwrap().contains("hard link"), "{listed:?}");
    w.write("src/a.js").unwrap();
    w.unharmed();
    assert_eq!(fs::metadata(&outside).unwrap().nlink(), 1);
    assert_eq!(fs::read_to_string(inside).unwrap(), "text\n");
}

#[test]
fn pipes_sockets_devices_and_folders_are_no_files_and_nobody_waits_for_them() {
    let w = World::new();
    fifo(&w.tool.join("src/pipe.js"));
    let _socket = std::os::unix::net::UnixListener::bind(w.tool.join("src/s.js")).unwrap();
    fs::create_dir(w.tool.join("src/d.js")).unwrap();
    at_once(|| {
        w.refused("src/pipe.js");
        w.refused("src/s.js");
        w.refused("src/d.js");
        let odd = w.files.list(&w.tool).unwrap();
        assert_eq!(odd.len(), 2, "{odd:?}");
        assert!(odd.iter().all(|entry| entry.odd.is_some()));
    });
    // Only root can make one; where it can, it is refused as well.
    let device = w.tool.join("src/null.js");
    let made = Command::new("mknod")
        .arg(&device)
        .args(["c", "1", "3"])
        .output()
        .unwrap();
    if made.status.success() {
        w.refused("src/null.js");
    }
}

#[test]
fn names_that_climb_hide_or_read_as_flags_are_refused() {
    let w = World::new();
    let long = "a".repeat(101);
    let deep = "a/".repeat(8) + "a";
    for name in [
        "",
        ".",
        "..",
        "../id",
        "../../outside/id",
        "src/../../x",
        "/etc/passwd",
        "src//a",
        "src/",
        "./a",
        "-rf",
        "src/-rf",
        "a b",
        "a\nb",
        "a\0b",
        "a\u{1b}[2J",
        "\u{202e}js.a",
        "ä.js",
        "a\\b",
        "C:a",
        "~",
        "$HOME",
        "a;b",
        &long,
        &deep,
    ] {
        w.refused(name);
    }
    let absolute = w.secret.join("id").display().to_string();
    w.refused(&absolute);
    for folder in [&w.secret, &w.home, Path::new("/"), Path::new("dev-factory")] {
        assert!(matches!(
            w.files.write(folder, "a", "b"),
            Err(FileError::Refused(_))
        ));
    }
    let up = w.tool.join("../../../../../outside");
    assert!(matches!(
        w.files.write(&up, "a", "b"),
        Err(FileError::Refused(_))
    ));
    w.write(&"a".repeat(100)).unwrap();
    w.unharmed();
}

#[test]
fn odd_names_that_lie_there_are_listed_escaped_and_cleared() {
    let w = World::new();
    let src = w.tool.join("src");
    let names: [&[u8]; 5] = [
        b"a\nb",
        b"\x1b[2J",
        b"-rf",
        b"\xff\xfe",
        "\u{202e}js".as_bytes(),
    ];
    for name in names {
        fs::write(src.join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    fs::write(src.join("kept.js"), "x").unwrap();
    symlink(&w.secret, src.join("link.js")).unwrap();
    fs::create_dir_all(src.join("old/a/b")).unwrap();
    fs::write(src.join("old/a/b/c"), "x").unwrap();
    symlink(&w.secret, src.join("old/out")).unwrap();
    let listed = w.files.list(&w.tool).unwrap();
    assert_eq!(listed.iter().filter(|entry| entry.odd.is_some()).count(), 7);
    for entry in &listed {
        assert!(
            entry.path.bytes().all(|b| (0x20..0x7f).contains(&b)),
            "{entry:?}"
        );
    }
    w.files
        .keep_only(&src, &["kept.js", "link.js", "gone.js"])
        .unwrap();
    let left: Vec<_> = fs::read_dir(&src)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, ["kept.js"]);
    w.unharmed();
}

#[test]
fn sizes_and_numbers_have_an_end() {
    let w = World::new();
    let large = "x".repeat(FILE as usize + 1);
    assert!(matches!(
        w.files.write(&w.tool, "a", &large),
        Err(FileError::Refused(_))
    ));
    fs::write(w.tool.join("large"), &large).unwrap();
    assert!(matches!(
        w.files.read(&w.tool, "large"),
        Err(FileError::Refused(_))
    ));
    fs::remove_file(w.tool.join("large")).unwrap();
    for n in 0..FILES {
        fs::write(w.tool.join(format!("f{n}")), "x").unwrap();
    }
    let words = w.write("one-more").unwrap_err().to_string();
    assert!(words.contains("200 files"), "{words}");
    // One that is there may still be written anew.
    w.write("f7").unwrap();
    for n in 0..20 {
        fs::write(w.tool.join(format!("f{n}")), &large[1..]).unwrap();
    }
    let words = w.write("f30").unwrap_err().to_string();
    assert!(words.contains("more than 20971520 bytes"), "{words}");
    for n in 0..2_000 {
        fs::write(w.tool.join("src").join(format!("g{n}")), "").unwrap();
    }
    assert!(matches!(w.files.list(&w.tool), Err(FileError::Refused(_))));
}

#[test]
fn readers_see_the_old_file_or_the_new_one_and_a_leftover_is_in_nobodys_way() {
    let w = World::new();
    // What a kill in mid-write leaves, and what an attacker would plant in its place.
    symlink(w.secret.join("id"), w.tool.join("src/.df-a.js.tmp")).unwrap();
    w.write("src/a.js").unwrap();
    w.unharmed();
    assert_eq!(fs::read_dir(w.tool.join("src")).unwrap().count(), 1);
    let texts = ["a".repeat(100_000), "b".repeat(100_000)];
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..200 {
                w.files.write(&w.tool, "src/a.js", &texts[n % 2]).unwrap();
            }
        });
        while !writer.is_finished() {
            let text = w.files.read(&w.tool, "src/a.js").unwrap().unwrap();
            assert!(text == "text\n" || texts.contains(&text));
        }
    });
}

#[test]
fn a_maze_of_any_depth_goes_in_one_call_and_what_it_links_to_stays() {
    let w = World::new();
    let made = Folder::open(&w.home)
        .unwrap()
        .make("out", For::All)
        .unwrap();
    let root = w.home.join("out/maze");
    fs::create_dir(&root).unwrap();
    symlink(&w.secret, root.join("link")).unwrap();
    fs::create_dir(root.join("shut")).unwrap();
    fs::write(root.join("shut/x"), "x").unwrap();
    fs::set_permissions(root.join("shut"), fs::Permissions::from_mode(0o0)).unwrap();
    // Far deeper than a path may be long.
    let script = "for (let i = 0; i < 1000; i++) { fs.mkdirSync('dddd'); process.chdir('dddd'); }";
    let dug = Command::new("node")
        .args(["-e", script])
        .current_dir(&root)
        .status()
        .unwrap();
    assert!(dug.success());
    made.discard("maze").unwrap();
    made.discard("maze").unwrap();
    assert!(!root.exists());
    w.unharmed();
}
