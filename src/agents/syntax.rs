//! Stand-in for the scanner's parser: whether a text is a CommonJS script.

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_span::SourceType;

/// The first syntax error, with its line, or nothing.
pub fn parses(text: &str) -> Result<(), String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, text, SourceType::cjs()).parse();
    let Some(problem) = parsed.diagnostics.first() else {
        return if parsed.panicked {
            Err("the file cannot be parsed as JavaScript".into())
        } else {
            Ok(())
        };
    };
    let offset = problem.labels.first().map_or(0, |label| label.offset()) as usize;
    let line = text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1;
    Err(format!("line {line}: {}", problem.message))
}
