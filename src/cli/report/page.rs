//! The report as a page of at most 80 columns.

use crate::cli::{out, status};
use crate::domain::metrics::{Effort, Metrics, PassAt, Share, Summary, Tool};
use crate::domain::screen::Need;
use crate::domain::shift::Bookmark;
use crate::domain::stats::Spread;
use crate::domain::stuck::Rung;
use crate::headless;
use crate::text::plural::plural;
use crate::text::width::columns as width;
use std::collections::BTreeMap;
use std::path::Path;

/// Columns of the page.
const WIDE: usize = 80;
/// Columns of the names at the left.
const NAMES: usize = 18;
/// Columns of a tool's name.
const TOOL: usize = 24;

/// The whole page.
pub fn page(
    home: &Path,
    metrics: &Metrics,
    read: &Bookmark,
    shift: bool,
    needs: &[Need],
) -> String {
    let mut text = head(home, metrics, read, shift);
    if metrics.tools.is_empty() {
        text += match shift {
            true => "\nNo tool was worked on since then.\n",
            false => {
                "\nNothing to report yet: no tool was worked on. dev-factory up starts the engine.\n"
            }
        };
    } else {
        let summary = metrics.summary();
        text += &titled("Tools", &tools(metrics));
        text += &titled("How it went", &went(&summary));
        text += &titled("Passed by cycle", &passed(&summary.pass_at));
        text += &titled("The ladder", &ladder(&summary));
        text += &titled("What it took", &took(&summary));
        text += &titled("By phase", &phases(metrics));
    }
    if metrics.incidents > 0 {
        let words = "failures of the engine itself: dev-factory logs";
        text += &format!("\n{} {words}\n", metrics.incidents);
    }
    if shift && !needs.is_empty() {
        let needs: String = needs.iter().map(headless::need_text).collect();
        text += &format!("\nWaiting for you\n{needs}");
    }
    text
}

fn head(home: &Path, metrics: &Metrics, read: &Bookmark, shift: bool) -> String {
    let what = match (shift, read.at) {
        (true, Some(at)) => format!("since you marked it read on {}", status::local(at)),
        (true, None) => "all of it: nothing was marked read yet".to_owned(),
        (false, _) => "the whole journal".to_owned(),
    };
    let mut rows = vec![
        row("home", &home.display().to_string()),
        row("about", &what),
    ];
    if let (Some(since), Some(until)) = (metrics.since, metrics.until) {
        let (since, until) = (status::local(since), status::local(until));
        let events = plural(metrics.events, "event");
        let words = format!("{since} to {until}, {events}");
        rows.push(row("time", &words));
    }
    rows.concat()
}

/// A name and words beside it, wrapped below themselves.
fn row(name: &str, words: &str) -> String {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let room = WIDE - NAMES;
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() || width(line) + 1 + width(word) <= room {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    let rows = lines.iter().enumerate();
    rows.map(|(n, line)| format!("{:NAMES$}{line}\n", if n == 0 { name } else { "" }))
        .collect()
}

fn titled(title: &str, rows: &str) -> String {
    format!("\n{title}\n{rows}")
}

fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_owned();
    }
    let head: String = name.chars().take(most - 3).collect();
    format!("{head}...")
}

fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let head = head.iter().map(|word| (*word).to_owned()).collect();
    let all: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let text = out::table(&all);
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn tools(metrics: &Metrics) -> String {
    let rows = metrics.tools.iter().map(|(name, tool)| {
        let build = tool.builds.last();
        let runs = build.map_or(0, |build| build.runs);
        let lines = build.map_or(0, |build| build.lines.len());
        let effort = tool.effort();
        vec![
            short(name, TOOL),
            ended(tool).to_owned(),
            runs.to_string(),
            lines.to_string(),
            build.map_or("-".to_owned(), |build| format!("L{}", build.level)),
            build
                .and_then(|build| build.held_out_gap)
                .map_or("-".to_owned(), |gap| format!("{gap:.0}")),
            count(effort.input + effort.output),
            money(&effort),
        ]
    });
    table(
        &[
            "tool", "ended", "runs", "lines", "rung", "gap", "tokens", "cost",
        ],
        rows.collect(),
    )
}

fn ended(tool: &Tool) -> &'static str {
    match tool {
        tool if tool.escaped > 0 => "came back",
        tool if tool.shipped > 0 => "shipped",
        tool if tool.dropped > 0 => "dropped",
        tool if tool.parked > 0 => "parked",
        _ => "-",
    }
}

/// Figures below which a mean and its spread say little.
const FEW: u64 = 3;

fn money(effort: &Effort) -> String {
    match effort.unpriced {
        0 => format!("${:.2}", effort.usd),
        n => format!("${:.2}+{n}?", effort.usd),
    }
}

fn share(share: Share) -> String {
    match share.percent() {
        Some(percent) => format!("{} of {}, {percent:.0} %", share.part, share.of),
        None => "none yet".to_owned(),
    }
}

fn spread(spread: Option<Spread>, unit: impl Fn(f64) -> String) -> String {
    spread.map_or_else(
        || "none yet".to_owned(),
        |s| {
            let [mean, least, median, most] = [s.mean, s.least, s.median, s.most].map(unit);
            // Selecting on fewer says more of chance than of the harness.
            let few = if s.count < FEW { ", too few" } else { "" };
            let count = s.count;
            format!("mean {mean}, median {median}, from {least} to {most}; of {count}{few}")
        },
    )
}

fn named(counts: &BTreeMap<String, u64>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let words: Vec<String> = counts.iter().map(|(k, n)| format!("{k} {n}")).collect();
    words.join(", ")
}

fn went(s: &Summary) -> String {
    let words = format!(
        "{} shipped, {} parked, {} dropped",
        s.shipped, s.parked.part, s.dropped
    );
    let cheats = s.cheats.iter();
    let cheats = cheats.map(|(cheat, runs)| (cheat.word().to_owned(), *runs));
    let cheats = cheats.collect();
    [
        row("  ended", &words),
        row("  parked rate", &share(s.parked)),
        row("  green at once", &share(s.first_draft)),
        row(
            "  held-out gap",
            &spread(s.held_out_gap, |points| format!("{points:.1}")),
        ),
        row("  came back", &format!("{} after a ship", s.escaped)),
        row("  sent back", &share(s.bounced)),
        row("  spec anew", &share(s.respecced)),
        row("  red gates", &named(&s.rejections)),
        row("  cheats found", &named(&cheats)),
        row(
            "  mutation score",
            &spread(s.mutation, |percent| format!("{percent:.0} %")),
        ),
    ]
    .concat()
}

fn passed(by: &[PassAt]) -> String {
    let percent = |share: Share| {
        share
            .percent()
            .map_or("-".to_owned(), |percent| format!("{percent:.0} %"))
    };
    let line = |name: &str, part: fn(&PassAt) -> Share| {
        let cells = by.iter().map(|at| percent(part(at)));
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let cycles: Vec<String> = by.iter().map(|at| at.cycle.to_string()).collect();
    let head: Vec<&str> = std::iter::once("")
        .chain(cycles.iter().map(String::as_str))
        .collect();
    table(
        &head,
        vec![
            line("tests in sight", |at| at.public),
            line("held-out cases", |at| at.held_out),
            line("every gate", |at| at.gates),
        ],
    )
}

fn ladder(s: &Summary) -> String {
    let levels = s.levels.iter().enumerate().filter(|(_, count)| **count > 0);
    let levels: Vec<String> = levels
        .map(|(level, count)| {
            let level = u8::try_from(level).unwrap_or(u8::MAX);
            format!("{} {count}", Rung::from(level))
        })
        .collect();
    let levels = match levels.as_slice() {
        [] => "none yet".to_owned(),
        some => some.join(", "),
    };
    let figure = |figure: f64| format!("{figure:.1}");
    [
        row("  highest rung", &levels),
        row("  mended (L0)", &plural(s.mended, "file")),
        row("  runs a line", &spread(s.cycles_per_line, figure)),
        row("  runs a build", &spread(s.cycles_per_build, figure)),
        row("  escalated", &share(s.escalated)),
        row("  stuck rules", &named(&s.stuck)),
    ]
    .concat()
}

fn took(s: &Summary) -> String {
    let e = &s.effort;
    let turns = format!(
        "{}, {} failed, {} ran out of room",
        e.turns, e.failed, e.exhausted
    );
    let tokens = format!(
        "{} read, {} written, {} of them thinking",
        count(e.input),
        count(e.output),
        count(e.thought)
    );
    let usd = |usd: f64| format!("${usd:.2}");
    let tokens_each = |tokens: f64| count(tokens.round() as u64);
    [
        row("  turns", &turns),
        row("  not usable", &share(s.malformed)),
        row("  tokens", &tokens),
        row("  mutation tests", &time(e.mutation_millis)),
        row("  cost", &cost(e)),
        row("  cost a ship", &spread(s.usd_per_shipped, usd)),
        row(
            "  reviews a ship",
            &spread(s.supervisor_usd_per_shipped, usd),
        ),
        row("  read a ship", &spread(s.input_per_shipped, tokens_each)),
        row(
            "  written a ship",
            &spread(s.output_per_shipped, tokens_each),
        ),
        row(
            "  thought a ship",
            &spread(s.thought_per_shipped, tokens_each),
        ),
    ]
    .concat()
}

fn cost(effort: &Effort) -> String {
    let unpriced = match effort.unpriced {
        0 => String::new(),
        n => format!("; {} of unknown cost", plural(n, "turn")),
    };
    format!(
        "${:.2}, ${:.2} of it the Supervisor's{unpriced}",
        effort.usd, effort.supervisor_usd
    )
}

fn phases(metrics: &Metrics) -> String {
    let rows = metrics.phases().into_iter().map(|(phase, e)| {
        vec![
            phase.to_string(),
            e.turns.to_string(),
            e.malformed.to_string(),
            count(e.input + e.output),
            time(e.prefill_millis),
            time(e.decode_millis),
            time(e.turn_millis),
            time(e.test_millis),
            time(e.gate_millis),
        ]
    });
    table(
        &[
            "phase", "turns", "unusable", "tokens", "reading", "writing", "in all", "tests",
            "gates",
        ],
        rows.collect(),
    )
}

/// "950", "12k", "3.4M".
fn count(tokens: u64) -> String {
    match tokens {
        0..10_000 => tokens.to_string(),
        10_000..10_000_000 => format!("{}k", (tokens + 500) / 1000),
        _ => format!("{:.1}M", tokens as f64 / 1e6),
    }
}

/// "0.4 s", "12 s", "3 min", "2.5 h"; nothing where nothing was measured.
fn time(millis: u64) -> String {
    match millis {
        0 => "-".to_owned(),
        1..10_000 => format!("{:.1} s", millis as f64 / 1e3),
        10_000..120_000 => format!("{} s", millis / 1000),
        120_000..7_200_000 => format!("{} min", millis / 60_000),
        _ => format!("{:.1} h", millis as f64 / 3.6e6),
    }
}
