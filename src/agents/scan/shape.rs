//! The shape of a test file: tests stand at the top level or in describe(), each is counted, each expects something.

use super::facts::{Facts, expects_throw};
use super::{Violation, names, violation};
use crate::domain::cheat::Cheat;
use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, ArrowFunctionBody, CallExpression, Expression, Program, Statement, TryStatement,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};
use std::collections::HashSet;

/// One test as its file promises it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// As Jest reports it: names of the describes around it and its own.
    pub name: String,
    /// It expects something to throw or reject, so exports that throw may leave it green.
    pub refuses: bool,
}

/// The tests in their order, and whatever makes the count or a test unreliable.
pub fn check(text: &str, program: &Program<'_>, facts: &Facts) -> (Vec<Promised>, Vec<Violation>) {
    let mut shape = Shape {
        text,
        facts,
        around: Vec::new(),
        promises: Vec::new(),
        allowed: HashSet::new(),
        found: Vec::new(),
    };
    shape.statements(&program.body);
    let mut strays = Strays {
        allowed: &shape.allowed,
        parents: Vec::new(),
        found: Vec::new(),
    };
    strays.visit_program(program);
    let found = strays
        .found
        .into_iter()
        .map(|(cheat, span, words)| violation(text, span, words, Some(cheat)));
    shape.found.extend(found);
    (shape.promises, shape.found)
}

struct Shape<'b> {
    text: &'b str,
    facts: &'b Facts,
    /// Names of the describes around the place being read.
    around: Vec<String>,
    promises: Vec<Promised>,
    /// Places of test, it, describe and hooks that stand where they may.
    allowed: HashSet<Span>,
    found: Vec<Violation>,
}

impl Shape<'_> {
    fn say(&mut self, cheat: Option<Cheat>, span: Span, words: &str) {
        let found = violation(self.text, span, words.to_string(), cheat);
        self.found.push(found);
    }

    fn statements(&mut self, body: &[Statement<'_>]) {
        for statement in body {
            let Statement::ExpressionStatement(statement) = statement else {
                continue;
            };
            let Expression::CallExpression(call) = &statement.expression else {
                continue;
            };
            let Expression::Identifier(callee) = &call.callee else {
                continue;
            };
            let name = callee.name.as_str();
            if !names::JEST.contains(&name) || name == "expect" {
                continue;
            }
            self.allowed.insert(callee.span);
            match name {
                "test" | "it" => self.test(call),
                "describe" => self.describe(call),
                _ => {}
            }
        }
    }

    fn test(&mut self, call: &CallExpression<'_>) {
        let mut seen = Expectations {
            facts: self.facts,
            expects: false,
            refuses: false,
        };
        let Some((name, work)) = function_of(call) else {
            self.promises.push(Promised {
                name: String::new(),
                refuses: false,
            });
            return self.say(
                None,
                call.span,
                "a test needs a plain text as name and a function written in place",
            );
        };
        match work {
            Argument::ArrowFunctionExpression(it) => seen.visit_arrow_function_expression(it),
            Argument::FunctionExpression(it) => {
                if let Some(body) = &it.body {
                    seen.visit_function_body(body);
                }
            }
            _ => {}
        }
        let names = self.around.iter().map(String::as_str);
        self.promises.push(Promised {
            name: names.chain([name]).collect::<Vec<_>>().join(" "),
            refuses: seen.refuses,
        });
        if !seen.expects {
            let words = "this test expects nothing; add expect(...)";
            self.say(Some(Cheat::Hollow), call.span, words);
        }
    }

    fn describe(&mut self, call: &CallExpression<'_>) {
        let body = match function_of(call) {
            Some((name, Argument::ArrowFunctionExpression(it))) if !it.r#async => match &it.body {
                ArrowFunctionBody::FunctionBody(body) => Some((name, body)),
                _ => None,
            },
            Some((name, Argument::FunctionExpression(it))) if !it.r#async && !it.generator => {
                it.body.as_ref().map(|body| (name, body))
            }
            _ => None,
        };
        let Some((name, body)) = body else {
            return self.say(
                None,
                call.span,
                "describe needs a plain text as name and a plain function with a body, written in place",
            );
        };
        self.around.push(name.to_string());
        self.statements(&body.statements);
        self.around.pop();
    }
}

/// The name and the function of `test("name", function)`.
fn function_of<'c, 'a>(call: &'c CallExpression<'a>) -> Option<(&'c str, &'c Argument<'a>)> {
    let [name, work, rest @ ..] = call.arguments.as_slice() else {
        return None;
    };
    let name = match name {
        Argument::StringLiteral(it) => it.value.as_str(),
        Argument::TemplateLiteral(it) => match it.quasis.as_slice() {
            [only] => only.value.cooked.as_ref()?.as_str(),
            _ => return None,
        },
        _ => return None,
    };
    let plain = rest.is_empty() || matches!(rest, [Argument::NumericLiteral(_)]);
    let in_place = matches!(
        work,
        Argument::ArrowFunctionExpression(_) | Argument::FunctionExpression(_)
    );
    (plain && in_place).then_some((name, work))
}

/// Looks for an expect() in a test, its own or that of a function of the file.
struct Expectations<'b> {
    facts: &'b Facts,
    expects: bool,
    refuses: bool,
}

impl<'a> Visit<'a> for Expectations<'_> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::StaticMemberExpression(it) => {
                self.refuses |= expects_throw(&it.property.name);
            }
            AstKind::CallExpression(call) => {
                if let Expression::Identifier(callee) = &call.callee {
                    let name = callee.name.as_str();
                    self.expects |= name == "expect" || self.facts.asserting.contains(name);
                    self.refuses |= self.facts.refusing.contains(name);
                }
            }
            _ => {}
        }
    }
}

/// Uses of test(), it() and describe() elsewhere, and expectations that cannot fail.
struct Strays<'a, 'b> {
    allowed: &'b HashSet<Span>,
    parents: Vec<AstKind<'a>>,
    found: Vec<(Cheat, Span, String)>,
}

impl<'a> Visit<'a> for Strays<'a, '_> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::IdentifierReference(it) => {
                let name = it.name.as_str();
                let counted = names::JEST.contains(&name) && name != "expect";
                if counted && !self.allowed.contains(&it.span) {
                    let words = format!(
                        "{name} may only be called as {name}(...) at the top level or directly in a describe, without .each, .skip, .only or a loop"
                    );
                    self.found.push((Cheat::Skip, it.span, words));
                }
            }
            AstKind::CallExpression(it) if it.callee.is_specific_id("expect") => {
                self.expectation(it)
            }
            AstKind::CatchClause(it) if it.body.body.is_empty() => {
                let words = "an empty catch hides failures".to_owned();
                self.found.push((Cheat::Hollow, it.span, words));
            }
            _ => {}
        }
        self.parents.push(kind);
    }

    fn leave_node(&mut self, _: AstKind<'a>) {
        self.parents.pop();
    }
}

impl<'a> Strays<'a, '_> {
    fn expectation(&mut self, call: &CallExpression<'a>) {
        let value = call.arguments.first().and_then(Argument::as_expression);
        let constant = value.is_none_or(Expression::is_literal);
        if constant {
            let words = "expect(...) needs a value that comes from the tool".to_string();
            self.found.push((Cheat::Hollow, call.span, words));
        }
        let guarded = |tried: &&TryStatement<'a>| {
            let block = tried.block.span;
            tried.handler.is_some() && block.start <= call.span.start && call.span.end <= block.end
        };
        let tries = self.parents.iter().filter_map(|kind| match kind {
            AstKind::TryStatement(tried) => Some(*tried),
            _ => None,
        });
        if tries.into_iter().any(|tried| guarded(&tried)) {
            let words = "expect inside try can be swallowed; use expect(...).rejects or toThrow";
            self.found.push((Cheat::Hollow, call.span, words.into()));
        }
        let finished = matches!(self.parents.last(), Some(AstKind::StaticMemberExpression(member))
            if member.object.span() == call.span);
        if !finished {
            let words = "expect(...) needs a matcher, such as .toBe(...)".to_string();
            self.found.push((Cheat::Hollow, call.span, words));
        }
        if self.left_alone() {
            let words = "expect(...).resolves and .rejects must be awaited: await expect(...)";
            self.found.push((Cheat::Hollow, call.span, words.into()));
        }
    }

    /// The chain around an expect() holds resolves or rejects and ends as a statement nobody waits for.
    fn left_alone(&self) -> bool {
        let mut promises = false;
        for kind in self.parents.iter().rev() {
            match kind {
                AstKind::StaticMemberExpression(it) => {
                    promises |= matches!(it.property.name.as_str(), "resolves" | "rejects");
                }
                AstKind::CallExpression(_) | AstKind::ParenthesizedExpression(_) => {}
                AstKind::ExpressionStatement(_) | AstKind::UnaryExpression(_) => return promises,
                _ => return false,
            }
        }
        false
    }
}
