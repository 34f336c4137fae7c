//! Where in the text an expression stands, and what is said of it.

use std::ops::Range;

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use crate::diagnostic::{Code, Diagnostic, codes};

use super::lower::Lowering;

// === impl Lowering ===

impl Lowering<'_> {
    pub(super) fn unsupported<T>(&mut self, expr: &IdedExpr, what: &str) -> Option<T> {
        self.fail(
            expr,
            codes::FILTER_NOT_SUPPORTED,
            format!("not supported: {what}"),
            None,
        )
    }

    /// A function of ours with other arguments than it takes.
    pub(super) fn misused<T>(&mut self, expr: &IdedExpr, function: &str) -> Option<T> {
        let usage = match function {
            "count" => "count(\"order_placed\", days(30))",
            "sum" => "sum(\"order_placed\", \"total\", days(30))",
            "first" => "first(\"order_placed\")",
            "last" => "last(\"order_placed\")",
            "in_segment" => "in_segment(\"vips\")",
            "received" => "received(\"welcome\", days(7))",
            "subscribed" => "subscribed(\"news\")",
            "exists" | "all" => "user.tags.exists(tag, tag == \"vip\")",
            "timestamp" => "timestamp(\"2026-11-23T10:00:00Z\")",
            "duration" => "duration(\"36h\")",
            "days" => "days(7)",
            "has" | "blank" | "size" => "blank(user.x)",
            _ => "user.x.contains(\"a\")",
        };
        let usage = match function {
            "has" | "size" => usage.replace("blank", function),
            "all" => usage.replace("exists", function),
            "startsWith" | "endsWith" | "matches" => usage.replace("contains", function),
            _ => usage.to_owned(),
        };
        let message = format!("`{function}` is not used like this");
        self.mistyped(expr, message, Some(format!("write `{usage}`")))
    }

    pub(super) fn mistyped<T>(
        &mut self,
        expr: &IdedExpr,
        message: String,
        hint: Option<String>,
    ) -> Option<T> {
        self.fail(expr, codes::FILTER_TYPE, message, hint)
    }

    pub(super) fn fail<T>(
        &mut self,
        expr: &IdedExpr,
        code: Code,
        message: String,
        hint: Option<String>,
    ) -> Option<T> {
        let error = Diagnostic::error(code, message).spanning(self.span(expr));
        self.found.push(Diagnostic { hint, ..error });
        None
    }

    /// The bytes of an expression: its own token, its parts, and the brackets these cut.
    pub(super) fn span(&self, expr: &IdedExpr) -> Range<usize> {
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

    pub(super) fn widen(&self, expr: &IdedExpr, span: &mut Range<usize>) {
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
    pub(super) fn widen_by_name(&self, expr: &IdedExpr, at: usize, span: &mut Range<usize>) {
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
