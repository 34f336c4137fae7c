//! The clauses of a filter: what tests can make true and false one by one.

use std::ops::Range;

use jiff::Timestamp;

use super::Filter;
use super::person::Person;
use super::tree::{Node, Test};
use super::verdict::{Scope, verdict};

/// A part of a filter that is no combination of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// As it was written.
    pub text: String,
    /// Where it stands in the filter's text.
    pub span: Option<Range<usize>>,
}

// === impl Filter ===

impl Filter {
    /// In the order of the text; those of named segments are their own.
    pub fn clauses(&self) -> Vec<Clause> {
        let mut from = 0;
        let clause = |node: &Node| {
            // Equal clauses stand one behind the other.
            let found = self.text()[from..].find(&node.text);
            let span = found.map(|at| from + at..from + at + node.text.len());
            if let Some(span) = &span {
                from = span.end;
            }
            Clause {
                text: node.text.clone(),
                span,
            }
        };
        leaves(self.root()).into_iter().map(clause).collect()
    }

    /// How each clause is for somebody, whatever the others are; `None` is unknown.
    pub fn judge<'a>(&self, person: impl Into<Person<'a>>, now: Timestamp) -> Vec<Option<bool>> {
        let person = person.into();
        let scope = Scope {
            user: &person,
            now,
            element: None,
        };
        let leaves = leaves(self.root()).into_iter();
        leaves.map(|node| verdict(node, scope)).collect()
    }
}

fn leaves(node: &Node) -> Vec<&Node> {
    match &node.test {
        Test::And(nodes) | Test::Or(nodes) => nodes.iter().flat_map(leaves).collect(),
        Test::Not(node) => leaves(node),
        Test::Const(_) => Vec::new(),
        _ => vec![node],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::model::Value;
    use crate::model::id::ExternalId;
    use crate::model::user::Profile;
    use crate::segment::{Declared, compile};

    #[test]
    fn clauses_are_found_in_the_text_and_judged_one_by_one() {
        let text = "!(user.a == 1) && (user.b > 2 || user.a == 1) && [1, 2].exists(x, x == user.b)";
        let filter = compile(text, &Declared::default()).unwrap();
        let clauses = filter.clauses();
        let texts: Vec<_> = clauses
            .iter()
            .map(|clause| &text[clause.span.clone().unwrap()])
            .collect();
        assert_eq!(
            texts,
            [
                "user.a == 1",
                "user.b > 2",
                "user.a == 1",
                "[1, 2].exists(x, x == user.b)"
            ]
        );
        let starts: Vec<_> = clauses
            .iter()
            .map(|c| c.span.clone().unwrap().start)
            .collect();
        assert!(starts.is_sorted_by(|a, b| a < b), "{starts:?}");
        let profile = Profile {
            external_id: ExternalId::parse("ana").unwrap(),
            attributes: BTreeMap::from([("a".to_owned(), Value::Int(1))]),
        };
        let judged = filter.judge(&profile, "2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(judged, [Some(true), None, Some(true), None]);
    }
}
