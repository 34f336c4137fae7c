//! Tags that are ours: `abort_message`, a `for` and a `capture` that stay within the budget.

use std::collections::HashMap;
use std::io::Write;

use liquid_core::model::{KString, KStringRef, Scalar, Value, ValueView};
use liquid_core::parser::{BlockElement, TryMatchToken};
use liquid_core::runtime::{Interrupt, InterruptRegister, StackFrame};
use liquid_core::{
    BlockReflection, Error, Expression, Language, ParseBlock, ParseTag, Renderable, Result,
    Runtime, TagBlock, TagReflection, TagTokenIter, Template,
};
use liquid_lib::stdlib::ForloopObject;

use super::budget::{Budget, Limited};
use crate::model::limits;

/// What a message says that was not given a reason.
const NO_REASON: &str = "the template called abort_message";

#[derive(Debug, Clone, Copy)]
pub(super) struct AbortMessage;

#[derive(Debug)]
struct Abort {
    reason: Option<Expression>,
}

/// The library's collects a range before it begins, two thousand million numbers if it is told to, and
/// pads with nil when an offset leaves fewer than the limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct For;

#[derive(Debug)]
struct Loop {
    name: KString,
    items: Items,
    limit: Option<Expression>,
    offset: Option<Expression>,
    is_reversed: bool,
    body: Template,
    otherwise: Option<Template>,
}

#[derive(Debug)]
enum Items {
    List(Expression),
    Range(Expression, Expression),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Capture;

#[derive(Debug)]
struct Captured {
    name: KString,
    body: Template,
}

// === impl AbortMessage ===

impl ParseTag for AbortMessage {
    fn parse(&self, mut arguments: TagTokenIter<'_>, _: &Language) -> Result<Box<dyn Renderable>> {
        let reason = match arguments.next() {
            Some(token) => Some(token.expect_value().into_result()?),
            None => None,
        };
        arguments.expect_nothing()?;
        Ok(Box::new(Abort { reason }))
    }

    fn reflection(&self) -> &dyn TagReflection {
        self
    }
}

impl TagReflection for AbortMessage {
    fn tag(&self) -> &'static str {
        "abort_message"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

impl Renderable for Abort {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let reason = match &self.reason {
            Some(reason) => reason
                .evaluate(runtime)?
                .to_kstr()
                .chars()
                .take(200)
                .collect(),
            None => NO_REASON.to_owned(),
        };
        runtime.registers().get_mut::<Budget>().aborted = Some(reason);
        Err(Error::with_msg("aborted"))
    }
}

// === impl For ===

impl ParseBlock for For {
    fn parse(
        &self,
        mut arguments: TagTokenIter<'_>,
        mut tokens: TagBlock<'_, '_>,
        language: &Language,
    ) -> Result<Box<dyn Renderable>> {
        let name = arguments
            .expect_next("a name is expected")?
            .expect_identifier()
            .into_result()?;
        let name = KString::from_ref(name);
        arguments
            .expect_next("`in` is expected")?
            .expect_str("in")
            .into_result_custom_msg("`in` is expected")?;
        let items = match arguments
            .expect_next("a list or a range is expected")?
            .expect_value()
        {
            TryMatchToken::Matches(list) => Items::List(list),
            TryMatchToken::Fails(token) => {
                let (from, to) = token.expect_range().into_result()?;
                Items::Range(from, to)
            }
        };
        let (mut limit, mut offset, mut is_reversed) = (None, None, false);
        while let Some(token) = arguments.next() {
            match token.as_str() {
                "limit" => limit = Some(option(&mut arguments)?),
                "offset" => offset = Some(option(&mut arguments)?),
                "reversed" => is_reversed = true,
                _ => {
                    return token
                        .raise_custom_error("`limit`, `offset` or `reversed` is expected")
                        .into_err();
                }
            }
        }
        let (body, otherwise) = bodies(&mut tokens, language)?;
        tokens.assert_empty();
        Ok(Box::new(Loop {
            name,
            items,
            limit,
            offset,
            is_reversed,
            body,
            otherwise,
        }))
    }

    fn reflection(&self) -> &dyn BlockReflection {
        self
    }
}

impl BlockReflection for For {
    fn start_tag(&self) -> &'static str {
        "for"
    }

    fn end_tag(&self) -> &'static str {
        "endfor"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

/// What is repeated, and what stands for an empty list.
fn bodies(
    tokens: &mut TagBlock<'_, '_>,
    language: &Language,
) -> Result<(Template, Option<Template>)> {
    let mut body = Vec::new();
    while let Some(element) = tokens.next()? {
        match element {
            BlockElement::Tag(mut tag) if tag.name() == "else" => {
                tag.tokens().expect_nothing()?;
                let otherwise = Template::new(tokens.parse_all(language)?);
                return Ok((Template::new(body), Some(otherwise)));
            }
            element => body.push(element.parse(tokens, language)?),
        }
    }
    Ok((Template::new(body), None))
}

fn option(arguments: &mut TagTokenIter<'_>) -> Result<Expression> {
    arguments
        .expect_next("`:` is expected")?
        .expect_str(":")
        .into_result_custom_msg("`:` is expected")?;
    arguments
        .expect_next("a number is expected")?
        .expect_value()
        .into_result()
}

// === impl Loop ===

impl Loop {
    /// The items of this run: at most as many as there may be iterations, since more cannot be shown.
    fn items(&self, runtime: &dyn Runtime) -> Result<Vec<Value>> {
        let number = |option: &Option<Expression>| -> Result<Option<usize>> {
            let Some(option) = option else {
                return Ok(None);
            };
            let value = option.evaluate(runtime)?;
            Ok(value
                .as_scalar()
                .and_then(|n| n.to_integer())
                .map(|n| usize::try_from(n).unwrap_or(0)))
        };
        let skip = number(&self.offset)?.unwrap_or(0);
        let take = number(&self.limit)?
            .unwrap_or(usize::MAX)
            .min(limits::RENDER_ITERATIONS_MAX as usize + 1);
        let mut items: Vec<Value> = match &self.items {
            Items::Range(from, to) => {
                let bound = |end: &Expression| -> Result<i64> {
                    let value = end.evaluate(runtime)?;
                    Ok(value.as_scalar().and_then(|n| n.to_integer()).unwrap_or(0))
                };
                (bound(from)?..=bound(to)?)
                    .skip(skip)
                    .take(take)
                    .map(Value::scalar)
                    .collect()
            }
            Items::List(list) => {
                let list = list.evaluate(runtime)?;
                match (list.as_array(), list.as_object()) {
                    (Some(array), _) => array
                        .values()
                        .skip(skip)
                        .take(take)
                        .map(ValueView::to_value)
                        .collect(),
                    (None, Some(object)) => object
                        .iter()
                        .skip(skip)
                        .take(take)
                        .map(|(key, value)| {
                            Value::Array(vec![Value::scalar(key.into_owned()), value.to_value()])
                        })
                        .collect(),
                    // Nothing, or a scalar: Braze shows nothing.
                    (None, None) => Vec::new(),
                }
            }
        };
        if self.is_reversed {
            items.reverse();
        }
        Ok(items)
    }
}

impl Renderable for Loop {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let items = self.items(runtime)?;
        if items.is_empty() {
            return match &self.otherwise {
                Some(otherwise) => otherwise.render_to(writer, runtime),
                None => Ok(()),
            };
        }
        let n = items.len();
        for (at, item) in items.iter().enumerate() {
            runtime.registers().get_mut::<Budget>().iterate()?;
            let forloop = ForloopObject::new(at, n);
            let mut names: HashMap<KStringRef<'_>, &dyn ValueView> = HashMap::with_capacity(2);
            names.insert("forloop".into(), &forloop);
            names.insert(self.name.as_ref(), item);
            let scope = StackFrame::new(runtime, &names);
            self.body.render_to(writer, &scope)?;
            let interrupt = runtime.registers().get_mut::<InterruptRegister>().reset();
            if matches!(interrupt, Some(Interrupt::Break)) {
                break;
            }
        }
        Ok(())
    }
}

// === impl Capture ===

impl ParseBlock for Capture {
    fn parse(
        &self,
        mut arguments: TagTokenIter<'_>,
        mut tokens: TagBlock<'_, '_>,
        language: &Language,
    ) -> Result<Box<dyn Renderable>> {
        let name = arguments
            .expect_next("a name is expected")?
            .expect_identifier()
            .into_result()?;
        let name = KString::from_ref(name);
        arguments.expect_nothing()?;
        let body = Template::new(tokens.parse_all(language)?);
        tokens.assert_empty();
        Ok(Box::new(Captured { name, body }))
    }

    fn reflection(&self) -> &dyn BlockReflection {
        self
    }
}

impl BlockReflection for Capture {
    fn start_tag(&self) -> &'static str {
        "capture"
    }

    fn end_tag(&self) -> &'static str {
        "endcapture"
    }

    fn description(&self) -> &'static str {
        ""
    }
}

impl Renderable for Captured {
    fn render_to(&self, _: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let mut bytes = Vec::new();
        self.body
            .render_to(&mut Limited::new(&mut bytes), runtime)?;
        runtime.registers().get_mut::<Budget>().build(bytes.len())?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        runtime.set_global(self.name.clone(), Value::Scalar(Scalar::new(text)));
        Ok(())
    }
}
