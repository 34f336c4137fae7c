//! The naive walk: our three-valued logic around the parser's own interpreter.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cel::common::ast::{Expr, IdedExpr, operators as op};
use cel::{Context, Value as Cel};

use crate::model::Value;

/// How often each operator came to true, false and unknown.
pub(super) type Reached = BTreeMap<String, [usize; 3]>;

/// What compares two terms.
const ORDERED: [&str; 6] = [
    op::EQUALS,
    op::NOT_EQUALS,
    op::LESS,
    op::LESS_EQUALS,
    op::GREATER,
    op::GREATER_EQUALS,
];

/// The functions and names of ours that a term is made of.
fn terms(term: &IdedExpr, found: &mut BTreeSet<String>) {
    match &term.expr {
        Expr::Call(call) => {
            found.insert(call.func_name.clone());
            call.args.iter().for_each(|arg| terms(arg, found));
        }
        Expr::Ident(name) if name == "now" => drop(found.insert(name.clone())),
        Expr::Select(select) if matches!(select.field.as_str(), "id" | "random_bucket") => {
            found.insert(format!("user.{}", select.field));
        }
        _ => {}
    }
}

pub(super) fn to_cel(value: &Value) -> Cel {
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

pub(super) struct Walk<'a> {
    pub(super) equality: &'a IdedExpr,
    /// The named segment, and what `subscribed("news")` reads.
    pub(super) other: &'a IdedExpr,
    pub(super) news: &'a IdedExpr,
    pub(super) reached: &'a mut Reached,
}

impl Walk<'_> {
    pub(super) fn judge(&mut self, expr: &IdedExpr, context: &Context<'_, '_>) -> Option<bool> {
        let (name, verdict) = self.named(expr, context);
        let mut names = BTreeSet::from([name]);
        if let Expr::Call(call) = &expr.expr
            && ORDERED.contains(&call.func_name.as_str())
        {
            call.args.iter().for_each(|arg| terms(arg, &mut names));
        }
        for name in names {
            let seen = self.reached.entry(name).or_default();
            seen[verdict.map_or(2, usize::from)] += 1;
        }
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
            ("in_segment", _) => Some(self.judge(self.other, context) == Some(true)),
            ("subscribed", _) => truth(self.news, context),
            ("received", _) => truth(expr, context),
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
