//! The operator's desk in a pseudo-terminal: colours by depth, themes read again, pager, clipboard, files, mouse, keys.

use crate::pty::Pty;
use crate::{World, colours, wait};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const CTRL_C: &str = "\u{3}";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn leaves(mut pty: Pty) {
    pty.press("q");
    let (code, text) = pty.ended();
    assert_eq!(code, 0, "{text}");
}

/// A program of that name in a folder of programs.
fn program(dir: &Path, name: &str, script: &str) {
    fs::create_dir_all(dir).unwrap();
    let path = dir.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_theme_is_drawn_in_the_colours_the_terminal_can_show() {
    let w = World::new();
    let _ends = w.ends();
    let (rgb, many) = ("38;2;", "38;5;");
    let inside = ("TMUX", "/nowhere,1,0");
    let term = |name| ("TERM", name);
    let truly = ("COLORTERM", "truecolor");
    let asked = ("DEV_FACTORY_SCREENS_COLOURS", "true");
    let none = ("DEV_FACTORY_SCREENS_COLOURS", "none");
    type Env = (&'static str, &'static str);
    let cases: [(&[Env], &[&str], &[&str]); 7] = [
        (&[term("xterm-256color"), truly], &[rgb], &[many]),
        (
            &[term("xterm-256color"), ("COLORTERM", "")],
            &[many],
            &[rgb],
        ),
        (
            &[term("xterm"), ("COLORTERM", "")],
            &["\u{1b}[93"],
            &[rgb, many],
        ),
        (&[term("tmux-256color"), truly, inside], &[many], &[rgb]),
        (
            &[term("tmux-256color"), truly, inside, asked],
            &[rgb],
            &[many],
        ),
        (&[term("xterm-256color"), truly, none], &[], &[rgb, many]),
        (&[term("vt100"), truly], &[], &[rgb, many]),
    ];
    for (env, there, absent) in cases {
        let words = ["--home", "home", "--theme", "colour-blind"];
        let mut pty = Pty::run(w.dir.path(), &words, env);
        pty.shows("○ IDLE");
        // A pause is drawn as a need, in a colour of its own.
        pty.press("p");
        pty.shows("= PAUSED");
        pty.press("p");
        pty.shows("○ IDLE");
        let bytes = pty.now(|s| text(&s.bytes));
        for code in there {
            assert!(bytes.contains(code), "{env:?} lacks {code:?}");
        }
        // Without colours there is not one code of one.
        let coloured = !pty.now(|s| colours(&s.bytes)).is_empty();
        assert_eq!(coloured, !there.is_empty(), "{env:?}");
        for code in absent {
            assert!(!bytes.contains(code), "{env:?} has {code:?}");
        }
        leaves(pty);
    }
}

#[test]
fn a_theme_file_is_read_again_and_a_mistake_in_it_is_named() {
    let w = World::new();
    let _ends = w.ends();
    let file = w.home.join("themes/mine.toml");
    fs::write(&file, "title = \"#010203\"\n").unwrap();
    let words = ["--home", "home", "--theme", "mine"];
    let env = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
    let mut pty = Pty::run(w.dir.path(), &words, &env);
    pty.until("its colour", |s| text(&s.bytes).contains("38;2;1;2;3"));
    fs::write(&file, "title = \"#040506\"\n").unwrap();
    pty.until("its new colour", |s| text(&s.bytes).contains("38;2;4;5;6"));
    fs::write(&file, "title = \"#040506\"\nfail = \"rad\"\n").unwrap();
    pty.shows("themes/mine.toml:2: fail has \"rad\"");
    fs::write(&file, "title = \"#070809\"\n").unwrap();
    pty.until("mended", |s| text(&s.bytes).contains("38;2;7;8;9"));
    pty.press("T");
    pty.shows("Enter keeps it");
    pty.shows("mine");
    pty.press("q");
    leaves(pty);
    fs::write(&file, "fail = \"rad\"\n").unwrap();
    let (code, said) = Pty::run(w.dir.path(), &words, &env).ended();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("themes/mine.toml:1: fail has"), "{said}");
}

#[test]
fn the_pager_has_the_terminal_to_itself_and_gets_no_secrets() {
    let w = World::new();
    let _ends = w.ends();
    let said = w.dir.path().join("said");
    let pager = format!(
        "sh -c 'trap \"echo caught\" INT; env > {}; cp $0 {}.text; echo pager-here; while :; do read line; echo got-$line; test \"$line\" = leave && exit; done'",
        said.display(),
        said.display()
    );
    let env = [
        ("PAGER", pager.as_str()),
        ("ANTHROPIC_API_KEY", "sk-not-yours"),
    ];
    let mut pty = w.open(&env);
    for round in 1..=2 {
        pty.press("o");
        pty.until("the pager on the first page", |s| {
            !s.screen().alternate_screen() && s.text().matches("pager-here").count() == round
        });
        // Keys and signals are the pager's.
        pty.press("one\r");
        pty.shows("got-one");
        pty.press(CTRL_C);
        pty.shows("caught");
        pty.press("leave\r");
        pty.until("the screens again", |s| s.screen().alternate_screen());
        pty.shows("[1 Factory]");
        pty.press("2");
        pty.shows("[2 Agents");
        pty.press("1");
        pty.shows("[1 Factory]");
    }
    let names = fs::read_to_string(&said).unwrap();
    assert!(
        names.contains("TERM=") && !names.contains("sk-not-yours"),
        "{names}"
    );
    let shown = fs::read_to_string(said.with_extension("text")).unwrap();
    assert!(shown.contains("[1 Factory]"), "{shown}");
    leaves(pty);
    let mut pty = w.open(&[("PAGER", "no-such-pager -x")]);
    pty.press("o");
    pty.shows("PAGER does not start (no-such-pager -x)");
    leaves(pty);
}

#[test]
fn the_doctor_of_a_host_is_read_in_the_pager() {
    let w = World::new();
    let _ends = w.ends();
    let pager = "sh -c 'cat $0; echo pager-here; read line'";
    let mut pty = w.open(&[("PAGER", pager)]);
    pty.press("2");
    pty.shows("[2 Agents");
    pty.press("d");
    pty.until("what was found", |s| {
        let text = s.text();
        !s.screen().alternate_screen()
            && text.contains("no turn is taken")
            && text.contains("Everything is as it should be.")
            && text.contains("pager-here")
    });
    pty.press("\r");
    pty.until("the screens again", |s| s.screen().alternate_screen());
    pty.shows("[2 Agents");
    leaves(pty);
    w.unharmed();
}

#[test]
fn a_text_goes_to_the_clipboard_by_the_terminal_or_by_tmux() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[("TMUX", ""), ("STY", "")]);
    pty.press("y");
    pty.shows("sent to clipboard; the terminal must allow it");
    pty.until("OSC 52", |s| text(&s.bytes).contains("\u{1b}]52;c;"));
    pty.now(|s| assert!(!s.text().contains("copied")));
    leaves(pty);
    let bin = w.dir.path().join("bin");
    let taken = w.dir.path().join("taken");
    let script = format!("echo \"$@\" > {0}.words; cat > {0}", taken.display());
    program(&bin, "tmux", &script);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let inside = [("PATH", path.as_str()), ("TMUX", "/nowhere,1,0")];
    let mut pty = w.open(&inside);
    pty.press("y");
    pty.shows("sent to clipboard, by tmux");
    let words = fs::read_to_string(taken.with_extension("words")).unwrap();
    assert_eq!(words, "load-buffer -w -\n");
    assert!(fs::read_to_string(&taken).unwrap().contains("[1 Factory]"));
    pty.now(|s| assert!(!text(&s.bytes).contains("]52;")));
    leaves(pty);
    program(&bin, "tmux", "exit 1");
    let mut pty = w.open(&inside);
    pty.press("y");
    pty.shows("tmux did not take it");
    leaves(pty);
}

#[test]
fn what_is_shown_and_what_was_said_is_saved_where_the_screen_says() {
    let w = World::new();
    let _ends = w.ends();
    let mut pty = w.open(&[]);
    pty.press("Y");
    pty.shows("saved to ");
    let logs = w.home.join("dev-factory/logs");
    let saved = |name: &str| {
        let files = fs::read_dir(&logs).unwrap().flatten();
        let mut named = files.filter(|f| f.file_name().to_string_lossy().starts_with(name));
        named.next().map(|f| fs::read_to_string(f.path()).unwrap())
    };
    assert!(saved("factory-").unwrap().contains("[1 Factory]"));
    pty.press("4");
    pty.shows("engine");
    pty.press("Y");
    pty.shows("lines saved to ");
    let text = saved("logs-").unwrap();
    assert!(text.contains("started") && text.starts_with("20"), "{text}");
    leaves(pty);
}

#[test]
fn the_mouse_is_asked_for_used_and_given_back() {
    let w = World::new();
    let _ends = w.ends();
    let on = "\u{1b}[?1000h\u{1b}[?1006h";
    let off = "\u{1b}[?1006l\u{1b}[?1000l";
    let mut pty = w.open(&[]);
    pty.now(|s| assert!(!text(&s.bytes).contains("?1000h"), "off by default"));
    pty.press("m");
    pty.until("the mouse is asked for", |s| text(&s.bytes).contains(on));
    pty.shows("the mouse is ours");
    let column = pty.now(|s| s.row(0).find("2 Agents").unwrap()) + 1;
    pty.press(&format!("\u{1b}[<0;{column};1M\u{1b}[<0;{column};1m"));
    pty.shows("[2 Agents");
    // The wheel over the help.
    pty.press("?");
    pty.shows("q close");
    pty.press("q");
    pty.press("m");
    pty.shows("the terminal's again");
    pty.now(|s| assert!(text(&s.bytes).rsplit(on).next().unwrap().contains(off)));
    pty.press("m");
    pty.shows("the mouse is ours");
    // Whoever gets the terminal next gets it without; it is asked for again afterwards.
    let before = pty.now(|s| s.bytes.len());
    pty.press("\u{1a}");
    pty.until("taken again", |s| {
        let new = text(&s.bytes[before..]);
        new.find(off).is_some_and(|at| new[at..].contains(on))
    });
    pty.press("q");
    pty.until("it ends", |s| {
        text(&s.bytes).rsplit(on).next().unwrap().contains(off)
    });
    pty.now(|s| assert!(!text(&s.bytes).contains("?1003h"), "no movements"));
    assert_eq!(pty.ended().0, 0);
    let mut pty = w.open(&[("DEV_FACTORY_SCREENS_MOUSE", "true")]);
    pty.until("asked for by the settings", |s| text(&s.bytes).contains(on));
    pty.press(CTRL_C);
    assert_eq!(pty.ended().0, 0);
}

#[test]
fn keys_of_the_settings_are_in_force_and_mistakes_are_all_told_before_anything_starts() {
    let w = World::new();
    let _ends = w.ends();
    let own = w.dir.path().join("config/dev-factory/config.toml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(
        &own,
        "[screens.keys]\npark = \"Ctrl-b\"\nhint = \"p\"\nleav = \"Z\"\n",
    )
    .unwrap();
    let (code, said) = Pty::run(w.dir.path(), &["--home", "home"], &[]).ended();
    assert_eq!(code, 2, "{said}");
    let flat: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "config.toml:2:8: screens.keys.park: Ctrl-b belongs to tmux",
        "config.toml:3:8: screens.keys.hint: p is the key of pause already",
        "config.toml:4:8: screens.keys.leav is no action; did you mean leave?",
    ] {
        let squeezed = words.replace(' ', "");
        assert!(flat.replace(' ', "").contains(&squeezed), "{words}: {said}");
    }
    assert_eq!(w.engine(), None);
    fs::write(&own, "[screens.keys]\nleave = \"Z\"\nhelp = \"h\"\n").unwrap();
    let mut pty = Pty::run(w.dir.path(), &["--home", "home"], &[]);
    pty.shows("Z leave, work goes on");
    pty.press("q?h");
    pty.shows("Keys on Factory");
    pty.press("h");
    pty.shows("Z leave, work goes on");
    pty.press("Z");
    assert_eq!(pty.ended().0, 0);
}

#[test]
fn several_screens_of_one_engine_each_keep_their_own_place() {
    let w = World::new();
    let _ends = w.ends();
    let mut first = w.open(&[]);
    let mut second = Pty::run(w.dir.path(), &["--home", "home", "--readonly"], &[]);
    second.shows("○ IDLE");
    first.press("3");
    first.shows("[3 Stats]");
    second.press("4w");
    second.shows("long lines cut, local time");
    // What one asks for both see, each where it stands.
    first.press("p");
    first.shows("= PAUSED");
    second.shows("= PAUSED");
    second.shows("[4 Logs]");
    second.press("p");
    second.shows("read-only: pause is not for looking");
    first.now(|s| assert!(s.text().contains("[3 Stats]") && s.text().contains("= PAUSED")));
    leaves(second);
    let engine = w.engine();
    first.press("p");
    first.shows("○ IDLE");
    leaves(first);
    wait("the engine goes on", || w.engine() == engine);
}

#[test]
fn what_begins_to_need_a_person_calls_them_once_where_that_is_asked_for() {
    let w = World::new();
    let _ends = w.ends();
    let plain = [("TMUX", ""), ("STY", "")];
    let mut quiet = w.open(&plain);
    quiet.press("p");
    quiet.shows("= PAUSED");
    let bell = [plain[0], plain[1], ("DEV_FACTORY_SCREENS_BELL", "osc9")];
    let mut pty = Pty::run(w.dir.path(), &["--home", "home"], &bell);
    pty.shows("= PAUSED");
    pty.press(":add 'counts words' --name word-counter\r");
    pty.shows("word-counter");
    pty.press(":park word-counter\r");
    pty.shows("Park word-counter?");
    pty.press("y");
    pty.until("the call", |s| text(&s.bytes).contains("\u{1b}]9;home: "));
    quiet.shows("NEEDS YOU 2");
    // It waits on, and nothing calls again.
    pty.press("p");
    pty.shows("○ IDLE");
    let calls = pty.now(|s| text(&s.bytes).matches("\u{1b}]9;").count());
    assert_eq!(calls, 1);
    quiet.now(|s| assert!(!text(&s.bytes).contains("\u{1b}]9;") && !s.bytes.contains(&7)));
    leaves(quiet);
    leaves(pty);
}

#[test]
fn an_idea_is_written_in_the_operators_own_editor() {
    let w = World::new();
    let _ends = w.ends();
    let editor =
        "sh -c 'cat $0; echo editor-here; read line; echo \"$line\" > $0.new; mv $0.new $0'";
    let mut pty = w.open(&[("VISUAL", ""), ("EDITOR", editor)]);
    pty.press("p");
    pty.shows("= PAUSED");
    pty.press("a");
    pty.shows("$EDITOR");
    pty.press("half an idea");
    pty.shows("half an idea");
    pty.press("\u{18}");
    pty.until("the editor with the text", |s| {
        let text = s.text();
        !s.screen().alternate_screen()
            && text.contains("half an idea")
            && text.contains("editor-here")
    });
    pty.press("counts words in files\r");
    pty.until("the screens again", |s| s.screen().alternate_screen());
    pty.shows("counts words in files");
    pty.press("\u{4}");
    pty.shows("1 wanted");
    leaves(pty);
}
