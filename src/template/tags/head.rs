//! The head of a loop: what it goes over, and which of it.

use std::fmt;

use liquid_core::model::{KString, KStringCow, State::Empty, Value, ValueCow};
use liquid_core::parser::TryMatchToken;
use liquid_core::{Expression, Result, Runtime, TagTokenIter, ValueView};

use crate::model::limits;
use crate::template::budget::{Left, bytes};
use crate::template::state::State;

/// `x in list limit:5 offset:2 reversed`, and `cols:3` of a table.
#[derive(Debug)]
pub(super) struct Head {
    name: KString,
    items: Items,
    limit: Option<Expression>,
    offset: Option<Offset>,
    pub(super) cols: Option<Expression>,
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

#[derive(Debug)]
enum Items {
    List(Expression),
    Range(Expression, Expression),
}

/// What a loop goes over in one run of it.
pub(super) enum Over<'r> {
    Range(i64, i64),
    Value(ValueCow<'r>),
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

    /// What it goes over, which the items are borrowed from.
    pub(super) fn over<'r>(&'r self, runtime: &'r dyn Runtime) -> Result<Over<'r>> {
        Ok(match &self.items {
            Items::List(list) => Over::Value(list.evaluate(runtime)?),
            Items::Range(from, to) => {
                let bound = |end: &Expression| -> Result<i64> {
                    let value = end.evaluate(runtime)?;
                    Ok(value.as_scalar().and_then(|n| n.to_integer()).unwrap_or(0))
                };
                Over::Range(bound(from)?, bound(to)?)
            }
        })
    }

    /// The items of this run: at most as many as there may be iterations, since more cannot be shown.
    pub(super) fn items<'o>(
        &self,
        over: &'o Over<'_>,
        runtime: &dyn Runtime,
    ) -> Result<Vec<ValueCow<'o>>> {
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
            .min(limits::RENDER_ITERATIONS_MAX + 1);
        let mut state = runtime.registers().get_mut::<State>();
        let mut items = over.items(skip, take, &mut state.budget)?;
        state.budget.step(items.len())?;
        if self.is_reversed {
            items.reverse();
        }
        state.ends.insert(self.over.clone(), skip + items.len());
        Ok(items)
    }
}

// === impl Over ===

impl Over<'_> {
    fn items(&self, skip: usize, take: usize, left: &mut Left) -> Result<Vec<ValueCow<'_>>> {
        let value = match self {
            Self::Range(from, to) => {
                let numbers = (*from..=*to).skip(skip).take(take);
                return Ok(numbers.map(|n| ValueCow::Owned(Value::scalar(n))).collect());
            }
            Self::Value(value) => value.as_view(),
        };
        if let Some(list) = value.as_array() {
            let items = list.values().skip(skip).take(take);
            return Ok(items.map(ValueCow::Borrowed).collect());
        }
        let Some(object) = value.as_object() else {
            // A text that is not empty is a list of itself; other scalars are none.
            let is_text = value.type_name() == "string" && !value.query_state(Empty);
            let text = is_text.then_some(ValueCow::Borrowed(value));
            return Ok(text.into_iter().skip(skip).take(take).collect());
        };
        left.build(bytes(value))?;
        let mut pairs: Vec<_> = object.iter().collect();
        // The library's objects have no order of their own.
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        let pairs = pairs.into_iter().skip(skip).take(take);
        let pair = |(key, value): (KStringCow<'_>, &dyn ValueView)| {
            Value::Array(vec![Value::scalar(key.into_owned()), value.to_value()])
        };
        Ok(pairs.map(pair).map(ValueCow::Owned).collect())
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

pub(super) fn number(option: Option<&Expression>, runtime: &dyn Runtime) -> Result<Option<usize>> {
    let Some(option) = option else {
        return Ok(None);
    };
    let value = option.evaluate(runtime)?;
    let whole = value.as_scalar().and_then(|n| n.to_integer());
    Ok(whole.map(|n| usize::try_from(n).unwrap_or(0)))
}
