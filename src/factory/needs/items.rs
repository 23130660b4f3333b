//! What waits for a person because of an item of the backlog: finished, stuck, parked, or decided and held by main.

use super::REASON;
use crate::agents::triage;
use crate::domain::command::{Decision, Verb};
use crate::domain::event::Unit;
use crate::domain::item::Item;
use crate::domain::phase::Phase;
use crate::domain::screen::{Need, Way};
use crate::domain::state::Escalation;
use crate::domain::stuck;
use crate::text::sanitise::one_line;

/// A decision on a tool, in words yet to be written.
pub(super) fn decide(decision: Decision, tool: &str) -> Verb {
    Verb::Decide {
        item: Some(tool.to_owned()),
        decision,
        text: None,
        case: None,
        file: None,
    }
}

/// A decision that main keeps from taking effect.
pub(super) fn main_need(item: &Item) -> Need {
    let reason = item.reason.clone().unwrap_or_default();
    Need {
        id: format!("main:{}", item.name),
        title: format!("{} is to ship as soon as main is ready", item.name),
        why: reason,
        ways: vec![Way::hands(
            "git checkout main, with nothing staged; it ships by itself then",
        )],
        ..Need::default()
    }
}

/// A tool on the shelf, finished or escalated.
pub(super) fn review_need(item: &Item, measured: bool) -> Need {
    let reason = one_line(item.reason.as_deref().unwrap_or_default(), REASON);
    let name = &item.name;
    let (title, why, ways) = match &item.escalation {
        Some(escalation) => (
            format!("{name} is stuck"),
            format!("{}; {reason}", escalation.reason),
            stuck_ways(name, escalation, measured),
        ),
        None => (
            format!("{name} waits for a verdict"),
            reason,
            vec![
                Way::send(
                    decide(Decision::Ship, name),
                    "ship it",
                    "merged into main and tagged",
                ),
                Way::send(
                    decide(Decision::SendBack, name),
                    "send it back",
                    "your words become a bug, one more cycle",
                ),
            ],
        ),
    };
    Need {
        id: format!("review:{name}"),
        title,
        why,
        waiting: format!("costs nothing: {name} is safe on the shelf"),
        ways,
        ..Need::default()
    }
}

fn stuck_ways(name: &str, escalation: &Escalation, measured: bool) -> Vec<Way> {
    let back = escalation.from;
    let mut ways = vec![
        Way::send(
            decide(Decision::Hint, name),
            "give a hint",
            format!("{back} goes on with your words"),
        ),
        Way::send(
            decide(Decision::Respec, name),
            "have its spec written anew",
            "starts from spec",
        ),
    ];
    if measured {
        ways.push(Way::send(
            decide(Decision::TestDefect, name),
            "a test is wrong",
            "the case you name is struck",
        ));
    }
    let rule = escalation.reason.split(':').next();
    let rule = rule.filter(|rule| stuck::unanswerable(rule).is_none());
    ways.extend(rule.map(|rule| {
        let verb = Verb::NotStuck {
            rule: rule.to_owned(),
            item: Some(name.to_owned()),
        };
        let effect = format!("{rule} is off for it, {back} goes on");
        Way::send(verb, "it is not stuck", effect)
    }));
    ways
}

pub(super) fn parked_need(item: &Item, by: Option<Unit>) -> Need {
    let whole = item.reason.clone().unwrap_or_default();
    let name = &item.name;
    let mut ways = parked_ways(item, &whole);
    if let Some(unit) = by {
        let raise = Way::limit(name, Some(unit), "raise its limit", "it goes on then");
        ways.insert(0, raise);
    }
    Need {
        id: format!("park:{name}"),
        title: format!("{name} is parked"),
        why: one_line(&whole, REASON),
        waiting: "costs nothing: its branch is kept".to_owned(),
        ways,
        ..Need::default()
    }
}

/// What to do about a parked item: split it where that was proposed, go on with it, or drop it.
fn parked_ways(item: &Item, reason: &str) -> Vec<Way> {
    let name = || item.name.clone();
    let parts = triage::parts(reason);
    let mut ways: Vec<Way> = parts
        .iter()
        .map(|part| {
            let verb = Verb::Add {
                idea: (*part).to_owned(),
                priority: None,
                name: None,
            };
            Way::send(verb, "add a part as an idea of its own", *part)
        })
        .collect();
    let at = item.phase.unwrap_or(Phase::Spec);
    ways.push(Way::send(
        Verb::Unpark {
            item: name(),
            reason: None,
            priority: None,
        },
        "take it up again",
        format!("goes on in {at}"),
    ));
    if parts.is_empty() {
        ways.push(Way::send(
            Verb::Requeue {
                item: Some(name()),
                fresh: true,
                reason: None,
                priority: None,
            },
            "start it afresh",
            "from spec, the old branch kept",
        ));
    }
    ways.push(Way::send(
        Verb::Drop {
            item: name(),
            reason: None,
        },
        "give it up",
        "its branch stays",
    ));
    ways
}
