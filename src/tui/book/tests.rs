//! Rows made of pieces, pages in front, bounded memory, and the index of what is wanted.

use super::*;
use chrono::DateTime;
use proptest::prelude::*;

fn line(from: &str, level: Level, text: &str) -> LogLine {
    LogLine {
        at: DateTime::UNIX_EPOCH,
        from: from.to_owned(),
        level,
        tool: Some("t".to_owned()),
        seq: None,
        kind: Default::default(),
        text: text.to_owned(),
    }
}

fn later(second: i64, line: LogLine) -> LogLine {
    LogLine {
        at: DateTime::from_timestamp(second, 0).unwrap(),
        ..line
    }
}

fn wanted(book: &Book) -> Vec<&Row> {
    (0..book.count())
        .map(|at| book.wanted(at).unwrap())
        .collect()
}

fn texts(book: &Book) -> Vec<&str> {
    wanted(book).iter().map(|row| row.text.as_str()).collect()
}

fn ids(book: &Book) -> Vec<i64> {
    wanted(book).iter().map(|row| row.id).collect()
}

#[test]
fn streamed_pieces_become_rows_and_whole_lines_stay_whole() {
    let mut book = Book::default();
    for piece in ["one ", "line\nand ", "another\n", "third"] {
        book.push(&line("qa", Level::Stream, piece), false);
    }
    book.push(&line("engine", Level::Info, "said"), false);
    book.push(&line("qa", Level::Stream, "fourth"), false);
    let all = ["one line", "and another", "third", "said", "fourth"];
    assert_eq!(texts(&book), all);
    assert_eq!(ids(&book), [0, 1, 2, 3, 4]);
    book.push(&line("qa", Level::Stream, "\n\n\u{1b}[31mred\ttab"), false);
    assert_eq!(texts(&book)[4..], ["fourth", "", "red    tab"]);
}

#[test]
fn a_long_line_goes_on_in_the_next_row() {
    let mut book = Book::default();
    let long = "日".repeat(LONGEST);
    book.push(&line("qa", Level::Info, &long), false);
    book.push(&line("qa", Level::Stream, "a"), false);
    book.push(&line("qa", Level::Stream, &long), false);
    assert!(book.len() >= 6, "{}", book.len());
    assert!(wanted(&book).iter().all(|row| row.text.len() <= LONGEST));
    assert_eq!(texts(&book).concat(), format!("{long}a{long}"));
}

#[test]
fn older_rows_stand_in_front_and_the_filter_chooses() {
    let mut book = Book::default();
    book.push(&later(9, line("qa", Level::Warn, "new Held-Out")), false);
    let page = [
        line("qa", Level::Info, "old"),
        line("operator:ann", Level::Info, "older"),
    ];
    assert!(book.older(&page, false));
    assert_eq!(texts(&book), ["old", "older", "new Held-Out"]);
    let mut chosen = |filter: Filter| {
        book.choose(filter);
        ids(&book)
    };
    let all = Filter::default();
    assert_eq!(chosen(all.clone()), [-2, -1, 0]);
    let text = |text: &str| Filter {
        text: text.to_owned(),
        ..Filter::default()
    };
    assert_eq!(chosen(text("held-out")), [0]);
    assert_eq!(chosen(text("none such")), [0_i64; 0]);
    let from = |from: &str| Filter {
        from: Some(from.to_owned()),
        ..Filter::default()
    };
    assert_eq!(chosen(from("qa")), [-2, 0]);
    assert_eq!(chosen(from("operator")), [-1]);
    let grave = Filter {
        level: Some(Level::Warn),
        ..all.clone()
    };
    assert_eq!(chosen(grave), [0]);
    book.choose(from("qa"));
    assert_eq!((book.up_to(Some(-1)), book.up_to(None)), (1, 2));
    book.choose(all);
    assert_eq!((book.up_to(Some(-1)), book.up_to(Some(-9))), (2, 0));
}

#[test]
fn memory_is_bounded_and_a_held_place_stays() {
    let mut book = Book::default();
    let x = line("qa", Level::Info, "x");
    (0..MOST + 10).for_each(|_| book.push(&x, false));
    assert_eq!(
        (book.len(), book.forgot(), book.forgot()),
        (MOST, true, false)
    );
    assert_eq!(book.wanted(0).unwrap().id, 10);
    for _ in 0..HELD {
        book.push(&x, true);
    }
    assert_eq!(book.wanted(0).unwrap().id, 10, "nothing left in front");
    assert_eq!((book.len(), book.skipped()), (HELD, MOST as u64));
    // Rows let go at the end are as much below as rows never kept.
    let older = later(-5, line("qa", Level::Info, "y"));
    assert!(book.older(&[older.clone(), older], true));
    assert_eq!((book.len(), book.skipped()), (HELD, MOST as u64 + 2));
    assert_eq!(book.wanted(0).unwrap().text, "y");
    assert!(!book.forgot());
    book.clear();
    assert_eq!((book.len(), book.skipped()), (0, 0));
}

#[test]
fn a_page_without_a_known_end_is_cut_where_memory_begins() {
    let said = |n: i64| later(n, line("qa", Level::Info, &n.to_string()));
    let all: Vec<LogLine> = (0..10).map(said).collect();
    for (from, to) in [(0, 10), (2, 8), (0, 5), (6, 10), (5, 6)] {
        let mut book = Book::default();
        all[5..].iter().for_each(|line| book.push(line, false));
        let any = book.older(&all[from..to], false);
        let expected: Vec<String> = (from.min(5)..10).map(|n| n.to_string()).collect();
        assert_eq!(texts(&book), expected, "{from} to {to}");
        assert_eq!(any, from < 5);
    }
}

/// Pieces of two speakers, with line feeds anywhere and times that stand still now and then.
fn pieces() -> impl Strategy<Value = Vec<LogLine>> {
    let one = (0..3_usize, "[ab\n]{1,6}", 0..2_i64);
    proptest::collection::vec(one, 1..60).prop_map(|all| {
        let mut second = 0;
        let mut lines = Vec::new();
        for (n, (kind, text, step)) in all.into_iter().enumerate() {
            let (from, level) = [
                ("qa", Level::Stream),
                ("dev", Level::Stream),
                ("engine", Level::Info),
            ][kind];
            // Whole lines may come at one time; of two that say the same at once one cannot tell which is which.
            second += if level == Level::Info { step } else { 1 };
            let text = match level {
                Level::Info => format!("{n}"),
                _ => text,
            };
            lines.push(later(second, line(from, level, &text)));
        }
        lines
    })
}

proptest! {
    #[test]
    fn pages_put_together_are_the_log_as_it_came(lines in pieces(), cuts in proptest::collection::vec(0..60_usize, 0..6)) {
        let mut whole = Book::default();
        lines.iter().for_each(|line| whole.push(line, false));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at.min(lines.len())).collect();
        cuts.push(0);
        cuts.sort_unstable();
        let mut paged = Book::default();
        let mut end = lines.len();
        for start in cuts.into_iter().rev() {
            if paged.is_empty() {
                lines[start..end].iter().for_each(|line| paged.push(line, false));
            } else {
                paged.older(&lines[start..end], true);
            }
            end = start;
        }
        prop_assert_eq!(texts(&paged), texts(&whole));
    }

    #[test]
    fn the_index_says_what_a_walk_through_all_rows_would(lines in pieces(), page in pieces(), text in "[ab]{1,3}") {
        let mut book = Book::default();
        book.choose(Filter { text, ..Filter::default() });
        lines.iter().for_each(|line| book.push(line, false));
        book.older(&page, true);
        (0..7).for_each(|_| book.let_go());
        book.skip_last();
        let walked: Vec<i64> = book.rows.iter().filter(|row| book.filter.takes(row)).map(|row| row.id).collect();
        prop_assert_eq!(&ids(&book), &walked);
        for id in -70..70 {
            let upto = walked.iter().filter(|known| **known <= id).count();
            prop_assert_eq!(book.up_to(Some(id)), upto);
        }
    }
}
