//! A checked filter.

use regex::Regex;

use crate::model::Value;

/// A test with the text it was written as.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) text: String,
    pub(super) test: Test,
}

#[derive(Debug, Clone)]
pub(super) enum Test {
    Const(bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// A boolean value by itself.
    Truth(Term),
    Compare(Op, Term, Term),
    In(Term, Term),
    Has(Term),
    Blank(Term),
    Text(Part, Term, Term),
    Matches(Term, Regex),
    /// Over the elements of a list; the body sees the element as [`Term::Var`] 0.
    Exists(Term, Box<Node>),
    All(Term, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    StartsWith,
    EndsWith,
    Contains,
}

/// What has a value.
#[derive(Debug, Clone)]
pub(super) enum Term {
    Literal(Value),
    /// Nanoseconds.
    Span(i128),
    Path(Vec<String>),
    Id,
    Bucket,
    Now,
    /// The element of the `n`th enclosing list, and keys in it.
    Var(usize, Vec<String>),
    List(Vec<Term>),
    Size(Box<Term>),
    Timestamp(Box<Term>),
    Plus(Box<Term>, Box<Term>),
    Minus(Box<Term>, Box<Term>),
}

// === impl Node ===

impl Node {
    pub(super) fn children(&self) -> &[Node] {
        match &self.test {
            Test::And(nodes) | Test::Or(nodes) => nodes,
            Test::Not(node) => std::slice::from_ref(node),
            _ => &[],
        }
    }

    /// Every place the test reads a user at, those of its parts included.
    pub(super) fn sources<'a>(&'a self, found: &mut Vec<&'a Term>) {
        match &self.test {
            Test::Const(_) => {}
            Test::And(nodes) | Test::Or(nodes) => nodes.iter().for_each(|n| n.sources(found)),
            Test::Not(node) => node.sources(found),
            Test::Truth(a) | Test::Has(a) | Test::Blank(a) | Test::Matches(a, _) => {
                a.sources(found);
            }
            Test::Compare(_, a, b) | Test::In(a, b) | Test::Text(_, a, b) => {
                a.sources(found);
                b.sources(found);
            }
            Test::Exists(list, body) | Test::All(list, body) => {
                list.sources(found);
                body.sources(found);
            }
        }
    }
}

// === impl Term ===

impl Term {
    fn sources<'a>(&'a self, found: &mut Vec<&'a Term>) {
        match self {
            Self::Path(_) | Self::Id | Self::Bucket => {
                if !found.iter().any(|seen| seen.is_same_source(self)) {
                    found.push(self);
                }
            }
            Self::Literal(_) | Self::Span(_) | Self::Now | Self::Var(..) => {}
            Self::List(items) => items.iter().for_each(|item| item.sources(found)),
            Self::Size(of) | Self::Timestamp(of) => of.sources(found),
            Self::Plus(a, b) | Self::Minus(a, b) => {
                a.sources(found);
                b.sources(found);
            }
        }
    }

    fn is_same_source(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(a), Self::Path(b)) => a == b,
            (Self::Id, Self::Id) | (Self::Bucket, Self::Bucket) => true,
            _ => false,
        }
    }

    /// `user.address.city`, or `user["zip code"]`.
    pub(super) fn path_text(path: &[String]) -> String {
        let mut text = "user".to_owned();
        for key in path {
            let is_plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !key.starts_with(|c: char| c.is_ascii_digit());
            if is_plain {
                text.push('.');
                text.push_str(key);
            } else {
                let quoted = format!("{key:?}");
                text.extend(["[", &quoted, "]"]);
            }
        }
        text
    }
}

// === impl Op ===

impl Op {
    pub(super) fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    pub(super) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
        }
    }
}
