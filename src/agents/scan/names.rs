//! The lists: which names, modules, members and comments model-written files may not use.

use crate::domain::cheat::Cheat;
use crate::domain::package::{self, Package};

/// Comments that hide lines from coverage or from mutation, or steer Jest.
pub const COMMENTS: [&str; 8] = [
    "istanbul ignore",
    "c8 ignore",
    "v8 ignore",
    "node:coverage",
    "stryker disable",
    "stryker restore",
    "@jest-environment",
    "@jest-config",
];

/// Node modules that reach nothing outside the process.
const BUILTINS: [&str; 10] = [
    "path",
    "url",
    "util",
    "assert",
    "assert/strict",
    "querystring",
    "string_decoder",
    "crypto",
    "events",
    "buffer",
];

/// Names that may neither be used nor given to anything, with what to do instead.
const BANNED: [(&str, &str); 14] = [
    ("process", "take what is needed from deps"),
    ("global", "take what is needed from deps"),
    ("globalThis", "take what is needed from deps"),
    ("eval", "write the code itself"),
    ("Function", "write the function itself"),
    ("AsyncFunction", "write the function itself"),
    ("arguments", "name the parameters, or use ...rest"),
    ("exports", "use one `module.exports = { ... }`"),
    ("Reflect", "use the object itself"),
    ("WebAssembly", "write JavaScript"),
    ("SharedArrayBuffer", "use a plain array"),
    ("Atomics", "use deps.sleep to wait"),
    ("__dirname", "a tool does not look where it lies"),
    ("__filename", "a tool does not look where it lies"),
];

/// Globals that reach the network, or tell how long the process has lived; fine as names of the file's own.
const OUTSIDE: [(&str, &str); 5] = [
    ("fetch", "use deps.http"),
    ("WebSocket", "use deps.http"),
    ("EventSource", "use deps.http"),
    ("XMLHttpRequest", "use deps.http"),
    ("performance", "use deps.now"),
];

/// How the names begin with which mutation testing marks what it changed.
const MARKS: [&str; 4] = ["__stryker", "stryMutAct_", "stryCov_", "stryNS_"];

/// What Jest puts into a test file.
pub const JEST: [&str; 8] = [
    "test",
    "it",
    "describe",
    "expect",
    "beforeEach",
    "afterEach",
    "beforeAll",
    "afterAll",
];

/// Forms of tests that do not run, or only sometimes.
const SKIPPING: [&str; 5] = ["xit", "xtest", "fit", "xdescribe", "fdescribe"];

/// What `jest.` may be followed by.
pub const JEST_MEMBERS: [&str; 21] = [
    "fn",
    "spyOn",
    "useFakeTimers",
    "useRealTimers",
    "advanceTimersByTime",
    "advanceTimersByTimeAsync",
    "advanceTimersToNextTimer",
    "advanceTimersToNextTimerAsync",
    "runAllTimers",
    "runAllTimersAsync",
    "runOnlyPendingTimers",
    "runOnlyPendingTimersAsync",
    "runAllTicks",
    "clearAllTimers",
    "getTimerCount",
    "setSystemTime",
    "getRealSystemTime",
    "clearAllMocks",
    "resetAllMocks",
    "restoreAllMocks",
    "isMockFunction",
];

/// What `expect.` may be followed by.
pub const EXPECT_MEMBERS: [&str; 9] = [
    "any",
    "anything",
    "arrayContaining",
    "objectContaining",
    "stringContaining",
    "stringMatching",
    "closeTo",
    "not",
    "assertions",
];

/// Members through which plain values lead to the function constructor or to shared prototypes.
const MEMBERS: [&str; 11] = [
    "constructor",
    "__proto__",
    "caller",
    "callee",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "getPrototypeOf",
    "setPrototypeOf",
    "mainModule",
];

/// Globals Jest itself works with; changing one forges results.
const SHARED: [&str; 25] = [
    "Object",
    "Array",
    "Promise",
    "JSON",
    "Math",
    "Date",
    "String",
    "Number",
    "Boolean",
    "Symbol",
    "Map",
    "Set",
    "WeakMap",
    "WeakSet",
    "Error",
    "TypeError",
    "RegExp",
    "BigInt",
    "Intl",
    "Proxy",
    "Buffer",
    "console",
    "URL",
    "jest",
    "setTimeout",
];

/// Whether a path names a test of the Developer.
pub fn is_test(path: &str) -> bool {
    path.starts_with("test/")
}

/// Why a name may not be used, and what to do.
pub fn banned(name: &str, own: bool, test_file: bool) -> Option<(Cheat, String)> {
    if let Some((_, instead)) = BANNED.iter().find(|(banned, _)| *banned == name) {
        return Some((Cheat::Reach, format!("`{name}` is not allowed; {instead}")));
    }
    // What the coverage of Jest counts with, beside the file's own names.
    if !own && (name == "__coverage__" || name.starts_with("cov_")) {
        let words = format!("`{name}` is not allowed; coverage comes from tests");
        return Some((Cheat::Coverage, words));
    }
    if marks(name) {
        let words = format!("`{name}` is not allowed; a test may not look at how it is run");
        return Some((Cheat::Tamper, words));
    }
    let outside = OUTSIDE.iter().find(|(known, _)| !own && *known == name);
    if let Some((_, instead)) = outside {
        return Some((Cheat::Reach, format!("`{name}` is not allowed; {instead}")));
    }
    if test_file && SKIPPING.contains(&name) {
        let words = format!("`{name}` does not run; use test() or describe()");
        return Some((Cheat::Skip, words));
    }
    let jest = name == "jest" || (JEST.contains(&name) && (!own || name == "expect"));
    if !test_file && jest {
        let words = format!("`{name}` belongs into tests, not into src/");
        return Some((Cheat::Tamper, words));
    }
    None
}

fn marks(name: &str) -> bool {
    MARKS.iter().any(|front| name.starts_with(front))
}

/// Why a name may not be declared.
pub fn reserved(name: &str, test_file: bool) -> Option<String> {
    let taken = matches!(name, "require" | "module" | "jest" | "expect")
        || BANNED.iter().any(|(banned, _)| *banned == name)
        || marks(name)
        || (test_file && (JEST.contains(&name) || SKIPPING.contains(&name)));
    taken.then(|| format!("`{name}` may not be declared; choose another name"))
}

/// Why a member may not be used.
pub fn member(name: &str) -> Option<String> {
    let known = MEMBERS.contains(&name);
    known.then(|| format!("`.{name}` is not allowed"))
}

/// Whether a global is shared with Jest.
pub fn shared(name: &str) -> bool {
    SHARED.contains(&name)
}

/// Whether a shared global may be an argument, as in map(Number): what it holds is locked before any file runs,
/// or nothing is compared with it.
pub fn callback(name: &str) -> bool {
    let plain = [
        "String",
        "Number",
        "Boolean",
        "BigInt",
        "Error",
        "TypeError",
    ];
    plain.contains(&name)
}

/// Methods that come from Node's own classes, which are locked while tests run.
pub fn locked(method: &str) -> bool {
    let methods = [
        "emit",
        "on",
        "once",
        "off",
        "addListener",
        "removeListener",
        "removeAllListeners",
    ];
    methods.contains(&method)
}

/// Whether tests may spy on a shared global.
pub fn replaceable(name: &str) -> bool {
    matches!(name, "Date" | "Math" | "console")
}

/// Why a module may not be required from a file.
pub fn require(from: &str, wanted: &str, packages: &[Package]) -> Option<String> {
    if !wanted.starts_with('.') {
        let bare = wanted.strip_prefix("node:").unwrap_or(wanted);
        let allowed = BUILTINS.contains(&bare) || package::of(packages, wanted).is_some();
        return (!allowed).then(|| {
            let mut usable = BUILTINS.to_vec();
            usable.extend(packages.iter().map(|package| package.name.as_str()));
            format!(
                "require('{wanted}') is not allowed; only files of the tool and {}",
                usable.join(" ")
            )
        });
    }
    let target = resolve(from, wanted);
    let inside = target.as_deref().is_some_and(|path| {
        path.starts_with("src/")
            || (is_test(from) && matches!(path, "test/fakes" | "test/fakes.js"))
    });
    (!inside)
        .then(|| format!("require('{wanted}') leads out of src/; only files there are allowed"))
}

/// A relative path seen from a file, normalised; None when it leaves the tool.
fn resolve(from: &str, wanted: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in wanted.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}
