//! Columns, rows and profiles against a naive walk with the parser's own interpreter.

use std::collections::{BTreeMap, HashMap};

use cel::common::ast::{Expr, IdedExpr, operators as op};
use cel::parser::Parser;
use cel::{Context, Value as Cel};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::audience::{Table, bucket};
use crate::model::Value;
use crate::model::id::ExternalId;
use crate::model::user::{Change, Profile};

use super::super::{Declared, compile};
use super::generate::{filter, user};

/// Enough users for every lane to be in use, and then some rows of a last word.
const USERS: usize = 100;
const TABLES: usize = 3;
const FILTERS: usize = 40;

/// How often each operator came to true, false and unknown.
type Reached = BTreeMap<String, [usize; 3]>;

fn to_cel(value: &Value) -> Cel {
    match value {
        Value::Bool(b) => Cel::Bool(*b),
        Value::Int(n) => Cel::Int(*n),
        Value::Double(d) => Cel::Float(*d),
        Value::String(s) => s.as_str().into(),
        Value::Timestamp(_) => Cel::Null,
        Value::List(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| (k.clone(), to_cel(v)))
            .collect::<HashMap<_, _>>()
            .into(),
    }
}

fn any_of(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let all: Vec<_> = verdicts.collect();
    if all.contains(&Some(true)) {
        Some(true)
    } else if all.contains(&None) {
        None
    } else {
        Some(false)
    }
}

/// Whether the types of the two can be compared: the interpreter calls different ones unequal.
fn comparable(a: &Cel, b: &Cel) -> bool {
    let is_number = |v: &Cel| matches!(v, Cel::Int(_) | Cel::Float(_));
    is_number(a) && is_number(b) || std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn same(a: &Cel, b: &Cel, equality: &IdedExpr) -> Option<bool> {
    if let (Cel::List(a), Cel::List(b)) = (a, b)
        && a.len() == b.len()
    {
        return any_of(
            a.iter()
                .zip(b.iter())
                .map(|(a, b)| same(a, b, equality).map(|s| !s)),
        )
        .map(|s| !s);
    }
    let maps = (a, b);
    if let (Cel::Map(a), Cel::Map(b)) = maps
        && a.map.len() == b.map.len()
        && a.map.keys().all(|key| b.map.contains_key(key))
    {
        let unequal = a
            .map
            .iter()
            .map(|(key, value)| same(value, &b.map[key], equality).map(|s| !s));
        return any_of(unequal).map(|s| !s);
    }
    if !comparable(a, b) {
        return None;
    }
    let mut context = Context::default();
    context.add_variable_from_value("l", a.clone());
    context.add_variable_from_value("r", b.clone());
    truth(equality, &context)
}

fn truth(expr: &IdedExpr, context: &Context<'_, '_>) -> Option<bool> {
    match Cel::resolve(expr, context) {
        Ok(Cel::Bool(b)) => Some(b),
        _ => None,
    }
}

struct Walk<'a> {
    equality: &'a IdedExpr,
    reached: &'a mut Reached,
}

impl Walk<'_> {
    fn judge(&mut self, expr: &IdedExpr, context: &Context<'_, '_>) -> Option<bool> {
        let (name, verdict) = self.named(expr, context);
        let seen = self.reached.entry(name).or_default();
        seen[verdict.map_or(2, usize::from)] += 1;
        verdict
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm an operator, as in the language"
    )]
    fn named(&mut self, expr: &IdedExpr, context: &Context<'_, '_>) -> (String, Option<bool>) {
        let call = match &expr.expr {
            Expr::Call(call) => call,
            Expr::Select(select) if select.test => {
                return ("has".into(), Some(truth(expr, context).unwrap_or(false)));
            }
            Expr::Comprehension(each) => {
                let Expr::Call(step) = &each.loop_step.expr else {
                    panic!("no step")
                };
                let is_exists = step.func_name == op::LOGICAL_OR;
                let name = if is_exists { "exists" } else { "all" };
                let Ok(Cel::List(items)) = Cel::resolve(&each.iter_range, context) else {
                    return (name.into(), None);
                };
                let verdicts = items.iter().map(|item| {
                    let mut inner = context.new_inner_scope();
                    inner.add_variable_from_value(each.iter_var.clone(), item.clone());
                    let verdict = self.judge(&step.args[1], &inner);
                    if is_exists {
                        verdict
                    } else {
                        verdict.map(|b| !b)
                    }
                });
                let found = any_of(verdicts.collect::<Vec<_>>().into_iter());
                return (
                    name.into(),
                    if is_exists { found } else { found.map(|b| !b) },
                );
            }
            _ => return ("truth".into(), truth(expr, context)),
        };
        let name = call.func_name.clone();
        let verdict = match (name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_AND, [a, b]) => {
                let parts = [self.judge(a, context), self.judge(b, context)];
                any_of(parts.into_iter().map(|v| v.map(|b| !b))).map(|b| !b)
            }
            (op::LOGICAL_OR, [a, b]) => {
                any_of([self.judge(a, context), self.judge(b, context)].into_iter())
            }
            (op::LOGICAL_NOT, [a]) => self.judge(a, context).map(|b| !b),
            (op::IN, [a, list]) => match (Cel::resolve(a, context), Cel::resolve(list, context)) {
                (Ok(a), Ok(Cel::List(items))) => {
                    any_of(items.iter().map(|item| same(&a, item, self.equality)))
                }
                _ => None,
            },
            ("blank", [a]) => Some(match Cel::resolve(a, context) {
                Ok(Cel::String(s)) => s.is_empty(),
                Ok(Cel::List(items)) => items.is_empty(),
                Ok(_) => false,
                Err(_) => true,
            }),
            (op::EQUALS | op::NOT_EQUALS, [a, b]) => {
                let sides = (Cel::resolve(a, context), Cel::resolve(b, context));
                let (Ok(a), Ok(b)) = sides else {
                    return (name, None);
                };
                same(&a, &b, self.equality).map(|s| s == (name == op::EQUALS))
            }
            (_, [a, b]) => match (Cel::resolve(a, context), Cel::resolve(b, context)) {
                (Ok(a), Ok(b)) if comparable(&a, &b) => truth(expr, context),
                _ => None,
            },
            // A text test: the interpreter knows `contains` of lists too, we do not.
            _ => match call.target.as_ref().map(|of| Cel::resolve(of, context)) {
                Some(Ok(Cel::String(_))) => truth(expr, context),
                _ => None,
            },
        };
        (name, verdict)
    }
}

fn table_of(users: &[Profile]) -> Table {
    let mut table = Table::new();
    for user in users {
        let set = user
            .attributes
            .clone()
            .into_iter()
            .map(|(name, value)| (name, Some(value)));
        table.apply(&Change {
            external_id: user.external_id.clone(),
            creates: true,
            set: set.collect(),
        });
    }
    table
}

fn users(runner: &mut TestRunner) -> Vec<Profile> {
    let users = (0..USERS).map(|n| Profile {
        external_id: ExternalId::parse(format!("u{n}")).unwrap(),
        attributes: user().new_tree(runner).unwrap().current(),
    });
    users.collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story: judge, compare, count")]
fn columns_rows_and_the_interpreter_agree() {
    let mut runner = TestRunner::deterministic();
    let equality = Parser::new().parse("l == r").unwrap();
    let (mut reached, mut n_filters) = (Reached::new(), 0);
    for _ in 0..TABLES {
        let users = users(&mut runner);
        let table = table_of(&users);
        for _ in 0..FILTERS {
            let text = filter().new_tree(&mut runner).unwrap().current();
            // What is refused as never true has no verdict to compare.
            let Ok(filter) = compile(&text, &Declared::default()) else {
                continue;
            };
            n_filters += 1;
            let expr = Parser::new().parse(&text).unwrap();
            let members = filter.members(&table, Timestamp::UNIX_EPOCH);
            let others = compile(&format!("!({text})"), &Declared::default()).unwrap();
            let others = others.members(&table, Timestamp::UNIX_EPOCH);
            for user in &users {
                let mut seen = user.attributes.clone();
                seen.retain(|name, _| name != "t");
                seen.insert("id".into(), Value::String(user.external_id.as_str().into()));
                seen.insert(
                    "random_bucket".into(),
                    Value::Int(bucket(user.external_id.as_str()).into()),
                );
                let mut context = Context::default();
                context.add_variable_from_value("user", to_cel(&Value::Object(seen)));
                let mut walk = Walk {
                    equality: &equality,
                    reached: &mut reached,
                };
                let expected = walk.judge(&expr, &context);
                let row = table.row(&user.external_id).unwrap();
                assert_eq!(
                    filter.matches_profile(user, Timestamp::UNIX_EPOCH),
                    expected,
                    "{text}\n{user:?}"
                );
                assert_eq!(
                    filter.matches(&table, row, Timestamp::UNIX_EPOCH),
                    expected,
                    "{text}\n{user:?}"
                );
                assert_eq!(
                    members.contains(row),
                    expected == Some(true),
                    "{text}\n{user:?}"
                );
                assert_eq!(
                    others.contains(row),
                    expected == Some(false),
                    "{text}\n{user:?}"
                );
            }
        }
    }
    assert!(n_filters > TABLES * FILTERS / 3, "{n_filters}");
    let total = [
        op::LOGICAL_AND,
        op::LOGICAL_OR,
        op::LOGICAL_NOT,
        op::EQUALS,
        op::NOT_EQUALS,
        op::LESS,
        op::LESS_EQUALS,
        op::GREATER,
        op::GREATER_EQUALS,
        op::IN,
        "startsWith",
        "endsWith",
        "contains",
        "matches",
        "exists",
        "all",
    ];
    for name in total {
        let seen = reached.get(name).copied().unwrap_or_default();
        assert!(seen.iter().all(|n| *n >= 5), "{name}: {seen:?}");
    }
    for name in ["has", "blank"] {
        let seen = reached.get(name).copied().unwrap_or_default();
        assert!(
            seen[..2].iter().all(|n| *n >= 5) && seen[2] == 0,
            "{name}: {seen:?}"
        );
    }
}

/// The interpreter is built without times, so these are compared among ourselves.
#[test]
fn columns_and_rows_agree_on_times() {
    let mut runner = TestRunner::deterministic();
    let users = users(&mut runner);
    let table = table_of(&users);
    let now = Timestamp::from_second(3 * 86_400).unwrap();
    for op in ["==", "!=", "<", "<=", ">", ">="] {
        for side in [
            "now",
            "now - days(1)",
            "timestamp('1970-01-02T00:00:00Z')",
            "now + duration('36h')",
        ] {
            let filter = compile(&format!("user.t {op} {side}"), &Declared::default()).unwrap();
            let members = filter.members(&table, now);
            for user in &users {
                let row = table.row(&user.external_id).unwrap();
                let expected = filter.matches_profile(user, now);
                assert_eq!(filter.matches(&table, row, now), expected);
                assert_eq!(
                    members.contains(row),
                    expected == Some(true),
                    "{} {user:?}",
                    filter.text()
                );
            }
            assert!(
                side == "now + duration('36h')" || !members.is_empty(),
                "{}",
                filter.text()
            );
        }
    }
}
