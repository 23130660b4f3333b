//! Commands from keys and card: every one has a key, each asks as much as it should, none hits what was not meant.

use crate::night::{night, snapshot};
use crate::screen::{model, press, tell, words};
use dev_factory::domain::command::{Answer, Decision, StopAfter, Verb};
use dev_factory::domain::event::Unit;
use dev_factory::domain::item::{Item, ItemStatus};
use dev_factory::domain::phase::Phase;
use dev_factory::domain::screen::{Act, Judged, LimitLine, Need, Snapshot, Verdict, Way};
use dev_factory::domain::state::{Escalation, Pause, PauseKind, Scope};
use dev_factory::tui::action::{Action, TABLE};
use dev_factory::tui::effect::Effect;
use dev_factory::tui::form::For;
use dev_factory::tui::layer::{Card, Layer};
use dev_factory::tui::message::Message;
use dev_factory::tui::model::{Engine, Model};
use dev_factory::tui::offer;
use dev_factory::tui::tabs::Focus;
use std::sync::Arc;

/// Every decision on a tool; some of them closed, with why.
pub fn judged(tool: &str, closed: &[(Decision, &str)]) -> Judged {
    let why = |decision| closed.iter().find(|(known, _)| *known == decision);
    let verdict = |decision| Verdict {
        decision,
        closed: why(decision).map(|(_, why)| (*why).to_owned()),
    };
    Judged {
        tool: tool.to_owned(),
        verdicts: Decision::ALL.map(verdict).to_vec(),
    }
}

pub fn told(model: &mut Model, snapshot: &Snapshot) {
    tell(model, Message::Snapshot(Arc::new(snapshot.clone())));
}

pub fn answered(model: &Model) -> String {
    let answer = model.answer.as_ref();
    answer.map_or_else(String::new, |(answer, _)| answer.sentence.clone())
}

fn way(verb: Verb) -> Way {
    Way::send(verb, "do it", "no cost")
}

/// A parked, an escalated and some wanted items, a pause, moves, and what waits for a person.
pub fn rich() -> Snapshot {
    let mut s = snapshot();
    let of = |name: &str, status| Item {
        idea: format!("the idea of {name}\nin two lines"),
        name: name.to_owned(),
        status,
        ..s.queue[1].clone()
    };
    let mut stuck = of("port-scout", ItemStatus::InReview);
    stuck.escalation = Some(Escalation {
        reason: "S4: the same failures".to_owned(),
        from: Phase::Fixing,
        level: 4,
    });
    s.queue = vec![
        of("github-issue-digest", ItemStatus::Building),
        of("webhook-relay", ItemStatus::Wanted),
        of("csv-diff", ItemStatus::Wanted),
        of("cost-tracker", ItemStatus::NeedsHuman),
        stuck,
    ];
    s.moves = serde_json::from_value(serde_json::json!([
        {"seq": 12, "at": s.at, "tool": "github-issue-digest", "from": "idle", "to": "spec", "outcome": "picked", "reason": null},
        {"seq": 19, "at": s.at, "tool": "github-issue-digest", "from": "spec", "to": "spec-review", "outcome": "drafted", "reason": null},
    ]))
    .unwrap();
    let escalated = "it was escalated, not finished";
    s.judged = vec![judged("port-scout", &[(Decision::Ship, escalated)])];
    s.limits = vec![LimitLine {
        scope: "qa".to_owned(),
        unit: Unit::Tokens,
        used: 1234.0,
        limit: Some(5000.0),
    }];
    s
}

pub fn ready() -> Model {
    let mut model = night("default");
    told(&mut model, &rich());
    model
}

/// The words of all commands, as the reader of command files knows them.
fn every_name() -> Vec<String> {
    let unknown = serde_json::json!({"command": "?", "args": {}});
    let words = serde_json::from_value::<Verb>(unknown)
        .unwrap_err()
        .to_string();
    let names = words.split('`').skip(1).step_by(2);
    names
        .filter(|name| *name != "?")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_has_a_key() {
    let keys = [
        ("pause", "Plunch<Enter>"),
        ("resume", "p"),
        ("escalate", "Ewhy<Enter>y"),
        ("requeue", "R<Enter>y"),
        ("park", "xwhy<Enter>y"),
        ("unpark", "jjjju"),
        ("drop", "jjDwebhook-relay<Enter>"),
        ("retry", "ry"),
        ("abort", "Xy"),
        ("rewind", "<Tab><Tab><Tab>kWgithub-issue-digest<Enter>"),
        ("hint", "iso<Enter>"),
        ("decide", "v3<Enter>y"),
        ("stop", "Q<Enter>y"),
        ("probe", "2r"),
        ("not-stuck", "v7y"),
        ("snooze", "!<Enter><Enter>"),
        ("reopen", "3O it breaks<Ctrl-d>y"),
        ("add", "aan idea<Ctrl-d>"),
        ("edit", "jje more<Ctrl-d>"),
        ("prioritise", "jj+"),
        ("budget", "b3<Enter>y"),
    ];
    for name in every_name() {
        let (_, keys) = keys
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} has no key"));
        let mut model = ready();
        let mut s = rich();
        match name.as_str() {
            "resume" => s.pauses = vec![paused()],
            "snooze" => s.needs = vec![need("files:1", Vec::new())],
            _ => {}
        }
        told(&mut model, &s);
        if name == "reopen" {
            press(&mut model, "3");
            let rows = &model.table.rows;
            let shipped = rows.iter().position(|row| row.version.is_some());
            model.tools.cursor = shipped.unwrap();
        }
        let effects = press(&mut model, keys);
        let sent = effects.iter().find_map(|effect| match effect {
            Effect::Send(verb, _) => Some(verb.name()),
            _ => None,
        });
        assert_eq!(
            sent,
            Some(name.as_str()),
            "{keys}: {:?} {}",
            model.layers,
            answered(&model)
        );
        assert!(model.layers.is_empty() || name == "snooze", "{keys}");
    }
}

fn paused() -> Pause {
    Pause {
        id: "pause-1".to_owned(),
        kind: PauseKind::Operator,
        by: "operator:oper".to_owned(),
        scope: Scope::Factory,
        reason: String::new(),
        since: snapshot().at,
        until: None,
    }
}

#[test]
fn a_pause_that_resume_does_not_lift_gets_no_second_one() {
    let mut model = ready();
    let mut s = rich();
    let held = |kind, scope| Pause {
        id: "pause-3".to_owned(),
        kind,
        scope,
        reason: "the engine failed three times".to_owned(),
        ..paused()
    };
    s.pauses = vec![held(PauseKind::Incident, Scope::Factory)];
    told(&mut model, &s);
    let offered = |model: &Model| {
        let row = TABLE.iter().find(|row| row.action == Action::Pause);
        offer::word(model, row.unwrap())
    };
    assert_eq!(offered(&model), None);
    assert_eq!(press(&mut model, "p"), []);
    assert_eq!(
        answered(&model),
        "held by pause-3, the engine failed three times: ! has the ways out"
    );
    // One of a person beside it is lifted.
    s.pauses.push(paused());
    told(&mut model, &s);
    assert_eq!(offered(&model), Some("resume"));
    let resume = |target: Option<&str>| {
        let target = target.map(str::to_owned);
        let reason = None;
        vec![Effect::Send(Verb::Resume { target, reason }, None)]
    };
    assert_eq!(press(&mut model, "p"), resume(None));
    // The same of a role.
    s.pauses = vec![held(PauseKind::Budget, Scope::Developer)];
    told(&mut model, &s);
    press(&mut model, "2g");
    assert_eq!(offered(&model), None);
    assert_eq!(press(&mut model, "p"), []);
    s.pauses[0].kind = PauseKind::Operator;
    told(&mut model, &s);
    assert_eq!(press(&mut model, "p"), resume(Some("developer")));
}

#[test]
fn what_is_looked_for_is_found_anew_when_the_queue_changes() {
    let mut model = ready();
    let mut s = rich();
    press(&mut model, "/csv<Enter>");
    let names = |model: &Model| model.names();
    assert_eq!(names(&model), ["csv-diff"]);
    let other = s.queue.iter().position(|item| item.name == "port-scout");
    s.queue[other.unwrap()].idea = "reads CSV".to_owned();
    told(&mut model, &s);
    assert_eq!(names(&model), ["csv-diff", "port-scout"]);
    s.queue.rotate_right(1);
    told(&mut model, &s);
    assert_eq!(names(&model).len(), 2);
    s.queue.retain(|item| item.name != "csv-diff");
    told(&mut model, &s);
    assert_eq!(names(&model), ["port-scout"]);
    press(&mut model, "<Esc>");
    assert_eq!(names(&model).len(), s.queue.len());
}

fn need(id: &str, ways: Vec<Way>) -> Need {
    Need {
        id: id.to_owned(),
        why: format!("{id} waits"),
        waiting: String::new(),
        ways,
        since: snapshot().at,
        blocking: false,
        ..Need::default()
    }
}

#[test]
fn a_pause_has_reason_time_and_scope_and_a_wrong_time_is_said() {
    let mut model = ready();
    assert_eq!(press(&mut model, "Pgaming<Tab>tomorrow<Enter>"), []);
    let Some(Layer::Form(form)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    assert!(
        form.problem.as_ref().unwrap().contains("tomorrow"),
        "{form:?}"
    );
    let effects = press(&mut model, "<Ctrl-u>07:00<Tab><Right><Right><Enter>");
    // It is 02:41 on the wall, an hour east of Greenwich.
    let verb = Verb::Pause {
        scope: Some(Scope::Qa),
        reason: Some("gaming".to_owned()),
        until: Some(crate::screen::at(7, 0, 0)),
    };
    assert_eq!(effects, [Effect::Send(verb, None)]);
}

#[test]
fn a_limit_shows_what_is_used_and_is_confirmed() {
    let mut model = ready();
    press(&mut model, "b<Tab><Right><Tab><Right><Right>");
    let text = words(&mut model, (80, 24));
    assert!(text.contains("qa has used 1234 of 5000 tokens"), "{text}");
    assert_eq!(press(&mut model, "<Shift-Tab><Shift-Tab>6k<Enter>"), []);
    let verb = Verb::Budget {
        scope: "qa".to_owned(),
        unit: Unit::Tokens,
        amount: 6000.0,
    };
    assert_eq!(press(&mut model, "y"), [Effect::Send(verb, None)]);
    press(&mut model, "bmuch<Enter>");
    assert!(words(&mut model, (80, 24)).contains("\"much\" is no amount"));
    // On an item of the queue it is about that.
    press(&mut model, "<Esc><Esc>jjjjb9<Enter>");
    let Some(Layer::Confirm(confirm)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    assert!(confirm.title.contains("cost-tracker"), "{}", confirm.title);
}

#[test]
fn the_worst_asks_for_the_name_and_takes_no_other() {
    let mut model = ready();
    assert_eq!(press(&mut model, "jjD<Enter>"), [], "Enter alone is Cancel");
    assert_eq!(model.layers, []);
    assert_eq!(press(&mut model, "Dy<Enter>csv-diff<Enter>"), []);
    assert_eq!(press(&mut model, "<Ctrl-u>webhook-rela<Enter>"), []);
    let drop = Verb::Drop {
        item: "webhook-relay".to_owned(),
        reason: None,
    };
    assert_eq!(press(&mut model, "y<Enter>"), [Effect::Send(drop, None)]);
    assert_eq!(press(&mut model, "D<Esc>"), []);
    assert_eq!(model.layers, []);
}

#[test]
fn the_cursor_stays_on_its_item_and_acts_on_no_other() {
    let mut model = ready();
    press(&mut model, "jj");
    let name = |model: &Model| model.picked().map(|item| item.name.clone());
    assert_eq!(name(&model).as_deref(), Some("webhook-relay"));
    let mut s = rich();
    s.queue.rotate_right(2);
    told(&mut model, &s);
    assert_eq!(name(&model).as_deref(), Some("webhook-relay"));
    s.queue.retain(|item| item.name != "webhook-relay");
    told(&mut model, &s);
    for key in ["+", "-", "u", "e", "D", "x", "R"] {
        assert_eq!(press(&mut model, key), [], "{key}");
        assert_eq!(model.layers, [], "{key}");
        assert!(
            answered(&model).contains("webhook-relay is no longer there"),
            "{key}"
        );
    }
    press(&mut model, "j");
    assert!(name(&model).is_some(), "a move chooses anew");
    // Without a choice nothing is meant.
    let mut model = ready();
    assert_eq!(press(&mut model, "D"), []);
    assert!(
        answered(&model).contains("choose an item"),
        "{}",
        answered(&model)
    );
}

#[test]
fn priorities_add_up_before_the_engine_has_answered() {
    let mut model = ready();
    let to = |priority| {
        let verb = Verb::Prioritise {
            item: "webhook-relay".to_owned(),
            priority,
        };
        Effect::Send(verb, None)
    };
    assert_eq!(press(&mut model, "jj++-"), [to(3), to(4), to(3)]);
    told(&mut model, &rich());
    assert_eq!(press(&mut model, "+"), [to(4)], "it is still on its way");
    let answer = Answer {
        accepted: false,
        sentence: "no".to_owned(),
    };
    tell(&mut model, Message::Answer(answer));
    assert_eq!(press(&mut model, "+"), [to(3)], "refused: counted anew");
    let mut s = rich();
    s.queue[1].priority = 3;
    told(&mut model, &s);
    assert_eq!(press(&mut model, "+"), [to(4)], "counted from the engine's");
}

/// What a dialog says in a window it fills, its rows one after another.
pub fn running(model: &mut Model) -> String {
    let text = words(model, (60, 16)).replace('│', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

#[test]
fn what_has_changed_under_a_dialog_is_said_and_nothing_is_sent() {
    let mut later = rich();
    later.phase = Phase::Fixing;
    for keys in ["X", "Ewhy<Enter>", "xwhy<Enter>", "R<Enter>"] {
        let mut model = ready();
        press(&mut model, keys);
        told(&mut model, &later);
        let text = running(&mut model);
        assert!(
            text.contains("github-issue-digest is in fixing now"),
            "{text}"
        );
        assert_eq!(press(&mut model, "y"), [], "{keys}");
        assert!(answered(&model).contains("nothing was sent"), "{keys}");
    }
    // While a text is asked for, too.
    let mut model = ready();
    press(&mut model, "iuse fs");
    told(&mut model, &later);
    assert!(running(&mut model).contains("nothing will be sent"));
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert!(answered(&model).contains("nothing was sent"));
    // And where it is about an item.
    let mut model = ready();
    press(&mut model, "jjD");
    let mut later = rich();
    later.queue[1].status = ItemStatus::NeedsHuman;
    told(&mut model, &later);
    assert!(running(&mut model).contains("webhook-relay is parked now"));
    assert_eq!(press(&mut model, "webhook-relay<Enter>"), []);
    let mut model = ready();
    press(&mut model, "jjjjjv4words");
    let whole = later.clone();
    later.queue.remove(4);
    told(&mut model, &later);
    assert_eq!(press(&mut model, "<Enter>"), []);
    assert!(answered(&model).contains("port-scout is no longer in the queue"));
    // As it was, the same keys would have gone on to the question.
    let mut model = ready();
    told(&mut model, &whole);
    assert_eq!(press(&mut model, "jjjjjv4words<Enter>y").len(), 1);
}

#[test]
fn any_item_is_requeued_where_it_stood_or_afresh() {
    let mut model = ready();
    let verb = |fresh| Verb::Requeue {
        item: Some("cost-tracker".to_owned()),
        fresh,
        reason: None,
        priority: None,
    };
    let sent = |fresh| [Effect::Send(verb(fresh), None)];
    assert_eq!(press(&mut model, "jjjjR<Enter>y"), sent(false));
    assert_eq!(press(&mut model, "R<Tab><Right><Enter>y"), sent(true));
    // One that waits already would be refused where it stood: it begins with afresh.
    let mut model = ready();
    let verb = Verb::Requeue {
        item: Some("webhook-relay".to_owned()),
        fresh: true,
        reason: None,
        priority: None,
    };
    assert_eq!(press(&mut model, "jjR<Enter>y"), [Effect::Send(verb, None)]);
}

#[test]
fn what_the_engine_would_refuse_is_not_offered_and_says_why() {
    let offered = |model: &Model, action| offer::key(model, action).is_some();
    let mut model = ready();
    press(&mut model, "jjjj");
    assert!(!offered(&model, Action::Park) && offered(&model, Action::Unpark));
    assert_eq!(press(&mut model, "x"), []);
    assert!(model.layers.is_empty() && answered(&model).contains("parked already"));
    // Nobody works: there is nothing to abort, and nothing to begin again.
    let mut s = rich();
    s.attempt = None;
    let mut model = night("default");
    told(&mut model, &s);
    for (key, action) in [("X", Action::Abort), ("r", Action::Retry)] {
        assert!(!offered(&model, action));
        assert_eq!(press(&mut model, key), []);
        assert!(answered(&model).contains("nobody works on"), "{key}");
    }
    // An escalated tool is answered by a decision, not by a hint.
    s.phase = Phase::Review;
    s.escalation = s.queue[4].escalation.clone();
    told(&mut model, &s);
    for (key, action) in [("i", Action::Hint), ("E", Action::Escalate)] {
        assert!(!offered(&model, action), "{key}");
        assert_eq!(press(&mut model, key), []);
        assert!(model.layers.is_empty(), "{key}");
    }
}

#[test]
fn where_no_engine_runs_no_host_is_tried() {
    let offered = |model: &Model| offer::key(model, Action::Probe).is_some();
    let mut model = ready();
    press(&mut model, "2");
    assert!(offered(&model));
    model.engine = Engine::Gone;
    assert!(!offered(&model));
    assert_eq!(press(&mut model, "r"), []);
    let words = answered(&model);
    assert!(words.contains("no engine runs: p starts it"), "{words}");
    // Before the first snapshot there is no host to be tried.
    model.engine = Engine::Runs;
    model.snapshot = None;
    assert!(!offered(&model));
    assert_eq!(press(&mut model, "r"), []);
}

#[test]
fn a_pane_with_nothing_in_it_offers_no_key_for_it() {
    let offered = |model: &Model, action| {
        let row = TABLE.iter().find(|row| row.action == action).unwrap();
        offer::word(model, row).is_some()
    };
    let table = [Action::Window, Action::Sort, Action::Reverse];
    let mut blank = crate::screen::model("default");
    for (tab, actions) in [
        ("1", &[Action::Filter, Action::Follow][..]),
        ("2", &[Action::Filter]),
        ("3", &table),
        ("3", &[Action::Filter]),
        ("4", &[Action::Filter, Action::Follow]),
    ] {
        press(&mut blank, tab);
        for action in actions {
            assert!(!offered(&blank, *action), "{tab} {action:?}");
        }
    }
    let mut model = night("default");
    press(&mut model, "3");
    assert!(table.iter().all(|action| offered(&model, *action)));
    // The table alone has no days.
    press(&mut model, "z");
    assert!(!offered(&model, Action::Window) && offered(&model, Action::Sort));
    // A text that nothing has can be taken away again.
    press(&mut model, "/no tool has this<Enter>");
    assert!(offered(&model, Action::Filter) && !offered(&model, Action::Sort));
    press(&mut model, "4");
    assert!(offered(&model, Action::Filter) && offered(&model, Action::Follow));
}

#[test]
fn a_verdict_is_closed_as_the_engine_says() {
    let mut s = rich();
    s.queue[4].escalation = None;
    let closed = [
        (Decision::Takeover, "it was sent back 0 of 2 times"),
        (Decision::SendBack, "it has no run yet"),
    ];
    let mut all = judged("port-scout", &closed);
    all.verdicts
        .retain(|v| !matches!(v.decision, Decision::Hint | Decision::TestDefect));
    s.judged = vec![all];
    let mut model = night("default");
    told(&mut model, &s);
    press(&mut model, "v");
    let text = words(&mut model, (80, 24));
    for part in [
        "closed: it has no run yet",
        "closed: it was sent back 0 of 2",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("test-defect"), "{text}");
    assert_eq!(press(&mut model, "2"), []);
    assert!(answered(&model).contains("send-back is closed: it has no run yet"));
    // After two of them a takeover is open, also of one that is not escalated.
    s.judged[0]
        .verdicts
        .iter_mut()
        .for_each(|v| v.closed = None);
    told(&mut model, &s);
    assert_eq!(press(&mut model, "<Esc>v4src/a.js<Enter>y").len(), 1);
}

#[test]
fn the_engine_is_stopped_now_or_started_anew_from_one_dialog() {
    let stop = |after, restart| {
        let verb = Verb::Stop {
            after,
            restart,
            reason: None,
        };
        [Effect::Send(verb, None)]
    };
    let mut model = ready();
    assert_eq!(
        press(&mut model, "Q<Right><Enter>y"),
        stop(StopAfter::Now, false)
    );
    assert_eq!(
        press(&mut model, "Q<Left><Enter>y"),
        stop(StopAfter::Turn, true)
    );
}

#[test]
fn a_stuck_tool_takes_every_decision_and_the_rule_can_be_wrong() {
    let decide = |decision, case: Option<&str>, file: Option<&str>, text: Option<&str>| {
        let of = |text: Option<&str>| text.map(str::to_owned);
        let verb = Verb::Decide {
            item: Some("port-scout".to_owned()),
            decision,
            text: of(text),
            case: of(case),
            file: of(file),
        };
        vec![Effect::Send(verb, None)]
    };
    let mut model = ready();
    assert_eq!(press(&mut model, "v1"), []);
    assert!(answered(&model).contains("ship is closed"));
    assert_eq!(
        press(&mut model, "5h4<Tab>the clause is clear<Enter>y"),
        decide(
            Decision::TestDefect,
            Some("h4"),
            None,
            Some("the clause is clear")
        )
    );
    assert_eq!(
        press(&mut model, "v5<Enter>"),
        [],
        "which case must be said"
    );
    assert_eq!(
        press(&mut model, "<Esc>v6src/cli.js<Enter>y"),
        decide(Decision::Takeover, None, Some("src/cli.js"), None)
    );
    let wrong = Verb::NotStuck {
        rule: "S4".to_owned(),
        item: Some("port-scout".to_owned()),
    };
    assert_eq!(press(&mut model, "v7y"), [Effect::Send(wrong, None)]);
}

#[test]
fn an_idea_is_written_in_lines_with_undo_paste_and_a_second_esc() {
    let mut model = ready();
    press(&mut model, "acsv<Enter>two");
    tell(&mut model, Message::Paste(" 日本\r\nthree\u{7}".to_owned()));
    let add = |idea: &str| {
        let verb = Verb::Add {
            idea: idea.to_owned(),
            priority: None,
            name: None,
        };
        [Effect::Send(verb, None)]
    };
    assert_eq!(press(&mut model, "<Ctrl-d>"), add("csv\ntwo 日本\nthree"));
    press(&mut model, "aone");
    tell(&mut model, Message::Paste(" two".to_owned()));
    assert_eq!(press(&mut model, "<Ctrl-z><Ctrl-d>"), add("one"));
    // Text is thrown away at the second Esc only.
    assert_eq!(press(&mut model, "aone<Esc>"), []);
    assert!(words(&mut model, (80, 24)).contains("Esc again throws it away"));
    assert_eq!(press(&mut model, "<Esc>"), []);
    assert_eq!(model.layers, []);
    assert_eq!(press(&mut model, "a<Esc>"), []);
    assert_eq!(model.layers, [], "an empty one goes at once");
    assert_eq!(press(&mut model, "a<Ctrl-d>"), []);
    assert!(words(&mut model, (80, 24)).contains("a text is needed"));
    // The idea of the cursor, elsewhere and back.
    press(&mut model, "<Esc><Esc>jje");
    let there = "the idea of webhook-relay\nin two lines".to_owned();
    assert_eq!(press(&mut model, "<Ctrl-x>"), [Effect::Edit(there)]);
    tell(&mut model, Message::Edited(Ok("new\nlines\n".to_owned())));
    let edit = Verb::Edit {
        item: "webhook-relay".to_owned(),
        idea: "new\nlines".to_owned(),
    };
    assert_eq!(press(&mut model, "<Ctrl-d>"), [Effect::Send(edit, None)]);
}

#[test]
fn the_queue_is_searched_and_esc_shows_all() {
    let mut model = ready();
    press(&mut model, "/IDEA OF C<Enter>");
    assert_eq!(model.names(), ["csv-diff", "cost-tracker"]);
    let name = |model: &Model| model.picked().map(|item| item.name.clone()).unwrap();
    assert_eq!(name(&model), "csv-diff");
    press(&mut model, "n");
    assert_eq!(name(&model), "cost-tracker");
    press(&mut model, "n");
    assert_eq!(name(&model), "csv-diff", "round");
    press(&mut model, "N");
    assert_eq!(name(&model), "cost-tracker");
    press(&mut model, "<Esc>");
    assert_eq!((model.find.as_str(), model.names().len()), ("", 5));
    assert_eq!(
        (model.focus, name(&model).as_str()),
        (Focus::Queue, "cost-tracker")
    );
    press(&mut model, "<Esc>");
    assert_eq!(model.focus, Focus::Work);
    press(&mut model, "/nothing<Enter>");
    assert!(answered(&model).contains("no item has"));
}

#[test]
fn tab_goes_through_the_panes_and_the_cursor_is_only_in_one() {
    let mut model = ready();
    let mut seen = Vec::new();
    for _ in 0..4 {
        press(&mut model, "<Tab>");
        seen.push(model.focus);
    }
    assert_eq!(
        seen,
        [Focus::Queue, Focus::Live, Focus::Timeline, Focus::Work]
    );
    press(&mut model, "<Shift-Tab>");
    assert_eq!(model.focus, Focus::Timeline);
    assert!(model.picked().is_none(), "the queue's cursor is away");
    press(&mut model, "k");
    assert_eq!(model.moves.on(), Some(&12));
    press(&mut model, "G");
    assert_eq!(model.moves.on(), Some(&19));
}

/// The card with one entry of these ways.
fn card(ways: Vec<Way>) -> Model {
    let mut model = ready();
    let mut s = rich();
    s.needs = vec![need("park:cost-tracker", ways), need("files:1", Vec::new())];
    told(&mut model, &s);
    press(&mut model, "!");
    model
}

#[test]
fn ways_out_act_by_number_at_their_level_of_care() {
    let unpark = Verb::Unpark {
        item: "cost-tracker".to_owned(),
        reason: None,
        priority: None,
    };
    let drop = Verb::Drop {
        item: "cost-tracker".to_owned(),
        reason: None,
    };
    let hint = Verb::Decide {
        item: Some("port-scout".to_owned()),
        decision: Decision::Hint,
        text: None,
        case: None,
        file: None,
    };
    let ways = vec![
        way(unpark.clone()),
        way(drop.clone()),
        way(hint),
        Way::limit("cost-tracker", Some(Unit::Tokens), "raise its limit", ""),
        Way::hands("wait"),
        Way {
            act: Act::Address {
                host: "gpu2".to_owned(),
                url: "http://10.0.0.6:11434".to_owned(),
            },
            ..Way::hands("gpu2 has a new address")
        },
        Way::read("dev-factory retry"),
    ];
    let mut model = card(ways);
    assert_eq!(press(&mut model, "1"), [Effect::Send(unpark.clone(), None)]);
    assert_eq!(
        press(&mut model, "<Enter>"),
        [Effect::Send(unpark, None)],
        "the cursor is there"
    );
    assert_eq!(
        press(&mut model, "2cost-tracker<Enter>"),
        [Effect::Send(drop, None)]
    );
    assert_eq!(press(&mut model, "3use fs<Enter>"), []);
    let hinted = Verb::Decide {
        item: Some("port-scout".to_owned()),
        decision: Decision::Hint,
        text: Some("use fs".to_owned()),
        case: None,
        file: None,
    };
    assert_eq!(press(&mut model, "y"), [Effect::Send(hinted, None)]);
    let raised = Verb::Budget {
        scope: "cost-tracker".to_owned(),
        unit: Unit::Tokens,
        amount: 600_000.0,
    };
    assert_eq!(
        press(&mut model, "4600k<Enter>y"),
        [Effect::Send(raised, None)]
    );
    assert_eq!(press(&mut model, "5"), []);
    assert!(answered(&model).contains("your own hands: wait"));
    assert_eq!(press(&mut model, "6"), []);
    let Some(Layer::Form(form)) = model.layers.last() else {
        panic!("{:?}", model.layers)
    };
    assert_eq!(form.purpose, For::Address("gpu2".to_owned()));
    let address = Effect::Address {
        host: "gpu2".to_owned(),
        url: "10.0.0.9:11434".to_owned(),
    };
    assert_eq!(press(&mut model, "<Ctrl-u><Enter>"), [], "an empty one");
    assert_eq!(
        press(&mut model, "<Ctrl-u>10.0.0.9:11434<Enter>"),
        [address]
    );
    press(&mut model, "7");
    assert!(
        matches!(model.layers.last(), Some(Layer::Palette(_))),
        "an old engine's words"
    );
    // Quiet until seven.
    let snooze = Verb::Snooze {
        need: "park:cost-tracker".to_owned(),
        until: crate::screen::at(7, 0, 0),
    };
    assert_eq!(
        press(&mut model, "<Esc>8<Enter>"),
        [Effect::Send(snooze, None)]
    );
    assert_eq!(press(&mut model, "9"), [], "there is no ninth");
}

#[test]
fn an_entry_answered_elsewhere_is_gone_and_its_numbers_hit_no_other() {
    let retry = || vec![way(Verb::Retry {})];
    let mut model = card(retry());
    let mut s = rich();
    s.needs = vec![need("files:1", retry())];
    told(&mut model, &s);
    let text = words(&mut model, (80, 24));
    assert!(text.contains("It is answered"), "{text}");
    assert_eq!(press(&mut model, "1<Enter>"), []);
    press(&mut model, "!");
    let there = Card {
        id: Some("files:1".to_owned()),
        at: 0,
        cursor: 0,
    };
    assert_eq!(model.layers.last(), Some(&Layer::Needs(there)));
    s.needs.insert(0, need("park:x", retry()));
    told(&mut model, &s);
    assert!(
        words(&mut model, (80, 24)).contains("files:1 waits"),
        "it stays on its entry"
    );
    model.readonly = true;
    assert_eq!(press(&mut model, "1"), []);
    assert!(answered(&model).starts_with("read-only"));
}

#[test]
fn nothing_under_way_and_nothing_known_ask_for_nothing() {
    let mut model = model("default");
    for key in ["E", "R", "x", "X", "r", "i", "W", "v", "D", "u", "+"] {
        assert_eq!(press(&mut model, key), [], "{key}");
        assert_eq!(model.layers, [], "{key}");
    }
}
