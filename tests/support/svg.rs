//! A screen as an SVG picture: text in whatever monospaced font there is, held in its columns; lines and bars drawn.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

/// A cell, in pixels.
const CELL: (u32, u32) = (8, 17);
/// Around the cells.
const MARGIN: u32 = 12;
/// Of the letters, whose foot stands so far below the top of their cell.
const FONT: f32 = 13.3;
const FOOT: u32 = 13;

/// The window behind what is written.
const BACK: [u8; 3] = [0x16, 0x18, 0x1d];
/// What has no colour of its own.
const FORE: [u8; 3] = [0xd6, 0xd9, 0xe0];
/// The sixteen colours a theme may name; the bright ones look the same.
const COLOURS: [[u8; 3]; 8] = [
    [0x3b, 0x40, 0x48],
    [0xf2, 0x77, 0x7a],
    [0x8f, 0xc9, 0x7a],
    [0xe8, 0xc0, 0x6a],
    [0x7a, 0xaa, 0xf0],
    [0xcf, 0x95, 0xe0],
    [0x6a, 0xc6, 0xd0],
    [0xd6, 0xd9, 0xe0],
];

/// How a cell looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    fore: [u8; 3],
    back: Option<[u8; 3]>,
    bold: bool,
    italic: bool,
    underline: bool,
}

/// The whole screen. Its words stand in the description too, for those who cannot see them.
pub fn svg(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = u32::from(columns) * CELL.0 + 2 * MARGIN;
    let height = u32::from(rows) * CELL.1 + 2 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <title>{}</title>\n<desc>\n{}\n</desc>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"{FONT}\" xml:space=\"preserve\">\n",
        escaped(title),
        escaped(&screen.contents()),
        hex(BACK),
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            column = run(screen, row, column, columns, &mut out);
        }
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Draws the cells from here on that go together; the first one behind them.
fn run(screen: &Screen, row: u16, start: u16, columns: u16, out: &mut String) -> u16 {
    let first = screen.cell(row, start).unwrap();
    let (like, kind) = (look(first), kind(first));
    let mut text = sign(first).to_owned();
    let mut end = start + if first.is_wide() { 2 } else { 1 };
    while kind != Kind::Alone && end < columns {
        let next = screen.cell(row, end).unwrap();
        if look(next) != like || self::kind(next) != kind {
            break;
        }
        text.push_str(sign(next));
        end += 1;
    }
    let at = (
        MARGIN + u32::from(start) * CELL.0,
        MARGIN + u32::from(row) * CELL.1,
    );
    let wide = u32::from(end - start) * CELL.0;
    if let Some(back) = like.back {
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{wide}\" height=\"{}\" fill=\"{}\"/>",
            at.0,
            at.1,
            CELL.1,
            hex(back)
        );
    }
    match kind {
        Kind::Blank if !like.underline => {}
        Kind::Drawn => drawn(&text, at, like.fore, out),
        _ => letters(&text, at, wide, like, out),
    }
    end
}

/// What is drawn in one go: words up to the next gap; gaps; lines and bars; signs that another font may lend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Words,
    Blank,
    Drawn,
    Alone,
}

fn kind(cell: &Cell) -> Kind {
    match sign(cell).chars().next() {
        None | Some(' ') => Kind::Blank,
        Some(c) if arms(c).is_some() || bar(c).is_some() => Kind::Drawn,
        Some(c) if c.is_ascii() => Kind::Words,
        Some(_) => Kind::Alone,
    }
}

fn sign(cell: &Cell) -> &str {
    match cell.contents() {
        "" => " ",
        text => text,
    }
}

fn letters(text: &str, (x, y): (u32, u32), wide: u32, look: Look, out: &mut String) {
    let mut style = String::new();
    for (on, words) in [
        (look.bold, " font-weight=\"bold\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        if on {
            style.push_str(words);
        }
    }
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{wide}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        y + FOOT,
        hex(look.fore),
        escaped(text)
    );
}

/// Lines from the middle of each cell to its edges, and bars from its foot; runs of one straight line in one stroke.
fn drawn(text: &str, (x, y): (u32, u32), fore: [u8; 3], out: &mut String) {
    let (mut path, mut heavy) = (String::new(), String::new());
    let middle = f64::from(y) + f64::from(CELL.1) / 2.0;
    let mut flat: Option<(char, u32, u32)> = None;
    let mut strokes = |flat: &mut Option<(char, u32, u32)>| {
        if let Some((sign, from, to)) = flat.take() {
            let path = if sign == '━' { &mut heavy } else { &mut path };
            let _ = write!(path, "M{from} {middle}H{to}");
        }
    };
    let mut corners = String::new();
    for (x, sign) in (x..).step_by(CELL.0 as usize).zip(text.chars()) {
        if matches!(sign, '─' | '━') {
            match &mut flat {
                Some((known, _, to)) if *known == sign => *to += CELL.0,
                _ => {
                    strokes(&mut flat);
                    flat = Some((sign, x, x + CELL.0));
                }
            }
            continue;
        }
        strokes(&mut flat);
        if let Some(eighths) = bar(sign) {
            let high = f64::from(CELL.1 * eighths) / 8.0;
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{}\" width=\"{}\" height=\"{high}\" fill=\"{}\"/>",
                f64::from(y + CELL.1) - high,
                CELL.0,
                hex(fore)
            );
        } else if let Some(arms) = arms(sign) {
            corners.push_str(&corner(arms, x, y, middle));
        }
    }
    strokes(&mut flat);
    path.push_str(&corners);
    for (path, width) in [(path, 1), (heavy, 3)] {
        if !path.is_empty() {
            let _ = writeln!(
                out,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>",
                hex(fore)
            );
        }
    }
}

/// Which edges a line sign reaches: left, right, up, down; and whether it is bent smoothly.
fn arms(sign: char) -> Option<([bool; 4], bool)> {
    Some(match sign {
        '─' | '━' => ([true, true, false, false], false),
        '│' => ([false, false, true, true], false),
        '┬' => ([true, true, false, true], false),
        '┴' => ([true, true, true, false], false),
        '├' => ([false, true, true, true], false),
        '┤' => ([true, false, true, true], false),
        '┼' => ([true, true, true, true], false),
        '╭' => ([false, true, false, true], true),
        '╮' => ([true, false, false, true], true),
        '╰' => ([false, true, true, false], true),
        '╯' => ([true, false, true, false], true),
        _ => return None,
    })
}

fn corner((edges, bent): ([bool; 4], bool), x: u32, y: u32, middle: f64) -> String {
    let centre = f64::from(x) + f64::from(CELL.0) / 2.0;
    let [left, right, up, down] = edges;
    let ends = [
        (left, f64::from(x), middle),
        (right, f64::from(x + CELL.0), middle),
        (up, centre, f64::from(y)),
        (down, centre, f64::from(y + CELL.1)),
    ];
    let mut reached = ends.iter().filter(|end| end.0);
    let mut path = String::new();
    if let (true, Some(a), Some(b)) = (bent, reached.clone().next(), reached.clone().nth(1)) {
        let _ = write!(path, "M{} {}Q{centre} {middle} {} {}", a.1, a.2, b.1, b.2);
        return path;
    }
    for (_, to_x, to_y) in reached.by_ref() {
        let _ = write!(path, "M{centre} {middle}L{to_x} {to_y}");
    }
    path
}

/// A bar of so many eighths of its cell.
fn bar(sign: char) -> Option<u32> {
    ('▁'..='█')
        .contains(&sign)
        .then(|| u32::from(sign) - u32::from('▁') + 1)
}

fn look(cell: &Cell) -> Look {
    let mut fore = colour(cell.fgcolor()).unwrap_or(FORE);
    let mut back = colour(cell.bgcolor());
    if cell.dim() {
        fore = between(fore, back.unwrap_or(BACK));
    }
    if cell.inverse() {
        (fore, back) = (back.unwrap_or(BACK), Some(fore));
    }
    Look {
        fore,
        back,
        bold: cell.bold(),
        italic: cell.italic(),
        underline: cell.underline(),
    }
}

fn colour(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Default => None,
        Color::Idx(n) => COLOURS.get(usize::from(n % 8)).copied(),
        Color::Rgb(r, g, b) => Some([r, g, b]),
    }
}

/// Half way from one colour to another, and a little back: dim, and still to be read.
fn between(fore: [u8; 3], back: [u8; 3]) -> [u8; 3] {
    let mix = |n: usize| ((u32::from(fore[n]) * 11 + u32::from(back[n]) * 9) / 20) as u8;
    [mix(0), mix(1), mix(2)]
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
