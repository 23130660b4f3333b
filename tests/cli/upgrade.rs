//! `upgrade` of homes that an older version made: what is replaced, merged, kept and refused, and what is left behind.

use super::{World, git};
use std::fs;
use std::path::Path;

const OLD: &str =
    "---\nname: qa\nmetadata:\n  role: qa\n---\nYou are the QA of an older version.\n";

fn said(w: &World, words: &[&str]) -> String {
    let words = [&["--home", "home", "upgrade", "--no-install"], words].concat();
    let out = w.run(&words).assert().code(0);
    String::from_utf8(out.get_output().stdout.clone()).unwrap()
}

fn read(home: &Path, path: &str) -> String {
    fs::read_to_string(home.join(path)).unwrap()
}

/// As an older version would have written it.
fn older(home: &Path, path: &str, text: &str) {
    fs::write(home.join(path), text).unwrap();
    fs::write(home.join("dev-factory/starter").join(path), text).unwrap();
}

fn committed(home: &Path) {
    git(
        home,
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qam",
            "older",
        ],
    );
}

#[test]
fn a_new_home_is_up_to_date() {
    let w = World::new();
    let home = w.home();
    let head = git(&home, &["rev-parse", "HEAD"]);
    let text = said(&w, &[]);
    assert!(text.contains("up to date"), "{text}");
    assert_eq!(git(&home, &["rev-parse", "HEAD"]), head);
    assert_eq!(git(&home, &["status", "--porcelain"]), "");
    assert!(!home.join("dev-factory/backup").exists());
}

#[test]
fn what_nobody_edited_is_replaced_with_a_backup_and_a_commit() {
    let w = World::new();
    let home = w.home();
    let new = read(&home, "souls/qa.md");
    older(&home, "souls/qa.md", OLD);
    committed(&home);
    let head = git(&home, &["rev-parse", "HEAD"]);

    let dry = said(&w, &["--dry-run"]);
    assert!(
        dry.contains("souls/qa.md: nobody edited it; it is replaced"),
        "{dry}"
    );
    assert!(
        dry.contains("-You are the QA of an older version."),
        "{dry}"
    );
    assert!(dry.contains("nothing was changed"), "{dry}");
    assert_eq!(read(&home, "souls/qa.md"), OLD);

    let text = said(&w, &[]);
    assert!(
        text.contains("done") && text.contains("dev-factory/backup/"),
        "{text}"
    );
    assert_eq!(read(&home, "souls/qa.md"), new);
    let backup = fs::read_dir(home.join("dev-factory/backup"))
        .unwrap()
        .next();
    let backup = backup.unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(backup.join("souls/qa.md")).unwrap(), OLD);
    assert_eq!(git(&home, &["rev-parse", "HEAD~1"]), head);
    assert_eq!(
        git(&home, &["show", "--format=", "--name-only", "HEAD"]),
        "souls/qa.md"
    );
    assert_eq!(git(&home, &["status", "--porcelain"]), "");
    assert!(said(&w, &[]).contains("up to date"));
}

#[test]
fn nothing_that_the_home_names_is_run_by_an_upgrade() {
    let w = World::new();
    let home = w.home();
    older(&home, "souls/qa.md", OLD);
    committed(&home);
    let ran = home.with_file_name("ran");
    let trap = format!("touch {}; cat", ran.display());
    for key in [
        "filter.evil.clean",
        "filter.evil.smudge",
        "hook.evil.command",
        "diff.external",
    ] {
        git(&home, &["config", key, &trap]);
    }
    git(&home, &["config", "hook.evil.event", "post-commit"]);
    git(&home, &["config", "diff.trustExitCode", "true"]);
    fs::create_dir_all(home.join(".git/info")).unwrap();
    fs::write(home.join(".git/info/attributes"), "* filter=evil\n").unwrap();
    let head = git(&home, &["rev-parse", "HEAD"]);
    let _ = fs::remove_file(&ran);

    assert!(said(&w, &[]).contains("done"));
    assert!(!ran.exists(), "a program of the home's was run");
    assert_eq!(git(&home, &["rev-parse", "HEAD~1"]), head);
}

#[test]
fn an_edited_soul_stays_and_both_changes_are_shown() {
    let w = World::new();
    let home = w.home();
    let new = read(&home, "souls/qa.md");
    older(&home, "souls/qa.md", OLD);
    let mine = format!("{OLD}Be brief.\n");
    fs::write(home.join("souls/qa.md"), &mine).unwrap();
    let text = said(&w, &[]);
    assert!(
        text.contains("what you changed") && text.contains("+Be brief."),
        "{text}"
    );
    assert!(
        text.contains("what is new") && text.contains("-You are the QA of"),
        "{text}"
    );
    assert!(text.contains("your files were left as they are"), "{text}");
    assert_eq!(read(&home, "souls/qa.md"), mine);
    assert_eq!(read(&home, "souls/qa.md.new"), new);
}

#[test]
fn settings_get_what_is_new_between_the_lines_of_their_owner() {
    let w = World::new();
    let home = w.home();
    let path = "dev-factory/factory.toml";
    let new = read(&home, path);
    let line = new
        .lines()
        .find(|line| line.starts_with("# repairs ="))
        .unwrap();
    let old = new.replace(&format!("{line}\n"), "");
    older(&home, path, &old);
    let mine = old.replace("# day_usd = 5.0", "day_usd = 3.0");
    let mine = mine.replacen("# [limits]", "[limits]", 1);
    assert_ne!(mine, old);
    fs::write(home.join(path), &mine).unwrap();
    let text = said(&w, &[]);
    assert!(
        text.contains("what is new goes between your lines"),
        "{text}"
    );
    let merged = read(&home, path);
    assert!(
        merged.contains(line) && merged.contains("\nday_usd = 3.0"),
        "{merged}"
    );
    let config = w.run(&["--home", "home", "config"]).assert().success();
    let config = String::from_utf8(config.get_output().stdout.clone()).unwrap();
    assert!(config.contains("dev-factory/factory.toml"), "{config}");
}

#[test]
fn a_home_from_before_starter_files_were_remembered_goes_by_its_first_commit() {
    let w = World::new();
    let home = w.home();
    let new = read(&home, "souls/developer.md");
    fs::write(home.join("souls/qa.md"), "mine\n").unwrap();
    fs::remove_dir_all(home.join("dev-factory/starter")).unwrap();
    fs::remove_file(home.join("souls/developer.md")).unwrap();
    let text = said(&w, &[]);
    assert!(
        text.contains("souls/developer.md: is missing; it is written anew"),
        "{text}"
    );
    assert!(
        !text.contains("souls/qa.md"),
        "edited, and nothing is new: {text}"
    );
    assert_eq!(read(&home, "souls/developer.md"), new);
    assert_eq!(read(&home, "souls/qa.md"), "mine\n");
}

/// package.json and its lock as they were before mutation testing.
fn without_stryker(home: &Path) -> [String; 2] {
    ["package.json", "package-lock.json"].map(|path| {
        let mut file: serde_json::Value = serde_json::from_str(&read(home, path)).unwrap();
        let own = |key: &String, _: &mut serde_json::Value| !key.contains("@stryker-mutator/");
        if let Some(packages) = file.get_mut("packages") {
            packages.as_object_mut().unwrap().retain(own);
            let root = &mut packages[""]["devDependencies"];
            root.as_object_mut().unwrap().retain(own);
        }
        if let Some(wanted) = file.get_mut("devDependencies") {
            wanted.as_object_mut().unwrap().retain(own);
        }
        let text = format!("{file:#}\n");
        older(home, path, &text);
        text
    })
}

#[test]
fn a_home_from_before_mutation_testing_gets_stryker_beside_a_persons_own_packages() {
    let w = World::new();
    let home = w.home();
    let new = read(&home, "package.json");
    let [old, lock] = without_stryker(&home);
    assert!(!old.contains("stryker") && !lock.contains("node_modules/@stryker-mutator"));
    let marker = home.join("node_modules/.package-lock.json");
    fs::create_dir_all(home.join("node_modules")).unwrap();
    fs::write(&marker, "{}").unwrap();
    let text = said(&w, &["--dry-run"]);
    assert!(
        text.contains("+    \"@stryker-mutator/core\": \"9.6.1\""),
        "{text}"
    );
    assert!(marker.exists(), "a dry run changes nothing");
    // Somebody has added a package of their own to both files.
    let mine = old.replace("\"jest\":", "\"left-pad\": \"1.3.0\",\n    \"jest\":");
    assert_ne!(mine, old);
    fs::write(home.join("package.json"), &mine).unwrap();
    let mut own: serde_json::Value = serde_json::from_str(&lock).unwrap();
    own["packages"][""]["devDependencies"]["left-pad"] = "1.3.0".into();
    own["packages"]["node_modules/left-pad"] = serde_json::json!({"version": "1.3.0", "dev": true});
    fs::write(home.join("package-lock.json"), format!("{own:#}\n")).unwrap();
    let text = said(&w, &[]);
    assert!(
        text.contains("package.json: you edited it; what is new goes between your lines"),
        "{text}"
    );
    let json = |path: &str| serde_json::from_str::<serde_json::Value>(&read(&home, path)).unwrap();
    let wanted = json("package.json")["devDependencies"].clone();
    let mut all =
        serde_json::from_str::<serde_json::Value>(&new).unwrap()["devDependencies"].clone();
    all["left-pad"] = "1.3.0".into();
    assert_eq!(wanted, all);
    let lock = json("package-lock.json");
    assert_eq!(lock["packages"][""]["devDependencies"], all);
    for name in [
        "left-pad",
        "@stryker-mutator/core",
        "@stryker-mutator/jest-runner",
        "jest",
    ] {
        assert!(
            lock["packages"][format!("node_modules/{name}")].is_object(),
            "{name}"
        );
    }
    assert!(!marker.exists(), "the next start installs what is new");
    assert!(said(&w, &[]).contains("up to date"));
}

#[test]
fn where_both_changed_the_same_package_both_files_stay_and_the_new_ones_lie_beside() {
    let w = World::new();
    let home = w.home();
    let new = read(&home, "package-lock.json");
    let old = read(&home, "package.json").replace("30.5.2", "29.0.0");
    older(&home, "package.json", &old);
    without_stryker(&home);
    let old = read(&home, "package.json");
    let mine = old.replace("29.0.0", "28.0.0");
    assert_ne!(mine, old);
    fs::write(home.join("package.json"), &mine).unwrap();
    let text = said(&w, &[]);
    assert!(
        text.contains("package.json and package-lock.json go together"),
        "{text}"
    );
    assert_eq!(read(&home, "package.json"), mine);
    assert_ne!(read(&home, "package-lock.json"), new);
    assert_eq!(read(&home, "package-lock.json.new"), new);
}

#[test]
fn nothing_is_upgraded_under_an_engine_and_staged_work_is_not_committed() {
    let w = World::new();
    let home = w.home();
    older(&home, "souls/qa.md", OLD);
    w.run(&["--home", "home", "up"]).assert().success();
    let refused = w.run(&["--home", "home", "upgrade"]).assert().code(1);
    let words = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(
        words.contains("an engine runs here") && words.contains("dev-factory down"),
        "{words}"
    );
    assert_eq!(words.lines().count(), 1, "{words}");
    w.run(&["--home", "home", "down", "--now"])
        .assert()
        .success();
    fs::write(home.join("staged"), "by hand").unwrap();
    git(&home, &["add", "staged"]);
    let text = said(&w, &[]);
    assert!(text.contains("not committed"), "{text}");
    assert_eq!(git(&home, &["diff", "--cached", "--name-only"]), "staged");
    assert_ne!(read(&home, "souls/qa.md"), OLD);
}
