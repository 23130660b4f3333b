//! Other keys by settings, in everything that shows or takes one; and themes tried and kept.

use crate::night::{night, snapshot};
use crate::screen::{model, press, tell, words};
use dev_factory::factory::ports::themes::ThemeFile;
use dev_factory::tui::action::{Action, TABLE};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::key::Key;
use dev_factory::tui::keymap::{Keymap, Wish, bind};
use dev_factory::tui::layer::Layer;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::{Engine, Model};
use dev_factory::tui::tabs::Tab;
use dev_factory::tui::theme::{Part, Theme};
use dev_factory::tui::tool::ToolView;
use ratatui::style::{Color, Style};
use std::sync::Arc;

fn wish(action: &str, keys: &[&str]) -> Wish {
    Wish {
        action: action.to_owned(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        place: format!("file:{}", action.len()),
    }
}

fn wrong(wishes: &[Wish]) -> Vec<(usize, String)> {
    let mistakes = bind(wishes).unwrap_err();
    let all = mistakes.into_iter().map(|one| (one.wish, one.sentence));
    all.collect()
}

fn with(wishes: &[Wish]) -> Model {
    let mut model = night("default");
    model.keys = Arc::new(bind(wishes).unwrap_or_else(|mistakes| panic!("{mistakes:?}")));
    model
}

#[test]
fn names_of_actions_are_plain_and_each_stands_for_one_row() {
    let mut names: Vec<String> = TABLE.iter().map(|row| row.action.name()).collect();
    assert!(names.contains(&"page-up".to_owned()) && names.contains(&"factory".to_owned()));
    for name in &names {
        let plain = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(name.chars().all(plain), "{name}");
    }
    names.sort();
    names.dedup();
    let mut actions: Vec<Action> = Vec::new();
    for row in TABLE.iter() {
        if !actions.contains(&row.action) {
            actions.push(row.action);
        }
    }
    assert_eq!(names.len(), actions.len(), "two actions of one name");
}

#[test]
fn another_key_acts_is_shown_everywhere_and_the_old_one_is_free() {
    let mut model = with(&[
        wish("escalate", &["F2"]),
        wish("help", &["h", "?"]),
        wish("palette", &["Ctrl-p"]),
        wish("needs", &["B"]),
        wish("leave", &["Z"]),
    ]);
    let footer = |model: &mut Model| words(model, (160, 36)).lines().last().unwrap().to_owned();
    let shown = footer(&mut model);
    for part in [
        "F2 escalate",
        "Ctrl-p command",
        "h help",
        "Z leave",
        "B needs you",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(words(&mut model, (120, 36)).contains(" B what to do"));
    assert_eq!(press(&mut model, "E!:q"), [], "they do nothing now");
    assert!(model.layers.is_empty());
    press(&mut model, "<F2>");
    assert!(matches!(model.layers.last(), Some(Layer::Form(_))));
    press(&mut model, "<Esc>h");
    let help = words(&mut model, (120, 60));
    assert!(help.contains("│ F2 ") && help.contains("│ h ? "), "{help}");
    assert!(help.contains("│ Z Ctrl-c "), "{help}");
    press(&mut model, "h");
    assert!(model.layers.is_empty(), "the key of help closes it");
    press(&mut model, "BB");
    assert!(matches!(model.layers.last(), Some(Layer::Needs(card)) if card.at == 1));
    assert!(words(&mut model, (120, 36)).contains("B next"));
    press(&mut model, "q");
    assert_eq!(press(&mut model, "Z"), [Effect::Leave]);
    assert_eq!(press(&mut model, "<Ctrl-c>"), [Effect::Leave]);
    // Also where the window is too small for anything else.
    assert!(words(&mut model, (59, 15)).contains("Z leaves"));
    assert_eq!(press(&mut model, "qB"), []);
    assert_eq!(press(&mut model, "Z"), [Effect::Leave]);
}

#[test]
fn what_has_no_key_any_more_is_said_in_other_words() {
    let all: Vec<Wish> = TABLE
        .iter()
        .map(|row| wish(&row.action.name(), &["none"]))
        .collect();
    let mut model = with(&all);
    for (_, keys) in model.keys.rows() {
        assert!(keys.is_empty() || keys == [Key::parse("Ctrl-c").unwrap()]);
    }
    assert!(words(&mut model, (80, 24)).ends_with("Ctrl-c leave"));
    model.engine = Engine::Gone;
    assert!(words(&mut model, (120, 36)).contains("dev-factory up starts it"));
    assert_eq!(press(&mut model, "<Ctrl-c>"), [Effect::Leave]);
}

#[test]
fn no_words_name_a_key_that_is_not_in_force() {
    // Every key is another one: capital letters with an accent are nobody's.
    let wishes: Vec<Wish> = TABLE
        .iter()
        .zip('À'..)
        .filter(|(row, _)| !matches!(row.action, Action::Close))
        .map(|(row, key)| wish(&row.action.name(), &[&key.to_string()]))
        .collect();
    let mut empty = snapshot();
    empty.queue.clear();
    empty.needs.clear();
    (empty.current_tool, empty.attempt) = (None, None);
    let mut seen = 0;
    for (engine, quiet) in [
        (Engine::Runs, false),
        (Engine::Gone, false),
        (Engine::Runs, true),
    ] {
        for tab in Tab::ALL.into_iter().chain([Tab::Tool]) {
            for zoom in [false, true] {
                let mut model = with(&wishes);
                if quiet {
                    tell(&mut model, Message::Snapshot(Arc::new(empty.clone())));
                }
                if tab == Tab::Tool {
                    model.tool = shown_tool();
                }
                (model.engine, model.tab, model.zoom) = (engine, tab, zoom);
                // What is asked for is answered in words, too.
                for action in [Action::Next, Action::Raise, Action::Rewind, Action::Open] {
                    model.answer = None;
                    seen += usize::from(named(&mut model, &wishes, action));
                }
            }
        }
    }
    assert!(seen > 100, "{seen} screens");
}

/// The tool of the drawings, its past read.
fn shown_tool() -> Option<Box<ToolView>> {
    let mut model = night("default");
    crate::tool_past::keys(&mut model, "1<Enter>]<Enter>");
    // Its page is made anew, with other keys.
    model.tool.map(|view| {
        Box::new(ToolView {
            stale: true,
            ..*view
        })
    })
}

/// Looks for keys that nobody has in what is drawn; the action is tried first, for what it answers.
fn named(model: &mut Model, wishes: &[Wish], action: Action) -> bool {
    let key = wishes.iter().find(|wish| wish.action == action.name());
    press(model, &key.unwrap().keys[0]);
    // Keys inside a layer are fixed.
    model.layers.clear();
    let answer = model
        .answer
        .as_ref()
        .map(|(answer, _)| answer.sentence.clone());
    let text = format!(
        "{}\n{}",
        words(model, (120, 36)),
        answer.unwrap_or_default()
    );
    let letters = TABLE.iter().flat_map(|row| row.keys);
    // One letter may be a word or a unit, as in `7 m 30`; signs stand for much else.
    let letters = letters.filter(|key| !["a", "i", "h", "m", "s", "d"].contains(key));
    let letters = letters.filter(|key| key.chars().all(|c| c.is_ascii_alphabetic() || c == '-'));
    let letters: Vec<&str> = letters
        .filter(|key| !matches!(**key, "-" | "Esc"))
        .copied()
        .collect();
    for line in text.lines() {
        let tokens: Vec<&str> = line.split([' ', ',', ';', '│', '─']).collect();
        for pair in tokens.windows(2) {
            let told =
                letters.contains(&pair[0]) && pair[1].starts_with(|c: char| c.is_lowercase());
            assert!(
                !told,
                "{:?} {:?} on {:?}:\n{text}",
                pair[0], pair[1], model.tab
            );
        }
        for old in [
            " ! what",
            " / asks",
            " / finds",
            ", . step",
            "< > phase",
            " 4 Logs has",
            " 3 Stats\n",
        ] {
            assert!(!line.contains(old), "{old} on {:?}:\n{text}", model.tab);
        }
    }
    true
}

#[test]
fn every_mistake_is_found_at_once_and_says_what_to_do() {
    let found = wrong(&[
        wish("escalat", &["e"]),
        wish("park", &["Ctrl-b"]),
        wish("hint", &["PageUp"]),
        wish("abort", &["Ctrl-c"]),
        wish("retry", &["Esc"]),
        wish("add", &["Ctrl-i"]),
        wish("requeue", &["Ctrl-D"]),
    ]);
    let expected = [
        "escalat is no action; did you mean escalate?",
        "park: Ctrl-b belongs to tmux",
        "hint: \"PageUp\" is no key; did you mean PgUp?",
        "abort: Ctrl-c always leaves",
        "retry: Esc closes what is open",
        "add: Ctrl-i arrives as Tab",
        "requeue: Ctrl-D cannot be told apart",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (number, words) in expected.iter().enumerate() {
        let (wish, sentence) = &found[number];
        assert_eq!(*wish, number);
        assert!(sentence.starts_with(words), "{sentence}");
    }
}

#[test]
fn conflicts_name_both_actions_the_key_and_the_place() {
    let found = wrong(&[
        wish("escalate", &["p"]),
        wish("hint", &["K"]),
        wish("park", &["K"]),
        wish("agent", &["K"]),
    ]);
    assert_eq!(
        found.len(),
        2,
        "keys of other tabs are no conflict: {found:#?}"
    );
    assert_eq!(found[0].0, 0);
    assert!(
        found[0]
            .1
            .starts_with("escalate: p is the key of pause already, on Factory")
            && found[0]
                .1
                .ends_with("another key, or pause none, as in pause = \"none\""),
        "{}",
        found[0].1
    );
    assert_eq!(found[1].0, 2);
    assert!(
        found[1]
            .1
            .starts_with("park: K is asked for by hint too, in file:4, on Factory"),
        "{}",
        found[1].1
    );
    // Two that change places do not meet.
    assert!(bind(&[wish("park", &["X"]), wish("abort", &["x"])]).is_ok());
    assert_eq!(bind(&[]).unwrap(), Keymap::default());
}

#[test]
fn a_theme_is_shown_while_one_chooses_kept_by_enter_and_put_back_by_esc() {
    let mut model = night("default");
    let before = model.theme.clone();
    press(&mut model, "Tj");
    assert_eq!(model.theme, Theme::named("light").unwrap());
    press(&mut model, "j");
    assert_eq!(model.theme, Theme::named("dark").unwrap());
    press(&mut model, "<Esc>");
    assert_eq!(
        (&model.theme, model.theme_name.as_str()),
        (&before, "default")
    );
    model.own_settings = "~/own.toml".to_owned();
    press(&mut model, "TGk<Enter>");
    assert_eq!(model.theme_name, "colour-blind");
    assert!(model.layers.is_empty());
    let said = &model.answer.as_ref().unwrap().0.sentence;
    assert_eq!(
        said,
        "theme colour-blind here; for good: theme = \"colour-blind\" below [screens] in ~/own.toml"
    );
}

fn file(text: &str) -> Message {
    Message::Themes(Arc::from([ThemeFile {
        name: "mine".to_owned(),
        file: "themes/mine.toml".to_owned(),
        text: Ok(text.to_owned()),
    }]))
}

#[test]
fn a_theme_of_the_home_is_read_again_and_a_mistake_keeps_the_last_good_one() {
    let mut model = model("default");
    tell(&mut model, file("ok = \"blue\""));
    press(&mut model, "TG<Enter>");
    assert_eq!(model.theme_name, "mine");
    let looks = |model: &Model| model.theme.style(Part::Ok);
    assert_eq!(looks(&model), Style::new().fg(Color::Blue));
    tell(&mut model, file("ok = \"cyan\""));
    assert_eq!(looks(&model), Style::new().fg(Color::Cyan));
    tell(&mut model, file("# what\nok = \"cyanide\""));
    assert_eq!(looks(&model), Style::new().fg(Color::Cyan));
    let said = model.answer.as_ref().unwrap().0.sentence.clone();
    assert!(
        said.starts_with("themes/mine.toml:2: ok has \"cyanide\"")
            && said.ends_with("the last good one stays"),
        "{said}"
    );
    // One cannot keep a broken one, and the list says what is wrong.
    press(&mut model, "TG");
    assert!(words(&mut model, (120, 36)).contains("✗ themes/mine.toml:2"));
    press(&mut model, "<Enter>");
    assert!(matches!(model.layers.last(), Some(Layer::Themes(_))));
    press(&mut model, "<Esc>");
    tell(&mut model, file("ok = \"red\""));
    assert_eq!(looks(&model), Style::new().fg(Color::Red));
}
