//! Attributes and properties as the library sees values: in place, without a copy.

use std::fmt;

use liquid_core::ValueView;
use liquid_core::model::{
    ArrayView, DisplayCow, KString, KStringCow, ObjectView, ScalarCow, State, Value as Liquid,
    ValueCow,
};

use crate::model::Value;

/// A list's elements, one after the other.
struct Joined<'a>(&'a [Value]);

/// As Ruby's `inspect`, in which Braze prints an object.
struct Inspected<'a>(&'a Value);

impl ValueView for Value {
    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }

    fn render(&self) -> DisplayCow<'_> {
        match self {
            Self::Bool(b) => DisplayCow::Borrowed(b),
            Self::Int(n) => DisplayCow::Borrowed(n),
            Self::Double(n) => DisplayCow::Borrowed(n),
            Self::String(text) => DisplayCow::Borrowed(text),
            Self::Timestamp(at) => DisplayCow::Borrowed(at),
            Self::List(items) => DisplayCow::Owned(Box::new(Joined(items))),
            Self::Object(_) => DisplayCow::Owned(Box::new(Inspected(self))),
        }
    }

    fn source(&self) -> DisplayCow<'_> {
        self.render()
    }

    fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(b) => b.type_name(),
            Self::Int(n) => n.type_name(),
            Self::Double(n) => n.type_name(),
            Self::String(_) | Self::Timestamp(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    fn query_state(&self, state: State) -> bool {
        match (self, state) {
            (Self::Bool(b), _) => b.query_state(state),
            (Self::String(text), _) => text.query_state(state),
            (_, State::Truthy) => true,
            (Self::List(items), _) => items.is_empty(),
            (Self::Object(map), _) => map.is_empty(),
            _ => false,
        }
    }

    fn to_kstr(&self) -> KStringCow<'_> {
        match self {
            Self::String(text) => text.as_str().into(),
            _ => self.render().to_string().into(),
        }
    }

    fn to_value(&self) -> Liquid {
        match self {
            Self::Bool(b) => Liquid::scalar(*b),
            Self::Int(n) => Liquid::scalar(*n),
            Self::Double(n) => Liquid::scalar(*n),
            Self::String(text) => Liquid::scalar(KString::from_ref(text)),
            // As text: the `date` filter reads it, and nothing else can do much with a time.
            Self::Timestamp(at) => Liquid::scalar(at.to_string()),
            Self::List(items) => Liquid::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(map) => {
                let fields = map.iter();
                let fields = fields.map(|(key, item)| (KString::from_ref(key), item.to_value()));
                Liquid::Object(fields.collect())
            }
        }
    }

    fn as_scalar(&self) -> Option<ScalarCow<'_>> {
        match self {
            Self::Bool(b) => Some(ScalarCow::new(*b)),
            Self::Int(n) => Some(ScalarCow::new(*n)),
            Self::Double(n) => Some(ScalarCow::new(*n)),
            Self::String(text) => Some(ScalarCow::new(text.as_str())),
            Self::Timestamp(at) => Some(ScalarCow::new(at.to_string())),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    fn as_array(&self) -> Option<&dyn ArrayView> {
        matches!(self, Self::List(_)).then_some(self)
    }

    fn as_object(&self) -> Option<&dyn ObjectView> {
        matches!(self, Self::Object(_)).then_some(self)
    }
}

/// Asked of lists only.
impl ArrayView for Value {
    fn as_value(&self) -> &dyn ValueView {
        self
    }

    fn size(&self) -> i64 {
        count(items(self).len())
    }

    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        Box::new(items(self).iter().map(view))
    }

    fn contains_key(&self, at: i64) -> bool {
        index(at, items(self).len()).is_some_and(|at| at < items(self).len())
    }

    fn get(&self, at: i64) -> Option<&dyn ValueView> {
        let items = items(self);
        items.get(index(at, items.len())?).map(view)
    }
}

/// Asked of objects only.
impl ObjectView for Value {
    fn as_value(&self) -> &dyn ValueView {
        self
    }

    fn size(&self) -> i64 {
        match self {
            Self::Object(map) => count(map.len()),
            _ => 0,
        }
    }

    fn keys<'k>(&'k self) -> Box<dyn Iterator<Item = KStringCow<'k>> + 'k> {
        Box::new(ObjectView::iter(self).map(|(key, _)| key))
    }

    fn values<'k>(&'k self) -> Box<dyn Iterator<Item = &'k dyn ValueView> + 'k> {
        Box::new(ObjectView::iter(self).map(|(_, value)| value))
    }

    fn iter<'k>(&'k self) -> Box<dyn Iterator<Item = (KStringCow<'k>, &'k dyn ValueView)> + 'k> {
        match self {
            Self::Object(map) => Box::new(
                map.iter()
                    .map(|(key, item)| (key.as_str().into(), view(item))),
            ),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn contains_key(&self, key: &str) -> bool {
        ObjectView::get(self, key).is_some()
    }

    fn get<'s>(&'s self, key: &str) -> Option<&'s dyn ValueView> {
        match self {
            Self::Object(map) => map.get(key).map(view),
            _ => None,
        }
    }
}

// === impl Joined ===

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|item| item.render().fmt(f))
    }
}

// === impl Inspected ===

impl fmt::Display for Inspected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = |at| if at > 0 { ", " } else { "" };
        match self.0 {
            Value::String(text) => write!(f, "{text:?}"),
            Value::Timestamp(at) => write!(f, "\"{at}\""),
            Value::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{}", comma(at), Inspected(item))?;
                }
                f.write_str("]")
            }
            Value::Object(map) => {
                f.write_str("{")?;
                for (at, (key, item)) in map.iter().enumerate() {
                    write!(f, "{}{key:?}=>{}", comma(at), Inspected(item))?;
                }
                f.write_str("}")
            }
            scalar => scalar.render().fmt(f),
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        _ => &[],
    }
}

fn view(value: &Value) -> &dyn ValueView {
    value
}

/// What a path leads to: keys of objects, positions and ends of lists, and the sizes of all of them and of texts.
pub(super) fn find<'a>(value: &'a dyn ValueView, path: &[ScalarCow<'_>]) -> Option<ValueCow<'a>> {
    let mut value = value;
    for (at, step) in path.iter().enumerate() {
        let key = step.to_kstr();
        let size = |n: i64| {
            let is_end = at + 1 == path.len();
            (is_end && key == "size").then(|| ValueCow::Owned(Liquid::scalar(n)))
        };
        let next = if let Some(object) = value.as_object() {
            match object.get(&key) {
                None => return size(object.size()),
                next => next,
            }
        } else if let Some(list) = value.as_array() {
            match (step.to_integer(), key.as_str()) {
                (Some(at), _) => list.get(at),
                (None, "first") => list.first(),
                (None, "last") => list.last(),
                _ => return size(list.size()),
            }
        } else if value.type_name() == "string" {
            return size(count(value.to_kstr().chars().count()));
        } else {
            return None;
        };
        value = next?;
    }
    Some(ValueCow::Borrowed(value))
}

/// Liquid counts from the end with negative numbers.
pub(super) fn index(at: i64, len: usize) -> Option<usize> {
    let at = if at < 0 {
        at.checked_add(i64::try_from(len).ok()?)?
    } else {
        at
    };
    usize::try_from(at).ok()
}

pub(super) fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
