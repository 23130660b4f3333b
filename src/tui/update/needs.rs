//! The needs-you card: going through what waits, and taking a way out.

use super::super::action::Action;
use super::super::effect::{About, Effect};
use super::super::form::{For, Form};
use super::super::key::{Code, Key};
use super::super::layer::{Card, Layer};
use super::super::model::Model;
use super::super::palette::Palette;
use super::layers::closes;
use super::{open, orders, refused, show};
use crate::domain::command::Verb;
use crate::domain::event::Unit;
use crate::domain::screen::{Act, Need, Way};
use chrono::DateTime;

/// Opens the card of the most urgent entry.
pub fn first(model: &mut Model) {
    let card = at(model, 0);
    open(model, Layer::Needs(card));
}

fn at(model: &Model, at: usize) -> Card {
    let needs = model.snapshot.as_ref().map_or(&[][..], |s| &s.needs);
    Card {
        id: needs.get(at).map(|need| need.id.clone()),
        at,
        cursor: 0,
    }
}

/// The entry of a card; None = it has been answered since, or there was none.
#[must_use]
pub fn entry<'a>(model: &'a Model, card: &Card) -> Option<(usize, &'a Need)> {
    let needs = model.snapshot.as_ref().map_or(&[][..], |s| &s.needs);
    let id = card.id.as_ref()?;
    needs.iter().enumerate().find(|(_, need)| need.id == *id)
}

/// Until when nobody is called, unless another time is named.
pub const MORNING: &str = "07:00";

/// The ways out of an entry: its own, and being quiet about it for a while.
#[must_use]
pub fn ways(need: &Need) -> Vec<Way> {
    let snooze = Verb::Snooze {
        need: need.id.clone(),
        until: DateTime::UNIX_EPOCH,
    };
    let label = format!("snooze until {MORNING}");
    let snooze = Way::send(snooze, &label, "stays here and in status, no push");
    need.ways.iter().cloned().chain([snooze]).collect()
}

/// Takes a key for the card.
pub fn key(model: &mut Model, mut card: Card, key: Key) -> Vec<Effect> {
    let found = entry(model, &card).map(|(at, need)| (at, ways(need)));
    let here = found.as_ref().map(|(at, _)| *at);
    let ways = found.map(|(_, ways)| ways).unwrap_or_default();
    let last = ways.len().saturating_sub(1);
    match key.code {
        _ if closes(key) => return Vec::new(),
        _ if model.keys.is(key, Action::Needs) => {
            let count = model.snapshot.as_ref().map_or(0, |s| s.needs.len());
            // What was answered has left its place to the next.
            let next = here.map_or(card.at, |at| at + 1);
            card = at(model, if next < count { next } else { 0 });
        }
        Code::Char('j') | Code::Down => card.cursor = (card.cursor + 1).min(last),
        Code::Char('k') | Code::Up => card.cursor = card.cursor.saturating_sub(1),
        Code::Char(digit @ '1'..='9') => {
            let chosen = digit.to_digit(10).unwrap_or(1) as usize - 1;
            if chosen <= last {
                card.cursor = chosen;
            }
            let way = ways.get(chosen).cloned();
            open(model, Layer::Needs(card));
            return take(model, way);
        }
        Code::Enter => {
            let way = ways.get(card.cursor).cloned();
            open(model, Layer::Needs(card));
            return take(model, way);
        }
        _ => {}
    }
    open(model, Layer::Needs(card));
    Vec::new()
}

/// Takes a way out; the card stays below, and goes when it is answered.
fn take(model: &mut Model, way: Option<Way>) -> Vec<Effect> {
    let Some(way) = way else {
        return Vec::new();
    };
    if model.readonly {
        show(
            model,
            refused("read-only: nothing is sent from here".to_owned()),
        );
        return Vec::new();
    }
    match way.act {
        Act::Hands => {
            let words = format!("this one is for your own hands: {}", way.label);
            show(model, refused(words));
        }
        Act::Send(verb @ Verb::Snooze { .. }) => return orders::ask(model, verb),
        Act::Send(verb) => return orders::begin(model, verb),
        Act::Limit { scope, unit } => {
            let verb = Verb::Budget {
                scope,
                unit: unit.unwrap_or(Unit::Usd),
                amount: 0.0,
            };
            orders::ask(model, verb);
            // An older engine does not say what was used up: nothing is guessed.
            if let (None, Some(Layer::Form(form))) = (unit, model.layers.last_mut()) {
                form.unchosen("unit");
            }
        }
        Act::Address { host, url } => {
            let form = Form {
                about: About::default(),
                ..Form::line(
                    For::Address(host.clone()),
                    &format!("Where is {host} now?"),
                    "written into the settings file that names it, and read again at once",
                    &url,
                )
            };
            open(model, Layer::Form(form));
        }
        Act::Words(line) => open(model, Layer::Palette(Palette::with(&line, model.seen()))),
    }
    Vec::new()
}
