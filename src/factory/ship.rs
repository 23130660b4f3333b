//! Shipping: checked by the domain, done by git, then recorded; a crash between any two is repaired by doing it again.

use super::driver::Driver;
use super::failed::Failed;
use super::ports::repo::{RepoError, ShipOrder};
use super::ports::store::Paper;
use crate::domain::command::Decision;
use crate::domain::decide::{Input, Report, Room};
use crate::domain::event::{EventBody, NewEvent, ShipRecord};
use crate::domain::screen::Level;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// First and longest wait before a merge that was refused is tried again; it doubles.
const REFUSED_FIRST: Duration = Duration::from_secs(3);
const REFUSED_MOST: Duration = Duration::from_secs(60);

impl Driver {
    /// Merges and tags the tool under review, then records the move.
    pub(super) async fn ship(&mut self, report: Report) -> Result<(), Failed> {
        let Some(tool) = self.ledger.factory.current_tool.clone() else {
            return Ok(());
        };
        let facts = self
            .ledger
            .factory
            .tools
            .get(&tool)
            .cloned()
            .unwrap_or_default();
        let version = facts.next_version();
        let tag = format!("{tool}@{version}");
        let placeholder = ShipRecord {
            version: version.clone(),
            tag,
            commit: String::new(),
        };
        let trial = Report {
            ship: Some(placeholder),
            ..report.clone()
        };
        if let Err(refusal) = self.decide(&Input::Report(trial)) {
            return self.incident(refusal.sentence);
        }
        match self.git(|repo| repo.main_blocked()).await {
            Ok(None) => {}
            Ok(Some(blocked)) => return self.shelve_decided(&tool, &report, blocked).await,
            // The disk, or git itself: main has nothing to do with it.
            Err(error) => return self.failed(error),
        }
        let reviewed = self.review_papers(&report)?;
        let order = ShipOrder {
            message: format!("Ship {tool} {version}"),
            papers: self.papers(&tool),
            tree: facts.tree.clone().unwrap_or_default(),
            tool: tool.clone(),
            version,
        };
        self.doing = format!("shipping {tool}");
        match self.merged(order, facts.commit.clone()).await {
            Ok(ship) => {
                self.refused = None;
                let ship = Some(ship);
                let events = self.decide(&Input::Report(Report { ship, ..report }))?;
                self.record([reviewed, events].concat()).await.map(|_| ())
            }
            Err(RepoError::Blocked(why)) => {
                // Asked again and again, the same files would be in the way.
                let before = self.refused.take().map(|(.., wait)| wait * 2);
                let wait = before.unwrap_or(REFUSED_FIRST).min(REFUSED_MOST);
                self.refused = Some((why.clone(), Instant::now() + wait, wait));
                self.shelve_decided(&tool, &report, why).await
            }
            Err(error) => self.failed(error),
        }
    }

    /// Ships what passed. Commits that came after it on the branch were measured by nobody: they are kept beside it.
    async fn merged(
        &mut self,
        order: ShipOrder,
        measured: Option<String>,
    ) -> Result<ShipRecord, RepoError> {
        let first = order.clone();
        let moved = match (self.git(move |repo| repo.ship(&first)).await, measured) {
            (Err(RepoError::Moved(tip)), Some(commit)) => (tip, commit),
            (done, _) => return done,
        };
        let (tip, commit) = moved;
        let tool = order.tool.clone();
        let words = format!(
            "the branch of {tool} holds commit {tip}, which no run has measured: it stays under kept/{tool}/, and what passed ships"
        );
        self.ledger.say(Level::Warn, words);
        self.git(move |repo| {
            repo.open(&tool, true)?;
            repo.restore(&tool, &commit)
        })
        .await?;
        self.git(move |repo| repo.ship(&order)).await
    }

    /// Main cannot take the merge now: the decision stays with the tool on the shelf.
    async fn shelve_decided(
        &mut self,
        tool: &str,
        report: &Report,
        why: String,
    ) -> Result<(), Failed> {
        self.drop_attempt("the decision is made and waits for main")?;
        let factory = &self.ledger.factory;
        if factory.current_facts().is_none_or(|f| f.decision.is_none()) {
            self.commit(vec![NewEvent {
                tool: Some(tool.to_owned()),
                actor: report.actor.clone(),
                body: EventBody::Decided {
                    item: tool.to_owned(),
                    decision: Decision::Ship,
                    text: report.text.clone().unwrap_or_default(),
                    case: None,
                    file: None,
                },
            }])?;
        }
        self.main_blocked = true;
        let room = Room {
            main_blocked: Some(why),
            supervisor_ready: true,
            ..Room::default()
        };
        let events = self.decide(&Input::Room(room))?;
        self.record(events).await.map(|_| ())
    }

    /// Papers of a tool that exist, relative to the home.
    fn papers(&self, tool: &str) -> Vec<PathBuf> {
        let current = self.tools.store.path(&Paper::Spec {
            tool: tool.to_owned(),
        });
        let base = PathBuf::from("dev-factory");
        ["specs", "bugs", "reviews", "evidence", "acceptance"]
            .iter()
            .map(|kind| base.join(kind).join(tool))
            .chain([current])
            .filter(|path| self.tools.home.join(path).exists())
            .collect()
    }
}
