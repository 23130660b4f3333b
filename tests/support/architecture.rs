//! Reads the sources as syntax trees and names every break of the house rules.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItemFn, Item, ItemFn, Lit, UseTree, Visibility};

/// One source file; the path is relative to the repository.
#[derive(Clone)]
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Room -> what it may import beside itself; "factory::ports" is that folder only.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("domain", &["text"]),
    ("agents", &["text", "domain"]),
    ("factory", &["text", "domain", "agents"]),
    ("adapters", &["text", "domain", "factory::ports"]),
    (
        "config",
        &[
            "text",
            "domain",
            "agents",
            "factory::ports",
            "tui::settings",
        ],
    ),
    ("headless", &["text", "domain", "factory::ports"]),
    ("tui", &["text", "domain", "factory::ports"]),
];

/// Rooms without a world outside.
const PURE: &[&str] = &["text", "domain", "agents"];
/// What pure rooms may not know.
const WORLD: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::io::stdin",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
    "ratatui",
    "crossterm",
    "reqwest",
    "rustix",
];
const CLOCK: &[&str] = &["Utc::now", "Local::now", "SystemTime::now"];
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];
const PANICKING: &[&str] = &["panic", "todo", "unimplemented", "unreachable"];
const UNWRAPPING: &[&str] = &["unwrap", "expect", "unwrap_err", "expect_err"];
const COLOURS: &[&str] = &["Color", "Colour", "Stylize"];
const NAMES: &[&str] = &[
    "utils", "util", "common", "helpers", "helper", "manager", "managers", "misc",
];
const TOP: &[&str] = &[
    "src",
    "souls",
    "dev-factory",
    "themes",
    "tests",
    "docs",
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    ".ci",
    ".gitignore",
];

/// Files that start this program again, which fetches its keys itself.
const OURSELVES: &[&str] = &[
    "src/cli/background.rs",
    "src/cli/operator.rs",
    "src/cli/serve.rs",
    "src/adapters/sandbox/guest.rs",
];

/// All files below src.
pub fn sources() -> Vec<Source> {
    fn walk(root: &Path, dir: &Path, all: &mut Vec<Source>) {
        let mut entries: Vec<_> = std::fs::read_dir(dir)
            .unwrap()
            .map(|e| e.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(root, &path, all);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all.push(Source {
                    path: path
                        .strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    walk(root, &root.join("src"), &mut all);
    all
}

/// Top-level entries: those git knows, else those that are there.
pub fn entries() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.join(".git").exists()
        && let Ok(output) = Command::new("git")
            .arg("ls-files")
            .current_dir(root)
            .output()
        && output.status.success()
    {
        let text = String::from_utf8(output.stdout).unwrap();
        return text
            .lines()
            .map(|line| line.split('/').next().unwrap().to_owned())
            .collect();
    }
    std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "target")
        .collect()
}

/// Entries that the plan of the house does not name.
pub fn top_level<'a>(entries: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    entries
        .into_iter()
        .filter(|entry| !TOP.contains(&entry.as_str()))
        .map(|entry| format!("{entry}: not a top-level entry of the plan"))
        .collect()
}

/// Every break of a rule, as "file:line: sentence".
pub fn violations(sources: &[Source]) -> Vec<String> {
    let tests = test_files(sources);
    let mut found = Vec::new();
    for source in sources {
        shape(source, &mut found);
        inherited(source, &mut found);
        match syn::parse_file(&source.text) {
            Ok(tree) => {
                let mut check = Check::new(source, tests.contains(&source.path));
                check.visit_file(&tree);
                found.append(&mut check.found);
            }
            Err(error) => found.push(format!("{}: does not parse: {error}", source.path)),
        }
    }
    found
}

/// Programs get none of our environment, where keys may stand, but what they are named.
fn inherited(source: &Source, found: &mut Vec<String>) {
    let path = &source.path;
    let has = |words: &[&str]| words.iter().any(|word| source.text.contains(word));
    let starts = has(&[
        "process::Command",
        "process::{Child, Command",
        "process::{Command",
    ]) && has(&["Command::new("]);
    if starts && !has(&["env_clear()", "child::bare("]) && !OURSELVES.contains(&path.as_str()) {
        found.push(format!(
            "{path}: starts a program that inherits our environment: use adapters::child::bare"
        ));
    }
}

/// Files that a parent declares for tests only.
fn test_files(sources: &[Source]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for source in sources {
        let Ok(tree) = syn::parse_file(&source.text) else {
            continue;
        };
        let folder = source
            .path
            .strip_suffix("/mod.rs")
            .or_else(|| source.path.strip_suffix("/lib.rs"))
            .or_else(|| source.path.strip_suffix(".rs"))
            .unwrap_or(&source.path);
        for item in &tree.items {
            if let Item::Mod(module) = item
                && module.content.is_none()
                && for_tests(&module.attrs)
            {
                all.insert(format!("{folder}/{}.rs", module.ident));
                all.insert(format!("{folder}/{}/mod.rs", module.ident));
            }
        }
    }
    all
}

/// Length, header and name of a file.
fn shape(source: &Source, found: &mut Vec<String>) {
    let path = &source.path;
    let lines = source.text.lines().count();
    if path == "src/main.rs" {
        if lines >= 80 {
            found.push(format!("{path}: main.rs has {lines} lines, 80 or more"));
        }
    } else if lines > 400 {
        found.push(format!("{path}: {lines} lines, more than 400"));
    }
    let header = source
        .text
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .count();
    if !(1..=4).contains(&header) {
        found.push(format!(
            "{path}: opens with {header} lines of //! instead of 1 to 4"
        ));
    }
    for part in path.trim_end_matches(".rs").split('/') {
        if NAMES.contains(&part) {
            found.push(format!("{path}: \"{part}\" is a name for no job"));
        }
    }
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let last = path
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        last.as_deref() == Some("test")
            || path.is_ident("cfg")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// A walk over one file.
struct Check<'a> {
    path: &'a str,
    room: String,
    /// Module path of the file, for `super`.
    module: Vec<String>,
    tests: bool,
    found: Vec<String>,
}

impl<'a> Check<'a> {
    fn new(source: &'a Source, tests: bool) -> Self {
        let inner = source
            .path
            .trim_start_matches("src/")
            .trim_end_matches(".rs");
        let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if module
            .last()
            .is_some_and(|last| last == "mod" || last == "lib" || last == "main")
        {
            module.pop();
        }
        Self {
            path: &source.path,
            room: inner.split('/').next().unwrap().to_owned(),
            module,
            tests,
            found: Vec::new(),
        }
    }

    fn report(&mut self, line: usize, sentence: String) {
        self.found.push(format!("{}:{line}: {sentence}", self.path));
    }

    /// A path as written, in an import or in code.
    fn path(&mut self, segments: &[String], line: usize) {
        let absolute = self.absolute(segments);
        if let Some(inside) = absolute {
            self.arrow(&inside, line);
        } else {
            let text = segments.join("::");
            let known = WORLD
                .iter()
                .find(|word| text == **word || text.starts_with(&format!("{word}::")));
            if let Some(word) = known
                && PURE.contains(&self.room.as_str())
            {
                self.report(line, format!("{word} in the pure room {}", self.room));
            }
            if self.room == "factory" && (text == "std::fs" || text.starts_with("std::fs::")) {
                self.report(
                    line,
                    "std::fs in the factory: files go through its ports".to_owned(),
                );
            }
        }
        self.places(segments, line);
    }

    /// Clock, printing and colour by the end of a path.
    fn places(&mut self, segments: &[String], line: usize) {
        if let [.., kind, call] = segments {
            let text = format!("{kind}::{call}");
            if CLOCK.contains(&text.as_str()) && self.path != "src/adapters/clock.rs" {
                self.report(
                    line,
                    format!("{text}: the wall clock is read in adapters/clock.rs only"),
                );
            }
            if kind == "io" && (call == "stdout" || call == "stderr") && !self.may_print() {
                self.report(
                    line,
                    format!("{text} prints outside main, cli and headless"),
                );
            }
        }
        let colour = segments
            .iter()
            .any(|segment| COLOURS.contains(&segment.as_str()));
        if colour && !self.path.starts_with("src/tui/theme") {
            self.report(line, "a colour outside the theme".to_owned());
        }
    }

    fn may_print(&self) -> bool {
        ["main", "cli", "headless"].contains(&self.room.as_str())
    }

    /// The path from the crate's root, when it lies inside.
    fn absolute(&self, segments: &[String]) -> Option<Vec<String>> {
        let first = segments.first()?.as_str();
        let supers = segments
            .iter()
            .take_while(|segment| *segment == "super")
            .count();
        let (base, rest) = match first {
            "crate" | "dev_factory" => (Vec::new(), segments.get(1..)?),
            "super" => {
                let keep = self.module.len().checked_sub(supers)?;
                (self.module.get(..keep)?.to_vec(), segments.get(supers..)?)
            }
            _ => return None,
        };
        Some(base.into_iter().chain(rest.iter().cloned()).collect())
    }

    fn arrow(&mut self, inside: &[String], line: usize) {
        let Some((_, allowed)) = ARROWS.iter().find(|(room, _)| *room == self.room) else {
            return;
        };
        let Some(target) = inside.first() else { return };
        let fine = *target == self.room
            || allowed.iter().any(|arrow| {
                arrow
                    .split("::")
                    .enumerate()
                    .all(|(n, part)| inside.get(n).is_some_and(|name| name == part))
            });
        if !fine {
            self.report(
                line,
                format!("{} may not import {}", self.room, inside.join("::")),
            );
        }
    }

    fn use_tree(&mut self, tree: &UseTree, before: &[String], exported: bool) {
        let mut path = before.to_vec();
        match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.use_tree(&inner.tree, &path, exported);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, &path, exported);
                }
            }
            UseTree::Name(name) => {
                if name.ident != "self" {
                    path.push(name.ident.to_string());
                }
                self.path(&path, name.span().start().line);
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                self.path(&path, name.span().start().line);
            }
            UseTree::Glob(glob) => {
                let line = glob.span().start().line;
                if exported {
                    self.report(line, "a glob re-export: name what is exported".to_owned());
                }
                self.path(&path, line);
            }
        }
    }

    /// Code inside macros is no syntax tree: paths and calls are read off the tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut dot = false;
        let mut line = 1;
        for token in tokens {
            let was_dot = std::mem::take(&mut dot);
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.flush(&mut path, line);
                    }
                    line = ident.span().start().line;
                    let word = ident.to_string();
                    if was_dot && UNWRAPPING.contains(&word.as_str()) {
                        self.report(line, format!(".{word}() can panic"));
                    }
                    path.push(word);
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.flush(&mut path, line);
                    colons = 0;
                    match other {
                        TokenTree::Punct(punct) => dot = punct.as_char() == '.',
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        _ => {}
                    }
                }
            }
        }
        self.flush(&mut path, line);
    }

    fn flush(&mut self, path: &mut Vec<String>, line: usize) {
        if path.len() > 1 {
            self.path(path, line);
        }
        path.clear();
    }

    fn length(&mut self, span: proc_macro2::Span, name: &syn::Ident) {
        let lines = span.end().line + 1 - span.start().line;
        if lines >= 60 {
            self.report(
                span.start().line,
                format!("fn {name} has {lines} lines, 60 or more"),
            );
        }
    }

    fn documented(
        &mut self,
        visibility: &Visibility,
        attributes: &[Attribute],
        what: String,
        line: usize,
    ) {
        let public = matches!(visibility, Visibility::Public(_));
        if public
            && !attributes
                .iter()
                .any(|attribute| attribute.path().is_ident("doc"))
        {
            self.report(line, format!("{what} has no doc line"));
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// Visibility and name of what needs a doc line.
fn public(item: &Item) -> Option<(&Visibility, String)> {
    Some(match item {
        Item::Const(i) => (&i.vis, format!("const {}", i.ident)),
        Item::Enum(i) => (&i.vis, format!("enum {}", i.ident)),
        Item::Fn(i) => (&i.vis, format!("fn {}", i.sig.ident)),
        Item::Static(i) => (&i.vis, format!("static {}", i.ident)),
        Item::Struct(i) => (&i.vis, format!("struct {}", i.ident)),
        Item::Trait(i) => (&i.vis, format!("trait {}", i.ident)),
        Item::Type(i) => (&i.vis, format!("type {}", i.ident)),
        _ => return None,
    })
}

impl<'ast> Visit<'ast> for Check<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if self.tests || for_tests(attributes(item)) {
            return;
        }
        if let Some((visibility, what)) = public(item) {
            self.documented(visibility, attributes(item), what, item.span().start().line);
        }
        if let Item::Use(import) = item {
            let exported = !matches!(import.vis, Visibility::Inherited);
            self.use_tree(&import.tree, &[], exported);
        }
        if let Item::Mod(module) = item
            && NAMES.contains(&module.ident.to_string().as_str())
        {
            let line = module.span().start().line;
            self.report(line, format!("\"{}\" is a name for no job", module.ident));
        }
        visit::visit_item(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.length(item.span(), &item.sig.ident);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if for_tests(&item.attrs) {
            return;
        }
        let name = &item.sig.ident;
        self.length(item.span(), name);
        self.documented(
            &item.vis,
            &item.attrs,
            format!("fn {name}"),
            item.span().start().line,
        );
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.path(&segments, path.span().start().line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        let line = call.span().start().line;
        if PRINTING.contains(&name.as_str()) && !self.may_print() {
            self.report(
                line,
                format!("{name}! prints outside main, cli and headless"),
            );
        }
        if PANICKING.contains(&name.as_str()) {
            self.report(line, format!("{name}! panics"));
        }
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        let line = expression.span().start().line;
        match expression {
            // A method of our own may be called expect.
            Expr::MethodCall(call)
                if UNWRAPPING.contains(&call.method.to_string().as_str())
                    && !matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self")) =>
            {
                let line = call.method.span().start().line;
                self.report(line, format!(".{}() can panic", call.method));
            }
            Expr::Index(index) if !matches!(&*index.index, Expr::Range(range) if range.start.is_none() && range.end.is_none()) =>
            {
                self.report(line, "indexing can panic: use get".to_owned());
            }
            _ => {}
        }
        visit::visit_expr(self, expression);
    }

    fn visit_lit(&mut self, literal: &'ast Lit) {
        if let Lit::Str(text) = literal
            && text.value().contains("\u{1b}[")
            && !self.path.starts_with("src/tui/theme")
        {
            self.report(
                text.span().start().line,
                "a colour or cursor code outside the theme".to_owned(),
            );
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a page.
pub fn page(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Tests named in the last column of a page's tables, in backticks, where that column is about tests.
pub fn named_tests(page: &str) -> Vec<String> {
    let mut named = Vec::new();
    let mut tests = false;
    let mut before = "";
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let last = cells.last().copied().unwrap_or_default();
        if !line.starts_with('|') {
            tests = false;
        } else if !before.starts_with('|') {
            tests = matches!(last, "test" | "tests");
        } else if tests {
            let words = last.split('`').skip(1).step_by(2);
            named.extend(words.map(str::to_owned));
        }
        before = line;
    }
    named
}

/// Names of all tests, those within sources included.
pub fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![root().join("src"), root().join("tests")];
    while let Some(place) = open.pop() {
        if place.is_dir() {
            open.extend(
                std::fs::read_dir(&place)
                    .unwrap()
                    .map(|e| e.unwrap().path()),
            );
        } else if place.extension().is_some_and(|ending| ending == "rs") {
            found.extend(tests_in(&std::fs::read_to_string(&place).unwrap()));
        }
    }
    found
}

fn tests_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut marked = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            continue;
        }
        let name = line.strip_prefix("async ").unwrap_or(line);
        let name = name
            .strip_prefix("fn ")
            .and_then(|rest| rest.split('(').next());
        found.extend(name.filter(|_| marked).map(str::to_owned));
        marked = false;
    }
    found
}
