//! Events as messages, both ways.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{decode, encode, pb};
use crate::engine::{Deed, NamedEvents};
use crate::model::Value;
use crate::model::event::{Event, from_millis, millis};
use crate::model::id::{EventId, ExternalId, Invalid};
use crate::model::user::Rejected;

/// One event of a batch; it happened `now` when it does not say otherwise.
pub(super) fn read(event: pb::Event, now: Timestamp) -> Deed {
    let invalid = |path: &str| {
        let path = path.to_owned();
        move |Invalid(message): Invalid| Rejected { path, message }
    };
    let external_id = ExternalId::parse(event.external_id).map_err(invalid("external_id"))?;
    let id = match event.event_id.as_str() {
        "" => None,
        id => Some(EventId::parse(id).map_err(invalid("event_id"))?),
    };
    let at = match event.time {
        None => now,
        Some(at) => decode::instant(at).map_err(|refused| Rejected {
            path: "time".into(),
            message: refused.message,
        })?,
    };
    let mut properties = BTreeMap::new();
    for (name, value) in event.properties.unwrap_or_default().fields {
        let read = decode::value(value)
            .map_err(|e| Rejected::at("properties", &format!("{name}{}", e.path), &e.message))?;
        if let Some(value) = read {
            properties.insert(name, value);
        }
    }
    Ok(Event {
        external_id,
        name: event.name,
        at: from_millis(millis(at)),
        properties,
        id,
    })
}

pub(super) fn event(event: Event) -> pb::Event {
    pb::Event {
        external_id: event.external_id.as_str().to_owned(),
        name: event.name,
        time: Some(encode::instant(event.at)),
        properties: Some(properties(event.properties)),
        event_id: event
            .id
            .map_or_else(String::new, |id| id.as_str().to_owned()),
    }
}

pub(super) fn properties(values: BTreeMap<String, Value>) -> prost_types::Struct {
    let fields = values.into_iter();
    prost_types::Struct {
        fields: fields
            .map(|(name, value)| (name, encode::value(value)))
            .collect(),
    }
}

pub(super) fn name(named: NamedEvents) -> pb::EventName {
    pb::EventName {
        name: named.name.name,
        events: encode::count(named.name.events),
        retention_s: encode::count(named.retention.as_secs()),
        numeric_properties: named.name.numbers,
        declared: named.declared.is_some(),
        description: named
            .declared
            .map_or_else(String::new, |declared| declared.description),
    }
}
