//! A chat of one token with a model whose turn hung or found its host away: answers to questions do not show that it is well.

use super::ports::model::{HostStatus, Message, Models, Remedy, Speaker, TurnRequest};
use super::ports::settings::ModelRef;
use crate::agents::prompt::Mode;
use crate::agents::sampling;
use tokio::sync::mpsc::unbounded_channel;

/// Whose turn it is, in the lines of hosts.
pub const LABEL: &str = "trial/chat/0";

/// None: it speaks. It has as long as any turn of its host, so that its model may be loaded meanwhile.
pub async fn chat(models: &dyn Models, model: &ModelRef) -> Option<HostStatus> {
    let request = TurnRequest {
        label: LABEL.to_owned(),
        host: model.host.clone(),
        model: model.model.clone(),
        messages: vec![Message::text(Speaker::User, "Say yes.")],
        think: false,
        max_tokens: 1,
        sampling: sampling::of(&model.model, Mode::Decide, 0.0),
        presence_penalty: 0.0,
        tools: Vec::new(),
        format: None,
        seed: None,
    };
    let (pieces, _unread) = unbounded_channel();
    let error = models.turn(&request, pieces).await.err()?;
    // What it wrote may be of no use: it wrote.
    let spoke = matches!(error.remedy(), Remedy::OtherSample | Remedy::Reask);
    (!spoke).then(|| {
        let what = format!("answers, but not in a chat: {}", error.detail);
        let advice = error.fault.advice();
        HostStatus::away(&model.host, &model.model, error.fault, &what, advice)
    })
}
