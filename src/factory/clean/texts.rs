//! Looks through the texts of a JSON line as they mean to read, names of fields too, without building its value.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Whether a line is JSON and none of its texts is one of these.
pub fn none(line: &str, these: &dyn Fn(&str) -> bool) -> bool {
    let mut reading = serde_json::Deserializer::from_str(line);
    let texts = Texts(these).deserialize(&mut reading);
    texts.and_then(|()| reading.end()).is_ok()
}

/// Fails at the first text that is one of these.
#[derive(Clone, Copy)]
struct Texts<'a>(&'a dyn Fn(&str) -> bool);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, reading: D) -> Result<(), D::Error> {
        reading.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match (self.0)(text) {
            true => Err(E::custom("found")),
            false => Ok(()),
        }
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while fields.next_key_seed(self)?.is_some() {
            fields.next_value_seed(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_as_it_reads_wherever_it_stands() {
        let key = |text: &str| text.contains("a\nkey");
        let none = |line: &str| none(line, &key);
        assert!(none(
            r#"{"a": [1, -2, 2.5, null, true, "akey"], "b": {"c": {}}}"#
        ));
        for line in [
            r#""a\nkey""#,
            r#"{"a": [{"b": "xa\u000akeyx"}]}"#,
            r#"{"a": {"a\nkey": 1}}"#,
            // No JSON: whoever asks has to look at it in another way.
            r#"{"a": "#,
            r#"{} {}"#,
        ] {
            assert!(!none(line), "{line}");
        }
    }
}
