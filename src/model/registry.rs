//! What people declared of attributes and events: types that values are held against, and what they are for.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Value;
use super::event::Retention;
use super::user::{Rejected, Update};
use super::value::{Refused, Type};

/// All declarations of one applied state. What nobody declared may be there all the same, of any type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registry {
    pub attributes: BTreeMap<String, Declaration>,
    pub events: BTreeMap<String, EventDeclaration>,
}

/// What an attribute, or a field of one, is meant to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    pub kind: Type,
    /// Of a list's elements; any without one.
    pub items: Option<Type>,
    /// Of an object's fields; others may be there.
    pub fields: BTreeMap<String, Declaration>,
    pub description: String,
    /// Tells something about a person that they might mind others to know.
    pub pii: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventDeclaration {
    pub description: String,
    pub retention: Option<Duration>,
}

// === impl Registry ===

impl Registry {
    /// The declaration at a path: the attribute, then keys of objects.
    pub fn get(&self, path: &[String]) -> Option<&Declaration> {
        let (name, keys) = path.split_first()?;
        let attribute = self.attributes.get(name)?;
        keys.iter()
            .try_fold(attribute, |at, key| at.fields.get(key))
    }

    /// Every declared path with its declaration, in order.
    pub fn paths(&self) -> Vec<(Vec<String>, &Declaration)> {
        let mut found = Vec::new();
        walk(&mut Vec::new(), &self.attributes, &mut found);
        found
    }

    pub fn retention(&self) -> Retention {
        let events = self.events.iter();
        let declared = events.filter_map(|(name, event)| Some((name.clone(), event.retention?)));
        declared.collect()
    }

    /// The update with its values as they were declared: a whole number becomes a double where one is meant.
    ///
    /// # Errors
    /// The first value that is of another type, with its path.
    pub fn fit(&self, mut update: Update) -> Result<Update, Rejected> {
        if self.attributes.is_empty() {
            return Ok(update);
        }
        for (name, value) in &mut update.set {
            if let (Some(declared), Some(given)) = (self.attributes.get(name), value.as_mut()) {
                declared
                    .fit(given)
                    .map_err(|refused| Rejected::under("attributes", name, &refused))?;
            }
        }
        for (name, by) in &mut update.increment {
            if let Some(declared) = self.attributes.get(name) {
                declared
                    .fit_increment(by)
                    .map_err(|refused| Rejected::under("increment", name, &refused))?;
            }
        }
        let lists = [("add", &mut update.add), ("remove", &mut update.remove)];
        for (part, (name, items)) in lists.into_iter().flat_map(|(part, lists)| {
            lists
                .iter_mut()
                .map(move |(name, items)| (part, (&*name, items)))
        }) {
            if let Some(declared) = self.attributes.get(name) {
                declared
                    .fit_elements(items)
                    .map_err(|refused| Rejected::under(part, name, &refused))?;
            }
        }
        Ok(update)
    }
}

fn walk<'a>(
    path: &mut Vec<String>,
    level: &'a BTreeMap<String, Declaration>,
    found: &mut Vec<(Vec<String>, &'a Declaration)>,
) {
    for (name, declared) in level {
        path.push(name.clone());
        found.push((path.clone(), declared));
        walk(path, &declared.fields, found);
        path.pop();
    }
}

// === impl Declaration ===

impl Declaration {
    pub fn of(kind: Type) -> Self {
        Self {
            kind,
            items: None,
            fields: BTreeMap::new(),
            description: String::new(),
            pii: false,
        }
    }

    /// Whether a value of type `kind` can be meant.
    pub fn takes(&self, kind: Type) -> bool {
        takes(self.kind, kind)
    }

    fn fit(&self, value: &mut Value) -> Result<(), Refused> {
        fit(self.kind, value)?;
        match value {
            Value::List(items) => self.fit_items(items),
            Value::Object(map) => map.iter_mut().try_for_each(|(key, value)| {
                let Some(declared) = self.fields.get(key) else {
                    return Ok(());
                };
                let fitted = declared.fit(value);
                fitted.map_err(|refused| refused.under(&format!(".{key}")))
            }),
            _ => Ok(()),
        }
    }

    fn fit_increment(&self, by: &mut Value) -> Result<(), Refused> {
        match (self.kind, &by) {
            (Type::Int, Value::Double(_)) => Err(Refused::here(
                "is declared as int: it can be incremented by whole numbers only",
            )),
            (Type::Int | Type::Double, _) => fit(self.kind, by),
            (kind, _) => Err(Refused::here(format!(
                "is declared as {kind}, which cannot be incremented"
            ))),
        }
    }

    fn fit_elements(&self, items: &mut [Value]) -> Result<(), Refused> {
        if self.kind != Type::List {
            return Err(Refused::here(format!(
                "is declared as {}, not as a list",
                self.kind
            )));
        }
        self.fit_items(items)
    }

    fn fit_items(&self, items: &mut [Value]) -> Result<(), Refused> {
        let Some(kind) = self.items else {
            return Ok(());
        };
        items.iter_mut().enumerate().try_for_each(|(at, item)| {
            fit(kind, item).map_err(|refused| refused.under(&format!("[{at}]")))
        })
    }
}

/// Makes the value one of `kind`, where nothing is lost by it.
fn fit(kind: Type, value: &mut Value) -> Result<(), Refused> {
    let given = value.type_of();
    if !takes(kind, given) {
        let hint = hint(kind, value);
        return Err(Refused::here(format!(
            "is declared as {kind}, and this is {} {given}{hint}",
            if given == Type::Int || given == Type::Object {
                "an"
            } else {
                "a"
            }
        )));
    }
    match (kind, &*value) {
        #[expect(clippy::cast_precision_loss, reason = "integers are within 2^53")]
        (Type::Double, Value::Int(n)) => *value = Value::Double(*n as f64),
        // A text that was taken for a time before it was known to be declared.
        (Type::String, Value::Timestamp(at)) => *value = Value::String(at.to_string()),
        _ => {}
    }
    Ok(())
}

fn takes(declared: Type, given: Type) -> bool {
    declared == given
        || matches!(
            (declared, given),
            (Type::Double, Type::Int) | (Type::String, Type::Timestamp)
        )
}

/// What to do, without the value, which may be personal.
fn hint(kind: Type, value: &Value) -> &'static str {
    match (kind, value) {
        (Type::Int | Type::Double, Value::String(text)) if text.parse::<f64>().is_ok() => {
            "; send it without quotes"
        }
        (Type::Bool, Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
            "; send it without quotes"
        }
        (Type::String, Value::Int(_) | Value::Double(_) | Value::Bool(_)) => "; send it in quotes",
        (Type::Timestamp, Value::String(_)) => {
            "; send it with a time and a zone, as in 2026-11-23T10:00:00Z"
        }
        (Type::List, _) => "; send it in brackets",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ExternalId;

    fn registry() -> Registry {
        let mut address = Declaration::of(Type::Object);
        address
            .fields
            .insert("zip".into(), Declaration::of(Type::String));
        let mut tags = Declaration::of(Type::List);
        tags.items = Some(Type::String);
        let plain = [
            ("age", Type::Int),
            ("ltv", Type::Double),
            ("name", Type::String),
            ("seen", Type::Timestamp),
        ];
        let plain = plain.map(|(name, kind)| (name.to_owned(), Declaration::of(kind)));
        let nested = [("address".to_owned(), address), ("tags".to_owned(), tags)];
        Registry {
            attributes: plain.into_iter().chain(nested).collect(),
            events: BTreeMap::new(),
        }
    }

    fn update(fill: impl FnOnce(&mut Update)) -> Update {
        let mut update = Update::new(ExternalId::parse("ana").unwrap());
        fill(&mut update);
        update
    }

    fn json(text: &str) -> Value {
        let json = serde_json::from_str(text).unwrap();
        Value::from_json(json).unwrap().unwrap()
    }

    #[test]
    fn values_are_held_against_their_declarations() {
        let cases = [
            ("age", "3", Ok("3")),
            ("age", "3.5", Err("attributes.age")),
            ("age", "\"3\"", Err("attributes.age")),
            ("ltv", "3", Ok("3.0")),
            ("ltv", "3.5", Ok("3.5")),
            ("name", "3", Err("attributes.name")),
            (
                "name",
                "\"2026-11-23T10:00:00Z\"",
                Ok("\"2026-11-23T10:00:00Z\""),
            ),
            (
                "seen",
                "\"2026-11-23T10:00:00Z\"",
                Ok("\"2026-11-23T10:00:00Z\""),
            ),
            ("seen", "\"yesterday\"", Err("attributes.seen")),
            ("tags", "[\"a\"]", Ok("[\"a\"]")),
            ("tags", "[\"a\", 1]", Err("attributes.tags[1]")),
            ("tags", "\"a\"", Err("attributes.tags")),
            (
                "address",
                "{\"zip\": \"1\", \"n\": 1}",
                Ok("{\"n\":1,\"zip\":\"1\"}"),
            ),
            ("address", "{\"zip\": 1}", Err("attributes.address.zip")),
            ("other", "[1, {}]", Ok("[1,{}]")),
        ];
        for (name, given, expected) in cases {
            let asked = update(|update| update.set.push((name.into(), Some(json(given)))));
            let fitted = registry().fit(asked);
            let fitted = fitted.map(|update| {
                let value = update.set[0].1.as_ref().unwrap();
                value.to_json().to_string()
            });
            let fitted = fitted.map_err(|rejected| rejected.path);
            assert_eq!(
                fitted.as_deref().map_err(String::as_str),
                expected,
                "{name} {given}"
            );
        }
    }

    #[test]
    fn increments_and_lists_are_held_against_them_too() {
        let by = |name: &str, by| update(|update| update.increment.push((name.into(), by)));
        let fitted = registry().fit(by("ltv", Value::Int(1))).unwrap();
        assert_eq!(fitted.increment[0].1, Value::Double(1.0));
        assert!(registry().fit(by("age", Value::Int(1))).is_ok());
        for (name, number) in [("age", Value::Double(0.5)), ("name", Value::Int(1))] {
            let rejected = registry().fit(by(name, number)).unwrap_err();
            assert_eq!(rejected.path, format!("increment.{name}"));
        }
        let items = vec![Value::String("a".into()), Value::Int(1)];
        let add = update(|update| update.add.push(("tags".into(), items.clone())));
        assert_eq!(registry().fit(add).unwrap_err().path, "add.tags[1]");
        let remove = update(|update| update.remove.push(("age".into(), items)));
        assert_eq!(registry().fit(remove).unwrap_err().path, "remove.age");
    }

    #[test]
    fn a_refusal_tells_no_value() {
        let asked = update(|update| {
            let value = Value::String("hunter2".into());
            update.set.push(("age".into(), Some(value)));
        });
        let rejected = registry().fit(asked).unwrap_err();
        assert_eq!(rejected.message, "is declared as int, and this is a string");
    }
}
