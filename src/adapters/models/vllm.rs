//! vLLM: OpenAI's API with more sampling and a switch for thinking in the model's template.

use super::dialect::{Dialect, Framing, set};
use super::host::Server;
use super::openai;
use crate::factory::ports::model::TurnRequest;
use serde_json::{Value, json};

/// Its context is fixed when it starts; the list of models says which one it has.
pub const DIALECT: Dialect = Dialect {
    chat: openai::CHAT,
    alive: openai::MODELS,
    framing: Framing::Events,
    closes: false,
    body,
    take: openai::take,
    optional: &["chat_template_kwargs", "enable_thinking", "top_k", "min_p"],
};

fn body(_server: &Server, request: &TurnRequest, bare: bool) -> Value {
    let mut body = openai::plain(request);
    if !bare {
        set(&mut body, "top_k", json!(20));
        set(&mut body, "min_p", json!(0.0));
        let template = json!({"enable_thinking": request.think});
        set(&mut body, "chat_template_kwargs", template);
    }
    openai::with_format(body, request)
}
