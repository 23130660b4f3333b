//! Stuck rules and ladder: for each rule the smallest history that fires it and the nearest one that must not.

use crate::world::{World, ready};
use dev_factory::domain::command::Verb;
use dev_factory::domain::decide::Report;
use dev_factory::domain::event::EventBody;
use dev_factory::domain::factory::Used;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::stuck::{
    self, Answer, Begins, Course, Cycle, Failing, Fault, Fired, LADDER, Lull, Means, Patience,
    Rung, after, judge, lull, next, regression, rejection, repeated,
};
use proptest::prelude::*;
use std::time::Duration;

/// A run of a tree: so many pass, these fail ("name=received"), with this error.
fn cycle(run: u32, tree: &str, passed: u32, failing: &[&str], error: &str) -> Cycle {
    let failing = failing.iter().map(|text| {
        let (name, received) = text.split_once('=').unwrap_or((text, ""));
        Failing {
            name: name.to_owned(),
            received: received.to_owned(),
        }
    });
    Cycle {
        run,
        tree: tree.to_owned(),
        code: tree.trim_start_matches('~').to_owned(),
        passed,
        failing: failing.collect(),
        error: (!error.is_empty()).then(|| error.to_owned()),
        timed_out: false,
    }
}

/// `tree passed failing error` rows; a row "afresh" begins a line from the spec, "other" one by another model.
fn course(rows: &[(&str, u32, &[&str], &str)]) -> Course {
    let mut course = Course::default();
    let mut run = 0;
    for (tree, passed, failing, error) in rows {
        match *tree {
            "afresh" => course.afresh(Rung::Afresh, None, "a try"),
            "other" => course.afresh(Rung::OtherModel, Some(&"b/m".to_owned()), "a try"),
            "hint" => course.answered(Begins::Repair, false),
            tree => {
                run += 1;
                let one = cycle(run, tree, *passed, failing, error);
                let commit = format!("commit-{run}");
                course.measured(&one, Used::default(), Some(&commit));
            }
        }
    }
    course
}

type Rows<'a> = &'a [(&'a str, u32, &'a [&'a str], &'a str)];

fn rule(rows: Rows<'_>) -> Option<(&'static str, Rung)> {
    judge(&course(rows), &[], &Patience::default()).map(|fired| (fired.rule, fired.least))
}

const A: &str = "assertion|expect|src/a.js";
const B: &str = "assertion|expect|src/b.js";
const AFRESH: (&str, u32, &[&str], &str) = ("afresh", 0, &[], "");
const OTHER: (&str, u32, &[&str], &str) = ("other", 0, &[], "");

#[test]
fn s2_a_tree_that_the_line_has_measured() {
    let one = course(&[("t1", 3, &["x"], A), ("t2", 3, &["x"], A)]);
    let fired = repeated(&one, "t1").unwrap();
    assert_eq!((fired.rule, fired.least), ("S2", Rung::Afresh));
    assert!(fired.evidence[0].starts_with("run 1 (line 1, L1): 3 pass"));
    assert!(repeated(&one, "t3").is_none());
    // Another line of work may come to a tree again.
    assert!(repeated(&course(&[("t1", 3, &["x"], A), AFRESH]), "t1").is_none());
}

#[test]
fn s3_back_and_forth_between_trees_or_failures() {
    let (x, y): (&[&str], &[&str]) = (&["x"], &["y"]);
    let end = Some(("S3", Rung::Afresh));
    assert_eq!(
        rule(&[("t1", 3, x, A), ("t2", 3, y, B), ("t3", 3, x, A)]),
        end
    );
    assert_eq!(
        rule(&[("t1", 3, x, A), ("t2", 3, y, B), ("t1", 3, &["z"], A)]),
        end
    );
    // One step there and one somewhere else is a search (and here two repairs without progress).
    let onward = rule(&[("t1", 3, x, A), ("t2", 3, y, B), ("t3", 3, &["z"], A)]);
    assert_eq!(onward, Some(("L1", Rung::Afresh)));
    // The same over two lines is none.
    assert_eq!(
        rule(&[("t1", 3, x, A), AFRESH, ("t2", 3, y, B), ("t3", 3, x, A)]),
        None
    );
}

#[test]
fn s4_the_same_failures_after_two_different_repairs_or_in_every_line() {
    let x: &[&str] = &["x"];
    assert_eq!(
        rule(&[("t1", 3, x, A), ("t2", 3, x, B), ("t3", 3, x, A)]),
        Some(("S4", Rung::Afresh))
    );
    assert_eq!(rule(&[("t1", 3, x, A), ("t2", 3, x, B)]), None);
    let moved = rule(&[("t1", 3, x, A), ("t2", 3, x, B), ("t3", 3, &["y"], A)]);
    assert_eq!(moved, Some(("L1", Rung::Afresh)));
    // Two fresh starts that fail alike: no third one helps.
    let lines = [
        ("t1", 3, x, A),
        AFRESH,
        ("t2", 4, x, A),
        AFRESH,
        ("t3", 5, x, A),
    ];
    assert_eq!(rule(&lines), Some(("S4", Rung::Diagnosis)));
    assert_eq!(rule(&lines[..3]), None);
    let apart = [
        ("t1", 3, x, A),
        AFRESH,
        ("t2", 4, &["y"], A),
        AFRESH,
        ("t3", 5, x, A),
    ];
    assert_eq!(rule(&apart), None);
}

#[test]
fn s5_the_same_first_error_while_the_failures_move() {
    let rows = |error| {
        [
            ("t1", 3, &["x"][..], A),
            ("t2", 3, &["x", "y"][..], A),
            ("t3", 3, &["x", "z"][..], error),
        ]
    };
    assert_eq!(rule(&rows(A)), Some(("S5", Rung::Diagnosis)));
    assert_eq!(rule(&rows(B)), Some(("L1", Rung::Afresh)));
    assert_eq!(rule(&rows(A)[..2]), None);
    // A tool that gets better is not stuck, whatever its first error says.
    let rising = [
        ("t1", 3, &["x", "y", "z"][..], A),
        ("t2", 4, &["x", "y"][..], A),
        ("t3", 5, &["x"][..], A),
    ];
    assert_eq!(rule(&rising), None);
}

#[test]
fn s6_a_repair_that_made_it_worse_and_broke_something() {
    let best = |rows: Rows<'_>| regression(&course(rows)).map(|row| row.cycle.tree.clone());
    let (x, xy): (&[&str], &[&str]) = (&["x"], &["x", "y"]);
    assert_eq!(
        best(&[("t1", 5, x, A), ("t2", 4, xy, A)]),
        Some("t1".into())
    );
    assert_eq!(best(&[("t1", 5, x, A), ("t2", 5, xy, A)]), None);
    // Fewer tests that all hold are no regression.
    assert_eq!(best(&[("t1", 5, x, A), ("t2", 4, x, A)]), None);
    assert_eq!(best(&[("t1", 5, x, A), AFRESH, ("t2", 4, xy, A)]), None);
    // A line that began with a repair began on the best tree there was.
    let hinted = [("t1", 5, x, A), ("hint", 0, &[][..], ""), ("t2", 4, xy, A)];
    assert_eq!(best(&hinted), Some("t1".into()));
    // It counts as a failed repair.
    assert_eq!(course(&[("t1", 5, x, A), ("t2", 4, xy, A)]).repairs(), 1);
}

#[test]
fn a_case_that_was_shown_is_the_same_case_and_comments_make_no_other_program() {
    // H4 is shown after the first run: nothing else failed in the second.
    let (hidden, shown) = (&["held-out H4 R4"][..], &["case H4 R4"][..]);
    let rows = [
        ("t1", 5, hidden, A),
        ("t2", 5, shown, A),
        ("t3", 5, shown, A),
    ];
    assert_eq!(rule(&rows), Some(("S4", Rung::Afresh)));
    assert!(regression(&course(&[("t1", 5, hidden, A), ("t2", 4, shown, A)])).is_none());
    // The tree differs, the code in it does not.
    let again = course(&[("t1", 5, shown, A), ("t2", 5, shown, A)]);
    assert_eq!(repeated(&again, "t1").unwrap().rule, "S2");
    let rows = [
        ("t1", 5, shown, A),
        ("~t1", 5, shown, A),
        ("t1", 5, shown, A),
    ];
    let fired = rule(&rows).unwrap();
    assert_eq!(fired.0, "L1", "the repairs were no different ones");
}

#[test]
fn s11_programs_written_apart_that_answer_a_test_alike() {
    let lines = |a: &'static [&'static str], b: &'static [&'static str]| {
        [("t1", 3, a, A), AFRESH, ("t2", 3, b, B)]
    };
    let end = Some(("S11", Rung::Diagnosis));
    assert_eq!(rule(&lines(&["case E3 R2=[1]"], &["case E3 R2=[1]"])), end);
    assert_eq!(
        rule(&lines(&["held-out H3 R2=[1]"], &["held-out H3 R2=[1]"])),
        end
    );
    assert_eq!(rule(&lines(&["case E3 R2=[1]"], &["case E3 R2=[2]"])), None);
    // Tests of the Developer are written anew in each line, so they say nothing.
    assert_eq!(rule(&lines(&["a.test.js x=1"], &["a.test.js x=1"])), None);
    // The same program twice proves nothing.
    let twice = [
        ("t1", 3, &["case E3 R2=[1]"][..], A),
        AFRESH,
        ("t1", 3, &["case E3 R2=[1]"][..], A),
    ];
    assert_eq!(rule(&twice), None);
    // Every line disagrees with one expected value, each in its own way, and what else fails differs.
    let all = [
        ("t1", 3, &["case E3 R2=1", "p"][..], A),
        AFRESH,
        ("t2", 3, &["case E3 R2=2", "q"][..], A),
        AFRESH,
        ("t3", 3, &["case E3 R2=3", "r"][..], A),
    ];
    assert_eq!(rule(&all), end);
    assert_eq!(rule(&all[..3]), None);
    // After somebody above has looked, what lies before it counts no longer.
    let answered = [
        ("t1", 3, &["case E3 R2=[1]"][..], A),
        AFRESH,
        ("t2", 3, &["case E3 R2=[1]"][..], B),
        ("hint", 0, &[][..], ""),
        ("t3", 3, &["case E3 R2=[1]"][..], B),
    ];
    assert_eq!(rule(&answered), None);
}

#[test]
fn s13_test_runs_that_do_not_end() {
    let numbers = Patience::default();
    let mut one = Course::default();
    one.ran(true);
    one.ran(true);
    assert!(stuck::endless(&one, &numbers).is_none());
    one.ran(true);
    let fired = stuck::endless(&one, &numbers).unwrap();
    assert_eq!((fired.rule, fired.least), ("S13", Rung::Afresh));
    assert!(stuck::tried(&one).contains("infinite loop"));
    one.ran(false);
    assert!(stuck::endless(&one, &numbers).is_none());
    // Over rows too: the run of the gates counts with those after edits.
    let mut rows = Course::default();
    rows.ran(true);
    rows.ran(true);
    let mut last = cycle(1, "t1", 0, &["the tests did not end"], "crash|x|");
    last.timed_out = true;
    rows.measured(&last, Used::default(), None);
    let fired = judge(&rows, &[], &numbers).unwrap();
    assert_eq!(fired.rule, "S13");
    let runs = fired
        .evidence
        .iter()
        .filter(|row| row.contains("ended by its limit"));
    assert_eq!(runs.count(), 3, "{:?}", fired.evidence);
    assert!(judge(&rows, &["S13".to_owned()], &numbers).is_none());
}

#[test]
fn a_fresh_start_is_thought_about_on_whatever_rung_it_begins() {
    let mut course = Course::default();
    assert!(!course.thinks(false), "a first draft");
    for rung in [Rung::Afresh, Rung::OtherModel, Rung::Diagnosis] {
        course.begin(Begins::Afresh, rung);
        assert!(course.thinks(false), "{rung:?}");
        assert!(!course.thinks(true), "a first repair");
        course.begin(Begins::Repair, rung);
        assert!(!course.thinks(false), "{rung:?}");
    }
}

#[test]
fn s1_s7_s8_s9_what_follows_replies_that_cannot_be_used() {
    use Answer as A;
    use Fault::{Cut, Form, Long, Loop, Monologue};
    for (faults, wanted) in [
        (vec![Form], ("S1", A::Reformat)),
        (vec![Form, Form], ("S1", A::Sample)),
        (vec![Form, Form, Form], ("S1", A::OtherModel)),
        (vec![Form, Form, Cut, Form], ("S1", A::Reformat)),
        (vec![Monologue], ("S1", A::Reformat)),
        (vec![Monologue, Monologue], ("S7", A::Afresh)),
        (vec![Monologue, Form], ("S1", A::Sample)),
        (vec![Form, Monologue], ("S1", A::Sample)),
        (vec![Monologue, Monologue, Monologue], ("S1", A::OtherModel)),
        (vec![Loop], ("S8", A::Unlike)),
        (vec![Loop, Loop], ("S8", A::OtherModel)),
        (vec![Loop, Form], ("S1", A::Reformat)),
        (vec![Cut], ("S9", A::Room)),
        (vec![Cut, Cut], ("S9", A::Split)),
        (vec![Cut, Form], ("S1", A::Reformat)),
        (vec![Long], ("S1", A::Reformat)),
        (vec![Form, Long], ("S1", A::Reformat)),
        (vec![Long, Form], ("S1", A::Reformat)),
        (vec![Long, Long], ("S9", A::Split)),
    ] {
        let ruling = after(&faults).unwrap();
        assert_eq!((ruling.rule, ruling.answer), wanted, "{faults:?}");
    }
    assert!(after(&[]).is_none());
}

#[test]
fn s15_standing_still() {
    let numbers = Patience::default();
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let whole = minutes(30);
    for (still, stalls, wanted) in [
        (minutes(35) - Duration::from_secs(1), 4, Lull::Fine),
        (minutes(35), 0, Lull::Again),
        (minutes(35), 3, Lull::Again),
        (minutes(35), 4, Lull::Park),
    ] {
        assert_eq!(
            lull(still, whole, stalls, &numbers),
            wanted,
            "{still:?} {stalls}"
        );
    }
}

#[test]
fn two_repairs_without_progress_end_a_line_and_progress_does_not() {
    let (x, y, z): (&[&str], &[&str], &[&str]) = (&["x"], &["y"], &["z"]);
    assert_eq!(rule(&[("t1", 3, x, A), ("t2", 3, y, B)]), None);
    let used = [("t1", 3, x, A), ("t2", 3, y, B), ("t3", 3, z, A)];
    assert_eq!(rule(&used), Some(("L1", Rung::Afresh)));
    // The second repair got further: two more are allowed from there.
    let slow = [
        ("t1", 3, &["w", "x", "y", "z"][..], A),
        ("t2", 4, &["x", "y", "z"][..], B),
        ("t3", 5, &["y", "z"][..], A),
        ("t4", 6, &["z"][..], B),
    ];
    assert_eq!(rule(&slow), None);
    assert_eq!(course(&slow).repairs(), 0);
    // More tests alone, with the same failures, is no progress.
    let padded = [("t1", 3, x, A), ("t2", 4, x, A), ("t3", 5, x, B)];
    assert_eq!(rule(&padded).unwrap().0, "S4");
    // An error of a later kind is progress.
    let kinds = [
        ("t1", 3, x, "SyntaxError|a|b"),
        ("t2", 3, y, "TypeError|a|b"),
        ("t3", 3, z, A),
    ];
    assert_eq!(rule(&kinds), None);
    // A line that began with a repair counts its first row.
    let hinted = [("t1", 3, x, A), ("hint", 0, &[][..], ""), ("t2", 3, y, B)];
    assert_eq!(course(&hinted).repairs(), 1);
    assert_eq!(course(&hinted).rung, Rung::Diagnosis);
}

fn climb(course: &Course, least: Rung, others: &[&str]) -> (Rung, String) {
    let means = Means {
        others: others.iter().map(ToString::to_string).collect(),
        from_spec: true,
        ..Means::default()
    };
    let fired = Fired::plain("L1", least, "");
    let found = next(course, &fired, &means, &Patience::default());
    (found.rung, found.words)
}

#[test]
fn the_ladder_is_climbed_within_its_budgets_and_never_down() {
    let mut one = Course::default();
    let mut climbed = Vec::new();
    loop {
        let (rung, words) = climb(&one, Rung::Afresh, &["b/m"]);
        climbed.push(words);
        match rung {
            Rung::Afresh => one.afresh(rung, None, ""),
            Rung::OtherModel => one.afresh(rung, Some(&"b/m".to_owned()), ""),
            Rung::Diagnosis => {
                one.asked(rung);
                one.answered(Begins::Repair, false);
            }
            Rung::Takeover => {
                one.asked(rung);
                one.answered(Begins::Measured, false);
                one.took_over();
            }
            _ => break,
        }
    }
    let skipped = |upto: &str| -> String {
        let all = [
            "L2 skipped: 2 of 2 used",
            "L3 skipped: 1 of 1 used",
            "L4 skipped: 2 of 2 used",
        ];
        let upto = all.iter().position(|s| s.starts_with(upto)).unwrap();
        all[..=upto].join("; ")
    };
    assert_eq!(
        climbed,
        [
            "L2: a fresh start from the spec (1 of 2)".to_owned(),
            "L2: a fresh start from the spec (2 of 2)".to_owned(),
            format!(
                "L3: a fresh start by another model, b/m (1 of 1); {}",
                skipped("L2")
            ),
            format!(
                "L4: the Supervisor, or you, say what is wrong (1 of 2); {}",
                "L3 skipped: 1 of 1 used"
            ),
            "L4: the Supervisor, or you, say what is wrong (2 of 2)".to_owned(),
            "L5: the Supervisor, or you, write what fails (1 of 1); L4 skipped: 2 of 2 used"
                .to_owned(),
            "L6: put aside for a person; L5 skipped: 1 of 1 used".to_owned(),
        ]
    );
    // A person's answer makes every rung free again.
    one.answered(Begins::of(Phase::Fixing), true);
    assert_eq!(climb(&one, Rung::Afresh, &[]).0, Rung::Afresh);
}

#[test]
fn l3_is_skipped_with_its_reason() {
    let used = course(&[AFRESH, AFRESH]);
    let (rung, words) = climb(&used, Rung::Afresh, &[]);
    assert_eq!(rung, Rung::Diagnosis);
    assert!(
        words.ends_with("L3 skipped: no other model is named under [roles]"),
        "{words}"
    );
    let means = Means {
        others: vec!["b/m".to_owned()],
        away: vec![("b/m".to_owned(), "no answer at b".to_owned())],
        from_spec: true,
    };
    let fired = Fired::plain("L1", Rung::Afresh, "");
    let found = next(&used, &fired, &means, &Patience::default());
    assert!(
        found.words.contains("L3 skipped: b/m: no answer at b"),
        "{}",
        found.words
    );
    // Tried already.
    let numbers = Patience {
        other_models: 2,
        ..Patience::default()
    };
    let tried = course(&[AFRESH, AFRESH, OTHER]);
    let found = next(
        &tried,
        &fired,
        &Means {
            away: Vec::new(),
            ..means
        },
        &numbers,
    );
    assert!(
        found.words.contains("every other model was tried"),
        "{}",
        found.words
    );
    // A phase without a spec to start from asks somebody at once.
    let found = next(&Course::default(), &fired, &Means::default(), &numbers);
    assert_eq!(found.rung, Rung::Diagnosis);
}

#[test]
fn every_rung_has_one_row_in_order_and_survives_the_disk() {
    for (level, step) in LADDER.iter().enumerate() {
        assert_eq!(step.rung as usize, level);
        let text = serde_json::to_string(&step.rung).unwrap();
        assert_eq!(text, level.to_string());
        assert_eq!(serde_json::from_str::<Rung>(&text).unwrap(), step.rung);
    }
}

#[test]
fn words_say_how_near_the_rules_are_and_what_comes_next() {
    let numbers = Patience::default();
    let one = course(&[("t1", 29, &["case E4 R4=1", "held-out H2 R9=2"], A)]);
    let said = stuck::stuck_words(&one, &[], &numbers);
    assert_eq!(
        said,
        "no: 29 pass. S4 same failures 0 of 2, S5 same error 1 of 3"
    );
    let means = Means {
        from_spec: true,
        ..Means::default()
    };
    let next = stuck::next_words(&one, &["BUG-1 (R4)".to_owned()], &means, &numbers);
    assert_eq!(
        next,
        "BUG-1 (R4), repair 1 of 2 (L1); red again: another repair (L1)"
    );
    let two = course(&[("t1", 29, &["x"], A), ("t2", 29, &["y"], B)]);
    let next = stuck::next_words(&two, &[], &means, &numbers);
    assert!(
        next.ends_with("repair 2 of 2 (L1); red again: L2: a fresh start from the spec (1 of 2)"),
        "{next}"
    );
    let afresh = course(&[("t1", 29, &["x"], A), AFRESH]);
    let next = stuck::next_words(&afresh, &[], &means, &numbers);
    assert_eq!(next, "L2: all files from the spec again, by the Developer");
    let green = course(&[("t1", 31, &[], "")]);
    assert_eq!(
        stuck::stuck_words(&green, &[], &numbers),
        "no: run 1 is green"
    );
    assert_eq!(stuck::next_words(&green, &[], &means, &numbers), "");
    // Notes for the Developer never hold a hidden case.
    let tried = stuck::tried(&course(&[("t1", 3, &["held-out H2 R9=2"], A)]));
    assert_eq!(tried, "a draft, 3 passed at best: 1 hidden case failed");
}

fn any_row() -> impl Strategy<Value = (u8, u32, Vec<u8>, u8, bool)> {
    (
        0..6_u8,
        0..6_u32,
        proptest::collection::vec(0..4_u8, 0..3),
        0..3_u8,
        any::<bool>(),
    )
}

/// A course as a tool takes it: red rows are judged, and what the ladder says is done.
fn drive(rows: &[(u8, u32, Vec<u8>, u8, bool)], others: usize) -> (Course, Vec<Rung>) {
    let numbers = Patience::default();
    let means = Means {
        others: (0..others).map(|n| format!("b/{n}")).collect(),
        from_spec: true,
        ..Means::default()
    };
    let mut course = Course::default();
    let mut climbed = Vec::new();
    for (run, (tree, passed, failing, error, timed_out)) in rows.iter().enumerate() {
        let mut names: Vec<Failing> = failing
            .iter()
            .map(|n| Failing {
                name: format!("case E{n} R1"),
                received: tree.to_string(),
            })
            .collect();
        names.sort();
        names.dedup();
        let cycle = Cycle {
            run: run as u32 + 1,
            tree: format!("t{tree}"),
            code: String::new(),
            passed: *passed,
            failing: names,
            error: Some(format!("assertion|{error}|x")),
            timed_out: *timed_out,
        };
        course.measured(&cycle, Used::default(), Some(&"c".to_owned()));
        let Some(fired) = judge(&course, &[], &numbers) else {
            continue;
        };
        let step = next(&course, &fired, &means, &numbers);
        climbed.push(step.rung);
        match step.rung {
            Rung::Afresh | Rung::OtherModel => {
                course.afresh(step.rung, step.model.as_ref(), "x");
            }
            Rung::Diagnosis => {
                course.asked(step.rung);
                course.answered(Begins::Repair, false);
            }
            Rung::Takeover => {
                course.answered(Begins::Measured, false);
                course.took_over();
            }
            _ => break,
        }
    }
    (course, climbed)
}

proptest! {
    #[test]
    fn whatever_happens_the_ladder_only_rises_and_ends(
        rows in proptest::collection::vec(any_row(), 0..120),
        others in 0..3_usize,
    ) {
        let (course, climbed) = drive(&rows, others);
        prop_assert!(climbed.is_sorted(), "{climbed:?}");
        let count = |rung: Rung| climbed.iter().filter(|r| **r == rung).count();
        prop_assert!(count(Rung::Afresh) <= 2);
        prop_assert!(count(Rung::OtherModel) <= others.min(1));
        prop_assert!(count(Rung::Diagnosis) <= 2 && count(Rung::Takeover) <= 1);
        prop_assert!(!climbed.contains(&Rung::Mend) && !climbed.contains(&Rung::Repair));
        // No line goes on for longer than two repairs without progress.
        prop_assert!(course.repairs() <= Patience::default().repairs);
        let told = serde_json::to_string(&course).unwrap();
        prop_assert_eq!(serde_json::from_str::<Course>(&told).unwrap(), course);
    }

    #[test]
    fn a_verdict_names_its_rows_and_can_be_switched_off(
        rows in proptest::collection::vec(any_row(), 1..8),
    ) {
        let (course, _) = drive(&rows, 0);
        let numbers = Patience::default();
        if let Some(fired) = judge(&course, &[], &numbers) {
            prop_assert!(!fired.words.is_empty());
            prop_assert!(!fired.evidence.is_empty());
            let off = [fired.rule.to_owned()];
            let again = judge(&course, &off, &numbers);
            prop_assert!(again.is_none_or(|other| other.rule != fired.rule));
        }
    }
}

#[test]
fn what_the_engine_asks_of_those_above_is_counted_until_a_person_answers_and_ends_parked() {
    let mut world = World::with(&["alpha"]);
    world.to(Phase::Spec);
    let refuse = |world: &mut World| {
        for _ in 0..3 {
            world.fact(EventBody::SpecRefused {
                by: Role::Developer,
                notes: vec!["no rules".to_owned()],
                clauses: Vec::new(),
            });
        }
        world.report("engine", Outcome::Undraftable).unwrap();
        world.last_move()
    };
    let hint = |world: &mut World| {
        let text = Some("Write rules.".to_owned());
        let more = Report {
            text,
            ..Report::default()
        };
        world
            .report_with("supervisor", Outcome::Hint, more)
            .unwrap();
    };
    let mut levels = Vec::new();
    for _ in 0..2 {
        levels.push(refuse(&mut world).escalation.unwrap().level);
        hint(&mut world);
    }
    levels.push(refuse(&mut world).escalation.unwrap().level);
    assert_eq!(levels, [4, 4, 5]);
    world.report("supervisor", Outcome::Takeover).unwrap();
    assert_eq!(world.factory.phase, Phase::SpecReview);
    for _ in 0..2 {
        world.report("qa", Outcome::Rejected).unwrap();
        world.report("developer", Outcome::Drafted).unwrap();
    }
    world.report("qa", Outcome::Rejected).unwrap();
    let last = world.last_move();
    assert_eq!((last.outcome, last.to), (Outcome::Parked, Phase::Idle));
    let why = last.reason.unwrap();
    assert!(
        why.starts_with("S16: ") && why.ends_with("every rung of the ladder was climbed"),
        "{why}"
    );
    // Whoever takes it off the shelf has answered.
    let unpark = Verb::Unpark {
        item: "alpha".to_owned(),
        reason: None,
        priority: None,
    };
    world.command(unpark).unwrap();
    world.room(ready());
    let course = world.facts().course;
    assert_eq!(
        (course.diagnoses, course.takeovers, course.rung),
        (0, 0, Rung::Repair)
    );
}

#[test]
fn what_a_spec_was_rejected_for_names_each_clause_once() {
    let said = |notes: &[&str], clauses: &[&str]| {
        let own = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        rejection(&own(notes), &own(clauses))
    };
    let notes = ["R2 and R5 differ", "R2", "The sum"];
    assert_eq!(
        said(&notes, &["R2", "the sum"]),
        "R2, the sum: R2 and R5 differ"
    );
    assert_eq!(said(&["R2"], &["R2"]), "R2");
    assert_eq!(said(&["no example"], &[]), "no example");
    assert_eq!(said(&[], &[]), "without a word");
}
