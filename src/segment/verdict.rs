//! Judges one user: true, false or unknown (`None`).

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;

use crate::audience::{Measure, Row, Table, Window};
use crate::model::Value;
use crate::model::value::parse_timestamp;

use super::tree::{Node, Op, Part, Term, Test};

/// What a test reads of a user.
pub(super) trait User {
    fn at(&self, path: &[String]) -> Option<Cow<'_, Value>>;
    fn id(&self) -> Option<Cow<'_, Value>>;
    fn bucket(&self) -> Option<Cow<'_, Value>>;
    fn events(&self, name: &str, measure: &Measure, window: Window) -> Option<Cow<'_, Value>>;
}

/// One row of a table.
pub(super) struct InTable<'a>(pub(super) &'a Table, pub(super) Row);

/// Everything a test can see.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) user: &'a dyn User,
    pub(super) now: Timestamp,
    pub(super) element: Option<&'a Element<'a>>,
}

/// An element of a list, and the scope around it.
pub(super) struct Element<'a> {
    value: &'a Value,
    outer: Option<&'a Element<'a>>,
}

#[derive(Debug, Clone)]
pub(super) enum Datum<'a> {
    Value(Cow<'a, Value>),
    Span(i128),
}

// === impl InTable ===

impl User for InTable<'_> {
    fn at(&self, path: &[String]) -> Option<Cow<'_, Value>> {
        self.0.at(self.1, path).map(Cow::Owned)
    }

    fn id(&self) -> Option<Cow<'_, Value>> {
        self.0
            .name(self.1)
            .map(|name| Cow::Owned(Value::String(name.to_owned())))
    }

    fn bucket(&self) -> Option<Cow<'_, Value>> {
        self.0
            .bucket(self.1)
            .map(|n| Cow::Owned(Value::Int(n.into())))
    }

    fn events(&self, name: &str, measure: &Measure, window: Window) -> Option<Cow<'_, Value>> {
        let value = self.0.measure(self.1, name, measure, window);
        value.map(Cow::Owned)
    }
}

pub(super) fn verdict(node: &Node, scope: Scope<'_>) -> Option<bool> {
    match &node.test {
        Test::Const(b) => Some(*b),
        Test::And(nodes) => all(nodes.iter().map(|n| verdict(n, scope))),
        Test::Or(nodes) => any(nodes.iter().map(|n| verdict(n, scope))),
        Test::Not(node) => verdict(node, scope).map(|b| !b),
        Test::Truth(term) => match &*value(term, scope)? {
            Value::Bool(b) => Some(*b),
            _ => None,
        },
        Test::Compare(op, a, b) => compare(*op, &read(a, scope)?, &read(b, scope)?),
        Test::In(item, list) => {
            let item = value(item, scope)?;
            match &*value(list, scope)? {
                Value::List(items) => any(items.iter().map(|other| equal(&item, other))),
                Value::Object(map) => match &*item {
                    Value::String(key) => Some(map.contains_key(key)),
                    _ => None,
                },
                _ => None,
            }
        }
        Test::Has(term) => Some(read(term, scope).is_some()),
        Test::Blank(term) => Some(match value(term, scope).as_deref() {
            None => true,
            Some(Value::String(s)) => s.is_empty(),
            Some(Value::List(items)) => items.is_empty(),
            Some(_) => false,
        }),
        Test::Text(part, a, b) => match (&*value(a, scope)?, &*value(b, scope)?) {
            (Value::String(a), Value::String(b)) => Some(match part {
                Part::StartsWith => a.starts_with(b.as_str()),
                Part::EndsWith => a.ends_with(b.as_str()),
                Part::Contains => a.contains(b.as_str()),
            }),
            _ => None,
        },
        Test::Matches(term, regex) => match &*value(term, scope)? {
            Value::String(text) => Some(regex.is_match(text.as_bytes())),
            _ => None,
        },
        Test::Exists(list, body) => {
            let list = value(list, scope)?;
            let items = elements(&list)?;
            any(items.iter().map(|item| of_element(body, scope, item)))
        }
        Test::All(list, body) => {
            let list = value(list, scope)?;
            let items = elements(&list)?;
            all(items.iter().map(|item| of_element(body, scope, item)))
        }
        Test::InSegment(_, filter) => Some(verdict(filter.root(), scope) == Some(true)),
    }
}

pub(super) fn read<'a>(term: &'a Term, scope: Scope<'a>) -> Option<Datum<'a>> {
    Some(Datum::Value(match term {
        Term::Literal(value) => Cow::Borrowed(value),
        Term::Span(nanos) => return Some(Datum::Span(*nanos)),
        Term::Path(path) => scope.user.at(path)?,
        Term::Id => scope.user.id()?,
        Term::Bucket => scope.user.bucket()?,
        Term::Events(events) => {
            let window = events.window(scope.now);
            scope.user.events(&events.name, &events.measure, window)?
        }
        Term::Now => Cow::Owned(Value::Timestamp(scope.now)),
        Term::Var(depth, keys) => {
            let mut element = scope.element?;
            for _ in 0..*depth {
                element = element.outer?;
            }
            Cow::Borrowed(within(element.value, keys)?)
        }
        Term::List(items) => {
            let items = items
                .iter()
                .map(|item| Some(value(item, scope)?.into_owned()));
            Cow::Owned(Value::List(items.collect::<Option<_>>()?))
        }
        Term::Size(of) => {
            let size = match &*value(of, scope)? {
                Value::String(s) => s.chars().count(),
                Value::List(items) => items.len(),
                Value::Object(map) => map.len(),
                _ => return None,
            };
            Cow::Owned(Value::Int(i64::try_from(size).ok()?))
        }
        Term::Timestamp(of) => Cow::Owned(Value::Timestamp(match &*value(of, scope)? {
            Value::Timestamp(at) => *at,
            Value::String(text) => parse_timestamp(text)?,
            Value::Int(seconds) => Timestamp::from_second(*seconds).ok()?,
            _ => return None,
        })),
        Term::Plus(a, b) => return plus(&read(a, scope)?, &read(b, scope)?),
        Term::Minus(a, b) => return minus(&read(a, scope)?, &read(b, scope)?),
    }))
}

fn value<'a>(term: &'a Term, scope: Scope<'a>) -> Option<Cow<'a, Value>> {
    match read(term, scope)? {
        Datum::Value(value) => Some(value),
        Datum::Span(_) => None,
    }
}

fn of_element(body: &Node, scope: Scope<'_>, value: &Value) -> Option<bool> {
    let element = Element {
        value,
        outer: scope.element,
    };
    verdict(
        body,
        Scope {
            element: Some(&element),
            ..scope
        },
    )
}

/// As CEL: an object is walked by its keys.
fn elements(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(items) => Some(Cow::Borrowed(items)),
        Value::Object(map) => Some(Cow::Owned(
            map.keys().map(|key| Value::String(key.clone())).collect(),
        )),
        _ => None,
    }
}

pub(super) fn within<'a>(value: &'a Value, keys: &[String]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| match value {
        Value::Object(map) => map.get(key),
        _ => None,
    })
}

fn all(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(verdicts.map(|verdict| verdict.map(|b| !b))).map(|b| !b)
}

fn any(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut found = Some(false);
    for verdict in verdicts {
        match verdict {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

fn compare(op: Op, a: &Datum<'_>, b: &Datum<'_>) -> Option<bool> {
    match (a, b) {
        (Datum::Span(a), Datum::Span(b)) => Some(op.holds(a.cmp(b))),
        (Datum::Value(a), Datum::Value(b)) => match op {
            Op::Equal => equal(a, b),
            Op::NotEqual => equal(a, b).map(|b| !b),
            _ => order(a, b).map(|order| op.holds(order)),
        },
        _ => None,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Double(b)) => Some(int_to_double(*a, *b)),
        (Value::Double(a), Value::Int(b)) => Some(int_to_double(*b, *a).reverse()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Exact also where doubles skip integers.
fn int_to_double(int: i64, double: f64) -> Ordering {
    if double >= 9_223_372_036_854_775_808.0 {
        return Ordering::Less;
    }
    if double < -9_223_372_036_854_775_808.0 {
        return Ordering::Greater;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within the range of i64 and cut to whole"
    )]
    let whole = double.trunc() as i64;
    let rest = double.fract().partial_cmp(&0.0).unwrap_or(Ordering::Equal);
    int.cmp(&whole).then(rest.reverse())
}

fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Some(false);
            }
            all(a.iter().zip(b).map(|(a, b)| equal(a, b)))
        }
        (Value::Object(a), Value::Object(b)) => {
            if !a.keys().eq(b.keys()) {
                return Some(false);
            }
            all(a.values().zip(b.values()).map(|(a, b)| equal(a, b)))
        }
        _ => order(a, b).map(Ordering::is_eq),
    }
}

fn plus(a: &Datum<'_>, b: &Datum<'_>) -> Option<Datum<'static>> {
    match (a, b) {
        (Datum::Span(a), Datum::Span(b)) => a.checked_add(*b).map(Datum::Span),
        (Datum::Value(at), Datum::Span(by)) | (Datum::Span(by), Datum::Value(at)) => {
            shifted(at, *by)
        }
        _ => None,
    }
}

fn minus(a: &Datum<'_>, b: &Datum<'_>) -> Option<Datum<'static>> {
    match (a, b) {
        (Datum::Span(a), Datum::Span(b)) => a.checked_sub(*b).map(Datum::Span),
        (Datum::Value(at), Datum::Span(by)) => shifted(at, by.checked_neg()?),
        (Datum::Value(a), Datum::Value(b)) => match (&**a, &**b) {
            (Value::Timestamp(a), Value::Timestamp(b)) => {
                Some(Datum::Span(a.as_nanosecond() - b.as_nanosecond()))
            }
            _ => None,
        },
        _ => None,
    }
}

fn shifted(at: &Value, by: i128) -> Option<Datum<'static>> {
    let Value::Timestamp(at) = at else {
        return None;
    };
    let at = Timestamp::from_nanosecond(at.as_nanosecond().checked_add(by)?).ok()?;
    Some(Datum::Value(Cow::Owned(Value::Timestamp(at))))
}

/// The value of a term that reads neither a user nor an element.
pub(super) fn constant(term: &Term, now: Timestamp) -> Option<Value> {
    struct Nobody;
    impl User for Nobody {
        fn at(&self, _: &[String]) -> Option<Cow<'_, Value>> {
            None
        }

        fn id(&self) -> Option<Cow<'_, Value>> {
            None
        }

        fn bucket(&self) -> Option<Cow<'_, Value>> {
            None
        }

        fn events(&self, _: &str, _: &Measure, _: Window) -> Option<Cow<'_, Value>> {
            None
        }
    }
    value(
        term,
        Scope {
            user: &Nobody,
            now,
            element: None,
        },
    )
    .map(Cow::into_owned)
}
