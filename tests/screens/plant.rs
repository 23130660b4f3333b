//! Models as an operator could meet them: the bad moment of the drawings, and others.

use chrono::{DateTime, FixedOffset, Utc};
use dev_factory::domain::command::{Answer, Decision, Seen, Verb};
use dev_factory::domain::event::{RunSummary, Unit};
use dev_factory::domain::factory::Totals;
use dev_factory::domain::item::{Item, ItemStatus};
use dev_factory::domain::phase::{Outcome, Phase, Role};
use dev_factory::domain::screen::{
    Act, AgentState, AgentStatus, BugLine, EngineId, FailingLine, GateLine, Judged, Level,
    LimitLine, LogLine, Measured, MoveLine, Need, RanLine, Snapshot, ToolLimits, Verdict, Way,
};
use dev_factory::domain::state::{AttemptRef, Pause, PauseKind, Scope};
use dev_factory::factory::ports::operator::{Operator, Usage};
use dev_factory::tui::key::Key;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::{Engine, Model};
use dev_factory::tui::theme::Theme;
use dev_factory::tui::update::update;
use std::sync::Arc;

pub const TOOL: &str = "github-issue-digest";

/// A time of the night of the drawings.
pub fn at(clock: &str) -> DateTime<Utc> {
    let day = if clock.starts_with('2') { 25 } else { 26 };
    let text = format!("2026-10-{day}T{clock}Z");
    DateTime::parse_from_rfc3339(&text).unwrap().to_utc()
}

pub fn item(name: &str, priority: i64, status: ItemStatus) -> Item {
    Item {
        idea: format!("the idea of {name}"),
        priority,
        name: name.to_owned(),
        status,
        added_at: at("22:00:00"),
        reason: None,
        branch: None,
        phase: None,
        escalation: None,
    }
}

fn agent(role: Role, model: &str, state: AgentState, words: &str) -> AgentStatus {
    AgentStatus {
        role,
        model: model.to_owned(),
        state,
        words: words.to_owned(),
        last: None,
        tokens_per_second: None,
        scripted: false,
        read: None,
        context: None,
        alarm: None,
        facts: super::duty::facts(role),
    }
}

fn step(seq: u64, clock: &str, from: Phase, to: Phase, outcome: Outcome, why: &str) -> MoveLine {
    MoveLine {
        seq,
        at: at(clock),
        tool: TOOL.to_owned(),
        from,
        to,
        outcome,
        reason: (!why.is_empty()).then(|| why.to_owned()),
        commit: None,
    }
}

pub fn gate(gate: &str, passed: bool, figure: &str) -> GateLine {
    GateLine {
        gate: gate.to_owned(),
        passed,
        figure: figure.to_owned(),
        words: figure.to_owned(),
        millis: took(gate),
    }
}

/// How long a gate took; coverage is read from what Jest wrote.
fn took(gate: &str) -> Option<u64> {
    Some(match gate {
        "scan" => 6,
        "jest" => 1_120,
        "held-out" => 340,
        "public" => 210,
        "throwing" => 980,
        "readme" => 90,
        "again" => 2_300,
        "mutation" => 83_700,
        _ => return None,
    })
}

fn run(run: u32, passed: u32, held: u32) -> RunSummary {
    RunSummary {
        run,
        tree: format!("{run:040}"),
        green: false,
        passed,
        total: 31,
        held_passed: held,
        held_total: 14,
        coverage: Some(100.0),
        failed_gate: Some("held-out: 2 of 14 cases fail: h4 (R4), h9 (R9)".to_owned()),
        millis: 1400,
        ..RunSummary::default()
    }
}

fn failing(what: &str, text: &str, want: &str, got: &str) -> FailingLine {
    FailingLine {
        what: what.to_owned(),
        text: text.to_owned(),
        want: want.to_owned(),
        got: got.to_owned(),
    }
}

fn measured() -> Vec<Measured> {
    let first = Measured {
        run: 1,
        gates: vec![gate("scan", true, "ok"), gate("jest", false, "29 of 31")],
        failing: vec![failing("test/dev/group.test.js", "groups", "", "red")],
        more: 0,
    };
    let second = Measured {
        run: 2,
        gates: vec![
            gate("scan", true, "ok"),
            gate("jest", true, "31 of 31"),
            gate("coverage", true, "100 %"),
            gate("held-out", false, "12 of 14"),
            gate("public", true, "9 of 9"),
        ],
        failing: vec![
            failing(
                "R4",
                "labels are grouped ignoring case",
                "{\"bug\":2}",
                "{\"bug\":1,\"Bug\":1}",
            ),
            failing(
                "R9",
                "an empty repository exits 0",
                "exit 0",
                "exit 1, TypeError",
            ),
        ],
        more: 0,
    };
    vec![first, second]
}

fn agents() -> Vec<AgentStatus> {
    let mut developer = agent(
        Role::Developer,
        "gpu1/qwen3:14b",
        AgentState::Ready,
        "answers; model loaded",
    );
    developer.last = Some(at("02:32:00"));
    developer.tokens_per_second = Some(46.8);
    developer.read = Some(6200);
    developer.context = Some(16_384);
    let mut qa = agent(
        Role::Qa,
        "gpu2/qwen3:14b",
        AgentState::Working,
        "turn 5, finding out what is wrong",
    );
    qa.last = Some(at("02:40:40"));
    qa.tokens_per_second = Some(18.6);
    qa.read = Some(5100);
    qa.context = Some(8192);
    let mut supervisor = agent(
        Role::Supervisor,
        "anthropic/claude-opus-5-5",
        AgentState::Offline,
        "the key was refused (401): put a working key into keys/anthropic, it is read again at once",
    );
    supervisor.last = Some(at("01:38:12"));
    supervisor.tokens_per_second = Some(71.0);
    supervisor.read = Some(20_800);
    supervisor.context = Some(1_000_000);
    vec![developer, qa, supervisor]
}

fn decide(decision: Decision) -> Verb {
    Verb::Decide {
        item: Some("session-logger".to_owned()),
        decision,
        text: None,
        case: None,
        file: None,
    }
}

fn needs() -> Vec<Need> {
    let key = Way {
        effect: "it is read again at once".to_owned(),
        ..Way::hands("put a working key into keys/anthropic")
    };
    let probe = Verb::Probe {
        host: Some("anthropic".to_owned()),
    };
    let host = |host: &str, url: &str| Way {
        label: format!("{host} has a new address"),
        effect: format!("now {url}"),
        act: Act::Address {
            host: host.to_owned(),
            url: url.to_owned(),
        },
    };
    let unpark = Verb::Unpark {
        item: "cost-tracker".to_owned(),
        reason: None,
        priority: None,
    };
    let drop = Verb::Drop {
        item: "cost-tracker".to_owned(),
        reason: None,
    };
    let need = |id: &str, (title, why): (&str, &str), waiting: &str, ways, since| Need {
        id: id.to_owned(),
        title: title.to_owned(),
        why: why.to_owned(),
        waiting: waiting.to_owned(),
        ways,
        since: at(since),
        ..Need::default()
    };
    vec![
        need(
            "host:supervisor",
            (
                "Supervisor cannot review",
                "api.anthropic.com refused the key (401), $0 charged",
            ),
            "costs nothing: other roles go on, session-logger is safe on the shelf",
            vec![
                key,
                host("anthropic", "https://api.anthropic.com"),
                Way::send(probe, "try now", "1 question, costs nothing"),
                Way::send(
                    decide(Decision::Ship),
                    "give the verdict yourself: ship",
                    "session-logger: merged and tagged",
                ),
            ],
            "01:38:12",
        ),
        Need {
            blocking: true,
            ..need(
                "host:qa",
                ("QA cannot work", "gpu2 does not answer"),
                "",
                vec![
                    Way::hands("start the model server; the engine goes on by itself"),
                    host("gpu2", "http://10.0.0.6:11434"),
                ],
                "02:40:00",
            )
        },
        Need {
            seq: Some(1766),
            ..need(
                "park:cost-tracker",
                (
                    "cost-tracker is parked",
                    "400k tokens used, the limit of one tool",
                ),
                "costs nothing: its branch is kept",
                vec![
                    Way::limit(
                        "cost-tracker",
                        Some(Unit::Tokens),
                        "raise its limit",
                        "it goes on then",
                    ),
                    Way::send(unpark, "take it up again", "goes on in qa"),
                    Way::send(drop, "give it up", "its branch stays"),
                ],
                "00:31:00",
            )
        },
    ]
}

fn limits() -> Vec<LimitLine> {
    let line = |scope: &str, unit, used, limit| LimitLine {
        scope: scope.to_owned(),
        unit,
        used,
        limit,
    };
    vec![
        line("factory", Unit::Usd, 0.49, Some(5.0)),
        line("qa", Unit::Usd, 0.0, None),
        line("cost-tracker", Unit::Tokens, 401_234.0, Some(400_000.0)),
    ]
}

fn queue() -> Vec<Item> {
    let mut current = item(TOOL, 2, ItemStatus::Building);
    current.branch = Some(format!("tool/{TOOL}"));
    let mut parked = item("cost-tracker", 0, ItemStatus::NeedsHuman);
    parked.reason = Some("400k tokens used, the limit of one tool".to_owned());
    let wanted = |name, priority| item(name, priority, ItemStatus::Wanted);
    vec![
        current,
        wanted("webhook-relay", 2),
        wanted("csv-diff", 2),
        wanted("port-scout", 1),
        wanted("env-lint", 1),
        item("session-logger", 1, ItemStatus::InReview),
        parked,
    ]
}

fn moves() -> Vec<MoveLine> {
    use Outcome as O;
    use Phase::{Coding, Fixing, Idle, Qa, Spec, SpecReview};
    vec![
        step(1790, "01:39:00", Idle, Spec, O::Picked, ""),
        step(1795, "01:45:00", Spec, SpecReview, O::Drafted, ""),
        step(
            1801,
            "01:50:00",
            SpecReview,
            Coding,
            O::Approved,
            "14 held-out cases",
        ),
        step(1816, "02:09:00", Coding, Qa, O::Built, "3 files, 214 lines"),
        step(
            1829,
            "02:16:00",
            Qa,
            Fixing,
            O::Failed,
            "BUG-1 R4, BUG-2 R7",
        ),
        step(1842, "02:32:00", Fixing, Qa, O::Fixed, "1 file, +18 -9"),
    ]
}

fn ran() -> Vec<RanLine> {
    let ran = |seq, clock: &str, run, failed: &str| RanLine {
        seq,
        at: at(clock),
        tool: TOOL.to_owned(),
        run,
        green: false,
        failed: Some(failed.to_owned()),
    };
    vec![
        ran(1820, "02:15:41", 1, "jest: 2 of 31 tests fail"),
        ran(
            1846,
            "02:40:31",
            2,
            "held-out: 2 of 14 cases fail: h4 (R4), h9 (R9)",
        ),
    ]
}

/// What may be decided on a tool; some of it is closed.
pub fn judged(tool: &str, escalated: bool, closed: &[(Decision, &str)]) -> Judged {
    let legal = |d: &Decision| escalated || !matches!(d, Decision::Hint | Decision::TestDefect);
    let why = |decision| closed.iter().find(|(known, _)| *known == decision);
    let verdict = |decision| Verdict {
        decision,
        closed: why(decision).map(|(_, why)| (*why).to_owned()),
    };
    Judged {
        tool: tool.to_owned(),
        verdicts: Decision::ALL
            .into_iter()
            .filter(legal)
            .map(verdict)
            .collect(),
    }
}

/// QA fails a tool for the second time, the Supervisor's key is dead, one finished tool is shelved.
pub fn snapshot() -> Snapshot {
    Snapshot {
        engine: EngineId {
            pid: 41_233,
            started: 0,
            boot: String::new(),
            version: "0.4.1".to_owned(),
        },
        seq: 1850,
        at: at("02:41:06"),
        phase: Phase::Qa,
        current_tool: Some(TOOL.to_owned()),
        cycle_count: 1,
        started_at: Some(at("01:39:00")),
        last_update: at("02:32:00"),
        last_event: Some(at("02:41:06")),
        attempt: Some(AttemptRef {
            id: 9,
            role: Role::Qa,
            phase: Phase::Qa,
            started_at: at("02:32:00"),
        }),
        escalation: None,
        pauses: Vec::new(),
        conditions: Vec::new(),
        pausing: false,
        stopped: None,
        doing: "turn 5, finding out what is wrong".to_owned(),
        waits: false,
        agents: agents(),
        hosts: super::duty::lines(),
        servers: super::duty::servers(),
        queue: queue(),
        needs: needs(),
        runs: vec![run(1, 29, 0), run(2, 31, 12)],
        measured: measured(),
        measuring: None,
        bugs: vec![BugLine {
            n: 3,
            rule: Some("R4".to_owned()),
            title: "labels that differ only by case are counted apart".to_owned(),
        }],
        stuck: "no: jest 29 > 31. S4 same set 0 of 2, S5 same error 0 of 3".to_owned(),
        next: "BUG-3 (R4), repair 2 of 2 (L1); red again: L2 afresh".to_owned(),
        moves: moves(),
        ran: ran(),
        gaps: Vec::new(),
        judged: vec![judged("session-logger", false, &[])],
        totals: Totals {
            shipped: 19,
            parked: 2,
            dropped_after_pick: 2,
            runs: 48,
            cycles: 16,
            turns: 612,
            failed_turns: 9,
            malformed: 4,
            input_tokens: 4_130_000,
            output_tokens: 612_000,
            usd: 4.94,
            incidents: 1,
        },
        day_usd: 0.49,
        day_limit_usd: 5.0,
        tool_usd: 0.0,
        tool_tokens: 187_400,
        tool_minutes: 62.0,
        tool_limits: ToolLimits {
            usd: 2.0,
            tokens: 400_000,
            minutes: 90,
        },
        limits: limits(),
        sandbox: "bwrap".to_owned(),
        review_price: String::new(),
    }
}

pub fn line(clock: &str, from: &str, level: Level, text: &str) -> LogLine {
    LogLine {
        at: at(clock),
        from: from.to_owned(),
        level,
        tool: Some(TOOL.to_owned()),
        seq: None,
        kind: Default::default(),
        text: text.to_owned(),
    }
}

/// What the command line knows, in part.
pub fn commands() -> Vec<Usage> {
    let usage = |name: &str, arguments: &str, about: &str| Usage {
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        about: about.to_owned(),
    };
    vec![
        usage("add", "[OPTIONS] <IDEA>", "Add an idea to the wishlist"),
        usage(
            "decide",
            "<DECISION> [ITEM]",
            "Decide on a tool that waits for a verdict",
        ),
        usage(
            "pause",
            "[OPTIONS] [SCOPE]",
            "Stop starting work, after the turn under way",
        ),
        usage("park", "[ITEM] [REASON]", "Set a tool aside for a person"),
        usage("probe", "[HOST]", "Ask the model servers again"),
        usage("resume", "[TARGET]", "Lift a pause"),
        usage("stop", "[OPTIONS]", "Stop the engine"),
    ]
}

/// A model that knows nothing.
pub fn blank(size: (u16, u16)) -> Model {
    let theme = Theme::named("default").unwrap();
    let mut model = Model::new("my-factory", theme, commands(), at("02:41:06"));
    model.machine = Some("nas".to_owned());
    model.size = size;
    model.version = snapshot().engine.version;
    model.zone = FixedOffset::east_opt(0);
    model
}

/// A model with a snapshot of a running engine.
pub fn with(size: (u16, u16), snapshot: Snapshot) -> Model {
    let mut model = blank(size);
    model.snapshot = Some(Arc::new(snapshot));
    model.engine = Engine::Runs;
    model
}

/// The bad moment.
pub fn bad(size: (u16, u16)) -> Model {
    let mut model = with(size, snapshot());
    let said = [
        (
            "02:40:58",
            Level::Thought,
            "R4 says labels that differ only by case are one label. The output has two keys, \"bug\" and \"Bug\", so the rule is broken.\n",
        ),
        (
            "02:41:03",
            Level::Thought,
            "R9: main() calls pages.at(-1).items before it looks at length.\n",
        ),
        (
            "02:41:05",
            Level::Stream,
            "The fault is in group(): it uses the label as it came.\n",
        ),
        ("02:41:05", Level::Stream, "Lower-case it first"),
    ];
    model
        .book
        .push(&line("02:40:40", "gates", Level::Warn, "run 2 red"), false);
    for (clock, level, text) in said {
        model.book.push(&line(clock, "qa", level, text), false);
    }
    model
}

/// Nothing wanted, nothing under way.
pub fn idle() -> Snapshot {
    let mut s = snapshot();
    s.phase = Phase::Idle;
    s.current_tool = None;
    s.started_at = None;
    s.attempt = None;
    s.cycle_count = 0;
    s.doing = "nothing to build".to_owned();
    s.queue.clear();
    s.needs.clear();
    s.runs.clear();
    s.measured.clear();
    s.bugs.clear();
    s.ran.clear();
    s.stuck.clear();
    s.next.clear();
    for agent in &mut s.agents {
        agent.state = AgentState::Ready;
        agent.words = "answers".to_owned();
    }
    s.moves.push(step(
        1860,
        "02:41:00",
        Phase::Review,
        Phase::Shipped,
        Outcome::Ship,
        "v0.1.0",
    ));
    s
}

pub fn pause(kind: PauseKind, scope: Scope, reason: &str) -> Pause {
    Pause {
        id: "pause-3".to_owned(),
        kind,
        by: "operator:oper".to_owned(),
        scope,
        reason: reason.to_owned(),
        since: at("22:10:00"),
        until: None,
    }
}

/// Knows no command; answers nothing.
struct Nobody;

impl Operator for Nobody {
    fn commands(&self) -> Vec<Usage> {
        commands()
    }

    fn read(&self, line: &str) -> Result<(Verb, bool), String> {
        Err(format!(
            "{line:?} lacks an argument: dev-factory help says which"
        ))
    }

    fn send(&self, _: Verb, _: Option<Seen>) -> Answer {
        unreachable!("views send nothing")
    }

    fn save(&self, _: &str, _: &str) -> Result<std::path::PathBuf, String> {
        unreachable!("views save nothing")
    }

    fn address(&self, _: &str, _: &str) -> Answer {
        unreachable!("update writes nothing")
    }

    fn doctor(&self, _: &str) -> Result<String, String> {
        unreachable!("update writes nothing")
    }

    fn start(&self) -> Result<String, String> {
        unreachable!("views start nothing")
    }
}

/// The model after some keys, their names parted by blanks.
pub fn pressed(mut model: Model, keys: &str) -> Model {
    for name in keys.split_whitespace() {
        let key = Key::parse(name).unwrap_or_else(|| panic!("{name} is no key"));
        update(&mut model, Message::Key(key), &Nobody);
    }
    model
}
