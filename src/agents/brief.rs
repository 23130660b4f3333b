//! The prompt for one whole file: what of spec and tree it needs, made smaller step by step when it does not fit.

use super::cases;
use super::deps;
use super::developer::hinted;
use super::failure::exports_of;
use super::prompt::{Desk, Mode, Prompt, TooLarge, data, plain, section, whole};
use super::scaffold;
use super::spec::{Spec, base, test_of};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Lines of "already tried" a prompt carries.
const TRIED: usize = 3;
/// Characters of one such line.
const TRIED_CHARS: usize = 140;

/// One file to write or repair.
#[derive(Clone, Copy, Debug)]
pub struct FileBrief<'a> {
    /// Who, what tool, limits.
    pub desk: Desk<'a>,
    /// What the tool must be.
    pub spec: &'a Spec,
    /// The public cases now: the spec's examples and those revealed since.
    pub public: &'a [crate::domain::case::Case],
    /// "src/x.js", "test/dev/x.test.js" or "README.md".
    pub path: &'a str,
    /// The tool's files by path, stubs included.
    pub sources: &'a BTreeMap<String, String>,
    /// Digest or bug report; None = the file is written for the first time.
    pub failure: Option<&'a str>,
    /// Words of a reviewer or the operator.
    pub hint: Option<&'a str>,
    /// What was tried in this line of work, newest last.
    pub tried: &'a [String],
    /// The same bug was repaired before: think this time.
    pub think: bool,
}

/// What is left out, step by step (harness S10).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cut {
    Nothing,
    Notes,
    Bodies,
    Examples,
}

/// Asks for one whole file; refuses when what it needs does not fit.
pub fn file(brief: &FileBrief<'_>) -> Result<Prompt, TooLarge> {
    let mut last = TooLarge {
        tokens: 0,
        limit: 0,
    };
    for cut in [Cut::Nothing, Cut::Notes, Cut::Bodies, Cut::Examples] {
        let prompt = build(brief, cut);
        match prompt.fits(brief.desk.numbers) {
            Ok(()) => return Ok(prompt),
            Err(size) => last = size,
        }
    }
    Err(last)
}

fn build(brief: &FileBrief<'_>, cut: Cut) -> Prompt {
    let user = if brief.path == "README.md" {
        readme(brief, cut)
    } else if brief.path.starts_with("test/") {
        test(brief, cut)
    } else {
        source(brief, cut)
    };
    let mode = if brief.think {
        Mode::Think
    } else {
        Mode::Write
    };
    Prompt::new(&brief.desk, "file", mode, &rule(brief), &user).at(brief.path)
}

fn rule(brief: &FileBrief<'_>) -> String {
    let (path, most) = (brief.path, brief.desk.numbers.file_lines);
    if path == "README.md" {
        return format!(
            "Reply with the whole README.md in one fence of four backticks, ````markdown, at most {most} lines. Nothing after it."
        );
    }
    format!(
        "Reply with the whole file {path} in one ```js fence, at most {most} lines, nothing left out. Nothing after it."
    )
}

fn source(brief: &FileBrief<'_>, cut: Cut) -> String {
    let spec = brief.spec;
    let plan = spec.files.iter().find(|f| f.path == brief.path);
    let role = plan.map_or("", |f| f.role.as_str());
    let needs = plan.map(|f| f.depends.join(", ")).unwrap_or_default();
    let needs = if needs.is_empty() {
        "no other file"
    } else {
        &needs
    };
    let mut task = task(brief);
    let _ = writeln!(task, "Its role: {role}. It may require: {needs}.");
    let _ = write!(task, "{}", duty(brief));
    format!(
        "{}{}{}{}{}{}{}{}{}{}{}",
        section("Task", &task),
        section("Tool", &about(brief)),
        section("API", &api(spec)),
        section("Rules", &rules(spec)),
        section("Edge cases", &plain(spec.section("Edge cases"))),
        section(
            "JavaScript",
            &deps::rules(&brief.spec.packages(brief.desk.packages))
        ),
        world(brief),
        section("Examples, run as tests", &examples(brief, cut)),
        others(brief, cut),
        present(brief),
        trouble(brief, cut),
    )
}

fn test(brief: &FileBrief<'_>, cut: Cut) -> String {
    let unit = unit(brief).unwrap_or_default();
    let body = brief.sources.get(&unit).map_or("", String::as_str);
    let mut task = task(brief);
    let _ = writeln!(
        task,
        "It tests {unit}: const {{ {} }} = require('../../{unit}'). Expected values follow from the rules, not from what the code happens to do.",
        exports_of(body).join(", ")
    );
    format!(
        "{}{}{}{}{}{}{}{}{}",
        section("Task", &task),
        section("Tests", deps::TESTS),
        section(
            "JavaScript",
            &deps::rules(&brief.spec.packages(brief.desk.packages))
        ),
        section("API", &api(brief.spec)),
        section("Rules", &rules(brief.spec)),
        section("Examples, tested already", &examples(brief, cut)),
        section("The unit", &data(brief.desk.nonce, &unit, body)),
        present(brief),
        trouble(brief, cut),
    )
}

fn readme(brief: &FileBrief<'_>, cut: Cut) -> String {
    let spec = brief.spec;
    let mut task = task(brief);
    task.push_str(
        "For people who have never seen the tool: what it is for, how to call it, one or two commands behind `$ ` with their exact output, \
files and variables it uses, exit codes. Commands are shown as in the examples. \
In a fence a line that begins with `$ ` is run as it stands, and the lines below it must be exactly what it prints: only \
`$ echo 'TEXT' > FILE` and the command itself, without the clock and the network.",
    );
    let cli = brief
        .sources
        .get("src/cli.js")
        .filter(|_| cut < Cut::Bodies);
    let cli = cli.map_or_else(String::new, |text| {
        section("src/cli.js", &data(brief.desk.nonce, "src/cli.js", text))
    });
    format!(
        "{}{}{}{}{}{cli}{}{}",
        section("Task", &task),
        section("Tool", &about(brief)),
        section("Not its aim", &plain(spec.section("Non-goals"))),
        section("Rules", &rules(spec)),
        section("Examples", &examples(brief, cut)),
        present(brief),
        trouble(brief, cut),
    )
}

fn task(brief: &FileBrief<'_>) -> String {
    let verb = if brief.failure.is_some() {
        "Repair"
    } else {
        "Write"
    };
    let mut task = format!("{verb} {} of the tool `{}`.\n", brief.path, brief.spec.name);
    if brief.failure.is_some() {
        task.push_str("Put right what is reported below and keep everything else working.\n");
    }
    task
}

/// The source a test file tests.
fn unit(brief: &FileBrief<'_>) -> Option<String> {
    let mut files = brief.spec.files.iter();
    let file = files.find(|f| test_of(&f.path) == brief.path);
    file.map(|f| f.path.clone())
}

/// Functions other written files export.
fn taken(brief: &FileBrief<'_>) -> Vec<String> {
    let others = brief.sources.iter();
    others
        .filter(|(path, text)| {
            path.starts_with("src/") && path.as_str() != brief.path && !scaffold::is_stub(text)
        })
        .flat_map(|(_, text)| exports_of(text))
        .collect()
}

/// Which functions of the API this file is to export.
fn duty(brief: &FileBrief<'_>) -> String {
    let taken = taken(brief);
    let own = brief
        .sources
        .get(brief.path)
        .filter(|t| !scaffold::is_stub(t));
    if let Some(own) = own {
        let names = exports_of(own);
        return format!("It exports {}; that stays so.\n", names.join(", "));
    }
    let cli = brief.path == "src/cli.js";
    let open = brief.spec.exports.iter().map(|e| e.name.as_str());
    let open: Vec<&str> = open
        .filter(|name| (*name == "main") == cli || cli)
        .filter(|name| !taken.iter().any(|t| t == name))
        .collect();
    let later: Vec<&str> = brief
        .spec
        .files
        .iter()
        .map(|f| f.path.as_str())
        .skip_while(|path| *path != brief.path)
        .skip(1)
        .collect();
    if cli || later.iter().all(|path| *path == "src/cli.js") && open.len() == 1 {
        return format!("It exports {}.\n", open.join(", "));
    }
    format!(
        "Of the functions not written yet ({}) it exports those that fit its role; the others belong to {}, written later.\n",
        open.join(", "),
        later.join(", ")
    )
}

pub(super) fn about(brief: &FileBrief<'_>) -> String {
    let spec = brief.spec;
    let cli = brief.path == "src/cli.js" || brief.path == "README.md";
    let cli = if cli { spec.section("CLI") } else { "" };
    format!("{}\n{}", plain(&spec.purpose), plain(cli))
}

pub(super) fn api(spec: &Spec) -> String {
    let lines: Vec<String> = spec
        .exports
        .iter()
        .map(|e| format!("- {}", e.signature))
        .collect();
    format!(
        "{}\n{}",
        lines.join("\n"),
        plain(spec.section("I/O boundary"))
    )
}

pub(super) fn rules(spec: &Spec) -> String {
    let lines: Vec<String> = spec
        .rules
        .iter()
        .map(|r| format!("- {}: {}", r.id, r.text))
        .collect();
    lines.join("\n")
}

/// The contract of deps, for files that are given it.
fn world(brief: &FileBrief<'_>) -> String {
    let taken = taken(brief);
    let leaf = brief.path != "src/cli.js";
    let pure = leaf
        && brief
            .spec
            .exports
            .iter()
            .filter(|e| e.name != "main" && !taken.contains(&e.name))
            .all(|e| !e.signature.contains("deps"));
    if pure {
        String::new()
    } else {
        section("The world", deps::WORLD)
    }
}

/// Public cases as test code; those of other files' functions go first when room is short.
pub(super) fn examples(brief: &FileBrief<'_>, cut: Cut) -> String {
    let taken = taken(brief);
    let unit = unit(brief);
    let own: Vec<String> = unit
        .and_then(|unit| brief.sources.get(&unit))
        .map(|text| exports_of(text))
        .unwrap_or_default();
    let mine = |call: &str| match brief.path {
        "README.md" => call == "main",
        path if path.starts_with("test/") => own.iter().any(|name| name == call),
        path => (call == "main") == (path == "src/cli.js") && !taken.iter().any(|t| t == call),
    };
    let cases = brief.public.iter();
    let kept = cases.filter(|case| {
        let call = case.call.as_deref().unwrap_or("main");
        cut < Cut::Examples || mine(call)
    });
    kept.map(cases::as_test).collect()
}

/// Other source files: what they export, and while there is room the text of those a repair may have to know.
fn others(brief: &FileBrief<'_>, cut: Cut) -> String {
    let mut list = String::new();
    let mut bodies = String::new();
    for file in &brief.spec.files {
        let Some(text) = brief.sources.get(&file.path) else {
            continue;
        };
        if file.path == brief.path || scaffold::is_stub(text) {
            continue;
        }
        let names = exports_of(text).join(", ");
        let _ = writeln!(list, "require('./{}.js') exports {names}", base(&file.path));
        let plan = brief.spec.files.iter().find(|f| f.path == brief.path);
        let needed = plan.is_some_and(|f| f.depends.contains(&file.path));
        if brief.failure.is_some() && needed && cut < Cut::Bodies {
            let _ = writeln!(bodies, "{}", data(brief.desk.nonce, &file.path, text));
        }
    }
    section("Other files", &format!("{list}{bodies}"))
}

/// The file as it is, whole.
fn present(brief: &FileBrief<'_>) -> String {
    match brief.sources.get(brief.path) {
        Some(text) if !scaffold::is_stub(text) => section(
            &format!("{} as it is", brief.path),
            &whole(brief.desk.nonce, brief.path, text),
        ),
        _ => String::new(),
    }
}

/// What failed, what was tried, what the reviewer says.
pub(super) fn trouble(brief: &FileBrief<'_>, cut: Cut) -> String {
    let mut out = String::new();
    if let Some(failure) = brief.failure {
        out.push_str(&section(
            "What failed",
            &data(brief.desk.nonce, "test results", failure),
        ));
    }
    if cut < Cut::Notes && !brief.tried.is_empty() {
        let skip = brief.tried.len().saturating_sub(TRIED);
        let lines: Vec<String> = brief
            .tried
            .iter()
            .skip(skip)
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .map(|line| format!("- {}", line.chars().take(TRIED_CHARS).collect::<String>()))
            .collect();
        out.push_str(&section(
            "Already tried, did not work",
            &data(brief.desk.nonce, "tried", &lines.join("\n")),
        ));
    }
    out.push_str(&hinted(&brief.desk, brief.hint));
    out
}
