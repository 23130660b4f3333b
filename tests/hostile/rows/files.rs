//! Attacks on what the factory itself writes and reads: files of a tool, git.

use crate::attack::{About, Harms, Row, harms};
use crate::look;
use crate::place::{Place, put};
use dev_factory::adapters::git::GitRepo;
use dev_factory::agents::lint::lint;
use dev_factory::agents::prompt::Numbers;
use dev_factory::agents::{policy, spec};
use dev_factory::factory::gates::measure;
use dev_factory::factory::ports::files::Files;
use dev_factory::factory::ports::repo::Repo;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

pub fn rows() -> Vec<Row> {
    vec![
        Row {
            number: 4,
            name: "leads what we write and read out of the tool by links",
            about: About::Ours,
            harms: || {
                vec![
                    "user/by-file.json",
                    "user/by-folder/count.js",
                    "user/by-tool/src/count.js",
                    "user/by-hard-link.json",
                    "read by a link",
                    "the reader waits",
                ]
            },
            attack: links,
            open: &[],
        },
        Row {
            number: 19,
            name: "names files so that they are taken for something else",
            about: About::Ours,
            harms: || vec!["written", "shown"],
            attack: names,
            open: &[],
        },
        Row {
            number: 32,
            name: "plants programs in the settings of git",
            about: About::Ours,
            harms: || vec!["fsmonitor", "filter", "hook"],
            attack: git,
            open: &[],
        },
        Row {
            number: 33,
            name: "writes to names that lead out of the tool",
            about: About::Ours,
            harms: || vec!["user/absolute.js", "user/upwards.js", "user/through.js"],
            attack: upwards,
            open: &[],
        },
        Row {
            number: 34,
            name: "chooses the folder it works in",
            about: About::Ours,
            harms: || vec!["user/planned.js"],
            attack: planned,
            open: &[],
        },
    ]
}

/// Writes a file of the tool, as we do or as one would.
fn write(place: &Place, path: &str, text: &str) {
    if place.control() {
        let file = place.home.tool.join(path);
        let _ = file.parent().map(fs::create_dir_all);
        let _ = fs::write(file, text);
    } else {
        let _ = place.home.files().write(&place.home.tool, path, text);
    }
}

fn read(place: &Place, path: &str) -> String {
    if place.control() {
        fs::read_to_string(place.home.tool.join(path)).unwrap_or_default()
    } else {
        let read = place.home.files().read(&place.home.tool, path);
        format!("{read:?}")
    }
}

/// Puts something in the place of a file of the tool, given the tool's folder and the person's own.
type Plant = fn(&Path, &Path);

fn links(place: &Place) -> Harms {
    let tool = place.home.tool.clone();
    let mut found = Harms::new();
    let tries: [(&str, Plant); 3] = [
        ("by-file.json", |tool, user| {
            fs::remove_file(tool.join("src/count.js")).unwrap();
            symlink(user.join("by-file.json"), tool.join("src/count.js")).unwrap();
        }),
        ("by-hard-link.json", |tool, user| {
            fs::remove_file(tool.join("src/count.js")).unwrap();
            fs::hard_link(user.join("by-hard-link.json"), tool.join("src/count.js")).unwrap();
        }),
        ("by-folder/count.js", |tool, user| {
            fs::remove_dir_all(tool.join("src")).unwrap();
            symlink(user.join("by-folder"), tool.join("src")).unwrap();
        }),
    ];
    for (name, plant) in tries {
        place.own(name);
        plant(&tool, &place.user);
        let before = look::snapshot(&[("user", &place.user)], |_| false);
        if read(place, "src/count.js").contains(&place.secret) {
            found.insert("read by a link".into());
        }
        write(place, "src/count.js", "changed");
        // Taking our name off a hard link changes only the count of links.
        let text = fs::read_to_string(place.user.join(name)).unwrap_or_default();
        let after = look::snapshot(&[("user", &place.user)], |_| false);
        let changed = look::changed(&before, &after);
        found.extend(
            changed
                .into_iter()
                .filter(|_| !text.contains(&place.secret)),
        );
        fs::remove_dir_all(&tool).unwrap();
        place.honest();
    }
    fs::remove_dir_all(&tool).unwrap();
    place.own("by-tool/src/count.js");
    symlink(place.user.join("by-tool"), &tool).unwrap();
    found.extend(place.changes(|| write(place, "src/count.js", "changed")));
    fs::remove_file(&tool).unwrap();
    place.honest();
    found.extend(waits(place));
    found
}

/// Whether reading a fifo waits for ever; who waits is set free.
fn waits(place: &Place) -> Harms {
    let fifo = place.home.tool.join("src/count.js");
    fs::remove_file(&fifo).unwrap();
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let found: Arc<Mutex<Harms>> = Arc::default();
    let into = Arc::clone(&found);
    let watch = move || {
        // It can be opened for writing only while another has it open for reading.
        let mut options = OpenOptions::new();
        if options
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&fifo)
            .is_ok()
        {
            into.lock().unwrap().insert("the reader waits".into());
        }
    };
    look::during(watch, || read(place, "src/count.js"));
    let found = found.lock().unwrap();
    found.clone()
}

/// What a file may not be called.
fn odd_names() -> Vec<String> {
    [
        "-rf",
        "a\nb.js",
        "\u{1b}[31mred.js",
        "\u{202e}sj.live.js",
        "a b.js",
        "\u{9b}2J.js",
        "CON.js\t",
    ]
    .map(String::from)
    .into_iter()
    .chain(["x".repeat(255)])
    .collect()
}

fn names(place: &Place) -> Harms {
    let src = place.home.tool.join("src");
    let listed = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    };
    let before = listed(&src).len();
    for name in odd_names() {
        write(place, &format!("src/{name}"), "x");
    }
    let mut found = Harms::new();
    if listed(&src).len() > before {
        found.insert("written".into());
    }
    // As a run would have left them.
    for name in odd_names() {
        put(&src.join(name), "x");
    }
    let shown = if place.control() {
        listed(&src).join(", ")
    } else {
        let tests = place.tests(60);
        let evidence = place
            .wait(measure(
                place.home.input(),
                &tests,
                &place.home.files(),
                |_| (),
            ))
            .unwrap();
        assert!(
            !evidence.green() && evidence.jest.is_none(),
            "{:?}",
            evidence.gates
        );
        let list = place.home.files().list(&place.home.tool).unwrap();
        assert!(list.len() > odd_names().len());
        let paths: String = list.into_iter().map(|entry| entry.path).collect();
        let words: String = evidence.gates.into_iter().map(|gate| gate.words).collect();
        paths + &words
    };
    if shown.chars().any(super::engine::unsafe_to_show) {
        found.insert("shown".into());
    }
    found
}

fn upwards(place: &Place) -> Harms {
    let user = place.user.display().to_string();
    let up = "../".repeat(20);
    let tries = [
        format!("{user}/absolute.js"),
        format!("{up}{user}/upwards.js"),
        format!("src/{up}{user}/through.js"),
        format!("src/./{up}{user}/through.js"),
    ];
    place.changes(|| tries.iter().for_each(|path| write(place, path, "planted")))
}

/// The spec is a model's text: it may name no place outside, however it is read.
fn planned(place: &Place) -> Harms {
    let up = "../".repeat(20);
    let wanted = format!("src/{up}{}/planned.js", place.user.display());
    let text = include_str!("../../fixtures/specs/word-count.md").replace("src/words.js", &wanted);
    let numbers = Numbers::default();
    let read = if place.control() {
        Some(spec::parse(&text))
    } else {
        lint(&text, "word-count", &numbers, &[]).ok()
    };
    let plan = read.as_ref().map(spec::Spec::plan).unwrap_or_default();
    let honest = spec::parse(include_str!("../../fixtures/specs/word-count.md"));
    let allowed =
        place.control() || policy::check_file(&wanted, "x", None, &honest, &numbers).is_ok();
    place.changes(|| {
        for path in plan.iter().filter(|_| allowed) {
            write(place, path, "planted");
        }
    })
}

fn run(folder: &Path, words: &[&str]) {
    let output = Command::new(words[0])
        .args(&words[1..])
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
}

fn git(place: &Place) -> Harms {
    let home: PathBuf = place.user.join("home");
    put(&home.join("package.json"), "{}\n");
    run(&home, &["git", "init", "-q", "-b", "main"]);
    let who = ["-c", "user.name=T", "-c", "user.email=t@localhost"];
    run(&home, &["git", "add", "-A"]);
    run(
        &home,
        &[&["git"][..], &who, &["commit", "-qm", "init"]].concat(),
    );
    let trap = |name: &str| {
        let file = place.user.join(format!("{name}.sh"));
        put(
            &file,
            &format!(
                "#!/bin/sh\ntouch {}\ncat\n",
                place.user.join(name).display()
            ),
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file.display().to_string()
    };
    for (key, name) in [
        ("core.fsmonitor", "fsmonitor"),
        ("filter.evil.clean", "filter"),
        ("filter.evil.smudge", "filter"),
    ] {
        run(&home, &["git", "config", key, &trap(name)]);
    }
    put(&home.join(".git/info/attributes"), "* filter=evil\n");
    for hook in [
        "pre-commit",
        "post-checkout",
        "reference-transaction",
        "post-index-change",
    ] {
        fs::copy(trap("hook"), home.join(".git/hooks").join(hook)).unwrap();
    }
    if place.control() {
        put(&home.join("tools/x/src/x.js"), "1\n");
        run(&home, &["git", "status"]);
        run(&home, &["git", "add", "-A"]);
        run(
            &home,
            &[&["git"][..], &who, &["commit", "-qm", "x"]].concat(),
        );
    } else {
        fs::create_dir_all(home.join("dev-factory")).unwrap();
        let repo = GitRepo::open(&home).unwrap();
        // As an upgrade does with files of the home.
        put(&home.join("package.json"), "{ }\n");
        repo.commit(&["package.json"], "Starter files").unwrap();
        let work = repo.open("x", false).unwrap();
        put(&work.join("tools/x/src/x.js"), "1\n");
        put(&work.join("tools/x/.gitattributes"), "* filter=evil\n");
        repo.save("x", "Build").unwrap();
        assert!(repo.diff("x").unwrap().contains("+1"));
        repo.close().unwrap();
    }
    let there = |name: &&str| place.user.join(name).exists();
    harms(["fsmonitor", "filter", "hook"].into_iter().filter(there))
}
