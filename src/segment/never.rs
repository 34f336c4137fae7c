//! Filters that are true for nobody, whoever the users are: clauses about one attribute that contradict each other.
//!
//! Clauses that hold an attribute against constants split what it can hold into a few ranges: one value of each is
//! tried. What is not found may be impossible all the same.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::audience::{Measure, Window};
use crate::model::{Value, limits};

use super::tree::{Node, Term, Test};
use super::verdict::{Scope, User, constant, verdict};

/// Somebody of whom one thing is known.
struct Only<'a> {
    subject: &'a Term,
    value: Option<Value>,
}

// === impl Only ===

impl Only<'_> {
    fn value_if(&self, is_it: bool) -> Option<Cow<'_, Value>> {
        self.value.as_ref().filter(|_| is_it).map(Cow::Borrowed)
    }
}

impl User for Only<'_> {
    fn at(&self, path: &[String]) -> Option<Cow<'_, Value>> {
        self.value_if(matches!(self.subject, Term::Path(known) if known == path))
    }

    fn id(&self) -> Option<Cow<'_, Value>> {
        self.value_if(matches!(self.subject, Term::Id))
    }

    fn bucket(&self) -> Option<Cow<'_, Value>> {
        self.value_if(matches!(self.subject, Term::Bucket))
    }

    fn events(&self, _: &str, _: &Measure, _: Window) -> Option<Cow<'_, Value>> {
        None
    }
}

/// Whether it is known that nobody can be in.
pub(super) fn is_never(node: &Node) -> bool {
    match &node.test {
        Test::Const(is) => !is,
        Test::Or(nodes) => nodes.iter().all(is_never),
        Test::And(nodes) => nodes.iter().any(is_never) || is_contradiction(nodes),
        Test::Not(inner) => matches!(inner.test, Test::Const(true)),
        // What is wrong with a segment is told of the segment.
        Test::InSegment(..) => false,
        _ => is_contradiction(std::slice::from_ref(node)),
    }
}

fn is_contradiction(nodes: &[Node]) -> bool {
    let mut all = Vec::new();
    for node in nodes {
        conjuncts(node, &mut all);
    }
    let mut groups: Vec<(&Term, Vec<&Node>)> = Vec::new();
    for node in all {
        let Some(subject) = subject(node) else {
            continue;
        };
        match groups.iter_mut().find(|(known, _)| known.is_same(subject)) {
            Some((_, group)) => group.push(node),
            None => groups.push((subject, vec![node])),
        }
    }
    groups
        .iter()
        .any(|(subject, group)| is_for_nobody(subject, group))
}

/// The clauses that must all be true, those of named segments among them.
fn conjuncts<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    match &node.test {
        Test::And(nodes) => nodes.iter().for_each(|node| conjuncts(node, found)),
        Test::InSegment(_, filter) if !filter.is_never() => conjuncts(filter.root(), found),
        _ => found.push(node),
    }
}

/// The one thing that a clause holds against constants, if it does no more than that.
fn subject(node: &Node) -> Option<&Term> {
    match &node.test {
        Test::And(nodes) | Test::Or(nodes) => {
            let (first, rest) = nodes.split_first()?;
            let found = subject(first)?;
            let is_one = |node| subject(node).is_some_and(|other| other.is_same(found));
            rest.iter().all(is_one).then_some(found)
        }
        Test::Not(inner) => subject(inner),
        Test::Has(of) | Test::Blank(of) | Test::Truth(of) => is_direct(of).then_some(of),
        Test::Compare(_, a, b) if is_direct(a) && is_constant(b) => Some(a),
        Test::Compare(_, a, b) if is_direct(b) && is_constant(a) => Some(b),
        Test::In(a, b) if is_direct(a) && is_constant(b) => Some(a),
        _ => None,
    }
}

fn is_direct(term: &Term) -> bool {
    matches!(term, Term::Path(_) | Term::Id | Term::Bucket)
}

fn is_constant(term: &Term) -> bool {
    constant(term, Timestamp::UNIX_EPOCH).is_some()
}

/// Whether no value, and no absence, makes all true. With `now` long ago and far ahead: what only time rules out
/// may have been true, or become it.
fn is_for_nobody(subject: &Term, group: &[&Node]) -> bool {
    let ahead = Timestamp::from_second(200_000_000_000).unwrap_or(Timestamp::MAX);
    [Timestamp::UNIX_EPOCH, ahead].into_iter().all(|now| {
        let mut constants = Vec::new();
        for node in group {
            constants_of(node, now, &mut constants);
        }
        if constants.len() > limits::FILTER_TRIED_MAX {
            return false;
        }
        let mut tried = candidates(subject, constants).into_iter();
        !tried.any(|value| {
            let only = Only { subject, value };
            let scope = Scope {
                user: &only,
                now,
                element: None,
            };
            group.iter().all(|node| verdict(node, scope) == Some(true))
        })
    })
}

fn constants_of(node: &Node, now: Timestamp, found: &mut Vec<Value>) {
    let mut add = |term: &Term| found.extend(constant(term, now));
    match &node.test {
        Test::And(nodes) | Test::Or(nodes) => {
            for node in nodes {
                constants_of(node, now, found);
            }
        }
        Test::Not(inner) => constants_of(inner, now, found),
        Test::Compare(_, a, b) => [a, b].into_iter().for_each(add),
        Test::In(_, list) => match constant(list, now) {
            Some(Value::List(items)) => found.extend(items),
            _ => add(list),
        },
        _ => {}
    }
}

/// Absence, each constant, what lies on either side of it, and something of every other kind.
fn candidates(subject: &Term, constants: Vec<Value>) -> Vec<Option<Value>> {
    let mut numbers: Vec<f64> = constants.iter().filter_map(number).collect();
    numbers.sort_by(f64::total_cmp);
    let between = numbers
        .windows(2)
        .map(|pair| f64::midpoint(pair[0], pair[1]));
    let beyond = numbers.iter().flat_map(|n| [n - 1.0, n + 1.0]);
    let mut found: Vec<Value> = between.chain(beyond).map(Value::Double).collect();
    for constant in &constants {
        match constant {
            Value::String(text) => found.push(Value::String(format!("{text}\0"))),
            Value::Timestamp(at) => {
                let near = [-1, 1]
                    .into_iter()
                    .filter_map(|by| Timestamp::from_nanosecond(at.as_nanosecond() + by).ok());
                found.extend(near.map(Value::Timestamp));
            }
            _ => {}
        }
    }
    let other = Value::List(vec![Value::Bool(true)]);
    found.extend([Value::Bool(false), Value::Bool(true), other]);
    found.extend(["", "\0"].map(|text| Value::String(text.to_owned())));
    found.extend([Value::List(Vec::new()), Value::Int(0), Value::Int(9_999)]);
    found.extend(constants);
    match subject {
        // Everybody has these, of one type.
        Term::Bucket => {
            found.retain(|value| number(value).is_some_and(|n| (0.0..=9_999.0).contains(&n)));
        }
        Term::Id => found.retain(|value| matches!(value, Value::String(text) if !text.is_empty())),
        _ => return found.into_iter().map(Some).chain([None]).collect(),
    }
    found.into_iter().map(Some).collect()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "it only says where to try")]
        Value::Int(n) => Some(*n as f64),
        Value::Double(n) => Some(*n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::segment::{Declared, compile};

    #[test]
    fn a_contradiction_is_seen_through_the_logic() {
        let mut declared = Declared::default();
        let brazil = compile("user.country == 'BR'", &declared).unwrap();
        declared.add_segment("brazil", brazil);
        let nobody = compile("false", &declared).unwrap();
        declared.add_segment("nobody", nobody);
        for (text, expected) in [
            ("false", true),
            ("user.country == 'BR' && user.country == 'PT'", true),
            ("user.country == 'BR' || user.country == 'PT'", false),
            ("in_segment('brazil') && user.country == 'PT'", true),
            ("in_segment('brazil') && user.age == 3", false),
            ("in_segment('nobody') && user.age == 3", false),
            ("user.age > 40 && user.vip && 30 > user.age", true),
            ("user.age > 3 && user.age < 4", false),
            ("user.age >= 3 && user.age <= 3", false),
            ("user.age > 3 && user.age <= 3", true),
            ("user.age > 3 && user.age < 'a'", true),
            ("user.name > 'a' && user.name < 'b'", false),
            ("user.name > 'a' && user.name <= 'a'", true),
            ("user.age in [1, 2] && user.age in [2, 3]", false),
            ("user.age in [1, 2] && user.age in [3, 4]", true),
            ("user.age in [1, 2] && user.age != 1 && user.age != 2", true),
            ("user.age in []", true),
            ("user.vip && !user.vip", true),
            ("user.vip == true && user.vip", false),
            ("blank(user.name) && user.name == 'Ana'", true),
            ("blank(user.name) && user.name == ''", false),
            ("blank(user.name) && has(user.name)", false),
            ("!has(user.name) && !blank(user.name)", true),
            ("!has(user.name) && user.name != 'Ana'", true),
            ("(user.age < 3 || user.age > 9) && user.age == 5", true),
            ("(user.age < 3 || user.vip) && user.age == 5", false),
            (
                "user.seen > now - days(7) && user.seen < now - days(30)",
                true,
            ),
            (
                "user.seen < now - days(7) && user.seen > now - days(30)",
                false,
            ),
            (
                "user.seen > now && user.seen < timestamp('2020-01-01T00:00:00Z')",
                false,
            ),
            ("user.random_bucket >= 10000", true),
            (
                "user.random_bucket < 1000 && user.random_bucket > 998",
                false,
            ),
            ("user.id == 'a' && user.id == 'b'", true),
            ("user.a == 1 && user.b == 2", false),
        ] {
            let filter = compile(text, &declared).unwrap();
            assert_eq!(filter.is_never(), expected, "{text}");
        }
    }

    #[test]
    fn what_was_written_as_nobody_is_not_warned_of() {
        let codes = |text: &str| {
            let filter = compile(text, &Declared::default()).unwrap();
            let warnings = filter.warnings().iter();
            warnings.map(|w| w.code.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(codes("false"), [""; 0]);
        assert_eq!(
            codes("user.age > 3 && user.age < 2"),
            ["filter-always-false"]
        );
    }
}
