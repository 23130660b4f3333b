//! Settings of the engine and its adapters, as config fills them.

use super::notifier::NotifySettings;
use crate::agents::acting::Style;
use crate::agents::prompt::Numbers;
use crate::domain::decide::Limits;
use crate::domain::package::Package;
use crate::domain::phase::Role;
use crate::domain::price::Prices;
use crate::domain::screen::KeyFacts;
use crate::text::secret::Secret;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything but the screens' own settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Model servers by name.
    pub hosts: BTreeMap<String, Host>,
    pub developer: RoleSettings,
    pub qa: RoleSettings,
    /// `model: None` = the operator reviews.
    pub supervisor: RoleSettings,
    pub limits: Limits,
    /// Remote to push main and tags to after shipping.
    pub push: Option<String>,
    /// Packages tools may use.
    pub packages: Vec<Package>,
    pub harness: HarnessSettings,
    /// How much of the past stays.
    pub keep: KeepSettings,
    /// What models cost.
    pub prices: Prices,
    /// The operator's own command that runs its arguments behind walls; empty = none.
    pub wrapper: Vec<String>,
    /// Whom to tell what while no screen is open.
    pub notify: NotifySettings,
}

impl Settings {
    /// A role's settings.
    #[must_use]
    pub fn role(&self, role: Role) -> &RoleSettings {
        match role {
            Role::Developer => &self.developer,
            Role::Qa => &self.qa,
            Role::Supervisor => &self.supervisor,
        }
    }

    /// One sentence for a host that is in no file.
    #[must_use]
    pub fn no_such_host(&self, name: &str) -> String {
        let known: Vec<&str> = self.hosts.keys().map(String::as_str).collect();
        let known = match known.as_slice() {
            [] => "there is none".to_owned(),
            names => format!("there are {}", names.join(", ")),
        };
        format!("no host is named {name} in the settings: {known}")
    }
}

/// One role.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleSettings {
    /// Model it works with; None = the soul's, else none.
    pub model: Option<ModelRef>,
    /// Models that take over while the ones before them cannot be used, in this order.
    pub fallback: Vec<ModelRef>,
    /// Other models, preferably of another family, for when the role is stuck; in the order they are tried.
    pub others: Vec<ModelRef>,
    /// Cron expression (minutes it may work in); None = always. Local time.
    pub schedule: Option<String>,
    /// Another program takes its turns.
    pub external: bool,
    /// The Developer's model works by tools or actions; None = it writes file by file.
    pub edits: Option<Style>,
    /// Its models never think, whatever the harness would ask of them.
    pub thoughtless: bool,
}

impl RoleSettings {
    /// Who takes its turns; `none`: what is said where nobody was named.
    #[must_use]
    pub fn worker(&self, none: &str) -> String {
        match &self.model {
            _ if self.external => "external program".to_owned(),
            Some(model) => model.to_string(),
            None => none.to_owned(),
        }
    }
}

/// `host/model`, split at the first slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRef {
    pub host: String,
    pub model: String,
}

impl std::fmt::Display for ModelRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host, self.model)
    }
}

/// One model server.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    pub kind: HostKind,
    /// Base address; empty for scripted.
    pub url: String,
    /// Context asked of Ollama, tokens, one constant per host (another value makes it load the model again).
    pub num_ctx: u32,
    /// How long Ollama and LM Studio keep the model loaded.
    pub keep_alive: String,
    /// Treat as local (free) although the address is public.
    pub local: Option<bool>,
    /// Its key, already fetched; it belongs to exactly this origin.
    pub key: Option<Secret>,
    /// Where that key is, and what else may be told of it.
    pub key_facts: Option<KeyFacts>,
    /// The key is a bearer token, where its kind of server also knows keys of another form (Anthropic).
    pub bearer: bool,
    /// Wait for the first byte: loading a model takes minutes.
    pub first_byte: Duration,
    /// Silence after which a reply counts as stalled.
    pub idle: Duration,
    /// Whole turn.
    pub whole: Duration,
    /// How often the host is asked beside a turn whether it still lives.
    pub alive: Duration,
    /// First wait before a turn that failed is taken again, or a host that is away is asked again; later ones are longer.
    pub retry: Duration,
    /// Bytes of a reply above which it is dropped.
    pub max_bytes: usize,
    /// Scripted hosts: milliseconds between pieces (0 = at once).
    pub pace: u64,
    /// Scripted hosts: folder of replies; None = the compiled-in ones.
    pub replies: Option<std::path::PathBuf>,
}

/// What speaks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKind {
    Ollama,
    LmStudio,
    LlamaCpp,
    Vllm,
    /// OpenAI itself, and whatever else speaks its language.
    OpenAi,
    Anthropic,
    Scripted,
}

impl HostKind {
    /// All kinds and their words in settings.
    pub const WORDS: [(HostKind, &'static str); 7] = [
        (HostKind::Ollama, "ollama"),
        (HostKind::LmStudio, "lmstudio"),
        (HostKind::LlamaCpp, "llamacpp"),
        (HostKind::Vllm, "vllm"),
        (HostKind::OpenAi, "openai"),
        (HostKind::Anthropic, "anthropic"),
        (HostKind::Scripted, "scripted"),
    ];

    /// As settings write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(kind, _)| *kind == self);
        found.map_or("openai", |(_, word)| word)
    }

    /// The kind of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind)
    }
}

/// How much of the past a home keeps. Tools that are not finished keep everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepSettings {
    /// Bytes of transcripts.
    pub transcripts: u64,
    /// Bytes of evidence; the newest run of each tool stays beyond that.
    pub evidence: u64,
    /// Bytes of the program's own log, all its files together.
    pub logs: u64,
    /// Days after its last commit for which a branch of a finished tool stays when main does not hold it; 0 = for ever.
    pub branch_days: u32,
}

impl Default for KeepSettings {
    /// A tool of the demo was measured to leave 220 to 330 kB of transcripts and 24 to 40 kB of evidence: 512 MiB are the
    /// transcripts of some 1,600 tools and the evidence of ten times as many, and no more than a small model takes. The log
    /// is five files of 8 MiB; 90 days are a quarter.
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            transcripts: 512 * MIB,
            evidence: 512 * MIB,
            logs: 40 * MIB,
            branch_days: 90,
        }
    }
}

/// Mutation testing: what tests must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MutationSettings {
    /// Whether it is a gate at all.
    pub on: bool,
    /// Percent of changes that must be noticed. Human-written suites of small tools reach 70 to 100.
    pub score: u32,
    /// Percent from which the Supervisor decides, with every change in view that no test noticed.
    pub reviewed_score: u32,
    /// Longest pass; small tools take 3 to 60 seconds.
    pub wall: Duration,
}

impl Default for MutationSettings {
    fn default() -> Self {
        Self {
            on: true,
            score: 70,
            reviewed_score: 60,
            wall: Duration::from_secs(120),
        }
    }
}

/// The harness, each number a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct HarnessSettings {
    /// What prompts and replies must respect; the context window is the host's where one is asked.
    pub numbers: Numbers,
    /// Jest and case time limit.
    pub test_wall: Duration,
    /// Opinions on what a held-out case expects, its author's included; 1 = nobody else is asked.
    pub case_samples: u32,
    /// Held-out cases that are wanted, in percent of the examples of the spec.
    pub held_out: u32,
    /// Words from which an idea is asked about before its spec is written; 0 = never.
    pub triage_words: u32,
    /// The last gate.
    pub mutation: MutationSettings,
    /// Turns of a tool loop before its line of work is over.
    pub tool_turns: u32,
    /// Results of a tool loop that are shown whole; of older ones one line stays.
    pub tool_results: u32,
}

impl Default for HarnessSettings {
    fn default() -> Self {
        Self {
            numbers: Numbers::default(),
            test_wall: Duration::from_secs(60),
            case_samples: 3,
            held_out: 100,
            triage_words: 40,
            mutation: MutationSettings::default(),
            tool_turns: 8,
            tool_results: 2,
        }
    }
}
