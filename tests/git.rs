//! The repository adapter on real git: branches, the worktree, shipping, and what must never run.

use dev_factory::adapters::git::GitRepo;
use dev_factory::domain::condition::Trouble;
use dev_factory::factory::ports::repo::{Repo, RepoError, ShipOrder};
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOOL: &str = "cost-tracker";
const PAPER: &str = "dev-factory/specs/cost-tracker.md";
const README: &str = "tools/cost-tracker/README.md";
const CLI: &str = "tools/cost-tracker/src/cli.js";

fn git(home: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(home)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(["-c", "user.name=T", "-c", "user.email=t@localhost"])
        .args(args)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}

fn put(home: &Path, path: &str, text: &str) {
    let file = home.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn script(home: &Path, path: &str, text: &str) {
    put(home, path, text);
    fs::set_permissions(home.join(path), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A home as init makes it.
fn home() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().canonicalize().unwrap().join("home");
    fs::create_dir_all(home.join("dev-factory")).unwrap();
    git(&home, &["init", "-q", "-b", "main"]);
    let ignore = "/node_modules/\n/dev-factory/*\n!/dev-factory/specs/\n";
    put(&home, ".gitignore", ignore);
    put(&home, "package.json", "{}\n");
    git(&home, &["add", "-A"]);
    git(&home, &["commit", "-qm", "init"]);
    (dir, home)
}

/// A home with a finished tool on its branch and a paper.
fn finished() -> (tempfile::TempDir, PathBuf) {
    let (dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    put(&work, CLI, "module.exports = {};\n");
    put(&work, README, "# cost\n");
    repo.save(TOOL, "Build").unwrap();
    repo.close().unwrap();
    put(&home, PAPER, "# cost-tracker\n");
    (dir, home)
}

/// Tree of the tool's folder in a commit.
fn tree_of(home: &Path, commit: &str) -> String {
    git(home, &["rev-parse", &format!("{commit}:tools/{TOOL}")])
}

fn order(home: &Path) -> ShipOrder {
    ShipOrder {
        tree: tree_of(home, &format!("tool/{TOOL}")),
        tool: TOOL.into(),
        version: "1.0.0".into(),
        papers: vec![PAPER.into()],
        message: "Ship cost-tracker 1.0.0".into(),
    }
}

/// Ships, and checks everything a shipped home must look like.
fn check_shipped(home: &Path) {
    let repo = GitRepo::open(home).unwrap();
    let record = repo.ship(&order(home)).unwrap();
    assert_eq!(record.tag, "cost-tracker@1.0.0");
    assert_eq!(git(home, &["rev-parse", "main"]), record.commit);
    let tag = "cost-tracker@1.0.0^{commit}";
    assert_eq!(git(home, &["rev-parse", tag]), record.commit);
    let kind = git(home, &["cat-file", "-t", "refs/tags/cost-tracker@1.0.0"]);
    assert_eq!(kind, "tag", "annotated");
    let parents = git(home, &["log", "-1", "--format=%P", "main"]);
    assert_eq!(parents.split(' ').count(), 2, "one merge commit");
    let line = git(home, &["rev-list", "--count", "--first-parent", "main"]);
    assert_eq!(line, "2");
    let paper = git(home, &["show", &format!("main:{PAPER}")]);
    assert_eq!(paper, "# cost-tracker");
    assert_eq!(git(home, &["status", "--porcelain"]), "");
    assert!(home.join(CLI).is_file());
    assert!(!home.join(".git/MERGE_HEAD").exists());
    assert_eq!(git(home, &["for-each-ref", "refs/dev-factory"]), "");
    assert_eq!(repo.main_blocked().unwrap(), None);
    assert_eq!(repo.versions(TOOL).unwrap(), ["1.0.0"]);
}

#[test]
fn an_attempt_after_a_cut_one_begins_with_the_same_files() {
    let (_dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    // What nobody saved before is begun with too.
    put(&work, CLI, "by hand\n");
    assert_eq!(repo.begin(TOOL, 1, &[]).unwrap(), None);
    let found = repo.tree(TOOL).unwrap();
    let cut = |text| {
        put(&work, CLI, text);
        put(&work, README, "half\n");
    };
    cut("written");
    let left = repo.begin(TOOL, 2, &[1]).unwrap().unwrap();
    assert_eq!(repo.tree(TOOL).unwrap(), found);
    assert_eq!(git(&home, &["show", &format!("{left}:{CLI}")]), "written");
    // Saved, and cut before anybody was told; the one between was cut before it had begun.
    cut("written again");
    repo.save(TOOL, "built").unwrap();
    assert!(repo.begin(TOOL, 4, &[1, 2, 3]).unwrap().is_some());
    assert_eq!(repo.tree(TOOL).unwrap(), found);
    assert_eq!(repo.begin(TOOL, 5, &[1, 2, 3, 4]).unwrap(), None);
    // Another phase, whose attempts were all cut before they had begun, begins with what is there.
    cut("done");
    let (done, commit) = repo.save(TOOL, "built").unwrap();
    assert_eq!(repo.begin(TOOL, 7, &[6]).unwrap(), None);
    cut("worse");
    assert!(repo.begin(TOOL, 8, &[6, 7]).unwrap().is_some());
    assert_eq!(repo.tree(TOOL).unwrap(), done);
    // A tree put back is what it begins with from then on.
    cut("better");
    let (_, better) = repo.save(TOOL, "better").unwrap();
    repo.restore(TOOL, &commit).unwrap();
    cut("on top");
    assert!(repo.begin(TOOL, 9, &[6, 7, 8]).unwrap().is_some());
    assert_eq!(repo.tree(TOOL).unwrap(), done);
    // Put back a second time, it is kept once.
    git(&work, &["reset", "-q", "--hard", &better]);
    repo.restore(TOOL, &commit).unwrap();
    let kept = git(&home, &["branch", "--list", "kept/*"]);
    assert_eq!(kept.lines().count(), 1, "{kept}");
    repo.close().unwrap();
    assert_eq!(git(&home, &["for-each-ref", "refs/dev-factory"]), "");
}

#[test]
fn a_tool_goes_from_an_empty_branch_to_a_tag() {
    let (_dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    assert_eq!(work, home.join("dev-factory/work"));
    assert!(!work.join("package.json").exists(), "sparse to the tool");
    let empty = repo.tree(TOOL).unwrap();
    put(&work, CLI, "1\n");
    let tree = repo.tree(TOOL).unwrap();
    assert_ne!(tree, empty);
    let (saved, commit) = repo.save(TOOL, "First draft").unwrap();
    assert_eq!(saved, tree);
    let again = repo.save(TOOL, "Nothing new").unwrap();
    assert_eq!(again, (saved, commit.clone()));
    let in_branch = "tool/cost-tracker:tools/cost-tracker";
    assert_eq!(git(&home, &["rev-parse", in_branch]), tree);
    let rest = git(&home, &["show", "tool/cost-tracker:package.json"]);
    assert_eq!(rest, "{}", "what the sparse worktree hides stays");
    assert!(repo.diff(TOOL).unwrap().contains("+1"));
    put(&work, CLI, "2\n");
    repo.save(TOOL, "Second").unwrap();
    put(&work, "tools/cost-tracker/new.js", "3\n");
    repo.restore(TOOL, &commit).unwrap();
    assert_eq!(repo.tree(TOOL).unwrap(), tree);
    assert!(!work.join("tools/cost-tracker/new.js").exists());
    let kept = "kept/cost-tracker/1:tools/cost-tracker/new.js";
    assert_eq!(git(&home, &["show", kept]), "3");
    put(&home, PAPER, "# cost-tracker\n");
    put(&home, "package.json", "{ \"mine\": true }\n");
    repo.close().unwrap();
    assert!(!work.exists());
    repo.ship(&order(&home)).unwrap();
    assert_eq!(git(&home, &["status", "--porcelain"]), " M package.json");
    let shipped = [(TOOL.to_string(), "1.0.0".to_string())];
    assert_eq!(repo.shipped().unwrap(), shipped);
    assert!(matches!(repo.open("../x", false), Err(RepoError::Git(_))));
}

#[test]
fn a_copied_home_goes_on_and_leaves_the_original_alone() {
    let (dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    put(&work, CLI, "1\n");
    repo.save(TOOL, "Build").unwrap();
    let copy = dir.path().canonicalize().unwrap().join("copy");
    let copied = Command::new("cp").arg("-a").args([&home, &copy]).status();
    assert!(copied.unwrap().success());
    put(&home, ".git/worktrees/work/index.lock", "");
    let other = GitRepo::open(&copy).unwrap();
    let theirs = other.open(TOOL, true).unwrap();
    assert_eq!(theirs, copy.join("dev-factory/work"));
    put(&theirs, CLI, "2\n");
    other.save(TOOL, "Go on").unwrap();
    assert!(home.join(".git/worktrees/work/index.lock").exists());
    assert_eq!(fs::read_to_string(work.join(CLI)).unwrap(), "1\n");
    repo.open(TOOL, true).unwrap();
    let last = |home: &Path| git(home, &["log", "-1", "--format=%s", "tool/cost-tracker"]);
    assert_eq!((last(&home), last(&copy)), ("Build".into(), "Go on".into()));
}

#[test]
fn fresh_keeps_the_old_branch_and_resume_keeps_the_work() {
    let (_dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    let file = work.join("tools/cost-tracker/a.js");
    put(&work, "tools/cost-tracker/a.js", "unsaved\n");
    repo.open(TOOL, true).unwrap();
    assert!(file.exists());
    repo.open("other-tool", false).unwrap();
    assert!(!work.join("tools/cost-tracker").exists());
    let saved = "tool/cost-tracker:tools/cost-tracker/a.js";
    assert_eq!(git(&home, &["show", saved]), "unsaved");
    fs::remove_dir_all(&work).unwrap();
    repo.open(TOOL, true).unwrap();
    assert!(file.exists());
    repo.open(TOOL, false).unwrap();
    assert!(!file.exists());
    let kept = "kept/cost-tracker/1:tools/cost-tracker/a.js";
    assert_eq!(git(&home, &["show", kept]), "unsaved");
    repo.open(TOOL, false).unwrap();
    let branches = git(&home, &["branch", "--list", "kept/*"]);
    assert!(
        !branches.contains("kept/cost-tracker/2"),
        "a branch with nothing on it is not kept"
    );
    put(&work, "tools/cost-tracker/b.js", "second\n");
    repo.open(TOOL, false).unwrap();
    let branches = git(&home, &["branch", "--list", "kept/*"]);
    assert!(branches.contains("kept/cost-tracker/2"), "{branches}");
    // A crash while the worktree was being made.
    let index = git(&work, &["rev-parse", "--absolute-git-dir"]) + "/index";
    fs::remove_file(&index).unwrap();
    fs::write(format!("{index}.lock"), "").unwrap();
    repo.open(TOOL, true).unwrap();
    let nothing = git(&home, &["hash-object", "-t", "tree", "/dev/null"]);
    assert_eq!(repo.tree(TOOL).unwrap(), nothing);
    assert_eq!(git(&work, &["status", "--porcelain"]), "");
    let missing = repo.open("never-made", true).unwrap_err().to_string();
    assert!(missing.contains("never-made"), "{missing}");
}

#[test]
fn nothing_planted_in_the_home_is_run() {
    let (dir, home) = home();
    let marker = dir.path().join("ran");
    let body = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", marker.display());
    script(dir.path(), "evil.sh", &body);
    let all = "pre-commit post-commit pre-merge-commit post-merge post-checkout commit-msg \
        prepare-commit-msg reference-transaction post-index-change pre-push";
    for hook in all.split_whitespace() {
        script(&home, &format!(".git/hooks/{hook}"), &body);
        script(&home, &format!("hooks/{hook}"), &body);
    }
    let hooks = home.join("hooks");
    git(
        &home,
        &["config", "core.hooksPath", hooks.to_str().unwrap()],
    );
    let evil = dir.path().join("evil.sh");
    let keys = "core.fsmonitor filter.evil.clean filter.evil.smudge filter.evil.process \
        diff.evil.command diff.evil.textconv diff.external merge.evil.driver core.pager \
        core.editor gpg.program";
    for key in keys.split_whitespace() {
        git(&home, &["config", key, evil.to_str().unwrap()]);
    }
    for key in ["filter.evil.required", "commit.gpgSign", "tag.gpgSign"] {
        git(&home, &["config", key, "true"]);
    }
    put(
        &home,
        ".git/info/attributes",
        "* filter=evil diff=evil merge=evil\n",
    );
    let _ = fs::remove_file(&marker);
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    let attributes = "* filter=evil diff=evil text eol=crlf\n";
    put(&work, "tools/cost-tracker/.gitattributes", attributes);
    put(&work, CLI, "plain\n");
    repo.tree(TOOL).unwrap();
    let (_, commit) = repo.save(TOOL, "Build").unwrap();
    put(&work, CLI, "later\n");
    repo.save(TOOL, "Later").unwrap();
    repo.restore(TOOL, &commit).unwrap();
    assert!(repo.diff(TOOL).unwrap().contains("+plain"));
    repo.close().unwrap();
    put(&home, PAPER, "# cost-tracker\n");
    repo.ship(&order(&home)).unwrap();
    assert_eq!(fs::read(home.join(CLI)).unwrap(), b"plain\n");
    assert_eq!(fs::read_to_string(&marker).unwrap_or_default(), "");
    // The trap itself works: plain git falls into it.
    let mut plain = Command::new("git");
    plain.current_dir(&home).arg("status").output().unwrap();
    assert_ne!(fs::read_to_string(&marker).unwrap_or_default(), "");
}

/// A script that leaves a mark when it is run, and the mark.
fn evil(dir: &Path) -> (String, PathBuf) {
    let marker = dir.join("ran");
    let body = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", marker.display());
    script(dir, "evil.sh", &body);
    (dir.join("evil.sh").display().to_string(), marker)
}

/// The whole life of a tool, after which nothing may have run.
fn life(home: &Path, marker: &Path) {
    let repo = GitRepo::open(home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    put(&work, CLI, "plain\n");
    repo.tree(TOOL).unwrap();
    let (_, commit) = repo.save(TOOL, "Build").unwrap();
    put(&work, CLI, "later\n");
    repo.save(TOOL, "Later").unwrap();
    repo.restore(TOOL, &commit).unwrap();
    repo.diff(TOOL).unwrap();
    repo.close().unwrap();
    put(home, PAPER, "# cost-tracker\n");
    repo.ship(&order(home)).unwrap();
    assert_eq!(fs::read(home.join(CLI)).unwrap(), b"plain\n");
    assert_eq!(fs::read_to_string(marker).unwrap_or_default(), "");
}

#[test]
fn settings_included_from_elsewhere_and_those_of_a_worktree_run_nothing() {
    let (dir, home) = home();
    let (evil, marker) = evil(dir.path());
    put(
        &home,
        "more.cfg",
        &format!(
            "[core]\nfsmonitor = {evil}\nsshCommand = {evil}\n\
             [filter \"a.b c\"]\nclean = {evil}\nsmudge = {evil}\nrequired = true\n\
             [hook \"planted\"]\ncommand = {evil}\nevent = post-commit\nevent = pre-commit\n\
             [log]\nshowSignature = true\n[gpg]\nprogram = {evil}\n\
             [branch \"main\"]\nmergeOptions = --strategy=planted\n\
             [alias]\ncommit = !{evil}\nmerge = !{evil}\nadd = !{evil}\n\
             [commit]\ntemplate = {evil}\n[gc]\nauto = 1\n"
        ),
    );
    git(&home, &["config", "include.path", "../more.cfg"]);
    git(&home, &["config", "extensions.worktreeConfig", "true"]);
    git(&home, &["config", "--worktree", "core.fsmonitor", &evil]);
    put(&home, ".git/info/attributes", "* filter=\"a.b c\"\n");
    let _ = fs::remove_file(&marker);
    let plain = Command::new("git")
        .current_dir(&home)
        .arg("status")
        .output();
    plain.unwrap();
    assert!(fs::remove_file(&marker).is_ok(), "the trap itself works");
    life(&home, &marker);
}

#[test]
fn a_repository_planted_in_the_tools_folder_runs_nothing() {
    let (dir, home) = home();
    let (evil, marker) = evil(dir.path());
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    let inner = work.join("tools/cost-tracker/src/inner");
    fs::create_dir_all(&inner).unwrap();
    git(&inner, &["init", "-q", "-b", "main"]);
    put(&inner, "a", "a");
    git(&inner, &["add", "-A"]);
    git(&inner, &["commit", "-qm", "inner"]);
    for key in ["core.fsmonitor", "filter.evil.clean", "diff.external"] {
        git(&inner, &["config", key, &evil]);
    }
    put(&inner, ".git/info/attributes", "* filter=evil\n");
    put(&inner, "a", "b");
    let repository = dir.path().join("repository");
    let _ = fs::remove_file(&marker);
    let modules = format!(
        "[submodule \"x\"]\n\tpath = tools/cost-tracker/src/inner\n\turl = {}\n\tupdate = !{evil}\n",
        inner.display()
    );
    put(&work, "tools/cost-tracker/.gitmodules", &modules);
    put(&work, ".gitmodules", &modules);
    put(&work, CLI, "plain\n");
    let main = git(&home, &["rev-parse", "main"]);
    let refused = |error: RepoError| {
        let words = error.to_string().to_lowercase();
        assert!(words.contains(".git\" makes a part of"), "{words}");
        assert!(words.ends_with("remove it"), "{words}");
    };
    for planted in ["src/inner/.git", "src/.GIT", "a b/.git", ".git"] {
        let place = work.join("tools/cost-tracker").join(planted);
        if !place.exists() {
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::rename(&repository, &place).unwrap();
        }
        refused(repo.tree(TOOL).unwrap_err());
        refused(repo.save(TOOL, "Build").unwrap_err());
        refused(repo.restore(TOOL, &main).unwrap_err());
        refused(repo.close().unwrap_err());
        fs::rename(&place, &repository).unwrap();
    }
    // One that a person committed as a submodule is no better.
    let inner = inner.to_str().unwrap();
    fs::rename(&repository, format!("{inner}/.git")).unwrap();
    git(
        &work,
        &[
            "-c",
            "core.fsmonitor=false",
            "add",
            "-f",
            "--sparse",
            "tools/cost-tracker/src/inner",
        ],
    );
    fs::remove_file(&marker).unwrap_or_default();
    refused(repo.save(TOOL, "Build").unwrap_err());
    repo.diff(TOOL).unwrap();
    fs::rename(format!("{inner}/.git"), &repository).unwrap();
    repo.save(TOOL, "Build").unwrap();
    repo.close().unwrap();
    assert_eq!(fs::read_to_string(&marker).unwrap_or_default(), "");
}

#[test]
fn what_cannot_be_switched_off_is_refused_in_a_sentence() {
    let (dir, home) = finished();
    let (evil, marker) = evil(dir.path());
    let refused = |part: &str| {
        let error = GitRepo::open(&home).and_then(|repo| repo.ship(&order(&home)));
        let words = error.unwrap_err().to_string();
        assert!(words.contains(part) && words.contains("remove"), "{words}");
        assert!(!marker.exists() && !words.contains('\n'), "{words}");
    };
    git(&home, &["config", "filter.x=y.clean", &evil]);
    put(&home, ".git/info/attributes", "* filter=x=y\n");
    refused("\"filter.x=y.clean\"");
    git(&home, &["config", "--unset", "filter.x=y.clean"]);
    let aside = dir.path().join("aside");
    fs::create_dir(&aside).unwrap();
    git(&home, &["config", "core.worktree", aside.to_str().unwrap()]);
    refused("core.worktree");
    assert_eq!(fs::read_dir(&aside).unwrap().count(), 0);
    git(&home, &["config", "--unset", "core.worktree"]);
    // A worktree handed to another repository.
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, true).unwrap();
    let theirs = dir.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    git(&theirs, &["init", "-q", "-b", "tool/cost-tracker"]);
    git(&theirs, &["config", "core.fsmonitor", &evil]);
    let file = work.join(".git");
    let honest = fs::read_to_string(&file).unwrap();
    let planted = format!("gitdir: {}\n", theirs.join(".git").display());
    fs::write(&file, &planted).unwrap();
    let words = repo.save(TOOL, "x").unwrap_err().to_string();
    assert!(words.contains("does not lead to the repository"), "{words}");
    fs::write(theirs.join("link"), honest).unwrap();
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(theirs.join("link"), &file).unwrap();
    assert!(repo.tree(TOOL).is_err());
    fs::remove_dir_all(&work).unwrap();
    repo.open(TOOL, true).unwrap();
    repo.save(TOOL, "x").unwrap();
    assert!(!marker.exists());
}

#[test]
fn a_push_runs_nothing_the_repository_names() {
    let (dir, home) = finished();
    check_shipped(&home);
    let (evil, marker) = evil(dir.path());
    let far = dir.path().join("far.git");
    let far = far.to_str().unwrap();
    git(dir.path(), &["init", "-q", "--bare", "-b", "main", far]);
    git(&home, &["remote", "add", "origin", far]);
    let repo = GitRepo::open(&home).unwrap();
    let push = || repo.push("origin", "cost-tracker@1.0.0");
    for key in [
        "credential.helper",
        "credential.https://example.com.helper",
        "core.askPass",
        "core.gitProxy",
        "remote.origin.receivepack",
        "remote.origin.vcs",
    ] {
        git(&home, &["config", key, &evil]);
        let words = push().unwrap_err().to_string();
        assert!(words.contains(&key.to_lowercase()), "{key}: {words}");
        assert!(words.contains("git config --global"), "{words}");
        git(&home, &["config", "--unset", key]);
    }
    for hook in ["pre-push", "reference-transaction", "post-index-change"] {
        script(&home, &format!(".git/hooks/{hook}"), "#!/bin/sh\nexit 9\n");
    }
    // Over ssh the program is ours; an address that is itself a command is no address.
    git(&home, &["config", "core.sshCommand", &evil]);
    for url in ["ssh://127.0.0.1:1/x", &format!("ext::{evil}")] {
        git(&home, &["remote", "set-url", "origin", url]);
        push().unwrap_err();
    }
    git(&home, &["remote", "set-url", "origin", far]);
    push().unwrap();
    assert!(!marker.exists());
}

#[test]
fn a_home_that_is_not_ready_blocks_with_the_reason() {
    let (_dir, home) = finished();
    let repo = GitRepo::open(&home).unwrap();
    let refused = |part: &str| match repo.ship(&order(&home)) {
        Err(RepoError::Blocked(words)) => assert!(words.contains(part), "{words}"),
        other => panic!("{other:?}"),
    };
    put(&home, "staged.txt", "mine\n");
    git(&home, &["add", "staged.txt"]);
    refused("staged.txt");
    let why = repo.main_blocked().unwrap().unwrap();
    assert!(why.contains("staged.txt"), "{why}");
    git(&home, &["reset", "-q"]);
    assert_eq!(repo.main_blocked().unwrap(), None, "only the index counts");
    git(&home, &["switch", "-qc", "elsewhere"]);
    refused("elsewhere");
    git(&home, &["switch", "-q", "--detach", "main"]);
    refused("detached");
    git(&home, &["switch", "-q", "main"]);
    put(&home, README, "a person's own\n");
    refused(README);
    let kept = fs::read_to_string(home.join(README)).unwrap();
    assert_eq!(kept, "a person's own\n");
    git(&home, &["add", README]);
    git(&home, &["commit", "-qm", "by hand"]);
    refused("merged");
    assert!(!home.join(".git/MERGE_HEAD").exists());
    git(&home, &["branch", "-q", "theirs", "HEAD~1"]);
    git(&home, &["switch", "-q", "theirs"]);
    put(&home, "their.txt", "x\n");
    git(&home, &["add", "their.txt"]);
    git(&home, &["commit", "-qm", "theirs"]);
    git(&home, &["switch", "-q", "main"]);
    git(&home, &["merge", "-q", "--no-ff", "--no-commit", "theirs"]);
    refused("merge is under way");
    assert!(
        home.join(".git/MERGE_HEAD").exists(),
        "a person's merge stays"
    );
}

#[test]
fn only_the_tree_that_passed_ships() {
    let (_dir, home) = finished();
    let repo = GitRepo::open(&home).unwrap();
    let passed = order(&home);
    let main = git(&home, &["rev-parse", "main"]);
    let work = repo.open(TOOL, true).unwrap();
    put(&work, CLI, "later\n");
    let (_, later) = repo.save(TOOL, "By somebody").unwrap();
    assert_eq!(repo.ship(&passed), Err(RepoError::Moved(later.clone())));
    assert_eq!(git(&home, &["rev-parse", "main"]), main);
    assert!(!home.join(CLI).exists());
    // The files of a commit lie there as it has them, whatever the worktree holds.
    let clean = home.join("clean");
    fs::create_dir(&clean).unwrap();
    repo.export(TOOL, &format!("{later}^"), &clean).unwrap();
    let text = |path: &str| fs::read_to_string(clean.join(path)).unwrap();
    assert_eq!(text("src/cli.js"), "module.exports = {};\n");
    assert_eq!(text("README.md"), "# cost\n");
    repo.restore(TOOL, &format!("{later}^")).unwrap();
    repo.close().unwrap();
    let kept = format!("kept/{TOOL}/1");
    assert_eq!(git(&home, &["rev-parse", &kept]), later);
    // A merge that comes to something else was measured by nobody either.
    put(&home, "tools/cost-tracker/src/theirs.js", "1\n");
    git(&home, &["add", "-A", "tools"]);
    git(&home, &["commit", "-qm", "by hand"]);
    match repo.ship(&passed) {
        Err(RepoError::Blocked(words)) => assert!(words.contains("main holds changes"), "{words}"),
        other => panic!("{other:?}"),
    }
    assert!(!home.join(".git/MERGE_HEAD").exists());
    assert_eq!(repo.main_blocked().unwrap(), None);
    git(&home, &["rm", "-qr", "tools/cost-tracker/src/theirs.js"]);
    git(&home, &["commit", "-qm", "taken back"]);
    assert_eq!(repo.ship(&passed).unwrap().tag, "cost-tracker@1.0.0");
    assert_eq!(tree_of(&home, "main"), passed.tree);
}

#[test]
fn a_crash_before_any_call_of_git_is_repaired_by_shipping_again() {
    let mut points = 0;
    for stop in 1..40 {
        let (dir, home) = finished();
        let count = dir.path().join("count");
        let counted = format!(
            "#!/bin/sh\nfor word in \"$@\"; do case $word in update-ref|merge|add|commit|tag)\n\
             echo x >> {count}\n[ $(wc -l < {count}) -ge {stop} ] && exit 99\nbreak;; esac; done\n\
             exec git \"$@\"\n",
            count = count.display()
        );
        script(dir.path(), "git", &counted);
        let program = dir.path().join("git");
        let crashing = GitRepo::with_program(&home, &program);
        let outcome = crashing.ship(&order(&home));
        check_shipped(&home);
        if outcome.is_ok() {
            points = stop;
            break;
        }
    }
    assert!((6..20).contains(&points), "{points} calls change something");
}

fn mark(home: &Path) {
    let name = "refs/dev-factory/ship/cost-tracker";
    git(home, &["update-ref", name, "tool/cost-tracker"]);
}

fn merge(home: &Path) {
    let name = "tool/cost-tracker";
    git(home, &["merge", "-q", "--no-ff", "--no-commit", name]);
}

/// An index lock that has lain there for a minute.
fn old_lock(home: &Path) {
    put(home, ".git/index.lock", "");
    let lock = File::options()
        .write(true)
        .open(home.join(".git/index.lock"));
    let minute = std::time::Duration::from_secs(60);
    let then = std::time::SystemTime::now() - minute;
    lock.unwrap().set_modified(then).unwrap();
}

#[test]
fn a_lock_of_main_that_is_young_or_held_is_waited_for() {
    let (_dir, home) = finished();
    let lock = home.join(".git/index.lock");
    let repo = GitRepo::open(&home).unwrap();
    let refused = || {
        let error = repo.ship(&order(&home)).unwrap_err();
        assert_eq!(error.trouble(), Trouble::GitLock, "{error}");
        assert!(lock.exists());
    };
    put(&home, ".git/index.lock", "");
    refused();
    old_lock(&home);
    let held = File::open(&lock).unwrap();
    refused();
    drop(held);
    check_shipped(&home);
    assert!(!lock.exists());
}

#[test]
fn a_crash_inside_a_merge_is_repaired() {
    // Files written, index not yet.
    let (_dir, home) = finished();
    mark(&home);
    put(&home, CLI, "module.exports = {};\n");
    put(&home, README, "");
    old_lock(&home);
    check_shipped(&home);
    // Index written, MERGE_HEAD not yet.
    let (_dir, home) = finished();
    mark(&home);
    merge(&home);
    fs::remove_file(home.join(".git/MERGE_HEAD")).unwrap();
    check_shipped(&home);
    // The branch moved on after a merge that was left over.
    let (_dir, home) = finished();
    mark(&home);
    merge(&home);
    git(&home, &["add", "-f", PAPER]);
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, true).unwrap();
    put(&work, "tools/cost-tracker/src/more.js", "1\n");
    repo.save(TOOL, "More").unwrap();
    repo.close().unwrap();
    check_shipped(&home);
    assert!(home.join("tools/cost-tracker/src/more.js").exists());
}

#[test]
fn a_tag_that_holds_something_else_is_no_shipment_and_keeps_its_version() {
    let (_dir, home) = finished();
    let first = git(&home, &["rev-parse", "main"]);
    git(&home, &["tag", "-a", "-m", "by hand", "cost-tracker@1.0.0"]);
    let repo = GitRepo::open(&home).unwrap();
    let record = repo.ship(&order(&home)).unwrap();
    assert_eq!(record.tag, "cost-tracker@1.0.1");
    assert_eq!(record.version, "1.0.1");
    assert_eq!(git(&home, &["rev-parse", "main"]), record.commit);
    let title = git(&home, &["log", "-1", "--format=%s"]);
    assert_eq!(title, "Ship cost-tracker 1.0.1");
    assert!(home.join(CLI).is_file());
    assert_eq!(
        git(&home, &["rev-parse", "cost-tracker@1.0.0^{commit}"]),
        first
    );
    assert_eq!(repo.ship(&order(&home)).unwrap(), record, "once");
}

#[test]
fn work_that_came_after_a_shipment_that_was_cut_short_is_shipped_too() {
    for tagged in [true, false] {
        let (_dir, home) = finished();
        let repo = GitRepo::open(&home).unwrap();
        let before = repo.ship(&order(&home)).unwrap();
        if !tagged {
            git(&home, &["tag", "-d", &before.tag]);
        }
        let work = repo.open(TOOL, true).unwrap();
        put(&work, CLI, "module.exports = { better: true };\n");
        repo.save(TOOL, "Mend").unwrap();
        repo.close().unwrap();
        let after = repo.ship(&order(&home)).unwrap();
        assert_ne!(after.commit, before.commit);
        assert_eq!(after.version, if tagged { "1.0.1" } else { "1.0.0" });
        let shipped = git(&home, &["show", &format!("{}:{CLI}", after.tag)]);
        assert!(shipped.contains("better"), "{shipped}");
    }
}

#[test]
fn a_file_of_a_person_survives_the_repair_of_a_merge() {
    let (_dir, home) = finished();
    mark(&home);
    put(&home, README, "mine\n");
    let repo = GitRepo::open(&home).unwrap();
    let outcome = repo.ship(&order(&home));
    assert!(matches!(outcome, Err(RepoError::Blocked(_))), "{outcome:?}");
    assert_eq!(fs::read_to_string(home.join(README)).unwrap(), "mine\n");
}

#[test]
fn versions_are_ordered_and_pushed() {
    let (dir, home) = finished();
    check_shipped(&home);
    for version in ["1.10.0", "1.2.0", "1.0.1", "junk", "1.0"] {
        let tag = format!("cost-tracker@{version}");
        git(&home, &["tag", "-a", "-m", "x", &tag]);
    }
    git(&home, &["tag", "-a", "-m", "x", "cost-tracker-two@3.0.0"]);
    let repo = GitRepo::open(&home).unwrap();
    let ordered = ["1.0.0", "1.0.1", "1.2.0", "1.10.0"];
    assert_eq!(repo.versions(TOOL).unwrap(), ordered);
    assert_eq!(repo.versions("nothing-yet").unwrap(), Vec::<String>::new());
    let far = dir.path().join("far.git");
    let far = far.to_str().unwrap();
    git(dir.path(), &["init", "-q", "--bare", "-b", "main", far]);
    git(&home, &["remote", "add", "origin", far]);
    repo.push("origin", "cost-tracker@1.0.0").unwrap();
    let there = git(&home, &["ls-remote", "origin"]);
    assert!(there.contains("refs/heads/main"), "{there}");
    assert!(there.contains("refs/tags/cost-tracker@1.0.0"), "{there}");
    assert!(repo.push("--upload-pack=x", "cost-tracker@1.0.0").is_err());
    assert!(repo.push("gone", "cost-tracker@1.0.0").is_err());
    assert!(GitRepo::open(&home.join("dev-factory")).is_err());
}

/// A branch with one commit that main does not hold, made on a day of 2026.
fn branch_of(home: &Path, name: &str, day: &str) -> String {
    let tree = git(home, &["rev-parse", "main^{tree}"]);
    let output = Command::new("git")
        .current_dir(home)
        .env("GIT_COMMITTER_DATE", format!("2026-{day}T00:00:00Z"))
        .args(["-c", "user.name=T", "-c", "user.email=t@localhost"])
        .args(["commit-tree", "-p", "main", "-m", name, &tree])
        .output()
        .unwrap();
    let commit = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    git(home, &["branch", name, &commit]);
    commit
}

fn branches(home: &Path) -> Vec<String> {
    let all = git(
        home,
        &["for-each-ref", "--format=%(refname:short)", "refs/heads"],
    );
    all.lines().map(str::to_owned).collect()
}

#[test]
fn branches_of_finished_tools_go_once_main_has_them_and_others_after_their_days() {
    let (_dir, home) = finished();
    let repo = GitRepo::open(&home).unwrap();
    git(&home, &["branch", "kept/cost-tracker/1", "main"]);
    let shipped = repo.ship(&order(&home)).unwrap();
    let lost = branch_of(&home, "kept/cost-tracker/2", "01-05");
    branch_of(&home, "tool/dropped-one", "02-20");
    branch_of(&home, "tool/parked-one", "01-05");
    git(&home, &["branch", "of-a-person", "main"]);
    let tools = ["cost-tracker", "dropped-one"].map(str::to_owned);
    let sweep = |days: u32, now: &str| {
        let now = format!("2026-{now}T00:00:00Z").parse().unwrap();
        repo.sweep(&tools, days, now).unwrap()
    };
    // What main holds goes at once, and nothing else ever when it is to stay for ever.
    let swept = sweep(0, "12-31");
    assert_eq!(
        swept,
        [
            "kept/cost-tracker/1 (in main)",
            "tool/cost-tracker (in main)"
        ]
    );
    let left = [
        "kept/cost-tracker/2",
        "main",
        "of-a-person",
        "tool/dropped-one",
        "tool/parked-one",
    ];
    assert_eq!(branches(&home), left);
    assert_eq!(
        git(&home, &["rev-parse", "cost-tracker@1.0.0^{commit}"]),
        shipped.commit
    );

    assert_eq!(sweep(90, "04-05"), [""; 0]);
    let swept = sweep(90, "04-06");
    let told = format!(
        "kept/cost-tracker/2 (untouched for 90 days; git branch kept/cost-tracker/2 {lost} brings it back)"
    );
    assert_eq!(swept, [told]);
    git(&home, &["branch", "kept/cost-tracker/2", &lost]);

    // One that is checked out stays, and so does what belongs to a tool that is not finished.
    let work = home.join("dev-factory/work");
    git(
        &home,
        &[
            "worktree",
            "add",
            "-q",
            work.to_str().unwrap(),
            "tool/dropped-one",
        ],
    );
    sweep(90, "12-31");
    assert_eq!(
        branches(&home),
        ["main", "of-a-person", "tool/dropped-one", "tool/parked-one"]
    );
}

#[test]
fn loose_objects_are_packed_when_there_are_many_and_none_is_lost() {
    let (_dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(repo.sweep(&[], 90, now).unwrap(), [""; 0]);
    for n in 0..5_000 {
        put(&home, &format!("many/{n}"), &format!("{n}\n"));
    }
    git(&home, &["add", "many"]);
    git(&home, &["commit", "-qm", "many"]);
    let loose = || -> usize {
        let said = git(&home, &["count-objects"]);
        said.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(loose() > 5_000);
    assert_eq!(
        repo.sweep(&[], 90, now).unwrap(),
        ["loose objects of git were packed"]
    );
    assert_eq!(loose(), 0);
    git(&home, &["fsck", "--no-progress"]);
    assert_eq!(git(&home, &["show", "main:many/4999"]), "4999");
    assert_eq!(repo.sweep(&[], 90, now).unwrap(), [""; 0]);
}

#[test]
fn work_on_a_branch_of_somebodys_own_in_the_worktree_is_left_alone() {
    let (_dir, home) = home();
    let repo = GitRepo::open(&home).unwrap();
    let work = repo.open(TOOL, false).unwrap();
    put(&work, CLI, "1\n");
    repo.save(TOOL, "Build").unwrap();
    git(&work, &["switch", "--quiet", "-c", "mine"]);
    put(&work, CLI, "mine\n");
    for outcome in [repo.close(), repo.open(TOOL, false).map(drop)] {
        let words = outcome.unwrap_err().to_string();
        assert!(
            words.contains("holds changes that are not on a branch of a tool"),
            "{words}"
        );
        assert_eq!(fs::read_to_string(work.join(CLI)).unwrap(), "mine\n");
    }
    git(&work, &["commit", "--quiet", "--all", "-m", "Mine"]);
    repo.close().unwrap();
    assert!(!work.exists());
    let kept = git(&home, &["show", &format!("mine:{CLI}")]);
    assert_eq!(kept, "mine");
}
