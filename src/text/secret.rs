//! A secret value: it has no text form of its own, and its memory is overwritten when it goes.

use zeroize::Zeroizing;

/// A key or password. There is no way to print or store it but to ask for it by [`Secret::reveal`].
///
/// ```compile_fail
/// println!("{}", dev_factory::text::secret::Secret::new("x".to_owned()));
/// ```
/// ```compile_fail
/// serde_json::to_string(&dev_factory::text::secret::Secret::new("x".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The value itself: for the one header it belongs in, and for the redactor.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Three stars: settings that hold a key can be debugged, the key cannot.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debugging_shows_stars() {
        let held = Some(Secret::new("canary".to_owned()));
        assert_eq!(
            format!("{held:?} {held:#?}").replace(char::is_whitespace, ""),
            "Some(***)Some(***,)"
        );
    }
}
