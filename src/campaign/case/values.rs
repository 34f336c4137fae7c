//! Users, events and properties of cases, held against what an upsert or a call would take.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::read::wrong;
use crate::campaign::read::node::{Node, Value as Yaml};
use crate::campaign::read::spans::duration;
use crate::diagnostic::Diagnostic;
use crate::model::Value;
use crate::model::event::Event;
use crate::model::id::ExternalId;
use crate::model::limits;
use crate::model::registry::{Declaration, Registry};
use crate::model::user::{Profile, Update, weight};
use crate::model::value::{Refused, Type, check_name, parse_timestamp};
use crate::segment::RECEIVED;

/// What a user is called whom nobody named.
const SOMEBODY: &str = "somebody";

type Result<T> = std::result::Result<T, Diagnostic>;

/// A user with attributes as an upsert would take them. `name` is what `users` calls them.
pub(super) fn user(
    node: Option<&Node>,
    at: &str,
    name: Option<&str>,
    registry: &Registry,
) -> Result<Profile> {
    let entries = match node.map(|node| &node.value) {
        Some(Yaml::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let id = entries.iter().find(|entry| entry.key == "id");
    let id = match id.map(|entry| &entry.value.value) {
        None => name.unwrap_or(SOMEBODY),
        Some(Yaml::Text(id)) => id,
        Some(_) => {
            let problem = wrong(format!("{at}.id"), "an id is a text");
            return Err(problem.hint("put it in quotes"));
        }
    };
    let external_id =
        ExternalId::parse(id).map_err(|invalid| wrong(format!("{at}.id"), invalid.to_string()))?;
    let mut update = Update::new(external_id);
    for entry in entries.iter().filter(|entry| entry.key != "id") {
        let declared = registry.attributes.get(&entry.key);
        let value = of_json(entry.value.to_json(), declared);
        let value = value.map_err(|refused| under(&format!("{at}.{}", entry.key), &refused))?;
        update.set.push((entry.key.clone(), value));
    }
    let update = update
        .check()
        .and_then(|()| registry.fit(update))
        .map_err(|rejected| {
            let path = rejected.path.strip_prefix("attributes");
            wrong(
                format!("{at}{}", path.unwrap_or_default()),
                &rejected.message,
            )
        })?;
    let bytes: usize = update
        .set
        .iter()
        .filter_map(|(name, value)| Some(weight(name, value.as_ref()?)))
        .sum();
    if bytes > limits::PROFILE_BYTES_MAX {
        let message = format!("{bytes} bytes; {} are allowed", limits::PROFILE_BYTES_MAX);
        return Err(wrong(at.to_owned(), &message));
    }
    let set = update.set.into_iter();
    Ok(Profile {
        external_id: update.external_id,
        attributes: set
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
    })
}

/// Named values as a call takes them; a null is left out.
pub(super) fn properties(
    node: &Node,
    at: &str,
    bytes_max: usize,
) -> Result<BTreeMap<String, Value>> {
    let Yaml::Map(entries) = &node.value else {
        return Ok(BTreeMap::new());
    };
    let mut read = BTreeMap::new();
    let mut bytes = 0;
    for entry in entries {
        let checked = check_name(&entry.key).and_then(|()| {
            let value = of_json(entry.value.to_json(), None)?;
            value.as_ref().map_or(Ok(()), Value::check)?;
            Ok(value)
        });
        let value = checked.map_err(|refused| under(&format!("{at}.{}", entry.key), &refused))?;
        if let Some(value) = value {
            bytes += weight(&entry.key, &value);
            read.insert(entry.key.clone(), value);
        }
    }
    if bytes > bytes_max {
        let message = format!("{bytes} bytes; {bytes_max} are allowed");
        return Err(wrong(at.to_owned(), &message));
    }
    Ok(read)
}

/// An element of `events`, or of `received`.
pub(super) fn event(
    node: &Node,
    at: &str,
    (user, now, registry): (&ExternalId, Timestamp, &Registry),
) -> Result<Event> {
    let when = when(node, at, now)?;
    let properties = match node.get("properties") {
        None => BTreeMap::new(),
        Some(entry) => {
            let at = format!("{at}.properties");
            properties(&entry.value, &at, limits::EVENT_PROPERTIES_BYTES_MAX)?
        }
    };
    let received = node.text("campaign");
    let name = match received {
        Some(campaign) => format!("{RECEIVED}{campaign}"),
        None => node.text("name").unwrap_or_default().to_owned(),
    };
    let event = Event {
        external_id: user.clone(),
        name,
        at: when,
        properties,
        id: None,
    };
    let checked = if received.is_some() {
        Ok(())
    } else {
        event.check()
    };
    let checked = checked.and_then(|()| event.check_time(&registry.retention(), now));
    checked.map_err(|rejected| {
        let path = rejected.path.replacen("time", "at", 1);
        let is_written = path.split(['.', '[']).next();
        let is_written = is_written.is_some_and(|key| node.get(key).is_some());
        let path = if is_written {
            format!("{at}.{path}")
        } else {
            at.to_owned()
        };
        wrong(path, rejected.message.clone())
    })?;
    Ok(event)
}

fn when(node: &Node, at: &str, now: Timestamp) -> Result<Timestamp> {
    match (node.text("at"), node.text("ago")) {
        (Some(text), None) => instant(text).map_err(|message| wrong(format!("{at}.at"), message)),
        (None, Some(text)) => {
            let ago = duration(text).and_then(|ago| before(now, ago));
            ago.ok_or_else(|| {
                let problem = wrong(format!("{at}.ago"), "this is no span of time");
                problem.hint("write a number and a unit: `30s`, `10m`, `6h`, `90d`")
            })
        }
        (Some(_), Some(_)) => Err(wrong(
            format!("{at}.ago"),
            "`at` and `ago` exclude each other",
        )),
        (None, None) => {
            let problem = wrong(at.to_owned(), "it is not said when");
            Err(problem.hint("add `ago: 1d`, or `at: 2026-01-01T12:00:00Z`"))
        }
    }
}

fn before(now: Timestamp, ago: Duration) -> Option<Timestamp> {
    now.checked_sub(ago).ok()
}

pub(super) fn instant(text: &str) -> std::result::Result<Timestamp, &'static str> {
    parse_timestamp(text).ok_or("this is no time with a zone, as in 2026-11-23T10:00:00Z")
}

/// A value as JSON means it, where something may be known of what is meant; `None` is null.
fn of_json(
    json: Json,
    declared: Option<&Declaration>,
) -> std::result::Result<Option<Value>, Refused> {
    match (json, declared) {
        (Json::String(text), Some(declared)) if declared.kind == Type::String => {
            Ok(Some(Value::String(text)))
        }
        (Json::Array(items), Some(declared)) if declared.items == Some(Type::String) => {
            let text = Declaration::of(Type::String);
            let items = items.into_iter().enumerate().map(|(i, item)| {
                let value = of_json(item, Some(&text)).and_then(not_null);
                value.map_err(|refused| refused.under(&format!("[{i}]")))
            });
            Ok(Some(Value::List(
                items.collect::<std::result::Result<_, _>>()?,
            )))
        }
        (Json::Object(map), Some(declared)) => {
            let fields = map.into_iter().map(|(key, item)| {
                let value = of_json(item, declared.fields.get(&key)).and_then(not_null);
                match value {
                    Ok(value) => Ok((key, value)),
                    Err(refused) => Err(refused.under(&format!(".{key}"))),
                }
            });
            Ok(Some(Value::Object(
                fields.collect::<std::result::Result<_, _>>()?,
            )))
        }
        (json, _) => Value::from_json(json),
    }
}

fn not_null(value: Option<Value>) -> std::result::Result<Value, Refused> {
    value.ok_or_else(|| Refused::here("null is not a value here; leave it out"))
}

fn under(at: &str, refused: &Refused) -> Diagnostic {
    wrong(format!("{at}{}", refused.path), refused.message.clone())
}
