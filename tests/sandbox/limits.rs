//! Each limit is kept, and the verdict names it.

use crate::place::{Place, text, tiers};
use dev_factory::adapters::sandbox::Tier;
use dev_factory::factory::ports::sandbox::{Limit, Limits, Network};
use std::time::{Duration, Instant};

const MIB: u64 = 1024 * 1024;

/// A script of Node.js under limits: what ended it, and what it said.
async fn node(tier: Tier, script: &str, limits: Limits) -> (Option<Limit>, Option<i32>, String) {
    let place = Place::new(tier);
    let mut job = place.shell("");
    job.command = ["/usr/bin/env", "node", "-e", script]
        .map(String::from)
        .to_vec();
    job.limits = limits;
    let ended = place.ran(job).await;
    (
        ended.limit,
        ended.exit,
        text(&ended.stdout) + &text(&ended.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_a_total() {
    let limits = Limits {
        memory: 300 * MIB,
        wall: Duration::from_secs(60),
        ..Limits::default()
    };
    let one = "const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1));";
    // None of these is over the limit alone.
    let many = "const { spawn } = require('child_process'); const child = \"const a = []; for (let i = 0; i < 120; i++) a.push(Buffer.alloc(1 << 20, 1)); setInterval(() => a, 1e3)\"; \
                for (let i = 0; i < 4; i++) spawn(process.execPath, ['-e', child]);";
    for tier in tiers() {
        for script in [one, many] {
            let (limit, exit, said) = node(tier, script, limits.clone()).await;
            assert_eq!(
                (limit, exit),
                (Some(Limit::Memory), None),
                "{tier:?}: {said}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_ends_with_the_run() {
    for tier in tiers() {
        let place = Place::new(tier);
        let mut job = place.shell("while :; do sleep 60 & done");
        job.limits.processes = 100;
        let ended = place.ran(job).await;
        let said = text(&ended.stderr);
        assert_eq!(ended.limit, Some(Limit::Processes), "{tier:?}: {said}");
        assert!(place.marked().is_empty(), "{tier:?}");
        // This one falls when it can grow no more, perhaps before anybody looks.
        let begun = Instant::now();
        let mut job = place.shell("bomb() { bomb | bomb & bomb & }; bomb; sleep 60");
        job.limits.processes = 100;
        job.limits.wall = Duration::from_secs(3);
        let ended = place.ran(job).await;
        assert!(ended.limit.is_some() || ended.exit != Some(0), "{tier:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{:?}",
            begun.elapsed()
        );
        assert!(place.marked().is_empty(), "{tier:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disks_do_not_fill() {
    for tier in tiers() {
        for script in [
            // One file, then many, in the folder that stays and in the one that does not.
            "head -c 20000000 /dev/zero > out/file || exit 1",
            "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > out/$i || exit 1; done",
            "i=0; while :; do i=$((i+1)); head -c 1000000 /dev/zero > $TMPDIR/$i || exit 1; done",
            "i=0; while :; do i=$((i+1)); : > out/$i || exit 1; done",
        ] {
            let place = Place::new(tier);
            let mut job = place.shell(script);
            job.limits.file = 10 * MIB;
            job.limits.written = 30 * MIB;
            job.limits.scratch = 30 * MIB;
            let ended = place.ran(job).await;
            let said = text(&ended.stderr);
            assert_eq!(ended.limit, Some(Limit::Disk), "{tier:?}: {script}: {said}");
            let kept: u64 = std::fs::read_dir(place.out())
                .unwrap()
                .map(|entry| entry.unwrap().metadata().unwrap().len())
                .sum();
            assert!(kept < 600 * MIB, "{tier:?}: {kept}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_ends_by_wall_or_processor_time() {
    for tier in tiers() {
        for (wall, cpu) in [(1, 60), (60, 1)] {
            let limits = Limits {
                wall: Duration::from_secs(wall),
                cpu: Duration::from_secs(cpu),
                ..Limits::default()
            };
            let begun = Instant::now();
            let (limit, exit, said) = node(tier, "for (;;);", limits).await;
            assert_eq!((limit, exit), (Some(Limit::Time), None), "{tier:?}: {said}");
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{:?}",
                begun.elapsed()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_has_a_loopback_of_its_own_or_no_sockets() {
    let serve = "const s = require('http').createServer((q, r) => r.end('hello')); s.on('error', e => console.log(e.code)); \
                 s.listen(0, '127.0.0.1', async () => { console.log(await (await fetch('http://localhost:' + s.address().port)).text()); s.close(); });";
    for tier in tiers() {
        let place = Place::new(tier);
        for network in [Network::Loopback, Network::None] {
            let mut job = place.shell("");
            job.command = ["/usr/bin/env", "node", "-e", serve]
                .map(String::from)
                .to_vec();
            job.network = network;
            let said = text(&place.ran(job).await.stdout);
            let works = network == Network::Loopback && tier != Tier::Landlock;
            assert_eq!(
                said,
                if works { "hello\n" } else { "EPERM\n" },
                "{tier:?} {network:?}"
            );
        }
    }
}
