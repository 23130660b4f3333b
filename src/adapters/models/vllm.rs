//! vLLM: OpenAI's API with more sampling and a switch for thinking in the model's template.

use super::dialect::{Dialect, Framing, Without, number, set};
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

fn body(_server: &Server, request: &TurnRequest, without: &Without) -> Value {
    let bare = without.any();
    let mut body = openai::plain(request);
    if !bare {
        // It says "all" by -1 where the others say 0.
        let top_k = match request.sampling.top_k {
            0 => json!(-1),
            some => json!(some),
        };
        set(&mut body, "top_k", top_k);
        set(&mut body, "min_p", json!(number(request.sampling.min_p)));
        let template = json!({"enable_thinking": request.think});
        set(&mut body, "chat_template_kwargs", template);
    }
    openai::with_format(body, request)
}
