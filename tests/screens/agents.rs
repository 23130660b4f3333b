//! The Agents tab.

use super::picture::{in_both_themes, text};
use super::plant::{self, bad, line, pause, pressed, with};
use dev_factory::domain::screen::{AgentState, HostLine, Level, RoleFacts, ServerFacts, Waiter};
use dev_factory::domain::state::{PauseKind, Scope};
use dev_factory::tui::model::{Engine, Model};

const SIZES: [(u16, u16); 3] = [(120, 36), (80, 24), (60, 16)];

/// With what the roles said, on the tab, the cursor on the role of this number.
fn agents(mut model: Model, cursor: usize) -> Model {
    let said = [
        (
            "01:38:12",
            "supervisor",
            Level::Error,
            "the key was refused (401): OFFLINE",
        ),
        (
            "02:26:10",
            "developer",
            Level::Warn,
            "reply cut at 4096 tokens: asked again",
        ),
        (
            "02:31:41",
            "developer",
            Level::Info,
            "turn github-issue-digest/fixing/file/src/group.js/0 on gpu1/qwen3:14b: 6200 in, 1900 out, 41.0 s",
        ),
    ];
    for (clock, from, level, text) in said {
        model.book.push(&line(clock, from, level, text), false);
    }
    pressed(model, &format!("2 {}", "j ".repeat(cursor)))
}

#[test]
fn every_role_with_its_host_and_why_it_does_not_work() {
    for size in SIZES {
        let name = format!("agents_{}x{}", size.0, size.1);
        in_both_themes(&name, &agents(bad(size), 2));
    }
}

#[test]
fn every_pane_can_be_reached_at_every_size() {
    for (name, keys) in [
        ("role", "Tab j j j"),
        ("hosts", "Tab Tab j"),
        ("turns", "Tab Tab Tab j"),
        ("found", "/ l e n g t h Enter"),
        ("alone", "Tab Tab Tab z"),
    ] {
        for size in SIZES {
            let picture = format!("agents_{name}_{}x{}", size.0, size.1);
            // The Developer has turns at every size.
            in_both_themes(&picture, &pressed(agents(bad(size), 0), keys));
        }
    }
    // What is below the window comes into it.
    for size in [(80, 24), (60, 16)] {
        let mut seen = String::new();
        let mut model = pressed(agents(bad(size), 2), "Tab");
        for _ in 0..20 {
            seen.push_str(&text(&model));
            model = pressed(model, "j");
        }
        for label in ["host ", "effect", "context", "24 h", "limits", "health"] {
            assert!(seen.contains(&format!("\n {label}")), "{label} at {size:?}");
        }
    }
}

#[test]
fn a_role_that_works_and_one_that_is_paused() {
    let mut s = plant::snapshot();
    s.agents[1].scripted = true;
    s.agents[0].state = AgentState::Paused;
    s.agents[0].words = "paused by oper: gaming".to_owned();
    s.pauses = vec![pause(PauseKind::Operator, Scope::Developer, "gaming")];
    for size in SIZES {
        let named = |what: &str| format!("agents_{what}_{}x{}", size.0, size.1);
        in_both_themes(&named("paused"), &agents(with(size, s.clone()), 0));
        in_both_themes(&named("working"), &agents(with(size, s.clone()), 1));
    }
}

#[test]
fn the_operator_reviews_and_another_program_builds() {
    let mut s = plant::snapshot();
    s.agents[0].state = AgentState::External;
    s.agents[0].model = "external".to_owned();
    s.agents[0].words = "another program takes its turns".to_owned();
    s.agents[2].state = AgentState::Operator;
    s.agents[2].model = "operator".to_owned();
    s.agents[2].words = "you review: dev-factory decide".to_owned();
    (s.agents[2].context, s.agents[2].read) = (None, None);
    (s.agents[2].last, s.agents[2].tokens_per_second) = (None, None);
    for size in SIZES {
        let name = format!("agents_operator_{}x{}", size.0, size.1);
        in_both_themes(&name, &agents(with(size, s.clone()), 2));
    }
}

#[test]
fn long_words_and_wide_ones_stay_in_their_columns() {
    let mut s = plant::snapshot();
    s.agents[0].words = "モデルのサーバーが応答しません。".repeat(20);
    s.agents[0].state = AgentState::Offline;
    s.agents[1].model = "a-host-with-a-name/".to_owned() + &"model".repeat(20);
    for size in SIZES {
        let name = format!("agents_long_{}x{}", size.0, size.1);
        in_both_themes(&name, &agents(with(size, s.clone()), 0));
    }
}

#[test]
fn without_an_engine_nobody_works() {
    let mut model = pressed(plant::blank((80, 24)), "2");
    assert!(text(&model).contains("the engine has not said yet who works"));
    model.engine = Engine::Gone;
    assert!(text(&model).contains("no engine runs, so nobody works: p starts it"));
    let mut model = agents(bad((80, 24)), 0);
    model.engine = Engine::Gone;
    assert!(text(&model).contains("engine 41233 is gone"));
}

#[test]
fn a_prompt_that_was_cut_is_an_alarm_in_the_row_and_in_the_details() {
    let mut s = crate::plant::snapshot();
    s.agents[1].alarm =
        Some("lab cut the prompt without a word: it read 2050 tokens of about 6100".to_owned());
    let seen = text(&agents(with((120, 36), s), 1));
    let rows: Vec<&str> = seen
        .lines()
        .filter(|l| l.contains("cut the prompt"))
        .collect();
    assert_eq!(rows.len(), 2, "{seen}");
    assert!(rows[1].contains("alarm"), "{}", rows[1]);
}

#[test]
fn the_line_at_a_host_shows_who_is_served_and_who_waits_for_how_long() {
    let mut s = plant::snapshot();
    let waiter = |who: &str, clock: &str| Waiter {
        who: format!("github-issue-digest/{who}"),
        since: plant::at(clock),
    };
    s.hosts = vec![
        HostLine {
            hosts: vec!["gpu1".to_owned()],
            working: None,
            waiting: Vec::new(),
        },
        HostLine {
            hosts: vec!["gpu2".to_owned(), "gpu2-again".to_owned()],
            working: Some(waiter("qa/hypothesis/0", "02:40:25")),
            waiting: vec![
                waiter("qa/cases/1", "02:41:00"),
                waiter("qa/cases/2", "02:41:05"),
            ],
        },
    ];
    for size in SIZES {
        let name = format!("agents_line_{}x{}", size.0, size.1);
        let model = pressed(agents(with(size, s.clone()), 1), "Tab Tab");
        in_both_themes(&name, &model);
    }
}

#[test]
fn before_the_first_turn_and_without_a_host_there_are_words() {
    let mut s = plant::snapshot();
    for server in &mut s.servers {
        let kept = (server.host.clone(), server.kind.clone());
        let (model, context) = (server.model.clone(), server.context);
        *server = ServerFacts {
            host: kept.0,
            kind: kept.1,
            model,
            context,
            ..ServerFacts::default()
        };
    }
    s.hosts.clear();
    s.needs.clear();
    s.attempt = None;
    for agent in &mut s.agents {
        agent.facts = RoleFacts::default();
        agent.state = AgentState::Unasked;
        agent.words = "not asked yet".to_owned();
        (agent.last, agent.read, agent.tokens_per_second) = (None, None, None);
    }
    for size in SIZES {
        let name = format!("agents_new_{}x{}", size.0, size.1);
        in_both_themes(&name, &agents(with(size, s.clone()), 1));
    }
    s.servers.clear();
    let seen = text(&agents(with((120, 36), s), 1));
    for words in [
        "no model is set for any role",
        "no turn yet: one is taken when a tool comes to a phase of the role",
        "key       none is sent",
        "not worked with in the last 24 hours",
    ] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
}

#[test]
fn a_key_is_told_by_where_it_is_and_never_by_itself() {
    let seen = text(&agents(bad((120, 36)), 2));
    let row = seen.lines().find(|row| row.starts_with(" key")).unwrap();
    assert_eq!(
        row.trim(),
        "key       file ~/.config/dev-factory/keys/anthropic, mode 0600, ends 3f2a, last read 01:38"
    );
}
