//! A factory driven as the engine drives it: decide, number, fold.

use chrono::{DateTime, Duration, TimeZone, Utc};
use dev_factory::domain::command::{Command, Decision, Verb};
use dev_factory::domain::decide::{Input, Limits, Refusal, Report, Room, decide};
use dev_factory::domain::event::{Event, EventBody, Move, NewEvent, RunSummary, ShipRecord};
use dev_factory::domain::factory::{Factory, ToolFacts};
use dev_factory::domain::item::Item;
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::state::AttemptRef;

pub const OPERATOR: &str = "operator:ann";

pub struct World {
    pub factory: Factory,
    pub journal: Vec<Event>,
    pub now: DateTime<Utc>,
    pub limits: Limits,
    trees: u32,
}

impl World {
    pub fn new() -> Self {
        let now = Utc.with_ymd_and_hms(2026, 3, 1, 9, 0, 0).unwrap();
        Self {
            factory: Factory::new(now),
            journal: Vec::new(),
            now,
            limits: Limits::default(),
            trees: 0,
        }
    }

    /// With these items, all of priority 0.
    pub fn with(names: &[&str]) -> Self {
        let mut world = Self::new();
        for name in names {
            world
                .command(Verb::Add {
                    idea: format!("{name}: an idea"),
                    priority: None,
                    name: None,
                })
                .unwrap();
        }
        world
    }

    pub fn record(&mut self, events: Vec<NewEvent>) {
        for new in events {
            self.now += Duration::seconds(1);
            let event = Event {
                seq: self.factory.seq + 1,
                ts: self.now,
                lane: "main".to_owned(),
                tool: new.tool,
                actor: new.actor,
                body: new.body,
            };
            self.factory.apply(&event);
            self.journal.push(event);
        }
    }

    /// An event of the tool under way that no decision is needed for.
    pub fn fact(&mut self, body: EventBody) {
        let tool = self.factory.current_tool.clone();
        self.record(vec![NewEvent {
            tool,
            actor: "engine".to_owned(),
            body,
        }]);
    }

    pub fn decide(&mut self, input: &Input) -> Result<Vec<EventBody>, Refusal> {
        let events = decide(&self.factory, &self.limits, input, self.now)?;
        let bodies = events.iter().map(|event| event.body.clone()).collect();
        self.record(events);
        Ok(bodies)
    }

    pub fn send(&self, verb: Verb) -> Command {
        Command {
            id: "c".to_owned(),
            verb,
            tool: None,
            phase: None,
            since: None,
            attempt: None,
            by: OPERATOR.to_owned(),
            at: self.now,
        }
    }

    /// Sends a command; the sentence of the answer or of the refusal.
    pub fn command(&mut self, verb: Verb) -> Result<String, String> {
        let command = self.send(verb);
        let bodies = self
            .decide(&Input::Command(command))
            .map_err(|refusal| refusal.sentence)?;
        match bodies.last() {
            Some(EventBody::Answered {
                accepted: true,
                sentence,
                ..
            }) => Ok(sentence.clone()),
            other => panic!("the last event must be the answer, not {other:?}"),
        }
    }

    pub fn report(&mut self, actor: &str, outcome: Outcome) -> Result<Vec<EventBody>, String> {
        self.report_with(actor, outcome, Report::default())
    }

    pub fn report_with(
        &mut self,
        actor: &str,
        outcome: Outcome,
        more: Report,
    ) -> Result<Vec<EventBody>, String> {
        let report = Report {
            actor: actor.to_owned(),
            outcome: Some(outcome),
            ..more
        };
        self.decide(&Input::Report(report))
            .map_err(|refusal| refusal.sentence)
    }

    pub fn room(&mut self, room: Room) -> Vec<EventBody> {
        self.decide(&Input::Room(room)).unwrap()
    }

    pub fn pick(&mut self) {
        self.room(ready());
    }

    pub fn attempt(&mut self, role: Role) -> u64 {
        let id = self.factory.attempts + 1;
        let phase = self.factory.phase;
        let started_at = self.now;
        self.fact(EventBody::AttemptStarted(AttemptRef {
            id,
            role,
            phase,
            started_at,
        }));
        id
    }

    pub fn tree(&mut self) {
        self.trees += 1;
        let n = self.trees;
        self.fact(EventBody::Tree {
            tree: format!("tree-{n}"),
            commit: format!("commit-{n}"),
        });
    }

    pub fn run(&mut self, green: bool) {
        let facts = self.facts();
        let tree = facts.tree.clone().unwrap_or_default();
        let run = facts.runs + 1;
        self.fact(EventBody::Run(RunSummary {
            run,
            tree,
            green,
            passed: 7,
            total: 9,
            held_passed: 4,
            held_total: 6,
            coverage: Some(99.5),
            failed_gate: (!green).then(|| "jest".to_owned()),
            millis: 900,
            ..RunSummary::default()
        }));
    }

    pub fn facts(&self) -> ToolFacts {
        self.factory.current_facts().cloned().unwrap_or_default()
    }

    pub fn item(&self, name: &str) -> &Item {
        self.factory.item(name).unwrap()
    }

    pub fn last_move(&self) -> Move {
        let found = self
            .journal
            .iter()
            .rev()
            .find_map(|event| match &event.body {
                EventBody::Move(made) => Some(made.clone()),
                _ => None,
            });
        found.unwrap()
    }

    /// Takes the first wanted item to a phase the straight way; into review green.
    pub fn to(&mut self, phase: Phase) {
        while self.factory.phase != phase {
            match self.factory.phase {
                Phase::Idle => self.pick(),
                Phase::Spec => {
                    self.report("developer", Outcome::Drafted).unwrap();
                }
                Phase::SpecReview => {
                    self.report("qa", Outcome::Approved).unwrap();
                }
                Phase::Coding => {
                    self.tree();
                    self.report("developer", Outcome::Built).unwrap();
                }
                Phase::Qa if phase == Phase::Fixing => {
                    self.run(false);
                    self.report("gates", Outcome::Failed).unwrap();
                }
                Phase::Qa => {
                    self.run(true);
                    self.report("gates", Outcome::Passed).unwrap();
                }
                Phase::Fixing => {
                    self.tree();
                    self.report("developer", Outcome::Fixed).unwrap();
                }
                Phase::Review => self.ship().map(|_| ()).unwrap(),
                Phase::Shipped => panic!("{phase} lies not ahead"),
            }
        }
    }

    pub fn ship(&mut self) -> Result<Vec<EventBody>, String> {
        let version = self.facts().next_version();
        let ship = ShipRecord {
            tag: format!("x@{version}"),
            commit: "merge".to_owned(),
            version,
        };
        let more = Report {
            ship: Some(ship),
            ..Report::default()
        };
        self.report_with("supervisor", Outcome::Ship, more)
    }

    /// Escalated from a phase, under review.
    pub fn escalated(&mut self, from: Phase) {
        self.to(from);
        let more = Report {
            reason: Some("S2: the same tree again".to_owned()),
            ..Report::default()
        };
        self.report_with("engine", Outcome::Escalated, more)
            .unwrap();
    }

    /// On the shelf, green.
    pub fn shelved(&mut self) {
        self.to(Phase::Review);
        self.room(nobody());
    }

    pub fn decision(&mut self, decision: Decision, text: &str) -> Result<String, String> {
        self.command(Verb::Decide {
            item: None,
            decision,
            text: Some(text.to_owned()),
            case: Some("H2".to_owned()),
            file: None,
        })
    }
}

/// Everyone can work.
pub fn ready() -> Room {
    Room {
        developer_ready: true,
        supervisor_ready: true,
        ..Room::default()
    }
}

/// Nobody can review.
pub fn nobody() -> Room {
    Room {
        developer_ready: true,
        supervisor_ready: false,
        supervisor_why: Some("waits for the operator".to_owned()),
        main_blocked: None,
    }
}
