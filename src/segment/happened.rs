//! What a filter names: events, segments, campaigns, topics, attributes.

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use crate::audience::Measure;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::Value;

use super::declared::Declared;
use super::lower::Lowering;
use super::tree::{Events, Op, Term, Test};

/// Messages that were sent are events of this name and the campaign's: no caller can track one.
pub const RECEIVED: &str = "$received/";

/// The attribute that `subscribed` reads: an object with true or false for each topic.
const SUBSCRIPTIONS: &str = "subscriptions";

// === impl Lowering ===

impl Lowering<'_> {
    /// `count("order", days(30))`, `first("order")`, `last("order")`, `sum("order", "total", days(30))`.
    pub(super) fn events(
        &mut self,
        expr: &IdedExpr,
        call: &CallExpr,
        args: &[IdedExpr],
    ) -> Option<Term> {
        let function = call.func_name.as_str();
        if self.refuses_users(expr, function) {
            return None;
        }
        let (name, measure, within) = match (function, args) {
            ("count", [name, within @ ..]) if within.len() < 2 => (name, Measure::Count, within),
            ("first", [name]) => (name, Measure::First, &[][..]),
            ("last", [name]) => (name, Measure::Last, &[][..]),
            ("sum", [name, property, within @ ..]) if within.len() < 2 => {
                let property = self.literal_text(property, "a property's name")?;
                (name, Measure::Sum(property), within)
            }
            _ => return self.misused(expr, function),
        };
        let at = name;
        let name = self.literal_text(name, "an event's name")?;
        self.warn_of_event(at, &name);
        let within = match within {
            [span] => Some(self.within(span)?),
            _ => None,
        };
        Some(Term::Events(Box::new(Events {
            name,
            measure,
            within,
            text: self.text[self.span(expr)].to_owned(),
        })))
    }

    /// `in_segment("vips")`, `received("welcome", days(7))`, `subscribed("news")`.
    pub(super) fn named(&mut self, expr: &IdedExpr, call: &CallExpr) -> Option<Test> {
        let function = call.func_name.as_str();
        if self.refuses_users(expr, function) {
            return None;
        }
        match (function, call.args.as_slice()) {
            ("in_segment", [name]) => self.in_segment(name),
            ("received", [name, within @ ..]) if within.len() < 2 => {
                let at = name;
                let name = self.literal_text(name, "a campaign's name")?;
                self.check_campaign(at, &name)?;
                let within = match within {
                    [span] => Some(self.within(span)?),
                    _ => None,
                };
                let events = Events {
                    name: format!("{RECEIVED}{name}"),
                    measure: Measure::Count,
                    within,
                    text: self.text[self.span(expr)].to_owned(),
                };
                let (count, none) = (Term::Events(Box::new(events)), Term::Literal(Value::Int(0)));
                Some(Test::Compare(Op::Greater, count, none))
            }
            ("subscribed", [topic]) => {
                let topic = self.literal_text(topic, "a topic's name")?;
                let path = vec![SUBSCRIPTIONS.to_owned(), topic];
                Some(Test::Truth(Term::Path(path)))
            }
            _ => self.misused(expr, function),
        }
    }

    /// Warns of attributes that nobody listed, where somebody keeps a list.
    pub(super) fn warn_of_strangers(&mut self) {
        if self.declared.is_facts() {
            return self.refuse_strangers();
        }
        for (path, span) in std::mem::take(&mut self.paths) {
            if self.declared.knows(&path) {
                continue;
            }
            let texts: Vec<String> = self
                .declared
                .attribute_paths()
                .map(|known| Term::path_text(known))
                .collect();
            let name = Term::path_text(&path);
            let near = did_you_mean(&name, texts.iter().map(String::as_str));
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it in an `Attributes` file, or check its spelling".to_owned(),
            };
            let message = format!("`{name}` is not declared");
            let warning = Diagnostic::warning(codes::FILTER_UNKNOWN_ATTRIBUTE, message);
            self.found.push(warning.spanning(span).hint(hint));
        }
    }

    fn in_segment(&mut self, at: &IdedExpr) -> Option<Test> {
        if !self.elements.is_empty() {
            // It says the same of every element, and would cost as often as there are some.
            let message = "`in_segment` cannot stand inside `exists` or `all`";
            let hint = Some("put it beside: it says nothing about an element".to_owned());
            return self.fail(at, codes::FILTER_NOT_SUPPORTED, message.to_owned(), hint);
        }
        let name = self.literal_text(at, "a segment's name")?;
        if let Some(filter) = self.declared.segment(&name) {
            return Some(Test::InSegment(name, filter.clone()));
        }
        if self.declared.is_part() {
            let nobody = super::compile("false", &Declared::default()).ok()?;
            return Some(Test::InSegment(name, nobody));
        }
        let near = did_you_mean(&name, self.declared.segment_names());
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("there is no segment `{name}`");
        self.fail(at, codes::FILTER_UNKNOWN_SEGMENT, message, hint)
    }

    fn check_campaign(&mut self, at: &IdedExpr, name: &str) -> Option<()> {
        let Some(known) = self.declared.campaign_names() else {
            return Some(());
        };
        if known.contains(name) || self.declared.is_part() {
            return Some(());
        }
        let near = did_you_mean(name, known.iter().map(String::as_str));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        // A campaign that is gone has still sent what it sent.
        let warning = Diagnostic::warning(
            codes::FILTER_UNKNOWN_CAMPAIGN,
            format!("there is no campaign `{name}`"),
        );
        let warning = warning.spanning(self.span(at));
        self.found.push(Diagnostic { hint, ..warning });
        Some(())
    }

    fn warn_of_event(&mut self, at: &IdedExpr, name: &str) {
        let Some(known) = self.declared.event_names() else {
            return;
        };
        if known.contains(name) || self.declared.is_part() {
            return;
        }
        let near = did_you_mean(name, known.iter().map(String::as_str));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let message = format!("no event `{name}` is declared");
        let warning = Diagnostic::warning(codes::FILTER_UNKNOWN_EVENT, message);
        let warning = warning.spanning(self.span(at));
        self.found.push(Diagnostic { hint, ..warning });
    }

    fn literal_text(&mut self, expr: &IdedExpr, what: &str) -> Option<String> {
        match &expr.expr {
            Expr::Literal(LiteralValue::String(text)) if !text.inner().is_empty() => {
                Some(text.inner().to_owned())
            }
            _ => self.mistyped(expr, format!("{what} in quotes is expected"), None),
        }
    }

    /// A span of time that is not empty.
    fn within(&mut self, expr: &IdedExpr) -> Option<i128> {
        match self.term(expr)? {
            Term::Span(nanos) if nanos > 0 => Some(nanos),
            Term::Span(_) => self.mistyped(
                expr,
                "the span of time must be longer than none".into(),
                None,
            ),
            _ => {
                let hint = Some("write `days(30)` or `duration(\"36h\")`".to_owned());
                self.mistyped(expr, "a span of time is expected".into(), hint)
            }
        }
    }
}
