//! Limits and what has been used of them: per tool, per role and for the factory.

use super::decide::Limits;
use super::event::Unit;
use super::factory::{Factory, Used};
use super::need::{Need, Way};
use super::phase::Role;
use super::screen::LimitLine;
use chrono::{DateTime, Duration, Utc};

/// Milliseconds of a minute.
const MINUTE: f64 = 60_000.0;
/// Part of a limit at which people are told.
const NOTICE: f64 = 0.8;

/// One limit and its use.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// "factory", a role or a tool.
    pub scope: String,
    /// What is counted.
    pub unit: Unit,
    /// Used so far: by the tool's present build, or within 24 hours.
    pub used: f64,
    /// The limit in force.
    pub limit: f64,
}

impl Use {
    /// Nothing more may be started. A limit of no money at all still lets work go on that costs nothing.
    #[must_use]
    pub fn exceeded(&self) -> bool {
        self.counts() && self.used >= self.limit
    }

    /// 80 % are used.
    #[must_use]
    pub fn notice(&self) -> bool {
        self.counts() && self.used >= self.limit * NOTICE
    }

    fn counts(&self) -> bool {
        self.unit != Unit::Usd || self.used > 0.0
    }

    /// "dns-uptime-monitor has used 2.01 of 2.00 usd".
    #[must_use]
    pub fn words(&self) -> String {
        match self.unit {
            Unit::Usd => format!(
                "{} has used {:.2} of {:.2} usd",
                self.scope, self.used, self.limit
            ),
            Unit::Tokens => format!(
                "{} has used {:.0} of {:.0} tokens",
                self.scope, self.used, self.limit
            ),
            Unit::Minutes => format!(
                "{} has used {:.1} of {:.1} minutes",
                self.scope, self.used, self.limit
            ),
        }
    }
}

fn amount(used: Used, unit: Unit) -> f64 {
    match unit {
        Unit::Usd => used.usd,
        Unit::Tokens => used.tokens as f64,
        Unit::Minutes => used.millis as f64 / MINUTE,
    }
}

fn set(factory: &Factory, scope: &str, unit: Unit) -> Option<f64> {
    factory
        .limits
        .get(&format!("{scope}/{}", unit.name()))
        .copied()
}

/// A tool's three limits and their use by the present build.
#[must_use]
pub fn tool(factory: &Factory, limits: &Limits, name: &str) -> Vec<Use> {
    let used = factory
        .facts(name)
        .map(|facts| facts.used())
        .unwrap_or_default();
    Unit::ALL
        .into_iter()
        .map(|unit| {
            let usual = match unit {
                Unit::Usd => limits.tool_usd,
                Unit::Tokens => limits.tool_tokens as f64,
                Unit::Minutes => limits.tool_minutes as f64,
            };
            Use {
                scope: name.to_owned(),
                unit,
                used: amount(used, unit),
                limit: set(factory, name, unit).unwrap_or(usual),
            }
        })
        .collect()
}

/// The first limit a tool has reached.
#[must_use]
pub fn over_tool(factory: &Factory, limits: &Limits, name: &str) -> Option<Use> {
    tool(factory, limits, name).into_iter().find(Use::exceeded)
}

/// Used within the 24 hours before `now`, by one role or by all.
#[must_use]
pub fn day(factory: &Factory, role: Option<Role>, now: DateTime<Utc>) -> Used {
    let from = now.checked_sub_signed(Duration::hours(24)).unwrap_or(now);
    factory
        .spend
        .iter()
        .filter(|entry| {
            entry.at > from && entry.at <= now && (role.is_none() || entry.role == role)
        })
        .fold(Used::default(), |sum, entry| sum.plus(entry.used))
}

/// The factory's limits of 24 hours: 5.00 USD unless set, tokens and minutes only when set.
#[must_use]
pub fn factory(factory: &Factory, limits: &Limits, now: DateTime<Utc>) -> Vec<Use> {
    scope(
        factory,
        "factory",
        day(factory, None, now),
        Some(limits.day_usd),
    )
}

/// A role's limits of 24 hours: only those that were set.
#[must_use]
pub fn role(factory: &Factory, role: Role, now: DateTime<Utc>) -> Vec<Use> {
    scope(factory, role.name(), day(factory, Some(role), now), None)
}

fn scope(factory: &Factory, scope: &str, used: Used, usual_usd: Option<f64>) -> Vec<Use> {
    Unit::ALL
        .into_iter()
        .filter_map(|unit| {
            let usual = usual_usd.filter(|_| unit == Unit::Usd);
            Some(Use {
                scope: scope.to_owned(),
                unit,
                used: amount(used, unit),
                limit: set(factory, scope, unit).or(usual)?,
            })
        })
        .collect()
}

/// What stops a role now: its own limits and the factory's, of which money is no matter to a role on a free host.
#[must_use]
pub fn over_role(
    state: &Factory,
    limits: &Limits,
    who: Role,
    paid: bool,
    now: DateTime<Utc>,
) -> Option<Use> {
    factory(state, limits, now)
        .into_iter()
        .filter(|one| paid || one.unit != Unit::Usd)
        .chain(role(state, who, now))
        .find(Use::exceeded)
}

/// Every limit of which 80 % or more are used, most used first.
#[must_use]
pub fn notices(state: &Factory, limits: &Limits, now: DateTime<Utc>) -> Vec<Use> {
    let tools = state
        .current_tool
        .iter()
        .flat_map(|name| tool(state, limits, name));
    let roles = Role::ALL.into_iter().flat_map(|who| role(state, who, now));
    let mut found: Vec<Use> = factory(state, limits, now)
        .into_iter()
        .chain(roles)
        .chain(tools)
        .filter(Use::notice)
        .collect();
    let part = |one: &Use| {
        if one.limit > 0.0 {
            one.used / one.limit
        } else {
            f64::MAX
        }
    };
    found.sort_by(|a, b| part(b).total_cmp(&part(a)));
    found
}

/// What is used of each limit that can be set: the factory's, each role's, and those of the tools that are named.
#[must_use]
pub fn lines(
    state: &Factory,
    limits: &Limits,
    tools: &[&str],
    now: DateTime<Utc>,
) -> Vec<LimitLine> {
    let mut all = Vec::new();
    for who in std::iter::once(None).chain(Role::ALL.map(Some)) {
        let scope = who.map_or("factory", Role::name);
        let spent = day(state, who, now);
        for unit in Unit::ALL {
            let usual = (who.is_none() && unit == Unit::Usd).then_some(limits.day_usd);
            all.push(LimitLine {
                scope: scope.to_owned(),
                unit,
                used: amount(spent, unit),
                limit: set(state, scope, unit).or(usual),
            });
        }
    }
    let tools = tools.iter().flat_map(|name| tool(state, limits, name));
    all.extend(tools.map(|one| LimitLine {
        scope: one.scope,
        unit: one.unit,
        used: one.used,
        limit: Some(one.limit),
    }));
    all
}

/// The limits that are nearly reached, as entries that wait for a person but stop nothing. One that is reached has
/// its pause or parked item instead.
#[must_use]
pub fn needs(state: &Factory, limits: &Limits, now: DateTime<Utc>) -> Vec<Need> {
    let since = state.spend.last().map_or(state.last_update, |last| last.at);
    let nearly = notices(state, limits, now)
        .into_iter()
        .filter(|one| !one.exceeded());
    nearly
        .map(|one| Need {
            id: format!("budget:{}/{}", one.scope, one.unit.name()),
            why: one.words(),
            waiting: "costs nothing until the limit is reached".to_owned(),
            ways: vec![Way::limit(
                &one.scope,
                Some(one.unit),
                "raise the limit",
                "asks for the amount",
            )],
            since,
            ..Need::default()
        })
        .collect()
}
