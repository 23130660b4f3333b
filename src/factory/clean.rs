//! The one place where text enters or leaves the engine: what models and tests say loses known secrets on its way in,
//! and whatever goes to a prompt, the journal or a paper loses them, and control characters, on its way out.

mod models;
mod texts;

use super::ports::settings::KeepSettings;
use super::ports::store::{Change, Loaded, Observed, Paper, Store, StoreError, Waiting, Written};
use super::ports::tests::{MutantsTold, TestError, Tests, Tree};
use crate::domain::case::{Case, Received};
use crate::domain::command::Answer;
use crate::domain::condition::Trouble;
use crate::domain::event::{Event, NewEvent};
use crate::domain::evidence::{JestRun, ThrowingRun};
use crate::domain::factory::Factory;
use crate::domain::item::Item;
use crate::domain::mutation::MutationRun;
use crate::domain::package::Package;
use crate::domain::screen::{LogLine, Snapshot};
use crate::domain::state::StateDoc;
use crate::domain::swept::{Finished, Swept};
use crate::domain::wishlist::Wishes;
use crate::text::markdown;
use crate::text::redact::Redactor;
use crate::text::sanitise::escape_json;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// A port with a redactor in front of it.
pub struct Clean<P: ?Sized> {
    inner: Arc<P>,
    redactor: Redactor,
}

impl<P: ?Sized> Clean<P> {
    /// Puts the redactor in front.
    pub fn new(inner: Arc<P>, redactor: Redactor) -> Arc<Self> {
        Arc::new(Self { inner, redactor })
    }

    /// A value whose texts went through `change`, which says whether it changed any.
    fn through<T: Serialize + DeserializeOwned>(
        &self,
        found: T,
        change: fn(&Redactor, &mut Value) -> bool,
    ) -> serde_json::Result<T> {
        let mut value = serde_json::to_value(&found)?;
        match change(&self.redactor, &mut value) {
            true => serde_json::from_value(value),
            false => Ok(found),
        }
    }
}

impl Clean<dyn Tests> {
    /// Only known secrets: what a tool puts out is compared to what it should put out.
    fn found<T: Serialize + DeserializeOwned>(&self, found: T) -> Result<T, TestError> {
        self.through(found, Redactor::redact_known_value)
            .map_err(|error| TestError::Setup(format!("what a run found cannot be kept: {error}")))
    }
}

impl Tests for Clean<dyn Tests> {
    fn jest<'a>(
        &'a self,
        tree: &'a Tree,
        coverage: bool,
    ) -> BoxFuture<'a, Result<JestRun, TestError>> {
        async move {
            let mut run = self.found(self.inner.jest(tree, coverage).await?)?;
            // Messages are only read: what looks like anybody's secret goes too, before they are cut for prompts.
            run.stderr_tail = self.redactor.redact(&run.stderr_tail);
            if let Some(report) = &mut run.report {
                let suites = report.suite_errors.iter_mut().map(|(_, words)| words);
                let tests = report.tests.iter_mut().map(|test| &mut test.message);
                for message in suites.chain(tests) {
                    *message = self.redactor.redact(message);
                }
            }
            Ok(run)
        }
        .boxed()
    }

    fn throwing<'a>(&'a self, tree: &'a Tree) -> BoxFuture<'a, Result<ThrowingRun, TestError>> {
        async move { self.found(self.inner.throwing(tree).await?) }.boxed()
    }

    fn mutants<'a>(
        &'a self,
        tree: &'a Tree,
        pace: Duration,
        wall: Duration,
        told: &'a MutantsTold<'a>,
    ) -> BoxFuture<'a, Result<MutationRun, TestError>> {
        let run = self.inner.mutants(tree, pace, wall, told);
        async move { self.found(run.await?) }.boxed()
    }

    fn cases<'a>(
        &'a self,
        tree: &'a Tree,
        cases: &'a [Case],
    ) -> BoxFuture<'a, Result<Vec<Received>, TestError>> {
        async move { self.found(self.inner.cases(tree, cases).await?) }.boxed()
    }

    fn packages<'a>(&'a self, packages: &'a [Package]) -> BoxFuture<'a, Result<String, TestError>> {
        self.inner.packages(packages)
    }

    fn sweep(&self) {
        self.inner.sweep();
    }

    fn spare(&self, tools: &[String]) {
        self.inner.spare(tools);
    }

    fn tier(&self) -> &'static str {
        self.inner.tier()
    }
}

impl Clean<dyn Store> {
    /// A paper's text as it may lie in the home.
    fn paper(&self, paper: &Paper, text: &str) -> String {
        match paper {
            Paper::Bug { n, .. } => {
                let words = markdown::fenced(&self.redactor.clean(text));
                format!("# BUG-{n}\n\n{words}")
            }
            Paper::Review { tool, n } => {
                let words = markdown::fenced(&self.redactor.clean(text));
                format!("# Review {n} of {tool}\n\n{words}")
            }
            Paper::Brief | Paper::Told | Paper::Seen => self.redactor.clean(text),
            // The tool's own material: what only looks like a secret may be what the tool is about.
            Paper::Spec { .. } | Paper::SpecVersion { .. } => self.redactor.redact_known(text),
            Paper::Evidence { .. } | Paper::Acceptance { .. } => {
                escape_json(&self.redactor.redact_known(text))
            }
            Paper::Transcript { .. } => {
                text.split_inclusive('\n').map(|l| self.record(l)).collect()
            }
        }
    }

    /// A line of a transcript: JSON stays JSON, whatever its texts hold.
    fn record(&self, line: &str) -> String {
        if texts::none(line, &|text: &str| self.redactor.finds(text)) {
            return escape_json(line);
        }
        match serde_json::from_str::<Value>(line) {
            Ok(mut value) => {
                self.redactor.redact_foreign(&mut value);
                escape_json(&value.to_string()) + "\n"
            }
            Err(_) => self.redactor.clean(line),
        }
    }
}

impl Store for Clean<dyn Store> {
    fn commit_with(
        &self,
        factory: &mut Factory,
        events: Vec<NewEvent>,
        now: DateTime<Utc>,
        written: Option<Written<'_>>,
    ) -> Result<Vec<Event>, StoreError> {
        let events = events
            .into_iter()
            .map(|event| {
                let body = self.through(event.body, Redactor::clean_value)?;
                Ok(NewEvent { body, ..event })
            })
            .collect::<serde_json::Result<Vec<_>>>()
            .map_err(|error| StoreError::Bad(format!("an event cannot be journaled: {error}")))?;
        self.inner.commit_with(factory, events, now, written)
    }

    /// Ideas are compared to those in the journal, which are clean.
    fn wishlist(&self) -> Result<Wishes, StoreError> {
        let mut wishes = self.inner.wishlist()?;
        for (idea, ..) in wishes.now.iter_mut().chain(&mut wishes.before) {
            *idea = self.redactor.clean(idea);
        }
        Ok(wishes)
    }

    fn leave_wishlist(&self) {
        self.inner.leave_wishlist();
    }

    fn answer(&self, id: &str, answer: &Answer) -> Result<(), StoreError> {
        let answer = Answer {
            sentence: self.redactor.clean(&answer.sentence),
            ..answer.clone()
        };
        self.inner.answer(id, &answer)
    }

    fn put(&self, paper: &Paper, text: &str) -> Result<(), StoreError> {
        self.inner.put(paper, &self.paper(paper, text))
    }

    fn append(&self, paper: &Paper, text: &str) -> Result<(), StoreError> {
        self.inner.append(paper, &self.paper(paper, text))
    }

    fn get(&self, paper: &Paper) -> Result<Option<String>, StoreError> {
        let text = self.inner.get(paper)?;
        Ok(match paper {
            Paper::Bug { .. } | Paper::Review { .. } => text.map(|text| markdown::unfenced(&text)),
            _ => text,
        })
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        self.inner.load()
    }

    fn glance(&self) -> Result<Option<Observed>, StoreError> {
        self.inner.glance()
    }

    fn observe(&self) -> Result<Observed, StoreError> {
        self.inner.observe()
    }

    fn adopt(&self, factory: &Factory, doc: &StateDoc) -> Result<(), StoreError> {
        self.inner.adopt(factory, doc)
    }

    fn restore(&self, factory: &Factory) -> Result<String, StoreError> {
        self.inner.restore(factory)
    }

    fn watch(&self) -> Result<UnboundedReceiver<Change>, StoreError> {
        self.inner.watch()
    }

    fn obstacle(&self) -> Option<(Trouble, String)> {
        self.inner.obstacle()
    }

    fn unwatched(&self) -> Option<(DateTime<Utc>, String)> {
        self.inner.unwatched()
    }

    fn commands(&self) -> Result<Vec<Waiting>, StoreError> {
        self.inner.commands()
    }

    fn adoptable(&self) -> Result<Vec<Item>, StoreError> {
        self.inner.adoptable()
    }

    fn put_wishlist(&self, items: &[Item]) -> Result<(), StoreError> {
        self.inner.put_wishlist(items)
    }

    fn path(&self, paper: &Paper) -> PathBuf {
        self.inner.path(paper)
    }

    fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.inner.put_snapshot(snapshot)
    }

    fn put_line(&self, line: &LogLine) -> Result<(), StoreError> {
        self.inner.put_line(line)
    }

    fn excess(&self, keep: &KeepSettings, finished: &[Finished]) -> Swept {
        self.inner.excess(keep, finished)
    }

    fn sweep(&self, swept: &Swept, finished: &[Finished]) -> Result<(), StoreError> {
        self.inner.sweep(swept, finished)
    }

    fn each(&self, from_seq: u64, take: &mut dyn FnMut(Event)) -> Result<(), StoreError> {
        self.inner.each(from_seq, take)
    }
}
