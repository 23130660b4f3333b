//! Packages a tool may use: those the user's own settings allow, each by name and exact version; none by default.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Characters of a name npm takes.
const LONGEST: usize = 214;

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// `dayjs` or `@scope/name`.
    pub name: String,
    /// `1.11.13`.
    pub version: String,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// `name@1.2.3`; None for anything else, ranges and tags too.
#[must_use]
pub fn parse(text: &str) -> Option<Package> {
    let (name, version) = text.trim().rsplit_once('@')?;
    let (scope, bare) = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/')?,
        None => ("x", name),
    };
    let word = |word: &str| {
        let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        word.bytes().all(fine)
            && word.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let (plain, mark) = version
        .split_once('-')
        .map_or((version, None), |(v, m)| (v, Some(m)));
    let numbers = plain
        .split('.')
        .all(|part| part.parse::<u64>().is_ok_and(|n| n.to_string() == part));
    let marked = mark.is_none_or(|mark| {
        !mark.is_empty()
            && mark
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
    });
    let exact = plain.split('.').count() == 3 && numbers && marked;
    (word(scope) && word(bare) && name.len() <= LONGEST && exact).then(|| Package {
        name: name.to_owned(),
        version: version.to_owned(),
    })
}

/// The package a required name belongs to: `dayjs` of `dayjs/plugin/utc`.
#[must_use]
pub fn of<'p>(packages: &'p [Package], required: &str) -> Option<&'p Package> {
    packages.iter().find(|package| {
        let rest = required.strip_prefix(package.name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') && !rest.contains(".."))
    })
}

/// Their names, for sentences.
#[must_use]
pub fn names(packages: &[Package]) -> String {
    let names: Vec<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_a_name_and_one_version() {
        for good in ["dayjs@1.11.13", "@scope/a-b.c@0.0.1", "x@1.0.0-rc.1"] {
            assert_eq!(parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "dayjs",
            "dayjs@",
            "dayjs@1",
            "dayjs@^1.0.0",
            "dayjs@latest",
            "dayjs@1.0.0 ms@1.0.0",
            "@a@1.0.0",
            "../x@1.0.0",
            "@../x@1.0.0",
            "A@1.0.0",
            "-a@1.0.0",
            "a@1.0.01",
            "a@file:x",
            "a@npm:b@1.0.0",
            "@1.0.0",
            "a@1.0.0-",
            "a b@1.0.0",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        let known = [parse("dayjs@1.11.13").unwrap()];
        for inside in ["dayjs", "dayjs/plugin/utc"] {
            assert!(of(&known, inside).is_some(), "{inside}");
        }
        for outside in ["dayjs2", "day", "dayjs/../x", "ms"] {
            assert!(of(&known, outside).is_none(), "{outside}");
        }
    }
}
