//! The ways servers fail, as the bytes of each, and the draw that decides which turn meets which.

use crate::fakes::{Fake, Said, Wire, broken_off, error_in};
use crate::model_server::{Answer, Request, Step};

/// What goes wrong with a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    CallNotParsed,
    RunnerDied,
    QueueFull,
    RateLimit,
    ModelGone,
    KeyRefused,
    NoMoney,
    OtherServer,
    NoAnswer,
    BrokenOff,
    NoEnd,
    OutOfMemory,
    NotJson,
    TokenLimit,
    Nothing,
    OnlyThought,
    ThoughtNeverClosed,
    Repetition,
    TooLong,
    PromptCut,
    PromptTooLong,
    Silence,
    CallAsText,
    NoCounts,
    SmallPieces,
    TemplateError,
    Rejected,
    OverloadInStream,
    Loading,
    NoHead,
    BrokenText,
}

const ALL: [Fault; 31] = [
    Fault::CallNotParsed,
    Fault::RunnerDied,
    Fault::QueueFull,
    Fault::RateLimit,
    Fault::ModelGone,
    Fault::KeyRefused,
    Fault::NoMoney,
    Fault::OtherServer,
    Fault::NoAnswer,
    Fault::BrokenOff,
    Fault::NoEnd,
    Fault::OutOfMemory,
    Fault::NotJson,
    Fault::TokenLimit,
    Fault::Nothing,
    Fault::OnlyThought,
    Fault::ThoughtNeverClosed,
    Fault::Repetition,
    Fault::TooLong,
    Fault::PromptCut,
    Fault::PromptTooLong,
    Fault::Silence,
    Fault::CallAsText,
    Fault::NoCounts,
    Fault::SmallPieces,
    Fault::TemplateError,
    Fault::Rejected,
    Fault::OverloadInStream,
    Fault::Loading,
    Fault::NoHead,
    Fault::BrokenText,
];

/// Draws a fault for one turn in each three.
pub struct Lots {
    state: u64,
    turn: u64,
    hit: u64,
}

impl Lots {
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed,
            turn: 0,
            hit: 0,
        }
    }

    pub fn draw(&mut self) -> Option<Fault> {
        let place = self.turn % 3;
        if place == 0 {
            self.hit = self.random() % 3;
        }
        self.turn += 1;
        (place == self.hit).then(|| ALL[self.random() as usize % ALL.len()])
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Fault {
    /// What comes in place of the usual reply, or of a part of it.
    pub fn answer(self, fake: Fake, request: &Request) -> Answer {
        let error = |status: u16, words: &str| {
            Answer::status(status, &serde_json::json!({ "error": words }).to_string())
        };
        let whole = || fake.answer(request);
        let says = |said: Said| fake.clone().saying(said).answer(request);
        let (kind, in_stream) = match fake.wire {
            Wire::Ollama => ("application/x-ndjson", ["", "\n"]),
            _ => ("text/event-stream", ["data: ", "\n\n"]),
        };
        let line = |text: &str| format!("{}{text}{}", in_stream[0], in_stream[1]);
        match self {
            Self::CallNotParsed => error(
                500,
                "error parsing tool call: raw='{\"pa', err=unexpected end",
            ),
            Self::RunnerDied => error(500, "llama runner process has terminated: exit status 2"),
            Self::QueueFull => error(
                503,
                "server busy, please try again.  maximum pending requests exceeded",
            ),
            Self::RateLimit => {
                let body = r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#;
                Answer::with(429, "application/json", &[("Retry-After", "0")], body)
            }
            Self::ModelGone => error(404, "model 'test' not found"),
            Self::KeyRefused => error(401, "unauthorized"),
            Self::NoMoney => error(402, "the credit of this account is used up"),
            Self::OtherServer => error(200, "Unexpected endpoint or method. (POST /chat)"),
            Self::NoAnswer => Answer::steps(vec![Step::Close]),
            Self::BrokenOff => broken_off(whole(), 1, vec![Step::Close]),
            Self::NoEnd => broken_off(whole(), 1, vec![Step::Bytes(b"0\r\n\r\n".to_vec())]),
            Self::OutOfMemory => {
                let words = r#"{"error":"CUDA error: out of memory"}"#;
                error_in(kind, "", &line(words))
            }
            Self::NotJson => error_in(kind, "", &line("{\"message\":{\"content\":\"\u{fffd}")),
            Self::TokenLimit => says(Said {
                cut: true,
                ..fake.said.clone()
            }),
            Self::Nothing => says(Said::text("")),
            Self::OnlyThought => says(Said {
                thought: "Let me see what is wanted here.".to_owned(),
                ..Said::default()
            }),
            Self::ThoughtNeverClosed => says(Said::text("<think>\nLet me see what is wanted")),
            Self::Repetition => says(Said::text(
                &"I will now write the file that was asked for. ".repeat(60),
            )),
            Self::TooLong => {
                let endless = format!(
                    "{}{{\"message\":\"{}",
                    in_stream[0],
                    "and on ".repeat(500_000)
                );
                Answer::stream(kind, &[endless])
            }
            Self::PromptCut => Fake {
                counts: Some(20),
                ..fake.clone()
            }
            .answer(request),
            Self::PromptTooLong => {
                let words = "request (20000 tokens) exceeds the available context size (16384 tokens), try increasing it";
                Answer::status(
                    400,
                    &serde_json::json!({"error": {"code": 400, "message": words, "type": "exceed_context_size_error",
                        "n_prompt_tokens": 20000, "n_ctx": 16384}})
                    .to_string(),
                )
            }
            Self::Silence => broken_off(whole(), 1, vec![Step::Hold]),
            Self::CallAsText => says(Said::text(
                "<tool_call>\n{\"name\": \"write_file\", \"arguments\": {\"path\": \"src/cli.js\", \"content\": \"x\"}}\n</tool_call>",
            )),
            Self::NoCounts => Fake {
                counts: Some(0),
                ..fake.clone()
            }
            .answer(request),
            Self::SmallPieces => whole().pieces(7),
            Self::TemplateError => error(500, "Jinja Exception: Cannot use slice on None"),
            Self::Rejected => error(400, "this request is not liked"),
            Self::OverloadInStream => {
                let words = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
                error_in(kind, "", &line(words))
            }
            Self::Loading => error(503, "Loading model"),
            Self::NoHead => Answer::steps(vec![Step::Hold]),
            // Half a character in the midst of a reply, and its end.
            Self::BrokenText => {
                let mut answer = whole();
                for step in &mut answer.steps {
                    let Step::Bytes(bytes) = step else { continue };
                    let middle = bytes.len() / 2;
                    if let Some(letter) = bytes[middle..].iter().position(u8::is_ascii_lowercase) {
                        bytes[middle + letter] = 0xe2;
                    }
                }
                answer
            }
        }
    }
}
