//! A message as a plan shows it: for somebody of the audience, made by what sends, without a call to anywhere.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::campaign::Set;
use crate::model::delivery::Reason;
use crate::model::id::{DeliveryId, SendId};
use crate::model::user::Profile;
use crate::template::Contents;

use super::attempt::of;
use super::compose::{self, Composed, Masked, Means, Reader, Subject, Unmade};

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// A line for each of its parts.
    Message(String),
    Unmade(Reason),
    /// It needs connected content, and nothing is asked for here.
    NeedsContent,
}

/// Makes the message of a campaign for somebody, without properties of a trigger: a plan knows none.
pub fn made(set: &Set, campaign: &str, profile: &Profile, now: Timestamp) -> Option<Made> {
    let (campaign, channel) = of(set, campaign)?;
    let subject = Subject {
        profile,
        trigger_properties: &std::collections::BTreeMap::new(),
        event_properties: None,
        // The same before and after: it is no part of what changes.
        delivery: DeliveryId::derive(SendId::from_bytes([0; 16]), &profile.external_id),
        is_test: false,
        is_shown_only: true,
        now,
    };
    let means = Means {
        secrets: &Masked,
        graph_url: None,
    };
    let made = compose::compose(campaign, channel, &subject, &Contents::none(), means);
    Some(match made {
        Ok(composed) => Made::Message(lines(&composed)),
        Err(Unmade::For(refusal)) => Made::Unmade(refusal.reason),
        Err(Unmade::Wants(_)) => Made::NeedsContent,
    })
}

fn lines(composed: &Composed) -> String {
    let mut out = String::new();
    let call = composed.shown();
    if composed.reader == Reader::Webhook {
        put(&mut out, &format!("{} {}", call.method, call.url), "");
        let headers = call.headers.iter();
        for (name, value) in headers.filter(|(name, _)| *name != "idempotency-key") {
            put(&mut out, name, value);
        }
    }
    match &composed.message {
        Some(message) => leaves(message, "", &mut out),
        None => put(&mut out, "body", &call.body),
    }
    out
}

/// Texts are written at any length: one that cannot be is none.
fn put(out: &mut String, key: &str, value: &str) {
    let written = match value.lines().count() {
        0 => writeln!(out, "{key}"),
        1 => writeln!(out, "{key}: {}", value.trim_end_matches('\n')),
        _ => {
            let lines = value.lines().map(|line| format!("\n  {line}"));
            let indented = lines.collect::<Vec<_>>().concat();
            writeln!(out, "{key}:{indented}")
        }
    };
    debug_assert!(written.is_ok(), "a string takes all that is written to it");
}

fn leaves(json: &Json, path: &str, out: &mut String) {
    match json {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                leaves(value, &format!("{path}{dot}{key}"), out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                leaves(value, &format!("{path}[{at}]"), out);
            }
        }
        Json::String(text) if !text.is_empty() => put(out, path, text),
        other => put(out, path, &other.to_string()),
    }
}
