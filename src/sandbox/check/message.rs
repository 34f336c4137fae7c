//! The message itself: text, attachments, quick replies, metadata.

use serde_json::Value;

use crate::sandbox::refusal::Refusal;

use super::template;
use super::utility::{self, Utility};

/// Counted in UTF-16 units: the strictest reading of "characters".
const TEXT_MAX: usize = 2_000;
const METADATA_MAX: usize = 999;
const QUICK_REPLIES_MAX: usize = 13;
const PAYLOAD_MAX: usize = 1_000;
const IMAGES_MAX: usize = 30;

pub(super) fn check(message: &Value) -> Result<Option<Utility>, Refusal> {
    let given = [
        "text",
        "attachment",
        "attachments",
        "sticker_id",
        "template",
    ]
    .into_iter()
    .filter(|name| message.get(name).is_some_and(|value| !is_empty(value)))
    .collect::<Vec<_>>();
    match given[..] {
        [] => {
            return Err(Refusal::sub(
                100,
                2_018_034,
                "(#100) Message cannot be empty, must provide valid attachment or text",
            ));
        }
        [_] => {}
        [first, second, ..] => {
            return Err(Refusal::param(&format!(
                "Only one of message[{first}] and message[{second}] can be sent"
            )));
        }
    }
    if let Some(text) = message.get("text") {
        let text = text
            .as_str()
            .ok_or_else(|| Refusal::param("Param message[text] must be a string"))?;
        at_most(text, "message[text]", TEXT_MAX)?;
    }
    if let Some(metadata) = message.get("metadata") {
        let metadata = metadata
            .as_str()
            .ok_or_else(|| Refusal::param("Param message[metadata] must be a string"))?;
        at_most(metadata, "message[metadata]", METADATA_MAX)?;
    }
    if let Some(attachment) = message.get("attachment") {
        check_attachment(attachment)?;
    }
    if let Some(attachments) = message.get("attachments") {
        check_images(attachments)?;
    }
    if let Some(replies) = message.get("quick_replies") {
        check_quick_replies(replies)?;
    }
    message.get("template").map(utility::read).transpose()
}

fn check_attachment(attachment: &Value) -> Result<(), Refusal> {
    let path = "message[attachment]";
    let kind = string(attachment, "type", path)?;
    let payload = attachment
        .get("payload")
        .ok_or_else(|| Refusal::required("message[attachment][payload]"))?;
    match kind {
        "template" => template::check(payload),
        "image" | "audio" | "video" | "file" => check_media(payload),
        _ => Err(Refusal::param(
            "Param message[attachment][type] must be one of {audio, file, image, template, video}",
        )),
    }
}

fn check_media(payload: &Value) -> Result<(), Refusal> {
    match (payload.get("url"), payload.get("attachment_id")) {
        (None, None) => Err(Refusal::required("message[attachment][payload][url]")),
        (Some(url), None) => valid_url(url, "message[attachment][payload][url]"),
        (None, Some(_)) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::param(
            "Only one of url and attachment_id can be sent",
        )),
    }
}

fn check_images(attachments: &Value) -> Result<(), Refusal> {
    let path = "message[attachments]";
    for image in list(attachments, path, 1, IMAGES_MAX)? {
        if string(image, "type", path)? != "image" {
            return Err(Refusal::param(
                "Param message[attachments] takes images only",
            ));
        }
        check_media(&image["payload"])?;
    }
    Ok(())
}

fn check_quick_replies(replies: &Value) -> Result<(), Refusal> {
    let path = "message[quick_replies]";
    for reply in list(replies, path, 1, QUICK_REPLIES_MAX)? {
        match string(reply, "content_type", path)? {
            "text" => {
                // A long title is cut by the platform, not refused.
                if reply.get("title").is_none_or(is_empty) {
                    let text = "(#100) Title is required for this quick reply content type";
                    return Err(Refusal::sub(100, 2_018_098, text));
                }
                if reply.get("payload").is_none_or(is_empty) {
                    let text = "(#100) Payload is required for this quick reply content type";
                    return Err(Refusal::sub(100, 2_018_099, text));
                }
            }
            "user_phone_number" | "user_email" => {}
            _ => {
                return Err(Refusal::param(
                    "Param message[quick_replies][content_type] must be one of {text, user_email, \
                     user_phone_number}",
                ));
            }
        }
        if let Some(payload) = reply["payload"].as_str() {
            at_most(payload, "message[quick_replies][payload]", PAYLOAD_MAX)?;
        }
    }
    Ok(())
}

/// The elements of a list of `min` to `max`.
pub(super) fn list<'a>(
    value: &'a Value,
    path: &str,
    min: usize,
    max: usize,
) -> Result<&'a [Value], Refusal> {
    let Some(list) = value.as_array() else {
        return Err(Refusal::param(&format!("Param {path} must be an array.")));
    };
    if list.len() < min {
        return Err(Refusal::too_few(path));
    }
    if list.len() > max {
        return Err(Refusal::too_many(path));
    }
    Ok(list)
}

/// A required field that is text.
pub(super) fn string<'a>(value: &'a Value, name: &str, path: &str) -> Result<&'a str, Refusal> {
    let path = format!("{path}[{name}]");
    let found = value.get(name).ok_or_else(|| Refusal::required(&path))?;
    found
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            Refusal::param(&format!(
                "Param {path} must be a non-empty UTF-8 encoded string"
            ))
        })
}

pub(super) fn at_most(text: &str, path: &str, max: usize) -> Result<(), Refusal> {
    if text.encode_utf16().count() > max {
        return Err(Refusal::too_long(path, max));
    }
    Ok(())
}

pub(super) fn valid_url(url: &Value, path: &str) -> Result<(), Refusal> {
    let is_valid = url
        .as_str()
        .and_then(|url| reqwest::Url::parse(url).ok())
        .is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if is_valid {
        return Ok(());
    }
    Err(Refusal::param(&format!(
        "{path} should represent a valid URL"
    )))
}

pub(super) fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}
