//! The parsed text to a checked tree. What is not supported is an error, never a guess.

use std::ops::Range;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo,
    operators as cel_op,
};
use regex::RegexBuilder;

use crate::diagnostic::{Code, Diagnostic, did_you_mean};
use crate::model::value::{Type, parse_timestamp};
use crate::model::{Value, limits};

use super::check::{Kind, rewrite, span};
use super::filter::Declared;
use super::guard::Brackets;
use super::tree::{Node, Op, Part, Term, Test};

const FUNCTIONS: [&str; 12] = [
    "has",
    "blank",
    "size",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "exists",
    "all",
    "timestamp",
    "duration",
    "days",
];

pub(super) struct Lowering<'a> {
    pub(super) text: &'a str,
    pub(super) info: &'a SourceInfo,
    pub(super) brackets: &'a Brackets,
    pub(super) declared: &'a Declared,
    pub(super) found: Vec<Diagnostic>,
    /// Names of list elements, the outermost first.
    pub(super) elements: Vec<String>,
}

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn node(&mut self, expr: &IdedExpr) -> Option<Node> {
        let test = match &expr.expr {
            Expr::Literal(LiteralValue::Boolean(b)) => Test::Const(*b.inner()),
            Expr::Select(select) if select.test => Test::Has(self.select(expr, select)?),
            Expr::Comprehension(each) => self.each(expr, each)?,
            Expr::Call(call) => self.test_call(expr, call)?,
            _ => self.truth(expr)?,
        };
        Some(Node {
            text: self.text[self.span(expr)].to_owned(),
            test,
        })
    }

    fn test_call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Option<Test> {
        let op = match (call.func_name.as_str(), call.args.as_slice()) {
            (cel_op::LOGICAL_AND, _) => {
                return Some(Test::And(self.chain(expr, cel_op::LOGICAL_AND)?));
            }
            (cel_op::LOGICAL_OR, _) => {
                return Some(Test::Or(self.chain(expr, cel_op::LOGICAL_OR)?));
            }
            (cel_op::LOGICAL_NOT, [of]) => return Some(Test::Not(Box::new(self.node(of)?))),
            (cel_op::IN, [item, list]) => return self.is_in(expr, item, list),
            ("blank", [of]) if call.target.is_none() => return Some(Test::Blank(self.term(of)?)),
            ("startsWith" | "endsWith" | "contains" | "matches", [arg]) => {
                return self.text_test(expr, call, arg);
            }
            (cel_op::EQUALS, _) => Op::Equal,
            (cel_op::NOT_EQUALS, _) => Op::NotEqual,
            (cel_op::LESS, _) => Op::Less,
            (cel_op::LESS_EQUALS, _) => Op::LessEqual,
            (cel_op::GREATER, _) => Op::Greater,
            (cel_op::GREATER_EQUALS, _) => Op::GreaterEqual,
            _ => return self.truth(expr),
        };
        let [a, b] = call.args.as_slice() else {
            return self.unsupported(expr, "this call");
        };
        let (left, right) = (self.term(a), self.term(b));
        let (left, right) = (left?, right?);
        let (ka, kb) = (
            Kind::of(&left, self.declared),
            Kind::of(&right, self.declared),
        );
        if !ka.compares(op, kb) {
            let message = format!(
                "a {} is never compared with a {} here",
                ka.name(),
                kb.name()
            );
            let hint = rewrite(&right, ka).or_else(|| rewrite(&left, kb));
            return self.mistyped(expr, message, hint);
        }
        for (term, other, at) in [
            (&left, ka == Kind::Any || kb == Kind::Any, a),
            (&right, ka == Kind::Any, b),
        ] {
            self.warn_of_time(term, other, at);
        }
        Some(Test::Compare(op, left, right))
    }

    /// The terms of a chain, without the tree that the parser made of it.
    fn chain(&mut self, expr: &IdedExpr, op: &str) -> Option<Vec<Node>> {
        fn flatten<'e>(expr: &'e IdedExpr, op: &str, into: &mut Vec<&'e IdedExpr>) {
            match &expr.expr {
                Expr::Call(call) if call.func_name == op => {
                    call.args.iter().for_each(|arg| flatten(arg, op, into));
                }
                _ => into.push(expr),
            }
        }
        let mut parts = Vec::new();
        flatten(expr, op, &mut parts);
        // Every part is looked at, so that all problems are told at once.
        let nodes: Vec<_> = parts.into_iter().map(|part| self.node(part)).collect();
        nodes.into_iter().collect()
    }

    fn is_in(&mut self, expr: &IdedExpr, item: &IdedExpr, list: &IdedExpr) -> Option<Test> {
        let (left, right) = (self.term(item), self.term(list));
        let (left, right) = (left?, right?);
        let ki = Kind::of(&left, self.declared);
        if !Kind::of(&right, self.declared).can_be(&[Type::List, Type::Object]) {
            return self.mistyped(list, "`in` needs a list on its right".into(), None);
        }
        if let Term::Literal(Value::List(items)) = &right {
            let fits = |item: &Value| Kind::Is(item.type_of()).compares(Op::Equal, ki);
            if let Some(other) = items.iter().find(|item| !fits(item)) {
                let message = format!("a {} is never equal to a {}", ki.name(), other.type_of());
                return self.mistyped(expr, message, rewrite(&Term::Literal(other.clone()), ki));
            }
            if items
                .windows(2)
                .any(|w| !Kind::Is(w[0].type_of()).compares(Op::Equal, Kind::Is(w[1].type_of())))
            {
                let warning = Diagnostic::warning(
                    Code("filter-mixed-list"),
                    "the list mixes types: no match is unknown, not false",
                );
                self.found.push(warning.spanning(self.span(list)));
            }
        }
        Some(Test::In(left, right))
    }

    fn text_test(&mut self, expr: &IdedExpr, call: &CallExpr, arg: &IdedExpr) -> Option<Test> {
        let name = call.func_name.as_str();
        let Some(target) = &call.target else {
            let hint = format!("write `user.name.{name}(..)`");
            return self.fail(
                expr,
                "filter-unknown-function",
                format!("`{name}` is called on a text"),
                Some(hint),
            );
        };
        let (left, right) = (self.term(target), self.term(arg));
        let (left, right) = (left?, right?);
        for (term, at) in [(&left, target.as_ref()), (&right, arg)] {
            let kind = Kind::of(term, self.declared);
            if !kind.can_be(&[Type::String]) {
                return self.mistyped(
                    at,
                    format!("`{name}` works on texts, this is a {}", kind.name()),
                    None,
                );
            }
        }
        let part = match name {
            "startsWith" => Part::StartsWith,
            "endsWith" => Part::EndsWith,
            "contains" => Part::Contains,
            _ => {
                let Term::Literal(Value::String(pattern)) = right else {
                    return self.unsupported(arg, "a pattern that is not a literal");
                };
                let built = RegexBuilder::new(&pattern)
                    .size_limit(limits::REGEX_BYTES_MAX)
                    .build();
                return match built {
                    Ok(regex) => Some(Test::Matches(left, regex)),
                    Err(error) => {
                        let reason = error.to_string();
                        let reason = reason
                            .lines()
                            .last()
                            .unwrap_or_default()
                            .trim_start_matches("error: ");
                        self.fail(
                            arg,
                            "filter-regex",
                            format!("not a regular expression: {reason}"),
                            None,
                        )
                    }
                };
            }
        };
        Some(Test::Text(part, left, right))
    }

    fn each(&mut self, expr: &IdedExpr, each: &ComprehensionExpr) -> Option<Test> {
        let Expr::Call(step) = &each.loop_step.expr else {
            return self.unsupported(expr, "this list macro");
        };
        let is_start = |wanted: bool| matches!(&each.accu_init.expr, Expr::Literal(LiteralValue::Boolean(b)) if *b.inner() == wanted);
        let is_exists = step.func_name == cel_op::LOGICAL_OR && is_start(false);
        let is_all = step.func_name == cel_op::LOGICAL_AND && is_start(true);
        let (true, [_, body]) = (is_exists || is_all, step.args.as_slice()) else {
            return self.unsupported(expr, "this list macro; only `exists` and `all` are");
        };
        let list = self.term(&each.iter_range)?;
        let kind = Kind::of(&list, self.declared);
        if !kind.can_be(&[Type::List, Type::Object]) {
            return self.mistyped(
                &each.iter_range,
                format!("needs a list, this is a {}", kind.name()),
                None,
            );
        }
        self.elements.push(each.iter_var.clone());
        let body = self.node(body);
        self.elements.pop();
        let body = Box::new(body?);
        Some(if is_exists {
            Test::Exists(list, body)
        } else {
            Test::All(list, body)
        })
    }

    fn truth(&mut self, expr: &IdedExpr) -> Option<Test> {
        let term = self.term(expr)?;
        let kind = Kind::of(&term, self.declared);
        if !kind.can_be(&[Type::Bool]) {
            return self.mistyped(
                expr,
                format!("needs true or false, this is a {}", kind.name()),
                None,
            );
        }
        Some(Test::Truth(term))
    }

    fn term(&mut self, expr: &IdedExpr) -> Option<Term> {
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

    fn term_call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Option<Term> {
        match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            (cel_op::INDEX, None, [of, key]) => {
                let Expr::Literal(LiteralValue::String(key)) = &key.expr else {
                    return self.unsupported(key, "an index that is not a text");
                };
                let of = if is_user(of) {
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
            (name, ..) if FUNCTIONS.contains(&name) => self.fail(
                expr,
                "filter-type",
                format!("`{name}` is not used like this"),
                None,
            ),
            (name, ..) => {
                let hint =
                    did_you_mean(name, FUNCTIONS).map(|near| format!("did you mean `{near}`?"));
                self.fail(
                    expr,
                    "filter-unknown-function",
                    format!("there is no function `{name}`"),
                    hint,
                )
            }
        }
    }

    fn sum(
        &mut self,
        expr: &IdedExpr,
        a: &IdedExpr,
        b: &IdedExpr,
        make: fn(Box<Term>, Box<Term>) -> Term,
    ) -> Option<Term> {
        let (a, b) = (self.term(a), self.term(b));
        let (a, b) = (a?, b?);
        let kinds = [Kind::of(&a, self.declared), Kind::of(&b, self.declared)];
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

    fn size(&mut self, of: &IdedExpr) -> Option<Term> {
        let term = self.term(of)?;
        let kind = Kind::of(&term, self.declared);
        if !kind.can_be(&[Type::String, Type::List, Type::Object]) {
            return self.mistyped(of, format!("a {} has no size", kind.name()), None);
        }
        Some(Term::Size(Box::new(term)))
    }

    fn timestamp(&mut self, of: &IdedExpr) -> Option<Term> {
        let term = self.term(of)?;
        if let Term::Literal(Value::String(text)) = &term {
            let hint = "write `timestamp(\"2026-11-23T10:00:00Z\")`, with the zone".to_owned();
            return match parse_timestamp(text) {
                Some(at) => Some(Term::Literal(Value::Timestamp(at))),
                None => self.mistyped(of, format!("`{text}` is not a time"), Some(hint)),
            };
        }
        let kind = Kind::of(&term, self.declared);
        if !kind.can_be(&[Type::String, Type::Timestamp, Type::Int]) {
            return self.mistyped(of, format!("a {} is not a time", kind.name()), None);
        }
        Some(Term::Timestamp(Box::new(term)))
    }

    fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Option<Term> {
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
                    "filter-not-supported",
                    "unsigned numbers are not supported".into(),
                    Some("leave out the `u`".into()),
                );
            }
            LiteralValue::Null => {
                let hint =
                    "write `!has(user.x)` for an absent attribute, or `blank(user.x)`".to_owned();
                return self.fail(
                    expr,
                    "filter-not-supported",
                    "no attribute is null".into(),
                    Some(hint),
                );
            }
            LiteralValue::Bytes(_) => return self.unsupported(expr, "a bytes literal"),
        }))
    }

    fn root(&mut self, expr: &IdedExpr, name: &str) -> Option<Term> {
        if let Some(depth) = self
            .elements
            .iter()
            .rev()
            .position(|element| element == name)
        {
            return Some(Term::Var(depth, Vec::new()));
        }
        match name {
            "now" => Some(Term::Now),
            "user" => self.fail(
                expr,
                "filter-type",
                "`user` alone is not a value".into(),
                Some("name an attribute: `user.x`".into()),
            ),
            _ => {
                let known = ["user", "now"]
                    .into_iter()
                    .chain(self.elements.iter().map(String::as_str));
                let near = did_you_mean(name, known).map(|near| format!("did you mean `{near}`?"));
                let hint = near.unwrap_or_else(|| {
                    format!("attributes are written `user.{name}`, texts in quotes")
                });
                self.fail(
                    expr,
                    "filter-unknown-name",
                    format!("there is no `{name}`"),
                    Some(hint),
                )
            }
        }
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Option<Term> {
        let of = if is_user(&select.operand) {
            None
        } else {
            Some(self.term(&select.operand)?)
        };
        self.field(expr, of, &select.field)
    }

    /// A field of the user when `of` is none.
    fn field(&mut self, expr: &IdedExpr, of: Option<Term>, key: &str) -> Option<Term> {
        match of {
            None if key == "id" => Some(Term::Id),
            None if key == "random_bucket" => Some(Term::Bucket),
            None => Some(Term::Path(vec![key.to_owned()])),
            Some(Term::Path(mut path)) => {
                path.push(key.to_owned());
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
    fn warn_of_time(&mut self, term: &Term, is_open: bool, at: &IdedExpr) {
        let Term::Literal(Value::String(text)) = term else {
            return;
        };
        if is_open && parse_timestamp(text).is_some() {
            let warning = Diagnostic::warning(
                Code("filter-time-text"),
                "a text that is a time is stored as a time",
            );
            self.found.push(
                warning
                    .spanning(self.span(at))
                    .hint(format!("write `timestamp({text:?})`")),
            );
        }
    }

    fn unsupported<T>(&mut self, expr: &IdedExpr, what: &str) -> Option<T> {
        self.fail(
            expr,
            "filter-not-supported",
            format!("not supported: {what}"),
            None,
        )
    }

    fn mistyped<T>(&mut self, expr: &IdedExpr, message: String, hint: Option<String>) -> Option<T> {
        self.fail(expr, "filter-type", message, hint)
    }

    fn fail<T>(
        &mut self,
        expr: &IdedExpr,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) -> Option<T> {
        let error = Diagnostic::error(Code(code), message).spanning(self.span(expr));
        self.found.push(Diagnostic { hint, ..error });
        None
    }

    /// The bytes of an expression: its own token, its parts, and the brackets these cut.
    fn span(&self, expr: &IdedExpr) -> Range<usize> {
        let mut span = Range {
            start: usize::MAX,
            end: 0,
        };
        self.widen(expr, &mut span);
        if span.start >= span.end {
            return 0..self.text.len();
        }
        let mut span = self.brackets.close(span);
        while !self.text.is_char_boundary(span.start) {
            span.start -= 1;
        }
        while !self.text.is_char_boundary(span.end) {
            span.end += 1;
        }
        span
    }

    fn widen(&self, expr: &IdedExpr, span: &mut Range<usize>) {
        if let Some((start, stop)) = self.info.offset_for(expr.id) {
            let (start, stop) = (start as usize, (stop as usize + 1).min(self.text.len()));
            if start < stop {
                *span = span.start.min(start)..span.end.max(stop);
            }
            self.widen_by_name(expr, start, span);
        }
        match &expr.expr {
            Expr::Call(call) => call
                .target
                .iter()
                .map(AsRef::as_ref)
                .chain(&call.args)
                .for_each(|e| self.widen(e, span)),
            Expr::Select(select) => self.widen(&select.operand, span),
            Expr::List(list) => list.elements.iter().for_each(|e| self.widen(e, span)),
            Expr::Comprehension(each) => self.widen(&each.iter_range, span),
            _ => {}
        }
    }

    /// A call's token is its bracket and a selection's its dot: the name stands beside it.
    fn widen_by_name(&self, expr: &IdedExpr, at: usize, span: &mut Range<usize>) {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let token = self.text.as_bytes().get(at);
        if token == Some(&b'(') && matches!(expr.expr, Expr::Call(_) | Expr::Select(_)) {
            let name = self.text[..at].trim_end().trim_end_matches(is_word).len();
            span.start = span.start.min(name);
        } else if token == Some(&b'.') {
            let field = self.text[at + 1..].trim_start();
            let rest = field.trim_start_matches(is_word).len();
            span.end = span.end.max(self.text.len() - rest);
        } else if let (Expr::Literal(LiteralValue::Int(n)), true) = (&expr.expr, at > 0)
            && *n.inner() < 0
        {
            span.start = span.start.min(self.text[..at].rfind('-').unwrap_or(at));
        }
    }
}

fn is_user(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Ident(name) if name == "user")
}
