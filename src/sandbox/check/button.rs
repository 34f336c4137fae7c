//! Buttons, wherever they stand.

use serde_json::Value;

use crate::sandbox::refusal::Refusal;

use super::message::{at_most, is_empty, list, string, valid_url};

const BUTTONS_MAX: usize = 3;
const TITLE_MAX: usize = 20;
const PAYLOAD_MAX: usize = 1_000;

/// A set of one to three buttons; `path` names the set.
pub(super) fn check(buttons: &Value, path: &str) -> Result<(), Refusal> {
    if buttons.as_array().is_some_and(Vec::is_empty) {
        return Err(Refusal::param(&format!("param {path} must be non-empty.")));
    }
    for button in list(buttons, path, 1, BUTTONS_MAX)? {
        check_one(button, path)?;
    }
    Ok(())
}

fn check_one(button: &Value, path: &str) -> Result<(), Refusal> {
    let kind = string(button, "type", path)?;
    match kind {
        "web_url" | "postback" | "phone_number" | "game_play" | "audio_call" => {
            check_title(button, path)?;
        }
        "account_link" | "account_unlink" => {}
        _ => {
            return Err(Refusal::param(&format!(
                "Param {path}[type] is not a known button type"
            )));
        }
    }
    match kind {
        "web_url" | "account_link" => {
            let url = &button["url"];
            if is_empty(url) {
                let text = "(#100) Web url cannot be empty for url type button";
                return Err(Refusal::sub(100, 2_018_041, text));
            }
            valid_url(url, &format!("{path}[url]"))
        }
        "postback" | "phone_number" => {
            let Some(payload) = button["payload"].as_str().filter(|text| !text.is_empty()) else {
                let text = format!("(#100) Payload cannot be empty for {kind} type button");
                return Err(Refusal::sub(100, 2_018_040, text));
            };
            if kind == "phone_number" && !is_phone(payload) {
                let text =
                    format!("Param {path}[payload] must be a phone number with country code");
                return Err(Refusal::param(&text));
            }
            at_most(payload, &format!("{path}[payload]"), PAYLOAD_MAX)
        }
        _ => Ok(()),
    }
}

fn check_title(button: &Value, path: &str) -> Result<(), Refusal> {
    let Some(title) = button["title"].as_str().filter(|text| !text.is_empty()) else {
        let text = "(#100) Element button title cannot be empty.";
        return Err(Refusal::sub(100, 2_018_053, text));
    };
    at_most(title, &format!("{path}[title]"), TITLE_MAX)
}

/// E.164: a plus and up to fifteen digits.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
