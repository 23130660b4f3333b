//! Groups of ours around runs (cgroup v2), where one is given to us: a folder of this test stands in for it.

use crate::place::Place;
use crate::tool;
use dev_factory::adapters::sandbox::{self, Around, Scoped, Setup, Tier, choose};
use dev_factory::factory::ports::sandbox::Sandbox;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A folder that looks like a group given to us, with a stand-in for the kernel: while this lives, it ends whoever takes
/// more than a small group allows.
struct Kernel {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kernel {
    fn of(folder: PathBuf) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                groups(&folder).iter().for_each(|group| watched(group));
                std::thread::yield_now();
            }
        });
        let thread = Some(thread);
        Self { over, thread }
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn groups(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.join("memory.max").exists())
        .collect()
}

/// A number that stands in a file.
fn number(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn watched(group: &Path) {
    let process = number(&group.join("cgroup.procs"));
    let most = number(&group.join("memory.max")).filter(|most| *most < 100_000_000);
    let (Some(process), Some(most)) = (process, most) else {
        return;
    };
    let text = fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    if pages.is_some_and(|pages| pages * 4096 > most) {
        let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap());
        let _ = rustix::process::kill_process(process.unwrap(), rustix::process::Signal::KILL);
    }
}

fn given(place: &Place) -> Setup {
    let folder = place.path().join("given");
    fs::create_dir_all(&folder).unwrap();
    Setup {
        place: Some(sandbox::Place {
            folder,
            leave: false,
        }),
        ..tool::setup(&place.path().join("state"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_service_manager_each_run_has_a_group_of_ours_that_ends_with_it() {
    let place = Place::new(Tier::None);
    let setup = given(&place);
    let folder = place.path().join("given");
    let kernel = Kernel::of(folder.clone());
    let choice = choose(&setup, || ()).await;
    drop(kernel);
    assert_eq!(choice.scope, Scoped::Used(Around::Cgroup), "{choice:?}");
    let again = choose(&setup, || ()).await;
    assert_eq!(
        (again.scope.clone(), again.tried.len()),
        (choice.scope.clone(), 0)
    );
    for group in groups(&folder) {
        fs::remove_dir_all(group).unwrap();
    }
    let walls = again.walls(&setup).unwrap();
    assert_eq!(
        walls.tier(),
        format!("{}+cgroup", again.tier.unwrap().as_str())
    );
    let ended = walls.run(place.shell("exit 7")).await.unwrap();
    assert_eq!(ended.exit, Some(7), "{ended:?}");
    // A real one goes with its last process; what stands in one does not.
    let [group] = &groups(&folder)[..] else {
        panic!("{folder:?}");
    };
    for (name, wanted) in [
        // 1 GiB, its /tmp of 128 MiB, and 64 MiB of the kernel's.
        ("memory.max", 1_275_068_416),
        ("memory.swap.max", 0),
        ("pids.max", 272),
        ("cgroup.kill", 1),
    ] {
        assert_eq!(number(&group.join(name)), Some(wanted), "{name}");
    }
    let first = number(&group.join("cgroup.procs")).unwrap();
    assert_ne!(first, u64::from(std::process::id()), "we stay where we are");
    assert_eq!(
        fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap(),
        "+memory +pids"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_cannot_be_had_any_more_costs_no_run_and_is_not_named() {
    let place = Place::new(Tier::None);
    let setup = given(&place);
    let folder = place.path().join("given");
    let kernel = Kernel::of(folder.clone());
    let choice = choose(&setup, || ()).await;
    drop(kernel);
    let walls = choice.walls(&setup).unwrap();
    assert!(walls.tier().ends_with("+cgroup"), "{choice:?}");
    fs::remove_dir_all(&folder).unwrap();
    let ended = walls.run(place.shell("echo ran >> out/ran")).await.unwrap();
    assert_eq!((ended.exit, ended.limit), (Some(0), None));
    assert_eq!(walls.tier(), choice.tier.unwrap().as_str());
    let ran = fs::read_to_string(place.out().join("ran")).unwrap();
    assert_eq!(ran, "ran\n");
    // Nor does one that cannot be made ready.
    let walls = choice.walls(&setup).unwrap();
    assert_eq!(walls.tier(), choice.tier.unwrap().as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_lets_a_guest_take_what_it_likes_is_not_used() {
    let place = Place::new(Tier::None);
    let choice = choose(&given(&place), || ()).await;
    let Scoped::Not(why) = &choice.scope else {
        panic!("{choice:?}");
    };
    assert!(
        why.contains("cgroup given to this process: a guest"),
        "{why}"
    );
}
