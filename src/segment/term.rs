//! Terms: what a test reads or compares with, checked.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators as cel_op};

use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::Value;
use crate::model::value::{Type, parse_timestamp};

use super::check::{Kind, span};
use super::lower::{FUNCTIONS, Lowering};
use super::tree::Term;

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn term(&mut self, expr: &IdedExpr) -> Option<Term> {
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Ident(name) => self.root(expr, name),
            Expr::Select(select) if !select.test => self.select(expr, select),
            Expr::List(list) => {
                let items: Vec<_> = list.elements.iter().map(|item| self.term(item)).collect();
                let items: Vec<Term> = items.into_iter().collect::<Option<_>>()?;
                let values = items.iter().map(|item| match item {
                    Term::Literal(value) => Some(value.clone()),
                    _ => None,
                });
                let whole = values.collect::<Option<_>>();
                Some(whole.map_or(Term::List(items), |values| {
                    Term::Literal(Value::List(values))
                }))
            }
            Expr::Call(call) => self.term_call(expr, call),
            Expr::Comprehension(_) | Expr::Select(_) => {
                self.unsupported(expr, "a test inside of a value")
            }
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                self.unsupported(expr, "an object literal")
            }
        }
    }

    pub(super) fn term_call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Option<Term> {
        match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            (cel_op::INDEX, None, [of, key]) => {
                let Expr::Literal(LiteralValue::String(key)) = &key.expr else {
                    return self.unsupported(key, "an index that is not a text");
                };
                let of = if self.is_user(of) {
                    None
                } else {
                    Some(self.term(of)?)
                };
                self.field(expr, of, key.inner())
            }
            (cel_op::ADD, None, [a, b]) => self.sum(expr, a, b, Term::Plus),
            (cel_op::SUBSTRACT, None, [a, b]) => self.sum(expr, a, b, Term::Minus),
            ("size", None, [of]) => self.size(of),
            ("size", Some(of), []) => self.size(of),
            ("timestamp", None, [of]) => self.timestamp(of),
            ("duration", None, [of]) => match self.term(of)? {
                Term::Literal(Value::String(text)) => match span(&text) {
                    Some(nanos) => Some(Term::Span(nanos)),
                    None => self.mistyped(
                        of,
                        format!("`{text}` is not a duration"),
                        Some("write `duration(\"36h\")`".into()),
                    ),
                },
                _ => self.unsupported(of, "a duration that is not a literal"),
            },
            ("count" | "first" | "last" | "sum", None, args) => self.events(expr, call, args),
            ("days", None, [of]) => match self.term(of)? {
                Term::Literal(Value::Int(n)) => {
                    Some(Term::Span(i128::from(n) * 86_400_000_000_000))
                }
                _ => self.mistyped(
                    of,
                    "`days` takes a whole number".into(),
                    Some("write `days(7)`".into()),
                ),
            },
            (name, ..)
                if name.contains(['_', '@', '!'])
                    && !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
            {
                let op = name.trim_matches(['_', '@']);
                self.unsupported(expr, &format!("`{op}` here"))
            }
            (name, ..) if FUNCTIONS.contains(&name) => self.misused(expr, name),
            (name, ..) => {
                let hint =
                    did_you_mean(name, FUNCTIONS).map(|near| format!("did you mean `{near}`?"));
                self.fail(
                    expr,
                    codes::FILTER_UNKNOWN_FUNCTION,
                    format!("there is no function `{name}`"),
                    hint,
                )
            }
        }
    }

    pub(super) fn sum(
        &mut self,
        expr: &IdedExpr,
        a: &IdedExpr,
        b: &IdedExpr,
        make: fn(Box<Term>, Box<Term>) -> Term,
    ) -> Option<Term> {
        let (a, b) = (self.term(a), self.term(b));
        let (a, b) = (a?, b?);
        let kinds = [self.kind(&a), self.kind(&b)];
        let is_time = |kind: Kind| kind == Kind::Span || kind.can_be(&[Type::Timestamp]);
        let is_sure = kinds
            .iter()
            .any(|kind| matches!(kind, Kind::Span | Kind::Is(Type::Timestamp)));
        let term = make(Box::new(a), Box::new(b));
        // A time less a time is a span; a sum of two times, or a span less a time, is nothing.
        let is_nothing = match term {
            Term::Plus(..) => !kinds.contains(&Kind::Span),
            _ => kinds[0] == Kind::Span && kinds[1] != Kind::Span,
        };
        if is_sure && !is_nothing && kinds.into_iter().all(is_time) {
            return Some(term);
        }
        self.unsupported(expr, "arithmetic other than of times and durations")
    }

    pub(super) fn size(&mut self, of: &IdedExpr) -> Option<Term> {
        let term = self.term(of)?;
        let kind = self.kind(&term);
        if !kind.can_be(&[Type::String, Type::List, Type::Object]) {
            return self.mistyped(of, format!("{} has no size", kind.one()), None);
        }
        Some(Term::Size(Box::new(term)))
    }

    pub(super) fn timestamp(&mut self, of: &IdedExpr) -> Option<Term> {
        let term = self.term(of)?;
        if let Term::Literal(Value::String(text)) = &term {
            let hint = "write `timestamp(\"2026-11-23T10:00:00Z\")`, with the zone".to_owned();
            return match parse_timestamp(text) {
                Some(at) => Some(Term::Literal(Value::Timestamp(at))),
                None => self.mistyped(of, format!("`{text}` is not a time"), Some(hint)),
            };
        }
        let kind = self.kind(&term);
        if !kind.can_be(&[Type::String, Type::Timestamp, Type::Int]) {
            return self.mistyped(of, format!("{} is not a time", kind.one()), None);
        }
        Some(Term::Timestamp(Box::new(term)))
    }

    pub(super) fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Option<Term> {
        Some(Term::Literal(match literal {
            LiteralValue::Boolean(b) => Value::Bool(*b.inner()),
            LiteralValue::Int(n) => Value::Int(*n.inner()),
            LiteralValue::Double(d) if d.inner().is_finite() => Value::Double(*d.inner()),
            LiteralValue::String(s) => Value::String(s.inner().to_owned()),
            LiteralValue::Double(_) => {
                return self.mistyped(expr, "the number is too large".into(), None);
            }
            LiteralValue::UInt(_) => {
                return self.fail(
                    expr,
                    codes::FILTER_NOT_SUPPORTED,
                    "unsigned numbers are not supported".into(),
                    Some("leave out the `u`".into()),
                );
            }
            LiteralValue::Null => {
                let hint =
                    "write `!has(user.x)` for an absent attribute, or `blank(user.x)`".to_owned();
                return self.fail(
                    expr,
                    codes::FILTER_NOT_SUPPORTED,
                    "no attribute is null".into(),
                    Some(hint),
                );
            }
            LiteralValue::Bytes(_) => return self.unsupported(expr, "a bytes literal"),
        }))
    }

    pub(super) fn root(&mut self, expr: &IdedExpr, name: &str) -> Option<Term> {
        if let Some(depth) = self
            .elements
            .iter()
            .rev()
            .position(|(element, _)| element == name)
        {
            return Some(Term::Var(depth, Vec::new()));
        }
        match name {
            "now" => Some(Term::Now),
            _ if self.declared.is_facts() => self.fact(expr, name),
            "user" => self.fail(
                expr,
                codes::FILTER_TYPE,
                "`user` alone is not a value".into(),
                Some("name an attribute: `user.x`".into()),
            ),
            _ => {
                let known = ["user", "now"]
                    .into_iter()
                    .chain(self.elements.iter().map(|(name, _)| name.as_str()));
                let near = did_you_mean(name, known).map(|near| format!("did you mean `{near}`?"));
                let hint = near.unwrap_or_else(|| {
                    format!("attributes are written `user.{name}`, texts in quotes")
                });
                self.fail(
                    expr,
                    codes::FILTER_UNKNOWN_NAME,
                    format!("there is no `{name}`"),
                    Some(hint),
                )
            }
        }
    }

    pub(super) fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Option<Term> {
        let of = if self.is_user(&select.operand) {
            None
        } else {
            Some(self.term(&select.operand)?)
        };
        self.field(expr, of, &select.field)
    }

    /// A field of the user when `of` is none.
    pub(super) fn field(&mut self, expr: &IdedExpr, of: Option<Term>, key: &str) -> Option<Term> {
        match of {
            None if key == "id" => Some(Term::Id),
            None if key == "random_bucket" => Some(Term::Bucket),
            None => {
                let path = vec![key.to_owned()];
                self.paths.push((path.clone(), self.span(expr)));
                Some(Term::Path(path))
            }
            Some(Term::Path(mut path)) => {
                // Not the whole but this field is read.
                self.paths.retain(|(known, _)| *known != path);
                path.push(key.to_owned());
                self.paths.push((path.clone(), self.span(expr)));
                Some(Term::Path(path))
            }
            Some(Term::Var(depth, mut keys)) => {
                keys.push(key.to_owned());
                Some(Term::Var(depth, keys))
            }
            Some(_) => self.mistyped(expr, format!("has no field `{key}`"), None),
        }
    }

    /// Texts that are times are stored as times, so comparing with such a text never matches.
    pub(super) fn warn_of_time(&mut self, term: &Term, is_open: bool, at: &IdedExpr) {
        let Term::Literal(Value::String(text)) = term else {
            return;
        };
        if is_open && parse_timestamp(text).is_some() {
            let warning = Diagnostic::warning(
                codes::FILTER_TIME_TEXT,
                "a text that is a time is stored as a time",
            );
            self.found.push(
                warning
                    .spanning(self.span(at))
                    .hint(format!("write `timestamp({text:?})`")),
            );
        }
    }
}
