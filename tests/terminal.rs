//! The screens in a pseudo-terminal: what they show, what keys do, and that the terminal is as it was on every way out.

#[path = "support/demo_home.rs"]
mod demo_home;
#[path = "terminal/desk.rs"]
mod desk;
#[path = "benches/screens/flood.rs"]
mod flood;
#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "terminal/numbers.rs"]
mod numbers;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/small_script.rs"]
mod small_script;
#[path = "support/small_tool.rs"]
mod small_tool;
#[path = "terminal/trouble.rs"]
mod trouble;
#[path = "terminal/typed.rs"]
mod typed;

use dev_factory::domain::screen::LogLine;
use pty::{Ends, Pty, Shown};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const CTRL_C: &str = "\u{3}";
const CTRL_Z: &str = "\u{1a}";

struct World {
    dir: tempfile::TempDir,
    home: PathBuf,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], homes::SCRIPTED);
        Self { dir, home }
    }

    fn ends(&self) -> Ends<'_> {
        Ends(&self.home)
    }

    /// The screens of the home, once they are there.
    fn open(&self, env: &[(&str, &str)]) -> Pty {
        let pty = Pty::run(self.dir.path(), &["--home", "home"], env);
        pty.shows("○ IDLE");
        pty.shows("q leave, work goes on");
        pty
    }

    fn engine(&self) -> Option<u32> {
        let text = fs::read_to_string(self.home.join("dev-factory/engine.lock")).ok()?;
        let lock: Value = serde_json::from_str(&text).ok()?;
        let id = u32::try_from(lock["pid"].as_u64()?).unwrap();
        alive(id).then_some(id)
    }

    /// An engine runs and its state can be read.
    fn unharmed(&self) {
        assert!(self.engine().is_some(), "the engine is gone");
        assert!(homes::state(&self.home).is_some(), "state.json is damaged");
    }
}

/// A process that runs: a zombie does not.
fn alive(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap()
            .trim_start()
            .starts_with('Z')
    })
}

fn signal(id: u32, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

/// Lets others look into dev-factory/, as a clone leaves it, and gives what tells whether it still is so.
fn open_to_others(home: &Path) -> impl Fn() -> bool {
    let folder = home.join("dev-factory");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    move || fs::metadata(&folder).unwrap().permissions().mode() & 0o777 == 0o755
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn keys_go_through_the_tabs_and_q_leaves_the_engine_at_work() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.until("the other page", |s| s.screen().alternate_screen());
    let seen = w.home.join("dev-factory/commands/seen");
    assert!(seen.exists(), "who opens a screen has looked");
    for (key, tab) in [
        ("2", "[2 Agents"),
        ("3", "[3 Stats]"),
        ("4", "[4 Logs]"),
        ("1", "[1 Factory]"),
    ] {
        pty.press(key);
        pty.shows(tab);
    }
    pty.press("?");
    pty.shows("q close");
    // Esc and q close; only the second q leaves.
    pty.press("q");
    pty.shows("q leave, work goes on");
    let engine = w.engine();
    pty.press("q");
    let (code, text) = pty.ended();
    assert_eq!(code, 0, "{text}");
    assert!(
        text.contains("goes on in the background (process"),
        "{text}"
    );
    w.unharmed();
    // The next screens attach to the same engine; Ctrl-C leaves as q does.
    let mut pty = w.open(&[]);
    pty.press(CTRL_C);
    assert_eq!(pty.ended().0, 0);
    assert_eq!(w.engine(), engine);
}

#[test]
fn keys_pressed_at_once_are_as_many_commands_in_their_order() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.press("p");
    pty.shows("= PAUSED");
    let add = [
        "--home",
        "home",
        "add",
        "an idea",
        "--name",
        "one",
        "--priority",
        "5",
    ];
    let added = homes::program(w.dir.path(), &add).output().unwrap();
    assert!(added.status.success(), "{added:?}");
    pty.shows("p5");
    let last = || {
        let text = fs::read_to_string(w.home.join("dev-factory/journal.jsonl")).unwrap();
        let mut edits = text.lines().filter(|line| line.contains("item-edited"));
        edits.next_back().map(str::to_owned).unwrap_or_default()
    };
    pty.press("j");
    for round in 1..=5 {
        // Both in one packet, as a key held down over a slow line sends them.
        pty.press("++");
        let wanted = format!("\"priority\":{}", 5 + 2 * round);
        wait(&wanted, || last().contains(&wanted));
    }
    // Who leaves right behind them meant them, too.
    pty.press("+-++q");
    assert_eq!(pty.ended().0, 0);
    assert!(last().contains("\"priority\":17"), "{}", last());
}

#[test]
fn a_command_is_answered_and_an_engine_that_died_is_started_again() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.press("p");
    pty.shows("= PAUSED");
    pty.press("p");
    pty.shows("○ IDLE");
    let engine = w.engine().unwrap();
    signal(engine, Signal::KILL);
    pty.shows("NO ENGINE");
    pty.shows("p starts it");
    // A command without an engine is applied, and whoever applied it is not taken for one.
    pty.press(":budget factory usd 7\r");
    pty.shows("Limit factory to 7 usd?");
    pty.press("y");
    pty.shows("✓");
    pty.shows("of $7.00");
    pty.shows("NO ENGINE");
    assert_eq!(w.engine(), None);
    pty.press("p");
    pty.shows("○ IDLE");
    assert!(w.engine().is_some_and(|id| id != engine));
    pty.press("q");
    assert_eq!(pty.ended().0, 0);
    w.unharmed();
}

#[test]
fn an_engine_that_is_gone_stays_gone_when_its_home_cannot_be_written_any_more() {
    let w = World::new();
    let mut pty = w.open(&[]);
    signal(w.engine().unwrap(), Signal::KILL);
    pty.shows("the engine is gone");
    // Nothing can be looked at below a link that leads to itself, for root neither.
    let work = w.home.join("dev-factory/work");
    let _ = fs::remove_dir_all(&work);
    std::os::unix::fs::symlink("work", work).unwrap();
    let now = chrono::Utc::now();
    let line = LogLine {
        text: "a line after its end".to_owned(),
        ..LogLine::missed(1, now)
    };
    let stream = w.home.join("dev-factory/run/stream.jsonl");
    let mut stream = fs::OpenOptions::new().append(true).open(stream).unwrap();
    writeln!(stream, "{}", serde_json::to_string(&line).unwrap()).unwrap();
    pty.press("4");
    pty.shows("a line after its end");
    pty.shows("the engine is gone");
    pty.press("q");
    assert_eq!(pty.ended().0, 0);
}

#[test]
fn a_stopped_engine_is_shown_and_starts_only_when_told() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.press("Q");
    pty.shows("[ after the turn ]");
    pty.press("\r");
    pty.shows("y yes");
    pty.press("y");
    pty.shows("STOPPED");
    wait("the engine ends", || w.engine().is_none());
    pty.press("q");
    let (_, text) = pty.ended();
    assert!(text.contains("no engine runs here"), "{text}");
    let mut pty = Pty::run(w.dir.path(), &["--home", "home"], &[]);
    pty.shows("STOPPED by");
    assert_eq!(w.engine(), None);
    pty.press("p");
    pty.shows("○ IDLE");
    pty.press("q");
    pty.ended();
    w.unharmed();
}

#[test]
fn looking_only_starts_nothing_and_sends_nothing() {
    let w = World::new();
    let open = open_to_others(&w.home);
    let mut pty = Pty::run(w.dir.path(), &["--home", "home", "--readonly"], &[]);
    pty.shows("NO ENGINE");
    pty.press("p");
    pty.shows("refused: read-only");
    pty.press("q");
    assert_eq!(pty.ended().0, 0);
    assert!(open(), "its permissions were changed");
    assert_eq!(w.engine(), None);
    assert!(!w.home.join("dev-factory/journal.jsonl").exists());
    assert!(!w.home.join("dev-factory/commands").exists());
}

#[test]
fn a_home_of_a_newer_program_is_shown_and_not_touched() {
    let w = World::new();
    let control = w.home.join("dev-factory/control.json");
    fs::write(&control, "{\"schema\": 2, \"lanes\": []}").unwrap();
    let open = open_to_others(&w.home);
    let mut pty = Pty::run(w.dir.path(), &["--home", "home"], &[]);
    pty.shows("NO ENGINE");
    pty.press("p");
    pty.shows("refused: read-only");
    pty.press("q");
    let (code, text) = pty.ended();
    assert_eq!(code, 0, "{text}");
    assert_eq!(w.engine(), None);
    assert!(!w.home.join("dev-factory/journal.jsonl").exists());
    assert!(open(), "its permissions were changed");
}

#[test]
fn a_window_that_is_too_small_takes_only_the_keys_that_leave() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.resize(59, 15);
    pty.shows("59x15 is too small");
    pty.press("2:p?");
    // A key counts for the size at which it is read: by the time of these notices they all are.
    for rows in [14, 13, 12] {
        pty.resize(59, rows);
        pty.shows(&format!("59x{rows} is too small"));
    }
    pty.resize(120, 36);
    pty.shows("[1 Factory]");
    pty.shows("q leave, work goes on");
    pty.shows("○ IDLE");
    // A storm of sizes ends in a whole picture of the last one.
    for n in 0..200 {
        pty.resize(60 + n % 90, 16 + n % 40);
    }
    pty.resize(100, 30);
    pty.until("a whole picture", |s| {
        let rows: Vec<String> = s.screen().rows(0, 100).collect();
        rows.len() == 30
            && rows[0].starts_with(" dev-factory   [1 Factory]")
            && rows[29].contains("q leave, work goes on")
    });
    pty.resize(59, 15);
    pty.shows("59x15 is too small");
    pty.press("q");
    assert_eq!(pty.ended().0, 0);
    w.unharmed();
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_the_screens_back() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = Pty::shell(w.dir.path(), &[]);
    pty.shows("ready>");
    pty.press(&format!(
        "{} --home home\r",
        env!("CARGO_BIN_EXE_dev-factory")
    ));
    for _ in 0..2 {
        pty.shows("○ IDLE");
        pty.press("2");
        pty.shows("[2 Agents");
        pty.press(CTRL_Z);
        pty.until("stopped", |s| {
            !s.screen().alternate_screen() && !s.screen().hide_cursor() && stopped(s)
        });
        pty.press("echo typed-$((40+2))\r");
        pty.shows("typed-42");
        pty.press("clear\r");
        pty.until("cleared", |s| !s.text().contains("typed-42"));
        // In the background they stop again, and leave the shell's page alone.
        pty.press("bg\r");
        pty.shows("--home home &");
        let looked = (0..1000).any(|n| {
            pty.press(&format!("jobs; echo looked-{n}\r"));
            pty.shows(&format!("\nlooked-{n}"));
            pty.now(|s| s.text().contains("Stopped"))
        });
        assert!(looked, "it goes on in the background");
        pty.now(|s| assert!(!s.screen().alternate_screen()));
        pty.press("fg\r");
        pty.until("the other page", |s| s.screen().alternate_screen());
        pty.shows("[2 Agents");
        pty.press("1");
        pty.shows("[1 Factory]");
    }
    pty.press("q");
    pty.shows("goes on in the background");
    pty.press("exit\r");
    pty.ended();
    w.unharmed();
}

/// A job was stopped, and the shell has come to its prompt: what is typed earlier may lose letters to its change of modes.
fn stopped(shown: &Shown) -> bool {
    let text = shown.text();
    text.contains("Stopped") && text.trim_end().ends_with("ready>")
}

/// The only child of the shell in the terminal.
fn child(pty: &Pty) -> u32 {
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let behind = stat.rsplit(')').next()?;
        behind.split_whitespace().nth(1)?.parse().ok()
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let found: Vec<u32> = ids.filter(|id| parent(*id) == Some(pty.id())).collect();
    assert_eq!(found.len(), 1, "children of the shell: {found:?}");
    found[0]
}

#[test]
fn a_stop_from_outside_gives_the_terminal_to_the_shell_too() {
    let w = World::new();
    let _ends = w.ends();
    let pager = "sh -c 'echo pager-here; while read line; do test \"$line\" = leave && exit; done'";
    let mut pty = Pty::shell(w.dir.path(), &[("PAGER", pager)]);
    pty.shows("ready>");
    let program = env!("CARGO_BIN_EXE_dev-factory");
    pty.press(&format!("{program} --home home\r"));
    for round in 0..2 {
        pty.shows("○ IDLE");
        let screens = child(&pty);
        signal(screens, Signal::TSTP);
        pty.until("stopped", |s| {
            !s.screen().alternate_screen() && !s.screen().hide_cursor() && stopped(s)
        });
        // Raw mode would neither show what is typed nor take the end of the line.
        pty.press(&format!("echo typed-$((40+{round}))\r"));
        pty.shows(&format!("\ntyped-{}", 40 + round));
        pty.press("clear\r");
        pty.until("cleared", |s| !s.text().contains("typed-"));
        // The shell's own way back, then one from outside.
        match round {
            0 => pty.press("fg\r"),
            _ => pty.press("kill -CONT %1; fg\r"),
        }
        pty.until("the other page", |s| s.screen().alternate_screen());
    }
    // While another program has the terminal, both stop.
    pty.shows("○ IDLE");
    pty.press("o");
    pty.shows("pager-here");
    pty.press(CTRL_Z);
    pty.until("stopped", stopped);
    pty.press("echo typed-$((40+2))\r");
    pty.shows("\ntyped-42");
    let screens = child(&pty);
    pty.press("fg\r");
    // The shell gives its terminal away before it wakes the job; what is typed earlier is typed into the shell's mode.
    let stat = format!("/proc/{screens}/stat");
    pty.until("awake", |_| {
        std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") T "))
    });
    pty.press("leave\r");
    pty.until("the screens again", |s| s.screen().alternate_screen());
    pty.shows("○ IDLE");
    pty.press("q");
    pty.shows("goes on in the background");
    pty.press("exit\r");
    pty.ended();
    w.unharmed();
}

#[test]
fn ctrl_z_without_a_shell_comes_back() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    let before = pty.now(|s| s.bytes.len());
    pty.press(CTRL_Z);
    pty.until("drawn anew", |s| {
        let new = String::from_utf8_lossy(&s.bytes[before..]).into_owned();
        new.contains("\u{1b}[?1049l")
            && new.rsplit("\u{1b}[?1049h").next().unwrap().contains("IDLE")
    });
    pty.press("3");
    pty.shows("[3 Stats]");
    pty.press("q");
    assert_eq!(pty.ended().0, 0);
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_anywhere_gives_the_terminal_back_before_it_speaks() {
    let w = World::new();
    let _ends = w.ends();
    for (words, message) in [
        ("break here", "planted in the loop"),
        ("break a task", "planted in a task"),
        ("break a thread", "planted in a thread"),
    ] {
        let mut pty = w.open(&[("FACTORY_TRIAL", "1"), ("RUST_BACKTRACE", "0")]);
        pty.press(&format!(":{words}\r"));
        pty.until("it ends", |s| s.screen().contents().contains(message));
        pty.now(|s| {
            let bytes = String::from_utf8_lossy(&s.bytes).into_owned();
            let (before, after) = bytes.split_once("\u{1b}[?1049l").unwrap();
            assert!(!before.contains(message), "torn: {before:?}");
            assert!(!after.contains("\u{1b}[?2026h"), "painted over: {after:?}");
        });
        let (code, text) = pty.ended();
        assert_eq!(code, 1, "{text}");
        w.unharmed();
    }
}

#[test]
fn a_terminal_that_hangs_up_takes_the_screens_with_it_and_nothing_else() {
    let w = World::new();
    let _ends = w.ends();
    for _ in 0..3 {
        let pty = w.open(&[]);
        let lived = pty.hang_up();
        assert!(lived < Duration::from_millis(500), "{lived:?}");
        w.unharmed();
    }
}

#[test]
fn screens_put_aside_end_with_their_terminal_too() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = Pty::shell(w.dir.path(), &[]);
    pty.shows("ready>");
    let program = env!("CARGO_BIN_EXE_dev-factory");
    pty.press(&format!("{program} --home home\r"));
    pty.shows("○ IDLE");
    pty.press(CTRL_Z);
    pty.shows("Stopped");
    let screens = child(&pty);
    pty.hang_up();
    wait("the screens end", || !alive(screens));
    w.unharmed();
}

#[test]
fn signals_leave_with_their_exit_codes() {
    let w = World::new();
    let _ends = w.ends();
    for (sent, wanted) in [(Signal::TERM, 0), (Signal::INT, 130), (Signal::HUP, 0)] {
        let pty = w.open(&[]);
        signal(pty.id(), sent);
        let (code, text) = pty.ended();
        assert_eq!(code, wanted, "{sent:?}: {text}");
        w.unharmed();
    }
}

/// Parameters of the sequences that set colours.
fn colours(bytes: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    for part in text.split("\u{1b}[").skip(1) {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0);
        if part[end..].starts_with('m') {
            found.extend(part[..end].split(';').filter_map(|n| n.parse::<u32>().ok()));
        }
    }
    found.retain(|n| matches!(n, 30..=38 | 40..=48 | 90..=107));
    found
}

#[test]
fn no_color_means_none_and_what_is_chosen_is_still_seen() {
    let w = World::new();
    let _ends = w.ends();
    let mut coloured = w.open(&[]);
    coloured.press("p");
    coloured.shows("= PAUSED");
    coloured.until("colours", |s| !colours(&s.bytes).is_empty());
    coloured.press("p");
    coloured.shows("○ IDLE");
    drop(coloured);
    let mut pty = w.open(&[("NO_COLOR", "1")]);
    pty.until("the tab in bold", |s| {
        s.screen().cell(0, 17).is_some_and(|c| c.bold())
    });
    pty.press("p");
    pty.shows("= PAUSED");
    pty.until("the alarm in reverse", |s| {
        (0..120).any(|column| s.screen().cell(0, column).is_some_and(|c| c.inverse()))
    });
    pty.press("2");
    pty.until("the cursor's row", |s| {
        (3..35).any(|row| s.screen().cell(row, 4).is_some_and(|c| c.inverse()))
    });
    pty.press("q");
    pty.now(|s| assert_eq!(colours(&s.bytes), [] as [u32; 0]));
    assert_eq!(pty.ended().0, 0);
}

#[test]
fn wide_characters_keep_their_columns_and_ascii_draws_no_other() {
    let w = World::new();
    let wide = w.dir.path().join("工場の家");
    fs::rename(&w.home, &wide).unwrap();
    let _ends = Ends(&wide);
    let mut pty = Pty::run(w.dir.path(), &["--home", "工場の家"], &[]);
    pty.shows("○ IDLE");
    pty.until("the name, and the time at the edge", |s| {
        let row = s.screen().contents_between(0, 0, 0, 120);
        row.contains("工場の家")
            && s.screen()
                .cell(0, 118)
                .is_some_and(|c| c.contents().parse::<u8>().is_ok())
    });
    pty.press("q");
    pty.ended();
    for (words, env) in [
        (&["--home", "工場の家", "--ascii"][..], ("LANG", "C.UTF-8")),
        (&["--home", "工場の家"][..], ("LANG", "POSIX")),
    ] {
        let mut pty = Pty::run(w.dir.path(), words, &[env]);
        pty.shows("o IDLE");
        pty.now(|s| {
            let ours = s.text().replace("工場の家", "");
            assert!(ours.is_ascii(), "{ours}");
        });
        pty.press("q");
        pty.ended();
    }
}

#[test]
fn a_terminal_or_theme_that_does_not_do_is_said_before_anything_starts() {
    let w = World::new();
    for (words, env, said) in [
        (
            &["--theme", "pink"][..],
            ("TERM", "xterm"),
            "no theme pink: choose default, light, dark, high-contrast, colour-blind, plain",
        ),
        (&[][..], ("TERM", "dumb"), "use --no-tui"),
    ] {
        let words = [&["--home", "home"], words].concat();
        let pty = Pty::run(w.dir.path(), &words, &[env]);
        let (code, text) = pty.ended();
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(w.engine(), None);
    assert!(Path::new(&w.home).join("dev-factory/home.json").exists());
}
