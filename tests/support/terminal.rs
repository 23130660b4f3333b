//! A program in a pseudo-terminal: what it shows, what is typed, how it ends.

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Longest wait for something that must be shown.
const DEADLINE: Duration = Duration::from_secs(60);
/// What Ctrl-C sends.
pub const CTRL_C: &str = "\u{3}";

#[derive(Default)]
struct Shown {
    text: String,
    closed: bool,
}

/// The program and its screen; killed when dropped.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    /// How much of what is shown was waited for already.
    read: usize,
}

impl Terminal {
    /// The program under test in a terminal of 80 by 24.
    pub fn run(dir: &Path, words: &[&str], env: &[(&str, &str)]) -> Self {
        let size = PtySize {
            rows: 24,
            cols: 80,
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_dev-factory"));
        command.args(words);
        command.cwd(dir);
        command.env("XDG_CONFIG_HOME", dir.join("config"));
        command.env("XDG_STATE_HOME", dir.join("state"));
        // Which sandbox holds is found out once for all tests.
        command.env(
            "XDG_CACHE_HOME",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
        );
        command.env("OLLAMA_HOST", "127.0.0.1:1");
        command.env("USER", "tester");
        command.env_remove("DEV_FACTORY_HOME");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        // The terminal closes when the program has let go of it too.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keys = pair.master.take_writer().unwrap();
        let shown: Arc<(Mutex<Shown>, Condvar)> = Arc::default();
        let kept = Arc::clone(&shown);
        std::thread::spawn(move || {
            let master = pair.master;
            let mut bytes = [0; 4096];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                let (lock, changed) = &*kept;
                let mut shown = lock.lock().unwrap();
                shown.text += &String::from_utf8_lossy(&bytes[..count]);
                shown.closed = count == 0;
                changed.notify_all();
                if shown.closed {
                    drop(master);
                    return;
                }
            }
        });
        Self {
            child,
            keys,
            shown,
            read: 0,
        }
    }

    /// Waits until this is shown, behind what was waited for before.
    pub fn until(&mut self, words: &str) {
        let (lock, changed) = &*self.shown;
        let missing = |shown: &mut Shown| !shown.closed && !shown.text[self.read..].contains(words);
        let guard = lock.lock().unwrap();
        let (shown, _) = changed
            .wait_timeout_while(guard, DEADLINE, missing)
            .unwrap();
        let text = &shown.text;
        let place = text[self.read..].find(words);
        self.read += place.unwrap_or_else(|| panic!("never shown: {words}\n{text}")) + words.len();
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for a question and answers it with a line.
    pub fn answer(&mut self, question: &str, line: &str) {
        self.until(question);
        self.press(&format!("{line}\r"));
    }

    /// Waits for its end; the exit code (None after a signal) and all it has shown.
    pub fn ended(mut self) -> (Option<u32>, String) {
        let (lock, changed) = &*self.shown;
        let guard = lock.lock().unwrap();
        let waited = changed.wait_timeout_while(guard, DEADLINE, |shown| !shown.closed);
        let (shown, _) = waited.unwrap();
        assert!(shown.closed, "it does not end:\n{}", shown.text);
        let text = shown.text.clone();
        drop(shown);
        let status = self.child.wait().unwrap();
        let code = status.signal().is_none().then(|| status.exit_code());
        (code, text)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
