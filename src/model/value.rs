//! Attribute values and their place in JSON.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::limits;

/// A typed value of an attribute, of an event property or of a trigger property.
///
/// There is no null: setting an attribute to null deletes it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    /// Always finite.
    Double(f64),
    String(String),
    Timestamp(Timestamp),
    List(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

/// The type of a [`Value`], as people read it in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    Bool,
    Int,
    Double,
    String,
    Timestamp,
    List,
    Object,
}

/// Why a value was refused: `path` is relative to the attribute (`` or `.address.zip` or `[3]`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    pub path: String,
    pub message: String,
}

// === impl Value ===

impl Value {
    pub fn type_of(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Double(_) => Type::Double,
            Self::String(_) => Type::String,
            Self::Timestamp(_) => Type::Timestamp,
            Self::List(_) => Type::List,
            Self::Object(_) => Type::Object,
        }
    }

    /// Reads a string as a person would type it: RFC 3339 with a zone is a timestamp, all else is text.
    ///
    /// Only the full form (`2026-11-23T10:00:00Z`, `…+01:00`) counts, so that dates without a zone,
    /// whose instant would be a guess, stay the text they are.
    pub fn infer_string(text: String) -> Self {
        match parse_timestamp(&text) {
            Some(at) => Self::Timestamp(at),
            None => Self::String(text),
        }
    }

    /// Reads a number that came as a double: whole ones are integers.
    ///
    /// # Errors
    /// Not finite, or whole and beyond 2^53, where doubles skip integers.
    pub fn infer_number(number: f64) -> Result<Self, Refused> {
        if !number.is_finite() {
            return Err(Refused::here("a number must be finite"));
        }
        if number.fract() != 0.0 {
            return Ok(Self::Double(number));
        }
        #[expect(clippy::cast_precision_loss, reason = "2^53 is exact as a double")]
        if number.abs() > limits::EXACT_INTEGER_MAX as f64 {
            return Err(Refused::here(
                "an integer of 2^53 or more is not exact as a number; send it as a string",
            ));
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
        Ok(Self::Int(number as i64))
    }

    /// Reads JSON; `None` is null. Bounds are checked by [`Value::check`].
    ///
    /// # Errors
    /// A number that is not exact, or a null inside a list or an object.
    pub fn from_json(json: serde_json::Value) -> Result<Option<Self>, Refused> {
        use serde_json::Value as Json;
        Ok(Some(match json {
            Json::Null => return Ok(None),
            Json::Bool(b) => Self::Bool(b),
            Json::Number(n) => match (n.as_i64(), n.as_f64()) {
                (Some(i), _) if i.abs() <= limits::EXACT_INTEGER_MAX => Self::Int(i),
                (_, Some(f)) => Self::infer_number(f)?,
                _ => return Err(Refused::here("a number must be finite")),
            },
            Json::String(s) => Self::infer_string(s),
            Json::Array(items) => Self::List(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(i, item)| {
                        not_null(Self::from_json(item)).map_err(|e| e.under(&format!("[{i}]")))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            Json::Object(map) => Self::Object(
                map.into_iter()
                    .map(|(key, item)| match not_null(Self::from_json(item)) {
                        Ok(value) => Ok((key, value)),
                        Err(e) => Err(e.under(&format!(".{key}"))),
                    })
                    .collect::<Result<_, _>>()?,
            ),
        }))
    }

    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Bool(b) => Json::Bool(*b),
            Self::Int(i) => Json::from(*i),
            Self::Double(d) => Json::from(*d),
            Self::String(s) => Json::String(s.clone()),
            Self::Timestamp(at) => Json::String(at.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Object(map) => {
                Json::Object(map.iter().map(|(k, v)| (k.clone(), v.to_json())).collect())
            }
        }
    }

    /// Checks every bound of [`limits`] on this value.
    pub fn check(&self) -> Result<(), Refused> {
        self.check_at(0)
    }

    fn check_at(&self, depth: usize) -> Result<(), Refused> {
        if depth > limits::NESTING_MAX {
            return Err(Refused::here(format!(
                "nested deeper than {}",
                limits::NESTING_MAX
            )));
        }
        match self {
            Self::Double(d) if !d.is_finite() => Err(Refused::here("a number must be finite")),
            Self::String(s) if s.len() > limits::STRING_BYTES_MAX => Err(Refused::here(format!(
                "{} bytes; a string may have {}",
                s.len(),
                limits::STRING_BYTES_MAX
            ))),
            Self::List(items) if items.len() > limits::LIST_ITEMS_MAX => {
                Err(Refused::here(format!(
                    "{} elements; a list may have {}",
                    items.len(),
                    limits::LIST_ITEMS_MAX
                )))
            }
            Self::Object(map) if map.len() > limits::OBJECT_KEYS_MAX => {
                Err(Refused::here(format!(
                    "{} keys; an object may have {}",
                    map.len(),
                    limits::OBJECT_KEYS_MAX
                )))
            }
            Self::List(items) => items.iter().enumerate().try_for_each(|(i, item)| {
                item.check_at(depth + 1)
                    .map_err(|e| e.under(&format!("[{i}]")))
            }),
            Self::Object(map) => map.iter().try_for_each(|(key, item)| {
                check_name(key)
                    .and_then(|()| item.check_at(depth + 1))
                    .map_err(|e| e.under(&format!(".{key}")))
            }),
            _ => Ok(()),
        }
    }

    /// Bytes this value counts towards [`limits::PROFILE_BYTES_MAX`].
    pub fn weight(&self) -> usize {
        match self {
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Double(_) | Self::Timestamp(_) => 8,
            Self::String(s) => s.len(),
            Self::List(items) => items.iter().map(|item| 1 + item.weight()).sum(),
            Self::Object(map) => map
                .iter()
                .map(|(key, item)| key.len() + 1 + item.weight())
                .sum(),
        }
    }
}

// === impl Refused ===

impl Refused {
    pub fn here(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
        }
    }

    /// The same refusal seen from one step further out.
    #[must_use]
    pub fn under(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

impl Type {
    const ALL: [Self; 7] = [
        Self::Bool,
        Self::Int,
        Self::Double,
        Self::String,
        Self::Timestamp,
        Self::List,
        Self::Object,
    ];

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Double => "double",
            Self::String => "string",
            Self::Timestamp => "timestamp",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `0000-01-01T00:00:00Z`, in nanoseconds since 1970.
const YEAR_0: i128 = -62_167_219_200 * 1_000_000_000;

/// RFC 3339 with a zone, or nothing.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    // A cheap look before the real parser: nearly every string is not a time.
    if bytes.len() < 20
        || bytes.len() > 40
        || bytes[4] != b'-'
        || bytes[7] != b'-'
        || bytes[13] != b':'
    {
        return None;
    }
    if !matches!(bytes[10], b'T' | b't') || bytes.contains(&b'[') {
        return None;
    }
    // A zone can move year 0 before itself, where RFC 3339 has no spelling to give the time back in.
    let at: Option<Timestamp> = text.parse().ok();
    at.filter(|at| at.as_nanosecond() >= YEAR_0)
}

/// An attribute name or object key: not empty, bounded, no control characters, no leading `$`.
pub fn check_name(name: &str) -> Result<(), Refused> {
    if name.is_empty() {
        return Err(Refused::here("a name must not be empty"));
    }
    if name.len() > limits::ATTRIBUTE_NAME_BYTES_MAX {
        return Err(Refused::here(format!(
            "{} bytes; a name may have {}",
            name.len(),
            limits::ATTRIBUTE_NAME_BYTES_MAX
        )));
    }
    if name.starts_with('$') {
        return Err(Refused::here("a name must not start with `$`"));
    }
    if name.contains(char::is_control) || name.contains(['}', '{']) {
        return Err(Refused::here(
            "a name must not hold control characters or braces",
        ));
    }
    Ok(())
}

fn not_null(read: Result<Option<Value>, Refused>) -> Result<Value, Refused> {
    read?.ok_or_else(|| Refused::here("null is not a value here; leave it out"))
}
