//! The screens in a real tmux: its keys, its sizes, its escape sequences, detaching; and the demo to its closing table.
//! Part of the feature `full-tests`, which needs tmux and fails without it.

use crate::{demo_home, homes};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Servers of these tests so far: each has a name of its own.
static SERVERS: AtomicU32 = AtomicU32::new(0);

/// A tmux server of our own, ended when dropped, and the engine of a home with it.
struct Tmux<'a> {
    socket: String,
    home: &'a Path,
}

impl<'a> Tmux<'a> {
    /// A window of 120 by 36 with a shell in `dir`.
    fn start(dir: &Path, home: &'a Path) -> Self {
        let nth = SERVERS.fetch_add(1, Ordering::Relaxed);
        let socket = format!("test-{}-{nth}", std::process::id());
        let tmux = Self { socket, home };
        let made = tmux.call(
            Command::new("tmux")
                .current_dir(dir)
                .env("XDG_CONFIG_HOME", dir.join("config"))
                .env(
                    "XDG_CACHE_HOME",
                    concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"),
                )
                .env("OLLAMA_HOST", "127.0.0.1:1")
                .env("LANG", "C.UTF-8")
                // What it tells of is another terminal.
                .env("COLORTERM", "truecolor")
                .env_remove("NO_COLOR")
                .env_remove("TMUX")
                .args(["-L", &tmux.socket, "-f", "/dev/null", "new", "-d"])
                .args(["-x", "120", "-y", "36", "bash --norc --noprofile -i"]),
        );
        assert!(made.status.success(), "{made:?}");
        tmux
    }

    fn call(&self, command: &mut Command) -> Output {
        command
            .output()
            .expect("these tests need tmux: apt-get install tmux")
    }

    fn tell(&self, words: &[&str]) -> String {
        let output = self.call(Command::new("tmux").args(["-L", &self.socket]).args(words));
        assert!(output.status.success(), "tmux {words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.tell(&[&["send-keys"], keys].concat());
    }

    /// The screen, with its escape sequences.
    fn styled(&self) -> String {
        self.tell(&["capture-pane", "-p", "-e"])
    }

    fn until(&self, what: &str, seconds: u64, wanted: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_secs(seconds);
        loop {
            let text = self.tell(&["capture-pane", "-p"]);
            if wanted(&text) {
                return text;
            }
            assert!(Instant::now() < end, "never: {what}\n{text}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn shows(&self, words: &str) -> String {
        self.until(words, 60, |text| text.contains(words))
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .args(["-L", &self.socket, "kill-server"])
            .output();
        let words = ["--home", self.home.to_str().unwrap(), "down", "--now"];
        let _ = homes::program(self.home.parent().unwrap(), &words).output();
    }
}

#[test]
fn the_screens_live_in_tmux() {
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], homes::SCRIPTED);
    let tmux = Tmux::start(dir.path(), &home);
    let program = env!("CARGO_BIN_EXE_dev-factory");
    tmux.keys(&[&format!("{program} --home home"), "Enter"]);
    tmux.shows("○ IDLE");
    let factory = tmux.shows("q leave, work goes on");
    assert_eq!(factory.lines().count(), 36, "{factory}");
    // The title is bold; nothing is left of the shell's page.
    assert!(tmux.styled().contains("\u{1b}[1m"), "{}", tmux.styled());
    assert!(!factory.contains("--home home"), "{factory}");
    for (key, tab) in [
        ("2", "[2 Agents"),
        ("3", "[3 Stats]"),
        ("4", "[4 Logs]"),
        ("1", "[1 Factory]"),
    ] {
        tmux.keys(&[key]);
        tmux.shows(tab);
    }
    tmux.keys(&["?"]);
    tmux.shows("q close");
    tmux.keys(&["Escape"]);
    tmux.shows("q leave, work goes on");
    // Without a client, and with a window of another size, the picture stays whole.
    for (columns, rows, words) in [
        ("59", "15", "59x15 is too small"),
        ("80", "24", "[1 Factory]"),
        ("200", "50", "last event"),
    ] {
        tmux.tell(&["resize-window", "-x", columns, "-y", rows]);
        tmux.shows(words);
    }
    tmux.shows("q leave, work goes on");
    tmux.tell(&["split-window", "-v", "sh -c 'read line'"]);
    tmux.tell(&["kill-pane", "-t", ":.1"]);
    tmux.shows("q leave, work goes on");
    tmux.keys(&["C-z"]);
    tmux.shows("Stopped");
    tmux.keys(&["fg", "Enter"]);
    tmux.shows("[1 Factory]");
    tmux.keys(&["q"]);
    let left = tmux.shows("goes on in the background");
    assert!(
        left.contains("--home home") && !left.contains("[1 Factory]"),
        "{left}"
    );
}

#[test]
fn the_clipboard_is_tmuxs_own_and_colours_stop_at_256_unless_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let home = homes::make(dir.path(), &[], homes::SCRIPTED);
    let tmux = Tmux::start(dir.path(), &home);
    let program = env!("CARGO_BIN_EXE_dev-factory");
    tmux.keys(&[&format!("{program} --home home --theme dark"), "Enter"]);
    tmux.shows("q leave, work goes on");
    let styled = tmux.styled();
    assert!(
        styled.contains("38;5;") && !styled.contains("38;2;"),
        "{styled}"
    );
    tmux.keys(&["y"]);
    tmux.shows("sent to clipboard, by tmux");
    assert!(tmux.tell(&["show-buffer"]).contains("[1 Factory]"));
    tmux.keys(&["q"]);
    tmux.shows("goes on in the background");
    tmux.keys(&[
        &format!("{program} --home home --theme dark --set screens.colours=true"),
        "Enter",
    ]);
    tmux.until("its own colours", 60, |_| tmux.styled().contains("38;2;"));
}

#[test]
fn the_demo_ends_on_its_closing_table() {
    let dir = tempfile::tempdir().unwrap();
    let demo = demo_home::make(dir.path(), "demo-home", &[]);
    // Two of its tools: that all are built is the demo's own test.
    let wishlist = demo.join("dev-factory/wishlist.json");
    let mut list: Value = serde_json::from_slice(&fs::read(&wishlist).unwrap()).unwrap();
    let items = list["items"].as_array_mut().unwrap();
    items.retain(|item| item["name"] == "session-logger" || item["name"] == "cost-tracker");
    fs::write(&wishlist, list.to_string()).unwrap();
    let tmux = Tmux::start(dir.path(), &demo);
    let program = env!("CARGO_BIN_EXE_dev-factory");
    tmux.keys(&[
        &format!("{program} demo --dir demo-home; echo ended-$?"),
        "Enter",
    ]);
    tmux.until("it works", 180, |text| text.contains("▸ RUNNING"));
    // It goes on while nobody looks, and is found again.
    tmux.keys(&["q"]);
    tmux.shows("the demo goes on in the background");
    tmux.shows("\nended-0");
    tmux.keys(&["clear", "Enter"]);
    tmux.keys(&[
        &format!("{program} demo --dir demo-home; echo ended-$?"),
        "Enter",
    ]);
    let table = tmux.until("the closing table", 900, |text| text.contains("\nended-"));
    assert!(table.contains("\nended-0"), "{table}");
    assert_eq!(table.matches(" shipped ").count(), 2, "{table}");
    assert!(!table.contains("[1 Factory]"), "{table}");
}
