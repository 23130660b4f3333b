//! Main is not ready when a tool is to ship: the decision waits on the shelf and takes effect by itself.
//! And what has shipped is pushed, as soon as the remote takes it.

use crate::commands::all_done;
use crate::external::eventually;
use crate::homes::{self, TOOL};
use crate::model_server::ModelServer;
use crate::plant::{Plant, STAFFED};
use crate::process::{self, Process};
use crate::small_tool;
use dev_factory::adapters::store::readers;
use dev_factory::domain::command::{Decision, Verb};
use dev_factory::domain::event::{Event, EventBody};
use dev_factory::domain::item::ItemStatus;
use dev_factory::domain::screen::Snapshot;
use dev_factory::factory::engine::Ended;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

async fn waits_for_main(block: impl Fn(&Plant), clear: impl Fn(&Plant), word: &str) {
    let plant = Plant::new(&[TOOL]);
    let held = plant.desk.hold(&format!("{TOOL}/review/verdict"));
    let mut engine = plant.start();
    held.reached(1).await;
    block(&plant);
    held.open();
    let shelved = |s: &Snapshot| s.queue.iter().any(|i| i.status == ItemStatus::InReview);
    engine.until("shelved", shelved).await;
    let item = plant.item(TOOL);
    assert!(
        item.reason.as_deref().is_some_and(|r| r.contains(word)),
        "{item:?}"
    );
    let decided = plant.facts(TOOL).decision.map(|d| d.decision);
    assert_eq!(decided, Some(Decision::Ship));
    assert!(plant.tags().is_empty());
    let waits = |s: &Snapshot| s.needs.iter().any(|n| n.id == format!("main:{TOOL}"));
    engine.until("main is named", waits).await;
    clear(&plant);
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let reviews = plant
        .desk
        .labels()
        .iter()
        .filter(|l| l.contains("review/verdict"))
        .count();
    assert_eq!(
        reviews, 2,
        "spec-review and review: the decision is not asked for again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_not_main_is_waited_for() {
    waits_for_main(
        |plant| drop(plant.git(&["checkout", "-q", "-b", "aside"])),
        |plant| drop(plant.git(&["checkout", "-q", "main"])),
        "main",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_with_changes_is_waited_for() {
    waits_for_main(
        |plant| {
            fs::write(plant.home.join("notes.txt"), "mine\n").unwrap();
            plant.git(&["add", "notes.txt"]);
        },
        |plant| drop(plant.git(&["rm", "-q", "--cached", "notes.txt"])),
        "staged",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_to_the_branch_after_it_passed_does_not_ship_and_is_kept() {
    let unsupervised = STAFFED.replace("[roles.supervisor]\nmodel = \"lab/test\"\n", "");
    let plant = Plant::with(&[TOOL], &unsupervised);
    let mut engine = plant.start();
    let shelved = |s: &Snapshot| s.queue.iter().any(|i| i.status == ItemStatus::InReview);
    engine.until("shelved", shelved).await;
    let measured = plant.facts(TOOL).tree.unwrap();
    let free = || !plant.home.join(".git/worktrees").exists();
    eventually("the engine's worktree is put away", free).await;
    let desk = plant.home.parent().unwrap().join("desk");
    let branch = format!("tool/{TOOL}");
    plant.git(&["worktree", "add", "-q", desk.to_str().unwrap(), &branch]);
    let file = desk.join(format!("tools/{TOOL}/src/log.js"));
    fs::write(&file, "module.exports = {};\n").unwrap();
    let me = ["-c", "user.name=me", "-c", "user.email=me@here"];
    homes::git(&desk, &[&me[..], &["commit", "-qam", "By hand"]].concat());
    let late = homes::git(&desk, &["rev-parse", "HEAD"]);
    plant.git(&["worktree", "remove", "--force", desk.to_str().unwrap()]);
    let decide = Verb::Decide {
        item: None,
        decision: Decision::Ship,
        text: None,
        case: None,
        file: None,
    };
    plant.told(decide).await;
    all_done(&mut engine).await;
    engine.stop().await;
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let shipped = plant.git(&["rev-parse", &format!("main:tools/{TOOL}")]);
    assert_eq!(shipped, measured);
    let kept = plant.git(&["rev-parse", &format!("kept/{TOOL}/1")]);
    assert_eq!(kept, late);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_while_they_are_measured_are_measured_again() {
    let plant = Plant::new(&[TOOL]);
    plant.tests.meddle("src/log.js");
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(plant.tags(), [format!("{TOOL}@1.0.0")]);
    let shipped = plant.git(&["show", &format!("main:tools/{TOOL}/src/log.js")]);
    assert!(shipped.contains("swapped"), "{shipped}");
    let measured = plant.git(&["rev-parse", &format!("main:tools/{TOOL}")]);
    let evidence = plant.read(&format!("dev-factory/evidence/{TOOL}/1.json"));
    assert!(evidence.contains(&measured), "{evidence}");
    let runs = plant.journal();
    let runs = runs.iter().filter(|e| matches!(e.body, EventBody::Run(_)));
    assert_eq!(
        runs.count(),
        1,
        "what was measured of other files counts for nothing"
    );
}

const PUSHES: &str = "[ship]\npush = \"backup\"\n";

/// A bare repository beside the home, for its remote `backup`.
fn bare(home: &Path) -> PathBuf {
    let bare = home.parent().unwrap().join("backup.git");
    let path = bare.to_str().unwrap();
    homes::git(home, &["init", "-q", "--bare", "-b", "main", path]);
    homes::git(home, &["remote", "add", "backup", path]);
    bare
}

/// The remote has main and its one tag.
fn has_all(home: &Path, bare: &Path) {
    assert_eq!(homes::tags(bare), homes::tags(home));
    assert_eq!(homes::tags(bare).len(), 1);
    let main = |folder| homes::git(folder, &["rev-parse", "main"]);
    assert_eq!(main(bare), main(home));
}

fn pushes(events: &[Event]) -> Vec<bool> {
    let ok = |event: &Event| match &event.body {
        EventBody::Pushed { ok, .. } => Some(*ok),
        _ => None,
    };
    events.iter().filter_map(ok).collect()
}

#[tokio::test(start_paused = true)]
async fn what_shipped_is_pushed_once_the_remote_is_there() {
    let plant = Plant::with(&[TOOL, "cost-tracker"], &format!("{STAFFED}\n{PUSHES}"));
    let mut engine = plant.start();
    // The next tool is built meanwhile: a push that fails stands in nobody's way.
    let both = |s: &Snapshot| s.totals.shipped == 2 && s.needs.iter().any(|n| n.id == "push");
    let seen = engine.until("shipped and not pushed", both).await;
    let need = seen.needs.iter().find(|n| n.id == "push").unwrap();
    assert!(
        need.why.contains(&format!("{TOOL}@1.0.0")) && need.why.contains("backup"),
        "{}",
        need.why
    );
    assert!(!need.blocking && seen.pauses.is_empty());
    let bare = bare(&plant.home);
    let pushed = |s: &Snapshot| s.needs.is_empty();
    engine.until("pushed", pushed).await;
    assert_eq!(homes::tags(&bare).len(), 2);
    engine.stop().await;
    // The same failure is journaled once, however often it was tried.
    assert_eq!(pushes(&plant.journal()), [false, true, true]);
    assert_eq!(plant.factory().unpushed, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_left_unpushed_the_next_one_pushes() {
    let plant = Plant::new(&[TOOL]);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    let bare = bare(&plant.home);
    let settings = plant.home.join("dev-factory/factory.toml");
    fs::write(settings, format!("{STAFFED}\n{PUSHES}")).unwrap();
    assert_eq!(plant.until_idle().await, Ended::Idle);
    has_all(&plant.home, &bare);
    assert_eq!(plant.until_idle().await, Ended::Idle);
    assert_eq!(pushes(&plant.journal()), [true], "nothing is pushed twice");
}

#[test]
fn killed_in_the_middle_of_a_push_it_pushes_at_the_next_start() {
    let server =
        ModelServer::serving_requests(|request| small_tool::reply(request.label()).unwrap());
    let dir = tempfile::tempdir().unwrap();
    let url = server.url();
    let settings = STAFFED.replace("http://127.0.0.1:1", &url);
    assert_ne!(settings, STAFFED);
    let settings = format!("{settings}\n{PUSHES}{}", small_tool::HARNESS);
    let home = homes::make(dir.path(), &[], &settings);
    small_tool::list(&home, &[small_tool::TOOL]);
    let bare = bare(&home);
    // The remote takes its time, and in the end refuses what came from the dead engine.
    let hook = bare.join("hooks/pre-receive");
    let script =
        "#!/bin/sh\n: > reached\nwhile [ ! -e go ]; do sleep 0.02; done\n: > over\nexit 1\n";
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let engine = Process::start(&home, &[]);
    process::wait("the push", || bare.join("reached").exists());
    engine.kill();
    fs::write(bare.join("go"), "").unwrap();
    process::wait("the end of that push", || bare.join("over").exists());
    fs::remove_file(&hook).unwrap();
    assert!(homes::tags(&bare).is_empty());
    let ended = process::until_idle(&home);
    assert_eq!(ended.code, Some(0), "{}", ended.said);
    has_all(&home, &bare);
    assert_eq!(pushes(&readers::history(&home, 1).unwrap()), [true]);
}
