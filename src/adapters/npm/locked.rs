//! What a lock file must be before npm sees it: each package pinned by its hash and fetched from the registry.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Packages one lock file may name; Jest and Stryker need about 430.
const MOST: usize = 3_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lock {
    lockfile_version: u32,
    packages: BTreeMap<String, Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    integrity: String,
    #[serde(default)]
    resolved: String,
    #[serde(default)]
    link: bool,
}

/// Packages it names, or one sentence that begins with the file.
pub fn check(lock: &str) -> Result<usize, String> {
    const FIX: &str = "put the file back from git";
    let lock: Lock =
        serde_json::from_str(lock).map_err(|error| format!("package-lock.json: {error}: {FIX}"))?;
    if lock.lockfile_version < 2 || lock.packages.len() > MOST {
        return Err(format!(
            "package-lock.json: version 2 or 3 with at most {MOST} packages is read: {FIX}"
        ));
    }
    let packages = lock.packages.iter().filter(|(path, _)| !path.is_empty());
    let mut number = 0;
    for (path, package) in packages {
        number += 1;
        let shown = path.escape_debug();
        if !path.starts_with("node_modules/")
            || path.split('/').any(|part| matches!(part, "" | "." | ".."))
            || package.link
        {
            return Err(format!(
                "package-lock.json: {shown} is no package of a registry: {FIX}"
            ));
        }
        if !package.integrity.starts_with("sha512-") {
            return Err(format!(
                "package-lock.json: {shown} has no sha512 hash: {FIX}"
            ));
        }
        let from = &package.resolved;
        if !from.is_empty() && !from.starts_with("https://") && !from.starts_with("http://") {
            return Err(format!(
                "package-lock.json: {shown} does not come from a registry: {FIX}"
            ));
        }
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn only_pinned_packages_of_a_registry_pass() {
        let pinned = include_str!("../../../dev-factory/home/package-lock.json");
        assert!(check(pinned).unwrap() > 200);
        let lock = |path: &str, package: &str| {
            check(&format!(
                r#"{{"lockfileVersion":3,"packages":{{"":{{}},"{path}":{package}}}}}"#
            ))
        };
        let good = r#"{"integrity":"sha512-x"}"#;
        assert_eq!(lock("node_modules/a", good), Ok(1));
        assert_eq!(lock("node_modules/@a/b/node_modules/c", good), Ok(1));
        for (path, package, part) in [
            (
                "node_modules/a",
                r#"{"integrity":"sha1-x"}"#,
                "no sha512 hash",
            ),
            ("node_modules/a", "{}", "no sha512 hash"),
            ("node_modules/../../x", good, "no package of a registry"),
            ("tools/a", good, "no package of a registry"),
            (
                "node_modules/a",
                r#"{"integrity":"sha512-x","link":true}"#,
                "no package of a registry",
            ),
            (
                "node_modules/a",
                r#"{"integrity":"sha512-x","resolved":"git+ssh://h/x"}"#,
                "does not come from",
            ),
            (
                "node_modules/a",
                r#"{"integrity":"sha512-x","resolved":"file:../x"}"#,
                "does not come from",
            ),
        ] {
            let words = lock(path, package).unwrap_err();
            assert!(
                words.contains(part) && words.ends_with("from git"),
                "{words}"
            );
        }
        assert!(check("{").is_err() && check(r#"{"lockfileVersion":1,"packages":{}}"#).is_err());
    }
}
