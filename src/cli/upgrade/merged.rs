//! Three JSON texts in one, key by key: what is new goes in beside what a person changed.

use serde_json::{Map, Value};

/// The three in one; None where both sides changed the same value, or a text is no JSON object.
pub fn merged(base: &str, mine: &str, theirs: &str) -> Option<String> {
    let [base, mine, theirs] = [base, mine, theirs].map(|text| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_object)
    });
    let merged = merge(Some(&base?), Some(&mine?), Some(&theirs?)).ok()??;
    serde_json::to_string_pretty(&merged)
        .ok()
        .map(|text| text + "\n")
}

/// Both sides changed the same value.
struct Conflict;

fn merge(
    base: Option<&Value>,
    mine: Option<&Value>,
    theirs: Option<&Value>,
) -> Result<Option<Value>, Conflict> {
    if mine == theirs || base == theirs {
        return Ok(mine.cloned());
    }
    if base == mine {
        return Ok(theirs.cloned());
    }
    let (Some(Value::Object(mine)), Some(Value::Object(theirs))) = (mine, theirs) else {
        return Err(Conflict);
    };
    let none = Map::new();
    let base = base.and_then(Value::as_object).unwrap_or(&none);
    let new = theirs.keys().filter(|key| !mine.contains_key(*key));
    let mut keys: Vec<&String> = mine.keys().chain(new).collect();
    // npm keeps lists of packages in order.
    if mine.keys().is_sorted() && theirs.keys().is_sorted() {
        keys.sort();
    }
    let mut all = Map::new();
    for key in keys {
        if let Some(value) = merge(base.get(key), mine.get(key), theirs.get(key))? {
            all.insert(key.clone(), value);
        }
    }
    Ok(Some(Value::Object(all)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_goes_in_and_what_was_changed_stays() {
        let base = r#"{"name":"f","dev":{"jest":"1"},"old":1}"#;
        let mine = r#"{"name":"mine","dev":{"jest":"1","left-pad":"2"},"old":1,"own":[1]}"#;
        let theirs = r#"{"name":"f","dev":{"@s/core":"9","jest":"3"}}"#;
        let text = merged(base, mine, theirs).unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        let wanted = r#"{"name":"mine","dev":{"@s/core":"9","jest":"3","left-pad":"2"},"own":[1]}"#;
        assert_eq!(found, serde_json::from_str::<Value>(wanted).unwrap());
        let keys: Vec<_> = found["dev"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["@s/core", "jest", "left-pad"]);
    }

    #[test]
    fn what_both_changed_is_for_a_person() {
        let with = |jest: &str| format!("{{\"dev\":{{\"jest\":\"{jest}\"}}}}");
        assert_eq!(merged(&with("1"), &with("2"), &with("3")), None);
        assert_eq!(merged(&with("1"), "{}", &with("3")), None);
        assert_eq!(merged(&with("1"), "no json", &with("3")), None);
    }
}
