//! How names are used: what Jest works with is never handed on, and no function is reached by a name put together.

use super::facts::Facts;
use super::{Violation, names, violation};
use crate::domain::cheat::Cheat;
use oxc_ast::AstKind;
use oxc_ast::ast::{Argument, ChainElement, ComputedMemberExpression, Expression};
use oxc_ast::ast::{CallExpression, IdentifierReference, Program};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};

/// Everything in the program that hands on a shared value or calls what cannot be read.
pub fn check(text: &str, program: &Program<'_>, facts: &Facts) -> Vec<Violation> {
    let mut uses = Uses {
        facts,
        parents: Vec::new(),
        found: Vec::new(),
    };
    uses.visit_program(program);
    let found = uses.found.into_iter();
    found
        .map(|(cheat, span, words)| violation(text, span, words, Some(cheat)))
        .collect()
}

struct Uses<'a, 'b> {
    facts: &'b Facts,
    parents: Vec<AstKind<'a>>,
    found: Vec<(Cheat, Span, String)>,
}

impl<'a> Visit<'a> for Uses<'a, '_> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::IdentifierReference(it) => self.reference(it),
            AstKind::BindingIdentifier(it) => {
                let name = it.name.as_str();
                if names::shared(name) && !self.facts.required.contains(name) {
                    let words = format!("`{name}` may not be declared; choose another name");
                    self.found.push((Cheat::Tamper, it.span, words));
                }
            }
            AstKind::CallExpression(it) => self.called(&it.callee),
            AstKind::NewExpression(it) => self.called(&it.callee),
            AstKind::TaggedTemplateExpression(it) => self.called(&it.tag),
            _ => {}
        }
        self.parents.push(kind);
    }

    fn leave_node(&mut self, _: AstKind<'a>) {
        self.parents.pop();
    }
}

impl<'a> Uses<'a, '_> {
    fn reference(&mut self, it: &IdentifierReference<'a>) {
        let name = it.name.as_str();
        if !names::shared(name) || self.facts.declared.contains(name) {
            return;
        }
        let parent = self.parents.last();
        if !parent.is_some_and(|parent| harmless(parent, it.span, name)) {
            let words = format!(
                "`{name}` may be called, used with new or as `{name}.member`, but not handed on"
            );
            self.found.push((Cheat::Tamper, it.span, words));
        }
    }

    fn called(&mut self, callee: &Expression<'a>) {
        let through = match callee.without_parentheses() {
            Expression::StaticMemberExpression(member)
                if matches!(member.property.name.as_str(), "call" | "apply" | "bind") =>
            {
                computed(&member.object)
            }
            other => computed(other),
        };
        if let Some(member) = through {
            let words = "a function may not be called by a name that is put together, `x[name](...)`; use a Map, a switch or for...of";
            self.found.push((Cheat::Reach, member.span, words.into()));
        }
    }
}

/// Whether the place of a shared name, as its parent tells, gives nobody the thing itself.
fn harmless(parent: &AstKind<'_>, span: Span, name: &str) -> bool {
    match parent {
        AstKind::StaticMemberExpression(it) => it.object.span() == span,
        AstKind::ComputedMemberExpression(it) => it.object.span() == span && fixed(&it.expression),
        AstKind::NewExpression(it) => it.callee.span() == span,
        AstKind::CallExpression(it) => {
            it.callee.span() == span || names::callback(name) || compares(it)
        }
        AstKind::BinaryExpression(it) if it.operator.is_instance_of() => it.right.span() == span,
        AstKind::BinaryExpression(it) => it.operator.is_equality(),
        AstKind::UnaryExpression(it) => it.operator.is_typeof(),
        AstKind::Class(it) => it
            .heritage
            .as_ref()
            .is_some_and(|from| from.expression.span() == span),
        _ => false,
    }
}

/// `expect.any(Date)`, `expect(x).toBeInstanceOf(Map)`, and a spy on what tests may stand in for.
fn compares(call: &CallExpression<'_>) -> bool {
    let Expression::StaticMemberExpression(member) = &call.callee else {
        return false;
    };
    let name = member.property.name.as_str();
    let spied = |argument: &Argument<'_>| match argument {
        Argument::Identifier(it) => names::replaceable(&it.name),
        _ => false,
    };
    match name {
        "any" | "toBeInstanceOf" | "toThrow" | "toThrowError" => of_expect(&member.object),
        "spyOn" => {
            member.object.is_specific_id("jest") && call.arguments.first().is_some_and(spied)
        }
        _ => false,
    }
}

fn of_expect(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::Identifier(it) => it.name == "expect",
        Expression::CallExpression(it) => of_expect(&it.callee),
        Expression::StaticMemberExpression(it) => of_expect(&it.object),
        _ => false,
    }
}

/// The member behind an expression, when its name is not written out.
fn computed<'c, 'a>(expression: &'c Expression<'a>) -> Option<&'c ComputedMemberExpression<'a>> {
    let member = match expression.without_parentheses() {
        Expression::ComputedMemberExpression(it) => it,
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::ComputedMemberExpression(it) => it,
            _ => return None,
        },
        _ => return None,
    };
    (!fixed(&member.expression)).then_some(&**member)
}

/// A key the lists can read: `['a']`, `[0]`.
fn fixed(key: &Expression<'_>) -> bool {
    matches!(key, Expression::NumericLiteral(_)) || super::rules::constant(key).is_some()
}
