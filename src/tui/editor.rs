//! A text of several lines under way: an idea, or what is wrong with a tool.

use super::effect::About;
use super::key::{Code, Key};
use crate::domain::command::Verb;
use crate::text::sanitise::sanitise_uncut;
use ratatui_textarea::{CursorMove, Input, Key as Press, TextArea, WrapMode};

/// The editor; its text becomes the text of a command.
#[derive(Clone, Debug)]
pub struct Editor {
    /// What is asked.
    pub title: String,
    /// The command that lacks the text.
    pub verb: Verb,
    /// What the asker saw when asking.
    pub about: About,
    /// Why it does not go on, or what the next key would do.
    pub problem: Option<String>,
    /// The text with its cursor.
    pub area: TextArea<'static>,
    /// The text as it was.
    before: String,
    /// The next Esc throws it away.
    leaving: bool,
}

/// Steps that can be taken back.
const STEPS: usize = 1000;

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// It is edited on.
    Open,
    /// It is closed, the text thrown away.
    Closed,
    /// The text is done.
    Done,
    /// It is to be edited elsewhere.
    Elsewhere,
}

impl PartialEq for Editor {
    fn eq(&self, other: &Self) -> bool {
        self.title == other.title
            && self.verb == other.verb
            && self.about == other.about
            && self.problem == other.problem
            && self.area.lines() == other.area.lines()
            && self.area.cursor() == other.area.cursor()
    }
}

impl Editor {
    /// With a text to begin from, the cursor behind it.
    #[must_use]
    pub fn new(title: &str, verb: Verb, about: About, text: &str) -> Self {
        let shown = safe(text);
        let changed = shown != text;
        let mut editor = Self {
            title: title.to_owned(),
            verb,
            about,
            problem: changed.then(|| "characters that cannot be shown are written out".to_owned()),
            area: area(&shown),
            before: String::new(),
            leaving: false,
        };
        editor.before = editor.text();
        editor
    }

    /// Whether the text is another one than it was.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.text() != self.before
    }

    /// The text, without blank lines around it and blanks at the ends of lines.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.area.lines().iter().map(|line| line.trim_end());
        let text: Vec<&str> = lines.collect();
        text.join("\n").trim().to_owned()
    }

    /// Puts a text that was edited elsewhere in the place of this one.
    pub fn replace(&mut self, text: &str) {
        self.area.select_all();
        self.area.cut();
        self.insert(text);
    }

    /// Inserts what was pasted, its lines kept.
    pub fn insert(&mut self, text: &str) {
        self.area.insert_str(safe(text));
        self.problem = None;
        self.leaving = false;
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Pressed {
        match (key.code, key.ctrl) {
            (Code::Char('d'), true) => return Pressed::Done,
            (Code::Char('x'), true) => return Pressed::Elsewhere,
            (Code::Esc, _) | (Code::Char('c'), true) => return self.close(),
            _ => {}
        }
        self.problem = None;
        self.leaving = false;
        let input = |press, ctrl| Input {
            key: press,
            ctrl,
            alt: false,
            shift: false,
        };
        let input = match (key.code, key.ctrl) {
            // Old terminals send Ctrl-h for Backspace, and some Ctrl-j for Enter.
            (Code::Char('h'), true) => input(Press::Backspace, false),
            (Code::Char('j'), true) => input(Press::Enter, false),
            (Code::Char('z'), true) => input(Press::Char('u'), true),
            (Code::Char('y'), true) => input(Press::Char('r'), true),
            // A word to the left or right, and the line before the cursor, as shells have them.
            (Code::Left | Code::Right, true) | (Code::Char('w' | 'a' | 'e' | 'k'), true) => {
                input(press(key.code), true)
            }
            (Code::Char('u'), true) => input(Press::Char('j'), true),
            (Code::Char(_), true) => return Pressed::Open,
            (code, ctrl) => input(press(code), ctrl),
        };
        self.area.input(input);
        Pressed::Open
    }

    /// A text that was changed is thrown away only at the second time.
    fn close(&mut self) -> Pressed {
        if self.leaving || !self.changed() {
            return Pressed::Closed;
        }
        self.leaving = true;
        self.problem = Some("Esc again throws it away, Ctrl-d is done with it".to_owned());
        Pressed::Open
    }
}

/// The text without what a terminal could trip over. Terminals send the line breaks of a paste as carriage returns.
fn safe(text: &str) -> String {
    sanitise_uncut(&text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What it begins with is no step that could be taken back.
fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area.set_max_histories(STEPS);
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(ratatui::style::Style::default());
    area
}

fn press(code: Code) -> Press {
    match code {
        Code::Char(c) => Press::Char(c),
        Code::Enter => Press::Enter,
        Code::Backspace => Press::Backspace,
        Code::Delete => Press::Delete,
        Code::Up => Press::Up,
        Code::Down => Press::Down,
        Code::Left => Press::Left,
        Code::Right => Press::Right,
        Code::PageUp => Press::PageUp,
        Code::PageDown => Press::PageDown,
        Code::Home => Press::Home,
        Code::End => Press::End,
        Code::Tab => Press::Tab,
        Code::BackTab | Code::Esc | Code::F(_) => Press::Null,
    }
}
