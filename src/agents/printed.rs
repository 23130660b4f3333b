//! Calls of tools that a model prints as text, in the forms its template knows. There are no tools here: such a call is
//! never carried out, and its author is asked to write the answer itself.

use serde_json::Value;

/// What such calls begin with: Hermes and Qwen, Qwen's coders (whose first tag is often left out), LM Studio, Mistral,
/// Kimi, Llama.
const OPENERS: [&str; 7] = [
    "<tool_call",
    "<function=",
    "<parameter=",
    "[TOOL_REQUEST]",
    "[TOOL_CALLS]",
    "<|tool_call",
    "<|python_tag|>",
];

/// And what ends them, where anything does.
const CLOSERS: [&str; 4] = [
    "</tool_call>",
    "</function>",
    "</parameter>",
    "[END_TOOL_REQUEST]",
];

/// Whether a text is a call and nothing else.
pub fn is_call(text: &str) -> bool {
    let text = text.trim();
    opens(text) || serde_json::from_str(text).is_ok_and(|value: Value| calls(&value))
}

/// Whether a reply that cannot be used holds a call, with prose or a fence around it.
pub fn holds_call(text: &str) -> bool {
    if text.lines().any(opens) {
        return true;
    }
    let object = text
        .find('{')
        .zip(text.rfind('}'))
        .and_then(|(from, to)| text.get(from..=to));
    object.is_some_and(is_call)
}

/// Whether what follows these lines stands within a call.
pub fn within_call<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    lines.fold(false, |within, line| {
        let closes = CLOSERS.iter().any(|closer| line.contains(closer));
        !closes && (within || opens(line))
    })
}

fn opens(line: &str) -> bool {
    let line = line.trim_start();
    OPENERS.iter().any(|opener| line.starts_with(opener))
}

fn calls(value: &Value) -> bool {
    let has = |field: &str, is: fn(&Value) -> bool| value.get(field).is_some_and(is);
    has("name", Value::is_string)
        && (has("arguments", |value| value.is_object() || value.is_string())
            || has("parameters", Value::is_object))
}
