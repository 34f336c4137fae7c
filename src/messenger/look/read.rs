//! From a message's JSON to the parts of its look.
//!
//! Nothing is refused: what a message should be is said by `check`; here whatever is there is shown.

use serde_json::Value as Json;

use super::elements::{bubble, card, chip, picture, pictures, rest};
use super::templates::{approved, template};
use super::values::{items, of, text};
use super::{Card, Look, Part, Picture, clean};

pub(super) fn look(message: &Json) -> Look {
    let mut parts = Vec::new();
    if let Some(text) = message.get("text") {
        parts.push(bubble(&of(text), Vec::new()));
    }
    if let Some(attachment) = message.get("attachment") {
        parts.extend(attached(attachment));
    }
    let pictures = pictures(&message["attachments"], |one| one["payload"].clone());
    if !pictures.is_empty() {
        parts.push(card(Card {
            pictures,
            is_square: true,
            ..Card::default()
        }));
    }
    if let Some(id) = message.get("sticker_id") {
        parts.push(card(Card {
            pictures: vec![Picture {
                kind: "sticker",
                place: clean::line(&of(id)),
            }],
            is_square: true,
            ..Card::default()
        }));
    }
    if let Some(template) = message.get("template") {
        parts.push(approved(template));
    }
    let chips = items(&message["quick_replies"]).map(chip).collect();
    Look { parts, chips }
}

fn attached(attachment: &Json) -> Vec<Part> {
    let payload = &attachment["payload"];
    let media = |kind| {
        vec![card(Card {
            pictures: vec![picture(kind, payload)],
            ..Card::default()
        })]
    };
    match text(attachment, "type").as_str() {
        "image" => media("image"),
        "video" => media("video"),
        "audio" => media("audio"),
        "file" => media("file"),
        "template" => template(payload),
        other => vec![card(rest(other, attachment))],
    }
}
