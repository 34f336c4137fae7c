//! Personal values taken out of users for whom messages are shown to others.

use std::collections::BTreeMap;

use crate::campaign::set::Set;
use crate::model::Value;
use crate::model::registry::Declaration;
use crate::model::user::Profile;

/// The user with `‹name›` in the place of every attribute that one of `sets` marks `pii: true`, and of PSIDs.
pub fn masked(profile: &Profile, sets: [&Set; 2]) -> Profile {
    let mut masked = profile.clone();
    for set in sets {
        for attribute in set.psid_attributes() {
            if let Some(value) = masked.attributes.get_mut(attribute) {
                *value = mask(value, attribute);
            }
        }
        within(&mut masked.attributes, &set.registry.attributes, "");
    }
    masked
}

fn within(
    values: &mut BTreeMap<String, Value>,
    declared: &BTreeMap<String, Declaration>,
    path: &str,
) {
    for (name, declared) in declared {
        let Some(value) = values.get_mut(name) else {
            continue;
        };
        let path = format!("{path}{name}");
        if declared.pii {
            *value = mask(value, &path);
        } else if let Value::Object(fields) = value {
            within(fields, &declared.fields, &format!("{path}."));
        }
    }
}

/// Lists and objects keep their shape, so that loops and paths still lead somewhere; how long a list is tells nothing.
fn mask(value: &Value, path: &str) -> Value {
    match value {
        Value::List(items) if items.is_empty() => Value::List(Vec::new()),
        Value::List(items) => {
            Value::List(items.iter().take(1).map(|item| mask(item, path)).collect())
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields =
                fields.map(|(key, value)| (key.clone(), mask(value, &format!("{path}.{key}"))));
            Value::Object(fields.collect())
        }
        _ => Value::String(format!("‹{path}›")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{SourceFile, load};
    use crate::model::id::ExternalId;

    #[test]
    fn what_either_side_calls_personal_is_masked() {
        let set = |text: &str| {
            let files = [
                ("a.yaml", text),
                (
                    "page.yaml",
                    "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: T}\n",
                ),
            ];
            let files = files.map(|(path, text)| SourceFile {
                path: path.into(),
                text: text.into(),
            });
            load(&files).unwrap().set
        };
        let before = set(
            "kind: Attributes\nname: a\nattributes:\n  name: {type: string, pii: true}\n  address: {type: object, fields: {street: {type: string, pii: true}, zip: {type: string}}}\n",
        );
        let after = set(
            "kind: Attributes\nname: a\nattributes:\n  name: {type: string}\n  phones: {type: list, pii: true}\n  age: {type: int, pii: true}\n",
        );
        let text = |text: &str| Value::String(text.into());
        let object = |pairs: &[(&str, Value)]| -> BTreeMap<String, Value> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect()
        };
        let profile = Profile {
            external_id: ExternalId::parse("ana").unwrap(),
            attributes: object(&[
                ("name", text("Ana")),
                ("messenger_id", text("1001")),
                ("age", Value::Int(42)),
                ("phones", Value::List(vec![text("1"), text("2")])),
                ("plan", text("pro")),
                (
                    "address",
                    Value::Object(object(&[("street", text("Elm 1")), ("zip", text("9"))])),
                ),
            ]),
        };
        let shown = Value::Object(masked(&profile, [&before, &after]).attributes);
        assert_eq!(
            shown.to_json(),
            serde_json::json!({
                "name": "‹name›",
                "messenger_id": "‹messenger_id›",
                "age": "‹age›",
                "phones": ["‹phones›"],
                "plan": "pro",
                "address": {"street": "‹address.street›", "zip": "9"},
            })
        );
    }
}
