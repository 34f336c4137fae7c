//! Judges all users at once: a filter becomes a [`Selection`], which is asked of some blocks of 64 rows at a time.
//!
//! Each test is asked for one answer only, true or false: a conjunction is true where all parts are, and
//! false where one is; a negation swaps the two. So sets of unknown users are never made. What is behind in a
//! conjunction is asked of the rows that are left, and not made ready before there is one.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use jiff::Timestamp;
use memchr::memmem::Finder;

use crate::audience::{
    BLOCKS, Measure, Question, Row, Shape, Table, Test as Ready, TextTest, Window, each_block,
};
use crate::model::Value;

use super::tree::{Node, Op, Part, Term, Test};
use super::verdict::{InTable, Scope, User, verdict};

/// A filter over some blocks of a table.
pub(super) enum Selection<'a> {
    Constant(bool),
    /// Cheapest first.
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Leaf(Leaf<'a>),
}

/// A test of one source, made ready when it is first asked.
pub(super) struct Leaf<'a> {
    node: &'a Node,
    over: Over<'a>,
    wanted: bool,
    ready: OnceCell<Ready<'a>>,
}

/// What is asked.
#[derive(Clone)]
pub(super) struct Over<'a> {
    pub(super) table: &'a Table,
    pub(super) now: Timestamp,
    /// Of 64 rows.
    pub(super) blocks: Range<usize>,
}

/// Rows of some blocks on the side.
struct Scratch([u64; BLOCKS]);

/// A user with one value, whatever is asked for.
struct Single<'a>(Option<&'a Value>);

// === impl Single ===

impl User for Single<'_> {
    fn at(&self, _: &[String]) -> Option<Cow<'_, Value>> {
        self.0.map(Cow::Borrowed)
    }

    fn id(&self) -> Option<Cow<'_, Value>> {
        self.0.map(Cow::Borrowed)
    }

    fn bucket(&self) -> Option<Cow<'_, Value>> {
        self.0.map(Cow::Borrowed)
    }

    fn events(&self, _: &str, _: &Measure, _: Window) -> Option<Cow<'_, Value>> {
        self.0.map(Cow::Borrowed)
    }
}

// === impl Selection ===

impl<'a> Selection<'a> {
    /// Selects the rows whose verdict is `wanted`.
    pub(super) fn new(node: &'a Node, over: &Over<'a>, wanted: bool) -> Self {
        let each = |nodes: &'a [Node]| {
            let sorted = cheapest_first(nodes).into_iter();
            sorted.map(|node| Self::new(node, over, wanted)).collect()
        };
        match (&node.test, wanted) {
            (Test::And(nodes), true) | (Test::Or(nodes), false) => Self::All(each(nodes)),
            (Test::And(nodes), false) | (Test::Or(nodes), true) => Self::Any(each(nodes)),
            (Test::Not(node), _) => Self::new(node, over, !wanted),
            (Test::InSegment(_, filter), true) => Self::new(filter.root(), over, true),
            // Unknown is not in.
            (Test::InSegment(_, filter), false) => {
                Self::Not(Box::new(Self::new(filter.root(), over, true)))
            }
            (Test::Const(b), _) => Self::Constant(*b == wanted),
            _ => Self::Leaf(Leaf {
                node,
                over: over.clone(),
                wanted,
                ready: OnceCell::new(),
            }),
        }
    }

    /// Leaves of the asked rows of some blocks, at most [`BLOCKS`], those that are selected.
    pub(super) fn keep(&self, first: usize, asked: &mut [u64]) {
        match self {
            Self::Constant(true) => {}
            Self::Constant(false) => asked.fill(0),
            Self::All(parts) => {
                for part in parts {
                    if asked.iter().all(|rows| *rows == 0) {
                        return;
                    }
                    part.keep(first, asked);
                }
            }
            Self::Any(parts) => {
                let mut left = Scratch::of(asked);
                for part in parts {
                    let open = left.rows(asked.len());
                    if open.iter().all(|rows| *rows == 0) {
                        return;
                    }
                    let mut found = Scratch::of(open);
                    let found = found.rows(asked.len());
                    part.keep(first, found);
                    remove(open, found);
                }
                remove(asked, left.rows(asked.len()));
            }
            Self::Not(part) => {
                let mut found = Scratch::of(asked);
                let found = found.rows(asked.len());
                part.keep(first, found);
                remove(asked, found);
            }
            Self::Leaf(leaf) => leaf.ready.get_or_init(|| leaf.prepare())(first, asked),
        }
    }
}

// === impl Scratch ===

impl Scratch {
    fn of(rows: &[u64]) -> Self {
        let mut scratch = Self([0; BLOCKS]);
        scratch.0[..rows.len()].copy_from_slice(rows);
        scratch
    }

    fn rows(&mut self, n: usize) -> &mut [u64] {
        &mut self.0[..n]
    }
}

/// Takes rows out.
fn remove(from: &mut [u64], rows: &[u64]) {
    for (from, rows) in from.iter_mut().zip(rows) {
        *from &= !rows;
    }
}

// === impl Leaf ===

impl<'a> Leaf<'a> {
    fn prepare(&self) -> Ready<'a> {
        let Over { table, now, blocks } = self.over.clone();
        let (node, wanted) = (self.node, self.wanted);
        let mut sources = Vec::new();
        node.sources(&mut sources);
        let holds = move |value: Option<&Value>| judged(node, &Single(value), now) == Some(wanted);
        let question = || Question {
            shape: shape(node, now),
            holds: Box::new(holds),
            text: text_test(node, wanted),
        };
        match sources.as_slice() {
            [Term::Path(path)] => table.test(path, question(), blocks),
            [Term::Bucket] => table.test_bucket(question(), blocks),
            [Term::Events(events)] => {
                let asked = (&events.measure, events.window(now));
                table.test_events(&events.name, asked, &holds, blocks)
            }
            [] => {
                let all = holds(None);
                each_block(move |_, asked| if all { asked } else { 0 })
            }
            _ => each_block(move |block, asked| {
                each_row(block, asked, |row| {
                    judged(node, &InTable(table, row), now) == Some(wanted)
                })
            }),
        }
    }
}

fn judged(node: &Node, user: &dyn User, now: Timestamp) -> Option<bool> {
    let element = None;
    verdict(node, Scope { user, now, element })
}

/// The same question of a text's bytes: what is asked of each of a million texts must not copy them.
fn text_test(node: &Node, wanted: bool) -> Option<Box<TextTest<'_>>> {
    let literal = |term: &'_ Term| match term {
        Term::Literal(Value::String(text)) => Some(text.clone().into_bytes()),
        _ => None,
    };
    Some(match &node.test {
        Test::Matches(Term::Path(_), pattern) => {
            // A regular expression keeps scratch space that threads would wait for.
            let pattern = pattern.clone();
            Box::new(move |text| pattern.is_match(text) == wanted)
        }
        Test::Text(part, Term::Path(_), part_of) => {
            let literal = literal(part_of)?;
            match part {
                Part::StartsWith => Box::new(move |text| text.starts_with(&literal) == wanted),
                Part::EndsWith => Box::new(move |text| text.ends_with(&literal) == wanted),
                Part::Contains => {
                    let finder = Finder::new(&literal).into_owned();
                    Box::new(move |text| finder.find(text).is_some() == wanted)
                }
            }
        }
        Test::Compare(op, Term::Path(_), other) if op.is_equality() => {
            let literal = literal(other)?;
            let wanted = wanted == (*op == Op::Equal);
            Box::new(move |text| (text == literal) == wanted)
        }
        _ => return None,
    })
}

fn each_row(block: usize, asked: u64, holds: impl Fn(Row) -> bool) -> u64 {
    let mut left = asked;
    let mut found = 0;
    while left != 0 {
        let bit = left.trailing_zeros();
        left &= left - 1;
        found |= u64::from(holds(Row::within(block, bit))) << bit;
    }
    found
}

/// What the scan may take for granted.
fn shape(node: &Node, now: Timestamp) -> Shape {
    let literal = |term: &Term| constant(term, now);
    match &node.test {
        Test::Has(Term::Path(_)) => Shape::Presence,
        Test::Blank(Term::Path(_)) => Shape::Emptiness,
        Test::Truth(Term::Path(_))
        | Test::Matches(Term::Path(_), _)
        | Test::Text(_, Term::Path(_), Term::Literal(_)) => Shape::Points(Vec::new()),
        Test::Compare(op, Term::Path(_) | Term::Bucket, b)
        | Test::Compare(op, b, Term::Path(_) | Term::Bucket) => match literal(b) {
            Some(value) if op.is_equality() => Shape::Points(vec![value]),
            Some(_) => Shape::Monotone,
            None => Shape::Any,
        },
        Test::In(Term::Path(_) | Term::Bucket, Term::Literal(Value::List(items))) => {
            Shape::Points(items.clone())
        }
        _ => Shape::Any,
    }
}

/// The value of a term that reads no user.
fn constant(term: &Term, now: Timestamp) -> Option<Value> {
    let mut node_sources = Vec::new();
    let node = Node {
        text: String::new(),
        test: Test::Has(term.clone()),
    };
    node.sources(&mut node_sources);
    if !node_sources.is_empty() {
        return None;
    }
    super::verdict::constant(term, now)
}

fn cheapest_first(nodes: &[Node]) -> Vec<&Node> {
    let mut sorted: Vec<&Node> = nodes.iter().collect();
    sorted.sort_by_key(|node| cost(node));
    sorted
}

/// Word operations first, then what looks at values, then what looks at rows.
pub(super) fn cost(node: &Node) -> usize {
    match &node.test {
        Test::And(nodes) | Test::Or(nodes) => nodes.iter().map(cost).sum(),
        Test::Not(node) => cost(node),
        Test::InSegment(_, filter) => cost(filter.root()),
        Test::Const(_) => 0,
        _ => {
            let mut sources = Vec::new();
            node.sources(&mut sources);
            match (sources.as_slice(), &node.test) {
                (
                    [Term::Path(_) | Term::Bucket],
                    Test::Compare(..)
                    | Test::In(..)
                    | Test::Has(_)
                    | Test::Truth(_)
                    | Test::Blank(_),
                ) => 1,
                ([Term::Path(_)], _) => 10,
                ([Term::Events(_)], _) => 20,
                _ => 100,
            }
        }
    }
}
