//! Messages of the API as JSON, and JSON as messages: what `--json` prints and `--properties` takes.

use std::fs::File;
use std::io::Read;

use jiff::Timestamp;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Value, json};

use super::error::Error;
use crate::api::pb;
use crate::model::limits;

/// A JSON object as a `Struct`.
///
/// # Errors
/// An integer beyond 2^53, which a `Struct` would bend: says where it is.
pub(super) fn to_struct(object: Map<String, Value>) -> Result<Struct, String> {
    let fields = object
        .into_iter()
        .map(|(name, value)| match to_value(value) {
            Ok(value) => Ok((name, value)),
            Err(problem) => Err(format!("`{name}`: {problem}")),
        })
        .collect::<Result<_, _>>()?;
    Ok(Struct { fields })
}

pub(super) fn to_value(value: Value) -> Result<prost_types::Value, String> {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(truth) => Kind::BoolValue(truth),
        Value::Number(number) => Kind::NumberValue(exact(&number)?),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => Kind::ListValue(to_list(values)?),
        Value::Object(object) => Kind::StructValue(to_struct(object)?),
    };
    Ok(prost_types::Value { kind: Some(kind) })
}

pub(super) fn to_list(values: Vec<Value>) -> Result<ListValue, String> {
    let values = values.into_iter().map(to_value).collect::<Result<_, _>>()?;
    Ok(ListValue { values })
}

/// Checked here, because the server sees only the bent double.
fn exact(number: &serde_json::Number) -> Result<f64, String> {
    let bound = limits::EXACT_INTEGER_MAX;
    let is_exact = match (number.as_i64(), number.as_u64()) {
        (Some(n), _) => (-bound..=bound).contains(&n),
        (None, Some(_)) => false,
        (None, None) => true,
    };
    match number.as_f64() {
        Some(double) if is_exact => Ok(double),
        _ => Err(format!(
            "the integer {number} is beyond 2^53; write it as a string"
        )),
    }
}

pub(super) fn of_struct(object: &Struct) -> Value {
    let fields = &object.fields;
    fields
        .iter()
        .map(|(name, value)| (name.clone(), of_value(value)))
        .collect::<Map<_, _>>()
        .into()
}

pub(super) fn of_value(value: &prost_types::Value) -> Value {
    match &value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(truth)) => json!(truth),
        Some(Kind::NumberValue(number)) => of_number(*number),
        Some(Kind::StringValue(text)) => json!(text),
        Some(Kind::ListValue(list)) => list.values.iter().map(of_value).collect(),
        Some(Kind::StructValue(object)) => of_struct(object),
    }
}

/// Whole numbers without `.0`, as they were written.
#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers within 2^53, which both types hold exactly"
)]
fn of_number(number: f64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "2^53 is exact as a double")]
    let bound = limits::EXACT_INTEGER_MAX as f64;
    if number.fract() == 0.0 && number.abs() <= bound {
        json!(number as i64)
    } else {
        json!(number)
    }
}

/// The object that a flag such as `--properties` holds.
pub(super) fn object(flag: &str, text: &str) -> Result<Struct, Error> {
    let parsed: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| Error::Usage(format!("`{flag}` is not a JSON object: {error}")))?;
    to_struct(parsed).map_err(|problem| Error::Usage(format!("`{flag}`: {problem}")))
}

/// As [`object`]; with `@` before it, the name of the file that holds it.
pub(super) fn given(flag: &str, text: &str) -> Result<Struct, Error> {
    let Some(path) = text.strip_prefix('@') else {
        return object(flag, text);
    };
    let mut read = String::new();
    // One byte more than allowed: enough to tell that a file is too large, whatever its size.
    let file = File::open(path).map_err(Error::file(path))?;
    file.take(limits::FILE_BYTES_MAX as u64 + 1)
        .read_to_string(&mut read)
        .map_err(Error::file(path))?;
    if read.len() > limits::FILE_BYTES_MAX {
        let max = limits::FILE_BYTES_MAX;
        return Err(Error::Input(format!("`{path}` has more than {max} bytes")));
    }
    object(&format!("{flag} @{path}"), &read)
}

/// The first line of a file, without the byte order mark that some editors put in front.
pub(super) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

/// The words of an enum as people read them: `SEND_PHASE_RUNNING` is `running`.
pub(super) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}

pub(super) fn phase(send: &pb::Send) -> String {
    word(send.phase().as_str_name(), "SEND_PHASE_")
}

pub(super) fn state(delivery: &pb::Delivery) -> String {
    word(delivery.state().as_str_name(), "DELIVERY_STATE_")
}

pub(super) fn time(at: Option<prost_types::Timestamp>) -> Option<String> {
    let at = at?;
    let at = Timestamp::new(at.seconds, at.nanos).ok()?;
    Some(at.to_string())
}

/// To the second, as people read it.
pub(super) fn second(at: Option<prost_types::Timestamp>) -> String {
    let whole = at.map(|at| prost_types::Timestamp { nanos: 0, ..at });
    time(whole).unwrap_or_default()
}

pub(super) fn user(user: &pb::User) -> Value {
    json!({
        "external_id": user.external_id,
        "attributes": user.attributes.as_ref().map(of_struct),
    })
}

pub(super) fn send(send: &pb::Send) -> Value {
    json!({
        "id": send.id,
        "campaign": send.campaign,
        "revision": send.revision,
        "request_id": send.request_id,
        "whole_audience": send.whole_audience,
        "phase": phase(send),
        "counts": counts(&send.counts.unwrap_or_default()),
        "create_time": time(send.create_time),
        "finish_time": time(send.finish_time),
        "misses": send.misses.iter().map(miss).collect::<Vec<_>>(),
        "pause": send.pause.as_ref().map(pause),
    })
}

fn pause(pause: &pb::ChannelPause) -> Value {
    json!({
        "channel": pause.channel,
        "until_time": time(pause.until_time),
        "reason": pause.reason,
        "detail": pause.detail,
    })
}

fn miss(miss: &pb::SendMiss) -> Value {
    json!({
        "name": miss.name,
        "deliveries": miss.deliveries,
        "without_default": miss.without_default,
    })
}

pub(super) fn counts(counts: &pb::SendCounts) -> Value {
    json!({
        "total": counts.total,
        "pending": counts.pending,
        "sending": counts.sending,
        "sent": counts.sent,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "unknown": counts.unknown,
        "cancelled": counts.cancelled,
    })
}

pub(super) fn delivery(delivery: &pb::Delivery) -> Value {
    json!({
        "id": delivery.id,
        "send_id": delivery.send_id,
        "campaign": delivery.campaign,
        "external_id": delivery.external_id,
        "state": state(delivery),
        "reason": delivery.reason.as_ref().map(reason),
        "attempts": delivery.attempts,
        "message_id": delivery.message_id,
        "create_time": time(delivery.create_time),
        "update_time": time(delivery.update_time),
        "due_time": time(delivery.due_time),
        "message_extras": delivery.message_extras,
    })
}

pub(super) fn reason(reason: &pb::DeliveryReason) -> Value {
    json!({
        "code": reason.code,
        "detail": reason.detail,
        "platform_code": reason.platform_code,
        "platform_subcode": reason.platform_subcode,
    })
}

pub(super) fn gates(gates: &[pb::Gate]) -> Value {
    let gate =
        |gate: &pb::Gate| json!({ "name": gate.name, "open": gate.open, "detail": gate.detail });
    gates.iter().map(gate).collect()
}

pub(super) use super::plan::to_json as plan;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_survives_the_way_to_a_struct_and_back() {
        let value = json!({"a": 1, "b": 1.5, "c": "x", "d": [true, null], "e": {"f": -3}});
        let Value::Object(object) = value.clone() else {
            panic!()
        };
        assert_eq!(of_struct(&to_struct(object).unwrap()), value);
    }

    #[test]
    fn integers_that_would_bend_are_refused_with_their_name() {
        let object = json!({"address": {"id": 9_007_199_254_740_993_i64}});
        let Value::Object(object) = object else {
            panic!()
        };
        assert_eq!(
            to_struct(object).unwrap_err(),
            "`address`: `id`: the integer 9007199254740993 is beyond 2^53; write it as a string"
        );
    }
}
