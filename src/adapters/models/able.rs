//! What a model on a live host can do and how it is loaded: abilities, context, share on the GPU, another client's context.

use super::ask;
use super::host::Server;
use super::ollama::{self, Loaded};
use super::{llamacpp, lmstudio, openai};
use crate::domain::finding::Finding;
use crate::factory::ports::model::subject;
use crate::factory::ports::settings::HostKind;
use crate::text::sanitise::one_line;
use serde_json::{Value, json};

/// Asks what costs nothing; what a server does not tell is left out.
pub async fn look(server: &Server, model: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if server.settings.key.is_some() {
        found.push(key(server).await);
    }
    if model.is_empty() {
        return found;
    }
    let name = subject(&server.name, model);
    match server.settings.kind {
        HostKind::Ollama => {
            let (shown, ps) = tokio::join!(show(server, model), loaded(server));
            if let Some(shown) = shown {
                found.extend(shows(server, model, &shown));
            }
            if let Some(ps) = ps {
                found.extend(stays(server, model, ollama::stay(&ps, model)));
            }
        }
        HostKind::LlamaCpp => found.extend(props(server, &name).await),
        HostKind::LmStudio => {
            found.extend(trained(server, &name, model).await);
            if server.seen_context(model).is_none() {
                found.push(unloaded(server, &name, model));
            }
        }
        _ => {}
    }
    if let Some(seen) = server
        .seen_context(model)
        .filter(|_| server.tells_context())
    {
        found.push(context(server, &name, seen));
    }
    found
}

/// What the answers so far say of its key: nothing, where the server gives them to anyone.
async fn key(server: &Server) -> Finding {
    let address = match server.settings.kind {
        HostKind::Ollama => server.address("/api/version"),
        HostKind::LlamaCpp => server.beside(llamacpp::PROPS),
        // Its API is never open.
        HostKind::Anthropic | HostKind::Scripted => Err(String::new()),
        _ => server.address(openai::MODELS),
    };
    let open = match address {
        Ok(address) => ask::anyone(server, &address).await,
        Err(_) => false,
    };
    match open {
        true => Finding::note(
            &server.name,
            "asks for no key here, so it is not known whether it takes the one it is sent",
        ),
        false => Finding::fine(&server.name, "takes its key"),
    }
}

/// The models Ollama has loaded, as it shows them.
pub async fn loaded(server: &Server) -> Option<Value> {
    let address = server.address(ollama::PS).ok()?;
    ask::get(server, &address, ask::WHOLE).await.ok()?.json()
}

async fn show(server: &Server, model: &str) -> Option<Value> {
    let address = server.address(ollama::SHOW).ok()?;
    let body = json!({ "model": model });
    ask::post(server, &address, &body).await.ok()?.json()
}

/// What `/api/show` tells: abilities and the longest context of the model itself.
fn shows(server: &Server, model: &str, shown: &Value) -> Vec<Finding> {
    let name = &subject(&server.name, model);
    let mut found = Vec::new();
    let can = shown.get("capabilities").and_then(Value::as_array);
    let can: Vec<&str> = can
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !can.is_empty() && !can.contains(&"completion") {
        found.push(Finding::error(
            name,
            format!(
                "is no model that writes text (it can: {})",
                one_line(&can.join(", "), 80)
            ),
            "name a chat model in the settings",
        ));
    } else if !can.is_empty() {
        found.push(abilities(name, &can));
    }
    let info = shown.get("model_info").and_then(Value::as_object);
    let longest = info.and_then(|info| {
        let mut fields = info.iter();
        let length = fields.find(|(field, _)| field.ends_with(".context_length"))?;
        length.1.as_u64()
    });
    let asked = server.context(model);
    server.queue.learn(|known| known.most = longest);
    if let Some(longest) = longest.filter(|longest| *longest < u64::from(asked)) {
        found.push(Finding::warning(
            name,
            format!("was made for {longest} tokens of context, and is asked for {asked}"),
            format!("set hosts.{}.num_ctx = {longest}", server.name),
        ));
    }
    found
}

fn abilities(name: &str, can: &[&str]) -> Finding {
    let words = format!("can: {}", one_line(&can.join(", "), 80));
    match can.contains(&"tools") {
        true => Finding::fine(name, words),
        false => Finding::note(
            name,
            format!(
                "{words}; no tools, which only edits = \"tools\" needs: other replies are asked for as text and JSON"
            ),
        ),
    }
}

/// How it is loaded now, if it is.
fn stays(server: &Server, model: &str, loaded: Option<Loaded>) -> Vec<Finding> {
    let name = &subject(&server.name, model);
    let Some(loaded) = loaded else {
        let words = "is not loaded now: its first turn takes longer";
        return vec![Finding::note(name, words)];
    };
    let asked = server.context(model);
    server.queue.learn(|known| known.gpu = loaded.gpu);
    let mut found = Vec::new();
    match loaded.context {
        // How it lies on the GPU is another client's business until a turn of ours has it loaded anew.
        Some(context) if context != asked && !server.windows.contains(&context) => {
            let (what, remedy) = (foreign(context, asked), share(server, context, asked));
            return vec![Finding::warning(name, what, remedy)];
        }
        Some(context) => found.push(Finding::fine(
            name,
            format!("is loaded with {context} tokens of context"),
        )),
        None => {}
    }
    match loaded.gpu {
        Some(100) => found.push(Finding::fine(name, "is on the GPU as a whole")),
        Some(share) => found.push(Finding::warning(
            name,
            format!("has {share} % of it on the GPU, the rest on the much slower CPU"),
            format!(
                "use a smaller num_ctx for {}, a smaller model, or OLLAMA_KV_CACHE_TYPE=q8_0 there",
                server.name
            ),
        )),
        None => {}
    }
    found
}

/// That somebody else asks for another context.
pub fn foreign(context: u32, asked: u32) -> String {
    format!(
        "another client keeps it loaded with {context} tokens of context; our turns ask for {asked}, so each of us has it loaded anew"
    )
}

/// How to end that.
pub fn share(server: &Server, context: u32, asked: u32) -> String {
    format!(
        "set hosts.{}.num_ctx = {context} in factory.toml to share what is loaded, or have that client ask for {asked}",
        server.name
    )
}

/// The context that is really there, where the server chooses it.
fn context(server: &Server, name: &str, seen: u32) -> Finding {
    let wanted = server.settings.num_ctx;
    if seen >= wanted {
        return Finding::fine(name, format!("has {seen} tokens of context"));
    }
    let how = match server.settings.kind {
        HostKind::LmStudio => format!("load it there with --context-length {wanted}"),
        HostKind::LlamaCpp => format!("start the server with -c {wanted}"),
        HostKind::Vllm => format!("start the server with --max-model-len {wanted}"),
        _ => "give it more there".to_owned(),
    };
    Finding::warning(
        name,
        format!(
            "has {seen} tokens of context, not the {wanted} of num_ctx; prompts are kept within"
        ),
        format!("{how}, or set hosts.{}.num_ctx = {seen}", server.name),
    )
}

/// llama.cpp tells whether the template of its model knows tools.
async fn props(server: &Server, name: &str) -> Option<Finding> {
    let address = server.beside(llamacpp::PROPS).ok()?;
    let props = ask::get(server, &address, ask::WHOLE).await.ok()?.json()?;
    let caps = props.get("chat_template_caps")?.as_object()?;
    let knows = ["supports_tool_calls", "supports_tools"]
        .iter()
        .find_map(|cap| caps.get(*cap)?.as_bool())?;
    Some(tools(name, knows))
}

/// LM Studio tells whether a model was trained for tools.
async fn trained(server: &Server, name: &str, model: &str) -> Option<Finding> {
    let [list, _] = lmstudio::LISTS;
    let address = server.beside(list).ok()?;
    let list = ask::get(server, &address, ask::WHOLE).await.ok()?.json()?;
    let entries = list.get("models")?.as_array()?;
    let own = |entry: &&Value| entry.get("key").and_then(Value::as_str) == Some(model);
    let entry = entries.iter().find(own)?;
    let trained = entry.pointer("/capabilities/trained_for_tool_use")?;
    Some(tools(name, trained.as_bool()?))
}

/// LM Studio loads it on demand, with a context that no request can choose.
fn unloaded(server: &Server, name: &str, model: &str) -> Finding {
    let load = lmstudio::load(model, server.settings.num_ctx);
    Finding::warning(
        name,
        "is not loaded now, so it is not known how much context it will have",
        format!("{load}, or expect its default, often 4096 tokens"),
    )
}

fn tools(name: &str, can: bool) -> Finding {
    match can {
        true => abilities(name, &["completion", "tools"]),
        false => abilities(name, &["completion"]),
    }
}
