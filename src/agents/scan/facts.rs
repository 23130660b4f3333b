//! What a file declares: its names, which of them are modules it required, and what its functions expect.

use oxc_ast::AstKind;
use oxc_ast::ast::{Expression, Program};
use oxc_ast_visit::Visit;
use std::collections::HashSet;

/// Names of one file.
#[derive(Default)]
pub struct Facts {
    /// Every name the file declares anywhere.
    pub declared: HashSet<String>,
    /// Names that stand for a required module or a part of one.
    pub required: HashSet<String>,
    /// Other names for these and for what is in them.
    pub aliases: HashSet<String>,
    /// Functions of the file that call expect().
    pub asserting: HashSet<String>,
    /// Functions of the file that expect something to throw or reject.
    pub refusing: HashSet<String>,
}

impl Facts {
    /// Collects the facts of a program.
    pub fn of(program: &Program<'_>) -> Self {
        let mut collector = Collector::default();
        collector.visit_program(program);
        collector.facts
    }
}

#[derive(Default)]
struct Collector {
    facts: Facts,
    /// Named functions around the place being visited.
    inside: Vec<Option<String>>,
}

impl<'a> Visit<'a> for Collector {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::BindingIdentifier(it) => {
                self.facts.declared.insert(it.name.to_string());
            }
            AstKind::VariableDeclarator(it) => {
                let name = it.id.get_identifier_name().map(|name| name.to_string());
                let names = it.id.get_binding_identifiers();
                let names = names.iter().map(|binding| binding.name.to_string());
                if it.init.as_ref().is_some_and(from_require) {
                    self.facts.required.extend(names);
                } else if it.init.as_ref().and_then(root).is_some_and(|name| {
                    self.facts.required.contains(name) || self.facts.aliases.contains(name)
                }) {
                    self.facts.aliases.extend(names);
                }
                self.inside.push(name);
            }
            AstKind::Function(it) => {
                self.inside
                    .push(it.id.as_ref().map(|id| id.name.to_string()));
            }
            AstKind::IdentifierReference(it) if it.name == "expect" => {
                let names = self.inside.iter().flatten().cloned();
                self.facts.asserting.extend(names);
            }
            AstKind::StaticMemberExpression(it) if expects_throw(&it.property.name) => {
                let names = self.inside.iter().flatten().cloned();
                self.facts.refusing.extend(names);
            }
            _ => {}
        }
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        if matches!(kind, AstKind::VariableDeclarator(_) | AstKind::Function(_)) {
            self.inside.pop();
        }
    }
}

/// Whether a matcher wants an error.
pub fn expects_throw(member: &str) -> bool {
    matches!(member, "toThrow" | "toThrowError" | "rejects")
}

/// The name at the bottom of a chain of members.
pub fn root<'b>(expression: &'b Expression<'_>) -> Option<&'b str> {
    match expression {
        Expression::Identifier(it) => Some(it.name.as_str()),
        Expression::ParenthesizedExpression(it) => root(&it.expression),
        Expression::StaticMemberExpression(it) => root(&it.object),
        Expression::ComputedMemberExpression(it) => root(&it.object),
        _ => None,
    }
}

/// `require(…)`, or a member of it.
pub fn from_require(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::CallExpression(call) => call.callee.is_specific_id("require"),
        Expression::StaticMemberExpression(member) => from_require(&member.object),
        Expression::ComputedMemberExpression(member) => from_require(&member.object),
        Expression::ParenthesizedExpression(inner) => from_require(&inner.expression),
        _ => false,
    }
}
