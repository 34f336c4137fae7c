//! Why a user is in or not.

use crate::model::Value;

use super::tree::{Node, Test};
use super::verdict::{Datum, Scope, read, verdict};

/// Why a user is in or not: one test, with the tests it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// As it was written.
    pub text: String,
    /// `None` is unknown: something it reads is absent or of another type.
    pub verdict: Option<bool>,
    /// What it reads of the user; empty for a test that is made of others.
    pub reads: Vec<Read>,
    pub children: Vec<Explained>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Such as `user.address.city` or `count("order", days(30))`.
    pub operand: String,
    pub value: Option<Value>,
}

pub(super) fn explain(node: &Node, scope: Scope<'_>) -> Explained {
    let children: Vec<_> = node
        .children()
        .iter()
        .map(|child| explain(child, scope))
        .collect();
    let mut sources = Vec::new();
    if children.is_empty() && !matches!(node.test, Test::InSegment(..)) {
        node.sources(&mut sources);
    }
    let reads = sources.into_iter().map(|source| Read {
        operand: source.source_text(),
        value: match read(source, scope) {
            Some(Datum::Value(value)) => Some(value.into_owned()),
            _ => None,
        },
    });
    Explained {
        text: node.text.clone(),
        verdict: verdict(node, scope),
        reads: reads.collect(),
        children,
    }
}
