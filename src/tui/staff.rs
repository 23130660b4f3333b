//! What stands on Agents: the hosts, the last turns, and which of them is meant.

use super::model::Model;
use super::tabs::Staff;
use super::view::WIDE;
use crate::domain::label::Label;
use crate::domain::phase::Role;
use crate::domain::screen::{AgentState, AgentStatus, TurnLine};
use crate::domain::state::held;
use chrono::{DateTime, Utc};

/// The role of the cursor.
#[must_use]
pub fn agent(model: &Model) -> Option<&AgentStatus> {
    let agents = &model.snapshot.as_ref()?.agents;
    agents.get(model.agents.roles.cursor.min(agents.len().checked_sub(1)?))
}

/// Who is asked about a tool that is escalated; else why that falls to a person, where the supervisor is a model.
pub fn reviewer(model: &Model) -> Result<&AgentStatus, Option<&'static str>> {
    let snapshot = model.snapshot.as_ref().ok_or(None)?;
    let mut agents = snapshot.agents.iter();
    let agent = agents.find(|agent| agent.role == Role::Supervisor);
    let agent = agent.ok_or(None)?;
    match agent.state {
        AgentState::Working | AgentState::Ready | AgentState::Unasked | AgentState::External => {
            Ok(agent)
        }
        AgentState::Offline => Err(Some("OFFLINE")),
        AgentState::OffSchedule => Err(Some("off duty")),
        AgentState::Paused if held(&snapshot.pauses, Role::Supervisor) => Err(Some("paused")),
        AgentState::Paused => Ok(agent),
        AgentState::Operator => Err(None),
    }
}

/// The hosts the roles work with, by name.
#[must_use]
pub fn hosts(model: &Model) -> Vec<String> {
    let servers = model.snapshot.as_ref().map_or(&[][..], |s| &s.servers);
    servers.iter().map(|server| server.host.clone()).collect()
}

/// The host of the cursor, else that of the role; None = the role works with none.
#[must_use]
pub fn host(model: &Model) -> Option<String> {
    let chosen = model.agents.host.on();
    if let (Staff::Hosts, Some(host)) = (model.agents.focus, chosen) {
        return hosts(model).contains(host).then(|| host.clone());
    }
    let (host, _) = agent(model)?.model.split_once('/')?;
    Some(host.to_owned())
}

/// The last turns, newest first, with their roles: those with the text that is looked for; where there is little room, of
/// the chosen role only.
#[must_use]
pub fn turns(model: &Model) -> Vec<(Role, &TurnLine)> {
    let agents = model.snapshot.as_ref().map_or(&[][..], |s| &s.agents);
    let chosen = agent(model).map(|agent| agent.role);
    let all = model.size.0 >= WIDE;
    let text = model.agents.find.to_lowercase();
    let has = |role: Role, turn: &TurnLine| {
        let words = format!("{role} {} {}", turn.label, turn.ended);
        text.is_empty() || words.to_lowercase().contains(&text)
    };
    let mut turns: Vec<(Role, &TurnLine)> = agents
        .iter()
        .filter(|agent| all || Some(agent.role) == chosen)
        .flat_map(|agent| agent.facts.turns.iter().map(|turn| (agent.role, turn)))
        .filter(|(role, turn)| has(*role, turn))
        .collect();
    turns.sort_by_key(|(_, turn)| std::cmp::Reverse(turn.at));
    turns
}

/// When they ended, in the same order.
#[must_use]
pub fn ends(model: &Model) -> Vec<DateTime<Utc>> {
    turns(model).iter().map(|(_, turn)| turn.at).collect()
}

/// The turn that Enter opens: that of the cursor, else the newest of the chosen role.
#[must_use]
pub fn turn(model: &Model) -> Option<(&str, &TurnLine)> {
    let all = turns(model);
    let (_, turn) = match model.agents.focus {
        Staff::Hosts => None,
        Staff::Turns => all.get(model.agents.turn.row(&ends(model))?),
        Staff::Roles | Staff::Role => {
            let role = agent(model)?.role;
            all.iter().find(|(of, _)| *of == role)
        }
    }?;
    Some((Label::of(&turn.label).tool, turn))
}
