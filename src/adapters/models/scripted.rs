//! The scripted host: replies from files or compiled in, streamed in pieces like a model's, and marked as scripted.

use super::errors::fail;
use super::gather::Gather;
use super::host::Server;
use crate::factory::ports::model::{Delta, Fault, ModelError, Reply, TurnRequest};
use crate::text::tokens;
use std::path::{Component, Path};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// Characters of a piece.
const PIECE: usize = 40;
/// Turns with one label never come near this.
const MOST: u32 = 999;

/// The compiled-in replies: the text of a path like `tool/spec/draft/0.md`, if there is one.
pub type Script = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Plays the reply of the request's label.
pub async fn turn(
    server: &Server,
    script: &Script,
    request: &TurnRequest,
    pieces: UnboundedSender<Delta>,
) -> Result<Reply, ModelError> {
    let text = find(server, script, &request.label)
        .ok_or_else(|| fail(server, Fault::NoScript, format!("for {}", request.label)))?;
    let pace = Duration::from_millis(server.settings.pace);
    let mut gather = Gather::new(&pieces);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest
            .char_indices()
            .nth(PIECE)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        gather.content(piece);
        gather.hand_on();
        rest = after;
        if !pace.is_zero() {
            tokio::time::sleep(pace).await;
        }
    }
    let mut reply = gather
        .finish()
        .map_err(|name| fail(server, Fault::Garbled, name))?;
    let prompt: u64 = request
        .messages
        .iter()
        .map(|m| u64::from(tokens::estimate(&m.content)))
        .sum();
    reply.input_tokens = Some(prompt);
    reply.output_tokens = Some(u64::from(tokens::estimate(&text)));
    reply.scripted = true;
    reply.context = Some(server.settings.num_ctx);
    Ok(reply)
}

/// The reply with the label's number, or the one with the highest number below it.
fn find(server: &Server, script: &Script, label: &str) -> Option<String> {
    let (stem, number) = label.rsplit_once('/')?;
    let number: u32 = number.parse().ok()?;
    let plain = Path::new(stem)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain {
        return None;
    }
    (0..=number.min(MOST)).rev().find_map(|n| {
        let path = format!("{stem}/{n}.md");
        match &server.settings.replies {
            Some(folder) => std::fs::read_to_string(folder.join(path)).ok(),
            None => script(&path),
        }
    })
}
