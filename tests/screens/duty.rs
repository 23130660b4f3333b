//! What the bad moment knows of roles and hosts: means, keys, souls, the last turns, absences.

use super::plant::{TOOL, at};
use chrono::{DateTime, TimeDelta, Utc};
use dev_factory::domain::away::Away;
use dev_factory::domain::phase::Role;
use dev_factory::domain::screen::{
    HostLine, KeyFacts, RoleFacts, ServerFacts, SoulFacts, TurnLine, Waiter,
};
use dev_factory::domain::stats::Usage;

fn turn(clock: &str, label: &str, tokens: (u64, u64, u64), seconds: u64, ended: &str) -> TurnLine {
    TurnLine {
        seq: at(clock).timestamp().unsigned_abs(),
        at: at(clock),
        label: format!("{TOOL}/{label}"),
        host: String::new(),
        sent: Some(tokens.0),
        read: Some(tokens.0),
        written: Some(tokens.1),
        thought: (tokens.2 > 0).then_some(tokens.2),
        millis: seconds * 1000,
        speed: Some(tokens.1 as f64 / (seconds as f64 - 0.8)),
        ended: ended.to_owned(),
        ok: true,
    }
}

fn used(turns: u64, input: u64, output: u64, usd: f64) -> Usage {
    Usage {
        turns,
        input,
        output,
        usd,
        ..Usage::default()
    }
}

fn soul(file: &str, hash: &str, days: i64) -> Option<SoulFacts> {
    Some(SoulFacts {
        file: file.to_owned(),
        hash: hash.to_owned(),
        since: Some(at("02:41:06") - TimeDelta::days(days)),
    })
}

/// Of a role at the bad moment.
pub fn facts(role: Role) -> RoleFacts {
    match role {
        Role::Developer => RoleFacts {
            soul: soul("developer.md", "77ab01", 0),
            usual_speed: Some(45.0),
            day: used(118, 520_000, 135_000, 0.0),
            health: "8".repeat(24),
            fallback: vec!["gpu2/qwen3:14b".to_owned()],
            turns: vec![
                turn(
                    "02:24:00",
                    "fixing/file/src/a.js/3",
                    (6000, 1800, 0),
                    39,
                    "stop",
                ),
                turn(
                    "02:26:00",
                    "fixing/file/src/a.js/4",
                    (5900, 4100, 0),
                    89,
                    "length",
                ),
                turn(
                    "02:28:00",
                    "fixing/file/src/a.js/5",
                    (6100, 1800, 2200),
                    86,
                    "stop",
                ),
                turn(
                    "02:31:00",
                    "fixing/file/src/a.js/6",
                    (6200, 1900, 0),
                    41,
                    "stop",
                ),
            ],
            ..RoleFacts::default()
        },
        Role::Qa => RoleFacts {
            soul: soul("qa.md", "1c20fe", 1),
            usual_speed: Some(20.5),
            day: used(97, 330_000, 82_000, 0.0),
            health: format!("{}78", "8".repeat(22)),
            turns: vec![turn(
                "02:39:00",
                "qa/hypothesis/3",
                (4800, 655, 0),
                34,
                "stop",
            )],
            ..RoleFacts::default()
        },
        Role::Supervisor => RoleFacts {
            key: Some(KeyFacts {
                place: "file ~/.config/dev-factory/keys/anthropic".to_owned(),
                mode: Some("0600".to_owned()),
                ends: Some("3f2a".to_owned()),
                read: Some(at("01:38:12")),
            }),
            soul: soul("supervisor.md", "9c1e04", 8),
            usual_speed: Some(69.0),
            day: used(3, 62_000, 12_000, 0.49),
            limits: vec!["$5.00 in 24 h".to_owned()],
            health: format!("{}71", "8".repeat(22)),
            turns: vec![
                turn(
                    "23:19:00",
                    "review/verdict/0",
                    (20_800, 4100, 900),
                    38,
                    "stop",
                ),
                TurnLine {
                    at: at("01:38:12"),
                    label: "session-logger/review/verdict/0".to_owned(),
                    sent: Some(20_800),
                    millis: 400,
                    ended: "anthropic refused the key (401): authentication_error".to_owned(),
                    ..TurnLine::default()
                },
            ],
            ..RoleFacts::default()
        },
    }
}

fn away(host: &str, from: &str, to: Option<DateTime<Utc>>) -> Option<Away> {
    Some(Away {
        host: host.to_owned(),
        from: at(from),
        to,
        turns: 1,
        why: "no answer".to_owned(),
    })
}

/// The hosts at the bad moment.
pub fn servers() -> Vec<ServerFacts> {
    let gpu = |host: &str| ServerFacts {
        host: host.to_owned(),
        kind: "ollama".to_owned(),
        up: Some(true),
        words: "ollama 0.31.2, 3 models".to_owned(),
        server: "ollama 0.31.2".to_owned(),
        model: "qwen3:14b".to_owned(),
        gpu: Some(100),
        context: 16_384,
        most: Some(40_960),
        first: Some(800),
        load: Some(9_000),
        alone: Some(true),
        health: "8".repeat(24),
        ..ServerFacts::default()
    };
    let shared = "another client keeps it loaded with 32768 tokens of context; our turns ask for 8192, so each of us has it loaded anew; set hosts.gpu2.num_ctx = 32768 in factory.toml to share what is loaded";
    vec![
        gpu("gpu1"),
        ServerFacts {
            context: 8192,
            first: Some(1900),
            load: Some(14_000),
            alone: Some(false),
            shared: Some(shared.to_owned()),
            away: away("gpu2", "00:02:00", Some(at("00:08:00"))),
            health: format!("{}78", "8".repeat(22)),
            ..gpu("gpu2")
        },
        ServerFacts {
            host: "anthropic".to_owned(),
            kind: "anthropic".to_owned(),
            up: Some(false),
            refused: true,
            words: "the key was refused (401)".to_owned(),
            model: "claude-opus-5-5".to_owned(),
            context: 1_000_000,
            first: Some(2100),
            away: away("anthropic", "01:38:12", None),
            health: format!("{}71", "8".repeat(22)),
            ..ServerFacts::default()
        },
    ]
}

/// The turn under way.
pub fn lines() -> Vec<HostLine> {
    vec![HostLine {
        hosts: vec!["gpu2".to_owned()],
        working: Some(Waiter {
            who: format!("{TOOL}/qa/hypothesis/4"),
            since: at("02:40:41"),
        }),
        waiting: Vec::new(),
    }]
}
