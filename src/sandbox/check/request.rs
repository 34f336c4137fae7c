//! The request around the message: recipient, messaging type, tag.

use serde_json::Value;

use crate::sandbox::person::Way;
use crate::sandbox::refusal::Refusal;

use super::message;
use super::utility::Utility;

/// Ways to name a recipient that the platform still takes.
const RECIPIENTS: [&str; 6] = [
    "id",
    "user_ref",
    "post_id",
    "comment_id",
    "notification_messages_token",
    "one_time_notif_token",
];

const ACTIONS: [&str; 5] = ["typing_on", "typing_off", "mark_seen", "react", "unreact"];

/// What the rest of the sandbox needs to know about a well-formed request.
#[derive(Debug)]
pub(in crate::sandbox) struct Content {
    pub(in crate::sandbox) way: Way,
    pub(in crate::sandbox) utility: Option<Utility>,
    pub(in crate::sandbox) metadata: Option<String>,
    /// False for a sender action.
    pub(in crate::sandbox) is_message: bool,
}

/// Who is meant; PSIDs come as text or as numbers.
pub(in crate::sandbox) fn recipient(body: &Value) -> Option<String> {
    let named = body.get("recipient")?;
    RECIPIENTS.iter().find_map(|name| match named.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

pub(in crate::sandbox) fn content(body: &Value) -> Result<Content, Refusal> {
    if !body["recipient"].is_object() {
        return Err(Refusal::required("recipient"));
    }
    if recipient(body).is_none() {
        return Err(Refusal::param("The parameter recipient[id] is required"));
    }
    if let Some(kind) = body.get("notification_type")
        && !matches!(kind.as_str(), Some("REGULAR" | "SILENT_PUSH" | "NO_PUSH"))
    {
        let text = "Param notification_type must be one of {REGULAR, SILENT_PUSH, NO_PUSH}";
        return Err(Refusal::param(text));
    }
    match (body.get("message"), body.get("sender_action")) {
        (Some(_), Some(_)) => Err(Refusal::sub(
            100,
            2_018_014,
            "(#100) Cannot send message and state at the same time",
        )),
        (None, None) => Err(Refusal::sub(
            100,
            2_018_015,
            "(#100) Must send either message or state",
        )),
        (None, Some(action)) => sender_action(action),
        (Some(message), None) => sent(body, message),
    }
}

fn sender_action(action: &Value) -> Result<Content, Refusal> {
    if !action.as_str().is_some_and(|name| ACTIONS.contains(&name)) {
        let text =
            "Param sender_action must be one of {typing_on, typing_off, mark_seen, react, unreact}";
        return Err(Refusal::param(text));
    }
    Ok(Content {
        way: Way::Standard,
        utility: None,
        metadata: None,
        is_message: false,
    })
}

fn sent(body: &Value, message: &Value) -> Result<Content, Refusal> {
    let way = way(body, message)?;
    let utility = message::check(message)?;
    if way == Way::Utility && utility.is_none() {
        return Err(Refusal::required("message[template]"));
    }
    if way != Way::Utility && utility.is_some() {
        return Err(Refusal::param(
            "A utility template needs messaging_type UTILITY",
        ));
    }
    Ok(Content {
        way,
        utility,
        metadata: message["metadata"].as_str().map(str::to_owned),
        is_message: true,
    })
}

/// A missing `messaging_type` counts as RESPONSE.
fn way(body: &Value, message: &Value) -> Result<Way, Refusal> {
    let tag = body.get("tag").and_then(Value::as_str);
    let kind = match body.get("messaging_type") {
        None => "RESPONSE",
        Some(kind) => kind.as_str().unwrap_or_default(),
    };
    match (kind, tag) {
        ("MESSAGE_TAG", Some("HUMAN_AGENT")) => Ok(Way::HumanAgent),
        ("MESSAGE_TAG", Some("CUSTOMER_FEEDBACK"))
            if message["attachment"]["payload"]["template_type"] == "customer_feedback" =>
        {
            Ok(Way::HumanAgent)
        }
        ("MESSAGE_TAG", Some(tag)) => Err(Refusal::param(&format!(
            "Invalid parameter: the tag {tag} is not supported"
        ))),
        ("MESSAGE_TAG", None) => Err(Refusal::required("tag")),
        ("RESPONSE" | "UPDATE" | "UTILITY", Some(_)) => Err(Refusal::param(
            "Param tag is only allowed with messaging_type MESSAGE_TAG",
        )),
        ("RESPONSE" | "UPDATE", None) => Ok(Way::Standard),
        ("UTILITY", None) => Ok(Way::Utility),
        _ => Err(Refusal::param(
            "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}",
        )),
    }
}
