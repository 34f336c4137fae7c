//! Messages to nouns, each error with the path of its field.

use std::collections::BTreeMap;

use jiff::Timestamp;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};

use super::pb;
use crate::engine::{Error, Item, Result, Violation};
use crate::model::Value;
use crate::model::id::{ExternalId, Invalid};
use crate::model::limits;
use crate::model::registry::{Declaration, Registry};
use crate::model::user::{Profile, Rejected, Update, weight};
use crate::model::value::{Refused, Type, check_name};

/// One item of a batch. What does not depend on its user is checked by [`Update::check`], and whether values are
/// of the declared types by [`Registry::fit`]; here a declared text stays one when it looks like a time.
pub fn update(item: pb::UserUpdate, registry: &Registry) -> Item {
    let external_id = ExternalId::parse(item.external_id).map_err(|Invalid(message)| Rejected {
        path: "external_id".into(),
        message,
    })?;
    let mut update = Update::new(external_id);
    update.existing_only = item.update_existing_only;
    for (name, proto) in item.attributes.unwrap_or_default().fields {
        let declared = registry.attributes.get(&name);
        let value = value_as(proto, declared)
            .map_err(|refused| Rejected::under("attributes", &name, &refused))?;
        update.set.push((name, value));
    }
    // In the order of the names, so that the same item is always refused for the same reason.
    let by_name: BTreeMap<_, _> = item.increment.into_iter().collect();
    for (name, by) in by_name {
        let by = Value::infer_number(by).map_err(|e| Rejected::under("increment", &name, &e))?;
        update.increment.push((name, by));
    }
    update.add = lists("add", item.add, registry)?;
    update.remove = lists("remove", item.remove, registry)?;
    Ok(update)
}

/// A user made by hand, with attributes as an upsert would take them; errors are under `field`.
pub(super) fn profile(field: &str, user: pb::User, registry: &Registry) -> Result<Profile> {
    let made = pb::UserUpdate {
        external_id: user.external_id,
        attributes: user.attributes,
        ..pb::UserUpdate::default()
    };
    let update = update(made, registry).and_then(|update| {
        update.check()?;
        registry.fit(update)
    });
    let update = update
        .map_err(|Rejected { path, message }| Error::invalid(format!("{field}.{path}"), message))?;
    let bytes: usize = update
        .set
        .iter()
        .filter_map(|(name, value)| Some(weight(name, value.as_ref()?)))
        .sum();
    if bytes > limits::PROFILE_BYTES_MAX {
        let message = format!("{bytes} bytes; {} are allowed", limits::PROFILE_BYTES_MAX);
        return Err(Error::invalid(format!("{field}.attributes"), message));
    }
    let set = update.set.into_iter();
    let attributes = set
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let external_id = update.external_id;
    Ok(Profile {
        external_id,
        attributes,
    })
}

/// Named values of at most `bytes_max` together; a null is left out.
pub(super) fn properties(
    field: &str,
    properties: Option<Struct>,
    bytes_max: usize,
) -> Result<BTreeMap<String, Value>> {
    let mut read = BTreeMap::new();
    let mut bytes = 0;
    for (name, proto) in properties.unwrap_or_default().fields {
        let checked = check_name(&name).and_then(|()| {
            let value = value(proto)?;
            value.as_ref().map_or(Ok(()), Value::check)?;
            Ok(value)
        });
        let value = checked.map_err(|refused| {
            Error::invalid(format!("{field}.{name}{}", refused.path), refused.message)
        })?;
        if let Some(value) = value {
            bytes += weight(&name, &value);
            read.insert(name, value);
        }
    }
    if bytes > bytes_max {
        let message = format!("{bytes} bytes; {bytes_max} are allowed");
        return Err(Error::invalid(field, message));
    }
    Ok(read)
}

pub(super) fn id(field: &str, text: String) -> Result<ExternalId> {
    ExternalId::parse(text).map_err(|invalid| bad(field, invalid))
}

pub(super) fn bad(field: &str, Invalid(message): Invalid) -> Error {
    Error::Invalid(vec![Violation {
        field: field.to_owned(),
        message,
    }])
}

/// A text for the record, of at most `bytes_max`.
pub(super) fn bounded(field: &'static str, text: String, max: usize) -> Result<String> {
    if text.len() > max {
        return Err(Error::OverLimit {
            field,
            unit: "bytes",
            actual: text.len(),
            max,
        });
    }
    Ok(text)
}

/// An instant of a message.
pub(super) fn instant(at: prost_types::Timestamp) -> std::result::Result<Timestamp, Refused> {
    let read = Timestamp::new(at.seconds, at.nanos);
    read.map_err(|_| Refused::here("is not a time between the years -9999 and 9999"))
}

/// A value as JSON means it; `None` is null. Depth is bounded by the decoder before us.
pub(super) fn value(proto: ProtoValue) -> std::result::Result<Option<Value>, Refused> {
    value_as(proto, None)
}

/// As [`value`], where something is known of what is meant.
fn value_as(
    proto: ProtoValue,
    declared: Option<&Declaration>,
) -> std::result::Result<Option<Value>, Refused> {
    Ok(Some(match proto.kind {
        None | Some(Kind::NullValue(_)) => return Ok(None),
        Some(Kind::BoolValue(b)) => Value::Bool(b),
        Some(Kind::NumberValue(n)) => Value::infer_number(n)?,
        Some(Kind::StringValue(text)) => string(text, declared.map(|declared| declared.kind)),
        Some(Kind::ListValue(list)) => {
            Value::List(items(list, declared.and_then(|declared| declared.items))?)
        }
        Some(Kind::StructValue(object)) => {
            let mut read = BTreeMap::new();
            for (key, proto) in object.fields {
                let declared = declared.and_then(|declared| declared.fields.get(&key));
                let value = value_as(proto, declared).and_then(not_null);
                let value = value.map_err(|e| e.under(&format!(".{key}")))?;
                read.insert(key, value);
            }
            Value::Object(read)
        }
    }))
}

fn string(text: String, declared: Option<Type>) -> Value {
    match declared {
        Some(Type::String) => Value::String(text),
        _ => Value::infer_string(text),
    }
}

/// `declared` is what elements are.
fn items(list: ListValue, declared: Option<Type>) -> std::result::Result<Vec<Value>, Refused> {
    let items = list.values.into_iter().enumerate();
    let read = items.map(|(i, proto)| {
        let item = match proto.kind {
            Some(Kind::StringValue(text)) => Ok(string(text, declared)),
            _ => value(proto).and_then(not_null),
        };
        item.map_err(|e| e.under(&format!("[{i}]")))
    });
    read.collect()
}

fn not_null(read: Option<Value>) -> std::result::Result<Value, Refused> {
    read.ok_or_else(|| Refused::here("null is not a value here; leave it out"))
}

fn lists(
    part: &str,
    lists: std::collections::HashMap<String, ListValue>,
    registry: &Registry,
) -> std::result::Result<Vec<(String, Vec<Value>)>, Rejected> {
    let by_name: BTreeMap<_, _> = lists.into_iter().collect();
    let read = by_name.into_iter().map(|(name, list)| {
        let declared = registry.attributes.get(&name);
        match items(list, declared.and_then(|declared| declared.items)) {
            Ok(items) => Ok((name, items)),
            Err(refused) => Err(Rejected::under(part, &name, &refused)),
        }
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(n: f64) -> ProtoValue {
        ProtoValue {
            kind: Some(Kind::NumberValue(n)),
        }
    }

    fn text(text: &str) -> ProtoValue {
        ProtoValue {
            kind: Some(Kind::StringValue(text.into())),
        }
    }

    fn list(values: Vec<ProtoValue>) -> ProtoValue {
        ProtoValue {
            kind: Some(Kind::ListValue(ListValue { values })),
        }
    }

    fn object(fields: impl IntoIterator<Item = (&'static str, ProtoValue)>) -> ProtoValue {
        let fields = fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value));
        ProtoValue {
            kind: Some(Kind::StructValue(Struct {
                fields: fields.collect(),
            })),
        }
    }

    const NULL: ProtoValue = ProtoValue {
        kind: Some(Kind::NullValue(0)),
    };

    #[test]
    fn values_are_read_as_json_means_them() {
        let at = "2026-11-23T10:00:00Z";
        let cases = [
            (NULL, Ok(None)),
            (ProtoValue { kind: None }, Ok(None)),
            (number(3.0), Ok(Some(Value::Int(3)))),
            (number(3.5), Ok(Some(Value::Double(3.5)))),
            (text(at), Ok(Some(Value::Timestamp(at.parse().unwrap())))),
            (
                text("0000-01-01T00:00:00+01:00"),
                Ok(Some(Value::String("0000-01-01T00:00:00+01:00".into()))),
            ),
            (
                text("2026-11-23"),
                Ok(Some(Value::String("2026-11-23".into()))),
            ),
            (
                list(vec![number(1.0)]),
                Ok(Some(Value::List(vec![Value::Int(1)]))),
            ),
            (number(9_007_199_254_740_994.0), Err("")),
            (list(vec![number(1.0), NULL]), Err("[1]")),
            (object([("a", list(vec![number(f64::NAN)]))]), Err(".a[0]")),
        ];
        for (proto, expected) in cases {
            let read = value(proto.clone()).map_err(|refused| refused.path);
            assert_eq!(read, expected.map_err(str::to_owned), "{proto:?}");
        }
    }

    #[test]
    fn refused_properties_are_named_with_their_path() {
        let given = |value| {
            Some(Struct {
                fields: BTreeMap::from([("order".to_owned(), value)]),
            })
        };
        let field = |result: Result<_>| match result {
            Err(Error::Invalid(violations)) => violations[0].field.clone(),
            other => panic!("{other:?}"),
        };
        let nested = given(object([("a", NULL)]));
        assert_eq!(field(properties("p", nested, 100)), "p.order.a");
        assert_eq!(
            field(properties("p", given(text(&"x".repeat(96))), 100)),
            "p"
        );
        assert_eq!(
            properties("p", given(text(&"x".repeat(95))), 100)
                .unwrap()
                .len(),
            1
        );
    }
}
