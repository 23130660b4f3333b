//! The one table of settings: every key, what it takes, and what it is for.
//! Reading, suggestions, the starter file's test and `config` all go by it.

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Takes {
    /// Any text.
    Text,
    /// `http://` or `https://` address.
    Address,
    /// `host/model`.
    Model,
    /// Several of them: a list, or a text with commas between.
    Models,
    /// Cron expression.
    Cron,
    /// A day such as 2026-10-07.
    Day,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Whole number in a range.
    Whole(i64, i64),
    /// Number in a range.
    Number(f64, f64),
    /// true or false.
    Flag,
    /// List of `name@version`.
    Packages,
    /// Several of these words: a list, or a text with commas between.
    Words(&'static [&'static str]),
    /// Hours of the day, such as 22:00-07:00.
    Hours,
    /// How long something stays: seconds, or a duration such as 30m.
    Stay,
    /// A key by name, or a list of them.
    Keys,
}

impl Takes {
    /// A list in TOML will do.
    #[must_use]
    pub fn list(self) -> bool {
        matches!(
            self,
            Takes::Models | Takes::Packages | Takes::Words(_) | Takes::Keys
        )
    }
}

/// Kinds of server, as settings write them.
pub const KINDS: &[&str] = &[
    "ollama",
    "lmstudio",
    "llamacpp",
    "vllm",
    "openai",
    "anthropic",
    "scripted",
];

/// Kinds of things people are told, as settings write them.
pub const TOLD: &[&str] = &["needs-you", "shipped", "budget", "incident"];

/// USD per million tokens.
const PRICE: Takes = Takes::Number(0.0, 1e6);

/// Seconds a wait may be set to: a week is as good as for ever.
const WAIT: Takes = Takes::Whole(1, 604_800);

/// Every key; `*` stands for a name people choose.
pub const KEYS: &[(&str, Takes)] = &[
    ("hosts.*.kind", Takes::Word(KINDS)),
    ("hosts.*.url", Takes::Address),
    ("hosts.*.num_ctx", Takes::Whole(512, 1_048_576)),
    ("hosts.*.keep_alive", Takes::Stay),
    ("hosts.*.local", Takes::Flag),
    ("hosts.*.first_byte_s", WAIT),
    ("hosts.*.idle_s", WAIT),
    ("hosts.*.whole_s", WAIT),
    ("hosts.*.alive_s", WAIT),
    ("hosts.*.retry_ms", Takes::Whole(1, 600_000)),
    ("hosts.*.pace_ms", Takes::Whole(0, 10_000)),
    ("hosts.*.replies", Takes::Text),
    ("roles.developer.model", Takes::Model),
    ("roles.developer.fallback", Takes::Models),
    ("roles.developer.others", Takes::Models),
    ("roles.developer.schedule", Takes::Cron),
    ("roles.developer.runner", RUNNER),
    ("roles.developer.edits", EDITS),
    ("roles.developer.think", Takes::Flag),
    ("roles.qa.model", Takes::Model),
    ("roles.qa.fallback", Takes::Models),
    ("roles.qa.others", Takes::Models),
    ("roles.qa.schedule", Takes::Cron),
    ("roles.qa.runner", RUNNER),
    ("roles.qa.think", Takes::Flag),
    ("roles.supervisor.model", Takes::Model),
    ("roles.supervisor.fallback", Takes::Models),
    ("roles.supervisor.others", Takes::Models),
    ("roles.supervisor.schedule", Takes::Cron),
    ("roles.supervisor.runner", RUNNER),
    ("roles.supervisor.think", Takes::Flag),
    ("limits.tool_usd", Takes::Number(0.0, 1e6)),
    ("limits.tool_tokens", Takes::Whole(1, 1_000_000_000)),
    ("limits.tool_minutes", Takes::Whole(1, 1_000_000)),
    ("limits.day_usd", Takes::Number(0.0, 1e6)),
    ("ship.push", Takes::Text),
    ("harness.file_lines", Takes::Whole(20, 2_000)),
    ("harness.code_tokens", Takes::Whole(256, 65_536)),
    ("harness.small_code_tokens", Takes::Whole(256, 65_536)),
    ("harness.verdict_tokens", Takes::Whole(64, 16_384)),
    ("harness.think_tokens", Takes::Whole(0, 65_536)),
    ("harness.prompt_tokens", Takes::Whole(1_024, 1_000_000)),
    ("harness.test_wall_s", Takes::Whole(1, 3_600)),
    ("harness.case_samples", Takes::Whole(1, 5)),
    ("harness.held_out", Takes::Whole(1, 300)),
    ("harness.triage_words", Takes::Whole(0, 10_000)),
    ("harness.tool_turns", Takes::Whole(2, 100)),
    ("harness.tool_results", Takes::Whole(1, 100)),
    ("harness.mutation", Takes::Flag),
    ("harness.mutation_score", Takes::Whole(0, 100)),
    ("harness.mutation_reviewed_score", Takes::Whole(0, 100)),
    ("harness.mutation_wall_s", Takes::Whole(5, 3_600)),
    ("harness.spec_tokens", Takes::Whole(200, 16_384)),
    ("harness.spec_files", Takes::Whole(1, 20)),
    ("harness.spec_rules", Takes::Whole(1, 100)),
    ("harness.spec_exports", Takes::Whole(1, 50)),
    ("harness.spec_examples_least", Takes::Whole(1, 100)),
    ("harness.spec_examples_most", Takes::Whole(1, 200)),
    ("ladder.repairs", TIMES),
    ("ladder.fresh_starts", Takes::Whole(0, 100)),
    ("ladder.other_models", Takes::Whole(0, 100)),
    ("ladder.diagnoses", TIMES),
    ("ladder.takeovers", Takes::Whole(0, 100)),
    ("ladder.samples", TIMES),
    ("keep.transcripts_mib", SIZE),
    ("keep.evidence_mib", SIZE),
    ("keep.logs_mib", SIZE),
    ("keep.branch_days", Takes::Whole(0, 36_500)),
    ("stuck.same_failures", TIMES),
    ("stuck.same_error", Takes::Whole(2, 100)),
    ("stuck.timeouts", TIMES),
    ("stuck.send_backs", TIMES),
    ("stuck.respecs", Takes::Whole(0, 100)),
    ("stuck.rejections", TIMES),
    ("stuck.clause_rejections", TIMES),
    ("stuck.stalls", TIMES),
    ("stuck.still_minutes", Takes::Whole(0, 10_000)),
    ("stuck.external_minutes", Takes::Whole(1, 100_000)),
    ("sandbox.command", Takes::Text),
    ("keys.*.origin", Takes::Address),
    ("keys.*.env", Takes::Text),
    ("keys.*.file", Takes::Text),
    ("keys.*.command", Takes::Text),
    ("prices.*.models", Takes::Text),
    ("prices.*.effective_from", Takes::Day),
    ("prices.*.above_tokens", Takes::Whole(0, 100_000_000)),
    ("prices.*.input", PRICE),
    ("prices.*.write_5m", PRICE),
    ("prices.*.write_1h", PRICE),
    ("prices.*.read", PRICE),
    ("prices.*.output", PRICE),
    ("npm.allow", Takes::Packages),
    ("notify.quiet", Takes::Hours),
    ("notify.quiet_except", Takes::Words(TOLD)),
    ("notify.repeat_minutes", Takes::Whole(0, 10_080)),
    ("notify.per_hour", Takes::Whole(1, 1_000)),
    ("notify.*.command", Takes::Text),
    ("notify.*.ntfy", Takes::Address),
    ("notify.*.webhook", Takes::Address),
    ("notify.*.key", Takes::Text),
    ("notify.*.on", Takes::Words(TOLD)),
    ("keys.*.plain_http", Takes::Flag),
    ("keys.*.bearer", Takes::Flag),
    ("screens.theme", Takes::Text),
    ("screens.colours", COLOURS),
    ("screens.bell", BELL),
    ("screens.mouse", Takes::Flag),
    ("screens.keys.*", Takes::Keys),
];

/// A key that has another name now; both parts lie in the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// Dotted, as it was.
    pub from: &'static str,
    /// Dotted, as it is.
    pub to: &'static str,
}

/// Keys that were renamed in this version: their old names are taken with a note until the next, which refuses them.
pub const RENAMED: &[Renamed] = &[];

/// The path of a key today, where it has an old name of these.
#[must_use]
pub fn today(path: &[String], names: &[Renamed]) -> Option<Vec<String>> {
    let full = path.join(".");
    let name = names.iter().find(|name| name.from == full)?;
    Some(name.to.split('.').map(str::to_owned).collect())
}

/// How often something may be done before something else is.
const TIMES: Takes = Takes::Whole(1, 100);

/// MiB on disk.
const SIZE: Takes = Takes::Whole(1, 1_048_576);

/// Who takes a role's turns.
const RUNNER: Takes = Takes::Word(&["builtin", "external"]);

/// How the Developer's model edits.
const EDITS: Takes = Takes::Word(&["files", "tools", "actions"]);

/// How many colours the screens use.
const COLOURS: Takes = Takes::Word(&["auto", "none", "16", "256", "true"]);

/// What tells at the screens that something begins to need a person.
const BELL: Takes = Takes::Word(&["none", "bell", "osc9", "osc777"]);

/// Tables a home may not carry: agents can write there.
pub const USER_ONLY: &[&str] = &["keys", "prices", "sandbox", "notify", "npm"];

/// What of a user's own counts in a demo, too: a demo brings its own hosts, roles and limits, and promises that no model is
/// asked and nothing is spent.
const IN_A_DEMO: [&str; 3] = ["keys", "sandbox", "screens"];

/// Whether a table of a file, or the rest of a variable's name, counts there.
#[must_use]
pub fn in_a_demo(name: &str) -> bool {
    let top = name.split('_').next().unwrap_or_default();
    IN_A_DEMO.contains(&top.to_lowercase().as_str())
}

/// Whether a home may not give a key this value: it would loosen what the user's own file decides. That a host costs
/// nothing would take its turns out of every limit of money.
#[must_use]
pub fn loosens(path: &[String], on: bool) -> bool {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match parts[..] {
        ["hosts", _, "local"] => on,
        [top, ..] => USER_ONLY.contains(&top),
        [] => false,
    }
}

/// What the key takes, or None for an unknown one.
#[must_use]
pub fn find(path: &[String]) -> Option<Takes> {
    KEYS.iter()
        .find(|(pattern, _)| matches(pattern, path))
        .map(|(_, takes)| *takes)
}

/// Whether `path` is a table some key lies in.
#[must_use]
pub fn is_table(path: &[String]) -> bool {
    KEYS.iter().any(|(pattern, _)| {
        let parts: Vec<&str> = pattern.split('.').collect();
        parts.len() > path.len()
            && parts
                .iter()
                .zip(path)
                .all(|(part, name)| *part == "*" || part == name)
    })
}

/// Whether a pattern names this key.
fn matches(pattern: &str, path: &[String]) -> bool {
    let mut parts = pattern.split('.');
    path.iter()
        .all(|name| parts.next().is_some_and(|p| p == "*" || p == name))
        && parts.next().is_none()
}

/// What to say of a name that is no setting: what could have been meant where `path` goes wrong, else what there is.
#[must_use]
pub fn unknown(path: &[String]) -> String {
    let name = path.join(".");
    let Some((last, above)) = path.split_last() else {
        return format!("{name} is not a setting");
    };
    let mut known: Vec<&str> = KEYS
        .iter()
        .filter_map(|(pattern, _)| {
            let parts: Vec<&str> = pattern.split('.').collect();
            let inside = above
                .iter()
                .zip(&parts)
                .all(|(name, part)| *part == "*" || part == name);
            if !inside {
                return None;
            }
            parts.get(above.len()).copied().filter(|part| *part != "*")
        })
        .collect();
    known.dedup();
    let meant = nearest(last, &known).map(|word| joined(above, &word));
    match meant.or_else(|| elsewhere(last)) {
        Some(word) => format!("{name} is not a setting; did you mean {word}?"),
        None if known.is_empty() => format!("{name} is not a setting; remove it"),
        None => format!(
            "{name} is not a setting; remove it, or name one of {}",
            known.join(", ")
        ),
    }
}

/// The same last name in another table: `day_usd` at the top level is meant for [limits].
fn elsewhere(name: &str) -> Option<String> {
    KEYS.iter()
        .map(|(pattern, _)| *pattern)
        .find(|pattern| pattern.rsplit('.').next() == Some(name))
        .map(|pattern| pattern.replace('*', "NAME"))
}

/// The nearest of some words, when near enough to be a slip.
#[must_use]
pub fn nearest(word: &str, known: &[&str]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Dotted key.
fn joined(above: &[String], last: &str) -> String {
    above
        .iter()
        .map(String::as_str)
        .chain([last])
        .collect::<Vec<_>>()
        .join(".")
}
