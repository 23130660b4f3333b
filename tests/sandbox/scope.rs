//! Scopes of systemd around runs, by a systemd-run of ours that plays the service manager: it notes what it is asked
//! for and ends who takes too much.

use crate::place::{Place, text};
use crate::tool;
use dev_factory::adapters::sandbox::{Around, Choice, Scoped, Setup, Tier, choose};
use dev_factory::factory::ports::sandbox::{Ended, Limit, Sandbox};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Leaves the words to call in `$@`, the limit in `$max`.
const READ: &str = "echo \"$XDG_RUNTIME_DIR: $*\" >> \"$(dirname \"$0\")/asked\"\n\
    for word; do case $word in --property=MemoryMax=*) max=${word##*=};; esac; done\n\
    while [ \"$1\" != -- ]; do shift; done; shift\n";
/// Ends the guest of the check when it takes too much; a run is let be.
const KEEPS: &str = "if [ $max -lt 100000000 ]; then\n\
    (while read -r name pages rest < /proc/$$/statm 2>/dev/null; do\n\
       [ $((pages * 4096)) -lt $max ] || { kill -9 $$; exit; }\n\
     done) >/dev/null 2>&1 </dev/null &\n\
    fi\nexec \"$@\"\n";
const LETS: &str = "exec \"$@\"\n";
const GONE: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1\n";

fn fake(place: &Place, text: &str) -> PathBuf {
    let file = place.path().join("systemd-run");
    fs::write(&file, format!("#!/bin/sh\n{READ}{text}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

fn setup(place: &Place, text: &str) -> Setup {
    Setup {
        systemd: Some(fake(place, text)),
        ..tool::setup(&place.path().join("state"))
    }
}

async fn found(place: &Place, text: &str) -> Choice {
    choose(&setup(place, text), || ()).await
}

fn asked(place: &Place) -> String {
    fs::read_to_string(place.path().join("asked")).unwrap()
}

fn root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_keeps_its_limit_is_put_around_each_run_and_named() {
    let place = Place::new(Tier::None);
    let setup = setup(&place, KEEPS);
    let choice = choose(&setup, || ()).await;
    assert_eq!(choice.scope, Scoped::Used(Around::Scope), "{choice:?}");
    let again = choose(&setup, || ()).await;
    assert_eq!(
        (again.scope.clone(), again.tried.len()),
        (Scoped::Used(Around::Scope), 0)
    );
    fs::remove_file(place.path().join("asked")).unwrap();
    let walls = again.walls(&setup).unwrap();
    let tier = again.tier.unwrap();
    assert_eq!(walls.tier(), format!("{}+scope", tier.as_str()));
    let job = place.shell("a='$'; echo \"$0$a{HOME}\"; env; exit 7");
    let ended = walls.run(job).await.unwrap();
    let said = text(&ended.stdout);
    let mark = place.path().display();
    assert_eq!(ended.exit, Some(7), "{ended:?}");
    assert!(said.starts_with(&format!("{mark}${{HOME}}\n")), "{said}");
    assert!(!said.contains("XDG_RUNTIME_DIR"), "{said}");
    let asked = asked(&place);
    for part in [
        "--scope ",
        "--collect ",
        // 1 GiB, its /tmp of 128 MiB, and 64 MiB of the kernel's.
        "--property=MemoryMax=1275068416 ",
        "--property=MemorySwapMax=0 ",
        "--property=TasksMax=272 ",
        "--property=RuntimeMaxSec=70 ",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    assert_eq!(asked.lines().count(), 1, "{asked}");
    assert_eq!(asked.contains("--user "), !root(), "{asked}");
    assert!(asked.starts_with('/'), "who to ask: {asked}");
    assert!(!asked.contains('$'), "systemd-run fills these in: {asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lets_a_guest_take_what_it_likes_or_is_not_there_is_not_used() {
    for (fake, part) in [(LETS, "was not ended for it"), (GONE, "No medium found")] {
        let place = Place::new(Tier::None);
        let choice = found(&place, fake).await;
        let Scoped::Not(why) = &choice.scope else {
            panic!("{choice:?}");
        };
        assert!(why.contains(part), "{why}");
        let walls = choice.walls(&setup(&place, fake)).unwrap();
        assert_eq!(walls.tier(), choice.tier.unwrap().as_str());
        fs::remove_file(place.path().join("asked")).unwrap();
        assert_eq!(
            walls.run(place.shell("exit 7")).await.unwrap().exit,
            Some(7)
        );
        assert!(!place.path().join("asked").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_that_goes_away_costs_no_run_and_is_not_named_any_more() {
    let place = Place::new(Tier::None);
    let choice = found(&place, KEEPS).await;
    let walls = choice.walls(&setup(&place, KEEPS)).unwrap();
    fake(&place, GONE);
    let job = || place.shell("echo ran >> out/ran");
    let ended = walls.run(job()).await.unwrap();
    assert_eq!((ended.exit, ended.limit), (Some(0), None));
    assert_eq!(walls.tier(), choice.tier.unwrap().as_str());
    let before = asked(&place);
    walls.run(job()).await.unwrap();
    assert_eq!(asked(&place), before, "it is not asked again");
    let ran = fs::read_to_string(place.out().join("ran")).unwrap();
    assert_eq!(ran, "ran\nran\n");
}

/// A memory group of the old kind, which root can make where systemd is not; 40 MiB whatever is asked for.
const GROUP: &str = "mkdir -p GROUP && echo 41943040 > GROUP/memory.limit_in_bytes && echo $$ > GROUP/cgroup.procs\n\
    exec \"$@\"\n";

/// A real end by the kernel, far below what our own count would end a run for.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_ended_by_the_kernel_for_its_memory_is_told_so() {
    let group = format!("/sys/fs/cgroup/memory/dev-factory-{}", std::process::id());
    if !root() || fs::create_dir(&group).is_err() {
        eprintln!("not tried: no memory group can be made here");
        return;
    }
    let place = Place::new(Tier::None);
    let fake = GROUP.replace("GROUP", &group);
    let choice = found(&place, &fake).await;
    let ended = match choice.scope {
        Scoped::Used(_) => {
            let mut job = place.shell("");
            let takes = "const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1))";
            job.command = ["/usr/bin/env", "node", "-e", takes]
                .map(String::from)
                .to_vec();
            choice.walls(&setup(&place, &fake)).unwrap().run(job).await
        }
        Scoped::Not(why) => panic!("{why}"),
    };
    gone(Path::new(&group));
    let ended: Ended = ended.unwrap();
    assert_eq!(
        (ended.exit, ended.limit),
        (None, Some(Limit::Memory)),
        "{ended:?}"
    );
}

/// A group goes once its last process has.
fn gone(group: &Path) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while fs::remove_dir(group).is_err() {
        assert!(std::time::Instant::now() < deadline, "{}", group.display());
        std::thread::yield_now();
    }
}
