//! Users whom a filter leaves out without saying so.

use crate::diagnostic::{Diagnostic, codes};

use super::tree::{Node, Op, Term, Test};

/// Warns of negations: `user.x != 1` and `!(user.x == 1)` are unknown for users without `user.x`, who are then
/// not in. A filter that asks for the attribute anywhere is taken to know.
pub(super) fn warnings(root: &Node, text: &str) -> Vec<Diagnostic> {
    let mut asked = Vec::new();
    asked_for(root, &mut asked);
    let mut found = Vec::new();
    negated(root, true, &mut found);
    let mut warned: Vec<&[String]> = Vec::new();
    let mut warnings = Vec::new();
    for (node, path) in found {
        if asked.contains(&path) || warned.contains(&path) {
            continue;
        }
        warned.push(path);
        let name = Term::path_text(path);
        let message = format!("users without `{name}` are left out: for them this is unknown");
        let hint = format!(
            "add `|| blank({name})` to take them in, or `&& has({name})` to say that it is meant"
        );
        let warning = Diagnostic::warning(codes::FILTER_NEGATION, message).hint(hint);
        warnings.push(match text.find(&node.text) {
            Some(at) => warning.spanning(at..at + node.text.len()),
            None => warning,
        });
    }
    warnings
}

/// Paths whose absence the filter deals with.
fn asked_for<'a>(node: &'a Node, found: &mut Vec<&'a [String]>) {
    match &node.test {
        Test::And(nodes) | Test::Or(nodes) => nodes.iter().for_each(|node| asked_for(node, found)),
        Test::Not(node) => asked_for(node, found),
        Test::Has(Term::Path(path)) | Test::Blank(Term::Path(path)) => found.push(path),
        _ => {}
    }
}

/// Tests that must be other than what they name for the filter to be true.
fn negated<'a>(node: &'a Node, wanted: bool, found: &mut Vec<(&'a Node, &'a [String])>) {
    let is_negation = match &node.test {
        Test::And(nodes) | Test::Or(nodes) => {
            for node in nodes {
                negated(node, wanted, found);
            }
            return;
        }
        Test::Not(inner) => return negated(inner, !wanted, found),
        Test::Compare(Op::NotEqual, ..) => wanted,
        Test::Compare(..)
        | Test::In(..)
        | Test::Text(..)
        | Test::Matches(..)
        | Test::Truth(_)
        | Test::Exists(..)
        | Test::All(..) => !wanted,
        Test::Const(_) | Test::Has(_) | Test::Blank(_) | Test::InSegment(..) => false,
    };
    if is_negation {
        let mut sources = Vec::new();
        node.sources(&mut sources);
        let paths = sources.into_iter().filter_map(|source| match source {
            Term::Path(path) => Some((node, path.as_slice())),
            _ => None,
        });
        found.extend(paths);
    }
}
