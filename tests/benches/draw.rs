//! What a frame costs, and whether the screens keep up with a flood. `cargo bench --bench draw` prints the figures,
//! each beside what it is to be compared with in the same run.

#[path = "../keys/night.rs"]
mod night;
#[path = "../support/screen.rs"]
mod screen;

use chrono::TimeDelta;
use dev_factory::domain::item::Item;
use dev_factory::domain::screen::{Level, LogLine};
use dev_factory::tui::message::Message;
use dev_factory::tui::model::Model;
use dev_factory::tui::pacer::FRAME;
use dev_factory::tui::view;
use night::night;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};
use ratatui::{Terminal, TerminalOptions, Viewport};
use screen::{SIZES, at, press, tell};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Frames whose median is shown.
const FRAMES: usize = 200;
/// Size of the large window.
const LARGE: (u16, u16) = (200, 50);
/// Lines a second in a flood, and for how long.
const RATE: u64 = 100_000;
const FLOOD: Duration = Duration::from_secs(5);

fn main() {
    frames();
    tabs();
    queue();
    flood();
}

fn line(n: i64) -> Arc<LogLine> {
    Arc::new(LogLine {
        at: at(0, 0, 0) + TimeDelta::milliseconds(n),
        from: "developer".to_owned(),
        level: Level::Info,
        tool: Some("github-issue-digest".to_owned()),
        seq: None,
        kind: Default::default(),
        text: format!(
            "{n}: const groups = issues.reduce((all, issue) => add(all, issue.labels), {{}}); {}",
            "// as said above ".repeat((n % 9) as usize)
        ),
    })
}

/// A model on Logs with so many lines.
fn logs(count: i64, keys: &str) -> Model {
    let mut model = night("default");
    model.size = LARGE;
    tell(&mut model, Message::Lines((0..count).map(line).collect()));
    press(&mut model, "4");
    press(&mut model, keys);
    model
}

/// Median and worst of some runs, in microseconds.
fn timed(runs: usize, mut run: impl FnMut()) -> (f64, f64) {
    run();
    let mut all: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    all.sort_by(f64::total_cmp);
    (all[runs / 2], all[runs - 1])
}

/// One frame into a buffer, as the terminal would get it.
fn draw(model: &Model, buffer: &mut Buffer) {
    buffer.reset();
    view::draw(model, buffer.area, buffer);
    black_box(&buffer);
}

fn area((columns, rows): (u16, u16)) -> Rect {
    Rect::new(0, 0, columns, rows)
}

fn row(name: &str, (median, worst): (f64, f64), beside: f64) {
    let ratio = beside / median;
    println!("{name:<44} {median:>10.0} µs {worst:>10.0} µs {ratio:>9.1} x");
}

fn frames() {
    println!("One frame of the log, 10,000 lines, 200x50, {FRAMES} frames");
    println!(
        "{:<44} {:>13} {:>13} {:>11}",
        "", "median", "worst", "faster by"
    );
    let mut buffer = Buffer::empty(area(LARGE));
    let texts: Vec<String> = (0..10_000).map(|n| line(n).text.clone()).collect();
    let all = timed(FRAMES / 10, || {
        buffer.reset();
        let lines: Vec<Line<'_>> = texts.iter().map(|text| Line::raw(text.as_str())).collect();
        let wide = Paragraph::new(lines)
            .wrap(Wrap { trim: false })
            .scroll((9_000, 0));
        wide.render(area(LARGE), &mut buffer);
        black_box(&buffer);
    });
    row("all lines handed to Paragraph, wrapped", all, all.0);
    for (name, keys) in [
        ("ours, following", ""),
        ("ours, following, wrapped", "w"),
        ("ours, held far up, wrapped", "w<PgUp><PgUp><PgUp><PgUp>"),
        ("ours, filtered", "/9: const<Enter>"),
    ] {
        let model = logs(10_000, keys);
        let name = format!(
            "{name}, {} of {} rows",
            model.book.count(),
            model.book.len()
        );
        assert!(model.book.count() >= 100, "an empty pane says nothing");
        row(&name, timed(FRAMES, || draw(&model, &mut buffer)), all.0);
    }
    for count in [100, 20_000] {
        let model = logs(count, "w");
        let name = format!("ours, following, wrapped, {count} lines");
        row(&name, timed(FRAMES, || draw(&model, &mut buffer)), all.0);
    }
    println!();
}

fn tabs() {
    println!("One frame of each tab, {FRAMES} frames");
    println!("{:<44} {:>13} {:>13}", "", "median", "worst");
    for size in SIZES {
        for (key, name) in [
            ("1", "Factory"),
            ("2", "Agents"),
            ("3", "Stats"),
            ("4", "Logs"),
        ] {
            let mut model = night("default");
            model.size = size;
            press(&mut model, key);
            let mut buffer = Buffer::empty(area(size));
            let (median, worst) = timed(FRAMES, || draw(&model, &mut buffer));
            let name = format!("{name} {}x{}", size.0, size.1);
            println!("{name:<44} {median:>10.0} µs {worst:>10.0} µs");
        }
    }
    println!();
}

/// Factory with a long queue: a frame, a key, and a snapshot while a text is looked for in it.
fn queue() {
    const ITEMS: usize = 10_000;
    println!("A queue of {ITEMS} ideas of 2,000 characters, {FRAMES} times");
    println!("{:<44} {:>13} {:>13}", "", "median", "worst");
    let mut snapshot = night::snapshot();
    let item = snapshot.queue[1].clone();
    snapshot.queue = (0..ITEMS)
        .map(|n| Item {
            name: format!("tool-{n}"),
            idea: format!("{n} {}", "an idea of some words ".repeat(90)),
            ..item.clone()
        })
        .collect();
    let (one, other) = (Arc::new(snapshot.clone()), Arc::new(snapshot));
    for (name, keys) in [("at its end", "1jG"), ("looked through", "1/99 an<Enter>")] {
        let mut model = night("default");
        model.size = LARGE;
        tell(&mut model, Message::Snapshot(one.clone()));
        press(&mut model, keys);
        let mut buffer = Buffer::empty(area(LARGE));
        let print = |what: &str, (median, worst): (f64, f64)| {
            println!(
                "{:<44} {median:>10.0} µs {worst:>10.0} µs",
                format!("{name}, {what}")
            );
        };
        print("a frame", timed(FRAMES, || draw(&model, &mut buffer)));
        print("a key", timed(FRAMES, || drop(press(&mut model, "k"))));
        let mut news = [&one, &other].into_iter().cycle();
        let mut came = || {
            let news = Message::Snapshot(news.next().unwrap().clone());
            tell(&mut model, news);
        };
        print("a snapshot", timed(FRAMES, &mut came));
    }
    println!();
}

/// What became of a flood.
struct Flood {
    lines: u64,
    frames: u64,
    busy: Duration,
    key: Vec<f64>,
}

/// Lines come at a rate, frames at most thirty a second, a key every quarter second; into a terminal that swallows.
fn run(model: &mut Model, keys: &[&str]) -> Flood {
    // A fixed size: without a terminal the size would be asked of another program at every frame.
    let options = TerminalOptions {
        viewport: Viewport::Fixed(area(model.size)),
    };
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(std::io::sink()), options).unwrap();
    let mut paint = |model: &Model| {
        let drawn = terminal.draw(|frame| view::draw(model, frame.area(), frame.buffer_mut()));
        assert_eq!(drawn.unwrap().area, area(model.size));
    };
    let start = Instant::now();
    let mut out = Flood {
        lines: 0,
        frames: 0,
        busy: Duration::ZERO,
        key: Vec::new(),
    };
    let (mut drawn, mut pressed, mut keys) = (start, start, keys.iter().cycle());
    while start.elapsed() < FLOOD {
        let due = (start.elapsed().as_secs_f64() * RATE as f64) as u64;
        let batch: Vec<Arc<LogLine>> = (out.lines..due).map(|n| line(n as i64)).collect();
        let work = Instant::now();
        tell(model, Message::Lines(batch));
        out.lines = due;
        if pressed.elapsed() >= Duration::from_millis(250) {
            pressed = Instant::now();
            press(model, keys.next().unwrap());
            paint(model);
            out.key.push(pressed.elapsed().as_secs_f64() * 1e6);
            (drawn, out.frames) = (Instant::now(), out.frames + 1);
        } else if drawn.elapsed() >= FRAME {
            paint(model);
            (drawn, out.frames) = (Instant::now(), out.frames + 1);
        }
        out.busy += work.elapsed();
        std::thread::sleep(Duration::from_millis(2));
    }
    out.key.sort_by(f64::total_cmp);
    out
}

fn flood() {
    println!(
        "A flood of {RATE} lines a second for {} s, frames paced, a key four times a second, 200x50",
        FLOOD.as_secs()
    );
    println!(
        "{:<32} {:>10} {:>9} {:>10} {:>14} {:>14}",
        "", "lines/s", "frames/s", "busy", "key median", "key worst"
    );
    let all: [(&str, &str, &[&str]); 4] = [
        ("following", "", &["j"]),
        ("following, wrapped", "w", &["j"]),
        (
            "moving about while it comes",
            "",
            &["k", "<PgUp>", "G", "k", "<PgDn>", "f"],
        ),
        ("with a filter", "/issue<Enter>", &["N", "N", "n", "G"]),
    ];
    for (name, begin, keys) in all {
        let mut model = logs(10_000, begin);
        let out = run(&mut model, keys);
        let seconds = FLOOD.as_secs_f64();
        println!(
            "{name:<32} {:>10.0} {:>9.1} {:>8.0} % {:>11.0} µs {:>11.0} µs",
            out.lines as f64 / seconds,
            out.frames as f64 / seconds,
            out.busy.as_secs_f64() * 100.0 / seconds,
            out.key[out.key.len() / 2],
            out.key[out.key.len() - 1]
        );
    }
    println!("\nAim: a key is on the screen in under 5 ms.");
}
