//! JSON in and out of templates.

use liquid_core::model::{KString, Value, ValueView};
use liquid_core::{Error, Result};
use serde_json::Value as Json;

use super::own::Call;
use crate::template::budget::json_bytes;

/// Escapes for the inside of a JSON string, without the quotes.
pub(super) fn json_escape(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    let quoted = Json::String(input.to_kstr().into_string()).to_string();
    Ok(Value::scalar(quoted[1..quoted.len() - 1].to_owned()))
}

/// What is not JSON is an error: a template that goes on without would say nothing.
pub(super) fn json_parse(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let text = input.to_kstr();
    call.budget.build(json_bytes(&text))?;
    if text.trim().is_empty() {
        return Ok(Value::Nil);
    }
    let json: Json = serde_json::from_str(&text)
        .map_err(|_| Error::with_msg("`json_parse` was given no JSON"))?;
    Ok(from_json(&json))
}

pub(super) fn as_json_string(input: &dyn ValueView, _: &mut Call<'_>) -> Result<Value> {
    Ok(Value::scalar(to_json(&input.to_value()).to_string()))
}

/// The value under a key that is only known while rendering.
pub(super) fn property_accessor(input: &dyn ValueView, call: &mut Call<'_>) -> Result<Value> {
    let Some(object) = input.as_object() else {
        return Ok(Value::Nil);
    };
    Ok(object
        .get(&call.text(0))
        .map_or(Value::Nil, ValueView::to_value))
}

pub(in crate::template) fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::scalar(*b),
        Json::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Value::scalar(n),
            (None, Some(n)) => Value::scalar(n),
            (None, None) => Value::Nil,
        },
        Json::String(text) => Value::scalar(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        Json::Object(map) => {
            let fields = map
                .iter()
                .map(|(key, item)| (KString::from_ref(key), from_json(item)));
            Value::Object(fields.collect())
        }
    }
}

pub(in crate::template) fn to_json(value: &Value) -> Json {
    match value {
        Value::Nil | Value::State(_) => Json::Null,
        Value::Scalar(scalar) => match scalar.type_name() {
            "boolean" => scalar.to_bool().map_or(Json::Null, Json::Bool),
            "whole number" => scalar.to_integer().map_or(Json::Null, Json::from),
            "fractional number" => scalar.to_float().map_or(Json::Null, Json::from),
            _ => Json::String(scalar.to_kstr().into_string()),
        },
        Value::Array(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Object(map) => {
            let mut fields: Vec<_> = map
                .iter()
                .map(|(key, item)| (key.to_string(), to_json(item)))
                .collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(fields.into_iter().collect())
        }
    }
}
