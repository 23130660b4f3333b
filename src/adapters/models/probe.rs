//! Looks whether a host answers, speaks what the settings say, and has the model; in words with what to do. Servers are
//! known by the shape of what they answer, never by a status: some answer 200 to everything.

use super::ask::{self, Answer};
use super::errors::{Again, Report, remedy};
use super::host::Server;
use super::place::Queues;
use super::{able, anthropic, llamacpp, lmstudio, openai, reach};
use crate::domain::finding::{Finding, Severity};
use crate::factory::ports::fault::Fault;
use crate::factory::ports::model::{HostStatus, subject};
use crate::factory::ports::settings::{Host, HostKind};
use crate::text::plural::plural;
use crate::text::sanitise::one_line;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// Why a host cannot be used, and what to do.
struct Wrong {
    fault: Fault,
    what: String,
    remedy: String,
}

/// All questions of a look: more than one may take, so that a host that is silent is told apart from a slow one.
const ALL: Duration = Duration::from_secs(3);

/// What was found, in words, and the models offered.
type Found = Result<(String, Vec<String>), Wrong>;

/// Looks at a host; an empty model asks for the host alone.
pub async fn probe(server: &Server, model: &str) -> HostStatus {
    let (words, models) = match offered(server, model).await {
        Ok(found) => found,
        Err(wrong) => return wrong.of(server, model, Vec::new()),
    };
    let listed = has(server, &models, model);
    if !listed && server.settings.kind != HostKind::Anthropic {
        let wrong = Wrong {
            fault: Fault::Missing,
            what: format!("{words}, but not {model}"),
            remedy: way(server, model).await,
        };
        let name = subject(&server.name, model);
        let missing = Finding::error(name, "is not on this host", &wrong.remedy);
        return HostStatus {
            findings: vec![Finding::fine(&server.name, words), missing],
            ..wrong.of(server, model, models)
        };
    }
    let mut findings = vec![Finding::fine(&server.name, &words)];
    if !listed {
        findings.push(unlisted(server, &models, model));
    }
    findings.extend(able::look(server, model).await);
    let unable = findings
        .iter()
        .find(|finding| finding.severity == Severity::Error);
    HostStatus {
        host: server.name.clone(),
        live: unable.is_none(),
        fault: unable.map(|_| Fault::Unable),
        words: unable.map_or(words, Finding::sentence),
        models,
        findings,
    }
}

/// What a host says it is and offers.
async fn offered(server: &Server, model: &str) -> Found {
    let look = async {
        match server.settings.kind {
            HostKind::Scripted => Ok(("scripted replies, no model".to_owned(), Vec::new())),
            HostKind::Ollama => ollama(server).await,
            HostKind::Anthropic => anthropic(server).await,
            _ => openai_like(server, model).await,
        }
    };
    timeout(ALL, look).await.unwrap_or_else(|_| {
        Err(Wrong {
            fault: Fault::Unreachable,
            what: format!("{} answers too slowly (over 3 s)", server.settings.url),
            remedy: "see what keeps it busy, or restart it".to_owned(),
        })
    })
}

/// How to get a model back that a server has lost in the midst of its work, asked once; None: it is listed still, or that
/// cannot be told. A paid host is asked for nothing but turns.
pub async fn gone(server: &Server, model: &str) -> Option<String> {
    if !server.free(model) || server.settings.kind == HostKind::Anthropic {
        return None;
    }
    let (_, models) = offered(server, model).await.ok()?;
    match has(server, &models, model) {
        true => None,
        false => Some(way(server, model).await),
    }
}

/// How to get a model onto a host. LM Studio may have it, and lists it only once it is loaded.
async fn way(server: &Server, model: &str) -> String {
    let own = match server.settings.kind {
        HostKind::LmStudio => studio(server).await,
        _ => None,
    };
    match own.is_some_and(|own| own.iter().any(|(name, _)| name == model)) {
        true => lmstudio::load(model, server.settings.num_ctx),
        false => remedy(server, model),
    }
}

impl Wrong {
    fn of(self, server: &Server, model: &str, models: Vec<String>) -> HostStatus {
        let (what, remedy) = (&self.what, &self.remedy);
        HostStatus {
            models,
            ..HostStatus::away(&server.name, model, self.fault, what, remedy)
        }
    }
}

/// What speaks at an address, and the models it offers; None when nothing known answers. Asks loopback or an address that a
/// person has named, nothing else.
pub async fn recognise(host: &Host) -> Option<(HostKind, Vec<String>)> {
    let as_kind = |kind| {
        let host = Host {
            kind,
            ..host.clone()
        };
        Server::new("found", &host, &Queues::default())
    };
    let (ollama, openai) = (as_kind(HostKind::Ollama), as_kind(HostKind::OpenAi));
    let look = async {
        // A server says here who it is; Ollama and LM Studio say it elsewhere.
        let list = value(&openai, &openai.address(openai::MODELS)).await;
        let models = list.as_ref().and_then(|list| names(list, "data", "id"));
        match (owner(list.as_ref()), models) {
            ("llamacpp", Some(models)) => Some((HostKind::LlamaCpp, models)),
            ("vllm", Some(models)) => Some((HostKind::Vllm, models)),
            (_, models) => {
                if let Ok((_, models)) = self::ollama(&ollama).await {
                    return Some((HostKind::Ollama, models));
                }
                if let Some(models) = studio(&openai).await {
                    let names = models.into_iter().map(|(name, _)| name);
                    return Some((HostKind::LmStudio, names.collect()));
                }
                models.map(|models| (HostKind::OpenAi, models))
            }
        }
    };
    timeout(ask::WHOLE, look).await.ok().flatten()
}

async fn ollama(server: &Server) -> Found {
    let version = get(server, server.address("/api/version")).await?;
    let Some(version) = version.get("version").and_then(Value::as_str) else {
        return Err(not_this(server));
    };
    let tags = get(server, server.address("/api/tags")).await?;
    let models = names(&tags, "models", "name").ok_or_else(|| not_this(server))?;
    Ok((
        format!("ollama {}, {}", one_line(version, 20), count(models.len())),
        models,
    ))
}

/// Its list has 20 models a page unless asked for more, newest first; 1000 are the most
/// (docs.claude.com, API reference, List Models). A gateway need not have one.
async fn anthropic(server: &Server) -> Found {
    let address = server.address(anthropic::MODELS);
    let answer = answer(server, address.map(|address| address + "?limit=1000")).await?;
    let vendor = server.settings.url.contains("api.anthropic.com");
    let json = serde_json::from_str::<Value>(&answer.body).is_ok_and(|body| body.is_object());
    if answer.status == 404 && json && !vendor {
        let words = "a gateway to Anthropic's API, which has no list of models";
        return Ok((words.to_owned(), Vec::new()));
    }
    let list = judged(server, answer)?;
    let models = names(&list, "data", "id").ok_or_else(|| not_this(server))?;
    Ok((format!("Anthropic, {}", count(models.len())), models))
}

/// Only a turn shows whether Anthropic's API knows a model that its list lacks: an alias, or an old one.
fn unlisted(server: &Server, models: &[String], model: &str) -> Finding {
    let what = match models.is_empty() {
        true => "may be there: the host has no list of models",
        false => "is not in its list of models, and may be there all the same",
    };
    let remedy = "take a short turn with it: dev-factory doctor without --no-turn";
    Finding::warning(subject(&server.name, model), what, remedy)
}

async fn openai_like(server: &Server, model: &str) -> Found {
    let list = get(server, server.address(openai::MODELS)).await?;
    let mut models = names(&list, "data", "id").ok_or_else(|| not_this(server))?;
    let told = context(&list, model);
    if let Some(tokens) = told {
        server.saw_context(model, tokens);
    }
    if server.settings.kind == HostKind::LmStudio {
        return Ok(loaded(server, model, models).await);
    }
    let owner = owner(Some(&list));
    let words = match owner {
        "llamacpp" => {
            let build = started_with(server, model, told.is_none()).await?;
            format!(
                "llama.cpp{build} with {}",
                models.first().map_or("no model", String::as_str)
            )
        }
        "vllm" => {
            let version = value(server, &server.beside("/version")).await;
            let version = version
                .as_ref()
                .and_then(|value| value.get("version")?.as_str());
            let version = version.map_or_else(String::new, |text| format!(" {text}"));
            format!("vllm{version}, {}", count(models.len()))
        }
        _ => format!("OpenAI-compatible, {}", count(models.len())),
    };
    // llama.cpp serves what it was started with, whatever name a request gives.
    if owner == "llamacpp" && !model.is_empty() && !models.iter().any(|name| name == model) {
        models.push(model.to_owned());
    }
    Ok((one_line(&words, 80), models))
}

/// What llama.cpp was started with: its build in words, and its context where the list does not tell it. Its list is open
/// to anyone, this is not (`--api-key` in the README of its server), so a wrong key is found here.
async fn started_with(server: &Server, model: &str, wants_context: bool) -> Result<String, Wrong> {
    let props = match get(server, server.beside(llamacpp::PROPS)).await {
        Err(wrong) if wrong.fault == Fault::Refused => return Err(wrong),
        Err(_) => return Ok(String::new()),
        Ok(props) => props,
    };
    let tokens = props.pointer("/default_generation_settings/n_ctx");
    if let Some(tokens) = tokens.and_then(Value::as_u64).filter(|_| wants_context) {
        server.saw_context(model, tokens);
    }
    let build = props.get("build_info").and_then(Value::as_str);
    Ok(build.map_or_else(String::new, |build| format!(" {}", one_line(build, 20))))
}

/// LM Studio's own list has all models, and the context each is loaded with.
async fn loaded(server: &Server, model: &str, listed: Vec<String>) -> (String, Vec<String>) {
    let mut words = format!("LM Studio, {}", count(listed.len()));
    if let Some(tokens) = window(server, model).await {
        words += &format!(", {model} loaded with {tokens} tokens of context");
    }
    (one_line(&words, 160), listed)
}

/// Learns the context LM Studio has loaded a model with.
pub async fn window(server: &Server, model: &str) -> Option<u64> {
    let own = studio(server).await?;
    let found = own.into_iter().find(|(name, _)| name == model);
    let tokens = found.and_then(|(_, context)| context)?;
    server.saw_context(model, tokens);
    Some(tokens)
}

async fn studio(server: &Server) -> Option<Vec<(String, Option<u64>)>> {
    for path in lmstudio::LISTS {
        let list = value(server, &server.beside(path)).await;
        if let Some(models) = list.as_ref().and_then(lmstudio::models) {
            return Some(models);
        }
    }
    None
}

/// What the list says of the context of a model. llama.cpp has one model, whatever it is called in a request.
fn context(list: &Value, model: &str) -> Option<u64> {
    let entries = list.get("data")?.as_array()?;
    let named = |entry: &&Value| entry.get("id").and_then(Value::as_str) == Some(model);
    let only = || entries.first().filter(|_| owner(Some(list)) == "llamacpp");
    let entry = entries.iter().find(named).or_else(only)?;
    let context = entry
        .pointer("/meta/n_ctx")
        .or_else(|| entry.get("max_model_len"));
    context?.as_u64()
}

fn owner(list: Option<&Value>) -> &str {
    list.and_then(|list| list.pointer("/data/0/owned_by")?.as_str())
        .unwrap_or_default()
}

/// One GET as JSON, where a failure needs no words.
async fn value(server: &Server, address: &Result<String, String>) -> Option<Value> {
    let address = address.as_ref().ok()?;
    ask::get(server, address, ask::WHOLE).await.ok()?.json()
}

/// One GET as JSON, or what went wrong.
async fn get(server: &Server, address: Result<String, String>) -> Result<Value, Wrong> {
    judged(server, answer(server, address).await?)
}

async fn answer(server: &Server, address: Result<String, String>) -> Result<Answer, Wrong> {
    let address = address.map_err(|what| Wrong {
        fault: Fault::Misaddressed,
        what,
        remedy: Fault::Misaddressed.advice().to_owned(),
    })?;
    ask::get(server, &address, ask::WHOLE)
        .await
        .map_err(|why| Wrong {
            fault: Fault::Unreachable,
            what: format!("no answer at {} ({why})", server.settings.url),
            remedy: reach::remedy(
                &server.name,
                server.settings.kind,
                &server.settings.url,
                &why,
            ),
        })
}

/// An answer as JSON, or what is wrong with it.
fn judged(server: &Server, answer: Answer) -> Result<Value, Wrong> {
    if let Some(value) = answer.json() {
        return Ok(value);
    }
    if matches!(answer.status, 200..=299 | 404) {
        return Err(not_this(server));
    }
    let report = Report::from_body(server, answer.status, Again::default(), &answer.body);
    let (error, advice) = report.into_parts(server, "");
    let remedy = match advice.is_empty() {
        true => error.fault.advice().to_owned(),
        false => advice,
    };
    Err(Wrong {
        fault: error.fault,
        what: error.to_string(),
        remedy,
    })
}

fn not_this(server: &Server) -> Wrong {
    let who = match server.settings.kind {
        HostKind::Ollama => "Ollama",
        HostKind::LmStudio => "LM Studio",
        HostKind::LlamaCpp => "llama.cpp",
        HostKind::Vllm => "vLLM",
        HostKind::Anthropic => "Anthropic",
        HostKind::OpenAi | HostKind::Scripted => "an OpenAI-compatible server",
    };
    Wrong {
        fault: Fault::Misaddressed,
        what: format!("{} answers, but not as {who} does", server.settings.url),
        remedy: format!("correct kind or url of {} in factory.toml", server.name),
    }
}

fn names(value: &Value, list: &str, field: &str) -> Option<Vec<String>> {
    let entries = value.get(list)?.as_array()?;
    Some(
        entries
            .iter()
            .filter_map(|entry| entry.get(field)?.as_str().map(str::to_owned))
            .collect(),
    )
}

fn count(models: usize) -> String {
    match models {
        0 => "no models".to_owned(),
        count => plural(count, "model"),
    }
}

/// Ollama reads a name without a tag as `latest`; Anthropic lists dated names and takes shorter ones, and `-latest`.
fn has(server: &Server, models: &[String], model: &str) -> bool {
    let kind = server.settings.kind;
    if model.is_empty() || kind == HostKind::Scripted {
        return true;
    }
    let tagged = format!("{model}:latest");
    models.iter().any(|name| {
        name == model
            || (kind == HostKind::Ollama && *name == tagged)
            || (kind == HostKind::Anthropic
                && name.starts_with(model.strip_suffix("-latest").unwrap_or(model)))
    })
}
