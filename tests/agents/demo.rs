//! Every reply of the demo is read by the parser it is meant for, and every spec passes the linter.

use dev_factory::agents::prompt::Numbers;
use dev_factory::agents::spec::Spec;
use dev_factory::agents::{developer, lint, qa, reply, supervisor};
use dev_factory::domain::case::Case;
use dev_factory::domain::command::Decision;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dev-factory/demo")
}

fn replies(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            replies(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn tools() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(demo())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Specs of a tool in the order they were asked for.
fn specs(tool: &str) -> Vec<Result<Spec, Vec<String>>> {
    let mut paths = Vec::new();
    replies(&demo().join(tool).join("spec/template"), &mut paths);
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let spec = reply::fenced(&text, &["markdown"]).map_err(|bad| vec![bad.problem])?;
            lint::lint(&spec, tool, &Numbers::default(), &[])
        })
        .collect()
}

/// Reads one reply as the engine would; the sentence of what is wrong with it.
fn read(
    tool: &str,
    label: &str,
    text: &str,
    spec: &Spec,
    earlier: &mut BTreeMap<String, String>,
    held: &[Case],
) -> Result<(), String> {
    let said = |bad: reply::Malformed| bad.problem;
    let parts: Vec<&str> = label.split('/').collect();
    match (parts[0], parts[1]) {
        ("spec", "draft") => reply::plain(text, 12_000).map(drop).map_err(said),
        ("spec", "template" | "repair") => {
            reply::fenced(text, &["markdown"]).map(drop).map_err(said)
        }
        ("spec-review", "cases") => qa::parse_cases(text, spec, spec.examples.len())
            .map(drop)
            .map_err(said),
        ("spec-review", "verdict") => qa::parse_verdict(text).map(drop).map_err(said),
        ("qa", "hypothesis") => qa::parse_hypothesis(text).map(drop).map_err(said),
        ("qa", "replace") => {
            let case = reply::cases(text).map_err(said)?;
            let taken: Vec<String> = held.iter().map(|case| case.id.clone()).collect();
            let rule = case
                .first()
                .map(|case| case.rule.clone())
                .unwrap_or_default();
            qa::parse_replacement(text, spec, &rule, &taken, held)
                .map(drop)
                .map_err(said)
        }
        ("review", "verdict") => {
            let allowed = [Decision::Ship, Decision::SendBack, Decision::Respec];
            let bounds = supervisor::Bounds {
                allowed: &allowed,
                ..supervisor::Bounds::default()
            };
            supervisor::parse(text, &bounds).map(drop).map_err(said)
        }
        ("coding" | "fixing", "file") => {
            let path = parts[2..parts.len() - 1].join("/");
            let before = earlier.get(&path).cloned();
            let numbers = Numbers::default();
            let (file, mended) =
                developer::from_reply(&path, text, before.as_deref(), spec, earlier, &numbers)
                    .map_err(said)?;
            assert_eq!(mended, [""; 0], "{path}");
            earlier.insert(path, file);
            Ok(())
        }
        _ => Err(format!("{tool}: no parser for {label}")),
    }
}

#[test]
fn every_demo_reply_is_read_by_its_parser() {
    let mut problems = Vec::new();
    let mut count = 0;
    for tool in tools() {
        let specs = specs(&tool);
        for (n, spec) in specs.iter().enumerate() {
            if let Err(words) = spec {
                problems.push(format!(
                    "{tool}/spec/template/{n}: {}",
                    words.join("\n    ")
                ));
            }
        }
        let Some(Ok(spec)) = specs.last() else {
            continue;
        };
        let mut paths = Vec::new();
        replies(&demo().join(&tool), &mut paths);
        let mut held = Vec::new();
        for path in paths
            .iter()
            .filter(|path| path.to_string_lossy().contains("/spec-review/cases/"))
        {
            held = reply::cases(&std::fs::read_to_string(path).unwrap()).unwrap_or_default();
        }
        let mut earlier = BTreeMap::new();
        for path in paths {
            let label = path
                .strip_prefix(demo().join(&tool))
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            count += 1;
            if let Err(words) = read(&tool, &label, &text, spec, &mut earlier, &held) {
                problems.push(format!("{tool}/{label}: {words}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 60, "only {count} replies were found");
}
