//! Filters on lists. What is no list counts as one of itself, what is absent as an empty one, as in Ruby.

use std::collections::BTreeSet;

use liquid_core::model::{Value, ValueView};
use liquid_core::{Error, Result};

use super::json::to_json;
use super::own::Call;

pub(super) fn join(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let Some(list) = input.as_array() else {
        return Ok(input.to_value());
    };
    let separator = call
        .args
        .first()
        .map_or_else(|| " ".to_owned(), |arg| arg.to_kstr().into_string());
    let mut out = String::new();
    for (i, item) in list.values().enumerate() {
        let item = item.to_kstr();
        call.budget.build(separator.len() + item.len())?;
        if i > 0 {
            out.push_str(&separator);
        }
        out.push_str(&item);
    }
    Ok(Value::scalar(out))
}

/// Both lists, one after the other.
pub(super) fn concat(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let Some(more) = call.args.first().and_then(|more| more.as_array()) else {
        return Err(Error::with_msg("`concat` takes a list"));
    };
    let mut items = items(input);
    items.extend(more.values().map(ValueView::to_value));
    Ok(Value::Array(items))
}

/// One property of each element, nil where it has none.
pub(super) fn map(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let name = call.text(0);
    let property = |item: &dyn ValueView| {
        let found = item.as_object().and_then(|object| object.get(&name));
        found.map_or(Value::Nil, ValueView::to_value)
    };
    Ok(Value::Array(match input.as_array() {
        Some(list) => list.values().map(property).collect(),
        None if input.is_nil() => Vec::new(),
        None => vec![property(input)],
    }))
}

/// Each value once, the first of equal ones; the library compares every two.
pub(super) fn uniq(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    let mut seen = BTreeSet::new();
    let mut items = items(input);
    // As JSON a number differs from its text, and objects do not depend on an order.
    items.retain(|item| seen.insert(to_json(item).to_string()));
    Ok(Value::Array(items))
}

fn items(input: &dyn ValueView) -> Vec<Value> {
    match input.as_array() {
        Some(list) => list.values().map(ValueView::to_value).collect(),
        None if input.is_nil() => Vec::new(),
        None => vec![input.to_value()],
    }
}
