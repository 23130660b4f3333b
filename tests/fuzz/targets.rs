//! What must hold for any bytes at all. Each target is a plain function, for `cargo test`, libFuzzer and AFL alike.
#![allow(dead_code)]

use dev_factory::adapters::folder::{Folder, For};
use dev_factory::adapters::jest::report as jest_report;
use dev_factory::agents::bug::{Findings, bugs};
use dev_factory::agents::prompt::{Numbers, data};
use dev_factory::agents::{bug, digest, failure, policy, reply as replies, spec};
use dev_factory::domain::evidence::{Evidence, JestRun};
use dev_factory::text::markdown::{fenced, unfenced};
use dev_factory::text::redact::{MARK, Redactor};
use dev_factory::text::sanitise::{Sanitiser, escape_json, misplaced, sanitise, sanitise_bytes};
use dev_factory::text::secret::Secret;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

/// Two secrets that stand in the corpus in several forms.
const SECRETS: [&str; 2] = ["canary-Zq7>>>???4", "hunter \"two\" & söns"];
const SPEC: &str = include_str!("../fixtures/specs/word-count.md");

static SPEC_READ: LazyLock<spec::Spec> = LazyLock::new(|| spec::parse(SPEC));
static KNOWING: LazyLock<Redactor> = LazyLock::new(|| {
    let redactor = Redactor::default();
    for secret in SECRETS {
        redactor.learn(&Secret::new(secret.to_owned()));
    }
    redactor
});

/// Pieces whose lengths the input itself decides.
fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while let Some(first) = rest.first() {
        let (piece, after) = rest.split_at((usize::from(*first) % 17 + 1).min(rest.len()));
        found.push(piece);
        rest = after;
    }
    found
}

/// Nothing that a terminal obeys or a reader cannot see.
fn harmless(text: &str) {
    let bad = text.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!((bad, misplaced(text)), (None, None), "{text:?}");
}

/// What comes out is harmless, stays as it is a second time, and is the same for pieces.
pub fn sanitiser(bytes: &[u8]) {
    let whole = sanitise_bytes(bytes);
    harmless(&whole);
    assert_eq!(sanitise(&whole), whole);
    let mut stream = Sanitiser::default();
    let joined: String = pieces(bytes).iter().map(|p| stream.push(p)).collect();
    harmless(&joined);
    // After a carriage return a stream cannot take back what it has handed out; at the end of a stream half a
    // character is never shown.
    if !bytes.contains(&b'\r') && str::from_utf8(bytes).is_ok() {
        assert_eq!(joined, whole);
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    let json = escape_json(&serde_json::Value::from(text.as_str()).to_string());
    harmless(&json);
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    assert_eq!(
        unfenced(&fenced(&whole)),
        whole.trim_end_matches('\n').to_owned() + "\n"
    );
    let block = data("k7f3", "text", &text);
    assert_eq!(block.matches("k7f3").count(), 2, "{block}");
    assert!(block.len() < 17 * 1024);
}

/// The forms of a secret as others write them.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    let mut each = |write: &dyn Fn(&mut String, u8)| {
        let mut form = String::new();
        secret.bytes().for_each(|byte| write(&mut form, byte));
        forms.push(form);
    };
    each(&|out, byte| write!(out, "%{byte:02x}").unwrap());
    each(&|out, byte| write!(out, "%{byte:02X}").unwrap());
    each(&|out, byte| write!(out, "{byte:02x}").unwrap());
    each(&|out, byte| write!(out, "{byte:02X}").unwrap());
    let escaped = serde_json::Value::from(secret).to_string();
    forms.push(escaped.trim_matches('"').to_owned());
    forms.push(
        secret
            .chars()
            .map(|c| format!("&#{};", u32::from(c)))
            .collect(),
    );
    forms.push(
        secret
            .chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect(),
    );
    forms
}

/// No form of a known secret comes out, wherever it stands; pieces give what the whole gives.
pub fn redactor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let number = usize::from(bytes.first().copied().unwrap_or(0));
    let secret = SECRETS[number % SECRETS.len()];
    let all = forms(secret);
    let form = &all[number / SECRETS.len() % all.len()];
    let at = text.floor_char_boundary(number.min(text.len()));
    let planted = format!("{}{form}{}", &text[..at], &text[at..]);
    for raw in [&text, &planted] {
        let safe = KNOWING.redact(raw);
        for form in SECRETS.iter().flat_map(|secret| forms(secret)) {
            assert!(!safe.contains(&form), "{form} in {safe:?}");
        }
        let mut stream = KNOWING.stream();
        let cut = number % 13 + 1;
        let chars: Vec<char> = raw.chars().collect();
        let mut joined: String = chars
            .chunks(cut)
            .map(|p| stream.push(&String::from_iter(p)))
            .collect();
        joined += &stream.finish();
        assert_eq!(joined, safe);
    }
    assert!(KNOWING.redact_known(&planted).contains(MARK), "{planted:?}");
    let mut value = serde_json::json!({"a": [planted]});
    assert!(KNOWING.clean_value(&mut value));
    harmless(value["a"][0].as_str().unwrap());
}

/// A fence holds lines of the reply and nothing else; whatever is wrong is one bearable sentence.
pub fn reply(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let sentence = |problem: &replies::Malformed| {
        harmless(&problem.problem);
        let bearable = (1..=2_000).contains(&problem.problem.chars().count());
        assert!(bearable && !problem.problem.contains('\n'), "{problem:?}");
    };
    match replies::fenced(&text, &["js"]) {
        Ok(body) => {
            assert!(body.ends_with('\n') && !body.trim().is_empty());
            assert!(
                body.lines()
                    .all(|line| line.is_empty() || text.contains(line))
            );
        }
        Err(problem) => sentence(&problem),
    }
    if let Err(problem) = replies::json::<serde_json::Value>(&text) {
        sentence(&problem);
    }
    if let Err(problem) = replies::cases(&text) {
        sentence(&problem);
    }
    match replies::plain(&text, 400) {
        Ok(plain) => assert!(plain.chars().count() <= 400 && !plain.is_empty()),
        Err(problem) => sentence(&problem),
    }
}

/// A report's texts are harmless and of bearable size, and so is all that is made of them.
pub fn report(bytes: &[u8]) {
    let Some(report) = jest_report::parse(bytes, "/t/") else {
        return;
    };
    for test in &report.tests {
        for text in [&test.file, &test.name, &test.message] {
            harmless(text);
        }
        assert!(test.message.chars().count() <= 30_000 && test.name.chars().count() <= 1_000);
    }
    report.suite_errors.iter().for_each(|(file, words)| {
        harmless(file);
        harmless(words);
    });
    let run = JestRun {
        report: Some(report),
        ..JestRun::default()
    };
    let ground = failure::Ground {
        spec: &SPEC_READ,
        sources: &BTreeMap::new(),
        cases: &SPEC_READ.examples,
    };
    let digest = digest::digest(&run, &[], None, &ground);
    assert!(digest.text.chars().count() <= digest::MOST && digest.failures.len() <= 3);
    let evidence = evidence(run);
    let found = bugs(&Findings {
        evidence: &evidence,
        previous: None,
        spec: &SPEC_READ,
        public: &SPEC_READ.examples,
        revealed: None,
        sources: &BTreeMap::new(),
        first_number: 1,
        cycle: 1,
    });
    for one in found {
        assert!(one.text.chars().count() <= bug::MOST);
        // As it lies in the home, nothing in it is Markdown or HTML.
        assert_eq!(unfenced(&fenced(&one.text)).trim_end(), one.text.trim_end());
    }
}

fn evidence(run: JestRun) -> Evidence {
    Evidence {
        schema: 1,
        tool: "word-count".to_owned(),
        run: 1,
        tree: String::new(),
        at: Default::default(),
        gates: Vec::new(),
        jest: Some(run),
        held_out: Vec::new(),
        public: Vec::new(),
        throwing: None,
        mutation: None,
        sandbox: String::new(),
        reviewed: None,
        external_reader: false,
        millis: 0,
    }
}

/// The first line names a file, the rest is its text: only files of the plan are taken, and only whole visible text.
pub fn policy(bytes: &[u8]) {
    let all = String::from_utf8_lossy(bytes).into_owned();
    let (path, text) = all.split_once('\n').unwrap_or((&all, ""));
    let tame = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if policy::writable(path) {
        assert!(path.chars().all(tame), "{path:?}");
        assert!(
            !path.starts_with('/') && !path.split('/').any(|name| matches!(name, "" | "." | ".."))
        );
        assert!(path == "README.md" || path.starts_with("src/") || path.starts_with("test/dev/"));
    }
    let numbers = Numbers::default();
    match policy::check_file(path, text, None, &SPEC_READ, &numbers) {
        Ok(kept) => {
            assert!(SPEC_READ.plan().iter().any(|planned| planned == path));
            assert!(policy::writable(path) && kept.ends_with('\n'));
            assert!(kept.lines().count() <= numbers.file_lines as usize);
            assert_eq!(misplaced(&kept), None);
        }
        Err(problem) => harmless(&problem.problem),
    }
}

/// A tool's folder with ways out planted in it, and what lies outside.
pub struct Place {
    _dir: tempfile::TempDir,
    outside: PathBuf,
    tool: PathBuf,
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (outside, tool) = (dir.path().join("outside"), dir.path().join("home/tool"));
        std::fs::create_dir(&outside).unwrap();
        std::fs::create_dir_all(&tool).unwrap();
        std::fs::write(outside.join("id"), "kept").unwrap();
        Self {
            _dir: dir,
            outside,
            tool,
        }
    }

    /// Whatever the path, nothing outside is read or written, and every file made lies in the folder.
    pub fn folder(&self, bytes: &[u8]) {
        let _ = std::fs::remove_dir_all(&self.tool);
        std::fs::create_dir(&self.tool).unwrap();
        std::os::unix::fs::symlink(&self.outside, self.tool.join("out")).unwrap();
        std::os::unix::fs::symlink(self.outside.join("id"), self.tool.join("id")).unwrap();
        std::fs::hard_link(self.outside.join("id"), self.tool.join("hard")).unwrap();
        let path = String::from_utf8_lossy(bytes).into_owned();
        let folder = Folder::open(&self.tool).unwrap();
        let read = folder.read(&path, 1 << 20);
        assert!(
            !matches!(read, Ok(Some(_))),
            "{path:?} was read from outside"
        );
        if let Err(error) = folder.write(&path, b"written", For::All) {
            harmless(&error.to_string());
        } else {
            let real = self.tool.join(&path).canonicalize().unwrap();
            assert!(
                real.starts_with(self.tool.canonicalize().unwrap()),
                "{path:?}"
            );
        }
        let names: Vec<_> = std::fs::read_dir(&self.outside).unwrap().collect();
        assert_eq!(names.len(), 1, "{path:?} made a file outside");
        assert_eq!(
            std::fs::read(self.outside.join("id")).unwrap(),
            b"kept",
            "{path:?}"
        );
    }
}
