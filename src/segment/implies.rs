//! Whether one test says at least as much as another, as far as their shapes tell.

use std::cmp::Ordering;

use super::tree::{Node, Op, Term, Test};
use crate::model::Value;

/// What may be looked at for one proof, pairs of tests and of values: who sends two large filters must not keep a server
/// from its work.
const LOOKS_MAX: usize = 200_000;

/// A proof under way.
#[derive(Debug)]
pub(super) struct Proof {
    left: usize,
}

// === impl Proof ===

impl Proof {
    pub(super) fn new() -> Self {
        Self { left: LOOKS_MAX }
    }

    /// Whether `b` is true for everybody for whom `a` is; false says nothing.
    pub(super) fn implies(&mut self, a: &Node, b: &Node) -> bool {
        // Whether they are the same takes as long as they are.
        if !self.looks(1 + a.text.len().min(b.text.len()) / 64) {
            return false;
        }
        if a == b {
            return true;
        }
        match (&a.test, &b.test) {
            (Test::Const(false), _) | (_, Test::Const(true)) => true,
            (Test::Or(parts), _) => !parts.is_empty() && parts.iter().all(|a| self.implies(a, b)),
            (_, Test::And(parts)) => parts.iter().all(|b| self.implies(a, b)),
            (Test::And(parts), _) => parts.iter().any(|a| self.implies(a, b)),
            (_, Test::Or(parts)) => parts.iter().any(|b| self.implies(a, b)),
            (Test::InSegment(_, filter), _) => self.implies(filter.root(), b),
            (_, Test::InSegment(_, filter)) => self.implies(a, filter.root()),
            _ => self.is_stricter(a, b),
        }
    }

    /// Of two tests of one attribute.
    fn is_stricter(&mut self, a: &Node, b: &Node) -> bool {
        match (values(a), values(b)) {
            (Some((of, some)), Some((other, all))) => {
                of == other
                    && self.looks(some.len().saturating_mul(all.len()))
                    && some.iter().all(|it| all.contains(it))
            }
            (Some((of, some)), None) => {
                let Some((other, op, bound)) = bound(b) else {
                    return false;
                };
                of == other
                    && self.looks(some.len())
                    && some.iter().all(|value| holds(value, op, bound))
            }
            (None, None) => match (bound(a), bound(b)) {
                (Some((of, op, value)), Some((other, wider, bound))) => {
                    of == other && is_within((op, value), (wider, bound))
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn looks(&mut self, n: usize) -> bool {
        let left = self.left.checked_sub(n);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// The values of which a term is to be one.
fn values(node: &Node) -> Option<(&Term, Vec<&Value>)> {
    match &node.test {
        Test::Compare(Op::Equal, of @ Term::Path(_), Term::Literal(value)) => {
            Some((of, vec![value]))
        }
        Test::In(of @ Term::Path(_), Term::Literal(Value::List(items))) => {
            Some((of, items.iter().collect()))
        }
        Test::In(of @ Term::Path(_), Term::List(items)) => {
            Some((of, items.iter().map(literal).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn literal(term: &Term) -> Option<&Value> {
    match term {
        Term::Literal(value) => Some(value),
        _ => None,
    }
}

/// A term below or above a number.
fn bound(node: &Node) -> Option<(&Term, Op, &Value)> {
    match &node.test {
        Test::Compare(
            op,
            of @ (Term::Path(_) | Term::Events(_) | Term::Bucket),
            Term::Literal(value),
        ) => number(value).map(|_| (of, *op, value)),
        _ => None,
    }
}

fn holds(value: &Value, op: Op, bound: &Value) -> bool {
    let Some(order) = order(value, bound) else {
        return false;
    };
    match op {
        Op::Equal => order.is_eq(),
        Op::NotEqual => order.is_ne(),
        Op::Less => order.is_lt(),
        Op::LessEqual => order.is_le(),
        Op::Greater => order.is_gt(),
        Op::GreaterEqual => order.is_ge(),
    }
}

/// Whether everything on one side of a number is on one side of another.
fn is_within((op, value): (Op, &Value), (wider, bound): (Op, &Value)) -> bool {
    use Op::{Greater, GreaterEqual, Less, LessEqual};
    let Some(order) = order(value, bound) else {
        return false;
    };
    match (op, wider) {
        (Greater, Greater | GreaterEqual) | (GreaterEqual, GreaterEqual) => order.is_ge(),
        (GreaterEqual, Greater) => order.is_gt(),
        (Less, Less | LessEqual) | (LessEqual, LessEqual) => order.is_le(),
        (LessEqual, Less) => order.is_lt(),
        _ => false,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    number(a)?.partial_cmp(&number(b)?)
}

/// Beyond 2^53 two integers may look the same: nothing is said of those.
fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "exact within the bound")]
        Value::Int(n) if n.unsigned_abs() < 1 << 53 => Some(*n as f64),
        Value::Double(d) => Some(*d),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{Declared, compile};

    #[test]
    fn a_stricter_test_is_told_and_nothing_else() {
        let cases = [
            ("user.a >= 21", "user.a >= 18", true),
            ("user.a >= 18", "user.a >= 21", false),
            ("user.a > 18", "user.a >= 18", true),
            ("user.a >= 18", "user.a > 18", false),
            ("user.a < 5.5", "user.a < 6", true),
            ("user.a <= 6", "user.a < 6", false),
            ("user.a >= 21", "user.b >= 18", false),
            ("user.a == 'x'", "user.a in ['x', 'y']", true),
            ("user.a in ['x', 'y']", "user.a in ['y', 'x', 'z']", true),
            ("user.a in ['x', 'y']", "user.a == 'x'", false),
            ("user.a == 3", "user.a > 2", true),
            ("user.a in [3, 4]", "user.a > 3", false),
            ("user.a in [3, 'x']", "user.a > 2", false),
            ("user.a >= 21 && user.b", "user.a >= 18", true),
            ("user.a >= 21", "user.a >= 18 || user.b", true),
            ("user.a >= 21 || user.b", "user.a >= 18", false),
            ("user.a != 3", "user.a > 2", false),
            ("count('e', days(7)) > 3", "count('e', days(7)) > 1", true),
            ("count('e', days(7)) > 3", "count('e', days(9)) > 1", false),
            (
                "user.a > 9007199254740993",
                "user.a > 9007199254740992",
                false,
            ),
        ];
        for (a, b, expected) in cases {
            let [of, to] = [a, b].map(|text| compile(text, &Declared::default()).unwrap());
            assert_eq!(
                Proof::new().implies(of.root(), to.root()),
                expected,
                "{a} => {b}"
            );
        }
    }

    #[test]
    fn a_proof_that_would_take_long_is_none() {
        let list = |from: usize| {
            let items: Vec<_> = (from..from + 20).map(|n| format!("'v{n}'")).collect();
            format!("user.a in [{}]", items.join(", "))
        };
        let many = |join: &str| vec![list(1); 20].join(join);
        let [of, to] = [many(" && "), many(" || ").replace("'v1'", "'w1'")]
            .map(|text| compile(&text, &Declared::default()).unwrap());
        // Named segments make filters of any size of these.
        let mut proof = Proof { left: 10_000 };
        assert!(!proof.implies(of.root(), to.root()));
        assert_eq!(proof.left, 0);
    }
}
