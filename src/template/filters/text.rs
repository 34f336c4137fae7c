//! Filters on texts and lists.

use liquid_core::Result;
use liquid_core::model::{Value, ValueView};

use super::own::Call;

/// The first letter upper case, the rest lower.
pub(super) fn capitalize(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr();
    let mut chars = text.chars();
    let first: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    Ok(Value::scalar(first + &chars.as_str().to_lowercase()))
}

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

/// Paid for before it is built: each occurrence may grow to the whole of the replacement.
pub(super) fn replace(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr();
    let (search, replacement) = (call.text(0), call.text(1));
    let found = text.matches(search.as_str()).count();
    call.budget.build(found.saturating_mul(replacement.len()))?;
    Ok(Value::scalar(text.replace(&search, &replacement)))
}

/// Characters of a text, elements of a list or an object.
pub(super) fn size(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    let size = match (input.as_array(), input.as_object(), input.as_scalar()) {
        (Some(list), ..) => list.size(),
        (None, Some(object), _) => object.size(),
        (None, None, Some(scalar)) => {
            i64::try_from(scalar.to_kstr().chars().count()).unwrap_or(i64::MAX)
        }
        (None, None, None) => 0,
    };
    Ok(Value::scalar(size))
}
