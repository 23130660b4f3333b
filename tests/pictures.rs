//! The pictures of docs/screens: `cargo test --test pictures -- --ignored` takes them anew, of the real demo in a
//! pseudo-terminal; the other tests hold what is drawn, and that every picture is there and shown.

#[path = "support/homes.rs"]
mod homes;
#[path = "support/jest_home.rs"]
mod jest_home;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/svg.rs"]
mod svg;

use pty::{Ends, Pty, Shown};
use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// Milliseconds between two pieces of a reply: slow enough to be seen writing.
const PACE: &str = "30";

/// Longest wait for a moment: several tools may be built before it.
const LONGEST: Duration = Duration::from_secs(600);

/// Every picture: its file, what it shows, and a word that stands in it.
const PICTURES: [(&str, &str, &str); 8] = [
    (
        "factory",
        "The Factory tab while a tool is repaired",
        "All time",
    ),
    (
        "tool",
        "One tool: what its last run measured, and what comes next",
        "What happens now",
    ),
    ("agents", "The Agents tab", "Last turns"),
    ("stats", "The Stats tab", "held-out gap"),
    ("logs", "The Logs tab", "FOLLOW"),
    (
        "palette",
        "The palette with the commands that fit what was typed",
        "Enter",
    ),
    (
        "factory-80x24",
        "The Factory tab in 80 columns",
        "[1 Factory]",
    ),
    (
        "factory-60x16",
        "The Factory tab in 60 columns",
        "[1 Factory]",
    ),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/screens")
}

/// Nothing of a frame is still on its way.
fn whole(shown: &Shown) -> bool {
    let text = String::from_utf8_lossy(&shown.bytes);
    text.rfind("\u{1b}[?2026l") > text.rfind("\u{1b}[?2026h")
}

/// Waits for the moment and takes its picture.
fn take(pty: &Pty, name: &str, moment: impl Fn(&str) -> bool) {
    let (_, title, word) = PICTURES.iter().find(|(known, ..)| *known == name).unwrap();
    let picture = std::cell::RefCell::new(String::new());
    pty.within(LONGEST, title, |shown| {
        let text = shown.text();
        let there = whole(shown) && text.contains(word) && moment(&text);
        if there {
            // Of this very moment: a later look may find another frame.
            *picture.borrow_mut() = svg::svg(shown.screen(), title);
        }
        there
    });
    fs::create_dir_all(folder()).unwrap();
    fs::write(folder().join(format!("{name}.svg")), picture.into_inner()).unwrap();
}

#[test]
#[ignore = "writes docs/screens; run it when the screens look different"]
fn the_pictures_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("my-factory");
    let words = ["demo", "--dir", "my-factory", "--pace", PACE];
    let mut pty = Pty::run(dir.path(), &words, &[("TZ", "UTC")]);
    let _ends = Ends(&home);
    let repairing = |text: &str| {
        let writes = text.contains("▸ turn") && text.contains("Developer, writing");
        writes && text.contains("[ fixing") && text.contains("BUG-")
    };
    take(&pty, "factory", |text| {
        text.contains("shipped        2 of 2 ") && repairing(text)
    });
    pty.press("\r");
    pty.shows("[Spec]");
    pty.press("]]]");
    take(&pty, "tool", |text| {
        text.contains("[Tests]") && text.contains("want ") && text.contains("Bugs 1")
    });
    pty.press("q4");
    take(&pty, "logs", |text| text.contains("q leave"));
    pty.press(":pa");
    take(&pty, "palette", |text| {
        text.contains("pause") && text.contains("park")
    });
    pty.press("\u{3}2");
    take(&pty, "agents", |text| text.contains("▸ working"));
    pty.press("1");
    pty.resize(80, 24);
    take(&pty, "factory-80x24", |text| {
        text.contains("Live") && text.contains(", writing") && text.contains("▸ [ ")
    });
    pty.resize(60, 16);
    take(&pty, "factory-60x16", |text| {
        text.contains("Live") && text.contains(", writing") && text.contains("▸ [ ")
    });
    pty.resize(120, 36);
    pty.press("3");
    take(&pty, "stats", |text| {
        text.contains("All time, 3 ended")
            && text.contains("session-logger, spec")
            && text.contains("▸ RUNNING")
    });
    pty.press("q");
    assert_eq!(pty.ended().0, 0);
}

#[test]
fn every_picture_is_there_and_shown_with_its_words() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/screens.md")).unwrap();
    let start = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(start.contains("(docs/screens/factory.svg)"));
    for (name, title, word) in PICTURES {
        let text = fs::read_to_string(folder().join(format!("{name}.svg"))).unwrap();
        assert!(text.contains(&format!("<title>{title}</title>")), "{name}");
        let (words, _) = text.split_once("</desc>").unwrap();
        assert!(words.contains(word), "{name} shows no {word}");
        assert!(
            page.contains(&format!("(screens/{name}.svg)")),
            "{name} is not in docs/screens.md"
        );
    }
    assert_eq!(fs::read_dir(folder()).unwrap().count(), PICTURES.len());
}

/// What bytes draw in a window of 12 by 2.
fn drawn(bytes: &str) -> String {
    let some = |n| NonZero::new(n).unwrap();
    let mut parser = vt100::Parser::new(some(2), some(12), 0);
    parser.process(bytes.as_bytes());
    let all = svg::svg(parser.screen(), "a < b");
    assert!(all.contains("<title>a &lt; b</title>"), "{all}");
    let (_, inside) = all.split_once("xml:space=\"preserve\">\n").unwrap();
    inside.strip_suffix("</g>\n</svg>\n").unwrap().to_owned()
}

/// The one line that begins with this.
fn line<'a>(drawn: &'a str, front: &str) -> &'a str {
    let found = drawn.lines().find(|line| line.starts_with(front));
    found.unwrap_or_else(|| panic!("no {front} in\n{drawn}"))
}

#[test]
fn words_stand_in_their_columns_whatever_the_font() {
    assert_eq!(
        drawn("ab  <&>"),
        "<text x=\"12\" y=\"25\" textLength=\"16\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d6d9e0\">ab</text>\n\
         <text x=\"44\" y=\"25\" textLength=\"24\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d6d9e0\">&lt;&amp;&gt;</text>\n"
    );
    // A sign that another font may lend stands alone; a wide one takes two columns.
    let wide = drawn("✓ 日x");
    for (x, wide_of, text) in [(12, 8, "✓"), (28, 16, "日"), (44, 8, "x")] {
        let front = format!("<text x=\"{x}\" y=\"25\" textLength=\"{wide_of}\"");
        assert!(
            line(&wide, &front).ends_with(&format!(">{text}</text>")),
            "{wide}"
        );
    }
    assert_eq!(drawn(""), "", "nothing is drawn where nothing is");
}

#[test]
fn colours_and_attributes_are_kept() {
    let red = drawn("\u{1b}[31;1mred");
    assert!(
        red.contains("fill=\"#f2777a\" font-weight=\"bold\">red<"),
        "{red}"
    );
    let dim = drawn("\u{1b}[2mdim");
    assert!(dim.contains("fill=\"#7f8288\">dim<"), "{dim}");
    let reversed = drawn("\u{1b}[7;33m on ");
    line(
        &reversed,
        "<rect x=\"20\" y=\"12\" width=\"16\" height=\"17\" fill=\"#e8c06a\"/>",
    );
    assert!(reversed.contains("fill=\"#16181d\">on<"), "{reversed}");
    let other = drawn("\u{1b}[3;4mx");
    assert!(
        other.contains(" font-style=\"italic\" text-decoration=\"underline\">x<"),
        "{other}"
    );
}

#[test]
fn lines_meet_and_bars_stand_on_their_foot() {
    let path = |d: &str, width: u32| {
        format!("<path d=\"{d}\" fill=\"none\" stroke=\"#d6d9e0\" stroke-width=\"{width}\"/>")
    };
    assert_eq!(drawn("───").trim_end(), path("M12 20.5H36", 1));
    assert_eq!(drawn("━━").trim_end(), path("M12 20.5H28", 3));
    // The lower end of the first row's line is the upper end of the second row's.
    let down = drawn("│\r\n│");
    line(&down, "<path d=\"M16 20.5L16 12M16 20.5L16 29\"");
    line(&down, "<path d=\"M16 37.5L16 29M16 37.5L16 46\"");
    line(
        &drawn("─╮"),
        "<path d=\"M12 20.5H20M20 20.5Q24 20.5 24 29\"",
    );
    line(
        &drawn("█"),
        "<rect x=\"12\" y=\"12\" width=\"8\" height=\"17\"",
    );
    line(
        &drawn("▄"),
        "<rect x=\"12\" y=\"20.5\" width=\"8\" height=\"8.5\"",
    );
}
