//! The numbers prompts and replies must respect, each a setting.

use crate::text::tokens;

/// Context window below which nothing thinks, tokens.
pub(super) const LEAST_TO_THINK: u32 = 16_000;

/// Numbers of the harness, each a setting, and the window they must fit into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// Longest file, lines.
    pub file_lines: u32,
    /// Tokens written for a file.
    pub code_tokens: u32,
    /// The same in a window too small to think in: what it writes less it may read more.
    pub small_code_tokens: u32,
    /// Tokens written for a verdict.
    pub verdict_tokens: u32,
    /// Tokens of thinking on top, where thinking is on.
    pub think_tokens: u32,
    /// Working prompt limit, tokens.
    pub prompt_tokens: u32,
    /// Spec size without its examples, tokens.
    pub spec_tokens: u32,
    /// What else a spec may hold.
    pub shape: Shape,
    /// The host's context window, tokens.
    pub context: u32,
    /// What the model's own counts have taught of our estimate, in thousandths.
    pub factor: u32,
}

/// How much a spec may plan, each a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Most source files.
    pub files: u32,
    /// Most rules.
    pub rules: u32,
    /// Most functions, main included.
    pub exports: u32,
    /// Least examples.
    pub least_examples: u32,
    /// Most examples.
    pub most_examples: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            files: 3,
            rules: 12,
            exports: 6,
            least_examples: 8,
            most_examples: 15,
        }
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            file_lines: 200,
            code_tokens: 4096,
            small_code_tokens: 3000,
            verdict_tokens: 1200,
            think_tokens: 4096,
            prompt_tokens: 12_000,
            spec_tokens: 1200,
            shape: Shape::default(),
            context: 16_384,
            factor: tokens::AS_ESTIMATED,
        }
    }
}

impl Numbers {
    /// Tokens kept free for a file.
    #[must_use]
    pub fn for_code(&self) -> u32 {
        match self.context < LEAST_TO_THINK {
            true => self.code_tokens.min(self.small_code_tokens),
            false => self.code_tokens,
        }
    }
}
