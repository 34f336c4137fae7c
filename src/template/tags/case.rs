//! `case`: the library's pays for nothing of what stands in it.

use std::io::Write;

use liquid_core::model::ValueCow;
use liquid_core::parser::{BlockElement, TryMatchToken};
use liquid_core::{Expression, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter};

use super::block::Block;
use super::body::Body;
use super::conditions::{equal, pay};

pub(in crate::template) const CASE: Block = Block {
    name: "case",
    end: "endcase",
    parse: case,
};

#[derive(Debug)]
struct Case {
    of: Expression,
    branches: Vec<When>,
    otherwise: Option<Body>,
}

#[derive(Debug)]
struct When {
    values: Vec<Expression>,
    body: Body,
}

fn case(
    mut arguments: TagTokenIter<'_>,
    mut tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let of = value(&mut arguments)?;
    arguments.expect_nothing()?;
    let (mut branches, mut otherwise) = (Vec::<When>::new(), None);
    while let Some(element) = tokens.next()? {
        match element {
            BlockElement::Tag(mut tag) if tag.name() == "when" => branches.push(When {
                values: values(tag.tokens())?,
                body: Body::default(),
            }),
            BlockElement::Tag(mut tag) if tag.name() == "else" => {
                tag.tokens().expect_nothing()?;
                otherwise = Some(Body::parse(&mut tokens, language)?);
                break;
            }
            element => {
                let element = element.parse(&mut tokens, language)?;
                // What stands before the first `when` is never shown.
                if let Some(when) = branches.last_mut() {
                    when.body.push(element);
                }
            }
        }
    }
    tokens.assert_empty();
    Ok(Box::new(Case {
        of,
        branches,
        otherwise,
    }))
}

/// `1, 2 or 3`.
fn values(arguments: &mut TagTokenIter<'_>) -> Result<Vec<Expression>> {
    let mut values = vec![value(arguments)?];
    while let Some(token) = arguments.next() {
        if let TryMatchToken::Fails(token) = token.expect_str("or") {
            token
                .expect_str(",")
                .into_result_custom_msg("`or` or `,` is expected")?;
        }
        values.push(value(arguments)?);
    }
    Ok(values)
}

fn value(arguments: &mut TagTokenIter<'_>) -> Result<Expression> {
    let token = arguments.expect_next("a value is expected")?;
    token.expect_value().into_result()
}

// === impl Case ===

impl Renderable for Case {
    /// As in Shopify's, every `when` that fits is shown.
    fn render_to(&self, out: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        // To ask for a name is to reckon with its absence: it is no miss.
        let of = self.of.try_evaluate(runtime).unwrap_or_default();
        let mut is_shown = false;
        for branch in &self.branches {
            if branch.holds(&of, runtime) {
                is_shown = true;
                branch.body.render_to(out, runtime)?;
            }
        }
        match &self.otherwise {
            Some(otherwise) if !is_shown => otherwise.render_to(out, runtime),
            _ => Ok(()),
        }
    }
}

// === impl When ===

impl When {
    fn holds(&self, of: &ValueCow<'_>, runtime: &dyn Runtime) -> bool {
        self.values.iter().any(|value| {
            let value = value.try_evaluate(runtime).unwrap_or_default();
            pay(&[Some(of), Some(&value)], runtime);
            equal(of.as_view(), value.as_view())
        })
    }
}
