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
use crate::model::user::{Profile, Rejected, Update, weight};
use crate::model::value::{Refused, check_name};

/// One item of a batch. What does not depend on its user is checked by [`Update::check`].
pub fn update(item: pb::UserUpdate) -> Item {
    let external_id = ExternalId::parse(item.external_id).map_err(|Invalid(message)| Rejected {
        path: "external_id".into(),
        message,
    })?;
    let mut update = Update::new(external_id);
    update.existing_only = item.update_existing_only;
    for (name, proto) in item.attributes.unwrap_or_default().fields {
        let value = value(proto).map_err(|refused| rejected("attributes", &name, &refused))?;
        update.set.push((name, value));
    }
    // In the order of the names, so that the same item is always refused for the same reason.
    let by_name: BTreeMap<_, _> = item.increment.into_iter().collect();
    for (name, by) in by_name {
        let by = Value::infer_number(by).map_err(|e| rejected("increment", &name, &e))?;
        update.increment.push((name, by));
    }
    update.add = lists("add", item.add)?;
    update.remove = lists("remove", item.remove)?;
    Ok(update)
}

/// A user made by hand; errors are under `field`.
pub(super) fn profile(field: &str, user: pb::User) -> Result<Profile> {
    let external_id = id(&format!("{field}.external_id"), user.external_id)?;
    let path = format!("{field}.attributes");
    let attributes = properties(&path, user.attributes, limits::PROFILE_BYTES_MAX)?;
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
    Ok(Some(match proto.kind {
        None | Some(Kind::NullValue(_)) => return Ok(None),
        Some(Kind::BoolValue(b)) => Value::Bool(b),
        Some(Kind::NumberValue(n)) => Value::infer_number(n)?,
        Some(Kind::StringValue(text)) => Value::infer_string(text),
        Some(Kind::ListValue(list)) => Value::List(items(list)?),
        Some(Kind::StructValue(object)) => {
            let mut read = BTreeMap::new();
            for (key, proto) in object.fields {
                let value = not_null(proto).map_err(|e| e.under(&format!(".{key}")))?;
                read.insert(key, value);
            }
            Value::Object(read)
        }
    }))
}

fn items(list: ListValue) -> std::result::Result<Vec<Value>, Refused> {
    let items = list.values.into_iter().enumerate();
    items
        .map(|(i, proto)| not_null(proto).map_err(|e| e.under(&format!("[{i}]"))))
        .collect()
}

fn not_null(proto: ProtoValue) -> std::result::Result<Value, Refused> {
    value(proto)?.ok_or_else(|| Refused::here("null is not a value here; leave it out"))
}

fn lists(
    part: &str,
    lists: std::collections::HashMap<String, ListValue>,
) -> std::result::Result<Vec<(String, Vec<Value>)>, Rejected> {
    let by_name: BTreeMap<_, _> = lists.into_iter().collect();
    let read = by_name.into_iter().map(|(name, list)| match items(list) {
        Ok(items) => Ok((name, items)),
        Err(refused) => Err(rejected(part, &name, &refused)),
    });
    read.collect()
}

fn rejected(part: &str, name: &str, refused: &Refused) -> Rejected {
    Rejected::at(part, &format!("{name}{}", refused.path), &refused.message)
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
