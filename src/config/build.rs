//! Checked entries to Settings: defaults, roles, and what each value is shown as.

use super::entry::{Entry, Value};
use super::keys::KeyPlace;
use super::{Inputs, Loaded, Problem, Shown, Source};
use crate::agents::prompt::{Numbers, Shape};
use crate::domain::decide::Limits;
use crate::domain::package::{self, Package};
use crate::domain::phase::Role;
use crate::domain::stuck::Patience;
use crate::factory::ports::settings::{HarnessSettings, KeepSettings, MutationSettings, Settings};
use crate::text::origin::Origin;
use crate::text::secret::Secret;
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that is needed while building.
pub(super) struct Builder<'a> {
    pub(super) merged: &'a BTreeMap<Vec<String>, Entry>,
    pub(super) problems: &'a mut Vec<Problem>,
    sources: Vec<Shown>,
    /// Keys by name: whose they are, where, and whether they are bearer tokens.
    pub(super) places: BTreeMap<String, (Origin, KeyPlace, bool)>,
}

/// Builds the settings in force; problems found on the way are added.
pub fn build(
    inputs: &Inputs,
    merged: &BTreeMap<Vec<String>, Entry>,
    key: &dyn Fn(&KeyPlace) -> Result<Secret, String>,
    problems: &mut Vec<Problem>,
) -> Loaded {
    let mut b = Builder::new(merged, problems);
    let mut hosts = b.hosts(inputs);
    b.keys(&mut hosts, inputs, key);
    let roles = [Role::Developer, Role::Qa, Role::Supervisor];
    let [developer, qa, supervisor] = roles.map(|role| b.role(role, inputs, &hosts));
    let settings = Settings {
        limits: b.limits(),
        push: b.text("ship.push"),
        packages: b.packages(),
        harness: b.harness(),
        keep: b.keep(),
        prices: b.prices(),
        wrapper: b.wrapper(),
        notify: b.notify(key),
        hosts,
        developer,
        qa,
        supervisor,
    };
    let screens = b.screens();
    let mut sources = b.sources;
    sources.sort_by(|a, b| a.key.cmp(&b.key));
    let holds_key = |(path, entry): (&Vec<String>, &Entry)| match (path.as_slice(), &entry.value) {
        ([top, _, leaf], Value::Text(file)) if top == "keys" && leaf == "file" => {
            Some(file.clone())
        }
        _ => None,
    };
    Loaded {
        settings,
        screens,
        sources,
        key_files: merged.iter().filter_map(holds_key).collect(),
        notes: Vec::new(),
    }
}

impl<'a> Builder<'a> {
    pub(super) const fn new(
        merged: &'a BTreeMap<Vec<String>, Entry>,
        problems: &'a mut Vec<Problem>,
    ) -> Self {
        Self {
            merged,
            problems,
            sources: Vec::new(),
            places: BTreeMap::new(),
        }
    }
}

impl Builder<'_> {
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        self.merged.get(&path)
    }

    /// A problem with what a key is set to, or with what it is when nothing is set.
    pub(super) fn wrong(&mut self, key: &str, sentence: String) {
        let entry = self.entry(key);
        let source = entry.map_or(Source::BuiltIn, |entry| entry.source.clone());
        self.problems.push(Problem { source, sentence });
    }

    pub(super) fn show(&mut self, key: &str, value: String, source: Source) {
        self.sources.push(Shown {
            key: key.to_owned(),
            value,
            source,
        });
    }

    /// The value set for a key, noted as in force.
    pub(super) fn set(&mut self, key: &str) -> Option<Value> {
        let entry = self.entry(key)?.clone();
        self.show(key, entry.value.shown(), entry.source);
        Some(entry.value)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.set(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&mut self, key: &str) -> Vec<String> {
        match self.set(key) {
            Some(Value::List(texts)) => texts,
            _ => Vec::new(),
        }
    }

    pub(super) fn whole(&mut self, key: &str, default: i64) -> i64 {
        match self.set(key) {
            Some(Value::Whole(number)) => number,
            _ => {
                self.show(key, default.to_string(), Source::BuiltIn);
                default
            }
        }
    }

    fn number(&mut self, key: &str, default: f64) -> f64 {
        match self.set(key) {
            Some(Value::Number(number)) => number,
            _ => {
                self.show(key, format!("{default:?}"), Source::BuiltIn);
                default
            }
        }
    }

    pub(super) fn small(&mut self, key: &str, default: u32) -> u32 {
        u32::try_from(self.whole(key, i64::from(default))).unwrap_or(default)
    }

    pub(super) fn seconds(&mut self, key: &str, default: u64) -> Duration {
        let default_i = i64::try_from(default).unwrap_or(i64::MAX);
        Duration::from_secs(u64::try_from(self.whole(key, default_i)).unwrap_or(default))
    }

    fn packages(&mut self) -> Vec<Package> {
        match self.set("npm.allow") {
            Some(Value::List(all)) => all.iter().filter_map(|one| package::parse(one)).collect(),
            _ => {
                self.show("npm.allow", "[]".to_owned(), Source::BuiltIn);
                Vec::new()
            }
        }
    }

    /// Words as a shell would split them.
    fn wrapper(&mut self) -> Vec<String> {
        let Some(text) = self.text("sandbox.command") else {
            return Vec::new();
        };
        let words = shlex::split(&text);
        if words.is_none() {
            let sentence = "sandbox.command has a quote that is never closed";
            self.wrong("sandbox.command", sentence.to_owned());
        }
        words.unwrap_or_default()
    }

    fn limits(&mut self) -> Limits {
        let d = Limits::default();
        let whole = |number: i64, default: u64| u64::try_from(number).unwrap_or(default);
        let tokens = i64::try_from(d.tool_tokens).unwrap_or(i64::MAX);
        let minutes = i64::try_from(d.tool_minutes).unwrap_or(i64::MAX);
        Limits {
            tool_usd: self.number("limits.tool_usd", d.tool_usd),
            tool_tokens: whole(self.whole("limits.tool_tokens", tokens), d.tool_tokens),
            tool_minutes: whole(self.whole("limits.tool_minutes", minutes), d.tool_minutes),
            day_usd: self.number("limits.day_usd", d.day_usd),
            ladder: self.ladder(d.ladder),
        }
    }

    fn ladder(&mut self, d: Patience) -> Patience {
        Patience {
            repairs: self.small("ladder.repairs", d.repairs),
            fresh_starts: self.small("ladder.fresh_starts", d.fresh_starts),
            other_models: self.small("ladder.other_models", d.other_models),
            diagnoses: self.small("ladder.diagnoses", d.diagnoses),
            takeovers: self.small("ladder.takeovers", d.takeovers),
            samples: self.small("ladder.samples", d.samples),
            same_failures: self.small("stuck.same_failures", d.same_failures),
            same_error: self.small("stuck.same_error", d.same_error),
            timeouts: self.small("stuck.timeouts", d.timeouts),
            send_backs: self.small("stuck.send_backs", d.send_backs),
            respecs: self.small("stuck.respecs", d.respecs),
            rejections: self.small("stuck.rejections", d.rejections),
            clause_rejections: self.small("stuck.clause_rejections", d.clause_rejections),
            stalls: self.small("stuck.stalls", d.stalls),
            still_minutes: self.small("stuck.still_minutes", d.still_minutes),
            external_minutes: self.small("stuck.external_minutes", d.external_minutes),
        }
    }

    fn harness(&mut self) -> HarnessSettings {
        let d = HarnessSettings::default();
        let n = d.numbers;
        let prompt_tokens = self.small("harness.prompt_tokens", n.prompt_tokens);
        HarnessSettings {
            numbers: Numbers {
                file_lines: self.small("harness.file_lines", n.file_lines),
                code_tokens: self.small("harness.code_tokens", n.code_tokens),
                small_code_tokens: self.small("harness.small_code_tokens", n.small_code_tokens),
                verdict_tokens: self.small("harness.verdict_tokens", n.verdict_tokens),
                think_tokens: self.small("harness.think_tokens", n.think_tokens),
                prompt_tokens,
                spec_tokens: self.small("harness.spec_tokens", n.spec_tokens),
                shape: self.shape(n.shape),
                context: prompt_tokens,
                ..n
            },
            test_wall: self.seconds("harness.test_wall_s", d.test_wall.as_secs()),
            case_samples: self.small("harness.case_samples", d.case_samples),
            held_out: self.small("harness.held_out", d.held_out),
            triage_words: self.small("harness.triage_words", d.triage_words),
            mutation: self.mutation(d.mutation),
            tool_turns: self.small("harness.tool_turns", d.tool_turns),
            tool_results: self.small("harness.tool_results", d.tool_results),
        }
    }

    fn shape(&mut self, d: Shape) -> Shape {
        let shape = Shape {
            files: self.small("harness.spec_files", d.files),
            rules: self.small("harness.spec_rules", d.rules),
            exports: self.small("harness.spec_exports", d.exports),
            least_examples: self.small("harness.spec_examples_least", d.least_examples),
            most_examples: self.small("harness.spec_examples_most", d.most_examples),
        };
        let (least, most) = (shape.least_examples, shape.most_examples);
        if least > most {
            let keys = ["harness.spec_examples_least", "harness.spec_examples_most"];
            let set = keys.into_iter().find(|key| self.entry(key).is_some());
            let sentence = format!(
                "harness.spec_examples_least is {least} and harness.spec_examples_most is {most}: no spec has both; raise the second or lower the first"
            );
            self.wrong(set.unwrap_or_default(), sentence);
        }
        shape
    }

    fn keep(&mut self) -> KeepSettings {
        const MIB: u64 = 1024 * 1024;
        let d = KeepSettings::default();
        let mut size = |key: &str, default: u64| {
            let set = self.whole(key, i64::try_from(default / MIB).unwrap_or(i64::MAX));
            u64::try_from(set).map_or(default, |mib| mib * MIB)
        };
        KeepSettings {
            transcripts: size("keep.transcripts_mib", d.transcripts),
            evidence: size("keep.evidence_mib", d.evidence),
            logs: size("keep.logs_mib", d.logs),
            branch_days: self.small("keep.branch_days", d.branch_days),
        }
    }

    fn mutation(&mut self, d: MutationSettings) -> MutationSettings {
        MutationSettings {
            on: self.flag("harness.mutation", d.on),
            score: self.small("harness.mutation_score", d.score),
            reviewed_score: self.small("harness.mutation_reviewed_score", d.reviewed_score),
            wall: self.seconds("harness.mutation_wall_s", d.wall.as_secs()),
        }
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.set(key) {
            Some(Value::Flag(flag)) => flag,
            _ => {
                self.show(key, default.to_string(), Source::BuiltIn);
                default
            }
        }
    }
}
