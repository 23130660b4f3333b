//! Whether another client makes Ollama load our model anew: a look before each turn, and one after a turn that loaded it.

use super::able;
use super::ask;
use super::host::Server;
use super::ollama::{self, Loaded};
use crate::factory::ports::model::Reply;
use crate::factory::ports::settings::HostKind;
use crate::text::sanitise::one_line;
use crate::text::stay::of as keeps;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Longest time a turn is held up by the look: one to a near server takes a few milliseconds.
const LOOK: Duration = Duration::from_millis(500);

/// How we left the server's last model.
#[derive(Clone, Debug)]
pub struct Left {
    model: String,
    /// Tokens of context it was given for us.
    context: Option<u32>,
    at: Instant,
}

/// How a turn found its model.
#[derive(Default)]
pub struct Before {
    /// What another client did, and what to do about it.
    odd: Option<String>,
    /// As it is loaded; None where the turn has it loaded anew, or it cannot be told.
    loaded: Option<Loaded>,
}

/// Looks before a turn.
pub async fn before(server: &Server, model: &str) -> Before {
    let Some(ps) = ps(server).await else {
        return Before::default();
    };
    let (asked, left) = (server.context(model), server.queue.left());
    let ours = left.filter(|left| left.model == model);
    let Some(loaded) = ollama::stay(&ps, model) else {
        let stays = keeps(&server.settings.keep_alive);
        let gone = ours.filter(|left| stays.is_none_or(|stays| left.at.elapsed() < stays));
        return Before {
            odd: gone.map(|_| unloaded(server, model, &ps)),
            loaded: None,
        };
    };
    match loaded.context {
        // A model that has less of its own is given less than was asked for; and another name of the server may be ours.
        Some(context)
            if context != asked
                && !server.windows.contains(&context)
                && ours.and_then(|left| left.context) != Some(context) =>
        {
            Before {
                odd: Some(format!(
                    "{model} on {}: {}; {}",
                    server.name,
                    able::foreign(context, asked),
                    able::share(server, context, asked)
                )),
                loaded: None,
            }
        }
        _ => Before {
            odd: None,
            loaded: Some(loaded),
        },
    }
}

/// Adds to the reply of a turn how its model is loaded, and what another client did before.
pub async fn after(server: &Server, model: &str, before: Before, reply: &mut Reply) {
    if server.settings.kind != HostKind::Ollama {
        return;
    }
    let loaded = match before.loaded {
        Some(loaded) => Some(loaded),
        None => ps(server).await.and_then(|ps| ollama::stay(&ps, model)),
    };
    reply.gpu = loaded.and_then(|loaded| loaded.gpu);
    reply.odd = before.odd;
    server.queue.learn(|known| {
        known.model = model.to_owned();
        known.gpu = reply.gpu;
        known.alone = Some(known.alone.unwrap_or(true) && reply.odd.is_none());
        if reply.odd.is_some() {
            known.shared.clone_from(&reply.odd);
        }
    });
    server.queue.leave(Left {
        model: model.to_owned(),
        context: loaded.and_then(|loaded| loaded.context),
        at: Instant::now(),
    });
}

async fn ps(server: &Server) -> Option<Value> {
    if server.settings.kind != HostKind::Ollama {
        return None;
    }
    let address = server.address(ollama::PS).ok()?;
    let ps = ask::get(server, &address, LOOK).await.ok()?.json()?;
    ps.get("models")?.is_array().then_some(ps)
}

fn unloaded(server: &Server, model: &str, ps: &Value) -> String {
    let others = ps.get("models").and_then(Value::as_array);
    let names: Vec<&str> = others
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("name")?.as_str())
        .collect();
    let host = &server.name;
    match names.as_slice() {
        [] => format!(
            "{model} on {host} was unloaded before its time, so it is loaded anew: another client did that, or the server was started again"
        ),
        names => format!(
            "another client made {host} unload {model} for {}, so it is loaded anew: let both use one model, or set OLLAMA_MAX_LOADED_MODELS there if its memory holds both",
            one_line(&names.join(", "), 80)
        ),
    }
}
