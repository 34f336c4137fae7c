//! The templates an attachment can hold.

use serde_json::Value;

use crate::sandbox::refusal::Refusal;

use super::button;
use super::message::{at_most, is_empty, list, string, valid_url};

const PATH: &str = "message[attachment][payload]";
const ELEMENTS: &str = "message[attachment][payload][elements]";
const BUTTONS: &str = "message[attachment][payload][buttons]";

pub(super) fn check(payload: &Value) -> Result<(), Refusal> {
    match string(payload, "template_type", PATH)? {
        "generic" => check_generic(payload),
        "button" => check_button(payload),
        "media" => check_media(payload),
        "receipt" => check_receipt(payload),
        "coupon" => {
            string(payload, "title", PATH)?;
            string(payload, "coupon_code", PATH).map(drop)
        }
        "customer_feedback" => check_feedback(payload),
        "product" => list(required(payload, "elements")?, ELEMENTS, 1, 10).map(drop),
        "image_grid" => check_grid(payload),
        "instant_form" => string(payload, "form_id", PATH).map(drop),
        "one_time_notif_req" => string(payload, "title", PATH).map(drop),
        "notification_messages" => string(payload, "payload", PATH).map(drop),
        _ => Err(Refusal::param("Invalid template type")),
    }
}

fn check_generic(payload: &Value) -> Result<(), Refusal> {
    if let Some(ratio) = payload.get("image_aspect_ratio")
        && !matches!(ratio.as_str(), Some("horizontal" | "square"))
    {
        let text =
            format!("Param {PATH}[image_aspect_ratio] must be one of {{horizontal, square}}");
        return Err(Refusal::param(&text));
    }
    for element in list(required(payload, "elements")?, ELEMENTS, 1, 10)? {
        let title = string(element, "title", ELEMENTS)?;
        at_most(title, &format!("{ELEMENTS}[title]"), 80)?;
        let second = ["image_url", "subtitle", "buttons", "default_action"];
        if second
            .iter()
            .all(|name| element.get(name).is_none_or(is_empty))
        {
            return Err(Refusal::sub(
                100,
                2_018_035,
                "(#100) Incomplete element data: title and at least one other field (image url, subtitle \
                 or buttons) is required with non-empty value",
            ));
        }
        if let Some(subtitle) = element["subtitle"].as_str() {
            at_most(subtitle, &format!("{ELEMENTS}[subtitle]"), 80)?;
        }
        if let Some(url) = element.get("image_url") {
            valid_url(url, &format!("{ELEMENTS}[image_url]"))?;
        }
        if let Some(action) = element.get("default_action") {
            check_default_action(action)?;
        }
        if let Some(buttons) = element.get("buttons") {
            button::check(buttons, &format!("{ELEMENTS}[buttons]"))?;
        }
    }
    Ok(())
}

fn check_default_action(action: &Value) -> Result<(), Refusal> {
    let path = format!("{ELEMENTS}[default_action]");
    if string(action, "type", &path)? != "web_url" {
        return Err(Refusal::param(&format!(
            "Param {path}[type] must be web_url"
        )));
    }
    if action.get("title").is_some() {
        return Err(Refusal::param(&format!(
            "Param {path} must not have a title"
        )));
    }
    valid_url(&action["url"], &format!("{path}[url]"))
}

fn check_button(payload: &Value) -> Result<(), Refusal> {
    let text = string(payload, "text", PATH)?;
    at_most(text, &format!("{PATH}[text]"), 640)?;
    button::check(required(payload, "buttons")?, BUTTONS)
}

fn check_media(payload: &Value) -> Result<(), Refusal> {
    for element in list(required(payload, "elements")?, ELEMENTS, 1, 1)? {
        if !matches!(string(element, "media_type", ELEMENTS)?, "image" | "video") {
            let text = format!("Param {ELEMENTS}[media_type] must be one of {{image, video}}");
            return Err(Refusal::param(&text));
        }
        match (element.get("url"), element.get("attachment_id")) {
            (Some(url), None) => valid_url(url, &format!("{ELEMENTS}[url]"))?,
            (None, Some(_)) => {}
            _ => {
                return Err(Refusal::param(
                    "A media element needs either attachment_id or url",
                ));
            }
        }
        if let Some(buttons) = element.get("buttons") {
            button::check(buttons, &format!("{ELEMENTS}[buttons]"))?;
        }
    }
    Ok(())
}

fn check_receipt(payload: &Value) -> Result<(), Refusal> {
    for name in [
        "recipient_name",
        "order_number",
        "currency",
        "payment_method",
    ] {
        string(payload, name, PATH)?;
    }
    let currency = payload["currency"].as_str().unwrap_or_default();
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(Refusal::param(&format!(
            "The currency code '{currency}' is not supported (codes are case-sensitive)"
        )));
    }
    let total = &required(payload, "summary")?["total_cost"];
    let amount = total.as_f64().or_else(|| total.as_str()?.parse().ok());
    if amount.is_none_or(|amount| amount < 0.0) {
        let text = "(#100) The amount in the payment summary is invalid";
        return Err(Refusal::sub(100, 2_018_055, text));
    }
    match payload.get("elements") {
        Some(elements) => list(elements, ELEMENTS, 0, 100).map(drop),
        None => Ok(()),
    }
}

fn check_feedback(payload: &Value) -> Result<(), Refusal> {
    for name in ["title", "subtitle", "button_title"] {
        string(payload, name, PATH)?;
    }
    let days = payload.get("expires_in_days").map(Value::as_u64);
    if days.is_some_and(|days| !days.is_some_and(|days| (1..=7).contains(&days))) {
        let text = format!("Param {PATH}[expires_in_days] must be between 1 and 7");
        return Err(Refusal::param(&text));
    }
    let path = format!("{PATH}[business_privacy][url]");
    valid_url(&required(payload, "business_privacy")?["url"], &path)?;
    let path = format!("{PATH}[feedback_screens]");
    list(required(payload, "feedback_screens")?, &path, 1, 1).map(drop)
}

fn check_grid(payload: &Value) -> Result<(), Refusal> {
    for element in list(required(payload, "elements")?, ELEMENTS, 1, 1)? {
        let path = format!("{ELEMENTS}[images]");
        let images = list(&element["images"], &path, 2, 6)?;
        for image in images {
            valid_url(&image["url"], &format!("{path}[url]"))?;
        }
        let heroes = images.iter().filter(|image| image["is_hero_image"] == true);
        if heroes.count() > 1 {
            return Err(Refusal::param("Only one image can be the hero image"));
        }
        for (name, max) in [("title", 45), ("subtitle", 80)] {
            if let Some(text) = element[name].as_str() {
                at_most(text, &format!("{ELEMENTS}[{name}]"), max)?;
            }
        }
        if let Some(buttons) = element.get("buttons") {
            button::check(buttons, &format!("{ELEMENTS}[buttons]"))?;
        }
    }
    Ok(())
}

fn required<'a>(payload: &'a Value, name: &str) -> Result<&'a Value, Refusal> {
    payload
        .get(name)
        .ok_or_else(|| Refusal::required(&format!("{PATH}[{name}]")))
}
