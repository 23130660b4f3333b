//! The walk over a file: each name, member, module and assignment against the lists.

use super::facts::{Facts, from_require, root};
use super::{Violation, names, violation};
use crate::domain::cheat::Cheat::{self, Reach, Tamper};
use crate::domain::package::Package;
use oxc_ast::AstKind;
use oxc_ast::ast::{
    Argument, AssignmentTarget, BindingIdentifier, CallExpression, Expression, IdentifierReference,
    MemberExpression, Program, SimpleAssignmentTarget,
};
use oxc_ast_visit::{Visit, walk};
use oxc_span::{GetSpan, Span};

/// Everything in the program that the rules forbid.
pub fn check(
    path: &str,
    text: &str,
    program: &Program<'_>,
    facts: &Facts,
    packages: &[Package],
) -> Vec<Violation> {
    let mut walker = Walker {
        path,
        packages,
        text,
        facts,
        test_file: names::is_test(path),
        strict: program.has_use_strict_directive(),
        parents: Vec::new(),
        found: Vec::new(),
    };
    walker.visit_program(program);
    walker.found
}

struct Walker<'a, 'b> {
    path: &'b str,
    packages: &'b [Package],
    text: &'b str,
    facts: &'b Facts,
    test_file: bool,
    strict: bool,
    parents: Vec<AstKind<'a>>,
    found: Vec<Violation>,
}

impl<'a> Visit<'a> for Walker<'a, '_> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::IdentifierReference(it) => self.reference(it),
            AstKind::BindingIdentifier(it) => self.declaration(it),
            AstKind::StaticMemberExpression(it) => {
                self.member(it.span, &it.property.name);
            }
            AstKind::ComputedMemberExpression(it) => {
                if let Some(name) = constant(&it.expression) {
                    self.member(it.span, &name);
                }
            }
            AstKind::BindingProperty(it) => {
                if let Some(name) = it.key.static_name() {
                    self.member(it.span, &name);
                }
            }
            AstKind::AssignmentTargetPropertyProperty(it) => {
                if let Some(name) = it.name.static_name() {
                    self.member(it.span, &name);
                }
            }
            AstKind::AssignmentTargetPropertyIdentifier(it) => {
                self.member(it.span, &it.binding.name);
            }
            AstKind::StringLiteral(it) if it.value == "constructor" => self.spelled(it.span),
            AstKind::BinaryExpression(it) => {
                let joined = constant(&it.left).zip(constant(&it.right));
                if joined.is_some_and(|(left, right)| left + &right == "constructor") {
                    self.spelled(it.span);
                }
            }
            AstKind::TemplateLiteral(it) => {
                if it.single_quasi().is_some_and(|text| text == "constructor") {
                    self.spelled(it.span);
                }
            }
            AstKind::CallExpression(it) => self.call(it),
            _ => self.syntax(kind),
        }
        self.parents.push(kind);
    }

    fn leave_node(&mut self, _: AstKind<'a>) {
        self.parents.pop();
    }

    fn visit_simple_assignment_target(&mut self, it: &SimpleAssignmentTarget<'a>) {
        match it {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(name) => {
                self.changed(it.span(), Some(&name.name), false);
            }
            _ => {
                if let Some(member) = it.as_member_expression() {
                    self.changed_member(member);
                }
            }
        }
        walk::walk_simple_assignment_target(self, it);
    }
}

impl<'a> Walker<'a, '_> {
    fn say(&mut self, cheat: impl Into<Option<Cheat>>, span: Span, words: impl Into<String>) {
        let found = violation(self.text, span, words.into(), cheat.into());
        self.found.push(found);
    }

    fn spelled(&mut self, span: Span) {
        self.say(
            Reach,
            span,
            "the text 'constructor' is not allowed; use another",
        );
    }

    fn declaration(&mut self, it: &BindingIdentifier<'a>) {
        if let Some(words) = names::reserved(&it.name, self.test_file) {
            self.say(Tamper, it.span, words);
        }
    }

    fn reference(&mut self, it: &IdentifierReference<'a>) {
        let name = it.name.as_str();
        let own = self.facts.declared.contains(name);
        if let Some((cheat, words)) = names::banned(name, own, self.test_file) {
            return self.say(cheat, it.span, words);
        }
        match name {
            "require" if !self.is_callee(it.span) => {
                self.say(
                    Reach,
                    it.span,
                    "require may only be called: require('./file.js')",
                );
            }
            "module" if !self.is_export(it.span) => self.say(
                Reach,
                it.span,
                "`module` is only for one `module.exports = { ... }` at the top level",
            ),
            "jest" if !self.has_member(it.span, &names::JEST_MEMBERS) => self.say(
                Tamper,
                it.span,
                "only jest.fn, jest.spyOn and fake timers are allowed of jest",
            ),
            "expect"
                if !self.is_callee(it.span)
                    && !self.has_member(it.span, &names::EXPECT_MEMBERS) =>
            {
                self.say(Tamper, it.span, "expect may only be called: expect(value)");
            }
            _ => {}
        }
    }

    /// The parent is a call of the thing at `span`.
    fn is_callee(&self, span: Span) -> bool {
        matches!(self.parents.last(), Some(AstKind::CallExpression(call)) if call.callee.span() == span)
    }

    fn has_member(&self, span: Span, allowed: &[&str]) -> bool {
        matches!(self.parents.last(), Some(AstKind::StaticMemberExpression(member))
            if member.object.span() == span && allowed.contains(&member.property.name.as_str()))
    }

    /// `module.exports = { … };` as a statement of the file.
    fn is_export(&self, span: Span) -> bool {
        let mut up = self.parents.iter().rev();
        let Some(AstKind::StaticMemberExpression(member)) = up.next() else {
            return false;
        };
        let Some(AstKind::AssignmentExpression(set)) = up.next() else {
            return false;
        };
        let place = matches!(up.next(), Some(AstKind::ExpressionStatement(_)))
            && matches!(up.next(), Some(AstKind::Program(_)));
        let target = matches!(&set.left, AssignmentTarget::StaticMemberExpression(left)
            if left.span == member.span);
        place
            && target
            && !self.test_file
            && member.object.span() == span
            && member.property.name == "exports"
            && matches!(set.right, Expression::ObjectExpression(_))
    }

    fn member(&mut self, span: Span, name: &str) {
        if let Some(words) = names::member(name) {
            return self.say(Reach, span, words);
        }
        let handed_on = match self.parents.last() {
            Some(AstKind::StaticMemberExpression(parent)) => parent.object.span() != span,
            Some(AstKind::ComputedMemberExpression(parent)) => parent.object.span() != span,
            _ => true,
        };
        if name == "prototype" && handed_on {
            self.say(Tamper, span, "a prototype may not be handed on or changed");
        }
    }

    fn call(&mut self, it: &CallExpression<'a>) {
        if it.callee.is_specific_id("require") {
            let words = match it.arguments.as_slice() {
                [Argument::StringLiteral(wanted)] => {
                    names::require(self.path, &wanted.value, self.packages)
                }
                _ => Some("require takes one plain text: require('./file.js')".to_string()),
            };
            if let Some(words) = words {
                self.say(Reach, it.span, words);
            }
        }
        let Some(name) = changer(&it.callee) else {
            return;
        };
        let Some(first) = it.arguments.first().and_then(Argument::as_expression) else {
            return;
        };
        let spied = it.arguments.get(1).and_then(Argument::as_expression);
        let spied = spied.and_then(constant).filter(|_| name == "spyOn");
        if let Some(method) = spied.filter(|one| names::locked(one)) {
            // Restoring the spy would fail, and every test after it.
            let words = format!(
                "`{method}` of an emitter cannot be spied on; put jest.fn() in its place: emitter.{method} = jest.fn()"
            );
            self.say(None, it.span, words);
        }
        let root = root(first);
        let harmless = name == "spyOn" && root.is_some_and(names::replaceable);
        if !harmless {
            self.changed_in(it.span, root, from_require(first));
        }
    }

    fn changed_member(&mut self, member: &MemberExpression<'a>) {
        let object = member.object();
        let through_prototype = matches!(object, Expression::StaticMemberExpression(inner)
            if inner.property.name == "prototype");
        if through_prototype {
            return self.say(Tamper, member.span(), "a prototype may not be changed");
        }
        if root(object) == Some("module") {
            return;
        }
        self.changed_in(member.span(), root(object), from_require(object));
    }

    /// Something in the thing of this name is assigned to, or spied on.
    fn changed_in(&mut self, span: Span, root: Option<&str>, required: bool) {
        let alias = root.is_some_and(|name| self.facts.aliases.contains(name));
        self.changed(span, root, required || alias);
    }

    /// Something is assigned to: not what Jest or another file owns.
    fn changed(&mut self, span: Span, root: Option<&str>, required: bool) {
        let name = root.unwrap_or_default();
        let own = self.facts.declared.contains(name);
        if required || self.facts.required.contains(name) {
            self.say(
                Tamper,
                span,
                "a required module may not be changed or spied on",
            );
        } else if !own && (names::shared(name) || (self.test_file && names::JEST.contains(&name))) {
            self.say(Tamper, span, format!("`{name}` may not be changed"));
        }
    }

    fn syntax(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::ImportExpression(it) => {
                self.say(Reach, it.span, "import() is not allowed; use require");
            }
            AstKind::ImportMeta(it) => self.say(Reach, it.span, "import.meta is not allowed"),
            AstKind::ImportDeclaration(it) => {
                self.say(None, it.span, "import is not allowed; use require");
            }
            AstKind::ExportNamedDeclaration(_)
            | AstKind::ExportDeclaration(_)
            | AstKind::ExportFromDeclaration(_)
            | AstKind::ExportDefaultDeclaration(_)
            | AstKind::ExportAllDeclaration(_) => self.say(
                None,
                kind.span(),
                "export is not allowed; use one `module.exports = { ... }`",
            ),
            AstKind::WithStatement(it) => self.say(None, it.span, "with is not allowed"),
            AstKind::ThisExpression(it) if !self.strict && !self.in_class() => self.say(
                Reach,
                it.span,
                "`this` outside a class needs 'use strict' as the first line of the file",
            ),
            _ => {}
        }
    }

    fn in_class(&self) -> bool {
        let class = |kind: &AstKind<'a>| matches!(kind, AstKind::ClassBody(_));
        self.parents.iter().any(class)
    }
}

/// The name of a call that changes its first argument.
fn changer<'b>(callee: &'b Expression<'_>) -> Option<&'b str> {
    let Expression::StaticMemberExpression(member) = callee else {
        return None;
    };
    let name = member.property.name.as_str();
    let of_object = member.object.is_specific_id("Object")
        && matches!(
            name,
            "assign"
                | "defineProperty"
                | "defineProperties"
                | "freeze"
                | "seal"
                | "preventExtensions"
        );
    let spy = member.object.is_specific_id("jest") && name == "spyOn";
    (of_object || spy).then_some(name)
}

/// The text of an expression made of literals only.
pub fn constant(expression: &Expression<'_>) -> Option<String> {
    match expression {
        Expression::StringLiteral(it) => Some(it.value.to_string()),
        Expression::TemplateLiteral(it) => it.single_quasi().map(|text| text.to_string()),
        Expression::ParenthesizedExpression(it) => constant(&it.expression),
        Expression::BinaryExpression(it) if it.operator.as_str() == "+" => {
            Some(constant(&it.left)? + &constant(&it.right)?)
        }
        _ => None,
    }
}
