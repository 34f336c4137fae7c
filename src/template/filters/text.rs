//! Filters on texts.

use liquid_core::Result;
use liquid_core::model::{KString, State, Value, ValueView};

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

/// Paid for before it is built: each occurrence may grow to the whole of the replacement.
pub(super) fn replace(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr();
    let found = text.matches(call.text(0).as_str()).count();
    let grows = found.saturating_mul(call.text(1).len());
    call.budget.build(grows)?;
    let (search, replacement) = (call.text(0), call.text(1));
    Ok(Value::scalar(text.replace(search.as_str(), &replacement)))
}

/// What stands in for the absent, the empty and, without `allow_false: true`, the false.
pub(super) fn default(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let keeps_false = || {
        let asked = call.args.get(1);
        let is_false = input.as_scalar().and_then(|scalar| scalar.to_bool()) == Some(false);
        is_false && asked.is_some_and(|asked| asked.query_state(State::Truthy))
    };
    if !input.query_state(State::DefaultValue) || keeps_false() {
        return Ok(input.to_value());
    }
    Ok(call.args.first().map_or(Value::Nil, ValueView::to_value))
}

/// As Ruby's: empty texts at the end are left out, a blank separates at any run of white space, and an
/// empty separator gives the characters.
pub(super) fn split(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let (text, separator) = (input.to_kstr(), call.text(0));
    let part = |part: &str| Value::scalar(KString::from_ref(part));
    let mut parts: Vec<Value> = match separator.as_str() {
        " " => text.split_whitespace().map(part).collect(),
        "" => {
            let mut bytes = [0; 4];
            let chars = text.chars();
            chars.map(|c| part(c.encode_utf8(&mut bytes))).collect()
        }
        separator => text.split(separator).map(part).collect(),
    };
    while parts
        .last()
        .is_some_and(|last| last.query_state(State::Empty))
    {
        parts.pop();
    }
    Ok(Value::Array(parts))
}

pub(super) fn newline_to_br(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr().replace("\r\n", "\n");
    Ok(Value::scalar(text.replace('\n', "<br />\n")))
}

/// The first words, 15 without a number, joined by blanks; what is not cut stays as it is.
pub(super) fn truncatewords(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr();
    let asked = call.args.first().and_then(|n| n.as_scalar()?.to_integer());
    let most = usize::try_from(asked.unwrap_or(15)).unwrap_or(0).max(1);
    let mut words = text.split_whitespace();
    let kept: Vec<&str> = words.by_ref().take(most).collect();
    if words.next().is_none() {
        return Ok(input.to_value());
    }
    let end = match call.args.get(1) {
        Some(end) => end.to_kstr(),
        None => "...".into(),
    };
    Ok(Value::scalar(kept.join(" ") + &end))
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
