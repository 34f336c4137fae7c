//! Random users and random filters.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::Value;

/// In milliseconds.
pub(super) const DAY: i64 = 86_400_000;

fn leaf() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => (-3_i64..4).prop_map(Value::Int),
        2 => (-6_i32..8).prop_map(|n| Value::Double(f64::from(n) / 2.0)),
        3 => "[abé]{0,2}".prop_map(Value::String),
        2 => any::<bool>().prop_map(Value::Bool),
    ]
    .boxed()
}

fn time() -> BoxedStrategy<Value> {
    (0_i64..6)
        .prop_map(|day| Value::Timestamp(Timestamp::from_second(day * 86_400).unwrap()))
        .boxed()
}

/// What a user did: name, milliseconds since 1970, the property `n`.
pub(super) fn deeds() -> impl Strategy<Value = Vec<(String, i64, Option<f64>)>> {
    let name = prop::sample::select(vec!["a", "b", "$received/hello"]);
    // Whole days among them, where windows end.
    let at = prop_oneof![0_i64..6 * DAY, (0_i64..6).prop_map(|day| day * DAY)];
    let number = prop::option::of((-4_i32..9).prop_map(|n| f64::from(n) / 2.0));
    prop::collection::vec((name.prop_map(str::to_owned), at, number), 0..5)
}

pub(super) fn user() -> impl Strategy<Value = BTreeMap<String, Value>> {
    let list = || prop::collection::vec(leaf(), 0..4).prop_map(Value::List);
    let object = prop::collection::btree_map("[xy]", leaf(), 0..3).prop_map(Value::Object);
    let kinds: [(&str, BoxedStrategy<Value>); 8] = [
        ("i", (-3_i64..4).prop_map(Value::Int).boxed()),
        (
            "d",
            (-6_i32..8)
                .prop_map(|n| Value::Double(f64::from(n) / 2.0))
                .boxed(),
        ),
        ("s", "[abé]{0,2}".prop_map(Value::String).boxed()),
        ("b", any::<bool>().prop_map(Value::Bool).boxed()),
        ("l", list().boxed()),
        ("o", object.boxed()),
        ("t", time()),
        (
            "subscriptions",
            any::<bool>()
                .prop_map(|b| Value::Object(BTreeMap::from([("news".to_owned(), Value::Bool(b))])))
                .boxed(),
        ),
    ];
    let attributes = kinds.map(|(name, main)| {
        let other = prop_oneof![4 => leaf(), 1 => list()];
        let value =
            prop_oneof![8 => main.prop_map(Some), 1 => other.prop_map(Some), 2 => Just(None)];
        value.prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    });
    attributes
        .to_vec()
        .prop_map(|found| found.into_iter().flatten().collect())
}

fn literal() -> BoxedStrategy<String> {
    leaf()
        .prop_map(|value| match value {
            Value::Double(d) => format!("{d:?}"),
            Value::String(s) => format!("{s:?}"),
            Value::Int(n) => n.to_string(),
            Value::Bool(b) => b.to_string(),
            _ => "0".into(),
        })
        .boxed()
}

fn path() -> BoxedStrategy<String> {
    let paths = [
        "user.i",
        "user.d",
        "user.s",
        "user.b",
        "user.l",
        "user.o",
        "user.o.x",
        "user.none",
    ];
    prop_oneof![
        12 => prop::sample::select(paths.to_vec()).prop_map(str::to_owned),
        1 => Just("user[\"s\"]".to_owned()),
        1 => Just("user.id".to_owned()),
        1 => Just("user.random_bucket".to_owned()),
    ]
    .boxed()
}

fn number() -> BoxedStrategy<String> {
    prop_oneof![
        (-4_i32..5).prop_map(|n| n.to_string()),
        (-4_i32..5).prop_map(|n| format!("{n}.5"))
    ]
    .boxed()
}

fn test() -> BoxedStrategy<String> {
    let compare = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let text = prop::sample::select(vec!["startsWith", "endsWith", "contains", "matches"]);
    let each = prop::sample::select(vec!["exists", "all"]);
    let time = prop::sample::select(vec![
        "now",
        "now - days(1)",
        "timestamp('1970-01-03T00:00:00Z')",
        "now + duration('36h')",
        "timestamp('1970-01-01T00:00:00Z') + days(2)",
    ]);
    let when = prop::sample::select(vec!["user.t", "first(\"a\")", "last(\"b\")", "last(\"c\")"]);
    let list =
        || prop::collection::vec(literal(), 0..4).prop_map(|l| format!("[{}]", l.join(", ")));
    prop_oneof![
        4 => (path(), compare(), literal()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        4 => (prop::sample::select(vec!["user.i", "user.d"]), compare(), number())
            .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (literal(), compare(), path()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (path(), compare(), path()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        2 => (prop::sample::select(vec!["a", "b", "c"]), compare(), 0..4, 1..7)
            .prop_map(|(e, op, n, days)| format!("count({e:?}, days({days})) {op} {n}")),
        1 => (prop::sample::select(vec!["a", "c"]), compare(), 0..3)
            .prop_map(|(e, op, n)| format!("count({e:?}) {op} {n}")),
        2 => (prop::sample::select(vec!["a", "b", "c"]), compare(), number(), 1..7)
            .prop_map(|(e, op, n, days)| format!("sum({e:?}, \"n\", days({days})) {op} {n}")),
        2 => (when.clone(), compare(), time).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (when, compare(), 1..7).prop_map(|(a, op, n)| format!("now - {a} {op} days({n})")),
        1 => Just("subscribed(\"news\")".to_owned()),
        1 => (1..7).prop_map(|days| format!("received(\"hello\", days({days}))")),
        1 => Just("in_segment(\"other\")".to_owned()),
        1 => (0..10_000).prop_map(|n| format!("user.random_bucket < {n}")),
        1 => list().prop_map(|l| format!("user.l == {l}")),
        2 => (path(), list()).prop_map(|(a, l)| format!("{a} in {l}")),
        2 => literal().prop_map(|a| format!("{a} in user.l")),
        1 => prop::sample::select(vec!["has(user.i)", "has(user.o)", "has(user.o.x)", "has(user.none)", "user.b"])
            .prop_map(str::to_owned),
        1 => path().prop_map(|a| format!("blank({a})")),
        2 => (text, "[abé]{1,2}").prop_map(|(f, b)| format!("user.s.{f}({b:?})")),
        1 => (path(), compare(), 0..4).prop_map(|(a, op, n)| format!("size({a}) {op} {n}")),
        2 => (each.clone(), compare(), literal())
            .prop_map(|(each, op, b)| format!("user.l.{each}(e, e {op} {b})")),
        1 => (each, compare()).prop_map(|(each, op)| format!("user.l.{each}(e, e {op} user.i || e {op} user.s)")),
    ]
    .boxed()
}

pub(super) fn filter() -> BoxedStrategy<String> {
    test()
        .prop_recursive(4, 16, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|p| format!("({})", p.join(" && "))),
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|p| format!("({})", p.join(" || "))),
                inner.prop_map(|p| format!("!({p})")),
            ]
        })
        .boxed()
}
