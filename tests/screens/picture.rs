//! A model drawn into memory: the text as it stands, and a letter for the style of every cell.

use dev_factory::tui::model::Model;
use dev_factory::tui::theme::{Part, Theme};
use dev_factory::tui::view;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

/// Letters of the parts; two parts that look the same share the first one's.
const LETTERS: [(Part, char); 9] = [
    (Part::Need, 'N'),
    (Part::Alarm, 'X'),
    (Part::Fail, 'f'),
    (Part::Ok, 'o'),
    (Part::Active, 'A'),
    (Part::Words, 'w'),
    (Part::Dim, 'd'),
    (Part::Title, 't'),
    (Part::Cursor, 'C'),
];

pub fn drawn(model: &Model) -> Buffer {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let mut buffer = Buffer::empty(area);
    view::draw(model, area, &mut buffer);
    buffer
}

fn rows(buffer: &Buffer, mut sign: impl FnMut(&Cell) -> String) -> String {
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width).map(|row| {
        let mut skip = 0;
        let mut text = String::new();
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let sign = sign(cell);
            skip = dev_factory::text::width::columns(&sign).saturating_sub(1);
            text.push_str(&sign);
        }
        text.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The text alone.
pub fn text(model: &Model) -> String {
    rows(&drawn(model), |cell| cell.symbol().to_owned())
}

/// The styles alone: `.` is the terminal's own, `?` a style no part has.
pub fn styles(model: &Model) -> String {
    let mut rows: Vec<String> = Vec::new();
    let buffer = drawn(model);
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let row: String = row.iter().map(|cell| letter(&model.theme, cell)).collect();
        rows.push(row.trim_end_matches('.').to_owned());
    }
    rows.join("\n")
}

fn letter(theme: &Theme, cell: &Cell) -> char {
    let plain = |style: Style| {
        (
            style.fg.unwrap_or(Color::Reset),
            style.bg.unwrap_or(Color::Reset),
            style.add_modifier,
        )
    };
    let own = plain(cell.style());
    if own == (Color::Reset, Color::Reset, Modifier::empty()) {
        return '.';
    }
    let part = LETTERS
        .iter()
        .find(|(part, _)| plain(theme.style(*part)) == own);
    part.map_or('?', |(_, letter)| *letter)
}

/// Text, then styles.
pub fn both(model: &Model) -> String {
    format!("{}\n\n--- styles\n{}", text(model), styles(model))
}

/// Compares with the picture of that name.
pub fn same(name: &str, picture: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("pictures");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, picture));
}

/// At every size, in both themes.
pub fn everywhere(name: &str, model: impl Fn((u16, u16)) -> Model) {
    for size in [(120, 36), (80, 24), (60, 16)] {
        let picture = format!("{name}_{}x{}", size.0, size.1);
        in_both_themes(&picture, &model(size));
    }
}

/// Text and styles in the default theme, and the same text in the plain one with its own styles.
pub fn in_both_themes(name: &str, model: &Model) {
    same(name, &both(model));
    let mut plain = model.clone();
    plain.theme = Theme::named("plain").unwrap();
    assert_eq!(text(model), text(&plain), "{name}: words differ by theme");
    same(&format!("{name}_plain"), &styles(&plain));
}
