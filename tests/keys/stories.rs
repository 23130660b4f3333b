//! Keys by name, and what they do: to the model, and to the world.

use crate::night::{night, snapshot};
use crate::orders::judged;
use crate::screen::{model, press, tell};
use dev_factory::domain::command::{Answer, Decision, Seen, StopAfter, Verb};
use dev_factory::domain::phase::{Phase, Role};
use dev_factory::domain::screen::AgentState;
use dev_factory::domain::state::{Escalation, Pause, Scope};
use dev_factory::tui::action::{Action, Care, Place, TABLE};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::form::For;
use dev_factory::tui::layer::Layer;
use dev_factory::tui::message::Message;
use dev_factory::tui::model::{Engine, Model};
use dev_factory::tui::offer;
use dev_factory::tui::tabs::Tab;
use std::sync::Arc;

fn keys(model: &Model) -> String {
    format!("{model:?}")
}

fn answered(model: &Model) -> &str {
    model
        .answer
        .as_ref()
        .map_or("", |(answer, _)| &answer.sentence)
}

fn seen() -> Option<Seen> {
    Some(Seen {
        tool: Some("github-issue-digest".to_owned()),
        phase: Phase::Qa,
        ..snapshot().seen()
    })
}

/// What a command about the tool under way asks of the world.
fn guarded(verb: Verb) -> Vec<Effect> {
    vec![Effect::Send(verb, seen())]
}

/// A model with room to move on every tab.
fn roomy() -> Model {
    let mut model = night("default");
    press(&mut model, "4kkkkk1jj2j3jj1");
    model
}

fn place(row: &dev_factory::tui::action::Row) -> Vec<Tab> {
    match row.place {
        Place::All => Tab::ALL.to_vec(),
        Place::On(tabs) => tabs.to_vec(),
    }
}

fn named(key: &str) -> String {
    if key.chars().count() == 1 {
        key.to_owned()
    } else {
        format!("<{key}>")
    }
}

#[test]
fn no_key_is_dead() {
    for row in TABLE.iter() {
        // Esc has nothing to close here.
        if row.action == Action::Close {
            continue;
        }
        for tab in place(row).into_iter().filter(|tab| *tab != Tab::Tool) {
            for key in row.keys {
                let mut model = roomy();
                tell(&mut model, Message::Snapshot(Arc::new(snapshot())));
                let other = if tab == Tab::Factory { "2" } else { "1" };
                press(
                    &mut model,
                    if row.action == Action::Go(tab) {
                        other
                    } else {
                        ""
                    },
                );
                if row.action != Action::Go(tab) {
                    let number = Tab::ALL.iter().position(|t| *t == tab).unwrap() + 1;
                    press(&mut model, &number.to_string());
                }
                if matches!(row.action, Action::Next | Action::Previous) {
                    press(&mut model, "/o<Enter>");
                }
                if row.action == Action::Left {
                    press(&mut model, "<Right>");
                }
                model.answer = None;
                let before = keys(&model);
                let effects = press(&mut model, &named(key));
                assert!(
                    !effects.is_empty() || keys(&model) != before,
                    "{key} on {tab:?} does nothing"
                );
            }
        }
    }
}

/// What the footer offers on a tab, by its keys.
fn offers(model: &Model) -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.iter();
    rows.filter_map(|row| Some((row.keys[0], offer::word(model, row)?)))
        .collect()
}

#[test]
fn the_footer_offers_no_key_that_would_be_refused_now() {
    let mut idle = snapshot();
    (idle.current_tool, idle.phase) = (None, Phase::Idle);
    idle.attempt = None;
    idle.queue.clear();
    let mut review = snapshot();
    review.phase = Phase::Review;
    let mut stopped = idle.clone();
    stopped.stopped = Some(dev_factory::domain::state::Stopped {
        by: "operator:oper".to_owned(),
        reason: "night".to_owned(),
        since: review.at,
    });
    let mut escalated = review.clone();
    escalated.attempt = None;
    escalated.escalation = Some(Escalation {
        reason: "S4: the same failures".to_owned(),
        from: Phase::Fixing,
        level: 4,
    });
    for (snapshot, gone) in [
        (Some(idle), false),
        (Some(review), false),
        (Some(escalated), false),
        (Some(stopped), false),
        (Some(snapshot()), false),
        (Some(snapshot()), true),
        (None, true),
        (None, false),
    ] {
        for tab in Tab::ALL {
            let mut model = model("default");
            if let Some(snapshot) = &snapshot {
                tell(&mut model, Message::Snapshot(Arc::new(snapshot.clone())));
            }
            tell(&mut model, Message::Alive(!gone));
            model.tab = tab;
            for row in TABLE.iter().filter(|row| row.care != Care::Looks) {
                let offered = offer::word(&model, row).is_some();
                let mut tried = model.clone();
                let effects = press(&mut tried, row.keys[0]);
                let works = !effects.is_empty() || !tried.layers.is_empty();
                if row.place.holds(tab) {
                    assert_eq!(offered, works, "{} on {tab:?}, gone {gone}", row.word);
                }
                model.readonly = true;
                assert_eq!(offer::word(&model, row), None, "{} to a reader", row.word);
                model.readonly = false;
            }
        }
    }
}

#[test]
fn the_footer_says_what_p_does_now() {
    let mut model = night("default");
    assert!(offers(&model).contains(&("p", "pause")));
    let mut held = snapshot();
    held.pauses = vec![dev_factory::domain::state::Pause {
        id: "p1".to_owned(),
        kind: dev_factory::domain::state::PauseKind::Operator,
        by: "operator:oper".to_owned(),
        scope: Scope::Factory,
        reason: String::new(),
        since: held.at,
        until: None,
    }];
    tell(&mut model, Message::Snapshot(Arc::new(held.clone())));
    assert!(offers(&model).contains(&("p", "resume")));
    // On Agents it is the role of the cursor that is held.
    press(&mut model, "2");
    assert!(offers(&model).contains(&("p", "pause role")));
    held.pauses[0].scope = Scope::Qa;
    tell(&mut model, Message::Snapshot(Arc::new(held)));
    press(&mut model, "j");
    assert!(offers(&model).contains(&("p", "resume role")));
    tell(&mut model, Message::Alive(false));
    assert!(offers(&model).contains(&("p", "start")));
    // Looking for a text, and closing, are offered while there is one.
    let keys = |model: &Model| {
        offers(model)
            .iter()
            .map(|(key, _)| *key)
            .collect::<Vec<_>>()
    };
    let mut model = night("default");
    press(&mut model, "4");
    assert!(!keys(&model).contains(&"n") && !keys(&model).contains(&"Esc"));
    press(&mut model, "/o<Enter>");
    assert!(keys(&model).contains(&"n") && keys(&model).contains(&"Esc"));
}

#[test]
fn nothing_wakes_screens_on_which_nothing_changes_by_itself() {
    let mut model = night("default");
    let mut still = snapshot();
    still.attempt = None;
    tell(&mut model, Message::Snapshot(Arc::new(still)));
    tell(&mut model, Message::Alive(true));
    assert_eq!(model.wakes_at(), None);
    // An answer goes again, and then all is still.
    tell(
        &mut model,
        Message::Answer(Answer {
            accepted: true,
            sentence: "paused".to_owned(),
        }),
    );
    let gone = model.wakes_at().unwrap();
    tell(&mut model, Message::Time(gone));
    assert_eq!((answered(&model), model.wakes_at()), ("", None));
    // Seconds are counted while a turn runs, and no longer.
    tell(&mut model, Message::Snapshot(Arc::new(snapshot())));
    assert!(model.wakes_at().is_some());
    tell(&mut model, Message::Alive(false));
    assert_eq!(model.wakes_at(), None);
}

#[test]
fn a_reader_only_looks() {
    for row in TABLE.iter().filter(|row| row.care != Care::Looks) {
        for tab in place(row) {
            let mut model = night("default");
            model.readonly = true;
            model.tab = tab;
            let key = named(row.keys[0]);
            assert_eq!(press(&mut model, &key), [], "{key}");
            assert_eq!(model.layers, [], "{key}");
            assert!(
                answered(&model).starts_with("read-only: "),
                "{key}: {}",
                answered(&model)
            );
        }
    }
    let mut model = night("default");
    model.readonly = true;
    assert_eq!(press(&mut model, ":retry<Enter>"), []);
    let Some(Layer::Palette(palette)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    assert!(palette.problem.as_ref().unwrap().contains("read-only"));
    assert_eq!(press(&mut model, "<Esc>Q"), []);
    assert_eq!(
        press(&mut model, "4/x<Enter>k"),
        [Effect::Older],
        "looking goes on"
    );
}

#[test]
fn a_window_too_small_to_see_anything_takes_no_key_but_leaving() {
    for (columns, rows) in [(59, 16), (60, 15), (1, 1)] {
        let mut model = night("default");
        tell(&mut model, Message::Resize(columns, rows));
        let before = keys(&model);
        let all: String = TABLE
            .iter()
            .flat_map(|row| row.keys)
            .filter(|key| !["q", "Ctrl-c"].contains(key))
            .map(|key| named(key))
            .collect();
        assert_eq!(press(&mut model, &all), []);
        assert_eq!(keys(&model), before);
        assert_eq!(press(&mut model, "q"), [Effect::Leave]);
        assert_eq!(press(&mut model, "<Ctrl-c>"), [Effect::Leave]);
    }
    let mut model = night("default");
    press(&mut model, "R");
    tell(&mut model, Message::Resize(40, 10));
    assert_eq!(
        press(&mut model, "y<Enter>q"),
        [Effect::Leave],
        "nor through a dialog"
    );
}

#[test]
fn tabs_are_chosen_by_number_and_leaving_is_never_esc() {
    let mut model = night("default");
    assert_eq!(press(&mut model, "2"), []);
    assert_eq!(model.tab, Tab::Agents);
    assert_eq!(press(&mut model, "3"), [], "the figures are fresh");
    let mut moved = snapshot();
    moved.seq += 1;
    assert_eq!(
        tell(&mut model, Message::Snapshot(Arc::new(moved))),
        [Effect::Figures]
    );
    assert_eq!(press(&mut model, "1"), []);
    assert_eq!(press(&mut model, "3"), [], "they are on their way");
    // [ and ] go round.
    let mut seen = Vec::new();
    for key in ["]", "]", "]", "]", "[", "["] {
        press(&mut model, key);
        seen.push(model.tab);
    }
    let [factory, agents, stats, logs] = Tab::ALL;
    assert_eq!(seen, [logs, factory, agents, stats, agents, factory]);
    press(&mut model, "3");
    assert_eq!(press(&mut model, "<Esc><Esc><Esc>"), []);
    assert_eq!(press(&mut model, "q"), [Effect::Leave]);
    assert_eq!(press(&mut model, "<Ctrl-c>"), [Effect::Leave]);
    assert_eq!(
        press(&mut model, "<Ctrl-z><Ctrl-l>"),
        [Effect::Suspend, Effect::Redraw]
    );
    // Layers take q and Esc first.
    assert_eq!(press(&mut model, "?jjkq"), []);
    assert_eq!(model.layers, []);
    assert_eq!(press(&mut model, "<F1><F1>!q:<Esc>"), []);
    assert_eq!(model.layers, []);
}

#[test]
fn requeue_asks_for_a_reason_and_then_for_a_yes_with_cancel_focused() {
    let mut model = night("default");
    assert_eq!(press(&mut model, "R"), []);
    assert!(
        matches!(model.layers.last(), Some(Layer::Form(form)) if matches!(form.purpose, For::Command(Verb::Requeue { .. })))
    );
    assert_eq!(press(&mut model, "needs rework<Enter>"), []);
    let Some(Layer::Confirm(confirm)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    assert!(!confirm.yes, "Cancel has the focus");
    assert!(
        confirm.title.contains("github-issue-digest") && confirm.title.contains("qa"),
        "{}",
        confirm.title
    );
    assert!(
        confirm.lines.concat().contains("$0.00"),
        "{:?}",
        confirm.lines
    );
    let verb = Verb::Requeue {
        item: None,
        fresh: false,
        reason: Some("needs rework".to_owned()),
        priority: None,
    };
    assert_eq!(press(&mut model, "y"), guarded(verb));
    assert!(model.sending() && model.layers.is_empty());
    tell(
        &mut model,
        Message::Answer(Answer {
            accepted: true,
            sentence: "done".to_owned(),
        }),
    );
    assert_eq!((model.sending(), answered(&model)), (false, "done"));
    let later = model.now + chrono::TimeDelta::seconds(3);
    tell(&mut model, Message::Time(later));
    assert_eq!(answered(&model), "");
}

#[test]
fn a_stray_enter_harms_nothing() {
    for key in ["R", "E", "x"] {
        let mut model = night("default");
        assert_eq!(
            press(&mut model, &format!("{key}why<Enter><Enter>")),
            [],
            "{key}"
        );
        assert!(matches!(model.layers.as_slice(), [Layer::Form(_)]), "{key}");
        for no in ["n", "q", "<Esc>", "<Ctrl-c>", "<Tab><Tab><Enter>"] {
            let mut model = night("default");
            assert_eq!(
                press(&mut model, &format!("{key}why<Enter>{no}")),
                [],
                "{key} {no}"
            );
            assert!(
                matches!(model.layers.as_slice(), [Layer::Form(_)]),
                "{key} {no}"
            );
        }
        let mut model = night("default");
        assert_eq!(
            press(&mut model, &format!("{key}why<Enter><Tab><Enter>")).len(),
            1,
            "{key}"
        );
    }
    for key in ["X", "r", "Q<Enter>"] {
        let mut model = night("default");
        assert_eq!(press(&mut model, &format!("{key}<Enter>")), [], "{key}");
        // No leads back to the form, where there was one.
        assert_eq!(
            model.layers.len(),
            usize::from(key.starts_with('Q')),
            "{key}"
        );
        press(&mut model, "<Esc>");
        assert_eq!(model.layers, [], "{key}");
        assert_eq!(press(&mut model, &format!("{key}jkn")), [], "{key}");
    }
}

#[test]
fn escalating_is_confirmed_beside_its_price_and_parking_is_not() {
    let paused = |state: AgentState, scopes: &[&str], price: &str| {
        let mut model = night("default");
        let mut seen = snapshot();
        seen.pauses = scopes.iter().map(|scope| pause(scope)).collect();
        let mut agents = seen.agents.iter_mut();
        agents
            .find(|agent| agent.role == Role::Supervisor)
            .unwrap()
            .state = state;
        seen.review_price = price.to_owned();
        tell(&mut model, Message::Snapshot(Arc::new(seen)));
        model
    };
    let staffed = |state: AgentState, price: &str| paused(state, &[], price);
    let lines = |mut model: Model, key: &str| -> Vec<String> {
        assert_eq!(press(&mut model, &format!("{key}why<Enter>")), []);
        match model.layers.last() {
            Some(Layer::Confirm(confirm)) => confirm.lines.clone(),
            other => panic!("no question but {other:?}"),
        }
    };
    let price = "a call of lab/large costs about $0.05, at most $0.11";
    let priced = || staffed(AgentState::Ready, price);
    let asked = lines(priced(), "E");
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[2].contains("about $0.05, at most $0.11"), "{asked:?}");
    assert_eq!(lines(priced(), "x").len(), 2, "parking calls nobody");
    assert!(
        asked[0].contains("goes to the supervisor, anthropic/opus"),
        "{asked:?}"
    );
    for (state, wanted) in [
        (AgentState::Unasked, "it goes to the supervisor, "),
        (
            AgentState::Offline,
            "the supervisor is OFFLINE: it waits for you",
        ),
        (
            AgentState::OffSchedule,
            "the supervisor is off duty: it waits for you",
        ),
        (AgentState::Operator, "it goes to you"),
    ] {
        let asked = lines(staffed(state, ""), "E");
        assert!(asked[0].starts_with(wanted), "{asked:?}");
        assert_eq!(asked.len(), 2, "no price where nobody is called");
    }
    // A pause of the factory puts the call off; only one of the supervisor means that it is not made.
    let asked = |scopes: &[&str]| lines(paused(AgentState::Paused, scopes, price), "E");
    let later = asked(&["factory", "qa"]);
    assert!(
        later[0].starts_with("it goes to the supervisor, "),
        "{later:?}"
    );
    assert!(later[2].contains("about $0.05"), "{later:?}");
    let never = asked(&["factory", "supervisor"]);
    assert!(
        never[0].starts_with("the supervisor is paused: it waits for you"),
        "{never:?}"
    );
}

/// A pause by a person.
pub fn pause(scope: &str) -> Pause {
    let value = serde_json::json!({"id": format!("pause-{scope}"), "scope": scope, "kind": "operator",
        "by": "operator:ann", "since": snapshot().at, "reason": "gaming"});
    serde_json::from_value(value).unwrap()
}

#[test]
fn each_forceful_key_sends_its_own_command_and_what_was_seen() {
    let mut model = night("default");
    let reason = || "why so".to_owned();
    let after = |model: &mut Model, keys: &str| press(model, keys);
    assert_eq!(
        after(&mut model, "Ewhy so<Enter>y"),
        guarded(Verb::Escalate { reason: reason() })
    );
    let park = Verb::Park {
        item: None,
        reason: Some(reason()),
    };
    assert_eq!(after(&mut model, "xwhy so<Enter>y"), guarded(park));
    let park = Verb::Park {
        item: None,
        reason: None,
    };
    assert_eq!(
        after(&mut model, "x<Enter>y"),
        guarded(park),
        "parking needs no reason"
    );
    assert_eq!(after(&mut model, "E<Enter>"), [], "escalating does");
    let problem = match model.layers.last() {
        Some(Layer::Form(form)) => form.problem.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(problem.as_deref(), Some("a text is needed"));
    assert_eq!(after(&mut model, "<Esc>Xy"), guarded(Verb::Abort {}));
    assert_eq!(after(&mut model, "ry"), guarded(Verb::Retry {}));
    assert_eq!(
        after(&mut model, "iwhy so<Enter>"),
        guarded(Verb::Hint { text: reason() })
    );
    let stop = Verb::Stop {
        after: StopAfter::Turn,
        restart: false,
        reason: None,
    };
    assert_eq!(after(&mut model, "Q<Enter>y"), [Effect::Send(stop, None)]);
    let add = Verb::Add {
        idea: "a csv tool".to_owned(),
        priority: None,
        name: None,
    };
    assert_eq!(
        after(&mut model, "aa csv tool<Ctrl-d>"),
        [Effect::Send(add, None)]
    );
    // Nothing under way: a word instead of a dialog.
    let mut idle = snapshot();
    (idle.current_tool, idle.phase) = (None, Phase::Idle);
    tell(&mut model, Message::Snapshot(Arc::new(idle)));
    for key in ["E", "R", "x", "X", "r", "i"] {
        assert_eq!(press(&mut model, key), []);
        assert_eq!(
            (model.layers.len(), answered(&model)),
            (0, "no tool is under way"),
            "{key}"
        );
    }
}

#[test]
fn pause_resumes_what_is_paused_and_starts_what_is_stopped() {
    let pauses = |scope| Verb::Pause {
        scope,
        reason: None,
        until: None,
    };
    let sent = |verb| vec![Effect::Send(verb, None)];
    let mut model = night("default");
    assert_eq!(press(&mut model, "p"), sent(pauses(None)));
    assert_eq!(press(&mut model, "2jp"), sent(pauses(Some(Scope::Qa))));
    let mut held = snapshot();
    held.pauses = vec![pause("factory")];
    tell(&mut model, Message::Snapshot(Arc::new(held)));
    let resume = Verb::Resume {
        target: None,
        reason: None,
    };
    assert_eq!(press(&mut model, "1p"), sent(resume));
    tell(&mut model, Message::Alive(false));
    assert_eq!(model.engine, Engine::Gone);
    assert_eq!(press(&mut model, "p"), [Effect::StartEngine]);
    let mut nothing = model_without_engine();
    assert_eq!(press(&mut nothing, "p"), [Effect::StartEngine]);
    assert_eq!(
        press(&mut night("default"), "2r"),
        sent(Verb::Probe {
            host: Some("gpu1".to_owned())
        })
    );
}

fn model_without_engine() -> Model {
    let mut model = model("default");
    tell(&mut model, Message::Alive(false));
    model
}

#[test]
fn a_verdict_is_chosen_worded_and_confirmed() {
    let decide = |decision, text: Option<&str>| {
        let verb = Verb::Decide {
            item: Some("session-logger".to_owned()),
            decision,
            text: text.map(str::to_owned),
            case: None,
            file: None,
        };
        vec![Effect::Send(verb, None)]
    };
    let mut model = night("default");
    assert_eq!(
        press(&mut model, "v<Enter><Enter>"),
        [],
        "Enter on ship, Enter on Cancel"
    );
    assert_eq!(press(&mut model, "v1y"), decide(Decision::Ship, None));
    assert_eq!(
        press(&mut model, "vj<Enter>mind the case<Enter>y"),
        decide(Decision::SendBack, Some("mind the case"))
    );
    assert_eq!(
        press(&mut model, "v3again<Enter>y"),
        decide(Decision::Respec, Some("again"))
    );
    assert_eq!(press(&mut model, "vq"), []);
    // The tool under way has not been measured green: shipping is closed.
    let mut review = snapshot();
    review.phase = Phase::Review;
    let red = [(Decision::Ship, "run 2 is red")];
    review.judged = vec![judged("github-issue-digest", &red)];
    tell(&mut model, Message::Snapshot(Arc::new(review)));
    assert_eq!(press(&mut model, "v1"), []);
    assert!(
        answered(&model).contains("ship is closed"),
        "{}",
        answered(&model)
    );
    assert!(matches!(model.layers.last(), Some(Layer::Verdict(_))));
}

#[test]
fn the_palette_completes_sends_and_says_what_is_no_command() {
    let mut model = night("default");
    assert_eq!(press(&mut model, ":ret<Enter>"), [], "it is asked first");
    assert_eq!(press(&mut model, "y"), guarded(Verb::Retry {}));
    assert_eq!(press(&mut model, ":pa<Down><Enter>"), []);
    let text = |model: &Model| match model.layers.last() {
        Some(Layer::Palette(palette)) => (palette.line.text.clone(), palette.problem.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        text(&model),
        ("park ".to_owned(), false),
        "completed, since words follow"
    );
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert!(text(&model).1, "what is wrong is said");
    assert_eq!(press(&mut model, "x"), []);
    assert!(!text(&model).1, "and forgotten with the next letter");
    assert_eq!(press(&mut model, "<Esc>:pause<Enter>").len(), 1);
    assert_eq!(press(&mut model, ":q<Enter>"), [], "q is a letter here");
    tell(&mut model, Message::Paste("line\nbreak".to_owned()));
    assert_eq!(text(&model).0, "qline break");
}
