//! The program in a pseudo-terminal with a screen behind it: waited for with a deadline, ended, hung up on.

#![allow(dead_code)]

use super::homes;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait for something that must be shown.
const DEADLINE: Duration = Duration::from_secs(60);

/// What has come from the program.
pub struct Shown {
    parser: vt100::Parser,
    pub bytes: Vec<u8>,
    closed: bool,
}

impl Shown {
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn text(&self) -> String {
        self.screen().contents()
    }

    pub fn row(&self, row: u16) -> String {
        let (_, columns) = self.screen().size();
        self.screen().contents_between(row, 0, row, columns.get())
    }
}

/// The program and its terminal; killed when dropped.
pub struct Pty {
    child: Box<dyn Child + Send + Sync>,
    keys: Option<Box<dyn Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    stop: Arc<AtomicBool>,
    reading: Option<JoinHandle<()>>,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        ..PtySize::default()
    }
}

fn some(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap()
}

impl Pty {
    /// The program under test in a terminal of 120 by 36.
    pub fn run(dir: &Path, words: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(homes::tested::program());
        command.args(words);
        Self::start(dir, command, env)
    }

    /// A script for `sh`.
    pub fn script(dir: &Path, text: &str) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", text]);
        Self::start(dir, command, &[])
    }

    /// Any command line, by a shell with job control.
    pub fn shell(dir: &Path, env: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "--noprofile", "-i"]);
        Self::start(dir, command, env)
    }

    fn start(dir: &Path, mut command: CommandBuilder, env: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(120, 36)).unwrap();
        command.cwd(dir);
        for name in ["NO_COLOR", "LC_ALL", "LC_CTYPE", "DEV_FACTORY_HOME"] {
            command.env_remove(name);
        }
        let fixed = [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("OLLAMA_HOST", "127.0.0.1:1"),
            ("USER", "tester"),
            ("PS1", "ready> "),
        ];
        command.env("XDG_CONFIG_HOME", dir.join("config"));
        command.env("XDG_STATE_HOME", dir.join("state"));
        // Which sandbox holds is found out once for all tests.
        command.env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        );
        for (name, value) in fixed.iter().chain(env) {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shown = Arc::new((
            Mutex::new(Shown {
                parser: vt100::Parser::new(some(36), some(120), 0),
                bytes: Vec::new(),
                closed: false,
            }),
            Condvar::new(),
        ));
        let stop = Arc::new(AtomicBool::new(false));
        let mut pty = Self {
            child,
            keys: Some(pair.master.take_writer().unwrap()),
            master: Some(pair.master),
            shown,
            stop,
            reading: None,
        };
        pty.read();
        pty
    }

    fn read(&mut self) {
        let master = self.master.as_ref().unwrap();
        let mut reader = master.try_clone_reader().unwrap();
        let fd = master.as_raw_fd().unwrap();
        let (kept, stop) = (Arc::clone(&self.shown), Arc::clone(&self.stop));
        let run = move || {
            let wait = Timespec {
                tv_sec: 0,
                tv_nsec: 20_000_000,
            };
            let mut bytes = [0; 65_536];
            while !stop.load(Ordering::SeqCst) {
                // The master lives for as long as this thread is waited for.
                let master = unsafe { BorrowedFd::borrow_raw(fd) };
                let mut fds = [PollFd::new(&master, PollFlags::IN)];
                if !matches!(poll(&mut fds, Some(&wait)), Ok(1)) {
                    continue;
                }
                let count = reader.read(&mut bytes).unwrap_or(0);
                let mut shown = kept.0.lock().unwrap();
                shown.parser.process(&bytes[..count]);
                shown.bytes.extend_from_slice(&bytes[..count]);
                shown.closed = count == 0;
                let closed = shown.closed;
                drop(shown);
                kept.1.notify_all();
                if closed {
                    return;
                }
            }
        };
        self.reading = Some(std::thread::spawn(run));
    }

    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    pub fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        let mut shown = self.shown.0.lock().unwrap();
        shown
            .parser
            .screen_mut()
            .set_size(some(rows), some(columns));
        self.master
            .as_ref()
            .unwrap()
            .resize(size(columns, rows))
            .unwrap();
    }

    /// Looks at what is shown now.
    pub fn now<T>(&self, look: impl FnOnce(&Shown) -> T) -> T {
        look(&self.shown.0.lock().unwrap())
    }

    /// Waits until the screen is as wanted.
    pub fn until(&self, what: &str, wanted: impl Fn(&Shown) -> bool) {
        self.within(DEADLINE, what, wanted);
    }

    /// Waits for so long until the screen is as wanted.
    pub fn within(&self, limit: Duration, what: &str, wanted: impl Fn(&Shown) -> bool) {
        let (lock, changed) = &*self.shown;
        let guard = lock.lock().unwrap();
        let (shown, waited) = changed
            .wait_timeout_while(guard, limit, |shown| !shown.closed && !wanted(shown))
            .unwrap();
        assert!(
            wanted(&shown),
            "never: {what} (closed {}, timed out {}); the screen:\n{}",
            shown.closed,
            waited.timed_out(),
            shown.text()
        );
    }

    /// Waits until nothing has been written for so long; false when that never comes.
    pub fn quiet(&self, long: Duration) -> bool {
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if self.silent(long) {
                return true;
            }
        }
        false
    }

    /// Whether nothing is written for so long from now on.
    pub fn silent(&self, long: Duration) -> bool {
        let (lock, changed) = &*self.shown;
        let guard = lock.lock().unwrap();
        let before = guard.bytes.len();
        let same = |shown: &mut Shown| shown.bytes.len() == before;
        let (guard, waited) = changed.wait_timeout_while(guard, long, same).unwrap();
        drop(guard);
        waited.timed_out()
    }

    /// Waits until this stands on the screen.
    pub fn shows(&self, words: &str) {
        self.until(&format!("shown: {words}"), |shown| {
            shown.text().contains(words)
        });
    }

    /// Waits for the end; the exit code. The terminal must be as it was.
    pub fn ended(mut self) -> (u32, String) {
        self.until("it ends", |shown| shown.closed);
        let code = self.child.wait().unwrap().exit_code();
        self.now(|shown| {
            let screen = shown.screen();
            assert!(!screen.alternate_screen(), "still on the other page");
            assert!(!screen.hide_cursor(), "the cursor is still hidden");
            assert!(!screen.bracketed_paste(), "pastes are still bracketed");
        });
        let text = self.now(Shown::text);
        (code, text)
    }

    /// Takes the terminal away; how long the program lived on.
    pub fn hang_up(mut self) -> Duration {
        self.stop.store(true, Ordering::SeqCst);
        self.reading.take().unwrap().join().unwrap();
        drop(self.keys.take());
        let start = Instant::now();
        drop(self.master.take());
        while self.child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < DEADLINE, "it lives on without a terminal");
            std::thread::park_timeout(Duration::from_millis(1));
        }
        start.elapsed()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reading) = self.reading.take() {
            let _ = reading.join();
        }
    }
}

/// Ends the engine of a home when dropped.
pub struct Ends<'a>(pub &'a Path);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let words = ["--home", self.0.to_str().unwrap(), "down", "--now"];
        let mut command: Command = homes::program(self.0, &words);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
