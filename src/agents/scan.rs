//! Reads model-written JavaScript without running it: does it parse, does it reach for anything it may not have,
//! and which tests does it promise. A test shares its process with Jest, so what could forge a report is refused here.

mod facts;
mod names;
mod rules;
mod scope;
mod shape;
mod uses;

use crate::domain::cheat::Cheat;
use crate::domain::package::Package;
use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::Parser;
use oxc_span::{SourceType, Span};
pub use scope::Names;
pub use shape::Promised;

/// Something in a file that may not be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Line in the file, from 1.
    pub line: u32,
    /// What it is and what to write instead.
    pub words: String,
    /// What it would help to cheat; None: it is only wrong.
    pub cheat: Option<Cheat>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.words)
    }
}

/// Longest text read; a tool's file has 200 lines at most.
const TEXT_LIMIT: usize = 64 * 1024;
/// Deepest nesting of brackets read.
const DEPTH_LIMIT: usize = 120;
/// The parser recurses; chains without brackets (`!!!!…`) go as deep as the text is long.
const STACK: usize = 256 * 1024 * 1024;

/// Whether the text is a script Node can load; else one sentence with the line.
pub fn parses(text: &str) -> Result<(), String> {
    with_program(text, |_| ()).map_err(|violation| violation.to_string())
}

/// Everything in a file under src/ or test/dev/ that it may not have, in the order of lines; it may require `packages`.
#[must_use]
pub fn scan(path: &str, text: &str, packages: &[Package]) -> Vec<Violation> {
    let found = with_program(text, |program| {
        let facts = facts::Facts::of(program);
        let mut found = comments(text, program);
        found.extend(rules::check(path, text, program, &facts, packages));
        found.extend(uses::check(text, program, &facts));
        if names::is_test(path) {
            found.extend(shape::check(text, program, &facts).1);
        }
        found
    });
    let mut found = found.unwrap_or_else(|violation| vec![violation]);
    found.sort();
    found.dedup();
    found
}

/// What a file declares and uses; None when it does not parse.
#[must_use]
pub fn names(text: &str) -> Option<Names> {
    with_program(text, scope::names).ok()
}

/// A file without its comments, but for those that are not allowed, every blank and line end one space; as it is when
/// it does not parse.
#[must_use]
pub fn bare(text: &str) -> String {
    let code = with_program(text, |program| {
        let mut code = String::with_capacity(text.len());
        let mut at = 0;
        for comment in &program.comments {
            let span = comment.span;
            code.push_str(text.get(at..span.start as usize).unwrap_or_default());
            code.push_str(forbidden(text, span).unwrap_or(" "));
            at = span.end as usize;
        }
        code + text.get(at..).unwrap_or_default()
    });
    let code = code.unwrap_or_else(|_| text.to_owned());
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tests a test file promises, read without running it.
pub fn tests(text: &str) -> Result<Vec<Promised>, Violation> {
    let (promises, found) = with_program(text, |program| {
        let (promises, mut found) = shape::check(text, program, &facts::Facts::of(program));
        found.sort();
        (promises, found)
    })?;
    found.into_iter().next().map_or(Ok(promises), Err)
}

/// Parses on a deep stack and hands the program on.
fn with_program<T>(text: &str, work: impl FnOnce(&Program<'_>) -> T) -> Result<T, Violation> {
    if text.len() > TEXT_LIMIT {
        let words = format!("the file is longer than {TEXT_LIMIT} bytes; split it");
        return Err(wrong(1, words));
    }
    if let Some(line) = too_deep(text) {
        let words = format!("brackets are nested deeper than {DEPTH_LIMIT}; split the expression");
        return Err(wrong(line, words));
    }
    stacker::grow(STACK, || parse(text, work))
}

fn parse<T>(text: &str, work: impl FnOnce(&Program<'_>) -> T) -> Result<T, Violation> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::cjs()).parse();
    let first = parsed.diagnostics.errors().next();
    if let Some(problem) = first {
        let at = problem
            .labels
            .first()
            .map_or(0, |label| label.offset() as usize);
        let words = format!("does not parse: {}", problem.message);
        return Err(wrong(line_at(text, at), words));
    }
    if parsed.panicked {
        let words = "does not parse".to_string();
        return Err(wrong(1, words));
    }
    Ok(work(&parsed.program))
}

/// Comments that change what Jest counts or where it runs.
fn comments(text: &str, program: &Program<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    for comment in &program.comments {
        if let Some(phrase) = forbidden(text, comment.span) {
            let words = format!("the comment `{phrase}` is not allowed; remove it");
            found.push(violation(text, comment.span, words, Some(Cheat::Coverage)));
        }
    }
    found
}

/// What a comment says that none may say.
fn forbidden(text: &str, span: Span) -> Option<&'static str> {
    let body = text.get(span.start as usize..span.end as usize)?;
    let body = body.to_lowercase();
    names::COMMENTS
        .into_iter()
        .find(|phrase| body.contains(phrase))
}

/// A violation at the start of a span.
fn violation(text: &str, span: Span, words: String, cheat: Option<Cheat>) -> Violation {
    Violation {
        line: line_at(text, span.start as usize),
        words,
        cheat,
    }
}

/// A text that cannot be read.
fn wrong(line: u32, words: String) -> Violation {
    Violation {
        line,
        words,
        cheat: None,
    }
}

fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().iter().take(offset);
    let breaks = before.filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1)
}

/// The line where brackets, counted blindly, are too deep for a recursive parser.
fn too_deep(text: &str) -> Option<u32> {
    let mut depth = 0_usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_LIMIT {
            return Some(line_at(text, offset));
        }
    }
    None
}

#[cfg(test)]
mod tests;
