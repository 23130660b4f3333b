//! Looks whether a host answers, speaks what the settings say, and has the model; in words with what to do.

use super::bytes::{Timed, innermost};
use super::errors::{Report, kind_word, remedy};
use super::host::Server;
use super::http;
use crate::factory::ports::model::{HostStatus, ModelError};
use crate::factory::ports::settings::HostKind;
use crate::text::sanitise::one_line;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const WHOLE: Duration = Duration::from_secs(2);
/// A list of models is never larger.
const BODY: usize = 4 * 1024 * 1024;

/// What was found, or what is wrong.
type Found = Result<(String, Vec<String>), Wrong>;

/// In words, and whether the key is refused.
struct Wrong(String, bool);

impl From<String> for Wrong {
    fn from(words: String) -> Self {
        Self(words, false)
    }
}

/// Looks at a host; an empty model asks for the host alone.
pub async fn probe(server: &Server, model: &str) -> HostStatus {
    let found = if server.settings.kind == HostKind::Scripted {
        Ok(("scripted replies, no model".to_owned(), Vec::new()))
    } else if !server.free(model) {
        Err(ModelError::Unpriced {
            host: server.name.clone(),
            model: model.to_owned(),
        }
        .to_string()
        .into())
    } else {
        let look = async {
            match server.settings.kind {
                HostKind::Ollama => ollama(server).await,
                _ => openai(server, model).await,
            }
        };
        timeout(WHOLE, look).await.unwrap_or_else(|_| {
            Err(format!("{} answers too slowly (over 2 s)", server.settings.url).into())
        })
    };
    let mut refused = false;
    let (live, words, models) = match found {
        Ok((words, models)) if has(server, &models, model) => (true, words, models),
        Ok((words, models)) => (
            false,
            format!("{words}, but not {model}: {}", remedy(server, model)),
            models,
        ),
        Err(Wrong(words, key)) => {
            refused = key;
            (false, words, Vec::new())
        }
    };
    HostStatus {
        host: server.name.clone(),
        live,
        words,
        models,
        refused,
    }
}

async fn ollama(server: &Server) -> Found {
    let version = get(server, "/api/version").await?;
    let Some(version) = version.get("version").and_then(Value::as_str) else {
        return Err(not_this(server).into());
    };
    let tags = get(server, "/api/tags").await?;
    let models = names(&tags, "models", "name").ok_or_else(|| not_this(server))?;
    Ok((
        format!("ollama {}, {}", one_line(version, 20), count(models.len())),
        models,
    ))
}

async fn openai(server: &Server, model: &str) -> Found {
    let list = get(server, "/models").await?;
    let models = names(&list, "data", "id").ok_or_else(|| not_this(server))?;
    let entries = list
        .get("data")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let entry = entries
        .iter()
        .find(|entry| entry.get("id").and_then(Value::as_str) == Some(model))
        .or(entries.first());
    let context = entry.and_then(|entry| {
        entry
            .pointer("/meta/n_ctx")
            .or_else(|| entry.get("max_model_len"))
            .and_then(Value::as_u64)
    });
    if let Some(tokens) = context.and_then(|tokens| u32::try_from(tokens).ok()) {
        server.saw_context(tokens);
    }
    let owner = entry
        .and_then(|entry| entry.get("owned_by"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let words = match owner {
        "llamacpp" => format!(
            "llama.cpp with {}",
            models.first().map_or("no model", String::as_str)
        ),
        "vllm" => format!("vllm, {}", count(models.len())),
        _ => format!("OpenAI-compatible, {}", count(models.len())),
    };
    // llama.cpp serves what it was started with, whatever name a request gives.
    let models =
        if owner == "llamacpp" && !model.is_empty() && !models.iter().any(|name| name == model) {
            models.into_iter().chain([model.to_owned()]).collect()
        } else {
            models
        };
    Ok((one_line(&words, 80), models))
}

/// One GET as JSON, or what went wrong.
async fn get(server: &Server, path: &str) -> Result<Value, Wrong> {
    let url = server.address(path)?;
    let mut builder = server.clients.probes()?.get(&url);
    if let Some(key) = &server.settings.key {
        builder = builder.bearer_auth(key.reveal().trim());
    }
    let asked = Instant::now();
    let response = builder.send().await.map_err(|error| {
        let how = match server.settings.kind {
            HostKind::Ollama => "start it with `ollama serve`",
            _ => "start the server",
        };
        let why = if error.is_timeout() {
            "no connection within 500 ms".to_owned()
        } else {
            innermost(&error)
        };
        format!(
            "no answer at {} ({}): {how} or correct the url",
            server.settings.url,
            one_line(&why, 120)
        )
    })?;
    let status = response.status();
    let mut bytes = Timed::new(response.bytes_stream(), asked, WHOLE, WHOLE, BODY);
    let (body, _) = http::body(&mut bytes).await;
    let body = String::from_utf8_lossy(&body);
    if status.is_success() {
        return serde_json::from_str(&body).map_err(|_| not_this(server).into());
    }
    if status.as_u16() == 404 {
        return Err(not_this(server).into());
    }
    let error = Report::from_body(server, status.as_u16(), None, &body).into_error(server, "");
    let refused = matches!(error, ModelError::Refused { .. });
    Err(Wrong(error.to_string(), refused))
}

fn not_this(server: &Server) -> String {
    format!(
        "{} answers, but not as {} does: correct kind or url of {} in factory.toml",
        server.settings.url,
        match server.settings.kind {
            HostKind::Ollama => "Ollama",
            _ => "an OpenAI-compatible server",
        },
        server.name
    ) + if kind_word(server.settings.kind) == "openai" {
        " (kind = \"ollama\" for Ollama)"
    } else {
        ""
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
        1 => "1 model".to_owned(),
        many => format!("{many} models"),
    }
}

/// Ollama reads a name without a tag as `latest`.
fn has(server: &Server, models: &[String], model: &str) -> bool {
    if model.is_empty() || server.settings.kind == HostKind::Scripted {
        return true;
    }
    let tagged = format!("{model}:latest");
    models
        .iter()
        .any(|name| name == model || (server.settings.kind == HostKind::Ollama && *name == tagged))
}
