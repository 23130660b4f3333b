//! The README gate: the sessions it shows are run with the real command, and must print what it says.

use super::Work;
use crate::agents::readme::{self, Shown, Step, sessions};
use crate::domain::case::Case;
use crate::domain::evidence::GateResult;
use crate::factory::ports::files::{FileError, Files};
use crate::factory::ports::tests::TestError;
use serde_json::json;
use std::collections::BTreeMap;

/// Findings named; the first is mended first.
const SHOWN: usize = 2;

/// Runs what the README shows.
pub async fn gate(work: &Work<'_>, files: &dyn Files) -> Result<GateResult, TestError> {
    let text = match files.read(&work.tree.dir, "README.md") {
        Err(FileError::Refused(words)) => {
            return Ok(GateResult {
                gate: "readme".into(),
                words,
                ..GateResult::default()
            });
        }
        read => read?,
    };
    let (all, left) = sessions(&text.unwrap_or_default(), &work.tree.tool);
    let (mut run, mut wrong) = (0_usize, Vec::new());
    for session in &all {
        let mut there = BTreeMap::new();
        for step in session {
            match step {
                Step::Write { file, text, append } => {
                    readme::write(&mut there, file, text, *append);
                }
                Step::Run(shown) => {
                    run += 1;
                    wrong.extend(differs(work, shown, &mut there).await?);
                }
            }
        }
    }
    wrong.truncate(SHOWN);
    Ok(GateResult {
        gate: "readme".into(),
        passed: wrong.is_empty(),
        words: match wrong.is_empty() {
            true => fine(run, left),
            false => wrong.join("; "),
        },
        ..GateResult::default()
    })
}

fn fine(run: usize, left: usize) -> String {
    let told = match run {
        0 => "it shows no command that could be run".to_owned(),
        run => format!("{run} commands print what it says"),
    };
    match left {
        0 => told,
        left => format!("{told}; {left} lines behind `$ ` were not run"),
    }
}

/// What a command prints instead of what is shown; the files it leaves are there for the next.
async fn differs(
    work: &Work<'_>,
    shown: &Shown,
    there: &mut BTreeMap<String, String>,
) -> Result<Option<String>, TestError> {
    let piped = shown.from.as_ref().map(|file| there.get(file).cloned());
    let stdin = piped.map_or_else(|| shown.stdin.clone(), Option::unwrap_or_default);
    let case = json!({
        "id": "README", "rule": "", "cli": shown.argv, "stdin": stdin,
        "given": {"files": there}, "stdout": shown.output,
    });
    let case: Case =
        serde_json::from_value(case).map_err(|error| TestError::Setup(error.to_string()))?;
    let received = work
        .tests
        .cases(work.tree, std::slice::from_ref(&case))
        .await?;
    let Some(received) = received.into_iter().next() else {
        return Ok(None);
    };
    let text = |stream: &Option<String>| stream.clone().unwrap_or_default();
    let (stdout, stderr) = (text(&received.stdout), text(&received.stderr));
    *there = received.files;
    if received.fault.is_none() && readme::as_shown(&shown.output, &stdout, &stderr) {
        return Ok(None);
    }
    let printed = received.fault.unwrap_or(format!("{stdout}{stderr}"));
    let quoted = |text: &str| serde_json::Value::from(text.trim_end()).to_string();
    Ok(Some(format!(
        "README.md: `$ {}` prints {} and not {}; show what it prints, with `$ echo '...' > FILE` for each file it reads, or leave the `$ ` out",
        shown.line,
        quoted(&printed),
        quoted(&shown.output)
    )))
}
