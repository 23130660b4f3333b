//! What a service manager hears of a real engine through a real datagram socket.

use super::{homes, path_with, script, wait};
use dev_factory::adapters::store::{answered, submit};
use dev_factory::domain::command::{Command as Order, Verb};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Signs of life are due every 100 ms.
const WATCHDOG_USEC: &str = "300000";

/// An engine that was started as a manager starts one.
pub struct Service {
    pub dir: TempDir,
    pub home: PathBuf,
    pub child: Child,
    socket: UnixDatagram,
}

impl Service {
    pub fn start(program: impl FnOnce(&Path) -> Option<PathBuf>, more: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], homes::SCRIPTED);
        let path = dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let log = File::create(dir.path().join("log")).unwrap();
        let words = ["--home", home.to_str().unwrap(), "--no-tui"];
        let usual = homes::program(dir.path(), &words);
        let mut command = match program(dir.path()) {
            None => usual,
            Some(other) => {
                let mut command = std::process::Command::new(other);
                command.args(usual.get_args()).current_dir(dir.path());
                for (name, value) in usual.get_envs() {
                    if let Some(value) = value {
                        command.env(name, value);
                    }
                }
                command
            }
        };
        let child = command
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", WATCHDOG_USEC)
            .envs(more.iter().copied())
            .env("PATH", path_with(&dir.path().join("bin")))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self {
            dir,
            home,
            child,
            socket,
        }
    }

    /// The next datagram; None when none comes in that time.
    fn next(&self, within: Duration) -> Option<String> {
        let mut bytes = [0; 4096];
        self.socket.set_read_timeout(Some(within)).unwrap();
        match self.socket.recv(&mut bytes) {
            Ok(n) => Some(String::from_utf8(bytes[..n].to_vec()).unwrap()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// All that comes until one of these words comes.
    pub fn until(&self, words: &str) -> Vec<String> {
        let end = Instant::now() + super::DEADLINE;
        let mut heard = Vec::new();
        while Instant::now() < end {
            let Some(news) = self.next(Duration::from_secs(1)) else {
                continue;
            };
            let last = news.contains(words);
            heard.push(news);
            if last {
                return heard;
            }
        }
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap();
        panic!("never heard {words}: {heard:?}\n{log}");
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn order(id: &str, verb: Verb) -> Order {
    Order {
        id: id.to_owned(),
        verb,
        tool: None,
        phase: None,
        since: None,
        attempt: None,
        by: "operator:tester".to_owned(),
        at: chrono::Utc::now(),
    }
}

#[test]
fn the_manager_hears_ready_what_goes_on_signs_of_life_and_the_end() {
    let mut service = Service::start(|_| None, &[]);
    let before = service.until("READY=1");
    assert!(
        before
            .iter()
            .any(|news| news == "STATUS=idle: nothing to build"),
        "{before:?}"
    );
    assert!(
        !before.iter().any(|news| news == "WATCHDOG=1"),
        "before the loop: {before:?}"
    );
    for _ in 0..3 {
        service.until("WATCHDOG=1");
    }
    // Settings that are read again.
    let settings = service.home.join("dev-factory/factory.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}\n[limits]\nday_usd = 4.0\n")).unwrap();
    service.until("RELOADING=1");
    service.until("READY=1");
    let pause = order(
        "pause-it",
        Verb::Pause {
            scope: None,
            reason: Some("night".to_owned()),
            until: None,
        },
    );
    submit(&service.home, &pause).unwrap();
    service.until("STATUS=idle: paused by tester: night; 1 waiting for a person");
    service.signal(Signal::TERM);
    service.until("STOPPING=1");
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_loop_that_hangs_gives_no_signs_of_life_and_programs_it_starts_know_no_manager() {
    let git = "git=$(command -v -p git || echo /usr/bin/git)\nhere=$(dirname \"$0\")\nenv > \"$here/environment\"\nif [ -e \"$here/hang\" ]; then touch \"$here/hangs\"; while [ -e \"$here/hang\" ]; do sleep 0.02; done; fi\nexec \"$git\" \"$@\"";
    let service = Service::start(
        |dir| {
            script(&dir.join("bin/git"), git);
            None
        },
        &[],
    );
    service.until("READY=1");
    service.until("WATCHDOG=1");
    let bin = service.dir.path().join("bin");
    fs::write(bin.join("hang"), "").unwrap();
    let reopen = Verb::Reopen {
        tool: "no-such-tool".to_owned(),
        text: "it is wrong".to_owned(),
    };
    submit(&service.home, &order("reopen-it", reopen)).unwrap();
    wait("git is called", || bin.join("hangs").exists());
    // Git may be called beside the loop first. In this time ten signs would be due.
    let end = Instant::now() + Duration::from_secs(60);
    while service.next(Duration::from_secs(1)).is_some() {
        assert!(Instant::now() < end, "signs of life go on");
    }
    fs::remove_file(bin.join("hang")).unwrap();
    service.until("WATCHDOG=1");
    wait("the command is answered", || {
        answered(&service.home, "reopen-it").is_some()
    });
    // Each call of git writes it anew.
    let mut environment = String::new();
    wait("an environment", || {
        environment = fs::read_to_string(bin.join("environment")).unwrap_or_default();
        environment.contains("PATH=")
    });
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
        assert!(!environment.contains(name), "{environment}");
    }
}
