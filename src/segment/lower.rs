//! The parsed text to a checked tree. What is not supported is an error, never a guess.

use std::ops::Range;

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators as cel_op,
};

use crate::diagnostic::{Diagnostic, codes};
use crate::model::value::Type;
use crate::model::{Value, limits};

use super::check::{Kind, rewrite};
use super::declared::Declared;
use super::guard::Brackets;
use super::pattern::Pattern;
use super::tree::{Node, Op, Part, Term, Test};

pub(super) const FUNCTIONS: [&str; 19] = [
    "count",
    "first",
    "last",
    "sum",
    "in_segment",
    "received",
    "subscribed",
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
    /// What list elements are called and of which type they are, the outermost first.
    pub(super) elements: Vec<(String, Kind)>,
    /// Attributes that are read, and where.
    pub(super) paths: Vec<(Vec<String>, Range<usize>)>,
}

// === impl Lowering ===

impl Lowering<'_> {
    /// What type a term has, as far as the text and the declarations tell.
    pub(super) fn kind(&self, term: &Term) -> Kind {
        Kind::of(term, self.declared, &self.elements)
    }

    /// The type of a list's elements.
    fn element_kind(&self, list: &Term) -> Kind {
        match list {
            Term::Path(path) => self.declared.items(path).map_or(Kind::Any, Kind::Is),
            _ => Kind::Any,
        }
    }

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

    pub(super) fn test_call(&mut self, expr: &IdedExpr, call: &CallExpr) -> Option<Test> {
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
            ("in_segment" | "received" | "subscribed", _) if call.target.is_none() => {
                return self.named(expr, call);
            }
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
        let (ka, kb) = (self.kind(&left), self.kind(&right));
        if !ka.compares(op, kb) {
            let message = format!(
                "this compares a value of type {} with one of type {}: it is never true",
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
    pub(super) fn chain(&mut self, expr: &IdedExpr, op: &str) -> Option<Vec<Node>> {
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

    pub(super) fn is_in(
        &mut self,
        expr: &IdedExpr,
        item: &IdedExpr,
        list: &IdedExpr,
    ) -> Option<Test> {
        let (left, right) = (self.term(item), self.term(list));
        let (left, right) = (left?, right?);
        let ki = self.kind(&left);
        if !self.kind(&right).can_be(&[Type::List, Type::Object]) {
            return self.mistyped(list, "`in` needs a list on its right".into(), None);
        }
        let element = self.element_kind(&right);
        if !matches!(right, Term::Literal(_)) && !ki.compares(Op::Equal, element) {
            let message = format!(
                "the list holds values of type {}, none of which is ever equal to {}",
                element.name(),
                ki.one()
            );
            return self.mistyped(expr, message, rewrite(&left, element));
        }
        if let Term::Literal(Value::List(items)) = &right {
            let fits = |item: &Value| Kind::Is(item.type_of()).compares(Op::Equal, ki);
            if let Some(other) = items.iter().find(|item| !fits(item)) {
                let other_kind = Kind::Is(other.type_of()).one();
                let message = format!("{} is never equal to {other_kind}", ki.one());
                return self.mistyped(expr, message, rewrite(&Term::Literal(other.clone()), ki));
            }
            if items
                .windows(2)
                .any(|w| !Kind::Is(w[0].type_of()).compares(Op::Equal, Kind::Is(w[1].type_of())))
            {
                let warning = Diagnostic::warning(
                    codes::FILTER_MIXED_LIST,
                    "the list mixes types: no match is unknown, not false",
                );
                self.found.push(warning.spanning(self.span(list)));
            }
        }
        Some(Test::In(left, right))
    }

    pub(super) fn text_test(
        &mut self,
        expr: &IdedExpr,
        call: &CallExpr,
        arg: &IdedExpr,
    ) -> Option<Test> {
        let name = call.func_name.as_str();
        let Some(target) = &call.target else {
            let hint = format!("write `user.name.{name}(..)`");
            return self.fail(
                expr,
                codes::FILTER_UNKNOWN_FUNCTION,
                format!("`{name}` is called on a text"),
                Some(hint),
            );
        };
        let (left, right) = (self.term(target), self.term(arg));
        let (left, right) = (left?, right?);
        for (term, at) in [(&left, target.as_ref()), (&right, arg)] {
            let kind = self.kind(term);
            if !kind.can_be(&[Type::String]) {
                return self.mistyped(
                    at,
                    format!("`{name}` works on texts, this is {}", kind.one()),
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
                return match Pattern::new(&pattern) {
                    Ok(pattern) => Some(Test::Matches(left, pattern)),
                    Err(reason) => self.fail(
                        arg,
                        codes::FILTER_REGEX,
                        format!("not a regular expression: {reason}"),
                        None,
                    ),
                };
            }
        };
        Some(Test::Text(part, left, right))
    }

    pub(super) fn each(&mut self, expr: &IdedExpr, each: &ComprehensionExpr) -> Option<Test> {
        let Expr::Call(step) = &each.loop_step.expr else {
            return self.unsupported(expr, "this list macro");
        };
        let is_start = |wanted: bool| matches!(&each.accu_init.expr, Expr::Literal(LiteralValue::Boolean(b)) if *b.inner() == wanted);
        let is_exists = step.func_name == cel_op::LOGICAL_OR && is_start(false);
        let is_all = step.func_name == cel_op::LOGICAL_AND && is_start(true);
        let (true, [_, body]) = (is_exists || is_all, step.args.as_slice()) else {
            return self.unsupported(expr, "this list macro; only `exists` and `all` are");
        };
        if self.elements.len() == limits::FILTER_LOOPS_MAX {
            let max = limits::FILTER_LOOPS_MAX;
            let message = format!("`exists` and `all` may be nested {max} deep");
            return self.fail(expr, codes::FILTER_TOO_DEEP, message, None);
        }
        let list = self.term(&each.iter_range)?;
        let kind = self.kind(&list);
        if !kind.can_be(&[Type::List, Type::Object]) {
            return self.mistyped(
                &each.iter_range,
                format!("needs a list, this is {}", kind.one()),
                None,
            );
        }
        let element = self.element_kind(&list);
        self.elements.push((each.iter_var.clone(), element));
        let body = self.node(body);
        self.elements.pop();
        let body = Box::new(body?);
        Some(if is_exists {
            Test::Exists(list, body)
        } else {
            Test::All(list, body)
        })
    }

    pub(super) fn is_user(&self, expr: &IdedExpr) -> bool {
        let is_named = matches!(&expr.expr, Expr::Ident(name) if name == "user");
        is_named && !self.declared.is_facts()
    }

    pub(super) fn truth(&mut self, expr: &IdedExpr) -> Option<Test> {
        let term = self.term(expr)?;
        let kind = self.kind(&term);
        if !kind.can_be(&[Type::Bool]) {
            return self.mistyped(
                expr,
                format!("needs true or false, this is {}", kind.one()),
                None,
            );
        }
        Some(Test::Truth(term))
    }
}
