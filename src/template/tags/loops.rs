//! `for` and `tablerow`, which end.

use std::io::Write;

use liquid_core::model::{KString, Object, Value, ValueView};
use liquid_core::parser::{BlockElement, TryMatchToken};
use liquid_core::runtime::{Interrupt, InterruptRegister};
use liquid_core::{
    Error, Expression, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter, Template,
};
use liquid_lib::stdlib::ForloopObject;

use super::block::Block;
use crate::model::limits;
use crate::template::budget::Budget;
use crate::template::scope::Frame;

/// The library's collects a range before it begins, two thousand million numbers if it is told to, and
/// pads with nil when an offset leaves fewer than the limit.
pub(in crate::template) const FOR: Block = Block {
    name: "for",
    end: "endfor",
    parse: parse_for,
};

#[derive(Debug)]
struct Loop {
    head: Head,
    body: Template,
    otherwise: Option<Template>,
}

/// The library's divides by its columns.
pub(in crate::template) const TABLE_ROW: Block = Block {
    name: "tablerow",
    end: "endtablerow",
    parse: parse_rows,
};

#[derive(Debug)]
struct Rows {
    head: Head,
    body: Template,
}

/// `x in list limit:5 offset:2 reversed`, and `cols:3` of a table.
#[derive(Debug)]
pub(super) struct Head {
    name: KString,
    items: Items,
    limit: Option<Expression>,
    offset: Option<Expression>,
    cols: Option<Expression>,
    is_reversed: bool,
}

#[derive(Debug)]
enum Items {
    List(Expression),
    Range(Expression, Expression),
}

fn parse_for(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let head = Head::parse(&mut arguments, false)?;
    let (body, otherwise) = bodies(&mut tokens, language)?;
    tokens.assert_empty();
    Ok(Box::new(Loop {
        head,
        body,
        otherwise,
    }))
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

fn parse_rows(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let head = Head::parse(&mut arguments, true)?;
    let body = Template::new(tokens.parse_all(language)?);
    tokens.assert_empty();
    Ok(Box::new(Rows { head, body }))
}

// === impl Head ===

impl Head {
    pub(super) fn name(&self) -> &KString {
        &self.name
    }

    pub(super) fn parse(arguments: &mut TagTokenIter<'_>, is_table: bool) -> Result<Self> {
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
        let (mut limit, mut offset, mut cols, mut is_reversed) = (None, None, None, false);
        while let Some(token) = arguments.next() {
            match token.as_str() {
                "limit" => limit = Some(option(arguments)?),
                "offset" => offset = Some(option(arguments)?),
                "cols" if is_table => cols = Some(option(arguments)?),
                "reversed" if !is_table => is_reversed = true,
                _ => {
                    let known = if is_table { "cols" } else { "reversed" };
                    let message = format!("`limit`, `offset` or `{known}` is expected");
                    return token.raise_custom_error(&message).into_err();
                }
            }
        }
        Ok(Self {
            name,
            items,
            limit,
            offset,
            cols,
            is_reversed,
        })
    }

    /// The items of this run: at most as many as there may be iterations, since more cannot be shown.
    pub(super) fn items(&self, runtime: &dyn Runtime) -> Result<Vec<Value>> {
        let skip = number(self.offset.as_ref(), runtime)?.unwrap_or(0);
        let take = number(self.limit.as_ref(), runtime)?
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
                    (None, Some(object)) => {
                        let mut pairs: Vec<_> = object.iter().collect();
                        // The library's objects have no order of their own.
                        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
                        let pairs = pairs.into_iter().skip(skip).take(take);
                        pairs
                            .map(|(key, value)| {
                                Value::Array(vec![
                                    Value::scalar(key.into_owned()),
                                    value.to_value(),
                                ])
                            })
                            .collect()
                    }
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

// === impl Loop ===

impl Renderable for Loop {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let items = self.head.items(runtime)?;
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
            let scope = Frame {
                parent: runtime,
                names: [("forloop", &forloop), (&self.head.name, item)],
            };
            self.body.render_to(writer, &scope)?;
            let interrupt = runtime.registers().get_mut::<InterruptRegister>().reset();
            if matches!(interrupt, Some(Interrupt::Break)) {
                break;
            }
        }
        Ok(())
    }
}

// === impl Rows ===

impl Renderable for Rows {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let items = self.head.items(runtime)?;
        let n = items.len();
        let cols = number(self.head.cols.as_ref(), runtime)?.unwrap_or(n.max(1));
        if cols == 0 {
            return Err(Error::with_msg("`cols` must be at least 1"));
        }
        for (at, item) in items.iter().enumerate() {
            runtime.registers().get_mut::<Budget>().iterate()?;
            let (row, col) = (at / cols, at % cols);
            let is_last_col = col + 1 == cols || at + 1 == n;
            let tablerow = Value::Object(tablerow(at, n, col, is_last_col));
            let scope = Frame {
                parent: runtime,
                names: [("tablerowloop", &tablerow), (&self.head.name, item)],
            };
            if col == 0 {
                put(writer, &format!("<tr class=\"row{}\">", row + 1))?;
            }
            put(writer, &format!("<td class=\"col{}\">", col + 1))?;
            self.body.render_to(writer, &scope)?;
            put(writer, if is_last_col { "</td></tr>" } else { "</td>" })?;
        }
        Ok(())
    }
}

fn tablerow(at: usize, n: usize, col: usize, is_last_col: bool) -> Object {
    let count = |n: usize| Value::scalar(i64::try_from(n).unwrap_or(i64::MAX));
    let fields = [
        ("length", count(n)),
        ("index", count(at + 1)),
        ("index0", count(at)),
        ("rindex", count(n - at)),
        ("rindex0", count(n - at - 1)),
        ("first", Value::scalar(at == 0)),
        ("last", Value::scalar(at + 1 == n)),
        ("col", count(col + 1)),
        ("col0", count(col)),
        ("col_first", Value::scalar(col == 0)),
        ("col_last", Value::scalar(is_last_col)),
    ];
    fields
        .into_iter()
        .map(|(name, value)| (KString::from_static(name), value))
        .collect()
}

fn put(writer: &mut dyn Write, text: &str) -> Result<()> {
    writer
        .write_all(text.as_bytes())
        .map_err(|_| Error::with_msg("the text grows too large"))
}

fn number(option: Option<&Expression>, runtime: &dyn Runtime) -> Result<Option<usize>> {
    let Some(option) = option else {
        return Ok(None);
    };
    let value = option.evaluate(runtime)?;
    let whole = value.as_scalar().and_then(|n| n.to_integer());
    Ok(whole.map(|n| usize::try_from(n).unwrap_or(0)))
}
