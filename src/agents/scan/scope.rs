//! Names of a file: what it declares at its top, and what it uses that is declared nowhere in it.

use oxc_ast::ast::{
    BindingIdentifier, Expression, IdentifierReference, Program, Statement, VariableDeclarator,
};
use oxc_ast_visit::Visit;
use std::collections::BTreeSet;

/// Names of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Functions and classes written at the top.
    pub top: Vec<String>,
    /// Used, and bound nowhere in the file; globals of the language are among them.
    pub loose: BTreeSet<String>,
}

/// Reads the names of a program.
pub fn names(program: &Program<'_>) -> Names {
    let mut all = All::default();
    all.visit_program(program);
    let mut top = Vec::new();
    for statement in &program.body {
        match statement {
            Statement::FunctionDeclaration(it) => top.extend(it.id.iter().map(name)),
            Statement::ClassDeclaration(it) => top.extend(it.id.iter().map(name)),
            Statement::VariableDeclaration(it) => {
                let functions = it.declarations.iter().filter(|one| is_function(one));
                let ids = functions.filter_map(|one| one.id.get_binding_identifier());
                top.extend(ids.map(name));
            }
            _ => {}
        }
    }
    Names {
        top,
        loose: all.used.difference(&all.bound).cloned().collect(),
    }
}

fn name(id: &BindingIdentifier<'_>) -> String {
    id.name.to_string()
}

/// What is bound to something written here, not to what another file exports.
fn is_function(one: &VariableDeclarator<'_>) -> bool {
    matches!(
        one.init,
        Some(
            Expression::ArrowFunctionExpression(_)
                | Expression::FunctionExpression(_)
                | Expression::ClassExpression(_)
        )
    )
}

#[derive(Default)]
struct All {
    bound: BTreeSet<String>,
    used: BTreeSet<String>,
}

impl<'a> Visit<'a> for All {
    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.bound.insert(name(it));
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.used.insert(it.name.to_string());
    }
}
