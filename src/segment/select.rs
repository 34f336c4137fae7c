//! Judges all users at once, column by column.
//!
//! Each test is asked for one answer only, true or false: a conjunction is true where all parts are, and
//! false where one is; a negation swaps the two. So sets of unknown users are never made.

use std::borrow::Cow;
use std::cell::Cell;

use jiff::Timestamp;
use memchr::memmem::Finder;

use crate::audience::{Bitmap, Measure, Question, Row, Shape, Table, TextTest, Window};
use crate::model::Value;

use super::tree::{Node, Op, Part, Term, Test};
use super::verdict::{InTable, Scope, User, verdict};

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

/// The rows of `within` whose verdict is `wanted`.
pub(super) fn select(
    node: &Node,
    table: &Table,
    now: Timestamp,
    wanted: bool,
    within: &Bitmap,
) -> Bitmap {
    match (&node.test, wanted) {
        (Test::And(nodes), true) | (Test::Or(nodes), false) => {
            let mut left = Cow::Borrowed(within);
            for node in cheapest_first(nodes) {
                left = Cow::Owned(select(node, table, now, wanted, &left));
                if left.is_empty() {
                    break;
                }
            }
            left.into_owned()
        }
        (Test::And(nodes), false) | (Test::Or(nodes), true) => {
            let mut found = Bitmap::new();
            let mut open = within.clone();
            for node in cheapest_first(nodes) {
                let more = select(node, table, now, wanted, &open);
                open.and_not(&more);
                found.or(&more);
            }
            found
        }
        (Test::Not(node), _) => select(node, table, now, !wanted, within),
        (Test::InSegment(_, filter), true) => select(filter.root(), table, now, true, within),
        (Test::InSegment(_, filter), false) => {
            // Unknown is not in.
            let mut others = within.clone();
            others.and_not(&select(filter.root(), table, now, true, within));
            others
        }
        (Test::Const(b), _) if *b == wanted => within.clone(),
        (Test::Const(_), _) => Bitmap::new(),
        _ => leaf(node, table, now, wanted, within),
    }
}

fn leaf(node: &Node, table: &Table, now: Timestamp, wanted: bool, within: &Bitmap) -> Bitmap {
    let mut sources = Vec::new();
    node.sources(&mut sources);
    let holds = |value: Option<&Value>| {
        let user = Single(value);
        verdict(
            node,
            Scope {
                user: &user,
                now,
                element: None,
            },
        ) == Some(wanted)
    };
    let points = Cell::new(Vec::new());
    let shape = shape(node, now, &points);
    let points = points.into_inner();
    let shape = match shape {
        Shape::Points(_) => Shape::Points(&points),
        other => other,
    };
    let text = text_test(node, wanted);
    let question = Question {
        shape,
        holds: &holds,
        text: text.as_deref(),
    };
    match sources.as_slice() {
        [Term::Path(path)] => table.select(path, within, &question),
        [Term::Bucket] => table.select_bucket(within, &question),
        [Term::Events(events)] => {
            let asked = (&events.measure, events.window(now));
            table.select_events(&events.name, within, asked, &holds)
        }
        [] if holds(None) => within.clone(),
        [] => Bitmap::new(),
        _ => each_row(node, table, now, wanted, within),
    }
}

/// The same question of a text's bytes: what is asked of each of a million texts must not copy them.
fn text_test(node: &Node, wanted: bool) -> Option<Box<TextTest<'_>>> {
    let literal = |term: &'_ Term| match term {
        Term::Literal(Value::String(text)) => Some(text.clone().into_bytes()),
        _ => None,
    };
    Some(match &node.test {
        Test::Matches(Term::Path(_), pattern) => {
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

fn each_row(node: &Node, table: &Table, now: Timestamp, wanted: bool, within: &Bitmap) -> Bitmap {
    let holds = |row: &Row| {
        let user = InTable(table, *row);
        verdict(
            node,
            Scope {
                user: &user,
                now,
                element: None,
            },
        ) == Some(wanted)
    };
    within.iter().filter(holds).collect()
}

/// What the scan may take for granted; points are left in `points`.
fn shape<'a>(node: &Node, now: Timestamp, points: &Cell<Vec<Value>>) -> Shape<'a> {
    let literal = |term: &Term| constant(term, now);
    match &node.test {
        Test::Has(Term::Path(_)) => Shape::Presence,
        Test::Blank(Term::Path(_)) => Shape::Emptiness,
        Test::Truth(Term::Path(_))
        | Test::Matches(Term::Path(_), _)
        | Test::Text(_, Term::Path(_), Term::Literal(_)) => Shape::Points(&[]),
        Test::Compare(op, Term::Path(_) | Term::Bucket, b)
        | Test::Compare(op, b, Term::Path(_) | Term::Bucket) => match literal(b) {
            Some(value) if op.is_equality() => {
                points.set(vec![value]);
                Shape::Points(&[])
            }
            Some(_) => Shape::Monotone,
            None => Shape::Any,
        },
        Test::In(Term::Path(_) | Term::Bucket, Term::Literal(Value::List(items))) => {
            points.set(items.clone());
            Shape::Points(&[])
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
fn cost(node: &Node) -> usize {
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
