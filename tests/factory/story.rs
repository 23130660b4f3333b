//! A story of the cast: one small tool built behind real HTTP by models a test makes up, and how it has to be told.

use crate::course;
use crate::homes;
use crate::model_server::{Answer, ModelServer, Request, Step, ollama_reply};
use crate::process::{self, Ended};
use crate::small_tool::{self, TOOL, reply};
use dev_factory::adapters::store::readers;
use dev_factory::domain::event::{Event, EventBody, Turn};
use dev_factory::domain::factory::ToolFacts;
use dev_factory::domain::item::{Item, ItemStatus};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

pub const CLI: &str = "file/src/cli.js";

/// A Supervisor on a host that costs money, for the Developer's `more`.
pub const PAID: &str = "[hosts.far]\nkind = \"ollama\"\nurl = \"{url}\"\nlocal = false\n[roles.supervisor]\nmodel = \"far/boss\"\n";
/// What its model costs, USD per million tokens read and written.
const PRICE: (f64, f64) = (4.0, 20.0);

/// A home with the small tool on its list and these models.
pub struct Story {
    _dir: tempfile::TempDir,
    pub home: PathBuf,
    pub server: ModelServer,
    counted: Arc<Mutex<Vec<Counted>>>,
}

/// A turn as its server counts it: the label, and tokens read and written, where it came to that.
type Counted = (String, Option<(u64, u64)>);

/// How a story ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Shipped,
    /// On the shelf: a person decides.
    Shelved,
    /// Put aside for a person.
    Parked,
}

/// Settings: every role on the same server; `more` stands under the Developer.
fn settings(url: &str, supervisor: bool, more: &str) -> String {
    let more = more.replace("{url}", url);
    let mut text = format!(
        "[hosts.lab]\nkind = \"ollama\"\nurl = \"{url}\"\n
[roles.developer]\nmodel = \"lab/test\"\n{more}\n[roles.qa]\nmodel = \"lab/test\"\n"
    );
    if supervisor {
        text += "[roles.supervisor]\nmodel = \"lab/test\"\n";
    }
    if !more.contains("[harness]") {
        text += small_tool::HARNESS;
    }
    text
}

impl Story {
    pub fn of(
        supervisor: bool,
        more: &str,
        answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let counted: Arc<Mutex<Vec<Counted>>> = Arc::default();
        let kept = Arc::clone(&counted);
        let server = ModelServer::answering(move |request| match request.path.as_str() {
            "/api/chat" => {
                let answer = answer(request);
                let entry = (request.label().to_owned(), counts(&answer));
                kept.lock().unwrap().push(entry);
                answer
            }
            "/api/version" => Answer::status(200, r#"{"version":"0.12.9"}"#),
            "/api/tags" => Answer::status(
                200,
                r#"{"models":[{"name":"test:latest","model":"test:latest","size":1},{"name":"other:latest","model":"other:latest","size":1},{"name":"boss:latest","model":"boss:latest","size":1}]}"#,
            ),
            _ => Answer::status(404, r#"{"error":"not found"}"#),
        });
        let dir = tempfile::tempdir().unwrap();
        let home = homes::make(dir.path(), &[], &settings(&server.url(), supervisor, more));
        small_tool::list(&home, &[TOOL]);
        let own = home.parent().unwrap().join("config/dev-factory");
        fs::create_dir_all(&own).unwrap();
        let (read, written) = PRICE;
        let prices =
            format!("[prices.cast]\nmodels = \"boss\"\ninput = {read:?}\noutput = {written:?}\n");
        fs::write(own.join("config.toml"), prices).unwrap();
        Self {
            _dir: dir,
            home,
            server,
            counted,
        }
    }

    pub fn run(&self) -> Ended {
        process::until_idle(&self.home)
    }

    pub fn journal(&self) -> Vec<Event> {
        readers::history(&self.home, 1).unwrap()
    }

    pub fn facts(&self) -> ToolFacts {
        course::at_work(&self.journal(), TOOL)
    }

    pub fn item(&self) -> Item {
        let factory = readers::factory(&self.home).unwrap().factory.unwrap();
        factory.item(TOOL).unwrap().clone()
    }

    /// Rules that fired, each with the rung that followed.
    pub fn verdicts(&self) -> Vec<String> {
        let events = self.journal();
        let stuck = events.iter().filter_map(|event| match &event.body {
            EventBody::Stuck {
                rule,
                evidence,
                next,
                ..
            } => {
                assert!(!evidence.is_empty(), "{rule} without what led to it");
                let next = next.split(':').next().unwrap_or_default();
                Some(format!("{rule} {next}"))
            }
            _ => None,
        });
        stuck.collect()
    }

    /// Runs whose trees were put back.
    pub fn restored(&self) -> Vec<u32> {
        let events = self.journal();
        let runs = events.iter().filter_map(|event| match &event.body {
            EventBody::Restored { run, .. } => Some(*run),
            _ => None,
        });
        runs.collect()
    }

    /// The texts asked for at labels that end so, oldest first.
    pub fn prompts(&self, part: &str) -> Vec<String> {
        let turns = self.server.turns();
        let of = turns.iter().filter(|turn| turn.label().contains(part));
        of.map(|turn| turn.json()["messages"].to_string()).collect()
    }

    /// The whole story: how it ended, which rules fired, each with the rung that followed, which rungs the tool stood on, one
    /// after the other, and what it cost: runs of the gates, requests of the server, and each of these to the token.
    pub fn was(
        &self,
        ended: &Ended,
        end: End,
        rules: &[&str],
        rungs: &str,
        (runs, turns): (u32, usize),
    ) {
        let said = &ended.said;
        assert_eq!(self.verdicts(), rules, "{said}");
        let climbed = course::rungs(&self.journal(), TOOL);
        assert_eq!(climbed.join(" "), rungs, "{said}");
        self.ended(ended, end);
        let facts = self.facts();
        assert_eq!(facts.runs, runs, "{:#?}", facts.course);
        assert_eq!(self.server.turns().len(), turns, "{said}");
        self.cost();
    }

    pub fn ended(&self, ended: &Ended, end: End) {
        let (code, status) = match end {
            End::Shipped => (0, ItemStatus::Shipped),
            End::Shelved => (4, ItemStatus::InReview),
            End::Parked => (4, ItemStatus::NeedsHuman),
        };
        assert_eq!(ended.code, Some(code), "{}", ended.said);
        assert_eq!(self.item().status, status, "{}", ended.said);
        let shipped = (end == End::Shipped).then(|| format!("{TOOL}@1.0.0"));
        assert_eq!(homes::tags(&self.home), Vec::from_iter(shipped));
    }

    /// What it cost, turn by turn, is what the server counted, to the token and at its price, and within the limits.
    pub fn cost(&self) {
        let events = self.journal();
        let told = events.iter().filter_map(|event| match &event.body {
            EventBody::Turn(turn) => Some(turn),
            _ => None,
        });
        let mut told: Vec<&Turn> = told.collect();
        // What costs money carries no label; these turns keep their order.
        let label = |turn: &Turn| match turn.local {
            true => turn.label.clone(),
            false => String::new(),
        };
        told.sort_by_key(|turn| label(turn));
        let mut counted = self.counted.lock().unwrap().clone();
        counted.sort_by(|(one, _), (other, _)| one.cmp(other));
        let asked: Vec<String> = counted.iter().map(|(label, _)| label.clone()).collect();
        let labels: Vec<String> = told.iter().map(|turn| label(turn)).collect();
        assert_eq!(labels, asked);
        let (mut tokens, mut usd) = (0, 0.0);
        for (turn, (_, counts)) in told.iter().zip(&counted) {
            let ours = (turn.input_tokens, turn.output_tokens);
            match counts {
                Some((read, written)) => assert_eq!(ours, (Some(*read), Some(*written))),
                // Nothing but an estimate is known of a reply that never came to its end.
                None => assert!(!turn.ok, "{turn:?}"),
            }
            let (read, written) = (ours.0.unwrap_or(0), ours.1.unwrap_or(0));
            if turn.local {
                assert_eq!(turn.usd, Some(0.0), "{turn:?}");
                tokens += read + written;
            } else {
                let price = (read as f64 * PRICE.0 + written as f64 * PRICE.1) / 1e6;
                assert!((turn.usd.unwrap() - price).abs() < 1e-9, "{turn:?}");
                usd += price;
            }
        }
        let used = self.facts().used();
        assert_eq!(used.tokens, tokens);
        assert!((used.usd - usd).abs() < 1e-6, "{used:?} {usd}");
        assert!(used.tokens > 0 && used.tokens < 400_000, "{used:?}");
        assert!(used.millis < 90 * 60_000 && used.usd < 2.0, "{used:?}");
    }
}

/// What an answer says it took.
fn counts(answer: &Answer) -> Option<(u64, u64)> {
    let bytes = answer.steps.iter().filter_map(|step| match step {
        Step::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    });
    let text: String = bytes.collect();
    let number = |key: &str| -> Option<u64> {
        let (_, rest) = text.split_once(&format!("\"{key}\":"))?;
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        rest[..end].parse().ok()
    };
    Some((number("prompt_eval_count")?, number("eval_count")?))
}

pub fn say(request: &Request, text: &str) -> Answer {
    ollama_reply(request, text)
}

/// The usual reply.
pub fn usual(request: &Request) -> Answer {
    let label = request.label();
    let text = reply(label).unwrap_or_else(|| panic!("no reply for {label:?}"));
    say(request, &text)
}

/// The number at the end of a label.
pub fn n(request: &Request) -> u32 {
    let number = request.label().rsplit('/').next().unwrap();
    number.parse().unwrap()
}
