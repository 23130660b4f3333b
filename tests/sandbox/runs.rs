//! What a run sees, what it may write, and how it ends.

use crate::place::{Place, text, tiers};
use dev_factory::adapters::sandbox::{Setup, Tier, Walls, hash};
use dev_factory::factory::ports::sandbox::{Ended, Job, Limit, Limits, Sandbox, SandboxError};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Every tier, those without walls too.
fn every() -> Vec<Tier> {
    [tiers(), vec![Tier::None]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_sees_nothing_of_ours() {
    for tier in every() {
        let place = Place::new(tier);
        let ended = place
            .sh("env; for n in 0 1 2 3 4 5 6 7 8 9 20 30; do if (: <&$n) 2>/dev/null; then echo open $n; fi; done; ulimit -c; cat; exit 7")
            .await;
        let said = text(&ended.stdout);
        assert_eq!((ended.exit, ended.limit), (Some(7), None), "{tier:?}");
        let names: BTreeSet<&str> = said
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .collect();
        let allowed = "CI HOME LANG NODE_ENV NO_COLOR PATH PWD SHLVL TMPDIR TZ _ OLDPWD";
        let allowed: BTreeSet<&str> = allowed.split(' ').collect();
        assert!(names.is_subset(&allowed), "{tier:?}: {names:?}");
        let open: Vec<&str> = said
            .lines()
            .filter_map(|line| line.strip_prefix("open "))
            .collect();
        assert_eq!(open, ["0", "1", "2"], "{tier:?}");
        assert!(said.ends_with("\n0\n"), "{tier:?}: {said}");
    }
}

/// People read them in lists of processes and of services.
#[tokio::test(flavor = "multi_thread")]
async fn command_lines_around_a_run_are_short_and_say_what_it_is_about() {
    for tier in every() {
        let place = Place::new(tier);
        let (up, go) = (place.out().join("up"), place.out().join("go"));
        let script = format!(
            "touch {}; until [ -e {} ]; do sleep 0.01; done",
            up.display(),
            go.display()
        );
        let look = async {
            let end = Instant::now() + Duration::from_secs(60);
            while !up.exists() && Instant::now() < end {
                tokio::task::yield_now().await;
            }
            let line = |dir: &PathBuf| fs::read(dir.join("cmdline")).unwrap_or_default();
            let lines: Vec<Vec<u8>> = place.marked().iter().map(line).collect();
            fs::write(&go, "").unwrap();
            lines
        };
        let (ended, lines) = tokio::join!(place.sh(&script), look);
        assert_eq!(ended.exit, Some(0), "{tier:?}");
        let shown: Vec<_> = lines.iter().map(|line| text(line)).collect();
        let ours = shown.iter().filter(|line| line.contains("__sandbox"));
        assert!(ours.count() > 0, "{tier:?}: {shown:?}");
        // Paths are as long as they are.
        let program = env!("CARGO_BIN_EXE_dev-factory");
        let most = 300 + 4 * place.path().as_os_str().len() + program.len();
        assert!(
            lines.iter().all(|line| line.len() < most),
            "{tier:?}: {shown:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_fed_and_a_missing_program_is_a_sentence() {
    for tier in every() {
        let place = Place::new(tier);
        let fed = Job {
            stdin: b"given".to_vec(),
            ..place.shell("cat")
        };
        assert_eq!(place.ran(fed).await.stdout, b"given", "{tier:?}");
        let missing = Job {
            command: vec!["/no/such/program".into()],
            ..place.shell("")
        };
        let error = place.walls().run(missing).await.unwrap_err().to_string();
        assert!(error.contains("/no/such/program"), "{tier:?}: {error}");
        assert!(error.contains("No such file"), "{tier:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_job_names_can_be_read_and_written() {
    for tier in tiers() {
        let (place, other) = (Place::new(tier), Place::new(tier));
        let secret = other.path().join("secret");
        fs::write(&secret, "the secret").unwrap();
        fs::write(place.path().join("given"), "given").unwrap();
        let ended = place
            .sh(&format!(
                "cat {0}; cat given; cat /etc/shadow; cat /root/.npmrc; echo x > out/made; echo x > bad; echo x > {0}; \
                 echo x > /usr/bad; echo x > $TMPDIR/fine && cat $TMPDIR/fine; echo $HOME; cd $HOME && echo y > z && cat z",
                secret.display()
            ))
            .await;
        let said = text(&ended.stdout);
        let mut lines = said.lines();
        assert_eq!(lines.next(), Some("givenx"), "{tier:?}: {said}");
        assert!(lines.next().unwrap().ends_with("/home"), "{tier:?}: {said}");
        assert_eq!(lines.collect::<Vec<_>>(), ["y"], "{tier:?}");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "the secret");
        assert!(!place.path().join("bad").exists(), "{tier:?}");
        assert_eq!(fs::read_to_string(place.out().join("made")).unwrap(), "x\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_a_writable_one_can_be_kept_read_only() {
    // Landlock alone cannot take away inside what it gave outside.
    for tier in tiers().into_iter().filter(|tier| *tier != Tier::Landlock) {
        let place = Place::new(tier);
        let inner = place.out().join("tool");
        fs::create_dir(&inner).unwrap();
        let job = Job {
            read: vec![inner.clone()],
            ..place.shell("echo x > out/a; echo x > out/tool/b")
        };
        assert_eq!(place.ran(job).await.exit, Some(2), "{tier:?}");
        assert!(
            place.out().join("a").exists() && !inner.join("b").exists(),
            "{tier:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn root_becomes_nobody_without_capabilities() {
    let root = rustix_is_root();
    for tier in tiers() {
        let place = Place::new(tier);
        let ended = place.sh("id -u; touch out/file; (: > /proc/1/oom_adj) 2>/dev/null && echo root; mknod out/node c 1 3").await;
        let said = text(&ended.stdout);
        let uid = if root {
            65534
        } else {
            fs::metadata(place.path()).unwrap().uid()
        };
        assert_eq!(said, format!("{uid}\n"), "{tier:?}");
        assert_eq!(
            fs::metadata(place.out().join("file")).unwrap().uid(),
            uid,
            "{tier:?}"
        );
        assert!(!place.out().join("node").exists(), "{tier:?}");
    }
}

/// Whether these tests run as root.
fn rustix_is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_closed_to_others_is_no_obstacle() {
    use std::os::unix::fs::PermissionsExt;
    // Without a root of its own a run goes by the machine's permissions.
    for tier in tiers().into_iter().filter(|tier| *tier != Tier::Landlock) {
        let place = Place::new(tier);
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let inner = place.path().join("tool");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("a.txt"), "read").unwrap();
        let job = Job {
            cwd: inner.clone(),
            ..place.shell("cat a.txt; echo x > ../out/made")
        };
        let ended = place.ran(job).await;
        assert_eq!(
            (ended.exit, text(&ended.stdout).as_str()),
            (Some(0), "read"),
            "{tier:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_and_a_hang_are_ended_and_a_daemon_does_not_stay() {
    for tier in every() {
        let place = Place::new(tier);
        let ended = place.sh("yes").await;
        assert_eq!(
            (ended.exit, ended.limit),
            (None, Some(Limit::Output)),
            "{tier:?}"
        );
        assert_eq!(ended.stdout.len(), 1024 * 1024);
        let ended = place.sh("yes >&2").await;
        assert_eq!(
            (ended.limit, ended.stderr.len()),
            (Some(Limit::Output), 1024 * 1024)
        );
        let hang =
            "trap '' TERM INT HUP; setsid sh -c 'sleep 300' \"$0\" & while :; do sleep 1; done";
        let begun = Instant::now();
        let ended = place
            .ran(Job {
                limits: Limits {
                    wall: Duration::from_millis(500),
                    ..Limits::default()
                },
                ..place.shell(hang)
            })
            .await;
        assert_eq!(
            (ended.exit, ended.limit),
            (None, Some(Limit::Time)),
            "{tier:?}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(place.marked(), Vec::<PathBuf>::new(), "{tier:?}");
        // Twice forked, own session, environment and pipes let go.
        let daemon = "(setsid env -i sh -c 'echo > out/there; sleep 300; :' \"$0\" >/dev/null 2>&1 </dev/null &); \
                      until [ -e out/there ]; do :; done; echo up";
        let ended = place.sh(daemon).await;
        assert_eq!(
            (ended.exit, text(&ended.stdout).as_str()),
            (Some(0), "up\n"),
            "{tier:?}"
        );
        assert_eq!(place.marked(), Vec::<PathBuf>::new(), "{tier:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_a_run_ends_its_processes() {
    for tier in every() {
        let place = Place::new(tier);
        let up = place.out().join("up");
        let script = "setsid sh -c 'sleep 300; :' \"$0\" & echo > out/up; sleep 300";
        let sandbox = place.walls();
        let deadline = Instant::now() + Duration::from_secs(60);
        {
            let mut run = sandbox.run(place.shell(script));
            while !up.exists() && Instant::now() < deadline {
                let turn = tokio::time::timeout(Duration::from_millis(10), &mut run).await;
                assert!(turn.is_err(), "{tier:?}: {turn:?}");
            }
            assert!(!place.marked().is_empty());
        }
        place.unmarked().await;
    }
}

/// The process of a run that another has started.
fn child(place: &Place, parent: u32) -> u32 {
    let stat = |process: &PathBuf| fs::read_to_string(process.join("stat")).unwrap_or_default();
    let line = format!(" {parent} ");
    let all = place.marked();
    let of = |process: &&PathBuf| {
        let text = stat(process);
        let (_, rest) = text.rsplit_once(") ").unwrap_or_default();
        rest.get(1..).is_some_and(|rest| rest.starts_with(&line))
    };
    let name = all.iter().find(of).unwrap().file_name().unwrap();
    name.to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_ended_from_outside_is_told_so_and_not_by_what_it_printed() {
    for (tier, inside) in every()
        .into_iter()
        .flat_map(|tier| [(tier, false), (tier, true)])
    {
        // Where there is one process less the second is the job, whose end is told.
        if inside && matches!(tier, Tier::Landlock | Tier::None) {
            continue;
        }
        let place = Place::new(tier);
        let up = place.out().join("up");
        let script = "echo 'PASS a.test.js' >&2; echo > out/up; sleep 300; :";
        let sandbox = place.walls();
        let mut run = sandbox.run(place.shell(script));
        let deadline = Instant::now() + Duration::from_secs(60);
        while !up.exists() && Instant::now() < deadline {
            let turn = tokio::time::timeout(Duration::from_millis(10), &mut run).await;
            assert!(turn.is_err(), "{tier:?}: {turn:?}");
        }
        let mut ended = child(&place, std::process::id());
        if inside {
            ended = child(&place, ended);
        }
        let pid = rustix::process::Pid::from_raw(ended.try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let error = run.await.unwrap_err().to_string();
        assert_eq!(
            error, "the run of /bin/sh was ended from outside by a signal",
            "{tier:?}, inside: {inside}"
        );
        place.unmarked().await;
    }
}

/// Runs something long under the tier named by a variable: started by the test below, to be killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by another test"]
async fn somebody_who_is_killed() {
    let named = std::env::var("TIER").unwrap();
    let tier = every().into_iter().find(|tier| tier.as_str() == named);
    let place = Place::new(tier.unwrap());
    let dir = std::env::var("DIR").unwrap();
    let mut job = place.shell("setsid sh -c 'sleep 300; :' \"$0\" & sleep 300; :");
    job.command[3] = dir;
    place.ran(job).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_with_whoever_started_it() {
    for tier in every() {
        let place = Place::new(tier);
        let mut somebody = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "runs::somebody_who_is_killed", "--ignored"])
            .env("TIER", tier.as_str())
            .env("DIR", place.path())
            // Its folder, which stands in the command lines, is below ours then.
            .env("TMPDIR", place.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        // Both shells and what starts them.
        while place.marked().len() < 3 {
            assert!(Instant::now() < deadline, "{tier:?}: {:?}", place.marked());
            tokio::task::yield_now().await;
        }
        somebody.kill().unwrap();
        somebody.wait().unwrap();
        place.unmarked().await;
    }
}

/// bubblewrap is held up between making its child and telling it to go on, and whoever started it is killed just then.
#[cfg(feature = "full-tests")]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_being_started_ends_with_whoever_started_it() {
    let place = Place::new(Tier::Bwrap);
    let held_up = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=clone"];
    let mut tracer = std::process::Command::new("strace")
        .args(held_up)
        .args(["-e", "inject=clone:delay_exit=300000"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "runs::somebody_who_is_killed", "--ignored"])
        .env("TIER", Tier::Bwrap.as_str())
        .env("DIR", place.path())
        // Its folder, which stands in the command lines, is below ours then.
        .env("TMPDIR", place.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let bwrap = || {
        let mut marked = place.marked();
        marked
            .retain(|process| fs::read(process.join("comm")).is_ok_and(|name| name == b"bwrap\n"));
        marked.len()
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while bwrap() < 2 && Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(bwrap(), 2, "the one who waits, and its child");
    let pid = tracer.id();
    let somebody = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    let somebody = somebody.split_whitespace().next().unwrap().parse().unwrap();
    let somebody = rustix::process::Pid::from_raw(somebody).unwrap();
    rustix::process::kill_process(somebody, rustix::process::Signal::KILL).unwrap();
    let left = place.within(Duration::from_secs(10)).await;
    if !left.is_empty() {
        tracer.kill().unwrap();
    }
    assert_eq!(left, Vec::<PathBuf>::new());
    tracer.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_walls_only_compiled_in_files_run() {
    let place = Place::new(Tier::Demo);
    let (src, file) = (place.path().join("src"), place.path().join("src/a.js"));
    fs::create_dir(&src).unwrap();
    fs::write(&file, "known").unwrap();
    let setup = Setup {
        known: [hash(b"known")].into(),
        ..crate::tool::setup(&place.path().join("state"))
    };
    let sandbox = Walls::of(Tier::Demo, &setup);
    assert_eq!(sandbox.tier(), "demo");
    let ran = place.out().join("ran");
    let job = || Job {
        untrusted: vec![src.clone()],
        ..place.shell("echo ran > out/ran")
    };
    assert!(sandbox.run(job()).await.is_ok());
    assert!(ran.exists());
    fs::remove_file(&ran).unwrap();
    let refused = |outcome: Result<Ended, SandboxError>, name: &str| match outcome {
        Err(SandboxError::Refused { file }) => assert!(file.ends_with(name), "{file}"),
        other => panic!("{other:?}"),
    };
    fs::write(&file, "known ").unwrap();
    refused(sandbox.run(job()).await, "src/a.js");
    fs::write(&file, "known").unwrap();
    std::os::unix::fs::symlink(&file, src.join("b.js")).unwrap();
    refused(sandbox.run(job()).await, "src/b.js");
    let gone = Job {
        untrusted: vec![place.path().join("gone")],
        ..job()
    };
    refused(sandbox.run(gone).await, "gone");
    assert!(!ran.exists());
}
