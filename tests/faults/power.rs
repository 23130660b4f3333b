//! Power cuts: a home on an ext4 image of its own, the image copied while the engine works, the copy mounted in its place
//! as after a cut. What anybody had seen is there, and the engine goes on from it.

use crate::homes;
use crate::space::{done, own_space, root};
use crate::subject::{EVENTFUL, Subject};
use dev_factory::adapters::store::{answered, readers, submit};
use dev_factory::domain::event::EventBody;
use dev_factory::domain::state::StateDoc;
use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Cuts of one run.
const CUTS: u32 = 25;
/// Latest cut after a start.
const LATEST: Duration = Duration::from_secs(6);

/// A disk of the test's own.
struct Disk {
    dir: tempfile::TempDir,
    images: u32,
}

impl Disk {
    fn new() -> Self {
        let disk = Self {
            dir: tempfile::tempdir().unwrap(),
            images: 0,
        };
        fs::create_dir(disk.place()).unwrap();
        fs::File::create(disk.image())
            .unwrap()
            .set_len(256 << 20)
            .unwrap();
        done("mkfs.ext4", &["-q", disk.image().to_str().unwrap()]);
        disk.mount();
        disk
    }

    fn place(&self) -> PathBuf {
        self.dir.path().join("disk")
    }

    fn image(&self) -> PathBuf {
        self.dir.path().join(format!("image-{}", self.images))
    }

    fn mount(&self) {
        let (image, place) = (self.image(), self.place());
        let mounted = Command::new("mount")
            .args(["-o", "loop"])
            .args([&image, &place])
            .output()
            .unwrap();
        assert!(
            mounted.status.success(),
            "this test needs loop devices: {mounted:?}"
        );
    }

    /// How much the loop device has written.
    fn written(&self) -> String {
        let found = Command::new("findmnt")
            .args(["--noheadings", "--output", "SOURCE"])
            .arg(self.place())
            .output()
            .unwrap();
        let device = String::from_utf8(found.stdout).unwrap();
        let name = Path::new(device.trim()).file_name().unwrap().to_owned();
        fs::read_to_string(Path::new("/sys/block").join(name).join("stat")).unwrap()
    }

    /// What the disk held at one moment, while nothing was written; none when something was.
    fn copied(&self, to: &Path) -> bool {
        let before = self.written();
        let (image, to) = (self.image(), to.to_str().unwrap().to_owned());
        done("cp", &["--sparse=always", image.to_str().unwrap(), &to]);
        self.written() == before
    }

    /// The power goes and comes back; nothing that was only in memory is there any more.
    fn cut(&mut self, subject: &mut Subject) {
        let next = self.dir.path().join(format!("image-{}", self.images + 1));
        if subject.lives() {
            subject.signal(Signal::STOP);
        }
        let end = Instant::now() + Duration::from_secs(60);
        while !self.copied(&next) {
            assert!(Instant::now() < end, "the disk is never quiet");
        }
        subject.dies();
        done("umount", &["--lazy", self.place().to_str().unwrap()]);
        fs::remove_file(self.image()).unwrap();
        self.images += 1;
        self.mount();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.place())
            .status();
    }
}

/// `cargo test --features full-tests --test faults power_cuts -- --ignored --nocapture`, as root, where there are loop
/// devices.
#[test]
#[ignore = "takes minutes, and needs root and loop devices"]
fn power_cuts_lose_nothing_that_was_seen() {
    assert!(root(), "this test mounts images: run it as root");
    if !own_space("power", "power_cuts_lose_nothing_that_was_seen") {
        return;
    }
    let mut disk = Disk::new();
    let mut subject = Subject::within(&disk.place(), &[EVENTFUL]);
    // What `init` made was made in peace.
    done("sync", &["--file-system", disk.place().to_str().unwrap()]);
    let mut random = u64::from(std::process::id());
    let mut answers = 0;
    for cut in 1..=CUTS {
        submit(&subject.home, &homes::refused(&format!("order-{cut}"))).unwrap();
        // Half an order is refused without a word in the journal.
        let sent = format!("dev-factory/commands/new/order-{cut}.json");
        fs::File::open(subject.home.join(sent))
            .unwrap()
            .sync_all()
            .unwrap();
        subject.start(|_| {});
        // xorshift
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let share = (random % 1000) as f64 / 1000.0;
        let end = Instant::now() + LATEST.mul_f64(share * share);
        while Instant::now() < end && subject.lives() {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        // What is seen now was told before the cut.
        let state = crate::homes::state(&subject.home);
        let seen: Vec<u32> = (1..=cut)
            .filter(|n| answered(&subject.home, &format!("order-{n}")).is_some())
            .collect();
        answers += seen.len();
        disk.cut(&mut subject);
        let reading = readers::factory(&subject.home).unwrap();
        let events = readers::history(&subject.home, 1).unwrap();
        let numbers: Vec<u64> = events.iter().map(|e| e.seq).collect();
        assert_eq!(
            numbers,
            (1..=numbers.len() as u64).collect::<Vec<_>>(),
            "cut {cut}"
        );
        assert!(reading.factory.is_none_or(|f| f.totals.shipped <= 1));
        let state = state.filter(|state| state.current_tool.is_some());
        let told = |state: &StateDoc| {
            events.iter().any(|event| match &event.body {
                EventBody::Move(step) => step.to == state.phase && event.ts == state.last_update,
                _ => false,
            })
        };
        assert!(
            state.as_ref().is_none_or(told),
            "cut {cut}: {state:?} was seen"
        );
        for n in seen {
            let id = format!("order-{n}");
            let journaled = events.iter().any(|e| match &e.body {
                EventBody::Answered { command, .. } => command.id == id,
                _ => false,
            });
            let last = events.last();
            let said = subject.said();
            assert!(
                journaled,
                "cut {cut}: the answer to {id} was seen, the last is {last:?}: {said}"
            );
        }
    }
    println!("{CUTS} cuts, {answers} answers seen");
    subject.start(|_| {});
    subject.goes_on();
}
