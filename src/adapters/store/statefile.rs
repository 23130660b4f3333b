//! Reading state.json as outsiders write it: five keys, forgiving where the engine decides anyway.

use super::json;
use crate::domain::phase::Phase;
use crate::domain::state::StateDoc;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Name used in sentences.
const FILE: &str = "dev-factory/state.json";

/// Reads the document. `last` fills in what is the engine's own and was left out or garbled:
/// cycleCount, startedAt and lastUpdate. A missing or unknown phase cannot be filled in.
pub fn parse(bytes: &[u8], last: Option<&StateDoc>) -> Result<StateDoc, String> {
    let value = json::value(FILE, bytes)?;
    let Value::Object(mut map) = value else {
        return Err(format!(
            "{FILE} holds no object; write {{\"currentTool\": ..., \"phase\": ...}}"
        ));
    };
    let phase = phase(map.get("phase")).map_err(|why| json::placed(FILE, bytes, "phase", &why))?;
    let current_tool = match map.get("currentTool") {
        None => last.and_then(|l| l.current_tool.clone()),
        Some(Value::Null) => None,
        Some(Value::String(name)) if name.is_empty() => None,
        Some(Value::String(name)) => Some(name.clone()),
        Some(other) => {
            let why = format!("is {other}; write a tool's name in quotes or null");
            return Err(json::placed(FILE, bytes, "currentTool", &why));
        }
    };
    let cycle_count = map.get("cycleCount").and_then(Value::as_u64);
    let started_at = match map.get("startedAt") {
        Some(Value::Null) => None,
        other => time(other).or(last.and_then(|l| l.started_at)),
    };
    let last_update = time(map.get("lastUpdate")).or(last.map(|l| l.last_update));
    for key in [
        "currentTool",
        "phase",
        "cycleCount",
        "startedAt",
        "lastUpdate",
    ] {
        map.shift_remove(key);
    }
    Ok(StateDoc {
        current_tool,
        phase,
        cycle_count: cycle_count
            .and_then(|n| u32::try_from(n).ok())
            .or(last.map(|l| l.cycle_count))
            .unwrap_or(0),
        started_at,
        last_update: last_update.unwrap_or_default(),
        other: map,
    })
}

/// Whether the bytes say exactly what `doc` says in the keys that are the engine's, in proper form.
#[must_use]
pub fn says(bytes: &[u8], doc: &StateDoc) -> bool {
    json::typed::<StateDoc>(FILE, bytes).is_ok_and(|read| same(&read, doc))
}

/// Whether two documents agree but for lastUpdate and what others added.
#[must_use]
pub fn same(a: &StateDoc, b: &StateDoc) -> bool {
    a.current_tool == b.current_tool
        && a.phase == b.phase
        && a.cycle_count == b.cycle_count
        && a.started_at == b.started_at
}

/// The document as written: two spaces, a line end.
#[must_use]
pub fn render<T: serde::Serialize>(doc: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(doc).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// SHA-256 in hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

fn time(value: Option<&Value>) -> Option<DateTime<Utc>> {
    value?.as_str()?.trim().parse().ok()
}

fn phase(value: Option<&Value>) -> Result<Phase, String> {
    let legal = || Phase::ALL.map(|p| word(&p)).join(", ");
    match value {
        None => Err(format!("is missing; it is one of {}", legal())),
        Some(Value::String(text)) => {
            let tame = text.trim().to_ascii_lowercase().replace(['_', ' '], "-");
            let known = Phase::ALL.into_iter().find(|p| word(p) == tame);
            known.ok_or_else(|| format!("\"{text}\" is no phase; it is one of {}", legal()))
        }
        Some(other) => Err(format!("is {other}; it is one of {}", legal())),
    }
}

fn word(phase: &Phase) -> String {
    let value = serde_json::to_value(phase).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_model_may_leave_out_what_is_the_engines() {
        let doc = parse(br#"{"phase":"QA","currentTool":"x","mine":1}"#, None).unwrap();
        assert_eq!((doc.phase, doc.cycle_count), (Phase::Qa, 0));
        assert_eq!(doc.other.keys().collect::<Vec<_>>(), ["mine"]);
        let again = parse(&render(&doc), None).unwrap();
        assert_eq!(doc, again);
    }

    #[test]
    fn an_unknown_phase_is_named_with_its_place() {
        let e = parse(b"{\n  \"phase\": \"testing\"}", None).unwrap_err();
        assert!(
            e.starts_with("dev-factory/state.json, line 2 column 3: phase \"testing\" is no phase"),
            "{e}"
        );
        assert!(e.contains("spec-review"), "{e}");
    }
}
