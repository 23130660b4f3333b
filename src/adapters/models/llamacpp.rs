//! llama.cpp's server: OpenAI's API with sampling of its own, a switch for thinking, and slots that tell whether it works.

use super::dialect::{Dialect, Framing, Without, number, set};
use super::host::Server;
use super::openai;
use crate::factory::ports::model::TurnRequest;
use serde_json::{Value, json};

/// Its context is fixed when it starts; it says which one it has.
pub const DIALECT: Dialect = Dialect {
    chat: openai::CHAT,
    alive: openai::MODELS,
    framing: Framing::Events,
    closes: false,
    body,
    take: openai::take,
    optional: &["chat_template_kwargs", "enable_thinking", "return_progress"],
};

/// What it was started with.
pub const PROPS: &str = "/props";
/// What its slots do.
pub const SLOTS: &str = "/slots";

fn body(_server: &Server, request: &TurnRequest, without: &Without) -> Value {
    let bare = without.any();
    let mut body = openai::plain(request);
    set(&mut body, "top_k", json!(request.sampling.top_k));
    set(&mut body, "min_p", json!(number(request.sampling.min_p)));
    if !request.tools.is_empty() {
        // It lets a model write one call only unless told so.
        set(&mut body, "parallel_tool_calls", json!(true));
    }
    if !bare {
        let template = json!({"enable_thinking": request.think});
        set(&mut body, "chat_template_kwargs", template);
        set(&mut body, "return_progress", json!(true));
    }
    openai::with_format(body, request)
}

/// Whether none of the slots works. None: the answer does not tell.
pub fn idle(slots: &Value) -> Option<bool> {
    let works = |slot: &Value| slot.get("is_processing").and_then(Value::as_bool);
    let works: Option<Vec<bool>> = slots.as_array()?.iter().map(works).collect();
    works.map(|works| !works.contains(&true))
}
