//! `for` and `tablerow`, which end.

use std::fmt;
use std::io::Write;

use liquid_core::model::{KString, Object, Scalar, State::Empty, Value, ValueCow};
use liquid_core::parser::{BlockElement, TryMatchToken};
use liquid_core::runtime::{Interrupt, InterruptRegister};
use liquid_core::{
    Error, Expression, Language, ObjectView, Renderable, Result, Runtime, TagBlock, TagTokenIter,
    Template, ValueView,
};

use super::block::Block;
use crate::model::limits;
use crate::template::scope::Frame;
use crate::template::state::State;
use crate::template::view::count;

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
    offset: Option<Offset>,
    cols: Option<Expression>,
    is_reversed: bool,
    /// What stands after `in`, with the name, as loops that go on from one another share it.
    over: String,
}

#[derive(Debug)]
enum Offset {
    At(Expression),
    /// Where the last loop over the same ended, by its name.
    Continue,
}

/// What a body knows of its loop.
#[derive(Debug, ObjectView, ValueView)]
struct Forloop<'a> {
    length: i64,
    index: i64,
    index0: i64,
    rindex: i64,
    rindex0: i64,
    first: bool,
    last: bool,
    parentloop: Option<&'a dyn ValueView>,
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
        let over = format!("{name} in {items}");
        let (mut limit, mut offset, mut cols, mut is_reversed) = (None, None, None, false);
        while let Some(token) = arguments.next() {
            match token.as_str() {
                "limit" => limit = Some(option(arguments)?),
                "offset" => offset = Some(Offset::parse(arguments)?),
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
            over,
        })
    }

    /// The items of this run: at most as many as there may be iterations, since more cannot be shown.
    pub(super) fn items(&self, runtime: &dyn Runtime) -> Result<Vec<Value>> {
        let skip = match &self.offset {
            None => 0,
            Some(Offset::At(offset)) => number(Some(offset), runtime)?.unwrap_or(0),
            Some(Offset::Continue) => {
                let state = runtime.registers().get_mut::<State>();
                state.ends.get(&self.over).copied().unwrap_or(0)
            }
        };
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
                    // A text that is not empty is a list of itself; other scalars are none.
                    (None, None) => {
                        let is_text = list.type_name() == "string" && !list.query_state(Empty);
                        let text = is_text.then(|| list.to_value());
                        text.into_iter().skip(skip).take(take).collect()
                    }
                }
            }
        };
        if self.is_reversed {
            items.reverse();
        }
        let mut state = runtime.registers().get_mut::<State>();
        state.ends.insert(self.over.clone(), skip + items.len());
        Ok(items)
    }
}

// === impl Offset ===

impl Offset {
    fn parse(arguments: &mut TagTokenIter<'_>) -> Result<Self> {
        let value = option(arguments)?;
        Ok(if value.to_string() == "continue" {
            Self::Continue
        } else {
            Self::At(value)
        })
    }
}

// === impl Items ===

impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(list) => list.fmt(f),
            Self::Range(from, to) => write!(f, "({from}..{to})"),
        }
    }
}

// === impl Forloop ===

impl<'a> Forloop<'a> {
    fn new(at: usize, n: usize, parentloop: Option<&'a dyn ValueView>) -> Self {
        let (at, n) = (count(at), count(n));
        Self {
            length: n,
            index: at + 1,
            index0: at,
            rindex: n - at,
            rindex0: n - at - 1,
            first: at == 0,
            last: at + 1 == n,
            parentloop,
        }
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
        let outer = runtime.try_get(&[Scalar::new("forloop")]);
        for (at, item) in items.iter().enumerate() {
            runtime.registers().get_mut::<State>().budget.iterate()?;
            let outer = outer.as_ref().map(ValueCow::as_view);
            let forloop = Forloop::new(at, n, outer);
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
            runtime.registers().get_mut::<State>().budget.iterate()?;
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
    let count = |n: usize| Value::scalar(count(n));
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
