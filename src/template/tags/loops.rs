//! `for` and `tablerow`, which end.

use std::io::Write;

use liquid_core::model::{KString, Object, Scalar, Value, ValueCow};
use liquid_core::parser::BlockElement;
use liquid_core::runtime::{Interrupt, InterruptRegister};
use liquid_core::{
    Error, Language, ObjectView, Renderable, Result, Runtime, TagBlock, TagTokenIter, ValueView,
};

use super::block::Block;
use super::body::Body;
use super::head::{Head, number};
use crate::template::budget::overgrown;
use crate::template::frame::Frame;
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
    body: Body,
    otherwise: Option<Body>,
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
    body: Body,
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
fn bodies(tokens: &mut TagBlock<'_, '_>, language: &Language) -> Result<(Body, Option<Body>)> {
    let mut body = Vec::new();
    while let Some(element) = tokens.next()? {
        match element {
            BlockElement::Tag(mut tag) if tag.name() == "else" => {
                tag.tokens().expect_nothing()?;
                let otherwise = Body::parse(tokens, language)?;
                return Ok((Body::new(body), Some(otherwise)));
            }
            element => body.push(element.parse(tokens, language)?),
        }
    }
    Ok((Body::new(body), None))
}

fn parse_rows(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let head = Head::parse(&mut arguments, true)?;
    let body = Body::parse(&mut tokens, language)?;
    tokens.assert_empty();
    Ok(Box::new(Rows { head, body }))
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
        let over = self.head.over(runtime)?;
        let items = self.head.items(&over, runtime)?;
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
                names: [("forloop", &forloop), (self.head.name(), item.as_view())],
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
        let over = self.head.over(runtime)?;
        let items = self.head.items(&over, runtime)?;
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
                names: [
                    ("tablerowloop", &tablerow),
                    (self.head.name(), item.as_view()),
                ],
            };
            if col == 0 {
                put(writer, &format!("<tr class=\"row{}\">", row + 1))?;
            }
            put(writer, &format!("<td class=\"col{}\">", col + 1))?;
            self.body.render_to(writer, &scope)?;
            let interrupt = runtime.registers().get_mut::<InterruptRegister>().reset();
            let is_over = matches!(interrupt, Some(Interrupt::Break));
            put(
                writer,
                if is_last_col || is_over {
                    "</td></tr>"
                } else {
                    "</td>"
                },
            )?;
            if is_over {
                break;
            }
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
    writer.write_all(text.as_bytes()).map_err(|_| overgrown())
}
