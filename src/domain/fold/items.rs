//! What happens to the backlog outside moves, and to what people set.

use crate::domain::event::{Adopted, Event, EventBody};
use crate::domain::factory::{Factory, Pending, ToolFacts};
use crate::domain::item::{Item, ItemStatus};
use crate::domain::phase::Phase;
use std::sync::Arc;

pub(super) fn apply(factory: &mut Factory, event: &Event) {
    match &event.body {
        EventBody::Adopted(found) => adopted(factory, event, found),
        EventBody::ItemAdded {
            name,
            idea,
            priority,
        } => added(factory, wanted(event, name, idea, *priority)),
        EventBody::ItemEdited {
            name,
            idea,
            priority,
        } => {
            if let Some(item) = factory.item_mut(name) {
                item.idea = idea.clone().unwrap_or_else(|| item.idea.clone());
                item.priority = priority.unwrap_or(item.priority);
            }
        }
        EventBody::ItemsOrdered { names } => {
            let place = |item: &Item| names.iter().position(|n| *n == item.name);
            Arc::make_mut(&mut factory.items).sort_by_key(|item| place(item).unwrap_or(usize::MAX));
        }
        EventBody::ItemDropped { name, reason } => dropped(factory, name, reason),
        EventBody::ItemParked { name, reason } => {
            forget_decision(factory, name);
            factory.totals.parked = factory.totals.parked.saturating_add(1);
            if let Some(facts) = idle_facts(factory, name) {
                facts.set_aside();
                facts.stands = Some((event.seq, event.ts));
            }
            aside(factory, name, ItemStatus::NeedsHuman, Some(reason));
        }
        EventBody::ItemRequeued { name, fresh, .. } => requeued(factory, name, *fresh),
        EventBody::ItemReopened { name, .. } => reopened(factory, name),
        EventBody::BudgetSet {
            scope,
            unit,
            amount,
        } if amount.is_finite() => limited(factory, scope, unit.name(), *amount),
        EventBody::Decided { .. } => decided(factory, event),
        _ => {}
    }
}

fn adopted(factory: &mut Factory, event: &Event, found: &Adopted) {
    for item in &found.items {
        added(factory, adopted_item(item));
    }
    for (tool, version) in &found.shipped {
        adopt_shipped(factory, event, tool, version);
    }
}

fn added(factory: &mut Factory, item: Item) {
    if factory.item(&item.name).is_none() {
        Arc::make_mut(&mut factory.items).push(item);
    }
}

/// A tool that moves is on the list, even when the line of the journal that put it there is damaged:
/// what it ships would be an idea again otherwise. The wishlist gives its words back.
pub(super) fn known(factory: &mut Factory, event: &Event, tool: &str) {
    added(factory, wanted(event, tool, tool, 0));
}

fn wanted(event: &Event, name: &str, idea: &str, priority: i64) -> Item {
    Item {
        idea: idea.to_owned(),
        priority,
        name: name.to_owned(),
        status: ItemStatus::Wanted,
        added_at: event.ts,
        reason: None,
        branch: None,
        phase: None,
        escalation: None,
    }
}

fn limited(factory: &mut Factory, scope: &str, unit: &str, amount: f64) {
    let amount = super::tools::exact_limit(amount);
    factory.limits.insert(format!("{scope}/{unit}"), amount);
    if let Some(facts) = factory.known_facts_mut(scope) {
        facts.limits.insert(unit.to_owned(), amount);
    }
}

fn decided(factory: &mut Factory, event: &Event) {
    let EventBody::Decided {
        item,
        decision,
        text,
        case,
        file,
    } = &event.body
    else {
        return;
    };
    factory.facts_mut(item).decision = Some(Pending {
        decision: *decision,
        text: text.clone(),
        by: event.actor.clone(),
        case: case.clone(),
        file: file.clone(),
    });
}

fn adopted_item(found: &Item) -> Item {
    let mut item = found.clone();
    if item.status == ItemStatus::Building {
        item.status = ItemStatus::Wanted;
    }
    if item.status == ItemStatus::InReview && item.escalation.is_none() {
        // Evidence was measured elsewhere: the gates measure the branch again.
        item.status = ItemStatus::Wanted;
        item.phase = Some(Phase::Qa);
    }
    item
}

fn adopt_shipped(factory: &mut Factory, event: &Event, tool: &str, version: &str) {
    factory.totals.shipped = factory.totals.shipped.saturating_add(1);
    let facts = factory.facts_mut(tool);
    facts.picked = true;
    facts.shipped_at = Some(event.ts);
    if !facts.versions.iter().any(|v| v == version) {
        facts.versions.push(version.to_owned());
    }
    let mut item = wanted(event, tool, tool, 0);
    item.status = ItemStatus::Shipped;
    added(factory, item);
}

/// An item under way is never set aside by these events: it leaves the lane by a move first.
fn aside(factory: &mut Factory, name: &str, status: ItemStatus, reason: Option<&String>) {
    if factory.current_tool.as_deref() == Some(name) {
        return;
    }
    if let Some(item) = factory.item_mut(name) {
        item.status = status;
        item.reason = reason.cloned();
    }
}

/// What is remembered of a tool that is not under way.
fn idle_facts<'a>(factory: &'a mut Factory, name: &str) -> Option<&'a mut ToolFacts> {
    let under_way = factory.current_tool.as_deref() == Some(name);
    factory.known_facts_mut(name).filter(|_| !under_way)
}

fn forget_decision(factory: &mut Factory, name: &str) {
    if let Some(facts) = factory.known_facts_mut(name) {
        facts.decision = None;
        facts.parked_by = None;
    }
}

fn dropped(factory: &mut Factory, name: &str, reason: &String) {
    let counts = factory.facts(name).is_some_and(|facts| facts.picked);
    if counts && factory.current_tool.as_deref() != Some(name) {
        factory.totals.dropped_after_pick = factory.totals.dropped_after_pick.saturating_add(1);
    }
    forget_decision(factory, name);
    if let Some(facts) = idle_facts(factory, name) {
        // It may be asked for again, and goes on where it stood then.
        facts.set_aside();
    }
    aside(factory, name, ItemStatus::Dropped, Some(reason));
}

fn requeued(factory: &mut Factory, name: &str, fresh: bool) {
    forget_decision(factory, name);
    aside(factory, name, ItemStatus::Wanted, None);
    if fresh {
        if let Some(facts) = factory.known_facts_mut(name) {
            facts.reopened = false;
        }
        if let Some(item) = factory.item_mut(name) {
            item.branch = None;
            item.phase = None;
            item.escalation = None;
        }
    }
    put_last_of_its_priority(Arc::make_mut(&mut factory.items), name);
}

fn reopened(factory: &mut Factory, name: &str) {
    aside(factory, name, ItemStatus::Wanted, None);
    if let Some(item) = factory.item_mut(name) {
        item.phase = Some(Phase::Fixing);
        item.branch = None;
        item.escalation = None;
    }
    let facts = factory.facts_mut(name);
    // The shipped spec and its cases stay in force: what is public or struck stays so.
    let (revealed, struck) = (facts.revealed.clone(), facts.struck.clone());
    facts.begin();
    facts.revealed = revealed;
    facts.struck = struck;
    facts.reopened = true;
    facts.cycles = 0;
    facts.started_at = None;
}

/// Puts an item behind the last other one of its priority.
pub(super) fn put_last_of_its_priority(items: &mut Vec<Item>, name: &str) {
    let Some(at) = items.iter().position(|item| item.name == name) else {
        return;
    };
    let item = items.remove(at);
    let last = items.iter().rposition(|i| i.priority == item.priority);
    let to = last.map_or(at, |last| (last + 1).max(at));
    items.insert(to.min(items.len()), item);
}
