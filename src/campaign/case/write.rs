//! Cases as people paste them into files.

use serde_json::{Map, Value as Json, json};

use super::outcome::Outcome;
use super::types::Case;
use crate::model::Value;
use crate::model::delivery::ReasonCode;
use crate::segment::RECEIVED;

/// What the case would have to expect, from what came of it.
fn expected(outcome: &Outcome) -> Json {
    if let Some(reason) = &outcome.closed {
        return json!({"eligible": false, "gate": reason.code.as_str()});
    }
    if let Some(reason) = &outcome.unmade {
        let key = match reason.code {
            ReasonCode::Aborted => "aborted",
            _ => "error",
        };
        return json!({"eligible": true, (key): reason.detail});
    }
    let mut expected = json!({"eligible": true});
    match (&outcome.message, &outcome.body) {
        (Some(message), _) => expected["message"] = message.clone(),
        (None, Some(body)) => expected["body"] = json!(body),
        (None, None) => {}
    }
    expected
}

/// `tests:` with one case, as YAML.
pub fn written(case: &Case, outcome: &Outcome) -> String {
    let user = object(&case.user.attributes);
    let mut parts = vec![
        ("name", json!(case.name)),
        ("now", json!(case.now.to_string())),
        ("user", Json::Object(user)),
    ];
    let (received, events): (Vec<_>, Vec<_>) = case
        .events
        .iter()
        .partition(|event| event.name.starts_with(RECEIVED));
    let events: Vec<Json> = events
        .into_iter()
        .map(|event| {
            let mut deed = json!({"name": event.name, "at": event.at.to_string()});
            if !event.properties.is_empty() {
                deed["properties"] = Json::Object(object(&event.properties));
            }
            deed
        })
        .collect();
    let received: Vec<Json> = received
        .into_iter()
        .map(|event| {
            let campaign = event.name.strip_prefix(RECEIVED);
            json!({"campaign": campaign, "at": event.at.to_string()})
        })
        .collect();
    for (key, list) in [("events", events), ("received", received)] {
        if !list.is_empty() {
            parts.push((key, Json::Array(list)));
        }
    }
    parts.push(("expect", expected(outcome)));
    let mut text = "tests:\n".to_owned();
    for (n, (key, value)) in parts.into_iter().enumerate() {
        let yaml = serde_yaml::to_string(&json!({ (key): value })).unwrap_or_default();
        for (at, line) in yaml.lines().enumerate() {
            let dash = if n + at == 0 { "  - " } else { "    " };
            text.push_str(format!("{dash}{line}").trim_end());
            text.push('\n');
        }
    }
    text
}

fn object(map: &std::collections::BTreeMap<String, Value>) -> Map<String, Json> {
    let fields = map.iter();
    fields
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect()
}
