//! Message tags: most of them are dead, and what takes their place reaches fewer people.

use super::json::Value;
use super::report::Report;

/// What the platform refuses since 2026-04-27.
const DEAD: [&str; 3] = [
    "CONFIRMED_EVENT_UPDATE",
    "ACCOUNT_UPDATE",
    "POST_PURCHASE_UPDATE",
];
/// What it still takes, each for one purpose.
const ALIVE: [&str; 2] = ["CUSTOMER_FEEDBACK", "NON_PROMOTIONAL_SUBSCRIPTION"];

/// Where tags led, and what leads there now.
const OUTSIDE: &str = "the message reaches people within the 24-hour window only; outside of it send an approved utility template \
                       (`messaging_type: UTILITY` and `template`)";

/// Puts `messaging_type` and `tag` of a call where a campaign has them, and answers what is to be said above them.
pub(super) fn envelope(
    body: &Value,
    envelope: &mut Vec<(String, Value)>,
    report: &mut Report,
) -> Option<(String, String)> {
    let kind = body.text("messaging_type");
    let tag = body.text("tag");
    let is_liquid = |text: &str| text.contains("{{") || text.contains("{%");
    let mut put =
        |key: &str, text: &str| envelope.push((key.to_owned(), Value::Text(text.to_owned())));
    match (kind, tag) {
        (None, None) => {
            report.changed("`messaging_type` was missing: `UPDATE` is sent");
            None
        }
        (Some("MESSAGE_TAG"), None) => {
            report.changed(format!(
                "`messaging_type: MESSAGE_TAG` without a tag is `UPDATE` now: {OUTSIDE}"
            ));
            put("messaging_type", "UPDATE");
            None
        }
        (Some(kind), None) => {
            put("messaging_type", kind);
            None
        }
        (kind, Some(tag)) if ALIVE.contains(&tag) || is_liquid(tag) => {
            put("messaging_type", kind.unwrap_or("MESSAGE_TAG"));
            put("tag", tag);
            report.next(if tag == "CUSTOMER_FEEDBACK" {
                "check the tag `CUSTOMER_FEEDBACK`: it goes with the template `customer_feedback` only, within 7 days"
            } else if is_liquid(tag) {
                "check the `tag` that Liquid makes: the platform refuses most tags since April 2026"
            } else {
                "check the tag `NON_PROMOTIONAL_SUBSCRIPTION`: it is for registered news pages only"
            });
            None
        }
        (_, Some(tag)) => {
            let why = why(tag);
            put("messaging_type", "UPDATE");
            report.changed(format!(
                "the tag `{tag}`, which {why}, is gone: `messaging_type: UPDATE` stands in its place, and {OUTSIDE}"
            ));
            report.next(
                "have a utility template approved where the message must reach people outside the 24-hour window, and \
                 write `messaging_type: UTILITY` and `template` in place of the text",
            );
            let remark = format!(
                "In Braze it had the tag {tag}, which {why}. UPDATE reaches people within 24 hours of their last message."
            );
            Some(("messaging_type".to_owned(), remark))
        }
    }
}

fn why(tag: &str) -> &'static str {
    if DEAD.contains(&tag) {
        "the platform refuses since 2026-04-27"
    } else if tag == "HUMAN_AGENT" {
        "is for messages that a person writes, never for campaigns"
    } else {
        "the platform does not have any more"
    }
}
