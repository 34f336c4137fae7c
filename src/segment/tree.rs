//! A checked filter.

use jiff::Timestamp;

use crate::audience::{Measure, Window};
use crate::model::Value;

use super::Filter;
use super::pattern::Pattern;

/// A test with the text it was written as. Two are equal when they test the same, however they are written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) text: String,
    pub(super) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
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
    Matches(Term, Pattern),
    /// Over the elements of a list; the body sees the element as [`Term::Var`] 0.
    Exists(Term, Box<Node>),
    All(Term, Box<Node>),
    /// Whether the user is in another segment; never unknown.
    InSegment(String, Filter),
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
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Literal(Value),
    /// Nanoseconds.
    Span(i128),
    Path(Vec<String>),
    Id,
    Bucket,
    /// What the user's events of a name come to.
    Events(Box<Events>),
    Now,
    /// The element of the `n`th enclosing list, and keys in it.
    Var(usize, Vec<String>),
    List(Vec<Term>),
    Size(Box<Term>),
    Timestamp(Box<Term>),
    Plus(Box<Term>, Box<Term>),
    Minus(Box<Term>, Box<Term>),
}

/// A question about events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Events {
    pub(super) name: String,
    pub(super) measure: Measure,
    /// Nanoseconds back from now; all events without it.
    pub(super) within: Option<i128>,
    /// As it was written.
    pub(super) text: String,
}

// === impl Events ===

impl Events {
    /// Events have milliseconds: the window is rounded so that it holds exactly those within it.
    pub(super) fn window(&self, now: Timestamp) -> Window {
        let millis = |nanos: i128| i64::try_from(nanos.div_euclid(1_000_000)).unwrap_or(i64::MIN);
        let now = now.as_nanosecond();
        Window {
            after: self.within.map_or(i64::MIN, |within| millis(now - within)),
            until: millis(now),
        }
    }
}

// === impl Node ===

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.test == other.test
    }
}

impl Node {
    pub(super) fn children(&self) -> &[Node] {
        match &self.test {
            Test::And(nodes) | Test::Or(nodes) => nodes,
            Test::Not(node) => std::slice::from_ref(node),
            Test::InSegment(_, filter) => std::slice::from_ref(filter.root()),
            _ => &[],
        }
    }

    /// Nodes, those of named segments among them.
    pub(super) fn weight(&self) -> usize {
        match &self.test {
            Test::And(nodes) | Test::Or(nodes) => 1 + nodes.iter().map(Self::weight).sum::<usize>(),
            Test::Not(node) | Test::Exists(_, node) | Test::All(_, node) => 1 + node.weight(),
            Test::InSegment(_, filter) => 1 + filter.weight(),
            _ => 1,
        }
    }

    /// How deep segments name segments.
    pub(super) fn depth(&self) -> usize {
        match &self.test {
            Test::And(nodes) | Test::Or(nodes) => nodes.iter().map(Self::depth).max().unwrap_or(0),
            Test::Not(node) => node.depth(),
            Test::InSegment(_, filter) => 1 + filter.depth(),
            _ => 0,
        }
    }

    /// Names of segments, in this filter's own text.
    pub(super) fn segments(&self, found: &mut Vec<String>) {
        match &self.test {
            Test::And(nodes) | Test::Or(nodes) => nodes.iter().for_each(|n| n.segments(found)),
            Test::Not(node) => node.segments(found),
            Test::InSegment(name, _) => found.push(name.clone()),
            _ => {}
        }
    }

    /// Every place the test reads a user at, those of its parts and of the segments that it names included.
    pub(super) fn sources<'a>(&'a self, found: &mut Vec<&'a Term>) {
        self.read_at(true, found);
    }

    /// As [`Node::sources`], without the segments that it names.
    pub(super) fn own_sources<'a>(&'a self, found: &mut Vec<&'a Term>) {
        self.read_at(false, found);
    }

    fn read_at<'a>(&'a self, with_segments: bool, found: &mut Vec<&'a Term>) {
        match &self.test {
            Test::And(nodes) | Test::Or(nodes) => {
                for node in nodes {
                    node.read_at(with_segments, found);
                }
            }
            Test::Not(node) => node.read_at(with_segments, found),
            Test::InSegment(_, filter) if with_segments => filter.root().read_at(true, found),
            Test::Const(_) | Test::InSegment(..) => {}
            Test::Truth(a) | Test::Has(a) | Test::Blank(a) | Test::Matches(a, _) => {
                a.sources(found);
            }
            Test::Compare(_, a, b) | Test::In(a, b) | Test::Text(_, a, b) => {
                a.sources(found);
                b.sources(found);
            }
            Test::Exists(list, body) | Test::All(list, body) => {
                list.sources(found);
                body.read_at(with_segments, found);
            }
        }
    }
}

// === impl Term ===

impl Term {
    fn sources<'a>(&'a self, found: &mut Vec<&'a Term>) {
        match self {
            Self::Path(_) | Self::Id | Self::Bucket | Self::Events(_) => {
                if !found.iter().any(|seen| seen.is_same(self)) {
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

    /// Whether both read the same of a user.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Path(a), Self::Path(b)) => a == b,
            (Self::Events(a), Self::Events(b)) => a == b,
            (Self::Id, Self::Id) | (Self::Bucket, Self::Bucket) => true,
            _ => false,
        }
    }

    /// What a source reads, as it is written.
    pub(super) fn source_text(&self) -> String {
        match self {
            Self::Path(path) => Self::path_text(path),
            Self::Id => "user.id".to_owned(),
            Self::Events(events) => events.text.clone(),
            _ => "user.random_bucket".to_owned(),
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
