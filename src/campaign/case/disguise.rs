//! Made-up values in the place of personal ones, for cases of people who exist.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::campaign::set::Set;
use crate::model::Value;
use crate::model::registry::Declaration;
use crate::model::user::Profile;

/// 2000-01-01, noon.
const SOME_DAY: i64 = 946_728_000;

/// What was made up of a user, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disguised {
    pub made_up: BTreeSet<String>,
    /// Taken as they are.
    pub kept: BTreeSet<String>,
}

/// Replaces attributes that are marked `pii: true`, and those that hold PSIDs, by values of the same type and shape.
pub fn disguise(profile: &mut Profile, set: &Set) -> Disguised {
    let psids: BTreeSet<&str> = set.psid_attributes().collect();
    let mut told = Disguised::default();
    for (name, value) in &mut profile.attributes {
        let declared = set.registry.attributes.get(name);
        if psids.contains(name.as_str()) || declared.is_some_and(|declared| declared.pii) {
            *value = made_up(value);
            told.made_up.insert(name.clone());
        } else {
            let fields = declared.map(|declared| &declared.fields);
            within(value, fields, name, &mut told);
            told.kept.insert(name.clone());
        }
    }
    told
}

/// Fields of an object may be marked where the whole is not.
fn within(
    value: &mut Value,
    declared: Option<&BTreeMap<String, Declaration>>,
    path: &str,
    told: &mut Disguised,
) {
    let (Value::Object(map), Some(declared)) = (value, declared) else {
        return;
    };
    for (key, value) in map {
        let Some(declared) = declared.get(key) else {
            continue;
        };
        let path = format!("{path}.{key}");
        if declared.pii {
            *value = made_up(value);
            told.made_up.insert(path);
        } else {
            within(value, Some(&declared.fields), &path, told);
        }
    }
}

/// Of the same type and shape: as long, with digits, capitals and marks where they were.
fn made_up(value: &Value) -> Value {
    match value {
        Value::Bool(_) => Value::Bool(false),
        Value::Int(n) => text(&n.to_string())
            .parse()
            .map_or(Value::Int(1), Value::Int),
        Value::Double(d) => {
            let whole = text(&format!("{:.0}", d.trunc()));
            let whole: f64 = whole.parse().unwrap_or(1.0);
            Value::Double(whole + 0.5)
        }
        Value::String(plain) => Value::String(text(plain)),
        Value::Timestamp(_) => {
            Value::Timestamp(Timestamp::from_second(SOME_DAY).unwrap_or(Timestamp::UNIX_EPOCH))
        }
        Value::List(items) => Value::List(items.iter().map(made_up).collect()),
        Value::Object(map) => {
            let fields = map.iter();
            Value::Object(
                fields
                    .map(|(key, value)| (key.clone(), made_up(value)))
                    .collect(),
            )
        }
    }
}

fn text(plain: &str) -> String {
    let mut digits = ('1'..='9').cycle();
    let shown = |c: char| match c {
        c if c.is_numeric() => digits.next().unwrap_or('1'),
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        // Emoji and the like may be as telling as a name.
        c if !c.is_ascii() => '-',
        c => c,
    };
    plain.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_has_the_type_and_shape_and_nothing_else() {
        let string = |text: &str| Value::String(text.to_owned());
        for (real, expected) in [
            (string("Ana Müller"), string("Xxx Xxxxxx")),
            (string("ana@acme.com"), string("xxx@xxxx.xxx")),
            (string("+49 151 7"), string("+12 345 6")),
            (string("王🎂"), string("x-")),
            (Value::Int(42), Value::Int(12)),
            (Value::Int(-7), Value::Int(-1)),
            (Value::Double(49.99), Value::Double(12.5)),
            (Value::Double(0.3), Value::Double(1.5)),
            (Value::Bool(true), Value::Bool(false)),
            (
                Value::List(vec![string("Bo")]),
                Value::List(vec![string("Xx")]),
            ),
        ] {
            assert_eq!(made_up(&real), expected, "{real:?}");
        }
    }
}
