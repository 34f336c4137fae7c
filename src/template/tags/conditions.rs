//! `if` and `unless`: the library's fail where `contains` is asked of an absent name, which is false in Braze.

use std::cmp::Ordering;
use std::io::Write;

use liquid_core::model::{State as Asked, Value, ValueCow, ValueView, ValueViewCmp};
use liquid_core::parser::BlockElement;
use liquid_core::{
    Error, Expression, Language, Renderable, Result, Runtime, TagBlock, TagTokenIter,
};

use super::block::Block;
use super::body::Body;
use crate::model::limits;
use crate::template::state::State;

pub(in crate::template) const IF: Block = Block {
    name: "if",
    end: "endif",
    parse: parse_if,
};

pub(in crate::template) const UNLESS: Block = Block {
    name: "unless",
    end: "endunless",
    parse: parse_unless,
};

/// The first branch whose condition holds is shown.
#[derive(Debug)]
struct Branches {
    branches: Vec<(Condition, Body)>,
    otherwise: Option<Body>,
}

/// Read from the right: `a and b or c` is `a and (b or c)`.
#[derive(Debug)]
enum Condition {
    One(Comparison),
    And(Comparison, Box<Condition>),
    Or(Comparison, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Debug)]
struct Comparison {
    left: Expression,
    /// Without one it is asked whether there is something, and not false.
    with: Option<(Operator, Expression)>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equal,
    Differs,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
}

fn parse_if(
    mut arguments: TagTokenIter<'_>,
    tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let first = Condition::parse(&mut arguments, limits::CONDITION_TERMS_MAX)?;
    Ok(Box::new(Branches::parse(first, tokens, language)?))
}

fn parse_unless(
    mut arguments: TagTokenIter<'_>,
    tokens: TagBlock<'_, '_>,
    language: &Language,
) -> Result<Box<dyn Renderable>> {
    let first = Condition::Not(Box::new(Condition::parse(
        &mut arguments,
        limits::CONDITION_TERMS_MAX,
    )?));
    Ok(Box::new(Branches::parse(first, tokens, language)?))
}

// === impl Branches ===

impl Branches {
    fn parse(first: Condition, mut tokens: TagBlock<'_, '_>, language: &Language) -> Result<Self> {
        let (mut branches, mut condition, mut body) = (Vec::new(), first, Vec::new());
        let mut otherwise = None;
        while let Some(element) = tokens.next()? {
            match element {
                BlockElement::Tag(mut tag) if tag.name() == "elsif" => {
                    let next = Condition::parse(tag.tokens(), limits::CONDITION_TERMS_MAX)?;
                    let done = std::mem::replace(&mut condition, next);
                    branches.push((done, Body::new(std::mem::take(&mut body))));
                }
                BlockElement::Tag(mut tag) if tag.name() == "else" => {
                    tag.tokens().expect_nothing()?;
                    otherwise = Some(Body::parse(&mut tokens, language)?);
                    break;
                }
                element => body.push(element.parse(&mut tokens, language)?),
            }
        }
        branches.push((condition, Body::new(body)));
        tokens.assert_empty();
        Ok(Self {
            branches,
            otherwise,
        })
    }
}

impl Renderable for Branches {
    fn render_to(&self, writer: &mut dyn Write, runtime: &dyn Runtime) -> Result<()> {
        let holds = |(condition, _): &&(Condition, Body)| condition.holds(runtime);
        let shown = self.branches.iter().find(holds).map(|(_, body)| body);
        match shown.or(self.otherwise.as_ref()) {
            Some(body) => body.render_to(writer, runtime),
            None => Ok(()),
        }
    }
}

// === impl Condition ===

impl Condition {
    /// `terms` is how many may still follow: each is judged within the one before, and deep ones end the process.
    fn parse(arguments: &mut TagTokenIter<'_>, terms: usize) -> Result<Self> {
        if terms == 0 {
            let max = limits::CONDITION_TERMS_MAX;
            return Err(Error::with_msg(format!("a condition may have {max} terms")));
        }
        let left = arguments.expect_next("a condition is expected")?;
        let left = left.expect_value().into_result()?;
        let mut next = arguments.next();
        let operator = next.as_ref().and_then(|token| Operator::of(token.as_str()));
        let with = match operator {
            Some(operator) => {
                let right = arguments.expect_next("a value is expected")?;
                let right = right.expect_value().into_result()?;
                next = arguments.next();
                Some((operator, right))
            }
            None => None,
        };
        let one = Comparison { left, with };
        match next {
            None => Ok(Self::One(one)),
            Some(token) if token.as_str() == "and" => {
                Ok(Self::And(one, Box::new(Self::parse(arguments, terms - 1)?)))
            }
            Some(token) if token.as_str() == "or" => {
                Ok(Self::Or(one, Box::new(Self::parse(arguments, terms - 1)?)))
            }
            Some(token) => token
                .raise_custom_error("`and`, `or` or a comparison is expected")
                .into_err(),
        }
    }

    /// An absent name is nil here, and no miss: to ask for it is to reckon with that.
    fn holds(&self, runtime: &dyn Runtime) -> bool {
        match self {
            Self::One(one) => one.holds(runtime),
            Self::And(one, rest) => one.holds(runtime) && rest.holds(runtime),
            Self::Or(one, rest) => one.holds(runtime) || rest.holds(runtime),
            Self::Not(inner) => !inner.holds(runtime),
        }
    }
}

// === impl Comparison ===

impl Comparison {
    fn holds(&self, runtime: &dyn Runtime) -> bool {
        let left = self.left.try_evaluate(runtime);
        let Some((operator, right)) = &self.with else {
            pay(&[left.as_ref()], runtime);
            return left.is_some_and(|left| left.query_state(Asked::Truthy));
        };
        let right = right.try_evaluate(runtime);
        pay(&[left.as_ref(), right.as_ref()], runtime);
        let nil = Value::Nil;
        let left = left.as_ref().map_or(nil.as_view(), |left| left.as_view());
        let right = right
            .as_ref()
            .map_or(nil.as_view(), |right| right.as_view());
        operator.holds(left, right)
    }
}

// === impl Operator ===

impl Operator {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "==" => Self::Equal,
            "!=" | "<>" => Self::Differs,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "contains" => Self::Contains,
            _ => return None,
        })
    }

    fn holds(self, left: &dyn ValueView, right: &dyn ValueView) -> bool {
        match self {
            Self::Equal => equal(left, right),
            Self::Differs => !equal(left, right),
            Self::Contains => contains(left, right),
            // What has no order is in none of them.
            _ => compare(left, right).is_some_and(|order| match self {
                Self::Less => order == Ordering::Less,
                Self::LessOrEqual => order != Ordering::Greater,
                Self::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }),
        }
    }
}

/// Pays for what is compared, literals too, which nobody reads. What fails here fails at whatever comes next.
pub(super) fn pay(compared: &[Option<&ValueCow<'_>>], runtime: &dyn Runtime) {
    let budget = &mut runtime.registers().get_mut::<State>().budget;
    for value in compared {
        drop(match value {
            Some(value) => budget.read(value.as_view()),
            None => budget.step(1),
        });
    }
}

fn compare(left: &dyn ValueView, right: &dyn ValueView) -> Option<Ordering> {
    ValueViewCmp::new(left).partial_cmp(&ValueViewCmp::new(right))
}

/// The library's also finds nil equal to false and to `empty`, and true to any text.
pub(super) fn equal(left: &dyn ValueView, right: &dyn ValueView) -> bool {
    let is_boolean = |value: &dyn ValueView| value.type_name() == "boolean";
    if let (Some(Asked::Empty), other) | (other, Some(Asked::Empty)) =
        (left.as_state(), right.as_state())
        && other.is_none()
        && (left.is_nil() || right.is_nil())
    {
        return false;
    }
    let is_asked = left.is_state() || right.is_state();
    if !is_asked && (left.is_nil() != right.is_nil() || is_boolean(left) != is_boolean(right)) {
        return false;
    }
    ValueViewCmp::new(left) == ValueViewCmp::new(right)
}

fn contains(left: &dyn ValueView, right: &dyn ValueView) -> bool {
    if let Some(list) = left.as_array() {
        return list.values().any(|item| equal(item, right));
    }
    let part = right.to_kstr();
    if let Some(object) = left.as_object() {
        return object.contains_key(&part);
    }
    !left.is_nil() && !right.is_nil() && left.to_kstr().contains(part.as_str())
}

#[cfg(test)]
mod tests {
    use crate::model::limits;
    use crate::template::Text;

    #[test]
    fn a_chain_of_conditions_has_an_end() {
        let chain = |n: usize| format!("{{% if {} %}}y{{% endif %}}", vec!["a"; n].join(" or "));
        assert!(Text::compile(&chain(limits::CONDITION_TERMS_MAX)).is_ok());
        for n in [limits::CONDITION_TERMS_MAX + 1, 9_000] {
            let problems = Text::compile(&chain(n)).unwrap_err();
            assert!(problems[0].message.contains("100 terms"), "{problems:?}");
        }
    }
}
