//! A program that is replaced while it works, and a machine that was started again.

use super::manager::Service;
use super::{homes, script, wait};
use dev_factory::adapters::clock::SystemClock;
use dev_factory::adapters::store::{FileStore, readers};
use dev_factory::domain::event::{EventBody, NewEvent};
use dev_factory::factory::ports::clock::Clock;
use dev_factory::factory::ports::store::Store;
use rustix::process::Signal;
use std::fs;
use std::sync::Arc;

#[test]
fn restart_runs_the_program_that_lies_there_now_in_the_same_process_with_the_same_arguments() {
    let program = env!("CARGO_BIN_EXE_dev-factory");
    let mut service = Service::start(
        |dir| {
            let own = dir.join("own/dev-factory");
            fs::create_dir_all(own.parent().unwrap()).unwrap();
            fs::hard_link(program, &own)
                .or_else(|_| fs::copy(program, &own).map(drop))
                .unwrap();
            Some(own)
        },
        &[],
    );
    service.until("READY=1");
    let pid = service.child.id();
    assert_eq!(readers::engine(&service.home).unwrap().pid, pid);
    let own = service.dir.path().join("own/dev-factory");
    // What an update does: another file of the same name.
    script(
        &own,
        &format!(
            "echo \"$$ $*\" >> \"{}/newer\"\nexec {program} \"$@\"",
            service.dir.path().display()
        ),
    );
    let home = service.home.to_str().unwrap().to_owned();
    let words = ["--home", home.as_str(), "restart"];
    let output = homes::program(service.dir.path(), &words).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    service.until("RELOADING=1");
    let meanwhile = service.until("READY=1");
    assert!(
        !meanwhile.iter().any(|news| news == "STOPPING=1"),
        "{meanwhile:?}"
    );
    let newer = fs::read_to_string(service.dir.path().join("newer")).unwrap();
    assert_eq!(newer, format!("{pid} --home {home} --no-tui\n"));
    assert_eq!(readers::engine(&service.home).unwrap().pid, pid);
    service.until("WATCHDOG=1");
    service.signal(Signal::TERM);
    service.until("STOPPING=1");
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}

#[test]
fn after_a_reboot_what_the_last_engine_left_holds_nobody_up() {
    let first = Service::start(|_| None, &[]);
    first.until("READY=1");
    let home = first.home.clone();
    let left = ["engine.lock", "run/snapshot.json"];
    wait("what it leaves is there", || {
        left.iter()
            .all(|name| home.join("dev-factory").join(name).exists())
    });
    first.signal(Signal::KILL);
    wait("it is gone", || readers::engine(&home).is_none());
    // The same process ids, of other processes of another boot.
    let id = std::process::id();
    for name in left {
        let path = home.join("dev-factory").join(name);
        let mut value: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let engine = match value.get_mut("engine") {
            Some(engine) => engine,
            None => &mut value,
        };
        engine["pid"] = id.into();
        engine["boot"] = "another boot".into();
        fs::write(&path, value.to_string()).unwrap();
    }
    let words = ["--home", home.to_str().unwrap(), "status"];
    let output = homes::program(first.dir.path(), &words).output().unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("NO ENGINE"),
        "{output:?}"
    );
    let words = ["--home", home.to_str().unwrap(), "--no-tui", "--until-idle"];
    let output = homes::program(first.dir.path(), &words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_home_that_a_newer_program_has_written_is_only_read() {
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], homes::SCRIPTED);
    let run = |words: &[&str]| {
        let words = [&["--home", home.to_str().unwrap()], words].concat();
        homes::program(dir.path(), &words).output().unwrap()
    };
    assert_eq!(run(&["--no-tui", "--until-idle"]).status.code(), Some(0));
    let control = home.join("dev-factory/control.json");
    let mut doc: serde_json::Value = serde_json::from_slice(&fs::read(&control).unwrap()).unwrap();
    assert_eq!(doc["schema"], 1);
    doc["schema"] = 2.into();
    fs::write(&control, doc.to_string()).unwrap();
    let files = [
        "control.json",
        "state.json",
        "journal.jsonl",
        "wishlist.json",
        "engine.lock",
    ];
    let all = || files.map(|name| fs::read(home.join("dev-factory").join(name)).unwrap());
    let before = all();
    for words in [
        &["--no-tui"][..],
        &["up"],
        &["add", "an idea"],
        &["pause"],
        &["upgrade"],
        &["down"],
    ] {
        let output = run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains("a newer dev-factory has worked in")
                && said.contains("update this program"),
            "{said}"
        );
    }
    for words in [&["status"][..], &["list"], &["logs"], &["report"]] {
        let output = run(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {output:?}");
    }
    assert_eq!(all(), before, "nothing was changed");
}

#[test]
fn an_engine_that_goes_on_where_another_version_ended_says_both() {
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], homes::SCRIPTED);
    let words = ["--home", home.to_str().unwrap(), "--no-tui", "--until-idle"];
    let once = || {
        let output = homes::program(dir.path(), &words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    once();
    let own = env!("CARGO_PKG_VERSION");
    assert!(!once().contains("goes on where"));
    // As an older program would have left it.
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = FileStore::open(&home, &clock).unwrap();
    let mut factory = store.load().unwrap().factory.unwrap();
    assert_eq!(factory.version, own);
    let older = NewEvent {
        tool: None,
        actor: "engine".to_owned(),
        body: EventBody::Started {
            pid: 1,
            version: "0.0.9".to_owned(),
            repaired: Vec::new(),
        },
    };
    store
        .commit(&mut factory, vec![older], clock.now())
        .unwrap();
    drop(store);
    let said = once();
    assert!(
        said.contains(&format!("dev-factory {own} goes on where 0.0.9 ended")),
        "{said}"
    );
}
