//! JSON of Braze's API: a webhook object, a call of `/messages/send`, an answer of `/campaigns/details`.

use super::{Body, Source};
use crate::campaign::braze::json::Value;
use crate::campaign::braze::report::Report;

/// What is carried over.
const KEPT: [&str; 5] = ["messages", "name", "description", "tags", "teams"];
/// What of a campaign's details says nothing about what it does.
const SILENT: [&str; 10] = [
    "campaign_id",
    "channels",
    "created_at",
    "first_sent",
    "has_post_launch_draft",
    "id",
    "last_edited",
    "last_sent",
    "message",
    "updated_at",
];
/// What Recado has another way for.
const ELSEWHERE: [(&str, &str); 11] = [
    ("audience", "write it as the campaign's `filter`"),
    (
        "broadcast",
        "`recado send NAME --audience` sends to everybody",
    ),
    ("canvas_id", "there are no canvases"),
    ("conversion_behaviors", "conversions are not counted"),
    ("override_frequency_capping", "there are no frequency caps"),
    (
        "recipient_subscription_state",
        "write it as the campaign's `filter`",
    ),
    ("schedule", "the campaign is started by a call"),
    (
        "segment_id",
        "write the segment as a file, or as the campaign's `filter`",
    ),
    ("send_id", "each send has an id of its own"),
    ("trigger_properties", "they are given with each send"),
    ("user_aliases", "users are known by their external ids"),
];

/// Whether JSON is an export at all.
pub(super) fn is_export(value: &Value) -> bool {
    let is_hook = |value: &Value| value.text("url").is_some() && value.get("recipient").is_none();
    is_hook(value)
        || value.get("webhook").is_some_and(is_hook)
        || matches!(value.get("messages"), Some(Value::Map(_) | Value::List(_)))
}

/// Every webhook of an export.
pub(super) fn read(value: &Value, report: &mut Report) -> Result<Vec<Source>, String> {
    let Value::Map(entries) = value else {
        return Err("an export is a map".to_owned());
    };
    let Some(messages) = value.get("messages") else {
        let hook = value.get("webhook").unwrap_or(value);
        return Ok(vec![hooked(hook, Source::default(), report)]);
    };
    let mut sources = Vec::new();
    for (key, message) in named(messages) {
        let channel = message.text("channel").unwrap_or(key);
        if channel == "webhook"
            || (message.text("channel").is_none() && message.text("url").is_some())
        {
            let variation = message.text("name").unwrap_or_default().to_owned();
            let about = Source {
                variation,
                ..campaign(value)
            };
            sources.push(hooked(message, about, report));
        } else {
            report.left(format!(
                "a message over `{channel}`: only webhooks are carried over"
            ));
        }
    }
    if sources.is_empty() {
        return Err("there is no webhook in it".to_owned());
    }
    let kept: Vec<_> = KEPT
        .into_iter()
        .filter(|key| *key != "messages")
        .filter(|key| value.get(key).is_some())
        .map(|key| format!("`{key}`"))
        .collect();
    if !kept.is_empty() {
        report.carried(format!("of the campaign: {}", kept.join(", ")));
    }
    leave(entries, sources.len(), report);
    Ok(sources)
}

/// The messages of a map by variation, or of a list.
fn named(messages: &Value) -> Vec<(&str, &Value)> {
    match messages {
        Value::Map(map) => map
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect(),
        Value::List(items) => items.iter().map(|value| ("message", value)).collect(),
        _ => Vec::new(),
    }
}

/// What a campaign's details say of the campaign.
fn campaign(value: &Value) -> Source {
    let text = |key: &str| value.text(key).unwrap_or_default().trim().to_owned();
    let texts = |key: &str| match value.get(key) {
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    Source {
        name: text("name"),
        description: text("description"),
        team: texts("teams").into_iter().next().unwrap_or_default(),
        tags: texts("tags"),
        ..Source::default()
    }
}

/// The webhook itself; its keys are those of `/messages/send` or of `/campaigns/details`.
fn hooked(hook: &Value, mut source: Source, report: &mut Report) -> Source {
    let Value::Map(entries) = hook else {
        return source;
    };
    for (key, value) in entries {
        match (key.as_str(), value) {
            ("url", Value::Text(text)) => text.trim().clone_into(&mut source.url),
            ("method" | "request_method", Value::Text(text)) => source.method = text.to_uppercase(),
            ("headers" | "request_headers", value) => source.headers = headers(value),
            ("body", Value::Text(text)) => source.body = Body::Text(text.clone()),
            ("body", tree @ (Value::Map(_) | Value::List(_))) => {
                source.body = Body::Tree(tree.clone());
            }
            ("type", Value::Text(text)) if text.contains('/') => {
                source.content_type.clone_from(text);
            }
            ("name", Value::Text(text)) if source.name.is_empty() => source.name.clone_from(text),
            ("channel" | "type" | "message_variation_id" | "name", _) | (_, Value::Null) => {}
            (other, _) => report.left(format!("`{other}` of the webhook")),
        }
    }
    source
}

/// A map, a list of pairs, or lines of `Name: value`.
fn headers(value: &Value) -> Vec<(String, String)> {
    let plain = |value: &Value| match value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    };
    match value {
        Value::Map(map) => map
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), plain(value)?)))
            .collect(),
        Value::List(items) => items
            .iter()
            .filter_map(|item| {
                let name = ["name", "key", "header"]
                    .into_iter()
                    .find_map(|key| item.text(key));
                Some((name?.to_owned(), plain(item.get("value")?)?))
            })
            .collect(),
        Value::Text(text) => text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
        _ => Vec::new(),
    }
}

/// Says what is not carried over.
fn leave(entries: &[(String, Value)], n_webhooks: usize, report: &mut Report) {
    if n_webhooks > 1 {
        report.left(format!(
            "the split between {n_webhooks} variations and a control group: each is a campaign of its own, and who gets \
             which is for the filters to say"
        ));
    }
    for (key, value) in entries {
        let key = key.as_str();
        match (key, value) {
            (_, Value::Null) => {}
            ("teams", Value::List(teams)) if teams.len() > 1 => {
                report.left(format!(
                    "{} more teams: a campaign has one",
                    teams.len() - 1
                ));
            }
            (key, _) if KEPT.contains(&key) || SILENT.contains(&key) => {}
            ("schedule_type", Value::Text(kind)) => schedule(kind, report),
            ("archived" | "draft", Value::Bool(true)) => {
                report.left(format!(
                    "that the campaign was {}: what is applied can be sent",
                    past(key)
                ));
            }
            ("enabled", Value::Bool(false)) => {
                report.left("that the campaign was stopped: what is applied can be sent");
            }
            ("archived" | "draft" | "enabled", Value::Bool(_)) => {}
            ("external_user_ids", Value::List(ids)) => {
                report.left(format!(
                    "{} recipients: they are named with each send",
                    ids.len()
                ));
            }
            ("conversion_behaviors", Value::List(behaviors)) if behaviors.is_empty() => {}
            (key, _) => match ELSEWHERE.iter().find(|(name, _)| *name == key) {
                Some((_, instead)) => report.left(format!("`{key}`: {instead}")),
                None => report.left(format!("`{key}`")),
            },
        }
    }
}

fn past(key: &str) -> &'static str {
    if key == "draft" {
        "a draft"
    } else {
        "archived"
    }
}

fn schedule(kind: &str, report: &mut Report) {
    match kind {
        "api_triggered" | "api_campaign" => {
            report.carried("that it is triggered by the API: `trigger: {api: {}}`");
        }
        other => report.left(format!(
            "`schedule_type: {other}` and what it says: the campaign is started by `recado send` or SendCampaign"
        )),
    }
}
